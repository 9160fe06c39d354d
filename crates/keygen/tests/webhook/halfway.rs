//! A run that is killed: each state that a run goes through is seen by inotify, made again, and finished.

use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use issuer_keygen::{WebhookPlan, WebhookRenewal, WebhookWarning};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

use super::*;

/// The names in a directory that were given to something or taken away, in order.
fn changes(path: &Path, work: impl FnOnce()) -> Vec<String> {
    let watch = inotify::init(CreateFlags::NONBLOCK).unwrap();
    inotify::add_watch(&watch, path, WatchFlags::MOVED_TO | WatchFlags::DELETE).unwrap();
    work();
    let mut buffer = [MaybeUninit::uninit(); 16 << 10];
    let mut reader = Reader::new(watch, &mut buffer);
    let mut names = Vec::new();
    // Nothing more to read ends it.
    while let Ok(event) = reader.next() {
        let name = event.file_name().unwrap().to_str().unwrap().to_owned();
        let taken = event.events().contains(ReadFlags::DELETE);
        if !name.starts_with('.') {
            names.push(if taken { format!("-{name}") } else { name });
        }
    }
    names
}

/// Every state of the directory between before and after.
fn states(
    before: &BTreeMap<String, Vec<u8>>,
    order: &[String],
    after: &BTreeMap<String, Vec<u8>>,
) -> Vec<BTreeMap<String, Vec<u8>>> {
    let mut state = before.clone();
    let mut states = vec![state.clone()];
    for change in order {
        match change.strip_prefix('-') {
            Some(name) => state.remove(name),
            None => state.insert(change.clone(), after[change].clone()),
        };
        states.push(state.clone());
    }
    assert_eq!(&state, after, "nothing else was changed");
    states
}

fn put(path: &Path, files: &BTreeMap<String, Vec<u8>>) {
    fs::create_dir_all(path).unwrap();
    for (name, bytes) in files {
        fs::write(path.join(name), bytes).unwrap();
    }
}

#[test]
fn whatever_a_killed_run_leaves_is_whole_and_is_finished() {
    let table: [(&str, &[i64], i64, &[&str]); 4] = [
        ("the first run", &[], 0, &["ca.key", "ca.crt", "tls.key", "tls.crt"]),
        ("a renewal", &[0], 340, &["-tls.crt", "tls.key", "tls.crt"]),
        ("another authority", &[0, 3280], 3620, &["ca.crt", "ca.key", "-tls.crt", "tls.key", "tls.crt"]),
        ("after a long sleep", &[0], 4000, &["ca.crt", "ca.key", "-tls.crt", "tls.key", "tls.crt"]),
    ];
    for (case, runs, day, wanted) in table {
        let bench = Bench::new();
        let directory = directory(&bench);
        for run in runs {
            directory.ready(&names(), after(*run)).unwrap();
        }
        fs::create_dir_all(directory.path()).unwrap();
        let before = files(&directory);
        let order = changes(directory.path(), || drop(directory.ready(&names(), after(day)).unwrap()));
        assert_eq!(order, wanted, "{case}");
        for (number, state) in states(&before, &order, &files(&directory)).iter().enumerate() {
            let case = format!("{case}, killed after change {number}");
            let bench = Bench::new();
            let directory = super::directory(&bench);
            put(directory.path(), state);
            // Half a file under a temporary name too.
            bench.write("keys/webhook/.issuerctl-half", "-----BEGIN PRIVATE");

            if let (Some(certificate), Some(key)) = (state.get("tls.crt"), state.get("tls.key")) {
                bench.write("crt", certificate);
                bench.write("key", key);
                let of_key = bench.openssl("pkey -in key -pubout");
                assert_eq!(of_key, bench.openssl("x509 -in crt -noout -pubkey"), "{case}");
            }
            let made =
                directory.ready(&names(), after(day)).unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_whole(&made, after(day));
            assert_eq!(directory.plan(&names(), after(day)).unwrap(), WebhookPlan::Keep, "{case}");
            assert!(!bench.path("keys/webhook/.issuerctl-half").exists(), "{case}");
            // What pods serve until the cluster has the new Secret is still vouched for.
            if let Some(served) = before.get("tls.crt") {
                let served = std::str::from_utf8(served).unwrap();
                let still = verify(&made.ca_bundle_pem, served, NAME, after(day));
                // After the long sleep it has ended, and its authority with it.
                assert_eq!(still.is_ok(), day < 3652, "{case}: {still:?}");
            }
        }
    }
}

#[test]
fn private_keys_that_are_gone_are_made_anew_and_their_authority_stays_trusted() {
    for (gone, plan) in [
        (&["ca.key"][..], WebhookPlan::Keep),
        (&["tls.key"], WebhookPlan::Renew(WebhookRenewal::Gone)),
        (&["tls.crt"], WebhookPlan::Renew(WebhookRenewal::Gone)),
        (&["ca.key", "tls.key"], WebhookPlan::RenewAuthority(WebhookRenewal::Gone)),
        (&["ca.crt", "ca.key", "tls.crt", "tls.key"], WebhookPlan::Make),
    ] {
        let bench = Bench::new();
        let directory = directory(&bench);
        let old = directory.ready(&names(), NOW).unwrap();
        for name in gone {
            fs::remove_file(directory.path().join(name)).unwrap();
        }
        assert_eq!(directory.plan(&names(), NOW).unwrap(), plan, "{gone:?}");
        let made = directory.ready(&names(), NOW).unwrap();
        assert_whole(&made, NOW);
        let trusted = verify(&made.ca_bundle_pem, &old.certificate_pem, NAME, NOW).is_ok();
        assert_eq!(trusted, plan != WebhookPlan::Make, "{gone:?}");
    }
}

#[test]
fn an_authoritys_key_that_is_gone_is_spoken_of_until_the_renewal_that_makes_another() {
    let bench = Bench::new();
    let directory = directory(&bench);
    directory.ready(&names(), NOW).unwrap();
    let path = directory.path().join("ca.key");
    let key = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let gone = WebhookWarning::AuthorityKeyGone { path: path.clone() };
    for day in [0, 334] {
        assert_eq!(directory.plan(&names(), after(day)).unwrap(), WebhookPlan::Keep);
        let kept = directory.ready(&names(), after(day)).unwrap();
        assert_eq!(kept.warnings, std::slice::from_ref(&gone));
        assert!(!path.exists(), "looking makes no key");
    }
    let sentence = gone.to_string();
    assert!(sentence.contains("keys/webhook/ca.key is gone: "), "{sentence}");
    assert!(sentence.contains("the next renewal makes a new authority"), "{sentence}");

    fs::write(&path, key).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(directory.ready(&names(), after(334)).unwrap().warnings, [], "it was put back");
    fs::remove_file(&path).unwrap();
    let due = WebhookPlan::RenewAuthority(WebhookRenewal::Due);
    assert_eq!(directory.plan(&names(), after(335)).unwrap(), due);
    let renewed = directory.ready(&names(), after(335)).unwrap();
    assert_eq!(renewed.warnings, [], "what the warning spoke of has been done");
    assert_eq!(certificates(&renewed.ca_bundle_pem).len(), 2);
}
