//! The constraints that the models of STS's calls share: AWS checks all of a request's at once.
//!
//! Follows the request parameters of [AssumeRole][call] and its neighbours.
//!
//! [call]: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_RequestParameters

use std::ops::RangeInclusive;

use crate::query::{Form, member};
use crate::refusal::{Answer, Refusal};

/// Characters of a session's own policy.
const POLICY: usize = 2048;
/// Seconds of a session.
const DURATION: RangeInclusive<i64> = 900..=43_200;

/// A parameter that has to be there, empty when it is not.
pub(super) fn required<'a>(
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

/// What is wrong with the characters of a session's name.
pub(super) fn of_session_name(name: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let pattern = r"Member must satisfy regular expression pattern: [\w+=,.@-]*";
    (!name.chars().all(fits)).then(|| problem(name, "RoleSessionName", pattern))
}

/// What is wrong with the length of a session's own policy.
pub(super) fn of_policy(policy: &str) -> Option<String> {
    of_length(policy, "Policy", 1..=POLICY, Some("..."))
}

/// What is wrong with a number of seconds.
pub(super) fn of_duration(seconds: i64) -> Option<String> {
    let (word, bound) = match seconds {
        _ if seconds < *DURATION.start() => ("greater", DURATION.start()),
        _ if seconds > *DURATION.end() => ("less", DURATION.end()),
        _ => return None,
    };
    let must = format!("Member must have value {word} than or equal to {bound}");
    Some(problem(&seconds.to_string(), "DurationSeconds", &must))
}

/// What is wrong with the length of a value.
pub(super) fn of_length(
    value: &str,
    name: &str,
    bounds: RangeInclusive<usize>,
    shown: Option<&str>,
) -> Option<String> {
    let length = value.chars().count();
    if bounds.contains(&length) {
        return None;
    }
    let (word, bound) =
        if length < *bounds.start() { ("greater", bounds.start()) } else { ("less", bounds.end()) };
    let must = format!("Member must have length {word} than or equal to {bound}");
    Some(problem(shown.unwrap_or(value), name, &must))
}

/// What breaks a constraint.
pub(super) fn problem(value: &str, name: &str, must: &str) -> String {
    format!("Value '{value}' at '{}' failed to satisfy constraint: {must}", member(name))
}

/// The seconds that are asked for.
pub(super) fn duration(form: &Form) -> Answer<Option<i64>> {
    let Some(text) = form.text("DurationSeconds") else { return Ok(None) };
    let malformed = |_| Refusal::new("MalformedInput", 400, "DurationSeconds is not a number.");
    text.parse().map(Some).map_err(malformed)
}

/// Refuses parameters that the call knows and the sandbox does not. Of a structure or a list each part counts, however
/// it is numbered: what is left out could be what bounds the session.
pub(super) fn refuse_what_is_not_there(form: &Form, not_there: &[&str]) -> Answer<()> {
    let first = |name: &'_ str| name.split('.').next().unwrap_or_default().to_owned();
    match form.names().map(first).find(|name| not_there.contains(&name.as_str())) {
        Some(name) => Err(Refusal::new(
            "NotImplemented",
            501,
            format!("The sandbox does not take the parameter {name}."),
        )),
        None => Ok(()),
    }
}

/// How much of its room a session's policy takes, in per cent.
pub(super) fn packed_size(policy: &str) -> usize {
    // AWS packs it in a way of its own; this is the share of the plain text.
    (policy.chars().count() * 100).div_ceil(POLICY)
}
