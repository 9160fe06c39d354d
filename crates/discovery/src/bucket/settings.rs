//! Changes a bucket's settings: each call looks first where S3 would replace what others set.

use std::collections::BTreeMap;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::error::{BuildError, SdkError};
use aws_sdk_s3::operation::put_bucket_tagging::PutBucketTaggingError;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketNamespace, BucketVersioningStatus, CreateBucketConfiguration,
    PublicAccessBlockConfiguration, Tag, Tagging, VersioningConfiguration,
};
use issuer_policy::{Document, Merge, Statement};

use super::client::S3Publisher;
use super::error::BucketError;
use crate::call::CallError;
use crate::patience::Waiting;
use crate::publish::{AccessBlock, PublishChange};
use crate::retry::Tries;

/// The SDK sends it once: what it does has to be looked at before it is sent again.
pub(super) fn once() -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::config::Builder::new().retry_config(RetryConfig::disabled())
}

impl S3Publisher {
    pub(super) async fn create(&self, tags: &BTreeMap<String, String>) -> Result<(), BucketError> {
        let region = &self.place.region;
        let mut call = self.s3.create_bucket().bucket(self.bucket());
        let mut configuration = CreateBucketConfiguration::builder().set_tags(Some(sdk_tags(tags)));
        if !region.is_default_location() {
            configuration =
                configuration.location_constraint(BucketLocationConstraint::from(region.as_str()));
        }
        if self.place.bucket.account_regional().is_some() {
            call = call.bucket_namespace(BucketNamespace::AccountRegional);
        }
        let call = call.create_bucket_configuration(configuration.build());
        let Err(error) = call.customize().config_override(once()).send().await else { return Ok(()) };
        let error = self.failed("s3:CreateBucket", error);
        let what = format!("bucket {}", self.place.bucket);
        Err(match error.code() {
            // Ours: made a moment ago by somebody else, or by a call of ours whose answer was lost.
            "BucketAlreadyOwnedByYou" => BucketError::Raced { what },
            "BucketAlreadyExists" => BucketError::NameTaken { bucket: self.bucket() },
            _ => look_again(what, error),
        })
    }

    pub(super) async fn set_access_block(&self, to: AccessBlock) -> Result<(), BucketError> {
        let configuration = PublicAccessBlockConfiguration::builder()
            .block_public_acls(to.block_public_acls)
            .ignore_public_acls(to.ignore_public_acls)
            .block_public_policy(to.block_public_policy)
            .restrict_public_buckets(to.restrict_public_buckets)
            .build();
        let call = self.s3.put_public_access_block().bucket(self.bucket());
        let call = call.expected_bucket_owner(&self.account);
        let call = call.public_access_block_configuration(configuration);
        // Replaced whole: somebody may have closed it since it was read.
        let Err(error) = call.customize().config_override(once()).send().await else { return Ok(()) };
        let error = self.failed("s3:PutBucketPublicAccessBlock", error);
        Err(look_again(format!("the access block of bucket {}", self.place.bucket), error))
    }

    pub(super) async fn set_versioning(&self) -> Result<(), BucketError> {
        let configuration =
            VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let call = self.s3.put_bucket_versioning().bucket(self.bucket());
        let done =
            call.expected_bucket_owner(&self.account).versioning_configuration(configuration).send().await;
        let Err(error) = done else { return Ok(()) };
        let error = self.failed("s3:PutBucketVersioning", error);
        Err(look_again(format!("the versioning of bucket {}", self.place.bucket), error))
    }

    /// PutBucketTagging replaces the whole set and has no condition: read, merge, write;
    /// [`Self::confirm_setting`] reads again whether it held.
    pub(super) async fn add_tags(&self, add: &BTreeMap<String, String>) -> Result<(), BucketError> {
        let mut tries = Tries::default();
        loop {
            let mut tags = self.tags().await?;
            if has_all(&tags, add) {
                return Ok(());
            }
            tags.extend(add.clone());
            let set = Tagging::builder().set_tag_set(Some(sdk_tags(&tags))).build();
            let set = set.map_err(|error| self.failed("s3:PutBucketTagging", build_error(error)))?;
            let call = self.s3.put_bucket_tagging().bucket(self.bucket());
            let call = call.expected_bucket_owner(&self.account).tagging(set);
            let Err(error) = call.customize().config_override(once()).send().await else { return Ok(()) };
            let error = self.failed("s3:PutBucketTagging", error);
            tries.pause(error).await?;
        }
    }

    /// PutBucketPolicy has no condition: read, merge, write; [`Self::confirm_setting`] reads again
    /// whether it held. After the access block was opened, in this run or in one before, S3 may
    /// refuse for seconds.
    pub(super) async fn add_statement(
        &self,
        statement: &Statement,
        waiting: &(dyn Fn(&Waiting) + Send + Sync),
    ) -> Result<(), BucketError> {
        let mut wait = self.patience.wait();
        let mut tries = Tries::default();
        loop {
            let mut policy = self.policy().await?.unwrap_or_else(Document::empty);
            if policy.merge(statement.clone()) == Merge::Unchanged {
                return Ok(());
            }
            let call = self.s3.put_bucket_policy().bucket(self.bucket()).policy(policy.to_json());
            let call = call.expected_bucket_owner(&self.account).customize().config_override(once());
            let Err(error) = call.send().await else { return Ok(()) };
            let error = self.failed("s3:PutBucketPolicy", error);
            if error.may_pass() {
                tries.pause(error).await?;
                continue;
            }
            if !is_blocked(&error) {
                return Err(error.into());
            }
            let Some(pause) = wait.pause("S3 to let the opened access block take effect", waiting) else {
                return Err(BucketError::StillBlocked { seconds: wait.waited().as_secs(), source: error });
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Looks whether a setting that S3 has no condition for still is as it was written. S3 may show
    /// the one of a moment ago: what does not stand is looked at a few times.
    pub(super) async fn confirm_setting(&self, change: &PublishChange) -> Result<(), BucketError> {
        let mut wait = self.patience.wait();
        for look in 1..=LOOKS {
            if self.stands(change).await? {
                return Ok(());
            }
            if let Some(pause) = wait.pause("", &|_: &_| {}).filter(|_| look < LOOKS) {
                tokio::time::sleep(pause).await;
            }
        }
        Err(BucketError::Raced { what: format!("the {} of bucket {}", change.kind(), self.place.bucket) })
    }

    async fn stands(&self, change: &PublishChange) -> Result<bool, BucketError> {
        Ok(match change {
            PublishChange::Policy { statement, .. } => {
                let policy = self.policy().await?;
                let found = policy.as_ref().and_then(|policy| policy.statement(statement.sid()?));
                found.is_some_and(|found| found.same_meaning(statement))
            }
            PublishChange::Tags { add } => has_all(&self.tags().await?, add),
            _ => true,
        })
    }
}

/// Tells a failure after which a new look may help from one that stays.
fn look_again(what: String, error: CallError) -> BucketError {
    match error.code() {
        // S3: another change of the same bucket is under way.
        "OperationAborted" => BucketError::Raced { what },
        _ if error.may_pass() => BucketError::Unsure { what, source: error },
        _ => error.into(),
    }
}

/// What is missing this often in a row was taken away.
pub(super) const LOOKS: usize = 3;

/// Tells whether a refused policy may be taken a moment later: S3 names its public access block, or
/// says nothing but "Access Denied". Whose permission is missing is told that, and need not wait.
fn is_blocked(error: &CallError) -> bool {
    let message = error.answer().map_or("", |answer| answer.message.as_str());
    let blocked = message.contains("BlockPublicPolicy") || message.contains("public policies are");
    error.is_access_denied() && (blocked || !message.contains("not authorized"))
}

fn has_all(tags: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| tags.get(key) == Some(value))
}

pub(super) fn sdk_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    // Both parts are given, which is all that the builder asks for.
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

pub(super) fn build_error(error: BuildError) -> SdkError<PutBucketTaggingError, HttpResponse> {
    SdkError::construction_failure(error)
}
