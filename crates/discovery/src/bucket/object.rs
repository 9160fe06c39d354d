//! Reads and writes the two objects, with the conditions that keep two writers from losing anything
//! ([conditional writes](https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html)).

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;

use super::client::{NO_BUCKET, S3Publisher};
use super::diff::object_change;
use super::error::BucketError;
use crate::call::CallError;
use crate::fetch::MAX_DOCUMENT_BYTES;
use crate::publish::{LiveObject, Replaces};
use crate::retry::Tries;
use crate::site::Object;

impl S3Publisher {
    pub(super) async fn document(&self, path: &str) -> Result<Option<LiveObject>, BucketError> {
        let mut tries = Tries::default();
        loop {
            let read = self.whole_document(path).await;
            // The SDK tries again until there is an answer; its body may still break off.
            if !matches!(read, Err(BucketError::Body { .. })) || !tries.again().await {
                return read;
            }
        }
    }

    async fn whole_document(&self, path: &str) -> Result<Option<LiveObject>, BucketError> {
        let key = self.place.prefix.key(path);
        let bucket = self.place.bucket.to_string();
        let call = self.s3.get_object().bucket(&bucket).key(&key).expected_bucket_owner(&self.account);
        let found = match call.send().await {
            Ok(found) => found,
            Err(error) => {
                return match CallError::new("s3:GetObject", self.place.object_arn(path), error) {
                    gone if gone.code() == NO_BUCKET => Err(BucketError::Missing { bucket }),
                    missing if missing.status() == 404 => Ok(None),
                    other => Err(other.into()),
                };
            }
        };
        let too_large = || BucketError::TooLarge { bucket: bucket.clone(), key: key.clone() };
        if found.content_length.is_some_and(|length| length > MAX_DOCUMENT_BYTES as i64) {
            return Err(too_large());
        }
        let mut body = found.body;
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|source| BucketError::Body {
                bucket: bucket.clone(),
                key: key.clone(),
                source: source.into(),
            })?;
            if bytes.len() + chunk.len() > MAX_DOCUMENT_BYTES {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(LiveObject {
            bytes,
            etag: found.e_tag,
            content_type: found.content_type,
            cache_control: found.cache_control,
            encryption: found.server_side_encryption.map(|kind| kind.as_str().to_owned()),
        }))
    }

    pub(super) async fn put_document(&self, object: &Object, replaces: &Replaces) -> Result<(), BucketError> {
        let mut call = self
            .s3
            .put_object()
            .bucket(self.place.bucket.as_str())
            .key(self.place.prefix.key(&object.path))
            .expected_bucket_owner(&self.account)
            .content_type(object.content_type)
            .cache_control(object.cache_control)
            // A default of KMS on the bucket would make the object unreadable without credentials.
            .server_side_encryption(ServerSideEncryption::Aes256)
            .body(ByteStream::from(object.bytes.clone()));
        call = match replaces {
            Replaces::ETag(etag) => call.if_match(etag),
            Replaces::Nothing | Replaces::Bytes(_) => call.if_none_match("*"),
        };
        let Err(error) = call.send().await else { return Ok(()) };
        let error = CallError::new("s3:PutObject", self.place.object_arn(&object.path), error);
        // 404: it was there when it was read, and is gone now.
        if !matches!(error.status(), 404 | 409 | 412) {
            return Err(error.into());
        }
        // Our own write may have come through, and only its answer was lost.
        match self.document(&object.path).await? {
            Some(found) if object_change(object, Some(&found)).is_none() => Ok(()),
            _ => Err(BucketError::Raced { what: self.place.object_arn(&object.path) }),
        }
    }
}
