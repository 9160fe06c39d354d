//! The difference of a role: what is done, in which order, and what is left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use issuer_discovery::OWNER_TAG;
use issuer_policy::Document;
use issuer_registrar::{
    ATTACHED_TAG, ISSUER_TAG, LiveRole, RoleChange, RoleFacts, RoleRefusal, RoleSpec, RoleWarning, diff_role,
};

use crate::support::{READ, WRITE, apply, diff, facts, foreign, issuing, kinds, made, power, spec, wanted};

#[test]
fn nowhere_on_the_way_has_anybody_more_than_before_or_after_and_the_end_is_the_same_from_everywhere() {
    let who: [&[&str]; 4] = [&["a/a"], &["a/a", "b/b"], &["b/b", "c/*"], &["a/*"]];
    let may: [(&[&str], Option<&str>, Option<&str>); 4] = [
        (&[], None, None),
        (&[READ], Some("s3:Get"), None),
        (&[WRITE], Some("s3:Put"), Some("sqs:A")),
        (&[READ, WRITE], None, Some("sqs:B")),
    ];
    let all: Vec<RoleSpec> = who
        .iter()
        .flat_map(|who| may.iter().map(move |(arns, inline, own)| wanted(who, arns, *inline, *own)))
        .collect();
    for before in &all {
        for after in &all {
            let start = made(before, "c1");
            let mut now = start.clone();
            // What nobody has attached gives nobody anything.
            let end = made(after, "c1");
            // Where no subject stays and a text is replaced too, one of both has to be first.
            let swapped = before.subjects.is_disjoint(&after.subjects) && {
                let texts = |spec: &RoleSpec| spec.inline.clone().into_iter().chain(spec.create.clone());
                texts(before).any(|(name, old)| texts(after).any(|(other, new)| name == other && old != new))
            };
            let look = |mut facts: RoleFacts| {
                facts.policies.retain(|name, _| after.create.contains_key(name));
                diff(after, "c1", &facts).unwrap().changes
            };
            for change in look(start.clone()) {
                apply(&mut now, &change, "c1");
                let has = power("c1", &now);
                assert!(
                    has.is_subset(&power("c1", &start)) || has.is_subset(&power("c1", &end)) || swapped,
                    "{change}\n{has:#?}"
                );
                // Cut here, the same command finishes.
                let mut cut = now.clone();
                for rest in look(cut.clone()) {
                    apply(&mut cut, &rest, "c1");
                }
                assert_eq!(power("c1", &cut), power("c1", &end), "cut after: {change}");
                assert_eq!(look(cut), [], "cut after: {change}");
            }
            assert_eq!(power("c1", &now), power("c1", &end));
            assert_eq!(look(now), [], "a second run does nothing");
        }
    }
}

#[test]
fn a_new_role_comes_in_one_call_between_its_policies_and_their_attachment() {
    let mut spec = wanted(&["a/a"], &[READ], Some("s3:Get"), Some("sqs:A"));
    spec.boundary = Some(WRITE.parse().unwrap());
    spec.max_session = Some(Duration::from_secs(7200));
    spec.tags = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
    let diff = diff(&spec, "c1", &RoleFacts { provider: Some(false), ..RoleFacts::default() }).unwrap();
    assert_eq!(
        kinds(&diff.changes),
        ["create-policy", "create-role", "put-inline-policy", "attach-policy", "attach-policy"]
    );
    let RoleChange::Create { path, boundary, max_session, tags, .. } = &diff.changes[1] else { panic!() };
    assert_eq!(*path, issuing("c1").path());
    assert_eq!(boundary.as_ref().unwrap().as_str(), WRITE);
    assert_eq!(*max_session, Some(Duration::from_secs(7200)));
    assert_eq!(tags[OWNER_TAG], "created");
    assert_eq!(tags[ISSUER_TAG], issuing("c1").id());
    assert_eq!((tags["team"].as_str(), tags[ATTACHED_TAG].len()), ("a", 23));
    assert!(matches!(&diff.warnings[..], [RoleWarning::NoProvider { .. }]), "{:?}", diff.warnings);
}

#[test]
fn what_we_did_not_make_stays() {
    let mut facts = made(&wanted(&["a/a"], &[READ], Some("s3:Get"), None), "c1");
    let role = facts.role.as_mut().unwrap();
    role.attached.insert(WRITE.to_owned());
    role.inline.insert("by-hand".to_owned(), None);
    role.tags.insert("theirs".to_owned(), "x".to_owned());
    role.boundary = Some(WRITE.to_owned());
    role.max_session_duration = Duration::from_secs(43200);
    let _ = role.trust_policy.merge(foreign().trust_policy.statements()[0].clone());
    for change in diff(&spec(&["b/b"]), "c1", &facts).unwrap().changes {
        apply(&mut facts, &change, "c1");
    }
    let role = facts.role.unwrap();
    assert_eq!(role.attached, BTreeSet::from([WRITE.to_owned()]), "ours alone was detached");
    assert_eq!(role.inline.into_keys().collect::<Vec<_>>(), ["by-hand"]);
    assert_eq!(role.boundary.as_deref(), Some(WRITE), "nothing is loosened");
    assert_eq!(role.max_session_duration, Duration::from_secs(43200));
    assert!(role.trust_policy.statement("Theirs").is_some());
    assert!(role.tags.contains_key("theirs") && !role.tags.contains_key(ATTACHED_TAG));
}

#[test]
fn a_statement_of_ours_that_was_edited_is_put_back() {
    let wanted = spec(&["a/a"]);
    let good = made(&wanted, "c1");
    let text = good.role.as_ref().unwrap().trust_policy.to_json();
    for (from, to) in
        [("serviceaccount:a:a", "serviceaccount:a:b"), ("sts.amazonaws.com", "x"), ("Equals", "Like")]
    {
        let mut facts = good.clone();
        facts.role.as_mut().unwrap().trust_policy = Document::parse(&text.replace(from, to)).unwrap();
        let changes = diff(&wanted, "c1", &facts).unwrap().changes;
        assert_eq!(kinds(&changes), ["trust-policy"], "{to}");
        apply(&mut facts, &changes[0], "c1");
        assert_eq!(facts, good);
    }
}

#[test]
fn a_role_of_somebody_else_is_refused_or_taken_over_and_loses_nothing() {
    let mut theirs = foreign();
    theirs.attached.insert(READ.to_owned());
    theirs.inline.insert("by-hand".to_owned(), None);
    theirs.tags.insert("Team".to_owned(), "b".to_owned());
    let mut wanted = wanted(&["a/a"], &[READ, WRITE], None, None);
    wanted.tags = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
    assert_eq!(
        diff(&wanted, "c1", &facts(&theirs)),
        Err(RoleRefusal::Foreign { name: "app".parse().unwrap() })
    );
    let taken = diff_role(&wanted, &issuing("c1"), &facts(&theirs), true).unwrap();
    // Our statement comes first: by it alone the role is found as ours, should the rest fail.
    assert_eq!(kinds(&taken.changes), ["tag-role", "trust-policy", "attach-policy"]);
    assert!(matches!(&taken.warnings[..], [RoleWarning::Stays { .. }]), "{:?}", taken.warnings);
    let mut now = facts(&theirs);
    for change in taken.changes {
        apply(&mut now, &change, "c1");
        assert!(now.role.as_ref().unwrap().is_ours(), "from the first change on");
    }
    let role = now.role.as_ref().unwrap();
    assert!(role.is_for(&issuing("c1")) && !role.is_made_by_us());
    assert_eq!(role.tags["Team"], "b");
    assert!(role.trust_policy.statement("Theirs").is_some());
    assert_eq!(diff(&wanted, "c1", &now).unwrap().changes, []);
    // What was attached before us stays, what we attached goes.
    let less = diff(&spec(&["a/a"]), "c1", &now).unwrap().changes;
    assert_eq!(less[0], RoleChange::Detach(WRITE.to_owned()));
    assert_eq!(kinds(&less), ["detach-policy", "untag-role"]);
}

#[test]
fn managed_policies_of_ours_get_versions_and_those_of_others_are_refused() {
    let mut facts = made(&wanted(&["a/a"], &[], None, Some("s3:Get")), "c1");
    let changed = wanted(&["a/a"], &[], None, Some("s3:Put"));
    for (versions, dropped) in [(4, None), (5, Some("v2"))] {
        let policy = facts.policies.values_mut().next().unwrap();
        policy.versions = (1..=versions).map(|number| format!("v{number}")).collect();
        let changes = diff(&changed, "c1", &facts).unwrap().changes;
        let [RoleChange::UpdatePolicy { drop_version, .. }] = &changes[..] else { panic!("{changes:?}") };
        assert_eq!(drop_version.as_deref(), dropped, "the default one, v1, counts");
    }
    // Others that have it get its new text too, and who agrees to that has to know.
    for (attachments, others) in [(0, None), (1, None), (2, Some(1)), (4, Some(3))] {
        facts.policies.values_mut().next().unwrap().attachments = attachments;
        let arn = facts.policies.values().next().unwrap().arn.clone();
        let expected: Vec<RoleWarning> =
            others.map(|others| RoleWarning::SharedPolicy { arn, others }).into_iter().collect();
        assert_eq!(diff(&changed, "c1", &facts).unwrap().warnings, expected, "{attachments}");
        let same = wanted(&["a/a"], &[], None, Some("s3:Get"));
        assert_eq!(diff(&same, "c1", &facts).unwrap().warnings, [], "its text stays");
    }
    let detached = RoleFacts { role: Some(foreign()), ..facts.clone() };
    let taken = diff_role(&changed, &issuing("c1"), &detached, true).unwrap();
    assert!(
        taken.warnings.iter().any(|warning| matches!(warning, RoleWarning::SharedPolicy { others: 4, .. })),
        "this role has it not yet: {:?}",
        taken.warnings
    );
    for tag in [OWNER_TAG, ISSUER_TAG] {
        let mut facts = facts.clone();
        facts.policies.values_mut().next().unwrap().tags.remove(tag);
        assert!(matches!(diff(&changed, "c1", &facts), Err(RoleRefusal::PolicyNotOurs { .. })), "{tag}");
    }
}

#[test]
fn a_boundary_comes_before_what_it_bounds_and_a_path_is_never_changed() {
    let mut facts = made(&spec(&["a/a"]), "c1");
    let mut more = wanted(&["a/a", "b/b"], &[READ], None, None);
    more.boundary = Some(WRITE.parse().unwrap());
    more.path = Some("/other/".parse().unwrap());
    let diff = diff(&more, "c1", &facts).unwrap();
    assert_eq!(kinds(&diff.changes), ["permissions-boundary", "tag-role", "attach-policy", "trust-policy"]);
    let path = issuing("c1").path();
    assert!(diff.warnings.contains(&RoleWarning::OtherPath { found: path }), "{:?}", diff.warnings);
    facts.role.as_mut().unwrap().boundary = Some(READ.to_owned());
    let changes = crate::support::diff(&more, "c1", &facts).unwrap().changes;
    assert_eq!(changes[0].to_string(), format!("replace the permissions boundary {READ} by {WRITE}"));
}

fn with_trust_of(characters: usize) -> LiveRole {
    let mut role = made(&spec(&["a/a"]), "c1").role.unwrap();
    let text = foreign().trust_policy.to_json().replace("Theirs", &"T".repeat(characters));
    let _ = role.trust_policy.merge(Document::parse(&text).unwrap().statements()[0].clone());
    role
}

#[test]
fn the_size_of_the_trust_policy_is_known_before_it_is_written() {
    let many = |count: usize| {
        let many: Vec<String> = (0..count).map(|n| format!("namespace-number-{n}/service-account")).collect();
        spec(&many.iter().map(String::as_str).collect::<Vec<_>>())
    };
    // What is ours alone is known before any call, and nothing live makes room for it.
    let ours = many(40);
    assert!(matches!(ours.check(&issuing("c1")), Err(RoleRefusal::TrustTooLarge { limit: 2048, .. })));
    let wide = many(25);
    let limit = |facts: &RoleFacts| match diff(&wide, "c1", facts) {
        Err(RoleRefusal::TrustTooLarge { limit, .. }) => Some(limit),
        Err(other) => panic!("{other}"),
        Ok(diff) => {
            assert!(diff.warnings.iter().any(|warning| matches!(warning, RoleWarning::NearQuota { .. })));
            None
        }
    };
    // A live one over the usual quota says that the account's was raised.
    let live = [1000, 2000, 6800].map(|characters| limit(&facts(&with_trust_of(characters))));
    assert_eq!(live, [Some(2048), None, Some(8192)]);
    // Nothing is said of one that is as it should be.
    assert_eq!(diff(&spec(&["a/a"]), "c1", &facts(&with_trust_of(6000))).unwrap().changes, []);
}

#[test]
fn attachments_of_others_count() {
    let mut facts = made(&spec(&["a/a"]), "c1");
    let role = facts.role.as_mut().unwrap();
    role.attached = (0..19).map(|n| format!("arn:aws:iam::aws:policy/{n}")).collect();
    let one = diff(&wanted(&["a/a"], &[READ], None, None), "c1", &facts).unwrap();
    assert!(one.warnings.contains(&RoleWarning::Attachments { count: 20 }), "{:?}", one.warnings);
    let two = diff(&wanted(&["a/a"], &[READ, WRITE], None, None), "c1", &facts);
    assert!(matches!(two, Err(RoleRefusal::TooManyAttached { count: 21, .. })), "{two:?}");
}

#[test]
fn mistakes_in_statements_of_others_are_warned_of_and_do_not_refuse() {
    let mut facts = made(&spec(&["a/a"]), "c1");
    let provider = issuing("c1").provider_arn();
    let text = format!(
        r#"{{"Statement":{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:AssumeRoleWithWebIdentity"}}}}"#
    );
    let statement = Document::parse(&text).unwrap().statements()[0].clone();
    let _ = facts.role.as_mut().unwrap().trust_policy.merge(statement);
    let diff = diff(&spec(&["a/a"]), "c1", &facts).unwrap();
    assert_eq!(diff.changes, []);
    assert!(
        diff.warnings.iter().any(|warning| matches!(warning, RoleWarning::Trust(_))),
        "{:?}",
        diff.warnings
    );
}
