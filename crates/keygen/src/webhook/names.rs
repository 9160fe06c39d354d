//! The names that a serving certificate is for.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::WebhookCertificateError;

/// At least one DNS name, each once, as kube-apiserver asks for them: in lower case
/// ([RFC 1123](https://www.rfc-editor.org/rfc/rfc1123#section-2.1), and the lengths of
/// [RFC 1035](https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4)).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    pub(super) fn of(names: &[String]) -> Result<Self, WebhookCertificateError> {
        if names.is_empty() {
            return Err(WebhookCertificateError::NoName);
        }
        match names.iter().find(|name| !is_dns_name(name)) {
            Some(name) => Err(WebhookCertificateError::Name { name: name.clone() }),
            None => Ok(Self(names.iter().cloned().collect())),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // As a DNS name an address would never be matched.
    name.len() <= 253 && name.split('.').all(is_label) && name.parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_a_service_can_have() {
        let long = "a".repeat(63);
        for good in ["a", "pod-identity-webhook.eks.svc", "1.example", &long] {
            assert!(Names::of(&[good.to_owned()]).is_ok(), "{good}");
        }
        let longer = format!("{long}.{long}.{long}.{long}");
        for bad in
            ["", ".", "a.", "a..b", "-a", "a-", "A", "a_b", "*.a", "ä", "a b", "a\n", "10.0.0.1", &longer]
        {
            assert!(Names::of(&[bad.to_owned()]).is_err(), "{bad}");
        }
        assert!(matches!(Names::of(&[]), Err(WebhookCertificateError::NoName)));
        let both = ["b.svc", "a.svc", "b.svc"].map(str::to_owned);
        assert_eq!(Names::of(&both).unwrap().iter().collect::<Vec<_>>(), ["a.svc", "b.svc"]);
    }
}
