//! The keys.

use issuer_discovery::Jwks;
use issuer_doctor::Fact;
use issuer_keygen::{KeyDirError, KeyDirWarning, KeyRecord, KeyRing, read_public_keys};

use crate::Case;
use crate::change::{keys, loaded, publish, warn};
use crate::healthy::{self, key, other_key};

pub(crate) const CASES: &[Case] = &[
    (
        "the key directory cannot be read",
        |facts| keys(facts, Err(KeyDirError::NotADirectory { path: "keys".into() })),
        "
        fail keys/readable",
    ),
    (
        "a block of sa.pub is no key",
        |facts| {
            warn(facts, {
                let pem = format!(
                    "{}-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                    key().public_key().to_pem()
                );
                let skipped = read_public_keys(pem.as_bytes()).unwrap().skipped.remove(0);
                KeyDirWarning::Skipped { path: "keys/sa.pub".into(), skipped }
            });
        },
        "
        warn keys/readable",
    ),
    (
        "sa.pub is of another key",
        |facts| {
            keys(
                facts,
                Err(KeyDirError::Mismatch {
                    private_path: "keys/sa.key".into(),
                    private_kid: key().public_key().kid().clone(),
                    public_path: "keys/sa.pub".into(),
                    public_kid: other_key().public_key().kid().clone(),
                }),
            );
        },
        "
        fail keys/pair [keys]",
    ),
    (
        "a file under ring/ has the name of another key",
        |facts| {
            keys(
                facts,
                Err(KeyDirError::Misnamed {
                    path: "keys/ring/x.pub".into(),
                    named: key().public_key().kid().clone(),
                    found: other_key().public_key().kid().clone(),
                }),
            );
        },
        "
        fail keys/names",
    ),
    (
        "others can read the private key",
        |facts| {
            warn(facts, KeyDirWarning::Exposed { path: "keys/sa.key".into(), mode: 0o644 });
        },
        "
        warn keys/modes",
    ),
    (
        "others can write to the key directory",
        |facts| {
            warn(facts, KeyDirWarning::Writable { path: "keys".into(), mode: 0o777 });
        },
        "
        warn keys/modes",
    ),
    (
        "the signing key is short",
        |facts| {
            let ring = KeyRing::from_public_keys(vec![healthy::short_key()]).unwrap();
            loaded(facts, |keys| keys.ring = ring);
            publish(facts, &Jwks::of([&healthy::short_key()]));
            facts.token = Fact::NotAsked("--token FILE");
        },
        "
        fail keys/strength [keys]
        fail documents/algorithms [keys]
        fail documents/our-key [keys]
        skip token/form",
    ),
    (
        "a key that signs no more is short",
        |facts| {
            loaded(facts, |keys| {
                let _ = keys.ring.add(healthy::short_key());
            });
        },
        "
        warn keys/strength",
    ),
    (
        "the keys are those of another issuer",
        |facts| {
            loaded(facts, |keys| {
                let kid = key().public_key().kid().clone();
                let issuer = Some("https://other.example.com".to_owned());
                keys.ring.set_record(&kid, KeyRecord { issuer, ..KeyRecord::default() });
            });
        },
        "
        fail keys/issuer",
    ),
];
