//! Lets calls begin at the pace that IAM agrees to, and repeats those that it did not take.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use issuer_discovery::{CallFailure, Waiting};
use issuer_registrar::{AccountId, RoleError};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::pace::{Pace, Slow};
use crate::error::PlanError;
use crate::event::Event;

/// The pace of each account: IAM counts by account.
pub(crate) struct Pacers<'a>(BTreeMap<AccountId, Pacer<'a>>);

/// The pace that all calls of one run to one account share.
pub(crate) struct Pacer<'a> {
    state: Mutex<State>,
    /// A call ended.
    ended: Notify,
    /// Chance, from 0 to 1.
    random: fn() -> f64,
    events: &'a (dyn Fn(Event) + Send + Sync),
}

struct State {
    pace: Pace,
    under_way: usize,
    /// Nobody begins before.
    pause_until: Option<Instant>,
}

/// The places of what is under way; they are free again when this goes, finished or not.
struct Turn<'a, 'b> {
    pacer: &'a Pacer<'b>,
    places: usize,
    moment: u64,
}

impl<'a> Pacers<'a> {
    pub(crate) fn new<'b>(
        accounts: impl Iterator<Item = &'b AccountId>,
        events: &'a (dyn Fn(Event) + Send + Sync),
    ) -> Self {
        Self(accounts.map(|account| (account.clone(), Pacer::new(events, fastrand::f64))).collect())
    }

    pub(crate) fn of(&self, account: &AccountId) -> Result<&Pacer<'a>, PlanError> {
        self.0.get(account).ok_or_else(|| PlanError::NoAccess { account: account.clone() })
    }
}

impl<'a> Pacer<'a> {
    fn new(events: &'a (dyn Fn(Event) + Send + Sync), random: fn() -> f64) -> Self {
        let state = State { pace: Pace::new(), under_way: 0, pause_until: None };
        Self { state: Mutex::new(state), ended: Notify::new(), random, events }
    }

    /// Makes a call when its turn comes; again as long as IAM asks to slow down and anything at all gets through.
    pub(crate) async fn run<T, F>(&self, call: impl Fn() -> F) -> Result<T, RoleError>
    where
        F: Future<Output = Result<T, RoleError>>,
    {
        self.run_beside(1, call).await
    }

    /// The same for what makes up to so many calls at the same time.
    pub(crate) async fn run_beside<T, F>(&self, calls: usize, call: impl Fn() -> F) -> Result<T, RoleError>
    where
        F: Future<Output = Result<T, RoleError>>,
    {
        loop {
            let turn = self.turn(calls).await;
            let answer = call().await;
            match &answer {
                Ok(_) => self.state().pace.succeeded(),
                Err(error) if is_throttled(error) => {
                    if self.slow_down(turn.moment) {
                        continue;
                    }
                }
                // An answer all the same, which says nothing of the pace.
                Err(_) => {}
            }
            return answer;
        }
    }

    async fn turn(&self, calls: usize) -> Turn<'_, 'a> {
        loop {
            // Before the look, so that no end of a call is missed between the two.
            let ended = self.ended.notified();
            let pause = {
                let mut state = self.state();
                let pause = state.pause_until.filter(|until| *until > Instant::now());
                let window = state.pace.window();
                // In the narrowest window it goes all the same, with nothing beside it.
                let places = calls.min(window);
                if pause.is_none() && state.under_way + places <= window {
                    state.under_way += places;
                    return Turn { pacer: self, places, moment: state.pace.moment() };
                }
                pause
            };
            match pause {
                Some(until) => sleep_until(until).await,
                None => ended.await,
            }
        }
    }

    /// Says whether to try again.
    fn slow_down(&self, moment: u64) -> bool {
        let verdict = self.state().pace.throttled(moment, (self.random)());
        if let Slow::Pause(pause) = verdict {
            self.state().pause_until = Some(Instant::now() + pause);
            let what = "IAM, which asks to slow down".to_owned();
            (self.events)(Event::Waiting(Waiting { what, waited: Duration::ZERO, limit: pause }));
        }
        verdict != Slow::GiveUp
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_, '_> {
    fn drop(&mut self) {
        self.pacer.state().under_way -= self.places;
        self.pacer.ended.notify_waiters();
    }
}

/// A call that was throttled was not carried out, whatever may be said of other failures.
fn is_throttled(error: &RoleError) -> bool {
    match error {
        RoleError::Call(source) | RoleError::Unsure { source, .. } => {
            matches!(*source.reason, CallFailure::Throttled(_))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::{join_all, pending};

    use super::*;

    #[tokio::test]
    async fn what_makes_several_calls_takes_as_many_places_and_passes_the_narrowest_window_too() {
        let pacer = Pacer::new(&|_| {}, || 0.5);
        assert_eq!(pacer.state().pace.window(), 8);
        let begun = AtomicUsize::new(0);
        let endless = || async {
            begun.fetch_add(1, Ordering::SeqCst);
            pending::<Result<(), RoleError>>().await
        };
        tokio::select! {
            biased;
            _ = join_all((0..8).map(|_| pacer.run_beside(4, endless))) => panic!("it has no end"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(begun.load(Ordering::SeqCst), 2);
        assert_eq!(pacer.state().under_way, 0, "what is dropped leaves its places");

        for _ in 0..4 {
            let moment = pacer.state().pace.moment();
            let _ = pacer.state().pace.throttled(moment, 0.5);
        }
        assert_eq!(pacer.state().pace.window(), 1);
        let done = join_all((0..3).map(|_| pacer.run_beside(4, async || Ok(())))).await;
        assert!(done.iter().all(Result::is_ok));
        assert_eq!(pacer.state().under_way, 0);
    }
}
