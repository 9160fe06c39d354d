//! The sandbox's reader of query-protocol bodies, against the parser of the URL standard.
//!
//! The file is taken as it is and not through its crate, which would bring a whole server into this build.
#![no_main]

#[allow(dead_code)]
#[path = "../../../crates/sandbox/src/query/form.rs"]
mod form;
#[allow(dead_code)]
#[path = "../../../crates/sandbox/src/refusal.rs"]
mod refusal;

use std::borrow::Cow;
use std::collections::BTreeMap;

use form::Form;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let judged: Vec<_> = form_urlencoded::parse(body).collect();
    match Form::parse(body) {
        Ok(form) => {
            // The standard reads broken UTF-8 as replacement characters; what we take has none that was not sent.
            let distinct: BTreeMap<_, _> = judged.iter().cloned().collect();
            assert_eq!(distinct.len(), judged.len(), "a parameter stood twice");
            for (name, value) in &judged {
                let expected = Some(value.as_ref()).filter(|value| !value.is_empty());
                assert_eq!(form.text(name), expected, "{name:?}");
                assert_eq!(form.required(name).is_ok(), expected.is_some());
                lists(&form, name, &distinct);
            }
            lists(&form, "Tags", &distinct);
        }
        Err(refusal) => {
            assert!(refusal.code == "MalformedQueryString" && refusal.status == 400);
            let distinct: BTreeMap<_, _> = judged.iter().cloned().collect();
            let broken =
                judged.iter().any(|(name, value)| name.contains('\u{fffd}') || value.contains('\u{fffd}'))
                    || std::str::from_utf8(body).is_err();
            assert!(broken || distinct.len() < judged.len(), "nothing was wrong with it");
        }
    }
});

/// A list has no more entries than there are parameters of its name, and each of its values was sent.
fn lists(form: &Form, name: &str, sent: &BTreeMap<Cow<'_, str>, Cow<'_, str>>) {
    let stem = name.split(".member.").next().unwrap_or(name);
    let below = format!("{stem}.member.");
    let most = sent.keys().filter(|name| name.starts_with(&below)).count();
    let values = form.list(stem);
    let tags = form.tags(stem);
    assert!(values.len() <= most && tags.len() <= most);
    let was_sent = |text: &str| text.is_empty() || sent.values().any(|value| value == text);
    assert!(values.into_iter().all(was_sent));
    assert!(tags.into_iter().all(|(key, value)| was_sent(key) && was_sent(value)));
}
