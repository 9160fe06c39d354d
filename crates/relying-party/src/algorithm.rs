//! The algorithms of tokens that STS takes, each fixed to one type of key
//! ([RFC 7518, section 3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1)).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, EcdsaVerificationAlgorithm,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters,
};
use issuer_keygen::Curve;

/// The `alg` of a token that STS takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenAlgorithm {
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    Rs512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
}

/// A name that is none of [`TokenAlgorithm`]'s: it may be a good one elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is none of {}", TokenAlgorithm::NAMES)]
pub struct NotTaken;

/// What a token's algorithm needs of a key.
#[derive(Clone, Copy)]
pub(crate) enum Scheme {
    Rsa(&'static RsaParameters),
    Ec(Curve, &'static EcdsaVerificationAlgorithm),
}

impl TokenAlgorithm {
    pub(crate) const NAMES: &'static str = "RS256, RS384, RS512, ES256, ES384 and ES512";

    const ALL: [Self; 6] = [Self::Rs256, Self::Rs384, Self::Rs512, Self::Es256, Self::Es384, Self::Es512];

    /// Returns the name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    pub(crate) fn scheme(self) -> Scheme {
        match self {
            Self::Rs256 => Scheme::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            Self::Rs384 => Scheme::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            Self::Rs512 => Scheme::Rsa(&RSA_PKCS1_2048_8192_SHA512),
            Self::Es256 => Scheme::Ec(Curve::P256, &ECDSA_P256_SHA256_FIXED),
            Self::Es384 => Scheme::Ec(Curve::P384, &ECDSA_P384_SHA384_FIXED),
            Self::Es512 => Scheme::Ec(Curve::P521, &ECDSA_P521_SHA512_FIXED),
        }
    }
}

impl fmt::Display for TokenAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for TokenAlgorithm {
    type Err = NotTaken;

    /// Names are compared case by case ([RFC 7515, section 4.1.1](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.1)).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == text).ok_or(NotTaken)
    }
}

#[cfg(test)]
mod tests {
    use super::TokenAlgorithm;

    #[test]
    fn only_the_six_are_taken() {
        for algorithm in TokenAlgorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
            assert!(TokenAlgorithm::NAMES.contains(algorithm.name()));
        }
        for name in ["none", "None", "", "HS256", "rs256", "PS256", "EdDSA", "ES256K", "RS256 "] {
            assert!(name.parse::<TokenAlgorithm>().is_err(), "{name}");
        }
    }
}
