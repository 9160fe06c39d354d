//! The bucket that holds the documents: it is there, ours, and keeps what is in it readable and recoverable.

use issuer_discovery::{BucketError, CallFailure, FetchError, Fetched, LiveObject, OWNER_TAG};
use issuer_relying_party::{Step, shell_word};

use super::commands::publish;
use super::published::our_key_is_published;
use crate::check::{Check, Group};
use crate::facts::{BucketFacts, Facts};
use crate::plain::{plain, plain_list, whole};
use crate::report::Finding;

pub(crate) const CHECKS: &[Check] = &[
    Check::new(Group::Bucket, "bucket/exists", "the bucket is there, and ours", &[], exists),
    Check::new(Group::Bucket, "bucket/tag", "it carries the tag that says so", &["bucket/exists"], tag),
    Check::new(
        Group::Bucket,
        "bucket/objects",
        "both documents are in it, and are what the issuer's URL serves",
        &["bucket/exists"],
        objects,
    ),
    Check::new(
        Group::Bucket,
        "bucket/encryption",
        "nobody needs a key of KMS to read them",
        &["bucket/exists"],
        encryption,
    ),
    Check::new(
        Group::Bucket,
        "bucket/versioning",
        "what is overwritten can be brought back",
        &["bucket/exists"],
        versioning,
    ),
];

pub(super) fn with(facts: &Facts, look: impl FnOnce(&BucketFacts) -> Finding) -> Finding {
    match facts.bucket.known() {
        Some(bucket) => look(bucket),
        None => Finding::skip(facts.bucket.why().unwrap_or_default()),
    }
}

/// Says why a part of the bucket cannot be seen, and what permission that takes.
pub(super) fn unseen(error: &BucketError) -> Finding {
    match error {
        BucketError::Call(call) if matches!(*call.reason, CallFailure::AccessDenied(_)) => {
            Finding::skip(format!("the permission {} on {} is missing", call.action, call.resource))
        }
        other => Finding::skip(whole(other)),
    }
}

/// Tells whether everyone can read both documents.
pub(super) fn is_readable(facts: &Facts) -> bool {
    let good = |answer: &Result<Fetched, FetchError>| matches!(answer, Ok(answer) if answer.status == 200);
    good(&facts.documents.discovery) && facts.documents.jwks.as_ref().is_some_and(good)
}

fn exists(facts: &Facts) -> Finding {
    with(facts, |bucket| {
        let name = &bucket.place.bucket;
        let account = &bucket.account.id;
        let expected = format!("{name} in {}, of account {account}", bucket.place.region);
        let provider = facts.provider.known().filter(|provider| provider.live.is_some());
        let untrust = |arn: &str| {
            format!(
                "aws iam delete-open-id-connect-provider --open-id-connect-provider-arn {}",
                shell_word(arn)
            )
        };
        match &bucket.parts.exists {
            Ok(true) => Finding::pass(expected),
            Ok(false) => match provider {
                Some(provider) => Finding::fail(
                    expected,
                    "critical: nobody has this name, and AWS still trusts the issuer: whoever makes a bucket of this \
                     name can be every service account",
                    format!("take the name back now: {}; or end the trust: {}", publish(facts), untrust(&provider.arn)),
                )
                .at(Step::Keys),
                None => Finding::fail(expected, "there is no such bucket", publish(facts)).at(Step::Keys),
            },
            Err(error @ BucketError::NotThisAccounts { .. }) => {
                let hint = "look with the credentials of the bucket's account (--profile)";
                match (our_key_is_published(facts), provider) {
                    // Somebody published our key there: most likely we did, from another account.
                    (Some(true), _) => Finding::warn(expected, whole(error), hint),
                    (_, Some(provider)) => Finding::fail(
                        expected,
                        format!("critical: {}", whole(error)),
                        format!("{hint}; if none of your accounts has it, end the trust: {}", untrust(&provider.arn)),
                    ),
                    (_, None) => Finding::fail(expected, whole(error), hint),
                }
            }
            Err(error @ (BucketError::WrongRegion { .. } | BucketError::AccountRegional { .. })) => {
                Finding::fail(
                    expected,
                    whole(error),
                    "the issuer's URL has to name the bucket's own region: give the right --issuer or --region",
                )
                .at(Step::Keys)
            }
            Err(error) => unseen(error),
        }
    })
}

fn tag(facts: &Facts) -> Finding {
    with(facts, |bucket| match &bucket.parts.tags {
        Err(error) => unseen(error),
        Ok(tags) => match tags.get(OWNER_TAG) {
            Some(value) => Finding::pass(format!("{OWNER_TAG}={}", plain(value))),
            None => Finding::warn(
                format!("the tag {OWNER_TAG}"),
                "somebody else made it, and may change or delete it",
                format!("{} --adopt-bucket", publish(facts)),
            ),
        },
    })
}

fn objects(facts: &Facts) -> Finding {
    with(facts, |bucket| {
        let served = [Some(&facts.documents.discovery), facts.documents.jwks.as_ref()];
        let [discovery_key, jwks_key] = [issuer_discovery::DISCOVERY_PATH, bucket.place.jwks_path.as_str()]
            .map(|path| bucket.place.prefix.key(path));
        let stored = [(discovery_key, &bucket.parts.discovery), (jwks_key, &bucket.parts.jwks)];
        for ((key, stored), served) in stored.into_iter().zip(served) {
            let object = match stored {
                Ok(Some(object)) => object,
                Ok(None) => {
                    return Finding::fail(format!("an object {key}"), "it is not there", publish(facts))
                        .at(Step::Keys);
                }
                Err(error) => return unseen(error),
            };
            if let Some(Ok(answer)) = served
                && answer.status == 200
                && answer.body != object.bytes
            {
                return Finding::warn(
                    format!("the issuer's URL serves {key} as it is in the bucket"),
                    "it serves other bytes: a cache in front of the bucket has an older state, or it serves another \
                     place",
                    "wait as long as it may be cached and look again, or empty the CDN's cache",
                );
            }
        }
        let jwks_path = &bucket.place.jwks_path;
        Finding::pass(if *jwks_path == facts.jwks_path {
            "both are there, and served".to_owned()
        } else {
            format!("both are there, and served: the JWKS at {jwks_path}, where the discovery document says")
        })
    })
}

fn encryption(facts: &Facts) -> Finding {
    let is_kms =
        |algorithm: Option<&str>| algorithm.is_some_and(|algorithm| algorithm.starts_with("aws:kms"));
    with(facts, |bucket| {
        let objects = [&bucket.parts.discovery, &bucket.parts.jwks];
        let encrypted = |object: &LiveObject| is_kms(object.encryption.as_deref());
        if objects.into_iter().flatten().flatten().any(encrypted) {
            return Finding::fail(
                "AES256 on both documents",
                "a document is encrypted with a key of KMS, which nobody has who reads without credentials",
                publish(facts),
            )
            .at(Step::Keys);
        }
        match &bucket.encryption {
            Err(error) => unseen(error),
            Ok(default) if is_kms(default.as_deref()) => Finding::warn(
                "AES256 as the bucket's default",
                format!(
                    "the default is {}: whoever writes a document and does not say AES256 makes it unreadable",
                    plain_list(default)
                ),
                format!(
                    "write the documents with `{}`, which says so, or change the default: aws s3api \
                     put-bucket-encryption",
                    publish(facts)
                ),
            ),
            Ok(default) => Finding::pass(default.as_deref().unwrap_or("AES256").to_owned()),
        }
    })
}

fn versioning(facts: &Facts) -> Finding {
    with(facts, |bucket| match &bucket.parts.versioned {
        Err(error) => unseen(error),
        Ok(true) => Finding::pass("versioning is on"),
        Ok(false) => Finding::warn(
            "versioning is on",
            "it is off: keys that were overwritten are gone",
            format!("{} (with --adopt-bucket where somebody else made it)", publish(facts)),
        ),
    })
}
