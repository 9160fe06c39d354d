//! IAM and STS over the real transport, against an endpoint that floods, drips, redirects and lies.

#![cfg(feature = "iam")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[path = "../../discovery/tests/support/server.rs"]
mod server;

use std::io::{self, Write};
use std::time::Duration;

use aws_sdk_iam::config::retry::RetryConfig;
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use issuer_discovery::{Patience, Transport, TransportOptions};
use issuer_registrar::{Account, ProviderClient, RegisterError, caller_account};
use server::{MEMORY_LIMIT_MIB, ROOT, Server, chain, drip, flood, flood_in_chunks, peak_memory_mib, reply};

type Answer = fn(&str, &mut dyn Write) -> io::Result<()>;

fn config(server: &Server, limit: Duration) -> SdkConfig {
    let options = TransportOptions { ca_pem: Some(ROOT.as_bytes().to_vec()), ..TransportOptions::default() };
    let credentials = Credentials::new("EXAMPLE", "example", None, None, "test");
    let retries = RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(1));
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .region(Region::new("eu-west-1"))
        .endpoint_url(server.endpoint())
        .http_client(Transport::new(options).unwrap().within(limit).sdk_client())
        .retry_config(retries)
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .build()
}

/// What both services make of the same answer: IAM's provider, and STS's caller.
async fn ask(server: &Server, limit: Duration) -> [RegisterError; 2] {
    let config = config(server, limit);
    let account = Account::of_caller("123456789012", "arn:aws:iam::123456789012:root").unwrap();
    let issuer = "https://oidc.example.com/c1".parse().unwrap();
    let iam = ProviderClient::new(&config, &account, &issuer, Patience::default());
    [iam.read().await.unwrap_err(), caller_account(&config).await.unwrap_err()]
}

#[tokio::test]
async fn answers_of_50_mb_are_given_up_early_and_the_error_says_so() {
    let floods: [Answer; 4] = [
        |_, wire| flood_in_chunks(wire, "HTTP/1.1 200 OK\r\n", b' '),
        |_, wire| flood_in_chunks(wire, "HTTP/1.1 500 No\r\n", b'<'),
        |_, wire| flood(wire, "HTTP/1.1 403 No\r\nContent-Length: 52428800\r\n\r\n", b"<ErrorResponse>"),
        |_, wire| {
            flood(wire, "HTTP/1.1 400 No\r\nConnection: close\r\n\r\n<ErrorResponse><Error><Message>", b"no ")
        },
    ];
    for answer in floods {
        let server = Server::plain(answer);
        for error in ask(&server, Duration::from_secs(30)).await {
            assert!(chain(&error).contains("more than 2097152 bytes"), "{}", chain(&error));
        }
        assert!(server.heads().len() <= 4, "asked {} times", server.heads().len());
    }
    assert!(peak_memory_mib() < MEMORY_LIMIT_MIB, "{} MiB", peak_memory_mib());
}

#[tokio::test]
async fn an_endpoint_that_drips_ends_at_the_bound() {
    let drips: [(Answer, &str); 3] = [
        (|_, wire| drip(wire, b"HTTP/1.1 103 Early Hints\r\n\r\n"), "no answer in time"),
        (
            |_, wire| {
                wire.write_all(b"HTTP/1.1 200 OK\r\nX: ")?;
                drip(wire, b"x")
            },
            "no answer in time",
        ),
        (
            |_, wire| {
                wire.write_all(b"HTTP/1.1 403 No\r\nContent-Length: 100000\r\n\r\n")?;
                drip(wire, b"<")
            },
            "the answer was not whole within 0.4 s",
        ),
    ];
    for (answer, reason) in drips {
        let server = Server::plain(answer);
        for error in ask(&server, Duration::from_millis(400)).await {
            assert!(chain(&error).contains(reason), "{}", chain(&error));
        }
    }
}

#[tokio::test]
async fn a_redirect_is_never_followed_with_the_signature_of_a_call() {
    let redirects: [Answer; 3] = [
        |_, wire| reply(wire, 301, "Location: http://169.254.169.254/latest\r\n", ""),
        |_, wire| reply(wire, 307, "Location: /elsewhere\r\n", ""),
        |_, wire| reply(wire, 308, "Location: file:///etc/shadow\r\n", ""),
    ];
    for (answer, status) in redirects.into_iter().zip(["HTTP 301", "HTTP 307", "HTTP 308"]) {
        let server = Server::plain(answer);
        for error in ask(&server, Duration::from_secs(30)).await {
            assert!(chain(&error).contains(status), "{}", chain(&error));
        }
        assert!(server.heads().iter().all(|head| head.starts_with("POST / ")), "{:?}", server.heads());
    }
}

#[tokio::test]
async fn hostile_words_in_an_answer_are_shown_as_plain_text() {
    const ESCAPE: &str = "&#27;]0;owned&#7;&#10;&#13;\u{9b}31m";
    let server = Server::plain(|_, wire| {
        let body = format!("<Type>Sender</Type><Code>A{ESCAPE}</Code><Message>{ESCAPE}</Message>");
        reply(wire, 400, "", &format!("<ErrorResponse><Error>{body}</Error></ErrorResponse>"))
    });
    for error in ask(&server, Duration::from_secs(30)).await {
        assert!(!chain(&error).chars().any(char::is_control), "{:?}", chain(&error));
    }

    // An identity that is none is quoted in the error.
    let server = Server::plain(|_, wire| {
        let identity = format!("<Account>{ESCAPE}</Account><Arn>arn:{ESCAPE}:iam</Arn>");
        let result = format!("<GetCallerIdentityResult>{identity}</GetCallerIdentityResult>");
        reply(wire, 200, "", &format!("<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>"))
    });
    let error = caller_account(&config(&server, Duration::from_secs(30))).await.unwrap_err();
    assert!(!chain(&error).chars().any(char::is_control), "{:?}", chain(&error));
}
