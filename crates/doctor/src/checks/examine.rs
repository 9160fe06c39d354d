//! The token as STS would judge it, from the facts that were gathered.

use issuer_discovery::IssuerUrl;
use issuer_relying_party::{
    self as relying_party, Context, Examination, Known, Refused, Step, Token, Verdict, known_context,
};

use super::role::live;
use crate::facts::{Fact, Facts};
use crate::plain::plain_list;
use crate::report::Finding;

/// What a session is called that the doctor asks for.
pub(crate) const SESSION_NAME: &str = "issuerctl-doctor";

/// Judges the token; nothing without one.
pub(super) fn examination(facts: &Facts) -> Option<Examination> {
    let token = facts.token.known()?;
    let role = match &facts.role {
        Fact::Is(found) if found.live.is_ok() => Known::Is(live(found)),
        _ => Known::NotLookedAt,
    };
    let ours = is_of_the_issuer(facts);
    // STS looks in the role's account.
    let elsewhere = |account| facts.role.known().is_some_and(|role| role.arn.account() != account);
    let providers = match &facts.provider {
        Fact::Is(found) if ours && !elsewhere(&found.account) => Known::Is(found.live.as_slice()),
        _ => Known::NotLookedAt,
    };
    let documents = if ours { Known::Is(&facts.documents) } else { Known::NotLookedAt };
    Some(Examination::of(&relying_party::Facts {
        token: token.as_str(),
        session_name: SESSION_NAME,
        duration_seconds: facts.duration_seconds,
        now: facts.now,
        role,
        providers,
        documents,
        context: Some(&context(facts)),
    }))
}

/// What is known of a call of STS beside the token.
pub(super) fn context(facts: &Facts) -> Context {
    known_context(facts.now, facts.region.as_deref())
}

/// Tells whether the token is the issuer's that documents and provider were looked at for: they say nothing about a
/// token of another. What cannot be decoded, or names no issuer, is refused before that counts.
fn is_of_the_issuer(facts: &Facts) -> bool {
    let token = facts.token.known().and_then(|token| Token::parse(token.as_str()).ok());
    let asked = facts.issuer.as_str();
    match token.as_ref().and_then(Token::issuer) {
        Some(issuer) if !issuer.is_empty() => issuer == asked && asked.parse::<IssuerUrl>().is_ok(),
        _ => true,
    }
}

/// What STS would answer; else why that cannot be said, if there is a token.
pub(super) fn verdict(facts: &Facts) -> Option<Result<Verdict, Finding>> {
    let verdict = examination(facts)?.verdict();
    let by_itself = matches!(&verdict, Verdict::Refused(reason) if reason.step < Step::Provider);
    Some(match verdict {
        verdict if by_itself => Ok(verdict),
        _ if !is_of_the_issuer(facts) => Err(Finding::skip("waits for token/issuer")),
        Verdict::Incomplete(step) => Err(waits(facts, step)),
        verdict => Ok(verdict),
    })
}

/// Says how STS refuses, in our words.
pub(super) fn refused(expected: impl Into<String>, refused: &Refused) -> Finding {
    let (expected, actual) = (expected.into(), line(&refused.explanation));
    if refused.is_unjudged() {
        return unjudged(expected, &actual, &refused.unknown);
    }
    Finding::fail(expected, actual, line(&refused.hint)).at(refused.step)
}

/// Says that an answer depends on what is not known here: that is no reason to change anything.
pub(super) fn unjudged<T: AsRef<str>>(expected: impl Into<String>, actual: &str, unknown: &[T]) -> Finding {
    Finding::warn(
        expected,
        format!("it cannot be judged here: {}. {actual}", plain_list(unknown)),
        "look whether it holds for those who ask: --assume-role asks AWS itself",
    )
}

/// Keeps a sentence of ours on one line, whatever a stranger's word in it is.
pub(super) fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Says what a step waits for that could not be judged.
pub(super) fn waits(facts: &Facts, step: Step) -> Finding {
    let fact = match step {
        Step::Duration | Step::Trust => facts.role.why().or_else(|| facts.role.known()?.live.clone().err()),
        Step::Provider | Step::Audience | Step::Thumbprint => facts.provider.why(),
        _ => None,
    };
    Finding::skip(fact.unwrap_or_else(|| format!("what STS needs at its step `{step}`")))
}
