//! How the two documents are served: as JSON, and not to be kept for long.

use super::commands::publish;
use super::documents::answers;
use crate::check::{Check, Group};
use crate::facts::Facts;
use crate::plain::{plain, plain_list};
use crate::report::Finding;

pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        Group::Documents,
        "documents/content-type",
        "both are served as JSON",
        &["documents/status"],
        content_type,
    ),
    Check::new(
        Group::Documents,
        "documents/cache",
        "both may be cached for an hour at most",
        &["documents/status"],
        cache,
    ),
];

/// A rotation waits as long as what it replaces may be cached.
const LONGEST_CACHE: u64 = 3600;

fn content_type(facts: &Facts) -> Finding {
    let good = |text: &str| {
        let media = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
    };
    let odd = answers(facts).filter(|(_, answer)| answer.status == 200).filter_map(|(what, answer)| {
        match answer.content_type.as_deref() {
            Some(text) if good(text) => None,
            Some(text) => Some(format!("{what} is served as {}", plain(text))),
            None => Some(format!("{what} has no Content-Type")),
        }
    });
    let odd: Vec<String> = odd.collect();
    if odd.is_empty() {
        return Finding::pass("application/json");
    }
    Finding::warn(
        "application/json, and application/jwk-set+json for the keys",
        plain_list(&odd),
        format!("publish them again: {}; on a web server of your own set the types", publish(facts)),
    )
}

fn cache(facts: &Facts) -> Finding {
    let mut longest = 0;
    for (what, answer) in answers(facts).filter(|(_, answer)| answer.status == 200) {
        let hint = format!(
            "publish them again: {}; on a web server or CDN of your own set Cache-Control: public, max-age=3600",
            publish(facts)
        );
        let expected = "max-age=3600 or less: a rotation waits as long";
        match answer.cache_control.as_deref().map(|text| (text, max_age(text))) {
            Some((_, Some(seconds))) if seconds <= LONGEST_CACHE => longest = longest.max(seconds),
            Some((text, Some(_) | None)) => {
                return Finding::warn(expected, format!("{what} is served with `{}`", plain(text)), hint);
            }
            None => return Finding::warn(expected, format!("{what} has no Cache-Control"), hint),
        }
    }
    Finding::pass(format!("{longest} s"))
}

/// Reads how long an answer may be kept
/// ([RFC 9111, section 5.2.2](https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2)).
fn max_age(header: &str) -> Option<u64> {
    let mut directives = header.split(',').map(|directive| directive.trim().to_ascii_lowercase());
    if directives.clone().any(|directive| matches!(directive.as_str(), "no-store" | "no-cache")) {
        return Some(0);
    }
    let value = |name: &str| {
        directives.clone().find_map(|directive| directive.strip_prefix(name)?.trim_matches('"').parse().ok())
    };
    let shared = value("s-maxage=");
    let own = value("max-age=");
    directives.next()?;
    shared.into_iter().chain(own).max()
}

#[cfg(test)]
mod tests {
    use super::max_age;

    #[test]
    fn how_long_an_answer_may_be_kept() {
        for (header, seconds) in [
            ("public, max-age=3600", Some(3600)),
            ("max-age=60, s-maxage=86400", Some(86400)),
            ("Max-Age=\"5\"", Some(5)),
            ("no-store", Some(0)),
            ("private", None),
            ("max-age=soon", None),
            ("", None),
        ] {
            assert_eq!(max_age(header), seconds, "{header}");
        }
    }
}
