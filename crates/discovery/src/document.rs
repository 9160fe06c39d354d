//! The discovery document.
//!
//! Members: the five that kube-apiserver writes (`pkg/serviceaccount/openidmetadata.go`), in its
//! order, then `authorization_endpoint`, which [OpenID Connect Discovery 1.0, section 3][oidc]
//! requires, and `claims_supported`, both as AWS's own guide for self-hosted issuers has them.
//!
//! [oidc]: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::issuer::IssuerUrl;
use crate::jwks::Jwks;

/// What an issuer says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiscoveryDocument {
    issuer: String,
    jwks_uri: String,
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: BTreeSet<String>,
    authorization_endpoint: &'static str,
    claims_supported: [&'static str; 2],
}

/// What a published discovery document says, as far as a merge has to know it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PublishedDocument {
    /// The issuer that it speaks for.
    pub issuer: String,
    /// Where it says the keys are.
    pub jwks_uri: String,
}

impl DiscoveryDocument {
    /// Describes an issuer with these keys.
    #[must_use]
    pub fn new(issuer: &IssuerUrl, jwks_uri: &str, keys: &Jwks) -> Self {
        Self {
            issuer: issuer.to_string(),
            jwks_uri: jwks_uri.to_owned(),
            response_types_supported: ["id_token"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: keys
                .keys()
                .iter()
                .filter_map(|key| key.algorithm().map(str::to_owned))
                .collect(),
            authorization_endpoint: "urn:kubernetes:programmatic_authorization",
            claims_supported: ["sub", "iss"],
        }
    }

    /// Writes the document: compact, no trailing newline.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text keys and text values alone: serialising them cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl PublishedDocument {
    /// Reads a published document.
    ///
    /// # Errors
    /// When it is no JSON, or has no issuer or jwks_uri.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        // The derived reader alone would take a list of two texts for the two members, and does not look
        // at what it has no use for; this one does not see that a member is there twice.
        if !serde_json::from_slice::<Value>(bytes)?.is_object() {
            return Err(serde::de::Error::custom("it is not an object"));
        }
        serde_json::from_slice(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_document_is_an_object_with_both_members_once() {
        let document = PublishedDocument::parse(br#"{"x":1,"jwks_uri":"b","issuer":"a"}"#).unwrap();
        assert_eq!((document.issuer.as_str(), document.jwks_uri.as_str()), ("a", "b"));
        for bytes in [
            &b""[..],
            br#"["a","b"]"#,
            br#"{"issuer":"a"}"#,
            br#"{"issuer":1,"jwks_uri":"b"}"#,
            br#"{"issuer":"a","issuer":"a","jwks_uri":"b"}"#,
            b"{\"issuer\":\"a\",\"jwks_uri\":\"b\",\"\xff\":1}",
        ] {
            assert!(PublishedDocument::parse(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
