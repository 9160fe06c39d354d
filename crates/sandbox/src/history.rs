//! The state as it is, and as it was: for reads that are late on purpose, and for what AWS makes true in its own
//! time.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use crate::state::State;

/// The state now and before.
#[derive(Debug, Default)]
pub(crate) struct History {
    now: State,
    revision: u64,
    /// Earlier states, the newest last, each with the time until which it was so.
    past: VecDeque<(SystemTime, State)>,
    /// How long a change takes to show where AWS is late.
    delay: Duration,
}

impl History {
    /// Begins with a state that has settled.
    pub(crate) fn new(now: State, delay: Duration) -> Self {
        Self { now, revision: 0, past: VecDeque::new(), delay }
    }

    /// The state as it is.
    pub(crate) fn now(&self) -> &State {
        &self.now
    }

    /// The same, to be changed; who does so says what was before.
    pub(crate) fn now_mut(&mut self) -> &mut State {
        &mut self.now
    }

    /// Counts changes.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The state as it was before the last change; the first one when there was none.
    pub(crate) fn before(&self) -> &State {
        self.past.back().map_or(&self.now, |(_, state)| state)
    }

    /// The state that has had its time to show by then.
    pub(crate) fn settled(&self, at: SystemTime) -> &State {
        let late = self.past.iter().find(|(until, _)| *until + self.delay > at);
        late.map_or(&self.now, |(_, state)| state)
    }

    /// Keeps what was before, when there is a difference, and forgets what has long settled.
    pub(crate) fn changed(&mut self, before: State, at: SystemTime) {
        if before == self.now {
            return;
        }
        self.revision += 1;
        let delay = self.delay;
        self.past.retain(|(until, _)| *until + delay > at);
        self.past.push_back((at, before));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::AccessBlock;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn change(history: &mut History, name: &str, seconds: u64) {
        let before = history.now().clone();
        history.now_mut().foreign.insert(name.to_owned());
        history.changed(before, at(seconds));
    }

    #[test]
    fn a_change_shows_after_the_delay() {
        let mut history = History::new(State::default(), Duration::from_secs(10));
        change(&mut history, "a", 100);
        change(&mut history, "b", 105);
        let names = |history: &History, seconds| history.settled(at(seconds)).foreign.len();
        assert_eq!([100, 109, 110, 114, 115].map(|seconds| names(&history, seconds)), [0, 0, 1, 1, 2]);
        assert_eq!((history.before().foreign.len(), history.revision()), (1, 2));
        change(&mut history, "c", 200);
        assert_eq!(history.past.len(), 1);
        assert_eq!((names(&history, 205), names(&history, 210)), (2, 3));
    }

    #[test]
    fn without_a_delay_everything_has_settled() {
        let mut history = History::new(State::default(), Duration::ZERO);
        change(&mut history, "a", 100);
        assert_eq!(history.settled(at(100)), history.now());
        assert!(history.before().foreign.is_empty());
    }

    #[test]
    fn what_changes_nothing_is_no_change() {
        let mut history = History::new(State::default(), Duration::ZERO);
        let before = history.now().clone();
        history.changed(before.clone(), at(1));
        assert_eq!(history.revision(), 0);
        history.now_mut().account_block = Some(AccessBlock::ALL);
        history.changed(before, at(1));
        assert_eq!(history.revision(), 1);
    }
}
