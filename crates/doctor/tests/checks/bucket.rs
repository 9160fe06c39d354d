//! The bucket.

use issuer_discovery::BucketError;

use crate::Case;
use crate::change::{bucket, not_ours};
use crate::healthy::{denied, key, other_key, served, site, stored};

pub(crate) const CASES: &[Case] = &[
    // The takeover: whoever makes a bucket of this name is the issuer.
    (
        "the bucket's name was released",
        |facts| bucket(facts).parts.exists = Ok(false),
        "
        fail bucket/exists [keys]",
    ),
    (
        "the bucket is another account's, and our key is there",
        |facts| bucket(facts).parts.exists = Err(not_ours()),
        "
        warn bucket/exists",
    ),
    (
        "the bucket is another account's, and so are the keys",
        |facts| {
            bucket(facts).parts.exists = Err(not_ours());
            facts.documents.jwks = Some(Ok(served(site(&[other_key()]).jwks())));
        },
        "
        fail bucket/exists
        fail documents/our-key [keys]
        fail token/key [keys]
        fail token/verdict [keys]",
    ),
    (
        "the bucket is in another region",
        |facts| {
            bucket(facts).parts.exists = Err(BucketError::WrongRegion {
                bucket: "oidc-bucket".to_owned(),
                found: "us-east-1".to_owned(),
                asked: "eu-west-1".to_owned(),
            });
        },
        "
        fail bucket/exists [keys]",
    ),
    (
        "the bucket may not be looked at",
        |facts| bucket(facts).parts.exists = Err(denied("s3:ListBucket").into()),
        "
        skip bucket/exists",
    ),
    (
        "the tags may not be looked at",
        |facts| bucket(facts).parts.tags = Err(denied("s3:GetBucketTagging").into()),
        "
        skip bucket/tag",
    ),
    (
        "somebody else made the bucket",
        |facts| bucket(facts).parts.tags = Ok(Default::default()),
        "
        warn bucket/tag",
    ),
    (
        "a document is not in the bucket",
        |facts| bucket(facts).parts.jwks = Ok(None),
        "
        fail bucket/objects [keys]",
    ),
    (
        "a cache in front of the bucket is stale",
        |facts| {
            bucket(facts).parts.jwks = Ok(Some(stored(site(&[key(), other_key()]).jwks())));
        },
        "
        warn bucket/objects",
    ),
    (
        "a document is encrypted with KMS",
        |facts| {
            if let Ok(Some(object)) = &mut bucket(facts).parts.jwks {
                object.encryption = Some("aws:kms".to_owned());
            }
        },
        "
        fail bucket/encryption [keys]",
    ),
    (
        "the bucket's default is KMS",
        |facts| bucket(facts).encryption = Ok(Some("aws:kms:dsse".to_owned())),
        "
        warn bucket/encryption",
    ),
    (
        "versioning is off",
        |facts| bucket(facts).parts.versioned = Ok(false),
        "
        warn bucket/versioning",
    ),
];
