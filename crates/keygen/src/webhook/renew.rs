//! All writing to the directory, in an order that a kill cannot break.

use std::{fs, io};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::certificate::Certificate;
use super::held::{Held, Serving};
use super::names::Names;
use super::{WebhookCertificateError, made};
use crate::whole_file::{is_symlink, sync};
use crate::{KeyDirError, files};

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

impl Held {
    /// Refuses to write through a symbolic link, or in its place, before anything is changed.
    pub(super) fn refuse_symlinks(&self) -> Result<(), KeyDirError> {
        let mut paths = ["ca.crt", "ca.key", "tls.crt", "tls.key"].map(|name| self.path(name)).into_iter();
        match paths.find(|path| is_symlink(path)) {
            Some(path) => Err(KeyDirError::Symlink { path }),
            None => Ok(()),
        }
    }

    /// Makes a new authority and puts it before the others.
    pub(super) fn renew_authority(&mut self, now: OffsetDateTime) -> Result<(), WebhookCertificateError> {
        let first = self.authorities.is_empty();
        // Those that have ended go; but until the keys below are replaced, the next run has to know them as ours.
        let stays = |old: &Certificate| {
            let in_use = self.serving.as_ref().is_some_and(|serving| serving.certificate.is_signed_by(old));
            now <= old.not_after() || in_use || self.signs_now(old)
        };
        let mut stays = self.authorities.iter().map(stays).collect::<Vec<bool>>().into_iter();
        self.authorities.retain(|_| stays.next().unwrap_or(true));
        let key = match self.authority_key.take() {
            // A first run was killed before it wrote more than this.
            Some(key) if first => key,
            _ => made::key()?,
        };
        self.authorities.insert(0, made::authority(&key, now)?);

        let bundle: String = self.authorities.iter().map(Certificate::to_pem).collect();
        let key_pem = Zeroizing::new(key.serialize_pem());
        let write_key = || files::replace(&self.path("ca.key"), PRIVATE, key_pem.as_bytes());
        let write_bundle = || files::replace(&self.path("ca.crt"), PUBLIC, bundle.as_bytes());
        // At every moment the key there belongs to a certificate of the bundle, or there is no bundle.
        if first {
            write_key()?;
            write_bundle()?;
        } else {
            write_bundle()?;
            write_key()?;
        }
        self.authority_key = Some(key);
        Ok(())
    }

    /// Makes a new serving certificate.
    pub(super) fn renew(
        &mut self,
        names: &Names,
        now: OffsetDateTime,
    ) -> Result<(), WebhookCertificateError> {
        let (Some(authority), Some(authority_key)) = (self.signing(), &self.authority_key) else {
            return Err(self.mismatch("ca.key", "ca.crt"));
        };
        let key = made::key()?;
        let certificate = made::serving(&key, names, authority, authority_key, now)?;
        if !certificate.is_signed_by(authority) {
            let why = "its first certificate has a name that this program gives to none";
            return Err(WebhookCertificateError::Certificate { path: self.path("ca.crt"), why });
        }
        let key_pem = Zeroizing::new(key.serialize_pem());
        self.remove("tls.crt")?;
        files::replace(&self.path("tls.key"), PRIVATE, key_pem.as_bytes())?;
        files::replace(&self.path("tls.crt"), PUBLIC, certificate.to_pem().as_bytes())?;
        self.serving = Some(Serving { certificate, key_pem });
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), KeyDirError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed
                .and_then(|()| sync(&self.directory))
                .map_err(|source| KeyDirError::Write { path, source }),
        }
    }
}
