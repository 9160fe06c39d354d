//! What the directory holds, and what that wants.

use std::path::{Path, PathBuf};

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::certificate::Certificate;
use super::made::SERVING_LIFE;
use super::names::Names;
use super::{
    WEBHOOK_RENEWAL_WINDOW, WebhookCertificate, WebhookCertificateError, WebhookPlan, WebhookRenewal,
    WebhookWarning,
};
use crate::{KeyDirWarning, files};

/// The files, read and found to belong together.
pub(super) struct Held {
    pub(super) directory: PathBuf,
    /// As they stand in `ca.crt`.
    pub(super) authorities: Vec<Certificate>,
    /// `ca.key`; it may be gone, or be there alone when a first run was killed.
    pub(super) authority_key: Option<KeyPair>,
    pub(super) serving: Option<Serving>,
    warnings: Vec<WebhookWarning>,
}

/// The serving certificate and its key.
pub(super) struct Serving {
    pub(super) certificate: Certificate,
    pub(super) key_pem: Zeroizing<String>,
}

impl Held {
    /// Reads the directory. A certificate whose private key is gone counts as none; one beside another's key, or by an
    /// authority that is not there, is somebody else's.
    pub(super) fn read(directory: &Path) -> Result<Self, WebhookCertificateError> {
        let mut held = Self {
            directory: directory.to_owned(),
            authorities: Vec::new(),
            authority_key: None,
            serving: None,
            warnings: Vec::new(),
        };
        held.authorities = held.certificates("ca.crt")?;
        if !held.authorities.iter().all(Certificate::is_authority) {
            let why = "it has a certificate that is no authority's";
            return Err(WebhookCertificateError::Certificate { path: held.path("ca.crt"), why });
        }
        held.authority_key = held.key("ca.key")?.map(|(key, _)| key);
        if held.authority_key.is_some() && !held.authorities.is_empty() && held.signing().is_none() {
            return Err(held.mismatch("ca.key", "ca.crt"));
        }
        let certificate = held.certificates("tls.crt")?.into_iter().next();
        if let (Some(certificate), Some((key, key_pem))) = (certificate, held.key("tls.key")?) {
            if !certificate.is_of(&key) {
                return Err(held.mismatch("tls.key", "tls.crt"));
            }
            let serving = Serving { certificate, key_pem };
            if held.authority_of(&serving).is_none() {
                return Err(held.foreign());
            }
            held.serving = Some(serving);
        }
        Ok(held)
    }

    pub(super) fn plan(&self, names: &Names, now: OffsetDateTime) -> WebhookPlan {
        let Some(why) = self.renewal(names, now) else { return WebhookPlan::Keep };
        // A certificate never outlives its authority.
        let signs = |authority: &Certificate| {
            authority.is_current(now) && authority.not_after() >= now + SERVING_LIFE
        };
        match self.signing() {
            Some(authority) if signs(authority) => WebhookPlan::Renew(why),
            _ if self.authorities.is_empty() => WebhookPlan::Make,
            _ => WebhookPlan::RenewAuthority(why),
        }
    }

    /// Says why the serving certificate has to be made anew, if it has to.
    fn renewal(&self, names: &Names, now: OffsetDateTime) -> Option<WebhookRenewal> {
        let lasts = |certificate: &Certificate| {
            certificate.is_current(now) && certificate.not_after() - now > WEBHOOK_RENEWAL_WINDOW
        };
        match &self.serving {
            None => Some(WebhookRenewal::Gone),
            Some(serving) if !serving.certificate.is_for(names) => Some(WebhookRenewal::OtherNames),
            Some(serving) => {
                let kept = lasts(&serving.certificate) && self.authority_of(serving).is_some_and(lasts);
                (!kept).then_some(WebhookRenewal::Due)
            }
        }
    }

    /// Hands the serving certificate out, with every authority that has not ended.
    pub(super) fn into_certificate(
        mut self,
        now: OffsetDateTime,
    ) -> Result<WebhookCertificate, WebhookCertificateError> {
        let foreign = self.foreign();
        // Nothing else tells before the day of the renewal, when no copy may be left.
        if self.authority_key.is_none() {
            self.warnings.push(WebhookWarning::AuthorityKeyGone { path: self.path("ca.key") });
        }
        let authority_not_after = match (self.signing(), &self.serving) {
            (Some(authority), _) => Some(authority.not_after()),
            (None, Some(serving)) => self.authority_of(serving).map(Certificate::not_after),
            (None, None) => None,
        };
        let (signing, others): (Vec<&Certificate>, Vec<&Certificate>) =
            self.authorities.iter().partition(|authority| self.signs_now(authority));
        let bundle = signing.into_iter().chain(others).filter(|authority| now <= authority.not_after());
        let ca_bundle_pem = bundle.map(Certificate::to_pem).collect();
        let (Some(serving), Some(authority_not_after)) = (self.serving, authority_not_after) else {
            return Err(foreign);
        };
        Ok(WebhookCertificate {
            ca_bundle_pem,
            certificate_pem: serving.certificate.to_pem(),
            private_key_pem: serving.key_pem,
            not_after: serving.certificate.not_after(),
            authority_not_after,
            warnings: self.warnings,
        })
    }

    /// The authority whose key is there.
    pub(super) fn signing(&self) -> Option<&Certificate> {
        self.authorities.iter().find(|authority| self.signs_now(authority))
    }

    pub(super) fn signs_now(&self, authority: &Certificate) -> bool {
        self.authority_key.as_ref().is_some_and(|key| authority.is_of(key))
    }

    fn authority_of(&self, serving: &Serving) -> Option<&Certificate> {
        self.authorities.iter().find(|authority| serving.certificate.is_signed_by(authority))
    }

    /// Reads a file of certificates; none when it is not there.
    fn certificates(&self, name: &str) -> Result<Vec<Certificate>, WebhookCertificateError> {
        let path = self.path(name);
        let Some(contents) = files::read(&path)? else { return Ok(Vec::new()) };
        Certificate::all(&contents.bytes).map_err(|why| WebhookCertificateError::Certificate { path, why })
    }

    /// Reads a private key, and says so when others may read it too.
    fn key(&mut self, name: &str) -> Result<Option<(KeyPair, Zeroizing<String>)>, WebhookCertificateError> {
        let path = self.path(name);
        let Some(contents) = files::read(&path)? else { return Ok(None) };
        if contents.mode & 0o077 != 0 {
            let warning = KeyDirWarning::Exposed { path: path.clone(), mode: contents.mode };
            self.warnings.push(WebhookWarning::File(warning));
        }
        let pem = Zeroizing::new(String::from_utf8_lossy(&contents.bytes).into_owned());
        match KeyPair::from_pkcs8_pem_and_sign_algo(&pem, &PKCS_ECDSA_P256_SHA256) {
            Ok(key) => Ok(Some((key, pem))),
            Err(source) => Err(WebhookCertificateError::Key { path, source }),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(super) fn mismatch(&self, key: &str, certificate: &str) -> WebhookCertificateError {
        WebhookCertificateError::Mismatch {
            key_path: self.path(key),
            certificate_path: self.path(certificate),
        }
    }

    fn foreign(&self) -> WebhookCertificateError {
        WebhookCertificateError::Foreign { path: self.path("tls.crt"), authorities_path: self.path("ca.crt") }
    }
}
