//! Reads roles through the AWS SDK.

use std::time::Duration;

use aws_sdk_iam::Client;
use aws_types::SdkConfig;
use issuer_discovery::{CallError, TooManyRequests};
use issuer_policy::{Document, PolicyError};
use percent_encoding::percent_decode_str;

use crate::role::{Role, RoleArn, RoleArnError};

/// The longest session of a role that was made without a word about it.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>: "the default value of one hour".
const DEFAULT_SESSION: Duration = Duration::from_secs(3600);

/// Why a role cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// IAM names a role that is none.
    #[error("IAM answered with a role that is none")]
    Arn(#[from] RoleArnError),
    /// A trust policy that cannot be read.
    #[error("the trust policy of {arn} cannot be read")]
    TrustPolicy {
        /// The role.
        arn: String,
        /// Why.
        #[source]
        source: PolicyError,
    },
}

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
    let encoded = found.assume_role_policy_document().unwrap_or_default();
    // "Policies returned by this operation are URL-encoded compliant with RFC 3986".
    let text = percent_decode_str(encoded).decode_utf8_lossy();
    let trust_policy = Document::parse(&text)
        .map_err(|source| RoleError::TrustPolicy { arn: found.arn().to_owned(), source })?;
    let session = found.max_session_duration().and_then(|seconds| u64::try_from(seconds).ok());
    Ok(Some(Role {
        arn: found.arn().parse()?,
        trust_policy,
        max_session_duration: session.map_or(DEFAULT_SESSION, Duration::from_secs),
    }))
}
