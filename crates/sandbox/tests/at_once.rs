//! Two changes of one thing at once: the first is held by the hook while the second comes.

// The lint spares tests, but not what they share.
#![allow(clippy::unwrap_used)]

mod clients;

use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use issuer_sandbox::{AccessKey, Config, Disturbance, Fault, Sandbox};
use tokio::sync::{Notify, Semaphore};

const SLOW: (&str, &str) = ("SLOWKEY", "slow-secret");

/// A sandbox that holds the calls of one key.
struct Held {
    sandbox: Sandbox,
    came: Arc<Semaphore>,
    go: Arc<Notify>,
}

impl Held {
    async fn start() -> Self {
        let (came, go) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
        let (tell, gate) = (Arc::clone(&came), Arc::clone(&go));
        let disturbance = Disturbance::new(move |call| {
            let (tell, gate) = (Arc::clone(&tell), Arc::clone(&gate));
            async move {
                if call.access_key_id.as_deref() == Some(SLOW.0) {
                    tell.add_permits(1);
                    gate.notified().await;
                }
                Fault::None
            }
        });
        let more_access_keys = vec![AccessKey { id: SLOW.0.to_owned(), secret: SLOW.1.to_owned() }];
        let config = Config { disturbance: Some(disturbance), more_access_keys, ..Config::default() };
        Self { sandbox: Sandbox::start(config).await.unwrap(), came, go }
    }

    async fn came(&self) {
        self.came.acquire().await.unwrap().forget();
    }
}

fn body(text: &str) -> ByteStream {
    ByteStream::from(text.as_bytes().to_vec())
}

#[tokio::test]
async fn two_changes_of_one_provider() {
    let held = Held::start().await;
    let (fast, slow) = (clients::iam(&held.sandbox), clients::iam_of(&held.sandbox, SLOW));
    let arn = |name: &str| format!("arn:aws:iam::123456789012:oidc-provider/{name}");
    for name in ["a.example", "b.example"] {
        let create = fast.create_open_id_connect_provider().url(format!("https://{name}"));
        create.thumbprint_list("a".repeat(40)).send().await.unwrap();
    }
    let add = |client: &aws_sdk_iam::Client, name, id| {
        let add = client.add_client_id_to_open_id_connect_provider();
        add.open_id_connect_provider_arn(arn(name)).client_id(id).send()
    };
    let first = tokio::spawn(add(&slow, "a.example", "slow"));
    held.came().await;
    let refused = add(&fast, "a.example", "fast").await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("ConcurrentModification"));
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 409);
    // Another provider, and a look at this one, are not concerned.
    add(&fast, "b.example", "fast").await.unwrap();
    let get = || fast.get_open_id_connect_provider().open_id_connect_provider_arn(arn("a.example")).send();
    assert!(get().await.unwrap().client_id_list().is_empty());
    held.go.notify_one();
    first.await.unwrap().unwrap();
    add(&fast, "a.example", "fast").await.unwrap();
    assert_eq!(get().await.unwrap().client_id_list(), ["slow", "fast"]);

    // Made twice at once.
    let create = |client: &aws_sdk_iam::Client| {
        let create = client.create_open_id_connect_provider().url("https://c.example");
        create.thumbprint_list("a".repeat(40)).send()
    };
    let first = tokio::spawn(create(&slow));
    held.came().await;
    let refused = create(&fast).await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("ConcurrentModification"));
    held.go.notify_one();
    first.await.unwrap().unwrap();
    let refused = create(&fast).await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("EntityAlreadyExists"));
}

#[tokio::test]
async fn two_changes_of_one_role() {
    let held = Held::start().await;
    let (fast, slow) = (clients::iam(&held.sandbox), clients::iam_of(&held.sandbox, SLOW));
    let create = |client: &aws_sdk_iam::Client, name: &str| {
        let trust = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}"#;
        client.create_role().role_name(name).assume_role_policy_document(trust).send()
    };
    let first = tokio::spawn(create(&slow, "a"));
    held.came().await;
    let refused = create(&fast, "a").await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("ConcurrentModification"));
    create(&fast, "b").await.unwrap();
    held.go.notify_one();
    first.await.unwrap().unwrap();
    let update = |client: &aws_sdk_iam::Client| client.update_role().role_name("a").description("x").send();
    let first = tokio::spawn(update(&slow));
    held.came().await;
    // The model knows it of some calls only.
    update(&fast).await.unwrap();
    let tags = aws_sdk_iam::types::Tag::builder().key("k").value("v").build().unwrap();
    let refused = fast.tag_role().role_name("a").tags(tags).send().await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("ConcurrentModification"));
    held.go.notify_one();
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn two_conditional_writes_of_one_key() {
    let held = Held::start().await;
    let (fast, slow) = (clients::s3(&held.sandbox, None), clients::s3(&held.sandbox, Some(SLOW)));
    fast.create_bucket().bucket("a-bucket").send().await.unwrap();
    let create = |client: &aws_sdk_s3::Client, text| {
        client.put_object().bucket("a-bucket").key("k").if_none_match("*").body(body(text)).send()
    };
    let first = tokio::spawn(create(&slow, "slow"));
    held.came().await;
    let refused = create(&fast, "fast").await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("ConditionalRequestConflict"));
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 409);
    // Without a condition nobody is asked: and then the held one comes too late.
    fast.put_object().bucket("a-bucket").key("k").body(body("plain")).send().await.unwrap();
    held.go.notify_one();
    let late = first.await.unwrap().unwrap_err();
    assert_eq!(clients::code(&late).as_deref(), Some("PreconditionFailed"));
}

#[tokio::test]
async fn a_deletion_comes_between() {
    let held = Held::start().await;
    let (fast, slow) = (clients::s3(&held.sandbox, None), clients::s3(&held.sandbox, Some(SLOW)));
    fast.create_bucket().bucket("a-bucket").send().await.unwrap();
    let key = "a key/ü";
    fast.put_object().bucket("a-bucket").key(key).body(body("1")).send().await.unwrap();
    let create = || slow.put_object().bucket("a-bucket").key(key).if_none_match("*").body(body("2")).send();
    let first = tokio::spawn(create());
    held.came().await;
    fast.delete_object().bucket("a-bucket").key(key).send().await.unwrap();
    held.go.notify_one();
    let refused = first.await.unwrap().unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("ConditionalRequestConflict"));
    let again = tokio::spawn(create());
    held.came().await;
    held.go.notify_one();
    again.await.unwrap().unwrap();
}

#[tokio::test]
async fn two_who_make_one_bucket() {
    let held = Held::start().await;
    let (fast, slow) = (clients::s3(&held.sandbox, None), clients::s3(&held.sandbox, Some(SLOW)));
    let first = tokio::spawn(slow.create_bucket().bucket("a-bucket").send());
    held.came().await;
    let refused = fast.create_bucket().bucket("a-bucket").send().await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("OperationAborted"));
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 409);
    fast.create_bucket().bucket("b-bucket").send().await.unwrap();
    held.go.notify_one();
    first.await.unwrap().unwrap();
}
