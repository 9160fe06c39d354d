//! IAM goes to the issuer when a provider is made without a thumbprint.
//!
//! Follows [obtaining the thumbprint][thumbprint]: the discovery document is fetched, and the thumbprint is that of
//! the top certificate of the host of its `jwks_uri`.
//!
//! [thumbprint]: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html

use issuer_discovery::{Fetch as _, FetchError};
use serde_json::Value;

use crate::account::Account;
use crate::issuers::{Reader, Vouched, is_own};
use crate::refusal::{Answer, Refusal};

/// The thumbprint of an issuer, given without `https://`; nothing where no authority is known for its host.
pub(super) async fn thumbprint(account: &Account, url: &str) -> Answer<Option<String>> {
    let invalid = |why: Option<String>| {
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let text = format!(
            "Please check .well-known/openid-configuration of provider: https://{url} is valid.{why}"
        );
        Refusal::new("OpenIdIdpCommunicationError", 400, text)
    };
    let discovery = format!("https://{}/.well-known/openid-configuration", url.trim_end_matches('/'));
    let document = read(account, &discovery).await.map_err(invalid)?;
    let document = serde_json::from_slice::<Value>(&document).map_err(|_| invalid(None))?;
    let jwks_uri = document.get("jwks_uri").and_then(Value::as_str);
    let jwks_uri = jwks_uri.filter(|uri| uri.starts_with("https://")).ok_or_else(|| invalid(None))?;
    read(account, jwks_uri).await.map_err(invalid)?;
    match Reader(account).vouched(jwks_uri).await {
        Ok(Vouched::Own) => Ok(Some(account.thumbprint.clone())),
        Ok(Vouched::Private(thumbprint)) => Ok(Some(thumbprint)),
        Ok(Vouched::Public) => Ok(None),
        Err(why) => Err(invalid(Some(in_full(&why)))),
    }
}

/// Reads a document; what the sandbox has to say of its own when that is in no bucket of its.
async fn read(account: &Account, url: &str) -> Result<Vec<u8>, Option<String>> {
    let fetched = Reader(account).get(url).await.map_err(|error| Some(in_full(&error)))?;
    match fetched.status {
        200 => Ok(fetched.body),
        _ if is_own(url) => Err(None),
        status => Err(Some(format!("{url} answered {status}"))),
    }
}

fn in_full(error: &FetchError) -> String {
    match error {
        FetchError::Broken { source, .. } => format!("{error}: {source}"),
        other => other.to_string(),
    }
}
