//! Who may do what: expected owner, region, somebody else's buckets, anonymous callers, the bucket's own policy.
//!
//! Follows [how S3 authorizes a request][authorize] and [Block Public Access][block]. What a signed caller may do is
//! asked where every service asks it.
//!
//! [authorize]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html
//! [block]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html

use std::iter;
use std::sync::Arc;

use http::HeaderMap;
use s3s::access::{S3Access, S3AccessContext};
use s3s::{S3Result, path::S3Path};

use super::effect::Effect;
use super::visit::Visit;
use super::{access_denied, names, no_such_bucket, operations, policy};
use crate::account::Account;
use crate::authorize::{self, Ask};
use crate::caller::Caller;
use crate::parameters::Parameters;
use crate::refusal::{Answer, Refusal};
use crate::state::{Bucket, State};

/// The action of ListBuckets.
const LIST_BUCKETS: &str = "s3:ListAllMyBuckets";

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
        let parameters = Parameters::of(context.uri());
        let request = Asked { operation, bucket, key, headers: context.headers(), parameters };
        check(&self.0, &visit, &request).map_err(|refusal| visit.call.refuse(refusal))
    }
}

/// What is asked for.
struct Asked<'a> {
    operation: &'a str,
    bucket: Option<&'a str>,
    key: &'a str,
    headers: &'a HeaderMap,
    parameters: Parameters,
}

impl Asked<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether it is about one version of an object.
    fn version(&self) -> bool {
        self.parameters.has("versionId")
    }
}

/// What an anonymous caller gets for an object under a key of KMS.
pub(super) fn kms_needs_a_signature() -> Refusal {
    let text = "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.";
    Refusal::new("InvalidArgument", 400, text)
        .with("ArgumentName", "Authorization")
        .with("ArgumentValue", "null")
}

fn check(account: &Account, visit: &Visit, asked: &Asked<'_>) -> Answer<()> {
    // What is not there no policy can allow: it has an action of its own, or none at all.
    if visit.caller.is_some() {
        operations::check(asked.operation, &asked.parameters)?;
    }
    let Some(name) = asked.bucket else {
        let caller = visit.caller.as_ref().ok_or_else(access_denied)?;
        return may(account, account.state().settled(), visit, caller, None, LIST_BUCKETS, "*");
    };
    names::check(name)?;
    let state = account.state();
    if asked.operation == "CreateBucket" {
        let caller = visit.caller.as_ref().ok_or_else(access_denied)?;
        let tagged = visit.creation()?.has_tags().then_some("s3:TagResource");
        let mut actions = iter::once("s3:CreateBucket").chain(tagged).chain(for_headers(asked));
        let may = |action| may(account, state.settled(), visit, caller, None, action, name);
        return actions.try_for_each(may);
    }
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
    if asked.header("x-amz-expected-bucket-owner").is_some_and(|owner| owner != account.config.account) {
        return Err(access_denied());
    }
    match &visit.caller {
        Some(caller) => check_signed(account, state.settled(), visit, caller, asked, bucket, name),
        None => {
            let effect = Effect::of(state.settled(), name, bucket);
            check_anonymous(account, visit, asked, &effect, bucket, name)
        }
    }
}

fn check_signed(
    account: &Account,
    settled: &State,
    visit: &Visit,
    caller: &Caller,
    asked: &Asked<'_>,
    bucket: &Bucket,
    name: &str,
) -> Answer<()> {
    // Of many deletions each is asked for on its own.
    if asked.operation == "DeleteObjects" {
        return Ok(());
    }
    let resource = if asked.key.is_empty() { name.to_owned() } else { format!("{name}/{}", asked.key) };
    let may =
        |action: &str, resource: &str| may(account, settled, visit, caller, Some(bucket), action, resource);
    may(&action(asked), &resource)?;
    for_headers(asked).into_iter().try_for_each(|action| may(action, &resource))?;
    // Who may not list a bucket does not learn what is not in it.
    let reads = matches!(asked.operation, "GetObject" | "HeadObject") && !asked.version();
    if reads && bucket.current(asked.key).is_none() { may("s3:ListBucket", name) } else { Ok(()) }
}

/// Refuses what the caller may not do, in S3's words.
pub(super) fn may(
    account: &Account,
    settled: &State,
    visit: &Visit,
    caller: &Caller,
    bucket: Option<&Bucket>,
    action: &str,
    resource: &str,
) -> Answer<()> {
    let arn = account.s3_arn(resource);
    let resource_policy = bucket.and_then(|bucket| bucket.policy.as_deref());
    let ask = Ask { action, resource: &arn, context: &visit.context, resource_policy };
    authorize::may(account, settled, caller, &ask).map_err(|denied| {
        // The list of all buckets is about none.
        let quoted = format!("\"{arn}\"");
        let resource = (action != LIST_BUCKETS).then_some(quoted.as_str());
        authorize::refusal(&caller.arn(account), action, resource, denied)
    })
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
    let reads = matches!(asked.operation, "GetObject" | "HeadObject");
    if !reads || operations::subresource(&asked.parameters).is_some() {
        return Err(access_denied());
    }
    // "Setting RestrictPublicBuckets to TRUE restricts access to a bucket with a public policy to only AWS service
    // principals and authorized users within the bucket owner's account".
    if effect.blocks(|block| block.restrict_public_buckets) && policy::is_public(effect.policy) {
        return Err(access_denied());
    }
    let allows = |action: &str, resource: &str| {
        let decision = policy::decide(account, &visit.context, effect.policy, action, resource);
        decision.is_some_and(|decision| decision.is_allow())
    };
    if !allows(&action(asked), &format!("{name}/{}", asked.key)) {
        return Err(access_denied());
    }
    // "If you don't have the s3:ListBucket permission, Amazon S3 returns an HTTP status code 403" for a missing key:
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    if !asked.version() && bucket.current(asked.key).is_none() && !allows("s3:ListBucket", name) {
        return Err(access_denied());
    }
    Ok(())
}

/// The actions that the headers of a request ask for beside its own: "If you want to grant access permissions ..., you
/// must have s3:PutObjectAcl": <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>, and for buckets
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>.
fn for_headers(asked: &Asked<'_>) -> Vec<&'static str> {
    let grants = asked.headers.keys().any(|name| name.as_str().starts_with("x-amz-grant-"));
    let acl = asked.header("x-amz-acl");
    let has = |name: &str| asked.headers.contains_key(name);
    let wanted = match asked.operation {
        "PutObject" => {
            [(grants || acl.is_some(), "s3:PutObjectAcl"), (has("x-amz-tagging"), "s3:PutObjectTagging")]
        }
        "CreateBucket" => [
            (grants || acl.is_some_and(|acl| acl != "private"), "s3:PutBucketAcl"),
            (has("x-amz-object-ownership"), "s3:PutBucketOwnershipControls"),
        ],
        _ => return Vec::new(),
    };
    wanted.into_iter().filter_map(|(wanted, action)| wanted.then_some(action)).collect()
}

pub(super) fn find<'a>(state: &'a State, name: &str) -> Answer<&'a Bucket> {
    if state.foreign.contains(name) {
        return Err(access_denied());
    }
    state.buckets.get(name).map(Arc::as_ref).ok_or_else(|| no_such_bucket(name))
}

/// "The bucket that you are attempting to access must be addressed using the specified endpoint":
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html>
pub(super) fn redirect(account: &Account, bucket: &str, region: &str) -> Refusal {
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
        "GetObject" | "HeadObject" if asked.version() => "GetObjectVersion",
        "DeleteObject" if asked.version() => "DeleteObjectVersion",
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
