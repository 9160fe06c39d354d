//! How an issuer leaves a role.

use issuer_discovery::OWNER_TAG;
use issuer_registrar::{LiveRole, Removal, RoleChange, RoleFacts, diff_role, removal};

use crate::support::{
    READ, WRITE, apply, attach, diff, document, facts, foreign, issuing, kinds, made, named, spec,
};

/// A role made for c1, with something of everything on it.
fn full() -> RoleFacts {
    let mut wanted = spec(&["a/a", "a/x-*"]);
    attach(&mut wanted, &[READ]);
    wanted.inline = named("inline", document("s3:Get"));
    made(&wanted, "c1")
}

fn joined_by_c2(mut facts: RoleFacts) -> RoleFacts {
    let mut wanted = spec(&["b/b"]);
    wanted.inline = named("inline", document("s3:Put"));
    for change in diff(&wanted, "c2", &facts).unwrap().changes {
        apply(&mut facts, &change, "c2");
    }
    facts
}

fn role(facts: RoleFacts) -> LiveRole {
    facts.role.unwrap()
}

/// Leaves, and says how and what is left; a second time there is nothing to do.
fn leave(before: &LiveRole, issuer: &str) -> (Vec<&'static str>, LiveRole) {
    let Removal::Leave(changes) = removal(&issuing(issuer), before) else { panic!("{before:?}") };
    let mut now = facts(before);
    for (done, change) in changes.iter().enumerate() {
        if done > 0 {
            // Cut here, the rest is found again.
            assert!(
                matches!(removal(&issuing(issuer), now.role.as_ref().unwrap()), Removal::Leave(_)),
                "{change}"
            );
        }
        apply(&mut now, change, issuer);
    }
    let now = role(now);
    assert_eq!(removal(&issuing(issuer), &now), Removal::NotOurs);
    (kinds(&changes), now)
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
    let before = role(joined_by_c2(full()));
    let (done, after) = leave(&before, "c1");
    assert_eq!(done, ["trust-policy", "tag-role"]);
    assert!(after.is_for(&issuing("c2")) && after.is_made_by_us());
    assert_eq!(after.attached, before.attached, "who uses the role now needs it");
    assert!(matches!(removal(&issuing("c2"), &after), Removal::Delete(_)));
}

#[test]
fn an_issuer_that_joined_takes_its_own_and_nothing_else() {
    let before = role(joined_by_c2(full()));
    let (done, after) = leave(&before, "c2");
    assert_eq!(done, ["trust-policy", "delete-inline-policy"]);
    assert_eq!(after, role(full()));
}

#[test]
fn a_role_of_ours_that_others_trust_is_left_to_them() {
    let mut before = role(full());
    let _ = before.trust_policy.merge(foreign().trust_policy.statements()[0].clone());
    let (done, after) = leave(&before, "c1");
    assert_eq!(done, ["trust-policy", "untag-role"]);
    assert_eq!(after.trust_policy.statements().len(), 1);
    assert!(!after.is_ours() && after.attached.contains(READ));
}

#[test]
fn a_role_that_was_taken_over_is_as_it_was_again() {
    let mut before = foreign();
    before.attached.insert(WRITE.to_owned());
    let mut wanted = spec(&["a/a"]);
    attach(&mut wanted, &[READ, WRITE]);
    wanted.inline = named("inline", document("s3:Get"));
    let mut now = facts(&before);
    for change in diff_role(&wanted, &issuing("c1"), &facts(&before), true).unwrap().changes {
        apply(&mut now, &change, "c1");
    }
    let (done, after) = leave(&role(now), "c1");
    assert_eq!(done, ["trust-policy", "detach-policy", "delete-inline-policy", "untag-role"]);
    assert_eq!(after, before);
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
    let _ = untagged.trust_policy.merge(foreign().trust_policy.statements()[0].clone());
    let Removal::Leave(changes) = removal(&issuing("c1"), &untagged) else { panic!() };
    assert!(matches!(&changes[..], [RoleChange::Trust { .. }]), "{changes:?}");
}
