//! Publishing to a directory: the tree that any web server can hand out.
//!
//! A document is written under a temporary name, made durable and renamed, so that a reader sees
//! the old one or the new one, whole. Files are 0644 and directories 0755 whatever the umask says,
//! for another user's web server has to read them.

mod leave;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use issuer_keygen::{Existing, create_directories, is_symlink, lock, parent, sweep, write_whole};

use crate::fetch::MAX_DOCUMENT_BYTES;
use crate::patience::Waiting;
use crate::publish::{LiveDocuments, LiveObject, PublishChange, Publisher, Replaces};
use crate::site::{DISCOVERY_PATH, JwksPath, Object, Site};

pub use leave::{LeavingDirectory, leave_directory};

/// A directory that the issuer URL points to.
#[derive(Clone, Debug)]
pub struct DirectoryPublisher {
    root: PathBuf,
    jwks_path: JwksPath,
}

/// What is in the directory now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveDirectory {
    /// Whether it is there.
    pub exists: bool,
    /// The documents.
    pub documents: LiveDocuments,
}

/// Why publishing to a directory fails.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A document cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file that is no document.
    #[error("{} has more than {MAX_DOCUMENT_BYTES} bytes or is no regular file: not a document of an issuer", .path.display())]
    NotADocument {
        /// The file.
        path: PathBuf,
    },
    /// A document or directory cannot be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A document cannot be removed.
    #[error("cannot remove {}", .path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A symbolic link where a document has to be written.
    #[error("{} is a symbolic link; it is not followed for writing: remove it or publish to where it points", .path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// A change that no directory has; a plan for a directory has none of them.
    #[error("`{0}` is no change of a directory")]
    NotForDirectories(&'static str),
    /// Somebody else has written it meanwhile.
    #[error("{} was changed by somebody else meanwhile", .path.display())]
    Raced {
        /// The file.
        path: PathBuf,
    },
}

impl DirectoryPublisher {
    /// Publishes below this directory.
    #[must_use]
    pub fn new(root: PathBuf, jwks_path: JwksPath) -> Self {
        Self { root, jwks_path }
    }

    /// Returns the directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads the two documents as they are.
    ///
    /// # Errors
    /// When one is there and cannot be read.
    pub fn read_now(&self) -> Result<LiveDirectory, DirectoryError> {
        Ok(LiveDirectory {
            exists: self.root.is_dir(),
            documents: LiveDocuments {
                discovery: read_document(&self.root.join(DISCOVERY_PATH))?,
                jwks: read_document(&self.root.join(self.jwks_path.as_str()))?,
            },
        })
    }

    /// Writes one document.
    ///
    /// # Errors
    /// When it cannot be written, or has been changed meanwhile.
    pub fn apply_now(&self, change: &PublishChange) -> Result<(), DirectoryError> {
        match change {
            PublishChange::Object { object, replaces } => self.write(object, replaces),
            PublishChange::CreateDirectory { path } => make_directories(path),
            other => Err(DirectoryError::NotForDirectories(other.kind())),
        }
    }

    fn write(&self, object: &Object, replaces: &Replaces) -> Result<(), DirectoryError> {
        let path = self.root.join(&object.path);
        make_directories(parent(&path))?;
        // What was read is compared and replaced with nobody of ours in between.
        let _lock =
            lock(&self.root).map_err(|source| DirectoryError::Write { path: self.root.clone(), source })?;
        sweep(parent(&path));
        if is_symlink(&path) {
            return Err(DirectoryError::Symlink { path });
        }
        let raced = |path| Err(DirectoryError::Raced { path });
        let existing = match replaces {
            Replaces::Nothing => Existing::Refuse,
            Replaces::Bytes(read) => match read_document(&path)? {
                Some(now) if now.bytes == *read => Existing::Replace,
                _ => return raced(path),
            },
            Replaces::ETag(_) => return raced(path),
        };
        match write_whole(&path, &object.bytes, 0o644, existing) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => raced(path),
            result => result.map_err(|source| DirectoryError::Write { path, source }),
        }
    }
}

impl Publisher for DirectoryPublisher {
    type Live = LiveDirectory;
    type Error = DirectoryError;

    async fn read(&self) -> Result<LiveDirectory, DirectoryError> {
        self.read_now()
    }

    async fn apply(
        &self,
        change: &PublishChange,
        _: &(dyn Fn(&Waiting) + Send + Sync),
    ) -> Result<(), DirectoryError> {
        self.apply_now(change)
    }
}

/// Says what has to change so that a directory holds a site.
#[must_use]
pub fn diff_directory(root: &Path, live: &LiveDirectory, site: &Site) -> Vec<PublishChange> {
    let mut changes = Vec::new();
    if !live.exists {
        changes.push(PublishChange::CreateDirectory { path: root.to_owned() });
    }
    let pairs = [(site.jwks(), &live.documents.jwks), (site.discovery(), &live.documents.discovery)];
    for (object, found) in pairs {
        let replaces = match found {
            Some(found) if found.bytes == object.bytes => continue,
            Some(found) => Replaces::Bytes(found.bytes.clone()),
            None => Replaces::Nothing,
        };
        changes.push(PublishChange::Object { object: object.clone(), replaces });
    }
    changes
}

fn read_document(path: &Path) -> Result<Option<LiveObject>, DirectoryError> {
    let failed = |source| DirectoryError::Read { path: path.to_owned(), source };
    // Looked at before it is opened: opening a FIFO waits for ever.
    match fs::metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(DirectoryError::NotADocument { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(failed(error)),
    }
    let mut bytes = Vec::new();
    let limit = MAX_DOCUMENT_BYTES as u64 + 1;
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(DirectoryError::NotADocument { path: path.to_owned() });
    }
    Ok(Some(LiveObject { bytes, ..LiveObject::default() }))
}

fn make_directories(path: &Path) -> Result<(), DirectoryError> {
    create_directories(path, |_| 0o755)
        .map_err(|source| DirectoryError::Write { path: path.to_owned(), source })
}
