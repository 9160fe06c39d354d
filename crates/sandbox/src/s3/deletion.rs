//! Objects: deleted, one or many.
//!
//! Follows [DeleteObject][delete], [DeleteObjects][many], [conditional deletes][conditional] and [how versions are
//! deleted][versions].
//!
//! [delete]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
//! [many]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
//! [conditional]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
//! [versions]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html

use std::sync::Arc;

use s3s::dto;

use super::access::may;
use super::buckets::change_bucket;
use super::conditions::check_write;
use super::visit::Visit;
use super::{access_denied, no_such_bucket};
use crate::account::Account;
use crate::actions::{self, When};
use crate::refusal::{Answer, Refusal};
use crate::state::{Bucket, Content, Version, Versioning};

/// Deletes an object, or puts a marker over its versions.
pub(super) fn one(
    account: &Account,
    _: &Visit,
    input: dto::DeleteObjectInput,
) -> Answer<dto::DeleteObjectOutput> {
    if input.if_match_last_modified_time.is_some() || input.if_match_size.is_some() {
        return Err(of_directory_buckets());
    }
    change_bucket(account, &input.bucket, |bucket| {
        check_write(&input.key, bucket.current(&input.key), input.if_match.as_ref(), None)?;
        account.under_way.deleted(&input.bucket, &input.key);
        let (version_id, marker) = remove(account, bucket, &input.key, input.version_id);
        Ok(dto::DeleteObjectOutput {
            delete_marker: marker.then_some(true),
            version_id,
            request_charged: None,
        })
    })
}

/// Deletes many at once; each has its own answer.
pub(super) fn many(
    account: &Account,
    visit: &Visit,
    input: dto::DeleteObjectsInput,
) -> Answer<dto::DeleteObjectsOutput> {
    if input.delete.objects.is_empty() || input.delete.objects.len() > 1000 {
        let text =
            "The XML you provided was not well-formed or did not validate against our published schema";
        return Err(Refusal::new("MalformedXML", 400, text));
    }
    if input.delete.objects.iter().any(|object| object.last_modified_time.is_some() || object.size.is_some())
    {
        return Err(of_directory_buckets());
    }
    let mut state = account.change();
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in input.delete.objects {
        let (key, asked) = (object.key, object.version_id);
        let condition = object.e_tag.map(dto::ETagCondition::ETag);
        let known = state.buckets.get(&input.bucket).ok_or_else(|| no_such_bucket(&input.bucket))?;
        let has = |when| match when {
            When::Version => asked.is_some(),
            When::IfMatch => condition.is_some(),
            _ => false,
        };
        let row = actions::of(actions::S3, "DeleteObjects").ok_or_else(access_denied)?;
        let resource = format!("{}/{key}", input.bucket);
        let caller = visit.caller.as_ref().ok_or_else(access_denied)?;
        let may = |action| may(account, state.settled(), visit, caller, Some(known), action, Some(&resource));
        let allowed = row
            .actions(has)
            .into_iter()
            .try_for_each(may)
            .and_then(|()| check_write(&key, known.current(&key), condition.as_ref(), None));
        if let Err(refusal) = allowed {
            errors.push(dto::Error {
                code: Some(refusal.code.into_owned()),
                message: Some(refusal.message.into_owned()),
                key: Some(key),
                version_id: asked,
            });
            continue;
        }
        account.under_way.deleted(&input.bucket, &key);
        let bucket = state.buckets.get_mut(&input.bucket).ok_or_else(|| no_such_bucket(&input.bucket))?;
        let (version_id, marker) = remove(account, Arc::make_mut(bucket), &key, asked.clone());
        deleted.push(dto::DeletedObject {
            key: Some(key),
            delete_marker: marker.then_some(true),
            delete_marker_version_id: version_id.filter(|_| marker),
            version_id: asked,
        });
    }
    let shown = (input.delete.quiet != Some(true)).then_some(deleted);
    let errors = (!errors.is_empty()).then_some(errors);
    Ok(dto::DeleteObjectsOutput { deleted: shown, errors, request_charged: None })
}

/// Takes a version away, or the object; the version concerned and whether it is a delete marker.
fn remove(
    account: &Account,
    bucket: &mut Bucket,
    key: &str,
    version: Option<String>,
) -> (Option<String>, bool) {
    if let Some(id) = version {
        let Some(versions) = bucket.objects.get_mut(key) else { return (Some(id), false) };
        let marker = versions.iter().any(|one| one.id == id && matches!(one.content, Content::DeleteMarker));
        versions.retain(|one| one.id != id);
        if versions.is_empty() {
            bucket.objects.remove(key);
        }
        return (Some(id), marker);
    }
    let id = match bucket.versioning {
        Versioning::Never => {
            bucket.objects.remove(key);
            return (None, false);
        }
        Versioning::Enabled => account.version_id(),
        Versioning::Suspended => "null".to_owned(),
    };
    let versions = bucket.objects.entry(key.to_owned()).or_default();
    versions.retain(|one| one.id != id);
    versions.push(Version { id: id.clone(), modified: account.now(), content: Content::DeleteMarker });
    (Some(id), true)
}

/// Conditions on time and size: "only supported for directory buckets".
fn of_directory_buckets() -> Refusal {
    Refusal::new("NotImplemented", 501, "The sandbox does not have directory buckets, nor their conditions.")
}
