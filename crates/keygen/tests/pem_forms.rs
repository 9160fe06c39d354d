//! Every PEM form of kube-apiserver's table, made by openssl here: what is taken as public key
//! source, what as signing key, and the reason for what is not. No private key is ever committed.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod support;

use issuer_keygen::{KeyError, Note, PemError, Refusal, SigningKey, Weakness, read_public_keys};
use proptest::prelude::*;
use support::Bench;

/// The reason when exactly one block is refused as public key source.
fn public_refusal(pem: impl AsRef<[u8]>) -> Refusal {
    match read_public_keys(pem.as_ref()) {
        Err(PemError::NoPublicKey { skipped }) if skipped.len() == 1 => skipped[0].reason.clone(),
        other => panic!("{other:?}"),
    }
}

/// The reason when exactly one block is refused as signing key.
fn signing_refusal(pem: impl AsRef<[u8]>) -> Refusal {
    match SigningKey::from_pem(pem.as_ref()) {
        Err(PemError::NoPrivateKey { skipped }) if skipped.len() == 1 => skipped[0].reason.clone(),
        other => panic!("{other:?}"),
    }
}

fn public_kid(pem: impl AsRef<[u8]>) -> String {
    let found = read_public_keys(pem.as_ref()).unwrap();
    assert_eq!((found.keys.len(), found.skipped.len()), (1, 0));
    found.keys[0].kid().to_string()
}

fn signing_kid(pem: impl AsRef<[u8]>) -> String {
    SigningKey::from_pem(pem.as_ref()).unwrap().public_key().kid().to_string()
}

#[test]
fn rsa_in_every_form() {
    let bench = Bench::new();
    bench.openssl("genrsa -traditional -out pkcs1 2048");
    let kid = bench.kid("pkcs1");
    bench.openssl("pkcs8 -topk8 -nocrypt -in pkcs1 -out pkcs8");
    bench.openssl("rsa -in pkcs1 -pubout -out spki");
    bench.openssl("rsa -in pkcs1 -RSAPublicKey_out -out pkcs1-public");
    bench.openssl("req -x509 -new -key pkcs1 -subj /CN=test -days 1 -out certificate");
    bench.openssl("rsa -in pkcs1 -traditional -aes128 -passout pass:secret -out encrypted");
    bench.openssl("pkcs8 -topk8 -in pkcs1 -passout pass:secret -out encrypted8");
    bench.openssl("pkcs8 -topk8 -v1 PBE-SHA1-3DES -in pkcs1 -passout pass:secret -out encrypted8-old");

    for form in ["spki", "certificate", "pkcs1", "pkcs8"] {
        assert_eq!(public_kid(bench.read(form)), kid, "{form}");
    }
    for form in ["pkcs1", "pkcs8"] {
        assert_eq!(signing_kid(bench.read(form)), kid, "{form}");
        assert!(matches!(
            read_public_keys(bench.read(form).as_bytes()).unwrap().notes[..],
            [Note::PrivateKey { .. }]
        ));
    }
    for form in ["spki", "certificate", "pkcs1-public"] {
        assert_eq!(signing_refusal(bench.read(form)), Refusal::PublicOnly, "{form}");
    }
    assert_eq!(public_refusal(bench.read("pkcs1-public")), Refusal::Pkcs1Public);
    for form in ["encrypted", "encrypted8", "encrypted8-old"] {
        assert_eq!(public_refusal(bench.read(form)), Refusal::Encrypted, "{form}");
        assert_eq!(signing_refusal(bench.read(form)), Refusal::Encrypted, "{form}");
    }
}

#[test]
fn ec_in_every_form() {
    for curve in ["prime256v1", "secp384r1", "secp521r1"] {
        let bench = Bench::new();
        bench.openssl(&format!("ecparam -name {curve} -genkey -out parameters-and-sec1"));
        let kid = bench.kid("parameters-and-sec1");
        bench.openssl("ec -in parameters-and-sec1 -out sec1");
        bench.openssl("ec -in parameters-and-sec1 -no_public -out sec1-without-public");
        bench.openssl("pkcs8 -topk8 -nocrypt -in sec1 -out pkcs8");
        bench.openssl("ec -in sec1 -pubout -out spki");
        bench.openssl("req -x509 -new -key sec1 -subj /CN=test -days 1 -out certificate");
        assert!(bench.read("parameters-and-sec1").starts_with("-----BEGIN EC PARAMETERS-----"));

        for form in ["spki", "certificate", "sec1", "sec1-without-public", "parameters-and-sec1"] {
            assert_eq!(public_kid(bench.read(form)), kid, "{curve} {form}");
        }
        for form in ["sec1", "sec1-without-public", "parameters-and-sec1", "pkcs8"] {
            assert_eq!(signing_kid(bench.read(form)), kid, "{curve} {form}");
        }
        assert_eq!(public_refusal(bench.read("pkcs8")), Refusal::EcPkcs8);

        bench.openssl("ec -in sec1 -pubout -conv_form compressed -out compressed");
        assert_eq!(public_refusal(bench.read("compressed")), Refusal::CompressedPoint);
        bench.openssl("ec -in sec1 -param_enc explicit -out explicit");
        assert_eq!(public_refusal(bench.read("explicit")), Refusal::UnnamedCurve);
        assert_eq!(signing_refusal(bench.read("explicit")), Refusal::UnnamedCurve);
        bench.openssl("ec -in sec1 -param_enc explicit -pubout -out explicit-public");
        assert_eq!(public_refusal(bench.read("explicit-public")), Refusal::UnnamedCurve);
    }
}

#[test]
fn other_algorithms_are_refused_by_name() {
    let bench = Bench::new();
    for (make, reason) in [
        ("genpkey -algorithm ed25519 -out key", Refusal::Edwards("Ed25519")),
        ("genpkey -algorithm ed448 -out key", Refusal::Edwards("Ed448")),
        ("genpkey -algorithm x25519 -out key", Refusal::Edwards("X25519")),
        ("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out key", Refusal::RsaPss),
        ("dsaparam -genkey -noout -out key 1024", Refusal::Dsa),
    ] {
        bench.openssl(make);
        assert_eq!(public_refusal(bench.read("key")), reason, "{make}");
        assert_eq!(signing_refusal(bench.read("key")), reason, "{make}");
        bench.openssl("pkey -in key -pubout -out public");
        assert_eq!(public_refusal(bench.read("public")), reason, "{make}");
    }
    bench.openssl("pkey -in key -traditional -out dsa-traditional");
    assert_eq!(public_refusal(bench.read("dsa-traditional")), Refusal::Dsa);
    for (curve, name) in [("secp256k1", "secp256k1"), ("secp224r1", "P-224")] {
        bench.openssl(&format!("ecparam -name {curve} -genkey -noout -out key"));
        assert_eq!(public_refusal(bench.read("key")), Refusal::Curve(name.into()));
        assert_eq!(signing_refusal(bench.read("key")), Refusal::Curve(name.into()));
        bench.openssl("pkey -in key -pubout -out public");
        assert_eq!(public_refusal(bench.read("public")), Refusal::Curve(name.into()));
    }
    bench.openssl("genrsa -traditional -primes 3 -out key 2048");
    assert_eq!(signing_refusal(bench.read("key")), Refusal::MultiPrime);
    bench.openssl("req -new -newkey rsa:2048 -nodes -keyout other -subj /CN=test -out request");
    assert_eq!(public_refusal(bench.read("request")), Refusal::NotAKey);
}

#[test]
fn weak_keys_are_taken_and_said() {
    let bench = Bench::new();
    for (make, weakness, signs) in [
        ("genrsa -traditional -out key 1024", Weakness::ShortModulus { bits: 1024 }, false),
        ("genrsa -traditional -3 -out key 2048", Weakness::BadExponent { exponent: 3 }, true),
    ] {
        bench.openssl(make);
        let key = SigningKey::from_pem(bench.read("key").as_bytes()).unwrap();
        assert_eq!(key.public_key().kid().as_str(), bench.kid("key"));
        assert_eq!(key.public_key().weakness(), Some(weakness));
        let signed = key.sign(b"message");
        assert!(matches!(
            (signed, signs),
            (Ok(_), true) | (Err(KeyError::UnsafeSize { bits: 1024, .. }), false)
        ));
        assert_eq!(*key.to_pem().unwrap(), bench.read("key"));
        bench.openssl("pkey -in key -pubout -out public");
        assert_eq!(
            read_public_keys(bench.read("public").as_bytes()).unwrap().keys,
            [key.public_key().clone()]
        );
    }
}

#[test]
fn surroundings_do_not_matter() {
    let bench = Bench::new();
    bench.openssl("genrsa -traditional -out rsa 2048");
    bench.openssl("ecparam -name prime256v1 -genkey -noout -out ec");
    bench.openssl("genpkey -algorithm ed25519 -out ed25519");
    bench.openssl("pkey -in rsa -pubout -out rsa.pub");
    bench.openssl("pkey -in ec -pubout -out ec.pub");
    let kids = [bench.kid("rsa"), bench.kid("ec")];
    let [rsa, ec] = [bench.read("rsa.pub"), bench.read("ec.pub")];
    let bad = bench.read("ed25519");
    let cut = &rsa[..rsa.len() - 40];
    for text in [
        format!("{rsa}{ec}"),
        format!("{rsa}{ec}").replace('\n', "\r\n"),
        format!("# first\n{rsa}\n\nsecond: \n{ec}the end"),
        format!("\u{feff}\n{rsa}{ec}").trim_end().to_owned(),
        format!("{bad}{rsa}{bad}{ec}"),
        format!("{cut}\n{rsa}{ec}"),
        format!("{rsa}{ec}{cut}"),
    ] {
        let found = read_public_keys(text.as_bytes()).unwrap();
        let found: Vec<_> = found.keys.iter().map(|key| key.kid().to_string()).collect();
        assert_eq!(found, kids, "{text}");
    }
    let mixed = format!("{rsa}{bad}{}{}", bench.read("ec"), bench.read("rsa"));
    assert_eq!(signing_kid(mixed.replace('\n', "\r\n")), kids[1]);
    let skipped = read_public_keys(format!("{bad}{rsa}{cut}").as_bytes()).unwrap().skipped;
    let said: Vec<_> = skipped.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "block 1 (PRIVATE KEY): it is an Ed25519 key, which kube-apiserver does not take",
            "block 3 (PUBLIC KEY): it is cut off: the end is missing"
        ]
    );
}

#[test]
fn labels_count_for_signing_keys_alone() {
    let bench = Bench::new();
    bench.openssl("genrsa -traditional -out key 2048");
    bench.openssl("pkey -in key -pubout -out public");
    // HyperShift writes SubjectPublicKeyInfo so.
    let text = bench.read("public").replace("PUBLIC KEY", "RSA PUBLIC KEY");
    let found = read_public_keys(text.as_bytes()).unwrap();
    assert_eq!(found.keys[0].kid().as_str(), bench.kid("key"));
    assert_eq!(
        found.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["block 1 is labelled RSA PUBLIC KEY and holds a PUBLIC KEY"]
    );
    let text = bench.read("key").replace("RSA PRIVATE KEY", "PRIVATE KEY");
    assert_eq!(signing_refusal(&text), Refusal::Mislabelled);
    assert_eq!(public_kid(&text), bench.kid("key"));
}

#[test]
fn damaged_files_have_their_reasons() {
    let bench = Bench::new();
    bench.openssl("genrsa -traditional -out key 2048");
    let pem = bench.read("key");
    let lines: Vec<_> = pem.lines().collect();
    let without_middle = [&lines[..5], &lines[lines.len() - 1..]].concat().join("\n");
    for (text, reason) in [
        (pem[..200].to_owned(), Refusal::Truncated),
        (without_middle, Refusal::Truncated),
        (format!("{}\n{}\n", lines[0], lines[lines.len() - 1]), Refusal::Empty),
        (pem.replace(lines[3], &"!".repeat(64)), Refusal::NotBase64),
    ] {
        assert_eq!(public_refusal(&text), reason, "{text}");
        assert_eq!(signing_refusal(&text), reason, "{text}");
    }
    // One digit of a prime changed: still ASN.1, no longer a key.
    let at = lines[..18].iter().map(|line| line.len() + 1).sum::<usize>() + 10;
    let other = if &pem[at..=at] == "A" { "B" } else { "A" };
    let damaged = format!("{}{other}{}", &pem[..at], &pem[at + 1..]);
    assert_eq!(signing_refusal(&damaged), Refusal::Inconsistent);
    for text in ["", " \n\n"] {
        assert_eq!(SigningKey::from_pem(text.as_bytes()).unwrap_err(), PemError::Empty);
        assert_eq!(read_public_keys(text.as_bytes()).unwrap_err(), PemError::Empty);
    }
    bench.openssl("pkey -in key -outform DER -out der");
    let der = std::fs::read(bench.path("der")).unwrap();
    assert_eq!(SigningKey::from_pem(&der).unwrap_err(), PemError::NoBlock);
}

/// Many BEGIN lines must not cost a search each.
#[test]
fn a_file_of_begin_lines_alone_ends() {
    let text = format!("{}-----END B-----\n", "-----BEGIN A-----\n".repeat(50_000));
    assert!(
        matches!(read_public_keys(text.as_bytes()), Err(PemError::NoPublicKey { skipped }) if skipped.len() == 50_000)
    );
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = read_public_keys(&bytes);
        let _ = SigningKey::from_pem(&bytes);
    }

    #[test]
    fn no_body_makes_the_reader_panic(label in "[A-Z ]{0,12}(KEY)?", body in "[A-Za-z0-9+/=: \r\n-]{0,300}", end in "[A-Z ]{0,12}") {
        for text in [
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"),
            format!("-----BEGIN {label}-----\n{body}\n-----END {end}-----\n{body}"),
        ] {
            let _ = read_public_keys(text.as_bytes());
            let _ = SigningKey::from_pem(text.as_bytes());
        }
    }

    /// Every byte of a good key is changed in turn: no panic, and never another key under its name.
    #[test]
    fn a_changed_key_is_another_key_or_none(at in 0_usize..294, to in any::<u8>()) {
        let pem = include_bytes!("../../../tests/fixtures/kube-apiserver/rsa-2048/sa.pub");
        let key = read_public_keys(pem).unwrap().keys.remove(0);
        let mut der = key.spki_der().to_vec();
        der[at] = to;
        if let Ok(changed) = issuer_keygen::PublicKey::from_spki_der(&der) {
            prop_assert_eq!(changed.spki_der() == key.spki_der(), changed.kid() == key.kid());
            prop_assert_eq!(changed.spki_der(), der);
        }
    }
}
