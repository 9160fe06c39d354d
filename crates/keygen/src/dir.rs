//! The directory in which keys sleep, and all writing to it.
//!
//! ```text
//! sa.key        the signer's private key, 0600: PKCS#1 or SEC1
//! sa.pub        the signer's public block first, then those of the other verifiers
//! ring/KID.key  other keys, each under its own name
//! ring/KID.pub
//! ring.json     what is known of each key; no secrets
//! webhook/      the webhook's certificates, see webhook/mod.rs; there may be nothing else
//! .gitignore    everything; written when we make the directory
//! ```
//!
//! kubeadm takes `sa.key` and `sa.pub` as they are. A directory of public halves alone is legal:
//! everything but signing works. Order matters: what is recorded of a new key comes before the key,
//! for nobody can tell later when it was made; then `sa.key`, which is never overwritten, so
//! whoever wins its name owns the directory, and all the rest can be made again from it.

use std::path::{Path, PathBuf};

use crate::load::{Loaded, load, private_key, public_keys, records, staged};
use crate::ring_file::Records;
use crate::whole_file::{DirectoryLock, lock, sweep};
use crate::{KeyDirError, KeyRecord, KeyRing, PublicKey, SigningKey, files};

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// A key directory, which need not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDir {
    path: PathBuf,
}

impl KeyDir {
    /// The key directory at `path`; nothing is read or made.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `sa.key`, the signer's private key.
    #[must_use]
    pub fn private_key_path(&self) -> PathBuf {
        self.path.join("sa.key")
    }

    /// `sa.pub`, the signer's public key and the other verifiers'.
    #[must_use]
    pub fn public_keys_path(&self) -> PathBuf {
        self.path.join("sa.pub")
    }

    /// `ring.json`, what is known of each key.
    #[must_use]
    pub fn records_path(&self) -> PathBuf {
        self.path.join("ring.json")
    }

    pub(crate) fn staged_path(&self) -> PathBuf {
        self.path.join("ring")
    }

    /// Reads the directory; `None` when it does not exist or holds no key. Symlinks are followed.
    ///
    /// # Errors
    /// [`KeyDirError`] when a file cannot be read or understood, or when the two halves of the
    /// signer's key do not belong together.
    pub fn load(&self) -> Result<Option<Loaded>, KeyDirError> {
        load(self)
    }

    /// Writes a new signer's key, its public half and its record; makes the directory if need be.
    ///
    /// A process that is killed meanwhile leaves a directory that [`Self::load`] reads and
    /// [`Self::complete`] finishes.
    ///
    /// # Errors
    /// [`KeyDirError::AlreadyExists`] when there is a signer already, also one that another process
    /// has put there meanwhile; [`KeyDirError`] when a file cannot be written.
    pub fn create(&self, key: &SigningKey, record: KeyRecord) -> Result<(), KeyDirError> {
        let kid = key.public_key().kid();
        let pem =
            key.to_pem().map_err(|source| KeyDirError::Encode { path: self.private_key_path(), source })?;
        files::create_directory(&self.path, ".gitignore", b"*\n")?;
        let _lock = self.lock()?;
        // Whatever could be refused is refused before the key has its name.
        let has_public = self.is_signer(key.public_key())?;
        if !has_public && !staged(self)?.is_empty() {
            return Err(KeyDirError::NoSigner { path: self.path.clone() });
        }
        files::refuse_existing(&self.private_key_path())?;
        let mut known = records(&self.records_path())?;
        let record = match known.of(kid) {
            Some(old) => record.or(old),
            None => record,
        };
        if !has_public {
            // There is no key here: what is recorded is of one whose making was interrupted.
            known.forget_unused();
        }
        known.set(kid, record.normal());
        let json = self.encode(&known)?;

        // The record first: a key is never without the instant at which it was made.
        files::replace(&self.records_path(), PUBLIC, &json)?;
        files::create_new(&self.private_key_path(), PRIVATE, pem.as_bytes())?;
        if !has_public {
            match files::create_new(&self.public_keys_path(), PUBLIC, key.public_key().to_pem().as_bytes()) {
                // Another process has completed the directory from our sa.key.
                Err(KeyDirError::AlreadyExists { .. }) => self.is_signer(key.public_key()).map(drop)?,
                written => written?,
            }
        }
        Ok(())
    }

    /// Writes what is missing beside the signer's key after [`Self::create`] was interrupted.
    ///
    /// # Errors
    /// As [`Self::save`].
    pub fn complete(&self, loaded: &Loaded) -> Result<(), KeyDirError> {
        self.save(&loaded.ring)
    }

    /// Writes the public half of a ring: `sa.pub` when it is missing or lacks a key, `ring.json`
    /// when it differs. Nothing is written when the bytes are the same.
    ///
    /// # Errors
    /// [`KeyDirError`] when the ring is not the directory's (another signer, a key less, or another
    /// issuer than the one that is recorded by now), or when a file cannot be written.
    pub fn save(&self, ring: &KeyRing) -> Result<(), KeyDirError> {
        files::create_directory(&self.path, ".gitignore", b"*\n")?;
        let _lock = self.lock()?;
        let json = self.encode(&self.merged_records(ring)?)?;
        self.save_public(ring)?;
        files::replace(&self.records_path(), PUBLIC, &json)
    }

    /// What the directory knows by now and what the ring knows, the ring's word first; but an issuer
    /// that somebody has recorded meanwhile is never changed.
    fn merged_records(&self, ring: &KeyRing) -> Result<Records, KeyDirError> {
        let path = self.records_path();
        let mut known = records(&path)?;
        for (kid, record) in ring.records() {
            let mut record = record.clone();
            if let Some(old) = known.of(kid) {
                if let (Some(recorded), Some(asked)) = (&old.issuer, &record.issuer)
                    && recorded != asked
                {
                    let (recorded, asked) = (recorded.clone(), asked.clone());
                    return Err(KeyDirError::OtherIssuer { path, kid: kid.clone(), recorded, asked });
                }
                record = record.or(old);
            }
            known.set(kid, record.normal());
        }
        Ok(known)
    }

    fn lock(&self) -> Result<DirectoryLock, KeyDirError> {
        let failed = |source| KeyDirError::Write { path: self.path.clone(), source };
        let lock = lock(&self.path).map_err(failed)?;
        sweep(&self.path);
        Ok(lock)
    }

    fn save_public(&self, ring: &KeyRing) -> Result<(), KeyDirError> {
        let path = self.public_keys_path();
        // Keys under ring/ have files of their own, and verify only once they are promoted.
        let staged = staged(self)?;
        let verifies = |key: &&PublicKey| *key == ring.signer() || !staged.contains(key.kid());
        let Some(found) = public_keys(&path)? else {
            if let Some(key) = private_key(&self.private_key_path(), &mut Vec::new())? {
                self.check_signer(&self.private_key_path(), ring.signer(), key.public_key())?;
            }
            let pem: String = ring.published().filter(verifies).map(PublicKey::to_pem).collect();
            return match files::create_new(&path, PUBLIC, pem.as_bytes()) {
                // Another process has completed the directory meanwhile: compare with what it wrote.
                Err(KeyDirError::AlreadyExists { .. }) => self.save_public(ring),
                written => written,
            };
        };
        if let Some(first) = found.keys.first() {
            self.check_signer(&path, ring.signer(), first)?;
        }
        if let Some(lost) = found.keys.iter().find(|key| ring.key(key.kid()).is_none()) {
            return Err(KeyDirError::WouldDrop { path, kid: lost.kid().clone() });
        }
        if ring.published().filter(verifies).all(|key| found.keys.contains(key)) {
            return Ok(());
        }
        let pem: String = ring
            .published()
            .filter(|key| found.keys.contains(key) || verifies(key))
            .map(PublicKey::to_pem)
            .collect();
        files::replace(&path, PUBLIC, pem.as_bytes())
    }

    /// Whether `sa.pub` is there and names this key as the signer's.
    fn is_signer(&self, key: &PublicKey) -> Result<bool, KeyDirError> {
        let path = self.public_keys_path();
        match public_keys(&path)? {
            None => Ok(false),
            Some(found) if found.keys.first() == Some(key) => Ok(true),
            Some(_) => Err(KeyDirError::AlreadyExists { path }),
        }
    }

    fn check_signer(&self, path: &Path, expected: &PublicKey, found: &PublicKey) -> Result<(), KeyDirError> {
        if expected == found {
            return Ok(());
        }
        Err(KeyDirError::OtherSigner {
            path: path.into(),
            expected: expected.kid().clone(),
            found: found.kid().clone(),
        })
    }

    fn encode(&self, records: &Records) -> Result<Vec<u8>, KeyDirError> {
        records.to_json().map_err(|source| KeyDirError::Records { path: self.records_path(), source })
    }
}
