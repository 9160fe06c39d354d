//! What a user may do: inline policies, 2,048 characters of them together, and managed ones that are attached.
//!
//! Follows [PutUserPolicy][put], [AttachUserPolicy][attach] and their neighbours.
//!
//! [put]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html
//! [attach]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html

use super::attached::{ATTACHED, check_attachable, page_of};
use super::pages::Page;
use super::users::{change_user, no_such_user, with_user};
use super::{documents, shapes};
use crate::account::Account;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::state::User;
use crate::xml::Xml;

/// Adds an inline policy, or replaces the one of its name.
pub(super) fn put(account: &Account, form: &Form) -> Answer<()> {
    let user_name = shapes::user_name(form)?;
    let (name, text) = (shapes::policy_name(form)?, shapes::document(form, "PolicyDocument")?);
    documents::check_identity(account, text)?;
    change_user(account, user_name, |user| {
        let others = user.inline.iter().filter(|(known, _)| *known != name);
        let sum = documents::size(text) + others.map(|(_, text)| documents::size(text)).sum::<usize>();
        if sum > documents::INLINE_OF_USER {
            let most = documents::INLINE_OF_USER;
            let text = format!("Maximum policy size of {most} bytes exceeded for user {user_name}");
            return Err(documents::limit_exceeded(text));
        }
        user.inline.insert(name.to_owned(), text.to_owned());
        Ok(())
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUserPolicy.html>
pub(super) fn get(account: &Account, form: &Form) -> Answer<Xml> {
    let name = shapes::policy_name(form)?;
    with_user(account, form, |user_name, user| {
        let text = user.inline.get(name).ok_or_else(|| no_such_policy(name))?;
        let xml = Xml::default().text("UserName", user_name).text("PolicyName", name);
        Ok(xml.text("PolicyDocument", &documents::encoded(text)))
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserPolicies.html>
pub(super) fn list(account: &Account, form: &Form) -> Answer<Xml> {
    with_user(account, form, |_, user| {
        let page = Page::of(form, user.inline.keys().map(|name| (name.as_str(), name)))?;
        let xml = Xml::default();
        let xml =
            xml.element("PolicyNames", |xml| xml.each(&page.items, |xml, name| xml.text("member", name)));
        Ok(page.end(xml))
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPolicy.html>
pub(super) fn delete(account: &Account, form: &Form) -> Answer<()> {
    let (user_name, name) = (shapes::user_name(form)?, shapes::policy_name(form)?);
    change_user(account, user_name, |user| {
        user.inline.remove(name).map(|_| ()).ok_or_else(|| no_such_policy(name))
    })
}

/// Attaches a managed policy; one that is attached stays so.
pub(super) fn attach(account: &Account, form: &Form) -> Answer<()> {
    let (name, arn) = (shapes::user_name(form)?, shapes::arn(form, "PolicyArn")?);
    let mut state = account.change();
    let mut user = state.users.get(name).map(|user| User::clone(user)).ok_or_else(|| no_such_user(name))?;
    check_attachable(account, &state, arn)?;
    if !user.attached.contains(arn) && user.attached.len() >= ATTACHED {
        return Err(documents::limit_exceeded(format!(
            "Cannot exceed quota for PoliciesPerUser: {ATTACHED}"
        )));
    }
    user.attached.insert(arn.to_owned());
    state.users.insert(name.into(), user.into());
    Ok(())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachUserPolicy.html>
pub(super) fn detach(account: &Account, form: &Form) -> Answer<()> {
    let (name, arn) = (shapes::user_name(form)?, shapes::arn(form, "PolicyArn")?);
    change_user(account, name, |user| match user.attached.remove(arn) {
        true => Ok(()),
        false => Err(Refusal::new("NoSuchEntity", 404, format!("Policy {arn} was not found."))),
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedUserPolicies.html>
pub(super) fn list_attached(account: &Account, form: &Form) -> Answer<Xml> {
    with_user(account, form, |_, user| page_of(form, &user.attached))
}

fn no_such_policy(name: &str) -> Refusal {
    Refusal::new("NoSuchEntity", 404, format!("The user policy with name {name} cannot be found."))
}
