//! Carries a plan of roles out: roles beside each other, the steps of one role one after another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, StreamExt as _};
use issuer_discovery::{Patience, Tries, Waiting};
use issuer_registrar::diff_role;

use super::facts::read_one;
use super::pace::MOST;
use super::pacer::Pacers;
use super::work::{Wave, Work};
use super::{RoleAccess, RolesFacts, RolesRequest};
use crate::apply::Outcome;
use crate::error::{Again, PlanError};
use crate::event::Event;
use crate::step::{Plan, Step};

/// Everything that a plan of roles touches.
pub struct RolesRunner<'a> {
    /// What is wanted.
    pub request: &'a RolesRequest,
    /// The accounts.
    pub access: &'a RoleAccess,
    /// How long a role is looked at anew that somebody else changes too.
    pub patience: Patience,
    /// Is told of progress.
    pub events: &'a (dyn Fn(Event) + Send + Sync),
}

/// What all roles under way share.
struct Run<'a> {
    runner: &'a RolesRunner<'a>,
    pacers: Pacers<'a>,
    roles: usize,
    finished: AtomicUsize,
    done: Mutex<Vec<String>>,
    failed: Mutex<Option<(Work<'a>, PlanError)>>,
}

impl RolesRunner<'_> {
    /// Carries the plan out. Lost races are looked at anew, role by role; nothing is undone on the way. What is
    /// dropped in the middle is finished by the next run.
    ///
    /// # Errors
    /// The first role that failed; those that had begun are ended, later ones not begun.
    pub async fn apply(&self, plan: Plan, facts: RolesFacts) -> Result<Outcome, PlanError> {
        let waves = Work::split(self.request, plan, &facts);
        // What is read from now on is read anew.
        drop(facts);
        let run = Run {
            runner: self,
            pacers: Pacers::new(self.access.accounts.keys(), self.events),
            roles: waves.last().map_or(0, Vec::len),
            finished: AtomicUsize::new(0),
            done: Mutex::default(),
            failed: Mutex::default(),
        };
        for works in waves {
            stream::iter(works).for_each_concurrent(MOST, |work| run.work(work)).await;
        }
        let finished = run.finished.load(Ordering::Relaxed);
        if let Some((work, error)) = run.failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(PlanError::RoleStopped {
                name: work.wanted.spec.name.clone(),
                account: work.wanted.account.clone(),
                done: finished,
                left: run.roles - finished,
                source: Box::new(error),
            });
        }
        let done = run.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Outcome { done, ..Outcome::default() })
    }
}

impl<'a> Run<'a> {
    /// Does all that is left for one role, unless another one has failed before it begins.
    async fn work(&self, mut work: Work<'a>) {
        if locked(&self.failed).is_some() {
            return;
        }
        match self.whole(&mut work).await {
            Ok(()) if work.wave != Wave::Rest => {}
            Ok(()) => {
                let done = self.finished.fetch_add(1, Ordering::Relaxed) + 1;
                (self.runner.events)(Event::Progress { what: "roles done", done, total: self.roles });
            }
            Err(error) => drop(locked(&self.failed).get_or_insert((work, error))),
        }
    }

    /// Steps and looks anew, as long as looking helps.
    async fn whole(&self, work: &mut Work<'a>) -> Result<(), PlanError> {
        let events = self.runner.events;
        let mut wait = self.runner.patience.wait();
        let mut unsure = Tries::default();
        loop {
            let Err(error) = self.steps(work).await else { return Ok(()) };
            let Some(again) = error.again() else { return Err(error) };
            let paused = match &again {
                Again::Unsure { .. } => unsure.again().await,
                // What somebody else has just made is not visible everywhere at once.
                Again::Changed(_) => match wait.pause("", &|_: &_| {}) {
                    Some(pause) => {
                        tokio::time::sleep(pause).await;
                        true
                    }
                    None => false,
                },
            };
            if !paused {
                return Err(error.in_the_end());
            }
            events(Event::Again(again.clone()));
            self.look(work, again.what()).await?;
            events(Event::Replanned(work.steps.iter().map(ToString::to_string).collect()));
        }
    }

    async fn steps(&self, work: &mut Work<'a>) -> Result<(), PlanError> {
        let events = self.runner.events;
        let (client, _) = self.runner.access.of(&work.wanted.account)?;
        let pacer = self.pacers.of(&work.wanted.account)?;
        let waiting = |waiting: &Waiting| events(Event::Waiting(waiting.clone()));
        while let Some(step) = work.steps.front() {
            let Step::Role { name, change, .. } = step else { return Err(PlanError::OtherPlan) };
            let text = step.to_string();
            events(Event::Started(text.clone()));
            pacer.run(|| client.apply(name, change, &waiting)).await?;
            events(Event::Done(text.clone()));
            locked(&self.done).push(text);
            work.steps.pop_front();
        }
        Ok(())
    }

    /// Looks at the role anew, and takes what is left from there: nothing of a kind that was not agreed to.
    async fn look(&self, work: &mut Work<'a>, what: &str) -> Result<(), PlanError> {
        let RolesRunner { request, access, .. } = self.runner;
        let (client, _) = access.of(&work.wanted.account)?;
        let mut facts = read_one(work.wanted, access, &self.pacers).await?;
        facts.provider = work.provider;
        let diff = diff_role(&work.wanted.spec, client.issuing(), &facts, request.adopt);
        if work.take(diff.map_err(PlanError::from)?.changes) {
            Ok(())
        } else {
            Err(PlanError::PlanChanged { what: what.to_owned() })
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for RolesRunner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RolesRunner").field("request", self.request).finish_non_exhaustive()
    }
}
