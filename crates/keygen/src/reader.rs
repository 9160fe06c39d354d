//! Public keys out of a file, as kube-apiserver reads `--service-account-key-file` (kubernetes
//! client-go util/keyutil, `ParsePublicKeysPEM`): every good block counts, whatever its label, and
//! bad ones are skipped as long as one good is left. Here each skipped block has its reason.

use std::fmt;

use crate::form::{Form, recognise};
use crate::pem::{Block, blocks};
use crate::signing::SigningKey;
use crate::{PublicKey, Refusal};

/// What a file of public keys holds.
#[derive(Clone, Debug)]
pub struct PublicKeys {
    /// The keys, in the order of the file. Never empty; the same key may come twice.
    pub keys: Vec<PublicKey>,
    /// The blocks that kube-apiserver passes over.
    pub skipped: Vec<Skipped>,
    /// What is unusual about the blocks that were taken.
    pub notes: Vec<Note>,
}

/// A block that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its place in the file, from 1.
    pub block: usize,
    /// The label of its BEGIN line.
    pub label: String,
    /// Why it is not taken.
    pub reason: Refusal,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block {} ({}): {}", self.block, printable(&self.label), self.reason)
    }
}

/// Something unusual about a block that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The contents are not what the label says. HyperShift writes SubjectPublicKeyInfo under the
    /// label `RSA PUBLIC KEY`.
    Mislabelled {
        /// Its place in the file, from 1.
        block: usize,
        /// The label of its BEGIN line.
        label: String,
        /// The label that would be right.
        contents: &'static str,
    },
    /// A private key stands where its public half would do.
    PrivateKey {
        /// Its place in the file, from 1.
        block: usize,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mislabelled { block, label, contents } => {
                write!(f, "block {block} is labelled {} and holds a {contents}", printable(label))
            }
            Self::PrivateKey { block } => {
                write!(f, "block {block} is a private key; its public half would do here")
            }
        }
    }
}

/// Why no key could be read from a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// There is no text.
    #[error("it is empty")]
    Empty,
    /// There is no BEGIN line.
    #[error(
        "it holds no PEM block (`-----BEGIN ...-----`); DER is converted with `openssl pkey -inform DER`"
    )]
    NoBlock,
    /// No block is taken as public key source.
    #[error("it holds no public key that kube-apiserver takes{}", Reasons(skipped))]
    NoPublicKey {
        /// The blocks and the reasons.
        skipped: Vec<Skipped>,
    },
    /// No block is taken as signing key.
    #[error("it holds no private key that kube-apiserver takes{}", Reasons(skipped))]
    NoPrivateKey {
        /// The blocks and the reasons.
        skipped: Vec<Skipped>,
    },
}

/// Reads every key that kube-apiserver would take from a file of public keys: SubjectPublicKeyInfo,
/// certificates, and private keys (RSA in PKCS#1 or PKCS#8, EC in SEC1) for their public half.
///
/// # Errors
/// [`PemError`] when no block is taken, with the reason for each.
pub fn read_public_keys(text: &[u8]) -> Result<PublicKeys, PemError> {
    let mut found = PublicKeys { keys: Vec::new(), skipped: Vec::new(), notes: Vec::new() };
    let mut any = false;
    for block in blocks(text) {
        any = true;
        match public_key(&block, &mut found.notes) {
            Ok(key) => found.keys.push(key),
            Err(_) if is_parameters(&block) => {}
            Err(reason) => found.skipped.push(Skipped { block: block.number, label: block.label, reason }),
        }
    }
    match (any, found.keys.is_empty()) {
        (true, false) => Ok(found),
        (true, true) => Err(PemError::NoPublicKey { skipped: found.skipped }),
        (false, _) => Err(no_block(text)),
    }
}

/// `openssl ecparam -genkey` writes the curve's name as a block of its own before the key.
pub(crate) fn is_parameters(block: &Block) -> bool {
    block.label == "EC PARAMETERS"
}

/// What to say of a text without any BEGIN line.
pub(crate) fn no_block(text: &[u8]) -> PemError {
    if text.trim_ascii().is_empty() { PemError::Empty } else { PemError::NoBlock }
}

/// The reason for a block whose contents were not recognised, where its label or headers know better.
pub(crate) fn explain(block: &Block, reason: Refusal) -> Refusal {
    if block.encrypted {
        return Refusal::Encrypted;
    }
    match (block.label.as_str(), reason) {
        (_, reason @ (Refusal::Truncated | Refusal::Empty | Refusal::NotBase64)) => reason,
        ("ENCRYPTED PRIVATE KEY", _) => Refusal::Encrypted,
        ("DSA PRIVATE KEY", _) => Refusal::Dsa,
        ("OPENSSH PRIVATE KEY", _) => Refusal::OpenSsh,
        (label, _) if !label.ends_with("KEY") && !label.ends_with("CERTIFICATE") => Refusal::NotAKey,
        (_, reason) => reason,
    }
}

fn public_key(block: &Block, notes: &mut Vec<Note>) -> Result<PublicKey, Refusal> {
    let der = block.body.as_ref().map_err(Clone::clone)?;
    let form = recognise(der).map_err(|reason| explain(block, reason))?;
    let (key, contents) = match form {
        Form::Spki => (PublicKey::parse_spki(der)?, "PUBLIC KEY"),
        Form::Certificate => (certified_key(der)?, "CERTIFICATE"),
        Form::Pkcs1Private => (SigningKey::from_pkcs1(der)?.into_public_key(), "RSA PRIVATE KEY"),
        Form::Sec1 => (SigningKey::from_sec1(der, None)?.into_public_key(), "EC PRIVATE KEY"),
        Form::Pkcs8 => (SigningKey::from_rsa_pkcs8(der)?.into_public_key(), "PRIVATE KEY"),
        Form::Pkcs1Public => return Err(Refusal::Pkcs1Public),
        Form::EncryptedPkcs8 => return Err(Refusal::Encrypted),
    };
    if block.label != contents {
        notes.push(Note::Mislabelled { block: block.number, label: block.label.clone(), contents });
    }
    if matches!(form, Form::Pkcs1Private | Form::Sec1 | Form::Pkcs8) {
        notes.push(Note::PrivateKey { block: block.number });
    }
    Ok(key)
}

fn certified_key(der: &[u8]) -> Result<PublicKey, Refusal> {
    use rsa::pkcs8::der::{Decode as _, Encode as _};
    let certificate = x509_cert::Certificate::from_der(der).map_err(|_| Refusal::Malformed)?;
    let spki = certificate.tbs_certificate.subject_public_key_info.to_der();
    PublicKey::parse_spki(&spki.map_err(|_| Refusal::Malformed)?)
}

/// A label comes from the file: control characters must not reach a terminal, nor a whole novel.
fn printable(label: &str) -> String {
    label.chars().take(40).flat_map(char::escape_debug).collect()
}

/// The first few reasons, after a colon.
struct Reasons<'a>(&'a [Skipped]);

impl fmt::Display for Reasons<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        for (at, skipped) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{} {skipped}", if at == 0 { ":" } else { ";" })?;
        }
        match self.0.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "; and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_no_block_are_told_apart() {
        assert_eq!(read_public_keys(b" \r\n").unwrap_err(), PemError::Empty);
        assert_eq!(read_public_keys(b"\x30\x82").unwrap_err(), PemError::NoBlock);
    }

    #[test]
    fn labels_reach_no_terminal_as_they_are_and_reasons_are_bounded() {
        let text = "-----BEGIN \x1b[31mKEY-----\nAAAA\n-----END \x1b[31mKEY-----\n".repeat(9);
        let error = read_public_keys(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("block 1 (\\u{1b}[31mKEY): its contents are damaged"), "{error}");
        assert!(error.ends_with("; and 5 more"), "{error}");
    }
}
