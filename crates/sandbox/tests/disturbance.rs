//! The hook: each fault as a client sees it, and what the sandbox remembers afterwards.

// The lint spares tests, but not what they share.
#![allow(clippy::unwrap_used)]

mod clients;

use std::sync::{Arc, Mutex};

use aws_sdk_s3::primitives::ByteStream;
use issuer_sandbox::{AccessKey, Answered, Config, Disturbance, Fault, Observer, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// A sandbox in which calls of one name meet a fault, and the record of all that it was told.
async fn disturbed(name: &'static str, fault: Fault) -> (Sandbox, Arc<Mutex<Vec<Answered>>>) {
    let decide = move |call: issuer_sandbox::Arrived| {
        let fault = if call.call == name { fault.clone() } else { Fault::None };
        async move { fault }
    };
    start(Disturbance::new(decide)).await
}

async fn start(disturbance: Disturbance) -> (Sandbox, Arc<Mutex<Vec<Answered>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let config = Config {
        disturbance: Some(disturbance),
        observer: Some(Observer::new(move |call| sink.lock().unwrap().push(call))),
        more_access_keys: vec![AccessKey { id: "SECONDKEY".to_owned(), secret: "second-secret".to_owned() }],
        ..Config::default()
    };
    (Sandbox::start(config).await.unwrap(), seen)
}

fn body(text: &str) -> ByteStream {
    ByteStream::from(text.as_bytes().to_vec())
}

#[tokio::test]
async fn a_refusal_is_in_the_services_own_form() {
    let refuse = |status, code: &str, message: &str| Fault::Refuse {
        status,
        code: code.to_owned(),
        message: message.to_owned(),
    };
    let (sandbox, seen) =
        disturbed("s3 PUT a-bucket", refuse(503, "SlowDown", "Please reduce your request rate.")).await;
    let s3 = clients::s3(&sandbox, None);
    let refused = s3.create_bucket().bucket("a-bucket").send().await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("SlowDown"));
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 503);
    assert_eq!(sandbox.state()["buckets"], serde_json::json!({}));
    let told = seen.lock().unwrap()[0].clone();
    assert_eq!((told.status, told.fault, told.operation.as_str()), (503, Some("refuse"), "unknown"));
    assert!(told.arrived <= told.answered);

    let throttle = refuse(400, "Throttling", "Rate exceeded");
    let (sandbox, _) = disturbed("iam ListOpenIDConnectProviders", throttle).await;
    let refused = clients::iam(&sandbox).list_open_id_connect_providers().send().await.unwrap_err();
    assert_eq!(clients::code(&refused).as_deref(), Some("Throttling"));

    let (sandbox, _) = disturbed("s3 HEAD a-bucket/k", refuse(500, "InternalError", "x")).await;
    let head = clients::s3(&sandbox, None).head_object().bucket("a-bucket").key("k").send().await;
    assert_eq!(head.unwrap_err().raw_response().unwrap().status().as_u16(), 500);
}

#[tokio::test]
async fn a_cut_connection_has_no_answer_and_tells_nothing_of_what_was_done() {
    for (fault, name, made) in [
        (Fault::CutBefore, "cut-before", false),
        (Fault::CutAfter, "cut-after", true),
        // A bucket that was made is answered without a body.
        (Fault::CutInBody, "cut-in-body", true),
    ] {
        let (sandbox, seen) = disturbed("s3 PUT a-bucket", fault).await;
        let cut = clients::s3(&sandbox, None).create_bucket().bucket("a-bucket").send().await.unwrap_err();
        assert!(cut.raw_response().is_none(), "{name}: {cut:?}");
        assert_eq!(sandbox.state()["buckets"].get("a-bucket").is_some(), made, "{name}");
        let told = seen.lock().unwrap()[0].clone();
        assert_eq!((told.fault, told.status), (Some(name), if made { 200 } else { 0 }));
    }
}

#[tokio::test]
async fn a_body_is_cut_in_the_middle() {
    let (sandbox, _) = disturbed("s3 GET a-bucket/k", Fault::CutInBody).await;
    let s3 = clients::s3(&sandbox, None);
    s3.create_bucket().bucket("a-bucket").send().await.unwrap();
    s3.put_object().bucket("a-bucket").key("k").body(body("0123456789")).send().await.unwrap();
    let got = s3.get_object().bucket("a-bucket").key("k").send().await.unwrap();
    assert_eq!(got.content_length(), Some(10));
    let mut whole = Vec::new();
    let mut stream = got.body.into_async_read();
    assert!(stream.read_to_end(&mut whole).await.is_err());
    assert_eq!(whole, b"01234");
}

#[tokio::test]
async fn the_end_of_a_cut_connection_is_a_reset() {
    let (sandbox, _) = disturbed("s3 GET a-bucket", Fault::CutBefore).await;
    let address = sandbox.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /a-bucket HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let error = stream.read(&mut [0; 16]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn silence_lasts_until_the_client_goes_away_or_the_sandbox_stops() {
    for carried_out in [false, true] {
        let (sandbox, seen) = disturbed("s3 PUT a-bucket", Fault::Silent { carried_out }).await;
        let s3 = clients::s3(&sandbox, None);
        let call = tokio::spawn(s3.create_bucket().bucket("a-bucket").send());
        while seen.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(!call.is_finished());
        assert_eq!(sandbox.state()["buckets"].get("a-bucket").is_some(), carried_out);
        sandbox.stop().await;
        assert!(call.await.unwrap().is_err());
    }
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_silence() {
    let (sandbox, seen) = disturbed("s3 GET a-bucket", Fault::Silent { carried_out: true }).await;
    let address = sandbox.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /a-bucket HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    while seen.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    stream.shutdown().await.unwrap();
    let error = stream.read(&mut [0; 16]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_stale_read_is_one_change_late() {
    let (sandbox, _) = disturbed("s3 GET a-bucket/k", Fault::Stale).await;
    let s3 = clients::s3(&sandbox, None);
    s3.create_bucket().bucket("a-bucket").send().await.unwrap();
    let read = || async {
        let got = s3.get_object().bucket("a-bucket").key("k").send().await?;
        Ok::<_, aws_sdk_s3::Error>(got.body.collect().await.unwrap().into_bytes())
    };
    s3.put_object().bucket("a-bucket").key("k").body(body("one")).send().await.unwrap();
    assert!(read().await.unwrap_err().to_string().contains("NoSuchKey"));
    s3.put_object().bucket("a-bucket").key("k").body(body("two")).send().await.unwrap();
    for _ in 0..2 {
        assert_eq!(read().await.unwrap(), "one");
    }
    assert_eq!(
        sandbox.state()["buckets"]["a-bucket"]["objects"]["k"][0]["content"]["object"]["body"],
        "dHdv"
    );
}

#[tokio::test]
async fn a_change_is_never_stale() {
    let (sandbox, seen) = disturbed("s3 PUT a-bucket/k", Fault::Stale).await;
    let s3 = clients::s3(&sandbox, None);
    s3.create_bucket().bucket("a-bucket").send().await.unwrap();
    s3.put_object().bucket("a-bucket").key("k").body(body("one")).send().await.unwrap();
    let got = s3.get_object().bucket("a-bucket").key("k").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), "one");
    assert_eq!(seen.lock().unwrap()[1].fault, Some("stale"));
}

#[tokio::test]
async fn a_call_is_held_as_long_as_the_hook_likes() {
    let go = Arc::new(Notify::new());
    let gate = Arc::clone(&go);
    let disturbance = Disturbance::new(move |call| {
        let gate = Arc::clone(&gate);
        async move {
            if call.access_key_id.as_deref() == Some("SECONDKEY") {
                gate.notified().await;
            }
            Fault::None
        }
    });
    let (sandbox, seen) = start(disturbance).await;
    let second = clients::s3(&sandbox, Some(("SECONDKEY", "second-secret")));
    let held = tokio::spawn(second.create_bucket().bucket("b-bucket").send());
    let first = clients::s3(&sandbox, None);
    first.create_bucket().bucket("a-bucket").send().await.unwrap();
    assert!(!held.is_finished());
    assert!(sandbox.state()["buckets"].get("b-bucket").is_none());
    go.notify_one();
    held.await.unwrap().unwrap();
    let seen = seen.lock().unwrap().clone();
    let keys = seen.iter().map(|told| told.access_key_id.as_deref().unwrap()).collect::<Vec<_>>();
    assert_eq!(keys, ["SANDBOXEXAMPLEKEYID0", "SECONDKEY"]);
    assert_eq!(seen[1].operation, "s3:CreateBucket");
    assert_eq!(seen[1].call, "s3 PUT b-bucket");

    // A key that is not known, and one whose secret is not.
    for (key, expected) in
        [(("THIRDKEY", "x"), "InvalidAccessKeyId"), (("SECONDKEY", "x"), "SignatureDoesNotMatch")]
    {
        go.notify_one();
        let refused = clients::s3(&sandbox, Some(key)).list_buckets().send().await.unwrap_err();
        assert_eq!(clients::code(&refused).as_deref(), Some(expected));
    }
}
