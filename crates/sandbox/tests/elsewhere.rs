//! Issuers that are in no bucket: IAM reads them over TLS, where a rule leads it, and nowhere else.

// The lint spares tests, but not what they share.
#![allow(clippy::unwrap_used)]

mod clients;

use std::sync::Arc;

use issuer_sandbox::{Config, Sandbox};
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use s3s::crypto::{Checksum as _, Sha1};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// An issuer with an authority of its own: what it answers by path, everything else with 404.
struct Issuer {
    port: u16,
    ca_pem: String,
    thumbprint: String,
}

async fn issuer(discovery: &'static str, jwks: &'static str) -> Issuer {
    let key = || KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, key()).unwrap();
    let leaf = key();
    let certificate =
        CertificateParams::new(vec!["oidc.example".to_owned()]).unwrap().signed_by(&leaf, &ca).unwrap();
    let chain = vec![certificate.into(), ca.der().clone()];
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider);
    let config = builder
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf.serialize_der())))
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                head.push(byte);
            }
            let head = String::from_utf8(head).unwrap();
            let (status, body) = match head.split(' ').nth(1) {
                Some("/c/.well-known/openid-configuration") => (200, discovery),
                Some("/c/keys") => (200, jwks),
                _ => (404, ""),
            };
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    let thumbprint = Sha1::checksum(ca.der()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Issuer { port, ca_pem: ca.pem(), thumbprint }
}

async fn create(rule: Option<String>, ca_pem: Option<&str>) -> Result<Vec<String>, String> {
    let config = Config {
        connect_to: rule.iter().map(|rule| rule.parse().unwrap()).collect(),
        ca_pem: ca_pem.map(|pem| pem.as_bytes().to_vec()),
        ..Config::default()
    };
    let sandbox = Sandbox::start(config).await.unwrap();
    let iam = clients::iam(&sandbox);
    let created = iam.create_open_id_connect_provider().url("https://oidc.example/c").send().await;
    let arn = created.map_err(|error| {
        assert_eq!(clients::code(&error).as_deref(), Some("OpenIdIdpCommunicationError"));
        assert!(sandbox.state()["providers"].as_object().unwrap().is_empty());
        aws_sdk_iam::Error::from(error).to_string()
    })?;
    let arn = arn.open_id_connect_provider_arn.unwrap();
    let got = iam.get_open_id_connect_provider().open_id_connect_provider_arn(arn).send().await.unwrap();
    Ok(got.thumbprint_list.unwrap())
}

const DISCOVERY: &str = r#"{"issuer":"https://oidc.example/c","jwks_uri":"https://oidc.example/c/keys"}"#;

fn rule(port: u16) -> Option<String> {
    Some(format!("oidc.example:443:127.0.0.1:{port}"))
}

#[tokio::test]
async fn an_issuer_is_read_and_its_authority_kept() {
    let issuer = issuer(DISCOVERY, r#"{"keys":[]}"#).await;
    let thumbprints = create(rule(issuer.port), Some(&issuer.ca_pem)).await.unwrap();
    assert_eq!(thumbprints, [issuer.thumbprint]);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_the_reason() {
    let good = issuer(DISCOVERY, r#"{"keys":[]}"#).await;
    let other = issuer(DISCOVERY, r#"{"keys":[]}"#).await;
    let lost = issuer(r#"{"jwks_uri":"https://oidc.example/c/other"}"#, "").await;
    let away = issuer(r#"{"jwks_uri":"https://elsewhere.example/keys"}"#, "").await;
    let text = issuer("not json", "").await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let table = [
        (None, &good, "where --connect-to leads it"),
        (Some("oidc.example:443:192.0.2.1:443".to_owned()), &good, "connects to loopback only"),
        (rule(good.port), &other, "could not be read"),
        (rule(closed), &good, "could not be read"),
        (rule(lost.port), &lost, "answered 404"),
        (rule(away.port), &away, "where --connect-to leads it"),
        (rule(text.port), &text, "is valid."),
    ];
    for (rule, trusted, words) in table {
        let refused = create(rule, Some(&trusted.ca_pem)).await.unwrap_err();
        let first =
            "Please check .well-known/openid-configuration of provider: https://oidc.example/c is valid.";
        assert!(refused.contains(first) && refused.contains(words), "{refused}");
    }
}
