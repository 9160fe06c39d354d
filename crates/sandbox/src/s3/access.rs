//! Who may do what: expected owner, region, somebody else's buckets, anonymous callers, the bucket's own policy.
//!
//! Follows [how S3 authorizes a request][authorize] and [Block Public Access][block]. The account's one user may do
//! everything that no bucket policy denies.
//!
//! [authorize]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html
//! [block]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html

use std::sync::Arc;

use bytes::Bytes;
use issuer_policy::Decision;
use s3s::access::{S3Access, S3AccessContext};
use s3s::{S3Result, path::S3Path};

use super::effect::Effect;
use super::visit::Visit;
use super::{access_denied, names, no_such_bucket, policy};
use crate::account::{Account, Look};
use crate::refusal::{Answer, Refusal};
use crate::state::{Bucket, Encryption, State};

/// The check that s3s makes before each operation.
pub(super) struct Access(pub(super) Arc<Account>);

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let visit = Visit::of(context.extensions_mut())?;
        let operation = context.s3_op().name();
        visit.call.is("s3", operation);
        let (bucket, key) = match context.s3_path() {
            S3Path::Root => (None, ""),
            S3Path::Bucket { bucket } => (Some(&**bucket), ""),
            S3Path::Object { bucket, key } => (Some(&**bucket), &**key),
        };
        let owner =
            context.headers().get("x-amz-expected-bucket-owner").and_then(|value| value.to_str().ok());
        let version = context.uri().query().is_some_and(|query| query.contains("versionId="));
        let request = Asked { operation, bucket, key, owner, version };
        check(&self.0, &visit, &request).map_err(|refusal| visit.call.refuse(refusal))
    }
}

/// What is asked for.
struct Asked<'a> {
    operation: &'a str,
    bucket: Option<&'a str>,
    key: &'a str,
    owner: Option<&'a str>,
    version: bool,
}

/// Reads an object as an anonymous caller would, at the endpoint of `region`.
pub(crate) fn read_anonymously(
    account: &Account,
    state: &Look<'_>,
    bucket: &str,
    key: &str,
    region: Option<&str>,
) -> Answer<Bytes> {
    let found = find(state, bucket)?;
    if region.is_some_and(|region| region != found.region) {
        return Err(redirect(account, bucket, &found.region));
    }
    let effect = Effect::of(state.settled(), bucket, found);
    let restricted = effect.blocks(|block| block.restrict_public_buckets) && policy::is_public(effect.policy);
    if restricted || !policy::allows_anyone(account, effect.policy, &format!("{bucket}/{key}")) {
        return Err(access_denied());
    }
    let object = found.current(key).ok_or_else(access_denied)?;
    if object.encryption != Encryption::S3 { Err(kms_needs_a_signature()) } else { Ok(object.body.clone()) }
}

/// What an anonymous caller gets for an object under a key of KMS.
pub(super) fn kms_needs_a_signature() -> Refusal {
    let text = "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.";
    Refusal::new("InvalidArgument", 400, text)
        .with("ArgumentName", "Authorization")
        .with("ArgumentValue", "null")
}

fn check(account: &Account, visit: &Visit, asked: &Asked<'_>) -> Answer<()> {
    let Some(name) = asked.bucket else {
        return if visit.signed { Ok(()) } else { Err(access_denied()) };
    };
    names::check(name)?;
    if asked.operation == "CreateBucket" {
        return if visit.signed { Ok(()) } else { Err(access_denied()) };
    }
    let state = account.state();
    let bucket = find(&state, name)?;
    if asked.operation == "HeadBucket" {
        visit.call.header("x-amz-bucket-region", &bucket.region);
    }
    if visit.region.as_ref().is_some_and(|region| *region != bucket.region) {
        visit.call.header("x-amz-bucket-region", &bucket.region);
        return Err(redirect(account, name, &bucket.region));
    }
    // "If the account ID that you provide does not match the actual owner of the bucket, the request fails with the
    // HTTP status code 403": https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    if asked.owner.is_some_and(|owner| owner != account.config.account) {
        return Err(access_denied());
    }
    if visit.signed {
        check_signed(account, visit, asked, bucket, name)
    } else {
        let effect = Effect::of(state.settled(), name, bucket);
        check_anonymous(account, visit, asked, &effect, bucket, name)
    }
}

fn check_signed(
    account: &Account,
    visit: &Visit,
    asked: &Asked<'_>,
    bucket: &Bucket,
    name: &str,
) -> Answer<()> {
    let resource = if asked.key.is_empty() { name.to_owned() } else { format!("{name}/{}", asked.key) };
    check_denials(account, visit, bucket, &action(asked), &resource)
}

/// Refuses what the bucket's policy denies.
pub(super) fn check_denials(
    account: &Account,
    visit: &Visit,
    bucket: &Bucket,
    action: &str,
    resource: &str,
) -> Answer<()> {
    match policy::decide(account, visit, bucket.policy.as_deref(), action, resource) {
        Some(Decision::Deny { .. }) => {
            let text = format!(
                "User: {} is not authorized to perform: {action} on resource: \"{}\" \
                    with an explicit deny in a resource-based policy",
                account.caller_arn(),
                account.s3_arn(resource)
            );
            Err(Refusal::new("AccessDenied", 403, text))
        }
        _ => Ok(()),
    }
}

/// Nobody signed: only reading an object that the policy gives to everyone, unless public policies are muted.
fn check_anonymous(
    account: &Account,
    visit: &Visit,
    asked: &Asked<'_>,
    effect: &Effect<'_>,
    bucket: &Bucket,
    name: &str,
) -> Answer<()> {
    if !matches!(asked.operation, "GetObject" | "HeadObject") {
        return Err(access_denied());
    }
    // "Setting RestrictPublicBuckets to TRUE restricts access to a bucket with a public policy to only AWS service
    // principals and authorized users within the bucket owner's account".
    if effect.blocks(|block| block.restrict_public_buckets) && policy::is_public(effect.policy) {
        return Err(access_denied());
    }
    let allows = |action: &str, resource: &str| {
        let decision = policy::decide(account, visit, effect.policy, action, resource);
        decision.is_some_and(|decision| decision.is_allow())
    };
    if !allows(&action(asked), &format!("{name}/{}", asked.key)) {
        return Err(access_denied());
    }
    // "If you don't have the s3:ListBucket permission, Amazon S3 returns an HTTP status code 403" for a missing key:
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    if !asked.version && bucket.current(asked.key).is_none() && !allows("s3:ListBucket", name) {
        return Err(access_denied());
    }
    Ok(())
}

fn find<'a>(state: &'a State, name: &str) -> Answer<&'a Bucket> {
    if state.foreign.contains(name) {
        return Err(access_denied());
    }
    state.buckets.get(name).ok_or_else(|| no_such_bucket(name))
}

/// "The bucket that you are attempting to access must be addressed using the specified endpoint":
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html>
fn redirect(account: &Account, bucket: &str, region: &str) -> Refusal {
    let text = "The bucket you are attempting to access must be addressed using the specified endpoint. \
        Please send all future requests to this endpoint.";
    let suffix = account.partition.dns_suffix();
    let refusal = Refusal::new("PermanentRedirect", 301, text);
    refusal
        .with("Endpoint", format!("{bucket}.s3.{region}.{suffix}"))
        .with("Bucket", bucket)
        .with("Region", region)
}

/// The action that a policy names for an operation:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
fn action(asked: &Asked<'_>) -> String {
    let name = match asked.operation {
        "GetObject" | "HeadObject" if asked.version => "GetObjectVersion",
        "DeleteObject" if asked.version => "DeleteObjectVersion",
        "HeadObject" => "GetObject",
        "HeadBucket" | "ListObjectsV2" | "ListObjects" => "ListBucket",
        "ListObjectVersions" => "ListBucketVersions",
        "DeleteObjects" => "DeleteObject",
        "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
        "PutPublicAccessBlock" | "DeletePublicAccessBlock" => "PutBucketPublicAccessBlock",
        "DeleteBucketTagging" => "PutBucketTagging",
        "GetBucketEncryption" => "GetEncryptionConfiguration",
        "PutBucketEncryption" | "DeleteBucketEncryption" => "PutEncryptionConfiguration",
        other => other,
    };
    format!("s3:{name}")
}
