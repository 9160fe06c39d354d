//! Documents speak for the issuer that they were fetched for: whose host answers is who may say which keys count.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod support;

use issuer_discovery::{Fetch, FetchError, Fetched};
use issuer_relying_party::{Documents, Outcome, Step, Verdict};
use serde_json::json;
use support::{ISSUER, Key, Scene, answer, documents, token};

/// A host that serves whatever it was given, wherever it is asked.
struct Host {
    discovery: String,
    jwks: String,
}

impl Fetch for Host {
    async fn get(&self, url: &str) -> Result<Fetched, FetchError> {
        let is_discovery = url.ends_with("/.well-known/openid-configuration");
        answer(200, if is_discovery { self.discovery.as_str() } else { self.jwks.as_str() })
    }
}

#[tokio::test]
async fn a_host_that_claims_another_issuer_is_never_believed() {
    let host = Host {
        discovery: json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/openid/v1/jwks")}).to_string(),
        jwks: json!({"keys": [Key::rsa().jwk("k1")]}).to_string(),
    };
    let mut scene = Scene::new();
    let fetched = |issuer: String| {
        let host = &host;
        async move {
            let authority = issuer_relying_party::Authority::Public;
            Documents { authority, ..Documents::fetch(host, &issuer).await }
        }
    };
    scene.documents = fetched(ISSUER.to_owned()).await;
    assert_eq!(scene.step(&token()), "accepted");
    for other in [
        "https://evil.example",
        "",
        "https://issuer.example.test/cluster-1/",
        "https://ISSUER.example.test/cluster-1",
    ] {
        scene.documents = fetched(other.to_owned()).await;
        let examination = scene.examine(&token());
        assert_eq!(examination.verdict(), Verdict::Incomplete(Step::Reachable), "{other}");
        for step in [Step::Reachable, Step::Thumbprint, Step::Keys, Step::Signature] {
            assert_eq!(examination.outcome(step), &Outcome::NotLookedAt, "{other} {step}");
        }
        assert_eq!(examination.outcome(Step::Trust), &Outcome::Passed);
        let refused = scene.documents.keys(ISSUER).unwrap_err();
        assert!(refused.explanation.contains("are those of"), "{}", refused.explanation);
    }
}

#[test]
fn keys_from_elsewhere_than_the_document_says_are_not_read() {
    let mut scene = Scene::new();
    let elsewhere = json!({"issuer": ISSUER, "jwks_uri": "https://keys.example.test/jwks"}).to_string();
    // Exchanged after the keys were fetched.
    scene.documents.discovery = answer(200, elsewhere.as_str());
    let Verdict::Refused(refused) = scene.verdict(&token()) else { panic!("it is not refused") };
    assert_eq!(refused.step, Step::Keys);
    let words = "Nothing was fetched from \"https://keys.example.test/jwks\"";
    assert!(refused.explanation.contains(words), "{}", refused.explanation);
    let keys = json!({"keys": [Key::rsa().jwk("k1")]}).to_string();
    scene.documents = documents(ISSUER, answer(200, elsewhere), answer(200, keys));
    assert_eq!(scene.step(&token()), "accepted");
}
