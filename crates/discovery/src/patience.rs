//! Waiting for what AWS makes true in its own time, and saying so.

use std::time::Duration;

/// Something that AWS makes true in its own time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What is waited for.
    pub what: String,
    /// How long already.
    pub waited: Duration,
    /// How long at most.
    pub limit: Duration,
}

/// How long to wait for what AWS makes eventually true, and how often to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// At most this long.
    pub limit: Duration,
    /// The first pause; each one after it is half as long again, up to 5 s.
    pub first_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { limit: Duration::from_secs(60), first_pause: Duration::from_millis(200) }
    }
}

impl Patience {
    /// Begins to wait.
    #[must_use]
    pub fn wait(self) -> Wait {
        Wait { next: self.first_pause, waited: Duration::ZERO, limit: self.limit }
    }
}

/// One wait: pauses that grow, until the limit is reached.
#[derive(Clone, Debug)]
pub struct Wait {
    next: Duration,
    waited: Duration,
    limit: Duration,
}

impl Wait {
    /// Says what is waited for, and returns how long to pause before the next look; nothing when
    /// patience has ended.
    pub fn pause<W>(&mut self, what: impl Into<String>, waiting: &W) -> Option<Duration>
    where
        W: Fn(&Waiting) + ?Sized,
    {
        let pause = self.next.min(self.limit.saturating_sub(self.waited));
        if pause.is_zero() {
            return None;
        }
        waiting(&Waiting { what: what.into(), waited: self.waited, limit: self.limit });
        self.waited += pause;
        self.next = (self.next * 3 / 2).min(Duration::from_secs(5));
        Some(pause)
    }

    /// Returns how long was waited until now.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_at_the_limit() {
        let patience = Patience { limit: Duration::from_secs(60), first_pause: Duration::from_millis(200) };
        let mut said = Vec::new();
        let mut wait = patience.wait();
        let mut pauses = Vec::new();
        while let Some(pause) = {
            let said = std::cell::RefCell::new(&mut said);
            wait.pause("x", &|waiting: &Waiting| said.borrow_mut().push(waiting.waited))
        } {
            pauses.push(pause);
        }
        assert_eq!(pauses[..3], [200, 300, 450].map(Duration::from_millis));
        assert_eq!(pauses.iter().max(), Some(&Duration::from_secs(5)));
        assert_eq!(pauses.iter().sum::<Duration>(), patience.limit);
        assert_eq!((said.len(), said[1], wait.waited()), (pauses.len(), pauses[0], patience.limit));
    }

    #[test]
    fn without_patience_there_is_no_pause() {
        let patience = Patience { limit: Duration::ZERO, ..Patience::default() };
        assert_eq!(patience.wait().pause("x", &|_: &_| panic!("nothing to say")), None);
    }
}
