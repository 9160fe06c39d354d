//! What AWS makes true in its own time, with a clock that the test turns.

// The lint spares tests, but not what they share.
#![allow(clippy::unwrap_used)]

mod clients;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use issuer_sandbox::{Clock, Config, Sandbox};

const DELAY: Duration = Duration::from_secs(60);

struct Turned {
    sandbox: Sandbox,
    ahead: Arc<AtomicU64>,
}

impl Turned {
    async fn start() -> Self {
        let ahead = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&ahead);
        // It stands still but for the test, and is near enough to the clients' for their signatures.
        let now = SystemTime::now();
        let clock = Clock::new(move || now + Duration::from_secs(read.load(Ordering::SeqCst)));
        let config = Config { propagation: Some(DELAY), clock, ..Config::default() };
        Self { sandbox: Sandbox::start(config).await.unwrap(), ahead }
    }

    fn pass(&self, time: Duration) {
        self.ahead.fetch_add(time.as_secs(), Ordering::SeqCst);
    }
}

fn open() -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration::builder()
        .block_public_policy(false)
        .restrict_public_buckets(false)
        .build()
}

fn policy(bucket: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"a","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{bucket}/*"}}]}}"#
    )
}

#[tokio::test]
async fn an_opened_block_and_a_policy_take_their_time_and_objects_do_not() {
    let turned = Turned::start().await;
    let s3 = clients::s3(&turned.sandbox, None);
    s3.create_bucket().bucket("a-bucket").send().await.unwrap();
    s3.put_object().bucket("a-bucket").key("k").body(ByteStream::from_static(b"1")).send().await.unwrap();
    // Strongly consistent.
    assert_eq!(s3.get_object().bucket("a-bucket").key("k").send().await.unwrap().content_length(), Some(1));

    let put_policy = || s3.put_bucket_policy().bucket("a-bucket").policy(policy("a-bucket")).send();
    s3.put_public_access_block()
        .bucket("a-bucket")
        .public_access_block_configuration(open())
        .send()
        .await
        .unwrap();
    let shown = s3.get_public_access_block().bucket("a-bucket").send().await.unwrap();
    assert_eq!(shown.public_access_block_configuration.unwrap().block_public_policy, Some(false));
    let refused = put_policy().await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("AccessDenied"));
    turned.pass(DELAY - Duration::from_secs(1));
    put_policy().await.unwrap_err();
    turned.pass(Duration::from_secs(1));
    put_policy().await.unwrap();
    assert!(s3.get_bucket_policy().bucket("a-bucket").send().await.is_ok());

    let read = || clients::anonymously(&turned.sandbox, "/a-bucket/k");
    assert_eq!(read().await, 403);
    turned.pass(DELAY);
    assert_eq!(read().await, 200);

    // A new object of a bucket that is public is public.
    s3.put_object().bucket("a-bucket").key("l").body(ByteStream::from_static(b"2")).send().await.unwrap();
    assert_eq!(clients::anonymously(&turned.sandbox, "/a-bucket/l").await, 200);
    s3.delete_bucket_policy().bucket("a-bucket").send().await.unwrap();
    assert_eq!(read().await, 200);
    turned.pass(DELAY);
    assert_eq!(read().await, 403);
}

#[tokio::test]
async fn a_bucket_that_takes_the_place_of_another_inherits_nothing() {
    let turned = Turned::start().await;
    let s3 = clients::s3(&turned.sandbox, None);
    let create = || s3.create_bucket().bucket("a-bucket").send();
    create().await.unwrap();
    s3.put_public_access_block()
        .bucket("a-bucket")
        .public_access_block_configuration(open())
        .send()
        .await
        .unwrap();
    turned.pass(DELAY);
    s3.put_bucket_policy().bucket("a-bucket").policy(policy("a-bucket")).send().await.unwrap();
    turned.pass(DELAY);
    s3.delete_bucket().bucket("a-bucket").send().await.unwrap();
    // It is gone, still listed, and its name is not free yet.
    assert!(s3.head_bucket().bucket("a-bucket").send().await.is_err());
    assert_eq!(s3.list_buckets().send().await.unwrap().buckets().len(), 1);
    let refused = create().await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("OperationAborted"));
    turned.pass(DELAY);
    assert!(s3.list_buckets().send().await.unwrap().buckets().is_empty());
    create().await.unwrap();
    s3.put_object().bucket("a-bucket").key("k").body(ByteStream::from_static(b"1")).send().await.unwrap();
    assert_eq!(clients::anonymously(&turned.sandbox, "/a-bucket/k").await, 403);
}

#[tokio::test]
async fn iam_shows_nothing_before_its_time() {
    let turned = Turned::start().await;
    let iam = clients::iam(&turned.sandbox);
    let create = || {
        let create = iam.create_open_id_connect_provider().url("https://a.example");
        create.thumbprint_list("a".repeat(40)).send()
    };
    let arn = create().await.unwrap().open_id_connect_provider_arn.unwrap();
    let get = || iam.get_open_id_connect_provider().open_id_connect_provider_arn(&arn).send();
    let refused = get().await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("NoSuchEntity"));
    let listed = || async {
        iam.list_open_id_connect_providers().send().await.unwrap().open_id_connect_provider_list().len()
    };
    assert_eq!(listed().await, 0);
    // Who writes is told the truth.
    let refused = create().await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("EntityAlreadyExists"));
    iam.add_client_id_to_open_id_connect_provider()
        .open_id_connect_provider_arn(&arn)
        .client_id("one")
        .send()
        .await
        .unwrap();
    turned.pass(DELAY);
    assert_eq!((get().await.unwrap().client_id_list(), listed().await), (&["one".to_owned()][..], 1));
    iam.delete_open_id_connect_provider().open_id_connect_provider_arn(&arn).send().await.unwrap();
    assert!(get().await.is_ok());
    turned.pass(DELAY);
    assert!(get().await.is_err());
}
