//! PutObject.
//!
//! Follows [PutObject](https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html).

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result};

use super::visit::Visit;
use super::{checksum, conditions, no_such_bucket, settings};
use crate::account::Account;
use crate::refusal::{Answer, Refusal};
use crate::sigv4::hex;
use crate::state::{Content, Encryption, Object, Version, Versioning};

/// An upload that was read whole.
pub(super) struct Upload {
    body: Bytes,
    checksum: (String, String),
    input: dto::PutObjectInput,
}

/// Reads the body and compares its checksum.
pub(super) async fn read(visit: &Visit, mut request: S3Request<dto::PutObjectInput>) -> S3Result<Upload> {
    let body = match request.input.body.take() {
        // A chunk whose signature or a body whose digest is wrong shows here.
        Some(stream) => stream.try_fold(Vec::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        }),
        None => return store(visit, request, Bytes::new()),
    };
    let body = body.await.map_err(|_| S3Error::new(S3ErrorCode::SignatureDoesNotMatch))?;
    store(visit, request, Bytes::from(body))
}

fn store(visit: &Visit, request: S3Request<dto::PutObjectInput>, body: Bytes) -> S3Result<Upload> {
    let trailing = request.trailing_headers.as_ref().and_then(s3s::TrailingHeaders::take).unwrap_or_default();
    let header = |name: &str| {
        let value = request.headers.get(name).or_else(|| trailing.get(name));
        value.and_then(|value| value.to_str().ok())
    };
    let checksum = checksum::check(&body, header).map_err(|refusal| visit.call.refuse(refusal))?;
    Ok(Upload { body, checksum, input: request.input })
}

/// Keeps an upload, under a new version where the bucket keeps versions.
pub(super) fn put(account: &Account, visit: &Visit, upload: Upload) -> Answer<dto::PutObjectOutput> {
    let Upload { body, checksum, input } = upload;
    refuse_what_is_not_known(&input)?;
    let metadata = input.metadata.unwrap_or_default().into_iter().collect::<BTreeMap<_, _>>();
    if metadata.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > 2048 {
        let text = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(Refusal::new("MetadataTooLarge", 400, text).with("MaxSizeAllowed", "2048"));
    }
    let mut state = account.change();
    let bucket = state.buckets.get_mut(&input.bucket).ok_or_else(|| no_such_bucket(&input.bucket))?;
    let bucket = Arc::make_mut(bucket);
    let current = bucket.current(&input.key);
    conditions::check_write(&input.key, current, input.if_match.as_ref(), input.if_none_match.as_ref())?;
    if account.under_way.conflicts(visit.call.number) {
        return Err(conditions::conflict(&input.key));
    }
    let encryption = match &input.server_side_encryption {
        Some(algorithm) => settings::encryption_of(algorithm.as_str(), input.ssekms_key_id)?,
        None => bucket.encryption.clone(),
    };
    let object = Object {
        etag: hex(Md5::checksum(&body).as_ref()),
        body,
        content_type: input.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned()),
        cache_control: input.cache_control,
        content_disposition: input.content_disposition,
        // What is left of `aws-chunked`, which is of the transfer.
        content_encoding: input
            .content_encoding
            .filter(|encoding| encoding != "aws-chunked" && !encoding.is_empty()),
        content_language: input.content_language,
        metadata,
        encryption,
        checksum,
    };
    let (algorithm, value) = object.checksum.clone();
    let when = |name: &str| (algorithm == name).then(|| value.clone());
    let mut output = dto::PutObjectOutput {
        e_tag: Some(dto::ETag::Strong(object.etag.clone())),
        checksum_crc32: when("CRC32"),
        checksum_crc32c: when("CRC32C"),
        checksum_crc64nvme: when("CRC64NVME"),
        checksum_sha1: when("SHA1"),
        checksum_sha256: when("SHA256"),
        checksum_type: Some(dto::ChecksumType::from_static(dto::ChecksumType::FULL_OBJECT)),
        server_side_encryption: Some(algorithm_of(&object.encryption)),
        ..Default::default()
    };
    let versioned = bucket.versioning == Versioning::Enabled;
    let id = if versioned { account.version_id() } else { "null".to_owned() };
    output.version_id = versioned.then(|| id.clone());
    let versions = bucket.objects.entry(input.key).or_default();
    // Without versioning there is one version, `null`, and it is replaced.
    versions.retain(|version| version.id != id);
    versions.push(Version { id, modified: account.now(), content: Content::Object(Arc::new(object)) });
    Ok(output)
}

/// The name of an encryption.
pub(super) fn algorithm_of(encryption: &Encryption) -> dto::ServerSideEncryption {
    dto::ServerSideEncryption::from_static(match encryption {
        Encryption::S3 => dto::ServerSideEncryption::AES256,
        Encryption::Kms(_) => dto::ServerSideEncryption::AWS_KMS,
    })
}

fn refuse_what_is_not_known(input: &dto::PutObjectInput) -> Answer<()> {
    let grants =
        [&input.grant_full_control, &input.grant_read, &input.grant_read_acp, &input.grant_write_acp];
    let acl = input.acl.as_ref().map(dto::ObjectCannedACL::as_str);
    // "bucket-owner-full-control" says what is so anyway, and is taken where ACLs are off, as is "private":
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
    if acl.is_some_and(|acl| acl != "private" && acl != "bucket-owner-full-control")
        || grants.iter().any(|one| one.is_some())
    {
        return Err(Refusal::new("AccessControlListNotSupported", 400, "The bucket does not allow ACLs"));
    }
    let others = [
        ("x-amz-tagging", input.tagging.is_some()),
        ("x-amz-website-redirect-location", input.website_redirect_location.is_some()),
        (
            "x-amz-object-lock-mode",
            input.object_lock_mode.is_some() || input.object_lock_legal_hold_status.is_some(),
        ),
        ("x-amz-server-side-encryption-customer-algorithm", input.sse_customer_algorithm.is_some()),
        ("x-amz-write-offset-bytes", input.write_offset_bytes.is_some()),
        (
            "x-amz-storage-class",
            input.storage_class.as_ref().is_some_and(|class| class.as_str() != "STANDARD"),
        ),
        ("expires", input.expires.is_some()),
    ];
    match others.iter().find(|(_, is_there)| *is_there) {
        None => Ok(()),
        Some((header, _)) => {
            let text = "A header you provided implies functionality that is not implemented";
            Err(Refusal::new("NotImplemented", 501, text).with("Header", *header))
        }
    }
}
