//! Buckets: the list, where they are, whether they are there, and their end.
//!
//! Follows [ListBuckets][list], [HeadBucket][head], [GetBucketLocation][location] and [DeleteBucket][delete].
//!
//! [list]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
//! [head]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
//! [location]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
//! [delete]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html

use std::collections::BTreeMap;
use std::sync::Arc;

use s3s::dto;

use super::no_such_bucket;
use super::visit::Visit;
use crate::account::Account;
use crate::refusal::{Answer, Refusal};
use crate::state::{Bucket, Versioning};

/// Looks at a bucket.
pub(super) fn with_bucket<T>(
    account: &Account,
    name: &str,
    look: impl FnOnce(&Bucket) -> Answer<T>,
) -> Answer<T> {
    look(account.state().buckets.get(name).ok_or_else(|| no_such_bucket(name))?)
}

/// Changes a bucket.
pub(super) fn change_bucket<T>(
    account: &Account,
    name: &str,
    act: impl FnOnce(&mut Bucket) -> Answer<T>,
) -> Answer<T> {
    act(Arc::make_mut(account.change().buckets.get_mut(name).ok_or_else(|| no_such_bucket(name))?))
}

/// Lists the account's buckets in pages, of one region if it is asked for.
pub(super) fn list(
    account: &Account,
    _: &Visit,
    input: dto::ListBucketsInput,
) -> Answer<dto::ListBucketsOutput> {
    let most = match input.max_buckets.unwrap_or(10_000) {
        most @ 1..=10_000 => usize::try_from(most).unwrap_or_default(),
        _ => {
            let text = "Argument max-buckets must be an integer between 1 and 10000.";
            return Err(Refusal::new("InvalidArgument", 400, text).with("ArgumentName", "max-buckets"));
        }
    };
    let state = account.state();
    let after = input.continuation_token.as_deref().unwrap_or_default();
    let prefix = input.prefix.as_deref().unwrap_or_default();
    // "If you delete a bucket and immediately list all buckets, the deleted bucket might still appear in the list":
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
    let all = state.settled().buckets.iter().chain(&state.buckets).collect::<BTreeMap<_, _>>();
    let listed = all.into_iter().filter(|(name, bucket)| {
        let region = input.bucket_region.as_ref().is_none_or(|region| *region == bucket.region);
        name.starts_with(prefix) && (after.is_empty() || name.as_str() > after) && region
    });
    let mut listed = listed.map(|(name, bucket)| dto::Bucket {
        name: Some(name.clone()),
        creation_date: Some(bucket.created.into()),
        bucket_region: Some(bucket.region.clone()),
    });
    let page = listed.by_ref().take(most).collect::<Vec<_>>();
    let more = listed.next().and(page.last()).and_then(|last| last.name.clone());
    Ok(dto::ListBucketsOutput {
        buckets: Some(page),
        continuation_token: more,
        owner: Some(dto::Owner { display_name: None, id: Some(account.canonical_id()) }),
        prefix: input.prefix,
    })
}

/// Says that a bucket is there.
pub(super) fn head(
    account: &Account,
    _: &Visit,
    input: dto::HeadBucketInput,
) -> Answer<dto::HeadBucketOutput> {
    with_bucket(account, &input.bucket, |bucket| {
        Ok(dto::HeadBucketOutput { bucket_region: Some(bucket.region.clone()), ..Default::default() })
    })
}

/// Says where a bucket is: "Buckets in Region us-east-1 have a LocationConstraint of null".
pub(super) fn location(
    account: &Account,
    _: &Visit,
    input: dto::GetBucketLocationInput,
) -> Answer<dto::GetBucketLocationOutput> {
    with_bucket(account, &input.bucket, |bucket| {
        let constraint = Some(bucket.region.clone()).filter(|region| region != "us-east-1");
        Ok(dto::GetBucketLocationOutput {
            location_constraint: constraint.map(dto::BucketLocationConstraint::from),
        })
    })
}

/// Deletes a bucket: "All objects (including all object versions and delete markers) in the bucket must be deleted
/// before the bucket itself can be deleted."
pub(super) fn delete(
    account: &Account,
    _: &Visit,
    input: dto::DeleteBucketInput,
) -> Answer<dto::DeleteBucketOutput> {
    let mut state = account.change();
    let bucket = state.buckets.get(&input.bucket).ok_or_else(|| no_such_bucket(&input.bucket))?;
    if !bucket.objects.is_empty() {
        let text = match bucket.versioning {
            Versioning::Never => "The bucket you tried to delete is not empty",
            _ => "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
        };
        return Err(Refusal::new("BucketNotEmpty", 409, text).with("BucketName", input.bucket));
    }
    state.buckets.remove(&input.bucket);
    Ok(dto::DeleteBucketOutput::default())
}
