//! Reads and changes a bucket through the AWS SDK.
//!
//! Every call but CreateBucket carries the expected owner, so that a bucket of the same name in
//! another account is never written to
//! ([bucket owner condition](https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html)).

use std::collections::BTreeMap;
use std::error::Error as StdError;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{BucketVersioningStatus, PublicAccessBlockConfiguration};
use aws_types::SdkConfig;
use issuer_policy::Document;

use super::error::BucketError;
use super::{AccountBlock, BucketPlace, LiveBucket};
use crate::call::{CallError, CallFailure};
use crate::patience::{Patience, Waiting};
use crate::publish::{AccessBlock, LiveDocuments, PublishChange, Publisher};
use crate::retry::TooManyRequests;

/// A bucket that the issuer's documents are published to.
#[derive(Clone, Debug)]
pub struct S3Publisher {
    pub(super) s3: Client,
    control: aws_sdk_s3control::Client,
    pub(super) account: String,
    pub(super) place: BucketPlace,
    pub(super) patience: Patience,
}

impl S3Publisher {
    /// Publishes with this configuration, for a bucket of this account. `path_style` is for
    /// endpoints that know no virtual hosts.
    #[must_use]
    pub fn new(
        config: &SdkConfig,
        account: &str,
        place: BucketPlace,
        path_style: bool,
        patience: Patience,
    ) -> Self {
        let s3 = aws_sdk_s3::config::Builder::from(config)
            .region(aws_sdk_s3::config::Region::new(place.region.as_str().to_owned()))
            .force_path_style(path_style)
            .retry_classifier(TooManyRequests)
            .build();
        let control = aws_sdk_s3control::config::Builder::from(config)
            .region(aws_sdk_s3control::config::Region::new(place.region.as_str().to_owned()))
            .retry_classifier(TooManyRequests)
            .build();
        Self {
            s3: Client::from_conf(s3),
            control: aws_sdk_s3control::Client::from_conf(control),
            account: account.to_owned(),
            place,
            patience,
        }
    }

    /// Returns where it publishes.
    #[must_use]
    pub fn place(&self) -> &BucketPlace {
        &self.place
    }

    pub(super) fn bucket(&self) -> String {
        self.place.bucket.to_string()
    }

    /// A call on the bucket that failed.
    pub(super) fn failed<E>(&self, action: &'static str, error: SdkError<E, HttpResponse>) -> CallError
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        CallError::new(action, self.place.bucket_arn(), error)
    }

    /// Turns an answer that means "there is none" into nothing.
    fn optional<T, E>(
        &self,
        action: &'static str,
        answer: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<Option<T>, BucketError>
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(error) => match self.failed(action, error) {
                gone if gone.code() == NO_BUCKET => Err(BucketError::Missing { bucket: self.bucket() }),
                missing if missing.status() == 404 => Ok(None),
                other => Err(other.into()),
            },
        }
    }

    /// Reads everything at once.
    async fn look(&self) -> Result<LiveBucket, BucketError> {
        let parts = self.parts().await;
        // The head first: in another region or account the others fail for that reason alone.
        if !parts.exists? {
            return Ok(LiveBucket { account_block: parts.account_block?, ..LiveBucket::default() });
        }
        Ok(LiveBucket {
            exists: true,
            block: parts.block?,
            account_block: parts.account_block?,
            policy: parts.policy?,
            tags: parts.tags?,
            versioned: parts.versioned?,
            documents: LiveDocuments { discovery: parts.discovery?, jwks: parts.jwks? },
        })
    }

    /// A name that is bound to another account or region cannot be made: known before any call.
    pub(super) fn check_name(&self) -> Result<(), BucketError> {
        match self.place.bucket.account_regional() {
            Some((account, region)) if account != self.account || region != self.place.region => {
                Err(BucketError::AccountRegional {
                    bucket: self.bucket(),
                    account: account.to_owned(),
                    region: region.to_string(),
                    ours: self.account.clone(),
                    asked: self.place.region.to_string(),
                })
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn head(&self) -> Result<bool, BucketError> {
        let head = self.s3.head_bucket().bucket(self.bucket()).expected_bucket_owner(&self.account);
        let wrong = |found: &str| BucketError::WrongRegion {
            bucket: self.bucket(),
            found: found.to_owned(),
            asked: self.place.region.to_string(),
        };
        match head.send().await {
            Ok(found) => match found.bucket_region() {
                Some(region) if region != self.place.region.as_str() => Err(wrong(region)),
                _ => Ok(true),
            },
            Err(error) => {
                let error = self.failed("s3:ListBucket", error);
                let elsewhere = error.answer().and_then(|answer| answer.bucket_region.clone());
                match (error.status(), elsewhere) {
                    (404, _) => Ok(false),
                    (_, Some(region)) if region != self.place.region.as_str() => Err(wrong(&region)),
                    (403, _) if !error.code().starts_with("Invalid") => Err(BucketError::NotThisAccounts {
                        bucket: self.bucket(),
                        account: self.account.clone(),
                    }),
                    _ => Err(error.into()),
                }
            }
        }
    }

    pub(super) async fn access_block(&self) -> Result<AccessBlock, BucketError> {
        let call = self.s3.get_public_access_block().bucket(self.bucket());
        let answer = call.expected_bucket_owner(&self.account).send().await;
        let found = self.optional("s3:GetBucketPublicAccessBlock", answer)?;
        Ok(found
            .and_then(|found| found.public_access_block_configuration)
            .map(|set| block(&set))
            .unwrap_or_default())
    }

    /// A permission to look at the account is not always given: then the wait for the policy tells.
    pub(super) async fn account_block(&self) -> Result<AccountBlock, BucketError> {
        match self.control.get_public_access_block().account_id(&self.account).send().await {
            Ok(found) => {
                let set = found.public_access_block_configuration;
                Ok(AccountBlock::Known(set.map(|set| account_block(&set)).unwrap_or_default()))
            }
            Err(error) => {
                let error = CallError::new("s3:GetAccountPublicAccessBlock", "*", error);
                match error.answer() {
                    Some(answer) if answer.code == "NoSuchPublicAccessBlockConfiguration" => {
                        Ok(AccountBlock::default())
                    }
                    // Not allowed to look, or a store that is not AWS and has no accounts: some of those
                    // answer with something else.
                    Some(_)
                        if matches!(error.status(), 1..=399)
                            || !error.may_pass()
                                && !matches!(*error.reason, CallFailure::BadCredentials(_)) =>
                    {
                        Ok(AccountBlock::Unknown(error.to_string()))
                    }
                    _ => Err(error.into()),
                }
            }
        }
    }

    pub(super) async fn policy(&self) -> Result<Option<Document>, BucketError> {
        let call = self.s3.get_bucket_policy().bucket(self.bucket());
        let answer = call.expected_bucket_owner(&self.account).send().await;
        let found = self.optional("s3:GetBucketPolicy", answer)?.and_then(|found| found.policy);
        found
            .map(|text| Document::parse(&text))
            .transpose()
            .map_err(|source| BucketError::Policy { bucket: self.bucket(), source })
    }

    pub(super) async fn tags(&self) -> Result<BTreeMap<String, String>, BucketError> {
        let call = self.s3.get_bucket_tagging().bucket(self.bucket());
        let answer = call.expected_bucket_owner(&self.account).send().await;
        let found = self.optional("s3:GetBucketTagging", answer)?;
        let tags = found.map(|found| found.tag_set).unwrap_or_default();
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    /// Reads how objects are encrypted that are written without a word about it: `AES256`, `aws:kms` or
    /// `aws:kms:dsse`; nothing where no rule is set, which S3 takes as `AES256`.
    ///
    /// # Errors
    /// When S3 does not answer, or refuses.
    pub async fn default_encryption(&self) -> Result<Option<String>, BucketError> {
        let call = self.s3.get_bucket_encryption().bucket(self.bucket());
        let answer = call.expected_bucket_owner(&self.account).send().await;
        let found = self.optional("s3:GetEncryptionConfiguration", answer)?;
        let rules = found.and_then(|found| found.server_side_encryption_configuration);
        let rule = rules.and_then(|rules| rules.rules.into_iter().next());
        let default = rule.and_then(|rule| rule.apply_server_side_encryption_by_default);
        Ok(default.map(|default| default.sse_algorithm.as_str().to_owned()))
    }

    pub(super) async fn versioned(&self) -> Result<bool, BucketError> {
        let call = self.s3.get_bucket_versioning().bucket(self.bucket());
        let answer = call.expected_bucket_owner(&self.account).send().await;
        // Some stores that imitate S3 name the root element otherwise, which the SDK refuses.
        if let Err(SdkError::ServiceError(unread)) = &answer
            && unread.raw().status().is_success()
        {
            let body = unread.raw().body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
            return Ok(body.contains("<Status>Enabled</Status>"));
        }
        let found = self.optional("s3:GetBucketVersioning", answer)?;
        Ok(found.and_then(|found| found.status) == Some(BucketVersioningStatus::Enabled))
    }
}

/// A bucket that comes and goes more often than this is told of.
const LOOKS: usize = 3;
/// S3's code for a bucket that is not there, whatever of it was asked for.
pub(super) const NO_BUCKET: &str = "NoSuchBucket";

impl Publisher for S3Publisher {
    type Live = LiveBucket;
    type Error = BucketError;

    async fn read(&self) -> Result<LiveBucket, BucketError> {
        self.check_name()?;
        for _ in 0..LOOKS {
            match self.look().await {
                // It appeared or went while it was read: one look has to be of one state.
                Err(BucketError::Missing { .. }) => {}
                seen => return seen,
            }
        }
        self.look().await
    }

    async fn apply(
        &self,
        change: &PublishChange,
        waiting: &(dyn Fn(&Waiting) + Send + Sync),
    ) -> Result<(), BucketError> {
        match change {
            PublishChange::CreateBucket { tags, .. } => self.create(tags).await,
            PublishChange::AccessBlock { to, .. } => self.set_access_block(*to).await,
            PublishChange::Versioning => self.set_versioning().await,
            PublishChange::Tags { add } => self.add_tags(add).await,
            PublishChange::Policy { statement, .. } => self.add_statement(statement, waiting).await,
            PublishChange::Object { object, replaces } => self.put_document(object, replaces).await,
            PublishChange::CreateDirectory { .. } => Err(BucketError::NotForBuckets(change.kind())),
        }
    }

    async fn confirm(&self, change: &PublishChange) -> Result<(), BucketError> {
        self.confirm_setting(change).await
    }
}

fn block(set: &PublicAccessBlockConfiguration) -> AccessBlock {
    AccessBlock {
        block_public_acls: set.block_public_acls.unwrap_or(false),
        ignore_public_acls: set.ignore_public_acls.unwrap_or(false),
        block_public_policy: set.block_public_policy.unwrap_or(false),
        restrict_public_buckets: set.restrict_public_buckets.unwrap_or(false),
    }
}

fn account_block(set: &aws_sdk_s3control::types::PublicAccessBlockConfiguration) -> AccessBlock {
    AccessBlock {
        block_public_acls: set.block_public_acls.unwrap_or(false),
        ignore_public_acls: set.ignore_public_acls.unwrap_or(false),
        block_public_policy: set.block_public_policy.unwrap_or(false),
        restrict_public_buckets: set.restrict_public_buckets.unwrap_or(false),
    }
}
