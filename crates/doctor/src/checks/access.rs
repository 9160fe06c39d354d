//! Who may do what in the bucket: everyone may read the two documents, through the policy, and nobody anything else.
//!
//! [Blocking public access](https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html);
//! [ACLs are off on new buckets](https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html).

use issuer_discovery::{AccessBlock, AccountBlock};
use issuer_policy::{Decision, Document, Request};
use issuer_relying_party::{Step, known_context, shell_word};

use super::bucket::{is_readable, unseen, with};
use super::commands::{is_on_s3, publish};
use crate::check::{Check, Group};
use crate::facts::{BucketFacts, Facts};
use crate::plain::{plain, plain_list};
use crate::report::Finding;

pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        Group::Bucket,
        "bucket/account-block",
        "the account lets a bucket policy make objects public",
        &["bucket/exists"],
        account_block,
    ),
    Check::new(
        Group::Bucket,
        "bucket/access-block",
        "the bucket lets its policy make objects public, and no ACL",
        &["bucket/exists"],
        access_block,
    ),
    Check::new(
        Group::Bucket,
        "bucket/policy",
        "the bucket policy lets everyone read both documents",
        &["bucket/exists"],
        policy,
    ),
];

/// What stands in front of a private bucket makes it public, and no setting of the bucket needs to.
fn served_by_another(facts: &Facts) -> Option<Finding> {
    (!is_on_s3(facts) && is_readable(facts))
        .then(|| Finding::pass("the bucket may be private: another host serves the documents"))
}

/// Judges the settings that are about public policies; nothing when both are off.
///
/// RestrictPublicBuckets mutes a policy that is public; BlockPublicPolicy refuses one that is to become so, and leaves
/// those that are there
/// ([block public access settings](https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-options)).
fn in_the_way(
    facts: &Facts,
    block: AccessBlock,
    expected: &str,
    muted: &str,
    hint: String,
) -> Option<Finding> {
    let found = match (block.block_public_policy, block.restrict_public_buckets) {
        (false, false) => return None,
        (blocks, true) => {
            let and = if blocks { "BlockPublicPolicy and " } else { "" };
            let actual = format!("{and}RestrictPublicBuckets on: {muted}");
            Finding::fail(expected, actual, hint).at(Step::Keys)
        }
        (true, false) => Finding::warn(
            expected,
            "BlockPublicPolicy is on: what is public stays so, and the next policy change will be refused",
            hint,
        ),
    };
    Some(served_by_another(facts).unwrap_or(found))
}

fn account_block(facts: &Facts) -> Finding {
    with(facts, |bucket| match &bucket.parts.account_block {
        Err(error) => unseen(error),
        Ok(AccountBlock::Unknown(why)) => Finding::skip(format!(
            "the permission s3:GetAccountPublicAccessBlock may be missing: {}",
            plain(why)
        )),
        Ok(AccountBlock::Known(block)) => {
            let found = in_the_way(
                facts,
                *block,
                "BlockPublicPolicy and RestrictPublicBuckets are off for the account",
                "the account's block wins over every bucket",
                "serve the documents from another account, from a web server (issuerctl publish --dir DIR), or \
                 through CloudFront with a private bucket; the account's block protects all its other buckets"
                    .to_owned(),
            );
            found.unwrap_or_else(|| Finding::pass("nothing is in the way"))
        }
    })
}

fn access_block(facts: &Facts) -> Finding {
    with(facts, |bucket| match &bucket.parts.block {
        Err(error) => unseen(error),
        Ok(block) => {
            let expected = "BlockPublicPolicy and RestrictPublicBuckets are off";
            match in_the_way(facts, *block, expected, "the policy counts for nothing", publish(facts)) {
                Some(found) => found,
                None if block.block_public_acls && block.ignore_public_acls => {
                    Finding::pass("policies may, ACLs may not")
                }
                None => Finding::warn(
                    "BlockPublicAcls and IgnorePublicAcls are on",
                    "an ACL could make any object of the bucket public",
                    publish(facts),
                ),
            }
        }
    })
}

fn policy(facts: &Facts) -> Finding {
    with(facts, |bucket| {
        let policy = match &bucket.parts.policy {
            Err(error) => return unseen(error),
            Ok(policy) => policy.clone().unwrap_or_else(Document::empty),
        };
        let expected = "Allow, Principal *, s3:GetObject on the two documents";
        let judged =
            bucket.place.object_arns().map(|arn| (policy.evaluate(&anonymous(facts, bucket, &arn)), arn));
        // What is certain goes before what is not.
        let problem = judged
            .iter()
            .filter(|(decision, _)| !decision.is_allow())
            .min_by_key(|(decision, _)| unknown(decision).is_some());
        let Some((decision, resource)) = problem else { return Finding::pass(expected) };
        if let Some(fine) = served_by_another(facts) {
            return fine;
        }
        if let Some(unknown) = unknown(decision) {
            let (actual, hint) = match decision {
                Decision::Deny { sid, .. } => (
                    format!("the statement {} may deny it", name(sid.as_deref())),
                    "look whether its condition holds for those who read without credentials; STS reads over TLS, from \
                     addresses of AWS"
                        .to_owned(),
                ),
                _ => (
                    "a statement may allow it".to_owned(),
                    format!("add a statement without a condition, as this does: {}", publish(facts)),
                ),
            };
            return Finding::warn(
                expected,
                format!("it cannot be judged here whether everyone may read {resource}: {actual}; {unknown}"),
                hint,
            );
        }
        let (actual, hint) = match decision {
            Decision::Deny { sid, .. } => (
                format!("the statement {} denies everyone to read {resource}", name(sid.as_deref())),
                format!(
                    "take it out of the policy: aws s3api get-bucket-policy --bucket {}",
                    shell_word(bucket.place.bucket.as_str())
                ),
            ),
            // S3 asks the policy and the ACLs: what is read all the same is public by an ACL.
            _ if is_readable(facts) => (
                format!(
                    "no statement lets everyone read {resource}; it is public by an ACL alone, which new buckets do \
                     not have"
                ),
                publish(facts),
            ),
            _ if policy.is_empty() => (
                format!(
                    "there is no bucket policy, and an ACL makes nothing public in buckets made since 2023: nobody \
                     can read {resource}"
                ),
                publish(facts),
            ),
            _ => (format!("no statement lets everyone read {resource}"), publish(facts)),
        };
        if is_readable(facts) {
            return Finding::warn(expected, actual, hint);
        }
        Finding::fail(expected, actual, hint).at(Step::Keys)
    })
}

/// An anonymous read over TLS, at this time.
fn anonymous(facts: &Facts, bucket: &BucketFacts, resource: &str) -> Request {
    let context = known_context(facts.now, Some(bucket.place.region.as_str()));
    Request { context, ..Request::anonymous("s3:GetObject", resource) }
}

/// What a decision depends on that is not known; nothing when it is certain.
fn unknown(decision: &Decision) -> Option<String> {
    match decision {
        Decision::Deny { unknown, .. } | Decision::NoMatch { unknown } if !unknown.is_empty() => {
            Some(plain_list(unknown.iter().map(ToString::to_string)))
        }
        _ => None,
    }
}

fn name(sid: Option<&str>) -> String {
    plain(sid.unwrap_or("without a Sid"))
}
