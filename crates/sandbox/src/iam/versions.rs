//! The versions of managed policies: five at most, one of which counts.
//!
//! Follows [CreatePolicyVersion][create], its neighbours and [versioning IAM policies][versions].
//!
//! [create]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html
//! [versions]: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html

use super::pages::Page;
use super::policies::{change, no_such_policy, own};
use super::{documents, managed, rules, shapes};
use crate::account::Account;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::state::PolicyVersion;
use crate::xml::Xml;

/// Versions that a policy may have.
const VERSIONS: usize = 5;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html>
pub(super) fn create(account: &Account, form: &Form) -> Answer<Xml> {
    own(account, form)?;
    let document = shapes::document(form, "PolicyDocument")?;
    let default = shapes::flag(form, "SetAsDefault")?;
    documents::check_managed(account, document)?;
    let now = account.now();
    change(account, form, |policy| {
        if policy.versions.len() >= VERSIONS {
            return Err(documents::limit_exceeded(
                "A managed policy can have up to 5 versions. Before you create a new version, you must delete an \
                 existing version.",
            ));
        }
        let number = policy.next;
        let version = PolicyVersion { document: document.to_owned(), created: now };
        policy.versions.insert(number, version.clone());
        policy.next += 1;
        policy.updated = now;
        if default {
            policy.default = number;
        }
        // Shown without its document, which the caller has.
        Ok(Xml::default().element("PolicyVersion", |xml| shown(xml, number, default, &version)))
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html>
pub(super) fn get(account: &Account, form: &Form) -> Answer<Xml> {
    let (arn, number) = (shapes::arn(form, "PolicyArn")?, version_id(form)?);
    let state = account.state();
    let policy = managed::find(account, state.settled(), arn).ok_or_else(|| no_such_policy(arn))?;
    let version = policy.versions.get(&number).ok_or_else(|| no_such_version(arn, number))?;
    Ok(Xml::default().element("PolicyVersion", |xml| {
        let xml = xml.text("Document", &documents::encoded(&version.document));
        shown(xml, number, policy.default == number, version)
    }))
}

/// The newest first: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyVersions.html>
pub(super) fn list(account: &Account, form: &Form) -> Answer<Xml> {
    let arn = shapes::arn(form, "PolicyArn")?;
    let state = account.state();
    let policy = managed::find(account, state.settled(), arn).ok_or_else(|| no_such_policy(arn))?;
    // Keys that grow while the numbers fall.
    let keys = policy
        .versions
        .iter()
        .rev()
        .map(|(number, version)| (format!("{:010}", u32::MAX - number), number, version));
    let keys = keys.collect::<Vec<_>>();
    let page =
        Page::of(form, keys.iter().map(|(key, number, version)| (key.as_str(), (**number, *version))))?;
    let xml = Xml::default().element("Versions", |xml| {
        xml.each(&page.items, |xml, (number, version)| {
            xml.element("member", |xml| shown(xml, *number, policy.default == *number, version))
        })
    });
    Ok(page.end(xml))
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicyVersion.html>
pub(super) fn delete(account: &Account, form: &Form) -> Answer<()> {
    let (arn, number) = (own(account, form)?, version_id(form)?);
    change(account, form, |policy| {
        if policy.default == number {
            let text = "Cannot delete the default version of a policy.";
            return Err(Refusal::new("DeleteConflict", 409, text));
        }
        policy.versions.remove(&number).map(|_| ()).ok_or_else(|| no_such_version(arn, number))
    })
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetDefaultPolicyVersion.html>
pub(super) fn set_default(account: &Account, form: &Form) -> Answer<()> {
    let (arn, number) = (own(account, form)?, version_id(form)?);
    change(account, form, |policy| {
        if !policy.versions.contains_key(&number) {
            return Err(no_such_version(arn, number));
        }
        policy.default = number;
        Ok(())
    })
}

/// `v1`, `v2`, ...
fn version_id(form: &Form) -> Answer<u32> {
    let text = form.required("VersionId")?;
    let number = text.strip_prefix('v').filter(|digits| !digits.starts_with(['0', '+']));
    number.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        let pattern = r"Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?";
        shapes::constraint(text, "VersionId", pattern)
    })
}

fn no_such_version(arn: &str, number: u32) -> Refusal {
    let text = format!("Policy {arn} version v{number} does not exist or is not attachable.");
    Refusal::new("NoSuchEntity", 404, text)
}

fn shown(xml: Xml, number: u32, default: bool, version: &PolicyVersion) -> Xml {
    let xml = xml.text("VersionId", &format!("v{number}"));
    let xml = xml.text("IsDefaultVersion", if default { "true" } else { "false" });
    xml.text("CreateDate", &rules::date(version.created))
}
