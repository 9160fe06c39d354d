//! Key ids, key material and tokens against what kube-apiserver made of the same keys.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod support;

use std::time::Duration;

use issuer_keygen::{
    Algorithm, KeyMaterial, PublicKey, SigningKey, TokenError, TokenRequest, read_public_keys, sign_token,
};
use serde_json::Value;
use support::{decode, fixture};
use time::OffsetDateTime;

const ALL: [&str; 7] = ["rsa-2048", "rsa-3072", "rsa-4096", "es256", "es384", "es512", "two-keys"];

fn json(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixture(path)).unwrap()).unwrap()
}

fn keys(name: &str) -> Vec<PublicKey> {
    let found = read_public_keys(&std::fs::read(fixture(&format!("{name}/sa.pub"))).unwrap()).unwrap();
    assert_eq!((found.skipped, found.notes), (vec![], vec![]));
    found.keys
}

#[test]
fn key_ids_and_material_are_those_of_the_jwks() {
    for name in ALL {
        let jwks = json(&format!("{name}/jwks.json"));
        let jwks = jwks["keys"].as_array().unwrap();
        let keys = keys(name);
        assert_eq!(keys.len(), jwks.len());
        for (key, jwk) in keys.iter().zip(jwks) {
            let member = |name: &str| decode(jwk[name].as_str().unwrap());
            assert_eq!(key.kid().as_str(), jwk["kid"], "{name}");
            assert_eq!(key.signature_algorithm().as_str(), jwk["alg"], "{name}");
            assert_eq!(key.weakness(), None, "{name}");
            match key.material() {
                KeyMaterial::Rsa { modulus, exponent } => {
                    assert_eq!((modulus, exponent), (&member("n"), &member("e")), "{name}");
                }
                KeyMaterial::Ec { curve, x, y } => {
                    assert_eq!(curve.as_str(), jwk["crv"], "{name}");
                    assert_eq!((x, y), (&member("x"), &member("y")), "{name}");
                }
            }
        }
    }
}

#[test]
fn public_keys_are_written_as_they_were_read() {
    for name in ALL {
        let pem: String = keys(name).iter().map(PublicKey::to_pem).collect();
        assert_eq!(pem, std::fs::read_to_string(fixture(&format!("{name}/sa.pub"))).unwrap());
        for key in keys(name) {
            assert_eq!(PublicKey::from_spki_der(key.spki_der()).unwrap(), key);
        }
    }
}

#[test]
fn descriptions_say_kind_and_size() {
    let describe = |name| keys(name)[0].describe().to_string();
    assert_eq!(
        ALL.map(describe)[1..],
        ["RSA 3072", "RSA 4096", "EC P-256", "EC P-384", "EC P-521", "RSA 2048"]
    );
}

/// A token of ours with the claims of a fixture has its very bytes, but for key id and signature.
#[test]
fn tokens_are_those_of_kube_apiserver() {
    for algorithm in Algorithm::ALL {
        let theirs = json(&format!("{algorithm}/token.json"));
        let payload = decode(theirs["payload"].as_str().unwrap());
        let claims: Value = serde_json::from_slice(&payload).unwrap();
        let key = SigningKey::generate(algorithm).unwrap();

        let ours = sign_token(&key, &request(&claims)).unwrap();
        let [header, ours, signature]: [&str; 3] = ours.split('.').collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(ours, theirs["payload"], "{algorithm}");
        let their_header = String::from_utf8(decode(theirs["header"].as_str().unwrap())).unwrap();
        let their_kid = keys(algorithm.as_str())[0].kid().clone();
        assert_eq!(
            String::from_utf8(decode(header)).unwrap(),
            their_header.replace(their_kid.as_str(), key.public_key().kid().as_str()),
            "{algorithm}"
        );
        assert_eq!(
            decode(signature).len(),
            decode(theirs["signature"].as_str().unwrap()).len(),
            "{algorithm}"
        );
    }
}

#[test]
fn several_audiences_keep_their_order() {
    let theirs = json("rsa-2048/token-2aud.json");
    let claims: Value = serde_json::from_slice(&decode(theirs["payload"].as_str().unwrap())).unwrap();
    let request = TokenRequest { expires_in: Duration::from_secs(60), ..request(&claims) };
    let token = sign_token(&SigningKey::generate(Algorithm::Es256).unwrap(), &request).unwrap();
    let claims = decode(token.split('.').nth(1).unwrap());
    assert!(claims.starts_with(br#"{"aud":["a","b"],"exp":1795345260,"iat":1795345200,"#));
}

#[test]
fn requests_out_of_bounds_are_refused() {
    let claims: Value =
        serde_json::from_slice(&decode(json("es256/token.json")["payload"].as_str().unwrap())).unwrap();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let good = request(&claims);
    for (milliseconds, taken) in
        [(0, false), (999, false), (1000, true), (3_600_000, true), (3_600_001, false)]
    {
        let request = TokenRequest { expires_in: Duration::from_millis(milliseconds), ..good.clone() };
        assert_eq!(sign_token(&key, &request).is_ok(), taken, "{milliseconds} ms");
    }
    for request in [
        TokenRequest { issuer: String::new(), ..good.clone() },
        TokenRequest { audiences: vec![], ..good.clone() },
        TokenRequest { audiences: vec!["a".into(), String::new()], ..good.clone() },
        TokenRequest { uid: String::new(), ..good.clone() },
        TokenRequest { jti: String::new(), ..good.clone() },
    ] {
        assert!(matches!(sign_token(&key, &request), Err(TokenError::Missing(_))));
    }
}

/// The request that a fixture's claims answer.
fn request(claims: &Value) -> TokenRequest {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let account = &claims["kubernetes.io"]["serviceaccount"];
    TokenRequest {
        issuer: text(&claims["iss"]),
        audiences: claims["aud"].as_array().unwrap().iter().map(text).collect(),
        service_account: format!(
            "{}/{}",
            text(&claims["kubernetes.io"]["namespace"]),
            text(&account["name"])
        )
        .parse()
        .unwrap(),
        uid: text(&account["uid"]),
        jti: text(&claims["jti"]),
        issued_at: OffsetDateTime::from_unix_timestamp(claims["iat"].as_i64().unwrap()).unwrap(),
        expires_in: Duration::from_secs(
            (claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()).unsigned_abs(),
        ),
    }
}
