//! A certificate as it lies in a file: no more of X.509 ([RFC 5280](https://www.rfc-editor.org/rfc/rfc5280)) than the
//! webhook's own are asked for.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rcgen::KeyPair;
use time::OffsetDateTime;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName, SubjectKeyIdentifier};

use super::names::Names;
use crate::pem;

const LABEL: &str = "CERTIFICATE";

/// A certificate and what is asked of it.
pub(super) struct Certificate {
    der: Vec<u8>,
    read: x509_cert::Certificate,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

impl Certificate {
    /// Reads the certificates of a PEM file; there is at least one, and nothing else.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub(super) fn all(pem: &[u8]) -> Result<Vec<Self>, &'static str> {
        let mut all = Vec::new();
        for block in pem::blocks(pem) {
            let body = block.body.map_err(|_| "it has a broken PEM block")?;
            if block.label != LABEL {
                return Err("it has a PEM block that is no certificate");
            }
            all.push(Self::from_der(&body)?);
        }
        if all.is_empty() { Err("it holds no certificate") } else { Ok(all) }
    }

    pub(super) fn from_der(der: &[u8]) -> Result<Self, &'static str> {
        let read = x509_cert::Certificate::from_der(der).map_err(|_| "it has a certificate that is none")?;
        let validity = read.tbs_certificate.validity;
        let dates = || Some((instant(validity.not_before)?, instant(validity.not_after)?));
        let (not_before, not_after) = dates().ok_or("it has a certificate without dates")?;
        Ok(Self { der: der.to_vec(), read, not_before, not_after })
    }

    pub(super) fn to_pem(&self) -> String {
        pem::encode(LABEL, &self.der).to_string()
    }

    pub(super) fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    /// Tells whether it has begun and has not ended.
    pub(super) fn is_current(&self, now: OffsetDateTime) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Tells whether it is for these names and no other.
    pub(super) fn is_for(&self, names: &Names) -> bool {
        let Ok(Some((_, SubjectAltName(found)))) = self.read.tbs_certificate.get::<SubjectAltName>() else {
            return false;
        };
        let mut found: Option<Vec<&str>> = found
            .iter()
            .map(|name| match name {
                GeneralName::DnsName(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        found.as_mut().is_some_and(|found| {
            found.sort_unstable();
            found.iter().copied().eq(names.iter())
        })
    }

    /// Tells whether it may sign others.
    pub(super) fn is_authority(&self) -> bool {
        let constraints = self.read.tbs_certificate.get::<BasicConstraints>();
        matches!(constraints, Ok(Some((_, constraints))) if constraints.ca)
    }

    /// Tells whether this is the key's certificate.
    pub(super) fn is_of(&self, key: &KeyPair) -> bool {
        self.public_key() == Some(key.public_key_raw())
    }

    /// Tells whether that authority has signed it.
    pub(super) fn is_signed_by(&self, authority: &Self) -> bool {
        let (Some(key), Ok(signed), Some(signature)) =
            (authority.public_key(), self.read.tbs_certificate.to_der(), self.read.signature.as_bytes())
        else {
            return false;
        };
        self.read.tbs_certificate.issuer == authority.read.tbs_certificate.subject
            && UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(&signed, signature).is_ok()
    }

    /// The name of an authority of ours: a common name and nothing else.
    pub(super) fn common_name(&self) -> Option<String> {
        let subject = self.read.tbs_certificate.subject.to_string();
        let name = subject.strip_prefix("CN=")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == ' ';
        name.chars().all(plain).then(|| name.to_owned())
    }

    /// What certificates that it has signed name it by.
    pub(super) fn key_identifier(&self) -> Option<Vec<u8>> {
        let identifier = self.read.tbs_certificate.get::<SubjectKeyIdentifier>().ok()??.1;
        Some(identifier.0.as_bytes().to_vec())
    }

    fn public_key(&self) -> Option<&[u8]> {
        self.read.tbs_certificate.subject_public_key_info.subject_public_key.as_bytes()
    }
}

fn instant(time: x509_cert::time::Time) -> Option<OffsetDateTime> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok()?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}
