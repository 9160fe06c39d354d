//! What can go wrong in a key directory, in words for whoever runs the cluster.

use std::io;
use std::path::PathBuf;

use crate::{KeyError, KeyId, PemError, RingFileError};

/// Why a key directory could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyDirError {
    /// A file or directory could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file or directory could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The key directory's place is taken by something else.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// Where the directory should be.
        path: PathBuf,
    },
    /// A pipe, a device or a directory in place of a file.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// Where the file should be.
        path: PathBuf,
    },
    /// No key file is that large.
    #[error("{} is larger than 1 MiB, so it is no key file", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A symlink whose target is not there, such as a Secret that is not mounted.
    #[error("{} is a symbolic link to something that does not exist; is the Secret or disk mounted?", path.display())]
    DanglingSymlink {
        /// The link.
        path: PathBuf,
    },
    /// A symlink where a file would be written.
    #[error("{} is a symbolic link; keys are never written through one", path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// Another key is there already, perhaps since a moment ago; nothing was overwritten.
    #[error("{} exists already; it was left as it is", path.display())]
    AlreadyExists {
        /// The file that is there.
        path: PathBuf,
    },
    /// A key file holds no key that can be used.
    #[error("cannot take the key in {}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PemError,
    },
    /// The two halves are of different keys.
    #[error(
        "{} and {} do not belong together: the private key is {private_kid}, the first public key is {public_kid}",
        private_path.display(), public_path.display()
    )]
    Mismatch {
        /// The private key's file.
        private_path: PathBuf,
        /// Its key.
        private_kid: KeyId,
        /// The public keys' file.
        public_path: PathBuf,
        /// Its first key.
        public_kid: KeyId,
    },
    /// A file under `ring/` holds another key than its name says.
    #[error("{} holds the key {found}; the file's name says {named}", path.display())]
    Misnamed {
        /// The file.
        path: PathBuf,
        /// The key that its name says.
        named: KeyId,
        /// The key that it holds.
        found: KeyId,
    },
    /// There are other keys, and none of them signs.
    #[error("{} holds keys under ring/, but neither sa.key nor sa.pub; put the signer's back", path.display())]
    NoSigner {
        /// The key directory.
        path: PathBuf,
    },
    /// The ring to be saved has another signer than the directory.
    #[error("the signer in {} is {found}, not {expected}; it was left as it is", path.display())]
    OtherSigner {
        /// The file that says who signs.
        path: PathBuf,
        /// The signer of the ring.
        expected: KeyId,
        /// The signer of the directory.
        found: KeyId,
    },
    /// The ring to be saved lacks a key that the directory has.
    #[error("{} holds the key {kid}, which saving would drop; it was left as it is", path.display())]
    WouldDrop {
        /// The file.
        path: PathBuf,
        /// The key.
        kid: KeyId,
    },
    /// A key is recorded for another issuer, perhaps since a moment ago.
    #[error(
        "the key {kid} is recorded for the issuer {recorded} in {}, not for {asked}; whoever holds a key of two \
         issuers can be every service account of both", path.display()
    )]
    OtherIssuer {
        /// The file of records.
        path: PathBuf,
        /// The key.
        kid: KeyId,
        /// The issuer that is recorded.
        recorded: String,
        /// The issuer that was to be recorded.
        asked: String,
    },
    /// The ring's records cannot be understood.
    #[error("cannot understand {}", path.display())]
    Records {
        /// The file.
        path: PathBuf,
        /// Why.
        source: RingFileError,
    },
    /// The private key could not be written in its standard form.
    #[error("cannot write {}", path.display())]
    Encode {
        /// The file that it was for.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
}
