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

/// One call's place; it is free again when this goes, finished or not.
struct Turn<'a, 'b> {
    pacer: &'a Pacer<'b>,
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
        loop {
            let turn = self.turn().await;
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

    async fn turn(&self) -> Turn<'_, 'a> {
        loop {
            // Before the look, so that no end of a call is missed between the two.
            let ended = self.ended.notified();
            let pause = {
                let mut state = self.state();
                let pause = state.pause_until.filter(|until| *until > Instant::now());
                if pause.is_none() && state.under_way < state.pace.window() {
                    state.under_way += 1;
                    return Turn { pacer: self, moment: state.pace.moment() };
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
        self.pacer.state().under_way -= 1;
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
