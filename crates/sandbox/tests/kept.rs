//! The state in a directory: what comes back, what is refused, and what nobody else may read.

// The lint spares tests, but not what they share.
#![allow(clippy::unwrap_used)]

mod clients;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use issuer_sandbox::{Config, Sandbox, SandboxError};

async fn start(directory: &Path) -> Result<Sandbox, SandboxError> {
    Sandbox::start(Config { state: Some(directory.to_owned()), ..Config::default() }).await
}

#[tokio::test]
async fn what_was_made_is_there_again() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("deep/state");
    let first = start(&directory).await.unwrap();
    let s3 = clients::s3(&first, None);
    s3.create_bucket().bucket("a-bucket").send().await.unwrap();
    let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    s3.put_bucket_versioning().bucket("a-bucket").versioning_configuration(enabled).send().await.unwrap();
    let put = |s3: aws_sdk_s3::Client, bytes: &'static [u8]| async move {
        let put = s3.put_object().bucket("a-bucket").key("k").content_type("application/json");
        put.body(ByteStream::from_static(bytes)).send().await.unwrap().version_id.unwrap()
    };
    let one = put(s3, b"\x00\xff one").await;
    let create = clients::iam(&first).create_open_id_connect_provider().url("https://a.example");
    create.thumbprint_list("a".repeat(40)).client_id_list("x").send().await.unwrap();
    let create = clients::iam(&first).create_role().role_name("r").path("/p/");
    let trust = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}"#;
    create.assume_role_policy_document(trust).send().await.unwrap();
    let identity = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let create = clients::iam(&first).create_policy().policy_name("p").policy_document(identity);
    create.send().await.unwrap();
    let (state, ca) = (first.state(), first.ca_pem().to_owned());
    assert_eq!(state["roles"]["r"]["trust"], trust);
    assert_eq!(state["policies"].as_object().unwrap().len(), 1);
    first.stop().await;

    let again = start(&directory).await.unwrap();
    assert_eq!(again.state(), state);
    assert_eq!(again.ca_pem(), ca);
    let s3 = clients::s3(&again, None);
    let got = s3.get_object().bucket("a-bucket").key("k").send().await.unwrap();
    assert_eq!(got.content_type(), Some("application/json"));
    assert_eq!(got.body.collect().await.unwrap().into_bytes().as_ref(), b"\x00\xff one");
    // Ids of versions go on where they were.
    assert_ne!(put(s3, b"two").await, one);

    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for file in std::fs::read_dir(&directory).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn what_an_earlier_version_kept_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let state = r#"{"buckets":{},"account_block":null,"providers":{}}"#;
    let text = format!(
        r#"{{"version":1,"account":"123456789012","partition":"aws","next_thing":7,"state":{state}}}"#
    );
    std::fs::write(directory.path().join("state.json"), text).unwrap();
    let sandbox = start(directory.path()).await.unwrap();
    assert!(clients::iam(&sandbox).list_roles().send().await.unwrap().roles().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sandboxes_never_share_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let first = start(directory.path()).await.unwrap();
    // A client that keeps its connection does not keep the directory.
    let s3 = clients::s3(&first, None);
    s3.create_bucket().bucket("a-bucket").send().await.unwrap();
    let second = start(directory.path()).await.unwrap_err();
    assert!(matches!(second, SandboxError::StateInUse { .. }), "{second}");
    first.stop().await;
    let third = start(directory.path()).await.unwrap();
    assert!(third.state()["buckets"].get("a-bucket").is_some());
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_left_alone() {
    let newer = r#"{"version":2,"anything":[]}"#;
    let other = r#"{"version":1,"account":"999999999999","partition":"aws","next_thing":1,
        "state":{"buckets":{},"account_block":null,"providers":{}}}"#;
    let unknown = other.replace("999999999999", "123456789012").replace("buckets", "pails");
    let table = [
        ("state.json", "", "is not a sandbox's state, or is damaged"),
        ("state.json", "{\"version\":1", "is not a sandbox's state, or is damaged"),
        ("state.json", "[]", "is not a sandbox's state, or is damaged"),
        ("state.json", &unknown, "is not a sandbox's state, or is damaged"),
        ("state.json", newer, "was written by a newer version"),
        ("state.json", other, "keeps account 999999999999"),
        ("authority.pem", "-----BEGIN CERTIFICATE-----", "does not hold the sandbox's certificate authority"),
    ];
    for (file, contents, words) in table {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(file);
        std::fs::write(&path, contents).unwrap();
        let refused = start(directory.path()).await.unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), contents);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(matches!(start(file.path()).await, Err(SandboxError::StateDirectory { .. })));
}

#[tokio::test]
async fn what_cannot_be_saved_is_not_said_to_be_done() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    let sandbox = start(&path).await.unwrap();
    let s3 = clients::s3(&sandbox, None);
    std::fs::remove_dir_all(&path).unwrap();
    let refused = s3.create_bucket().bucket("a-bucket").send().await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("InternalError"));
    // Nor is it read: what is answered is kept.
    assert!(s3.list_buckets().send().await.is_err());
    std::fs::create_dir(&path).unwrap();
    assert_eq!(s3.list_buckets().send().await.unwrap().buckets().len(), 1);
}

#[tokio::test]
async fn a_trace_has_a_line_for_each_call_and_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trace");
    std::fs::write(&path, "of another run").unwrap();
    let config = Config {
        trace: Some(path.clone()),
        disturbance: Some(issuer_sandbox::Disturbance::new(|call| async move {
            let cut = call.call == "s3 PUT b-bucket";
            if cut { issuer_sandbox::Fault::CutAfter } else { issuer_sandbox::Fault::None }
        })),
        ..Config::default()
    };
    let sandbox = Sandbox::start(config).await.unwrap();
    let s3 = clients::s3(&sandbox, None);
    s3.create_bucket().bucket("a-bucket").send().await.unwrap();
    s3.list_objects_v2().bucket("a-bucket").prefix("hidden").send().await.unwrap();
    assert!(s3.create_bucket().bucket("b-bucket").send().await.is_err());
    assert_eq!(clients::anonymously(&sandbox, "/a-bucket/k").await, 403);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let lines = lines.collect::<Vec<_>>();
    let shown = lines.iter().map(|line| {
        let text = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
        assert!(line["start_us"].as_u64().unwrap() <= line["end_us"].as_u64().unwrap());
        let status = line["status"].as_u64().unwrap_or_default();
        (line["number"].as_u64().unwrap(), text("call"), text("operation"), status, text("fault"))
    });
    let line = |number, call: &str, operation: &str, status, fault: &str| {
        (number, call.to_owned(), operation.to_owned(), status, fault.to_owned())
    };
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            line(1, "s3 PUT a-bucket", "s3:CreateBucket", 200, "-"),
            line(2, "s3 GET a-bucket?list-type&prefix", "s3:ListObjectsV2", 200, "-"),
            line(3, "s3 PUT b-bucket", "s3:CreateBucket", 0, "cut-after"),
            line(4, "s3 GET a-bucket/k", "s3:GetObject", 403, "-"),
        ]
    );
    assert_eq!(lines[0]["access_key_id"], "SANDBOXEXAMPLEKEYID0");
    assert_eq!(lines[3]["access_key_id"], serde_json::Value::Null);
    assert!(lines[2]["status"].is_null());
    for secret in ["hidden", "sandbox-example-secret", "Signature"] {
        assert!(!text.contains(secret), "{secret}");
    }
}
