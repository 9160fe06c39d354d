//! The SDK over the real transport, against an endpoint that floods, drips, redirects and repeats hostile words.

#![cfg(feature = "s3")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[path = "support/server.rs"]
mod server;

use std::io::{self, Write};
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use issuer_discovery::{
    BucketError, BucketPlace, JwksPath, Patience, PublishChange, Publisher as _, S3Publisher, Transport,
    TransportOptions,
};
use server::{MEMORY_LIMIT_MIB, ROOT, Server, chain, drip, flood, flood_in_chunks, peak_memory_mib, reply};

/// How often the SDK may try; it has to end by itself.
const TRIES: u32 = 2;

type Answer = fn(&str, &mut dyn Write) -> io::Result<()>;

/// A publisher whose S3 and S3 Control are this server.
fn publisher(server: &Server, limit: Duration) -> S3Publisher {
    let options = TransportOptions {
        ca_pem: Some(ROOT.as_bytes().to_vec()),
        endpoint_host: Some("127.0.0.1".to_owned()),
        ..TransportOptions::default()
    };
    let transport = Transport::new(options).unwrap().within(limit);
    let credentials = Credentials::new("EXAMPLE", "example", None, None, "test");
    let retries =
        RetryConfig::standard().with_max_attempts(TRIES).with_initial_backoff(Duration::from_millis(1));
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .region(Region::new("eu-west-1"))
        .endpoint_url(server.endpoint())
        .http_client(transport.sdk_client())
        .retry_config(retries)
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .build();
    let place = BucketPlace {
        bucket: "my-bucket".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        prefix: "c1".parse().unwrap(),
        jwks_path: JwksPath::default(),
    };
    let patience = Patience { limit: Duration::ZERO, ..Patience::default() };
    S3Publisher::new(&config, "123456789012", place, true, patience)
}

/// A bucket that is there and has nothing, but for what `answer` says of requests whose line has `part`.
fn bucket_but(part: &'static str, answer: Answer) -> Server {
    Server::plain(move |head, wire| {
        let line = head.lines().next().unwrap();
        if line.contains(part) {
            answer(head, wire)
        } else if line.starts_with("HEAD") {
            reply(wire, 200, "", "")
        } else {
            reply(wire, 404, "", "<Error><Code>NoSuchThing</Code><Message>none</Message></Error>")
        }
    })
}

async fn read(server: &Server, limit: Duration) -> BucketError {
    publisher(server, limit).read().await.unwrap_err()
}

#[tokio::test]
async fn answers_of_50_mb_are_given_up_early_and_the_error_says_so() {
    let floods: [(&str, Answer, &str); 6] = [
        ("?policy", |_, wire| flood_in_chunks(wire, "HTTP/1.1 200 OK\r\n", b' '), "more than 2097152 bytes"),
        (
            "?policy",
            |_, wire| flood(wire, "HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n", b"[[[["),
            "more than 2097152 bytes",
        ),
        (
            "?policy",
            |_, wire| {
                flood(wire, "HTTP/1.1 403 No\r\nConnection: close\r\n\r\n<Error><Message>", b"AccessDenied ")
            },
            "more than 2097152 bytes",
        ),
        ("?tagging", |_, wire| flood_in_chunks(wire, "HTTP/1.1 500 No\r\n", b'<'), "more than 2097152 bytes"),
        (
            "openid/v1/jwks",
            |_, wire| flood_in_chunks(wire, "HTTP/1.1 200 OK\r\n", b' '),
            "larger than a document",
        ),
        (
            "openid/v1/jwks",
            |_, wire| flood(wire, "HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n", b" "),
            "larger than a document",
        ),
    ];
    for (part, answer, reason) in floods {
        let server = bucket_but(part, answer);
        let error = read(&server, Duration::from_secs(30)).await;
        assert!(chain(&error).contains(reason), "{part}: {}", chain(&error));
        let asked = server.heads().iter().filter(|head| head.lines().next().unwrap().contains(part)).count();
        assert!(asked <= TRIES as usize, "{part} was asked {asked} times");
    }
    assert!(peak_memory_mib() < MEMORY_LIMIT_MIB, "{} MiB", peak_memory_mib());
}

#[tokio::test]
async fn a_refused_write_with_an_error_of_50_mb_is_told_of() {
    let server = Server::plain(|_, wire| {
        flood_in_chunks(wire, "HTTP/1.1 403 Forbidden\r\nx-amz-request-id: R1\r\n", b'x')
    });
    let publisher = publisher(&server, Duration::from_secs(30));
    let error = publisher.apply(&PublishChange::Versioning, &|_| {}).await.unwrap_err();
    let text = chain(&error);
    assert!(text.contains("s3:PutBucketVersioning") && text.contains("arn:aws:s3:::my-bucket"), "{text}");
    assert!(text.contains("HTTP 403") && text.contains("more than 2097152 bytes"), "{text}");
    assert!(peak_memory_mib() < MEMORY_LIMIT_MIB, "{} MiB", peak_memory_mib());
}

#[tokio::test]
async fn heads_without_end_are_refused() {
    let heads: [Answer; 2] = [
        |_, wire| flood(wire, "HTTP/1.1 200 OK\r\nX: ", b"x"),
        |_, wire| reply(wire, 200, &(0..10_000).map(|at| format!("X{at}: y\r\n")).collect::<String>(), "{}"),
    ];
    for answer in heads {
        let server = bucket_but("?policy", answer);
        let text = chain(&read(&server, Duration::from_secs(30)).await);
        assert!(text.contains("too large"), "{text}");
    }
    assert!(peak_memory_mib() < MEMORY_LIMIT_MIB, "{} MiB", peak_memory_mib());
}

#[tokio::test]
async fn an_endpoint_that_drips_ends_at_the_bound() {
    let drips: [(&str, Answer, &str); 5] = [
        ("?policy", |_, wire| drip(wire, b""), "no answer in time"),
        (
            "?policy",
            |_, wire| {
                wire.write_all(b"HTTP/1.1 200 OK\r\nX: ")?;
                drip(wire, b"x")
            },
            "no answer in time",
        ),
        ("?policy", |_, wire| drip(wire, b"HTTP/1.1 100 Continue\r\n\r\n"), "no answer in time"),
        (
            "?policy",
            |_, wire| {
                wire.write_all(b"HTTP/1.1 403 No\r\nContent-Length: 100000\r\n\r\n")?;
                drip(wire, b"<")
            },
            "the answer was not whole within 0.4 s",
        ),
        // An object is not read by the SDK but by us, as long as bytes come.
        (
            "openid/v1/jwks",
            |_, wire| {
                wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")?;
                drip(wire, b" ")
            },
            "the answer was not whole within 0.4 s",
        ),
    ];
    for (part, answer, reason) in drips {
        let server = bucket_but(part, answer);
        let text = chain(&read(&server, Duration::from_millis(400)).await);
        assert!(text.contains(reason), "{part}: {text}");
    }
}

#[tokio::test]
async fn a_redirect_of_an_endpoint_is_never_followed() {
    let redirects: [Answer; 4] = [
        |_, wire| reply(wire, 301, "Location: http://169.254.169.254/latest/meta-data\r\n", ""),
        |_, wire| reply(wire, 302, "Location: file:///etc/shadow\r\n", ""),
        |_, wire| {
            reply(wire, 307, "Location: /elsewhere\r\n", "<Error><Code>TemporaryRedirect</Code></Error>")
        },
        |_, wire| reply(wire, 308, "Location: https://elsewhere.example/\r\n", ""),
    ];
    for (answer, status) in redirects.into_iter().zip(["HTTP 301", "HTTP 302", "HTTP 307", "HTTP 308"]) {
        let server = Server::plain(answer);
        let publisher = publisher(&server, Duration::from_secs(30));
        let error = publisher.apply(&PublishChange::Versioning, &|_| {}).await.unwrap_err();
        assert!(chain(&error).contains(status), "{}", chain(&error));
        for head in server.heads() {
            assert!(head.starts_with("PUT /my-bucket/?versioning"), "{head}");
        }
    }
}

#[tokio::test]
async fn nothing_asks_for_compression() {
    let server = bucket_but("?policy", |_, wire| {
        reply(wire, 200, "Content-Encoding: gzip\r\n", "\u{1f}not really gzip")
    });
    let error = read(&server, Duration::from_secs(30)).await;
    assert!(matches!(error, BucketError::Policy { .. }), "{}", chain(&error));
    for head in server.heads() {
        let accepts = head.lines().find(|line| line.to_ascii_lowercase().starts_with("accept-encoding"));
        assert!(accepts.is_none_or(|line| line.ends_with("identity")), "{head}");
    }
}

#[tokio::test]
async fn hostile_words_in_an_answer_are_shown_as_plain_text() {
    let escape = "&#27;]0;owned&#7;&#10;&#13;\u{9b}31m";
    let server = Server::plain(move |_, wire| {
        let headers = "x-amz-request-id: R\t1\r\nx-amz-bucket-region: x\r\n";
        let body = format!("<Error><Code>A{escape}</Code><Message>{escape}</Message></Error>");
        reply(wire, 400, headers, &body)
    });
    let publisher = publisher(&server, Duration::from_secs(30));
    for error in [
        publisher.apply(&PublishChange::Versioning, &|_| {}).await.unwrap_err(),
        publisher.read().await.unwrap_err(),
    ] {
        assert!(!chain(&error).chars().any(char::is_control), "{:?}", chain(&error));
    }
}
