//! Clients of AWS's SDK for a sandbox, and a bare one: nothing is tried twice.

// Each test file has its own copy, and none uses all of it.
#![allow(clippy::unwrap_used, dead_code)]

use aws_sdk_iam as iam;
use aws_sdk_s3 as s3;
use issuer_discovery::{Transport, TransportOptions};
use issuer_sandbox::Sandbox;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An S3 client, path style, with this key or the sandbox's own.
pub(crate) fn s3(sandbox: &Sandbox, key: Option<(&str, &str)>) -> s3::Client {
    let (id, secret) = key.map_or_else(|| own(sandbox), |(id, secret)| (id.to_owned(), secret.to_owned()));
    s3_with(sandbox, (&id, &secret, None))
}

fn s3_with(sandbox: &Sandbox, (id, secret, token): (&str, &str, Option<String>)) -> s3::Client {
    let config = s3::Config::builder()
        .behavior_version(s3::config::BehaviorVersion::latest())
        .http_client(transport().sdk_client())
        .endpoint_url(sandbox.endpoint())
        .force_path_style(true)
        .region(s3::config::Region::new("us-east-1"))
        .retry_config(s3::config::retry::RetryConfig::disabled())
        .credentials_provider(s3::config::Credentials::new(id, secret, token, None, "test"))
        .build();
    s3::Client::from_conf(config)
}

/// An IAM client.
pub(crate) fn iam(sandbox: &Sandbox) -> iam::Client {
    let (id, secret) = own(sandbox);
    iam_with(sandbox, (&id, &secret, None))
}

/// An IAM client with this key.
pub(crate) fn iam_of(sandbox: &Sandbox, (id, secret): (&str, &str)) -> iam::Client {
    iam_with(sandbox, (id, secret, None))
}

/// Clients with temporary credentials: access key, secret, token.
pub(crate) fn in_session(sandbox: &Sandbox, [id, secret, token]: &[String; 3]) -> (iam::Client, s3::Client) {
    let token = || Some(token.clone());
    (iam_with(sandbox, (id, secret, token())), s3_with(sandbox, (id, secret, token())))
}

fn iam_with(sandbox: &Sandbox, (id, secret, token): (&str, &str, Option<String>)) -> iam::Client {
    let config = iam::Config::builder()
        .behavior_version(iam::config::BehaviorVersion::latest())
        .http_client(transport().sdk_client())
        .endpoint_url(sandbox.endpoint())
        .region(iam::config::Region::new("us-east-1"))
        .retry_config(iam::config::retry::RetryConfig::disabled())
        .credentials_provider(iam::config::Credentials::new(id, secret, token, None, "test"))
        .build();
    iam::Client::from_conf(config)
}

/// The status of a GET that nobody signed.
pub(crate) async fn anonymously(sandbox: &Sandbox, path: &str) -> u16 {
    let address = sandbox.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap()
}

/// The code of a refusal, or nothing when the call was not answered.
pub(crate) fn code<E, R>(error: &iam::error::SdkError<E, R>) -> Option<String>
where
    iam::error::SdkError<E, R>: iam::error::ProvideErrorMetadata,
{
    use iam::error::ProvideErrorMetadata as _;
    error.code().map(str::to_owned)
}

fn own(sandbox: &Sandbox) -> (String, String) {
    let environment = sandbox.environment(std::path::Path::new("ca.pem"));
    let value = |name: &str| environment.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"))
}

fn transport() -> Transport {
    Transport::new(TransportOptions::default()).unwrap()
}
