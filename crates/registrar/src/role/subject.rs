//! Whose tokens a role takes: service accounts by name, or by a pattern.

use std::fmt;
use std::str::FromStr;

use issuer_keygen::ServiceAccount;

/// What the subjects of all service accounts begin with.
const PREFIX: &str = "system:serviceaccount:";

/// Whose tokens a role takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// One service account.
    ServiceAccount(ServiceAccount),
    /// Every one whose `sub` matches.
    Pattern(SubjectPattern),
}

/// A `sub` with `*` and `?`, as StringLike reads it: `system:serviceaccount:NAMESPACE:NAME`, where something of the
/// namespace is fixed.
///
/// To IAM a `*` matches colons too: `system:serviceaccount:team-*` takes every name of these namespaces. So both parts are
/// asked for, with their colon: a `sub` has no other one behind its first words, and each `*` stays in its part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubjectPattern(String);

/// Why a text is no pattern that may be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectPatternError {
    /// Not `system:serviceaccount:NS:NAME` with wildcards.
    #[error(
        "`{}` is no pattern of service accounts: that is system:serviceaccount:NAMESPACE:NAME, or NAMESPACE/NAME, with * and ? in it", .0.escape_debug()
    )]
    Form(String),
    /// It takes every service account.
    #[error("the pattern `{0}` takes every service account of the cluster")]
    Everyone(String),
    /// It takes a name in every namespace.
    #[error(
        "the pattern `{0}` takes service accounts of every namespace: whoever can make one there can use the role; name the namespaces, at least in part"
    )]
    AnyNamespace(String),
    /// It is no pattern.
    #[error(
        "`{0}` has no * or ?: it is one service account, so name it as one (--service-account NAMESPACE/NAME)"
    )]
    NoWildcard(String),
}

impl SubjectPattern {
    /// Returns the pattern of the whole `sub`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SubjectPattern {
    type Err = SubjectPatternError;

    /// Takes `NS/NAME` too.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix(PREFIX);
        let names = match rest {
            Some(rest) => rest.split_once(':'),
            None => text.split_once('/'),
        };
        let wild = |part: &str| !part.is_empty() && part.bytes().all(|byte| b"*?".contains(&byte));
        let Some((namespace, name)) = names else {
            // Without its colon, `system:serviceaccount:*` or plain `*`.
            return Err(if wild(rest.unwrap_or(text)) {
                SubjectPatternError::Everyone(text.to_owned())
            } else {
                SubjectPatternError::Form(text.to_owned())
            });
        };
        if !(fits(namespace, 63, b"-*?") && fits(name, 253, b"-.*?")) {
            return Err(SubjectPatternError::Form(text.to_owned()));
        }
        let whole = format!("{PREFIX}{namespace}:{name}");
        match (wild(namespace), wild(name)) {
            (true, true) => Err(SubjectPatternError::Everyone(whole)),
            (true, false) => Err(SubjectPatternError::AnyNamespace(whole)),
            _ if !text.contains(['*', '?']) => Err(SubjectPatternError::NoWildcard(text.to_owned())),
            _ => Ok(Self(whole)),
        }
    }
}

impl Subject {
    /// Returns the text that `sub` is compared with.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::ServiceAccount(account) => account.subject(),
            Self::Pattern(pattern) => pattern.0.clone(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceAccount(account) => account.fmt(f),
            Self::Pattern(pattern) => f.write_str(&pattern.0),
        }
    }
}

/// Whether a part can match a name of Kubernetes at all: neither has other characters, or more of them.
fn fits(part: &str, most: usize, beside: &[u8]) -> bool {
    let fixed = part.bytes().filter(|byte| *byte != b'*').count();
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || beside.contains(&byte);
    !part.is_empty() && fixed <= most && part.bytes().all(known)
}

/// Writes a `sub`, or a pattern of some, as a person would: `NAMESPACE/NAME` for one service account.
pub(super) fn shown(subject: &str) -> String {
    let names = subject.strip_prefix(PREFIX).and_then(|rest| rest.split_once(':'));
    let account = names.and_then(|(namespace, name)| format!("{namespace}/{name}").parse().ok());
    account.map_or_else(|| subject.to_owned(), |account: ServiceAccount| account.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use SubjectPatternError::{AnyNamespace, Everyone, Form, NoWildcard};

    #[test]
    fn patterns_name_something_of_the_namespace() {
        for (text, whole) in [
            ("team-a/*", "team-a:*"),
            ("team-*/app", "team-*:app"),
            ("team-*/*", "team-*:*"),
            ("a/b-?.c", "a:b-?.c"),
            ("system:serviceaccount:a:b*", "a:b*"),
            ("*a/b", "*a:b"),
        ] {
            let pattern: SubjectPattern = text.parse().unwrap();
            assert_eq!(pattern.as_str(), format!("system:serviceaccount:{whole}"), "{text}");
            assert_eq!(pattern.as_str().parse(), Ok(pattern), "{text}");
        }
    }

    #[test]
    fn what_takes_everyone_nobody_or_exactly_one_is_no_pattern() {
        type Made = fn(String) -> SubjectPatternError;
        let table: [(&str, Made); 21] = [
            ("*", Everyone),
            ("**", Everyone),
            ("*/*", Everyone),
            ("?*/*?", Everyone),
            ("system:serviceaccount:*", Everyone),
            ("system:serviceaccount:*:*", Everyone),
            ("*/app", AnyNamespace),
            ("system:serviceaccount:??:app", AnyNamespace),
            ("a/b", NoWildcard),
            ("system:serviceaccount:a:b", NoWildcard),
            ("", Form),
            ("a*", Form),
            ("/*", Form),
            ("a*/", Form),
            ("system:serviceaccount:team-*", Form),
            ("system:*", Form),
            ("a/b:*", Form),
            ("A*/b", Form),
            ("a/${*}", Form),
            ("a/b/*", Form),
            ("a.b/*", Form),
        ];
        for (text, refused) in table {
            let error = text.parse::<SubjectPattern>().unwrap_err();
            assert_eq!(
                std::mem::discriminant(&error),
                std::mem::discriminant(&refused(String::new())),
                "{text}"
            );
        }
        assert!(format!("{}*/a", "n".repeat(64)).parse::<SubjectPattern>().is_err());
        assert!("a/b".parse::<SubjectPattern>().unwrap_err().to_string().contains("--service-account"));
    }

    #[test]
    fn one_service_account_is_shown_as_it_is_written() {
        assert_eq!(shown("system:serviceaccount:a:b"), "a/b");
        for text in ["system:serviceaccount:a:*", "repo:x", "system:serviceaccount:a"] {
            assert_eq!(shown(text), text);
        }
    }
}
