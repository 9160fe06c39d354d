//! Lists in pages: MaxItems and Marker.
//!
//! "If you do not include this parameter, the number of items defaults to 100"; a Marker is opaque to the caller:
//! [ListRoles](https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::shapes;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::xml::Xml;

/// One page of a list, and where the next one begins.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    marker: Option<String>,
}

impl<T> Page<T> {
    /// The page that a request asks for, of items in the order of their keys.
    pub(super) fn of<'a>(form: &Form, items: impl Iterator<Item = (&'a str, T)>) -> Answer<Self> {
        let most = shapes::number(form, "MaxItems", 1, 1000)?.unwrap_or(100);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let after = form.text("Marker").map(read).transpose()?;
        let mut rest = items.filter(|(key, _)| after.as_deref().is_none_or(|after| *key > after));
        let page = rest.by_ref().take(most).collect::<Vec<_>>();
        let last = page.last().map(|(key, _)| URL_SAFE_NO_PAD.encode(key));
        let marker = rest.next().and(last);
        Ok(Self { items: page.into_iter().map(|(_, item)| item).collect(), marker })
    }

    /// Writes whether there is more, and how to ask for it.
    pub(super) fn end(&self, xml: Xml) -> Xml {
        let xml = xml.text("IsTruncated", if self.marker.is_some() { "true" } else { "false" });
        self.marker.iter().fold(xml, |xml, marker| xml.text("Marker", marker))
    }
}

fn read(marker: &str) -> Answer<String> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| Refusal::new("ValidationError", 400, "Invalid Marker."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_and_end() {
        let keys = ["a", "b", "c", "d", "ü"];
        let items = || keys.iter().map(|key| (*key, *key));
        let (mut seen, mut query) = (Vec::new(), "MaxItems=2".to_owned());
        loop {
            let page = Page::of(&Form::parse(query.as_bytes()).unwrap(), items()).unwrap();
            assert!(page.items.len() <= 2);
            seen.extend(page.items);
            let Some(marker) = page.marker else { break };
            query = format!("MaxItems=2&Marker={marker}");
        }
        assert_eq!(seen, keys);
        let all = Page::of(&Form::parse(b"MaxItems=5").unwrap(), items()).unwrap();
        assert_eq!((all.items.len(), all.marker), (5, None));
        for bad in ["MaxItems=0", "MaxItems=1001", "MaxItems=x", "Marker=%21"] {
            let refused = Page::of(&Form::parse(bad.as_bytes()).unwrap(), items()).unwrap_err();
            assert_eq!(refused.status, 400, "{bad}");
        }
    }
}
