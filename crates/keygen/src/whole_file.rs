//! Writes files whole: under a temporary name, made durable, then renamed. A reader sees the old
//! file or the new one; a crash leaves one of the two, and perhaps something under a temporary name.
//! Files of that kind are swept away by whoever next has the directory's lock.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

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
/// symbolic link in its place is refused, not followed, and so is whatever else is no regular file: a
/// device would be lost.
///
/// # Errors
/// When a part of it fails; then nothing has the file's name that did not have it before.
pub fn write_whole(path: &Path, bytes: &[u8], mode: u32, existing: Existing) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            return Err(io::Error::other("it is a symbolic link, which is not followed for writing"));
        }
        Ok(found) if !found.is_file() => return Err(io::Error::other("it is not a regular file")),
        _ => {}
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

/// Makes a directory, and those above it that are missing; one that is there stays as it is. Each
/// has its mode before it has its name, so that a killed run leaves none that nobody can enter.
/// `mode` is told what the umask would leave.
///
/// # Errors
/// When one cannot be made, or when something else has its name.
pub fn create_directories(path: &Path, mode: fn(u32) -> u32) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = parent(path);
    create_directories(above, mode)?;
    let mut builder = tempfile::Builder::new();
    let made = builder.prefix(TEMPORARY).permissions(Permissions::from_mode(0o777)).tempdir_in(above)?;
    let left = fs::metadata(made.path())?.permissions().mode() & 0o777;
    fs::set_permissions(made.path(), Permissions::from_mode(mode(left)))?;
    match rename_new(made.path(), path) {
        Ok(()) => {
            // Its name has changed: nothing is left to remove.
            let _ = made.keep();
            sync(above)
        }
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Renames without replacing: rename(2) alone would put the new directory in the place of an empty
/// one that another process has made, and locked, a moment ago.
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // A file system that cannot do it.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            result => return Ok(result?),
        }
    }
    fs::rename(from, to)
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

/// Removes what a killed run has left in a directory: half a private key is one too many. Only for
/// whoever holds the directory's [`lock`], for without it the file may be another process's.
pub fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().as_encoded_bytes().starts_with(TEMPORARY.as_bytes());
        if ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            // Litter is no reason to stop; a directory that cannot be written to says so soon enough.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Keeps other processes of this program out of a directory until it is dropped.
#[derive(Debug)]
pub struct DirectoryLock(#[allow(dead_code, reason = "the lock ends with the file")] File);

/// How long a lock is waited for. Whoever has it writes some small files; one that is stopped must
/// not stop all others.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How often it is tried meanwhile.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Locks a directory, with an advisory lock on the directory itself: no file is left behind. Waits
/// some seconds for another process that has it.
///
/// # Errors
/// When the directory cannot be opened or locked, or when another process keeps it.
pub fn lock(directory: &Path) -> io::Result<DirectoryLock> {
    let file = File::open(directory)?;
    for _ in 0..LOCK_WAIT.as_millis() / LOCK_PAUSE.as_millis() {
        match file.try_lock() {
            Ok(()) => return Ok(DirectoryLock(file)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::TimedOut,
        format!("another process has kept it locked for {} s", LOCK_WAIT.as_secs()),
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn only_a_regular_file_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let write = |name: &str| write_whole(&path(name), b"new", 0o600, Existing::Replace);
        fs::write(path("file"), "old").unwrap();
        write("file").unwrap();
        assert_eq!(fs::read(path("file")).unwrap(), b"new");

        let _socket = UnixListener::bind(path("socket")).unwrap();
        fs::create_dir(path("directory")).unwrap();
        for name in ["socket", "directory"] {
            assert_eq!(write(name).unwrap_err().to_string(), "it is not a regular file");
        }
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        assert!(write("link").unwrap_err().to_string().contains("symbolic link"));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 4, "nothing else was left");
    }
}
