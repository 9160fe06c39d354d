//! Looking where nothing can be seen: whatever is missing is said, and hides nothing else.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::path::Path;
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;
use issuer_discovery::{HttpsFetch, JwksPath, Transport, TransportOptions};
use issuer_doctor::{
    ClusterRequest, Fact, Group, KeyFacts, Keys, Outside, Report, Request, Status, TokenText, gather,
    load_keys,
};
use issuer_keygen::{Algorithm, KeyDir, KeyRecord, SigningKey};
use time::macros::datetime;

fn keys_in(directory: &Path) -> Fact<KeyFacts> {
    load_keys(Keys::Directory(KeyDir::new(directory.to_owned()))).0
}

fn request() -> Request {
    Request {
        issuer: "https://oidc.example.com".parse().unwrap(),
        jwks_path: JwksPath::default(),
        bucket: None,
        audience: "sts.amazonaws.com".parse().unwrap(),
        role: Some("arn:aws:iam::123456789012:role/demo".parse().unwrap()),
        service_account: None,
        token: Some(TokenText::new("a.b.c")),
        duration_seconds: None,
        assume_role: true,
        cluster: ClusterRequest::NotAsked,
        now: datetime!(2026-03-01 12:00 UTC),
    }
}

/// Nothing listens there, and there are no credentials.
fn nowhere() -> Outside {
    let options = TransportOptions {
        connect_to: vec!["::127.0.0.1:1".parse().unwrap()],
        ..TransportOptions::default()
    };
    Outside {
        fetch: HttpsFetch::new(Transport::new(options).unwrap()),
        aws: Err("no AWS region is set".to_owned()),
        path_style: false,
    }
}

#[tokio::test]
async fn without_network_and_credentials_the_rest_is_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let keys = directory.path().join("keys");
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    KeyDir::new(keys.clone()).create(&key, KeyRecord::default()).unwrap();
    let start = Instant::now();
    let facts = gather(&request(), keys_in(&keys), &nowhere()).await;
    assert!(start.elapsed() < Duration::from_secs(60), "a closed port is no reason to wait");
    assert!(!facts.public_look);
    let report = Report::of(&facts);
    let worst = |group| report.of_group(group).unwrap();
    assert_eq!(worst(Group::Keys), Status::Pass);
    assert_eq!(worst(Group::Documents), Status::Fail);
    assert_eq!(worst(Group::Token), Status::Fail);
    let line = |group| {
        let mut of = report.checks.iter().filter(|reported| reported.group == group);
        let (first, rest) = (of.next().unwrap(), of.count());
        assert_eq!((first.finding.status, rest), (Status::Skip, 0), "{first:?}");
        first.finding.actual.clone().unwrap()
    };
    for group in [Group::Provider, Group::Role] {
        assert_eq!(line(group), "no AWS region is set");
    }
    assert!(line(Group::Bucket).contains("--bucket"), "{}", line(Group::Bucket));
    assert!(line(Group::Cluster).contains("--cluster"));
    let reachable = report.checks.iter().find(|reported| reported.name == "documents/reachable").unwrap();
    assert_eq!((reachable.finding.status, reachable.finding.step), (Status::Fail, Some("reachable")));
}

#[tokio::test]
async fn a_proof_that_was_asked_for_and_cannot_be_given_is_a_failure() {
    let directory = tempfile::tempdir().unwrap();
    let base = request();
    let none = || keys_in(directory.path());
    let account = Some("default/demo".parse().unwrap());
    let key = SigningKey::generate(Algorithm::Es256).unwrap().public_key().clone();
    let nothing_listens = SdkConfig::builder()
        .region(Region::from_static("eu-west-1"))
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url("http://127.0.0.1:1")
        .build();
    let without_token = Request { token: None, ..base.clone() };
    let cases = [
        (base.clone(), none(), nowhere(), "no AWS region is set"),
        (base.clone(), none(), Outside { aws: Ok(nothing_listens), ..nowhere() }, "could not be asked"),
        (without_token.clone(), none(), nowhere(), "give --token FILE, or --service-account"),
        (
            Request { service_account: account.clone(), ..without_token.clone() },
            none(),
            nowhere(),
            "no private key",
        ),
        (
            Request { service_account: account, ..without_token.clone() },
            load_keys(Keys::Public(vec![key])).0,
            nowhere(),
            "without a key directory",
        ),
        (Request { role: None, ..base.clone() }, none(), nowhere(), "--role-arn"),
    ];
    for (request, keys, outside, words) in cases {
        let report = Report::of(&gather(&request, keys, &outside).await);
        let accepts = report.checks.iter().find(|reported| reported.name == "sts/accepts").unwrap();
        assert_eq!(accepts.finding.status, Status::Fail, "{words}: {accepts:?}");
        assert!(accepts.finding.actual.as_deref().unwrap().contains(words), "{words}: {accepts:?}");
        let agrees = report.checks.iter().find(|reported| reported.name == "sts/agrees").unwrap();
        assert_eq!(agrees.finding.status, Status::Skip, "{agrees:?}");
    }
    let unasked = Request { assume_role: false, ..without_token };
    assert_eq!(
        Report::of(&gather(&unasked, none(), &nowhere()).await).of_group(Group::Sts),
        Some(Status::Skip)
    );
}

#[tokio::test]
async fn a_key_directory_that_is_not_there_is_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let facts = gather(&request(), keys_in(&directory.path().join("keys")), &nowhere()).await;
    assert!(matches!(&facts.keys, Fact::Unknown(why) if why.contains("--public-key")), "{:?}", facts.keys);
}

#[test]
fn keys_are_loaded_once_and_the_private_one_is_handed_out() {
    let directory = tempfile::tempdir().unwrap();
    let keys = KeyDir::new(directory.path().join("keys"));
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    keys.create(&key, KeyRecord::default()).unwrap();
    let (facts, private) = load_keys(Keys::Directory(keys));
    assert!(facts.known().unwrap().loaded.as_ref().unwrap().private);
    assert_eq!(private.unwrap().public_key(), key.public_key());
    let (facts, private) = load_keys(Keys::Public(vec![key.public_key().clone()]));
    assert!(!facts.known().unwrap().loaded.as_ref().unwrap().private);
    assert!(private.is_none());
}
