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
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketNamespace, BucketVersioningStatus, CreateBucketConfiguration,
    PublicAccessBlockConfiguration, Tag, Tagging, VersioningConfiguration,
};
use aws_types::SdkConfig;
use issuer_policy::{Document, Merge, PolicyError, Statement};

use super::{AccountBlock, BucketPlace, LiveBucket};
use crate::call::CallError;
use crate::publish::{AccessBlock, LiveDocuments, Patience, PublishChange, Publisher, Waiting};
use crate::site::DISCOVERY_PATH;

/// Why publishing to a bucket fails.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The bucket is somewhere else.
    #[error("the bucket {bucket} is in {found}, not in {asked}")]
    WrongRegion {
        /// The bucket.
        bucket: String,
        /// Where S3 says that it is.
        found: String,
        /// Where we looked.
        asked: String,
    },
    /// It is there, but not this account's (or this account may not look at it).
    #[error(
        "the bucket {bucket} exists, but belongs to another account than {account}, or s3:ListBucket on it is not allowed"
    )]
    NotThisAccounts {
        /// The bucket.
        bucket: String,
        /// Our account.
        account: String,
    },
    /// Somebody else has the name.
    #[error(
        "the bucket name {bucket} is taken by somebody else; bucket names are shared by all accounts of AWS"
    )]
    NameTaken {
        /// The bucket.
        bucket: String,
    },
    /// The name is bound to another account or region.
    #[error(
        "the bucket name {bucket} is bound to account {account} and region {region} by its own text; this is account {ours}"
    )]
    AccountRegional {
        /// The bucket.
        bucket: String,
        /// The account in the name.
        account: String,
        /// The region in the name.
        region: String,
        /// Our account.
        ours: String,
    },
    /// The policy that is there cannot be read.
    #[error("the policy of bucket {bucket} cannot be read, so nothing is added to it")]
    Policy {
        /// The bucket.
        bucket: String,
        /// Why.
        #[source]
        source: PolicyError,
    },
    /// An object is larger than any document.
    #[error("the object {key} in bucket {bucket} is larger than a document of an issuer can be")]
    TooLarge {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// An object's body could not be read to its end.
    #[error("the object {key} in bucket {bucket} could not be read to its end")]
    Body {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Somebody else was faster.
    #[error("{what} was changed by somebody else meanwhile")]
    Raced {
        /// What was.
        what: String,
    },
    /// S3 kept refusing the policy although the access block allows it.
    #[error(
        "S3 still refuses the bucket policy {seconds} s after the access block was opened; an organisation may forbid public policies"
    )]
    StillBlocked {
        /// How long we waited.
        seconds: u64,
        /// The last refusal.
        #[source]
        source: CallError,
    },
}

/// A bucket that the issuer's documents are published to.
#[derive(Clone, Debug)]
pub struct S3Publisher {
    pub(super) s3: Client,
    control: aws_sdk_s3control::Client,
    pub(super) account: String,
    pub(super) place: BucketPlace,
    patience: Patience,
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
            .build();
        let control = aws_sdk_s3control::config::Builder::from(config)
            .region(aws_sdk_s3control::config::Region::new(place.region.as_str().to_owned()))
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

    fn bucket(&self) -> String {
        self.place.bucket.to_string()
    }

    fn failed<E>(&self, action: &'static str, error: SdkError<E, HttpResponse>) -> BucketError
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        CallError::new(action, self.place.bucket_arn(), error).into()
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
            Err(error) => match CallError::new(action, self.place.bucket_arn(), error) {
                missing if missing.status() == 404 => Ok(None),
                other => Err(other.into()),
            },
        }
    }

    async fn head(&self) -> Result<bool, BucketError> {
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
                let error = CallError::new("s3:ListBucket", self.place.bucket_arn(), error);
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

    async fn access_block(&self) -> Result<AccessBlock, BucketError> {
        let call = self.s3.get_public_access_block().bucket(self.bucket());
        let answer = call.expected_bucket_owner(&self.account).send().await;
        let found = self.optional("s3:GetBucketPublicAccessBlock", answer)?;
        Ok(found
            .and_then(|found| found.public_access_block_configuration)
            .map(|set| block(&set))
            .unwrap_or_default())
    }

    /// A permission to look at the account is not always given: then the wait for the policy tells.
    async fn account_block(&self) -> Result<AccountBlock, BucketError> {
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
                    // Not allowed to look, or a store that is not AWS and has no accounts.
                    Some(_) if !matches!(error.status(), 429 | 500..) || error.status() == 501 => {
                        Ok(AccountBlock::Unknown(error.to_string()))
                    }
                    _ => Err(error.into()),
                }
            }
        }
    }

    async fn policy(&self) -> Result<Option<Document>, BucketError> {
        let call = self.s3.get_bucket_policy().bucket(self.bucket());
        let answer = call.expected_bucket_owner(&self.account).send().await;
        let found = self.optional("s3:GetBucketPolicy", answer)?.and_then(|found| found.policy);
        found
            .map(|text| Document::parse(&text))
            .transpose()
            .map_err(|source| BucketError::Policy { bucket: self.bucket(), source })
    }

    async fn tags(&self) -> Result<BTreeMap<String, String>, BucketError> {
        let call = self.s3.get_bucket_tagging().bucket(self.bucket());
        let answer = call.expected_bucket_owner(&self.account).send().await;
        let found = self.optional("s3:GetBucketTagging", answer)?;
        let tags = found.map(|found| found.tag_set).unwrap_or_default();
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    async fn versioned(&self) -> Result<bool, BucketError> {
        let call = self.s3.get_bucket_versioning().bucket(self.bucket());
        let answer = call.expected_bucket_owner(&self.account).send().await;
        let found = self.optional("s3:GetBucketVersioning", answer)?;
        Ok(found.and_then(|found| found.status) == Some(BucketVersioningStatus::Enabled))
    }

    async fn create(&self, tags: &BTreeMap<String, String>) -> Result<(), BucketError> {
        let region = &self.place.region;
        let mut call = self.s3.create_bucket().bucket(self.bucket());
        let mut configuration = CreateBucketConfiguration::builder().set_tags(Some(sdk_tags(tags)));
        if !region.is_default_location() {
            configuration =
                configuration.location_constraint(BucketLocationConstraint::from(region.as_str()));
        }
        if let Some((account, bound)) = self.place.bucket.account_regional() {
            if account != self.account || bound != *region {
                return Err(BucketError::AccountRegional {
                    bucket: self.bucket(),
                    account: account.to_owned(),
                    region: bound.to_string(),
                    ours: self.account.clone(),
                });
            }
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

    async fn set_access_block(&self, to: AccessBlock) -> Result<(), BucketError> {
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

    async fn set_versioning(&self) -> Result<(), BucketError> {
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

    /// PutBucketTagging replaces the whole set, so what is there is read right before.
    async fn add_tags(&self, add: &BTreeMap<String, String>) -> Result<(), BucketError> {
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
        Ok(())
    }

    /// PutBucketPolicy has no condition: read, merge, write, and read again whether it held.
    async fn add_statement(
        &self,
        statement: &Statement,
        after_access_block: bool,
        waiting: &(dyn Fn(&Waiting) + Send + Sync),
    ) -> Result<(), BucketError> {
        for _ in 0..POLICY_ATTEMPTS {
            let mut policy = self.policy().await?.unwrap_or_else(Document::empty);
            if policy.merge(statement.clone()) == Merge::Unchanged {
                return Ok(());
            }
            self.put_policy(&policy, after_access_block, waiting).await?;
        }
        Err(BucketError::Raced { what: format!("the policy of bucket {}", self.place.bucket) })
    }

    async fn put_policy(
        &self,
        policy: &Document,
        after_access_block: bool,
        waiting: &(dyn Fn(&Waiting) + Send + Sync),
    ) -> Result<(), BucketError> {
        let mut pauses = self.patience.pauses();
        let mut waited = std::time::Duration::ZERO;
        loop {
            let call = self.s3.put_bucket_policy().bucket(self.bucket()).policy(policy.to_json());
            let Err(error) = call.expected_bucket_owner(&self.account).send().await else { return Ok(()) };
            let error = CallError::new("s3:PutBucketPolicy", self.place.bucket_arn(), error);
            // A missing permission says "is not authorized to perform"; that does not pass by waiting.
            let lacking = error.answer().is_some_and(|answer| answer.message.contains("not authorized"));
            if !(after_access_block && error.is_access_denied() && !lacking) {
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

/// More than this many lost races in a row is no race.
const POLICY_ATTEMPTS: usize = 5;

impl Publisher for S3Publisher {
    type Live = LiveBucket;
    type Error = BucketError;

    async fn read(&self) -> Result<LiveBucket, BucketError> {
        // All at once: a bucket that is missing answers each with 404.
        let (head, block, account_block, policy, tags, versioned, discovery, jwks) = tokio::join!(
            self.head(),
            self.access_block(),
            self.account_block(),
            self.policy(),
            self.tags(),
            self.versioned(),
            self.document(DISCOVERY_PATH),
            self.document(self.place.jwks_path.as_str()),
        );
        // The head first: in another region or account the others fail for that reason alone.
        if !head? {
            return Ok(LiveBucket { account_block: account_block?, ..LiveBucket::default() });
        }
        Ok(LiveBucket {
            exists: true,
            block: block?,
            account_block: account_block?,
            policy: policy?,
            tags: tags?,
            versioned: versioned?,
            documents: LiveDocuments { discovery: discovery?, jwks: jwks? },
        })
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
            PublishChange::Policy { statement, after_access_block, .. } => {
                self.add_statement(statement, *after_access_block, waiting).await
            }
            PublishChange::Object { object, replaces } => self.put_document(object, replaces).await,
            // A directory's; a plan for a bucket has none.
            PublishChange::CreateDirectory { .. } => Ok(()),
        }
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

fn sdk_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    // Both parts are given, which is all that the builder asks for.
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

fn build_error(
    error: aws_sdk_s3::error::BuildError,
) -> SdkError<aws_sdk_s3::operation::put_bucket_tagging::PutBucketTaggingError, HttpResponse> {
    SdkError::construction_failure(error)
}
