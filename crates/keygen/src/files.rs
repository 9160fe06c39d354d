//! The one way in which this crate touches files. Reading follows symlinks (mounted Secrets are
//! made of them), is bounded, and never waits for a FIFO. Writing goes through a temporary name in
//! the same directory with its mode set whatever the umask, is synced before it gets its name and
//! the directory after, and never follows or replaces a symlink.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::KeyDirError;
use crate::whole_file::{
    Existing, TEMPORARY, create_directories, is_symlink, parent, rename_new, sync, write_whole,
};

/// No key file comes near it.
const LARGEST: u64 = 1024 * 1024;

/// A file's bytes, wiped after use, and its permission bits.
pub(crate) struct Contents {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) mode: u32,
}

/// Reads a regular file of bounded size; `None` when there is none of that name.
pub(crate) fn read(path: &Path) -> Result<Option<Contents>, KeyDirError> {
    let failed = |source| KeyDirError::Read { path: path.into(), source };
    let Some(file) = open(path)? else { return Ok(None) };
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(KeyDirError::NotAFile { path: path.into() });
    }
    // Room for all of it at once: a buffer that grows leaves copies of a private key behind.
    let room = metadata.len().min(LARGEST) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(room).unwrap_or(0)));
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(KeyDirError::TooLarge { path: path.into() });
    }
    Ok(Some(Contents { bytes, mode: metadata.permissions().mode() & 0o7777 }))
}

/// Writes a file that must not exist yet.
pub(crate) fn create_new(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), KeyDirError> {
    refuse_symlink(path)?;
    write_whole(path, bytes, mode, Existing::Refuse).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyDirError::AlreadyExists { path: path.into() },
        _ => KeyDirError::Write { path: path.into(), source },
    })
}

/// Writes a file that may exist; nothing is touched when it has these bytes already.
pub(crate) fn replace(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), KeyDirError> {
    if read(path)?.is_some_and(|old| old.bytes.as_slice() == bytes) {
        return Ok(());
    }
    refuse_symlink(path)?;
    write_whole(path, bytes, mode, Existing::Replace)
        .map_err(|source| KeyDirError::Write { path: path.into(), source })
}

/// Makes a directory that only its owner enters, with one file in it from the beginning; says
/// whether it was made. The directories above it are made as usual.
pub(crate) fn create_directory(path: &Path, name: &str, bytes: &[u8]) -> Result<bool, KeyDirError> {
    let failed = |source| KeyDirError::Write { path: path.into(), source };
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Ok(false),
        Ok(_) => return Err(KeyDirError::NotADirectory { path: path.into() }),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Err(_) => refuse_symlink(path)?,
    }
    let parent = parent(path);
    // What the umask leaves, but never ones that their owner cannot enter.
    create_directories(parent, |left| left | 0o700).map_err(failed)?;
    let private = Permissions::from_mode(0o700);
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(TEMPORARY).permissions(private.clone());
    let made = builder.tempdir_in(parent).map_err(failed)?;
    fs::set_permissions(made.path(), private).map_err(failed)?;
    create_new(&made.path().join(name), 0o644, bytes)?;
    // Atomic, so that no directory of keys is ever seen without its file, and another process's
    // directory is never replaced: it is not empty.
    match rename_new(made.path(), path) {
        Ok(()) => {
            // Its name has changed: nothing is left to remove.
            let _ = made.keep();
            sync(parent).map_err(failed)?;
            Ok(true)
        }
        Err(_) if fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// Opens a file for reading; `None` when there is none of that name.
fn open(path: &Path) -> Result<Option<File>, KeyDirError> {
    // Without O_NONBLOCK, opening a FIFO waits until somebody writes to it.
    let nonblock = OFlags::NONBLOCK.bits().cast_signed();
    loop {
        let error = match OpenOptions::new().read(true).custom_flags(nonblock).open(path) {
            Ok(file) => return Ok(Some(file)),
            Err(error) => error,
        };
        if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) {
            // What open(2) says of a socket.
            return Err(KeyDirError::NotAFile { path: path.into() });
        }
        if error.kind() != io::ErrorKind::NotFound {
            return Err(KeyDirError::Read { path: path.into(), source: error });
        }
        if is_missing(path)? {
            return Ok(None);
        }
    }
}

/// Whether a name that was not found is really not there: not a link to nothing, which is a Secret
/// that is not mounted and not a key that was never made, and not made by somebody since.
pub(crate) fn is_missing(path: &Path) -> Result<bool, KeyDirError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() && !path.exists() => {
            Err(KeyDirError::DanglingSymlink { path: path.into() })
        }
        Ok(_) => Ok(false),
        Err(_) => Ok(true),
    }
}

/// Refuses a name that is taken, by a link that leads nowhere too.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), KeyDirError> {
    refuse_symlink(path)?;
    if path.exists() { Err(KeyDirError::AlreadyExists { path: path.into() }) } else { Ok(()) }
}

fn refuse_symlink(path: &Path) -> Result<(), KeyDirError> {
    if is_symlink(path) { Err(KeyDirError::Symlink { path: path.into() }) } else { Ok(()) }
}
