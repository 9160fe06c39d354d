//! Why a plan cannot be made or applied: what was attempted, and whose refusal it was.

use std::io;
use std::path::PathBuf;

use issuer_discovery::{BucketError, BucketRefusal, DirectoryError, IssuerUrl, MergeError, ReadBackError};
use issuer_keygen::{KeyDirError, KeyError, KeyId};
use issuer_registrar::{ProviderRefusal, RegisterError};

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
