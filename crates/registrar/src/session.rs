//! Asks STS for a session of a role: with a web identity token in place of credentials, or as whoever one is.
//!
//! [AssumeRoleWithWebIdentity](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html)
//! is not signed: it works without credentials, and nothing of the caller's own goes out.
//! [AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html) is how an administrator
//! enters another account.

use std::fmt;

use aws_sdk_sts::Client;
use aws_sdk_sts::config::Credentials;
use aws_sdk_sts::types::AssumedRoleUser;
use aws_types::SdkConfig;
use issuer_discovery::{CallError, TooManyRequests};

use crate::role::RoleArn;

/// The shortest session that STS gives, in seconds: a proof needs no more.
const SHORTEST_SESSION: i32 = 900;

/// The name of an administrator's session, as CloudTrail shows it.
const ADMINISTRATOR: &str = "issuerctl";
/// How long it lasts, in seconds: what every role allows, and more than any job of ours takes.
const ADMINISTRATOR_SESSION: i32 = 3600;

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// STS did not answer, or refused: its code and message are in the answer of the error.
    #[error(transparent)]
    Call(#[from] CallError),
    /// STS answered without what the session signs with.
    #[error("STS gave a session of {role} without credentials")]
    NoCredentials {
        /// The role.
        role: String,
    },
}

/// A session that STS has given.
#[derive(Clone)]
pub struct RoleSession {
    /// `arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    pub arn: String,
    /// The subject of the token, as STS read it.
    pub subject: String,
    /// The audience of the token, as STS read it.
    pub audience: String,
    /// The provider that vouched for it.
    pub provider: String,
    /// What the session may sign with.
    pub credentials: Credentials,
}

impl fmt::Debug for RoleSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleSession")
            .field("arn", &self.arn)
            .field("subject", &self.subject)
            .field("audience", &self.audience)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

/// Assumes a role for so many seconds, or for a quarter of an hour. The token goes out exactly as it is given.
///
/// # Errors
/// When STS does not answer, or refuses, or gives no credentials.
pub async fn assume_role_with_web_identity(
    config: &SdkConfig,
    role: &RoleArn,
    session_name: &str,
    token: &str,
    duration_seconds: Option<u64>,
) -> Result<RoleSession, SessionError> {
    let config = aws_sdk_sts::config::Builder::from(config).retry_classifier(TooManyRequests).build();
    let call = Client::from_conf(config).assume_role_with_web_identity();
    let call = call.role_arn(role.as_str()).role_session_name(session_name).web_identity_token(token);
    // What is too long for the API is for STS to refuse.
    let duration =
        duration_seconds.map_or(SHORTEST_SESSION, |asked| i32::try_from(asked).unwrap_or(i32::MAX));
    let answer = call.duration_seconds(duration).send().await;
    let given =
        answer.map_err(|error| CallError::new("sts:AssumeRoleWithWebIdentity", role.as_str(), error))?;
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let signs = given.credentials().ok_or_else(|| SessionError::NoCredentials { role: role.to_string() })?;
    let (id, secret) = (signs.access_key_id(), signs.secret_access_key());
    let credentials =
        Credentials::new(id, secret, Some(signs.session_token().to_owned()), None, "web identity");
    Ok(RoleSession {
        arn: text(given.assumed_role_user().map(AssumedRoleUser::arn)),
        subject: text(given.subject_from_web_identity_token()),
        audience: text(given.audience()),
        provider: text(given.provider()),
        credentials,
    })
}

/// Assumes a role for an hour, as whoever the configuration's credentials belong to; returns what it signs with.
///
/// # Errors
/// When STS does not answer, or refuses, or gives no credentials.
pub async fn assume_role(config: &SdkConfig, role: &RoleArn) -> Result<Credentials, SessionError> {
    let config = aws_sdk_sts::config::Builder::from(config).retry_classifier(TooManyRequests).build();
    let call = Client::from_conf(config).assume_role();
    let call = call.role_arn(role.as_str()).role_session_name(ADMINISTRATOR);
    let answer = call.duration_seconds(ADMINISTRATOR_SESSION).send().await;
    let given = answer.map_err(|error| CallError::new("sts:AssumeRole", role.as_str(), error))?;
    let signs = given.credentials().ok_or_else(|| SessionError::NoCredentials { role: role.to_string() })?;
    let (id, secret) = (signs.access_key_id(), signs.secret_access_key());
    Ok(Credentials::new(id, secret, Some(signs.session_token().to_owned()), None, "assumed role"))
}
