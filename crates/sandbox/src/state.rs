//! Everything that the sandbox remembers, as one value behind one lock.
//!
//! Plain data without behaviour of AWS: who changes it enforces AWS's rules first. A lock is never held across an
//! await, so a call sees and changes one consistent state.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use time::OffsetDateTime;

/// What one account and its neighbours have.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The account's buckets by name.
    pub(crate) buckets: BTreeMap<String, Bucket>,
    /// Names of buckets that somebody else has.
    pub(crate) foreign: BTreeSet<String>,
    /// The account's own public access block.
    pub(crate) account_block: Option<AccessBlock>,
    /// The OpenID Connect providers by ARN.
    pub(crate) providers: BTreeMap<String, Provider>,
}

/// One bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) region: String,
    pub(crate) created: OffsetDateTime,
    pub(crate) tags: BTreeMap<String, String>,
    /// The policy's exact text.
    pub(crate) policy: Option<String>,
    pub(crate) access_block: Option<AccessBlock>,
    pub(crate) versioning: Versioning,
    pub(crate) encryption: Encryption,
    /// The versions of each key, the newest last; a key without versions is not in the map.
    pub(crate) objects: BTreeMap<String, Vec<Version>>,
}

impl Bucket {
    /// The object that a read without a version sees.
    pub(crate) fn current(&self, key: &str) -> Option<&Object> {
        match &self.objects.get(key)?.last()?.content {
            Content::Object(object) => Some(object),
            Content::DeleteMarker => None,
        }
    }
}

/// The four settings of S3 Block Public Access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AccessBlock {
    pub(crate) block_public_acls: bool,
    pub(crate) ignore_public_acls: bool,
    pub(crate) block_public_policy: bool,
    pub(crate) restrict_public_buckets: bool,
}

impl AccessBlock {
    /// All four on: what a new bucket has.
    pub(crate) const ALL: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
}

/// Whether a bucket keeps old versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versioning {
    /// It never did.
    Never,
    /// It does.
    Enabled,
    /// It did, and what it kept is still there.
    Suspended,
}

/// How objects are encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// `AES256`, the default.
    S3,
    /// `aws:kms`, with the key's id if one was named.
    Kms(Option<String>),
}

/// One version of a key.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    /// `null` where the bucket keeps no versions.
    pub(crate) id: String,
    pub(crate) modified: OffsetDateTime,
    pub(crate) content: Content,
}

/// What a version is.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Object(Box<Object>),
    DeleteMarker,
}

/// The bytes of an object and all that is kept with them.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) body: Bytes,
    /// MD5 of the body in hex, without quotes.
    pub(crate) etag: String,
    pub(crate) content_type: String,
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) encryption: Encryption,
    /// The checksum that came with it (or the default one): algorithm as S3 spells it, value in base64.
    pub(crate) checksum: (String, String),
}

/// One OpenID Connect provider of IAM.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    /// Without `https://`, as IAM shows it.
    pub(crate) url: String,
    pub(crate) client_ids: Vec<String>,
    pub(crate) thumbprints: Vec<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) created: OffsetDateTime,
}
