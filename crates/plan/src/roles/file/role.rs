//! One role of a file.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use issuer_discovery::Partition;
use issuer_keygen::ServiceAccount;
use issuer_policy::Document;
use issuer_registrar::{
    AccountId, Audience, Narrowing, PolicyArn, PolicyName, Preset, RoleName, RolePath, RoleSpec, Subject,
    SubjectPattern,
};

use super::check::check;
use super::error::RolesFileError;
use super::node::Value;
use super::place::{Here, Members, told};
use super::policies::{Policies, Use};
use super::{FileDefaults, FileRole};
use crate::roles::policy::INLINE_CHARACTERS;

/// The members of a role.
const ROLE: &[&str] = &[
    "name",
    "account",
    "serviceAccounts",
    "subjectPatterns",
    "policyArns",
    "inlinePolicies",
    "createPolicies",
    "preset",
    "hardened",
    "permissionsBoundary",
    "path",
    "maxSession",
    "tags",
    "audience",
];

/// The members of `defaults`.
const DEFAULTS: &[&str] = &["account", "permissionsBoundary", "path", "maxSession", "tags", "audience"];

/// What may be said of one role and of all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Common {
    account: Option<AccountId>,
    boundary: Option<PolicyArn>,
    path: Option<RolePath>,
    max_session: Option<Duration>,
    tags: BTreeMap<String, String>,
    audience: Option<Audience>,
}

impl Common {
    /// Reads `defaults`.
    pub(super) fn defaults(here: &Here<'_>) -> Result<Self, RolesFileError> {
        Self::of(&here.members(DEFAULTS)?)
    }

    fn of(members: &Members<'_>) -> Result<Self, RolesFileError> {
        Ok(Self {
            account: members.member("account").map(|here| account(&here)).transpose()?,
            boundary: members.member("permissionsBoundary").map(|here| here.parsed()).transpose()?,
            path: members.member("path").map(|here| here.parsed()).transpose()?,
            max_session: members.member("maxSession").map(|here| session(&here)).transpose()?,
            tags: members.member("tags").map(|here| tags(&here)).transpose()?.unwrap_or_default(),
            audience: members.member("audience").map(|here| here.parsed()).transpose()?,
        })
    }
}

/// Reads one role.
pub(super) fn role(
    here: &Here<'_>,
    defaults: &FileDefaults,
    common: &Common,
    policies: &Policies<'_>,
) -> Result<FileRole, RolesFileError> {
    let members = here.members(ROLE)?;
    let own = Common::of(&members)?;
    let preset = members.member("preset").map(|here| here.parsed::<Preset>()).transpose()?;
    let named = |name, purpose| {
        members
            .member(name)
            .map(|here| policies.named(&here, purpose))
            .transpose()
            .map(Option::unwrap_or_default)
    };
    let mut inline = named("inlinePolicies", Use::Inline)?;
    if let Some((name, document)) = preset_inline(&members, preset, defaults.partition, policies)?
        && inline.insert(name.clone(), document).is_some()
        && let Some(place) = members.member("inlinePolicies")
    {
        return Err(
            place.mistake(format_args!("{name} is the name of the preset's policy; take another one"))
        );
    }
    let characters = inline.values().map(Document::characters).sum::<usize>();
    if characters > INLINE_CHARACTERS {
        let place = members.member("inlinePolicies").unwrap_or(*here);
        return Err(place.mistake(format_args!(
            "the inline policies of a role have {INLINE_CHARACTERS} characters together at most, these have {characters}"
        )));
    }
    let spec = RoleSpec {
        name: name(&members, preset)?,
        path: own.path.or_else(|| common.path.clone()),
        subjects: subjects(&members, preset)?,
        audience: own
            .audience
            .or_else(|| common.audience.clone())
            .unwrap_or_else(|| defaults.audience.clone()),
        attach: members.member("policyArns").map(|here| list(&here)).transpose()?.unwrap_or_default(),
        inline,
        create: named("createPolicies", Use::Managed)?,
        boundary: own.boundary.or_else(|| common.boundary.clone()),
        max_session: own.max_session.or(common.max_session),
        tags: [&defaults.tags, &common.tags, &own.tags].into_iter().flatten().map(owned).collect(),
    };
    let account = own.account.or_else(|| common.account.clone());
    check(here, &spec, account.as_ref(), defaults)?;
    Ok(FileRole { account, spec, line: here.node.line })
}

fn name(members: &Members<'_>, preset: Option<Preset>) -> Result<RoleName, RolesFileError> {
    match (members.member("name"), preset) {
        (Some(name), _) => name.parsed(),
        (None, Some(preset)) => preset.name().parse().map_err(|error| members.here().mistake(told(&error))),
        (None, None) => {
            Err(members.here().mistake("the role has no name, and no preset that would give it one"))
        }
    }
}

fn subjects(members: &Members<'_>, preset: Option<Preset>) -> Result<BTreeSet<Subject>, RolesFileError> {
    let mut subjects = BTreeSet::new();
    if let Some(here) = members.member("serviceAccounts") {
        subjects.extend(list::<ServiceAccount>(&here)?.into_iter().map(Subject::ServiceAccount));
    }
    if let Some(here) = members.member("subjectPatterns") {
        subjects.extend(list::<SubjectPattern>(&here)?.into_iter().map(Subject::Pattern));
    }
    match (subjects.is_empty(), preset) {
        (false, _) => {}
        (true, Some(preset)) => drop(subjects.insert(Subject::ServiceAccount(preset.service_account()))),
        (true, None) => {
            let problem = "nobody could assume the role: give serviceAccounts, subjectPatterns or a preset";
            return Err(members.here().mistake(problem));
        }
    }
    Ok(subjects)
}

fn preset_inline(
    members: &Members<'_>,
    preset: Option<Preset>,
    partition: Partition,
    policies: &Policies<'_>,
) -> Result<Option<(PolicyName, Document)>, RolesFileError> {
    let hardened = members.member("hardened");
    let Some(preset) = preset else {
        return match hardened {
            Some(here) => Err(here.mistake("only a preset is narrowed, and the role has none")),
            None => Ok(None),
        };
    };
    let narrowing = hardened.as_ref().map(narrowing).transpose()?;
    let written = policies.preset(preset, partition, narrowing.as_ref());
    let blamed = hardened.or_else(|| members.member("preset")).unwrap_or(*members.here());
    written.map(Some).map_err(|error| blamed.mistake(told(&error)))
}

fn narrowing(here: &Here<'_>) -> Result<Narrowing, RolesFileError> {
    let members = here.members(&["zones", "cluster", "resourceArns"])?;
    let texts = |name| -> Result<Vec<String>, RolesFileError> {
        let Some(here) = members.member(name) else { return Ok(Vec::new()) };
        here.items()?.map(|item| item.text().map(str::to_owned)).collect()
    };
    Ok(Narrowing {
        zones: texts("zones")?,
        cluster: members.member("cluster").map(|here| here.text().map(str::to_owned)).transpose()?,
        resources: texts("resourceArns")?,
    })
}

/// Reads an account id. YAML takes bare digits for a number, and other readers drop the zeros that it begins with.
fn account(here: &Here<'_>) -> Result<AccountId, RolesFileError> {
    if let Value::Plain(digits) = &here.node.value {
        return Err(here.mistake(bare_account(digits)));
    }
    here.parsed()
}

/// Says what to write in the place of bare digits.
pub(super) fn bare_account(digits: &str) -> String {
    let shown = digits.escape_debug();
    if digits.parse::<AccountId>().is_ok() {
        format!("an account id stands in quotes, or YAML takes it for a number: \"{shown}\"")
    } else {
        format!(
            "an account id is twelve digits in quotes, and not {shown}; where it begins with 0, YAML may have taken \
             it for a number and dropped that"
        )
    }
}

/// Reads the longest session.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>: 3600 to 43200 seconds.
fn session(here: &Here<'_>) -> Result<Duration, RolesFileError> {
    match &here.node.value {
        Value::Plain(text) => text.parse().ok().filter(|seconds| (3600..=43200).contains(seconds)),
        _ => None,
    }
    .map(Duration::from_secs)
    .ok_or_else(|| here.mistake("the longest session is a number of seconds, from 3600 to 43200"))
}

fn tags(here: &Here<'_>) -> Result<BTreeMap<String, String>, RolesFileError> {
    here.entries()?.map(|(member, value)| Ok((member.name.clone(), value.text()?.to_owned()))).collect()
}

fn list<T>(here: &Here<'_>) -> Result<BTreeSet<T>, RolesFileError>
where
    T: std::str::FromStr + Ord,
    T::Err: std::error::Error,
{
    here.items()?.map(|item| item.parsed()).collect()
}

fn owned((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}
