//! How an issuer leaves a role.

use issuer_discovery::OWNER_TAG;
use issuer_registrar::{
    ATTACHED_TAG, ISSUER_TAG, LeavingRole, LiveRole, Removal, RoleChange, RoleFacts, diff_role, removal,
    removal_of,
};

use crate::support::{
    READ, WRITE, adding, apply, attach, diff, document, facts, foreign, issuing, kinds, made, named, spec,
    statement, trusting,
};

/// A role made for c1, with something of everything on it.
fn full() -> RoleFacts {
    let mut wanted = spec(&["a/a", "a/x-*"]);
    attach(&mut wanted, &[READ]);
    wanted.inline = named("inline", document("s3:Get"));
    made(&wanted, "c1")
}

/// Joins with an inline policy, and these.
fn joined_by(mut facts: RoleFacts, issuer: &str, arns: &[&str]) -> RoleFacts {
    let mut wanted = spec(&["b/b"]);
    attach(&mut wanted, arns);
    wanted.inline = named("inline", document("s3:Put"));
    for change in diff(&wanted, issuer, &facts).unwrap().changes {
        apply(&mut facts, &change, issuer);
    }
    facts
}

/// A role of somebody else that c1 took over.
fn adopted(before: &LiveRole, arns: &[&str]) -> RoleFacts {
    let mut wanted = spec(&["a/a"]);
    attach(&mut wanted, arns);
    wanted.inline = named("inline", document("s3:Get"));
    let mut now = facts(before);
    for change in diff_role(&wanted, &issuing("c1"), &facts(before), true).unwrap().changes {
        apply(&mut now, &change, "c1");
    }
    now
}

fn role(facts: RoleFacts) -> LiveRole {
    facts.role.unwrap()
}

/// Leaves, and says how and what is left. Wherever it is cut, the role is found again, and the rest ends the same; a
/// second time there is nothing to do.
fn leave(before: &LiveRole, issuer: &str) -> (Vec<&'static str>, LiveRole) {
    let Removal::Leave(changes) = removal(&issuing(issuer), before) else { panic!("{before:?}") };
    let after = done(before, &changes, issuer);
    for cut in 1..changes.len() {
        let mut now = done(before, &changes[..cut], issuer);
        // A listing shows who is trusted and no tags, and this role may lie anywhere.
        assert_eq!(now.subjects(&issuing(issuer)), before.subjects(&issuing(issuer)), "cut at {cut}");
        while let Removal::Leave(rest) = removal(&issuing(issuer), &now) {
            now = done(&now, &rest, issuer);
        }
        assert_eq!(now, after, "cut at {cut} of {:?}", kinds(&changes));
    }
    assert_eq!(removal(&issuing(issuer), &after), Removal::NotOurs);
    (kinds(&changes), after)
}

fn done(before: &LiveRole, changes: &[RoleChange], issuer: &str) -> LiveRole {
    let mut now = facts(before);
    changes.iter().for_each(|change| apply(&mut now, change, issuer));
    role(now)
}

#[test]
fn a_role_that_only_this_issuer_uses_goes_after_all_that_hangs_on_it() {
    let mut before = role(full());
    before.attached.insert(WRITE.to_owned());
    let Removal::Delete(changes) = removal(&issuing("c1"), &before) else { panic!() };
    assert_eq!(kinds(&changes), ["detach-policy", "detach-policy", "delete-inline-policy", "delete-role"]);
    assert_eq!(removal(&issuing("c2"), &before), Removal::NotOurs);
    assert_eq!(removal(&issuing("c1"), &foreign()), Removal::NotOurs);
}

#[test]
fn a_role_that_another_issuer_of_ours_joined_becomes_that_ones() {
    let before = role(joined_by(full(), "c2", &[WRITE]));
    let (done, after) = leave(&before, "c1");
    assert_eq!(done, ["tag-role", "trust-policy"]);
    assert!(after.is_for(&issuing("c2")) && after.is_made_by_us());
    assert_eq!(after.attached, before.attached, "who uses the role now needs it");
    assert_eq!(after.tags[ATTACHED_TAG], before.tags[ATTACHED_TAG], "and can take it away");
    assert!(matches!(removal(&issuing("c2"), &after), Removal::Delete(_)));
    // The new one takes away what the one before attached, and what it attached itself when it joined.
    let less = diff(&spec(&["b/b"]), "c2", &facts(&after)).unwrap().changes;
    assert_eq!(
        kinds(&less),
        ["detach-policy", "detach-policy", "delete-inline-policy", "delete-inline-policy", "untag-role"]
    );
    let last = self::done(&after, &less, "c2");
    assert!(last.tags.keys().all(|key| !key.starts_with(ATTACHED_TAG)), "{:?}", last.tags);
}

#[test]
fn what_an_issuer_attached_before_a_role_became_its_own_is_handed_over_too() {
    // c2 joins, owns, is joined by c3 before it has run again, and leaves.
    let (_, owned) = leave(&role(joined_by(full(), "c2", &[WRITE])), "c1");
    let before = role(joined_by(facts(&owned), "c3", &[]));
    let (done, after) = leave(&before, "c2");
    assert_eq!(done, ["delete-inline-policy", "tag-role", "untag-role", "trust-policy"]);
    assert_eq!(after.attached, before.attached);
    let less = diff(&spec(&["b/b"]), "c3", &facts(&after)).unwrap().changes;
    assert_eq!(kinds(&less)[..2], ["detach-policy", "detach-policy"]);
}

#[test]
fn a_role_that_was_taken_over_is_handed_over_too_and_the_last_one_leaves_it_as_it_was() {
    let mut theirs = foreign();
    theirs.attached.insert("arn:aws:iam::aws:policy/Theirs".to_owned());
    let before = role(joined_by(adopted(&theirs, &[READ]), "c2", &[WRITE]));
    let (done, after) = leave(&before, "c1");
    assert_eq!(done, ["tag-role", "trust-policy"]);
    assert!(after.is_for(&issuing("c2")) && !after.is_made_by_us());
    let (_, last) = leave(&after, "c2");
    assert_eq!(last, theirs);
}

#[test]
fn an_issuer_that_joined_takes_its_own_and_nothing_else() {
    let before = role(joined_by(full(), "c2", &[READ, WRITE]));
    let (done, after) = leave(&before, "c2");
    assert_eq!(done, ["delete-inline-policy", "detach-policy", "untag-role", "trust-policy"]);
    assert_eq!(after, role(full()), "READ is that of the issuer that the role is for");
}

#[test]
fn what_several_issuers_attached_goes_with_the_last_of_them() {
    let two = joined_by(full(), "c2", &[WRITE]);
    let three = joined_by(two, "c3", &[WRITE]);
    let (done, without_two) = leave(&role(three), "c2");
    assert_eq!(done, ["delete-inline-policy", "untag-role", "trust-policy"]);
    assert!(without_two.attached.contains(WRITE));
    let (done, without_three) = leave(&without_two, "c3");
    assert_eq!(done, ["delete-inline-policy", "detach-policy", "untag-role", "trust-policy"]);
    assert_eq!(without_three, role(full()));
}

#[test]
fn what_is_left_of_an_issuer_whose_statement_somebody_took_away_goes_too() {
    let mut before = role(joined_by(full(), "c2", &[WRITE]));
    before.trust_policy.remove(&issuing("c2").sid());
    let (done, after) = leave(&before, "c2");
    assert_eq!(done, ["delete-inline-policy", "detach-policy", "untag-role"]);
    assert_eq!(after, role(full()));
    // It is not the only one that the role is for, however little is left of that one's.
    before.trust_policy = trusting(&[statement("Guard", "Deny", r#""*""#)]);
    before.inline.clear();
    let (done, _) = leave(&before, "c2");
    assert_eq!(done, ["detach-policy", "untag-role"]);
}

#[test]
fn the_last_issuer_of_ours_takes_away_what_is_left_of_others() {
    let mut theirs = foreign();
    theirs.attached.insert("arn:aws:iam::aws:policy/Theirs".to_owned());
    let mut before = role(joined_by(adopted(&theirs, &[READ]), "c2", &[WRITE]));
    before.trust_policy.remove(&issuing("c2").sid());
    let (_, after) = leave(&before, "c1");
    assert_eq!(after, theirs);
}

#[test]
fn a_role_of_ours_that_others_trust_is_left_to_them() {
    let mut before = role(full());
    adding(&mut before, foreign().trust_policy.statements()[0].clone());
    let (done, after) = leave(&before, "c1");
    assert_eq!(done, ["untag-role", "trust-policy"]);
    assert_eq!(after.trust_policy.statements().len(), 1);
    assert!(!after.is_ours() && after.attached.contains(READ));
}

#[test]
fn a_role_that_was_taken_over_is_as_it_was_again() {
    let mut before = foreign();
    before.attached.insert(WRITE.to_owned());
    let (done, after) = leave(&role(adopted(&before, &[READ, WRITE])), "c1");
    assert_eq!(done, ["delete-inline-policy", "detach-policy", "untag-role", "trust-policy"]);
    assert_eq!(after, before);
}

/// Who is denied does not use a role.
#[test]
fn a_denial_of_somebody_else_keeps_no_role_of_ours_and_stays_in_one_that_was_taken_over() {
    let guard = statement("Guard", "Deny", r#""*""#);
    let mut ours = role(full());
    adding(&mut ours, guard.clone());
    let Removal::Delete(changes) = removal(&issuing("c1"), &ours) else { panic!() };
    assert_eq!(changes.last(), Some(&RoleChange::Delete));
    let mut before = foreign();
    before.trust_policy = trusting(&[guard]);
    let (done, after) = leave(&role(adopted(&before, &[READ])), "c1");
    assert_eq!(done.last(), Some(&"trust-policy"));
    assert_eq!(after, before);
}

#[test]
fn a_sid_of_ours_alone_makes_no_statement_ours() {
    let sid = issuing("c1").sid();
    let provider = issuing("c1").provider_arn();
    let other = issuing("c2").provider_arn();
    for (effect, who, counts) in [
        ("Allow", r#"{"AWS":"210987654321"}"#.to_owned(), true),
        ("Allow", r#""*""#.to_owned(), true),
        ("Allow", format!(r#"{{"Federated":"{other}"}}"#), true),
        ("Allow", format!(r#"{{"Federated":"{}"}}"#, provider.replace("123456789012", "210987654321")), true),
        ("Allow", format!(r#"{{"Federated":["{provider}","{other}"]}}"#), true),
        ("Allow", format!(r#"{{"Federated":"{provider}","AWS":"210987654321"}}"#), true),
        ("Deny", format!(r#"{{"Federated":"{provider}"}}"#), false),
    ] {
        let posing = statement(&sid, effect, &who);
        let mut elsewhere = foreign();
        adding(&mut elsewhere, posing.clone());
        assert_eq!(removal(&issuing("c1"), &elsewhere), Removal::NotOurs, "{who}");
        let mut ours = role(made(&spec(&["a/x-*"]), "c1"));
        adding(&mut ours, posing.clone());
        if !counts {
            assert!(matches!(removal(&issuing("c1"), &ours), Removal::Delete(_)), "{effect} {who}");
            continue;
        }
        let (done, after) = leave(&ours, "c1");
        assert_eq!(done, ["untag-role", "trust-policy"], "{who}");
        assert_eq!(after.trust_policy.statements(), [posing], "{who}");
        // Nor does it make another issuer of ours of somebody, who would be handed the role.
        let mut ours = role(full());
        let next = issuing("c3").sid();
        adding(&mut ours, statement(&next, effect, &who));
        let (_, after) = leave(&ours, "c1");
        assert!(!after.tags.contains_key(ISSUER_TAG), "{who}");
    }
}

#[test]
fn what_cannot_be_taken_out_safely_stays_and_the_reason_says_what_to_do() {
    let stays = |role: &LiveRole, expected: &str| {
        let Removal::Stays { why } = removal(&issuing("c1"), role) else { panic!("{role:?}") };
        assert!(why.contains("app") && why.contains(expected), "{why}");
    };
    let mut by_hand = role(full());
    by_hand.inline.insert("theirs".to_owned(), None);
    stays(&by_hand, "aws iam delete-role-policy --role-name app --policy-name theirs");
    let mut adopted = role(full());
    adopted.tags.insert(OWNER_TAG.to_owned(), "adopted".to_owned());
    stays(&adopted, "aws iam update-assume-role-policy --role-name app");
    let mut untagged = role(full());
    untagged.tags.clear();
    stays(&untagged, "was not made by us");
    adding(&mut untagged, foreign().trust_policy.statements()[0].clone());
    let Removal::Leave(changes) = removal(&issuing("c1"), &untagged) else { panic!() };
    assert!(matches!(&changes[..], [RoleChange::Trust { .. }]), "{changes:?}");
}

#[test]
fn a_role_that_is_in_an_instance_profile_is_not_begun_to_be_deleted() {
    let leaving = |role: LiveRole, profiles: &[&str], unread| LeavingRole {
        role,
        instance_profiles: profiles.iter().map(|&name| name.to_owned()).collect(),
        unread,
    };
    let removal_of = |leaving: &LeavingRole| removal_of(&issuing("c1"), leaving);
    assert!(matches!(removal_of(&leaving(role(full()), &[], false)), Removal::Delete(_)));
    let Removal::Stays { why } = removal_of(&leaving(role(full()), &["one", "two"], false)) else { panic!() };
    for profile in ["one", "two"] {
        let command = format!(
            "aws iam remove-role-from-instance-profile --instance-profile-name {profile} --role-name app"
        );
        assert!(why.contains(&command), "{why}");
    }
    // One that is not deleted may be in as many as it likes.
    let mut shared = role(full());
    adding(&mut shared, foreign().trust_policy.statements()[0].clone());
    assert!(matches!(removal_of(&leaving(shared.clone(), &["one"], false)), Removal::Leave(_)));
    assert_eq!(removal_of(&leaving(foreign(), &["one"], false)), Removal::NotOurs);
    // Without our statement what hangs on it would never be found again.
    shared.tags.clear();
    let Removal::Stays { why } = removal_of(&leaving(shared, &[], true)) else { panic!() };
    assert!(why.contains("app") && why.contains("iam:ListRolePolicies"), "{why}");
    assert_eq!(removal_of(&leaving(foreign(), &[], true)), Removal::NotOurs);
}
