//! Objects: read, and looked at.
//!
//! Follows [GetObject][get] and [HeadObject][head].
//!
//! [get]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
//! [head]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html

use bytes::Bytes;
use s3s::dto;

use super::access::kms_needs_a_signature;
use super::buckets::with_bucket;
use super::conditions::ReadConditions;
use super::upload::algorithm_of;
use super::visit::Visit;
use crate::account::Account;
use crate::refusal::{Answer, Refusal};
use crate::state::{Bucket, Content, Encryption, Object, Version, Versioning};

/// Reads an object, whole or in part.
pub(super) fn get(
    account: &Account,
    visit: &Visit,
    input: dto::GetObjectInput,
) -> Answer<dto::GetObjectOutput> {
    let head = dto::HeadObjectInput {
        bucket: input.bucket,
        key: input.key,
        version_id: input.version_id,
        checksum_mode: input.checksum_mode,
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
        part_number: input.part_number,
        range: input.range,
        ..Default::default()
    };
    let (head, body) = read(account, visit, head)?;
    Ok(dto::GetObjectOutput {
        accept_ranges: head.accept_ranges,
        body: Some(dto::StreamingBlob::from(s3s::Body::from(body))),
        cache_control: head.cache_control,
        checksum_crc32: head.checksum_crc32,
        checksum_crc32c: head.checksum_crc32c,
        checksum_crc64nvme: head.checksum_crc64nvme,
        checksum_sha1: head.checksum_sha1,
        checksum_sha256: head.checksum_sha256,
        checksum_type: head.checksum_type,
        content_disposition: head.content_disposition,
        content_encoding: head.content_encoding,
        content_language: head.content_language,
        content_length: head.content_length,
        content_range: head.content_range,
        content_type: head.content_type,
        e_tag: head.e_tag,
        last_modified: head.last_modified,
        metadata: head.metadata,
        server_side_encryption: head.server_side_encryption,
        ssekms_key_id: head.ssekms_key_id,
        version_id: head.version_id,
        ..Default::default()
    })
}

/// Says what a read would say before the body.
pub(super) fn head(
    account: &Account,
    visit: &Visit,
    input: dto::HeadObjectInput,
) -> Answer<dto::HeadObjectOutput> {
    Ok(read(account, visit, input)?.0)
}

fn read(
    account: &Account,
    visit: &Visit,
    input: dto::HeadObjectInput,
) -> Answer<(dto::HeadObjectOutput, Bytes)> {
    if input.part_number.is_some_and(|part| part != 1) {
        let text = "The requested partnumber is not satisfiable";
        return Err(Refusal::new("InvalidPartNumber", 416, text));
    }
    with_bucket(account, &input.bucket, |bucket| {
        let (version, object) = find(visit, bucket, &input.key, input.version_id.as_deref())?;
        if visit.caller.is_none() && object.encryption != Encryption::S3 {
            return Err(kms_needs_a_signature());
        }
        let conditions = ReadConditions {
            if_match: input.if_match.as_ref(),
            if_none_match: input.if_none_match.as_ref(),
            if_modified_since: input.if_modified_since.clone(),
            if_unmodified_since: input.if_unmodified_since.clone(),
        };
        // "The server MUST generate [ETag] in the 304 response": RFC 9110, section 15.4.5.
        visit.call.header("etag", &format!("\"{}\"", object.etag));
        conditions.check(object, version.modified)?;
        let (body, content_range) = part(&object.body, input.range)?;
        // A checksum is that of the whole.
        let wanted = input.checksum_mode.is_some() && content_range.is_none();
        let (algorithm, value) = &object.checksum;
        let when = |name: &str| (wanted && algorithm == name).then(|| value.clone());
        let key = match &object.encryption {
            Encryption::S3 => None,
            Encryption::Kms(key) => key.clone(),
        };
        let head = dto::HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            cache_control: object.cache_control.clone(),
            checksum_crc32: when("CRC32"),
            checksum_crc32c: when("CRC32C"),
            checksum_crc64nvme: when("CRC64NVME"),
            checksum_sha1: when("SHA1"),
            checksum_sha256: when("SHA256"),
            checksum_type: wanted.then(|| dto::ChecksumType::from_static(dto::ChecksumType::FULL_OBJECT)),
            content_disposition: object.content_disposition.clone(),
            content_encoding: object.content_encoding.clone(),
            content_language: object.content_language.clone(),
            content_length: i64::try_from(body.len()).ok(),
            content_range,
            content_type: Some(object.content_type.clone()),
            e_tag: Some(dto::ETag::Strong(object.etag.clone())),
            last_modified: Some(version.modified.into()),
            metadata: Some(object.metadata.clone().into_iter().collect()),
            server_side_encryption: Some(algorithm_of(&object.encryption)),
            ssekms_key_id: key,
            version_id: (bucket.versioning != Versioning::Never).then(|| version.id.clone()),
            ..Default::default()
        };
        Ok((head, body))
    })
}

/// The version that a read is of.
fn find<'a>(
    visit: &Visit,
    bucket: &'a Bucket,
    key: &str,
    id: Option<&str>,
) -> Answer<(&'a Version, &'a Object)> {
    let versions = bucket.objects.get(key).map(Vec::as_slice).unwrap_or_default();
    let missing = || Refusal::new("NoSuchKey", 404, "The specified key does not exist.").with("Key", key);
    let version = match id {
        None => versions.last().ok_or_else(missing)?,
        Some(id) => versions.iter().find(|version| version.id == id).ok_or_else(|| {
            let refusal = Refusal::new("NoSuchVersion", 404, "The specified version does not exist.");
            refusal.with("Key", key).with("VersionId", id)
        })?,
    };
    match (&version.content, id) {
        (Content::Object(object), _) => Ok((version, object)),
        (Content::DeleteMarker, None) => {
            visit.call.header("x-amz-delete-marker", "true");
            visit.call.header("x-amz-version-id", &version.id);
            Err(missing())
        }
        (Content::DeleteMarker, Some(_)) => {
            visit.call.header("x-amz-delete-marker", "true");
            let text = "The specified method is not allowed against this resource.";
            Err(Refusal::new("MethodNotAllowed", 405, text)
                .with("Method", "GET")
                .with("ResourceType", "DeleteMarker"))
        }
    }
}

/// The part of a body that is asked for, and what Content-Range says of it.
fn part(body: &Bytes, range: Option<dto::Range>) -> Answer<(Bytes, Option<String>)> {
    let Some(range) = range else { return Ok((body.clone(), None)) };
    let length = body.len() as u64;
    let found = range.check(length).map_err(|_| {
        let refusal = Refusal::new("InvalidRange", 416, "The requested range is not satisfiable");
        refusal.with("RangeRequested", range.to_header_string()).with("ActualObjectSize", length.to_string())
    })?;
    let text = format!("bytes {}-{}/{length}", found.start, found.end.saturating_sub(1));
    let bounds =
        usize::try_from(found.start).unwrap_or(body.len())..usize::try_from(found.end).unwrap_or(body.len());
    Ok((body.slice(bounds), Some(text)))
}
