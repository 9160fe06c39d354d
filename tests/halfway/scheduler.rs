//! Lets the calls of several administrators through one by one, in an order that a seed decides.
//!
//! A call is held until every administrator who still works has one on hold, or nothing more comes for a
//! moment; then one of them is carried out. So the order depends on the seed and hardly on the machine.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use issuer_sandbox::{Answered, Arrived, Disturbance, Fault};
use tokio::sync::{Notify, oneshot};

/// After this long without anything new, nobody is waited for.
const QUIET: Duration = Duration::from_millis(20);
/// A call that is carried out and never told of would be a mistake of this harness.
const LONGEST: Duration = Duration::from_secs(5);

/// A call on hold.
struct Held {
    who: String,
    call: String,
    number: u64,
    release: oneshot::Sender<()>,
}

#[derive(Default)]
struct Inner {
    working: BTreeSet<String>,
    held: Vec<Held>,
    under_way: Option<u64>,
    order: Vec<String>,
}

/// Holds and releases.
#[derive(Default)]
pub(crate) struct Scheduler {
    inner: Mutex<Inner>,
    news: Notify,
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scheduler")
    }
}

impl Scheduler {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds every call while anybody works.
    pub(crate) fn disturbance(self: &Arc<Self>) -> Disturbance {
        let scheduler = Arc::clone(self);
        Disturbance::new(move |arrived| {
            let released = scheduler.hold(arrived);
            async move {
                if let Some(released) = released {
                    // Dropped with the scheduler: then nobody is held any more.
                    let _ = released.await;
                }
                Fault::None
            }
        })
    }

    fn hold(&self, arrived: Arrived) -> Option<oneshot::Receiver<()>> {
        let mut inner = self.inner();
        if inner.working.is_empty() {
            return None;
        }
        let (release, released) = oneshot::channel();
        let who = arrived.access_key_id.unwrap_or_default();
        inner.held.push(Held { who, call: arrived.call, number: arrived.number, release });
        self.news.notify_one();
        Some(released)
    }

    /// A call was carried out.
    pub(crate) fn answered(&self, answered: &Answered) {
        let mut inner = self.inner();
        if inner.under_way == Some(answered.number) {
            inner.under_way = None;
            self.news.notify_one();
        }
    }

    /// They begin to work.
    pub(crate) fn begin(&self, working: impl IntoIterator<Item = String>) {
        self.inner().working.extend(working);
    }

    /// One has ended.
    pub(crate) fn ended(&self, who: &str) {
        self.inner().working.remove(who);
        self.news.notify_one();
    }

    /// The calls in the order in which they were carried out.
    pub(crate) fn order(&self) -> Vec<String> {
        self.inner().order.clone()
    }

    /// Releases calls until nobody works.
    pub(crate) async fn drive(&self, seed: u64) {
        let mut random = Rng::with_seed(seed);
        // Some orders go back and forth, in others one gets far before another does anything.
        let stays = [0, 50, 90][random.usize(..3)];
        let mut last = String::new();
        loop {
            let (over, ready, under_way) = {
                let inner = self.inner();
                let has = |who: &String| inner.held.iter().any(|held| held.who == *who);
                (inner.working.is_empty(), inner.working.iter().all(has), inner.under_way.is_some())
            };
            if over {
                // Whoever is still held was left behind by a process that has ended.
                self.inner().held.clear();
                return;
            }
            if under_way || !ready {
                let limit = if under_way { LONGEST } else { QUIET };
                let news = tokio::time::timeout(limit, self.news.notified()).await;
                if news.is_ok() {
                    continue;
                }
            }
            self.release_one(&mut random, stays, &mut last);
        }
    }

    fn release_one(&self, random: &mut Rng, stays: u8, last: &mut String) {
        let mut inner = self.inner();
        inner.held.retain(|held| !held.release.is_closed());
        let mut who: Vec<&String> = inner.held.iter().map(|held| &held.who).collect();
        who.sort();
        who.dedup();
        if who.is_empty() {
            return;
        }
        let next = if who.contains(&&*last) && random.u8(..100) < stays {
            last.clone()
        } else {
            who[random.usize(..who.len())].clone()
        };
        let mut calls: Vec<(&String, u64)> =
            inner.held.iter().filter(|held| held.who == next).map(|held| (&held.call, held.number)).collect();
        calls.sort();
        let number = calls[random.usize(..calls.len())].1;
        if let Some(at) = inner.held.iter().position(|held| held.number == number) {
            let held = inner.held.swap_remove(at);
            let shown = if held.who.is_empty() { "anonymous" } else { &held.who };
            inner.order.push(format!("{shown}: {}", held.call));
            inner.under_way = Some(number);
            if held.release.send(()).is_err() {
                inner.under_way = None;
            }
        }
        *last = next;
    }
}
