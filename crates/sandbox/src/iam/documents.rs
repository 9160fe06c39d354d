//! The policies that IAM takes: trust policies and identity policies, their elements and sizes, in IAM's words.
//!
//! The policy crate reads; what a policy needs for its use is in the [grammar][grammar], how long it may be in the
//! [quotas][quotas], which do not count white space.
//!
//! [grammar]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
//! [quotas]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length

use std::borrow::Cow;

use issuer_policy::{Document, Effect, Kind, PolicyError, Statement, TRUST_POLICY_CHARACTERS};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::account::Account;
use crate::principals;
use crate::refusal::{Answer, Refusal};

/// Characters of a managed policy.
pub(super) const MANAGED: usize = 6144;
/// Characters of all inline policies of a role together.
pub(super) const INLINE: usize = 10_240;
/// Characters of all inline policies of a user together.
pub(super) const INLINE_OF_USER: usize = 2048;

/// The version of the language that managed policies are written in.
const VERSION: &str = "2012-10-17";
const LEGACY: &str = "The policy failed legacy parsing";
const OLD: &str = "Policy document must be version 2012-10-17 or greater.";

/// The actions that a role is assumed with, and what may be said of the session then.
const ASSUME: [&str; 4] = ["sts:assumerole", "sts:setcontext", "sts:setsourceidentity", "sts:tagsession"];

/// "URL-encoded compliant with RFC 3986": how IAM gives documents back.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Checks a role's trust policy.
pub(super) fn check_trust(account: &Account, text: &str) -> Answer<()> {
    let document = Document::parse(text).map_err(|error| unreadable(&error))?;
    for statement in document.statements() {
        check_trust_statement(account, statement)?;
    }
    document.check_as_iam(Kind::Trust).map_err(|error| unreadable(&error))?;
    match size(text) > TRUST_POLICY_CHARACTERS {
        true => {
            Err(limit_exceeded(format!("Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_CHARACTERS}")))
        }
        false => Ok(()),
    }
}

/// Checks a policy of what a role may do.
pub(crate) fn check_identity(account: &Account, text: &str) -> Answer<()> {
    let document = Document::parse(text).map_err(|error| unreadable(&error))?;
    for statement in document.statements() {
        check_identity_statement(account, statement)?;
    }
    document.check_as_iam(Kind::Identity).map_err(|error| unreadable(&error))
}

/// Checks a managed policy, its size too. Where an inline policy may still be of the older version, it may not.
pub(super) fn check_managed(account: &Account, text: &str) -> Answer<()> {
    check_identity(account, text)?;
    let value = serde_json::from_str::<Value>(text).unwrap_or_default();
    if value.get("Version").and_then(Value::as_str) != Some(VERSION) {
        return Err(malformed(OLD));
    }
    match size(text) > MANAGED {
        true => Err(limit_exceeded(format!("Cannot exceed quota for PolicySize: {MANAGED}"))),
        false => Ok(()),
    }
}

/// The size that quotas count: "IAM doesn't count white space".
pub(super) fn size(text: &str) -> usize {
    text.chars().filter(|character| !character.is_whitespace()).count()
}

/// A document as IAM gives it back.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// What is one too many, or too long.
pub(super) fn limit_exceeded(text: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal::new("LimitExceeded", 409, text)
}

fn check_trust_statement(account: &Account, statement: &Statement) -> Answer<()> {
    if !statement.resource().is_empty() || !statement.not_resource().is_empty() {
        return Err(malformed("Has prohibited field Resource"));
    }
    if statement.not_principal().is_some() {
        return Err(malformed(match statement.effect() {
            Effect::Allow => "Allow with NotPrincipal is not allowed.",
            Effect::Deny => "AssumeRole policy must not contain NotPrincipal field.",
        }));
    }
    let Some(named) = statement.principal() else {
        return Err(malformed("Missing required field Principal"));
    };
    let mut actions = statement.action().iter();
    if !statement.not_action().is_empty() || !actions.all(|action| assumes(action)) {
        return Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."));
    }
    let state = account.state();
    let nobody = principals::unknown(account, state.settled(), named);
    // Only S3 knows canonical users.
    let canonical = || named.values("CanonicalUser").next().map(|value| ("CanonicalUser", value));
    match nobody.or_else(canonical) {
        Some((kind, value)) => {
            let kind = kind.to_ascii_uppercase();
            Err(malformed(format!("Invalid principal in policy: \"{kind}\":\"{value}\"")))
        }
        None => Ok(()),
    }
}

/// Whether an action of a trust policy is, or may stand for, one that a role is assumed with.
fn assumes(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let plain = action.find(['*', '?']).map(|at| &action[..at]);
    match plain {
        Some(start) => ASSUME.iter().any(|known| known.starts_with(start) || start.starts_with(known)),
        // There is more than one way to assume a role.
        None => ASSUME.contains(&action.as_str()) || action.starts_with(ASSUME[0]),
    }
}

fn check_identity_statement(account: &Account, statement: &Statement) -> Answer<()> {
    if statement.principal().is_some() || statement.not_principal().is_some() {
        return Err(malformed("Policy document should not specify a principal."));
    }
    for action in statement.action().iter().chain(statement.not_action()).filter(|action| *action != "*") {
        check_action(action)?;
    }
    let mut resources = statement.resource().iter().chain(statement.not_resource()).peekable();
    if resources.peek().is_none() {
        return Err(malformed("Policy statement must contain resources."));
    }
    resources.filter(|resource| *resource != "*").try_for_each(|resource| check_resource(account, resource))
}

fn check_action(action: &str) -> Answer<()> {
    let Some((vendor, name)) = action.split_once(':') else {
        return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
    };
    if name.contains(':') {
        return Err(malformed("Actions/Condition can contain only one colon."));
    }
    let of_vendor = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    if vendor != "*" && (vendor.is_empty() || !vendor.bytes().all(of_vendor)) {
        return Err(malformed(format!("Vendor {vendor} is not valid")));
    }
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    if is_name { Ok(()) } else { Err(malformed(LEGACY)) }
}

fn check_resource(account: &Account, resource: &str) -> Answer<()> {
    let mut parts = resource.splitn(6, ':');
    let (Some("arn"), Some(partition)) = (parts.next(), parts.next()) else {
        return Err(malformed(format!("Resource {resource} must be in ARN format or \"*\".")));
    };
    if partition != account.partition.id() && !partition.contains('*') {
        let text = format!("Partition \"{partition}\" is not valid for resource \"{resource}\".");
        return Err(malformed(text));
    }
    let service = parts.next().unwrap_or_default();
    if service.is_empty() {
        return Err(malformed("Resource vendor must be fully qualified and cannot contain regexes."));
    }
    let (region, _, name) = (parts.next(), parts.next(), parts.next());
    // A star may stand for all that comes after it.
    if name.is_none_or(str::is_empty) && !resource.ends_with('*') {
        return Err(malformed(LEGACY));
    }
    let global = matches!(service, "iam" | "s3") && !name.unwrap_or_default().starts_with("accesspoint/");
    match (global && region.is_some_and(|region| !region.is_empty() && region != "*"), service) {
        (false, _) => Ok(()),
        (true, "iam") => {
            Err(malformed(format!("IAM resource {resource} cannot contain region information.")))
        }
        (true, _) => Err(malformed(format!("Resource {resource} can not contain region information."))),
    }
}

fn unreadable(error: &PolicyError) -> Refusal {
    match error {
        PolicyError::Json(_) => malformed("This policy contains invalid Json"),
        PolicyError::NotAnObject
        | PolicyError::UnknownMember { .. }
        | PolicyError::NoStatement
        | PolicyError::Empty { .. }
        | PolicyError::StatementNotAnObject { .. }
        | PolicyError::UnknownStatementMember { .. } => malformed("Syntax errors in policy."),
        PolicyError::Version => malformed(OLD),
        PolicyError::DuplicateSid { .. } => {
            malformed("Statement IDs (SID) in a single policy must be unique.")
        }
        PolicyError::Element { element: "Action", .. } => malformed("Policy statement must contain actions."),
        other => malformed(format!("Syntax errors in policy. ({other})")),
    }
}

fn malformed(text: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal::new("MalformedPolicyDocument", 400, text)
}
