//! Publishing to a directory: whole files, readable by a web server, nothing of anybody's overwritten.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use issuer_discovery::{
    DirectoryError, DirectoryPublisher, Jwks, JwksPath, PublishChange, Replaces, Site, diff_directory,
};

fn site(kid: &str) -> Site {
    let keys = Jwks::parse(format!("{{\"keys\":[{{\"kid\":\"{kid}\"}}]}}").as_bytes()).unwrap();
    Site::build(&"https://oidc.example.com".parse().unwrap(), &JwksPath::default(), &keys)
}

fn publisher(root: &std::path::Path) -> DirectoryPublisher {
    DirectoryPublisher::new(root.to_owned(), JwksPath::default())
}

fn publish(root: &std::path::Path, site: &Site) -> Result<usize, DirectoryError> {
    let publisher = publisher(root);
    let changes = diff_directory(root, &publisher.read_now()?, site);
    for change in &changes {
        publisher.apply_now(change)?;
    }
    Ok(changes.len())
}

#[test]
fn a_tree_is_made_for_a_web_server_to_read_and_then_left_alone() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("www/issuer");
    assert_eq!(publish(&root, &site("a")).unwrap(), 3);
    assert_eq!(publish(&root, &site("a")).unwrap(), 0);
    for (path, mode) in [("", 0o755), (".well-known", 0o755), ("openid/v1/jwks", 0o644)] {
        assert_eq!(fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o777, mode, "{path}");
    }
    assert_eq!(fs::read(root.join("openid/v1/jwks")).unwrap(), site("a").jwks().bytes);
    assert_eq!(publish(&root, &site("b")).unwrap(), 1);
    let left: Vec<_> = fs::read_dir(root.join("openid/v1")).unwrap().collect();
    assert_eq!(left.len(), 1, "no temporary file stays");
}

#[test]
fn what_somebody_else_wrote_meanwhile_is_not_overwritten() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path();
    publish(root, &site("a")).unwrap();
    let publisher = publisher(root);
    let stale = diff_directory(root, &publisher.read_now().unwrap(), &site("b"));
    fs::write(root.join("openid/v1/jwks"), "theirs").unwrap();
    assert!(matches!(publisher.apply_now(&stale[0]), Err(DirectoryError::Raced { .. })));
    let object = site("c").jwks().clone();
    let create = PublishChange::Object { object, replaces: Replaces::Nothing };
    assert!(matches!(publisher.apply_now(&create), Err(DirectoryError::Raced { .. })));
    assert_eq!(fs::read(root.join("openid/v1/jwks")).unwrap(), b"theirs");
}

#[test]
fn links_and_things_that_are_no_documents_are_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path();
    fs::create_dir_all(root.join("openid/v1")).unwrap();
    let elsewhere = root.join("elsewhere");
    symlink(&elsewhere, root.join("openid/v1/jwks")).unwrap();
    assert!(matches!(publish(root, &site("a")), Err(DirectoryError::Symlink { .. })));
    assert!(!elsewhere.exists());
    fs::remove_file(root.join("openid/v1/jwks")).unwrap();
    fs::create_dir(root.join("openid/v1/jwks")).unwrap();
    assert!(matches!(publish(root, &site("a")), Err(DirectoryError::NotADocument { .. })));
    fs::remove_dir(root.join("openid/v1/jwks")).unwrap();
    fs::write(root.join("openid/v1/jwks"), vec![b' '; (1 << 20) + 1]).unwrap();
    assert!(matches!(publish(root, &site("a")), Err(DirectoryError::NotADocument { .. })));
}
