//! What a hint says is what mends: `publish` replaces nothing that it cannot read and takes out no entry, so those are
//! taken away first, by their real names.

use issuer_discovery::{FetchError, Jwks};
use issuer_doctor::{CHECKS, Fact, Facts, Report, Status};
use issuer_keygen::SigningKey;

use crate::change::{ask_about, discovery, jwks, live, publish, replace, role};
use crate::healthy::{self, ISSUER, key, other_key, token, token_request};

const PUBLISH: &str = "issuerctl publish --bucket oidc-bucket --issuer \
                       https://oidc-bucket.s3.eu-west-1.amazonaws.com/prod";
const MAKE_ROLE: &str = "issuerctl role apply --issuer https://oidc-bucket.s3.eu-west-1.amazonaws.com/prod --name demo \
                         --service-account default/demo";
const TAKE_DISCOVERY: &str = "aws s3 rm s3://oidc-bucket/prod/.well-known/openid-configuration";
const TAKE_JWKS: &str = "aws s3 rm s3://oidc-bucket/prod/openid/v1/jwks";

/// What is broken, the check that tells of it, what its hint says, and what it must not say.
type Case = (fn(&mut Facts), &'static str, &'static [&'static str], &'static [&'static str]);

const CASES: &[Case] = &[
    (
        |facts| discovery(facts, |answer| answer.body = b"<html></html>".to_vec()),
        "documents/discovery",
        &[TAKE_DISCOVERY, PUBLISH],
        &[],
    ),
    (
        |facts| {
            discovery(facts, |answer| {
                replace(
                    &mut answer.body,
                    &format!("\"issuer\":\"{ISSUER}"),
                    &format!("\"issuer\":\"{ISSUER}/"),
                );
            });
        },
        "documents/issuer",
        &[TAKE_DISCOVERY, PUBLISH],
        &[],
    ),
    // Nobody chooses but who asks where keys are published.
    (
        |facts| {
            discovery(facts, |answer| {
                replace(&mut answer.body, "/openid/v1/jwks", "/evil.json");
            });
        },
        "documents/jwks-uri",
        &["give --jwks-path evil.json if that is meant", TAKE_DISCOVERY, PUBLISH],
        &["publish --jwks-path", "--jwks-path evil.json --", "prod --jwks-path"],
    ),
    (
        |facts| {
            discovery(facts, |answer| replace(&mut answer.body, "/openid/v1/jwks", "/evil.json"));
            jwks(facts, |answer| answer.status = 403);
        },
        "token/verdict",
        &["mend documents/jwks-uri first, then: issuerctl publish --bucket oidc-bucket"],
        &["evil.json"],
    ),
    (
        |facts| jwks(facts, |answer| answer.body = b"oops".to_vec()),
        "documents/jwks-form",
        &["nobody else's keys", TAKE_JWKS, PUBLISH],
        &[],
    ),
    (
        |facts| jwks(facts, |answer| answer.body = br#"{"keys":[1]}"#.to_vec()),
        "documents/jwks-form",
        &["nobody else's keys", TAKE_JWKS, PUBLISH],
        &[],
    ),
    (
        |facts| {
            facts.documents.jwks =
                Some(Err(FetchError::TooLarge { url: format!("{ISSUER}/openid/v1/jwks") }));
        },
        "documents/jwks",
        &["nobody else's keys", TAKE_JWKS, PUBLISH],
        &[],
    ),
    (
        |facts| jwks(facts, |answer| replace(&mut answer.body, "\"use\":\"sig\"", "\"use\":\"enc\"")),
        "documents/our-key",
        &["whose keys are all ours", TAKE_JWKS, PUBLISH],
        &["by hand"],
    ),
    (
        |facts| jwks(facts, |answer| replace(&mut answer.body, "\"use\":\"sig\"", "\"use\":\"enc\"")),
        "token/key",
        &[TAKE_JWKS, PUBLISH],
        &["BUCKET"],
    ),
    // Somebody else's key is in it: nothing but the entry goes.
    (
        |facts| {
            publish(facts, &Jwks::of([key(), other_key()].map(SigningKey::public_key)));
            jwks(facts, |answer| replace(&mut answer.body, "\"use\":\"sig\"", "\"use\":\"enc\""));
        },
        "documents/our-key",
        &["that entry", "s3://oidc-bucket/prod/openid/v1/jwks", "by hand", PUBLISH],
        &["aws s3 rm"],
    ),
    // The same key, badly written, and twice: it is ours all the same.
    (
        |facts| jwks(facts, |answer| replace(&mut answer.body, "\",\"y\":\"", "=\",\"y\":\"")),
        "documents/our-key",
        &["whose keys are all ours", TAKE_JWKS, PUBLISH],
        &["another key"],
    ),
    (
        |facts| publish(facts, &Jwks::of([key(), key()].map(SigningKey::public_key))),
        "documents/key-ids",
        &["whose keys are all ours", TAKE_JWKS, PUBLISH],
        &[],
    ),
    // Who put another key there under our name is not known.
    (
        |facts| {
            let (ours, theirs) = (key().public_key().kid(), other_key().public_key().kid());
            publish(facts, &Jwks::of([other_key().public_key()]));
            jwks(facts, |answer| replace(&mut answer.body, theirs.as_str(), ours.as_str()));
        },
        "documents/our-key",
        &["that entry", "by hand", PUBLISH],
        &["aws s3 rm"],
    ),
    (
        |facts| jwks(facts, |answer| replace(&mut answer.body, "\"use\"", "\"use\":\"sig\",\"use\"")),
        "documents/sts-reads",
        &[TAKE_JWKS, PUBLISH],
        &[],
    ),
    // Without a look at the bucket the issuer's own host says which it is.
    (
        |facts| {
            facts.bucket = Fact::Unknown("there are no credentials".to_owned());
            discovery_alone(facts, b"oops");
        },
        "documents/discovery",
        &[TAKE_DISCOVERY, PUBLISH],
        &[],
    ),
    (
        |facts| {
            facts.bucket = Fact::Unknown("there are no credentials".to_owned());
            ask_about(facts, "https://oidc.example.com");
            discovery_alone(facts, b"oops");
        },
        "documents/discovery",
        &["take the discovery document away where it is served", "--bucket NAME (or --dir DIR"],
        &["aws s3 rm"],
    ),
    // What sums up says what the broken link says.
    (|facts| discovery(facts, |answer| answer.status = 404), "token/verdict", &[PUBLISH], &["BUCKET"]),
    (
        |facts| {
            discovery(facts, |answer| answer.status = 404);
            facts.sts = Fact::Is(issuer_doctor::StsAnswer::Refused {
                code: "InvalidIdentityToken".to_owned(),
                status: 400,
                message: "Couldn't retrieve verification key from your identity provider".to_owned(),
            });
        },
        "sts/accepts",
        &[PUBLISH],
        &["BUCKET"],
    ),
    // An audience of every pod's token is not to be made one of AWS's.
    (
        |facts| {
            let audiences = vec!["https://kubernetes.default.svc.cluster.local".to_owned()];
            facts.token = token(key(), &issuer_keygen::TokenRequest { audiences, ..token_request() });
        },
        "token/verdict",
        &["ask for a token for AWS", "--audience sts.amazonaws.com"],
        &["register"],
    ),
    // What stranger wrote is one word of the command.
    (
        |facts| {
            facts.audience = "$(id)".parse().unwrap();
            live(facts, |live| live.client_ids = vec!["other".to_owned()]);
        },
        "provider/audience",
        &["--audience '$(id)'"],
        &[],
    ),
    // Another account's matter is not nothing.
    (
        |facts| {
            let Fact::Is(found) = &mut facts.role else { return };
            found.arn = "arn:aws:iam::210987654321:role/demo".parse().unwrap();
            found.live = Err("these credentials are of another account".to_owned());
            facts.sts = Fact::Is(issuer_doctor::StsAnswer::Refused {
                code: "AccessDenied".to_owned(),
                status: 403,
                message: "Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned(),
            });
        },
        "sts/accepts",
        &["see role/account: register the issuer there"],
        &["nothing that can be seen"],
    ),
    (
        |facts| {
            let deny = r#"{"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"NumericLessThan":{"s3:TlsVersion":"1.2"}}}"#;
            let deny = issuer_policy::Statement::parse(deny).unwrap();
            crate::change::policy(facts, vec![healthy::place().statement(), deny]);
        },
        "bucket/policy",
        &["look whether its condition holds"],
        &["take it out"],
    ),
    (
        |facts| role(facts, |live| *live = None),
        "token/verdict",
        &["look the ARN up", MAKE_ROLE, " --path /"],
        &["AWS_ROLE_ARN", "--audience"],
    ),
    // The ARN says where the role has to lie, and a token who it is for.
    (
        |facts| {
            let Fact::Is(found) = &mut facts.role else { return };
            found.arn = "arn:aws:iam::123456789012:role/team/a/demo".parse().unwrap();
            found.live = Ok(None);
            facts.service_account = None;
            facts.audience = "$(id)".parse().unwrap();
        },
        "role/exists",
        &[MAKE_ROLE, " --path /team/a/ --audience '$(id)'"],
        &[],
    ),
    (
        |facts| {
            role(facts, |live| *live = None);
            facts.service_account = None;
            facts.token = Fact::NotAsked("give --token FILE");
        },
        "role/exists",
        &["--service-account NAMESPACE/NAME --path /"],
        &[],
    ),
];

/// Changes what is served alone, where no bucket was looked at.
fn discovery_alone(facts: &mut Facts, body: &[u8]) {
    facts.documents.discovery.as_mut().unwrap().body = body.to_vec();
}

#[test]
fn a_hint_says_what_mends() {
    let mut wrong = String::new();
    for (at, (break_it, name, says, says_not)) in CASES.iter().enumerate() {
        let mut facts = healthy::facts();
        break_it(&mut facts);
        let report = Report::of(&facts);
        let found = report.checks.iter().find(|reported| reported.name == *name).unwrap();
        let hint = found.finding.hint.clone().unwrap_or_default();
        if !says.iter().all(|words| hint.contains(words)) || says_not.iter().any(|words| hint.contains(words))
        {
            wrong.push_str(&format!("{at} {name}:\n  said {hint}\n  of {says:?}, not {says_not:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn who_may_write_is_named_with_the_account_and_the_actions() {
    let mut facts = healthy::facts();
    crate::access::grant(&mut facts, r#""AWS":"arn:aws:iam::210987654321:root""#, "s3:*", "");
    let report = Report::of(&facts);
    let found = report.checks.iter().find(|reported| reported.name == "bucket/policy-scope").unwrap();
    let actual = found.finding.actual.clone().unwrap_or_default();
    assert_eq!(found.finding.status, Status::Warn);
    assert!(actual.contains("account 210987654321") && actual.contains("More: s3:* on"), "{actual}");
}

#[test]
fn all_hints_begin_alike() {
    const NAMES: [&str; 6] = ["AWS", "STS", "IAM", "S3", "RSA", "TLS"];
    for (what, break_it, _) in crate::cases() {
        let mut facts = healthy::facts();
        break_it(&mut facts);
        for reported in Report::of(&facts).checks {
            let hint = reported.finding.hint.unwrap_or_default();
            let is_name = NAMES.iter().any(|name| hint.starts_with(name));
            assert!(is_name || !hint.starts_with(char::is_uppercase), "{what}: {}: {hint}", reported.name);
        }
    }
    assert!(CHECKS.iter().copied().flatten().all(|check| !check.title.ends_with('.')));
}
