//! A token shaped as kube-apiserver shapes those of a service account (kubernetes
//! pkg/serviceaccount/claims.go): header `{"alg","kid"}` without `typ`, claims in alphabetical
//! order. For tests and for the doctor, so it lives an hour at most.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;
use time::OffsetDateTime;

use crate::{KeyError, ServiceAccount, SignatureAlgorithm, SigningKey};

const LONGEST: Duration = Duration::from_secs(3600);

/// What a token says. Instant and identifiers come from the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// The issuer, byte for byte.
    pub issuer: String,
    /// The audiences; at least one.
    pub audiences: Vec<String>,
    /// Whose token it is.
    pub service_account: ServiceAccount,
    /// The `uid` of the ServiceAccount object.
    pub uid: String,
    /// The token's own identifier, a fresh UUID.
    pub jti: String,
    /// `iat` and `nbf`; fractions of a second are dropped.
    pub issued_at: OffsetDateTime,
    /// From `iat` to `exp`: one second to one hour, fractions of a second dropped.
    pub expires_in: Duration,
}

/// Why a token was not made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The life is shorter than a second or longer than an hour.
    #[error("a token made here lives 1 to 3600 seconds, not {}", .0.as_secs_f64())]
    Lifetime(Duration),
    /// A claim that must not be empty is.
    #[error("the token has no {0}")]
    Missing(&'static str),
    /// The key did not sign.
    #[error("cannot sign the token")]
    Key(#[source] KeyError),
    /// The token could not be put together.
    #[error("cannot encode the token")]
    Encode(#[source] jsonwebtoken::errors::Error),
}

/// Signs a token.
///
/// # Errors
/// [`TokenError`] for a request that is refused, or when the key does not sign.
pub fn sign_token(key: &SigningKey, request: &TokenRequest) -> Result<String, TokenError> {
    check(request)?;
    key.check_size().map_err(TokenError::Key)?;
    let kid = key.public_key().kid().as_str();
    let claims = claims(request);
    match key.public_key().signature_algorithm() {
        SignatureAlgorithm::Rs256 => {
            let der = key.to_der().map_err(TokenError::Key)?;
            encode(jsonwebtoken::Algorithm::RS256, kid, &claims, &EncodingKey::from_rsa_der(&der))
        }
        SignatureAlgorithm::Es256 => {
            let der = key.to_der().map_err(TokenError::Key)?;
            encode(jsonwebtoken::Algorithm::ES256, kid, &claims, &EncodingKey::from_ec_der(&der))
        }
        SignatureAlgorithm::Es384 => {
            let der = key.to_der().map_err(TokenError::Key)?;
            encode(jsonwebtoken::Algorithm::ES384, kid, &claims, &EncodingKey::from_ec_der(&der))
        }
        SignatureAlgorithm::Es512 => encode_es512(key, kid, &claims),
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a [String],
    exp: i64,
    iat: i64,
    iss: &'a str,
    jti: &'a str,
    #[serde(rename = "kubernetes.io")]
    kubernetes: Kubernetes<'a>,
    nbf: i64,
    sub: String,
}

#[derive(Serialize)]
struct Kubernetes<'a> {
    namespace: &'a str,
    serviceaccount: Named<'a>,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    uid: &'a str,
}

fn check(request: &TokenRequest) -> Result<(), TokenError> {
    if request.expires_in < Duration::from_secs(1) || request.expires_in > LONGEST {
        return Err(TokenError::Lifetime(request.expires_in));
    }
    let without_audience = request.audiences.is_empty() || request.audiences.iter().any(String::is_empty);
    for (missing, claim) in [
        (request.issuer.is_empty(), "issuer"),
        (without_audience, "audience"),
        (request.uid.is_empty(), "service account uid"),
        (request.jti.is_empty(), "identifier (jti)"),
    ] {
        if missing {
            return Err(TokenError::Missing(claim));
        }
    }
    Ok(())
}

fn claims(request: &TokenRequest) -> Claims<'_> {
    let iat = request.issued_at.unix_timestamp();
    Claims {
        aud: &request.audiences,
        // No overflow: at most an hour is added to a year of at most six digits.
        exp: iat + request.expires_in.as_secs().cast_signed(),
        iat,
        iss: &request.issuer,
        jti: &request.jti,
        kubernetes: Kubernetes {
            namespace: request.service_account.namespace(),
            serviceaccount: Named { name: request.service_account.name(), uid: &request.uid },
        },
        nbf: iat,
        sub: request.service_account.subject(),
    }
}

fn encode(
    algorithm: jsonwebtoken::Algorithm,
    kid: &str,
    claims: &Claims<'_>,
    key: &EncodingKey,
) -> Result<String, TokenError> {
    let mut header = Header::new(algorithm);
    header.typ = None;
    header.kid = Some(kid.into());
    jsonwebtoken::encode(&header, claims, key).map_err(TokenError::Encode)
}

/// jsonwebtoken knows no ES512, so its two lines of work are done here (RFC 7515 section 7.1).
fn encode_es512(key: &SigningKey, kid: &str, claims: &Claims<'_>) -> Result<String, TokenError> {
    #[derive(Serialize)]
    struct Es512Header<'a> {
        alg: &'a str,
        kid: &'a str,
    }
    let part = |json: serde_json::Result<Vec<u8>>| {
        json.map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|error| TokenError::Encode(error.into()))
    };
    let header = part(serde_json::to_vec(&Es512Header { alg: "ES512", kid }))?;
    let message = format!("{header}.{}", part(serde_json::to_vec(claims))?);
    let signature = key.sign(message.as_bytes()).map_err(TokenError::Key)?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
