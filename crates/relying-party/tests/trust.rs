//! What a trust policy's other conditions say, and that "not known here" is told from "does not match".

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod support;

use issuer_registrar::Role;
use issuer_relying_party::{Context, Facts, Outcome, Refused, Step, Verdict, known_context, trust, trust_in};
use serde_json::{Value, json};
use support::{AUDIENCE, ISSUER, NOW, SUBJECT, Scene, at, role_of, token};

const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/issuer.example.test/cluster-1";

fn statement(effect: &str, condition: &Value) -> Value {
    json!({"Effect": effect, "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition})
}

fn role(statements: &[Value]) -> Role {
    role_of(&json!({"Version": "2012-10-17", "Statement": statements}))
}

fn pod() -> Value {
    statement("Allow", &json!({"StringEquals": {"issuer.example.test/cluster-1:sub": SUBJECT}}))
}

fn ask(role: &Role, context: &Context) -> Outcome {
    trust_in(role, ISSUER, SUBJECT, AUDIENCE, "test", context)
}

#[track_caller]
fn refused(outcome: Outcome) -> Refused {
    match outcome {
        Outcome::Refused(refused) => refused,
        other => panic!("it is not refused: {other:?}"),
    }
}

#[test]
fn what_is_known_of_every_call_counts() {
    let context = known_context(at(NOW), Some("eu-west-1"));
    for (passes, condition) in [
        (true, json!({"Bool": {"aws:SecureTransport": true}})),
        (false, json!({"Bool": {"AWS:SecureTransport": "false"}})),
        (true, json!({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}})),
        (false, json!({"StringNotEquals": {"aws:requestedregion": "eu-west-1"}})),
        (true, json!({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}})),
        (false, json!({"DateGreaterThan": {"aws:CurrentTime": "2027-01-15T08:00:00Z"}})),
        (true, json!({"DateGreaterThanEquals": {"aws:CurrentTime": "2027-01-15T08:00:00Z"}})),
        (true, json!({"DateLessThan": {"aws:EpochTime": NOW + 1}})),
        (false, json!({"NumericLessThan": {"aws:EpochTime": NOW}})),
    ] {
        let allow = role(&[statement("Allow", &condition)]);
        let deny = role(&[pod(), statement("Deny", &condition)]);
        assert_eq!(ask(&allow, &context) == Outcome::Passed, passes, "{condition}");
        assert_eq!(ask(&deny, &context) == Outcome::Passed, !passes, "{condition}");
        // Either way it is known.
        let outcome = ask(if passes { &deny } else { &allow }, &context);
        assert!(!refused(outcome).is_unjudged(), "{condition}");
    }
}

#[test]
fn the_examination_asks_with_what_its_caller_knows() {
    let mut scene = Scene::new();
    scene.role = Some(role(&[statement("Allow", &json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}))]));
    let token = token();
    let from = |address: &str| Context::from([("aws:sourceip".to_owned(), vec![address.to_owned()])]);
    for (address, passes) in [("192.0.2.7", true), ("198.51.100.7", false)] {
        let context = from(address);
        let facts = Facts { context: Some(&context), ..scene.facts(&token) };
        let verdict = issuer_relying_party::Examination::of(&facts).verdict();
        assert_eq!(matches!(verdict, Verdict::Accepted(_)), passes, "{address}: {verdict:?}");
    }
    assert_eq!(scene.step(&token), "trust");
}

#[test]
fn no_context_can_change_what_the_token_says() {
    let other = "system:serviceaccount:default:other";
    let wanted = role(&[pod()]);
    for key in ["issuer.example.test/cluster-1:sub", "ISSUER.example.test/cluster-1:SUB"] {
        let context = Context::from([(key.to_owned(), vec![SUBJECT.to_owned()])]);
        let outcome = trust_in(&wanted, ISSUER, other, AUDIENCE, "test", &context);
        assert_eq!(refused(outcome).step, Step::Trust, "{key}");
    }
}

#[test]
fn what_is_not_known_refuses_and_is_told_from_what_does_not_match() {
    let address = json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}});
    let elsewhere = json!({"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}});
    let other = json!({"StringEquals": {"issuer.example.test/cluster-1:sub": "x"}});
    let both = json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"},
        "StringEquals": {"issuer.example.test/cluster-1:sub": "x"}});
    let vpc = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}});
    let key = |statement: usize, name: &str| {
        format!("Statement {statement}: the condition key \"{name}\" is not known for this request")
    };
    for (unknown, statements) in [
        (vec![key(1, "aws:sourceip")], vec![statement("Allow", &address)]),
        (vec![key(2, "aws:sourceip")], vec![pod(), statement("Deny", &elsewhere)]),
        (
            vec![key(1, "aws:sourcevpc"), key(2, "aws:sourceip")],
            vec![statement("Allow", &vpc), statement("Deny", &elsewhere)],
        ),
        // What lets the token in is known; the other Allow is not needed.
        (vec![key(3, "aws:sourceip")], vec![statement("Allow", &vpc), pod(), statement("Deny", &elsewhere)]),
        // The closest is the one that may let it in.
        (vec![key(2, "aws:sourceip")], vec![statement("Allow", &other), statement("Allow", &address)]),
        // Whatever the address is, the subject is another.
        (vec![], vec![statement("Allow", &both)]),
        (vec![], vec![statement("Allow", &other), statement("Deny", &elsewhere)]),
        // A Deny that matches wins over all that is not known.
        (vec![], vec![statement("Allow", &address), statement("Deny", &json!({}))]),
        (vec![], vec![statement("Deny", &elsewhere)]),
    ] {
        let role = role(&statements);
        let refused = refused(trust(&role, ISSUER, SUBJECT, AUDIENCE, "test"));
        assert_eq!(refused.unknown, unknown, "{statements:?}");
        assert_eq!(refused.is_unjudged(), !unknown.is_empty());
        assert_eq!((refused.code, refused.status), ("AccessDenied", 403));
        assert_eq!(refused.hint.contains("look yourself"), refused.is_unjudged(), "{}", refused.hint);
        let known = refused.explanation.contains("is not known");
        assert!(known || !refused.is_unjudged(), "{}", refused.explanation);
    }
}

#[test]
fn a_deny_is_mended_by_changing_the_deny() {
    let mut deny = statement("Deny", &json!({}));
    for (name, sid) in [("Statement 2", None), ("Statement 2 (No)", Some("No"))] {
        if let Some(sid) = sid {
            deny["Sid"] = json!(sid);
        }
        let refused = refused(trust(&role(&[pod(), deny.clone()]), ISSUER, SUBJECT, AUDIENCE, "test"));
        assert!(refused.explanation.starts_with(&format!("{name} of the trust policy")), "{refused:?}");
        assert!(refused.hint.starts_with(&format!("change {name}, a Deny,")), "{}", refused.hint);
        assert!(!refused.hint.contains("let the trust policy"), "{}", refused.hint);
    }
}

#[test]
fn no_reason_is_given_twice() {
    let condition = json!({"StringEqual": {
        "issuer.example.test/cluster-1:sub": SUBJECT, "issuer.example.test/cluster-1:aud": AUDIENCE,
    }});
    for statements in [vec![statement("Allow", &condition)], vec![pod(), statement("Deny", &condition)]] {
        let refused = refused(trust(&role(&statements), ISSUER, SUBJECT, AUDIENCE, "test"));
        assert_eq!(refused.explanation.matches("\"StringEqual\" is not known").count(), 1, "{refused:?}");
        assert_eq!(refused.unknown.len(), 1, "{refused:?}");
    }
}
