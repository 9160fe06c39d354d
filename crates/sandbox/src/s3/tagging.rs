//! Tags of a bucket: always the whole set.
//!
//! Follows [PutBucketTagging](https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html).

use s3s::dto;

use super::buckets::{change_bucket, with_bucket};
use super::visit::Visit;
use crate::account::Account;
use crate::refusal::{Answer, Refusal};

/// Shows the tags.
pub(super) fn get(
    account: &Account,
    _: &Visit,
    input: dto::GetBucketTaggingInput,
) -> Answer<dto::GetBucketTaggingOutput> {
    with_bucket(account, &input.bucket, |bucket| {
        if bucket.tags.is_empty() {
            let refusal = Refusal::new("NoSuchTagSet", 404, "The TagSet does not exist");
            return Err(refusal.with("BucketName", &input.bucket));
        }
        let tag = |(key, value): (&String, &String)| dto::Tag {
            key: Some(key.clone()),
            value: Some(value.clone()),
        };
        Ok(dto::GetBucketTaggingOutput { tag_set: bucket.tags.iter().map(tag).collect() })
    })
}

/// Replaces the tags.
pub(super) fn put(
    account: &Account,
    _: &Visit,
    input: dto::PutBucketTaggingInput,
) -> Answer<dto::PutBucketTaggingOutput> {
    let tags = input.tagging.tag_set.into_iter();
    let tags =
        checked(tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect())?;
    change_bucket(account, &input.bucket, |bucket| {
        bucket.tags = tags.into_iter().collect();
        Ok(dto::PutBucketTaggingOutput::default())
    })
}

/// Takes all tags away.
pub(super) fn delete(
    account: &Account,
    _: &Visit,
    input: dto::DeleteBucketTaggingInput,
) -> Answer<dto::DeleteBucketTaggingOutput> {
    change_bucket(account, &input.bucket, |bucket| {
        bucket.tags.clear();
        Ok(dto::DeleteBucketTaggingOutput::default())
    })
}

/// Checks a set of tags: at most fifty, each key once, "Tag keys can be up to 128 characters", values up to 256.
pub(super) fn checked(tags: Vec<(String, String)>) -> Answer<Vec<(String, String)>> {
    if tags.len() > 50 {
        return Err(Refusal::new("BadRequest", 400, "Bucket tag count cannot be greater than 50"));
    }
    let invalid = |text| Refusal::new("InvalidTag", 400, text);
    for (at, (key, value)) in tags.iter().enumerate() {
        let allowed = |text: &str| {
            text.chars().all(|one| one.is_alphanumeric() || one.is_whitespace() || "_.:/=+-@".contains(one))
        };
        if !(1..=128).contains(&key.chars().count()) || !allowed(key) {
            return Err(invalid("The TagKey you have provided is invalid").with("TagKey", key));
        }
        if value.chars().count() > 256 || !allowed(value) {
            return Err(invalid("The TagValue you have provided is invalid").with("TagValue", value));
        }
        if key.starts_with("aws:") {
            return Err(invalid("System tags cannot be added/updated by requester"));
        }
        if tags[..at].iter().any(|(other, _)| other == key) {
            return Err(invalid("Cannot provide multiple Tags with the same key").with("TagKey", key));
        }
    }
    Ok(tags)
}
