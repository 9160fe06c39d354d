//! Inline policies: what a role may do, kept with the role.
//!
//! Follows [PutRolePolicy][put] and its neighbours; all of a role together have at most 10,240 characters.
//!
//! [put]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html

use super::pages::Page;
use super::roles::{change_role, with_role};
use super::{documents, shapes};
use crate::account::Account;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::xml::Xml;

/// Adds a policy, or replaces the one of its name.
pub(super) fn put(account: &Account, form: &Form) -> Answer<()> {
    shapes::role_name(form)?;
    let (name, text) = (shapes::policy_name(form)?, shapes::document(form, "PolicyDocument")?);
    documents::check_identity(account, text)?;
    change_role(account, form, |role_name, role| {
        let others = role.inline.iter().filter(|(known, _)| *known != name);
        let sum = documents::size(text) + others.map(|(_, text)| documents::size(text)).sum::<usize>();
        if sum > documents::INLINE {
            let most = documents::INLINE;
            let text = format!("Maximum policy size of {most} bytes exceeded for role {role_name}");
            return Err(documents::limit_exceeded(text));
        }
        role.inline.insert(name.to_owned(), text.to_owned());
        Ok(())
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>
pub(super) fn get(account: &Account, form: &Form) -> Answer<Xml> {
    let name = shapes::policy_name(form)?;
    with_role(account, form, |role_name, role| {
        let text = role.inline.get(name).ok_or_else(|| no_such_policy(name))?;
        let xml = Xml::default().text("RoleName", role_name).text("PolicyName", name);
        Ok(xml.text("PolicyDocument", &documents::encoded(text)))
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html>
pub(super) fn list(account: &Account, form: &Form) -> Answer<Xml> {
    with_role(account, form, |_, role| {
        let page = Page::of(form, role.inline.keys().map(|name| (name.as_str(), name)))?;
        let xml = Xml::default();
        let xml =
            xml.element("PolicyNames", |xml| xml.each(&page.items, |xml, name| xml.text("member", name)));
        Ok(page.end(xml))
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePolicy.html>
pub(super) fn delete(account: &Account, form: &Form) -> Answer<()> {
    let name = shapes::policy_name(form)?;
    change_role(account, form, |_, role| {
        role.inline.remove(name).map(|_| ()).ok_or_else(|| no_such_policy(name))
    })
}

fn no_such_policy(name: &str) -> Refusal {
    Refusal::new("NoSuchEntity", 404, format!("The role policy with name {name} cannot be found."))
}
