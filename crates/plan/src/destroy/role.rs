//! Leaves one role: change by change, never blindly.
//!
//! A role is looked at once more before anything of it goes, before it is deleted, and whenever somebody else was
//! faster: another issuer may use it by now, and neither UpdateAssumeRolePolicy nor DeleteRole has a condition.

use std::collections::{BTreeSet, VecDeque};

use issuer_discovery::{Tries, Waiting};
use issuer_registrar::{Removal, RoleChange, RoleName, removal_of};

use super::facts::CALLS;
use super::{DestroyOutcome, DestroyRunner};
use crate::error::PlanError;
use crate::event::Event;
use crate::roles::Pacer;

/// A role that is being left.
pub(super) struct LeftRole<'a> {
    runner: &'a DestroyRunner<'a>,
    pacer: &'a Pacer<'a>,
    name: RoleName,
    /// Of which kinds the changes may be.
    agreed: BTreeSet<&'static str>,
    /// What is still to be done, in order.
    queue: VecDeque<RoleChange>,
    done: Vec<RoleChange>,
    /// Whether it has to be looked at before anything else.
    look: bool,
    /// Whether the next change was sent already, and nobody knows what became of it.
    unsure: bool,
}

impl<'a> LeftRole<'a> {
    pub(super) fn new(
        runner: &'a DestroyRunner<'a>,
        name: RoleName,
        agreed: Vec<RoleChange>,
        pacer: &'a Pacer<'a>,
    ) -> Self {
        let kinds = agreed.iter().map(RoleChange::kind).collect();
        let (queue, done) = (agreed.into(), Vec::new());
        Self { runner, pacer, name, agreed: kinds, queue, done, look: true, unsure: false }
    }

    /// Does what is to be done, as far as it goes.
    pub(super) async fn leave(mut self) -> DestroyOutcome {
        let mut tries = Tries::default();
        let mut error = None;
        while error.is_none() && !self.queue.is_empty() {
            let Err(failed) = self.step().await else { continue };
            match failed.again() {
                Some(again) if tries.again().await => {
                    (self.runner.events)(Event::Again(again));
                    self.look = true;
                }
                _ => error = Some(failed.in_the_end()),
            }
        }
        let texts =
            |changes: &mut dyn Iterator<Item = &RoleChange>| changes.map(|one| self.text(one)).collect();
        DestroyOutcome { done: texts(&mut self.done.iter()), left: texts(&mut self.queue.iter()), error }
    }

    /// One look, or one change.
    async fn step(&mut self) -> Result<(), PlanError> {
        if self.look {
            return self.look_again().await;
        }
        let Some(change) = self.queue.front() else { return Ok(()) };
        let events = self.runner.events;
        events(Event::Started(self.text(change)));
        self.unsure = true;
        let waiting = |waiting: &Waiting| events(Event::Waiting(waiting.clone()));
        let roles = &self.runner.targets.roles;
        self.pacer.run(|| roles.apply(&self.name, change, &waiting)).await?;
        self.finish(1);
        // What hangs on a role is refused by DeleteRole itself; that somebody else trusts it by now is not.
        self.look = self.queue.front() == Some(&RoleChange::Delete);
        Ok(())
    }

    /// Finds out what has to happen to the role as it is now, when that is nothing of a kind that was not agreed to.
    async fn look_again(&mut self) -> Result<(), PlanError> {
        let roles = &self.runner.targets.roles;
        let deletes = self.queue.contains(&RoleChange::Delete);
        let last = deletes && self.queue.len() == 1;
        let changed = || PlanError::PlanChanged { what: format!("the role {}", self.name) };
        let found = if last {
            self.pacer.run_beside(CALLS, || roles.role_before_deleting(&self.name)).await?
        } else {
            self.pacer.run_beside(CALLS, || roles.role_for_leaving(&self.name)).await?
        };
        let Some(leaving) = found else {
            // It has gone by itself.
            self.finish(self.queue.len());
            return Ok(());
        };
        let changes = match removal_of(roles.issuing(), &leaving) {
            // That is what the last change was to bring about.
            Removal::NotOurs if self.unsure && !deletes && self.queue.len() == 1 => Vec::new(),
            Removal::Delete(mut changes) if deletes => {
                // What is gone already may still be shown.
                changes.retain(|change| !self.done.contains(change));
                changes
            }
            Removal::Leave(changes) if !deletes => changes,
            _ => return Err(changed()),
        };
        if last && changes.len() > 1 || !changes.iter().all(|change| self.agreed.contains(change.kind())) {
            return Err(changed());
        }
        if changes.is_empty() {
            self.finish(self.queue.len());
        }
        self.queue = changes.into();
        (self.look, self.unsure) = (false, false);
        Ok(())
    }

    /// So many of the changes are done.
    fn finish(&mut self, count: usize) {
        for change in self.queue.drain(..count) {
            (self.runner.events)(Event::Done(format!("role {}: {change}", self.name)));
            self.done.push(change);
        }
        self.unsure = false;
    }

    fn text(&self, change: &RoleChange) -> String {
        format!("role {}: {change}", self.name)
    }
}
