//! Tokens that somebody made to be taken for another: each ends refused, at the step that its line names.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod support;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use issuer_relying_party::Verdict;
use serde_json::{Value, json};
use support::{AUDIENCE, ISSUER, Key, NOW, SUBJECT, Scene, at, claims, claims_with, encode, header, token};

/// The step at which a token of the good key with this header and these claims is refused.
fn step(header: &Value, claims: &Value) -> &'static str {
    Scene::new().step(&Key::rsa().token(header, claims))
}

#[test]
fn the_token_that_each_of_these_changes_is_good() {
    assert_eq!(Scene::new().step(&token()), "accepted");
}

#[test]
fn algorithms() {
    let none = |name: &str, signature: &str| {
        let message = format!(
            "{}.{}",
            encode(json!({"alg": name, "kid": "k1"}).to_string()),
            encode(claims().to_string())
        );
        format!("{message}.{signature}")
    };
    for name in ["none", "None", "NONE", "nOnE"] {
        assert_eq!(Scene::new().step(&none(name, "")), "token", "{name}");
        assert_eq!(Scene::new().step(&none(name, "AAAA")), "token", "{name}");
    }
    // Signed with the public key, as PEM and as it stands in the JWKS, for a secret that everybody knows.
    let Key::Rsa(key) = Key::rsa() else { unreachable!("it is RSA") };
    let der = STANDARD.encode(key.public_key().as_ref());
    let pem = format!("-----BEGIN RSA PUBLIC KEY-----\n{der}\n-----END RSA PUBLIC KEY-----\n");
    for secret in [pem.into_bytes(), Key::rsa().jwk("k1")["n"].to_string().into_bytes()] {
        let message = none("HS256", "");
        let message = message.trim_end_matches('.');
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
        assert_eq!(Scene::new().step(&format!("{message}.{}", encode(tag))), "token");
    }
    for name in ["HS384", "PS256", "EdDSA", "ES256K", "rs256", "RS256 ", ""] {
        assert_eq!(step(&json!({"alg": name, "kid": "k1"}), &claims()), "token", "{name}");
    }
    for alg in [json!(null), json!(1), json!(["RS256"])] {
        assert_eq!(step(&json!({"alg": alg, "kid": "k1"}), &claims()), "token", "{alg}");
    }
    assert_eq!(step(&json!({"kid": "k1"}), &claims()), "token");
    // Another hash than the one that signed.
    for name in ["RS384", "RS512"] {
        let good = Key::rsa().token(&json!({"alg": name, "kid": "k1"}), &claims());
        assert_eq!(Scene::new().step(&good), "accepted");
        let (message, _) = good.rsplit_once('.').unwrap();
        let signature = encode(Key::rsa().sign("RS256", message.as_bytes()));
        assert_eq!(Scene::new().step(&format!("{message}.{signature}")), "signature", "{name}");
    }
}

#[test]
fn key_ids() {
    assert_eq!(step(&json!({"alg": "RS256"}), &claims()), "keys");
    assert_eq!(step(&json!({"alg": "RS256", "kid": ""}), &claims()), "keys");
    assert_eq!(step(&json!({"alg": "RS256", "kid": "k2"}), &claims()), "keys");
    assert_eq!(step(&json!({"alg": "RS256", "kid": "K1"}), &claims()), "keys");
    assert_eq!(step(&json!({"alg": "RS256", "kid": 1}), &claims()), "token");
    assert_eq!(step(&json!({"alg": "RS256", "kid": null}), &claims()), "token");
    let rsa = Key::rsa().jwk("k1");
    let stranger = Key::new_rsa();
    let curve = Key::new_ec("P-256");
    for keys in [
        vec![rsa.clone(), rsa.clone()],
        vec![rsa.clone(), stranger.jwk("k1")],
        vec![stranger.jwk("k1"), rsa.clone()],
        vec![rsa.clone(), curve.jwk("k1")],
        vec![curve.jwk("k1")],
        vec![json!({"kty": "oct", "kid": "k1", "k": "AAAA"}), stranger.jwk("k2")],
    ] {
        assert_eq!(Scene::with_keys(&keys).step(&token()), "keys", "{keys:?}");
    }
    assert_eq!(Scene::with_keys(&[stranger.jwk("k2"), rsa, curve.jwk("k3")]).step(&token()), "accepted");
    assert_eq!(Scene::with_keys(&[stranger.jwk("k1")]).step(&token()), "signature");
}

#[test]
fn headers_that_bring_a_key_along() {
    let attacker = Key::new_rsa();
    let own = json!({"keys": [attacker.jwk("k1")]});
    for (name, value) in [
        ("jwk", attacker.jwk("k1")),
        ("jku", json!("https://attacker.example/jwks")),
        ("x5u", json!("https://attacker.example/chain")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", own),
    ] {
        let mut header = header();
        header[name] = value;
        assert_eq!(Scene::new().step(&attacker.token(&header, &claims())), "token", "{header}");
        // Also where the right key signed: what STS makes of them is not known.
        assert_eq!(step(&header, &claims()), "token", "{header}");
    }
    // Without them the attacker's key is nobody's.
    assert_eq!(Scene::new().step(&attacker.token(&header(), &claims())), "signature");
}

#[test]
fn claims_that_are_missing_or_of_the_wrong_type() {
    for (step_name, name, value) in [
        ("claims", "iss", json!(null)),
        ("claims", "iss", json!("")),
        ("claims", "iss", json!(1)),
        ("claims", "iss", json!([ISSUER])),
        ("issuer", "iss", json!("kubernetes/serviceaccount")),
        ("issuer", "iss", json!("https://")),
        ("issuer", "iss", json!("issuer.example.test/cluster-1")),
        ("issuer", "iss", json!("https://issuer.example.test/a b")),
        ("provider", "iss", json!("http://issuer.example.test/cluster-1")),
        ("provider", "iss", json!(format!("{ISSUER}/"))),
        ("provider", "iss", json!("https://Issuer.example.test/cluster-1")),
        ("provider", "iss", json!("https://issuer.example.test/cluster-2")),
        ("claims", "sub", json!(null)),
        ("claims", "sub", json!("")),
        ("claims", "sub", json!(["a"])),
        ("claims", "sub", json!({"a": 1})),
        ("claims", "aud", json!(null)),
        ("claims", "aud", json!([])),
        ("claims", "aud", json!("")),
        ("claims", "aud", json!([""])),
        ("claims", "aud", json!(1)),
        ("claims", "aud", json!([AUDIENCE, 1])),
        ("claims", "aud", json!([[AUDIENCE]])),
        ("claims", "aud", json!({"a": AUDIENCE})),
        ("accepted", "aud", json!(AUDIENCE)),
        ("audience", "aud", json!("kubernetes")),
        ("audience", "aud", json!("STS.amazonaws.com")),
        ("authorized-party", "aud", json!([AUDIENCE, "b"])),
        ("authorized-party", "aud", json!([AUDIENCE, AUDIENCE])),
        ("claims", "iat", json!(null)),
        ("claims", "iat", json!(NOW.to_string())),
        ("claims", "iat", json!(true)),
        ("claims", "exp", json!(null)),
        ("claims", "exp", json!((NOW + 3600).to_string())),
        ("claims", "exp", json!([NOW + 3600])),
        ("claims", "nbf", json!(NOW.to_string())),
        ("claims", "nbf", json!(false)),
        ("accepted", "nbf", json!(null)),
        ("claims", "azp", json!(1)),
        ("claims", "azp", json!([AUDIENCE])),
        ("claims", "amr", json!({"a": 1})),
        ("accepted", "amr", json!(["pwd"])),
        ("accepted", "jti", json!({"any": ["thing"]})),
        ("trust", "sub", json!("system:serviceaccount:default:other")),
        ("trust", "sub", json!(format!("{SUBJECT} "))),
    ] {
        assert_eq!(step(&header(), &claims_with(name, value.clone())), step_name, "{name} {value}");
    }
    // null is a value of the wrong type, not a claim left out.
    for name in ["iss", "sub", "aud", "iat", "exp", "nbf"] {
        let mut claims = claims();
        claims[name] = Value::Null;
        assert_eq!(step(&header(), &claims), "claims", "{name}");
    }
}

#[test]
fn the_authorized_party_is_the_audience_that_counts() {
    let with = |aud: Value, azp: &str| {
        let mut claims = claims_with("aud", aud);
        claims["azp"] = json!(azp);
        step(&header(), &claims)
    };
    assert_eq!(with(json!([AUDIENCE, "b"]), AUDIENCE), "accepted");
    assert_eq!(with(json!([AUDIENCE, "b"]), "b"), "audience");
    assert_eq!(with(json!(AUDIENCE), "b"), "audience");
    assert_eq!(with(json!("b"), AUDIENCE), "accepted");
    assert_eq!(with(json!(AUDIENCE), ""), "accepted");
}

#[test]
fn the_times_at_their_edges() {
    for (step_name, name, value) in [
        ("accepted", "exp", json!(NOW - 299)),
        ("expiry", "exp", json!(NOW - 300)),
        ("expiry", "exp", json!(NOW - 301)),
        ("accepted", "exp", json!(NOW as f64 - 299.5)),
        ("expiry", "exp", json!(NOW as f64 - 300.5)),
        ("expiry", "exp", json!(0)),
        ("expiry", "exp", json!(-1)),
        ("expiry", "exp", json!(i64::MIN)),
        ("expiry", "exp", json!(-1e300)),
        ("accepted", "exp", json!(1e300)),
        ("accepted", "exp", json!(u64::MAX)),
        ("accepted", "iat", json!(NOW + 300)),
        ("expiry", "iat", json!(NOW + 301)),
        ("expiry", "iat", json!(NOW as f64 + 300.5)),
        ("expiry", "iat", json!(1e300)),
        ("accepted", "iat", json!(i64::MIN)),
        ("accepted", "nbf", json!(NOW + 300)),
        ("expiry", "nbf", json!(NOW + 301)),
        ("expiry", "nbf", json!(u64::MAX)),
    ] {
        assert_eq!(step(&header(), &claims_with(name, value.clone())), step_name, "{name} {value}");
    }
    let mut scene = Scene::new();
    let token = token();
    for (seconds, step) in
        [(3600 + 299, "accepted"), (3600 + 300, "expiry"), (-300, "accepted"), (-301, "expiry")]
    {
        scene.now = at(NOW + seconds);
        assert_eq!(scene.step(&token), step, "{seconds}");
    }
}

#[test]
fn json_that_two_readers_would_read_in_two_ways() {
    let (header, claims) = (header().to_string(), claims().to_string());
    let (open_header, open_claims) = (header.trim_end_matches('}'), claims.trim_end_matches('}'));
    for (name, header, claims) in [
        ("alg twice", format!(r#"{open_header},"alg":"RS256"}}"#), claims.clone()),
        ("kid twice", format!(r#"{open_header},"kid":"k1"}}"#), claims.clone()),
        ("sub twice", header.clone(), format!(r#"{open_claims},"sub":"{SUBJECT}"}}"#)),
        ("sub twice, once escaped", header.clone(), format!(r#"{open_claims},"s\u0075b":"x"}}"#)),
        ("twice within", header.clone(), format!(r#"{open_claims},"x":[{{"a":1,"a":2}}]}}"#)),
        ("trailing text", header.clone(), format!("{claims} {claims}")),
        ("comment", header.clone(), format!("{claims}//")),
        ("byte order mark", header.clone(), format!("\u{feff}{claims}")),
        ("list", header.clone(), format!("[{claims}]")),
        ("text", header.clone(), r#""claims""#.to_owned()),
        ("nothing", header.clone(), String::new()),
        ("header is a list", format!("[{header}]"), claims.clone()),
        ("number beyond all", header.clone(), format!(r#"{open_claims},"x":1e400}}"#)),
        ("deep lists", header.clone(), format!(r#"{open_claims},"x":{}}}"#, "[".repeat(7000))),
        (
            "deep closed lists",
            header.clone(),
            format!(r#"{open_claims},"x":{}{}}}"#, "[".repeat(3000), "]".repeat(3000)),
        ),
        ("deep objects", header.clone(), format!(r#"{open_claims},"x":{}"#, r#"{"a":"#.repeat(2000))),
        ("deep header", format!(r#"{open_header},"x":{}"#, "[".repeat(7000)), claims.clone()),
    ] {
        assert_eq!(Scene::new().step(&Key::rsa().token_of(&header, &claims)), "token", "{name}");
    }
    let bytes = format!("{}.{}.AAAA", encode(&header), encode(b"{\"sub\":\"\xff\"}"));
    assert_eq!(Scene::new().step(&bytes), "token");
}

#[test]
fn shapes() {
    let good = token();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { unreachable!("it has three") };
    for (name, step, token) in [
        ("nothing", "parameters", String::new()),
        ("three characters", "parameters", "a.b".to_owned()),
        ("four characters", "token", "a.b.".to_owned()),
        ("20000 characters", "token", "a".repeat(20_000)),
        ("20001 characters", "parameters", "a".repeat(20_001)),
        ("a good one stretched to 20001", "parameters", format!("{good}{}", "A".repeat(20_001 - good.len()))),
        ("20001 two-byte characters", "parameters", "é".repeat(20_001)),
        ("10001 two-byte characters", "token", "é".repeat(10_001)),
        ("trailing newline", "token", format!("{good}\n")),
        ("trailing CRLF", "token", format!("{good}\r\n")),
        ("leading space", "token", format!(" {good}")),
        ("quotes", "token", format!("\"{good}\"")),
        ("Bearer", "token", format!("Bearer {good}")),
        ("NUL", "token", format!("{good}\0")),
        ("one part", "token", header.to_owned()),
        ("two parts", "token", format!("{header}.{payload}")),
        ("four parts", "token", format!("{good}.")),
        ("five parts, as a JWE", "token", format!("{header}.{payload}.{signature}.AAAA.AAAA")),
        ("empty header", "token", format!(".{payload}.{signature}")),
        ("empty payload", "token", format!("{header}..{signature}")),
        ("padding", "token", format!("{header}.{payload}.{signature}==")),
        ("standard base64", "token", format!("{header}.{payload}.++//")),
        ("line break within", "token", format!("{header}.{}\n{}.{signature}", &payload[..8], &payload[8..])),
        ("left-over bits", "token", format!("{header}.{payload}.AB")),
        ("one character too many", "token", format!("{header}.{payload}.AAAAA")),
        ("parts turned round", "token", format!("{payload}.{header}.{signature}")),
    ] {
        assert_eq!(Scene::new().step(&token), step, "{name}");
    }
    let Verdict::Refused(refused) = Scene::new().verdict(&format!("{good}\n")) else {
        unreachable!("it is refused")
    };
    assert!(refused.explanation.contains("line break") && refused.hint.contains("tr -d"), "{refused:?}");
}

#[test]
fn a_token_of_the_greatest_length_passes() {
    let mut claims = claims();
    claims["pad"] = json!("");
    let empty = Key::rsa().token(&header(), &claims).len();
    // Three characters of the payload are four of the token.
    claims["pad"] = json!("x".repeat((20_000 - empty) / 4 * 3));
    let token = Key::rsa().token(&header(), &claims);
    assert!((19_990..=20_000).contains(&token.len()), "{}", token.len());
    assert_eq!(Scene::new().step(&token), "accepted");
}
