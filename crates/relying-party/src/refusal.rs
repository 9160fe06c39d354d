//! How STS refuses: its codes, statuses and messages, one function for each row that it can answer with.
//!
//! Codes: [AssumeRoleWithWebIdentity, Errors][errors]; the messages are those that callers report. Where AWS's own
//! words are not known, the nearest row's are used and the explanation says what is the matter.
//!
//! [errors]: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_Errors

use std::borrow::Cow;

use issuer_discovery::IssuerUrl;
use issuer_policy::{bounded, quoted};
use issuer_registrar::DEFAULT_AUDIENCE;

use crate::shell::shell_word;
use crate::step::Step;
use crate::verdict::Refused;

/// An explanation or a hint has no more bytes, about.
pub(crate) const SHOWN: usize = 2000;

/// Row 1: a parameter outside of the API model's bounds.
pub(crate) fn parameter(
    value: &str,
    name: &str,
    constraint: &str,
    explanation: impl Into<String>,
    hint: impl Into<String>,
) -> Refused {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"
    );
    refused(Step::Parameters, "ValidationError", message, explanation, hint)
}

/// Row 2: a longer session than the role allows.
pub(crate) fn too_long(explanation: impl Into<String>, hint: impl Into<String>) -> Refused {
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    refused(Step::Duration, "ValidationError", message, explanation, hint)
}

/// Row 3: not a JWT.
pub(crate) fn not_a_jwt(explanation: impl Into<String>, hint: impl Into<String>) -> Refused {
    malformed(Step::Token, explanation, hint)
}

/// Row 3's answer at another step: RFC 7519 makes a claim of the wrong type no JWT, and STS's own words for it are
/// not known.
pub(crate) fn malformed(step: Step, explanation: impl Into<String>, hint: impl Into<String>) -> Refused {
    let message =
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
    invalid(step, message, explanation, hint)
}

/// Row 4: the issuer is no URL.
pub(crate) fn not_a_url(explanation: impl Into<String>, hint: impl Into<String>) -> Refused {
    invalid(Step::Issuer, "Issuer must be a valid URL", explanation, hint)
}

/// Row 5: a claim is missing.
pub(crate) fn missing_claim(claim: &str, explanation: impl Into<String>, hint: impl Into<String>) -> Refused {
    invalid(Step::Claims, format!("Missing a required claim: {claim}"), explanation, hint)
}

/// Row 6: several audiences, and nobody said which one counts.
pub(crate) fn several_audiences(explanation: impl Into<String>, hint: impl Into<String>) -> Refused {
    let message = "Token audience contains more than one audience while authorized party is not present";
    invalid(Step::AuthorizedParty, message, explanation, hint)
}

/// Row 7: no provider.
pub(crate) fn no_provider(issuer: &str, explanation: impl Into<String>, hint: impl Into<String>) -> Refused {
    let message = format!("No OpenIDConnect provider found in your account for {}", shell_word(issuer));
    invalid(Step::Provider, message, explanation, hint)
}

/// Row 8: the audience is none of the provider's.
pub(crate) fn wrong_audience(explanation: impl Into<String>, hint: impl Into<String>) -> Refused {
    invalid(Step::Audience, "Incorrect token audience", explanation, hint)
}

/// Row 9: no key; also for a signature that does not verify, for which STS's own words are not known.
pub(crate) fn no_key(step: Step, explanation: impl Into<String>, hint: impl Into<String>) -> Refused {
    let message = "Couldn't retrieve verification key from your identity provider,  please reference \
                   AssumeRoleWithWebIdentity documentation for requirements";
    invalid(step, message, explanation, hint)
}

/// Row 10: a private certificate authority, and no thumbprint that fits.
pub(crate) fn wrong_thumbprint(explanation: impl Into<String>, hint: impl Into<String>) -> Refused {
    let message = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint";
    invalid(Step::Thumbprint, message, explanation, hint)
}

/// Row 11: the token has run out.
pub(crate) fn expired(
    now: i64,
    expires: impl std::fmt::Display,
    explanation: impl Into<String>,
    hint: impl Into<String>,
) -> Refused {
    // The missing space is AWS's.
    let message =
        format!("Token expired: current date/time {now} must be before the expiration date/time{expires}");
    refused(Step::Expiry, "ExpiredTokenException", message, explanation, hint)
}

/// A token from the future; STS's own words are not known.
pub(crate) fn not_yet(message: String, explanation: impl Into<String>, hint: impl Into<String>) -> Refused {
    invalid(Step::Expiry, message, explanation, hint)
}

/// Row 12: nobody trusts it.
pub(crate) fn not_trusted(explanation: impl Into<String>, hint: impl Into<String>) -> Refused {
    let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    Refused { status: 403, ..refused(Step::Trust, "AccessDenied", message, explanation, hint) }
}

/// Row 13: the issuer's host was not there.
pub(crate) fn not_reached(explanation: impl Into<String>, hint: impl Into<String>) -> Refused {
    let message = "The request could not be fulfilled because the identity provider (IDP) that was asked to \
                   verify the incoming identity token could not be reached. This is often a transient error caused \
                   by network conditions. Retry the request a limited number of times so that you don't exceed the \
                   request rate. If the error persists, the identity provider might be down or not responding.";
    refused(Step::Reachable, "IDPCommunicationError", message, explanation, hint)
}

/// Quotes the first few of what strangers wrote.
pub(crate) fn listed<'a>(texts: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MOST: usize = 6;
    let more = texts.len().saturating_sub(MOST);
    let mut list = texts.take(MOST).map(quoted).collect::<Vec<_>>().join(", ");
    if more > 0 {
        list += &format!(" and {more} more");
    }
    list
}

/// Tells how to publish the documents of this issuer.
pub(crate) fn publish(issuer: &str) -> String {
    match issuer.parse::<IssuerUrl>() {
        Ok(_) => {
            let issuer = shell_word(issuer);
            format!("run `issuerctl publish --issuer {issuer} --bucket BUCKET` (or `--dir DIR`)")
        }
        Err(problem) => cannot_be(issuer, &problem.to_string()),
    }
}

/// Tells how to replace a document that publishing leaves alone, since it cannot tell whose it is.
pub(crate) fn replace(issuer: &str) -> String {
    match issuer.parse::<IssuerUrl>() {
        Ok(_) => format!(
            "take the document that is there away first, once you have seen that it holds nobody else's keys \
             (publishing never replaces what it cannot read), then {}",
            publish(issuer)
        ),
        Err(_) => publish(issuer),
    }
}

/// Tells how to mend an entry of the JWKS, which publishing keeps as it is.
pub(crate) fn mend_entry(issuer: &str) -> String {
    match issuer.parse::<IssuerUrl>() {
        Ok(_) => format!(
            "take this entry out of the JWKS first (publishing keeps the entries that it finds), then, for a key of \
             yours, {}",
            publish(issuer)
        ),
        Err(_) => publish(issuer),
    }
}

/// Tells how to register this issuer, with the audience that is AWS's own: a token's audience is a stranger's word,
/// and registering it would make every token that has it one for AWS.
pub(crate) fn register(issuer: &str) -> String {
    match issuer.parse::<IssuerUrl>() {
        Ok(_) => {
            let issuer = shell_word(issuer);
            format!(
                "run `issuerctl register --issuer {issuer} --audience {DEFAULT_AUDIENCE}` in the account of the role"
            )
        }
        Err(problem) => cannot_be(issuer, &problem.to_string()),
    }
}

fn cannot_be(issuer: &str, problem: &str) -> String {
    // The problem may have a part of the issuer in it, between backquotes as a command is.
    let problem = problem.replace('`', "'");
    format!("let kube-apiserver's --service-account-issuer be another than {}: {problem}", quoted(issuer))
}

fn invalid(
    step: Step,
    message: impl Into<Cow<'static, str>>,
    explanation: impl Into<String>,
    hint: impl Into<String>,
) -> Refused {
    refused(step, "InvalidIdentityToken", message, explanation, hint)
}

fn refused(
    step: Step,
    code: &'static str,
    message: impl Into<Cow<'static, str>>,
    explanation: impl Into<String>,
    hint: impl Into<String>,
) -> Refused {
    let (explanation, hint) = (bounded(&explanation.into(), SHOWN), bounded(&hint.into(), SHOWN));
    Refused { step, code, status: 400, message: message.into(), explanation, hint, unknown: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn of_many_texts_the_first_few_are_listed() {
        assert_eq!(listed(["a", "b"].into_iter()), r#""a", "b""#);
        assert!(listed(["a"; 9].into_iter()).ends_with("\"a\" and 3 more"));
    }
}
