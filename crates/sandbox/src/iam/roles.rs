//! Roles: made, shown, listed, changed, tagged, deleted.
//!
//! Follows the pages of [the actions][actions]; limits are those of [IAM's quotas][quotas].
//!
//! [actions]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
//! [quotas]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attached::check_boundary;
use super::pages::Page;
use super::tags::Tags;
use super::{documents, rules, shapes, tags};
use crate::account::Account;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::state::Role;
use crate::xml::Xml;

/// Roles that an account may have.
const ROLES: usize = 1000;
/// The longest session, where nothing is said: one hour.
const MAX_SESSION: u32 = 3600;
const TAG_QUOTA: &str = "TagsPerRole";

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
pub(super) fn create(account: &Account, form: &Form) -> Answer<Xml> {
    let (name, path) = (shapes::role_name(form)?, shapes::role_path(form)?);
    let trust = shapes::document(form, "AssumeRolePolicyDocument")?;
    let description = shapes::description(form)?;
    let max_session = max_session(form)?;
    let boundary = form.text("PermissionsBoundary").map(|_| shapes::arn(form, "PermissionsBoundary"));
    let boundary = boundary.transpose()?;
    let mut tags = Tags::new();
    tags::merge(&mut tags, &rules::tags(&form.tags("Tags"))?, TAG_QUOTA)?;
    documents::check_trust(account, trust)?;
    let mut state = account.change();
    // "Names are not distinguished by case."
    if state.roles.keys().any(|known| known.eq_ignore_ascii_case(name)) {
        let text = format!("Role with name {name} already exists.");
        return Err(Refusal::new("EntityAlreadyExists", 409, text));
    }
    if state.roles.len() >= ROLES {
        return Err(documents::limit_exceeded(format!("Cannot exceed quota for RolesPerAccount: {ROLES}")));
    }
    if let Some(arn) = boundary {
        check_boundary(account, &state, arn)?;
    }
    let role = Role {
        path: path.to_owned(),
        id: account.unique_id("AROA"),
        created: account.now(),
        description: description.filter(|text| !text.is_empty()).map(str::to_owned),
        trust: trust.to_owned(),
        max_session: max_session.unwrap_or(MAX_SESSION),
        boundary: boundary.map(str::to_owned),
        tags,
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
    };
    let xml = Xml::default().element("Role", |xml| {
        let xml = shown(account, xml, name, &role);
        if role.tags.is_empty() { xml } else { tags::element(xml, &role.tags) }
    });
    state.roles.insert(Arc::from(name), Arc::new(role));
    Ok(xml)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>
pub(super) fn get(account: &Account, form: &Form) -> Answer<Xml> {
    with_role(account, form, |name, role| {
        let xml = Xml::default().element("Role", |xml| {
            let xml = shown(account, xml, name, role);
            let xml = role.boundary.iter().fold(xml, |xml, arn| {
                xml.element("PermissionsBoundary", |xml| {
                    xml.text("PermissionsBoundaryType", "Policy").text("PermissionsBoundaryArn", arn)
                })
            });
            let xml = if role.tags.is_empty() { xml } else { tags::element(xml, &role.tags) };
            xml.element("RoleLastUsed", |xml| xml)
        });
        Ok(xml)
    })
}

/// "this operation does not return the following attributes ...: PermissionsBoundary, RoleLastUsed, Tags":
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>
pub(super) fn list(account: &Account, form: &Form) -> Answer<Xml> {
    let prefix = shapes::path_prefix(form)?;
    let state = account.state();
    let roles = state.settled().roles.iter().filter(|(_, role)| role.path.starts_with(prefix));
    let page = Page::of(form, roles.map(|(name, role)| (&**name, (name, role))))?;
    let xml = Xml::default().element("Roles", |xml| {
        xml.each(&page.items, |xml, (name, role)| {
            xml.element("member", |xml| shown(account, xml, name, role))
        })
    });
    Ok(page.end(xml))
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html>
pub(super) fn update_trust(account: &Account, form: &Form) -> Answer<()> {
    shapes::role_name(form)?;
    let trust = shapes::document(form, "PolicyDocument")?;
    documents::check_trust(account, trust)?;
    change_role(account, form, |_, role| {
        trust.clone_into(&mut role.trust);
        Ok(())
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html>
pub(super) fn update(account: &Account, form: &Form) -> Answer<Xml> {
    let (description, max_session) = (shapes::description(form)?, max_session(form)?);
    change_role(account, form, |_, role| {
        if let Some(text) = description {
            role.description = Some(text.to_owned()).filter(|text| !text.is_empty());
        }
        // "If you do not specify a value for this setting, the default value of one hour is applied."
        role.max_session = max_session.unwrap_or(MAX_SESSION);
        Ok(Xml::default())
    })
}

/// "you must first remove ... the inline policies ... and detach the managed policies":
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html>
pub(super) fn delete(account: &Account, form: &Form) -> Answer<()> {
    let name = shapes::role_name(form)?;
    let mut state = account.change();
    let role = state.roles.get(name).ok_or_else(|| no_such_role(name))?;
    let conflict = |text: &'static str| Err(Refusal::new("DeleteConflict", 409, text));
    if !role.attached.is_empty() {
        return conflict("Cannot delete entity, must detach all policies first.");
    }
    if !role.inline.is_empty() {
        return conflict("Cannot delete entity, must delete policies first.");
    }
    state.roles.remove(name);
    Ok(())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html>
pub(super) fn tag(account: &Account, form: &Form) -> Answer<()> {
    let tags = tags::to_set(form)?;
    change_role(account, form, |_, role| tags::merge(&mut role.tags, &tags, TAG_QUOTA))
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagRole.html>
pub(super) fn untag(account: &Account, form: &Form) -> Answer<()> {
    let keys = tags::to_take_away(form)?;
    change_role(account, form, |_, role| {
        tags::take_away(&mut role.tags, &keys);
        Ok(())
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoleTags.html>
pub(super) fn list_tags(account: &Account, form: &Form) -> Answer<Xml> {
    with_role(account, form, |_, role| tags::list(form, &role.tags))
}

/// None: there are no instance profiles here.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfilesForRole.html>
pub(super) fn list_profiles(account: &Account, form: &Form) -> Answer<Xml> {
    with_role(account, form, |_, _| {
        let page = Page::of(form, std::iter::empty::<(&str, ())>())?;
        Ok(page.end(Xml::default().element("InstanceProfiles", |xml| xml)))
    })
}

/// Looks at the role that a request names, as IAM knows it by now.
pub(super) fn with_role<T>(
    account: &Account,
    form: &Form,
    look: impl FnOnce(&str, &Role) -> Answer<T>,
) -> Answer<T> {
    let name = shapes::role_name(form)?;
    look(name, account.state().settled().roles.get(name).ok_or_else(|| no_such_role(name))?)
}

/// Changes the role that a request names.
pub(super) fn change_role<T>(
    account: &Account,
    form: &Form,
    act: impl FnOnce(&str, &mut Role) -> Answer<T>,
) -> Answer<T> {
    let name = shapes::role_name(form)?;
    act(name, Arc::make_mut(account.change().roles.get_mut(name).ok_or_else(|| no_such_role(name))?))
}

/// What there is no role of the name for.
pub(super) fn no_such_role(name: &str) -> Refusal {
    Refusal::new("NoSuchEntity", 404, format!("The role with name {name} cannot be found."))
}

fn max_session(form: &Form) -> Answer<Option<u32>> {
    shapes::number(form, "MaxSessionDuration", MAX_SESSION, 43_200)
}

/// What every answer shows of a role.
fn shown(account: &Account, xml: Xml, name: &str, role: &Role) -> Xml {
    let xml = xml.text("Path", &role.path).text("RoleName", name).text("RoleId", &role.id);
    let xml = xml.text("Arn", &account.role_arn(&role.path, name));
    let xml = xml.text("CreateDate", &rules::date(role.created));
    let xml = xml.text("AssumeRolePolicyDocument", &documents::encoded(&role.trust));
    let xml = role.description.iter().fold(xml, |xml, text| xml.text("Description", text));
    xml.text("MaxSessionDuration", &role.max_session.to_string())
}
