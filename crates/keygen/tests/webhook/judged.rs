//! What others see in the files: openssl, webpki, git, and the key directory around them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use issuer_keygen::{Algorithm, KeyDir, KeyDirWarning, KeyRecord, SigningKey, WebhookWarning};

use super::*;

#[test]
fn openssl_finds_an_authority_and_a_serving_certificate() {
    let bench = Bench::new();
    let made = directory(&bench).ready(&names(), NOW).unwrap();
    assert_whole(&made, NOW);

    let at = NOW.unix_timestamp();
    let verify = |name: &str| {
        format!(
            "verify -x509_strict -purpose sslserver -attime {at} -verify_hostname {name} -CAfile \
             keys/webhook/ca.crt keys/webhook/tls.crt"
        )
    };
    for name in names() {
        bench.openssl(&verify(&name));
    }
    for other in ["eks.svc", "pod-identity-webhook.other.svc", "x.pod-identity-webhook.eks.svc"] {
        assert!(!bench.run(&verify(other)).status.success(), "{other}");
    }
    let show = |file: &str| {
        let shown = bench.openssl(&format!("x509 -in keys/webhook/{file} -noout -text"));
        String::from_utf8(shown).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let (authority, serving) = (show("ca.crt"), show("tls.crt"));
    for (shown, words) in [
        (&authority, "Version: 3 "),
        (&authority, "Not Before: Nov 26 11:55:00 2026 GMT Not After : Nov 25 12:00:00 2036 GMT"),
        (&authority, "X509v3 Basic Constraints: critical CA:TRUE, pathlen:0"),
        (&authority, "X509v3 Key Usage: critical Certificate Sign X509v3"),
        (&authority, "X509v3 Subject Key Identifier: "),
        (&authority, "NIST CURVE: P-256"),
        (&serving, "Version: 3 "),
        (&serving, "Not Before: Nov 26 11:55:00 2026 GMT Not After : Nov 26 12:00:00 2027 GMT"),
        (&serving, "X509v3 Key Usage: critical Digital Signature X509v3"),
        (&serving, "X509v3 Extended Key Usage: TLS Web Server Authentication X509v3"),
        (&serving, "X509v3 Basic Constraints: critical CA:FALSE"),
        (&serving, "Signature Algorithm: ecdsa-with-SHA256"),
        (&serving, "NIST CURVE: P-256"),
        (
            &serving,
            "DNS:pod-identity-webhook, DNS:pod-identity-webhook.eks, DNS:pod-identity-webhook.eks.svc, \
             DNS:pod-identity-webhook.eks.svc.cluster.local",
        ),
    ] {
        assert!(shown.contains(words), "{words:?} is not in {shown}");
    }
    let word_after =
        |shown: &str, words: &str| shown.split_once(words).unwrap().1.split(' ').next().unwrap().to_owned();
    assert_eq!(
        word_after(&authority, "Subject Key Identifier: "),
        word_after(&serving, "Authority Key Identifier: ")
    );
    assert_ne!(
        word_after(&authority, "Serial Number: "),
        word_after(&serving, "Serial Number: "),
        "one authority gives a serial number once"
    );
}

#[test]
fn what_is_handed_out_is_what_lies_there() {
    let bench = Bench::new();
    let directory = directory(&bench);
    let made = directory.ready(&names(), NOW).unwrap();
    let files = files(&directory);
    assert_eq!(files.keys().collect::<Vec<_>>(), [".gitignore", "ca.crt", "ca.key", "tls.crt", "tls.key"]);
    assert_eq!(files["ca.crt"], made.ca_bundle_pem.as_bytes());
    assert_eq!(files["tls.crt"], made.certificate_pem.as_bytes());
    assert_eq!(files["tls.key"], made.private_key_pem.as_bytes());
    assert!(made.private_key_pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert!(!format!("{made:?}").contains("PRIVATE"));
    assert_eq!((made.not_after, made.authority_not_after), (after(365), after(3652)));
    for key in ["ca.key", "tls.key"] {
        bench.openssl(&format!("pkey -in keys/webhook/{key} -check -noout"));
    }
}

#[test]
fn only_the_owner_reads_private_keys_and_others_are_spoken_of() {
    let bench = Bench::new();
    let directory = directory(&bench);
    assert_eq!(directory.ready(&names(), NOW).unwrap().warnings, []);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    for (name, bits) in [("ca.key", 0o600), ("tls.key", 0o600), ("ca.crt", 0o644), ("tls.crt", 0o644)] {
        assert_eq!(mode(&directory.path().join(name)), bits, "{name}");
    }
    assert_eq!(mode(directory.path()), 0o700);
    assert_eq!(mode(&bench.path("keys")), 0o700);

    let path = directory.path().join("ca.key");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let exposed = WebhookWarning::File(KeyDirWarning::Exposed { path: path.clone(), mode: 0o640 });
    assert_eq!(directory.ready(&names(), NOW).unwrap().warnings, std::slice::from_ref(&exposed));
    assert!(exposed.to_string().contains("chmod 600"), "{exposed}");
}

#[test]
fn the_key_directory_around_it_needs_no_signing_key_and_can_get_one() {
    let bench = Bench::new();
    let webhook = directory(&bench);
    let made = webhook.ready(&names(), NOW).unwrap();
    assert_eq!(bench.read("keys/.gitignore"), "*\n");
    let keys = KeyDir::new(bench.path("keys"));
    assert!(keys.load().unwrap().is_none());
    keys.create(&SigningKey::generate(Algorithm::Es256).unwrap(), KeyRecord::default()).unwrap();
    let loaded = keys.load().unwrap().unwrap();
    assert_eq!((loaded.ring.published().count(), loaded.warnings.len()), (1, 0));
    assert_eq!(webhook.ready(&names(), NOW).unwrap().certificate_pem, made.certificate_pem);
}

#[test]
fn a_key_directory_of_somebody_elses_making_keeps_the_webhooks_keys_from_git() {
    let bench = Bench::new();
    fs::create_dir(bench.path("keys")).unwrap();
    directory(&bench).ready(&names(), NOW).unwrap();
    assert_eq!(bench.read("keys/webhook/.gitignore"), "*\n");
    assert!(!bench.path("keys/.gitignore").exists());
}
