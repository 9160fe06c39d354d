//! What has to happen so that nothing in a role is left of an issuer.
//!
//! Our statement goes last: until then it says that the role speaks of us, so that whoever begins again finds it, wherever
//! it ended. What hangs on the role goes before that, and nobody has more on the way.

use std::collections::BTreeMap;

use issuer_discovery::OWNER_TAG;
use issuer_policy::{Effect, Statement};

use super::attached::{ATTACHED_TAG, Attached, Memory, is_memory, joined_tag};
use super::change::RoleChange;
use super::check::joined_prefix;
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
    /// Others use it: it loses our statement, last. An issuer that joined takes back what it attached and nobody else of
    /// ours has attached too. One that the role is for hands it over to another issuer of ours, with all that hangs on it;
    /// where there is none, a role that was taken over loses what we attached, and one that we made keeps it for who
    /// uses the role now.
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
    let (ours, theirs): (Vec<&Statement>, Vec<&Statement>) =
        role.trust_policy.statements().iter().partition(|statement| trust::is_ours(statement, issuing));
    let used = !ours.is_empty() || role.is_for(issuing);
    let prefix = joined_prefix(issuing);
    let joined = inline(role, |name| name.starts_with(&prefix));
    if !used && joined.is_empty() && !role.tags.contains_key(&joined_tag(issuing)) {
        return Removal::NotOurs;
    }
    // Who is denied does not use it.
    let others = theirs.iter().any(|statement| statement.effect() == Effect::Allow);
    if used && !others && (role.is_made_by_us() || theirs.is_empty()) {
        return alone(role);
    }
    let mut changes = joined;
    let next = theirs.iter().find_map(|statement| trust::issuer_of(statement, issuing));
    match next {
        _ if !role.is_for(issuing) => joiner(issuing, role, &mut changes),
        Some(next) => hand_over(issuing, role, next, &mut changes),
        None => last_of_ours(issuing, role, &mut changes),
    }
    let to = trust::without(&role.trust_policy, issuing);
    if to != role.trust_policy {
        changes.push(RoleChange::Trust { from: role.trust_policy.clone(), to });
    }
    Removal::Leave(changes)
}

/// An issuer that joined takes back what is its own alone.
fn joiner(issuing: &Issuing, role: &LiveRole, changes: &mut Vec<RoleChange>) {
    let memory = Memory::of(&role.tags, issuing, false);
    detach(role, |arn| memory.is_own_alone(arn), changes);
    untag(role, |key| key == joined_tag(issuing), changes);
}

/// Who uses the role now needs what hangs on it, and has it to take away from now on.
fn hand_over(issuing: &Issuing, role: &LiveRole, next: &str, changes: &mut Vec<RoleChange>) {
    let mut tags = BTreeMap::from([(ISSUER_TAG.to_owned(), next.to_owned())]);
    // What is remembered where the next one does not look.
    if role.tags.contains_key(&joined_tag(issuing)) {
        let memory = Memory::of(&role.tags, issuing, true).own;
        let attached: Attached =
            role.attached.iter().map(String::as_str).filter(|arn| memory.holds(arn)).collect();
        tags.extend(attached.value().map(|value| (ATTACHED_TAG.to_owned(), value)));
    }
    changes.push(RoleChange::Tag(tags));
    untag(role, |key| key == joined_tag(issuing), changes);
}

/// Nobody of ours is left to take away later what any of us put there.
fn last_of_ours(issuing: &Issuing, role: &LiveRole, changes: &mut Vec<RoleChange>) {
    if !role.is_made_by_us() {
        let (memory, prefix) = (Memory::of(&role.tags, issuing, true), joined_prefix(issuing));
        changes.extend(inline(role, |name| {
            name.starts_with(RoleSpec::INLINE_PREFIX) && !name.starts_with(&prefix)
        }));
        detach(role, |arn| memory.holds(arn), changes);
    }
    untag(role, |key| is_memory(key) || key == ISSUER_TAG || key == OWNER_TAG, changes);
}

/// Leaves a role that trusts nobody else, and so goes whole or not at all.
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

fn detach(role: &LiveRole, goes: impl Fn(&str) -> bool, changes: &mut Vec<RoleChange>) {
    let attached = role.attached.iter().filter(|arn| goes(arn));
    changes.extend(attached.map(|arn| RoleChange::Detach(arn.clone())));
}

fn untag(role: &LiveRole, goes: impl Fn(&str) -> bool, changes: &mut Vec<RoleChange>) {
    let keys: Vec<String> = role.tags.keys().filter(|key| goes(key)).cloned().collect();
    if !keys.is_empty() {
        changes.push(RoleChange::Untag(keys));
    }
}

fn inline(role: &LiveRole, wanted: impl Fn(&str) -> bool) -> Vec<RoleChange> {
    let names = role.inline.keys().filter(|name| wanted(name));
    // What IAM calls a policy is a name.
    let names = names.filter_map(|name| name.parse::<PolicyName>().ok());
    names.map(RoleChange::DeleteInline).collect()
}
