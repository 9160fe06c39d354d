//! From wanted roles and live ones to what is to be done. Pure.

use std::collections::{BTreeMap, HashSet};

use issuer_registrar::{RoleName, diff_role};

use super::shared::{Shared, policy_of};
use super::work::Wave;
use super::{RolesFacts, RolesRequest};
use crate::error::PlanError;
use crate::step::Plan;

/// How many roles are named before a note only counts them.
const NAMED: usize = 3;

impl Plan {
    /// Says what has to be done so that the roles are what they should be: one stage, the steps of one role in
    /// order and beside each other, but for policies that several of them share. Warnings are notes; one that stands
    /// for many roles is told once.
    ///
    /// # Errors
    /// All that is refused, of every role, before anything is changed.
    pub fn build_roles(request: &RolesRequest, facts: &RolesFacts) -> Result<Self, PlanError> {
        let mut steps = Vec::new();
        let mut refused = Vec::new();
        let mut notes = Notes::default();
        let shared = Shared::of(request);
        // A policy that several roles share is made and changed once, with the first of them.
        let mut policies = HashSet::new();
        for (wanted, live) in request.roles.iter().zip(&facts.roles) {
            let (account, name) = (&wanted.account, &wanted.spec.name);
            let issuing = facts.accounts.get(account);
            let issuing = issuing.ok_or_else(|| PlanError::NoAccess { account: account.clone() })?;
            let diff = match diff_role(&wanted.spec, issuing, live, request.adopt) {
                Ok(diff) => diff,
                Err(refusal) => {
                    refused.push(refusal);
                    continue;
                }
            };
            for warning in diff.warnings {
                notes.add(warning.to_string(), name);
            }
            for (wave, change) in Wave::sort(&shared, wanted, diff.changes) {
                let again = shared.has(account, &change)
                    && policy_of(&change).is_some_and(|policy| !policies.insert((account, policy)));
                if !again {
                    steps.push((wave, wanted.step(change)));
                }
            }
        }
        if !refused.is_empty() {
            return Err(PlanError::Roles(refused));
        }
        let mut plan = Self { notes: notes.into_texts(), ..Self::default() };
        // Stable: within a wave the order of the file stays, and within a role its own.
        steps.sort_by_key(|(wave, _)| *wave);
        plan.stage("roles", steps.into_iter().map(|(_, step)| step).collect());
        Ok(plan)
    }
}

/// Warnings, each with the roles that it is about.
#[derive(Default)]
struct Notes<'a> {
    places: BTreeMap<String, usize>,
    notes: Vec<(String, Vec<&'a RoleName>)>,
}

impl<'a> Notes<'a> {
    fn add(&mut self, text: String, name: &'a RoleName) {
        let next = self.notes.len();
        let place = *self.places.entry(text.clone()).or_insert(next);
        match self.notes.get_mut(place) {
            Some((_, names)) => names.push(name),
            None => self.notes.push((text, vec![name])),
        }
    }

    fn into_texts(self) -> Vec<String> {
        let text = |(text, names): (String, Vec<&RoleName>)| {
            let shown: Vec<&str> = names.iter().take(NAMED).map(|name| name.as_str()).collect();
            let shown = shown.join(", ");
            match names.len() {
                1 => format!("role {shown}: {text}"),
                count if count <= NAMED => format!("roles {shown}: {text}"),
                count => format!("roles {shown} and {} more: {text}", count - NAMED),
            }
        };
        self.notes.into_iter().map(text).collect()
    }
}
