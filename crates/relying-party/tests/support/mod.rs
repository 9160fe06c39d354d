//! A whole chain in one value: an issuer's key and documents, a provider, a role, a clock. Each test breaks one link.

#![allow(dead_code, reason = "each test binary takes what it needs")]
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::sync::OnceLock;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use issuer_discovery::{FetchError, Fetched};
use issuer_policy::Document;
use issuer_registrar::{Provider, Role};
use issuer_relying_party::{Authority, Documents, Examination, Facts, Known, Verdict};
use serde_json::{Value, json};
use time::OffsetDateTime;

pub(crate) const ISSUER: &str = "https://issuer.example.test/cluster-1";
pub(crate) const SUBJECT: &str = "system:serviceaccount:default:demo";
pub(crate) const AUDIENCE: &str = "sts.amazonaws.com";
pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

/// A key pair of the tests' own.
pub(crate) enum Key {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair, &'static str, usize),
}

impl Key {
    /// One RSA key for a whole binary: making one takes a moment.
    pub(crate) fn rsa() -> &'static Self {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(Self::new_rsa)
    }

    pub(crate) fn new_rsa() -> Self {
        Self::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
    }

    pub(crate) fn new_ec(curve: &'static str) -> Self {
        let (algorithm, length): (&EcdsaSigningAlgorithm, _) = match curve {
            "P-256" => (&ECDSA_P256_SHA256_FIXED_SIGNING, 32),
            "P-384" => (&ECDSA_P384_SHA384_FIXED_SIGNING, 48),
            _ => (&ECDSA_P521_SHA512_FIXED_SIGNING, 66),
        };
        Self::Ec(EcdsaKeyPair::generate(algorithm).unwrap(), curve, length)
    }

    pub(crate) fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Rsa(key) => {
                let public = key.public_key();
                let n = encode(public.modulus().big_endian_without_leading_zero());
                let e = encode(public.exponent().big_endian_without_leading_zero());
                json!({"use": "sig", "kty": "RSA", "kid": kid, "n": n, "e": e})
            }
            Self::Ec(key, curve, length) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(*length);
                json!({"use": "sig", "kty": "EC", "kid": kid, "crv": curve, "x": encode(x), "y": encode(y)})
            }
        }
    }

    pub(crate) fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(key) => {
                let padding: &'static dyn RsaEncoding = match algorithm {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(padding, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
            Self::Ec(key, ..) => key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
        }
    }

    /// A token of this header and these claims; the header's `alg` says how it is signed.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_of(&header.to_string(), &claims.to_string())
    }

    pub(crate) fn token_of(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let algorithm = ["RS384", "RS512"].into_iter().find(|name| header.contains(name)).unwrap_or("");
        format!("{message}.{}", encode(self.sign(algorithm, message.as_bytes())))
    }
}

/// Claims that are good at [`NOW`].
pub(crate) fn claims() -> Value {
    json!({"iss": ISSUER, "sub": SUBJECT, "aud": [AUDIENCE], "iat": NOW, "nbf": NOW, "exp": NOW + 3600})
}

/// [`claims`] with one of them replaced, or taken away by null.
pub(crate) fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

pub(crate) fn header() -> Value {
    json!({"alg": "RS256", "kid": "k1"})
}

/// A good token.
pub(crate) fn token() -> String {
    Key::rsa().token(&header(), &claims())
}

pub(crate) fn answer(status: u16, body: impl Into<Vec<u8>>) -> Result<Fetched, FetchError> {
    Ok(Fetched { status, content_type: None, cache_control: None, location: None, body: body.into() })
}

/// Documents whose host a public authority vouches for.
pub(crate) fn documents(
    issuer: &str,
    discovery: Result<Fetched, FetchError>,
    jwks: Result<Fetched, FetchError>,
) -> Documents {
    Documents { authority: Authority::Public, ..Documents::of(issuer, discovery, Some(jwks)) }
}

pub(crate) fn role(condition: &Value) -> Role {
    let provider = "arn:aws:iam::123456789012:oidc-provider/issuer.example.test/cluster-1";
    role_of(&json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "Pod", "Effect": "Allow", "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition,
    }]}))
}

pub(crate) fn role_of(policy: &Value) -> Role {
    Role {
        arn: "arn:aws:iam::123456789012:role/demo".parse().unwrap(),
        trust_policy: Document::parse(&policy.to_string()).unwrap(),
        max_session_duration: Duration::from_secs(3600),
    }
}

pub(crate) struct Scene {
    pub(crate) session_name: String,
    pub(crate) duration_seconds: Option<u64>,
    pub(crate) now: OffsetDateTime,
    pub(crate) role: Option<Role>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) documents: Documents,
}

impl Scene {
    /// Everything is as it should be.
    pub(crate) fn new() -> Self {
        Self::with_keys(&[Key::rsa().jwk("k1")])
    }

    pub(crate) fn with_keys(keys: &[Value]) -> Self {
        let discovery = json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/openid/v1/jwks")});
        let condition = json!({"StringEquals": {
            "issuer.example.test/cluster-1:aud": AUDIENCE, "issuer.example.test/cluster-1:sub": SUBJECT,
        }});
        Self {
            session_name: "test".to_owned(),
            duration_seconds: None,
            now: at(NOW),
            role: Some(role(&condition)),
            providers: vec![Provider {
                url: "issuer.example.test/cluster-1".to_owned(),
                client_ids: vec![AUDIENCE.to_owned()],
                ..Provider::default()
            }],
            documents: documents(
                ISSUER,
                answer(200, discovery.to_string()),
                answer(200, json!({"keys": keys}).to_string()),
            ),
        }
    }

    pub(crate) fn examine(&self, token: &str) -> Examination {
        Examination::of(&self.facts(token))
    }

    pub(crate) fn verdict(&self, token: &str) -> Verdict {
        self.examine(token).verdict()
    }

    pub(crate) fn facts<'a>(&'a self, token: &'a str) -> Facts<'a> {
        Facts {
            token,
            session_name: &self.session_name,
            duration_seconds: self.duration_seconds,
            now: self.now,
            role: Known::Is(self.role.as_ref()),
            providers: Known::Is(&self.providers),
            documents: Known::Is(&self.documents),
            context: None,
        }
    }

    /// The name of the step at which it is refused, or `accepted`.
    pub(crate) fn step(&self, token: &str) -> &'static str {
        match self.verdict(token) {
            Verdict::Accepted(_) => "accepted",
            Verdict::Refused(refused) => refused.step.name(),
            Verdict::Incomplete(_) => "incomplete",
        }
    }
}
