//! Takes away: stage by stage, and what fails keeps every later stage from beginning.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::{self, StreamExt as _};
use issuer_discovery::Waiting;
use issuer_registrar::{RoleChange, RoleName};

use super::build::ROLES;
use super::facts::AT_ONCE;
use super::role::LeftRole;
use super::{DestroyRequest, DestroyTargets, Removed};
use crate::destination::Destination;
use crate::error::PlanError;
use crate::event::Event;
use crate::roles::{Pacer, Pacers};
use crate::step::{Plan, Step};

/// Everything that destroying touches.
pub struct DestroyRunner<'a> {
    /// What is to go.
    pub request: &'a DestroyRequest,
    /// Where things are.
    pub targets: &'a DestroyTargets,
    /// Is told of progress.
    pub events: &'a (dyn Fn(Event) + Send + Sync),
}

/// How far it got.
#[derive(Debug, Default)]
pub struct DestroyOutcome {
    /// The steps that were done, in order.
    pub done: Vec<String>,
    /// What is left: the steps that were not done, in the order in which they are to be, and then what was not to go by
    /// the plan either.
    pub left: Vec<String>,
    /// Why it ended there.
    pub error: Option<PlanError>,
}

impl DestroyOutcome {
    fn add(&mut self, other: Self) {
        self.done.extend(other.done);
        self.left.extend(other.left);
        self.error = self.error.take().or(other.error);
    }
}

impl DestroyRunner<'_> {
    /// Carries the plan out: no stage begins before the one before it is done.
    pub async fn apply(&self, plan: Plan) -> DestroyOutcome {
        let mut outcome = DestroyOutcome::default();
        let account = &self.targets.roles.issuing().account.id;
        let pacers = Pacers::new([account].into_iter(), self.events);
        let pacer = match pacers.of(account) {
            Ok(pacer) => pacer,
            Err(error) => return DestroyOutcome { left: plan.left, error: Some(error), ..outcome },
        };
        for stage in plan.stages {
            // Whoever wants this to end is heard between the stages.
            tokio::task::yield_now().await;
            if outcome.error.is_some() {
                outcome.left.extend(stage.steps.iter().map(ToString::to_string));
                continue;
            }
            let runs = runs(stage.steps);
            let (done, total) = (AtomicUsize::new(0), runs.len());
            let runs = runs.into_iter().map(|run| async {
                let outcome = self.run(run, pacer).await;
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                if stage.name == ROLES {
                    (self.events)(Event::Progress { what: "roles and policies", done, total });
                }
                outcome
            });
            // All that has begun is ended, even when one fails: what does not need it goes all the same.
            let ended: Vec<DestroyOutcome> = stream::iter(runs).buffered(AT_ONCE).collect().await;
            ended.into_iter().for_each(|one| outcome.add(one));
        }
        outcome.left.extend(plan.left);
        outcome
    }

    async fn run(&self, run: Run, pacer: &Pacer<'_>) -> DestroyOutcome {
        let (text, result) = match run {
            Run::Role(name, changes) => return LeftRole::new(self, name, changes, pacer).leave().await,
            Run::Step(step) => {
                let text = step.to_string();
                (self.events)(Event::Started(text.clone()));
                let result = match *step {
                    Step::Remove(removed) => self.remove(&removed, pacer).await,
                    // A plan to destroy has no other step.
                    _ => Ok(()),
                };
                (text, result)
            }
        };
        match result {
            Ok(()) => {
                (self.events)(Event::Done(text.clone()));
                DestroyOutcome { done: vec![text], ..DestroyOutcome::default() }
            }
            Err(error) => DestroyOutcome { left: vec![text], error: Some(error), done: Vec::new() },
        }
    }

    async fn remove(&self, removed: &Removed, pacer: &Pacer<'_>) -> Result<(), PlanError> {
        let waiting = |waiting: &Waiting| (self.events)(Event::Waiting(waiting.clone()));
        match (removed, &self.targets.destination) {
            (Removed::Provider { .. }, _) => Ok(self.targets.provider.delete(&waiting).await?),
            (Removed::Policy { arn, versions }, _) => {
                let change = RoleChange::DeletePolicy { arn: arn.clone(), versions: versions.clone() };
                // The change names the policy by itself; it belongs to no role any more.
                let name: String = arn.rsplit('/').next().unwrap_or(arn).chars().take(64).collect();
                let name = name.parse()?;
                Ok(pacer.run(|| self.targets.roles.apply(&name, &change, &waiting)).await?)
            }
            (Removed::Published(change), Some(Destination::Bucket(bucket))) => {
                Ok(bucket.withdraw(change).await?)
            }
            (Removed::Published(change), Some(Destination::Directory(directory))) => {
                Ok(directory.withdraw_now(change)?)
            }
            (Removed::Published(_), None) => Err(PlanError::OtherDestination),
        }
    }
}

impl fmt::Debug for DestroyRunner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DestroyRunner").field("request", self.request).finish_non_exhaustive()
    }
}

/// What is done one after another within a stage.
enum Run {
    /// The changes of one role.
    Role(RoleName, Vec<RoleChange>),
    Step(Box<Step>),
}

fn runs(steps: Vec<Step>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for step in steps {
        match (step, runs.last_mut()) {
            (Step::Role { name, change, .. }, Some(Run::Role(last, changes))) if *last == name => {
                changes.push(change);
            }
            (Step::Role { name, change, .. }, _) => runs.push(Run::Role(name, vec![change])),
            (step, _) => runs.push(Run::Step(Box::new(step))),
        }
    }
    runs
}
