//! A key directory among symlinks, pipes, odd umasks and other processes.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Barrier;

use issuer_keygen::{Algorithm, KeyDir, KeyDirError, KeyRecord, SigningKey};
use support::Bench;

/// Says to [`in_a_child`] where to work.
const DIRECTORY: &str = "ISSUER_KEYGEN_TEST_DIRECTORY";

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// The work of the children below; by itself it does nothing.
#[test]
fn in_a_child() {
    let Some(path) = std::env::var_os(DIRECTORY) else { return };
    let directory = KeyDir::new(path.into());
    directory.create(&key(), KeyRecord::default()).unwrap();
    let mut loaded = directory.load().unwrap().unwrap();
    loaded.ring.update_record(&loaded.ring.signer().kid().clone(), |record| {
        record.issuer = Some("https://a".into());
    });
    directory.save(&loaded.ring).unwrap();
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    for umask in ["000", "022", "077", "777"] {
        let bench = Bench::new();
        let keys = bench.path("above/keys");
        let test_binary = std::env::current_exe().unwrap();
        let output = Command::new("sh")
            .args(["-c", &format!("umask {umask}; exec \"$0\" --exact in_a_child")])
            .arg(test_binary)
            .env(DIRECTORY, &keys)
            .output()
            .unwrap();
        assert!(output.status.success(), "umask {umask}: {}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(mode(&keys), 0o700, "umask {umask}");
        assert_eq!(mode(&bench.path("above")) & 0o700, 0o700, "umask {umask}");
        for (name, expected) in
            [("sa.key", 0o600), ("sa.pub", 0o644), ("ring.json", 0o644), (".gitignore", 0o644)]
        {
            assert_eq!(mode(&keys.join(name)), expected, "umask {umask}: {name}");
        }
        assert_eq!(fs::read_dir(bench.path("above")).unwrap().count(), 1);
    }
}

#[test]
fn a_mounted_secret_is_read_through_its_links() {
    let bench = Bench::new();
    let made = KeyDir::new(bench.path("..2026_01_01"));
    made.create(&key(), KeyRecord::default()).unwrap();
    fs::create_dir(bench.path("mount")).unwrap();
    symlink("../..2026_01_01", bench.path("mount/..data")).unwrap();
    for name in ["sa.key", "sa.pub", "ring.json"] {
        symlink(format!("..data/{name}"), bench.path("mount").join(name)).unwrap();
    }
    let mounted = KeyDir::new(bench.path("mount"));
    let mut loaded = mounted.load().unwrap().unwrap();
    assert_eq!(loaded.ring, made.load().unwrap().unwrap().ring);
    assert!(loaded.signing_key.is_some());

    // Nothing has changed, so nothing is written; a change is not written through a link.
    mounted.save(&loaded.ring).unwrap();
    let before = fs::read(made.records_path()).unwrap();
    let kid = loaded.ring.signer().kid().clone();
    loaded.ring.update_record(&kid, |record| record.issuer = Some("https://a".into()));
    assert!(matches!(mounted.save(&loaded.ring), Err(KeyDirError::Symlink { .. })));
    assert_eq!(fs::read(made.records_path()).unwrap(), before);
    assert!(fs::symlink_metadata(mounted.records_path()).unwrap().is_symlink());
}

#[test]
fn a_link_to_nothing_is_neither_no_key_nor_written_through() {
    for name in ["sa.key", "sa.pub", "ring.json"] {
        let bench = Bench::new();
        fs::create_dir(bench.path("keys")).unwrap();
        symlink(bench.path("target"), bench.path("keys").join(name)).unwrap();
        let directory = KeyDir::new(bench.path("keys"));
        let error = directory.load().unwrap_err();
        assert!(matches!(error, KeyDirError::DanglingSymlink { .. }), "{name}: {error}");
        let error = directory.create(&key(), KeyRecord::default()).unwrap_err();
        assert!(
            matches!(error, KeyDirError::Symlink { .. } | KeyDirError::DanglingSymlink { .. }),
            "{name}: {error}"
        );
        assert!(!bench.path("target").exists());
        assert_eq!(fs::read_dir(bench.path("keys")).unwrap().count(), 1, "{name}: nothing was written");
    }
}

#[test]
fn the_directory_itself_may_not_be_a_link_to_nothing() {
    let bench = Bench::new();
    symlink(bench.path("target"), bench.path("keys")).unwrap();
    let directory = KeyDir::new(bench.path("keys"));
    assert!(matches!(directory.load(), Err(KeyDirError::DanglingSymlink { .. })));
    assert!(matches!(directory.create(&key(), KeyRecord::default()), Err(KeyDirError::Symlink { .. })));
    assert!(!bench.path("target").exists());
}

#[test]
fn a_link_to_a_key_elsewhere_is_not_overwritten() {
    let bench = Bench::new();
    bench.write("precious", "precious");
    fs::create_dir(bench.path("keys")).unwrap();
    symlink(bench.path("precious"), bench.path("keys/sa.key")).unwrap();
    let directory = KeyDir::new(bench.path("keys"));
    assert!(matches!(directory.create(&key(), KeyRecord::default()), Err(KeyDirError::Symlink { .. })));
    assert_eq!(bench.read("precious"), "precious");
}

#[test]
fn pipes_directories_and_huge_files_are_refused() {
    for name in ["sa.key", "sa.pub", "ring.json"] {
        let bench = Bench::new();
        let directory = KeyDir::new(bench.path("keys"));
        directory.create(&key(), KeyRecord::default()).unwrap();
        let path = bench.path("keys").join(name);

        fs::remove_file(&path).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let error = directory.load().unwrap_err();
        assert!(matches!(error, KeyDirError::NotAFile { .. }), "{name}: {error}");

        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let error = directory.load().unwrap_err();
        assert!(matches!(error, KeyDirError::NotAFile { .. }), "{name}: {error}");

        fs::remove_dir(&path).unwrap();
        fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = directory.load().unwrap_err();
        assert!(matches!(error, KeyDirError::TooLarge { .. }), "{name}: {error}");

        fs::remove_file(&path).unwrap();
        symlink("/dev/zero", &path).unwrap();
        let error = directory.load().unwrap_err();
        assert!(matches!(error, KeyDirError::NotAFile { .. }), "{name}: {error}");
    }
}

#[test]
fn one_of_many_wins_and_the_others_are_told() {
    const RACERS: usize = 8;
    for _ in 0..20 {
        let bench = Bench::new();
        let directory = KeyDir::new(bench.path("keys"));
        let start = Barrier::new(RACERS);
        let results: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..RACERS)
                .map(|_| {
                    scope.spawn(|| {
                        let key = key();
                        start.wait();
                        (key.public_key().clone(), directory.create(&key, KeyRecord::default()))
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        let winners: Vec<_> = results.iter().filter(|(_, result)| result.is_ok()).collect();
        assert_eq!(winners.len(), 1);
        for (_, result) in &results {
            assert!(matches!(result, Ok(()) | Err(KeyDirError::AlreadyExists { .. })), "{result:?}");
        }
        let loaded = directory.load().unwrap().unwrap();
        assert_eq!(loaded.ring.signer(), &winners[0].0);
        assert!(loaded.signing_key.is_some());
        // Nothing temporary is left, beside the directory either.
        assert_eq!(fs::read_dir(bench.path("keys")).unwrap().count(), 4);
        assert_eq!(fs::read_dir(bench.path("")).unwrap().count(), 1);
    }
}

#[test]
fn many_complete_one_directory_together() {
    const RACERS: usize = 8;
    for _ in 0..20 {
        let bench = Bench::new();
        let directory = KeyDir::new(bench.path("keys"));
        directory.create(&key(), KeyRecord::default()).unwrap();
        let before = fs::read(directory.public_keys_path()).unwrap();
        fs::remove_file(directory.public_keys_path()).unwrap();
        fs::remove_file(directory.records_path()).unwrap();
        let start = Barrier::new(RACERS);
        std::thread::scope(|scope| {
            for _ in 0..RACERS {
                scope.spawn(|| {
                    start.wait();
                    directory.complete(&directory.load().unwrap().unwrap()).unwrap();
                });
            }
        });
        assert_eq!(fs::read(directory.public_keys_path()).unwrap(), before);
        assert!(directory.records_path().exists());
        assert_eq!(fs::read_dir(bench.path("keys")).unwrap().count(), 4);
    }
}

/// No error of a directory repeats what stands in its files.
#[test]
fn errors_show_no_private_bytes() {
    let bench = Bench::new();
    let directory = KeyDir::new(bench.path("keys"));
    let key = key();
    directory.create(&key, KeyRecord::default()).unwrap();
    let pem = key.to_pem().unwrap();
    let body = pem.lines().nth(1).unwrap();
    for name in ["sa.key", "sa.pub", "ring.json"] {
        for text in [&pem[..100], &pem.replace("EC PRIVATE", "PRIVATE"), &pem.replace("AQEE", "AQEF"), body] {
            let path = bench.path("keys").join(name);
            let before = fs::read(&path).unwrap();
            fs::write(&path, text).unwrap();
            if let Err(error) = directory.load() {
                let mut shown = format!("{error:?}");
                let mut source: Option<&dyn std::error::Error> = Some(&error);
                while let Some(error) = source {
                    shown.push_str(&error.to_string());
                    source = error.source();
                }
                let leaked = (0..body.len() - 8).find(|at| shown.contains(&body[*at..at + 8]));
                assert_eq!(leaked, None, "{name}: {shown}");
            }
            fs::write(&path, before).unwrap();
        }
    }
}
