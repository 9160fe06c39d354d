//! What a subject, or a pattern of subjects, lets in.
//!
//! A service account's subject is `system:serviceaccount:NAMESPACE:NAME`; neither part has a colon.

use crate::lint::finding::{Finding, Severity};

const PREFIX: &str = "system:serviceaccount:";

/// Judges a value of a condition on `sub`; `wildcards` says whether its operator has them.
pub(crate) fn judge(value: &str, wildcards: bool) -> Option<(Severity, Finding)> {
    let text = value.to_owned();
    if !(wildcards && has_wildcard(value)) {
        let names = value.strip_prefix(PREFIX).and_then(|rest| rest.split_once(':'));
        let good = names.is_some_and(|(namespace, name)| {
            !namespace.is_empty() && !name.is_empty() && !name.contains(':')
        });
        return (!good).then_some((Severity::Warning, Finding::NotAServiceAccount { subject: text }));
    }
    let Some(rest) = value.strip_prefix(PREFIX) else {
        // A wildcard in the first words: it takes every service account unless something fixed can never fit.
        let before = &value[..value.find(['*', '?']).unwrap_or_default()];
        return Some(if PREFIX.starts_with(before) {
            (Severity::Error, Finding::AnyNamespace { pattern: text })
        } else {
            (Severity::Warning, Finding::NotAServiceAccount { subject: text })
        });
    };
    let namespace = rest.split(':').next().unwrap_or_default();
    Some(if namespace.chars().all(|c| matches!(c, '*' | '?')) {
        (Severity::Error, Finding::AnyNamespace { pattern: text })
    } else if has_wildcard(namespace) {
        (Severity::Warning, Finding::SomeNamespaces { pattern: text })
    } else {
        (Severity::Warning, Finding::AnyName { pattern: text })
    })
}

/// Whether text has a wildcard that is not written as itself, `${*}` or `${?}`.
pub(crate) fn has_wildcard(text: &str) -> bool {
    text.replace("${*}", "").replace("${?}", "").contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::lint::{Finding, Severity};

    #[test]
    fn subjects() {
        let word = |value: &str, wildcards| {
            judge(value, wildcards).map(|(severity, finding)| {
                let name = match finding {
                    Finding::AnyNamespace { .. } => "any namespace",
                    Finding::SomeNamespaces { .. } => "some namespaces",
                    Finding::AnyName { .. } => "any name",
                    Finding::NotAServiceAccount { .. } => "nobody",
                    _ => "another",
                };
                (severity, name)
            })
        };
        let (error, warning) = (Severity::Error, Severity::Warning);
        for (value, expected) in [
            ("system:serviceaccount:a:b", None),
            ("*", Some((error, "any namespace"))),
            ("system:*", Some((error, "any namespace"))),
            ("system:serviceaccount*", Some((error, "any namespace"))),
            ("system:serviceaccount:*", Some((error, "any namespace"))),
            ("system:serviceaccount:*:*", Some((error, "any namespace"))),
            ("system:serviceaccount:*:app", Some((error, "any namespace"))),
            ("system:serviceaccount:??:app", Some((error, "any namespace"))),
            ("*:app", Some((error, "any namespace"))),
            ("system:serviceaccount:dev-*", Some((warning, "some namespaces"))),
            ("system:serviceaccount:dev-*:app", Some((warning, "some namespaces"))),
            ("system:serviceaccount:a:*", Some((warning, "any name"))),
            ("system:serviceaccount:a:app-?", Some((warning, "any name"))),
            ("system:serviceaccount:a", Some((warning, "nobody"))),
            ("system:serviceaccount::a", Some((warning, "nobody"))),
            ("repo:org/name:*", Some((warning, "nobody"))),
            ("a:b", Some((warning, "nobody"))),
        ] {
            assert_eq!(word(value, true), expected, "{value}");
        }
        assert_eq!(word("system:serviceaccount:a:${*}", true), None);
        assert_eq!(word("system:serviceaccount:a:*", false), None);
    }
}
