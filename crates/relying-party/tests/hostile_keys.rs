//! Keys and signatures that somebody made to be taken for others: each token ends refused, at the step that its line
//! names.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod support;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use issuer_relying_party::{Token, Verdict};
use serde_json::{Value, json};
use support::{Key, Scene, claims, encode, header, token};

fn with_signature(change: impl FnOnce(&mut Vec<u8>)) -> String {
    let token = token();
    let mut signature = Token::parse(&token).unwrap().signature().to_vec();
    change(&mut signature);
    format!("{}.{}", token.rsplit_once('.').unwrap().0, encode(signature))
}

#[test]
fn weak_and_bad_keys() {
    let key = |name: &str, value: Value| {
        let mut key = Key::rsa().jwk("k1");
        key[name] = value;
        key
    };
    let modulus = |bits: usize| {
        let mut bytes = vec![0xff; bits.div_ceil(8)];
        bytes[0] >>= bytes.len() * 8 - bits;
        json!(encode(bytes))
    };
    let n = Key::rsa().jwk("k1")["n"].as_str().unwrap().to_owned();
    for (step, key) in [
        ("accepted", key("alg", json!("RS256"))),
        ("keys", key("n", modulus(512))),
        ("keys", key("n", modulus(1024))),
        ("keys", key("n", modulus(2047))),
        ("signature", key("n", modulus(2048))),
        ("signature", key("n", modulus(8192))),
        ("keys", key("n", modulus(8193))),
        ("keys", key("n", json!(format!("AAAA{n}")))),
        ("keys", key("n", json!(format!("{n}==")))),
        ("keys", key("n", json!(""))),
        ("keys", key("n", json!(65537))),
        ("keys", key("n", json!(null))),
        ("signature", key("e", json!("Aw"))),
        ("keys", key("e", json!("AQ"))),
        ("keys", key("e", json!("Ag"))),
        ("keys", key("e", json!("AA"))),
        ("keys", key("e", json!(""))),
        ("keys", key("use", json!("enc"))),
        ("keys", key("use", json!(null))),
        ("keys", key("key_ops", json!(["sign"]))),
        ("keys", key("key_ops", json!("verify"))),
        ("accepted", key("key_ops", json!(["verify"]))),
        ("keys", key("alg", json!("RS512"))),
        ("keys", key("alg", json!("RSA-OAEP-256"))),
        ("keys", key("kty", json!("EC"))),
        ("keys", key("kty", json!(null))),
        ("keys", key("kty", json!("rsa"))),
    ] {
        // Another one stands beside it, so that what is wrong is this key and not an empty set.
        let keys = [key.clone(), Key::new_ec("P-256").jwk("other")];
        assert_eq!(Scene::with_keys(&keys).step(&token()), step, "{key}");
    }
    // A longer key than the token's signature was made with.
    let longer = Key::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa3072).unwrap()));
    assert_eq!(Scene::with_keys(&[longer.jwk("k1")]).step(&token()), "signature");
}

#[test]
fn a_key_that_is_badly_written_is_called_so() {
    let explanation =
        |jwk: &Value, token: &str| match Scene::with_keys(std::slice::from_ref(jwk)).verdict(token) {
            Verdict::Refused(refused) => refused.explanation,
            other => panic!("{jwk} is not refused: {other:?}"),
        };
    let zero = |text: &str| {
        let number = URL_SAFE_NO_PAD.decode(text).unwrap();
        json!(encode([&[0], number.as_slice()].concat()))
    };
    let padded = |text: &str| json!(URL_SAFE.encode(URL_SAFE_NO_PAD.decode(text).unwrap()));
    let (rsa, ec) = (Key::rsa().jwk("k1"), Key::new_ec("P-256"));
    let (ec, ec_token) = (ec.jwk("k1"), ec.token(&json!({"alg": "ES256", "kid": "k1"}), &claims()));
    for (jwk, token, names) in [(&rsa, token(), ["n", "e"]), (&ec, ec_token, ["x", "y"])] {
        for name in names {
            let text = jwk[name].as_str().unwrap();
            for (value, how) in [(zero(text), "zero"), (padded(text), "padding")] {
                // Three bytes have no padding.
                if value == jwk[name] {
                    continue;
                }
                let mut bad = jwk.clone();
                bad[name] = value;
                let said = explanation(&bad, &token);
                let words = format!("its `{name}` is badly written (");
                assert!(said.contains(&words) && said.contains(how), "{bad}: {said}");
            }
        }
    }
}

#[test]
fn signatures_cut_stretched_and_zeroed() {
    for (name, token) in [
        ("cut", with_signature(|signature| signature.truncate(255))),
        ("cut in front", with_signature(|signature| *signature = signature.split_off(1))),
        ("one more", with_signature(|signature| signature.push(0))),
        ("one more in front", with_signature(|signature| signature.insert(0, 0))),
        ("doubled", with_signature(|signature| signature.extend_from_within(..))),
        ("empty", with_signature(Vec::clear)),
        ("zero", with_signature(|signature| signature.fill(0))),
        ("ones", with_signature(|signature| signature.fill(0xff))),
    ] {
        assert_eq!(Scene::new().step(&token), "signature", "{name}");
    }
}

#[test]
fn elliptic_curves() {
    let curves = [("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512")];
    for (curve, algorithm) in curves {
        let key = Key::new_ec(curve);
        let scene = Scene::with_keys(&[key.jwk("k1")]);
        for (_, name) in curves {
            let token = key.token(&json!({"alg": name, "kid": "k1"}), &claims());
            let expected = if name == algorithm { "accepted" } else { "keys" };
            assert_eq!(scene.step(&token), expected, "{curve} {name}");
        }
        let rsa = key.token(&header(), &claims());
        assert_eq!(scene.step(&rsa), "keys");
        // A curve that the key is not on, coordinates of another length, a point off the curve.
        let token = key.token(&json!({"alg": algorithm, "kid": "k1"}), &claims());
        let good = key.jwk("k1");
        let x = good["x"].as_str().unwrap();
        for (name, value) in [
            ("crv", json!("P-255")),
            ("crv", json!(null)),
            ("x", json!(format!("AAAA{x}"))),
            ("x", json!("AAAA")),
            ("x", good["y"].clone()),
            ("y", json!(null)),
            ("alg", json!("RS256")),
            ("use", json!("enc")),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert_eq!(Scene::with_keys(&[bad.clone()]).step(&token), "keys", "{bad}");
        }
    }
}

#[test]
fn an_ecdsa_signature_in_der_is_none() {
    let document = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap();
    let raw = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).unwrap();
    let der = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref()).unwrap();
    let key = Key::Ec(raw, "P-256", 32);
    let scene = Scene::with_keys(&[key.jwk("k1")]);
    let good = key.token(&json!({"alg": "ES256", "kid": "k1"}), &claims());
    assert_eq!(scene.step(&good), "accepted");
    let (message, signature) = good.rsplit_once('.').unwrap();
    let signed = der.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    assert_eq!(scene.step(&format!("{message}.{}", encode(signed))), "signature");
    // Neither are all zeros, which a careless verifier takes for any message.
    for zeros in [0, 63, 64, 65, 128] {
        assert_eq!(scene.step(&format!("{message}.{}", encode(vec![0; zeros]))), "signature", "{zeros}");
    }
    assert_eq!(scene.step(&format!("{message}.{}", &signature[..80])), "signature");
}
