//! The issuer's published keys as a relying party reads them ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517),
//! [RFC 7518, section 6](https://www.rfc-editor.org/rfc/rfc7518#section-6)), and the one that a token names.
//!
//! Only that one is made a verification key; of the others what counts is that they do not stand in its way.

use aws_lc_rs::signature::{ParsedPublicKey, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use issuer_policy::quoted;

use crate::algorithm::{Scheme, TokenAlgorithm};
use crate::lean::{self, Lean, Members};
use crate::refusal::{listed, mend_entry, no_key, publish, replace};
use crate::step::Step;
use crate::token::Token;
use crate::verdict::Refused;

/// How many RSA keys, and how many EC keys, STS reads.
const MAX_KEYS_OF_A_KIND: usize = 100;

/// The bits of an RSA modulus: fewer can be broken, and more are none that aws-lc verifies.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A JWKS that STS would read.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedKeys<'a>(Vec<Members<'a>>);

/// The key that verifies one token.
#[derive(Debug)]
pub struct VerificationKey(ParsedPublicKey);

impl<'a> PublishedKeys<'a> {
    /// Reads the JWKS of this issuer.
    ///
    /// # Errors
    /// Refused at [`Step::Keys`] for what is no JWKS, has no key at all or too many, or a key without a kid.
    pub fn parse(body: &'a [u8], issuer: &str) -> Result<Self, Refused> {
        let refuse = |explanation: String| no_key(Step::Keys, explanation, replace(issuer));
        let mut document =
            lean::parse_object(body).map_err(|error| refuse(format!("The JWKS is not JSON: {error}.")))?;
        let Some(Lean::List(entries)) = document.take("keys") else {
            return Err(refuse("The JWKS has no list `keys`.".to_owned()));
        };
        let mut keys = Vec::with_capacity(entries.len());
        let (mut rsa, mut ec) = (0, 0);
        for (entry, index) in entries.into_iter().zip(1..) {
            let Lean::Object(key) = entry else {
                return Err(refuse(format!("Entry {index} of the JWKS's `keys` is not an object.")));
            };
            match key.text("kty") {
                Some("RSA") => rsa += 1,
                Some("EC") => ec += 1,
                _ => {}
            }
            // STS finds keys by their kid and is reported to refuse a set in which one has none.
            if key.text("kid").is_none_or(str::is_empty) {
                return Err(no_key(
                    Step::Keys,
                    format!("Key {index} of the JWKS has no `kid`; STS needs one on each key."),
                    mend_entry(issuer),
                ));
            }
            keys.push(key);
        }
        if rsa + ec == 0 {
            let explanation = "The JWKS has no RSA key and no EC key.";
            return Err(no_key(Step::Keys, explanation, publish(issuer)));
        }
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
        if rsa > MAX_KEYS_OF_A_KIND || ec > MAX_KEYS_OF_A_KIND {
            return Err(no_key(
                Step::Keys,
                format!(
                    "The JWKS has {rsa} RSA keys and {ec} EC keys; STS reads at most {MAX_KEYS_OF_A_KIND} of each."
                ),
                "take keys out of the JWKS whose tokens have all run out",
            ));
        }
        Ok(Self(keys))
    }

    /// Returns the kids, in their order.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|key| key.text("kid"))
    }

    /// Finds the key that a token of this issuer names.
    ///
    /// # Errors
    /// Refused at [`Step::Keys`] when the token names none, none is there, several are, or it is not one for the
    /// token's algorithm.
    pub fn key_of(&self, token: &Token, issuer: &str) -> Result<VerificationKey, Refused> {
        let Some(kid) = token.kid() else {
            return Err(no_key(
                Step::Keys,
                "The token's header has no `kid`, so STS does not know which key to take.",
                "let kube-apiserver sign the token: it always writes the `kid`",
            ));
        };
        self.key_named(kid, token.algorithm(), issuer)
    }

    /// Finds the key that tokens of this issuer name by this kid, when they are signed by this algorithm.
    ///
    /// # Errors
    /// Refused at [`Step::Keys`] when none is there, several are, or it is not one for the algorithm.
    pub fn key_named(
        &self,
        kid: &str,
        algorithm: TokenAlgorithm,
        issuer: &str,
    ) -> Result<VerificationKey, Refused> {
        let refuse = |explanation: String| no_key(Step::Keys, explanation, mend_entry(issuer));
        let mut fitting = self.0.iter().filter(|key| key.text("kid") == Some(kid));
        let key = match (fitting.next(), fitting.next()) {
            (Some(key), None) => key,
            (None, _) => {
                let kids = listed(self.kids().collect::<Vec<_>>().into_iter());
                return Err(no_key(
                    Step::Keys,
                    format!("The token is signed by the key {}; the JWKS has {kids}.", quoted(kid)),
                    "let the JWKS hold the key that kube-apiserver signs with: `issuerctl jwks` writes its entry, which \
                     goes beside the keys that are in use; if the JWKS was overwritten, bring the version before back",
                ));
            }
            (Some(_), Some(_)) => {
                return Err(refuse(format!(
                    "The JWKS has several keys with the kid {}; a kid has to name one key.",
                    quoted(kid)
                )));
            }
        };
        VerificationKey::of(key, algorithm)
            .map_err(|problem| refuse(format!("The key {} cannot be used: {problem}.", quoted(kid))))
    }
}

impl VerificationKey {
    /// Verifies a token.
    ///
    /// # Errors
    /// Refused at [`Step::Signature`] when the signature is not this key's over this token.
    pub fn verify(&self, token: &Token) -> Result<(), Refused> {
        self.0.verify_sig(token.signed(), token.signature()).map_err(|_| {
            no_key(
                Step::Signature,
                format!(
                    "The signature is not that of the key {} over this token: the token was changed, or another key \
                     signed it under that name.",
                    token.kid().map(quoted).unwrap_or_default()
                ),
                "take the token again from where it was made; if it stays so, the JWKS holds another key under this \
                 kid than the one that signs",
            )
        })
    }

    /// The algorithm is the token's word, so the key has to bear it out: type, curve, use and its own `alg`.
    fn of(key: &Members<'_>, algorithm: TokenAlgorithm) -> Result<Self, String> {
        if let Some(purpose) = key.value("use").filter(|purpose| purpose.text() != Some("sig")) {
            return Err(format!("its `use` is {}, not \"sig\"", shown(purpose)));
        }
        let verifies = |operations: &Lean<'_>| match operations {
            Lean::List(list) => list.iter().any(|operation| operation.text() == Some("verify")),
            _ => false,
        };
        if !key.value("key_ops").is_none_or(verifies) {
            return Err("its `key_ops` do not have \"verify\"".to_owned());
        }
        if let Some(own) = key.value("alg").filter(|own| own.text() != Some(algorithm.name())) {
            return Err(format!("its `alg` is {}, and the token's is {algorithm}", shown(own)));
        }
        let kind = |wanted: &str| match key.text("kty") {
            Some(kind) if kind == wanted => Ok(()),
            kind => Err(format!(
                "it is of the type {}, and the token's algorithm is {algorithm}",
                quoted(kind.unwrap_or_default())
            )),
        };
        match algorithm.scheme() {
            Scheme::Rsa(parameters) => {
                kind("RSA")?;
                let (n, e) = (number(key, "n")?, number(key, "e")?);
                let bits = n.len() * 8 - n.first().map_or(0, |high| high.leading_zeros() as usize);
                if !RSA_BITS.contains(&bits) {
                    let (least, most) = RSA_BITS.into_inner();
                    return Err(format!("its modulus has {bits} bits; {least} to {most} are taken"));
                }
                // With such an exponent a signature says nothing, or nothing can be signed.
                if e == [1] || e.last().is_none_or(|low| low.is_multiple_of(2)) {
                    return Err("its exponent is 1 or even".to_owned());
                }
                let parsed = RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters);
                Ok(Self(parsed.map_err(|_| "its numbers are none that RSA has".to_owned())?))
            }
            Scheme::Ec(curve, verification) => {
                kind("EC")?;
                let found = key.text("crv").unwrap_or_default();
                if found != curve.as_str() {
                    return Err(format!("its curve is {}, and {algorithm} goes with {curve}", quoted(found)));
                }
                let mut point = vec![4];
                for name in ["x", "y"] {
                    let coordinate = bytes(key, name)?;
                    // "The length of this octet string MUST be the full size of a coordinate".
                    // https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1.2
                    if coordinate.len() != curve.coordinate_len() {
                        return Err(badly_written(name, "not of the curve's length, with its leading zeros"));
                    }
                    point.extend(coordinate);
                }
                let parsed = ParsedPublicKey::new(verification, point);
                Ok(Self(parsed.map_err(|_| "its point is not on the curve".to_owned())?))
            }
        }
    }
}

fn shown(value: &Lean<'_>) -> String {
    value.text().map_or_else(|| "no text".to_owned(), quoted)
}

fn bytes(key: &Members<'_>, name: &str) -> Result<Vec<u8>, String> {
    let text = key.text(name).ok_or_else(|| format!("it has no `{name}`"))?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| badly_written(name, "padding, or no base64url at all"))
}

/// It may be the right key: then it has to be written as the RFC has it, and no other has to be published.
fn badly_written(name: &str, how: &str) -> String {
    format!("its `{name}` is badly written ({how})")
}

/// "The octet sequence MUST utilize the minimum number of octets needed to represent the value."
/// <https://www.rfc-editor.org/rfc/rfc7518#section-2>
fn number(key: &Members<'_>, name: &str) -> Result<Vec<u8>, String> {
    let bytes = bytes(key, name)?;
    match bytes.first() {
        Some(0) => Err(badly_written(name, "a leading zero byte")),
        None => Err(badly_written(name, "empty")),
        Some(_) => Ok(bytes),
    }
}
