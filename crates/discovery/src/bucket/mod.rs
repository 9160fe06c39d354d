//! Publishing to an S3 bucket: what a bucket has to be for an issuer, and what it is.
//!
//! Access is given by a bucket policy for exactly two objects, never by an ACL
//! ([new buckets have ACLs disabled](https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html)).

#[cfg(feature = "s3")]
mod client;
mod diff;
#[cfg(feature = "s3")]
mod error;
mod leave;
#[cfg(feature = "s3")]
mod object;
#[cfg(feature = "s3")]
mod parts;
#[cfg(feature = "s3")]
mod settings;
#[cfg(feature = "s3")]
mod versions;
#[cfg(feature = "s3")]
mod withdraw;

use std::collections::BTreeMap;

use issuer_policy::{Document, Statement};
use sha2::{Digest as _, Sha256};

use crate::location::{BucketName, Prefix};
use crate::publish::{AccessBlock, LiveDocuments};
use crate::region::Region;
use crate::site::{DISCOVERY_PATH, JwksPath};

#[cfg(feature = "s3")]
pub use client::S3Publisher;
pub use diff::{Adoption, BucketRefusal, diff_bucket};
#[cfg(feature = "s3")]
pub use error::BucketError;
pub use leave::{LeaveRefusal, LeavingBucket, leave_bucket};
#[cfg(feature = "s3")]
pub use parts::BucketParts;

/// The tag that marks what this program made or was told to adopt.
pub const OWNER_TAG: &str = "issuerctl:managed";
/// Its value on what this program made.
pub const OWNER_CREATED: &str = "created";
/// Its value on what somebody else made and an administrator handed over.
pub const OWNER_ADOPTED: &str = "adopted";

/// What the Sids of our statements in bucket policies begin with.
const SID: &str = "IssuerctlPublicRead";

/// A place in a bucket for one issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketPlace {
    /// The bucket.
    pub bucket: BucketName,
    /// Its region.
    pub region: Region,
    /// The issuer's part of it.
    pub prefix: Prefix,
    /// Where the JWKS is below the prefix.
    pub jwks_path: JwksPath,
}

impl BucketPlace {
    /// Returns the bucket's ARN.
    #[must_use]
    pub fn bucket_arn(&self) -> String {
        format!("arn:{}:s3:::{}", self.region.partition(), self.bucket)
    }

    /// Returns the ARN of an object of the site.
    #[must_use]
    pub fn object_arn(&self, path: &str) -> String {
        format!("{}/{}", self.bucket_arn(), self.prefix.key(path))
    }

    /// Returns the ARNs of the two objects.
    #[must_use]
    pub fn object_arns(&self) -> [String; 2] {
        [self.object_arn(DISCOVERY_PATH), self.object_arn(self.jwks_path.as_str())]
    }

    /// Returns the one statement of the bucket policy that this issuer needs.
    #[must_use]
    pub fn statement(&self) -> Statement {
        Statement::allow_anonymous_read(self.sid(), self.object_arns())
    }

    /// Names the statement, so that issuers in one bucket do not take each other's: letters and
    /// digits are all that a Sid may have.
    #[must_use]
    pub fn sid(&self) -> String {
        if self.prefix.as_str().is_empty() {
            return SID.to_owned();
        }
        let digest = Sha256::digest(self.prefix.as_str().as_bytes());
        let hex = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>();
        format!("{SID}{hex}")
    }
}

/// A bucket as it is now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveBucket {
    /// Whether it is there, in our account.
    pub exists: bool,
    /// Its access block; none set means all four are off.
    pub block: AccessBlock,
    /// The account's own access block.
    pub account_block: AccountBlock,
    /// Its policy.
    pub policy: Option<Document>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether versioning is on.
    pub versioned: bool,
    /// The two documents.
    pub documents: LiveDocuments,
}

/// The access block of the whole account, which wins over every bucket's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountBlock {
    /// As it is set.
    Known(AccessBlock),
    /// It could not be read; why.
    Unknown(String),
}

impl Default for AccountBlock {
    fn default() -> Self {
        Self::Known(AccessBlock::default())
    }
}
