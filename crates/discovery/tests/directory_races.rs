//! Many writers at once in one directory: every key that somebody was told is published stays.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::path::Path;

use issuer_discovery::{DirectoryError, DirectoryPublisher, Jwks, JwksPath, Site, diff_directory};

/// Adds one key to what is there, as a publisher does, again whenever somebody else was faster.
fn add(root: &Path, kid: usize) {
    let publisher = DirectoryPublisher::new(root.to_owned(), JwksPath::default());
    loop {
        let live = publisher.read_now().unwrap();
        let published = live.documents.jwks.as_ref().map(|jwks| jwks.bytes.clone());
        let keys = published.map_or_else(Jwks::default, |bytes| Jwks::parse(&bytes).unwrap());
        let text = keys
            .to_json()
            .replace("]}", &format!("{}{{\"kid\":\"{kid}\"}}]}}", if keys.is_empty() { "" } else { "," }));
        let keys = Jwks::parse(text.as_bytes()).unwrap();
        let site = Site::build(&"https://oidc.example.com".parse().unwrap(), &JwksPath::default(), &keys);
        let changes = diff_directory(root, &live, &site);
        match changes.iter().try_for_each(|change| publisher.apply_now(change)) {
            Ok(()) => return,
            Err(DirectoryError::Raced { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn no_writer_takes_away_what_another_has_published() {
    for _ in 0..10 {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path();
        std::thread::scope(|scope| {
            for kid in 0..6 {
                scope.spawn(move || add(root, kid));
            }
        });
        let bytes = std::fs::read(root.join("openid/v1/jwks")).unwrap();
        let keys = Jwks::parse(&bytes).unwrap();
        for kid in 0..6 {
            assert!(keys.find(&kid.to_string()).is_some(), "{kid} is lost: {}", keys.to_json());
        }
    }
}
