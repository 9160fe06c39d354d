//! Why a role is left as it is, and what should be read before one is changed.

use std::fmt;

use issuer_policy::{Lint, TRUST_POLICY_CHARACTERS};

use super::check::{MAX_ATTACHED, MAX_TAGS, USUAL_ATTACHED};
use super::name::{PolicyName, RoleName, RolePath};

/// What should be read before a role is changed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RoleWarning {
    /// A finding of the linter on the trust policy as it will be.
    Trust(Lint),
    /// The subject is a pattern.
    Pattern(String),
    /// The provider is not there yet: nobody can assume the role until `register` has run.
    NoProvider {
        /// The provider's ARN.
        arn: String,
    },
    /// Another issuer of ours has the role: from now on both share it.
    Joins,
    /// The role lies under another path than the one asked for; a path cannot be changed.
    OtherPath {
        /// As it is.
        found: RolePath,
    },
    /// The trust policy is over the default quota, which the account may have raised.
    NearQuota {
        /// The characters, as IAM counts them.
        characters: usize,
    },
    /// More policies are attached than IAM takes unless its quota was raised.
    Attachments {
        /// How many.
        count: usize,
    },
    /// A managed policy of ours gets another text, and more than this role has it.
    SharedPolicy {
        /// Its ARN.
        arn: String,
        /// How many others have it attached.
        others: u32,
    },
    /// Something of the role is not for this issuer to change.
    Stays {
        /// What: a tag, the boundary, the longest session.
        what: String,
    },
}

/// Why a role is left as it is.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleRefusal {
    /// It is somebody else's.
    #[error("the role {name} is not ours: it has no tag issuerctl:managed")]
    Foreign {
        /// The role.
        name: RoleName,
    },
    /// A statement that is not ours has our Sid, in a role that somebody else made or that is another issuer's.
    #[error(
        "the trust policy of the role {name} has a statement {sid} that is not ours: it does not let in this issuer's provider alone. Give it another Sid, or take it away (aws iam update-assume-role-policy --role-name {name} --policy-document FILE), and try again"
    )]
    SidTaken {
        /// The role.
        name: RoleName,
        /// The Sid.
        sid: String,
    },
    /// Nobody could assume it.
    #[error("the role {name} names no service account that may assume it")]
    NoSubject {
        /// The role.
        name: RoleName,
    },
    /// Its trust policy would be too long.
    #[error(
        "the trust policy of the role {name} would have {characters} characters; IAM takes {limit}: spread the service accounts over several roles"
    )]
    TrustTooLarge {
        /// The role.
        name: RoleName,
        /// The characters, as IAM counts them.
        characters: usize,
        /// The most characters.
        limit: usize,
    },
    /// The linter found a mistake in our own statement.
    #[error("the role {name} would trust more, or other, than it should: {}; {}", .lint.finding, .lint.hint())]
    Trust {
        /// The role.
        name: RoleName,
        /// What it is.
        lint: Lint,
    },
    /// A policy is over IAM's limit.
    #[error(
        "the policy {policy} of the role {name} has {characters} characters; IAM takes {limit} in a managed policy"
    )]
    PolicyTooLarge {
        /// The role.
        name: RoleName,
        /// The policy.
        policy: PolicyName,
        /// The characters, as IAM counts them.
        characters: usize,
        /// The most characters.
        limit: usize,
    },
    /// The inline policies are over IAM's limit.
    #[error(
        "the inline policies of the role {name} have {characters} characters together; IAM takes {limit}"
    )]
    InlineTooLarge {
        /// The role.
        name: RoleName,
        /// The characters, as IAM counts them.
        characters: usize,
        /// The most characters.
        limit: usize,
    },
    /// IAM would not take a policy.
    #[error("the policy {policy} of the role {name} is none that IAM takes: {problem}")]
    Document {
        /// The role.
        name: RoleName,
        /// The policy.
        policy: PolicyName,
        /// What is wrong with it.
        problem: String,
    },
    /// The name that an inline policy has in IAM is too long.
    #[error(
        "the inline policy {policy} of the role {name} would be called {called}, which is over 128 characters"
    )]
    InlineName {
        /// The role.
        name: RoleName,
        /// The policy.
        policy: PolicyName,
        /// Its name in IAM.
        called: String,
    },
    /// The name of an inline policy looks like that of one of an issuer that joined the role.
    #[error(
        "the inline policy of the role {name} cannot be called {policy}: 16 hexadecimal digits at the beginning stand for an issuer that joined a role"
    )]
    InlineReserved {
        /// The role.
        name: RoleName,
        /// The policy.
        policy: PolicyName,
    },
    /// Two policies whose names differ in case alone.
    #[error("the role {name} makes the policies {first} and {second}; to IAM these are one name")]
    OneName {
        /// The role.
        name: RoleName,
        /// The first.
        first: PolicyName,
        /// The second.
        second: PolicyName,
    },
    /// More policies than IAM attaches.
    #[error(
        "the role {name} would have {count} policies attached; IAM takes {USUAL_ATTACHED}, and {MAX_ATTACHED} at most"
    )]
    TooManyAttached {
        /// The role.
        name: RoleName,
        /// How many.
        count: usize,
    },
    /// A managed policy that a role of this account cannot have.
    #[error(
        "the role {name} cannot have the policy {arn}: a role takes AWS's own and those of its account, in its partition"
    )]
    ForeignPolicy {
        /// The role.
        name: RoleName,
        /// The policy.
        arn: String,
    },
    /// A managed policy that is there, and not ours to change.
    #[error(
        "the policy {arn} that the role {name} makes is there, and is not ours: it has no tags issuerctl:managed and issuerctl:issuer of this issuer"
    )]
    PolicyNotOurs {
        /// The role.
        name: RoleName,
        /// The policy.
        arn: String,
    },
    /// A tag that IAM would not take, or that is not for others to set.
    #[error("the role {name} cannot have the tag {key:?}: {problem}")]
    Tag {
        /// The role.
        name: RoleName,
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// More tags than IAM takes.
    #[error("the role {name} would have {count} tags with those of ours; IAM takes {MAX_TAGS}")]
    TooManyTags {
        /// The role.
        name: RoleName,
        /// How many.
        count: usize,
    },
    /// A session that IAM would not give.
    #[error(
        "a session of the role {name} cannot last {seconds} seconds: IAM takes 3600 to 43200, 1 to 12 hours"
    )]
    Session {
        /// The role.
        name: RoleName,
        /// How long.
        seconds: u64,
    },
}

impl fmt::Display for RoleWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trust(lint) => write!(f, "trust policy, {lint}; {}", lint.hint()),
            Self::Pattern(pattern) => write!(
                f,
                "the pattern {pattern} takes every service account that fits it, those made later too: whoever can make one there can use the role"
            ),
            Self::NoProvider { arn } => write!(
                f,
                "the IAM provider {arn} is not there: nobody can assume the role until `issuerctl register` has made it"
            ),
            Self::OtherPath { found } => {
                write!(f, "the role stays under its path {found}: IAM cannot move a role, only make it anew")
            }
            Self::NearQuota { characters } => write!(
                f,
                "the trust policy has {characters} characters; IAM takes {TRUST_POLICY_CHARACTERS} unless the account's quota was raised"
            ),
            Self::Attachments { count } => write!(
                f,
                "{count} policies are attached; IAM takes {USUAL_ATTACHED} unless the account's quota was raised"
            ),
            Self::Joins => f.write_str(
                "it is another cluster's, and this one joins it: what either gives it, the pods of both have; where \
                 that is not meant, choose another name",
            ),
            Self::SharedPolicy { arn, others } => {
                let whom = if *others == 1 { "one other, which gets" } else { "others, which get" };
                let count = if *others == 1 { String::new() } else { format!("{others} ") };
                write!(f, "the managed policy {arn} is attached to {count}{whom} its new text too")
            }
            Self::Stays { what } => write!(
                f,
                "{what} stays as it is: the role was not made for this issuer, and loses nothing by it"
            ),
        }
    }
}
