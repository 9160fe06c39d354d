//! A private key: made and used by aws-lc-rs alone (the `rsa` crate leaks time, RUSTSEC-2023-0071),
//! read from what kube-apiserver takes as `--service-account-signing-key-file` (kubernetes
//! client-go util/keyutil, `ParsePrivateKeyPEM`: by label, the first good block) and written in
//! the forms that it takes both as signing key and as key file: PKCS#1 (RFC 8017) and SEC1 (RFC 5915).

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, EcPrivateKeyRfc5915Der, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rsa::pkcs1::{self, DecodeRsaPrivateKey as _};
use rsa::pkcs8::PrivateKeyInfo;
use rsa::pkcs8::der::Decode as _;
use zeroize::Zeroizing;

use crate::form::{Form, ID_EC, ID_RSA, curve, named_curve, recognise, refuse_algorithm};
use crate::pem::{self, Block, blocks};
use crate::reader::{explain, is_parameters, no_block};
use crate::{Algorithm, Curve, KeyId, PemError, PublicKey, Refusal, Skipped};

/// The sizes of RSA that aws-lc signs with.
const SIGNING_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A private key and its public half. It cannot be shown, cloned or serialised by accident; its
/// memory is wiped when it goes.
pub struct SigningKey {
    pair: Pair,
    public_key: PublicKey,
}

enum Pair {
    Rsa(RsaKeyPair),
    /// An RSA key that kube-apiserver would sign with and aws-lc does not: kept, never used.
    /// The bytes are PKCS#1.
    Unsafe(Zeroizing<Vec<u8>>),
    Ec(EcdsaKeyPair),
}

/// Why a key could not be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No key was made.
    #[error("cannot generate an {algorithm} key")]
    Generate {
        /// The kind of key.
        algorithm: Algorithm,
    },
    /// The bytes are no public key that kube-apiserver takes.
    #[error("cannot take the public key")]
    PublicKey(#[source] Refusal),
    /// The key is of a size that must not sign.
    #[error("cannot sign with key {kid}: RSA with {bits} bits is outside of 2048 to 8192; make a new key")]
    UnsafeSize {
        /// The key.
        kid: KeyId,
        /// Length of its modulus in bits.
        bits: usize,
    },
    /// No signature was made.
    #[error("cannot sign with key {kid}")]
    Sign {
        /// The key.
        kid: KeyId,
    },
    /// The key could not be written in its standard form.
    #[error("cannot encode the private key {kid}")]
    Encode {
        /// The key.
        kid: KeyId,
    },
}

impl SigningKey {
    /// Makes a key.
    ///
    /// # Errors
    /// [`KeyError::Generate`] when the system has no randomness or memory left.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let failed = || KeyError::Generate { algorithm };
        let rsa = |size| RsaKeyPair::generate(size).map(Pair::Rsa);
        let ec = |curve| EcdsaKeyPair::generate(ecdsa(curve)).map(Pair::Ec);
        let pair = match algorithm {
            Algorithm::Rsa2048 => rsa(KeySize::Rsa2048),
            Algorithm::Rsa3072 => rsa(KeySize::Rsa3072),
            Algorithm::Rsa4096 => rsa(KeySize::Rsa4096),
            Algorithm::Es256 => ec(Curve::P256),
            Algorithm::Es384 => ec(Curve::P384),
            Algorithm::Es512 => ec(Curve::P521),
        };
        Self::from_pair(pair.map_err(|_| failed())?).map_err(|_| failed())
    }

    /// Reads the first private key of a PEM text that kube-apiserver would sign with.
    ///
    /// # Errors
    /// [`PemError`] when there is none, with the reason for each block.
    pub fn from_pem(text: &[u8]) -> Result<Self, PemError> {
        let mut skipped = Vec::new();
        let mut any = false;
        for block in blocks(text) {
            any = true;
            match from_block(&block) {
                Ok(key) => return Ok(key),
                Err(_) if is_parameters(&block) => {}
                Err(reason) => skipped.push(Skipped { block: block.number, label: block.label, reason }),
            }
        }
        if any { Err(PemError::NoPrivateKey { skipped }) } else { Err(no_block(text)) }
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// One PEM block: PKCS#1 for RSA, SEC1 for EC.
    ///
    /// # Errors
    /// [`KeyError::Encode`] when memory runs out.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let failed = || KeyError::Encode { kid: self.public_key.kid().clone() };
        match &self.pair {
            Pair::Ec(pair) => {
                let der: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().map_err(|_| failed())?;
                Ok(pem::encode("EC PRIVATE KEY", der.as_ref()))
            }
            Pair::Rsa(_) | Pair::Unsafe(_) => Ok(pem::encode("RSA PRIVATE KEY", &self.to_der()?)),
        }
    }

    /// The signature of RFC 7518 section 3: PKCS#1 v1.5 for RSA, r and s side by side for EC.
    ///
    /// # Errors
    /// [`KeyError::UnsafeSize`] for RSA below 2048 or above 8192 bits, [`KeyError::Sign`] when
    /// the system has no randomness or memory left.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let failed = || KeyError::Sign { kid: self.public_key.kid().clone() };
        self.check_size()?;
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| failed())?;
                Ok(signature)
            }
            Pair::Ec(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| failed())?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Unsafe(_) => Err(failed()),
        }
    }

    /// Refuses a key that is kept but must not sign.
    pub(crate) fn check_size(&self) -> Result<(), KeyError> {
        match (&self.pair, self.public_key.describe()) {
            (Pair::Unsafe(_), crate::KeyDescription::Rsa { bits }) => {
                Err(KeyError::UnsafeSize { kid: self.public_key.kid().clone(), bits })
            }
            _ => Ok(()),
        }
    }

    /// The DER that jsonwebtoken wants: PKCS#1 for RSA, PKCS#8 for EC.
    pub(crate) fn to_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let failed = || KeyError::Encode { kid: self.public_key.kid().clone() };
        match &self.pair {
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| failed())?;
                let info = PrivateKeyInfo::from_der(der.as_ref()).map_err(|_| failed())?;
                Ok(Zeroizing::new(info.private_key.to_vec()))
            }
            Pair::Unsafe(der) => Ok(der.clone()),
            Pair::Ec(pair) => {
                let der = pair.to_pkcs8v1().map_err(|_| failed())?;
                Ok(Zeroizing::new(der.as_ref().to_vec()))
            }
        }
    }

    /// Reads PKCS#1 `RSAPrivateKey`; its numbers are checked against each other.
    pub(crate) fn from_pkcs1(der: &[u8]) -> Result<Self, Refusal> {
        let numbers = pkcs1::RsaPrivateKey::from_der(der).map_err(|_| Refusal::Malformed)?;
        if numbers.version() != pkcs1::Version::TwoPrime {
            return Err(Refusal::MultiPrime);
        }
        let public_key = PublicKey::rsa(numbers.modulus.as_bytes(), numbers.public_exponent.as_bytes())?;
        let pair = match public_key.describe() {
            crate::KeyDescription::Rsa { bits } if !SIGNING_BITS.contains(&bits) => {
                rsa::RsaPrivateKey::from_pkcs1_der(der).map_err(|_| Refusal::Inconsistent)?;
                Pair::Unsafe(Zeroizing::new(der.to_vec()))
            }
            _ => Pair::Rsa(RsaKeyPair::from_der(der).map_err(|_| Refusal::Inconsistent)?),
        };
        Ok(Self { pair, public_key })
    }

    /// Reads SEC1 `ECPrivateKey`; the curve is `outer` or named inside.
    pub(crate) fn from_sec1(der: &[u8], outer: Option<Curve>) -> Result<Self, Refusal> {
        let key = sec1::EcPrivateKey::from_der(der).map_err(|_| Refusal::Malformed)?;
        let curve = match (outer, key.parameters.and_then(sec1::EcParameters::named_curve)) {
            (Some(outer), _) => outer,
            (None, Some(oid)) => curve(oid)?,
            (None, None) => return Err(Refusal::UnnamedCurve),
        };
        let pair =
            EcdsaKeyPair::from_private_key_der(ecdsa(curve), der).map_err(|_| Refusal::Inconsistent)?;
        Self::from_pair(Pair::Ec(pair))
    }

    /// Reads PKCS#8 that holds an RSA key: what kube-apiserver takes as public key source.
    pub(crate) fn from_rsa_pkcs8(der: &[u8]) -> Result<Self, Refusal> {
        let info = PrivateKeyInfo::from_der(der).map_err(|_| Refusal::Malformed)?;
        match info.algorithm.oid {
            ID_RSA => Self::from_pkcs1(info.private_key),
            ID_EC => Err(Refusal::EcPkcs8),
            other => Err(refuse_algorithm(other)),
        }
    }

    /// Reads PKCS#8 of either kind: what kube-apiserver takes as signing key.
    fn from_pkcs8(der: &[u8]) -> Result<Self, Refusal> {
        let info = PrivateKeyInfo::from_der(der).map_err(|_| Refusal::Malformed)?;
        match info.algorithm.oid {
            ID_EC => Self::from_sec1(info.private_key, Some(named_curve(&info.algorithm)?)),
            _ => Self::from_rsa_pkcs8(der),
        }
    }

    /// Lets the private half go.
    pub(crate) fn into_public_key(self) -> PublicKey {
        self.public_key
    }

    fn from_pair(pair: Pair) -> Result<Self, Refusal> {
        let public_key = match &pair {
            Pair::Rsa(pair) => {
                let public = pkcs1::RsaPublicKey::from_der(pair.public_key().as_ref());
                let public = public.map_err(|_| Refusal::Malformed)?;
                PublicKey::rsa(public.modulus.as_bytes(), public.public_exponent.as_bytes())?
            }
            Pair::Ec(pair) => PublicKey::ec(curve_of(pair), pair.public_key().as_ref())?,
            Pair::Unsafe(_) => return Err(Refusal::RsaOutOfRange),
        };
        Ok(Self { pair, public_key })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public_key", &self.public_key).finish_non_exhaustive()
    }
}

fn from_block(block: &Block) -> Result<SigningKey, Refusal> {
    let der = block.body.as_ref().map_err(Clone::clone)?;
    let form = match block.label.as_str() {
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" => return Err(Refusal::PublicOnly),
        _ => recognise(der).map_err(|reason| explain(block, reason))?,
    };
    match (block.label.as_str(), form) {
        ("RSA PRIVATE KEY", Form::Pkcs1Private) => SigningKey::from_pkcs1(der),
        ("EC PRIVATE KEY", Form::Sec1) => SigningKey::from_sec1(der, None),
        ("PRIVATE KEY", Form::Pkcs8) => SigningKey::from_pkcs8(der),
        (_, Form::EncryptedPkcs8) => Err(Refusal::Encrypted),
        (_, Form::Spki | Form::Certificate | Form::Pkcs1Public) => Err(Refusal::PublicOnly),
        _ => Err(Refusal::Mislabelled),
    }
}

fn ecdsa(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

fn curve_of(pair: &EcdsaKeyPair) -> Curve {
    match pair.public_key().as_ref().len() {
        65 => Curve::P256,
        97 => Curve::P384,
        _ => Curve::P521,
    }
}
