//! The parameters of AssumeRoleWithWebIdentity: the constraints of its model, which AWS checks all at once, and what
//! the sandbox does not have.
//!
//! Follows [AssumeRoleWithWebIdentity, Request Parameters][call].
//!
//! [call]: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_RequestParameters

use std::ops::RangeInclusive;

use issuer_registrar::RoleArn;

use crate::account::Account;
use crate::iam;
use crate::query::{Form, member, validation_errors};
use crate::refusal::{Answer, Refusal};

/// Characters of a session's own policy.
const POLICY: usize = 2048;
/// Seconds of a session.
const DURATION: RangeInclusive<i64> = 900..=43_200;
/// What the call knows and the sandbox does not.
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
        let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if !session_name.chars().all(fits) {
            let pattern = r"Member must satisfy regular expression pattern: [\w+=,.@-]*";
            problems.push(problem(session_name, "RoleSessionName", pattern));
        }
        let policy = form.given("Policy");
        if let Some(policy) = policy {
            problems.extend(of_length(policy, "Policy", 1..=POLICY, Some("...")));
        }
        if let Some(seconds) = duration.filter(|seconds| !DURATION.contains(seconds)) {
            let (word, bound) = if seconds < *DURATION.start() {
                ("greater", DURATION.start())
            } else {
                ("less", DURATION.end())
            };
            let must = format!("Member must have value {word} than or equal to {bound}");
            problems.push(problem(&seconds.to_string(), "DurationSeconds", &must));
        }
        validation_errors(&problems)?;
        refuse_what_is_not_there(form)?;
        if let Some(policy) = policy {
            iam::check_identity(account, policy)?;
        }
        let role = arn.parse().map_err(|_| Refusal::new("ValidationError", 400, "Request ARN is invalid"))?;
        let duration_seconds = duration.and_then(|seconds| u64::try_from(seconds).ok());
        Ok(Self { role, session_name, token, duration_seconds, policy })
    }
}

/// "Do not specify this value for an OpenID Connect identity provider", it says of ProviderId. Of a structure or a list
/// each part counts, however it is numbered: what is left out could be what bounds the session.
fn refuse_what_is_not_there(form: &Form) -> Answer<()> {
    let first = |name: &'_ str| name.split('.').next().unwrap_or_default().to_owned();
    match form.names().map(first).find(|name| NOT_THERE.contains(&name.as_str())) {
        Some(name) => Err(Refusal::new(
            "NotImplemented",
            501,
            format!("The sandbox does not take the parameter {name}."),
        )),
        None => Ok(()),
    }
}

/// A parameter that has to be there, empty when it is not.
fn required<'a>(
    form: &'a Form,
    name: &str,
    bounds: RangeInclusive<usize>,
    shown: Option<&str>,
    problems: &mut Vec<String>,
) -> &'a str {
    match form.given(name) {
        Some(value) => {
            problems.extend(of_length(value, name, bounds, shown));
            value
        }
        None => {
            let name = member(name);
            problems.push(format!("Value at '{name}' failed to satisfy constraint: Member must not be null"));
            ""
        }
    }
}

fn of_length(value: &str, name: &str, bounds: RangeInclusive<usize>, shown: Option<&str>) -> Option<String> {
    let length = value.chars().count();
    if bounds.contains(&length) {
        return None;
    }
    let (word, bound) =
        if length < *bounds.start() { ("greater", bounds.start()) } else { ("less", bounds.end()) };
    let must = format!("Member must have length {word} than or equal to {bound}");
    Some(problem(shown.unwrap_or(value), name, &must))
}

fn problem(value: &str, name: &str, must: &str) -> String {
    format!("Value '{value}' at '{}' failed to satisfy constraint: {must}", member(name))
}

fn duration(form: &Form) -> Answer<Option<i64>> {
    let Some(text) = form.text("DurationSeconds") else { return Ok(None) };
    let malformed = |_| Refusal::new("MalformedInput", 400, "DurationSeconds is not a number.");
    text.parse().map(Some).map_err(malformed)
}

/// How much of its room a session's policy takes, in per cent.
pub(super) fn packed_size(policy: &str) -> usize {
    // AWS packs it in a way of its own; this is the share of the plain text.
    (policy.chars().count() * 100).div_ceil(POLICY)
}
