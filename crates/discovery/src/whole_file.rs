//! Writes files whole: under a temporary name, made durable, then renamed. A reader sees the old
//! file or the new one; a crash leaves one of the two.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

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
    let mut file = tempfile::Builder::new().prefix(".issuerctl-").tempfile_in(directory)?;
    set_mode(file.as_file(), mode)?;
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
pub(crate) fn is_symlink(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_symlink())
}

/// Returns the directory that a name stands in.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the names in a directory durable.
pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
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
