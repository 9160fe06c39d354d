//! Web identity tokens: what nobody signed is never accepted, what is read says what the JSON says, and each refusal
//! can be shown to anybody.
//!
//! An input is a token, or two lines: header and claims as JSON, which are encoded, so that what lies behind base64 is
//! reached, too. The rest of an input with a third line is a JWKS.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use issuer_discovery::Fetched;
use issuer_fuzz::check_text;
use issuer_policy::Document;
use issuer_registrar::{Provider, Role};
use issuer_relying_party::{
    Authority, Documents, Examination, Facts, Known, Outcome, PublishedKeys, Refused, Token, Verdict,
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use time::OffsetDateTime;

const ISSUER: &str = "https://issuer.example.test/cluster-1";

static ROLE: LazyLock<Role> = LazyLock::new(|| Role {
    arn: "arn:aws:iam::123456789012:role/demo".parse().unwrap(),
    trust_policy: Document::parse(
        r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{
            "Federated":"arn:aws:iam::123456789012:oidc-provider/issuer.example.test/cluster-1"}}}"#,
    )
    .unwrap(),
    max_session_duration: Duration::from_secs(3600),
});
static PROVIDERS: LazyLock<[Provider; 1]> = LazyLock::new(|| {
    [Provider {
        url: "issuer.example.test/cluster-1".to_owned(),
        client_ids: vec!["sts.amazonaws.com".to_owned()],
        ..Provider::default()
    }]
});
static DOCUMENTS: LazyLock<Documents> = LazyLock::new(|| {
    let discovery = include_bytes!("../../fixtures/kube-apiserver/rsa-2048/openid-configuration.json");
    let jwks = include_bytes!("../../fixtures/kube-apiserver/two-keys/jwks.json");
    let documents = Documents::of(ISSUER, Ok(answer(discovery)), Some(Ok(answer(jwks))));
    Documents { authority: Authority::Public, ..documents }
});

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let token = match (lines.next(), lines.next()) {
        (Some(header), Some(claims)) => {
            let [header, claims] = [header, claims].map(|json| URL_SAFE_NO_PAD.encode(json));
            // As many bytes as a signature of each of the two keys has.
            let signature = URL_SAFE_NO_PAD.encode(vec![1; if text.len() % 2 == 0 { 256 } else { 64 }]);
            format!("{header}.{claims}.{signature}")
        }
        _ => text.to_owned(),
    };
    examine(&token);
    let parsed = match Token::parse(&token) {
        Ok(parsed) => parsed,
        Err(refused) => return check(&refused),
    };
    // serde_json as the judge: the same claims.
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let judge: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(&Value::Object(parsed.claims().clone()), &judge);
    let Some(jwks) = lines.next() else { return };
    match PublishedKeys::parse(jwks.as_bytes(), ISSUER) {
        Ok(keys) => match keys.key_of(&parsed, ISSUER) {
            Ok(key) => check(&key.verify(&parsed).unwrap_err()),
            Err(refused) => check(&refused),
        },
        Err(refused) => check(&refused),
    }
});

fn examine(token: &str) {
    let examination = Examination::of(&Facts {
        token,
        session_name: "fuzz",
        duration_seconds: None,
        now: OffsetDateTime::from_unix_timestamp(1_795_346_600).unwrap(),
        role: Known::Is(Some(&ROLE)),
        providers: Known::Is(&*PROVIDERS),
        documents: Known::Is(&DOCUMENTS),
        context: None,
    });
    for (_, outcome) in examination.steps() {
        match outcome {
            Outcome::Refused(refused) => check(refused),
            Outcome::Passed | Outcome::Waiting(_) => {}
            // Documents are believed for the issuer alone that they were fetched for.
            Outcome::NotLookedAt => {
                let parsed = Token::parse(token);
                let issuer = parsed.as_ref().ok().and_then(Token::issuer);
                assert_ne!(issuer, Some(ISSUER), "everything was looked at");
            }
        }
    }
    assert!(matches!(examination.verdict(), Verdict::Refused(_)), "{token}");
}

fn check(refused: &Refused) {
    for text in [&refused.message, refused.explanation.as_str(), refused.hint.as_str()] {
        check_text(text);
    }
}

fn answer(body: &[u8]) -> Fetched {
    Fetched { status: 200, content_type: None, cache_control: None, location: None, body: body.to_vec() }
}
