//! A bucket setting by setting: who looks for what is wrong wants to see what can be seen, also when one setting
//! cannot.

use std::collections::BTreeMap;

use issuer_policy::Document;

use super::AccountBlock;
use super::client::S3Publisher;
use super::error::BucketError;
use crate::publish::{AccessBlock, LiveObject};
use crate::site::DISCOVERY_PATH;

/// A bucket as it is now: each part of it, or why it could not be read.
#[derive(Debug)]
pub struct BucketParts {
    /// Whether it is there, in our account.
    pub exists: Result<bool, BucketError>,
    /// Its access block; none set means all four are off.
    pub block: Result<AccessBlock, BucketError>,
    /// The account's own access block.
    pub account_block: Result<AccountBlock, BucketError>,
    /// Its policy.
    pub policy: Result<Option<Document>, BucketError>,
    /// Its tags.
    pub tags: Result<BTreeMap<String, String>, BucketError>,
    /// Whether versioning is on.
    pub versioned: Result<bool, BucketError>,
    /// The discovery document.
    pub discovery: Result<Option<LiveObject>, BucketError>,
    /// The JWKS.
    pub jwks: Result<Option<LiveObject>, BucketError>,
}

impl S3Publisher {
    /// Looks at everything at once; what cannot be read keeps nothing else from being read.
    pub async fn parts(&self) -> BucketParts {
        let (exists, block, account_block, policy, tags, versioned, discovery, jwks) = tokio::join!(
            async {
                self.check_name()?;
                self.head().await
            },
            self.access_block(),
            self.account_block(),
            self.policy(),
            self.tags(),
            self.versioned(),
            self.document(DISCOVERY_PATH),
            self.document(self.place.jwks_path.as_str()),
        );
        BucketParts { exists, block, account_block, policy, tags, versioned, discovery, jwks }
    }
}
