//! One change of a role, and how it is shown to who has to agree to it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use issuer_policy::Document;

use super::attached::ATTACHED_TAG;
use super::name::{PolicyArn, PolicyName, RolePath};
use super::trust_text::{self, list, size, takes};

/// One call's worth of change. All are shown as a sentence without the role's name.
#[derive(Clone, Debug, PartialEq)]
pub enum RoleChange {
    /// Make a managed policy of ours.
    CreatePolicy {
        /// Its name.
        name: PolicyName,
        /// Its path.
        path: RolePath,
        /// What it says.
        document: Document,
        /// Its tags, with those that mark it as ours.
        tags: BTreeMap<String, String>,
    },
    /// Make another text of a managed policy of ours the one that counts.
    UpdatePolicy {
        /// The policy.
        arn: String,
        /// What it has to say.
        document: Document,
        /// The version that makes room, where there are five.
        drop_version: Option<String>,
    },
    /// Make the role, with path, boundary and tags in one call: a crash leaves no half of it.
    Create {
        /// Its path.
        path: RolePath,
        /// Who may assume it.
        trust_policy: Document,
        /// The boundary.
        boundary: Option<PolicyArn>,
        /// The longest session.
        max_session: Option<Duration>,
        /// Its tags, with those that mark it as ours.
        tags: BTreeMap<String, String>,
    },
    /// Replace the trust policy; statements of others stand in it as they were.
    Trust {
        /// As it was read.
        from: Document,
        /// As it has to be.
        to: Document,
    },
    /// Set the permissions boundary.
    Boundary {
        /// As it was.
        from: Option<String>,
        /// As it has to be.
        to: PolicyArn,
    },
    /// Set the longest session.
    MaxSession {
        /// As it was.
        from: Duration,
        /// As it has to be.
        to: Duration,
    },
    /// Add or change tags.
    Tag(BTreeMap<String, String>),
    /// Take tags of ours away.
    Untag(Vec<String>),
    /// Attach a managed policy.
    Attach(String),
    /// Take away a managed policy that we attached.
    Detach(String),
    /// Write an inline policy, by its name in IAM.
    PutInline {
        /// Its name.
        name: PolicyName,
        /// What it says.
        document: Document,
    },
    /// Delete an inline policy of ours.
    DeleteInline(PolicyName),
    /// Delete the role.
    Delete,
    /// Delete a managed policy of ours, with all its versions.
    DeletePolicy {
        /// The policy.
        arn: String,
        /// Those of its versions that are not the default.
        versions: Vec<String>,
    },
}

impl RoleChange {
    /// Returns a stable word for machines.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreatePolicy { .. } => "create-policy",
            Self::UpdatePolicy { .. } => "update-policy",
            Self::Create { .. } => "create-role",
            Self::Trust { .. } => "trust-policy",
            Self::Boundary { .. } => "permissions-boundary",
            Self::MaxSession { .. } => "max-session",
            Self::Tag(_) => "tag-role",
            Self::Untag(_) => "untag-role",
            Self::Attach(_) => "attach-policy",
            Self::Detach(_) => "detach-policy",
            Self::PutInline { .. } => "put-inline-policy",
            Self::DeleteInline(_) => "delete-inline-policy",
            Self::Delete => "delete-role",
            Self::DeletePolicy { .. } => "delete-policy",
        }
    }
}

/// What the tag means that a reader of a plan has never seen.
const REMEMBERED: &str = " (what we attached, to know it again)";

fn remembers(key: &str) -> bool {
    key.starts_with(ATTACHED_TAG)
}

impl fmt::Display for RoleChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreatePolicy { name, path, document, .. } => {
                write!(f, "create managed policy {path}{name} ({})", size(document))
            }
            Self::UpdatePolicy { arn, document, drop_version } => {
                write!(f, "make a new version of managed policy {arn} the default ({})", size(document))?;
                match drop_version {
                    Some(version) => write!(f, ", in place of its version {version}, which is deleted"),
                    None => Ok(()),
                }
            }
            Self::Create { path, trust_policy, boundary, max_session, .. } => {
                let trusted = list(takes(trust_policy.statements().iter()));
                write!(f, "create under {path}, for {trusted} (trust policy of {})", size(trust_policy))?;
                if let Some(boundary) = boundary {
                    write!(f, ", bounded by {boundary}")?;
                }
                match max_session {
                    Some(session) => write!(f, ", sessions of up to {} s", session.as_secs()),
                    None => Ok(()),
                }
            }
            Self::Trust { from, to } => trust_text::change(f, from, to),
            Self::Boundary { from: None, to } => write!(f, "set the permissions boundary {to}"),
            Self::Boundary { from: Some(from), to } => {
                write!(f, "replace the permissions boundary {from} by {to}")
            }
            Self::MaxSession { from, to } => {
                write!(f, "let sessions last up to {} s instead of {} s", to.as_secs(), from.as_secs())
            }
            Self::Tag(tags) => {
                write!(f, "tag {}", list(tags.iter().map(|(key, value)| format!("{key}={value}"))))?;
                f.write_str(if tags.keys().any(|key| remembers(key)) { REMEMBERED } else { "" })
            }
            Self::Untag(keys) => {
                write!(f, "take the tags {} away", list(keys.iter().cloned()))?;
                f.write_str(if keys.iter().any(|key| remembers(key)) { REMEMBERED } else { "" })
            }
            Self::Attach(arn) => write!(f, "attach {arn}"),
            Self::Detach(arn) => write!(f, "detach {arn}"),
            Self::PutInline { name, document } => {
                write!(f, "write inline policy {name} ({})", size(document))
            }
            Self::DeleteInline(name) => write!(f, "delete inline policy {name}"),
            Self::Delete => f.write_str("delete"),
            Self::DeletePolicy { arn, versions } => {
                write!(f, "delete managed policy {arn}")?;
                match versions.len() {
                    0 => Ok(()),
                    1 => f.write_str(" and its old version"),
                    many => write!(f, " and its {many} old versions"),
                }
            }
        }
    }
}
