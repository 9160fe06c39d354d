//! What IAM's less friendly answers to changes become.

use std::sync::Mutex;
use std::time::Duration;

use issuer_discovery::{CallFailure, Waiting};
use issuer_registrar::{RoleChange, RoleError};

use crate::support::*;

#[tokio::test]
async fn a_refusal_is_not_repeated_and_names_action_and_arn() {
    for (change, action, arn) in table() {
        let iam = Scripted::always(error(403, "AccessDenied", "no"));
        let refused = iam.apply(&change).await.unwrap_err();
        let RoleError::Call(call) = &refused else { panic!("{refused}") };
        assert!(call.is_access_denied());
        assert_eq!((call.action, &call.resource), (&*format!("iam:{action}"), &arn));
        assert_eq!(iam.actions(), [action], "{change}");
    }
}

#[tokio::test]
async fn a_call_that_is_throttled_until_the_retries_end_was_not_carried_out() {
    for (change, action, _) in table() {
        let iam = Scripted::always(error(400, "Throttling", "Rate exceeded"));
        let refused = iam.apply(&change).await.unwrap_err();
        let RoleError::Call(call) = &refused else { panic!("{refused}") };
        assert!(matches!(*call.reason, CallFailure::Throttled(_)), "{call}");
        assert!(iam.actions().iter().all(|asked| asked == action), "{change}");
    }
}

#[tokio::test]
async fn what_makes_or_replaces_something_is_never_sent_twice_without_a_look() {
    for (status, code) in [(500, "ServiceFailure"), (503, "ServiceUnavailable"), (502, "BadGateway")] {
        for (change, action, arn) in table() {
            let iam = Scripted::start(move |asked, _, _| match asked {
                "GetRole" => done("GetRole", &format!("<Role>{}</Role>", role("/", TRUST))),
                _ => error(status, code, "no"),
            });
            let failed = iam.apply(&change).await.unwrap_err();
            let actions = iam.actions();
            let sent = |action: &str| actions.iter().filter(|asked| *asked == action).count();
            let once = ["CreateRole", "UpdateAssumeRolePolicy", "CreatePolicy", "CreatePolicyVersion"];
            match &failed {
                RoleError::Unsure { what, .. } => {
                    assert_eq!(once.iter().map(|action| sent(action)).sum::<usize>(), 1, "{actions:?}");
                    assert!(*what == arn || what == "arn:aws:iam::123456789012:role/app", "{what}");
                }
                RoleError::Call(_) => {
                    assert!(once.iter().all(|action| sent(action) == 0), "{actions:?}");
                    assert_eq!(sent(action), 3, "{actions:?}");
                }
                other => panic!("{change}: {other}"),
            }
        }
    }
}

#[tokio::test]
async fn what_is_gone_already_need_not_be_taken_away() {
    let gone = ["UntagRole", "DetachRolePolicy", "DeleteRolePolicy", "DeleteRole", "DeletePolicy"];
    for (change, action, _) in table() {
        let iam = Scripted::always(error(404, "NoSuchEntity", "The role with name app cannot be found."));
        let ended = iam.apply(&change).await;
        assert_eq!(ended.is_ok(), gone.contains(&action), "{change}: {ended:?}");
        assert!(ended.is_ok() || matches!(ended, Err(RoleError::Raced { .. })), "{change}: {ended:?}");
    }
    let iam = Scripted::always(error(404, "NoSuchEntity", "no"));
    let arn = issuing().policy_arn(&"own".parse().unwrap()).to_string();
    iam.apply(&RoleChange::DeletePolicy { arn, versions: vec!["v1".into(), "v2".into()] }).await.unwrap();
    assert_eq!(iam.actions(), ["DeletePolicyVersion", "DeletePolicyVersion", "DeletePolicy"]);
}

#[tokio::test]
async fn a_role_that_was_just_made_is_waited_for_and_that_is_said() {
    let iam = Scripted::start(|action, _, before| match before {
        0..2 => error(404, "NoSuchEntity", "The role with name app cannot be found."),
        _ => done(action, ""),
    });
    let said = Mutex::new(Vec::new());
    let say = |waiting: &Waiting| said.lock().unwrap().push(waiting.what.clone());
    iam.client.apply(&app(), &RoleChange::Attach(READ.into()), &say).await.unwrap();
    assert_eq!(iam.actions().len(), 3);
    let said = said.into_inner().unwrap();
    assert!(said.len() == 2 && said[0].contains("to show arn:aws:iam::123456789012:role/"), "{said:?}");
}

#[tokio::test]
async fn a_policy_that_nobody_makes_is_not_waited_for() {
    let own = issuing().policy_arn(&"own".parse().unwrap()).to_string();
    for (arn, calls) in [(READ, 1), (&own, 4)] {
        let text = format!("Policy {arn} does not exist or is not attachable.");
        let iam = Scripted::always(error(404, "NoSuchEntity", &text));
        let refused = iam.apply(&RoleChange::Attach(arn.to_owned())).await.unwrap_err();
        assert!(matches!(&refused, RoleError::NoPolicy { policy, .. } if policy == arn), "{refused}");
        assert!(
            iam.actions().len() <= calls && (calls == 1 || iam.actions().len() > 1),
            "{:?}",
            iam.actions()
        );
    }
    let iam = Scripted::always(error(404, "NoSuchEntity", &format!("Scope ARN: {READ} does not exist")));
    let refused = iam.apply(&create()).await.unwrap_err();
    assert!(matches!(refused, RoleError::NoPolicy { .. }), "{refused}");
}

#[tokio::test]
async fn another_change_of_the_same_thing_is_waited_for_or_looked_at() {
    for (change, action, _) in table() {
        let changes = if action == "GetRole" { "UpdateAssumeRolePolicy" } else { action };
        let iam = Scripted::start(move |asked, _, before| match (asked, before) {
            ("GetRole", _) => done(asked, &format!("<Role>{}</Role>", role("/", TRUST))),
            (asked, 0) if asked == changes => error(409, "ConcurrentModification", "no"),
            _ => done(asked, ""),
        });
        let ended = iam.apply(&change).await;
        let looks = ["CreateRole", "UpdateAssumeRolePolicy", "CreatePolicy", "CreatePolicyVersion"]
            .contains(&changes);
        assert_eq!(matches!(ended, Err(RoleError::Raced { .. })), looks, "{change}: {ended:?}");
        assert!(looks || ended.is_ok(), "{change}: {ended:?}");
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_a_race_only_where_the_same_thing_was_made() {
    for there in [true, false] {
        let iam = Scripted::start(move |action, _, _| match action {
            "CreateRole" => error(409, "EntityAlreadyExists", "Role with name app already exists."),
            _ if there => done("GetRole", &format!("<Role>{}</Role>", role("/", TRUST))),
            _ => error(404, "NoSuchEntity", "no"),
        });
        let refused = iam.apply(&create()).await.unwrap_err();
        assert_eq!(matches!(refused, RoleError::Raced { .. }), there, "{refused}");
        assert_eq!(matches!(refused, RoleError::Taken { .. }), !there, "{refused}");
    }
    let iam = Scripted::start(|action, _, _| match action {
        "CreatePolicy" => error(409, "EntityAlreadyExists", "A policy called own already exists."),
        _ => error(404, "NoSuchEntity", "no"),
    });
    assert!(matches!(iam.apply(&own("own")).await, Err(RoleError::Taken { .. })));
}

#[tokio::test]
async fn quotas_protected_roles_and_what_hangs_on_a_role_are_told_in_their_own_words() {
    type Is = fn(&RoleError) -> bool;
    let profile = "Cannot delete entity, must remove roles from instance profile first.";
    let provider = format!("Invalid principal in policy: \"FEDERATED\":\"{}\"", issuing().provider_arn());
    let table: [(RoleChange, &str, &str, Is, bool); 8] = [
        (create(), "LimitExceeded", "Cannot exceed quota", |e| matches!(e, RoleError::Quota { .. }), false),
        (version(None), "LimitExceeded", "5 versions", |e| matches!(e, RoleError::Raced { .. }), false),
        (RoleChange::Delete, "DeleteConflict", profile, |e| matches!(e, RoleError::InUse { .. }), false),
        (RoleChange::Delete, "DeleteConflict", "must detach", |e| matches!(e, RoleError::InUse { .. }), true),
        (
            RoleChange::Attach(READ.into()),
            "UnmodifiableEntity",
            "no",
            |e| matches!(e, RoleError::Unmodifiable { .. }),
            false,
        ),
        (create(), "MalformedPolicyDocument", &provider, |e| matches!(e, RoleError::NoProvider { .. }), true),
        (create(), "MalformedPolicyDocument", "Syntax errors", |e| matches!(e, RoleError::Call(_)), false),
        (
            RoleChange::Delete,
            "EntityTemporarilyUnmodifiable",
            "no",
            |e| matches!(e, RoleError::Call(_)),
            true,
        ),
    ];
    for (change, code, message, is, waits) in table {
        let iam = Scripted::always(error(409, code, message));
        let refused = iam.apply(&change).await.unwrap_err();
        assert!(is(&refused), "{code}: {refused}");
        assert_eq!(iam.actions().len() > 1, waits, "{code} {message}: {:?}", iam.actions());
        let told = format!("{refused} {:?}", std::error::Error::source(&refused).map(ToString::to_string));
        assert!(matches!(refused, RoleError::Raced { .. }) || told.contains("iam:"), "{told}");
    }
}

#[tokio::test]
async fn calls_carry_what_they_were_given() {
    for (change, parts) in [
        (
            create(),
            vec![
                "RoleName=app",
                "Path=/issuerctl/",
                "MaxSessionDuration=7200",
                "PermissionsBoundary=arn:aws",
                "Tags.member.1.Key=team",
                "\"Sid\":\"A\"",
            ],
        ),
        (version(None), vec!["SetAsDefault=true", "PolicyDocument={\"Version\""]),
        (RoleChange::Untag(vec!["a".into(), "b".into()]), vec!["TagKeys.member.2=b"]),
    ] {
        let iam = Scripted::start(|action, _, _| done(action, ""));
        iam.apply(&change).await.unwrap();
        for part in parts {
            assert!(iam.asked()[0].contains(part), "{part}: {:?}", iam.asked());
        }
    }
    let iam = Scripted::start(|action, _, _| done(action, ""));
    let session = |hours: u64| Duration::from_secs(hours * 3600);
    iam.apply(&RoleChange::MaxSession { from: session(1), to: session(2) }).await.unwrap();
    assert!(!iam.asked()[0].contains("Description"), "the description stays: {:?}", iam.asked());
}
