//! Sees every outside call as it comes, decides what goes wrong with it, and looks at the cloud after it.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use issuer_sandbox::{Answered, Disturbance, Fault, Observer, Sandbox};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::invariants::cloud;
use crate::scenario::Scenario;

/// One outside call of a command: what it asks, and which of these it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Point {
    pub(crate) call: String,
    pub(crate) anonymous: bool,
    pub(crate) nth: u32,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.anonymous { " (anonymous)" } else { "" };
        write!(f, "{} #{}{who}", self.call, self.nth)
    }
}

impl Point {
    /// Whether the call only looks.
    pub(crate) fn is_read(&self) -> bool {
        let words: Vec<&str> = self.call.split(' ').collect();
        matches!(words.get(1), Some(&("GET" | "HEAD")))
            || words.get(1).is_some_and(|word| word.starts_with("Get") || word.starts_with("List"))
    }
}

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Disturb {
    /// The program is killed before the call is carried out.
    KillBefore,
    /// The program is killed when the call was carried out, and hears nothing of it.
    KillAfter,
    /// Ctrl-C is pressed, and the call is never answered.
    Interrupt,
    /// The sandbox does it.
    Fault(Fault),
}

/// What is disturbed.
#[derive(Clone, Debug)]
pub(crate) struct Aim {
    pub(crate) point: Point,
    pub(crate) disturb: Disturb,
    /// Every later call that asks the same, too.
    pub(crate) lasting: bool,
}

#[derive(Debug, Default)]
struct Progress {
    counts: HashMap<(String, bool), u32>,
    seen: Vec<Point>,
    aim: Option<Aim>,
    hit: bool,
    pid: Option<Pid>,
    kill_after: Option<u64>,
    /// The keys that were ever published.
    published: BTreeSet<String>,
    /// The statements of others that the bucket's policy had.
    of_others: Vec<Value>,
    violations: BTreeSet<String>,
}

/// The eyes on one sandbox.
#[derive(Debug)]
pub(crate) struct Watch {
    scenario: &'static Scenario,
    sandbox: OnceLock<Weak<Sandbox>>,
    progress: Mutex<Progress>,
}

impl Watch {
    pub(crate) fn new(scenario: &'static Scenario) -> Arc<Self> {
        Arc::new(Self { scenario, sandbox: OnceLock::new(), progress: Mutex::default() })
    }

    pub(crate) fn look_at(&self, sandbox: &Arc<Sandbox>) {
        let _ = self.sandbox.set(Arc::downgrade(sandbox));
    }

    pub(crate) fn disturbance(self: &Arc<Self>) -> Disturbance {
        let watch = Arc::clone(self);
        Disturbance::new(move |arrived| {
            let anonymous = arrived.access_key_id.is_none();
            let fault = watch.arrived(&arrived.call, anonymous, arrived.number);
            async move { fault }
        })
    }

    pub(crate) fn observer(self: &Arc<Self>) -> Observer {
        let watch = Arc::clone(self);
        Observer::new(move |answered| watch.answered(&answered))
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to count calls anew, and disturbs one of them.
    pub(crate) fn begin(&self, aim: Option<Aim>) {
        let mut progress = self.progress();
        progress.counts.clear();
        progress.seen.clear();
        progress.aim = aim;
        progress.hit = false;
        progress.pid = None;
        progress.kill_after = None;
    }

    /// The process that makes the calls from now on.
    pub(crate) fn started(&self, pid: Pid) {
        self.progress().pid = Some(pid);
    }

    /// Whether the call that is disturbed has come.
    pub(crate) fn was_hit(&self) -> bool {
        self.progress().hit
    }

    /// The calls since it was begun.
    pub(crate) fn seen(&self) -> Vec<Point> {
        self.progress().seen.clone()
    }

    /// The keys that were ever published.
    pub(crate) fn published(&self) -> BTreeSet<String> {
        self.progress().published.clone()
    }

    /// What was wrong after some call.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.progress().violations.iter().cloned().collect()
    }

    /// Decides about a call, from the program or to the web server.
    pub(crate) fn arrived(&self, call: &str, anonymous: bool, number: u64) -> Fault {
        let mut progress = self.progress();
        let count = progress.counts.entry((call.to_owned(), anonymous)).or_default();
        *count += 1;
        let point = Point { call: call.to_owned(), anonymous, nth: *count };
        progress.seen.push(point.clone());
        let Some(aim) = &progress.aim else { return Fault::None };
        let same = aim.point.call == point.call && aim.point.anonymous == point.anonymous;
        let now = if aim.lasting { point.nth >= aim.point.nth } else { point.nth == aim.point.nth };
        if !same || !now {
            return Fault::None;
        }
        let disturb = aim.disturb.clone();
        progress.hit = true;
        let signal = |signal: Signal| {
            if let Some(pid) = progress.pid {
                // It may have ended by now.
                let _ = kill(pid, signal);
            }
        };
        match disturb {
            Disturb::Fault(fault) => fault,
            Disturb::KillBefore => {
                signal(Signal::SIGKILL);
                Fault::CutBefore
            }
            Disturb::Interrupt => {
                signal(Signal::SIGINT);
                Fault::Silent { carried_out: false }
            }
            Disturb::KillAfter => {
                progress.kill_after = Some(number);
                Fault::Silent { carried_out: true }
            }
        }
    }

    /// After a call was carried out.
    pub(crate) fn answered(&self, answered: &Answered) {
        let mut progress = self.progress();
        if progress.kill_after == Some(answered.number)
            && let Some(pid) = progress.pid
        {
            let _ = kill(pid, Signal::SIGKILL);
        }
        drop(progress);
        let read = Point { call: answered.call.clone(), anonymous: false, nth: 0 }.is_read();
        if read {
            return;
        }
        let Some(sandbox) = self.sandbox.get().and_then(Weak::upgrade) else { return };
        let state = sandbox.state();
        let mut found = cloud::always(&state, self.scenario);
        // Documents that can be read, or else no provider: otherwise somebody else's documents could stand there.
        if answered.call == "iam CreateOpenIDConnectProvider" || self.scenario.destroys() {
            found.extend(cloud::too_early(&state));
        }
        let published = cloud::published(&state);
        progress = self.progress();
        found.extend(cloud::others_lost(&progress.of_others, &state));
        progress.of_others = cloud::of_others(&state);
        progress.violations.extend(found.into_iter().map(|text| format!("after {}: {text}", answered.call)));
        progress.published.extend(published);
    }

    /// After a call to the web server was carried out.
    pub(crate) fn served(&self) {
        let mut progress = self.progress();
        if progress.kill_after.take().is_some()
            && let Some(pid) = progress.pid
        {
            let _ = kill(pid, Signal::SIGKILL);
        }
    }
}
