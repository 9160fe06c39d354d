//! Tokens that kube-apiserver itself minted, with the documents that it served.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod support;

use std::path::PathBuf;

use issuer_relying_party::{Accepted, Token, Verdict};
use serde_json::Value;
use support::{AUDIENCE, ISSUER, SUBJECT, Scene, answer, at, documents, role};

fn fixture(path: &str) -> Vec<u8> {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/kube-apiserver");
    std::fs::read(fixtures.join(path)).unwrap()
}

/// A token, and the chain around it with the clock at the moment when it was made.
fn scene(directory: &str, name: &str, audience: &str) -> (Scene, String) {
    let parts: Value = serde_json::from_slice(&fixture(&format!("{directory}/{name}.json"))).unwrap();
    let part = |name: &str| parts[name].as_str().unwrap();
    let token = format!("{}.{}.{}", part("header"), part("payload"), part("signature"));
    let mut scene = Scene::with_keys(&[]);
    scene.documents = documents(
        ISSUER,
        answer(200, fixture(&format!("{directory}/openid-configuration.json"))),
        answer(200, fixture(&format!("{directory}/jwks.json"))),
    );
    scene.providers[0].client_ids = vec![audience.to_owned()];
    scene.role = Some(role(&serde_json::json!({"StringEquals": {
        "issuer.example.test/cluster-1:aud": audience, "issuer.example.test/cluster-1:sub": SUBJECT,
    }})));
    scene.now = Token::parse(&token).unwrap().issued_at().unwrap().instant().unwrap();
    (scene, token)
}

const TOKENS: [(&str, &str, &str); 8] = [
    ("rsa-2048", "token", AUDIENCE),
    ("rsa-2048", "token-podbound", AUDIENCE),
    ("rsa-2048", "token-default", ISSUER),
    ("rsa-3072", "token", AUDIENCE),
    ("rsa-4096", "token", AUDIENCE),
    ("es256", "token", AUDIENCE),
    ("es384", "token", AUDIENCE),
    ("es512", "token", AUDIENCE),
];

#[test]
fn each_passes_at_its_time() {
    for (directory, name, audience) in TOKENS {
        let (scene, token) = scene(directory, name, audience);
        let accepted = Accepted {
            subject: SUBJECT.to_owned(),
            audience: audience.to_owned(),
            provider: "arn:aws:iam::123456789012:oidc-provider/issuer.example.test/cluster-1".to_owned(),
        };
        assert_eq!(scene.verdict(&token), Verdict::Accepted(accepted), "{directory}/{name}");
    }
    // Beside another key it is found by its kid.
    let (mut two, token) = scene("rsa-2048", "token", AUDIENCE);
    two.documents.jwks = Some(answer(200, fixture("two-keys/jwks.json")));
    assert_eq!(two.step(&token), "accepted");
}

#[test]
fn each_fails_with_any_byte_changed() {
    for (directory, name, audience) in TOKENS {
        let (scene, token) = scene(directory, name, audience);
        for place in 0..token.len() {
            // A neighbour in the alphabet, one far away in it, and one outside of it.
            let byte = token.as_bytes()[place];
            for other in [byte ^ 1, if byte == b'A' { b'_' } else { b'A' }, b'\n'] {
                let mut changed = token.clone().into_bytes();
                changed[place] = other;
                let changed = String::from_utf8(changed).unwrap();
                let step = scene.step(&changed);
                assert!(!matches!(step, "accepted" | "incomplete"), "{directory}/{name}: {place} {other}");
            }
        }
    }
}

#[test]
fn each_fails_cut_short_or_stretched() {
    for (directory, name, audience) in TOKENS {
        let (scene, token) = scene(directory, name, audience);
        for end in [token.len() - 1, token.len() - 2, token.len() - 4, token.rfind('.').unwrap() + 1] {
            assert_ne!(scene.step(&token[..end]), "accepted", "{directory}/{name} up to {end}");
        }
        for more in ["A", "AA", "AAAA", ".", "=", "\n"] {
            assert_ne!(scene.step(&format!("{token}{more}")), "accepted", "{directory}/{name} and {more:?}");
        }
    }
}

#[test]
fn a_token_for_two_audiences_is_refused_for_that() {
    let (scene, token) = scene("rsa-2048", "token-2aud", "a");
    assert_eq!(scene.step(&token), "authorized-party");
}

#[test]
fn each_is_refused_when_its_time_is_over() {
    for (directory, name, audience) in TOKENS {
        let (mut scene, token) = scene(directory, name, audience);
        let expires = Token::parse(&token).unwrap().expires_at().unwrap().seconds() as i64;
        scene.now = at(expires + 299);
        assert_eq!(scene.step(&token), "accepted", "{directory}/{name}");
        scene.now = at(expires + 300);
        assert_eq!(scene.step(&token), "expiry", "{directory}/{name}");
    }
}
