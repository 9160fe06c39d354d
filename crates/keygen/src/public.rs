//! A public key: its numbers, its canonical DER and PEM, and its name. It is built from nothing
//! but SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7, RFC 8017 appendix A.1, RFC 5480), and only
//! from those that kube-apiserver takes.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ParsedPublicKey,
};
use rsa::pkcs1;
use rsa::pkcs8::der::asn1::{AnyRef, BitStringRef};
use rsa::pkcs8::der::{Decode as _, Encode as _};
use rsa::pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::form::{ID_EC, ID_RSA, curve_oid, named_curve, refuse_algorithm};
use crate::{Curve, KeyError, KeyId, Refusal, SignatureAlgorithm, pem};

/// Larger moduli are no keys but a way to keep a verifier busy.
const MAX_MODULUS_BYTES: usize = 16_384 / 8;

/// A public key that kube-apiserver takes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    material: KeyMaterial,
    spki_der: Vec<u8>,
    kid: KeyId,
}

/// The numbers of a public key, big-endian.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyMaterial {
    /// RSA (RFC 8017).
    Rsa {
        /// The modulus, without leading zero bytes.
        modulus: Vec<u8>,
        /// The public exponent, without leading zero bytes.
        exponent: Vec<u8>,
    },
    /// A point on an elliptic curve.
    Ec {
        /// The curve.
        curve: Curve,
        /// The x coordinate, padded to the size of the curve.
        x: Vec<u8>,
        /// The y coordinate, padded to the size of the curve.
        y: Vec<u8>,
    },
}

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`KeyError::PublicKey`] with the reason when kube-apiserver would not take the key.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::parse_spki(der).map_err(KeyError::PublicKey)
    }

    /// As [`Self::from_spki_der`], for callers that wrap the reason in words of their own.
    pub(crate) fn parse_spki(der: &[u8]) -> Result<Self, Refusal> {
        let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| Refusal::Malformed)?;
        let bits = spki.subject_public_key.as_bytes().ok_or(Refusal::Malformed)?;
        match spki.algorithm.oid {
            ID_RSA => {
                // RFC 3279 section 2.3.1; Go refuses a key without it as well.
                if spki.algorithm.parameters != Some(AnyRef::NULL) {
                    return Err(Refusal::Malformed);
                }
                let key = pkcs1::RsaPublicKey::from_der(bits).map_err(|_| Refusal::Malformed)?;
                Self::rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes())
            }
            ID_EC => Self::ec(named_curve(&spki.algorithm)?, bits),
            other => Err(refuse_algorithm(other)),
        }
    }

    /// Builds an RSA key from big-endian numbers without leading zero bytes.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, Refusal> {
        // Go holds the exponent to 31 bits when it verifies (crypto/rsa, checkPublicKey).
        let exponent_in_range = match exponent {
            [] | [0 | 1] => false,
            [high, _, _, _] => *high < 0x80,
            longer => longer.len() < 4,
        };
        if modulus == [0] || modulus.is_empty() || modulus.len() > MAX_MODULUS_BYTES || !exponent_in_range {
            return Err(Refusal::RsaOutOfRange);
        }
        Self::from_material(KeyMaterial::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
    }

    /// Builds an EC key from a curve and an encoded point (SEC 1 section 2.3.3).
    pub(crate) fn ec(curve: Curve, point: &[u8]) -> Result<Self, Refusal> {
        let coordinates = match point {
            [4, rest @ ..] if rest.len() == 2 * curve.coordinate_len() => rest,
            [2 | 3 | 6 | 7, ..] => return Err(Refusal::CompressedPoint),
            _ => return Err(Refusal::Malformed),
        };
        let algorithm = match curve {
            Curve::P256 => &ECDSA_P256_SHA256_FIXED,
            Curve::P384 => &ECDSA_P384_SHA384_FIXED,
            Curve::P521 => &ECDSA_P521_SHA512_FIXED,
        };
        ParsedPublicKey::new(algorithm, point).map_err(|_| Refusal::PointOffCurve)?;
        let (x, y) = coordinates.split_at(curve.coordinate_len());
        Self::from_material(KeyMaterial::Ec { curve, x: x.to_vec(), y: y.to_vec() })
    }

    /// The name of the key.
    #[must_use]
    pub fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// The DER SubjectPublicKeyInfo, as kube-apiserver encodes it before it hashes it.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    /// One `PUBLIC KEY` block, with a line feed at the end.
    #[must_use]
    pub fn to_pem(&self) -> String {
        std::mem::take(&mut *pem::encode("PUBLIC KEY", &self.spki_der))
    }

    /// The signatures that this key verifies.
    #[must_use]
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        match &self.material {
            KeyMaterial::Rsa { .. } => SignatureAlgorithm::Rs256,
            KeyMaterial::Ec { curve, .. } => curve.signature_algorithm(),
        }
    }

    /// The numbers of the key.
    #[must_use]
    pub fn material(&self) -> &KeyMaterial {
        &self.material
    }

    /// What is wrong with the key although kube-apiserver takes it.
    #[must_use]
    pub fn weakness(&self) -> Option<Weakness> {
        let KeyMaterial::Rsa { modulus, exponent } = &self.material else { return None };
        let bits = bit_len(modulus);
        if bits < 2048 {
            return Some(Weakness::ShortModulus { bits });
        }
        let exponent = exponent.iter().fold(0, |value, byte| value << 8 | u32::from(*byte));
        (exponent < 65537 || exponent.is_multiple_of(2)).then_some(Weakness::BadExponent { exponent })
    }

    /// Kind and size in two words, such as `RSA 2048` or `EC P-256`.
    #[must_use]
    pub fn describe(&self) -> KeyDescription {
        match &self.material {
            KeyMaterial::Rsa { modulus, .. } => KeyDescription::Rsa { bits: bit_len(modulus) },
            KeyMaterial::Ec { curve, .. } => KeyDescription::Ec(*curve),
        }
    }

    fn from_material(material: KeyMaterial) -> Result<Self, Refusal> {
        // Encoding numbers that were just decoded, within the bounds above, does not fail.
        let spki_der = encode_spki(&material).map_err(|_| Refusal::Malformed)?;
        let kid = KeyId::of_spki(&spki_der);
        Ok(Self { material, spki_der, kid })
    }
}

/// Shows kind and name: the numbers say nothing to a reader.
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.describe(), self.kid)
    }
}

/// Kind and size of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyDescription {
    /// RSA, with the length of the modulus in bits.
    Rsa {
        /// Length of the modulus in bits.
        bits: usize,
    },
    /// An elliptic curve.
    Ec(Curve),
}

impl fmt::Display for KeyDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::Ec(curve) => write!(f, "EC {curve}"),
        }
    }
}

/// Why a key should be replaced although kube-apiserver takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// RSA with fewer than 2048 bits.
    ShortModulus {
        /// Length of the modulus in bits.
        bits: usize,
    },
    /// An exponent below 65537, or an even one.
    BadExponent {
        /// The public exponent.
        exponent: u32,
    },
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortModulus { bits } => {
                write!(f, "RSA with {bits} bits can be broken; 2048 is the least that is safe")
            }
            Self::BadExponent { exponent } => {
                write!(f, "the RSA exponent is {exponent}; 65537 is the safe one")
            }
        }
    }
}

fn encode_spki(material: &KeyMaterial) -> Result<Vec<u8>, rsa::pkcs8::der::Error> {
    let oid;
    let (algorithm, bits) = match material {
        KeyMaterial::Rsa { modulus, exponent } => {
            let key = pkcs1::RsaPublicKey {
                modulus: pkcs1::UintRef::new(modulus)?,
                public_exponent: pkcs1::UintRef::new(exponent)?,
            };
            (pkcs1::ALGORITHM_ID, key.to_der()?)
        }
        KeyMaterial::Ec { curve, x, y } => {
            oid = curve_oid(*curve);
            let algorithm = AlgorithmIdentifierRef { oid: ID_EC, parameters: Some(AnyRef::from(&oid)) };
            (algorithm, [&[4], x.as_slice(), y.as_slice()].concat())
        }
    };
    SubjectPublicKeyInfoRef { algorithm, subject_public_key: BitStringRef::from_bytes(&bits)? }.to_der()
}

fn bit_len(modulus: &[u8]) -> usize {
    modulus.first().map_or(0, |high| modulus.len() * 8 - high.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_keys_are_named() {
        let long = [0xc3; 256];
        let weakness =
            |modulus: &[u8], exponent: &[u8]| PublicKey::rsa(modulus, exponent).unwrap().weakness();
        assert_eq!(weakness(&long, &[1, 0, 1]), None);
        assert_eq!(weakness(&long[..128], &[1, 0, 1]), Some(Weakness::ShortModulus { bits: 1024 }));
        assert_eq!(weakness(&long, &[3]), Some(Weakness::BadExponent { exponent: 3 }));
        assert_eq!(weakness(&long, &[1, 0, 2]), Some(Weakness::BadExponent { exponent: 65538 }));
    }

    #[test]
    fn impossible_numbers_are_refused() {
        for (modulus, exponent) in [
            (&[0xc3; 256][..], &[0][..]),
            (&[0xc3; 256], &[1]),
            (&[0xc3; 256], &[0x80, 0, 0, 1]),
            (&[0xc3; 256], &[1, 0, 0, 0, 1]),
            (&[0], &[1, 0, 1]),
            (&[0xc3; 2049], &[1, 0, 1]),
        ] {
            assert_eq!(PublicKey::rsa(modulus, exponent), Err(Refusal::RsaOutOfRange));
        }
    }

    #[test]
    fn points_off_the_curve_are_refused() {
        assert_eq!(PublicKey::ec(Curve::P256, &[4; 65]), Err(Refusal::PointOffCurve));
        assert_eq!(PublicKey::ec(Curve::P256, &[2; 33]), Err(Refusal::CompressedPoint));
        assert_eq!(PublicKey::ec(Curve::P256, &[4; 64]), Err(Refusal::Malformed));
    }
}
