//! IAM goes to the issuer when a provider is made without a thumbprint.
//!
//! Follows [obtaining the thumbprint][thumbprint]: the discovery document is fetched, and the thumbprint is that of
//! the top certificate of the host of its `jwks_uri`. An issuer in one of the sandbox's own buckets is read as an
//! anonymous caller would read it, any other over TLS, as far as the sandbox may go there.
//!
//! [thumbprint]: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html

use bytes::Bytes;
use serde_json::Value;

use crate::account::Account;
use crate::host::{AwsHost, Host, Service};
use crate::refusal::{Answer, Refusal};
use crate::s3;

/// The thumbprint of an issuer, given without `https://`; nothing where no authority is known for its host.
pub(super) async fn thumbprint(account: &Account, url: &str) -> Answer<Option<String>> {
    let invalid = |why: Option<String>| {
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let text = format!(
            "Please check .well-known/openid-configuration of provider: https://{url} is valid.{why}"
        );
        Refusal::new("OpenIdIdpCommunicationError", 400, text)
    };
    let discovery = format!("{}/.well-known/openid-configuration", url.trim_end_matches('/'));
    let document = fetch(account, &discovery).await.map_err(invalid)?;
    let document = serde_json::from_slice::<Value>(&document).map_err(|_| invalid(None))?;
    let jwks_uri = document.get("jwks_uri").and_then(Value::as_str);
    let jwks_uri = jwks_uri.and_then(|uri| uri.strip_prefix("https://")).ok_or_else(|| invalid(None))?;
    fetch(account, jwks_uri).await.map_err(invalid)?;
    match own(jwks_uri) {
        Some(_) => Ok(Some(account.thumbprint.clone())),
        None => account.elsewhere.thumbprint(jwks_uri).await.map_err(|why| invalid(Some(why))),
    }
}

/// Reads a URL without scheme; what the sandbox has to say of its own when it does not go there.
async fn fetch(account: &Account, url: &str) -> Result<Bytes, Option<String>> {
    match own(url) {
        Some((bucket, key, region)) => {
            let read = s3::read_anonymously(account, &account.state(), &bucket, key, region.as_deref());
            read.map_err(|_| None)
        }
        None => account.elsewhere.get(url).await.map_err(Some),
    }
}

/// The bucket, key and region of a URL of S3; nothing when the host is somebody else's.
fn own(url: &str) -> Option<(String, &str, Option<String>)> {
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
    Some((bucket, key, region.filter(|_| !global)))
}
