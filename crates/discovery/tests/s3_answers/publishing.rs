//! Publishing.

use std::sync::Mutex;

use issuer_discovery::{
    AccessBlock, AccountBlock, BucketError, CallFailure, Jwks, JwksPath, PublishChange, Publisher as _,
    Replaces, Site,
};
use issuer_policy::Document;

use crate::scripted::{Scripted, account_error, error, missing, place};

fn policy_change() -> PublishChange {
    PublishChange::Policy { statement: place().statement(), replaces: false }
}

fn our_policy() -> String {
    let mut policy = Document::empty();
    let _ = policy.merge(place().statement());
    policy.to_json()
}

#[tokio::test]
async fn a_missing_bucket_is_nothing_and_the_accounts_own_block_is_asked_too() {
    let s3 = Scripted::start(|line, _| missing(line));
    let live = s3.publisher().read().await.unwrap();
    assert!(!live.exists);
    assert_eq!(live.account_block, AccountBlock::default());
    assert_eq!(s3.count("GET /v20180820/configuration/publicAccessBlock"), 1);
}

#[tokio::test]
async fn a_bucket_that_appears_while_it_is_read_is_read_again() {
    let s3 = Scripted::start(|line, before| match (line, before) {
        (line, _) if line.starts_with("HEAD") => (200, String::new()),
        (line, 0) => missing(line),
        (line, _) if line.contains("tagging") => {
            (200, "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>".to_owned())
        }
        (line, _) if line.contains("v20180820") => missing(line),
        _ => (404, error("NoSuchKey", "none")),
    });
    let live = s3.publisher().read().await.unwrap();
    assert!(live.exists);
    assert_eq!(live.tags.len(), 1);
}

#[tokio::test]
async fn an_account_block_that_may_not_be_read_is_said_and_not_fatal() {
    let s3 = Scripted::start(|line, _| match line {
        line if line.contains("v20180820") => (403, account_error("AccessDenied")),
        line => missing(line),
    });
    let live = s3.publisher().read().await.unwrap();
    assert!(
        matches!(live.account_block, AccountBlock::Unknown(reason) if reason.contains("s3:GetAccountPublicAccessBlock"))
    );
}

#[tokio::test]
async fn a_bucket_of_another_account_is_told_apart_from_a_missing_one() {
    let s3 = Scripted::start(|line, _| match line {
        line if line.contains("v20180820") => missing(line),
        _ => (403, error("AccessDenied", "Access Denied")),
    });
    let refused = s3.publisher().read().await.unwrap_err();
    assert!(matches!(refused, BucketError::NotThisAccounts { .. }), "{refused}");
}

#[tokio::test]
async fn a_missing_permission_names_action_resource_and_the_organisations_policy() {
    let denied = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: s3:PutBucketPolicy on resource: \
                  \"arn:aws:s3:::my-bucket\" with an explicit deny in a service control policy";
    let s3 = Scripted::start(move |line, _| match line {
        line if line.starts_with("PUT") => (403, error("AccessDenied", denied)),
        _ => (404, error("NoSuchBucketPolicy", "none")),
    });
    // Even right after the access block was opened: waiting does not help here.
    let refused = s3.publisher().apply(&policy_change(), &|_| {}).await.unwrap_err();
    let BucketError::Call(call) = refused else { panic!("{refused}") };
    assert_eq!((call.action, call.resource.as_str()), ("s3:PutBucketPolicy", "arn:aws:s3:::my-bucket"));
    assert_eq!(call.organisation_policy(), Some("service control policy"));
    assert!(call.to_string().ends_with("[request R1]"), "{call}");
    assert_eq!(s3.count("PUT"), 1);
}

#[tokio::test]
async fn a_policy_that_is_refused_for_seconds_is_put_again() {
    let s3 = Scripted::start(|line, before| match (line, before) {
        (line, 0..3) if line.starts_with("PUT") => (403, error("AccessDenied", "Access Denied")),
        (line, _) if line.starts_with("PUT") => (204, String::new()),
        _ => (404, error("NoSuchBucketPolicy", "none")),
    });
    let waits = Mutex::new(0);
    s3.publisher().apply(&policy_change(), &|_| *waits.lock().unwrap() += 1).await.unwrap();
    // Before each write the policy is read: somebody else may have changed it meanwhile.
    assert_eq!((s3.count("PUT"), s3.count("GET"), *waits.lock().unwrap()), (4, 4, 3));
}

#[tokio::test]
async fn patience_with_a_refused_policy_ends() {
    let blocked = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: s3:PutBucketPolicy on resource: \
                   \"arn:aws:s3:::my-bucket\" because public policies are prevented by the BlockPublicPolicy setting in S3 \
                   Block Public Access.";
    let s3 = Scripted::start(move |line, _| match line {
        line if line.starts_with("PUT") => (403, error("AccessDenied", blocked)),
        _ => (404, error("NoSuchBucketPolicy", "none")),
    });
    let refused = s3.publisher().apply(&policy_change(), &|_| {}).await.unwrap_err();
    assert!(matches!(refused, BucketError::StillBlocked { .. }), "{refused}");
    assert!(s3.count("PUT") > 1);
}

#[tokio::test]
async fn a_policy_that_somebody_else_overwrote_is_a_lost_race() {
    let theirs = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"*"}]}"#;
    let s3 = Scripted::start(move |_, _| (200, theirs.to_owned()));
    let refused = s3.publisher().confirm(&policy_change()).await.unwrap_err();
    assert!(matches!(refused, BucketError::Raced { .. }), "{refused}");
    assert_eq!(s3.count("PUT"), 0);

    // S3 may show the policy of a moment ago once or twice.
    let s3 = Scripted::start(|_, before| match before {
        0 => (404, error("NoSuchBucketPolicy", "none")),
        _ => (200, our_policy()),
    });
    s3.publisher().confirm(&policy_change()).await.unwrap();
    assert_eq!(s3.count("GET"), 2);
}

#[tokio::test]
async fn a_policy_whose_write_failed_inside_s3_is_read_before_it_is_written_again() {
    // It was written all the same: the answer alone was lost.
    let s3 = Scripted::with_retries(|line, before| match (line, before) {
        (line, _) if line.starts_with("PUT") => {
            (500, error("InternalError", "We encountered an internal error"))
        }
        (_, 0) => (404, error("NoSuchBucketPolicy", "none")),
        _ => (200, our_policy()),
    });
    s3.publisher().apply(&policy_change(), &|_| {}).await.unwrap();
    assert_eq!((s3.count("PUT"), s3.count("GET")), (1, 2));
}

#[tokio::test]
async fn tags_are_added_to_those_of_others_and_looked_at_again() {
    let tags = |key: &str| {
        (200, format!("<Tagging><TagSet><Tag><Key>{key}</Key><Value>1</Value></Tag></TagSet></Tagging>"))
    };
    let add = std::collections::BTreeMap::from([("ours".to_owned(), "1".to_owned())]);
    let change = PublishChange::Tags { add };
    let s3 = Scripted::start(move |line, _| match line {
        line if line.starts_with("PUT") => (204, String::new()),
        _ => tags("theirs"),
    });
    s3.publisher().apply(&change, &|_| {}).await.unwrap();
    assert_eq!((s3.count("GET"), s3.count("PUT")), (1, 1));
    let refused = s3.publisher().confirm(&change).await.unwrap_err();
    assert!(matches!(refused, BucketError::Raced { .. }), "{refused}");

    let s3 = Scripted::start(move |_, _| tags("ours"));
    s3.publisher().apply(&change, &|_| {}).await.unwrap();
    s3.publisher().confirm(&change).await.unwrap();
    assert_eq!(s3.count("PUT"), 0);
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_not_replaced() {
    let s3 = Scripted::start(|line, _| match line {
        line if line.starts_with("PUT") => (204, String::new()),
        _ => (200, "{\"Statement\":[{}]}".to_owned()),
    });
    let refused = s3.publisher().apply(&policy_change(), &|_| {}).await.unwrap_err();
    assert!(matches!(refused, BucketError::Policy { .. }), "{refused}");
    assert_eq!(s3.count("PUT"), 0);
}

#[tokio::test]
async fn a_lost_race_for_an_object_is_told_and_a_lost_answer_is_not_one() {
    let issuer = place().bucket.issuer_url(&place().region, &place().prefix).unwrap();
    let object = Site::build(&issuer, &JwksPath::default(), &Jwks::default()).jwks().clone();
    let change = PublishChange::Object { object: object.clone(), replaces: Replaces::Nothing };
    for status in [412, 409] {
        let s3 = Scripted::start(move |line, _| match line {
            line if line.starts_with("PUT") => (status, error("PreconditionFailed", "At least one failed")),
            _ => (200, "{\"keys\":[{\"kid\":\"theirs\"}]}".to_owned()),
        });
        let refused = s3.publisher().apply(&change, &|_| {}).await.unwrap_err();
        assert!(
            matches!(&refused, BucketError::Raced { what } if what.ends_with("c1/openid/v1/jwks")),
            "{refused}"
        );
    }
    // The write came through and its answer did not: what is there is what was to be written.
    let ours = String::from_utf8(object.bytes.clone()).unwrap();
    let s3 = Scripted::start(move |line, _| match line {
        line if line.starts_with("PUT") => (412, error("PreconditionFailed", "At least one failed")),
        _ => (200, ours.clone()),
    });
    s3.publisher().apply(&change, &|_| {}).await.unwrap();
}

#[tokio::test]
async fn names_and_credentials_that_are_not_ours_get_their_own_sentence() {
    let change = PublishChange::CreateBucket {
        bucket: place().bucket,
        region: place().region,
        tags: std::collections::BTreeMap::new(),
    };
    let answers = [
        ("BucketAlreadyExists", 409),
        ("BucketAlreadyOwnedByYou", 409),
        ("ExpiredToken", 400),
        ("SlowDown", 503),
    ];
    let mut ends = Vec::new();
    for (code, status) in answers {
        let s3 = Scripted::start(move |_, _| (status, error(code, "no")));
        ends.push(s3.publisher().apply(&change, &|_| {}).await.unwrap_err());
    }
    assert!(matches!(ends[0], BucketError::NameTaken { .. }));
    assert!(matches!(ends[1], BucketError::Raced { .. }));
    assert!(
        matches!(&ends[2], BucketError::Call(call) if matches!(*call.reason, CallFailure::BadCredentials(_)))
    );
    assert!(
        matches!(&ends[3], BucketError::Unsure { source, .. } if matches!(*source.reason, CallFailure::Throttled(_)))
    );
}

#[tokio::test]
async fn a_bucket_is_never_made_twice_without_a_look() {
    let change = PublishChange::CreateBucket {
        bucket: place().bucket,
        region: place().region,
        tags: std::collections::BTreeMap::new(),
    };
    for (status, code) in [(500, "InternalError"), (503, "SlowDown"), (429, "TooManyRequests")] {
        let s3 = Scripted::with_retries(move |_, _| (status, error(code, "no")));
        let refused = s3.publisher().apply(&change, &|_| {}).await.unwrap_err();
        assert!(matches!(refused, BucketError::Unsure { .. }), "{refused}");
        assert_eq!(s3.count("PUT"), 1);
    }
}

#[tokio::test]
async fn another_change_of_the_bucket_under_way_is_a_race_or_waited_for() {
    let aborted = || (409, error("OperationAborted", "A conflicting conditional operation is in progress"));
    for change in [
        PublishChange::Versioning,
        PublishChange::AccessBlock {
            from: AccessBlock::ALL,
            to: AccessBlock::POLICY_ONLY,
            exposes: Vec::new(),
        },
    ] {
        let s3 = Scripted::with_retries(move |_, _| aborted());
        let refused = s3.publisher().apply(&change, &|_| {}).await.unwrap_err();
        assert!(matches!(refused, BucketError::Raced { .. }), "{refused}");
        assert_eq!(s3.count("PUT"), 1);
    }
    let s3 = Scripted::with_retries(move |line, before| match (line, before) {
        (line, 0) if line.starts_with("PUT") => aborted(),
        (line, _) if line.starts_with("PUT") => (204, String::new()),
        _ => (404, error("NoSuchBucketPolicy", "none")),
    });
    s3.publisher().apply(&policy_change(), &|_| {}).await.unwrap();
    assert_eq!((s3.count("PUT"), s3.count("GET")), (2, 2));
}

#[tokio::test]
async fn an_answer_about_the_accounts_block_that_breaks_off_is_no_reason_to_go_on() {
    for (status, code) in [(400, "ExpiredToken"), (503, "SlowDown")] {
        let s3 = Scripted::start(move |line, _| match line {
            line if line.contains("v20180820") => (status, account_error(code)),
            line => missing(line),
        });
        assert!(matches!(s3.publisher().read().await.unwrap_err(), BucketError::Call(_)), "{code}");
    }
}

#[tokio::test]
async fn what_may_be_repeated_is_repeated_even_after_a_429_without_a_code() {
    let s3 = Scripted::with_retries(|_, before| match before {
        0 => (429, String::new()),
        _ => (200, String::new()),
    });
    s3.publisher().apply(&PublishChange::Versioning, &|_| {}).await.unwrap();
    assert_eq!(s3.count("PUT"), 2);
}

#[tokio::test]
async fn an_object_too_large_for_a_document_is_not_read() {
    let s3 = Scripted::start(|line, _| match line {
        line if line.contains("openid") => (200, " ".repeat((1 << 20) + 1)),
        line if line.starts_with("HEAD") => (200, String::new()),
        line if line.contains("v20180820") => missing(line),
        _ => (404, error("NoSuchThing", "none")),
    });
    let refused = s3.publisher().read().await.unwrap_err();
    assert!(matches!(refused, BucketError::TooLarge { .. }), "{refused}");
}

#[tokio::test]
async fn versioning_is_understood_under_another_root_element_too() {
    for (status, versioned) in
        [("<Status>Enabled</Status>", true), ("<Status>Suspended</Status>", false), ("", false)]
    {
        for root in ["VersioningConfiguration", "GetBucketVersioningResponse"] {
            let s3 = Scripted::start(move |line, _| match line {
                line if line.contains("versioning") => (200, format!("<{root}>{status}</{root}>")),
                line if line.starts_with("HEAD") => (200, String::new()),
                line if line.contains("v20180820") => missing(line),
                _ => (404, error("NoSuchThing", "none")),
            });
            assert_eq!(s3.publisher().read().await.unwrap().versioned, versioned, "{root} {status}");
        }
    }
}

#[tokio::test]
async fn an_explicit_deny_is_told_apart_from_a_missing_permission() {
    let denied = "User: u is not authorized to perform: s3:PutBucketPolicy with an explicit deny in a resource-based policy";
    let s3 = Scripted::start(move |_, _| (403, error("AccessDenied", denied)));
    let refused = s3.publisher().apply(&PublishChange::Versioning, &|_| {}).await.unwrap_err();
    let BucketError::Call(call) = refused else { panic!("{refused}") };
    assert_eq!(call.explicit_deny(), Some("resource-based policy"));
}

#[tokio::test]
async fn control_characters_in_a_message_do_not_reach_the_terminal() {
    let s3 = Scripted::start(|_, _| (400, error("Odd&#27;", "a&#27;[31m&#10;b")));
    let refused = s3.publisher().apply(&PublishChange::Versioning, &|_| {}).await.unwrap_err().to_string();
    assert!(!refused.chars().any(char::is_control), "{refused:?}");
}
