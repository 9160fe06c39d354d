//! Leaving a bucket.

use issuer_discovery::{BucketError, LeavingBucket, WithdrawChange};
use issuer_policy::{Document, Statement};

use crate::scripted::{Scripted, error, place};

const JWKS: &str = "c1/openid/v1/jwks";
const DISCOVERY: &str = "c1/.well-known/openid-configuration";

fn document() -> WithdrawChange {
    WithdrawChange::Object {
        bucket: place().bucket,
        key: JWKS.to_owned(),
        path: "openid/v1/jwks".to_owned(),
        etag: Some("\"e1\"".to_owned()),
    }
}

fn statement() -> WithdrawChange {
    WithdrawChange::Statement { bucket: place().bucket, sid: place().sid() }
}

fn untag() -> WithdrawChange {
    WithdrawChange::Untag { bucket: place().bucket, keys: vec!["issuerctl:managed".to_owned()] }
}

fn bucket() -> WithdrawChange {
    WithdrawChange::Bucket { bucket: place().bucket, keys: [DISCOVERY.to_owned(), JWKS.to_owned()] }
}

fn tags(tags: &[(&str, &str)]) -> String {
    let tags = tags.iter().map(|(key, value)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>"));
    format!("<Tagging><TagSet>{}</TagSet></Tagging>", tags.collect::<String>())
}

/// Each entry: `Version` or `DeleteMarker`, key, id, and whether it is the latest.
fn versions(entries: &[(&str, &str, &str, bool)], next: Option<&str>) -> String {
    let entries = entries.iter().map(|(kind, key, id, latest)| {
        format!("<{kind}><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{latest}</IsLatest></{kind}>")
    });
    let more = next.map_or("<IsTruncated>false</IsTruncated>".to_owned(), |next| {
        format!("<IsTruncated>true</IsTruncated><NextKeyMarker>{next}</NextKeyMarker>")
    });
    format!("<ListVersionsResult>{}{more}</ListVersionsResult>", entries.collect::<String>())
}

#[tokio::test]
async fn a_document_is_deleted_as_it_was_read_or_not_at_all() {
    // What S3 answers to the deletion, and then to a look; whether the deletion counts as done.
    for (deletion, look, done) in
        [(204, 404, true), (412, 404, true), (404, 404, true), (412, 200, false), (409, 200, false)]
    {
        let s3 = Scripted::start(move |line, _| match line {
            line if line.starts_with("DELETE") && deletion == 204 => (204, String::new()),
            line if line.starts_with("DELETE") => (deletion, error("Some", "no")),
            _ => (look, error("NoSuchKey", "none")),
        });
        let result = s3.publisher().withdraw(&document()).await;
        assert_eq!(result.is_ok(), done, "{deletion} {look}");
        if let Err(refused) = result {
            assert!(matches!(refused, BucketError::Raced { .. }), "{refused}");
        }
        let changes = s3.changes();
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].if_match.as_deref(), Some("\"e1\""));
        assert!(changes[0].line.contains("/c1/openid/v1/jwks"), "{}", changes[0].line);
    }
    let s3 = Scripted::start(|_, _| (403, error("AccessDenied", "no")));
    let refused = s3.publisher().withdraw(&document()).await.unwrap_err().to_string();
    assert!(refused.contains("s3:DeleteObject on arn:aws:s3:::my-bucket/c1/openid/v1/jwks"), "{refused}");
}

#[tokio::test]
async fn everything_of_a_bucket_that_is_gone_is_gone() {
    for change in [document(), statement(), untag(), bucket()] {
        let s3 = Scripted::start(|_, _| (404, error("NoSuchBucket", "none")));
        s3.publisher().withdraw(&change).await.unwrap();
    }
}

#[tokio::test]
async fn the_last_statement_takes_the_policy_with_it() {
    let mut ours = Document::empty();
    let _ = ours.merge(place().statement());
    let ours = ours.to_json();
    let s3 = Scripted::start(move |line, before| match (line, before) {
        (line, _) if line.starts_with("DELETE") => (204, String::new()),
        (_, 0) => (200, ours.clone()),
        _ => (404, error("NoSuchBucketPolicy", "none")),
    });
    s3.publisher().withdraw(&statement()).await.unwrap();
    assert_eq!(
        s3.changes().iter().map(|change| change.line.as_str()).collect::<Vec<_>>(),
        ["DELETE /my-bucket/?policy"]
    );
}

#[tokio::test]
async fn the_statements_of_others_stay_byte_for_byte_and_a_lost_race_is_made_good() {
    let theirs = r#"{"Id":"x","Statement":[{"Resource":"arn:aws:s3:::my-bucket/*","Action":["s3:PutObject"],"Effect":"Deny","Principal":"*"}]}"#;
    let mut both = Document::parse(theirs).unwrap();
    let _ = both.merge(place().statement());
    let both = both.to_json();
    // Somebody writes what they read before us, once.
    let s3 = Scripted::start(move |line, before| match (line, before) {
        (line, _) if line.starts_with("PUT") => (204, String::new()),
        (_, 0 | 1) => (200, both.clone()),
        _ => (200, theirs.to_owned()),
    });
    s3.publisher().withdraw(&statement()).await.unwrap();
    let changes = s3.changes();
    assert_eq!(changes.len(), 2);
    assert!(changes.iter().all(|change| change.body == theirs), "{changes:?}");
}

#[tokio::test]
async fn a_statement_that_serves_others_by_now_stays_and_so_does_one_that_keeps_coming_back() {
    let policy = |resource: &str| {
        let mut policy = Document::empty();
        let resources = [place().object_arns()[0].clone(), resource.to_owned()];
        let _ = policy.merge(Statement::allow_anonymous_read(place().sid(), resources));
        policy.to_json()
    };
    for (resource, writes) in [
        ("arn:aws:s3:::my-bucket/c2/openid/v1/jwks", 0),
        ("arn:aws:s3:::my-bucket/c1/*", 0),
        ("arn:aws:s3:::my-bucket/c1/openid/v1/jwks", 3),
    ] {
        let text = policy(resource);
        let s3 = Scripted::start(move |line, _| match line {
            line if line.starts_with("GET") => (200, text.clone()),
            _ => (204, String::new()),
        });
        let refused = s3.publisher().withdraw(&statement()).await.unwrap_err();
        assert!(matches!(refused, BucketError::Raced { .. }), "{refused}");
        assert_eq!(s3.changes().len(), writes, "{resource}");
    }
}

#[tokio::test]
async fn our_tags_go_and_those_of_others_stay() {
    for (before, after, change) in [
        (tags(&[("issuerctl:managed", "adopted")]), tags(&[]), "DELETE /my-bucket/?tagging"),
        (
            tags(&[("issuerctl:managed", "adopted"), ("team", "a")]),
            tags(&[("team", "a")]),
            "PUT /my-bucket/?tagging",
        ),
    ] {
        let s3 = Scripted::start(move |line, seen| match (line, seen) {
            (line, _) if line.contains("policy") => (404, error("NoSuchBucketPolicy", "none")),
            (line, 0) if line.starts_with("GET") => (200, before.clone()),
            (line, _) if line.starts_with("GET") => (200, after.clone()),
            _ => (204, String::new()),
        });
        s3.publisher().withdraw(&untag()).await.unwrap();
        let changes = s3.changes();
        assert_eq!((changes.len(), changes[0].line.as_str()), (1, change));
        assert!(!changes[0].body.contains("issuerctl"), "{}", changes[0].body);
    }
}

#[tokio::test]
async fn a_tag_that_somebody_needs_by_now_stays() {
    let mut other = Document::empty();
    let sid = "IssuerctlPublicRead0123456789abcdef";
    let _ = other.merge(Statement::allow_anonymous_read(sid, ["arn:aws:s3:::my-bucket/c9/keys".to_owned()]));
    for (owner, policy) in [("adopted", Some(other.to_json())), ("created", None)] {
        let s3 = Scripted::start(move |line, _| match line {
            line if line.contains("policy") => match &policy {
                Some(policy) => (200, policy.clone()),
                None => (404, error("NoSuchBucketPolicy", "none")),
            },
            _ => (200, tags(&[("issuerctl:managed", owner)])),
        });
        let refused = s3.publisher().withdraw(&untag()).await.unwrap_err();
        assert!(matches!(refused, BucketError::Raced { .. }), "{refused}");
        assert_eq!(s3.changes(), []);
    }
}

#[tokio::test]
async fn the_bucket_goes_after_every_version_of_the_two_documents() {
    let s3 = Scripted::start(|line, _| match line {
        line if line.contains("tagging") => (200, tags(&[("issuerctl:managed", "created")])),
        line if line.starts_with("GET") && line.contains("jwks") => (
            200,
            versions(
                &[
                    ("DeleteMarker", JWKS, "m1", true),
                    ("Version", JWKS, "v1", false),
                    ("Version", "c1/openid/v1/jwks.old", "v9", true),
                ],
                None,
            ),
        ),
        line if line.starts_with("GET") && line.contains("key-marker=") => {
            (200, versions(&[("Version", DISCOVERY, "v3", false)], None))
        }
        line if line.starts_with("GET") => {
            (200, versions(&[("DeleteMarker", DISCOVERY, "m2", true)], Some(DISCOVERY)))
        }
        _ => (204, String::new()),
    });
    s3.publisher().withdraw(&bucket()).await.unwrap();
    let mut lines: Vec<String> = s3.changes().into_iter().map(|change| change.line).collect();
    let last = lines.pop().unwrap();
    lines.sort();
    assert_eq!(last.trim_end_matches('/'), "DELETE /my-bucket");
    let ids: Vec<&str> = lines.iter().map(|line| line.split("versionId=").nth(1).unwrap()).collect();
    assert_eq!(ids, ["m2", "v3", "m1", "v1"], "a key that only begins so stays");
}

#[tokio::test]
async fn a_bucket_in_which_something_is_by_now_stays() {
    let none = || versions(&[], None);
    let table: [(&str, String, u16, &str); 4] = [
        ("created", versions(&[("Version", DISCOVERY, "v1", true)], None), 204, "by somebody else"),
        ("adopted", none(), 204, "by somebody else"),
        ("created", none(), 409, "something else is in it by now"),
        ("created", none(), 403, "s3:DeleteBucket"),
    ];
    for (owner, found, status, said) in table {
        let s3 = Scripted::start(move |line, _| match line {
            line if line.contains("tagging") => (200, tags(&[("issuerctl:managed", owner)])),
            line if line.starts_with("GET") => (200, found.clone()),
            _ if status == 403 => (403, error("AccessDenied", "no")),
            _ => (status, error("BucketNotEmpty", "no")),
        });
        let refused = s3.publisher().withdraw(&bucket()).await.unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
        assert!(s3.changes().iter().all(|change| !change.line.contains("versionId")), "{:?}", s3.changes());
    }
}

#[tokio::test]
async fn a_bucket_without_our_tag_is_not_looked_into() {
    let s3 = Scripted::start(|line, _| match line {
        line if line.starts_with("HEAD") => (200, String::new()),
        line if line.contains("tagging") => (200, tags(&[("team", "a")])),
        line if line.contains("policy") => (404, error("NoSuchBucketPolicy", "none")),
        line => panic!("{line}"),
    });
    let live = s3.publisher().leaving(true).await.unwrap();
    assert_eq!((live.exists, live.tags.len(), live.others.len()), (true, 1, 0));
    let s3 = Scripted::start(|_, _| (404, String::new()));
    assert_eq!(s3.publisher().leaving(true).await.unwrap(), LeavingBucket::default());
}

#[tokio::test]
async fn some_of_the_keys_of_others_are_named_and_the_rest_is_not_listed() {
    let s3 = Scripted::start(|line, _| match line {
        line if line.starts_with("HEAD") => (200, String::new()),
        line if line.contains("tagging") => (200, tags(&[("issuerctl:managed", "created")])),
        line if line.contains("versions") && line.contains("key-marker=") => {
            let others: Vec<String> = (0..20).map(|number| format!("other-{number:02}")).collect();
            let entries: Vec<_> = others.iter().map(|key| ("Version", key.as_str(), "v", true)).collect();
            (200, versions(&entries, Some("other-19")))
        }
        line if line.contains("versions") => (
            200,
            versions(
                &[
                    ("Version", JWKS, "v1", true),
                    ("DeleteMarker", "gone&#27;", "m", true),
                    ("Version", "gone&#27;", "v", false),
                    ("Version", "there", "v2", true),
                    ("Version", "there", "v1", false),
                ],
                Some(JWKS),
            ),
        ),
        _ => (404, error("NoSuchKey", "none")),
    });
    let live = s3.publisher().leaving(true).await.unwrap();
    assert_eq!(live.others, ["other-00", "other-01", "other-02", "other-03", "other-04"]);
    assert_eq!(live.outdated, ["gone\\u{1b}"], "nothing is read there");
    assert_eq!(s3.asked("versions"), 2);
}

#[tokio::test]
async fn what_can_be_read_is_found_behind_many_old_versions_and_the_search_ends() {
    for (last, readable) in [(3, vec!["theirs"]), (usize::MAX, Vec::new())] {
        let s3 = Scripted::start(move |line, before| match line {
            line if line.starts_with("HEAD") => (200, String::new()),
            line if line.contains("tagging") => (200, tags(&[("issuerctl:managed", "created")])),
            line if line.contains("versions") && before == last => {
                (200, versions(&[("Version", "theirs", "v", true)], None))
            }
            line if line.contains("versions") => {
                let old: Vec<String> = (0..20).map(|number| format!("c1/old-{number:02}")).collect();
                let entries: Vec<_> = old.iter().map(|key| ("Version", key.as_str(), "v", false)).collect();
                (200, versions(&entries, Some("c1/old-19")))
            }
            _ => (404, error("NoSuchKey", "none")),
        });
        let live = s3.publisher().leaving(true).await.unwrap();
        assert_eq!(
            (live.others, live.outdated.len()),
            (readable.into_iter().map(str::to_owned).collect(), 5)
        );
        assert!(s3.asked("versions") <= 16, "{}", s3.asked("versions"));
    }
}
