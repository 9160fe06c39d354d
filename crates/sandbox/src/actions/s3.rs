//! The calls of S3 and S3 Control.
//!
//! Actions and resource types: [the reference's page on S3][reference]; which actions a call needs that differ from its
//! name is in [required permissions for S3's API operations][required].
//!
//! [reference]: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
//! [required]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html

use super::{Key, Resource, Row, When};

/// S3's rows.
pub(crate) const S3: &[Row] = &[
    Row::new("ListBuckets", "s3:ListAllMyBuckets", Resource::Any),
    // "s3:PutBucketAcl", "s3:PutBucketOwnershipControls" and, for tags, "s3:TagResource":
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    bucket("CreateBucket", "s3:CreateBucket").keys(&[Key::RequestTags, Key::TagKeys]).also(&[
        (When::Tagged, "s3:TagResource"),
        (When::Acl, "s3:PutBucketAcl"),
        (When::Ownership, "s3:PutBucketOwnershipControls"),
    ]),
    bucket("HeadBucket", "s3:ListBucket"),
    bucket("GetBucketLocation", "s3:GetBucketLocation"),
    bucket("DeleteBucket", "s3:DeleteBucket"),
    bucket("GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    bucket("PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    bucket("DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    bucket("GetBucketPolicy", "s3:GetBucketPolicy"),
    bucket("PutBucketPolicy", "s3:PutBucketPolicy"),
    bucket("DeleteBucketPolicy", "s3:DeleteBucketPolicy"),
    bucket("GetBucketPolicyStatus", "s3:GetBucketPolicyStatus"),
    bucket("GetBucketTagging", "s3:GetBucketTagging"),
    bucket("PutBucketTagging", "s3:PutBucketTagging"),
    bucket("DeleteBucketTagging", "s3:PutBucketTagging"),
    bucket("GetBucketVersioning", "s3:GetBucketVersioning"),
    bucket("PutBucketVersioning", "s3:PutBucketVersioning"),
    bucket("GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    bucket("PutBucketEncryption", "s3:PutEncryptionConfiguration"),
    bucket("GetBucketOwnershipControls", "s3:GetBucketOwnershipControls"),
    bucket("PutBucketAcl", "s3:PutBucketAcl"),
    object("PutObjectAcl", "s3:PutObjectAcl").instead(When::Version, "s3:PutObjectVersionAcl"),
    bucket("ListObjectsV2", "s3:ListBucket"),
    bucket("ListObjectVersions", "s3:ListBucketVersions"),
    object("GetObject", "s3:GetObject").instead(When::Version, "s3:GetObjectVersion"),
    object("HeadObject", "s3:GetObject").instead(When::Version, "s3:GetObjectVersion"),
    // Of If-Match with an ETag the enforcing policies say that reading is needed too:
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    object("PutObject", "s3:PutObject").also(&[
        (When::Acl, "s3:PutObjectAcl"),
        (When::Tagged, "s3:PutObjectTagging"),
        (When::IfMatch, "s3:GetObject"),
    ]),
    // "conditional deletes with a specific ETag value require both s3:DeleteObject and s3:GetObject permissions":
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-delete-enforce.html
    object("DeleteObject", "s3:DeleteObject")
        .instead(When::Version, "s3:DeleteObjectVersion")
        .also(&[(When::IfMatch, "s3:GetObject")]),
    // Each of its objects is asked for as for a deletion of its own.
    object("DeleteObjects", "s3:DeleteObject")
        .instead(When::Version, "s3:DeleteObjectVersion")
        .also(&[(When::IfMatch, "s3:GetObject")]),
];

/// S3 Control's rows.
pub(crate) const S3_CONTROL: &[Row] = &[
    Row::new("GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock", Resource::Any),
    Row::new("PutPublicAccessBlock", "s3:PutAccountPublicAccessBlock", Resource::Any),
    Row::new("DeletePublicAccessBlock", "s3:PutAccountPublicAccessBlock", Resource::Any),
];

const fn bucket(call: &'static str, action: &'static str) -> Row {
    Row::new(call, action, Resource::Bucket)
}

const fn object(call: &'static str, action: &'static str) -> Row {
    Row::new(call, action, Resource::Object)
}
