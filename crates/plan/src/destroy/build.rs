//! From what is live to what goes, and what stays and why: pure.

use std::collections::BTreeMap;

use issuer_discovery::{LeaveRefusal, Withdrawal, leave_bucket, leave_directory};
use issuer_registrar::{LiveRole, Removal, RoleChange, removal_of};

use super::kinship::trusts;
use super::{DestroyFacts, DestroyRequest, LeavingPlace, Removed};
use crate::error::PlanError;
use crate::step::{Plan, Step};

/// The stage of roles and their policies.
pub(super) const ROLES: &str = "roles";

impl Plan {
    /// Says what is taken away, in an order in which nobody can take over what is left: stages `roles`, `provider`,
    /// `documents`, `bucket`. What is ours and stays is left, and what is not ours is a note, each with why.
    ///
    /// # Errors
    /// When something cannot be taken away safely.
    pub fn build_destroy(request: &DestroyRequest, facts: &DestroyFacts) -> Result<Self, PlanError> {
        let mut plan = Self::default();
        let detached = plan.with_roles(facts)?;
        plan.with_policies(facts, &detached);
        plan.with_provider(request, facts)?;
        plan.with_place(request, facts)?;
        // Of roles alone the keys know nothing.
        if plan.stages.iter().any(|stage| stage.name != ROLES) {
            plan.notes.push(
                "the key directory is not touched: shred its private key once no cluster signs with it"
                    .to_owned(),
            );
        }
        Ok(plan)
    }

    /// Says how the issuer leaves these roles: one stage, `roles`, and the policies of ours that hang on nothing then.
    ///
    /// # Errors
    /// When one of them is not this issuer's, or cannot be left safely: nothing is done to any of them then.
    pub fn build_role_removals(facts: &DestroyFacts) -> Result<Self, PlanError> {
        for leaving in &facts.roles {
            match removal_of(&facts.issuing, leaving) {
                Removal::Stays { why } => return Err(PlanError::RoleStays { why }),
                Removal::NotOurs => {
                    return Err(PlanError::RoleNotOurs { arn: leaving.role.arn.to_string() });
                }
                Removal::Delete(_) | Removal::Leave(_) => {}
            }
        }
        let mut plan = Self::default();
        let detached = plan.with_roles(facts)?;
        plan.with_policies(facts, &detached);
        Ok(plan)
    }

    /// Returns how often each managed policy is detached.
    fn with_roles(&mut self, facts: &DestroyFacts) -> Result<BTreeMap<String, u32>, PlanError> {
        let mut steps = Vec::new();
        let mut detached = BTreeMap::new();
        for leaving in &facts.roles {
            let role = &leaving.role;
            let changes = match removal_of(&facts.issuing, leaving) {
                Removal::Delete(changes) | Removal::Leave(changes) => changes,
                Removal::Stays { why } => {
                    self.left.push(why);
                    continue;
                }
                Removal::NotOurs => {
                    self.notes.extend(stops_working(facts, role));
                    continue;
                }
            };
            for change in changes {
                if let RoleChange::Detach(arn) = &change {
                    *detached.entry(arn.clone()).or_default() += 1;
                }
                let (account, name) = (facts.issuing.account.id.clone(), role.arn.name().parse()?);
                steps.push(Step::Role { account, name, change });
            }
        }
        self.stage(ROLES, steps);
        let unreadable = facts.unreadable.iter().map(|(arn, why)| format!("the role {arn} stays: {why}"));
        self.left.extend(unreadable);
        let trusting = facts.trusting.iter().map(|arn| stops(arn));
        self.notes.extend(trusting);
        self.notes.extend(facts.unknown.iter().map(|arn| {
            format!("the trust policy of {arn} cannot be read: whether it speaks of this issuer is not known")
        }));
        Ok(detached)
    }

    /// A policy goes after the roles that it hangs on. Returns those of ours that hang on something else too.
    fn with_policies(&mut self, facts: &DestroyFacts, detached: &BTreeMap<String, u32>) {
        let mut steps = Vec::new();
        for policy in &facts.policies {
            let left = policy.attachments.saturating_sub(detached.get(&policy.arn).copied().unwrap_or(0));
            if !policy.is_for(&facts.issuing) {
                self.notes.push(format!("the managed policy {} stays: it is not ours", policy.arn));
            } else if left > 0 || policy.bounds > 0 {
                // As with a role that others use: it is theirs now.
                let how = if left > 0 { "attached elsewhere" } else { "somebody's permissions boundary" };
                self.notes.push(format!(
                    "the managed policy {arn} stays: it is {how} (aws iam list-entities-for-policy --policy-arn {arn} \
                     says whose); the same again deletes it when it is not any more",
                    arn = policy.arn
                ));
            } else {
                let versions = policy.old_versions().cloned().collect();
                steps.push(Step::Remove(Removed::Policy { arn: policy.arn.clone(), versions }));
            }
        }
        self.stage(ROLES, steps);
    }

    fn with_provider(&mut self, request: &DestroyRequest, facts: &DestroyFacts) -> Result<(), PlanError> {
        let Some(provider) = &facts.provider else { return Ok(()) };
        let arn = facts.issuing.provider_arn();
        if provider.is_made() {
            self.stage("provider", vec![Step::Remove(Removed::Provider { arn })]);
            return Ok(());
        }
        // Whoever takes the name of the bucket then would be trusted.
        if request.delete_bucket {
            return Err(PlanError::StillTrusted { arn });
        }
        self.notes.push(format!("the IAM provider {arn} stays: this program did not make it"));
        Ok(())
    }

    fn with_place(&mut self, request: &DestroyRequest, facts: &DestroyFacts) -> Result<(), PlanError> {
        let Withdrawal { changes, notes } = match &facts.place {
            Some(LeavingPlace::Bucket { place, live }) => {
                leave_bucket(place, live, &request.issuer, request.delete_bucket)?
            }
            _ if request.delete_bucket => return Err(PlanError::OtherDestination),
            Some(LeavingPlace::Directory { publisher, live }) => {
                leave_directory(publisher, live, &request.issuer)?
            }
            None => {
                let issuer = &request.issuer;
                let told = facts.provider.as_ref().map(|_| {
                    format!("nobody said where the documents of {issuer} are: they stay, and so does a bucket of theirs")
                });
                self.notes.extend(told);
                return Ok(());
            }
        };
        for (number, name) in [(0, "documents"), (1, "documents"), (2, "bucket"), (3, "bucket")] {
            let of_stage = changes.iter().filter(|change| change.stage() == number);
            self.stage(
                name,
                of_stage.map(|change| Step::Remove(Removed::Published(change.clone()))).collect(),
            );
        }
        self.notes.extend(notes);
        Ok(())
    }
}

impl From<LeaveRefusal> for PlanError {
    fn from(refusal: LeaveRefusal) -> Self {
        match refusal {
            LeaveRefusal::Documents(error) => Self::Merge(error),
            refusal => Self::Leave(refusal),
        }
    }
}

fn stops_working(facts: &DestroyFacts, role: &LiveRole) -> Option<String> {
    trusts(&role.trust_policy, &facts.issuing.provider_arn()).then(|| stops(role.arn.as_str()))
}

fn stops(arn: &str) -> String {
    format!("{arn} is somebody else's and trusts this issuer: its tokens are not taken any more")
}
