//! Somebody else works in the key directory at the same time: swaps files, lays out links, makes a key of their own.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use issuer_keygen::{
    Algorithm, KeyDir, KeyDirError, KeyDirWarning, KeyId, KeyRecord, SigningKey, read_public_key_file,
};
use support::Bench;

const DIRECTORY: &str = "ISSUER_KEYGEN_ATTACKED_DIRECTORY";

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// A key directory with one key, and that key's name.
fn made(bench: &Bench) -> (KeyDir, KeyId) {
    let directory = KeyDir::new(bench.path("keys"));
    let key = key();
    directory.create(&key, KeyRecord::default()).unwrap();
    (directory, key.public_key().kid().clone())
}

/// Runs `swap` again and again beside `work`.
fn meanwhile(swap: impl Fn() + Sync, work: impl FnOnce()) {
    struct End<'a>(&'a AtomicBool);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                swap();
            }
        });
        let _end = End(&ended);
        work();
    });
}

#[test]
fn a_file_that_is_swapped_while_it_is_read_is_one_of_the_two_or_refused() {
    for name in ["sa.key", "sa.pub", "ring.json"] {
        let bench = Bench::new();
        let (directory, kid) = made(&bench);
        let path = bench.path("keys").join(name);
        fs::copy(&path, bench.path("kept")).unwrap();
        fifo(&bench.path("pipe"));
        fs::File::create(bench.path("huge")).unwrap().set_len(1 << 40).unwrap();
        // Each is renamed into place, as an attacker would have it: there is no moment without the name.
        let links =
            ["pipe", "huge", "nothing", "kept", "/dev/zero", "/dev/null", "."].map(|to| bench.path(to));
        let swap = || {
            for to in &links {
                let next = bench.path("next");
                symlink(to, &next).unwrap();
                fs::rename(&next, &path).unwrap();
            }
            fs::hard_link(bench.path("pipe"), bench.path("next")).unwrap();
            fs::rename(bench.path("next"), &path).unwrap();
            fs::copy(bench.path("kept"), bench.path("next")).unwrap();
            fs::rename(bench.path("next"), &path).unwrap();
        };
        let (mut read, mut refused) = (0, 0);
        meanwhile(swap, || {
            while read < 20 || refused < 20 {
                match directory.load() {
                    Ok(loaded) => {
                        assert_eq!(loaded.unwrap().ring.signer().kid(), &kid, "{name}");
                        read += 1;
                    }
                    Err(
                        KeyDirError::NotAFile { .. }
                        | KeyDirError::TooLarge { .. }
                        | KeyDirError::DanglingSymlink { .. },
                    ) => refused += 1,
                    // Empty, as /dev/null would be if it were taken, is no answer here either.
                    Err(error) => panic!("{name}: {error}"),
                }
            }
        });
    }
}

#[test]
fn a_file_that_is_swapped_while_it_is_written_leads_nowhere_else() {
    for name in ["sa.key", "sa.pub", "ring.json"] {
        let bench = Bench::new();
        let (directory, kid) = made(&bench);
        let mut loaded = directory.load().unwrap().unwrap();
        bench.write("victim", "victim");
        fs::copy(bench.path("keys").join(name), bench.path("kept")).unwrap();
        let path = bench.path("keys").join(name);
        let swap = || {
            symlink(bench.path("victim"), bench.path("next")).unwrap();
            fs::rename(bench.path("next"), &path).unwrap();
            let _ = fs::remove_file(&path);
            fs::copy(bench.path("kept"), bench.path("next")).unwrap();
            fs::rename(bench.path("next"), &path).unwrap();
        };
        meanwhile(swap, || {
            for round in 0..100 {
                let issuer = Some("https://a.example".to_owned());
                loaded.ring.update_record(&kid, |record| {
                    record.issuer = issuer;
                    record.made = time_of(round);
                });
                let _ = directory.save(&loaded.ring);
                let _ = directory.create(&key(), KeyRecord::default());
            }
        });
        assert_eq!(bench.read("victim"), "victim", "{name}");
        assert_eq!(fs::metadata(bench.path("victim")).unwrap().permissions().mode() & 0o111, 0);
        // Nothing temporary is left where writing was refused.
        let left = fs::read_dir(bench.path("keys")).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with(".issuerctl-")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Another second each time, so that the records differ.
fn time_of(round: i64) -> Option<time::OffsetDateTime> {
    time::OffsetDateTime::from_unix_timestamp(1_700_000_000 + round).ok()
}

/// The work of the children below; by itself it does nothing.
#[test]
fn in_a_child() {
    let Some(path) = std::env::var_os(DIRECTORY) else { return };
    let key = key();
    // All wait for the same moment: until the file is there.
    while !Path::new(&path).with_extension("go").exists() {
        std::hint::spin_loop();
    }
    match KeyDir::new(path.into()).create(&key, KeyRecord::default()) {
        Ok(()) => println!("\nwinner {}", key.public_key().kid()),
        Err(KeyDirError::AlreadyExists { .. }) => println!("\nloser"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn of_many_processes_one_makes_the_key_and_the_others_are_told() {
    for _ in 0..5 {
        let bench = Bench::new();
        let racers: Vec<_> = (0..6)
            .map(|_| {
                Command::new(std::env::current_exe().unwrap())
                    .args(["--exact", "in_a_child", "--nocapture"])
                    .env(DIRECTORY, bench.path("keys"))
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        bench.write("keys.go", "");
        let said: Vec<String> = racers
            .into_iter()
            .map(|racer| {
                let output = racer.wait_with_output().unwrap();
                assert!(output.status.success());
                String::from_utf8(output.stdout).unwrap()
            })
            .collect();
        let winners: Vec<&str> =
            said.iter().filter_map(|said| said.split("winner ").nth(1)?.lines().next()).collect();
        assert_eq!(winners.len(), 1, "{said:?}");
        assert_eq!(said.iter().filter(|said| said.contains("loser")).count(), 5, "{said:?}");
        let loaded = KeyDir::new(bench.path("keys")).load().unwrap().unwrap();
        assert_eq!(loaded.ring.signer().kid().as_str(), winners[0]);
        assert!(loaded.signing_key.is_some());
    }
}

#[test]
fn links_and_pipes_in_the_ring_are_read_as_everywhere_and_what_was_left_behind_is_not_read() {
    let bench = Bench::new();
    let (directory, _) = made(&bench);
    let other = key();
    let kid = other.public_key().kid().to_string();
    bench.write("other.pub", other.public_key().to_pem());
    fs::create_dir(bench.path("elsewhere")).unwrap();
    symlink(bench.path("elsewhere"), bench.path("keys/ring")).unwrap();
    for name in [".issuerctl-abc123", "x.key", ".hidden.pub", "no-kid.key"] {
        fifo(&bench.path("elsewhere").join(name));
        symlink("/dev/zero", bench.path("keys").join(name)).unwrap();
    }
    let published =
        |expected| assert_eq!(directory.load().unwrap().unwrap().ring.published().len(), expected);
    published(1);
    let public = bench.path("elsewhere").join(format!("{kid}.pub"));
    symlink(bench.path("other.pub"), &public).unwrap();
    published(2);
    for name in [format!("{kid}.pub"), format!("{kid}.key")] {
        let path = bench.path("elsewhere").join(name);
        for target in ["/dev/zero", "/dev/null", "/nothing"] {
            let _ = fs::remove_file(&path);
            symlink(target, &path).unwrap();
            let error = directory.load().unwrap_err();
            let named = matches!(&error, KeyDirError::NotAFile { path: of } | KeyDirError::DanglingSymlink { path: of } if *of == bench.path("keys/ring").join(path.file_name().unwrap()));
            assert!(named, "{target}: {error}");
        }
        fs::remove_file(&path).unwrap();
        fifo(&path);
        assert!(matches!(directory.load(), Err(KeyDirError::NotAFile { .. })));
        fs::remove_file(&path).unwrap();
    }
    // A ring that is no directory is no empty ring.
    fs::remove_file(bench.path("keys/ring")).unwrap();
    symlink("/dev/null", bench.path("keys/ring")).unwrap();
    assert!(matches!(directory.load(), Err(KeyDirError::Read { .. })));
}

#[test]
fn a_hard_link_keeps_what_it_had() {
    let bench = Bench::new();
    let (directory, kid) = made(&bench);
    for name in ["sa.pub", "ring.json", "sa.key"] {
        fs::hard_link(bench.path("keys").join(name), bench.path(name)).unwrap();
    }
    let before = ["sa.pub", "ring.json", "sa.key"].map(|name| bench.read(name));
    let mut loaded = directory.load().unwrap().unwrap();
    loaded.ring.update_record(&kid, |record| record.issuer = Some("https://a.example".to_owned()));
    loaded.ring.add(key().public_key().clone());
    directory.save(&loaded.ring).unwrap();
    assert_eq!(before, ["sa.pub", "ring.json", "sa.key"].map(|name| bench.read(name)));
    for name in ["sa.pub", "ring.json"] {
        assert_eq!(fs::metadata(bench.path("keys").join(name)).unwrap().nlink(), 1, "{name}");
    }
}

#[test]
fn sweeping_what_was_left_behind_takes_names_away_and_follows_none() {
    let bench = Bench::new();
    bench.write("victim", "victim");
    fs::create_dir(bench.path("precious")).unwrap();
    bench.write("precious/file", "precious");
    let (directory, _) = made(&bench);
    for (name, to) in [("a", "victim"), ("b", "precious"), ("c", "nothing")] {
        symlink(bench.path(to), bench.path("keys").join(format!(".issuerctl-{name}"))).unwrap();
    }
    fs::hard_link(bench.path("victim"), bench.path("keys/.issuerctl-d")).unwrap();
    fifo(&bench.path("keys/.issuerctl-e"));
    let mut loaded = directory.load().unwrap().unwrap();
    loaded.ring.add(key().public_key().clone());
    directory.save(&loaded.ring).unwrap();
    assert_eq!((bench.read("victim").as_str(), bench.read("precious/file").as_str()), ("victim", "precious"));
    assert_eq!(directory.load().unwrap().unwrap().ring, loaded.ring);
}

#[test]
fn directories_above_may_be_links_and_the_key_goes_where_they_lead() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("disk/a")).unwrap();
    symlink("disk/a", bench.path("link")).unwrap();
    let directory = KeyDir::new(bench.path("link/b/../b/keys"));
    fs::create_dir(bench.path("disk/a/b")).unwrap();
    directory.create(&key(), KeyRecord::default()).unwrap();
    assert!(directory.load().unwrap().unwrap().signing_key.is_some());
    assert_eq!(fs::metadata(bench.path("disk/a/b/keys")).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(fs::symlink_metadata(bench.path("link")).unwrap().is_symlink());
    // The directory itself may be one too, and stays one.
    symlink("disk/a/b/keys", bench.path("keys")).unwrap();
    let through = KeyDir::new(bench.path("keys"));
    assert_eq!(through.load().unwrap().unwrap().ring, directory.load().unwrap().unwrap().ring);
    assert!(matches!(through.create(&key(), KeyRecord::default()), Err(KeyDirError::AlreadyExists { .. })));
    assert!(fs::symlink_metadata(bench.path("keys")).unwrap().is_symlink());
}

#[test]
fn a_directory_that_others_can_write_to_is_said() {
    let bench = Bench::new();
    let (directory, _) = made(&bench);
    for (mode, said) in [(0o700, false), (0o755, false), (0o770, true), (0o702, true), (0o1777, true)] {
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode)).unwrap();
        let warnings = directory.load().unwrap().unwrap().warnings;
        let expected = KeyDirWarning::Writable { path: directory.path().into(), mode };
        assert_eq!(warnings, Vec::from_iter(said.then_some(expected)), "{mode:o}");
    }
    let shown = directory.load().unwrap().unwrap().warnings[0].to_string();
    assert!(shown.contains("(mode 1777)") && shown.contains("chmod go-w"), "{shown}");
}

#[test]
fn a_public_key_given_by_hand_is_read_as_carefully() {
    let bench = Bench::new();
    fifo(&bench.path("pipe"));
    symlink("/dev/zero", bench.path("zero")).unwrap();
    fs::File::create(bench.path("huge")).unwrap().set_len(1 << 40).unwrap();
    for name in ["pipe", "zero", "", "huge"] {
        let error = read_public_key_file(&bench.path(name)).unwrap_err();
        let refused = matches!(error, KeyDirError::NotAFile { .. } | KeyDirError::TooLarge { .. });
        assert!(refused, "{name}: {error}");
    }
}
