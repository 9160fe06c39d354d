//! PEM files of keys: whatever is taken is written, and what was written is taken as the same key.
#![no_main]

use issuer_fuzz::{check_error, check_text};
use issuer_keygen::{PublicKey, SigningKey, read_public_keys};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    match read_public_keys(text) {
        Ok(found) => {
            assert!(!found.keys.is_empty());
            found.skipped.iter().for_each(|skipped| check_text(&skipped.to_string()));
            found.notes.iter().for_each(|note| check_text(&note.to_string()));
            let mut written = String::new();
            for key in &found.keys {
                assert_eq!(&PublicKey::from_spki_der(key.spki_der()).unwrap(), key);
                written.push_str(&key.to_pem());
            }
            let again = read_public_keys(written.as_bytes()).unwrap();
            assert_eq!(again.keys, found.keys);
            assert!(again.skipped.is_empty() && again.notes.is_empty());
        }
        Err(error) => check_error(&error),
    }
    match SigningKey::from_pem(text) {
        Ok(key) => {
            let pem = key.to_pem().unwrap();
            assert_eq!(SigningKey::from_pem(pem.as_bytes()).unwrap().public_key(), key.public_key());
            assert_eq!(&read_public_keys(pem.as_bytes()).unwrap().keys[..], [key.public_key().clone()]);
            // The private half is in no text that is shown.
            let body = pem.lines().nth(1).unwrap();
            assert!(!format!("{key:?}").contains(&body[..body.len().min(16)]));
        }
        Err(error) => check_error(&error),
    }
});
