//! Reading a key directory: every public key in it, the signer's private one if it is there, and
//! what an operator should know. The signer's public half is derived again and compared.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use crate::ring_file::Records;
use crate::{
    KeyDir, KeyDirError, KeyId, KeyRing, Note, PublicKey, PublicKeys, SigningKey, Skipped, Weakness, files,
    read_public_keys,
};

/// What a key directory holds.
#[derive(Debug)]
pub struct Loaded {
    /// The keys and what is known of them.
    pub ring: KeyRing,
    /// The signer's private key; without it everything but signing works.
    pub signing_key: Option<SigningKey>,
    /// What is wrong without being in the way.
    pub warnings: Vec<KeyDirWarning>,
}

/// Something about a key directory that should be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyDirWarning {
    /// Others than the owner may read or change a private key.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Others than the owner may put files into the key directory, or replace those in it.
    Writable {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key can be broken.
    Weak {
        /// The key.
        kid: KeyId,
        /// Why.
        weakness: Weakness,
    },
    /// A block of a file of public keys was passed over.
    Skipped {
        /// The file.
        path: PathBuf,
        /// The block and the reason.
        skipped: Skipped,
    },
    /// A block of a file of public keys is unusual.
    Unusual {
        /// The file.
        path: PathBuf,
        /// The block and what is unusual.
        note: Note,
    },
}

impl fmt::Display for KeyDirWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exposed { path, mode } => write!(
                f,
                "{path} is open to others (mode {mode:04o}) and holds a private key: `chmod 600 {path}`, or a defaultMode of 0400 for a mounted Secret",
                path = path.display()
            ),
            Self::Writable { path, mode } => write!(
                f,
                "{path} can be written to by others (mode {mode:04o}): they could put a key of theirs there; `chmod go-w {path}`",
                path = path.display()
            ),
            Self::Weak { kid, weakness } => write!(f, "the key {kid} is weak: {weakness}"),
            Self::Skipped { path, skipped } => write!(f, "{}: {skipped}", path.display()),
            Self::Unusual { path, note } => write!(f, "{}: {note}", path.display()),
        }
    }
}

/// Reads a file of public keys as [`read_public_keys`] does its text: at most 1 MiB of a regular file,
/// through symlinks. For keys that are given by hand and not in a [`KeyDir`].
///
/// # Errors
/// [`KeyDirError`] when the file is not there, cannot be read, or holds no key that is taken.
pub fn read_public_key_file(path: &Path) -> Result<PublicKeys, KeyDirError> {
    let missing = || KeyDirError::Read { path: path.into(), source: rustix::io::Errno::NOENT.into() };
    public_keys(path)?.ok_or_else(missing)
}

/// Reads the directory; `None` when it does not exist or holds no key.
pub(crate) fn load(directory: &KeyDir) -> Result<Option<Loaded>, KeyDirError> {
    if !is_directory(directory.path())? {
        return Ok(None);
    }
    let mut warnings = Vec::from_iter(writable(directory.path())?);
    let signing_key = private_key(&directory.private_key_path(), &mut warnings)?;
    let mut keys = match public_keys(&directory.public_keys_path())? {
        None => signing_key.iter().map(|key| key.public_key().clone()).collect(),
        Some(found) => {
            let path = directory.public_keys_path();
            let unusual =
                found.notes.into_iter().map(|note| KeyDirWarning::Unusual { path: path.clone(), note });
            warnings.extend(unusual);
            let skipped = found.skipped.into_iter();
            warnings.extend(skipped.map(|skipped| KeyDirWarning::Skipped { path: path.clone(), skipped }));
            if let Some(key) = &signing_key {
                same_key(directory, key.public_key().kid(), &found.keys)?;
            }
            found.keys
        }
    };
    let records = records(&directory.records_path())?;
    let staged = staged(directory)?;
    if keys.is_empty() && staged.is_empty() {
        return Ok(None);
    }
    if keys.is_empty() {
        return Err(KeyDirError::NoSigner { path: directory.path().into() });
    }
    // In the order of the records, so that the JWKS does not depend on how names sort.
    let (known, unknown): (Vec<_>, Vec<_>) = staged.iter().partition(|kid| records.of(kid).is_some());
    let known = records.iter().map(|(kid, _)| kid).filter(|kid| known.contains(kid));
    for kid in known.chain(unknown) {
        keys.push(staged_key(directory, kid, &mut warnings)?);
    }
    let ring = KeyRing::from_parts(keys, records)
        .map_err(|_| KeyDirError::NoSigner { path: directory.path().into() })?;
    for key in ring.published() {
        let kid = || key.kid().clone();
        warnings.extend(key.weakness().map(|weakness| KeyDirWarning::Weak { kid: kid(), weakness }));
    }
    Ok(Some(Loaded { ring, signing_key, warnings }))
}

/// Reads a private key's file; `None` when there is none.
pub(crate) fn private_key(
    path: &Path,
    warnings: &mut Vec<KeyDirWarning>,
) -> Result<Option<SigningKey>, KeyDirError> {
    let Some(contents) = files::read(path)? else { return Ok(None) };
    if contents.mode & 0o077 != 0 {
        warnings.push(KeyDirWarning::Exposed { path: path.into(), mode: contents.mode });
    }
    let key = SigningKey::from_pem(&contents.bytes);
    key.map(Some).map_err(|source| KeyDirError::Pem { path: path.into(), source })
}

/// Reads a file of public keys; `None` when there is none.
pub(crate) fn public_keys(path: &Path) -> Result<Option<PublicKeys>, KeyDirError> {
    let Some(contents) = files::read(path)? else { return Ok(None) };
    let keys = read_public_keys(&contents.bytes);
    keys.map(Some).map_err(|source| KeyDirError::Pem { path: path.into(), source })
}

/// Reads the records; none are there when the file is not.
pub(crate) fn records(path: &Path) -> Result<Records, KeyDirError> {
    match files::read(path)? {
        None => Ok(Records::default()),
        Some(contents) => Records::parse(&contents.bytes)
            .map_err(|source| KeyDirError::Records { path: path.into(), source }),
    }
}

/// The keys that have files under `ring/`. Other names there, of a killed run say, are passed over.
pub(crate) fn staged(directory: &KeyDir) -> Result<BTreeSet<KeyId>, KeyDirError> {
    let path = directory.staged_path();
    let failed = |source| KeyDirError::Read { path: path.clone(), source };
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut kids = BTreeSet::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".pub").or(name.strip_suffix(".key")));
        kids.extend(stem.and_then(|stem| stem.parse::<KeyId>().ok()));
    }
    Ok(kids)
}

/// The public half of a key under `ring/`: as written, or derived when only the private one is there.
fn staged_key(
    directory: &KeyDir,
    kid: &KeyId,
    warnings: &mut Vec<KeyDirWarning>,
) -> Result<PublicKey, KeyDirError> {
    let key_path = directory.staged_path().join(format!("{kid}.key"));
    let pub_path = directory.staged_path().join(format!("{kid}.pub"));
    let private = private_key(&key_path, warnings)?.map(|key| (key_path, key.into_public_key()));
    let public = public_keys(&pub_path)?.and_then(|found| found.keys.into_iter().next());
    let halves = [private, public.map(|key| (pub_path.clone(), key))];
    for (path, key) in halves.iter().flatten() {
        if key.kid() != kid {
            return Err(KeyDirError::Misnamed {
                path: path.clone(),
                named: kid.clone(),
                found: key.kid().clone(),
            });
        }
    }
    let key = halves.into_iter().flatten().next().map(|(_, key)| key);
    // It was listed a moment ago; somebody has taken it away since.
    key.ok_or_else(|| KeyDirError::Read { path: pub_path, source: rustix::io::Errno::NOENT.into() })
}

fn same_key(directory: &KeyDir, private_kid: &KeyId, public: &[PublicKey]) -> Result<(), KeyDirError> {
    match public.first() {
        Some(first) if first.kid() != private_kid => Err(KeyDirError::Mismatch {
            private_path: directory.private_key_path(),
            private_kid: private_kid.clone(),
            public_path: directory.public_keys_path(),
            public_kid: first.kid().clone(),
        }),
        _ => Ok(()),
    }
}

/// Tells whether others may write to a directory. A mounted Secret says so too, but is read-only.
fn writable(path: &Path) -> Result<Option<KeyDirWarning>, KeyDirError> {
    let failed = |source| KeyDirError::Read { path: path.into(), source };
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o7777;
    let mount = rustix::fs::statvfs(path).map_err(|errno| failed(errno.into()))?;
    let written = mode & 0o022 != 0 && !mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY);
    Ok(written.then(|| KeyDirWarning::Writable { path: path.into(), mode }))
}

fn is_directory(path: &Path) -> Result<bool, KeyDirError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(_) => Err(KeyDirError::NotADirectory { path: path.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A directory that was made since is not there yet for us.
            files::is_missing(path).map(|_| false)
        }
        Err(source) => Err(KeyDirError::Read { path: path.into(), source }),
    }
}
