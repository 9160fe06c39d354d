//! The pod identity webhook's serving certificate and its authority, in the key directory under `webhook/`.
//!
//! ```text
//! webhook/ca.crt      the authorities, the one that signs first; older ones until they have ended
//! webhook/ca.key      the private key of the one that signs, 0600: PKCS#8
//! webhook/tls.crt     the serving certificate
//! webhook/tls.key     its private key, 0600: PKCS#8
//! webhook/.gitignore  everything
//! ```
//!
//! kube-apiserver takes a certificate for the name of the Service whose chain ends in `caBundle` ([Contacting the
//! webhook][contacting]). A cluster learns of a new authority and of the Secret at once, but for a minute pods still
//! serve what they had: so the bundle holds the old authority beside the new one until it has ended.
//!
//! A run keeps what it finds, unless the certificate or its authority has no more than [`WEBHOOK_RENEWAL_WINDOW`] to go
//! or is for other names: a directory serves one webhook, and another name or namespace takes the certificate's place.
//!
//! Whatever is half-done is finished by the next run. A serving certificate is taken away before its key is replaced,
//! and an authority is in the bundle before its key replaces the old one's: so no certificate ever lies beside another
//! one's key, and where it does somebody else has put it there, which is refused.
//!
//! [contacting]: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#contacting-the-webhook

mod certificate;
mod error;
mod held;
mod made;
mod names;
mod renew;
mod warning;

use std::fmt;
use std::path::{Path, PathBuf};

use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

pub use self::error::WebhookCertificateError;
use self::held::Held;
use self::names::Names;
pub use self::warning::WebhookWarning;
use crate::whole_file::{DirectoryLock, lock, parent, sweep};
use crate::{KeyDirError, files};

/// A serving certificate is renewed when it, or its authority, has no longer to go than this.
pub const WEBHOOK_RENEWAL_WINDOW: Duration = Duration::days(30);

/// The directory that the authority and the certificate sleep in: `webhook/` of a key directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookDir {
    path: PathBuf,
}

/// The serving certificate, ready for a Secret, and the bundle for `caBundle`.
pub struct WebhookCertificate {
    /// Every authority that a serving certificate in use may come from, PEM: the one that signs first.
    pub ca_bundle_pem: String,
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Its private key, PKCS#8 PEM.
    pub private_key_pem: Zeroizing<String>,
    /// When the certificate ends.
    pub not_after: OffsetDateTime,
    /// When the authority ends.
    pub authority_not_after: OffsetDateTime,
    /// What is wrong without being in the way: a private key that others may read, or an authority's that is gone.
    pub warnings: Vec<WebhookWarning>,
}

/// What making the certificate ready would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookPlan {
    /// Nothing: it is there, has the names, and has more than [`WEBHOOK_RENEWAL_WINDOW`] to go, as its authority has.
    Keep,
    /// A new certificate by the authority that is there.
    Renew(WebhookRenewal),
    /// A new authority too; the old one stays in the bundle until its last certificate has ended.
    RenewAuthority(WebhookRenewal),
    /// Both anew: nothing is there.
    Make,
}

/// Why a serving certificate is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookRenewal {
    /// It, or its authority, has no more than [`WEBHOOK_RENEWAL_WINDOW`] to go, or has not begun.
    Due,
    /// It is for other names, perhaps of another webhook's Service: that one's certificate is replaced.
    OtherNames,
    /// It is gone, or its private key is.
    Gone,
}

impl WebhookDir {
    /// The directory below this key directory.
    #[must_use]
    pub fn of_keys(keys: &Path) -> Self {
        Self { path: keys.join("webhook") }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says what [`WebhookDir::ready`] would do; changes nothing.
    ///
    /// # Errors
    /// When a name is no DNS name, or what is there cannot be read or belongs to somebody else.
    pub fn plan(
        &self,
        names: &[String],
        now: OffsetDateTime,
    ) -> Result<WebhookPlan, WebhookCertificateError> {
        let names = Names::of(names)?;
        if files::is_missing(&self.path)? {
            return Ok(WebhookPlan::Make);
        }
        // Another process may be between two files.
        let _lock = self.lock()?;
        Ok(Held::read(&self.path)?.plan(&names, now))
    }

    /// Returns a certificate for these names that has more than [`WEBHOOK_RENEWAL_WINDOW`] to go, making what is
    /// missing: a certificate of one year, an authority of ten. Safe to call again, and after a run that was killed.
    ///
    /// # Errors
    /// When a name is no DNS name, when something there cannot be read or belongs to somebody else, or when something
    /// cannot be made or written.
    pub fn ready(
        &self,
        names: &[String],
        now: OffsetDateTime,
    ) -> Result<WebhookCertificate, WebhookCertificateError> {
        let names = Names::of(names)?;
        // The key directory may not be there yet: a webhook needs no signing key here.
        files::create_directory(parent(&self.path), ".gitignore", b"*\n")?;
        files::create_directory(&self.path, ".gitignore", b"*\n")?;
        let _lock = self.lock()?;
        sweep(&self.path);
        let mut held = Held::read(&self.path)?;
        let plan = held.plan(&names, now);
        if plan != WebhookPlan::Keep {
            held.refuse_symlinks()?;
            if !matches!(plan, WebhookPlan::Renew(_)) {
                held.renew_authority(now)?;
            }
            held.renew(&names, now)?;
        }
        held.into_certificate(now)
    }

    fn lock(&self) -> Result<DirectoryLock, KeyDirError> {
        lock(&self.path).map_err(|source| KeyDirError::Write { path: self.path.clone(), source })
    }
}

impl fmt::Debug for WebhookCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookCertificate").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}
