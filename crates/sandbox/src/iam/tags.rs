//! Tags of providers and roles: their keys differ by more than case, and there are at most fifty.
//!
//! Follows [TagRole][tag] and its neighbours, which are the same for each kind of thing.
//!
//! [tag]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html

use std::collections::BTreeMap;

use super::pages::Page;
use super::rules;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::xml::Xml;

/// Tags that one thing may have.
const TAGS: usize = 50;

/// Tags by their keys.
pub(super) type Tags = BTreeMap<String, String>;

/// Reads the tags that are to be set.
pub(super) fn to_set(form: &Form) -> Answer<Vec<(String, String)>> {
    let tags = rules::tags(&form.tags("Tags"))?;
    if tags.is_empty() {
        form.required("Tags")?;
    }
    Ok(tags)
}

/// Reads the keys that are to go.
pub(super) fn to_take_away(form: &Form) -> Answer<Vec<&str>> {
    let keys = form.list("TagKeys");
    if keys.is_empty() {
        form.required("TagKeys")?;
    }
    Ok(keys)
}

/// Takes tags away; a key that is not there is no error.
pub(super) fn take_away(tags: &mut Tags, keys: &[&str]) {
    tags.retain(|key, _| !keys.iter().any(|gone| gone.eq_ignore_ascii_case(key)));
}

/// Lists tags in pages.
pub(super) fn list(form: &Form, tags: &Tags) -> Answer<Xml> {
    let page = Page::of(form, tags.iter().map(|tag| (tag.0.as_str(), tag)))?;
    Ok(page.end(element(Xml::default(), page.items.iter().copied())))
}

/// Adds tags to others, or gives those that are there a new value.
pub(super) fn merge(tags: &mut Tags, wanted: &[(String, String)], quota: &str) -> Answer<()> {
    let mut merged = tags.clone();
    for (key, value) in wanted {
        merged.retain(|known, _| !known.eq_ignore_ascii_case(key));
        merged.insert(key.clone(), value.clone());
    }
    if merged.len() > TAGS {
        let text = format!("Cannot exceed quota for {quota}: {TAGS}");
        return Err(Refusal::new("LimitExceeded", 409, text));
    }
    *tags = merged;
    Ok(())
}

/// Writes tags as IAM lists them.
pub(super) fn element<'a>(xml: Xml, tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Xml {
    xml.element("Tags", |xml| {
        xml.each(tags, |xml, (key, value)| {
            xml.element("member", |xml| xml.text("Key", key).text("Value", value))
        })
    })
}
