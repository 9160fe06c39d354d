//! Why a plan cannot be made or applied: what was attempted, and whose refusal it was.

use std::io;
use std::path::PathBuf;

use issuer_discovery::{
    BucketError, BucketRefusal, DirectoryError, IssuerUrl, LeaveRefusal, MergeError, ReadBackError,
};
use issuer_keygen::{KeyDirError, KeyError, KeyId};
use issuer_registrar::{
    AccountId, NameError, PolicyName, ProviderRefusal, RegisterError, RoleError, RoleName, RoleRefusal,
};

/// Why a plan cannot be made or applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The key directory.
    #[error(transparent)]
    KeyDir(#[from] KeyDirError),
    /// A key could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There are no keys, and none may be made here.
    #[error("there is no key in {}", .path.display())]
    NoKey {
        /// The key directory.
        path: PathBuf,
    },
    /// The issuer is live with somebody else's keys, and we have none.
    #[error("this issuer is live with the signing key{} {}, and {} holds no key", if .published.len() == 1 { "" } else { "s" }, .published.join(", "), .path.display())]
    LiveElsewhere {
        /// The kids that are live.
        published: Vec<String>,
        /// The key directory.
        path: PathBuf,
    },
    /// Our key is for another issuer.
    #[error(
        "the key {kid} is recorded for the issuer {recorded}, not for {asked}; whoever holds a key of two issuers can be every service account of both"
    )]
    OtherIssuer {
        /// The key.
        kid: KeyId,
        /// Its issuer in ring.json.
        recorded: String,
        /// The issuer that was asked for.
        asked: IssuerUrl,
    },
    /// The published documents cannot be merged with ours.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The bucket is not to be changed.
    #[error(transparent)]
    BucketRefusal(#[from] BucketRefusal),
    /// The provider is not to be changed.
    #[error(transparent)]
    ProviderRefusal(#[from] ProviderRefusal),
    /// The bucket failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The directory failed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The provider failed.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// A role is not to be changed.
    #[error(transparent)]
    RoleRefusal(#[from] RoleRefusal),
    /// A role failed.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// Roles are not to be changed, each for its own reason.
    #[error("{}", listed(.0))]
    Roles(Vec<RoleRefusal>),
    /// A role failed for good; no further one was begun.
    #[error(
        "the role {name} of the account {account} could not be finished ({done} {} done, {left} left)", roles(*.done)
    )]
    RoleStopped {
        /// The role.
        name: RoleName,
        /// The account that it lies in.
        account: AccountId,
        /// How many roles are as they should be.
        done: usize,
        /// How many are not, this one among them.
        left: usize,
        /// Why.
        #[source]
        source: Box<PlanError>,
    },
    /// Two roles of one name in one account.
    #[error(
        "two roles of the account {account} are to have the name {name}; in one account a name is given once, \
         whatever its path and its capitals"
    )]
    SameRole {
        /// The name.
        name: RoleName,
        /// The account.
        account: AccountId,
    },
    /// Two policies of one name that differ.
    #[error(
        "the roles {first} and {second} both make a policy {policy}: then it is spelled alike and says the same in both"
    )]
    SamePolicy {
        /// The policy.
        policy: PolicyName,
        /// One role.
        first: RoleName,
        /// The other.
        second: RoleName,
    },
    /// A plan of something else was given to a runner of roles.
    #[error("this plan is not one of roles")]
    OtherPlan,
    /// IAM answered with a name that is none.
    #[error("IAM answered with a name that is none")]
    Name(#[from] NameError),
    /// A role takes no tokens of this issuer.
    #[error("the role {arn} takes no tokens of this issuer, and was not made for it")]
    RoleNotOurs {
        /// The role.
        arn: String,
    },
    /// A role that cannot be left safely.
    #[error("{why}")]
    RoleStays {
        /// A sentence, with what to do by hand.
        why: String,
    },
    /// A role is wanted in an account that no credentials were given for.
    #[error("no credentials were given for the account {account}")]
    NoAccess {
        /// The account.
        account: AccountId,
    },
    /// The documents cannot be read where AWS will read them.
    #[error(transparent)]
    ReadBack(#[from] ReadBackError),
    /// A file for the cluster could not be written.
    #[error("cannot write {}", .path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// After a lost race something else would have to be done than was agreed to.
    #[error(
        "{what} was changed by somebody else meanwhile, and now other steps are needed than those that were shown"
    )]
    PlanChanged {
        /// What was changed.
        what: String,
    },
    /// What is published is not what was published a moment ago.
    #[error("the documents at the destination were changed by somebody else meanwhile")]
    PublishedChanged,
    /// Facts of a bucket and a directory were mixed up by the caller.
    #[error("these facts are not of this destination")]
    OtherDestination,
    /// The bucket is not to be deleted.
    #[error(transparent)]
    Leave(LeaveRefusal),
    /// The bucket's name would be free while IAM still trusts the issuer.
    #[error(
        "the bucket is not deleted: this program did not make the IAM provider {arn}, so it stays, and whoever takes the bucket's name would be trusted by it"
    )]
    StillTrusted {
        /// The provider.
        arn: String,
    },
    /// Others kept changing the same thing.
    #[error("{what} was changed by somebody else again and again; nothing of theirs was lost")]
    RacedTooOften {
        /// What was changed.
        what: String,
    },
}

/// Why everything is looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// Somebody else changed it meanwhile.
    Changed(String),
    /// A call of ours failed so that what it changes may have been changed all the same.
    Unsure {
        /// What.
        what: String,
        /// How the call ended.
        why: String,
    },
}

impl Again {
    /// Returns what has to be looked at.
    #[must_use]
    pub fn what(&self) -> &str {
        match self {
            Self::Changed(what) | Self::Unsure { what, .. } => what,
        }
    }
}

impl PlanError {
    /// Returns what has to be looked at again, when that is why it failed: then a new look may do.
    #[must_use]
    pub fn again(&self) -> Option<Again> {
        Some(match self {
            Self::Bucket(BucketError::Raced { what }) => Again::Changed(what.clone()),
            Self::Bucket(BucketError::Unsure { what, source }) => {
                Again::Unsure { what: what.clone(), why: source.to_string() }
            }
            Self::Directory(DirectoryError::Raced { path }) => Again::Changed(path.display().to_string()),
            Self::Register(RegisterError::Raced { arn }) => Again::Changed(arn.clone()),
            Self::Register(RegisterError::Unsure { arn, source }) => {
                Again::Unsure { what: arn.clone(), why: source.to_string() }
            }
            Self::Role(RoleError::Raced { what }) => Again::Changed(what.clone()),
            Self::Role(RoleError::Unsure { what, source }) => {
                Again::Unsure { what: what.clone(), why: source.to_string() }
            }
            Self::PublishedChanged => Again::Changed("what is published".to_owned()),
            Self::KeyDir(KeyDirError::AlreadyExists { path }) => Again::Changed(path.display().to_string()),
            _ => return None,
        })
    }

    /// Returns what to say when no new look has helped.
    pub(crate) fn in_the_end(self) -> Self {
        match self.again() {
            Some(Again::Changed(what)) => Self::RacedTooOften { what },
            _ => self,
        }
    }
}

/// Lists refusals in one sentence each, up to a bound.
fn listed(refusals: &[RoleRefusal]) -> String {
    const SHOWN: usize = 20;
    let mut shown: Vec<String> = refusals.iter().take(SHOWN).map(ToString::to_string).collect();
    if refusals.len() > SHOWN {
        shown.push(format!("and {} more", refusals.len() - SHOWN));
    }
    shown.join("; ")
}

fn roles(count: usize) -> &'static str {
    if count == 1 { "role is" } else { "roles are" }
}
