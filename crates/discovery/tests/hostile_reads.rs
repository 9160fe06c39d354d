//! Anonymous reads of servers that flood, drip, lie and redirect, over TLS as a relying party reads.

#![cfg(feature = "https")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[path = "support/server.rs"]
mod server;

use std::io::{self, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use issuer_discovery::{
    FETCH_TIMEOUT, Fetch as _, FetchError, Fetched, HttpsFetch, Jwks, JwksPath, Patience, Site, Transport,
    TransportOptions, read_back,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use server::{MEMORY_LIMIT_MIB, Server, Wire, chain, drip, flood, flood_in_chunks, peak_memory_mib, reply};

const HOST: &str = "oidc.example.com";
/// Long enough for everything that ends by itself.
const PATIENT: Duration = Duration::from_secs(5);
/// For what never ends.
const SHORT: Duration = Duration::from_millis(400);

/// Whom a server says it is: its certificate, its key, and the authority that clients are told to trust.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    ca_pem: String,
}

impl Identity {
    fn of(change: impl Fn(&mut CertificateParams)) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        // Each authority has a name of its own: otherwise a stranger's is only one whose signature is wrong.
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("authority {}", MADE.fetch_add(1, Ordering::Relaxed));
        authority.distinguished_name.push(DnType::CommonName, name);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        change(&mut leaf);
        let leaf = leaf.signed_by(&key, &authority).unwrap();
        Self { chain: vec![leaf.der().clone()], key: key_der(&key), ca_pem: authority.pem() }
    }

    fn good() -> Self {
        Self::of(|_| ())
    }
}

fn key_der(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(key.serialize_der()).unwrap()
}

type Answer = fn(&str, &mut dyn Write) -> io::Result<()>;

fn serve(identity: Identity, answer: Answer, limit: Duration) -> (Server, HttpsFetch) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .unwrap();
    let config = Arc::new(config);
    let wrap = move |stream: TcpStream| -> Option<Box<dyn Wire>> {
        let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).ok()?, stream);
        tls.conn.complete_io(&mut tls.sock).ok()?;
        Some(Box::new(tls))
    };
    let server = Server::start(wrap, answer);
    let fetch = fetch(&server, &identity.ca_pem, limit);
    (server, fetch)
}

fn fetch(server: &Server, ca_pem: &str, limit: Duration) -> HttpsFetch {
    let options = TransportOptions {
        ca_pem: Some(ca_pem.as_bytes().to_vec()),
        connect_to: vec![format!("::127.0.0.1:{}", server.address.port()).parse().unwrap()],
        ..TransportOptions::default()
    };
    HttpsFetch::new(Transport::new(options).unwrap().within(limit))
}

async fn read(answer: Answer, limit: Duration) -> Result<Fetched, FetchError> {
    let (_server, fetch) = serve(Identity::good(), answer, limit);
    fetch.get(&format!("https://{HOST}/openid/v1/jwks")).await
}

#[tokio::test]
async fn a_document_of_50_mb_is_given_up_early_however_it_is_sent() {
    let floods: [Answer; 4] = [
        |_, wire| flood(wire, "HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n", b" "),
        |_, wire| flood(wire, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"{\"keys\":["),
        |_, wire| flood_in_chunks(wire, "HTTP/1.1 200 OK\r\n", b' '),
        // An error's body is no document, and is not read further either.
        |_, wire| flood_in_chunks(wire, "HTTP/1.1 500 No\r\n", b'x'),
    ];
    for answer in floods {
        let error = read(answer, PATIENT).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { .. }), "{}", chain(&error));
        assert!(error.to_string().contains("sent more than 1048576 bytes"), "{error}");
    }
    assert!(peak_memory_mib() < MEMORY_LIMIT_MIB, "{} MiB", peak_memory_mib());
}

#[tokio::test]
async fn nothing_asks_for_compression_and_nothing_is_inflated() {
    // The beginning of a gzip stream; inflated it would not be these bytes.
    const SENT: &str = "\u{1f}not really gzip";
    let answer: Answer =
        |_, wire| reply(wire, 200, "Content-Encoding: gzip\r\nContent-Type: application/json\r\n", SENT);
    let (server, fetch) = serve(Identity::good(), answer, FETCH_TIMEOUT);
    let fetched = fetch.get(&format!("https://{HOST}/")).await.unwrap();
    assert_eq!(fetched.body, SENT.as_bytes());
    assert!(!server.heads()[0].to_ascii_lowercase().contains("accept-encoding"), "{}", server.heads()[0]);
}

#[tokio::test]
async fn heads_that_no_server_sends_are_refused() {
    let heads: [(Answer, &str); 5] = [
        (|_, wire| flood(wire, "HTTP/1.1 200 OK\r\nX: ", b"x"), "too large"),
        (|_, wire| flood(wire, "HTTP/1.1 200 OK\r\n", b"X: y\r\n"), "too large"),
        (
            |_, wire| {
                let headers: String = (0..10_000).map(|at| format!("X{at}: y\r\n")).collect();
                reply(wire, 200, &headers, "{}")
            },
            "too large",
        ),
        (|_, wire| reply(wire, 200, "Location: \x1b]0;owned\x07\r\n", ""), "invalid HTTP header"),
        (|_, wire| wire.write_all(b"\x1b[2JNOT HTTP AT ALL\r\n\r\n"), "invalid"),
    ];
    for (answer, reason) in heads {
        let error = read(answer, PATIENT).await.unwrap_err();
        assert!(matches!(error, FetchError::Broken { .. }), "{}", chain(&error));
        assert!(chain(&error).contains(reason), "{reason}: {}", chain(&error));
        assert!(!chain(&error).chars().any(char::is_control), "{:?}", chain(&error));
    }
    assert!(peak_memory_mib() < MEMORY_LIMIT_MIB, "{} MiB", peak_memory_mib());
}

#[tokio::test]
async fn lengths_that_lie_make_no_document() {
    let lies: [Answer; 4] = [
        |_, wire| wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"),
        |_, wire| wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
        |_, wire| wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
        |_, wire| wire.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n"),
    ];
    for answer in lies {
        let error = read(answer, PATIENT).await.unwrap_err();
        assert!(matches!(error, FetchError::Broken { .. }), "{}", chain(&error));
    }
    // More than was announced: the rest is not part of the document, nor of the next one.
    let answer: Answer = |_, wire| {
        wire.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad",
        )
    };
    let (server, fetch) = serve(Identity::good(), answer, FETCH_TIMEOUT);
    for _ in 0..2 {
        assert_eq!(fetch.get(&format!("https://{HOST}/")).await.unwrap().body, b"{}");
    }
    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn a_server_that_drips_ends_at_the_bound() {
    let drips: [Answer; 5] = [
        |_, wire| {
            wire.write_all(b"HTTP/1.1 200 ")?;
            drip(wire, b"O")
        },
        |_, wire| {
            wire.write_all(b"HTTP/1.1 200 OK\r\nX: ")?;
            drip(wire, b"x")
        },
        |_, wire| {
            wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")?;
            drip(wire, b" ")
        },
        |_, wire| {
            wire.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            drip(wire, b"1\r\n \r\n")
        },
        // Answers that come before the answer.
        |_, wire| drip(wire, &b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000)),
    ];
    for answer in drips {
        let (server, fetch) = serve(Identity::good(), answer, SHORT);
        let error = fetch.get(&format!("https://{HOST}/")).await.unwrap_err();
        assert!(matches!(error, FetchError::Timeout { .. }), "{}", chain(&error));
        assert!(error.to_string().ends_with("did not answer within 0.4 s"), "{error}");
        assert_eq!(server.heads().len(), 1, "it was not the drip that was waited for");
    }
    assert!(peak_memory_mib() < MEMORY_LIMIT_MIB, "{} MiB", peak_memory_mib());
}

#[tokio::test]
async fn a_handshake_that_drips_ends_at_the_bound() {
    // The beginning of a record of 16 KiB, and then a byte now and then.
    let server = Server::start(
        |mut stream| {
            let _ = stream.write_all(b"\x16\x03\x03\x40\x00\x02").and_then(|()| drip(&mut stream, b"\0"));
            None
        },
        |_, _| Ok(()),
    );
    let fetch = fetch(&server, &Identity::good().ca_pem, SHORT);
    let error = fetch.get(&format!("https://{HOST}/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { .. }), "{}", chain(&error));
}

#[tokio::test]
async fn a_redirect_is_never_followed_and_the_message_says_where_it_leads() {
    let table: [(Answer, &str); 5] = [
        (
            |_, wire| reply(wire, 301, "Location: http://oidc.example.com/x\r\n", ""),
            "http://oidc.example.com/x",
        ),
        (|_, wire| reply(wire, 302, "Location: file:///etc/shadow\r\n", ""), "file:///etc/shadow"),
        (
            |_, wire| reply(wire, 307, "Location: http://169.254.169.254/latest\r\n", ""),
            "http://169.254.169.254/latest",
        ),
        (
            |_, wire| reply(wire, 308, "Location: https://elsewhere.example/\r\n", ""),
            "https://elsewhere.example/",
        ),
        (
            |_, wire| reply(wire, 303, "Location: //elsewhere.example\r\nRefresh: 0; url=/x\r\n", ""),
            "//elsewhere.example",
        ),
    ];
    let issuer = format!("https://{HOST}").parse().unwrap();
    let site = Site::build(&issuer, &JwksPath::default(), &Jwks::default());
    for (answer, target) in table {
        let (server, fetch) = serve(Identity::good(), answer, FETCH_TIMEOUT);
        let once = Patience { limit: Duration::ZERO, ..Patience::default() };
        let error = read_back(&fetch, &site, once, &|_| {}, async |_| {}).await.unwrap_err();
        assert!(error.to_string().ends_with(&format!("a redirect to {target}")), "{error}");
        // The two documents, and nothing after them: with --connect-to every host would have led here.
        assert_eq!(server.heads().len(), 2, "{:?}", server.heads());
    }
}

#[tokio::test]
async fn certificates_that_do_not_fit_are_refused_with_the_reason() {
    let never: Answer = |_, wire| reply(wire, 200, "", "{}");
    let self_signed = {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![HOST.to_owned()]).unwrap().self_signed(&key).unwrap();
        Identity { chain: vec![leaf.der().clone()], key: key_der(&key), ca_pem: Identity::good().ca_pem }
    };
    let stranger = Identity { ca_pem: Identity::good().ca_pem, ..Identity::good() };
    let table = [
        (Identity::of(|leaf| leaf.not_after = date_time_ymd(2020, 1, 1)), "expired"),
        (Identity::of(|leaf| leaf.not_before = date_time_ymd(2999, 1, 1)), "not valid yet"),
        (
            Identity::of(|leaf| *leaf = CertificateParams::new(vec!["a.example".into()]).unwrap()),
            "not valid for name",
        ),
        (
            Identity::of(|leaf| *leaf = CertificateParams::new(vec!["*.com".into()]).unwrap()),
            "not valid for name",
        ),
        (self_signed, "UnknownIssuer"),
        (stranger, "UnknownIssuer"),
    ];
    for (identity, reason) in table {
        let (server, fetch) = serve(identity, never, FETCH_TIMEOUT);
        let error = fetch.get(&format!("https://{HOST}/")).await.unwrap_err();
        assert!(chain(&error).contains(reason), "{reason}: {}", chain(&error));
        // Who looks at them is told, and nothing is asked for either.
        let seen = fetch.certificates(&format!("https://{HOST}/")).await.unwrap();
        let why = seen.verified.unwrap_err();
        assert!(why.contains(reason), "{reason}: {why}");
        assert!(!seen.public);
        assert_eq!(server.heads().len(), 0, "a request was sent all the same");
    }
}

#[tokio::test]
async fn certificates_are_told_as_they_were_sent_with_the_thumbprint_that_openssl_names() {
    let identity = Identity::good();
    let sent = identity.chain.clone();
    let (server, fetch) = serve(identity, |_, _| Ok(()), FETCH_TIMEOUT);
    let seen = fetch.certificates(&format!("https://{HOST}/openid/v1/jwks")).await.unwrap();
    assert_eq!((&seen.verified, seen.public), (&Ok(()), false));
    assert_eq!(seen.chain, sent.iter().map(|der| der.to_vec()).collect::<Vec<_>>());
    assert_eq!(seen.thumbprint().unwrap(), openssl_sha1(sent.last().unwrap()));
    assert_eq!(server.heads().len(), 0);

    // A host that nobody listens at, and a URL that is none.
    drop(server);
    let nobody = Transport::new(TransportOptions {
        connect_to: vec!["::127.0.0.1:1".parse().unwrap()],
        ca_pem: Some(Identity::good().ca_pem.into_bytes()),
        ..TransportOptions::default()
    });
    let nobody = HttpsFetch::new(nobody.unwrap());
    let error = nobody.certificates(&format!("https://{HOST}/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Broken { .. }), "{}", chain(&error));
    let error = nobody.certificates(&format!("http://{HOST}/")).await.unwrap_err();
    assert!(matches!(error, FetchError::NotHttps { .. }), "{}", chain(&error));
}

fn openssl_sha1(der: &[u8]) -> String {
    let mut openssl = Command::new("openssl")
        .args(["x509", "-inform", "DER", "-noout", "-fingerprint", "-sha1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    openssl.stdin.take().unwrap().write_all(der).unwrap();
    let said = String::from_utf8(openssl.wait_with_output().unwrap().stdout).unwrap();
    said.trim().rsplit('=').next().unwrap().replace(':', "").to_lowercase()
}
