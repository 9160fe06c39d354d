//! Temporary credentials: made for a role's session, read back from the token that comes with every call.
//!
//! Nothing of them is kept: the session token carries the session, sealed, and the secret is derived from the access
//! key. Both hang on a seed that is drawn when the sandbox starts and leaves it never, because a sandbox may be
//! reachable by others than its owner: so they cannot be guessed from what a trace shows, and they end with the
//! process. Clients treat all three as opaque, as [AWS asks them to][temporary].
//!
//! [temporary]: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use time::OffsetDateTime;
use time::serde::timestamp;

use crate::error::SandboxError;

/// "Access key IDs beginning with ASIA are temporary credentials access keys":
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html>
const TEMPORARY: &str = "ASIA";
/// "Access key IDs beginning with AKIA are long-term credentials".
const LONG_TERM: &str = "AKIA";
const SEAL: usize = 32;

/// One session of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The role's account.
    pub(crate) account: String,
    /// The role's name.
    pub(crate) role: String,
    /// The role's own id: a later role of the same name is another one.
    pub(crate) role_id: String,
    /// RoleSessionName.
    pub(crate) name: String,
    #[serde(with = "timestamp")]
    pub(crate) issued: OffsetDateTime,
    #[serde(with = "timestamp")]
    pub(crate) expires: OffsetDateTime,
    /// The ARN of the provider of the token that it was given for; none where no token was.
    pub(crate) provider: Option<String>,
    /// The session's own policy, which bounds the role's.
    pub(crate) policy: Option<String>,
}

/// What a caller signs with.
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret: String,
    pub(crate) token: String,
}

/// Makes and reads temporary credentials.
pub(crate) struct Mint {
    seed: [u8; 32],
    made: AtomicU64,
}

/// What a token holds.
#[derive(Serialize, Deserialize)]
struct Contents {
    key: String,
    session: Session,
}

impl Mint {
    /// A mint with a seed of its own.
    pub(crate) fn new() -> Result<Self, SandboxError> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| SandboxError::NoRandomness)?;
        Ok(Self { seed, made: AtomicU64::new(0) })
    }

    /// Makes the id and the secret of a user's access key.
    pub(crate) fn access_key(&self) -> (String, String) {
        let number = self.made.fetch_add(1, Ordering::Relaxed).to_string();
        let id = format!("{LONG_TERM}{}", base32(&self.derive("user key", number.as_bytes())[..10]));
        (id, STANDARD.encode(&self.derive("user secret", number.as_bytes())[..30]))
    }

    /// Makes credentials for a session.
    pub(crate) fn issue(&self, session: Session) -> Credentials {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let drawn = self.derive("key", number.to_string().as_bytes());
        let key = format!("{TEMPORARY}{}", base32(&drawn[..10]));
        let contents = Contents { key, session };
        // Text, numbers and names: nothing that JSON cannot write.
        let plain = serde_json::to_vec(&contents).unwrap_or_default();
        let token = STANDARD.encode([self.derive("token", &plain), plain].concat());
        let secret = self.secret_of(&contents.key);
        Credentials { access_key_id: contents.key, secret, token }
    }

    /// The secret of a temporary access key, issued or not: only its token says whether it was.
    pub(crate) fn secret(&self, access_key_id: &str) -> Option<String> {
        access_key_id.starts_with(TEMPORARY).then(|| self.secret_of(access_key_id))
    }

    /// The session of an access key and its token; nothing when the token is not one of this mint's, or another key's.
    pub(crate) fn read(&self, access_key_id: &str, token: &str) -> Option<Session> {
        let bytes = STANDARD.decode(token).ok()?;
        let (seal, plain) = bytes.split_at_checked(SEAL)?;
        self.mac("token", plain)?.verify_slice(seal).ok()?;
        let contents = serde_json::from_slice::<Contents>(plain).ok()?;
        (contents.key == access_key_id).then_some(contents.session)
    }

    fn secret_of(&self, access_key_id: &str) -> String {
        // Forty characters, as a secret has.
        STANDARD.encode(&self.derive("secret", access_key_id.as_bytes())[..30])
    }

    fn derive(&self, purpose: &str, data: &[u8]) -> Vec<u8> {
        self.mac(purpose, data).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
    }

    fn mac(&self, purpose: &str, data: &[u8]) -> Option<Hmac<Sha256>> {
        // A key of any length is good for HMAC: the error is there for other algorithms.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.seed).ok()?;
        mac.update(purpose.as_bytes());
        mac.update(b"/");
        mac.update(data);
        Some(mac)
    }
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mint").field("made", &self.made).finish_non_exhaustive()
    }
}

/// Upper-case letters and digits, as the ids of AWS have them: one for every five bits.
pub(crate) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1));
    let bits = bits.collect::<Vec<_>>();
    let letter =
        |five: &[u8]| char::from(ALPHABET[five.iter().fold(0, |sum, bit| sum * 2 + usize::from(*bit))]);
    bits.chunks_exact(5).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        let issued = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        Session {
            account: "123456789012".to_owned(),
            role: "r".to_owned(),
            role_id: "AROAEXAMPLE".to_owned(),
            name: "s".to_owned(),
            issued,
            expires: issued + time::Duration::HOUR,
            provider: Some("p".to_owned()),
            policy: None,
        }
    }

    #[test]
    fn what_is_issued_is_read_again_with_its_own_key_only() {
        let mint = Mint::new().unwrap();
        let (one, two) = (mint.issue(session()), mint.issue(session()));
        assert_eq!(mint.read(&one.access_key_id, &one.token), Some(session()));
        assert_eq!(mint.secret(&one.access_key_id), Some(one.secret.clone()));
        assert_eq!(mint.read(&two.access_key_id, &one.token), None);
        assert!(one.access_key_id != two.access_key_id && one.secret != two.secret);
        assert!(one.access_key_id.starts_with("ASIA") && one.access_key_id.len() == 20);
        assert_eq!(one.secret.len(), 40);
        assert_eq!(mint.secret("AKIAEXAMPLE"), None);
        // Another process has another seed.
        let other = Mint::new().unwrap();
        assert_eq!(other.read(&one.access_key_id, &one.token), None);
        assert_ne!(other.secret(&one.access_key_id), Some(one.secret));
    }

    #[test]
    fn a_token_that_was_changed_is_none() {
        let mint = Mint::new().unwrap();
        let made = mint.issue(session());
        let bytes = STANDARD.decode(&made.token).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(mint.read(&made.access_key_id, &STANDARD.encode(changed)), None, "byte {at}");
        }
        for bad in ["", "x", "!!!!", &made.token[..40], &made.token[..made.token.len() - 4]] {
            assert_eq!(mint.read(&made.access_key_id, bad), None, "{bad}");
        }
    }

    #[test]
    fn five_bits_are_a_letter() {
        assert_eq!(base32(&[0, 0, 0, 0, 0]), "AAAAAAAA");
        assert_eq!(base32(b"hello"), "NBSWY3DP");
        assert_eq!(base32(&[0xff]), "7");
    }
}
