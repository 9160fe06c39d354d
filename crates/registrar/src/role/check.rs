//! What IAM would refuse of a role, known before any call.
//!
//! Numbers: [IAM's quotas][quotas]; forms: [CreateRole][create], [TagRole][tag].
//!
//! [quotas]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
//! [create]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
//! [tag]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html

use std::collections::BTreeMap;

use issuer_policy::{Document, Kind, TRUST_POLICY_CHARACTERS};

use super::issuing::Issuing;
use super::name::{PolicyName, RoleName};
use super::refusal::{RoleRefusal, RoleWarning};
use super::spec::RoleSpec;
use super::subject::Subject;
use super::trust;

/// Managed policies that a role takes, unless the quota was raised.
pub(super) const USUAL_ATTACHED: usize = 10;
/// What that quota can be raised to.
pub(super) const MAX_ATTACHED: usize = 20;
/// Tags of a role.
pub(super) const MAX_TAGS: usize = 50;
/// What the keys of our own tags begin with.
pub(super) const TAG_PREFIX: &str = "issuerctl:";
/// Characters of a managed policy, white space not counted.
const MANAGED_CHARACTERS: usize = 6144;
/// Characters of all inline policies of a role together.
const INLINE_CHARACTERS: usize = 10_240;
/// Tags of ours on a role of an issuer's own at most: whose, for which issuer, what we attached. One that joins needs room
/// for one more, and is refused where there is none.
const OWN_TAGS: usize = 3;

/// See [`RoleSpec::check`].
pub(super) fn check(spec: &RoleSpec, issuing: &Issuing) -> Result<Vec<RoleWarning>, RoleRefusal> {
    let name = || spec.name.clone();
    if spec.subjects.is_empty() {
        return Err(RoleRefusal::NoSubject { name: name() });
    }
    // An account may have a higher quota; what is ours alone in a policy stays within everybody's.
    let ours = trust::replace(&Document::empty(), issuing, &spec.trust_statements(issuing)).characters();
    if ours > TRUST_POLICY_CHARACTERS {
        let limit = TRUST_POLICY_CHARACTERS;
        return Err(RoleRefusal::TrustTooLarge { name: name(), characters: ours, limit });
    }
    for arn in spec.attach.iter().chain(&spec.boundary) {
        if !arn.is_usable_in(&issuing.account) {
            return Err(RoleRefusal::ForeignPolicy { name: name(), arn: arn.to_string() });
        }
    }
    policies(spec)?;
    tags(&spec.name, &spec.tags)?;
    if let Some(session) = spec.max_session {
        let whole = session.subsec_nanos() == 0;
        if !(whole && matches!(session.as_secs(), 3600..=43200)) {
            return Err(RoleRefusal::Session { name: name(), seconds: session.as_secs() });
        }
    }
    let mut warnings = Vec::new();
    warnings.extend(attached(&spec.name, spec.attachments(issuing).len())?);
    warnings.extend(spec.subjects.iter().filter_map(|subject| match subject {
        Subject::Pattern(pattern) => Some(RoleWarning::Pattern(pattern.as_str().to_owned())),
        Subject::ServiceAccount(_) => None,
    }));
    Ok(warnings)
}

/// Compares a number of attached policies with the quota.
pub(super) fn attached(name: &RoleName, count: usize) -> Result<Option<RoleWarning>, RoleRefusal> {
    if count > MAX_ATTACHED {
        return Err(RoleRefusal::TooManyAttached { name: name.clone(), count });
    }
    Ok((count > USUAL_ATTACHED).then_some(RoleWarning::Attachments { count }))
}

/// Compares the inline policies of a role with what IAM takes of them together.
pub(super) fn inline_size<'a>(
    name: &RoleName,
    documents: impl IntoIterator<Item = &'a Document>,
) -> Result<(), RoleRefusal> {
    let characters = documents.into_iter().map(Document::characters).sum();
    if characters > INLINE_CHARACTERS {
        return Err(RoleRefusal::InlineTooLarge { name: name.clone(), characters, limit: INLINE_CHARACTERS });
    }
    Ok(())
}

fn policies(spec: &RoleSpec) -> Result<(), RoleRefusal> {
    for (policy, document) in spec.inline.iter().chain(&spec.create) {
        self::document(&spec.name, policy, document)?;
    }
    for (policy, document) in &spec.create {
        let name = spec.name.clone();
        // "Policy document must be version 2012-10-17 or greater."
        if document.version() != Some("2012-10-17") {
            let problem = "a managed policy has to have the Version \"2012-10-17\"".to_owned();
            return Err(RoleRefusal::Document { name, policy: policy.clone(), problem });
        }
        let (characters, limit) = (document.characters(), MANAGED_CHARACTERS);
        if characters > limit {
            return Err(RoleRefusal::PolicyTooLarge { name, policy: policy.clone(), characters, limit });
        }
        // "Names are not distinguished by case."
        let other = spec
            .create
            .keys()
            .find(|other| *other < policy && other.as_str().eq_ignore_ascii_case(policy.as_str()));
        if let Some(first) = other {
            return Err(RoleRefusal::OneName { name, first: first.clone(), second: policy.clone() });
        }
    }
    for policy in spec.inline.keys() {
        if begins_with_id(policy.as_str()) {
            let (name, policy) = (spec.name.clone(), policy.clone());
            return Err(RoleRefusal::InlineReserved { name, policy });
        }
        inline_name(&spec.name, policy, None)?;
    }
    inline_size(&spec.name, spec.inline.values())
}

/// Returns the name that an inline policy has in IAM. A role of another issuer of ours has those of an issuer that joined
/// under that one's id: so the two never take each other's away.
pub(super) fn inline_name(
    name: &RoleName,
    policy: &PolicyName,
    joined_by: Option<&Issuing>,
) -> Result<PolicyName, RoleRefusal> {
    let called = match joined_by {
        None => format!("{}{policy}", RoleSpec::INLINE_PREFIX),
        Some(issuing) => format!("{}{policy}", joined_prefix(issuing)),
    };
    called.parse().map_err(|_| RoleRefusal::InlineName { name: name.clone(), policy: policy.clone(), called })
}

/// What the inline policies of an issuer that joined a role begin with.
pub(super) fn joined_prefix(issuing: &Issuing) -> String {
    format!("{}{}-", RoleSpec::INLINE_PREFIX, issuing.id())
}

/// Tells whether an inline policy is one that an issuer made that joined the role.
pub(super) fn is_joined(inline: &str) -> bool {
    inline.strip_prefix(RoleSpec::INLINE_PREFIX).is_some_and(begins_with_id)
}

/// Tells whether a name begins with the id of an issuer: so do those that one writes that joined a role.
fn begins_with_id(policy: &str) -> bool {
    let id = policy.split_once('-').map_or(policy, |(id, _)| id);
    id.len() == 16 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn document(name: &RoleName, policy: &PolicyName, document: &Document) -> Result<(), RoleRefusal> {
    let refuse = |problem| RoleRefusal::Document { name: name.clone(), policy: policy.clone(), problem };
    document.check_as_iam(Kind::Identity).map_err(|error| refuse(error.to_string()))?;
    // "any printable ASCII character ... through the end of the ASCII character range", and Latin-1.
    match document.to_json().chars().find(|character| *character > '\u{ff}') {
        Some(character) => Err(refuse(format!("it has the character {character:?}, and IAM takes Latin-1"))),
        None => Ok(()),
    }
}

fn tags(name: &RoleName, tags: &BTreeMap<String, String>) -> Result<(), RoleRefusal> {
    let known = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c));
    for (key, value) in tags {
        let lower = key.to_ascii_lowercase();
        let problem = if !matches!(key.chars().count(), 1..=128) {
            "a key has 1 to 128 characters"
        } else if value.chars().count() > 256 {
            "a value has at most 256 characters"
        } else if !(known(key) && known(value)) {
            "tags have letters, digits, spaces and _ . : / = + - @"
        } else if lower.starts_with("aws:") {
            "keys that begin with aws: are AWS's own"
        } else if lower.starts_with(TAG_PREFIX) {
            "keys that begin with issuerctl: are set by this program alone"
        } else if tags.keys().any(|other| other < key && other.eq_ignore_ascii_case(key)) {
            "another key differs from it in case alone, and to IAM they are one"
        } else {
            continue;
        };
        return Err(RoleRefusal::Tag { name: name.clone(), key: key.clone(), problem });
    }
    let count = tags.len() + OWN_TAGS;
    if count > MAX_TAGS { Err(RoleRefusal::TooManyTags { name: name.clone(), count }) } else { Ok(()) }
}
