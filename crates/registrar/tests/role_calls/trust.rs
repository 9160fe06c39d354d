//! A trust policy is replaced whole, and IAM has no condition for that.

use issuer_registrar::{RoleChange, RoleError};

use crate::support::*;

/// An IAM whose trust policy is read as `reads` says, one after the other, the last for ever.
fn trusts(reads: Vec<String>) -> Scripted {
    Scripted::start(move |action, _, before| match action {
        "GetRole" => {
            done("GetRole", &format!("<Role>{}</Role>", role("/", &reads[before.min(reads.len() - 1)])))
        }
        _ => done(action, ""),
    })
}

#[tokio::test]
async fn a_trust_policy_is_read_before_and_after_it_is_replaced() {
    let (old, new) = (TRUST.to_owned(), widened());
    let theirs = old.replace(r#""A""#, r#""Theirs""#);
    let added =
        new.replace("]}", r#",{"Sid":"C","Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#);
    for (reads, writes, raced) in [
        (vec![&old, &new], 1, false),
        // Not shown everywhere at once.
        (vec![&old, &old, &old, &new], 1, false),
        // An answer of ours was lost, and the change was made.
        (vec![&new], 0, false),
        // Somebody else changed it since it was read.
        (vec![&theirs], 0, true),
        // Somebody else wrote after us, with ours or without.
        (vec![&old, &added], 1, false),
        (vec![&old, &theirs], 1, true),
        // It never shows.
        (vec![&old], 1, true),
    ] {
        let iam = trusts(reads.into_iter().cloned().collect());
        let ended = iam.apply(&trust_to(&new)).await;
        assert_eq!(matches!(ended, Err(RoleError::Raced { .. })), raced, "{ended:?} {:?}", iam.actions());
        let written =
            iam.asked().into_iter().filter(|call| call.starts_with("UpdateAssumeRolePolicy")).count();
        assert_eq!(written, writes, "{:?}", iam.actions());
    }
    // What goes has to be gone.
    let iam = trusts(vec![new.clone(), new.clone(), old.clone()]);
    iam.apply(&RoleChange::Trust { from: document(&new), to: document(&old) }).await.unwrap();
    assert_eq!(iam.actions(), ["GetRole", "UpdateAssumeRolePolicy", "GetRole", "GetRole"]);
}
