//! Where a command finds its keys: public keys that were named, or the key directory. And what it signs with them.

use std::time::Duration;

use issuer_keygen::{
    Algorithm, KeyDir, KeyRing, Loaded, PublicKey, ServiceAccount, SigningKey, TokenRequest,
    read_public_key_file, sign_token,
};
use issuer_plan::KeySource;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::args::Global;
use crate::failure::Failure;
use crate::printer::Printer;

/// Says where the keys are, and what to make where there are none; public ones are read at once.
pub(crate) fn source(
    global: &Global,
    printer: &Printer,
    make: Option<Algorithm>,
) -> Result<KeySource, Failure> {
    if global.public_key.is_empty() {
        return Ok(KeySource::Directory { directory: KeyDir::new(global.keys.clone()), make });
    }
    let mut keys: Vec<PublicKey> = Vec::new();
    for path in &global.public_key {
        let shown = path.display();
        let found = read_public_key_file(path)?;
        for skipped in &found.skipped {
            printer.warn(&format!("{shown}: {skipped}"));
        }
        for note in &found.notes {
            printer.warn(&format!("{shown}: {note}"));
        }
        keys.extend(found.keys);
    }
    let ring = KeyRing::from_public_keys(keys).map_err(|error| Failure::of(&error))?;
    for key in ring.published() {
        warn_weak(key, printer);
    }
    Ok(KeySource::Public(ring))
}

/// Loads the key directory, and says what is odd about it.
pub(crate) fn load(directory: &KeyDir, printer: &Printer) -> Result<Option<Loaded>, Failure> {
    let loaded = directory.load()?;
    for warning in loaded.iter().flat_map(|loaded| &loaded.warnings) {
        printer.warn(&warning.to_string());
    }
    Ok(loaded)
}

/// Loads the ring that a command reads.
pub(crate) fn ring(global: &Global, printer: &Printer) -> Result<KeyRing, Failure> {
    match source(global, printer, None)? {
        KeySource::Public(ring) => Ok(ring),
        KeySource::Directory { directory, .. } => match load(&directory, printer)? {
            Some(loaded) => Ok(loaded.ring),
            None => Err(issuer_plan::PlanError::NoKey { path: directory.path().to_owned() }.into()),
        },
    }
}

/// Signs a service account's token that is good from now on.
pub(crate) fn sign(
    key: &SigningKey,
    issuer: impl ToString,
    audiences: Vec<String>,
    service_account: &ServiceAccount,
    expires_in: Duration,
) -> Result<String, Failure> {
    let request = TokenRequest {
        issuer: issuer.to_string(),
        audiences,
        service_account: service_account.clone(),
        uid: Uuid::new_v4().to_string(),
        jti: Uuid::new_v4().to_string(),
        issued_at: OffsetDateTime::now_utc(),
        expires_in,
    };
    sign_token(key, &request).map_err(|error| Failure::of(&error))
}

fn warn_weak(key: &PublicKey, printer: &Printer) {
    if let Some(weakness) = key.weakness() {
        printer.warn(&format!("key {}: {weakness}", key.kid()));
    }
}
