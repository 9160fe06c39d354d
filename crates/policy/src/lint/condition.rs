//! The conditions of a statement that trusts a provider: its subject, its audience, and keys and operators that are
//! none.
//!
//! Keys: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif>

use crate::lint::audience;
use crate::lint::claim::Tests;
use crate::lint::finding::{Finding, Severity};
use crate::lint::subject;
use crate::operator::Operator;
use crate::statement::Statement;

/// Keys, in lower case, that are known of every call to STS: whether they hold is judged with the call.
const KNOWN: [&str; 4] = ["aws:securetransport", "aws:currenttime", "aws:epochtime", "aws:requestedregion"];

/// What was found, and what a statement lets in.
#[derive(Default)]
pub(crate) struct ConditionLints {
    pub(crate) lints: Vec<(Severity, Finding)>,
    /// The tokens' audience is among those that it names.
    pub(crate) takes_audience: bool,
    /// Some test can never hold.
    pub(crate) dead: bool,
    /// Nothing is seen that keeps the tokens out.
    pub(crate) alive: bool,
}

/// Judges the conditions of a statement for this issuer's provider; `audience` is the tokens', where it is known.
pub(crate) fn lint_condition(statement: &Statement, issuer: &str, audience: Option<&str>) -> ConditionLints {
    let mut lints = Vec::new();
    let mut subject = Tests::default();
    let mut audiences = Tests::default();
    // A test of what never exists keeps everyone out.
    let mut never = false;
    for (operator, key, values) in statement.condition().tests() {
        let tests = match Key::of(key, issuer) {
            Key::Claim("sub") => &mut subject,
            Key::Claim("aud") => &mut audiences,
            Key::Claim("amr") | Key::Session => {
                lints.extend(lint_operator(operator));
                continue;
            }
            Key::Claim(_) => {
                never = true;
                lints.push((Severity::Error, Finding::UnknownClaim { key: key.to_owned() }));
                continue;
            }
            Key::Misspelt(claim, finding) => {
                never = true;
                lints.push((Severity::Error, finding));
                // It was meant, so that it is missing is no second mistake.
                match claim {
                    "sub" => subject.restricted = true,
                    "aud" => audiences.restricted = true,
                    _ => {}
                }
                continue;
            }
            Key::Other => {
                lints.extend(lint_operator(operator));
                if !KNOWN.contains(&key) {
                    lints.push((Severity::Warning, Finding::KeyNotJudged { key: key.to_owned() }));
                }
                continue;
            }
        };
        match Operator::parse(operator) {
            Some(parsed) => lints.extend(tests.add(parsed, operator, key, values)),
            None => {
                never = true;
                lints.extend(lint_operator(operator));
                tests.restricted = true;
            }
        }
    }
    lints.extend(subject.findings(subject::judge));
    lints.extend(subject.missing(Finding::NoSubject));
    lints.extend(audiences.missing(Finding::NoAudience));
    lints.extend(audiences.findings(|value, like| audience::judge(value, like, issuer, audience)));
    let takes_audience = audience.is_some_and(|audience| audiences.take(audience));
    if let Some(expected) = audience {
        let found = audiences.others(expected);
        if !found.is_empty() {
            lints.push((Severity::Error, Finding::OtherAudience { found, expected: expected.to_owned() }));
        }
    }
    let dead = subject.is_dead() || audiences.is_dead();
    let alive = !dead && !never && (takes_audience || !audiences.restricted);
    ConditionLints { lints, takes_audience, dead, alive }
}

/// Judges the operators alone, as in a Deny.
pub(crate) fn lint_words(statement: &Statement) -> Vec<(Severity, Finding)> {
    statement.condition().tests().filter_map(|(operator, ..)| lint_operator(operator)).collect()
}

fn lint_operator(operator: &str) -> Option<(Severity, Finding)> {
    if Operator::parse(operator).is_some() {
        return None;
    }
    let operator = operator.to_owned();
    Some(if Operator::exists(&operator) {
        (Severity::Warning, Finding::OperatorNotJudged { operator })
    } else {
        (Severity::Error, Finding::UnknownOperator { operator })
    })
}

/// What a condition key is to a statement for an issuer's provider.
enum Key<'a> {
    /// A claim of the issuer's tokens.
    Claim(&'a str),
    /// A claim of which STS knows, under a name that is not the issuer's.
    Misspelt(&'a str, Finding),
    /// The session's name.
    Session,
    /// Something else that AWS may have.
    Other,
}

impl<'a> Key<'a> {
    /// `key` is in lower case.
    fn of(key: &'a str, issuer: &str) -> Self {
        let issuer = issuer.to_ascii_lowercase();
        if let Some(claim) = key.strip_prefix(&issuer).and_then(|rest| rest.strip_prefix(':')) {
            return Self::Claim(claim);
        }
        let Some((prefix, claim @ ("sub" | "aud" | "amr"))) = key.rsplit_once(':') else {
            return if key == "sts:rolesessionname" { Self::Session } else { Self::Other };
        };
        let (key, expected) = (key.to_owned(), format!("{issuer}:{claim}"));
        let finding = if prefix.contains("://") {
            Finding::KeyWithScheme { key, expected }
        } else if prefix.ends_with('/') {
            Finding::KeyWithSlash { key, expected }
        } else {
            Finding::KeyOfAnotherIssuer { key, expected }
        };
        Self::Misspelt(claim, finding)
    }
}
