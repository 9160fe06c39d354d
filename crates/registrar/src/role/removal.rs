//! What has to happen so that nothing in a role is left of an issuer.

use std::collections::BTreeMap;

use issuer_discovery::OWNER_TAG;
use issuer_policy::Statement;

use super::attached::{ATTACHED_TAG, Attached};
use super::change::RoleChange;
use super::check::{is_joined, joined_prefix};
use super::issuing::{ISSUER_TAG, Issuing};
use super::live::LiveRole;
use super::name::PolicyName;
use super::spec::RoleSpec;
use super::trust;

/// How an issuer leaves a role.
#[derive(Clone, Debug, PartialEq)]
pub enum Removal {
    /// The role does not speak of this issuer.
    NotOurs,
    /// It is ours and used by this issuer alone: it goes, after what hangs on it.
    Delete(Vec<RoleChange>),
    /// Others use it: it loses our statement. One that was taken over loses what we attached too; one that we made keeps
    /// it for who uses the role now, and where that is another issuer of ours, becomes that one's.
    Leave(Vec<RoleChange>),
    /// It cannot be taken out safely: a sentence says why, and what to do by hand.
    Stays {
        /// Why.
        why: String,
    },
}

/// Says how this issuer leaves a role. Pure.
#[must_use]
pub fn removal(issuing: &Issuing, role: &LiveRole) -> Removal {
    let (ours, others): (Vec<&Statement>, Vec<&Statement>) =
        role.trust_policy.statements().iter().partition(|statement| trust::is_ours(statement, issuing));
    let prefix = joined_prefix(issuing);
    let joined = inline(role, |name| name.starts_with(&prefix));
    if ours.is_empty() && joined.is_empty() && !role.is_for(issuing) {
        return Removal::NotOurs;
    }
    if others.is_empty() {
        return alone(role);
    }
    // Nobody of ours comes in any more; then goes what they had.
    let mut changes = Vec::new();
    let to = trust::replace(&role.trust_policy, issuing, &[]);
    if to != role.trust_policy {
        changes.push(RoleChange::Trust { from: role.trust_policy.clone(), to });
    }
    if !role.is_for(issuing) {
        changes.extend(joined);
        return Removal::Leave(changes);
    }
    let next = others.iter().find_map(|statement| trust::issuer_id(statement));
    if let (true, Some(next)) = (role.is_made_by_us(), next) {
        changes.push(RoleChange::Tag(BTreeMap::from([(ISSUER_TAG.to_owned(), next.to_owned())])));
        return Removal::Leave(changes);
    }
    if !role.is_made_by_us() {
        let memory = Attached::of(&role.tags);
        let attached = role.attached.iter().filter(|arn| memory.holds(arn));
        changes.extend(attached.map(|arn| RoleChange::Detach(arn.clone())));
        changes.extend(inline(role, |name| name.starts_with(RoleSpec::INLINE_PREFIX) && !is_joined(name)));
    }
    // Last: until then the role is found again as ours.
    let tags = [ATTACHED_TAG, ISSUER_TAG, OWNER_TAG].map(str::to_owned);
    let tags: Vec<String> = tags.into_iter().filter(|key| role.tags.contains_key(key)).collect();
    changes.push(RoleChange::Untag(tags));
    Removal::Leave(changes)
}

/// Leaves a role that trusts nobody else.
fn alone(role: &LiveRole) -> Removal {
    let name = role.arn.name();
    if !role.is_made_by_us() {
        return Removal::Stays {
            why: format!(
                "the role {name} was not made by us and trusts this issuer alone, and a trust policy cannot be empty: \
                 give it another one (aws iam update-assume-role-policy --role-name {name} --policy-document FILE) or \
                 delete it yourself"
            ),
        };
    }
    let foreign: Vec<&str> = role
        .inline
        .keys()
        .map(String::as_str)
        .filter(|policy| !policy.starts_with(RoleSpec::INLINE_PREFIX))
        .collect();
    if !foreign.is_empty() {
        let commands = foreign
            .iter()
            .map(|policy| format!("aws iam delete-role-policy --role-name {name} --policy-name {policy}"));
        return Removal::Stays {
            why: format!(
                "the role {name} has inline policies that we did not make ({}), which would be lost with it: keep them \
                 elsewhere if they are needed, delete them, and try again: {}",
                foreign.join(", "),
                commands.collect::<Vec<_>>().join("; ")
            ),
        };
    }
    // IAM deletes a role with nothing on it alone; what was attached loses nothing but this role.
    let mut changes: Vec<RoleChange> =
        role.attached.iter().map(|arn| RoleChange::Detach(arn.clone())).collect();
    changes.extend(inline(role, |_| true));
    changes.push(RoleChange::Delete);
    Removal::Delete(changes)
}

fn inline(role: &LiveRole, wanted: impl Fn(&str) -> bool) -> Vec<RoleChange> {
    let names = role.inline.keys().filter(|name| wanted(name));
    // What IAM calls a policy is a name.
    let names = names.filter_map(|name| name.parse::<PolicyName>().ok());
    names.map(RoleChange::DeleteInline).collect()
}
