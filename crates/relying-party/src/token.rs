//! A web identity token, taken apart and not yet believed: JWS compact form ([RFC 7515, section 7.1][jws]) around
//! the claims of a JWT ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)).
//!
//! Strict: whatever two readers could read in two ways is no token here.
//!
//! [jws]: https://www.rfc-editor.org/rfc/rfc7515#section-7.1

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use issuer_policy::{parse_object, quoted};
use serde_json::{Map, Value};

use crate::algorithm::TokenAlgorithm;
use crate::claims::NumericDate;
use crate::refusal::{not_a_jwt, parameter};
use crate::verdict::Refused;

/// The bounds of WebIdentityToken, in characters
/// ([API](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_RequestParameters)).
const SHORTEST: usize = 4;
const LONGEST: usize = 20_000;

/// Header parameters that bring a key along, or say where one is: whoever followed them would let the sender choose
/// who is believed ([RFC 7515, sections 4.1.2 to 4.1.6](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.2)).
const KEYS_OF_THE_SENDER: [&str; 4] = ["jwk", "jku", "x5c", "x5u"];

/// Where a good token comes from.
const HINT: &str = "send the token of the pod as it is in the file of AWS_WEB_IDENTITY_TOKEN_FILE, or make one with \
                    `issuerctl token --issuer URL --service-account NS/NAME`";

/// A token, taken apart. Nothing in it is verified.
#[derive(Clone, PartialEq)]
pub struct Token {
    algorithm: TokenAlgorithm,
    kid: Option<String>,
    claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

impl Token {
    /// Takes a token apart.
    ///
    /// # Errors
    /// Refused at [`Step::Parameters`](crate::Step::Parameters) for its length, at
    /// [`Step::Token`](crate::Step::Token) for what is no JWT or has an algorithm that STS does not take.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        check_length(text)?;
        check_characters(text)?;
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            let count = text.split('.').count();
            return Err(not_a_jwt(
                format!("The token has {count} parts between dots; a signed JWT has three."),
                HINT,
            ));
        };
        let header = members(header, "header")?;
        let (algorithm, kid) = read_header(&header)?;
        let claims = members(payload, "payload")?;
        let signed = text[..text.len() - signature.len() - 1].to_owned();
        let signature = decode(signature, "signature")?;
        Ok(Self { algorithm, kid, claims, signed, signature })
    }

    /// Returns the algorithm that the header names.
    #[must_use]
    pub fn algorithm(&self) -> TokenAlgorithm {
        self.algorithm
    }

    /// Returns the id of the key, when the header has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns every claim, as it is.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Returns `iss`, when it is text.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// Returns `sub`, when it is text.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// Returns the texts in `aud`: it may be one, or a list.
    #[must_use]
    pub fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(audience)) => vec![audience],
            Some(Value::Array(audiences)) => audiences.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns `iat`, when it is a number.
    #[must_use]
    pub fn issued_at(&self) -> Option<NumericDate> {
        self.date("iat")
    }

    /// Returns `exp`, when it is a number.
    #[must_use]
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.date("exp")
    }

    /// Returns `nbf`, when it is a number.
    #[must_use]
    pub fn not_before(&self) -> Option<NumericDate> {
        self.date("nbf")
    }

    /// Returns what the signature is over.
    #[must_use]
    pub fn signed(&self) -> &[u8] {
        self.signed.as_bytes()
    }

    /// Returns the signature.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    fn date(&self, claim: &str) -> Option<NumericDate> {
        self.claims.get(claim).and_then(NumericDate::of)
    }
}

/// Leaves the signature out: with it, whoever reads a log is whom the token names.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

/// The only thing that the API model says of the token is its length, so that alone is the parameters' error: what
/// is inside is looked at when it is parsed, and is then not a JWT.
fn check_length(text: &str) -> Result<(), Refused> {
    let length = text.chars().count();
    let constraint = match length {
        ..SHORTEST => format!("Member must have length greater than or equal to {SHORTEST}"),
        SHORTEST..=LONGEST => return Ok(()),
        _ => format!("Member must have length less than or equal to {LONGEST}"),
    };
    let explanation = format!("The token has {length} characters; STS takes {SHORTEST} to {LONGEST}.");
    // AWS masks what is secret.
    Err(parameter("***", "webIdentityToken", &constraint, explanation, HINT))
}

/// Base64url and dots: a line break at the end is the classic one.
fn check_characters(text: &str) -> Result<(), Refused> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if text.bytes().all(fits) {
        return Ok(());
    }
    if text.ends_with(['\n', '\r']) && text.trim_end().bytes().all(fits) {
        return Err(not_a_jwt(
            "The token ends with a line break, which is no part of a JWT.",
            "take the line break away: `tr -d '\\r\\n' < FILE`; `issuerctl token` writes none",
        ));
    }
    let character = text.chars().find(|c| !c.is_ascii() || !fits(*c as u8)).unwrap_or_default();
    Err(not_a_jwt(format!("The token has the character {character:?}, which no JWT has."), HINT))
}

fn members(part: &str, name: &str) -> Result<Map<String, Value>, Refused> {
    parse_object(&decode(part, name)?)
        .map_err(|error| not_a_jwt(format!("The token's {name} is not one JSON object: {error}."), HINT))
}

/// The decoder takes neither padding nor left-over bits: each text has one reading, each bytes one text.
fn decode(part: &str, name: &str) -> Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD.decode(part).map_err(|error| {
        not_a_jwt(format!("The token's {name} is not base64url without padding: {error}."), HINT)
    })
}

fn read_header(header: &Map<String, Value>) -> Result<(TokenAlgorithm, Option<String>), Refused> {
    // "If any of the listed extension Header Parameters are not understood and supported by the recipient, then the
    // JWS is invalid": none is. https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11
    if header.contains_key("crit") {
        return Err(not_a_jwt(
            "The token's header has `crit`: it wants extensions to be understood that STS does not have.",
            HINT,
        ));
    }
    // A reader may ignore them, and nobody knows whether STS does. kube-apiserver writes none, so a token that has one
    // is somebody's attempt: refused, and never followed.
    if let Some(name) = KEYS_OF_THE_SENDER.into_iter().find(|name| header.contains_key(*name)) {
        return Err(not_a_jwt(
            format!("The token's header brings a key of its own (`{name}`); only the issuer's JWKS counts."),
            HINT,
        ));
    }
    let algorithm = match header.get("alg") {
        Some(Value::String(name)) => name.parse().map_err(|_| {
            not_a_jwt(
                format!("The token's algorithm is {}; STS takes {}.", quoted(name), TokenAlgorithm::NAMES),
                HINT,
            )
        })?,
        _ => return Err(not_a_jwt("The token's header has no `alg`, or it is not text.", HINT)),
    };
    let kid = match header.get("kid") {
        None => None,
        Some(Value::String(kid)) => Some(kid.clone()).filter(|kid| !kid.is_empty()),
        Some(_) => return Err(not_a_jwt("The token's `kid` is not text.", HINT)),
    };
    if header.get("typ").is_some_and(|kind| !kind.is_string()) {
        return Err(not_a_jwt("The token's `typ` is not text.", HINT));
    }
    Ok((algorithm, kid))
}
