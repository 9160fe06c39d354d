//! The proof: a real call of AssumeRoleWithWebIdentity, and whether it agrees with what was judged here.

use issuer_relying_party::{Refused, Step, Verdict};

use super::examine::{line, verdict};
use super::role;
use crate::check::{Check, Group};
use crate::facts::{Facts, StsAnswer};
use crate::plain::plain;
use crate::report::{Finding, Status};

pub(crate) const CHECKS: &[Check] = &[
    Check::new(Group::Sts, "sts/accepts", "STS gives credentials for the token", &[], accepts),
    Check::new(
        Group::Sts,
        "sts/agrees",
        "STS answers what the token and the documents let expect",
        &[],
        agrees,
    ),
];

/// How the messages begin that AWS is known to give.
const KNOWN_MESSAGES: [&str; 8] = [
    "The ID Token provided is not a valid JWT",
    "Issuer must be a valid URL",
    "Missing a required claim",
    "Token audience contains more than one audience",
    "No OpenIDConnect provider found",
    "Incorrect token audience",
    "Couldn't retrieve verification key",
    "OpenIDConnect provider's HTTPS certificate doesn't match",
];

fn accepts(facts: &Facts) -> Finding {
    let (code, status, message) = match facts.sts.known() {
        None => return Finding::skip(facts.sts.why().unwrap_or_default()),
        Some(StsAnswer::Accepted { session }) => return Finding::pass(plain(session)),
        Some(StsAnswer::NoAnswer { why }) => {
            return Finding::fail(
                "credentials",
                format!("STS could not be asked: {}", plain(why)),
                "give what is missing, or leave --assume-role out: without it the token is judged here alone",
            );
        }
        Some(StsAnswer::Refused { code, status, message }) => (code, status, message),
    };
    let actual = format!("{} (HTTP {status}): {}", plain(code), plain(message));
    let elsewhere = role::account(facts);
    match verdict(facts) {
        Some(Ok(Verdict::Refused(reason))) if !reason.is_unjudged() => {
            Finding::fail("credentials", actual, line(&reason.hint)).at(reason.step)
        }
        _ if matches!(elsewhere.status, Status::Warn | Status::Fail) => {
            let hint = format!("see role/account: {}", elsewhere.hint.unwrap_or_default());
            Finding::fail("credentials", actual, hint)
        }
        Some(Ok(Verdict::Accepted(_))) => Finding::fail(
            "credentials",
            actual,
            "nothing that can be seen from here is wrong: a policy of the organisation (SCP, RCP) may deny it, or AWS \
             still has an older state of the documents or of IAM; try again in a minute",
        ),
        _ => Finding::fail(
            "credentials",
            actual,
            "not everything could be judged from here: mend what failed above, and give what the skipped checks wait for",
        ),
    }
}

fn agrees(facts: &Facts) -> Finding {
    let answer = match facts.sts.known() {
        None => return Finding::skip(facts.sts.why().unwrap_or_default()),
        Some(StsAnswer::NoAnswer { .. }) => return Finding::skip("waits for sts/accepts"),
        Some(answer) => answer,
    };
    let verdict = match verdict(facts) {
        None => return Finding::skip("give --token FILE"),
        Some(Err(waits)) => return waits,
        Some(Ok(Verdict::Refused(reason))) if reason.is_unjudged() => {
            return Finding::skip("what cannot be judged here: see token/verdict");
        }
        Some(Ok(verdict)) => verdict,
    };
    let ours = match &verdict {
        Verdict::Refused(reason) => {
            format!("{} at the step `{}`: {}", reason.code, reason.step, line(&reason.message))
        }
        _ => "credentials".to_owned(),
    };
    let theirs = match answer {
        StsAnswer::Refused { code, message, .. } => format!("{}: {}", plain(code), plain(message)),
        _ => "credentials".to_owned(),
    };
    let same = match (&verdict, answer) {
        (Verdict::Refused(reason), StsAnswer::Refused { code, message, .. }) => {
            reason.code == code && may_be_one(reason, message)
        }
        (Verdict::Accepted(_), StsAnswer::Accepted { .. }) => true,
        _ => false,
    };
    if same {
        return Finding::pass(ours);
    }
    Finding::warn(
        ours,
        theirs,
        "STS sees something else than this machine: its own cached state, another network, or a policy of the \
         organisation; look again in a few minutes and without --ca-file and --connect-to",
    )
}

/// Tells whether AWS's message may be about what was found here: many steps share one code.
fn may_be_one(ours: &Refused, theirs: &str) -> bool {
    // AWS's words for these are not known, so those that are given here are no measure.
    if matches!(ours.step, Step::Signature | Step::Expiry) {
        return true;
    }
    let known =
        |message: &str| KNOWN_MESSAGES.iter().position(|start| message.trim_start().starts_with(start));
    match (known(&ours.message), known(theirs)) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => true,
    }
}
