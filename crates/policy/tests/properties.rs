//! What holds for every policy and every text.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use issuer_policy::{Document, Merge, Request, Statement};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z:*?/${}\"\\\\ é\u{1f511}]{0,12}", "arn:aws:s3:::[a-z]{3}/[a-z*]{0,4}"]
}

fn list() -> impl Strategy<Value = Value> {
    prop_oneof![text().prop_map(Value::from), prop::collection::vec(text(), 1..4).prop_map(Value::from)]
}

fn condition() -> impl Strategy<Value = Value> {
    let operator =
        prop::sample::select(vec!["StringEquals", "StringLike", "Bool", "Null", "ArnLike", "IpAddress", "x"]);
    let values = prop_oneof![
        list(),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e6..1e6).prop_map(|number: f64| json!(number))
    ];
    let tests = prop::collection::hash_map("[a-c]:[a-z]{1,3}", values, 0..3);
    prop::collection::hash_map(operator, tests, 0..3).prop_map(|operators| json!(operators))
}

/// The members of a statement in any order, without a Sid.
fn statement() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let principal =
        prop_oneof![Just(json!("*")), list().prop_map(|list| json!({"AWS": list, "Service": "s"}))];
    let members = (
        prop::sample::select(vec!["Allow", "Deny"]),
        (prop::sample::select(vec!["Principal", "NotPrincipal"]), principal),
        (prop::sample::select(vec!["Action", "NotAction"]), list()),
        prop::option::of((prop::sample::select(vec!["Resource", "NotResource"]), list())),
        prop::option::of(condition()),
    );
    members
        .prop_map(|(effect, principal, action, resource, condition)| {
            let mut members = vec![("Effect", json!(effect)), principal, action];
            members.extend(resource);
            members.extend(condition.map(|condition| ("Condition", condition)));
            members
        })
        .prop_shuffle()
}

prop_compose! {
    fn document()(
        statements in prop::collection::vec((statement(), any::<bool>()), 0..4),
        version in prop::option::of(prop::sample::select(vec!["2012-10-17", "2008-10-17"])),
        id in prop::option::of(text()),
        first in any::<bool>(),
    ) -> String {
        let statements: Vec<Value> = statements.into_iter().enumerate().map(|(index, (mut members, named))| {
            if named {
                members.push(("Sid", json!(format!("sid {index}"))));
            }
            Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        }).collect();
        let mut members = Map::new();
        if first {
            members.insert("Statement".to_owned(), Value::Null);
        }
        members.extend(version.map(|version| ("Version".to_owned(), json!(version))));
        members.extend(id.map(|id| ("Id".to_owned(), json!(id))));
        members.insert("Statement".to_owned(), json!(statements));
        Value::Object(members).to_string()
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let _ = Document::parse(&text);
        let _ = Document::parse(&format!(r#"{{"Statement":{text}}}"#));
    }

    #[test]
    fn any_policy_comes_back_as_it_was(text in document()) {
        let document = Document::parse(&text).unwrap();
        prop_assert_eq!(document.to_json(), text);
        prop_assert_eq!(Document::parse(&document.to_json()).unwrap(), document);
    }

    #[test]
    fn a_merge_leaves_the_others_as_they_were(text in document(), named in any::<bool>()) {
        let mut document = Document::parse(&text).unwrap();
        let sid = if named { "sid 1" } else { "Issuer" };
        let before: Vec<String> = document.statements().iter().map(Statement::to_json).collect();
        let existed = document.statement(sid).is_some();
        let merged = document.merge(Statement::allow_anonymous_read(sid, ["r".to_owned()]));
        prop_assert_eq!(merged, if existed { Merge::Replaced } else { Merge::Added });
        prop_assert_eq!(document.merge(Statement::allow_anonymous_read(sid, ["r".to_owned()])), Merge::Unchanged);
        for (index, before) in before.iter().enumerate() {
            let after = &document.statements()[index];
            if after.sid() != Some(sid) {
                prop_assert_eq!(&after.to_json(), before);
            }
        }
        prop_assert!(document.remove(sid));
        if !existed {
            prop_assert_eq!(document.to_json(), text);
        }
    }

    #[test]
    fn every_question_has_an_answer(text in document(), action in text(), resource in text(), values in prop::collection::vec(text(), 0..3)) {
        let document = Document::parse(&text).unwrap();
        let mut request = Request::anonymous(action, resource);
        request.context.insert("a:b".to_owned(), values);
        let decision = document.evaluate(&request);
        let _ = document.check(issuer_policy::Kind::Bucket);
        // Nothing is allowed to the world that the list of public statements does not show, unless a condition did it.
        if decision.is_allow() && document.statements().iter().all(|statement| statement.condition().is_empty()) {
            prop_assert!(!document.public_statements().is_empty());
        }
    }
}
