//! What a bucket is set to: access block, policy, versioning, encryption, ownership.
//!
//! Follows [Block Public Access][block], [PutBucketPolicy][policy], [PutBucketVersioning][versioning] and
//! [default encryption][encryption].
//!
//! [block]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
//! [policy]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
//! [versioning]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html
//! [encryption]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html

use std::sync::Arc;

use s3s::dto;

use super::buckets::{change_bucket, with_bucket};
use super::effect::Effect;
use super::visit::Visit;
use super::{no_such_bucket, policy};
use crate::account::Account;
use crate::refusal::{Answer, Refusal};
use crate::state::{AccessBlock, Encryption, Versioning};

/// Shows the access block.
pub(super) fn access_block(
    account: &Account,
    _: &Visit,
    input: dto::GetPublicAccessBlockInput,
) -> Answer<dto::GetPublicAccessBlockOutput> {
    with_bucket(account, &input.bucket, |bucket| {
        let missing = || {
            let text = "The public access block configuration was not found";
            Refusal::new("NoSuchPublicAccessBlockConfiguration", 404, text).with("BucketName", &input.bucket)
        };
        let block = bucket.access_block.ok_or_else(missing)?;
        let configuration = dto::PublicAccessBlockConfiguration {
            block_public_acls: Some(block.block_public_acls),
            ignore_public_acls: Some(block.ignore_public_acls),
            block_public_policy: Some(block.block_public_policy),
            restrict_public_buckets: Some(block.restrict_public_buckets),
        };
        Ok(dto::GetPublicAccessBlockOutput { public_access_block_configuration: Some(configuration) })
    })
}

/// Sets all four; one that is left out is off.
pub(super) fn put_access_block(
    account: &Account,
    _: &Visit,
    input: dto::PutPublicAccessBlockInput,
) -> Answer<dto::PutPublicAccessBlockOutput> {
    let wanted = input.public_access_block_configuration;
    change_bucket(account, &input.bucket, |bucket| {
        bucket.access_block = Some(AccessBlock {
            block_public_acls: wanted.block_public_acls.unwrap_or_default(),
            ignore_public_acls: wanted.ignore_public_acls.unwrap_or_default(),
            block_public_policy: wanted.block_public_policy.unwrap_or_default(),
            restrict_public_buckets: wanted.restrict_public_buckets.unwrap_or_default(),
        });
        Ok(dto::PutPublicAccessBlockOutput::default())
    })
}

/// Takes the access block away.
pub(super) fn delete_access_block(
    account: &Account,
    _: &Visit,
    input: dto::DeletePublicAccessBlockInput,
) -> Answer<dto::DeletePublicAccessBlockOutput> {
    change_bucket(account, &input.bucket, |bucket| {
        bucket.access_block = None;
        Ok(dto::DeletePublicAccessBlockOutput::default())
    })
}

/// Shows the policy, in its exact bytes.
pub(super) fn policy(
    account: &Account,
    _: &Visit,
    input: dto::GetBucketPolicyInput,
) -> Answer<dto::GetBucketPolicyOutput> {
    with_bucket(account, &input.bucket, |bucket| {
        let policy = bucket.policy.clone().ok_or_else(|| no_policy(&input.bucket))?;
        Ok(dto::GetBucketPolicyOutput { policy: Some(policy) })
    })
}

/// Sets the policy, unless it is public and public policies are blocked.
pub(super) fn put_policy(
    account: &Account,
    visit: &Visit,
    input: dto::PutBucketPolicyInput,
) -> Answer<dto::PutBucketPolicyOutput> {
    let document = policy::parse(account, &input.bucket, &input.policy)?;
    let mut state = account.change();
    let bucket = state.buckets.get(&input.bucket).ok_or_else(|| no_such_bucket(&input.bucket))?;
    // "Setting BlockPublicPolicy to TRUE causes Amazon S3 to reject calls to PUT Bucket policy if the specified
    // bucket policy allows public access."
    let effect = Effect::of(state.settled(), &input.bucket, bucket);
    if !document.public_statements().is_empty() && effect.blocks(|block| block.block_public_policy) {
        let user = visit.caller.as_ref().map(|caller| caller.arn(account)).unwrap_or_default();
        let arn = account.s3_arn(&input.bucket);
        let text = format!(
            "User: {user} is not authorized to perform: s3:PutBucketPolicy on resource: \"{arn}\" \
             because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access."
        );
        return Err(Refusal::new("AccessDenied", 403, text));
    }
    if let Some(bucket) = state.buckets.get_mut(&input.bucket) {
        Arc::make_mut(bucket).policy = Some(input.policy);
    }
    Ok(dto::PutBucketPolicyOutput::default())
}

/// Takes the policy away; one that is not there is no error.
pub(super) fn delete_policy(
    account: &Account,
    _: &Visit,
    input: dto::DeleteBucketPolicyInput,
) -> Answer<dto::DeleteBucketPolicyOutput> {
    change_bucket(account, &input.bucket, |bucket| {
        bucket.policy = None;
        Ok(dto::DeleteBucketPolicyOutput::default())
    })
}

/// Says whether the policy is public.
pub(super) fn policy_status(
    account: &Account,
    _: &Visit,
    input: dto::GetBucketPolicyStatusInput,
) -> Answer<dto::GetBucketPolicyStatusOutput> {
    with_bucket(account, &input.bucket, |bucket| {
        if bucket.policy.is_none() {
            return Err(no_policy(&input.bucket));
        }
        let status = dto::PolicyStatus { is_public: Some(policy::is_public(bucket.policy.as_deref())) };
        Ok(dto::GetBucketPolicyStatusOutput { policy_status: Some(status) })
    })
}

/// Shows whether old versions are kept; nothing when they never were.
pub(super) fn versioning(
    account: &Account,
    _: &Visit,
    input: dto::GetBucketVersioningInput,
) -> Answer<dto::GetBucketVersioningOutput> {
    with_bucket(account, &input.bucket, |bucket| {
        let status = match bucket.versioning {
            Versioning::Never => None,
            Versioning::Enabled => {
                Some(dto::BucketVersioningStatus::from_static(dto::BucketVersioningStatus::ENABLED))
            }
            Versioning::Suspended => {
                Some(dto::BucketVersioningStatus::from_static(dto::BucketVersioningStatus::SUSPENDED))
            }
        };
        Ok(dto::GetBucketVersioningOutput { mfa_delete: None, status })
    })
}

/// Starts or stops keeping old versions.
pub(super) fn put_versioning(
    account: &Account,
    _: &Visit,
    input: dto::PutBucketVersioningInput,
) -> Answer<dto::PutBucketVersioningOutput> {
    let wanted = input.versioning_configuration;
    if wanted.mfa_delete.is_some_and(|mfa| mfa.as_str() != "Disabled") {
        return Err(Refusal::new("NotImplemented", 501, "The sandbox does not have MFA Delete."));
    }
    let versioning = match wanted.status.as_ref().map(dto::BucketVersioningStatus::as_str) {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        _ => {
            let text = "The Versioning element must be specified";
            return Err(Refusal::new("IllegalVersioningConfigurationException", 400, text));
        }
    };
    change_bucket(account, &input.bucket, |bucket| {
        bucket.versioning = versioning;
        Ok(dto::PutBucketVersioningOutput::default())
    })
}

/// Shows the default encryption: every bucket has one.
pub(super) fn encryption(
    account: &Account,
    _: &Visit,
    input: dto::GetBucketEncryptionInput,
) -> Answer<dto::GetBucketEncryptionOutput> {
    with_bucket(account, &input.bucket, |bucket| {
        let (algorithm, key) = match &bucket.encryption {
            Encryption::S3 => (dto::ServerSideEncryption::AES256, None),
            Encryption::Kms(key) => (dto::ServerSideEncryption::AWS_KMS, key.clone()),
        };
        let default = dto::ServerSideEncryptionByDefault {
            kms_master_key_id: key,
            sse_algorithm: dto::ServerSideEncryption::from_static(algorithm),
        };
        let rule = dto::ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(default),
            bucket_key_enabled: Some(false),
        };
        let configuration = dto::ServerSideEncryptionConfiguration { rules: vec![rule] };
        Ok(dto::GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) })
    })
}

/// Sets the default encryption.
pub(super) fn put_encryption(
    account: &Account,
    _: &Visit,
    input: dto::PutBucketEncryptionInput,
) -> Answer<dto::PutBucketEncryptionOutput> {
    let rule = input.server_side_encryption_configuration.rules.into_iter().next();
    let default = rule.and_then(|rule| rule.apply_server_side_encryption_by_default);
    let encryption = match default {
        Some(default) => encryption_of(default.sse_algorithm.as_str(), default.kms_master_key_id)?,
        None => Encryption::S3,
    };
    change_bucket(account, &input.bucket, |bucket| {
        bucket.encryption = encryption;
        Ok(dto::PutBucketEncryptionOutput::default())
    })
}

/// Shows who owns the objects: always the bucket's owner, so that there are no ACLs.
pub(super) fn ownership(
    account: &Account,
    _: &Visit,
    input: dto::GetBucketOwnershipControlsInput,
) -> Answer<dto::GetBucketOwnershipControlsOutput> {
    with_bucket(account, &input.bucket, |_| {
        let ownership = dto::ObjectOwnership::from_static(dto::ObjectOwnership::BUCKET_OWNER_ENFORCED);
        let rules = vec![dto::OwnershipControlsRule { object_ownership: ownership }];
        Ok(dto::GetBucketOwnershipControlsOutput {
            ownership_controls: Some(dto::OwnershipControls { rules }),
        })
    })
}

/// Reads the name of an encryption.
pub(super) fn encryption_of(algorithm: &str, key: Option<String>) -> Answer<Encryption> {
    match algorithm {
        "AES256" => Ok(Encryption::S3),
        "aws:kms" => Ok(Encryption::Kms(key)),
        other => {
            let text = format!("The sandbox does not have the server-side encryption {other}.");
            Err(Refusal::new("NotImplemented", 501, text))
        }
    }
}

fn no_policy(bucket: &str) -> Refusal {
    Refusal::new("NoSuchBucketPolicy", 404, "The bucket policy does not exist").with("BucketName", bucket)
}
