//! Issuer URLs: the strict form that we make, and the lenient form that a live cluster may hold.
//!
//! One text has to be equal, byte for byte, in four places: kube-apiserver's flag, the discovery
//! document, the token's `iss` and IAM's provider Url. So a URL is checked and kept, never
//! normalised. Rules: [OpenID Connect Discovery 1.0, section 3][oidc] (https, no query, no
//! fragment), [IAM CreateOpenIDConnectProvider][iam] (255 characters, no port), and our own for
//! what fails silently later (trailing slash, upper-case host, dotted bucket).
//!
//! [oidc]: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
//! [iam]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html

use std::fmt;
use std::str::FromStr;

use crate::location::S3Location;

/// The longest Url that IAM takes, in characters.
pub const MAX_ISSUER_LENGTH: usize = 255;

/// An issuer URL that kube-apiserver, relying parties and IAM all take, in the caller's exact bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IssuerUrl(String);

/// Why a text is not an issuer URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerUrlError {
    /// Nothing was given.
    #[error("the issuer URL is empty")]
    Empty,
    /// Longer than IAM takes.
    #[error("the issuer URL has {0} characters; IAM takes at most {MAX_ISSUER_LENGTH}")]
    TooLong(usize),
    /// Plain http.
    #[error("the issuer URL begins with http://; AWS and kube-apiserver's discovery need https://")]
    Http,
    /// No scheme, or another one.
    #[error("the issuer URL has to begin with https:// in lower case")]
    NotHttps,
    /// A query.
    #[error("the issuer URL has a query (`?`); OpenID Connect allows none in an issuer")]
    Query,
    /// A fragment.
    #[error("the issuer URL has a fragment (`#`); OpenID Connect allows none in an issuer")]
    Fragment,
    /// User name or password.
    #[error("the issuer URL has a user name before `@`; an issuer is public and has none")]
    UserInfo,
    /// A port.
    #[error("the issuer URL has a port; IAM refuses providers with one, so the issuer must be on 443")]
    Port,
    /// No host.
    #[error("the issuer URL has no host")]
    NoHost,
    /// Upper-case letters in the host.
    #[error(
        "the host of the issuer URL has upper-case letters; \
         it is compared byte for byte: write it in lower case"
    )]
    UpperCaseHost,
    /// Not a DNS name.
    #[error("the host of the issuer URL, `{}`, is not a DNS name", .0.escape_debug())]
    BadHost(String),
    /// A trailing slash.
    #[error(
        "the issuer URL ends with a slash; tokens, documents and IAM would disagree by one byte: leave it out"
    )]
    TrailingSlash,
    /// A bucket whose name has dots.
    #[error(
        "the bucket `{0}` in the issuer URL has dots; \
         the certificate of S3 covers one label only, so TLS would fail"
    )]
    DottedBucket(String),
    /// An empty segment, `.` or `..`.
    #[error(
        "the path of the issuer URL has an empty, `.` or `..` segment; servers and clients rewrite those"
    )]
    PathSegment,
    /// A character that a URL path does not have, or that means something elsewhere.
    #[error("the issuer URL has the character {0:?}, which is not allowed there")]
    Character(char),
}

impl IssuerUrl {
    /// Returns the URL as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns host and path: what IAM shows as Url, and what its ARN and condition keys are made of.
    #[must_use]
    pub fn without_scheme(&self) -> &str {
        &self.0["https://".len()..]
    }

    /// Returns the host.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.without_scheme();
        rest.split_once('/').map_or(rest, |(host, _)| host)
    }

    /// Returns the path without its leading slash; empty when there is none.
    #[must_use]
    pub fn path(&self) -> &str {
        self.without_scheme().split_once('/').map_or("", |(_, path)| path)
    }

    /// Returns where the discovery document has to be
    /// ([section 4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig)).
    #[must_use]
    pub fn discovery_url(&self) -> String {
        format!("{}/{}", self.0, crate::site::DISCOVERY_PATH)
    }

    /// Returns the bucket, region and prefix that this URL names when its host is one of S3's.
    #[must_use]
    pub fn s3_location(&self) -> Option<S3Location> {
        S3Location::of(self)
    }
}

impl FromStr for IssuerUrl {
    type Err = IssuerUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        check(text)?;
        let issuer = Self(text.to_owned());
        match issuer.s3_location() {
            Some(location) if location.bucket.contains('.') => {
                Err(IssuerUrlError::DottedBucket(location.bucket))
            }
            _ => Ok(issuer),
        }
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An issuer that a live cluster accepts today: any text that kube-apiserver takes in
/// `--service-account-issuer`, verbatim (ports, slashes and plain words included).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AcceptedIssuer(String);

/// Why a text cannot be an accepted issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptedIssuerError {
    /// Nothing was given.
    #[error("an accepted issuer must not be empty")]
    Empty,
    /// A comma would become two audiences in `--api-audiences`.
    #[error("an accepted issuer must not have a comma; give the flag once for each issuer")]
    Comma,
    /// A line end or another control character.
    #[error("an accepted issuer must not have control characters")]
    Control,
}

impl AcceptedIssuer {
    /// Returns the text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AcceptedIssuer {
    type Err = AcceptedIssuerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            Err(AcceptedIssuerError::Empty)
        } else if text.contains(',') {
            Err(AcceptedIssuerError::Comma)
        } else if text.chars().any(char::is_control) {
            Err(AcceptedIssuerError::Control)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Display for AcceptedIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(text: &str) -> Result<(), IssuerUrlError> {
    if text.is_empty() {
        return Err(IssuerUrlError::Empty);
    }
    let length = text.chars().count();
    if length > MAX_ISSUER_LENGTH {
        return Err(IssuerUrlError::TooLong(length));
    }
    if text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://")) {
        return Err(IssuerUrlError::Http);
    }
    let rest = text.strip_prefix("https://").ok_or(IssuerUrlError::NotHttps)?;
    if rest.contains('#') {
        return Err(IssuerUrlError::Fragment);
    }
    if rest.contains('?') {
        return Err(IssuerUrlError::Query);
    }
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    if authority.contains('@') {
        return Err(IssuerUrlError::UserInfo);
    }
    check_host(authority)?;
    path.map_or(Ok(()), check_path)
}

fn check_host(host: &str) -> Result<(), IssuerUrlError> {
    if host.is_empty() {
        return Err(IssuerUrlError::NoHost);
    }
    // An IPv6 literal has colons too, but is no DNS name in the first place.
    if host.contains(':') && !host.starts_with('[') {
        return Err(IssuerUrlError::Port);
    }
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(IssuerUrlError::UpperCaseHost);
    }
    if ends_in_a_number(host) || !is_dns_name(host) {
        return Err(IssuerUrlError::BadHost(host.to_owned()));
    }
    Ok(())
}

/// Tells whether clients read a host as an IPv4 address or not at all, `0x7f.1` as 127.0.0.1
/// ([URL standard](https://url.spec.whatwg.org/#ends-in-a-number-checker)).
fn ends_in_a_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let digits = |text: &str, radix| text.chars().all(|digit| digit.is_digit(radix));
    digits(last, 10) || last.strip_prefix("0x").is_some_and(|rest| digits(rest, 16))
}

/// Tells whether a name is a host name of RFC 1123 in lower case, without a trailing dot.
pub(crate) fn is_dns_name(host: &str) -> bool {
    host.len() <= 253
        && host.split('.').all(|label| {
            let bytes = label.as_bytes();
            matches!(bytes.len(), 1..=63)
                && bytes.first() != Some(&b'-')
                && bytes.last() != Some(&b'-')
                && bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        })
}

fn check_path(path: &str) -> Result<(), IssuerUrlError> {
    if path.is_empty() || path.ends_with('/') {
        return Err(IssuerUrlError::TrailingSlash);
    }
    crate::site::check_segments(path).map_err(|error| match error {
        crate::site::SegmentError::Segment => IssuerUrlError::PathSegment,
        crate::site::SegmentError::Character(character) => IssuerUrlError::Character(character),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_refusal_has_its_own_sentence() {
        let long = format!("https://example.com/{}", "a".repeat(300));
        let table = [
            ("", "empty"),
            (long.as_str(), "320 characters"),
            ("http://example.com", "http://"),
            ("HTTP://example.com", "http://"),
            ("HTTPS://example.com", "lower case"),
            ("example.com", "begin with https://"),
            ("https://example.com?x=1", "query"),
            ("https://example.com/a#b", "fragment"),
            ("https://me:secret@example.com", "user name"),
            ("https://example.com:443", "port"),
            ("https://", "no host"),
            ("https:///path", "no host"),
            ("https://Example.com", "upper-case"),
            ("https://exa_mple.com", "not a DNS name"),
            ("https://-a.example.com", "not a DNS name"),
            ("https://10.0.0.1/x", "not a DNS name"),
            ("https://0x7f.1/x", "not a DNS name"),
            ("https://a.example.0xfe", "not a DNS name"),
            ("https://[::1]", "not a DNS name"),
            ("https://a\u{1b}[2m\u{202e}", "`a\\u{1b}[2m\\u{202e}`, is not a DNS name"),
            ("https://example.com.", "not a DNS name"),
            ("https://example.com/", "ends with a slash"),
            ("https://example.com/a/", "ends with a slash"),
            ("https://example.com/a//b", "segment"),
            ("https://example.com/../b", "segment"),
            ("https://example.com/$(id)", "'$'"),
            ("https://example.com/a,b", "','"),
            ("https://example.com/*", "'*'"),
            ("https://example.com/a b", "character ' '"),
            ("https://example.com/a\nb", "character '\\n'"),
            ("https://example.com/%zz", "character '%'"),
            ("https://my.bucket.s3.eu-west-1.amazonaws.com", "has dots"),
            ("https://s3.eu-west-1.amazonaws.com/my.bucket/x", "has dots"),
        ];
        for (text, words) in table {
            let error = text.parse::<IssuerUrl>().expect_err(text).to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_good_url_is_kept_byte_for_byte() {
        let issuer: IssuerUrl = "https://oidc.example.com/Cluster-1/a%20b".parse().unwrap();
        assert_eq!(issuer.as_str(), "https://oidc.example.com/Cluster-1/a%20b");
        assert_eq!(issuer.host(), "oidc.example.com");
        assert_eq!(issuer.path(), "Cluster-1/a%20b");
        assert_eq!(issuer.without_scheme(), "oidc.example.com/Cluster-1/a%20b");
    }

    #[test]
    fn a_live_cluster_may_hold_any_text() {
        for text in ["kubernetes/serviceaccount", "https://10.0.0.1:6443/", "k3s", "https://A.example#x"] {
            assert_eq!(text.parse::<AcceptedIssuer>().unwrap().as_str(), text);
        }
        for text in ["", "a,b", "a\nb"] {
            assert!(text.parse::<AcceptedIssuer>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_panic(text in "\\PC{0,300}") {
            if let Ok(issuer) = text.parse::<IssuerUrl>() {
                prop_assert_eq!(issuer.as_str(), text.as_str());
            }
        }
    }
}
