//! What of managed policies hangs on a role: those that are attached, and the permissions boundary.
//!
//! Follows [AttachRolePolicy][attach], [PutRolePermissionsBoundary][boundary] and their neighbours.
//!
//! [attach]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html
//! [boundary]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html

use std::collections::BTreeSet;
use std::sync::Arc;

use super::pages::Page;
use super::roles::{change_role, no_such_role, with_role};
use super::{documents, managed, shapes};
use crate::account::Account;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::state::{Role, State};
use crate::xml::Xml;

/// Managed policies that a role or a user may have.
pub(super) const ATTACHED: usize = 10;

/// Attaches a policy; one that is attached stays so.
pub(super) fn attach(account: &Account, form: &Form) -> Answer<()> {
    let arn = shapes::arn(form, "PolicyArn")?;
    change_with(account, form, |state, role| {
        check_attachable(account, state, arn)?;
        if !role.attached.contains(arn) && role.attached.len() >= ATTACHED {
            return Err(documents::limit_exceeded(format!(
                "Cannot exceed quota for PoliciesPerRole: {ATTACHED}"
            )));
        }
        role.attached.insert(arn.to_owned());
        Ok(())
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachRolePolicy.html>
pub(super) fn detach(account: &Account, form: &Form) -> Answer<()> {
    let arn = shapes::arn(form, "PolicyArn")?;
    change_role(account, form, |_, role| match role.attached.remove(arn) {
        true => Ok(()),
        false => Err(Refusal::new("NoSuchEntity", 404, format!("Policy {arn} was not found."))),
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedRolePolicies.html>
pub(super) fn list(account: &Account, form: &Form) -> Answer<Xml> {
    with_role(account, form, |_, role| page_of(form, &role.attached))
}

/// One page of what is attached.
pub(super) fn page_of(form: &Form, attached: &BTreeSet<String>) -> Answer<Xml> {
    let prefix = shapes::path_prefix(form)?;
    let attached = attached.iter().map(|arn| {
        let path = arn.split_once(":policy").map_or("", |(_, path)| path);
        (path, arn.as_str(), arn)
    });
    let attached = attached.filter(|(path, _, _)| path.starts_with(prefix));
    let page = Page::of(form, attached.map(|(path, key, arn)| (key, (path, arn))))?;
    let xml = Xml::default().element("AttachedPolicies", |xml| {
        xml.each(&page.items, |xml, (path, arn)| {
            let name = path.rsplit('/').next().unwrap_or_default();
            xml.element("member", |xml| xml.text("PolicyName", name).text("PolicyArn", arn))
        })
    });
    Ok(page.end(xml))
}

/// Bounds what a role's own policies can allow.
pub(super) fn put_boundary(account: &Account, form: &Form) -> Answer<()> {
    let arn = shapes::arn(form, "PermissionsBoundary")?;
    change_with(account, form, |state, role| {
        check_boundary(account, state, arn)?;
        role.boundary = Some(arn.to_owned());
        Ok(())
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePermissionsBoundary.html>
pub(super) fn delete_boundary(account: &Account, form: &Form) -> Answer<()> {
    change_role(account, form, |name, role| match role.boundary.take() {
        Some(_) => Ok(()),
        None => {
            let text = format!("The role with name {name} has no permissions boundary.");
            Err(Refusal::new("NoSuchEntity", 404, text))
        }
    })
}

/// Checks that there is a managed policy to attach.
pub(super) fn check_attachable(account: &Account, state: &State, arn: &str) -> Answer<()> {
    match managed::find(account, state, arn) {
        Some(_) => Ok(()),
        None => {
            let text = format!("Policy {arn} does not exist or is not attachable.");
            Err(Refusal::new("NoSuchEntity", 404, text))
        }
    }
}

/// Checks that a policy can be a boundary: any managed one can.
pub(super) fn check_boundary(account: &Account, state: &State, arn: &str) -> Answer<()> {
    match managed::find(account, state, arn) {
        Some(_) => Ok(()),
        None => {
            let text = format!("Scope ARN: {arn} does not exist or is not attachable.");
            Err(Refusal::new("NoSuchEntity", 404, text))
        }
    }
}

/// Changes the role that a request names, with the rest of the state to look at.
fn change_with(
    account: &Account,
    form: &Form,
    act: impl FnOnce(&State, &mut Role) -> Answer<()>,
) -> Answer<()> {
    let name = shapes::role_name(form)?;
    let mut state = account.change();
    let role = state.roles.get(name).ok_or_else(|| no_such_role(name))?;
    let mut role = Role::clone(role);
    act(&state, &mut role)?;
    state.roles.insert(Arc::from(name), Arc::new(role));
    Ok(())
}
