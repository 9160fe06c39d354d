//! Bucket policies: what S3 takes, what it calls public, and what it says to a request.
//!
//! The policy crate reads, weighs and judges; here are the rules of a bucket and S3's words.

use issuer_policy::{Decision, Document, Effect, Kind, PolicyError, Request, Statement};

use crate::account::Account;
use crate::context::Context;
use crate::principals;
use crate::refusal::{Answer, Refusal};

/// Actions on objects and on buckets, enough to tell a statement that mixes them up.
const OBJECT_ACTIONS: [&str; 4] = ["s3:getobject", "s3:putobject", "s3:deleteobject", "s3:getobjectversion"];
const BUCKET_ACTIONS: [&str; 3] = ["s3:listbucket", "s3:getbucketlocation", "s3:listbucketversions"];

/// Reads a policy that is to be put on a bucket.
pub(super) fn parse(account: &Account, bucket: &str, text: &str) -> Answer<Document> {
    if !text.starts_with('{') {
        return Err(malformed("Policies must be valid JSON and the first byte must be '{'"));
    }
    let document = Document::parse(text).map_err(|error| refusal(&error))?;
    for statement in document.statements() {
        check(account, bucket, statement)?;
    }
    document.check_as_iam(Kind::Bucket).map_err(|error| refusal(&error))?;
    Ok(document)
}

/// Whether a bucket's policy lets the world in.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>
pub(super) fn is_public(policy: Option<&str>) -> bool {
    stored(policy).is_some_and(|document| !document.public_statements().is_empty())
}

/// What the bucket's policy says to a request that nobody signed.
pub(super) fn decide(
    account: &Account,
    context: &Context,
    policy: Option<&str>,
    action: &str,
    resource: &str,
) -> Option<Decision> {
    let mut request = Request::anonymous(action, account.s3_arn(resource));
    request.context.clone_from(context);
    stored(policy).map(|document| document.evaluate(&request))
}

/// What was put was read before: it can be read again.
fn stored(policy: Option<&str>) -> Option<Document> {
    policy.and_then(|text| Document::parse(text).ok())
}

fn check(account: &Account, bucket: &str, statement: &Statement) -> Answer<()> {
    if statement.principal().is_none() && statement.not_principal().is_none() {
        return Err(malformed("Missing required field Principal"));
    }
    if statement.not_principal().is_some() && statement.effect() == Effect::Allow {
        return Err(malformed("Allow with NotPrincipal is not allowed."));
    }
    let named = statement.principal().or(statement.not_principal());
    let state = account.state();
    if named.is_some_and(|named| principals::unknown(account, state.settled(), named).is_some()) {
        return Err(malformed("Invalid principal in policy"));
    }
    if let Some(operator) = statement.condition().unknown_operator() {
        return Err(malformed(format!("Invalid Condition type : {operator}")));
    }
    let resources = || statement.resource().iter().chain(statement.not_resource());
    if resources().next().is_none() {
        return Err(malformed("Missing required field Resource"));
    }
    // A bucket's policy speaks of that bucket.
    let (arn, objects) = (account.s3_arn(bucket), account.s3_arn(&format!("{bucket}/")));
    if resources().any(|resource| *resource != arn && !resource.starts_with(&objects)) {
        return Err(malformed("Policy has invalid resource"));
    }
    let mut actions = statement.action().iter().chain(statement.not_action());
    let is_action = |action: &String| {
        let name = action.to_ascii_lowercase();
        let name = name.strip_prefix("s3:").unwrap_or_default();
        action == "*"
            || (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':'))
    };
    if !actions.all(is_action) {
        return Err(malformed("Policy has invalid action"));
    }
    let of_bucket = statement.resource().contains(&arn);
    let of_objects = statement.resource().iter().any(|resource| *resource != arn);
    let lost = statement.action().iter().map(|action| action.to_ascii_lowercase()).any(|action| {
        (!of_objects && OBJECT_ACTIONS.contains(&action.as_str()))
            || (!of_bucket && BUCKET_ACTIONS.contains(&action.as_str()))
    });
    if lost && (of_bucket || of_objects) {
        return Err(malformed("Action does not apply to any resource(s) in statement"));
    }
    Ok(())
}

fn refusal(error: &PolicyError) -> Refusal {
    match error {
        PolicyError::Json(_) | PolicyError::NotAnObject => {
            malformed("Policies must be valid JSON and the first byte must be '{'")
        }
        PolicyError::UnknownMember { name } | PolicyError::UnknownStatementMember { name, .. } => {
            malformed(format!("Unknown field {name}"))
        }
        PolicyError::NoStatement => malformed("Missing required field Statement"),
        PolicyError::Empty { .. } => malformed("Could not parse the policy: Statement is empty!"),
        PolicyError::Version => malformed("The policy must contain a valid version string"),
        PolicyError::DuplicateSid { .. } => {
            malformed("Statement IDs (SID) in a single policy must be unique.")
        }
        PolicyError::TooLarge { .. } => {
            Refusal::new("PolicyTooLarge", 400, "Policy exceeds the maximum allowed document size.")
        }
        other => malformed(format!("Policy has invalid syntax: {other}")),
    }
}

fn malformed(text: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::new("MalformedPolicy", 400, text)
}
