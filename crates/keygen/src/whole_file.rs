//! Writes files whole: under a temporary name, made durable, then renamed. A reader sees the old
//! file or the new one; a crash leaves one of the two.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// What a killed run may leave behind begins so; nothing reads it.
pub(crate) const TEMPORARY: &str = ".issuerctl-";

/// Whether a file may be there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It must not be: the write fails with [`io::ErrorKind::AlreadyExists`], whoever was faster.
    Refuse,
    /// It is replaced.
    Replace,
}

/// Writes a file with these permission bits, whatever the umask says. Its directory has to exist. A
/// symbolic link in its place is refused, not followed.
///
/// # Errors
/// When a part of it fails; then nothing has the file's name that did not have it before.
pub fn write_whole(path: &Path, bytes: &[u8], mode: u32, existing: Existing) -> io::Result<()> {
    if is_symlink(path) {
        return Err(io::Error::other("it is a symbolic link, which is not followed for writing"));
    }
    let directory = parent(path);
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(directory)?;
    // Before the first byte, and not by open(2), whose mode the umask takes away from.
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    match existing {
        Existing::Refuse => file.persist_noclobber(path)?,
        Existing::Replace => file.persist(path)?,
    };
    // The name is durable when the directory that it stands in is.
    sync(directory)
}

/// Tells whether there is a symbolic link, whether it leads anywhere or not.
#[must_use]
pub fn is_symlink(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_symlink())
}

/// Returns the directory that a name stands in.
#[must_use]
pub fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the names in a directory durable.
///
/// # Errors
/// When the directory cannot be opened or synced.
pub fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Keeps other processes of this program out of a directory until it is dropped; waits for them.
#[derive(Debug)]
pub struct DirectoryLock(#[allow(dead_code, reason = "the lock ends with the file")] File);

/// Locks a directory, with an advisory lock on the directory itself: no file is left behind.
///
/// # Errors
/// When the directory cannot be opened or locked.
pub fn lock(directory: &Path) -> io::Result<DirectoryLock> {
    let file = File::open(directory)?;
    file.lock()?;
    Ok(DirectoryLock(file))
}
