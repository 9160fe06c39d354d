//! Takes the two documents out of a directory again: only this issuer's, and through no symbolic link.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use issuer_keygen::{is_symlink, lock, parent, sweep, sync};

use super::{DirectoryError, DirectoryPublisher, read_document};
use crate::issuer::IssuerUrl;
use crate::merge::MergeError;
use crate::publish::LiveDocuments;
use crate::site::{DISCOVERY_PATH, JwksPath};
use crate::withdraw::{OfIssuer, WithdrawChange, Withdrawal};

/// A directory as it is now, as far as leaving it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeavingDirectory {
    /// The documents; those behind a symbolic link are not looked at.
    pub documents: LiveDocuments,
    /// The symbolic links that stand where a document or a directory of one is expected.
    pub links: Vec<PathBuf>,
}

/// Says what has to go so that nothing of an issuer is left in a directory.
///
/// # Errors
/// When the documents were looked for at the wrong path.
pub fn leave_directory(
    publisher: &DirectoryPublisher,
    live: &LeavingDirectory,
    issuer: &IssuerUrl,
) -> Result<Withdrawal, MergeError> {
    let root = publisher.root();
    let jwks_path: &JwksPath = &publisher.jwks_path;
    let of_issuer = OfIssuer::of(issuer, jwks_path, &live.documents, false, &root.display().to_string())?;
    let documents = [
        (of_issuer.jwks, jwks_path.as_str(), &live.documents.jwks),
        (of_issuer.discovery, DISCOVERY_PATH, &live.documents.discovery),
    ];
    let ours = documents.into_iter().filter(|(ours, ..)| *ours);
    let changes = ours.filter_map(|(_, path, found)| {
        let bytes = found.as_ref()?.bytes.clone();
        Some(WithdrawChange::File { file: root.join(path), path: path.to_owned(), bytes })
    });
    let changes = changes.collect();
    let mut notes = of_issuer.notes;
    let links = live
        .links
        .iter()
        .map(|link| format!("{} is a symbolic link: it and what it leads to stay", link.display()));
    notes.extend(links);
    Ok(Withdrawal { changes, notes })
}

impl DirectoryPublisher {
    /// Reads what leaving the directory has to know.
    ///
    /// # Errors
    /// When a document is there and cannot be read.
    pub fn leaving(&self) -> Result<LeavingDirectory, DirectoryError> {
        let mut links = Vec::new();
        let mut read = |path: &str| match self.link(path) {
            Some(link) => {
                links.push(link);
                Ok(None)
            }
            None => read_document(&self.root.join(path)),
        };
        let documents =
            LiveDocuments { discovery: read(DISCOVERY_PATH)?, jwks: read(self.jwks_path.as_str())? };
        links.dedup();
        Ok(LeavingDirectory { documents, links })
    }

    /// Takes one document away, and the directories below the root that are empty then; one that is gone already is
    /// done.
    ///
    /// # Errors
    /// When it cannot be taken away, or is not what it was when it was read.
    pub fn withdraw_now(&self, change: &WithdrawChange) -> Result<(), DirectoryError> {
        let WithdrawChange::File { path, bytes, .. } = change else {
            return Err(DirectoryError::NotForDirectories(change.kind()));
        };
        let file = self.root.join(path);
        let failed = |path: &Path, source| DirectoryError::Remove { path: path.to_owned(), source };
        let _lock = match lock(&self.root) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(&self.root, error)),
        };
        if let Some(path) = self.link(path) {
            return Err(DirectoryError::Symlink { path });
        }
        match read_document(&file)? {
            Some(now) if now.bytes == *bytes => {}
            Some(_) => return Err(DirectoryError::Raced { path: file }),
            None => return Ok(()),
        }
        fs::remove_file(&file).map_err(|source| failed(&file, source))?;
        sync(parent(&file)).map_err(|source| failed(&file, source))?;
        // What a killed run of ours has left would keep the directory from being empty.
        sweep(parent(&file));
        let below = file.ancestors().skip(1).take_while(|directory| *directory != self.root);
        // One that is not empty is somebody else's too.
        let _ = below.map(fs::remove_dir).take_while(Result::is_ok).count();
        Ok(())
    }

    /// Finds the first symbolic link below the root on the way to a document.
    fn link(&self, path: &str) -> Option<PathBuf> {
        let mut place = self.root.clone();
        path.split('/').find_map(|name| {
            place.push(name);
            is_symlink(&place).then(|| place.clone())
        })
    }
}
