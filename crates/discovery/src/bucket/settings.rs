//! Changes a bucket's settings: each call looks first where S3 would replace what others set.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
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
use crate::publish::{AccessBlock, Waiting};

/// More than this many lost races in a row is no race.
const ATTEMPTS: usize = 5;

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
        match call.create_bucket_configuration(configuration.build()).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let error = CallError::new("s3:CreateBucket", self.place.bucket_arn(), error);
                match error.code() {
                    // Ours, made a moment ago by somebody else or by an attempt whose answer was lost.
                    "BucketAlreadyOwnedByYou" | "OperationAborted" => {
                        Err(BucketError::Raced { what: format!("bucket {}", self.place.bucket) })
                    }
                    "BucketAlreadyExists" => Err(BucketError::NameTaken { bucket: self.bucket() }),
                    _ => Err(error.into()),
                }
            }
        }
    }

    pub(super) async fn set_access_block(&self, to: AccessBlock) -> Result<(), BucketError> {
        let configuration = PublicAccessBlockConfiguration::builder()
            .block_public_acls(to.block_public_acls)
            .ignore_public_acls(to.ignore_public_acls)
            .block_public_policy(to.block_public_policy)
            .restrict_public_buckets(to.restrict_public_buckets)
            .build();
        let call = self.s3.put_public_access_block().bucket(self.bucket());
        call.expected_bucket_owner(&self.account)
            .public_access_block_configuration(configuration)
            .send()
            .await
            .map_err(|error| self.failed("s3:PutBucketPublicAccessBlock", error))?;
        Ok(())
    }

    pub(super) async fn set_versioning(&self) -> Result<(), BucketError> {
        let configuration =
            VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let call = self.s3.put_bucket_versioning().bucket(self.bucket());
        call.expected_bucket_owner(&self.account)
            .versioning_configuration(configuration)
            .send()
            .await
            .map_err(|error| self.failed("s3:PutBucketVersioning", error))?;
        Ok(())
    }

    /// PutBucketTagging replaces the whole set and has no condition either.
    pub(super) async fn add_tags(&self, add: &BTreeMap<String, String>) -> Result<(), BucketError> {
        for _ in 0..ATTEMPTS {
            let before = self.tags().await?;
            let mut tags = before.clone();
            tags.extend(add.clone());
            if tags == before {
                return Ok(());
            }
            let set = Tagging::builder().set_tag_set(Some(sdk_tags(&tags))).build();
            let set = set.map_err(|error| self.failed("s3:PutBucketTagging", build_error(error)))?;
            let call = self.s3.put_bucket_tagging().bucket(self.bucket());
            call.expected_bucket_owner(&self.account)
                .tagging(set)
                .send()
                .await
                .map_err(|error| self.failed("s3:PutBucketTagging", error))?;
        }
        Err(BucketError::Raced { what: format!("the tags of bucket {}", self.place.bucket) })
    }

    /// PutBucketPolicy has no condition: read, merge, write, and read again whether it held. After
    /// the access block was opened, in this run or in one before, S3 may refuse for seconds.
    pub(super) async fn add_statement(
        &self,
        statement: &Statement,
        waiting: &(dyn Fn(&Waiting) + Send + Sync),
    ) -> Result<(), BucketError> {
        let mut pauses = self.patience.pauses();
        let mut waited = Duration::ZERO;
        let mut lost = 0;
        loop {
            let mut policy = self.policy().await?.unwrap_or_else(Document::empty);
            if policy.merge(statement.clone()) == Merge::Unchanged {
                return Ok(());
            }
            if lost == ATTEMPTS {
                return Err(BucketError::Raced {
                    what: format!("the policy of bucket {}", self.place.bucket),
                });
            }
            let call = self.s3.put_bucket_policy().bucket(self.bucket()).policy(policy.to_json());
            let Err(error) = call.expected_bucket_owner(&self.account).send().await else {
                lost += 1;
                continue;
            };
            let error = CallError::new("s3:PutBucketPolicy", self.place.bucket_arn(), error);
            if !may_pass(&error) {
                return Err(error.into());
            }
            let Some(pause) = pauses.next() else {
                return Err(BucketError::StillBlocked { seconds: waited.as_secs(), source: error });
            };
            waiting(&Waiting {
                what: "S3 to let the opened access block take effect".to_owned(),
                waited,
                limit: self.patience.limit,
            });
            tokio::time::sleep(pause).await;
            waited += pause;
        }
    }
}

/// Tells whether a refused policy may be taken a moment later: S3 names its public access block, or
/// says nothing but "Access Denied". Whose permission is missing is told that, and need not wait.
fn may_pass(error: &CallError) -> bool {
    let message = error.answer().map_or("", |answer| answer.message.as_str());
    let blocked = message.contains("BlockPublicPolicy") || message.contains("public policies are");
    error.is_access_denied() && (blocked || !message.contains("not authorized"))
}

fn sdk_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    // Both parts are given, which is all that the builder asks for.
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

fn build_error(error: BuildError) -> SdkError<PutBucketTaggingError, HttpResponse> {
    SdkError::construction_failure(error)
}
