//! What who has to agree to a change is shown.

use std::time::Duration;

use issuer_policy::Document;
use issuer_registrar::{RoleChange, RoleFacts, RoleWarning};

use crate::support::{READ, WRITE, attach, diff, document, foreign, issuing, made, named, spec};

fn texts(changes: &[RoleChange]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

#[test]
fn a_new_role_says_whom_it_trusts_and_how_large_its_policies_are() {
    let mut wanted = spec(&["a/a", "team-a/*"]);
    attach(&mut wanted, &[READ]);
    wanted.create = named("own", document("s3:Get"));
    wanted.inline = named("more", document("s3:Put"));
    wanted.boundary = Some(WRITE.parse().unwrap());
    wanted.max_session = Some(Duration::from_secs(7200));
    let path = issuing("c1").path();
    let size = document("s3:Get").characters();
    let changes = diff(&wanted, "c1", &RoleFacts::default()).unwrap().changes;
    let RoleChange::Create { trust_policy, .. } = &changes[1] else { panic!() };
    let trusted = trust_policy.characters();
    assert_eq!(
        texts(&changes),
        [
            format!("create managed policy {path}own ({size} characters)"),
            format!(
                "create under {path}, for a/a, system:serviceaccount:team-a:* (trust policy of {trusted} characters), \
                 bounded by {WRITE}, sessions of up to 7200 s"
            ),
            format!("write inline policy issuerctl-more ({size} characters)"),
            format!("attach arn:aws:iam::123456789012:policy{path}own"),
            format!("attach {READ}"),
        ]
    );
}

#[test]
fn a_change_of_trust_says_who_comes_and_who_goes() {
    for (before, after, expected) in [
        (&["a/a"][..], &["a/a", "b/b"][..], &["trust b/b"][..]),
        (&["a/a", "b/b"], &["a/a"], &["no longer trust b/b"]),
        (&["a/a"], &["b/b"], &["trust b/b, no longer a/a"]),
        (&["a/a", "b/b"], &["b/b", "c/c"], &["no longer trust a/a", "trust c/c"]),
        (&["a/a"], &["a/a", "a/b-*"], &["trust system:serviceaccount:a:b-*"]),
    ] {
        let changes = diff(&spec(after), "c1", &made(&spec(before), "c1")).unwrap().changes;
        let texts = texts(&changes);
        assert_eq!(texts.len(), expected.len(), "{texts:?}");
        for (text, expected) in texts.iter().zip(expected) {
            assert!(text.starts_with(&format!("change the trust policy: {expected} (")), "{text}");
        }
    }
    let mut edited = made(&spec(&["a/a"]), "c1");
    let role = edited.role.as_mut().unwrap();
    role.trust_policy =
        Document::parse(&role.trust_policy.to_json().replace("sts.amazonaws.com", "x")).unwrap();
    let text = texts(&diff(&spec(&["a/a"]), "c1", &edited).unwrap().changes).remove(0);
    let sid = issuing("c1").sid();
    assert!(text.contains(&format!("write the statement {sid} as it has to be, for a/a (")), "{text}");
    let to = foreign().trust_policy;
    let change = RoleChange::Trust { from: to, to: made(&spec(&["a/a"]), "c1").role.unwrap().trust_policy };
    assert!(change.to_string().contains("trust a/a, no longer whom the statement Theirs names"), "{change}");
}

#[test]
fn each_change_has_a_word_for_machines_of_its_own() {
    let wanted = spec(&["a/a"]);
    let from = foreign().trust_policy;
    let policy = |text: &str| text.parse().unwrap();
    let mut all = diff(&wanted, "c1", &RoleFacts::default()).unwrap().changes;
    all.extend([
        RoleChange::CreatePolicy {
            name: policy("p"),
            path: "/".parse().unwrap(),
            document: document("s3:x"),
            tags: wanted.tags.clone(),
        },
        RoleChange::UpdatePolicy {
            arn: READ.to_owned(),
            document: document("s3:x"),
            drop_version: Some("v1".to_owned()),
        },
        RoleChange::Trust { from: from.clone(), to: from },
        RoleChange::Boundary { from: None, to: READ.parse().unwrap() },
        RoleChange::MaxSession { from: Duration::from_secs(3600), to: Duration::from_secs(7200) },
        RoleChange::Tag([("k".to_owned(), "v".to_owned())].into()),
        RoleChange::Untag(vec!["k".to_owned()]),
        RoleChange::Attach(READ.to_owned()),
        RoleChange::Detach(READ.to_owned()),
        RoleChange::PutInline { name: policy("p"), document: document("s3:x") },
        RoleChange::DeleteInline(policy("p")),
        RoleChange::Delete,
        RoleChange::DeletePolicy { arn: READ.to_owned(), versions: vec!["v1".to_owned(), "v2".to_owned()] },
    ]);
    let kinds: std::collections::BTreeSet<&str> = all.iter().map(RoleChange::kind).collect();
    assert_eq!((kinds.len(), all.len()), (14, 14));
    let texts: std::collections::BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 14);
    assert!(
        texts.contains("tag k=v")
            && texts.contains(&format!("delete managed policy {READ} and its 2 old versions"))
    );
}

#[test]
fn a_policy_that_others_have_says_how_many_of_them() {
    for (others, expected) in [(1, "to one other, which gets its"), (2, "to 2 others, which get its")] {
        let text = RoleWarning::SharedPolicy { arn: READ.to_owned(), others }.to_string();
        assert_eq!(text, format!("the managed policy {READ} is attached {expected} new text too"));
    }
}
