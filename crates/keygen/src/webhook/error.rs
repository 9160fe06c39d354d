//! What can go wrong with the webhook's certificate, in words for whoever runs the cluster.

use std::path::PathBuf;

use crate::KeyDirError;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookCertificateError {
    /// No name was given.
    #[error("a serving certificate needs a name")]
    NoName,
    /// A name that no Service has.
    #[error("{name:?} is no DNS name in lower case, so no certificate can be for it")]
    Name {
        /// The name.
        name: String,
    },
    /// A file or directory could not be read or written.
    #[error(transparent)]
    File(#[from] KeyDirError),
    /// A file of certificates holds something else.
    #[error("{} cannot be taken: {why}; put the right file back, or move the directory away", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A private key cannot be read, or is none of P-256.
    #[error("{} holds no private key of P-256 in PKCS#8 that can be read", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rcgen::Error,
    },
    /// A private key and a certificate are not of one pair.
    #[error(
        "the private key {} belongs to no certificate in {}; nothing was changed: put the right one back, or move the \
         directory away", key_path.display(), certificate_path.display()
    )]
    Mismatch {
        /// The private key.
        key_path: PathBuf,
        /// The certificates.
        certificate_path: PathBuf,
    },
    /// The serving certificate comes from an authority that nobody here knows.
    #[error(
        "{} was signed by no authority in {}; nothing was changed: put the right one back, or move the directory away",
        path.display(), authorities_path.display()
    )]
    Foreign {
        /// The certificate.
        path: PathBuf,
        /// The authorities.
        authorities_path: PathBuf,
    },
    /// A key or a certificate could not be made.
    #[error("cannot make the webhook's certificate")]
    Make(#[source] rcgen::Error),
}
