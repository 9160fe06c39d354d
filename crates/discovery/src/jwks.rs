//! JSON Web Keys and key sets, as kube-apiserver writes them.
//!
//! Format: [RFC 7517](https://www.rfc-editor.org/rfc/rfc7517) and
//! [RFC 7518, section 6](https://www.rfc-editor.org/rfc/rfc7518#section-6); order of the members and
//! compactness: kube-apiserver's (`pkg/serviceaccount/openidmetadata.go`, go-jose). Keys that
//! somebody else published are kept member by member.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use issuer_keygen::{Curve, KeyMaterial, PublicKey};
use serde_json::{Map, Value};

/// One key of a set: ours, or somebody else's kept as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Jwk(Map<String, Value>);

/// A set of keys, in the order of publication.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Jwks(Vec<Jwk>);

/// Why bytes are not a JWKS.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// Not JSON.
    #[error("it is not JSON")]
    Json(#[source] serde_json::Error),
    /// JSON, but without a list of keys.
    #[error("it is JSON, but has no list `keys`")]
    NoKeys,
    /// An entry that is no object.
    #[error("entry {0} of `keys` is not an object")]
    NotAKey(usize),
}

/// The members of a JWK that only its owner may know
/// ([RFC 7518, sections 6.2.2, 6.3.2 and 6.4](https://www.rfc-editor.org/rfc/rfc7518#section-6.2.2)).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

impl Jwk {
    /// Writes a key of ours: RSA as use,kty,kid,alg,n,e and EC as use,kty,kid,crv,alg,x,y.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        let mut members = Map::new();
        let mut put = |name: &str, text: String| {
            members.insert(name.to_owned(), Value::String(text));
        };
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let algorithm = key.signature_algorithm().to_string();
        put("use", "sig".to_owned());
        match key.material() {
            KeyMaterial::Rsa { modulus, exponent } => {
                put("kty", "RSA".to_owned());
                put("kid", key.kid().to_string());
                put("alg", algorithm);
                put("n", number(modulus));
                put("e", number(exponent));
            }
            KeyMaterial::Ec { curve, x, y } => {
                put("kty", "EC".to_owned());
                put("kid", key.kid().to_string());
                put("crv", curve_name(*curve).to_owned());
                put("alg", algorithm);
                put("x", number(x));
                put("y", number(y));
            }
        }
        Self(members)
    }

    /// Returns the key id, where there is one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.text("kid")
    }

    /// Returns the algorithm that the key is for; told from the key's type where `alg` is left out.
    #[must_use]
    pub fn algorithm(&self) -> Option<&str> {
        self.text("alg").or_else(|| match (self.text("kty")?, self.text("crv")) {
            ("RSA", _) => Some("RS256"),
            ("EC", Some("P-256")) => Some("ES256"),
            ("EC", Some("P-384")) => Some("ES384"),
            ("EC", Some("P-521")) => Some("ES512"),
            _ => None,
        })
    }

    /// Tells whether both are the same public key, whatever else the entries say.
    #[must_use]
    pub fn same_key(&self, other: &Self) -> bool {
        ["kty", "crv", "n", "e", "x", "y"].iter().all(|name| self.0.get(*name) == other.0.get(*name))
    }

    /// Returns the first private member that the entry leaks.
    #[must_use]
    pub fn private_member(&self) -> Option<&'static str> {
        PRIVATE_MEMBERS.into_iter().find(|name| self.0.contains_key(*name))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

impl Jwks {
    /// Writes a set from keys of ours, in their order.
    #[must_use]
    pub fn of<'a>(keys: impl IntoIterator<Item = &'a PublicKey>) -> Self {
        keys.into_iter().map(Jwk::of).collect()
    }

    /// Reads a set that somebody published.
    ///
    /// # Errors
    /// When it is no JSON, has no list of keys, or has entries that are no objects.
    pub fn parse(bytes: &[u8]) -> Result<Self, JwksError> {
        let mut value: Value = serde_json::from_slice(bytes).map_err(JwksError::Json)?;
        let Some(Value::Array(entries)) = value.get_mut("keys").map(Value::take) else {
            return Err(JwksError::NoKeys);
        };
        // Taken, not copied: a document of empty entries is some fifty times as large in memory.
        entries
            .into_iter()
            .enumerate()
            .map(|(index, entry)| match entry {
                Value::Object(members) => Ok(Jwk(members)),
                _ => Err(JwksError::NotAKey(index)),
            })
            .collect()
    }

    /// Writes the set: compact, no trailing newline.
    #[must_use]
    pub fn to_json(&self) -> String {
        let keys = self.0.iter().map(|key| Value::Object(key.0.clone())).collect();
        Value::Object(Map::from_iter([("keys".to_owned(), Value::Array(keys))])).to_string()
    }

    /// Returns the keys.
    #[must_use]
    pub fn keys(&self) -> &[Jwk] {
        &self.0
    }

    /// Finds a key by its id.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.0.iter().find(|key| key.kid() == Some(kid))
    }

    /// Tells whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts the keys of the type that has most.
    pub(crate) fn largest_kind(&self) -> usize {
        let count = |kind| self.0.iter().filter(|key| key.text("kty") == Some(kind)).count();
        count("RSA").max(count("EC"))
    }

    pub(crate) fn push(&mut self, key: Jwk) {
        self.0.push(key);
    }
}

impl FromIterator<Jwk> for Jwks {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

fn curve_name(curve: Curve) -> &'static str {
    match curve {
        Curve::P256 => "P-256",
        Curve::P384 => "P-384",
        Curve::P521 => "P-521",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_published_comes_back_the_same_again_and_again() {
        let text =
            r#"{"keys":[{"kid":"a","x":[1,-2.5e-7,1.1111111111111111e+21,null,{"y":true}],"kty":"RSA"}]}"#;
        let read = Jwks::parse(text.as_bytes()).unwrap();
        assert_eq!(read.to_json(), text);
        // An integer beyond 64 bits is written as the nearest number that is kept, and stays that.
        let read = Jwks::parse(br#"{"keys":[{"x":1111111111111111111509}]}"#).unwrap();
        assert_eq!(Jwks::parse(read.to_json().as_bytes()).unwrap(), read);
    }
}
