//! Who may do what: expected owner, region, somebody else's buckets, anonymous callers, the bucket's own policy.
//!
//! Follows [how S3 authorizes a request][authorize] and [Block Public Access][block]. What a signed caller may do is
//! asked where every service asks it.
//!
//! [authorize]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html
//! [block]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html

use std::sync::Arc;

use http::HeaderMap;
use s3s::access::{S3Access, S3AccessContext};
use s3s::{S3Result, path::S3Path};

use super::effect::Effect;
use super::visit::Visit;
use super::{access_denied, names, no_such_bucket, operations, policy};
use crate::account::Account;
use crate::actions::{self, Resource, Row, When};
use crate::authorize::{self, Ask};
use crate::caller::Caller;
use crate::parameters::Parameters;
use crate::refusal::{Answer, Refusal};
use crate::state::{Bucket, State};

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

    /// Whether its parameters and headers have this about them.
    fn has(&self, when: When) -> bool {
        let acl = self.header("x-amz-acl");
        let grants = || self.headers.keys().any(|name| name.as_str().starts_with("x-amz-grant-"));
        match when {
            When::Version => self.version(),
            When::Tagged => self.headers.contains_key("x-amz-tagging"),
            // A bucket is private unless something else is asked for.
            When::Acl if self.operation == "CreateBucket" => {
                grants() || acl.is_some_and(|acl| acl != "private")
            }
            When::Acl => grants() || acl.is_some(),
            When::Ownership => self.headers.contains_key("x-amz-object-ownership"),
            When::IfMatch => self.header("if-match").is_some_and(|etag| etag != "*"),
        }
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
        let state = account.state();
        let may = |action| may(account, state.settled(), visit, caller, None, action, None);
        return actions(asked, false)?.into_iter().try_for_each(may);
    };
    names::check(name)?;
    let state = account.state();
    if asked.operation == "CreateBucket" {
        let caller = visit.caller.as_ref().ok_or_else(access_denied)?;
        let tagged = visit.creation()?.has_tags();
        let may = |action| may(account, state.settled(), visit, caller, None, action, Some(name));
        return actions(asked, tagged)?.into_iter().try_for_each(may);
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
    let resource = match row(asked)?.resource {
        Resource::Object => format!("{name}/{}", asked.key),
        _ => name.to_owned(),
    };
    let may = |action: &str, resource: &str| {
        may(account, settled, visit, caller, Some(bucket), action, Some(resource))
    };
    actions(asked, false)?.into_iter().try_for_each(|action| may(action, &resource))?;
    // Who may not list a bucket does not learn what is not in it.
    let reads = matches!(asked.operation, "GetObject" | "HeadObject") && !asked.version();
    if reads && bucket.current(asked.key).is_none() { may("s3:ListBucket", name) } else { Ok(()) }
}

/// Refuses what the caller may not do, in S3's words. The resource is a bucket or `BUCKET/KEY`; an action without one is
/// about everything.
pub(super) fn may(
    account: &Account,
    settled: &State,
    visit: &Visit,
    caller: &Caller,
    bucket: Option<&Bucket>,
    action: &str,
    resource: Option<&str>,
) -> Answer<()> {
    let arn = resource.map(|resource| account.s3_arn(resource));
    let resource_policy = bucket.and_then(|bucket| bucket.policy.as_deref());
    let resource = arn.as_deref().unwrap_or("*");
    let ask = Ask { action, resource, context: &visit.context, resource_policy };
    authorize::may(account, settled, caller, &ask).map_err(|denied| {
        let quoted = arn.map(|arn| format!("\"{arn}\""));
        authorize::refusal(&caller.arn(account), action, quoted.as_deref(), denied)
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
    let resource = format!("{name}/{}", asked.key);
    if !actions(asked, false)?.into_iter().all(|action| allows(action, &resource)) {
        return Err(access_denied());
    }
    // "If you don't have the s3:ListBucket permission, Amazon S3 returns an HTTP status code 403" for a missing key:
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    if !asked.version() && bucket.current(asked.key).is_none() && !allows("s3:ListBucket", name) {
        return Err(access_denied());
    }
    Ok(())
}

/// The actions that a request needs; whether it has tags in its body its caller knows.
fn actions(asked: &Asked<'_>, tagged: bool) -> Answer<Vec<&'static str>> {
    Ok(row(asked)?.actions(|when| tagged && when == When::Tagged || asked.has(when)))
}

/// The row of the operation: one without is not there.
fn row(asked: &Asked<'_>) -> Answer<&'static Row> {
    actions::of(actions::S3, asked.operation).ok_or_else(access_denied)
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
