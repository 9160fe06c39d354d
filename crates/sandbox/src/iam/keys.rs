//! Access keys of users: two at most, with secrets that are shown once.
//!
//! Follows [CreateAccessKey][create] and its neighbours.
//!
//! [create]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html

use super::pages::Page;
use super::users::{change_user, name_or_own, no_such_user};
use super::{documents, rules};
use crate::account::Account;
use crate::caller::Caller;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::state::UserKey;
use crate::xml::Xml;

/// Access keys that a user may have.
const KEYS: usize = 2;

/// Makes a key: "the secret access key is available only when you create it".
pub(super) fn create(account: &Account, caller: &Caller, form: &Form) -> Answer<Xml> {
    let name = name_or_own(caller, form)?;
    let (id, secret) = account.mint.access_key();
    let created = account.now();
    change_user(account, name, |user| {
        if user.keys.len() >= KEYS {
            return Err(documents::limit_exceeded(format!(
                "Cannot exceed quota for AccessKeysPerUser: {KEYS}"
            )));
        }
        let xml = Xml::default().element("AccessKey", |xml| {
            let xml = xml.text("UserName", name).text("AccessKeyId", &id).text("Status", "Active");
            xml.text("SecretAccessKey", &secret).text("CreateDate", &rules::date(created))
        });
        user.keys.insert(id, UserKey { secret, created });
        Ok(xml)
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html>
pub(super) fn list(account: &Account, caller: &Caller, form: &Form) -> Answer<Xml> {
    let name = name_or_own(caller, form)?;
    let state = account.state();
    let user = state.settled().users.get(name).ok_or_else(|| no_such_user(name))?;
    let page = Page::of(form, user.keys.iter().map(|(id, key)| (id.as_str(), (id, key))))?;
    let xml = Xml::default().element("AccessKeyMetadata", |xml| {
        xml.each(&page.items, |xml, (id, key)| {
            xml.element("member", |xml| {
                let xml = xml.text("UserName", name).text("AccessKeyId", id).text("Status", "Active");
                xml.text("CreateDate", &rules::date(key.created))
            })
        })
    });
    Ok(page.end(xml))
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html>
pub(super) fn delete(account: &Account, caller: &Caller, form: &Form) -> Answer<()> {
    let (name, id) = (name_or_own(caller, form)?, form.required("AccessKeyId")?);
    change_user(account, name, |user| {
        let text = || format!("The Access Key with id {id} cannot be found.");
        user.keys.remove(id).map(|_| ()).ok_or_else(|| Refusal::new("NoSuchEntity", 404, text()))
    })
}
