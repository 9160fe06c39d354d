//! What has to change so that a role is what it should be, and in which order.
//!
//! The order is such that wherever it ends, nobody can do more than before it began or after it is done: first go subjects
//! and permissions that are not wanted any more, then come the new permissions, and new subjects last. A role that was left
//! half-way has too little, and the same command gives it the rest. Only where no subject stays and the text of a policy is
//! replaced too, one of both has to be first: then the new subjects have the old text for a moment.

use std::collections::BTreeMap;

use issuer_discovery::{OWNER_CREATED, OWNER_TAG};
use issuer_policy::{Document, Finding, Severity, TRUST_POLICY_CHARACTERS, TRUST_POLICY_CHARACTERS_AT_MOST};

use super::attached::{ATTACHED_TAG, Attached};
use super::change::RoleChange;
use super::check;
use super::issuing::{ISSUER_TAG, Issuing};
use super::live::RoleFacts;
use super::name::PolicyArn;
use super::reconcile::Reconciled;
use super::refusal::{RoleRefusal, RoleWarning};
use super::spec::RoleSpec;
use super::trust;

/// The most versions of a managed policy ("Versions per managed policy").
const MAX_VERSIONS: usize = 5;

/// What a role needs, and what the reader should know of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleDiff {
    /// In the order in which they are to be done; none when there is nothing to do.
    pub changes: Vec<RoleChange>,
    /// What is not refused, but should be read.
    pub warnings: Vec<RoleWarning>,
}

/// Says what has to change so that a role is what it should be. Pure.
///
/// # Errors
/// When it is somebody else's and `adopt` is not given, or when IAM would refuse what it would become.
pub fn diff_role(
    spec: &RoleSpec,
    issuing: &Issuing,
    facts: &RoleFacts,
    adopt: bool,
) -> Result<RoleDiff, RoleRefusal> {
    let mut warnings = spec.check(issuing)?;
    if facts.provider == Some(false) {
        warnings.push(RoleWarning::NoProvider { arn: issuing.provider_arn() });
    }
    let (create, update) = policies(spec, issuing, facts, &mut warnings)?;
    let changes = match &facts.role {
        None => new_role(spec, issuing, create, update, &mut warnings)?,
        Some(live) => Reconciled { spec, issuing, live, adopt }.changes(create, update, &mut warnings)?,
    };
    Ok(RoleDiff { changes, warnings })
}

/// Policies first: nobody has them until they are attached. Then the role, bounded from its first moment on.
fn new_role(
    spec: &RoleSpec,
    issuing: &Issuing,
    create: Vec<RoleChange>,
    update: Vec<RoleChange>,
    warnings: &mut Vec<RoleWarning>,
) -> Result<Vec<RoleChange>, RoleRefusal> {
    let statements = spec.trust_statements(issuing);
    let trust_policy = trust::replace(&Document::empty(), issuing, &statements);
    judge(spec, issuing, None, &trust_policy, warnings)?;
    let attachments = spec.attachments(issuing);
    let attached: Attached = attachments.iter().map(PolicyArn::as_str).collect();
    let mut tags = marked(&spec.tags, OWNER_CREATED, issuing);
    // Before anything is attached: what is attached and not remembered would never be taken away again.
    tags.extend(attached.value().map(|value| (ATTACHED_TAG.to_owned(), value)));
    let mut changes = create;
    changes.extend(update);
    changes.push(RoleChange::Create {
        path: spec.path.clone().unwrap_or_else(|| issuing.path()),
        trust_policy,
        boundary: spec.boundary.clone(),
        max_session: spec.max_session,
        tags,
    });
    for (policy, document) in &spec.inline {
        let name = check::inline_name(&spec.name, policy, None)?;
        changes.push(RoleChange::PutInline { name, document: document.clone() });
    }
    changes.extend(attachments.iter().map(|arn| RoleChange::Attach(arn.to_string())));
    Ok(changes)
}

/// Managed policies to be made, and those that need another text.
fn policies(
    spec: &RoleSpec,
    issuing: &Issuing,
    facts: &RoleFacts,
    warnings: &mut Vec<RoleWarning>,
) -> Result<(Vec<RoleChange>, Vec<RoleChange>), RoleRefusal> {
    let (mut create, mut update) = (Vec::new(), Vec::new());
    for (name, document) in &spec.create {
        let Some(live) = facts.policies.get(name) else {
            let tags = marked(&spec.tags, OWNER_CREATED, issuing);
            let (name, document) = (name.clone(), document.clone());
            create.push(RoleChange::CreatePolicy { name, path: issuing.path(), document, tags });
            continue;
        };
        if !live.is_for(issuing) {
            return Err(RoleRefusal::PolicyNotOurs { name: spec.name.clone(), arn: live.arn.clone() });
        }
        if live.document != *document {
            let has = facts.role.as_ref().is_some_and(|role| role.attached.contains(&live.arn));
            let others = live.attachments.saturating_sub(u32::from(has));
            if others > 0 {
                warnings.push(RoleWarning::SharedPolicy { arn: live.arn.clone(), others });
            }
            let full = live.versions.len() >= MAX_VERSIONS;
            update.push(RoleChange::UpdatePolicy {
                arn: live.arn.clone(),
                document: document.clone(),
                drop_version: live.old_versions().next().filter(|_| full).cloned(),
            });
        }
    }
    Ok((create, update))
}

/// Judges the trust policy as it will be: its size, and what the linter says.
pub(super) fn judge(
    spec: &RoleSpec,
    issuing: &Issuing,
    live: Option<&Document>,
    to: &Document,
    warnings: &mut Vec<RoleWarning>,
) -> Result<(), RoleRefusal> {
    let characters = to.characters();
    let refuse = |limit| Err(RoleRefusal::TrustTooLarge { name: spec.name.clone(), characters, limit });
    // A live policy over the usual quota shows that the account's was raised.
    let raised = live.is_some_and(|live| live.characters() > TRUST_POLICY_CHARACTERS);
    match characters {
        _ if live == Some(to) => {}
        _ if characters > TRUST_POLICY_CHARACTERS_AT_MOST => {
            return refuse(TRUST_POLICY_CHARACTERS_AT_MOST);
        }
        _ if characters > TRUST_POLICY_CHARACTERS && !raised => return refuse(TRUST_POLICY_CHARACTERS),
        _ if characters > TRUST_POLICY_CHARACTERS => warnings.push(RoleWarning::NearQuota { characters }),
        _ => {}
    }
    let provider = issuing.provider_arn();
    for lint in to.lint_trust(&issuing.target(&provider, spec.audience.as_str())) {
        let statement = lint.statement.and_then(|index| to.statements().get(index - 1));
        let ours = statement.is_some_and(|statement| trust::is_ours(statement, issuing));
        match lint.finding {
            Finding::TooLarge { .. } => {}
            // A pattern was warned of already.
            Finding::SomeNamespaces { .. } | Finding::AnyName { .. } if ours => {}
            _ if ours && lint.severity == Severity::Error => {
                return Err(RoleRefusal::Trust { name: spec.name.clone(), lint });
            }
            _ => warnings.push(RoleWarning::Trust(lint)),
        }
    }
    Ok(())
}

/// Adds the tags that mark something as ours.
pub(super) fn marked(
    tags: &BTreeMap<String, String>,
    owner: &str,
    issuing: &Issuing,
) -> BTreeMap<String, String> {
    let mut tags = tags.clone();
    tags.insert(OWNER_TAG.to_owned(), owner.to_owned());
    tags.insert(ISSUER_TAG.to_owned(), issuing.id());
    tags
}
