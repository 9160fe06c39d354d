//! Takes documents, our statement, our tags and the bucket away: each call looks first whether what is there is still
//! what was to go, and what is gone already is done.

use std::collections::BTreeMap;

use aws_sdk_s3::types::Tagging;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use issuer_policy::Document;

use super::client::{NO_BUCKET, S3Publisher};
use super::error::BucketError;
use super::leave::{LeavingBucket, Ours, statements};
use super::settings::{LOOKS, build_error, once, sdk_tags};
use super::versions::{Others, Version};
use super::{OWNER_ADOPTED, OWNER_CREATED, OWNER_TAG};
use crate::call::CallError;
use crate::publish::LiveDocuments;
use crate::retry::Tries;
use crate::site::DISCOVERY_PATH;
use crate::withdraw::WithdrawChange;

/// How many versions are deleted at once.
const CONCURRENT_DELETES: usize = 8;

impl S3Publisher {
    /// Reads what leaving the bucket has to know; `contents` says whether all else that is in it is looked for.
    ///
    /// # Errors
    /// When a part cannot be read.
    pub async fn leaving(&self, contents: bool) -> Result<LeavingBucket, BucketError> {
        self.check_name()?;
        if !self.head().await? {
            return Ok(LeavingBucket::default());
        }
        let (tags, policy) = tokio::try_join!(self.tags(), self.policy())?;
        let mut live = LeavingBucket { exists: true, tags, policy, ..LeavingBucket::default() };
        // What is somebody else's is not looked into.
        if live.tags.contains_key(OWNER_TAG) {
            let others = async { if contents { self.others().await } else { Ok(Others::default()) } };
            let (discovery, jwks, others) = tokio::try_join!(
                self.document(DISCOVERY_PATH),
                self.document(self.place.jwks_path.as_str()),
                others
            )?;
            live.documents = LiveDocuments { discovery, jwks };
            (live.others, live.outdated) = (others.named(true), others.named(false));
        }
        Ok(live)
    }

    /// Takes one thing away; what is gone already is left alone.
    ///
    /// # Errors
    /// When it cannot be taken away, or is not what it was when it was looked at.
    pub async fn withdraw(&self, change: &WithdrawChange) -> Result<(), BucketError> {
        let done = match change {
            WithdrawChange::Object { path, etag, .. } => self.delete_document(path, etag.as_deref()).await,
            WithdrawChange::Statement { .. } => self.remove_statement().await,
            WithdrawChange::Untag { keys, .. } => self.remove_tags(keys).await,
            WithdrawChange::Bucket { keys, .. } => self.delete_with(keys).await,
            WithdrawChange::File { .. } => Err(BucketError::NotForBuckets(change.kind())),
        };
        match done {
            Err(BucketError::Missing { .. }) => Ok(()),
            done => done,
        }
    }

    /// With If-Match, which S3 has for deletions too
    /// ([conditional deletes](https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html)).
    async fn delete_document(&self, path: &str, etag: Option<&str>) -> Result<(), BucketError> {
        let call = self.s3.delete_object().bucket(self.bucket()).key(self.place.prefix.key(path));
        let call = call.expected_bucket_owner(&self.account).set_if_match(etag.map(str::to_owned));
        let Err(error) = call.send().await else { return Ok(()) };
        let error = CallError::new("s3:DeleteObject", self.place.object_arn(path), error);
        if !matches!(error.status(), 404 | 409 | 412) {
            return Err(error.into());
        }
        match self.document(path).await? {
            None => Ok(()),
            Some(_) => Err(BucketError::Raced { what: self.place.object_arn(path) }),
        }
    }

    /// Neither PutBucketPolicy nor DeleteBucketPolicy has a condition: read, write, and read again whether it held.
    async fn remove_statement(&self) -> Result<(), BucketError> {
        let sid = self.place.sid();
        let raced = || BucketError::Raced { what: format!("the policy of bucket {}", self.place.bucket) };
        let mut wait = self.patience.wait();
        let mut tries = Tries::default();
        let mut written = 0;
        loop {
            let Some(mut policy) = self.policy().await? else { return Ok(()) };
            match statements(&self.place, Some(&policy)).0 {
                Ours::Missing => return Ok(()),
                Ours::Others => return Err(raced()),
                Ours::Alone => {}
            }
            if written == LOOKS {
                return Err(raced());
            }
            let _ = policy.remove(&sid);
            match self.write_policy(&policy).await {
                Ok(()) => written += 1,
                Err(error) => tries.pause(error).await?,
            }
            // S3 may show the policy of a moment ago.
            if let Some(pause) = wait.pause("", &|_: &_| {}).filter(|_| written > 1) {
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// AWS takes no policy without a statement.
    async fn write_policy(&self, policy: &Document) -> Result<(), CallError> {
        if policy.is_empty() {
            let call = self.s3.delete_bucket_policy().bucket(self.bucket());
            let call = call.expected_bucket_owner(&self.account).customize().config_override(once());
            let done = call.send().await.map(|_| ());
            return done.map_err(|error| self.failed("s3:DeleteBucketPolicy", error));
        }
        let call = self.s3.put_bucket_policy().bucket(self.bucket()).policy(policy.to_json());
        let call = call.expected_bucket_owner(&self.account).customize().config_override(once());
        call.send().await.map(|_| ()).map_err(|error| self.failed("s3:PutBucketPolicy", error))
    }

    /// Takes our tags off, unless another issuer has come to the bucket meanwhile.
    async fn remove_tags(&self, keys: &[String]) -> Result<(), BucketError> {
        let raced = || BucketError::Raced { what: format!("the tags of bucket {}", self.place.bucket) };
        let mut tries = Tries::default();
        let mut written = 0;
        loop {
            let (mut tags, policy) = tokio::try_join!(self.tags(), self.policy())?;
            if !keys.iter().any(|key| tags.contains_key(key)) {
                return Ok(());
            }
            let adopted = tags.get(OWNER_TAG).is_some_and(|owner| owner == OWNER_ADOPTED);
            if written == LOOKS
                || !adopted
                || statements(&self.place, policy.as_ref()) != (Ours::Missing, false)
            {
                return Err(raced());
            }
            tags.retain(|key, _| !keys.contains(key));
            match self.write_tags(&tags).await {
                Ok(()) => written += 1,
                Err(error) => tries.pause(error).await?,
            }
        }
    }

    async fn write_tags(&self, tags: &BTreeMap<String, String>) -> Result<(), CallError> {
        // DeleteBucketTagging asks for the same permission as PutBucketTagging.
        let action = "s3:PutBucketTagging";
        if tags.is_empty() {
            let call = self.s3.delete_bucket_tagging().bucket(self.bucket());
            let call = call.expected_bucket_owner(&self.account).customize().config_override(once());
            return call.send().await.map(|_| ()).map_err(|error| self.failed(action, error));
        }
        let set = Tagging::builder().set_tag_set(Some(sdk_tags(tags))).build();
        let set = set.map_err(|error| self.failed(action, build_error(error)))?;
        let call = self.s3.put_bucket_tagging().bucket(self.bucket()).tagging(set);
        let call = call.expected_bucket_owner(&self.account).customize().config_override(once());
        call.send().await.map(|_| ()).map_err(|error| self.failed(action, error))
    }

    /// Deletes every version of these keys, and then the bucket: S3 refuses that while anything else is in it.
    async fn delete_with(&self, keys: &[String]) -> Result<(), BucketError> {
        let owner = self.tags().await?.remove(OWNER_TAG);
        let raced = || BucketError::Raced { what: format!("bucket {}", self.place.bucket) };
        if owner.as_deref() != Some(OWNER_CREATED) {
            return Err(raced());
        }
        for key in keys {
            let versions = self.versions(key).await?;
            // The document was deleted before: somebody has published it again.
            if versions.iter().any(|version| version.is_read) {
                return Err(raced());
            }
            let deleting = versions.iter().map(|version| self.delete_version(version));
            stream::iter(deleting).buffer_unordered(CONCURRENT_DELETES).try_collect::<Vec<()>>().await?;
        }
        let mut tries = Tries::default();
        loop {
            let call = self.s3.delete_bucket().bucket(self.bucket()).expected_bucket_owner(&self.account);
            let Err(error) = call.send().await else { return Ok(()) };
            let error = self.failed("s3:DeleteBucket", error);
            match error.code() {
                NO_BUCKET => return Ok(()),
                "BucketNotEmpty" => return Err(BucketError::NotEmpty { bucket: self.bucket() }),
                _ => tries.pause(error).await?,
            }
        }
    }

    async fn delete_version(&self, version: &Version) -> Result<(), BucketError> {
        let call = self.s3.delete_object().bucket(self.bucket()).key(&version.key);
        let call = call.set_version_id(version.id.clone()).expected_bucket_owner(&self.account);
        let arn = format!("{}/{}", self.place.bucket_arn(), version.key);
        match call.send().await.map_err(|error| CallError::new("s3:DeleteObjectVersion", arn, error)) {
            Err(error) if error.status() != 404 => Err(error.into()),
            _ => Ok(()),
        }
    }
}
