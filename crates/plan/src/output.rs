//! The files that tell the cluster: written whole, secret ones for their owner alone.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

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

    /// Writes the file under a temporary name and renames it.
    ///
    /// # Errors
    /// When the directory or the file cannot be written, or a symbolic link is in its place.
    pub fn write(&self) -> Result<(), PlanError> {
        let failed = |source| PlanError::Output { path: self.path.clone(), source };
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(failed)?;
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.file_type().is_symlink()) {
            return Err(failed(io::Error::other("it is a symbolic link, which is not followed for writing")));
        }
        let mut file = tempfile::Builder::new().prefix(".issuerctl-").tempfile_in(parent).map_err(failed)?;
        set_mode(file.as_file(), if self.secret { 0o600 } else { 0o644 }).map_err(failed)?;
        file.write_all(self.contents.as_bytes()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        File::open(parent).and_then(|directory| directory.sync_all()).map_err(failed)
    }
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}
