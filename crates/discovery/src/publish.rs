//! Putting the documents where the issuer URL points: what a publisher is, and what it can change.
//!
//! A publisher reads what is there, a pure diff says what has to change, and each change is applied
//! by itself, so that a plan can show, order and repeat them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use issuer_policy::Statement;
use serde::Serialize;

use crate::location::BucketName;
use crate::merge::Published;
use crate::patience::Waiting;
use crate::region::Region;
use crate::site::Object;

/// A place that documents are published to.
pub trait Publisher {
    /// What is there now.
    type Live: Send + Sync;
    /// Why it fails.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Reads everything that a diff has to know.
    ///
    /// # Errors
    /// When a part cannot be read.
    fn read(&self) -> impl Future<Output = Result<Self::Live, Self::Error>> + Send;

    /// Applies one change; a change that is there already is left as it is.
    ///
    /// # Errors
    /// When it cannot be made, or when somebody else was faster.
    fn apply(
        &self,
        change: &PublishChange,
        waiting: &(dyn Fn(&Waiting) + Send + Sync),
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Looks whether a change that was applied still stands, where somebody else's write of the same
    /// moment could have taken it away.
    ///
    /// # Errors
    /// When it does not stand, or when nobody can tell.
    fn confirm(&self, change: &PublishChange) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = change;
        async { Ok(()) }
    }
}

/// The two documents as they are published now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveDocuments {
    /// The discovery document.
    pub discovery: Option<LiveObject>,
    /// The JWKS.
    pub jwks: Option<LiveObject>,
}

/// One document as it is published now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveObject {
    /// What it holds.
    pub bytes: Vec<u8>,
    /// S3's ETag, for conditional writes.
    pub etag: Option<String>,
    /// The media type that it is served with, where the place keeps one.
    pub content_type: Option<String>,
    /// The Cache-Control header that it is served with, where the place keeps one.
    pub cache_control: Option<String>,
    /// S3's server-side encryption.
    pub encryption: Option<String>,
}

impl LiveDocuments {
    /// Returns the bytes, for a merge.
    #[must_use]
    pub fn published(&self) -> Published<'_> {
        Published {
            discovery: self.discovery.as_ref().map(|object| object.bytes.as_slice()),
            jwks: self.jwks.as_ref().map(|object| object.bytes.as_slice()),
        }
    }
}

/// What a document has to replace, so that two writers at once lose nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// Nothing: the write fails when there is something by then.
    Nothing,
    /// S3's version with this ETag.
    ETag(String),
    /// A file with these bytes.
    Bytes(Vec<u8>),
}

/// The four settings of S3 Block Public Access
/// ([user guide](https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccessBlock {
    /// Refuses new public ACLs.
    pub block_public_acls: bool,
    /// Makes public ACLs count for nothing.
    pub ignore_public_acls: bool,
    /// Refuses new public policies.
    pub block_public_policy: bool,
    /// Makes public policies count for nothing to outsiders.
    pub restrict_public_buckets: bool,
}

impl AccessBlock {
    /// What S3 sets for each new bucket since April 2023.
    pub const ALL: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
    /// What an issuer needs: no ACLs, but a policy may make two objects public.
    pub const POLICY_ONLY: Self =
        Self { block_public_policy: false, restrict_public_buckets: false, ..Self::ALL };

    /// Tells whether a public bucket policy counts for nothing or is refused.
    #[must_use]
    pub fn forbids_public_policy(self) -> bool {
        self.block_public_policy || self.restrict_public_buckets
    }
}

/// One thing to change.
#[derive(Clone, Debug, PartialEq)]
pub enum PublishChange {
    /// Make the directory.
    CreateDirectory {
        /// Where.
        path: PathBuf,
    },
    /// Make the bucket, tagged as ours in the same call.
    CreateBucket {
        /// Its name.
        bucket: BucketName,
        /// Where.
        region: Region,
        /// Its tags.
        tags: BTreeMap<String, String>,
    },
    /// Set the bucket's access block.
    AccessBlock {
        /// As it is.
        from: AccessBlock,
        /// As it has to be.
        to: AccessBlock,
        /// Foreign statements that count for nothing behind the old block and would become public.
        exposes: Vec<String>,
    },
    /// Switch versioning on.
    Versioning,
    /// Add tags to the bucket.
    Tags {
        /// Those that are missing or differ.
        add: BTreeMap<String, String>,
    },
    /// Allow everyone to read the two objects.
    Policy {
        /// Our one statement.
        statement: Statement,
        /// Whether an older one of ours is there.
        replaces: bool,
    },
    /// Write one document.
    Object {
        /// What and where.
        object: Object,
        /// What it replaces.
        replaces: Replaces,
    },
}

impl PublishChange {
    /// Returns in which stage the change belongs; those of one stage do not need each other.
    #[must_use]
    pub fn stage(&self) -> u8 {
        match self {
            Self::CreateBucket { .. } | Self::CreateDirectory { .. } => 0,
            Self::AccessBlock { .. } | Self::Versioning | Self::Tags { .. } => 1,
            // S3 refuses a public policy until the access block allows it.
            Self::Object { .. } => 1,
            Self::Policy { .. } => 2,
        }
    }

    /// Returns a stable word for machines.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateDirectory { .. } => "create-directory",
            Self::CreateBucket { .. } => "create-bucket",
            Self::AccessBlock { .. } => "access-block",
            Self::Versioning => "versioning",
            Self::Tags { .. } => "tags",
            Self::Policy { .. } => "policy",
            Self::Object { .. } => "object",
        }
    }
}

impl fmt::Display for PublishChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateDirectory { path } => write!(f, "create directory {}", path.display()),
            Self::CreateBucket { bucket, region, .. } => write!(f, "create bucket {bucket} in {region}"),
            Self::AccessBlock { from, to, exposes } => {
                let opens = from.forbids_public_policy() && !to.forbids_public_policy();
                f.write_str(if opens {
                    "let the bucket's policy, and no ACL, make objects public"
                } else {
                    "close the bucket's access block for ACLs"
                })?;
                if exposes.is_empty() {
                    return Ok(());
                }
                write!(
                    f,
                    "; what becomes public too, by statements that are there already: {}",
                    exposes.join("; ")
                )
            }
            Self::Versioning => f.write_str("switch versioning on"),
            Self::Tags { add } => {
                let list = add.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
                write!(f, "tag the bucket {}", list.join(", "))
            }
            Self::Policy { statement, replaces, .. } => write!(
                f,
                "{} bucket policy statement {}: everyone may read {}",
                if *replaces { "replace" } else { "add" },
                statement.sid().unwrap_or("-"),
                statement.resource().join(" and "),
            ),
            Self::Object { object, replaces } => write!(
                f,
                "{} {} ({} bytes, {})",
                if *replaces == Replaces::Nothing { "write" } else { "replace" },
                object.path,
                object.bytes.len(),
                object.content_type
            ),
        }
    }
}
