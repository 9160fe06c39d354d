//! A key directory in ordinary life: made, loaded, completed, saved, and what its files look like.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use issuer_keygen::{
    Algorithm, KeyDir, KeyDirError, KeyDirWarning, KeyRecord, KeyRing, PublicKey, SigningKey,
    read_public_key_file, read_public_keys,
};
use support::Bench;
use time::macros::datetime;

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

fn record() -> KeyRecord {
    KeyRecord {
        issuer: Some("https://issuer.example.test".into()),
        made: Some(datetime!(2026-01-02 03:04:05.678 UTC)),
        ..KeyRecord::default()
    }
}

/// Name, permission bits and inode of every file: what is the same was not written again.
fn files(directory: &KeyDir) -> Vec<(String, u32, u64)> {
    let mut files: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, metadata.permissions().mode() & 0o7777, metadata.ino())
        })
        .collect();
    files.sort();
    files
}

fn public_kids(directory: &KeyDir) -> Vec<String> {
    let found = read_public_keys(&fs::read(directory.public_keys_path()).unwrap()).unwrap();
    found.keys.iter().map(|key| key.kid().to_string()).collect()
}

#[test]
fn nothing_is_loaded_where_there_is_no_key() {
    let bench = Bench::new();
    assert!(KeyDir::new(bench.path("absent")).load().unwrap().is_none());
    fs::create_dir(bench.path("empty")).unwrap();
    assert!(KeyDir::new(bench.path("empty")).load().unwrap().is_none());
    bench.write("file", "");
    let error = KeyDir::new(bench.path("file")).load().unwrap_err();
    assert!(matches!(error, KeyDirError::NotADirectory { .. }), "{error}");
}

#[test]
fn a_file_of_public_keys_can_stand_alone() {
    let bench = Bench::new();
    let key = key();
    let path = bench.write("given.pub", key.public_key().to_pem());
    assert_eq!(read_public_key_file(&path).unwrap().keys, [key.public_key().clone()]);
    assert!(matches!(read_public_key_file(&bench.path("absent")), Err(KeyDirError::Read { .. })));
    let empty = bench.write("empty", "");
    assert!(matches!(read_public_key_file(&empty), Err(KeyDirError::Pem { .. })));
}

#[test]
fn a_new_directory_has_the_layout_and_loads() {
    let bench = Bench::new();
    let directory = KeyDir::new(bench.path("above/keys"));
    let key = key();
    directory.create(&key, record()).unwrap();

    assert_eq!(fs::metadata(directory.path()).unwrap().permissions().mode() & 0o7777, 0o700);
    let written = files(&directory);
    let modes: Vec<_> = written.iter().map(|(name, mode, _)| (name.as_str(), *mode)).collect();
    assert_eq!(modes, [(".gitignore", 0o644), ("ring.json", 0o644), ("sa.key", 0o600), ("sa.pub", 0o644)]);
    assert_eq!(bench.read("above/keys/.gitignore"), "*\n");
    assert_eq!(bench.read("above/keys/sa.pub"), key.public_key().to_pem());
    assert_eq!(bench.read("above/keys/sa.key"), *key.to_pem().unwrap());
    assert_eq!(
        bench.read("above/keys/ring.json"),
        format!(
            r#"{{
  "version": 1,
  "keys": [
    {{
      "kid": "{}",
      "issuer": "https://issuer.example.test",
      "made": "2026-01-02T03:04:05Z"
    }}
  ]
}}
"#,
            key.public_key().kid()
        )
    );

    let loaded = directory.load().unwrap().unwrap();
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.ring.signer(), key.public_key());
    assert_eq!(loaded.signing_key.as_ref().unwrap().public_key(), key.public_key());
    let known = loaded.ring.record(key.public_key().kid()).unwrap();
    assert_eq!((&known.issuer, known.made), (&record().issuer, Some(datetime!(2026-01-02 03:04:05 UTC))));

    // What is whole is not touched.
    directory.complete(&loaded).unwrap();
    directory.save(&loaded.ring).unwrap();
    assert_eq!(files(&directory), written);
}

#[test]
fn a_directory_that_was_there_stays_as_it_was() {
    let bench = Bench::new();
    fs::create_dir(bench.path("keys")).unwrap();
    fs::set_permissions(bench.path("keys"), fs::Permissions::from_mode(0o755)).unwrap();
    let directory = KeyDir::new(bench.path("keys"));
    directory.create(&key(), KeyRecord::default()).unwrap();
    assert!(!bench.path("keys/.gitignore").exists());
    assert_eq!(fs::metadata(directory.path()).unwrap().permissions().mode() & 0o7777, 0o755);
}

#[test]
fn an_existing_key_is_never_overwritten() {
    let bench = Bench::new();
    let directory = KeyDir::new(bench.path("keys"));
    directory.create(&key(), record()).unwrap();
    let before = files(&directory);
    let error = directory.create(&key(), record()).unwrap_err();
    assert!(matches!(&error, KeyDirError::AlreadyExists { path } if path.ends_with("sa.pub")), "{error}");
    fs::remove_file(directory.public_keys_path()).unwrap();
    let error = directory.create(&key(), record()).unwrap_err();
    assert!(matches!(&error, KeyDirError::AlreadyExists { path } if path.ends_with("sa.key")), "{error}");
    let after: Vec<_> = before.into_iter().filter(|(name, ..)| name != "sa.pub").collect();
    assert_eq!(files(&directory), after);
}

#[test]
fn the_public_half_alone_does_everything_but_sign_and_takes_its_own_key_back() {
    let bench = Bench::new();
    let directory = KeyDir::new(bench.path("keys"));
    let key = key();
    directory.create(&key, record()).unwrap();
    fs::remove_file(directory.private_key_path()).unwrap();

    let loaded = directory.load().unwrap().unwrap();
    assert!(loaded.signing_key.is_none());
    assert_eq!(loaded.ring.signer(), key.public_key());
    directory.save(&loaded.ring).unwrap();

    let error = directory.create(&self::key(), KeyRecord::default()).unwrap_err();
    assert!(matches!(error, KeyDirError::AlreadyExists { .. }), "{error}");
    directory.create(&key, KeyRecord::default()).unwrap();
    let loaded = directory.load().unwrap().unwrap();
    assert!(loaded.signing_key.is_some());
    assert_eq!(loaded.ring.record(key.public_key().kid()).unwrap().issuer, record().issuer);
}

#[test]
fn a_killed_run_leaves_what_loads_and_is_completed() {
    let bench = Bench::new();
    let directory = KeyDir::new(bench.path("keys"));
    let key = key();
    directory.create(&key, record()).unwrap();
    fs::remove_file(directory.public_keys_path()).unwrap();
    fs::remove_file(directory.records_path()).unwrap();
    bench.write("keys/.issuerctl-a1B2c3", "half a key");
    fs::create_dir(bench.path("keys/ring")).unwrap();
    bench.write("keys/ring/.issuerctl-a1B2c3", "half a key");

    let mut loaded = directory.load().unwrap().unwrap();
    assert_eq!(loaded.ring.signer(), key.public_key());
    assert_eq!(loaded.ring.record(key.public_key().kid()), None);
    assert!(loaded.ring.set_record(key.public_key().kid(), record()));
    directory.complete(&loaded).unwrap();
    assert!(!bench.path("keys/.issuerctl-a1B2c3").exists(), "half a private key was left behind");
    assert_eq!(public_kids(&directory), [key.public_key().kid().as_str()]);
    let again = directory.load().unwrap().unwrap();
    assert_eq!(again.ring, loaded.ring);
}

#[test]
fn a_run_that_was_killed_before_its_key_had_a_name_leaves_no_trace_of_it() {
    let bench = Bench::new();
    let killed = KeyDir::new(bench.path("killed"));
    killed.create(&key(), record()).unwrap();
    fs::remove_file(killed.private_key_path()).unwrap();
    fs::remove_file(killed.public_keys_path()).unwrap();
    assert!(killed.load().unwrap().is_none());

    let (again, undisturbed) = (key(), KeyDir::new(bench.path("undisturbed")));
    killed.create(&again, record()).unwrap();
    undisturbed.create(&again, record()).unwrap();
    let read = |directory: &KeyDir| fs::read(directory.records_path()).unwrap();
    assert_eq!(read(&killed), read(&undisturbed));
}

#[test]
fn halves_of_two_keys_are_refused_with_both_names() {
    let bench = Bench::new();
    let directory = KeyDir::new(bench.path("keys"));
    let (ours, other) = (key(), key());
    directory.create(&ours, record()).unwrap();
    bench.write("keys/sa.pub", other.public_key().to_pem() + &ours.public_key().to_pem());
    let error = directory.load().unwrap_err().to_string();
    assert!(error.contains("sa.key and ") && error.contains("sa.pub do not belong together"), "{error}");
    assert!(error.contains(ours.public_key().kid().as_str()), "{error}");
    assert!(error.contains(other.public_key().kid().as_str()), "{error}");
}

#[test]
fn other_verifiers_are_published_after_the_signer() {
    let bench = Bench::new();
    let directory = KeyDir::new(bench.path("keys"));
    let (signer, verifier, staged, unrecorded) = (key(), key(), key(), key());
    directory.create(&signer, record()).unwrap();
    let mut ring = directory.load().unwrap().unwrap().ring;
    assert!(ring.add(verifier.public_key().clone()));
    assert!(!ring.add(verifier.public_key().clone()));
    ring.set_record(staged.public_key().kid(), record());
    directory.save(&ring).unwrap();
    assert_eq!(
        public_kids(&directory),
        [signer.public_key(), verifier.public_key()].map(|key| key.kid().to_string())
    );

    fs::create_dir(bench.path("keys/ring")).unwrap();
    let name = |key: &SigningKey, kind: &str| format!("keys/ring/{}.{kind}", key.public_key().kid());
    bench.write(&name(&staged, "key"), staged.to_pem().unwrap().as_bytes());
    fs::set_permissions(bench.path(&name(&staged, "key")), fs::Permissions::from_mode(0o600)).unwrap();
    bench.write(&name(&unrecorded, "pub"), unrecorded.public_key().to_pem());
    bench.write("keys/ring/README.pub", "not a key");

    let loaded = directory.load().unwrap().unwrap();
    let expected = [&signer, &verifier, &staged, &unrecorded].map(SigningKey::public_key);
    assert_eq!(loaded.ring.published().collect::<Vec<_>>(), expected);
    assert_eq!(loaded.warnings, []);
    // A staged key has its own file and does not verify yet.
    directory.save(&loaded.ring).unwrap();
    assert_eq!(public_kids(&directory).len(), 2);

    bench.write(&name(&unrecorded, "pub"), signer.public_key().to_pem());
    let error = directory.load().unwrap_err();
    assert!(matches!(error, KeyDirError::Misnamed { .. }), "{error}");
}

#[test]
fn keys_without_a_signer_are_not_taken_for_an_empty_directory() {
    let bench = Bench::new();
    let other = key();
    fs::create_dir_all(bench.path("keys/ring")).unwrap();
    bench.write(&format!("keys/ring/{}.pub", other.public_key().kid()), other.public_key().to_pem());
    let directory = KeyDir::new(bench.path("keys"));
    assert!(matches!(directory.load(), Err(KeyDirError::NoSigner { .. })));
    assert!(matches!(directory.create(&key(), record()), Err(KeyDirError::NoSigner { .. })));
    assert!(!directory.private_key_path().exists());
}

#[test]
fn saving_drops_no_key_and_changes_no_signer() {
    let bench = Bench::new();
    let directory = KeyDir::new(bench.path("keys"));
    let (signer, verifier) = (key(), key());
    let ring = |keys: &[&SigningKey]| {
        let keys: Vec<PublicKey> = keys.iter().map(|key| key.public_key().clone()).collect();
        KeyRing::from_public_keys(keys).unwrap()
    };
    directory.create(&signer, record()).unwrap();
    assert!(matches!(directory.save(&ring(&[&verifier])), Err(KeyDirError::OtherSigner { .. })));
    directory.save(&ring(&[&signer, &verifier])).unwrap();
    assert!(matches!(directory.save(&ring(&[&signer])), Err(KeyDirError::WouldDrop { .. })));
    fs::remove_file(directory.public_keys_path()).unwrap();
    assert!(matches!(directory.save(&ring(&[&verifier])), Err(KeyDirError::OtherSigner { .. })));
    assert!(!directory.public_keys_path().exists());
}

#[test]
fn records_of_keys_that_are_not_here_are_kept() {
    let bench = Bench::new();
    fs::create_dir(bench.path("keys")).unwrap();
    let foreign = "XEBqXFgSJLG0mp8TdjSZGkRcjvGKdQ8P8jPyq-1fFh4";
    let line = format!(
        r#"{{"version":1,"keys":[{{"kid":"{foreign}","retired":"2026-01-01T00:00:00Z"}}],"later":true}}"#
    );
    bench.write("keys/ring.json", line);
    let directory = KeyDir::new(bench.path("keys"));
    assert!(directory.load().unwrap().is_none());
    let key = key();
    directory.create(&key, record()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&bench.read("keys/ring.json")).unwrap();
    assert_eq!(json["keys"][0]["kid"], foreign);
    assert_eq!(json["keys"][0]["retired"], "2026-01-01T00:00:00Z");
    assert_eq!(json["keys"][1]["kid"], key.public_key().kid().as_str());
    assert_eq!(json["later"], true);
    let ring = directory.load().unwrap().unwrap().ring;
    assert!(ring.record(&foreign.parse().unwrap()).is_some());
    assert_eq!(ring.published().len(), 1);
}

#[test]
fn records_that_cannot_be_understood_stop_before_a_key_is_written() {
    let bench = Bench::new();
    fs::create_dir(bench.path("keys")).unwrap();
    bench.write("keys/ring.json", r#"{"version":2}"#);
    let directory = KeyDir::new(bench.path("keys"));
    assert!(matches!(directory.create(&key(), record()), Err(KeyDirError::Records { .. })));
    assert!(!directory.private_key_path().exists());
    assert_eq!(bench.read("keys/ring.json"), r#"{"version":2}"#);
}

#[test]
fn what_should_be_mended_is_said() {
    let bench = Bench::new();
    fs::create_dir(bench.path("keys")).unwrap();
    bench.openssl("genrsa -traditional -out keys/sa.key 1024");
    bench.openssl("genpkey -algorithm ed25519 -out ed25519");
    bench.openssl("pkey -in ed25519 -pubout -out ed25519.pub");
    bench.openssl("pkey -in keys/sa.key -pubout -out public");
    let public = bench.read("public").replace("PUBLIC KEY", "RSA PUBLIC KEY");
    bench.write("keys/sa.pub", public + &bench.read("ed25519.pub"));
    fs::set_permissions(bench.path("keys/sa.key"), fs::Permissions::from_mode(0o640)).unwrap();
    let directory = KeyDir::new(bench.path("keys"));
    let loaded = directory.load().unwrap().unwrap();
    assert!(matches!(
        loaded.warnings[..],
        [
            KeyDirWarning::Exposed { mode: 0o640, .. },
            KeyDirWarning::Unusual { .. },
            KeyDirWarning::Skipped { .. },
            KeyDirWarning::Weak { .. }
        ]
    ));
    let said = loaded.warnings[0].to_string();
    assert!(said.contains(&format!("`chmod 600 {}`", directory.private_key_path().display())), "{said}");
}

#[test]
fn an_unreadable_key_has_its_reason_and_stays() {
    let bench = Bench::new();
    fs::create_dir(bench.path("keys")).unwrap();
    bench.openssl("genpkey -algorithm ed25519 -out keys/sa.key");
    let before = bench.read("keys/sa.key");
    let directory = KeyDir::new(bench.path("keys"));
    let error = directory.load().unwrap_err();
    assert!(matches!(&error, KeyDirError::Pem { path, .. } if path.ends_with("sa.key")));
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("Ed25519"), "{source}");
    assert!(matches!(directory.create(&key(), record()), Err(KeyDirError::AlreadyExists { .. })));
    assert_eq!(bench.read("keys/sa.key"), before);
}

#[test]
fn of_two_issuers_at_once_one_gets_the_key_and_the_other_is_told() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = KeyDir::new(temporary.path().join("keys"));
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    directory.create(&key, KeyRecord::default()).unwrap();
    let ends: Vec<_> = std::thread::scope(|scope| {
        let spawned: Vec<_> = (0..4)
            .map(|number| {
                let (directory, key) = (&directory, &key);
                scope.spawn(move || {
                    let mut ring = directory.load().unwrap().unwrap().ring;
                    let issuer = format!("https://{number}.example.com");
                    ring.update_record(key.public_key().kid(), |record| record.issuer = Some(issuer));
                    directory.save(&ring)
                })
            })
            .collect();
        spawned.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1, "{ends:?}");
    let refused = ends.into_iter().filter_map(Result::err);
    assert!(refused.into_iter().all(|error| matches!(error, KeyDirError::OtherIssuer { .. })));
}
