//! The keys, which are loaded once: for the checks, and for whoever signs a token with them.

use issuer_keygen::{KeyRing, SigningKey};

use crate::facts::{Fact, KeyFacts, LoadedKeys};
use crate::request::Keys;

/// Loads the keys that tokens are signed with, and hands the signer's private one out where it is there.
#[must_use]
pub fn load_keys(keys: Keys) -> (Fact<KeyFacts>, Option<SigningKey>) {
    let facts = |directory, loaded| Fact::Is(KeyFacts { directory, loaded });
    let directory = match keys {
        Keys::Directory(directory) => directory,
        Keys::Public(keys) => {
            let known = match KeyRing::from_public_keys(keys) {
                Ok(ring) => facts(None, Ok(LoadedKeys { ring, private: false, warnings: Vec::new() })),
                Err(_) => Fact::NotAsked("give --keys DIR, or --public-key FILE"),
            };
            return (known, None);
        }
    };
    let path = directory.path().to_owned();
    match directory.load() {
        Ok(None) => {
            let path = path.display();
            (Fact::Unknown(format!("there is no key in {path}: give --keys DIR, or --public-key FILE")), None)
        }
        Ok(Some(loaded)) => {
            let private = loaded.signing_key.is_some();
            let known = LoadedKeys { private, ring: loaded.ring, warnings: loaded.warnings };
            (facts(Some(path), Ok(known)), loaded.signing_key)
        }
        Err(error) => (facts(Some(path), Err(error)), None),
    }
}
