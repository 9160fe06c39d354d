//! The name of a service account: a namespace (RFC 1123 label) and a name (RFC 1123 subdomain), as
//! kubernetes apimachinery pkg/api/validation checks them (`ValidateNamespaceName`,
//! `ValidateServiceAccountName`).

use std::fmt;
use std::str::FromStr;

/// A service account, written `NAMESPACE/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceAccount {
    namespace: String,
    name: String,
}

impl ServiceAccount {
    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name within the namespace.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The service account whose tokens have this `sub`; nothing when it is somebody else's.
    #[must_use]
    pub fn of_subject(subject: &str) -> Option<Self> {
        let (namespace, name) = subject.strip_prefix("system:serviceaccount:")?.split_once(':')?;
        format!("{namespace}/{name}").parse().ok()
    }

    /// The `sub` of its tokens: `system:serviceaccount:NAMESPACE:NAME`.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace, self.name)
    }
}

impl fmt::Display for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl FromStr for ServiceAccount {
    type Err = MalformedServiceAccount;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (namespace, name) = text.split_once('/').ok_or(MalformedServiceAccount::Form)?;
        if namespace.len() > 63 || !is_label(namespace) {
            return Err(MalformedServiceAccount::Namespace);
        }
        if name.len() > 253 || !name.split('.').all(is_label) {
            return Err(MalformedServiceAccount::Name);
        }
        Ok(Self { namespace: namespace.into(), name: name.into() })
    }
}

/// Why a text names no service account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedServiceAccount {
    /// No slash.
    #[error("a service account is written NAMESPACE/NAME")]
    Form,
    /// The namespace is none that Kubernetes allows.
    #[error("a namespace is 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends")]
    Namespace,
    /// The name is none that Kubernetes allows.
    #[error(
        "a service account's name is 1 to 253 of a-z, 0-9, - and ., with a letter or digit at both ends and around each dot"
    )]
    Name,
}

fn is_label(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !(text.is_empty() || text.starts_with('-') || text.ends_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names_read_back() {
        for text in [
            "default/demo",
            "kube-system/my.app-1",
            "0/0",
            &format!("{}/{}", "n".repeat(63), "a".repeat(253)),
        ] {
            let account: ServiceAccount = text.parse().unwrap();
            assert_eq!(account.to_string(), text);
        }
        let account: ServiceAccount = "default/demo".parse().unwrap();
        assert_eq!(account.subject(), "system:serviceaccount:default:demo");
        assert_eq!(ServiceAccount::of_subject("system:serviceaccount:default:demo"), Some(account));
        for other in ["", "demo", "system:serviceaccount:a", "system:serviceaccount:a:b:c", "system:node:a"] {
            assert_eq!(ServiceAccount::of_subject(other), None, "{other}");
        }
    }

    #[test]
    fn bad_names_are_refused() {
        use MalformedServiceAccount::{Form, Name, Namespace};
        for (text, reason) in [
            ("", Form),
            ("demo", Form),
            ("/demo", Namespace),
            ("a.b/demo", Namespace),
            ("Default/demo", Namespace),
            ("-a/demo", Namespace),
            (&format!("{}/demo", "n".repeat(64)), Namespace),
            ("default/", Name),
            ("default/a..b", Name),
            ("default/a-.b", Name),
            ("default/a/b", Name),
            ("default/*", Name),
            ("default/a:b", Name),
            (&format!("default/{}", "a".repeat(254)), Name),
        ] {
            assert_eq!(text.parse::<ServiceAccount>(), Err(reason), "{text}");
        }
    }
}
