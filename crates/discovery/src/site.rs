//! The two documents as bytes: what S3, a directory, the doctor and the sandbox share.
//!
//! Paths: [OpenID Connect Discovery 1.0, section 4][oidc]. Content types and cache times are
//! kube-apiserver's own (`pkg/routes/openidmetadata.go`).
//!
//! [oidc]: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig

use std::fmt;
use std::str::FromStr;

use crate::document::DiscoveryDocument;
use crate::issuer::IssuerUrl;
use crate::jwks::Jwks;

/// The path of the discovery document below the issuer.
pub const DISCOVERY_PATH: &str = ".well-known/openid-configuration";

/// How long the two documents may be cached, as kube-apiserver says it: one hour.
pub const CACHE_CONTROL: &str = "public, max-age=3600";

/// The path of the JWKS below the issuer: `openid/v1/jwks` unless told otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwksPath(String);

/// Why a text is not a path for the JWKS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwksPathError {
    /// A slash at an end, an empty or dotted segment, or a character that needs escaping.
    #[error(
        "the JWKS path `{0}` has to be relative, such as keys.json: letters, digits and -._~ between single slashes"
    )]
    Text(String),
    /// The discovery document's own path.
    #[error("the JWKS path cannot be {DISCOVERY_PATH}: that is the discovery document's")]
    Discovery,
}

impl JwksPath {
    /// Returns the path, without a leading slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the `jwks_uri` under an issuer.
    #[must_use]
    pub fn url(&self, issuer: &IssuerUrl) -> String {
        format!("{issuer}/{}", self.0)
    }
}

impl Default for JwksPath {
    fn default() -> Self {
        Self("openid/v1/jwks".to_owned())
    }
}

impl FromStr for JwksPath {
    type Err = JwksPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
        if text == DISCOVERY_PATH {
            Err(JwksPathError::Discovery)
        } else if text.is_empty() || !text.chars().all(plain) || check_segments(text).is_err() {
            Err(JwksPathError::Text(text.to_owned()))
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Display for JwksPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One document: exact bytes, and how they are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Where it is below the issuer, without a leading slash.
    pub path: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// The media type that it is served with.
    pub content_type: &'static str,
    /// The Cache-Control header that it is served with.
    pub cache_control: &'static str,
}

/// The two documents of one issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    issuer: IssuerUrl,
    jwks_uri: String,
    /// The keys first: a relying party that sees the discovery document finds them.
    jwks: Object,
    discovery: Object,
}

impl Site {
    /// Writes both documents.
    #[must_use]
    pub fn build(issuer: &IssuerUrl, jwks_path: &JwksPath, keys: &Jwks) -> Self {
        let jwks_uri = jwks_path.url(issuer);
        let document = DiscoveryDocument::new(issuer, &jwks_uri, keys);
        let object = |path: &str, text: String, content_type| Object {
            path: path.to_owned(),
            bytes: text.into_bytes(),
            content_type,
            cache_control: CACHE_CONTROL,
        };
        Self {
            issuer: issuer.clone(),
            jwks_uri,
            jwks: object(jwks_path.as_str(), keys.to_json(), "application/jwk-set+json"),
            discovery: object(DISCOVERY_PATH, document.to_json(), "application/json"),
        }
    }

    /// Returns the issuer.
    #[must_use]
    pub fn issuer(&self) -> &IssuerUrl {
        &self.issuer
    }

    /// Returns where the JWKS has to be.
    #[must_use]
    pub fn jwks_uri(&self) -> &str {
        &self.jwks_uri
    }

    /// Returns the JWKS.
    #[must_use]
    pub fn jwks(&self) -> &Object {
        &self.jwks
    }

    /// Returns the discovery document.
    #[must_use]
    pub fn discovery(&self) -> &Object {
        &self.discovery
    }

    /// Returns both documents, the JWKS first.
    #[must_use]
    pub fn objects(&self) -> [&Object; 2] {
        [&self.jwks, &self.discovery]
    }
}

/// What is wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SegmentError {
    Segment,
    Character(char),
}

/// Checks the segments of a path ([RFC 3986, section 3.3](https://www.rfc-editor.org/rfc/rfc3986#section-3.3)),
/// and refuses those that clients and servers rewrite. Of the characters that a path may have it takes none that
/// means something to a shell, to a list of API audiences (a comma) or to the patterns of a policy.
pub(crate) fn check_segments(path: &str) -> Result<(), SegmentError> {
    for segment in path.split('/') {
        if matches!(segment, "" | "." | "..") {
            return Err(SegmentError::Segment);
        }
        let mut rest = segment.chars();
        while let Some(character) = rest.next() {
            let good = match character {
                '%' => [rest.next(), rest.next()].iter().all(|c| c.is_some_and(|c| c.is_ascii_hexdigit())),
                c => c.is_ascii_alphanumeric() || "-._~+=:@".contains(c),
            };
            if !good {
                return Err(SegmentError::Character(character));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jwks_paths() {
        for good in ["openid/v1/jwks", "keys.json", "a/b-c_d~e"] {
            assert_eq!(good.parse::<JwksPath>().unwrap().as_str(), good);
        }
        for bad in ["", "/keys.json", "keys/", "a//b", "../keys", "a b", "a?b", DISCOVERY_PATH] {
            assert!(bad.parse::<JwksPath>().is_err(), "{bad}");
        }
    }
}
