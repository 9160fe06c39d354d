//! What is refused before any call.

use std::collections::BTreeMap;
use std::time::Duration;

use issuer_policy::Document;
use issuer_registrar::{RoleSpec, RoleWarning};

use crate::support::{attach, document, issuing, named, spec};

fn check(spec: &RoleSpec) -> String {
    spec.check(&issuing("c1")).err().map(|refusal| refusal.to_string()).unwrap_or_default()
}

#[track_caller]
fn refused(change: impl FnOnce(&mut RoleSpec), expected: &str) {
    let mut spec = spec(&["a/a"]);
    change(&mut spec);
    let text = check(&spec);
    assert!(text.contains(expected) && text.is_empty() == expected.is_empty(), "{text}");
    assert!(text.is_empty() || text.contains("app"), "the role is named: {text}");
}

fn large(characters: usize) -> Document {
    document(&format!("s3:{}", "x".repeat(characters - document("s3:").characters())))
}

#[test]
fn policies_fit_into_what_iam_takes() {
    refused(|spec| spec.create = named("p", large(6144)), "");
    refused(|spec| spec.create = named("p", large(6145)), "6145 characters; IAM takes 6144");
    refused(|spec| spec.inline = named("p", large(10240)), "");
    refused(|spec| spec.inline = named("p", large(10241)), "10241 characters together; IAM takes 10240");
    refused(
        |spec| {
            spec.inline = named("p", large(5121));
            spec.inline.extend(named("q", large(5120)));
        },
        "10241 characters together",
    );
    let none = |text: &str| named("p", Document::parse(text).unwrap());
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:x","Resource":"*"}]}"#;
    refused(|spec| spec.inline = none(trust), "a Principal is not for it");
    let old = r#"{"Statement":[{"Effect":"Allow","Action":"s3:x","Resource":"*"}]}"#;
    refused(|spec| spec.inline = none(old), "");
    refused(|spec| spec.create = none(old), "has to have the Version");
    let words = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:x","Resource":"arn:aws:s3:::b/\u4e2d"}]}"#;
    refused(|spec| spec.inline = none(words), "IAM takes Latin-1");
    refused(|spec| spec.inline = named(&"n".repeat(118), document("s3:x")), "");
    for (name, expected) in [
        ("0123456789abcdef", "cannot be called 0123456789abcdef"),
        ("0123456789abcdef-x", "stand for an issuer that joined"),
        ("0123456789abcdef-", "stand for an issuer that joined"),
        ("0123456789abcde", ""),
        ("0123456789abcdef0", ""),
        ("0123456789abcdeF-x", ""),
        ("x-0123456789abcdef", ""),
    ] {
        refused(|spec| spec.inline = named(name, document("s3:x")), expected);
        refused(|spec| spec.create = named(name, document("s3:x")), "");
    }
    refused(|spec| spec.inline = named(&"n".repeat(119), document("s3:x")), "which is over 128 characters");
    refused(
        |spec| {
            spec.create = named("Own", document("s3:x"));
            spec.create.extend(named("own", document("s3:x")));
        },
        "to IAM these are one name",
    );
}

#[test]
fn managed_policies_are_of_this_account_or_of_aws_and_not_too_many() {
    refused(|spec| attach(spec, &["arn:aws:iam::123456789012:policy/x"]), "");
    refused(|spec| attach(spec, &["arn:aws:iam::123456789013:policy/x"]), "cannot have the policy");
    refused(|spec| attach(spec, &["arn:aws-cn:iam::aws:policy/x"]), "cannot have the policy");
    refused(
        |spec| spec.boundary = Some("arn:aws:iam::123456789013:policy/x".parse().unwrap()),
        "cannot have the policy",
    );
    let some = |spec: &mut RoleSpec, many: usize| {
        let arns: Vec<String> = (0..many).map(|n| format!("arn:aws:iam::aws:policy/{n}")).collect();
        attach(spec, &arns.iter().map(String::as_str).collect::<Vec<_>>());
    };
    refused(|spec| some(spec, 20), "");
    refused(|spec| some(spec, 21), "21 policies attached");
    refused(
        |spec| {
            some(spec, 20);
            spec.create = named("one-more", document("s3:x"));
        },
        "21 policies attached",
    );
    let mut many = spec(&["a/a"]);
    some(&mut many, 11);
    assert_eq!(many.check(&issuing("c1")), Ok(vec![RoleWarning::Attachments { count: 11 }]));
}

#[test]
fn tags_and_sessions_are_as_iam_takes_them() {
    let tag = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    refused(|spec| spec.tags = tag(&"k".repeat(128), &"v".repeat(256)), "");
    for (key, value, expected) in [
        ("", "", "1 to 128 characters"),
        (&*"k".repeat(129), "", "1 to 128 characters"),
        ("k", &*"v".repeat(257), "at most 256"),
        ("a;b", "", "letters, digits"),
        ("k", "a,b", "letters, digits"),
        ("k", "a\nb", "letters, digits"),
        ("AWS:x", "", "AWS's own"),
        ("issuerctl:managed", "created", "this program alone"),
    ] {
        refused(|spec| spec.tags = tag(key, value), expected);
    }
    refused(
        |spec| {
            spec.tags = tag("k", "");
            spec.tags.extend(tag("K", ""));
        },
        "in case alone",
    );
    let many = |count: usize| (0..count).map(|n| (format!("k{n}"), String::new())).collect();
    refused(|spec| spec.tags = many(47), "");
    refused(|spec| spec.tags = many(48), "51 tags");
    for (seconds, expected) in [(3599, "3599 seconds"), (3600, ""), (43200, ""), (43201, "43201 seconds")] {
        refused(|spec| spec.max_session = Some(Duration::from_secs(seconds)), expected);
    }
}

#[test]
fn somebody_is_trusted_and_patterns_are_warned_of() {
    assert!(check(&spec(&[])).contains("names no service account"));
    let pattern = spec(&["a/a", "team-*/x"]);
    let warned = pattern.check(&issuing("c1")).unwrap();
    assert_eq!(warned, [RoleWarning::Pattern("system:serviceaccount:team-*:x".to_owned())]);
    let statements = pattern.trust_statements(&issuing("c1"));
    assert_eq!(statements.len(), 2);
    let operators: Vec<Vec<&str>> = statements
        .iter()
        .map(|made| made.condition().tests().map(|(operator, ..)| operator).collect())
        .collect();
    assert_eq!(operators, [["StringEquals", "StringEquals"], ["StringEquals", "StringLike"]]);
    let many: Vec<String> = (0..200).map(|n| format!("namespace-number-{n}/service-account")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(check(&spec(&many)).contains("IAM takes 2048"));
}
