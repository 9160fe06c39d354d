//! A role that several issuers of ours use, one after another and beside each other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use issuer_policy::Document;
use issuer_registrar::{
    ATTACHED_TAG, Removal, RoleFacts, RoleRefusal, RoleSpec, RoleWarning, diff_role, removal,
};

use crate::support::{
    READ, WRITE, adding, apply, diff, document, facts, foreign, issuing, kinds, made, power, spec, statement,
    wanted,
};

/// The name of the tag in which an issuer that joined remembers.
fn joined_tag(issuer: &str) -> String {
    format!("{ATTACHED_TAG}:{}", issuing(issuer).id())
}

/// Applies a wish, as often as it takes.
fn with(mut facts: RoleFacts, spec: &RoleSpec, issuer: &str) -> RoleFacts {
    for change in diff(spec, issuer, &facts).unwrap().changes {
        apply(&mut facts, &change, issuer);
    }
    facts
}

/// Leaves a role to others.
fn without(mut facts: RoleFacts, issuer: &str) -> RoleFacts {
    let Removal::Leave(changes) = removal(&issuing(issuer), facts.role.as_ref().unwrap()) else { panic!() };
    changes.iter().for_each(|change| apply(&mut facts, change, issuer));
    facts
}

#[test]
fn a_second_cluster_joins_adds_and_the_two_do_not_undo_each_other() {
    let mut first = wanted(&["a/a"], &[READ], Some("s3:Get"), None);
    first.boundary = Some(READ.parse().unwrap());
    let mut facts = made(&first, "c1");
    let mut second = wanted(&["a/a", "b/b"], &[WRITE], Some("s3:Put"), None);
    second.boundary = Some(WRITE.parse().unwrap());
    second.max_session = Some(Duration::from_secs(7200));
    second.tags = BTreeMap::from([("team".to_owned(), "b".to_owned())]);
    let joined = diff(&second, "c2", &facts).unwrap();
    assert_eq!(kinds(&joined.changes), ["tag-role", "trust-policy", "put-inline-policy", "attach-policy"]);
    let stays = joined.warnings.iter().filter(|warning| matches!(warning, RoleWarning::Stays { .. }));
    assert_eq!(stays.count(), 3, "{:?}", joined.warnings);
    for change in joined.changes {
        apply(&mut facts, &change, "c2");
    }
    let role = facts.role.clone().unwrap();
    assert_eq!(role.subjects(&issuing("c1")), ["a/a"]);
    assert_eq!(role.subjects(&issuing("c2")), ["a/a", "b/b"]);
    assert!(role.is_for(&issuing("c1")) && !role.is_for(&issuing("c2")));
    assert_eq!(role.inline.len(), 2);
    for (spec, issuer) in [(&first, "c1"), (&second, "c2")] {
        assert_eq!(diff(spec, issuer, &facts).unwrap().changes, [], "{issuer}");
    }
    // The one that joined takes its own away again, and nothing else.
    let less = diff(&spec(&["b/b"]), "c2", &facts).unwrap().changes;
    assert_eq!(kinds(&less), ["trust-policy", "detach-policy", "delete-inline-policy", "untag-role"]);
    for change in less {
        apply(&mut facts, &change, "c2");
    }
    let role = facts.role.unwrap();
    assert_eq!((role.attached, role.inline.len()), (BTreeSet::from([READ.to_owned()]), 1));
    assert_eq!(role.tags, made(&first, "c1").role.unwrap().tags);
}

/// Nobody has more on the way than before or after, and wherever it is cut, the same command ends the same.
fn walk(start: &RoleFacts, after: &RoleSpec, issuer: &str) -> RoleFacts {
    let changes = diff(after, issuer, start).unwrap().changes;
    let end = with(start.clone(), after, issuer);
    let mut now = start.clone();
    for change in &changes {
        apply(&mut now, change, issuer);
        for who in ["c1", "c2"] {
            let has = power(who, &now);
            assert!(
                has.is_subset(&power(who, start)) || has.is_subset(&power(who, &end)),
                "{who}: {change}\n{has:#?}"
            );
        }
        assert_eq!(with(now.clone(), after, issuer), end, "cut after: {change}");
    }
    assert_eq!(diff(after, issuer, &end).unwrap().changes, [], "a second run does nothing");
    end
}

/// What c2 may want of a role that c1 made with READ.
fn wishes() -> Vec<RoleSpec> {
    let some = |arns: &[&str], inline| wanted(&["b/b"], arns, inline, None);
    vec![
        some(&[], None),
        some(&[READ], None),
        some(&[WRITE], Some("s3:Put")),
        some(&[READ, WRITE], Some("sqs:A")),
    ]
}

#[test]
fn one_that_joined_changes_its_mind_and_touches_nothing_of_the_other() {
    let first = wanted(&["a/a"], &[READ], Some("s3:Get"), None);
    let base = made(&first, "c1");
    for before in wishes() {
        for after in wishes() {
            let end = walk(&with(base.clone(), &before, "c2"), &after, "c2");
            assert_eq!(end, with(base.clone(), &after, "c2"), "what was wanted before has left no trace");
            let role = end.role.as_ref().unwrap();
            assert!(role.attached.contains(READ) && role.inline.contains_key("issuerctl-inline"));
            assert_eq!(diff(&first, "c1", &end).unwrap().changes, []);
            assert_eq!(without(end, "c2"), base);
        }
    }
}

#[test]
fn what_one_that_joined_needs_is_not_taken_away_by_who_does_not_need_it_any_more() {
    let base = made(&wanted(&["a/a"], &[READ], None, None), "c1");
    let joined = with(base, &wanted(&["b/b"], &[READ], None, None), "c2");
    let dropped = walk(&joined, &spec(&["a/a"]), "c1");
    assert!(dropped.role.as_ref().unwrap().attached.contains(READ));
    assert!(!dropped.role.as_ref().unwrap().tags.contains_key(ATTACHED_TAG));
    let left = without(dropped, "c2");
    assert_eq!(left.role.unwrap().attached, BTreeSet::new(), "it goes with the last that needed it");
}

#[test]
fn what_was_attached_by_hand_is_remembered_by_nobody() {
    let mut base = made(&spec(&["a/a"]), "c1");
    base.role.as_mut().unwrap().attached.insert(WRITE.to_owned());
    let joined = with(base.clone(), &wanted(&["b/b"], &[WRITE], None, None), "c2");
    assert!(!joined.role.as_ref().unwrap().tags.contains_key(&joined_tag("c2")));
    assert_eq!(without(joined, "c2"), base);
}

#[test]
fn a_role_that_was_handed_over_is_as_if_the_new_issuer_had_made_it() {
    let bases = [Some("s3:Get"), None].map(|inline| made(&wanted(&["a/a"], &[READ], inline, None), "c1"));
    for (base, before) in bases.iter().flat_map(|base| wishes().into_iter().map(move |wish| (base, wish))) {
        let handed = without(with(base.clone(), &before, "c2"), "c1");
        assert!(handed.role.as_ref().unwrap().is_for(&issuing("c2")));
        for after in wishes() {
            let role = walk(&handed, &after, "c2").role.unwrap();
            let mut fresh = made(&after, "c2").role.unwrap();
            (fresh.arn, fresh.path) = (role.arn.clone(), role.path.clone());
            assert_eq!(role, fresh);
        }
    }
}

#[test]
fn an_inline_policy_is_renamed_without_being_missed() {
    let base = made(&spec(&["a/a"]), "c1");
    let handed = without(with(base.clone(), &wanted(&["b/b"], &[], Some("s3:Put"), None), "c2"), "c1");
    let texts = |after: &RoleSpec| -> Vec<String> {
        diff(after, "c2", &handed).unwrap().changes.iter().map(ToString::to_string).collect()
    };
    let id = issuing("c2").id();
    let put = |name: &str, action| {
        format!("write inline policy issuerctl-{name} ({} characters)", document(action).characters())
    };
    let delete = format!("delete inline policy issuerctl-{id}-inline");
    let same = wanted(&["b/b"], &[], Some("s3:Put"), None);
    assert_eq!(texts(&same), [put("inline", "s3:Put"), delete.clone()]);
    let other = wanted(&["b/b"], &[], Some("s3:Other"), None);
    let old = format!("{id}-inline");
    assert_eq!(texts(&other), [put(&old, "s3:Other"), put("inline", "s3:Other"), delete.clone()]);
    // IAM takes 10240 characters of both together.
    let large = "s3:".to_owned() + &"x".repeat(6000);
    let handed = without(with(base, &wanted(&["b/b"], &[], Some(&large), None), "c2"), "c1");
    let changes = diff(&wanted(&["b/b"], &[], Some(&large), None), "c2", &handed).unwrap().changes;
    assert_eq!(kinds(&changes), ["delete-inline-policy", "put-inline-policy"]);
}

#[test]
fn a_role_without_room_for_another_tag_is_not_joined_by_who_would_have_to_remember() {
    let mut base = made(&spec(&["a/a"]), "c1");
    let tags = &mut base.role.as_mut().unwrap().tags;
    tags.extend((tags.len()..50).map(|n| (format!("k{n}"), String::new())));
    let joined = diff(&wanted(&["b/b"], &[READ], None, None), "c2", &base);
    assert!(matches!(joined, Err(RoleRefusal::TooManyTags { count: 51, .. })), "{joined:?}");
    assert_eq!(kinds(&diff(&spec(&["b/b"]), "c2", &base).unwrap().changes), ["trust-policy"]);
}

/// Statements under a Sid of ours that let in somebody else, or nobody.
fn posing() -> [(&'static str, String); 4] {
    let other = issuing("c2").provider_arn();
    [
        ("Allow", r#"{"AWS":"210987654321"}"#.to_owned()),
        ("Allow", r#""*""#.to_owned()),
        ("Allow", format!(r#"{{"Federated":"{other}"}}"#)),
        ("Deny", format!(r#"{{"Federated":"{}"}}"#, issuing("c1").provider_arn())),
    ]
}

#[test]
fn a_statement_of_somebody_else_under_our_sid_goes_from_a_role_that_we_made_and_that_is_told() {
    for (effect, who) in posing() {
        for sid in [issuing("c1").sid(), issuing("c1").pattern_sid()] {
            let before = made(&spec(&["a/a"]), "c1");
            let mut posed = before.clone();
            let role = posed.role.as_mut().unwrap();
            adding(role, statement(&sid, effect, &who));
            let more = wanted(&["a/a"], &[READ], None, None);
            let changes = diff(&more, "c1", &posed).unwrap().changes;
            // Before anything comes that it could use.
            assert_eq!(kinds(&changes), ["trust-policy", "tag-role", "attach-policy"], "{sid} {who}");
            let text = changes[0].to_string();
            let principal = who.rsplit('"').nth(1).unwrap().replace('*', "everyone");
            let does = if effect == "Allow" { "trusts" } else { "denies" };
            let told = format!("the statement {sid}, which is not ours and {does} {principal}, goes");
            assert!(text.contains(&told), "{text}");
            assert_eq!(text.contains("trust a/a"), sid == issuing("c1").sid(), "{text}");
            assert_eq!(with(posed, &more, "c1"), with(before, &more, "c1"));
        }
    }
}

#[test]
fn somebody_else_under_our_sid_goes_before_anything_comes_whatever_it_says_of_subjects() {
    let mut posed = made(&spec(&["a/a"]), "c1");
    let text = format!(
        r#"{{"Statement":{{"Sid":"{}","Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}}}"#,
        issuing("c1").sid()
    );
    posed.role.as_mut().unwrap().trust_policy = Document::parse(&text).unwrap();
    let changes = diff(&wanted(&["a/a"], &[READ], None, None), "c1", &posed).unwrap().changes;
    assert_eq!(kinds(&changes), ["trust-policy", "tag-role", "attach-policy"]);
}

#[test]
fn a_statement_of_somebody_else_under_our_sid_is_refused_in_every_other_role() {
    for (effect, who) in posing() {
        let taken = |refused: Result<_, RoleRefusal>, sid: &str| {
            let Err(refusal @ RoleRefusal::SidTaken { .. }) = refused else { panic!("{who}") };
            let text = refusal.to_string();
            assert!(text.contains("app") && text.contains(sid), "{text}");
        };
        let sid = issuing("c1").sid();
        let mut theirs = foreign();
        adding(&mut theirs, statement(&sid, effect, &who));
        taken(diff_role(&spec(&["a/a"]), &issuing("c1"), &facts(&theirs), true).map(drop), &sid);
        let mut adopted = theirs.clone();
        let ours = made(&spec(&["a/a"]), "c1").role.unwrap();
        adopted.tags = ours.tags;
        adopted.tags.insert("issuerctl:managed".to_owned(), "adopted".to_owned());
        taken(diff(&spec(&["a/a"]), "c1", &facts(&adopted)).map(drop), &sid);
        let sid = issuing("c2").pattern_sid();
        let mut joined = made(&spec(&["a/a"]), "c1");
        let who = who.replace("/c2", "/c1");
        adding(joined.role.as_mut().unwrap(), statement(&sid, effect, &who));
        taken(diff(&spec(&["b/b"]), "c2", &joined).map(drop), &sid);
    }
}
