//! The parameters of AssumeRoleWithWebIdentity: the constraints of its model, which AWS checks all at once, and what
//! the sandbox does not have.
//!
//! Follows [AssumeRoleWithWebIdentity, Request Parameters][call].
//!
//! [call]: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_RequestParameters

use issuer_registrar::RoleArn;

use super::constraints::{
    duration, of_duration, of_policy, of_session_name, refuse_what_is_not_there, required,
};
use crate::account::Account;
use crate::iam;
use crate::query::{Form, validation_errors};
use crate::refusal::{Answer, Refusal};

/// What the call knows and the sandbox does not: "Do not specify this value for an OpenID Connect identity provider",
/// it says of ProviderId.
const NOT_THERE: [&str; 3] = ["ProviderId", "PolicyArns", "MinimumSessionTokenSize"];

/// What is asked for.
#[derive(Debug)]
pub(super) struct Parameters<'a> {
    pub(super) role: RoleArn,
    pub(super) session_name: &'a str,
    pub(super) token: &'a str,
    pub(super) duration_seconds: Option<u64>,
    pub(super) policy: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    /// Reads a request.
    pub(super) fn read(account: &Account, form: &'a Form) -> Answer<Self> {
        let duration = duration(form)?;
        let mut problems = Vec::new();
        let mut text = |name, bounds, shown| required(form, name, bounds, shown, &mut problems);
        let arn = text("RoleArn", 20..=2048, None);
        let session_name = text("RoleSessionName", 2..=64, None);
        // AWS masks what is secret.
        let token = text("WebIdentityToken", 4..=20_000, Some("***"));
        problems.extend(of_session_name(session_name));
        let policy = form.given("Policy");
        problems.extend(policy.and_then(of_policy));
        problems.extend(duration.and_then(of_duration));
        validation_errors(&problems)?;
        refuse_what_is_not_there(form, &NOT_THERE)?;
        if let Some(policy) = policy {
            iam::check_identity(account, policy)?;
        }
        let role = arn.parse().map_err(|_| Refusal::new("ValidationError", 400, "Request ARN is invalid"))?;
        let duration_seconds = duration.and_then(|seconds| u64::try_from(seconds).ok());
        Ok(Self { role, session_name, token, duration_seconds, policy })
    }
}
