//! DER in, numbers out: recognises the ASN.1 structures a key comes in (RFC 5280
//! SubjectPublicKeyInfo and certificates, RFC 8017, RFC 5208, RFC 5915) by their shape alone, as
//! kube-apiserver does, and reads algorithm identifiers. No two of the shapes overlap.

use rsa::pkcs1;
use rsa::pkcs8::der::asn1::{AnyRef, OctetStringRef};
use rsa::pkcs8::der::{Decode as _, Header, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};
use rsa::pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use rsa::pkcs8::{ObjectIdentifier, PrivateKeyInfo};

use crate::{Curve, Refusal};

pub(crate) const ID_RSA: ObjectIdentifier = pkcs1::ALGORITHM_OID;
pub(crate) const ID_EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// What a piece of DER is, by its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Spki,
    Certificate,
    Pkcs1Private,
    Pkcs1Public,
    Pkcs8,
    EncryptedPkcs8,
    Sec1,
}

/// Recognises `der`, which has to be one whole structure without anything after it.
pub(crate) fn recognise(der: &[u8]) -> Result<Form, Refusal> {
    if der.is_empty() {
        return Err(Refusal::Empty);
    }
    if SubjectPublicKeyInfoRef::from_der(der).is_ok() {
        Ok(Form::Spki)
    } else if PrivateKeyInfo::from_der(der).is_ok() {
        Ok(Form::Pkcs8)
    } else if pkcs1::RsaPrivateKey::from_der(der).is_ok() {
        Ok(Form::Pkcs1Private)
    } else if sec1::EcPrivateKey::from_der(der).is_ok() {
        Ok(Form::Sec1)
    } else if pkcs1::RsaPublicKey::from_der(der).is_ok() {
        Ok(Form::Pkcs1Public)
    } else if is_encrypted_pkcs8(der) {
        Ok(Form::EncryptedPkcs8)
    } else if x509_cert::Certificate::from_der(der).is_ok() {
        Ok(Form::Certificate)
    } else if is_sec1_with_explicit_curve(der) {
        Err(Refusal::UnnamedCurve)
    } else if is_cut_off(der) {
        Err(Refusal::Truncated)
    } else {
        Err(Refusal::Malformed)
    }
}

/// The curve that an id-ecPublicKey algorithm identifier names.
pub(crate) fn named_curve(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<Curve, Refusal> {
    let named = algorithm.parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    curve(named.ok_or(Refusal::UnnamedCurve)?)
}

/// The curve that an object identifier stands for.
pub(crate) fn curve(oid: ObjectIdentifier) -> Result<Curve, Refusal> {
    match oid {
        P256 => Ok(Curve::P256),
        P384 => Ok(Curve::P384),
        P521 => Ok(Curve::P521),
        other => Err(Refusal::Curve(match other.to_string().as_str() {
            "1.3.132.0.10" => "secp256k1".into(),
            "1.3.132.0.33" => "P-224".into(),
            "1.2.840.10045.3.1.1" => "P-192".into(),
            dotted => format!("object identifier {dotted}"),
        })),
    }
}

/// The object identifier of a curve.
pub(crate) fn curve_oid(curve: Curve) -> ObjectIdentifier {
    match curve {
        Curve::P256 => P256,
        Curve::P384 => P384,
        Curve::P521 => P521,
    }
}

/// The reason to refuse a key whose algorithm is neither plain RSA nor EC.
pub(crate) fn refuse_algorithm(oid: ObjectIdentifier) -> Refusal {
    match oid.to_string().as_str() {
        "1.2.840.113549.1.1.10" => Refusal::RsaPss,
        "1.2.840.10040.4.1" => Refusal::Dsa,
        "1.3.101.110" => Refusal::Edwards("X25519"),
        "1.3.101.111" => Refusal::Edwards("X448"),
        "1.3.101.112" => Refusal::Edwards("Ed25519"),
        "1.3.101.113" => Refusal::Edwards("Ed448"),
        dotted => Refusal::OtherAlgorithm(dotted.into()),
    }
}

/// Whether the DER says that it is longer than what is there.
fn is_cut_off(der: &[u8]) -> bool {
    let Ok(mut reader) = SliceReader::new(der) else { return false };
    match Header::decode(&mut reader) {
        Ok(header) => header.tag == Tag::Sequence && header.length > reader.remaining_len(),
        Err(_) => der.len() < 6 && der[0] == 0x30,
    }
}

/// Whether this is an `ECPrivateKey` (RFC 5915 section 3) whose `parameters` are a SEQUENCE of
/// numbers (RFC 3279 section 2.3.5) and not an object identifier.
fn is_sec1_with_explicit_curve(der: &[u8]) -> bool {
    const PARAMETERS: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber::N0 };
    AnyRef::from_der(der)
        .and_then(|outer| {
            outer.sequence(|reader| {
                let version: u8 = reader.decode()?;
                reader.decode::<OctetStringRef<'_>>()?;
                let parameters: AnyRef<'_> = reader.decode()?;
                let rest = reader.remaining_len();
                reader.read_slice(rest)?;
                Ok(version == 1
                    && parameters.tag() == PARAMETERS
                    && parameters.value().first() == Some(&0x30))
            })
        })
        .unwrap_or(false)
}

/// Whether this is an `EncryptedPrivateKeyInfo` (RFC 5208 section 6), whatever the scheme: a
/// SEQUENCE of an algorithm identifier and an OCTET STRING.
fn is_encrypted_pkcs8(der: &[u8]) -> bool {
    AnyRef::from_der(der)
        .and_then(|outer| {
            outer.sequence(|reader| {
                reader.decode::<AlgorithmIdentifierRef<'_>>()?;
                reader.decode::<OctetStringRef<'_>>()?;
                Ok(())
            })
        })
        .is_ok()
}
