//! The files that tell the cluster: written whole, secret ones for their owner alone.

use std::fs;
use std::path::PathBuf;

use issuer_keygen::{Existing, create_directories, lock, parent, sweep, write_whole};

use crate::error::PlanError;

/// A file that is wanted.
#[derive(Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// Where.
    pub path: PathBuf,
    /// What it holds.
    pub contents: String,
    /// Whether it holds a secret: then 0600, else 0644.
    pub secret: bool,
}

impl std::fmt::Debug for OutputFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutputFile")
            .field("path", &self.path)
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}

impl OutputFile {
    /// Tells whether the file is there already, byte for byte.
    pub(crate) fn is_there(&self) -> bool {
        fs::metadata(&self.path)
            .is_ok_and(|found| found.is_file() && found.len() == self.contents.len() as u64)
            && fs::read(&self.path).is_ok_and(|bytes| bytes == self.contents.as_bytes())
    }

    /// Writes the file whole, and the directories above it.
    ///
    /// # Errors
    /// When the directory or the file cannot be written, or a symbolic link is in its place.
    pub fn write(&self) -> Result<(), PlanError> {
        let failed = |source| PlanError::Output { path: self.path.clone(), source };
        let directory = parent(&self.path);
        create_directories(directory, |left| left & 0o755 | 0o700).map_err(failed)?;
        let _lock = lock(directory).map_err(failed)?;
        sweep(directory);
        let mode = if self.secret { 0o600 } else { 0o644 };
        write_whole(&self.path, self.contents.as_bytes(), mode, Existing::Replace).map_err(failed)
    }
}
