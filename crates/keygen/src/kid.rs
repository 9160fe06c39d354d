//! The name of a key: the `kid` that kube-apiserver writes into tokens and the JWKS, base64url
//! without padding of SHA-256 over the DER SubjectPublicKeyInfo (kubernetes
//! pkg/serviceaccount/jwt.go, `keyIDFromPublicKey`). It is not the thumbprint of RFC 7638.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A key's name: 43 characters of base64url.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(String);

impl KeyId {
    /// Names the key whose DER SubjectPublicKeyInfo this is.
    pub(crate) fn of_spki(spki_der: &[u8]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(spki_der)))
    }

    /// The 43 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for KeyId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = MalformedKeyId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match URL_SAFE_NO_PAD.decode(text) {
            Ok(digest) if digest.len() == 32 => Ok(Self(text.into())),
            _ => Err(MalformedKeyId),
        }
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that cannot be a [`KeyId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key id is the base64url of a SHA-256: 43 characters")]
pub struct MalformedKeyId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_shows() {
        let kid = KeyId::of_spki(b"any bytes");
        assert_eq!(kid.to_string().len(), 43);
        assert_eq!(kid.to_string().parse(), Ok(kid));
    }

    #[test]
    fn refuses_what_is_no_digest() {
        for text in ["", "short", "../../../etc/passwd", &"A".repeat(44), &"!".repeat(43)] {
            assert_eq!(text.parse::<KeyId>(), Err(MalformedKeyId), "{text}");
        }
    }
}
