//! The token, claim by claim, and what STS would answer
//! ([AssumeRoleWithWebIdentity](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html)).

use issuer_discovery::IssuerUrl;
use issuer_relying_party::{Examination, NumericDate, Outcome, Refused, Step, Token, Verdict, shell_word};
use time::Duration;

use super::commands::mend_entry;
use super::documents::difference;
use super::examine::{self, examination, line, refused, unjudged, waits};
use super::jwks::published;
use crate::check::{Check, Group};
use crate::facts::Facts;
use crate::plain::{plain, plain_list};
use crate::report::{Finding, Status};

pub(crate) const CHECKS: &[Check] = &[
    Check::new(Group::Token, "token/form", "the token has nothing before or after it", &[], form),
    Check::new(
        Group::Token,
        "token/decoded",
        "it is a JWT, signed by an algorithm that AWS takes",
        &["token/form"],
        decoded,
    ),
    Check::new(
        Group::Token,
        "token/issuer",
        "its iss is the issuer, byte for byte",
        &["token/decoded"],
        issuer,
    ),
    Check::new(Group::Token, "token/claims", "it has every claim that STS needs", &["token/decoded"], claims),
    Check::new(
        Group::Token,
        "token/audience",
        "its aud is the audience, and one alone",
        &["token/issuer", "token/claims", "provider/audience"],
        audience,
    ),
    Check::new(Group::Token, "token/subject", "its sub is the service account", &["token/claims"], subject),
    Check::new(Group::Token, "token/clock", "it is not from the future", &["token/claims"], clock),
    Check::new(Group::Token, "token/expiry", "it has not run out", &["token/claims"], expiry),
    Check::new(Group::Token, "token/life", "it lives for a day at most", &["token/claims"], life),
    Check::new(
        Group::Token,
        "token/key",
        "the key that it names is published",
        &["token/issuer", "documents/sts-reads"],
        key,
    ),
    Check::new(Group::Token, "token/signature", "that key signed it", &["token/key"], signature),
    Check::new(
        Group::Token,
        "token/trust",
        "the role's trust policy lets it in",
        &["token/issuer", "token/audience", "token/subject", "role/exists", "role/trust"],
        trust,
    ),
    Check::new(Group::Token, "token/verdict", "STS would take it", &[], verdict),
];

/// What kubelet and the webhook ask for at most.
const LONGEST_LIFE: Duration = Duration::hours(24);

/// Hands the outcome of a step to a check.
fn step(facts: &Facts, step: Step, expected: &str, passed: impl FnOnce(&Examination) -> Finding) -> Finding {
    let Some(examination) = examination(facts) else { return unasked(facts) };
    match examination.outcome(step) {
        Outcome::Passed => passed(&examination),
        Outcome::Refused(reason) => refused(expected, reason),
        Outcome::Waiting(before) => waits(facts, *before),
        Outcome::NotLookedAt => waits(facts, step),
    }
}

fn with(facts: &Facts, look: impl FnOnce(&Token) -> Finding) -> Finding {
    match facts.token.known().and_then(|token| Token::parse(token.as_str()).ok()) {
        Some(token) => look(&token),
        None => unasked(facts),
    }
}

fn unasked(facts: &Facts) -> Finding {
    Finding::skip(facts.token.why().unwrap_or_else(|| "the token cannot be decoded".to_owned()))
}

fn form(facts: &Facts) -> Finding {
    let Some(token) = facts.token.known() else { return unasked(facts) };
    let text = token.as_str();
    let newline = if text.ends_with('\n') { "a newline" } else { "white space" };
    if text.trim() != text && !text.trim().is_empty() {
        return Finding::fail(
            "the token alone",
            format!("{newline} stands beside it, which STS takes for a part of it"),
            "write the file without: kubectl create token NAME --audience sts.amazonaws.com | tr -d '\\n' > FILE",
        )
        .at(Step::Token);
    }
    step(facts, Step::Parameters, "4 to 20000 characters", |_| {
        Finding::pass(format!("{} characters", text.len()))
    })
}

fn decoded(facts: &Facts) -> Finding {
    step(facts, Step::Token, "a signed JWT: RS256, RS384, RS512, ES256, ES384 or ES512", |_| {
        with(facts, |token| {
            let kid = token.kid().map_or_else(|| "no key".to_owned(), |kid| format!("key {}", plain(kid)));
            Finding::pass(format!("{}, {kid}", token.algorithm()))
        })
    })
}

fn claims(facts: &Facts) -> Finding {
    step(facts, Step::Claims, "iss, sub, aud, iat and exp", |_| Finding::pass("iss, sub, aud, iat and exp"))
}

fn issuer(facts: &Facts) -> Finding {
    let expected = facts.issuer.as_str();
    step(facts, Step::Issuer, expected, |_| {
        with(facts, |token| {
            let found = token.issuer().unwrap_or_default();
            match difference(expected, found) {
                None => Finding::pass(plain(found)),
                Some(parting) => {
                    let finding = Finding::fail(
                        expected,
                        format!("{}: {parting}", plain(found)),
                        "the control plane signs as another issuer, or --issuer is not its issuer: see \
                         --service-account-issuer of kube-apiserver, the first one signs; `issuerctl emit` writes it, \
                         `issuerctl doctor --cluster` reads it",
                    );
                    // Of a text that AWS could not even have a provider for nothing follows about the token's issuer.
                    let strict = expected.parse::<IssuerUrl>().is_ok();
                    if strict { finding.at(Step::Provider) } else { finding }
                }
            }
        })
    })
}

fn audience(facts: &Facts) -> Finding {
    let wanted = facts.audience.as_str();
    step(facts, Step::AuthorizedParty, wanted, |examination| {
        with(facts, |token| {
            let found = plain_list(token.audiences());
            match examination.outcome(Step::Audience) {
                _ if token.audiences() == [wanted] => Finding::pass(found),
                // The provider knows it: it is another one than was asked about.
                Outcome::Passed => Finding::warn(
                    wanted,
                    format!("{found}, which the provider takes too"),
                    "say which audience is meant with --audience",
                ),
                _ => Finding::fail(
                    wanted,
                    found,
                    format!(
                        "ask for a token for AWS: kubectl create token NAME --audience {}",
                        shell_word(wanted)
                    ),
                )
                .at(Step::Audience),
            }
        })
    })
}

fn subject(facts: &Facts) -> Finding {
    with(facts, |token| {
        let found = plain(token.subject().unwrap_or_default());
        let Some(account) = &facts.service_account else { return Finding::pass(found) };
        if token.subject() == Some(&account.subject()) {
            return Finding::pass(found);
        }
        Finding::fail(
            account.subject(),
            found,
            format!(
                "set serviceAccountName of the pod, or take the token of the right one: kubectl -n {} create token {}",
                account.namespace(),
                account.name()
            ),
        )
        .at(Step::Trust)
    })
}

/// The refusal at the step of expiry that is about the future, and the one that is about the past.
fn refused_for_its_time(facts: &Facts, future: bool) -> Option<Refused> {
    let examination = examination(facts)?;
    let Outcome::Refused(reason) = examination.outcome(Step::Expiry) else { return None };
    let run_out = reason.code == "ExpiredTokenException";
    (run_out != future).then(|| reason.clone())
}

fn clock(facts: &Facts) -> Finding {
    let expected = "iat and nbf in the past";
    if let Some(reason) = refused_for_its_time(facts, true) {
        return refused(expected, &reason);
    }
    with(facts, |token| {
        let ahead = [token.issued_at(), token.not_before()].into_iter().flatten();
        match ahead.filter_map(NumericDate::instant).filter(|instant| *instant > facts.now).max() {
            None => Finding::pass("this machine's clock and the control plane's agree"),
            Some(instant) => Finding::warn(
                expected,
                format!(
                    "it was made {} s from now; STS tolerates 5 minutes",
                    (instant - facts.now).whole_seconds()
                ),
                "set the clocks of the control plane and of this machine (NTP)",
            ),
        }
    })
}

fn expiry(facts: &Facts) -> Finding {
    let expected = "exp in the future";
    if let Some(reason) = refused_for_its_time(facts, false) {
        return refused(expected, &reason);
    }
    with(facts, |token| match token.expires_at() {
        Some(until) if until.instant().is_some_and(|instant| instant <= facts.now) => Finding::warn(
            expected,
            format!("it ran out at {until}; STS takes it for 5 minutes more"),
            "take a fresh token: kubelet renews the file in a pod; kubectl create token NAME makes a new one",
        ),
        Some(until) => Finding::pass(format!("until {until}")),
        None => Finding::skip("exp is no number"),
    })
}

fn life(facts: &Facts) -> Finding {
    with(facts, |token| {
        let dates = token.expires_at().zip(token.issued_at());
        let Some((until, from)) = dates else { return Finding::skip("exp or iat is no number") };
        let seconds = until.seconds() - from.seconds();
        if seconds <= i128::from(LONGEST_LIFE.whole_seconds()) {
            return Finding::pass(format!("{seconds} s"));
        }
        Finding::warn(
            "24 h at most",
            format!("{} h: whoever steals it has it as long", seconds / 3600),
            "ask for less (expirationSeconds 86400 of the projected volume), and let kube-apiserver give no more: \
             --service-account-max-token-expiration=24h",
        )
    })
}

fn key(facts: &Facts) -> Finding {
    let expected = "the token's key in the JWKS, once, of the token's kind";
    let found = step(facts, Step::Keys, expected, |_| {
        with(facts, |token| Finding::pass(plain(token.kid().unwrap_or_default())))
    });
    // `publish` leaves an entry as it is that is there.
    let is_there = |kid: &str| Some(published(facts)?.find(kid).is_some());
    let token = facts.token.known().and_then(|token| Token::parse(token.as_str()).ok());
    if found.status == Status::Fail && token.and_then(|token| is_there(token.kid()?)) == Some(true) {
        return Finding { hint: Some(mend_entry(facts)), ..found };
    }
    found
}

fn signature(facts: &Facts) -> Finding {
    step(facts, Step::Signature, "the key's signature over this token", |_| Finding::pass("it verifies"))
}

fn trust(facts: &Facts) -> Finding {
    step(facts, Step::Trust, "the token's sub and aud are those of the policy", |_| Finding::pass("it does"))
}

fn verdict(facts: &Facts) -> Finding {
    match examine::verdict(facts) {
        None => unasked(facts),
        Some(Err(waits)) => waits,
        Some(Ok(Verdict::Accepted(accepted))) => Finding::pass(format!(
            "{} may assume the role with {}",
            plain(&accepted.subject),
            plain(&accepted.provider)
        )),
        Some(Ok(Verdict::Refused(reason))) if reason.is_unjudged() => {
            unjudged("credentials", &line(&reason.explanation), &reason.unknown)
        }
        Some(Ok(Verdict::Refused(reason))) => Finding::fail(
            "credentials",
            format!("{} (HTTP {}): {}", reason.code, reason.status, line(&reason.message)),
            line(&reason.hint),
        )
        .at(reason.step),
        Some(Ok(Verdict::Incomplete(step))) => waits(facts, step),
    }
}
