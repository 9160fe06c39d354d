//! A directory that the state sleeps in: one file, written whole before a change is answered, and the authority.
//!
//! One sandbox has the directory at a time. What cannot be read is refused and left as it is.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use issuer_keygen::{Existing, write_whole};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::account::Snapshot;
use crate::error::SandboxError;
use crate::state::State;

/// The form that this version writes; a newer one is not read.
const VERSION: u64 = 1;
const STATE: &str = "state.json";
const AUTHORITY: &str = "authority.pem";

/// The directory, locked until it is dropped.
#[derive(Debug)]
pub(crate) struct Store {
    directory: PathBuf,
    /// The revision that is in the file.
    saved: Mutex<u64>,
    /// Ends with the last who has it: a write that is under way keeps it.
    lock: Arc<File>,
}

/// What the file has.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Saved {
    version: u64,
    pub(crate) account: String,
    pub(crate) partition: String,
    /// Numbers up to this one were given to buckets and versions.
    pub(crate) next_thing: u64,
    pub(crate) state: State,
}

impl Saved {
    /// What is to be written.
    pub(crate) fn new(account: String, partition: String, next_thing: u64, state: State) -> Self {
        Self { version: VERSION, account, partition, next_thing, state }
    }
}

impl Store {
    /// Opens a directory, or makes it for its owner alone.
    pub(crate) fn open(directory: &Path) -> Result<Self, SandboxError> {
        let failed = |source| SandboxError::StateDirectory { path: directory.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let lock = File::open(directory).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {
                Ok(Self { directory: directory.to_owned(), saved: Mutex::new(0), lock: Arc::new(lock) })
            }
            Err(TryLockError::WouldBlock) => Err(SandboxError::StateInUse { path: directory.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Reads what was saved; nothing when nothing was.
    pub(crate) fn load(&self) -> Result<Option<Saved>, SandboxError> {
        let path = self.directory.join(STATE);
        let Some(bytes) = read(&path)? else { return Ok(None) };
        let corrupt = |source| SandboxError::StateCorrupt { path: path.clone(), source };
        let value = serde_json::from_slice::<Value>(&bytes).map_err(corrupt)?;
        match value.get("version").and_then(Value::as_u64) {
            Some(version) if version > VERSION => Err(SandboxError::StateNewer { path, version }),
            _ => serde_json::from_value(value).map(Some).map_err(corrupt),
        }
    }

    /// The authority's key and certificate, as PEM; nothing when there is none yet.
    pub(crate) fn authority(&self) -> Result<Option<String>, SandboxError> {
        let path = self.directory.join(AUTHORITY);
        let Some(bytes) = read(&path)? else { return Ok(None) };
        String::from_utf8(bytes).map(Some).map_err(|_| SandboxError::AuthorityCorrupt { path })
    }

    /// Where the authority is kept.
    pub(crate) fn authority_path(&self) -> PathBuf {
        self.directory.join(AUTHORITY)
    }

    /// Keeps a new authority.
    pub(crate) fn keep_authority(&self, pem: &str) -> Result<(), SandboxError> {
        let path = self.authority_path();
        let written = write_whole(&path, pem.as_bytes(), 0o600, Existing::Refuse);
        written.map_err(|source| SandboxError::StateDirectory { path, source })
    }

    /// Saves the state, unless what is in the file is as new.
    pub(crate) async fn save(&self, snapshot: impl FnOnce() -> Snapshot) -> io::Result<()> {
        // Taken under the lock: of two that wait, the later one writes the later state.
        let mut saved = self.saved.lock().await;
        let Snapshot { revision, state } = snapshot();
        if *saved == revision {
            return Ok(());
        }
        let path = self.directory.join(STATE);
        let lock = Arc::clone(&self.lock);
        let write = move || {
            let _until_written = lock;
            let bytes = serde_json::to_vec(&state)?;
            write_whole(&path, &bytes, 0o600, Existing::Replace)
        };
        tokio::task::spawn_blocking(write).await.map_err(io::Error::other)??;
        *saved = revision;
        Ok(())
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, SandboxError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SandboxError::StateDirectory { path: path.to_owned(), source }),
    }
}
