//! What is not ours is refused, in words, and nothing is overwritten.

use std::fs;
use std::os::unix::fs::symlink;

use issuer_keygen::WebhookCertificateError;

use super::*;

/// A directory as the first run leaves it, and another one of the same day.
fn two() -> (Bench, WebhookDir, BTreeMap<String, Vec<u8>>) {
    let (bench, other) = (Bench::new(), Bench::new());
    let ours = directory(&bench);
    ours.ready(&names(), NOW).unwrap();
    let others = directory(&other);
    others.ready(&names(), NOW).unwrap();
    let files = files(&others);
    (bench, ours, files)
}

/// Checks that neither a look nor a run takes what is there, on a day when all would be renewed.
#[track_caller]
fn assert_refused(directory: &WebhookDir, words: &str, case: &str) {
    let before = files(directory);
    for day in [0, 3288] {
        let errors = [
            directory.plan(&names(), after(day)).unwrap_err(),
            directory.ready(&names(), after(day)).unwrap_err(),
        ];
        for error in errors {
            assert!(error.to_string().contains(words), "{case}: {error}");
        }
    }
    assert_eq!(files(directory), before, "{case}: something was overwritten");
}

#[test]
fn keys_and_certificates_of_somebody_else_are_left_alone() {
    for (taken, words) in [
        (&["tls.key"][..], "tls.key belongs to no certificate in"),
        (&["ca.key"], "ca.key belongs to no certificate in"),
        (&["tls.crt"], "tls.key belongs to no certificate in"),
        (&["tls.crt", "tls.key"], "tls.crt was signed by no authority in"),
        (&["ca.crt"], "ca.key belongs to no certificate in"),
        (&["ca.crt", "ca.key"], "tls.crt was signed by no authority in"),
    ] {
        let (_bench, ours, others) = two();
        for name in taken {
            fs::write(ours.path().join(name), &others[*name]).unwrap();
        }
        assert_refused(&ours, words, &format!("{taken:?}"));
    }
}

#[test]
fn files_that_cannot_be_understood_are_left_alone() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let (bench, ours, _) = two();
    bench.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem");
    bench.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384.pem");
    let (rsa, p384) = (bench.read("rsa.pem"), bench.read("p384.pem"));
    let serving = bench.read("keys/webhook/tls.crt");
    let half = serving.get(..serving.len() / 2).unwrap();
    for (name, text, words) in [
        ("ca.crt", "", "it holds no certificate"),
        ("ca.crt", broken, "a certificate that is none"),
        ("ca.crt", half, "a broken PEM block"),
        ("ca.crt", &rsa, "a PEM block that is no certificate"),
        ("ca.crt", &serving, "it has a certificate that is no authority's"),
        ("tls.crt", "nonsense", "it holds no certificate"),
        ("tls.crt", broken, "a certificate that is none"),
        ("ca.key", "", "no private key of P-256"),
        ("ca.key", &rsa, "no private key of P-256"),
        ("tls.key", &p384, "no private key of P-256"),
        ("tls.key", half, "no private key of P-256"),
    ] {
        let path = ours.path().join(name);
        let good = fs::read(&path).unwrap();
        fs::write(&path, text).unwrap();
        assert_refused(&ours, words, &format!("{name}: {text:.30}"));
        fs::write(&path, good).unwrap();
    }
    assert_whole(&ours.ready(&names(), NOW).unwrap(), NOW);
}

#[test]
fn an_authority_that_was_named_by_somebody_else_signs_nothing_here() {
    let bench = Bench::new();
    let directory = directory(&bench);
    directory.ready(&names(), NOW).unwrap();
    for name in ["tls.crt", "tls.key"] {
        fs::remove_file(directory.path().join(name)).unwrap();
    }
    bench.openssl(
        "req -x509 -new -key keys/webhook/ca.key -subj /O=x/CN=y -days 9000 -out keys/webhook/ca.crt",
    );
    let before = files(&directory);
    let now = OffsetDateTime::now_utc() + Duration::minutes(1);
    let error = directory.ready(&names(), now).unwrap_err();
    assert!(error.to_string().contains("a name that this program gives to none"), "{error}");
    assert_eq!(files(&directory), before);
}

#[test]
fn nothing_is_written_through_a_link_or_in_its_place() {
    for name in ["ca.crt", "ca.key", "tls.crt", "tls.key"] {
        let bench = Bench::new();
        let directory = directory(&bench);
        directory.ready(&names(), NOW).unwrap();
        let path = directory.path().join(name);
        fs::rename(&path, bench.path("elsewhere")).unwrap();
        symlink(bench.path("elsewhere"), &path).unwrap();
        let before = files(&directory);
        directory.ready(&names(), NOW).unwrap();
        let error = directory.ready(&names(), after(3288)).unwrap_err();
        assert!(error.to_string().contains("symbolic link"), "{name}: {error}");
        assert_eq!(files(&directory), before, "{name}");
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    }
}

#[test]
fn what_is_in_the_way_is_named() {
    let bench = Bench::new();
    fs::create_dir(bench.path("keys")).unwrap();
    bench.write("keys/webhook", "");
    let directory = directory(&bench);
    let error = directory.ready(&names(), NOW).unwrap_err();
    assert!(error.to_string().ends_with("keys/webhook is not a directory"), "{error}");
    assert!(directory.plan(&names(), NOW).is_err());
    for wrong in [vec![], vec!["*.eks.svc".to_owned()]] {
        let error = directory.plan(&wrong, NOW).unwrap_err();
        let named = matches!(error, WebhookCertificateError::Name { .. } | WebhookCertificateError::NoName);
        assert!(named, "{error}");
    }
}
