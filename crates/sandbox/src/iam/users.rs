//! Users: made, shown, listed, deleted.
//!
//! Follows the pages of [the actions][actions]; limits are those of [IAM's quotas][quotas]. The users that a sandbox is
//! started with can be shown, and nothing else.
//!
//! [actions]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
//! [quotas]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use time::OffsetDateTime;

use super::attached::check_boundary;
use super::pages::Page;
use super::tags::Tags;
use super::{documents, resource, rules, shapes, tags};
use crate::account::Account;
use crate::caller::Caller;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::state::User;
use crate::xml::Xml;

/// Users that an account may have.
const USERS: usize = 5000;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>
pub(super) fn create(account: &Account, form: &Form) -> Answer<Xml> {
    let (name, path) = (shapes::user_name(form)?, shapes::role_path(form)?);
    let boundary = form.text("PermissionsBoundary").map(|_| shapes::arn(form, "PermissionsBoundary"));
    let boundary = boundary.transpose()?;
    let mut tags = Tags::new();
    tags::merge(&mut tags, &rules::tags(&form.tags("Tags"))?, "TagsPerUser")?;
    let mut state = account.change();
    // "Names are not distinguished by case."
    let mut built_in = account.config.built_in().iter().map(|user| user.name());
    let taken = built_in.any(|known| known.eq_ignore_ascii_case(name))
        || state.users.keys().any(|known| known.eq_ignore_ascii_case(name));
    if taken {
        let text = format!("User with name {name} already exists.");
        return Err(Refusal::new("EntityAlreadyExists", 409, text));
    }
    if state.users.len() >= USERS {
        return Err(documents::limit_exceeded(format!("Cannot exceed quota for UsersPerAccount: {USERS}")));
    }
    if let Some(arn) = boundary {
        check_boundary(account, &state, arn)?;
    }
    let user = User {
        path: path.to_owned(),
        id: account.unique_id("AIDA"),
        created: account.now(),
        boundary: boundary.map(str::to_owned),
        tags,
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
        keys: BTreeMap::new(),
    };
    let xml = Xml::default().element("User", |xml| whole(account, xml, name, &user));
    state.users.insert(Arc::from(name), Arc::new(user));
    Ok(xml)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html>
pub(super) fn get(account: &Account, caller: &Caller, form: &Form) -> Answer<Xml> {
    let name = name_or_own(caller, form)?;
    if let Some(user) = account.config.built_in().iter().find(|user| user.name() == name) {
        let created = OffsetDateTime::UNIX_EPOCH;
        return Ok(Xml::default().element("User", |xml| shown(account, xml, name, "/", user.id(), created)));
    }
    let state = account.state();
    let user = state.settled().users.get(name).ok_or_else(|| no_such_user(name))?;
    Ok(Xml::default().element("User", |xml| whole(account, xml, name, user)))
}

/// Neither tags nor boundaries: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html>
pub(super) fn list(account: &Account, form: &Form) -> Answer<Xml> {
    let prefix = shapes::path_prefix(form)?;
    let state = account.state();
    let users = state.settled().users.iter().filter(|(_, user)| user.path.starts_with(prefix));
    let page = Page::of(form, users.map(|(name, user)| (&**name, (name, user))))?;
    let xml = Xml::default().element("Users", |xml| {
        xml.each(&page.items, |xml, (name, user)| {
            xml.element("member", |xml| shown(account, xml, name, &user.path, &user.id, user.created))
        })
    });
    Ok(page.end(xml))
}

/// "you must delete the items attached to the user manually, or the deletion fails":
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html>
pub(super) fn delete(account: &Account, form: &Form) -> Answer<()> {
    let name = shapes::user_name(form)?;
    let mut state = account.change();
    let user = state.users.get(name).ok_or_else(|| no_such_user(name))?;
    let left = [
        (!user.keys.is_empty(), "Cannot delete entity, must remove tokens from principal first."),
        (!user.attached.is_empty(), "Cannot delete entity, must detach all policies first."),
        (!user.inline.is_empty(), "Cannot delete entity, must delete policies first."),
    ];
    if let Some((_, text)) = left.into_iter().find(|(left, _)| *left) {
        return Err(Refusal::new("DeleteConflict", 409, text));
    }
    state.users.remove(name);
    Ok(())
}

/// The user that a request names, else the one who signed it.
pub(super) fn name_or_own<'a>(caller: &'a Caller, form: &'a Form) -> Answer<&'a str> {
    if form.text("UserName").is_some() {
        return shapes::user_name(form);
    }
    resource::user_name(caller, form).ok_or_else(|| {
        let text = "Must specify userName when calling with non-User credentials";
        Refusal::new("ValidationError", 400, text)
    })
}

/// Looks at the user that a request names, as IAM knows it by now.
pub(super) fn with_user<T>(
    account: &Account,
    form: &Form,
    look: impl FnOnce(&str, &User) -> Answer<T>,
) -> Answer<T> {
    let name = shapes::user_name(form)?;
    look(name, account.state().settled().users.get(name).ok_or_else(|| no_such_user(name))?)
}

/// Changes a user.
pub(super) fn change_user<T>(
    account: &Account,
    name: &str,
    act: impl FnOnce(&mut User) -> Answer<T>,
) -> Answer<T> {
    act(Arc::make_mut(account.change().users.get_mut(name).ok_or_else(|| no_such_user(name))?))
}

/// What there is no user of the name for.
pub(super) fn no_such_user(name: &str) -> Refusal {
    Refusal::new("NoSuchEntity", 404, format!("The user with name {name} cannot be found."))
}

/// All that is shown of one user.
fn whole(account: &Account, xml: Xml, name: &str, user: &User) -> Xml {
    let xml = shown(account, xml, name, &user.path, &user.id, user.created);
    let xml = user.boundary.iter().fold(xml, |xml, arn| {
        xml.element("PermissionsBoundary", |xml| {
            xml.text("PermissionsBoundaryType", "Policy").text("PermissionsBoundaryArn", arn)
        })
    });
    if user.tags.is_empty() { xml } else { tags::element(xml, &user.tags) }
}

/// What every answer shows of a user.
fn shown(account: &Account, xml: Xml, name: &str, path: &str, id: &str, created: OffsetDateTime) -> Xml {
    let xml = xml.text("Path", path).text("UserName", name).text("UserId", id);
    xml.text("Arn", &account.user_arn(path, name)).text("CreateDate", &rules::date(created))
}
