//! The discovery document.
//!
//! Members: the five that kube-apiserver writes (`pkg/serviceaccount/openidmetadata.go`), in its
//! order, then `authorization_endpoint`, which [OpenID Connect Discovery 1.0, section 3][oidc]
//! requires, and `claims_supported`, both as AWS's own guide for self-hosted issuers has them.
//!
//! [oidc]: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

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
        serde_json::from_slice(bytes)
    }
}
