//! A role as far as leaving it goes: what hangs on it by name, and what keeps it from being deleted.

use super::issuing::Issuing;
use super::live::LiveRole;
use super::removal::{Removal, removal};

/// A role as far as leaving it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct LeavingRole {
    /// The role; of its inline policies the names alone.
    pub role: LiveRole,
    /// The instance profiles that it is in; IAM deletes no role that is in one. Asked for roles made by us alone: no
    /// other one is deleted.
    pub instance_profiles: Vec<String>,
    /// Whether its policies may not be read, so that none are shown: never where the role is ours by tag or path.
    pub unread: bool,
}

/// Says how this issuer leaves a role, with all that stands in the way. Pure.
#[must_use]
pub fn removal_of(issuing: &Issuing, leaving: &LeavingRole) -> Removal {
    let name = leaving.role.arn.name();
    match removal(issuing, &leaving.role) {
        Removal::NotOurs => Removal::NotOurs,
        // Without our Sid what hangs on it would never be found again.
        _ if leaving.unread => Removal::Stays {
            why: format!(
                "the role {name} trusts this issuer, and what of its policies is ours is not known: reading them \
                 needs iam:ListAttachedRolePolicies and iam:ListRolePolicies on {}",
                leaving.role.arn
            ),
        },
        // It would be refused at the end only, when all that hung on the role is gone.
        Removal::Delete(_) if !leaving.instance_profiles.is_empty() => {
            let commands = leaving.instance_profiles.iter().map(|profile| {
                format!(
                    "aws iam remove-role-from-instance-profile --instance-profile-name {profile} --role-name {name}"
                )
            });
            Removal::Stays {
                why: format!(
                    "the role {name} is in instance profiles ({}), so instances may use it: take it out of them if none \
                     does, and try again: {}",
                    leaving.instance_profiles.join(", "),
                    commands.collect::<Vec<_>>().join("; ")
                ),
            }
        }
        other => other,
    }
}
