//! In which order STS looks, what waits for what, and what is said when nobody looked.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod support;

use issuer_relying_party::{
    Accepted, Authority, Examination, Facts, Known, Outcome, Step, Token, Verdict, trust,
};
use serde_json::json;
use support::{
    AUDIENCE, ISSUER, Key, NOW, SUBJECT, Scene, answer, at, claims, claims_with, header, role_of, token,
};

const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/issuer.example.test/cluster-1";

#[test]
fn what_is_accepted_says_who() {
    let accepted = Accepted {
        subject: SUBJECT.to_owned(),
        audience: AUDIENCE.to_owned(),
        provider: PROVIDER.to_owned(),
    };
    let examination = Scene::new().examine(&token());
    assert_eq!(examination.verdict(), Verdict::Accepted(accepted));
    assert!(examination.steps().iter().all(|(_, outcome)| *outcome == Outcome::Passed));
    assert_eq!(examination.steps().iter().map(|(step, _)| *step).collect::<Vec<_>>(), Step::ALL);
}

/// Everything is broken at once, and mended from the front: the answer moves on one step each time.
#[test]
fn the_first_step_that_fails_is_the_answer() {
    let refused = || Some(answer(403, ""));
    let mut scene = Scene::new();
    scene.session_name = "a".to_owned();
    scene.duration_seconds = Some(3601);
    scene.role = None;
    scene.providers.clear();
    scene.documents.jwks = refused();
    scene.now = at(NOW + 100_000);
    let mut claims = json!({"iss": "kubernetes/serviceaccount"});
    let good = Key::rsa();
    let bad = Key::new_rsa();
    assert_eq!(scene.step("x.y.z"), "parameters");
    scene.session_name = "ab".to_owned();
    assert_eq!(scene.step("x.y.z"), "token");
    let sign = |claims: &serde_json::Value| bad.token(&header(), claims);
    assert_eq!(scene.step(&sign(&claims)), "trust");
    scene.role = Scene::new().role;
    assert_eq!(scene.step(&sign(&claims)), "duration");
    scene.duration_seconds = None;
    assert_eq!(scene.step(&sign(&claims)), "issuer");
    claims["iss"] = json!(ISSUER);
    assert_eq!(scene.step(&sign(&claims)), "claims");
    claims = claims_with("aud", json!(["kubernetes", "b"]));
    claims["sub"] = json!("other");
    assert_eq!(scene.step(&sign(&claims)), "authorized-party");
    claims["aud"] = json!("kubernetes");
    assert_eq!(scene.step(&sign(&claims)), "provider");
    scene.providers = Scene::new().providers;
    assert_eq!(scene.step(&sign(&claims)), "audience");
    claims["aud"] = json!(AUDIENCE);
    assert_eq!(scene.step(&sign(&claims)), "keys");
    scene.documents.jwks = Scene::new().documents.jwks;
    scene.documents.authority = Authority::Private { thumbprint: "0".repeat(40).parse().unwrap() };
    assert_eq!(scene.step(&sign(&claims)), "thumbprint");
    scene.documents.authority = Authority::Public;
    assert_eq!(scene.step(&sign(&claims)), "signature");
    assert_eq!(scene.step(&good.token(&header(), &claims)), "expiry");
    scene.now = at(NOW);
    assert_eq!(scene.step(&good.token(&header(), &claims)), "trust");
    claims["sub"] = json!(SUBJECT);
    assert_eq!(scene.step(&good.token(&header(), &claims)), "accepted");
}

#[test]
fn each_step_waits_for_what_it_needs_alone() {
    let waiting = |examination: &Examination| {
        let waits = |(step, outcome): &(Step, Outcome)| match outcome {
            Outcome::Waiting(on) => Some((step.name(), on.name())),
            _ => None,
        };
        examination.steps().iter().filter_map(waits).collect::<Vec<_>>()
    };
    let scene = Scene::new();
    let on_token = [
        "issuer",
        "claims",
        "authorized-party",
        "provider",
        "audience",
        "keys",
        "signature",
        "expiry",
        "trust",
    ];
    assert_eq!(waiting(&scene.examine("x.y.z")), on_token.map(|step| (step, "token")));
    assert_eq!(waiting(&scene.examine(""))[0], ("token", "parameters"));
    let legacy = Key::rsa().token(&header(), &claims_with("iss", json!("kubernetes/serviceaccount")));
    let on_issuer = ["provider", "audience", "keys", "signature"];
    assert_eq!(waiting(&scene.examine(&legacy)), on_issuer.map(|step| (step, "issuer")));
    let mut scene = Scene::new();
    scene.role = None;
    assert_eq!(waiting(&scene.examine(&token())), [("duration", "trust")]);
    let mut scene = Scene::new();
    scene.documents.discovery = answer(404, "");
    scene.documents.jwks = None;
    scene.documents.authority = Authority::Unknown;
    assert_eq!(waiting(&scene.examine(&token())), [("thumbprint", "keys"), ("signature", "keys")]);
    // The clock and the trust policy are judged although the key is not there.
    assert_eq!(scene.examine(&token()).outcome(Step::Trust), &Outcome::Passed);
    let two = Key::rsa().token(&header(), &claims_with("aud", json!(["a", "b"])));
    let on_party = [("audience", "authorized-party"), ("trust", "authorized-party")];
    assert_eq!(waiting(&Scene::new().examine(&two)), on_party);
}

#[test]
fn what_nobody_looked_at_leaves_the_answer_open() {
    let scene = Scene::new();
    let token = token();
    let facts = scene.facts(&token);
    let verdict = |facts: Facts<'_>| Examination::of(&facts).verdict();
    assert_eq!(verdict(Facts { role: Known::NotLookedAt, ..facts }), Verdict::Incomplete(Step::Duration));
    assert_eq!(
        verdict(Facts { providers: Known::NotLookedAt, ..facts }),
        Verdict::Incomplete(Step::Provider)
    );
    assert_eq!(
        verdict(Facts { documents: Known::NotLookedAt, ..facts }),
        Verdict::Incomplete(Step::Reachable)
    );
    let mut unknown = Scene::new();
    unknown.documents.authority = Authority::Unknown;
    assert_eq!(unknown.verdict(&token), Verdict::Incomplete(Step::Thumbprint));
    // A refusal that is known is told, whatever is not.
    let nothing = Facts { providers: Known::NotLookedAt, documents: Known::NotLookedAt, ..facts };
    let late = Facts { now: at(NOW + 100_000), ..nothing };
    assert!(matches!(verdict(late), Verdict::Refused(refused) if refused.step == Step::Expiry));
    assert_eq!(Examination::of(&nothing).outcome(Step::Trust), &Outcome::Passed);
    assert_eq!(Examination::of(&nothing).outcome(Step::Signature), &Outcome::NotLookedAt);
}

#[test]
fn a_trust_policy_is_asked_without_a_token() {
    let role = Scene::new().role.unwrap();
    assert_eq!(trust(&role, ISSUER, SUBJECT, AUDIENCE, "test"), Outcome::Passed);
    for (issuer, subject, audience, words) in [
        (ISSUER, "system:serviceaccount:default:x", AUDIENCE, "default:x"),
        (ISSUER, SUBJECT, "x", ":aud to be \"sts.amazonaws.com\", and it is \"x\""),
        ("https://other.example", SUBJECT, AUDIENCE, "oidc-provider/other.example"),
    ] {
        let Outcome::Refused(refused) = trust(&role, issuer, subject, audience, "test") else {
            panic!("{issuer} {subject} {audience} is not refused")
        };
        assert_eq!((refused.step, refused.status), (Step::Trust, 403));
        assert!(refused.explanation.contains(words), "{}", refused.explanation);
    }
}

#[test]
fn trust_policies_are_asked_as_sts_asks_them() {
    let allow = |who: &str, condition: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":{who},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{condition}}}"#
        )
    };
    let provider = format!(r#"{{"Federated":"{PROVIDER}"}}"#);
    let pod =
        r#"{"StringEquals":{"issuer.example.test/cluster-1:sub":"system:serviceaccount:default:demo"}}"#;
    let absent = r#"{"ForAllValues:StringEquals":{"issuer.example.test/cluster-1:amr":"authenticated"}}"#;
    for (words, statements) in [
        ("", allow(&provider, "{}")),
        ("", allow(&provider, pod)),
        ("", allow(&provider, absent)),
        ("", allow(&provider, r#"{"StringLike":{"sts:RoleSessionName":"te*"}}"#)),
        ("", allow(&provider, r#"{"Null":{"issuer.example.test/cluster-1:amr":"true"}}"#)),
        ("the request has no such key", allow(&provider, &absent.replace("ForAllValues", "ForAnyValue"))),
        ("\"aws:sourceip\" is not known", allow(&provider, r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#)),
        (
            "operator \"stringequals\" is not known",
            allow(&provider, &pod.replace("StringEquals", "stringequals")),
        ),
        ("does not name the token's provider", allow(r#""*""#, "{}")),
        ("does not name the token's provider", allow(r#"{"AWS":"*"}"#, "{}")),
        (
            "its Principal is Federated \"arn:aws:iam::210987654321:oidc-provider/",
            allow(&provider.replace("123456789012", "210987654321"), pod),
        ),
        ("its Action is \"sts:AssumeRole\"", allow(&provider, pod).replace("WithWebIdentity", "")),
        (
            "role/demo, the closest of 3, does not allow it: StringEquals wants",
            [
                &allow(r#"{"AWS":"1"}"#, "{}"),
                &allow(&provider, &pod.replace("demo", "x")),
                &allow(r#"{"Federated":"y"}"#, pod),
            ]
            .map(String::as_str)
            .join(","),
        ),
        (
            "Statement 2 (No) of the trust policy of arn:aws:iam::123456789012:role/demo denies it.",
            format!(
                r#"{},{{"Sid":"No","Effect":"Deny","Principal":"*","Action":"sts:*"}}"#,
                allow(&provider, pod)
            ),
        ),
        (
            "may deny it: the condition key \"aws:sourceip\" is not known for this request, so it counts as met",
            format!(
                r#"{},{{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{{"NotIpAddress":{{"aws:SourceIp":"10.0.0.0/8"}}}}}}"#,
                allow(&provider, pod)
            ),
        ),
        (
            "allows nobody anything",
            r#"{"Effect":"Deny","Principal":{"AWS":"1"},"Action":"sts:*"}"#.to_owned(),
        ),
    ] {
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        let role = role_of(&serde_json::from_str(&policy).unwrap());
        match trust(&role, ISSUER, SUBJECT, AUDIENCE, "test") {
            Outcome::Passed => assert_eq!(words, "", "{statements}"),
            Outcome::Refused(refused) => {
                assert!(!words.is_empty() && refused.explanation.contains(words), "{}", refused.explanation);
            }
            other => panic!("{other:?}"),
        }
    }
    // What the token says of how it was come by is asked, too.
    let policy =
        format!(r#"{{"Statement":[{}]}}"#, allow(&provider, &absent.replace("ForAllValues", "ForAnyValue")));
    let mut scene = Scene::new();
    scene.role = Some(role_of(&serde_json::from_str(&policy).unwrap()));
    let mut with = claims();
    assert_eq!(scene.step(&Key::rsa().token(&header(), &with)), "trust");
    with["amr"] = json!(["authenticated", "x"]);
    assert_eq!(scene.step(&Key::rsa().token(&header(), &with)), "accepted");
}

/// Tokens and documents of our own making: what `issuerctl token` signs is what STS takes.
#[test]
fn what_this_toolkit_makes_is_accepted() {
    use issuer_discovery::{IssuerUrl, Jwks, JwksPath, Site};
    use issuer_keygen::{Algorithm, SigningKey, TokenRequest, sign_token};

    let issuer: IssuerUrl = ISSUER.parse().unwrap();
    for algorithm in [Algorithm::Rsa2048, Algorithm::Es256, Algorithm::Es384, Algorithm::Es512] {
        let key = SigningKey::generate(algorithm).unwrap();
        let request = TokenRequest {
            issuer: issuer.to_string(),
            audiences: vec![AUDIENCE.to_owned()],
            service_account: "default/demo".parse().unwrap(),
            uid: "u".to_owned(),
            jti: "j".to_owned(),
            issued_at: at(NOW),
            expires_in: std::time::Duration::from_secs(600),
        };
        let token = sign_token(&key, &request).unwrap();
        let site = Site::build(&issuer, &JwksPath::default(), &Jwks::of([key.public_key()]));
        let mut scene = Scene::with_keys(&[]);
        scene.documents.discovery = answer(200, site.discovery().bytes.to_vec());
        scene.documents.jwks = Some(answer(200, site.jwks().bytes.to_vec()));
        assert_eq!(scene.step(&token), "accepted", "{algorithm}");
    }
}

#[test]
fn what_is_shown_of_a_token_cannot_be_used_as_one() {
    let scene = Scene::new();
    let text = token();
    let signature = text.rsplit_once('.').unwrap().1;
    let token = Token::parse(&text).unwrap();
    let shown = format!("{token:?} {:?} {:?}", scene.facts(&text), scene.examine(&text));
    assert!(shown.contains(SUBJECT));
    assert!(!shown.contains(signature) && !shown.contains(&format!("{:?}", token.signature())), "{shown}");
}
