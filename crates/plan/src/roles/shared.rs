//! Managed policies that several roles have made for them: one policy.

use std::collections::{HashMap, HashSet};

use issuer_registrar::{AccountId, RoleChange};

use super::{RolesRequest, WantedRole};
use crate::error::PlanError;

/// The policies that more than one of the wanted roles asks for. IAM does not distinguish names by case.
#[derive(Debug, Default)]
pub(super) struct Shared(HashSet<(AccountId, String)>);

impl Shared {
    pub(super) fn of(request: &RolesRequest) -> Self {
        let mut seen = HashSet::new();
        let mut shared = HashSet::new();
        for WantedRole { account, spec } in &request.roles {
            for name in spec.create.keys() {
                let key = (account.clone(), name.as_str().to_ascii_lowercase());
                if !seen.insert(key.clone()) {
                    shared.insert(key);
                }
            }
        }
        Self(shared)
    }

    /// Tells whether the change makes or changes such a policy.
    pub(super) fn has(&self, account: &AccountId, change: &RoleChange) -> bool {
        policy_of(change).is_some_and(|policy| self.0.contains(&(account.clone(), policy)))
    }
}

/// Returns the name of the managed policy that a change makes or changes.
pub(super) fn policy_of(change: &RoleChange) -> Option<String> {
    let name = match change {
        RoleChange::CreatePolicy { name, .. } => name.as_str(),
        RoleChange::UpdatePolicy { arn, .. } => arn.rsplit('/').next()?,
        _ => return None,
    };
    Some(name.to_ascii_lowercase())
}

/// Two roles of one account cannot both have their way with a policy of one name.
pub(super) fn refuse_other_texts(request: &RolesRequest) -> Result<(), PlanError> {
    let mut texts = HashMap::new();
    for WantedRole { account, spec } in &request.roles {
        for (policy, document) in &spec.create {
            let key = (account, policy.as_str().to_ascii_lowercase());
            let (first, name, text) = *texts.entry(key).or_insert((&spec.name, policy, document));
            if (name, text) != (policy, document) {
                return Err(PlanError::SamePolicy {
                    policy: policy.clone(),
                    first: first.clone(),
                    second: spec.name.clone(),
                });
            }
        }
    }
    Ok(())
}
