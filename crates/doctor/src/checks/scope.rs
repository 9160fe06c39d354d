//! What the bucket policy lets anybody do beside reading the two documents: whoever writes the keys can be every service
//! account.
//!
//! [Actions of S3](https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html).

use std::collections::BTreeSet;

use issuer_discovery::DISCOVERY_PATH;
use issuer_policy::{Decision, Document, Effect, Principal, Request, RequestPrincipal, Statement};
use issuer_relying_party::{known_context, shell_word};

use super::bucket::{unseen, with};
use super::commands::publish;
use crate::check::{Check, Group};
use crate::facts::{BucketFacts, Facts};
use crate::plain::{plain, plain_list};
use crate::report::Finding;

pub(crate) const CHECKS: &[Check] = &[Check::new(
    Group::Bucket,
    "bucket/policy-scope",
    "and lets everyone do nothing else, and nobody of another account write",
    &["bucket/exists"],
    policy_scope,
)];

/// What changes a document, or who may.
const WRITES_OBJECTS: [&str; 5] =
    ["s3:PutObject", "s3:PutObjectAcl", "s3:ReplicateObject", "s3:DeleteObject", "s3:DeleteObjectVersion"];

/// What changes who may write, or takes the documents away with the bucket.
const WRITES_BUCKET: [&str; 8] = [
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketOwnershipControls",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
    "s3:DeleteBucket",
];

/// The account of everybody else, where a statement names nobody: AWS gives none such a number.
const SOMEBODY: &str = "000000000000";

fn policy_scope(facts: &Facts) -> Finding {
    with(facts, |bucket| {
        let policy = match &bucket.parts.policy {
            Err(error) => return unseen(error),
            Ok(None) => return Finding::pass("nothing is public"),
            Ok(Some(policy)) => policy,
        };
        let public = policy.public_statements();
        let listed =
            |statements: &[&&Statement]| plain_list(statements.iter().map(|statement| describe(statement)));
        let look = format!(
            "aws s3api get-bucket-policy --bucket {}, then put-bucket-policy",
            shell_word(bucket.place.bucket.as_str())
        );
        let changing: Vec<_> = public.iter().filter(|statement| !reads_alone(statement)).collect();
        if !changing.is_empty() {
            return Finding::fail(
                "everyone may read, and nothing else",
                format!(
                    "critical, whoever writes the keys can be every service account: {}",
                    listed(&changing)
                ),
                format!("take that out of the policy: {look}"),
            );
        }
        let strangers = strangers(facts, bucket, policy);
        if !strangers.is_empty() {
            return Finding::warn(
                format!("nobody but account {} writes to the bucket", bucket.account.id),
                format!("whoever writes the keys can be every service account: {}", plain_list(&strangers)),
                format!("take that out of the policy, unless that account is as trusted as this one: {look}"),
            );
        }
        let wider: Vec<_> =
            public.iter().filter(|statement| !is_documents_alone(statement, bucket)).collect();
        if wider.is_empty() {
            return Finding::pass("nothing else is public");
        }
        Finding::warn(
            "everyone may read the documents of issuers, and nothing else",
            listed(&wider),
            format!(
                "take that out of the policy: {look}; what the issuer needs comes back with `{}`",
                publish(facts)
            ),
        )
    })
}

/// Says who of another account may write, statement by statement.
fn strangers(facts: &Facts, bucket: &BucketFacts, policy: &Document) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for statement in policy.statements().iter().filter(|statement| statement.effect() == Effect::Allow) {
        for (who, principal) in principals(statement, bucket.account.id.as_str()) {
            if writes(facts, bucket, policy, statement, &principal) {
                found.insert(format!("{} may by {}", plain(&who), describe(statement)));
            }
        }
    }
    found
}

/// Who of those that a statement speaks of is not of our account, in words and as one who asks.
fn principals(statement: &Statement, ours: &str) -> Vec<(String, RequestPrincipal)> {
    let Some(principal) = statement.principal() else {
        let left_out = statement.not_principal().is_some();
        let anybody = ("everyone but a few".to_owned(), RequestPrincipal::Account(SOMEBODY.to_owned()));
        return left_out.then_some(anybody).into_iter().collect();
    };
    let mut found = Vec::new();
    if principal.includes_anyone() {
        let whom = "everyone whom its condition lets in".to_owned();
        found.push((whom, RequestPrincipal::Account(SOMEBODY.to_owned())));
    }
    found.extend(named(principal, ours));
    let services = principal.values("Service");
    found
        .extend(services.map(|service| {
            (format!("the service {service}"), RequestPrincipal::Service(service.to_owned()))
        }));
    let canonical = principal.values("CanonicalUser");
    found.extend(
        canonical
            .map(|id| (format!("the canonical user {id}"), RequestPrincipal::Account(SOMEBODY.to_owned()))),
    );
    found
}

/// The accounts, users and roles that are named and are not ours. What is no ARN is somebody who was deleted.
fn named(principal: &Principal, ours: &str) -> impl Iterator<Item = (String, RequestPrincipal)> {
    principal.values("AWS").filter_map(move |value| {
        let account = if value.starts_with("arn:") { value.split(':').nth(4)? } else { value };
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let whole = value == account || value.ends_with(":root");
        let caller = if whole {
            RequestPrincipal::Account(account.to_owned())
        } else {
            RequestPrincipal::Arn(value.to_owned())
        };
        let who = if value == account {
            format!("account {account}")
        } else {
            format!("account {account} ({value})")
        };
        (is_account && account != ours).then_some((who, caller))
    })
}

/// Tells whether one who asks may, or might, change the documents through this statement.
fn writes(
    facts: &Facts,
    bucket: &BucketFacts,
    policy: &Document,
    statement: &Statement,
    principal: &RequestPrincipal,
) -> bool {
    let mut alone = Document::empty();
    alone.merge(statement.clone());
    let mut context = known_context(facts.now, Some(bucket.place.region.as_str()));
    if let RequestPrincipal::Account(account) = principal {
        context.insert("aws:PrincipalAccount".to_owned(), vec![account.clone()]);
    }
    let may = |action: &str, resource: &str| {
        let request =
            Request { context: context.clone(), ..Request::by(principal.clone(), action, resource) };
        let allows = match alone.evaluate(&request) {
            Decision::Allow { .. } => true,
            Decision::NoMatch { unknown } => !unknown.is_empty(),
            Decision::Deny { .. } => false,
        };
        allows && !matches!(policy.evaluate(&request), Decision::Deny { unknown, .. } if unknown.is_empty())
    };
    let objects = bucket.place.object_arns();
    WRITES_OBJECTS.iter().any(|action| objects.iter().any(|object| may(action, object)))
        || WRITES_BUCKET.iter().any(|action| may(action, &bucket.place.bucket_arn()))
}

fn describe(statement: &Statement) -> String {
    let actions = if statement.action().is_empty() {
        "all but some actions".to_owned()
    } else {
        statement.action().join(", ")
    };
    let resources = if statement.resource().is_empty() {
        "all but some objects".to_owned()
    } else {
        statement.resource().join(", ")
    };
    format!("{}: {actions} on {resources}", statement.sid().unwrap_or("a statement without Sid"))
}

fn reads_alone(statement: &Statement) -> bool {
    let reads = |action: &String| {
        let action = action.to_ascii_lowercase();
        ["s3:get", "s3:list", "s3:head"].iter().any(|prefix| action.starts_with(prefix))
    };
    !statement.action().is_empty() && statement.action().iter().all(reads)
}

/// Tells whether a statement opens documents of issuers and nothing else: this one's, or another's in the same bucket.
fn is_documents_alone(statement: &Statement, bucket: &BucketFacts) -> bool {
    let paths = [DISCOVERY_PATH, bucket.place.jwks_path.as_str(), "openid/v1/jwks", "keys.json"];
    let root = bucket.place.bucket_arn();
    let is_document = |resource: &String| {
        let key = resource.strip_prefix(root.as_str()).unwrap_or_default();
        paths.iter().any(|path| key.strip_suffix(path).is_some_and(|rest| rest.ends_with('/')))
    };
    let get = |action: &String| action.eq_ignore_ascii_case("s3:GetObject");
    statement.action().iter().all(get)
        && !statement.resource().is_empty()
        && statement.resource().iter().all(is_document)
}
