//! Reads roles through the AWS SDK.

use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::types;
use aws_types::SdkConfig;
use issuer_discovery::{CallError, TooManyRequests};
use issuer_policy::{Document, PolicyError};
use percent_encoding::percent_decode_str;

use super::arn::{Role, RoleArn};
use super::error::RoleError;

/// The longest session of a role that was made without a word about it.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>: "the default value of one hour".
const DEFAULT_SESSION: Duration = Duration::from_secs(3600);

/// Reads the role of this name, when there is one in the account that the credentials belong to. Its ARN says what its
/// path is, which may be another than the one asked for.
///
/// # Errors
/// When IAM does not answer, or refuses, or answers with what is no role.
pub async fn read_role(config: &SdkConfig, wanted: &RoleArn) -> Result<Option<Role>, RoleError> {
    let config = aws_sdk_iam::config::Builder::from(config).retry_classifier(TooManyRequests).build();
    let answer = Client::from_conf(config).get_role().role_name(wanted.name()).send().await;
    let found = match answer {
        Ok(found) => found.role,
        Err(error) => match CallError::new("iam:GetRole", wanted.as_str(), error) {
            missing if missing.code().starts_with("NoSuchEntity") => None,
            other => return Err(other.into()),
        },
    };
    let Some(found) = found else { return Ok(None) };
    let trust_policy = trust_policy(&found)?;
    Ok(Some(Role { arn: found.arn().parse()?, trust_policy, max_session_duration: longest_session(&found) }))
}

/// Reads a role's trust policy.
pub(super) fn trust_policy(role: &types::Role) -> Result<Document, RoleError> {
    document(role.assume_role_policy_document())
        .map_err(|source| RoleError::TrustPolicy { arn: role.arn().to_owned(), source })
}

pub(super) fn longest_session(role: &types::Role) -> Duration {
    let session = role.max_session_duration().and_then(|seconds| u64::try_from(seconds).ok());
    session.map_or(DEFAULT_SESSION, Duration::from_secs)
}

/// Reads a policy as IAM hands it out: "URL-encoded compliant with RFC 3986".
pub(super) fn document(encoded: Option<&str>) -> Result<Document, PolicyError> {
    Document::parse(&percent_decode_str(encoded.unwrap_or_default()).decode_utf8_lossy())
}
