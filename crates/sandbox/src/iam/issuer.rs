//! IAM goes to the issuer when a provider is made without a thumbprint.
//!
//! Follows [obtaining the thumbprint][thumbprint]: the discovery document is fetched, and the thumbprint is that of
//! the top certificate of the host of its `jwks_uri`. An issuer in one of the sandbox's own buckets is read as an
//! anonymous caller would read it. Any other host is out of the sandbox's reach: its provider is accepted unseen,
//! with an empty list of thumbprints.
//!
//! [thumbprint]: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html

use crate::account::Account;
use crate::host::{AwsHost, Host, Service};
use crate::refusal::{Answer, Refusal};
use crate::s3;
use crate::state::State;

/// The thumbprint of an issuer, given without `https://`; nothing for one that is out of reach.
pub(super) fn thumbprint(account: &Account, state: &State, url: &str) -> Answer<Option<String>> {
    let unreachable = || {
        let text =
            format!("Please check .well-known/openid-configuration of provider: https://{url} is valid.");
        Refusal::new("OpenIdIdpCommunicationError", 400, text)
    };
    let discovery = format!("{}/.well-known/openid-configuration", url.trim_end_matches('/'));
    let Some(document) = fetch(account, state, &discovery) else { return Ok(None) };
    let document = document.map_err(|_| unreachable())?;
    let document = serde_json::from_slice::<serde_json::Value>(&document).map_err(|_| unreachable())?;
    let jwks_uri = document.get("jwks_uri").and_then(serde_json::Value::as_str).ok_or_else(unreachable)?;
    let jwks_uri = jwks_uri.strip_prefix("https://").ok_or_else(unreachable)?;
    match fetch(account, state, jwks_uri) {
        None => Ok(None),
        Some(Ok(_)) => Ok(Some(account.thumbprint.clone())),
        Some(Err(_)) => Err(unreachable()),
    }
}

/// Reads one of the sandbox's own objects by its URL without scheme; nothing when the host is somebody else's.
fn fetch(account: &Account, state: &State, url: &str) -> Option<Answer<bytes::Bytes>> {
    let (host, path) = url.split_once('/').unwrap_or((url, ""));
    let Host::Aws(AwsHost { service: Service::S3 { bucket, global }, region, .. }) = Host::parse(host) else {
        return None;
    };
    let (bucket, key) = match bucket {
        Some(bucket) => (bucket, path),
        None => {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            (bucket.to_owned(), key)
        }
    };
    let region = region.filter(|_| !global);
    Some(s3::read_anonymously(account, state, &bucket, key, region.as_deref()))
}
