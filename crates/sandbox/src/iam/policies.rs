//! Managed policies of the account's own: made, shown, listed, deleted.
//!
//! Follows [CreatePolicy][create] and its neighbours; AWS's own are in the lists and can be looked at.
//!
//! [create]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pages::Page;
use super::tags::Tags;
use super::{documents, managed, rules, shapes, tags};
use crate::account::Account;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::state::{Policy, PolicyVersion, State};
use crate::xml::Xml;

/// Policies that an account may have.
const POLICIES: usize = 1500;
const TAG_QUOTA: &str = "TagsPerPolicy";

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html>
pub(super) fn create(account: &Account, form: &Form) -> Answer<Xml> {
    let (name, path) = (shapes::policy_name(form)?, shapes::policy_path(form)?);
    let document = shapes::document(form, "PolicyDocument")?;
    let description = shapes::description(form)?.filter(|text| !text.is_empty());
    let mut tags = Tags::new();
    tags::merge(&mut tags, &rules::tags(&form.tags("Tags"))?, TAG_QUOTA)?;
    documents::check_managed(account, document)?;
    let arn = account.policy_arn(path, name);
    let mut state = account.change();
    // "Names are not distinguished by case", whatever their paths are.
    if state.policies.values().any(|policy| policy.name.eq_ignore_ascii_case(name)) {
        let text = format!("A policy called {name} already exists. Duplicate names are not allowed.");
        return Err(Refusal::new("EntityAlreadyExists", 409, text));
    }
    if state.policies.len() >= POLICIES {
        return Err(documents::limit_exceeded(format!(
            "Cannot exceed quota for PoliciesPerAccount: {POLICIES}"
        )));
    }
    let now = account.now();
    let policy = Policy {
        name: name.to_owned(),
        path: path.to_owned(),
        id: account.unique_id("ANPA"),
        description: description.map(str::to_owned),
        tags,
        created: now,
        updated: now,
        versions: BTreeMap::from([(1, PolicyVersion { document: document.to_owned(), created: now })]),
        default: 1,
        next: 2,
    };
    let xml = Xml::default().element("Policy", |xml| {
        let xml = shown(xml, &state, &arn, &policy);
        if policy.tags.is_empty() { xml } else { tags::element(xml, &policy.tags) }
    });
    state.policies.insert(Arc::from(arn), Arc::new(policy));
    Ok(xml)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html>
pub(super) fn get(account: &Account, form: &Form) -> Answer<Xml> {
    let arn = shapes::arn(form, "PolicyArn")?;
    let state = account.state();
    let policy = managed::find(account, state.settled(), arn).ok_or_else(|| no_such_policy(arn))?;
    Ok(Xml::default().element("Policy", |xml| {
        let xml = shown(xml, state.settled(), arn, &policy);
        let xml = policy.description.iter().fold(xml, |xml, text| xml.text("Description", text));
        tags::element(xml, &policy.tags)
    }))
}

/// "does not return ... tags", nor descriptions:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html>
pub(super) fn list(account: &Account, form: &Form) -> Answer<Xml> {
    let prefix = shapes::path_prefix(form)?;
    let scope = shapes::choice(form, "Scope", &["All", "AWS", "Local"])?.unwrap_or("All");
    let usage = ["PermissionsPolicy", "PermissionsBoundary"];
    let usage = shapes::choice(form, "PolicyUsageFilter", &usage)?;
    let only_attached = shapes::flag(form, "OnlyAttached")?;
    let state = account.state();
    let settled = state.settled();
    let of_aws = managed::of_aws(account.partition);
    let all = (if scope == "Local" { None } else { Some(&of_aws) }.into_iter().flatten())
        .chain(if scope == "AWS" { None } else { Some(&settled.policies) }.into_iter().flatten());
    let wanted = all.filter(|(arn, policy)| {
        let used = match usage {
            Some("PermissionsBoundary") => uses(settled, arn).1 > 0,
            None if !only_attached => true,
            _ => uses(settled, arn).0 > 0,
        };
        policy.path.starts_with(prefix) && used
    });
    let mut wanted = wanted.collect::<Vec<_>>();
    wanted.sort_unstable_by_key(|(arn, _)| *arn);
    let page = Page::of(form, wanted.into_iter().map(|(arn, policy)| (&**arn, (arn, policy))))?;
    let xml = Xml::default().element("Policies", |xml| {
        xml.each(&page.items, |xml, (arn, policy)| {
            xml.element("member", |xml| shown(xml, settled, arn, policy))
        })
    });
    Ok(page.end(xml))
}

/// "you must first detach the policy from all users, groups, and roles" and delete all versions but the default one:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html>
pub(super) fn delete(account: &Account, form: &Form) -> Answer<()> {
    let arn = own(account, form)?;
    let mut state = account.change();
    let policy = state.policies.get(arn).ok_or_else(|| no_such_policy(arn))?;
    let conflict = |text: &'static str| Err(Refusal::new("DeleteConflict", 409, text));
    if uses(&state, arn) != (0, 0) {
        return conflict("Cannot delete a policy attached to entities.");
    }
    if policy.versions.len() > 1 {
        return conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's \
             versions. The default version is deleted with the policy.",
        );
    }
    state.policies.remove(arn);
    Ok(())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagPolicy.html>
pub(super) fn tag(account: &Account, form: &Form) -> Answer<()> {
    let tags = tags::to_set(form)?;
    change(account, form, |policy| tags::merge(&mut policy.tags, &tags, TAG_QUOTA))
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagPolicy.html>
pub(super) fn untag(account: &Account, form: &Form) -> Answer<()> {
    let keys = tags::to_take_away(form)?;
    change(account, form, |policy| {
        tags::take_away(&mut policy.tags, &keys);
        Ok(())
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyTags.html>
pub(super) fn list_tags(account: &Account, form: &Form) -> Answer<Xml> {
    let arn = shapes::arn(form, "PolicyArn")?;
    let state = account.state();
    let policy = managed::find(account, state.settled(), arn).ok_or_else(|| no_such_policy(arn))?;
    tags::list(form, &policy.tags)
}

/// Changes the policy that a request names.
pub(super) fn change<T>(
    account: &Account,
    form: &Form,
    act: impl FnOnce(&mut Policy) -> Answer<T>,
) -> Answer<T> {
    let arn = own(account, form)?;
    act(Arc::make_mut(account.change().policies.get_mut(arn).ok_or_else(|| no_such_policy(arn))?))
}

/// The ARN that a request names, when it is not that of a policy of AWS's own.
pub(super) fn own<'a>(account: &Account, form: &'a Form) -> Answer<&'a str> {
    let arn = shapes::arn(form, "PolicyArn")?;
    if managed::is_of_aws(account, arn) {
        let text = "Cannot operate on the policy of another account.";
        return Err(Refusal::new("AccessDenied", 403, text));
    }
    Ok(arn)
}

/// What there is no policy of the ARN for.
pub(super) fn no_such_policy(arn: &str) -> Refusal {
    Refusal::new("NoSuchEntity", 404, format!("Policy {arn} was not found."))
}

/// How many roles and users have a policy attached, and how many are bounded by it.
fn uses(state: &State, arn: &str) -> (usize, usize) {
    let roles = state.roles.values().map(|role| (&role.attached, &role.boundary));
    let users = state.users.values().map(|user| (&user.attached, &user.boundary));
    roles.chain(users).fold((0, 0), |(attached, bounding), (policies, boundary)| {
        let bounds = boundary.as_deref() == Some(arn);
        (attached + usize::from(policies.contains(arn)), bounding + usize::from(bounds))
    })
}

/// What every answer shows of a policy.
fn shown(xml: Xml, state: &State, arn: &str, policy: &Policy) -> Xml {
    let (attached, bounding) = uses(state, arn);
    let xml = xml.text("PolicyName", &policy.name).text("PolicyId", &policy.id).text("Arn", arn);
    let xml = xml.text("Path", &policy.path).text("DefaultVersionId", &format!("v{}", policy.default));
    let xml = xml.text("AttachmentCount", &attached.to_string());
    let xml = xml.text("PermissionsBoundaryUsageCount", &bounding.to_string()).text("IsAttachable", "true");
    xml.text("CreateDate", &rules::date(policy.created)).text("UpdateDate", &rules::date(policy.updated))
}
