//! What of a place goes with an issuer, and what stays: the pure diffs, and a directory on disk.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use issuer_discovery::{
    BucketPlace, DirectoryError, DirectoryPublisher, IssuerUrl, Jwks, JwksPath, LeaveRefusal, LeavingBucket,
    LiveDocuments, LiveObject, OWNER_ADOPTED, OWNER_CREATED, OWNER_TAG, Object, Site, WithdrawChange,
    diff_directory, leave_bucket, leave_directory,
};
use issuer_policy::{Document, Statement};

fn issuer() -> IssuerUrl {
    "https://oidc.example.com/c1".parse().unwrap()
}

fn site(issuer: &str) -> Site {
    let keys = Jwks::parse(br#"{"keys":[{"kid":"a"}]}"#).unwrap();
    Site::build(&issuer.parse().unwrap(), &JwksPath::default(), &keys)
}

fn place(prefix: &str) -> BucketPlace {
    BucketPlace {
        bucket: "my-bucket".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        prefix: prefix.parse().unwrap(),
        jwks_path: JwksPath::default(),
    }
}

/// A bucket of ours in which everything of the issuer at this prefix is.
fn whole(prefix: &str, owner: &str) -> LeavingBucket {
    let mut policy = Document::empty();
    let _ = policy.merge(place(prefix).statement());
    let object = |object: &Object| LiveObject {
        bytes: object.bytes.clone(),
        etag: Some(format!("\"{}\"", object.path)),
        ..LiveObject::default()
    };
    let site = site(issuer().as_str());
    LeavingBucket {
        exists: true,
        tags: BTreeMap::from([(OWNER_TAG.to_owned(), owner.to_owned()), ("team".to_owned(), "a".to_owned())]),
        policy: Some(policy),
        documents: LiveDocuments {
            discovery: Some(object(site.discovery())),
            jwks: Some(object(site.jwks())),
        },
        ..LeavingBucket::default()
    }
}

/// Stages and kinds of the changes.
type Steps = Vec<(u8, &'static str)>;

fn leave(live: &LeavingBucket, delete: bool) -> Result<(Steps, String), LeaveRefusal> {
    let leaving = leave_bucket(&place("c1"), live, &issuer(), delete)?;
    let steps = leaving.changes.iter().map(|change| (change.stage(), change.kind())).collect();
    Ok((steps, leaving.notes.join("\n")))
}

const OBJECTS: [(u8, &str); 2] = [(0, "delete-object"), (1, "delete-object")];
const STATEMENT: (u8, &str) = (2, "remove-statement");

#[test]
fn what_we_made_goes_and_the_bucket_only_when_that_is_asked_for() {
    let made = whole("c1", OWNER_CREATED);
    let (steps, notes) = leave(&made, false).unwrap();
    assert_eq!(steps, [OBJECTS[0], OBJECTS[1], STATEMENT]);
    assert!(notes.contains("bucket my-bucket stays") && notes.contains("public access block"), "{notes}");
    let (steps, notes) = leave(&made, true).unwrap();
    assert_eq!(steps, [OBJECTS[0], OBJECTS[1], STATEMENT, (3, "delete-bucket")]);
    assert!(notes.contains("anyone can take its name") && notes.contains(issuer().as_str()), "{notes}");

    // An interrupted run left less and less.
    let mut left = made.clone();
    left.documents.jwks = None;
    assert_eq!(leave(&left, true).unwrap().0, [OBJECTS[1], STATEMENT, (3, "delete-bucket")]);
    left.documents.discovery = None;
    left.policy = None;
    assert_eq!(leave(&left, true).unwrap().0, [(3, "delete-bucket")]);
    assert_eq!(leave(&left, false).unwrap().0, []);
    assert_eq!(leave(&LeavingBucket::default(), true).unwrap(), (Vec::new(), String::new()));
    // Bootstrap was interrupted before it wrote the discovery document.
    let mut begun = made;
    begun.documents.discovery = None;
    assert_eq!(leave(&begun, false).unwrap().0, [OBJECTS[0], STATEMENT]);
}

#[test]
fn each_document_goes_as_it_was_read() {
    let leaving = leave_bucket(&place("c1"), &whole("c1", OWNER_CREATED), &issuer(), true).unwrap();
    assert!(matches!(
        &leaving.changes[0],
        WithdrawChange::Object { key, etag: Some(etag), .. }
            if key == "c1/openid/v1/jwks" && etag == "\"openid/v1/jwks\""
    ));
    assert!(matches!(
        leaving.changes.last(),
        Some(WithdrawChange::Bucket { keys, .. })
            if *keys == ["c1/.well-known/openid-configuration", "c1/openid/v1/jwks"]
    ));
}

#[test]
fn an_adopted_bucket_loses_our_tag_with_the_last_issuer_and_is_never_deleted() {
    let adopted = whole("c1", OWNER_ADOPTED);
    let untag = (3, "untag-bucket");
    let (steps, notes) = leave(&adopted, false).unwrap();
    assert_eq!(steps, [OBJECTS[0], OBJECTS[1], STATEMENT, untag]);
    assert!(notes.contains("public access block"), "{notes}");
    let leaving = leave_bucket(&place("c1"), &adopted, &issuer(), false).unwrap();
    assert!(
        matches!(leaving.changes.last(), Some(WithdrawChange::Untag { keys, .. }) if *keys == [OWNER_TAG])
    );
    let refused = leave(&adopted, true).unwrap_err().to_string();
    assert!(refused.contains("issuerctl:managed is adopted"), "{refused}");

    let mut shared = adopted.clone();
    let _ = shared.policy.as_mut().unwrap().merge(place("c2").statement());
    let (steps, notes) = leave(&shared, false).unwrap();
    assert_eq!(steps, [OBJECTS[0], OBJECTS[1], STATEMENT]);
    assert!(notes.contains("others still publish there"), "{notes}");

    // A JWKS alone is ours where a statement of ours speaks of it, and else nobody knows.
    let mut alone = adopted;
    alone.documents.discovery = None;
    assert_eq!(leave(&alone, false).unwrap().0, [OBJECTS[0], STATEMENT, untag]);
    alone.policy = None;
    let (steps, notes) = leave(&alone, false).unwrap();
    assert_eq!(steps, []);
    assert!(notes.contains("says whose it is"), "{notes}");
}

#[test]
fn nothing_in_a_bucket_of_somebody_else_is_touched() {
    let mut theirs = whole("c1", OWNER_CREATED);
    theirs.tags.remove(OWNER_TAG);
    let (steps, notes) = leave(&theirs, false).unwrap();
    assert_eq!(steps, []);
    assert!(notes.contains("nothing in bucket my-bucket is touched"), "{notes}");
    let refused = leave(&theirs, true).unwrap_err();
    assert!(matches!(refused, LeaveRefusal::NotMade { .. }), "{refused}");
}

#[test]
fn documents_of_another_issuer_stay_with_all_that_serves_them() {
    let mut theirs = whole("c1", OWNER_CREATED);
    let other = site("https://other.example.com").discovery().bytes.clone();
    theirs.documents.discovery.as_mut().unwrap().bytes = other;
    let (steps, notes) = leave(&theirs, false).unwrap();
    assert_eq!(steps, []);
    assert!(notes.contains("of another issuer, https://other.example.com"), "{notes}");
    let refused = leave(&theirs, true).unwrap_err().to_string();
    assert!(refused.contains("c1/openid/v1/jwks"), "{refused}");
}

#[test]
fn a_statement_goes_only_when_it_serves_this_issuer_alone() {
    let bucket = "arn:aws:s3:::my-bucket";
    for (resources, goes) in [
        (
            vec![format!("{bucket}/c1/.well-known/openid-configuration"), format!("{bucket}/c1/keys.json")],
            true,
        ),
        (vec![format!("{bucket}/c1/.well-known/openid-configuration"), format!("{bucket}/c2/keys")], false),
        (vec![format!("{bucket}/c1/*")], false),
        (vec![format!("{bucket}/c10/keys")], false),
        (vec![format!("{bucket}/*")], false),
    ] {
        let mut live = whole("c1", OWNER_CREATED);
        let mut policy = Document::empty();
        let _ = policy.merge(Statement::allow_anonymous_read(place("c1").sid(), resources.clone()));
        live.policy = Some(policy);
        let (steps, notes) = leave(&live, false).unwrap();
        assert_eq!(steps.contains(&STATEMENT), goes, "{resources:?}");
        assert_eq!(notes.contains("serves more than this issuer"), !goes, "{notes}");
    }
}

#[test]
fn a_bucket_with_other_things_in_it_is_not_deleted_and_says_what_kind_of_things() {
    let (theirs, past) = ("c2/keys, logs/1", "c2/openid/v1/jwks");
    let objects = "objects such as c2/keys, logs/1";
    let old = "old versions of c2/openid/v1/jwks, which versioning keeps,";
    for (others, outdated, said) in [
        (theirs, "", format!("is not deleted: {objects} are still in it")),
        ("", past, format!("is not deleted: {old} are still in it")),
        (theirs, past, format!("is not deleted: {objects}, and {old} are still in it")),
    ] {
        let keys = |keys: &str| keys.split_terminator(", ").map(str::to_owned).collect();
        let mut live = whole("c1", OWNER_CREATED);
        (live.others, live.outdated) = (keys(others), keys(outdated));
        let refused = leave(&live, true).unwrap_err().to_string();
        assert!(refused.contains(&said), "{refused}");
        assert!(refused.contains("empty the bucket by hand, or leave it"), "{refused}");
        assert!(leave(&live, false).is_ok());
    }
}

#[test]
fn a_name_that_is_bound_to_the_account_is_in_no_danger() {
    let mut place = place("c1");
    place.bucket = "oidc-123456789012-eu-west-1-an".parse().unwrap();
    let leaving = leave_bucket(&place, &whole("c1", OWNER_CREATED), &issuer(), true).unwrap();
    let notes = leaving.notes.join("\n");
    assert!(notes.contains("nobody else can take it") && !notes.contains("anyone"), "{notes}");
}

fn publish(root: &Path, issuer: &str) -> DirectoryPublisher {
    let publisher = DirectoryPublisher::new(root.to_owned(), JwksPath::default());
    for change in diff_directory(root, &publisher.read_now().unwrap(), &site(issuer)) {
        publisher.apply_now(&change).unwrap();
    }
    publisher
}

/// Leaves a directory; how much was done, and what was said.
fn leave_root(publisher: &DirectoryPublisher) -> Result<(usize, String), DirectoryError> {
    let leaving = leave_directory(publisher, &publisher.leaving()?, &issuer()).unwrap();
    for change in &leaving.changes {
        publisher.withdraw_now(change)?;
        // What is gone already is done.
        publisher.withdraw_now(change)?;
    }
    Ok((leaving.changes.len(), leaving.notes.join("\n")))
}

#[test]
fn a_directory_is_left_with_the_directories_that_are_empty_then_but_never_its_root() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("www/c1");
    let publisher = publish(&root, issuer().as_str());
    // A killed run of ours left half a document.
    fs::write(root.join("openid/v1/.issuerctl-tmp-1"), "half").unwrap();
    fs::create_dir(root.join(".well-known/other")).unwrap();
    assert_eq!(leave_root(&publisher).unwrap(), (2, String::new()));
    assert!(!root.join("openid").exists());
    assert!(root.join(".well-known/other").exists(), "what is somebody else's stays");
    assert_eq!(leave_root(&publisher).unwrap(), (0, String::new()));
    fs::remove_dir(root.join(".well-known/other")).unwrap();
    fs::remove_dir(root.join(".well-known")).unwrap();
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0, "the root stays, empty");
    fs::remove_dir(&root).unwrap();
    assert_eq!(leave_root(&publisher).unwrap(), (0, String::new()));
}

#[test]
fn files_of_another_issuer_and_files_that_changed_stay() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path();
    let publisher = publish(root, "https://other.example.com");
    let (count, notes) = leave_root(&publisher).unwrap();
    assert!(count == 0 && notes.contains("of another issuer"), "{notes}");

    let root = root.join("ours");
    let publisher = publish(&root, issuer().as_str());
    let stale = leave_directory(&publisher, &publisher.leaving().unwrap(), &issuer()).unwrap();
    fs::write(root.join("openid/v1/jwks"), "theirs").unwrap();
    let refused = publisher.withdraw_now(&stale.changes[0]).unwrap_err();
    assert!(matches!(refused, DirectoryError::Raced { .. }), "{refused}");
    assert_eq!(fs::read(root.join("openid/v1/jwks")).unwrap(), b"theirs");
    let (count, notes) = leave_root(&publisher).unwrap();
    assert!(count == 1 && notes.contains("not JSON"), "{notes}");
    assert!(root.join("openid/v1/jwks").exists());
}

#[test]
fn symbolic_links_below_the_root_are_not_followed() {
    let temporary = tempfile::tempdir().unwrap();
    let elsewhere = temporary.path().join("elsewhere");
    publish(&elsewhere, issuer().as_str());
    // The root itself may be one, a document or a directory on the way to it may not.
    let root = temporary.path().join("www");
    fs::create_dir_all(root.join("openid/v1")).unwrap();
    symlink(elsewhere.join(".well-known"), root.join(".well-known")).unwrap();
    symlink(elsewhere.join("openid/v1/jwks"), root.join("openid/v1/jwks")).unwrap();
    let publisher = DirectoryPublisher::new(root.clone(), JwksPath::default());
    let (count, notes) = leave_root(&publisher).unwrap();
    assert_eq!(count, 0);
    assert!(
        notes.contains(".well-known is a symbolic link") && notes.contains("jwks is a symbolic"),
        "{notes}"
    );

    // A link that was put there after the look.
    let other = temporary.path().join("other");
    let publisher = publish(&other, issuer().as_str());
    let stale = leave_directory(&publisher, &publisher.leaving().unwrap(), &issuer()).unwrap();
    fs::remove_dir_all(other.join("openid")).unwrap();
    symlink(elsewhere.join("openid"), other.join("openid")).unwrap();
    let refused = publisher.withdraw_now(&stale.changes[0]).unwrap_err();
    assert!(matches!(refused, DirectoryError::Symlink { .. }), "{refused}");
    assert!(elsewhere.join("openid/v1/jwks").exists());

    let root = temporary.path().join("linked");
    symlink(&elsewhere, &root).unwrap();
    let publisher = DirectoryPublisher::new(root, JwksPath::default());
    assert_eq!(leave_root(&publisher).unwrap(), (2, String::new()));
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}
