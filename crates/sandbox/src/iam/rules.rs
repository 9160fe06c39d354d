//! What IAM accepts as a provider's Url, client ids, thumbprints, tags and ARN.
//!
//! Bounds: [CreateOpenIDConnectProvider][create]; words and codes as IAM has them.
//!
//! [create]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html

use std::net::IpAddr;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::account::Account;
use crate::query::validation_error;
use crate::refusal::{Answer, Refusal};

/// Client ids that a provider may have.
pub(super) const CLIENT_IDS: usize = 100;
/// Thumbprints that a provider may have.
const THUMBPRINTS: usize = 5;

/// Checks a Url and gives it back without its scheme: "must begin with https://", no port, no query.
pub(super) fn url(url: &str) -> Answer<&str> {
    if url.len() > 255 {
        return Err(too_long("url", 255));
    }
    let invalid = || Refusal::new("InvalidInput", 400, "Invalid Open ID Connect Provider URL.");
    let unreadable = || Refusal::new("ValidationError", 400, "Invalid Open ID Connect Provider URL");
    let (scheme, rest) = url.split_once("://").ok_or_else(unreadable)?;
    if scheme != "https" {
        let text = "Invalid Open ID Connect Provider URL. The URL must begin with https://.";
        return Err(Refusal::new("InvalidInput", 400, text));
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    if host.is_empty() {
        return Err(unreadable());
    }
    // "The URL should not contain a port number", and "query parameters are not allowed".
    if host.contains(['@', ':']) || path.contains(['?', '#']) || !is_host(host) {
        return Err(invalid());
    }
    if path.bytes().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control() || !byte.is_ascii()) {
        return Err(invalid());
    }
    Ok(rest)
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        let hyphen = label.starts_with('-') || label.ends_with('-');
        !label.is_empty() && !hyphen && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.parse::<IpAddr>().is_ok() || host.split('.').all(is_label)
}

/// Checks a list of client ids; one that stands twice counts once.
pub(super) fn client_ids(ids: &[&str]) -> Answer<Vec<String>> {
    let mut unique = Vec::<String>::new();
    for id in ids {
        let id = client_id(id)?;
        if !unique.iter().any(|known| known == id) {
            unique.push(id.to_owned());
        }
    }
    if unique.len() > CLIENT_IDS {
        return Err(too_many_client_ids());
    }
    Ok(unique)
}

/// Checks one client id: 1 to 255 characters.
pub(super) fn client_id(id: &str) -> Answer<&str> {
    match id.chars().count() {
        0 => Err(validation_error(
            "Value at 'clientID' failed to satisfy constraint: Member must have length greater than or equal to 1",
        )),
        1..=255 => Ok(id),
        _ => Err(too_long("clientID", 255)),
    }
}

/// What a client id too many gets.
pub(super) fn too_many_client_ids() -> Refusal {
    let text = format!("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {CLIENT_IDS}");
    Refusal::new("LimitExceeded", 409, text)
}

/// Checks a list of thumbprints and writes them small.
///
/// Forty characters are asked for and not that they are hex: IAM stores forty times `x`, and the list counts for
/// nothing where the issuer's certificate is from an authority that AWS trusts.
pub(super) fn thumbprints(thumbprints: &[&str]) -> Answer<Vec<String>> {
    if thumbprints.len() > THUMBPRINTS {
        // The word is "fewer" and five are taken.
        return Err(Refusal::new("InvalidInput", 400, "Thumbprint list must contain fewer than 5 entries."));
    }
    if thumbprints.iter().any(|thumbprint| thumbprint.chars().count() != 40) {
        return Err(Refusal::new("InvalidInput", 400, "Thumbprint must be exactly 40 characters."));
    }
    Ok(thumbprints.iter().map(|thumbprint| thumbprint.to_lowercase()).collect())
}

/// Checks tags as [TagOpenIDConnectProvider] takes them.
///
/// [TagOpenIDConnectProvider]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagOpenIDConnectProvider.html
pub(super) fn tags(tags: &[(&str, &str)]) -> Answer<Vec<(String, String)>> {
    if tags.len() > 50 {
        return Err(too_long("tags", 50));
    }
    for (at, (key, value)) in tags.iter().enumerate() {
        let member = format!("tags.{}.member", at + 1);
        let pattern = |name| {
            let pattern = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]";
            let text = "failed to satisfy constraint: Member must satisfy regular expression pattern:";
            validation_error(&format!("Value at '{member}.{name}' {text} {pattern}"))
        };
        match (key.chars().count(), value.chars().count()) {
            (129.., _) => return Err(too_long(&format!("{member}.key"), 128)),
            (_, 257..) => return Err(too_long(&format!("{member}.value"), 256)),
            (0, _) => return Err(pattern("key")),
            _ if !key.chars().all(is_tag_character) => return Err(pattern("key")),
            _ if !value.chars().all(is_tag_character) => return Err(pattern("value")),
            _ if key.to_ascii_lowercase().starts_with("aws:") => {
                let text = "Tag keys that begin with aws: are reserved for system use.";
                return Err(Refusal::new("InvalidInput", 400, text));
            }
            _ => {}
        }
        if tags[..at].iter().any(|(other, _)| other.eq_ignore_ascii_case(key)) {
            let text = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(Refusal::new("InvalidInput", 400, text));
        }
    }
    Ok(tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

fn is_tag_character(character: char) -> bool {
    character.is_alphanumeric() || character.is_whitespace() || "_.:/=+-@".contains(character)
}

/// Checks that an ARN names a provider of this account.
pub(super) fn arn<'a>(account: &Account, arn: &'a str) -> Answer<&'a str> {
    if arn.len() < 20 {
        return Err(validation_error(
            "Value at 'openIDConnectProviderArn' failed to satisfy constraint: Member must have length greater than or equal to 20",
        ));
    }
    match arn.strip_prefix(&account.provider_arn("")) {
        Some(url) if !url.is_empty() => Ok(arn),
        _ => Err(Refusal::new("InvalidInput", 400, format!("Invalid ARN: {arn}"))),
    }
}

/// A time as IAM writes it.
pub(super) fn date(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}

fn too_long(member: &str, most: usize) -> Refusal {
    let text = "failed to satisfy constraint: Member must have length less than or equal to";
    validation_error(&format!("Value at '{member}' {text} {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_iam_takes() {
        let long = format!("https://{}", "a.".repeat(123) + "b");
        let table = [
            "https://oidc.example.com",
            "https://oidc.example.com/",
            "https://OIDC.example.com/Path",
            "https://b.s3.eu-west-1.amazonaws.com/clusters/one",
            "https://192.0.2.1",
            long.as_str(),
        ];
        for good in table {
            assert_eq!(url(good).unwrap(), good.strip_prefix("https://").unwrap());
        }
    }

    #[test]
    fn urls_that_iam_refuses() {
        let long = format!("https://{}.com", "a".repeat(250));
        let table = [
            ("example.com", "ValidationError"),
            ("https://", "ValidationError"),
            ("https:///path", "ValidationError"),
            (long.as_str(), "ValidationError"),
            ("http://example.com", "InvalidInput"),
            ("HTTPS://example.com", "InvalidInput"),
            ("https://example.com:443", "InvalidInput"),
            ("https://user@example.com", "InvalidInput"),
            ("https://example.com?a=b", "InvalidInput"),
            ("https://example.com/p?a", "InvalidInput"),
            ("https://example.com/#f", "InvalidInput"),
            ("https://exa_mple.com", "InvalidInput"),
            ("https://exa mple.com", "InvalidInput"),
            ("https://example..com", "InvalidInput"),
            ("https://example.com/a b", "InvalidInput"),
        ];
        for (bad, code) in table {
            assert_eq!(url(bad).unwrap_err().code, code, "{bad}");
        }
    }

    #[test]
    fn thumbprints_have_forty_characters() {
        let (upper, x) = ("AB".repeat(20), "x".repeat(40));
        assert_eq!(thumbprints(&[&upper, &x]).unwrap(), ["ab".repeat(20), x.clone()]);
        assert!(thumbprints(&[x.as_str(); 5]).is_ok());
        assert!(thumbprints(&[x.as_str(); 6]).is_err());
        assert!(thumbprints(&["ab"]).is_err());
    }

    #[test]
    fn client_ids_are_counted_once() {
        let ids = (0..100).map(|number| format!("id-{number}")).collect::<Vec<_>>();
        let mut ids = ids.iter().map(String::as_str).collect::<Vec<_>>();
        ids.push("id-0");
        assert_eq!(client_ids(&ids).unwrap().len(), 100);
        ids.push("one more");
        assert_eq!(client_ids(&ids).unwrap_err().code, "LimitExceeded");
        assert_eq!(client_id(&"c".repeat(256)).unwrap_err().code, "ValidationError");
    }

    #[test]
    fn tags_are_checked() {
        assert!(tags(&[("Name", "a b/c=d+e-f@g_h.i:j"), ("empty", "")]).is_ok());
        let long = "k".repeat(129);
        for bad in [
            vec![("", "v")],
            vec![("a;b", "v")],
            vec![(long.as_str(), "")],
            vec![("k", "1"), ("K", "2")],
            vec![("AWS:k", "")],
        ] {
            assert!(tags(&bad).is_err(), "{bad:?}");
        }
        assert!(tags(&[("k", "v"); 51]).is_err());
    }
}
