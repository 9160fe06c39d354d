//! Keys and signatures of ours, judged by openssl.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod support;

use std::time::Duration;

use issuer_keygen::{
    Algorithm, KeyDescription, KeyError, SignatureAlgorithm, SigningKey, TokenError, TokenRequest,
    read_public_keys, sign_token,
};
use support::{Bench, decode};
use time::macros::datetime;

#[test]
fn openssl_takes_every_key_and_verifies_every_signature() {
    for algorithm in Algorithm::ALL {
        let bench = Bench::new();
        let key = SigningKey::generate(algorithm).unwrap();
        assert_eq!(key.public_key().weakness(), None);
        assert_eq!(key.public_key().signature_algorithm(), algorithm.signature_algorithm());
        let pem = key.to_pem().unwrap();
        bench.write("key", pem.as_bytes());
        bench.write("public", key.public_key().to_pem());

        bench.openssl("pkey -in key -check -noout");
        assert_eq!(bench.kid("key"), key.public_key().kid().as_str(), "{algorithm}");
        assert_eq!(bench.openssl("pkey -in key -pubout"), key.public_key().to_pem().as_bytes());
        // The bytes that openssl itself writes in the same form.
        let traditional = bench.openssl("pkey -in key -traditional");
        assert_eq!(traditional, pem.as_bytes(), "{algorithm}");

        let message = b"header.claims";
        verify(&bench, &key, message, &key.sign(message).unwrap());
    }
}

#[test]
fn openssl_verifies_every_token() {
    for algorithm in Algorithm::ALL {
        let bench = Bench::new();
        let key = SigningKey::generate(algorithm).unwrap();
        bench.write("public", key.public_key().to_pem());
        let request = TokenRequest {
            issuer: "https://issuer.example.test".into(),
            audiences: vec!["sts.amazonaws.com".into()],
            service_account: "default/demo".parse().unwrap(),
            uid: "11111111-2222-3333-4444-555555555555".into(),
            jti: "66666666-7777-8888-9999-000000000000".into(),
            issued_at: datetime!(2026-01-02 03:04:05 UTC),
            expires_in: Duration::from_secs(600),
        };
        let token = sign_token(&key, &request).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        verify(&bench, &key, message.as_bytes(), &decode(signature));
    }
}

#[test]
fn a_key_too_short_to_sign_signs_no_token() {
    let bench = Bench::new();
    bench.openssl("genrsa -traditional -out key 1024");
    let key = SigningKey::from_pem(bench.read("key").as_bytes()).unwrap();
    let request = TokenRequest {
        issuer: "https://issuer.example.test".into(),
        audiences: vec!["a".into()],
        service_account: "default/demo".parse().unwrap(),
        uid: "u".into(),
        jti: "j".into(),
        issued_at: datetime!(2026-01-02 03:04:05 UTC),
        expires_in: Duration::from_secs(600),
    };
    assert!(matches!(
        sign_token(&key, &request),
        Err(TokenError::Key(KeyError::UnsafeSize { bits: 1024, .. }))
    ));
}

#[test]
fn keys_read_back_as_they_were_written() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let pem = key.to_pem().unwrap();
        let again = SigningKey::from_pem(pem.as_bytes()).unwrap();
        assert_eq!(again.public_key(), key.public_key(), "{algorithm}");
        assert_eq!(*again.to_pem().unwrap(), *pem, "{algorithm}");
        // The file serves as key file too.
        assert_eq!(read_public_keys(pem.as_bytes()).unwrap().keys, [key.public_key().clone()], "{algorithm}");
    }
}

#[test]
fn keys_of_other_forms_come_out_in_ours() {
    let bench = Bench::new();
    for (make, label) in [
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key", "RSA PRIVATE KEY"),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key", "EC PRIVATE KEY"),
    ] {
        bench.openssl(make);
        let pem = SigningKey::from_pem(bench.read("key").as_bytes()).unwrap().to_pem().unwrap();
        assert!(pem.starts_with(&format!("-----BEGIN {label}-----\n")));
        assert_eq!(bench.openssl("pkey -in key -traditional"), pem.as_bytes());
    }
}

#[test]
fn a_private_key_shows_nothing_but_its_public_name() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let shown = format!("{key:?}");
    assert_eq!(
        shown,
        format!("SigningKey {{ public_key: PublicKey(EC P-256, {}), .. }}", key.public_key().kid())
    );
}

/// Has openssl verify a JOSE signature with the key in the file `public`.
fn verify(bench: &Bench, key: &SigningKey, message: &[u8], signature: &[u8]) {
    let digest = match key.public_key().signature_algorithm() {
        SignatureAlgorithm::Es384 => "sha384",
        SignatureAlgorithm::Es512 => "sha512",
        SignatureAlgorithm::Es256 | SignatureAlgorithm::Rs256 => "sha256",
    };
    bench.write("message", message);
    match key.public_key().describe() {
        KeyDescription::Rsa { bits } => {
            assert_eq!(signature.len() * 8, bits);
            bench.write("signature", signature);
        }
        KeyDescription::Ec(curve) => {
            assert_eq!(signature.len(), 2 * curve.coordinate_len());
            bench.write("signature", der_of(signature));
        }
    }
    let verdict = bench.openssl(&format!("dgst -{digest} -verify public -signature signature message"));
    assert_eq!(verdict, b"Verified OK\n");
}

/// The two halves of a JOSE signature as the SEQUENCE that openssl wants.
fn der_of(signature: &[u8]) -> Vec<u8> {
    let integer = |half: &[u8]| {
        let start = half.iter().position(|byte| *byte != 0).unwrap();
        let mut value = half[start..].to_vec();
        if value[0] >= 0x80 {
            value.insert(0, 0);
        }
        [&[2, u8::try_from(value.len()).unwrap()], value.as_slice()].concat()
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    let body = [integer(r), integer(s)].concat();
    let len = u8::try_from(body.len()).unwrap();
    let header = if len < 0x80 { vec![0x30, len] } else { vec![0x30, 0x81, len] };
    [header, body].concat()
}
