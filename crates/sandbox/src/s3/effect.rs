//! What of a bucket's settings has taken effect: S3 is eventually consistent there, and in nothing else.
//!
//! ["Bucket configurations have an eventual consistency model"][consistency]: access blocks and policies count for
//! PutBucketPolicy and for anonymous reads once they have settled. What is read back is what was written, at once.
//!
//! [consistency]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel

use crate::state::{AccessBlock, Bucket, State};

/// The settings of one bucket that count.
pub(super) struct Effect<'a> {
    blocks: [Option<AccessBlock>; 2],
    /// The policy's text.
    pub(super) policy: Option<&'a str>,
}

impl<'a> Effect<'a> {
    /// The settings of a bucket as `settled` has them; a bucket that is newer has those it was made with.
    pub(super) fn of(settled: &'a State, name: &str, bucket: &Bucket) -> Self {
        let known = settled.buckets.get(name).filter(|known| known.made == bucket.made);
        let block = known.map_or(Some(AccessBlock::ALL), |known| known.access_block);
        Self {
            blocks: [block, settled.account_block],
            policy: known.and_then(|known| known.policy.as_deref()),
        }
    }

    /// Whether a setting of Block Public Access is on, for the bucket or for its account: the stricter counts.
    pub(super) fn blocks(&self, setting: impl Fn(&AccessBlock) -> bool) -> bool {
        self.blocks.iter().flatten().any(setting)
    }
}
