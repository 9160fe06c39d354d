//! The sandbox from outside, over a bare HTTP client: it starts, answers, refuses, is observed, and stops.

// The lint spares tests, but not what they share.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use issuer_sandbox::{Answered, Clock, Config, Observer, Sandbox, SandboxError};
use tokio::net::TcpStream;

async fn ask(sandbox: &Sandbox, request: http::request::Builder, body: &'static str) -> Response<String> {
    let address: SocketAddr = sandbox.endpoint().strip_prefix("http://").unwrap().parse().unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request: Request<Full<Bytes>> =
        request.header("host", address.to_string()).body(Full::from(body)).unwrap();
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn it_answers_is_observed_and_stops() {
    let seen = Arc::new(Mutex::new(Vec::<Answered>::new()));
    let sink = Arc::clone(&seen);
    let observer = Observer::new(move |call| sink.lock().unwrap().push(call));
    let config =
        Config { observer: Some(observer), latency: Some(Duration::from_millis(1)), ..Config::default() };
    let sandbox = Sandbox::start(config).await.unwrap();

    let missing = ask(&sandbox, Request::get("/no-such-bucket/key"), "").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert!(missing.body().contains("<Code>NoSuchBucket</Code>"), "{}", missing.body());
    assert_eq!(missing.headers()["x-amz-request-id"].len(), 16);

    let form = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    let unsigned = ask(&sandbox, form, "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert_eq!(unsigned.status(), StatusCode::FORBIDDEN);
    assert!(unsigned.body().contains("<Code>MissingAuthenticationToken</Code>"), "{}", unsigned.body());

    let elsewhere = ask(&sandbox, Request::builder().method("CONNECT").uri("example.com:443"), "").await;
    assert_eq!(elsewhere.status(), StatusCode::FORBIDDEN);

    let seen = seen.lock().unwrap().clone();
    let seen =
        seen.iter().map(|call| (call.number, call.operation.as_str(), call.status)).collect::<Vec<_>>();
    assert_eq!(seen, [(1, "s3:GetObject", 404), (2, "sts:GetCallerIdentity", 403)]);

    let address = sandbox.public_address();
    sandbox.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_environment_leads_to_it() {
    let sandbox =
        Sandbox::start(Config { region: "eu-west-1".to_owned(), ..Config::default() }).await.unwrap();
    let environment = sandbox.environment(Path::new("/tmp/ca.crt"));
    let value =
        |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    assert_eq!(value("AWS_REGION"), Some("eu-west-1"));
    assert_eq!(value("AWS_DEFAULT_REGION"), Some("eu-west-1"));
    assert_eq!(value("HTTPS_PROXY"), Some(sandbox.endpoint()));
    assert_eq!(value("AWS_CA_BUNDLE"), Some("/tmp/ca.crt"));
    assert_eq!(value("AWS_EC2_METADATA_DISABLED"), Some("true"));
    assert!(sandbox.public_endpoint().starts_with("https://127.0.0.1:"));
    assert!(sandbox.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let open = Config { listen: "0.0.0.0:0".parse().unwrap(), ..Config::default() };
    assert!(matches!(Sandbox::start(open).await, Err(SandboxError::NotLoopback { .. })));
    let account = Config { account: "12345".to_owned(), ..Config::default() };
    assert!(matches!(Sandbox::start(account).await, Err(SandboxError::Account { .. })));
    let region = Config { region: "nowhere".to_owned(), ..Config::default() };
    assert!(matches!(Sandbox::start(region).await, Err(SandboxError::Region(_))));

    let first = Sandbox::start(Config::default()).await.unwrap();
    let taken = Config { listen: first.public_address(), ..Config::default() };
    assert!(matches!(Sandbox::start(taken).await, Err(SandboxError::Listen { .. })));
}

#[tokio::test]
async fn its_clock_is_the_one_it_was_given() {
    // 2015-08-30T12:36:00Z: the time of AWS's published examples.
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
    let config = Config {
        clock: Clock::new(move || time),
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        ..Config::default()
    };
    let sandbox = Sandbox::start(config).await.unwrap();
    // The signature is not right for this host; that it is looked at at all is the clock's doing.
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/sts/aws4_request, \
        SignedHeaders=host;x-amz-date, Signature=0";
    let signed = |date| {
        let form = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
        form.header("x-amz-date", date).header("authorization", authorization)
    };
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let now = ask(&sandbox, signed("20150830T123600Z"), body).await;
    assert!(now.body().contains("The request signature we calculated does not match"), "{}", now.body());
    let early = ask(&sandbox, signed("20150830T125101Z"), body).await;
    let text = "Signature not yet current: 20150830T125101Z is still later than 20150830T125100Z (20150830T123600Z + 15 min.)";
    assert!(early.body().contains(text), "{}", early.body());
    let late = ask(&sandbox, signed("20150830T122059Z"), body).await;
    let text = "Signature expired: 20150830T122059Z is now earlier than 20150830T122100Z (20150830T123600Z - 15 min.)";
    assert!(late.body().contains(text), "{}", late.body());
}
