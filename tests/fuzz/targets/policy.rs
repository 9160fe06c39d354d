//! Policies: what is read is written, a merge leaves every foreign statement as it was, and what is not called public
//! lets nobody in who did not sign.
#![no_main]

use issuer_fuzz::{check_error, check_text};
use issuer_policy::{
    Decision, Document, Effect, Kind, Merge, Request, RequestPrincipal, Statement, TrustTarget,
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const OBJECT: &str = "arn:aws:s3:::my-bucket/c1/openid/v1/jwks";

fuzz_target!(|text: &str| {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => return check_error(&error),
    };
    assert_eq!(Document::parse(&document.to_json()).unwrap(), document);
    // serde_json as the judge: the same members in the same order.
    let judge: Value = serde_json::from_str(text).unwrap();
    assert_eq!(document.to_json(), judge.to_string());
    for kind in [Kind::Bucket, Kind::Trust, Kind::Identity] {
        if let Err(error) = document.check(kind) {
            check_error(&error);
        }
        match document.check_as_iam(kind) {
            Ok(()) => assert!(document.check(kind).is_ok()),
            Err(error) => check_error(&error),
        }
    }
    evaluate(&document);
    lint(&document);
    for sid in [Some("issuerctl"), document.statements().first().and_then(Statement::sid)] {
        merge(document.clone(), sid.unwrap_or("none"));
    }
});

fn evaluate(document: &Document) {
    let anonymous = Request::anonymous("s3:GetObject", OBJECT);
    let decision = document.evaluate(&anonymous);
    let denies = |statement: &&Statement| statement.effect() == Effect::Deny;
    match &decision {
        Decision::Allow { .. } => {
            let unconditional =
                document.statements().iter().all(|statement| statement.condition().is_empty());
            // An identity policy has no principal: it speaks of whoever carries it, which nobody unsigned does.
            let named = document
                .statements()
                .iter()
                .all(|statement| statement.principal().is_some() || statement.not_principal().is_some());
            assert!(!unconditional || !named || !document.public_statements().is_empty());
        }
        Decision::Deny { .. } => assert!(document.statements().iter().any(|statement| denies(&statement))),
        Decision::NoMatch { .. } => {}
    }
    for principal in [
        RequestPrincipal::Account("123456789012".to_owned()),
        RequestPrincipal::Arn("arn:aws:iam::123456789012:role/r".to_owned()),
        RequestPrincipal::Federated("arn:aws:iam::123456789012:oidc-provider/issuer.example.test".to_owned()),
        RequestPrincipal::Service("cloudfront.amazonaws.com".to_owned()),
    ] {
        let mut request = Request::by(principal, "sts:AssumeRoleWithWebIdentity", OBJECT);
        request.context.insert("aws:sourceip".to_owned(), vec!["203.0.113.7".to_owned()]);
        request.context.insert("aws:securetransport".to_owned(), vec!["true".to_owned()]);
        explain(document, &request);
    }
    // A Deny for everyone that is added last always wins.
    let mut closed = document.clone();
    let deny = r#"{"Sid":"fuzz deny","Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}"#;
    closed.merge(Statement::parse(deny).unwrap());
    assert!(matches!(closed.evaluate(&anonymous), Decision::Deny { .. }));
}

/// What is said of the statements is what was decided.
fn explain(document: &Document, request: &Request) {
    let explanations = document.explain(request);
    for mismatch in explanations.iter().flat_map(|explanation| &explanation.mismatches) {
        check_text(&mismatch.to_string());
    }
    let met =
        |effect| explanations.iter().any(|one| one.statement.effect() == effect && one.mismatches.is_empty());
    match document.evaluate(request) {
        Decision::Allow { .. } => assert!(met(Effect::Allow) && !met(Effect::Deny)),
        Decision::Deny { unknown, .. } => assert_eq!(met(Effect::Deny), unknown.is_empty()),
        Decision::NoMatch { .. } => assert!(!met(Effect::Allow) && !met(Effect::Deny)),
    }
}

/// Each finding can be shown, and is of a statement that there is.
fn lint(document: &Document) {
    let lints = document.lint_trust(&TrustTarget {
        provider_arn: "arn:aws:iam::123456789012:oidc-provider/issuer.example.test",
        issuer: "issuer.example.test",
        audience: "sts.amazonaws.com",
    });
    for lint in &lints {
        check_text(&lint.to_string());
        check_text(&lint.hint());
        assert!(lint.statement.is_none_or(|statement| statement <= document.statements().len()));
    }
}

fn merge(mut document: Document, sid: &str) {
    let before = document.clone();
    let ours = Statement::allow_anonymous_read(sid, [OBJECT.to_owned()]);
    let merged = document.merge(ours.clone());
    match merged {
        Merge::Unchanged => assert_eq!(document, before),
        Merge::Added => assert_eq!(document.statements().len(), before.statements().len() + 1),
        Merge::Replaced => assert_eq!(document.statements().len(), before.statements().len()),
    }
    for (old, new) in before.statements().iter().zip(document.statements()) {
        assert!(old.to_json() == new.to_json() || old.sid() == Some(sid), "a foreign statement has changed");
    }
    assert!(document.statement(sid).unwrap().same_meaning(&ours));
    assert_eq!(document.merge(ours), Merge::Unchanged);
    let again = Document::parse(&document.to_json()).unwrap();
    assert_eq!((again.statements(), again.to_json()), (document.statements(), document.to_json()));
    if merged == Merge::Added {
        assert!(document.remove(sid));
        assert_eq!(document.statements(), before.statements());
    }
}
