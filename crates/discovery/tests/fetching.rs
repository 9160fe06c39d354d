//! Anonymous reads against servers that behave, and against servers that do not.

#![cfg(feature = "https")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use issuer_discovery::{
    Fetch as _, FetchError, HttpsFetch, Jwks, JwksPath, Patience, ReadBackError, Site, Transport,
    TransportOptions, read_back,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const HOST: &str = "oidc.example.com";

/// A TLS server that sends one answer to everyone, then closes or stalls.
struct Server {
    address: SocketAddr,
    ca_pem: String,
}

async fn serve(
    certificate_name: &str,
    answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    stall: bool,
) -> Server {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![certificate_name.to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, answer) = (acceptor.clone(), Arc::clone(&answer));
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let line =
                    String::from_utf8_lossy(&request[..length]).lines().next().unwrap_or("").to_owned();
                let _ = stream.write_all(&answer(&line)).await;
                if stall {
                    std::future::pending::<()>().await;
                }
                let _ = stream.shutdown().await;
            });
        }
    });
    Server { address, ca_pem: authority.pem() }
}

fn options(server: &Server) -> TransportOptions {
    TransportOptions {
        ca_pem: Some(server.ca_pem.clone().into_bytes()),
        connect_to: vec![format!("::127.0.0.1:{}", server.address.port()).parse().unwrap()],
        ..TransportOptions::default()
    }
}

fn fetch(options: TransportOptions) -> HttpsFetch {
    HttpsFetch::new(Transport::new(options).unwrap())
}

fn ok(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn a_document_is_read_and_the_call_is_told_without_values_of_its_query() {
    let server = serve(HOST, |_| ok("{}"), false).await;
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    let observer = move |call: &issuer_discovery::Call| seen.lock().unwrap().push(call.clone());
    let fetch = fetch(TransportOptions { observer: Some(Arc::new(observer)), ..options(&server) });
    let fetched = fetch.get(&format!("https://{HOST}/c1?token=secret")).await.unwrap();
    assert_eq!((fetched.status, fetched.body.as_slice()), (200, b"{}".as_slice()));
    assert_eq!(fetched.content_type.as_deref(), Some("application/json"));
    let calls = calls.lock().unwrap();
    assert_eq!(calls[0].url, format!("https://{HOST}/c1?token"));
    assert_eq!(calls[0].status, Some(200));
}

#[tokio::test]
async fn a_certificate_for_another_name_or_of_another_authority_is_refused() {
    let server = serve("other.example.com", |_| ok("{}"), false).await;
    let error = fetch(options(&server)).get(&format!("https://{HOST}/")).await.unwrap_err();
    assert!(chain(&error).contains("not valid for name"), "{}", chain(&error));
    let stranger = serve(HOST, |_| ok("{}"), false).await;
    let wrong = TransportOptions { ca_pem: Some(server.ca_pem.into_bytes()), ..options(&stranger) };
    let error = fetch(wrong).get(&format!("https://{HOST}/")).await.unwrap_err();
    assert!(chain(&error).contains("certificate"), "{}", chain(&error));
}

#[tokio::test]
async fn only_where_nobody_listens_is_an_issuer_unreachable() {
    let get = async |options: TransportOptions| {
        let fetch = HttpsFetch::new(Transport::new(options).unwrap());
        fetch.get(&format!("https://{HOST}/")).await.unwrap_err()
    };
    let nobody = TransportOptions {
        connect_to: vec!["::127.0.0.1:1".parse().unwrap()],
        ca_pem: Some(serve(HOST, |_| Vec::new(), false).await.ca_pem.into_bytes()),
        ..TransportOptions::default()
    };
    let error = get(nobody).await;
    assert!(error.is_unreachable(), "{error:?}");

    let stranger = serve("other.example.com", |_| Vec::new(), false).await;
    let silent = serve(HOST, |_| Vec::new(), false).await;
    let breaks_off =
        serve(HOST, |_| b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".to_vec(), false).await;
    let other_authority = TransportOptions { ca_pem: options(&silent).ca_pem, ..options(&breaks_off) };
    // Plain text where TLS is spoken: the one who answers is not known, but somebody does.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = TransportOptions {
        connect_to: vec![format!("::127.0.0.1:{}", listener.local_addr().unwrap().port()).parse().unwrap()],
        ..options(&silent)
    };
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").await;
        std::future::pending::<()>().await;
    });
    for options in [options(&stranger), options(&silent), options(&breaks_off), other_authority, plain] {
        let error = get(options).await;
        assert!(matches!(error, FetchError::Broken { .. }) && !error.is_unreachable(), "{error:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let answer =
        b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n";
    let server = serve(HOST, |_| answer.to_vec(), false).await;
    let fetched = fetch(options(&server)).get(&format!("https://{HOST}/")).await.unwrap();
    assert_eq!(fetched.status, 302);
    assert_eq!(fetched.location.as_deref(), Some("http://169.254.169.254/latest"));
}

#[tokio::test]
async fn only_https_is_read() {
    let fetch = fetch(TransportOptions::default());
    for url in ["http://127.0.0.1/", "file:///etc/passwd", "ftp://h/", "/relative", ""] {
        assert!(matches!(fetch.get(url).await, Err(FetchError::NotHttps { .. })), "{url}");
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let server = serve(HOST, |_| ok(&"x".repeat((1 << 20) + 1)), false).await;
    let error = fetch(options(&server)).get(&format!("https://{HOST}/")).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_stalls_is_given_up() {
    let server = serve(HOST, |_| b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{".to_vec(), true).await;
    let error = fetch(options(&server)).get(&format!("https://{HOST}/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn the_proxy_is_used_for_names_and_never_for_loopback() {
    let server = serve(HOST, |_| ok("{}"), false).await;
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy_address = proxy.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (seen, target) = (Arc::clone(&asked), server.address);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = proxy.accept().await.unwrap();
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.unwrap();
            seen.lock().unwrap().push(String::from_utf8_lossy(&head[..length]).into_owned());
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut upstream = TcpStream::connect(target).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut stream, &mut upstream).await });
        }
    });
    let through = TransportOptions {
        ca_pem: Some(server.ca_pem.clone().into_bytes()),
        https_proxy: Some(format!("http://user:word@{proxy_address}")),
        ..TransportOptions::default()
    };
    let fetch = fetch(through);
    assert_eq!(fetch.get(&format!("https://{HOST}/")).await.unwrap().status, 200);
    // The certificate does not fit the address, but the connection goes straight there.
    assert!(fetch.get(&format!("https://{}/", server.address)).await.is_err());
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with(&format!("CONNECT {HOST}:443 ")), "{}", asked[0]);
    assert!(
        asked[0].to_ascii_lowercase().contains("proxy-authorization: basic dxnlcjp3b3jk"),
        "{}",
        asked[0]
    );
}

#[tokio::test]
async fn a_read_back_names_the_first_difference_and_the_status() {
    let site =
        Site::build(&format!("https://{HOST}").parse().unwrap(), &JwksPath::default(), &Jwks::default());
    let (jwks, discovery) = (site.jwks().bytes.clone(), site.discovery().bytes.clone());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (jwks, discovery) = (text(jwks), text(discovery));
    let good = jwks.clone();
    let server =
        serve(HOST, move |line| ok(if line.contains("jwks") { &good } else { &discovery }), false).await;
    assert!(look(&server, &site).await.is_ok());
    let other = jwks.replace('k', "q");
    let document = text(site.discovery().bytes.clone());
    let server =
        serve(HOST, move |line| ok(if line.contains("jwks") { &other } else { &document }), false).await;
    let error = look(&server, &site).await.unwrap_err();
    assert!(matches!(error, ReadBackError::Differs { at: 2, .. }), "{error}");
    let server =
        serve(HOST, |_| b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_vec(), false).await;
    let error = look(&server, &site).await.unwrap_err();
    assert!(matches!(error, ReadBackError::Status { status: 403, .. }), "{error}");
}

#[tokio::test]
async fn a_read_back_looks_again_until_patience_ends() {
    let site =
        Site::build(&format!("https://{HOST}").parse().unwrap(), &JwksPath::default(), &Jwks::default());
    let server =
        serve(HOST, |_| b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(), false).await;
    let patience = Patience { limit: Duration::from_secs(60), first_pause: Duration::from_secs(1) };
    let slept = Mutex::new(Duration::ZERO);
    let sleep = async |pause: Duration| *slept.lock().unwrap() += pause;
    let error = read_back(&fetch(options(&server)), &site, patience, &|_| {}, sleep).await.unwrap_err();
    assert!(matches!(error, ReadBackError::Status { status: 404, .. }));
    assert_eq!(*slept.lock().unwrap(), Duration::from_secs(60));
}

async fn look(server: &Server, site: &Site) -> Result<(), ReadBackError> {
    let none = Patience { limit: Duration::ZERO, first_pause: Duration::ZERO };
    read_back(&fetch(options(server)), site, none, &|_| {}, async |_| {}).await
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        text.push_str(": ");
        text.push_str(&current.to_string());
        cause = current.source();
    }
    text
}
