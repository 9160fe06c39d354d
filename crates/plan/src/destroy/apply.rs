//! Takes away: stage by stage, and what fails keeps every later stage from beginning.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::{self, StreamExt as _};
use issuer_discovery::{Tries, Waiting};
use issuer_registrar::{Removal, RoleChange, RoleName, removal};

use super::build::ROLES;
use super::facts::AT_ONCE;
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
    /// The steps that were not: what is left, in the order in which it is to go.
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
            Err(error) => return DestroyOutcome { error: Some(error), ..outcome },
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
        outcome
    }

    async fn run(&self, run: Run, pacer: &Pacer<'_>) -> DestroyOutcome {
        let (text, result) = match run {
            Run::Role(name, changes) => return self.role(&name, changes, pacer).await,
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

    /// A role is looked at once more before anything of it goes, and whenever somebody else was faster: another
    /// issuer may use it by now, and DeleteRole has no condition.
    async fn role(&self, name: &RoleName, planned: Vec<RoleChange>, pacer: &Pacer<'_>) -> DestroyOutcome {
        let text = |change: &RoleChange| format!("role {name}: {change}");
        let waiting = |waiting: &Waiting| (self.events)(Event::Waiting(waiting.clone()));
        let mut outcome = DestroyOutcome::default();
        let mut queue = VecDeque::from(planned.clone());
        let mut tries = Tries::default();
        let mut look = true;
        while look || !queue.is_empty() {
            let result = if look {
                self.look(name, &planned, pacer).await.map(|found| queue = found.into())
            } else if let Some(change) = queue.front() {
                (self.events)(Event::Started(text(change)));
                pacer.run(|| self.targets.roles.apply(name, change, &waiting)).await.map_err(PlanError::from)
            } else {
                Ok(())
            };
            match result {
                Ok(()) if look => look = false,
                Ok(()) => {
                    let done = queue.pop_front().iter().map(text).collect::<Vec<_>>();
                    done.iter().for_each(|step| (self.events)(Event::Done(step.clone())));
                    outcome.done.extend(done);
                }
                Err(error) => {
                    let again = error.again();
                    if again.is_none() || !tries.again().await {
                        outcome.left = queue.iter().map(text).collect();
                        outcome.error = Some(error.in_the_end());
                        return outcome;
                    }
                    again.into_iter().for_each(|again| (self.events)(Event::Again(again)));
                    look = true;
                }
            }
        }
        if outcome.done.is_empty() {
            // It has gone by itself.
            outcome.done = planned.iter().map(text).collect();
        }
        outcome
    }

    /// Says what has to happen to a role as it is now, when that is nothing of a kind that was not agreed to.
    async fn look(
        &self,
        name: &RoleName,
        agreed: &[RoleChange],
        pacer: &Pacer<'_>,
    ) -> Result<Vec<RoleChange>, PlanError> {
        let Some(role) = pacer.run(|| self.targets.roles.role(name)).await? else { return Ok(Vec::new()) };
        let kinds: BTreeSet<&str> = agreed.iter().map(RoleChange::kind).collect();
        match removal(self.targets.roles.issuing(), &role) {
            Removal::NotOurs => Ok(Vec::new()),
            Removal::Delete(changes) | Removal::Leave(changes)
                if changes.iter().all(|change| kinds.contains(change.kind())) =>
            {
                Ok(changes)
            }
            _ => Err(PlanError::PlanChanged { what: format!("the role {name}") }),
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
