//! What a pattern of audiences lets in beside the one that is meant.

use crate::lint::finding::{Finding, Severity};
use crate::lint::subject::has_wildcard;
use crate::pattern::Pattern;

/// Audiences of tokens that were never meant for AWS: what API servers call themselves, so that each pod has a token
/// for it, and a made-up one.
const OTHERS: [&str; 6] = [
    "https://kubernetes.default.svc",
    "https://kubernetes.default.svc.cluster.local",
    "kubernetes",
    "api",
    "vault",
    "x",
];

/// Judges a value of a condition on `aud`; `wildcards` says whether its operator has them.
pub(crate) fn judge(
    value: &str,
    wildcards: bool,
    issuer: &str,
    wanted: Option<&str>,
) -> Option<(Severity, Finding)> {
    if !(wildcards && has_wildcard(value)) {
        return None;
    }
    let pattern = value.to_owned();
    // An API server that was told no other audience takes its issuer for it.
    let own = format!("https://{issuer}");
    let mut others = OTHERS.into_iter().chain([own.as_str()]).filter(|other| Some(*other) != wanted);
    let open =
        Pattern::parse(value, true).is_ok_and(|pattern| others.any(|audience| pattern.matches(audience)));
    Some(if open {
        (Severity::Error, Finding::AnyAudience { pattern })
    } else {
        (Severity::Warning, Finding::SomeAudiences { pattern })
    })
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::lint::Severity;

    #[test]
    fn a_pattern_is_open_as_soon_as_it_takes_a_token_for_somebody_else() {
        let severity = |value: &str, wildcards| {
            let found = judge(value, wildcards, "oidc.example.com/c1", Some("sts.amazonaws.com"));
            found.map(|(severity, _)| severity)
        };
        for (value, expected) in [
            ("sts.amazonaws.com", None),
            ("sts.amazonaws.com${*}", None),
            ("*", Some(Severity::Error)),
            ("?", Some(Severity::Error)),
            ("*.*", Some(Severity::Error)),
            ("https://*", Some(Severity::Error)),
            ("https://oidc.example.com/*", Some(Severity::Error)),
            ("k*", Some(Severity::Error)),
            ("s*", Some(Severity::Warning)),
            ("sts.amazonaws.com*", Some(Severity::Warning)),
            ("sts.?mazonaws.com", Some(Severity::Warning)),
        ] {
            assert_eq!(severity(value, true), expected, "{value}");
            assert_eq!(severity(value, false), None, "{value}");
        }
    }
}
