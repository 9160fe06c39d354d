//! The algorithms that kube-apiserver and STS both take: RS256 whatever the size, and ECDSA on
//! the three NIST curves (RFC 7518 section 3.1). Which key makes which signature is decided here.

use std::fmt;
use std::str::FromStr;

/// A kind of key that this toolkit makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSA with 2048 bits: what kubeadm makes.
    #[default]
    Rsa2048,
    /// RSA with 3072 bits.
    Rsa3072,
    /// RSA with 4096 bits.
    Rsa4096,
    /// ECDSA on P-256.
    Es256,
    /// ECDSA on P-384.
    Es384,
    /// ECDSA on P-521.
    Es512,
}

impl Algorithm {
    /// Every algorithm, in the order in which help texts list them.
    pub const ALL: [Self; 6] =
        [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::Es256, Self::Es384, Self::Es512];

    /// The name on the command line: `rsa-2048` to `es512`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::Es256 => "es256",
            Self::Es384 => "es384",
            Self::Es512 => "es512",
        }
    }

    /// The signatures that a key of this kind makes.
    #[must_use]
    pub fn signature_algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => SignatureAlgorithm::Rs256,
            Self::Es256 => SignatureAlgorithm::Es256,
            Self::Es384 => SignatureAlgorithm::Es384,
            Self::Es512 => SignatureAlgorithm::Es512,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| UnknownAlgorithm(text.into()))
    }
}

/// A word that names no [`Algorithm`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no key algorithm; known are rsa-2048, rsa-3072, rsa-4096, es256, es384 and es512", .0.escape_debug())]
pub struct UnknownAlgorithm(String);

/// The `alg` of a token's header and of a JWK. Ordered by text, as discovery documents list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
}

impl SignatureAlgorithm {
    /// The name in JSON: `RS256`, `ES256`, `ES384` or `ES512`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Rs256 => "RS256",
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An elliptic curve, named as in RFC 7518 section 6.2.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

impl Curve {
    /// The `crv` of a JWK: `P-256`, `P-384` or `P-521`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Length of one coordinate in bytes.
    #[must_use]
    pub fn coordinate_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The signatures that a key on this curve makes.
    #[must_use]
    pub fn signature_algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::P256 => SignatureAlgorithm::Es256,
            Self::P384 => SignatureAlgorithm::Es384,
            Self::P521 => SignatureAlgorithm::Es512,
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
        }
    }

    #[test]
    fn unknown_names_are_refused_with_the_known_ones() {
        let error = "RSA-2048\u{1b}".parse::<Algorithm>().unwrap_err().to_string();
        assert!(error.starts_with("`RSA-2048\\u{1b}` is no key algorithm; known are rsa-2048,"), "{error}");
    }

    #[test]
    fn signature_algorithms_are_ordered_by_text() {
        use SignatureAlgorithm::{Es256, Es384, Es512, Rs256};
        let mut all = [Rs256, Es512, Es256, Es384];
        all.sort();
        assert_eq!(all.map(SignatureAlgorithm::as_str), ["ES256", "ES384", "ES512", "RS256"]);
    }
}
