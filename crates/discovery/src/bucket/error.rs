//! Why publishing to a bucket fails, in words for whoever runs the cluster.

use std::error::Error as StdError;

use issuer_policy::PolicyError;

use crate::call::CallError;

/// Why publishing to a bucket fails.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The bucket is somewhere else.
    #[error("the bucket {bucket} is in {found}, not in {asked}")]
    WrongRegion {
        /// The bucket.
        bucket: String,
        /// Where S3 says that it is.
        found: String,
        /// Where we looked.
        asked: String,
    },
    /// It is not there.
    #[error("there is no bucket {bucket}")]
    Missing {
        /// The bucket.
        bucket: String,
    },
    /// It is there, but not this account's (or this account may not look at it).
    #[error(
        "the bucket {bucket} exists, but belongs to another account than {account}, or s3:ListBucket on it is not allowed"
    )]
    NotThisAccounts {
        /// The bucket.
        bucket: String,
        /// Our account.
        account: String,
    },
    /// Somebody else has the name.
    #[error(
        "the bucket name {bucket} is taken by somebody else; bucket names are shared by all accounts of AWS"
    )]
    NameTaken {
        /// The bucket.
        bucket: String,
    },
    /// The name is bound to another account or region.
    #[error(
        "the bucket name {bucket} is bound to account {account} and region {region} by its own text; this is account {ours}, and the region asked for is {asked}"
    )]
    AccountRegional {
        /// The bucket.
        bucket: String,
        /// The account in the name.
        account: String,
        /// The region in the name.
        region: String,
        /// Our account.
        ours: String,
        /// The region that was asked for.
        asked: String,
    },
    /// The policy that is there cannot be read.
    #[error("the policy of bucket {bucket} cannot be read, so it is left as it is")]
    Policy {
        /// The bucket.
        bucket: String,
        /// Why.
        #[source]
        source: PolicyError,
    },
    /// An object is larger than any document.
    #[error("the object {key} in bucket {bucket} is larger than a document of an issuer can be")]
    TooLarge {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// An object's body could not be read to its end.
    #[error("the object {key} in bucket {bucket} could not be read to its end")]
    Body {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Somebody else was faster.
    #[error("{what} was changed by somebody else meanwhile")]
    Raced {
        /// What was.
        what: String,
    },
    /// A call that must not be repeated blindly failed so that it may have been carried out.
    #[error("what became of {what} is not known")]
    Unsure {
        /// What may have been changed.
        what: String,
        /// How the call ended.
        #[source]
        source: CallError,
    },
    /// Others have put something into a bucket that was to be deleted.
    #[error("the bucket {bucket} is not deleted: something else is in it by now")]
    NotEmpty {
        /// The bucket.
        bucket: String,
    },
    /// A change that no bucket has; a plan for a bucket has none of them.
    #[error("`{0}` is no change of a bucket")]
    NotForBuckets(&'static str),
    /// S3 kept refusing the policy although the access block allows it.
    #[error(
        "S3 has refused the bucket policy for {seconds} s: public policies are blocked by the bucket's, the account's or an organisation's access block"
    )]
    StillBlocked {
        /// How long we waited.
        seconds: u64,
        /// The last refusal.
        #[source]
        source: CallError,
    },
}
