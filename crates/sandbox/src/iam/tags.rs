//! Tags of a provider: their keys differ by more than case, and there are at most fifty.
//!
//! Follows [TagOpenIDConnectProvider][tag], its Untag and its list.
//!
//! [tag]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagOpenIDConnectProvider.html

use std::collections::BTreeMap;

use super::{change_provider, rules, with_provider};
use crate::account::Account;
use crate::query::{Form, validation_error};
use crate::refusal::{Answer, Refusal};
use crate::xml::Xml;

/// Tags that a provider may have.
const TAGS: usize = 50;

/// Adds tags, or gives those that are there a new value.
pub(super) fn tag(account: &Account, form: &Form) -> Answer<()> {
    let tags = rules::tags(&form.tags("Tags"))?;
    if tags.is_empty() {
        form.required("Tags")?;
    }
    change_provider(account, form, |provider| merge(&mut provider.tags, &tags))
}

/// Takes tags away; a key that is not there is no error.
pub(super) fn untag(account: &Account, form: &Form) -> Answer<()> {
    let keys = form.list("TagKeys");
    if keys.is_empty() {
        form.required("TagKeys")?;
    }
    change_provider(account, form, |provider| {
        provider.tags.retain(|key, _| !keys.iter().any(|gone| gone.eq_ignore_ascii_case(key)));
        Ok(())
    })
}

/// Lists the tags in pages.
pub(super) fn list(account: &Account, form: &Form) -> Answer<Xml> {
    let most = match form.text("MaxItems").map(str::parse::<usize>) {
        None => 100,
        Some(Ok(most @ 1..=1000)) => most,
        Some(_) => {
            let text =
                "Value at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000";
            return Err(validation_error(text));
        }
    };
    with_provider(account, form, |provider| {
        let after = form.text("Marker").unwrap_or_default();
        let mut page = provider.tags.clone();
        page.retain(|key, _| after.is_empty() || key.as_str() > after);
        let last = page.keys().nth(most - 1).cloned().filter(|_| page.len() > most);
        if let Some(last) = &last {
            page.retain(|key, _| key <= last);
        }
        let xml =
            element(Xml::default(), &page).text("IsTruncated", if last.is_some() { "true" } else { "false" });
        Ok(last.iter().fold(xml, |xml, last| xml.text("Marker", last)))
    })
}

/// Adds tags to others.
pub(super) fn merge(tags: &mut BTreeMap<String, String>, wanted: &[(String, String)]) -> Answer<()> {
    let mut merged = tags.clone();
    for (key, value) in wanted {
        merged.retain(|known, _| !known.eq_ignore_ascii_case(key));
        merged.insert(key.clone(), value.clone());
    }
    if merged.len() > TAGS {
        let text = format!("Cannot exceed quota for TagsPerOpenIdConnectProvider: {TAGS}");
        return Err(Refusal::new("LimitExceeded", 409, text));
    }
    *tags = merged;
    Ok(())
}

/// Writes tags as IAM lists them.
pub(super) fn element(xml: Xml, tags: &BTreeMap<String, String>) -> Xml {
    xml.element("Tags", |xml| {
        xml.each(tags, |xml, (key, value)| {
            xml.element("member", |xml| xml.text("Key", key).text("Value", value))
        })
    })
}
