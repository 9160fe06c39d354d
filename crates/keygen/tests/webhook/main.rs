//! The pod identity webhook's certificate: made, renewed, judged by others, and finished after every kill.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

#[path = "../support/mod.rs"]
mod support;

mod halfway;
mod judged;
mod refused;
mod renewal;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration as StdDuration;

use issuer_keygen::{WebhookCertificate, WebhookDir};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use support::Bench;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use webpki::{EndEntityCert, KeyUsage};

const NOW: OffsetDateTime = datetime!(2026-11-26 12:00:00 UTC);
const NAME: &str = "pod-identity-webhook.eks.svc";

fn names() -> Vec<String> {
    ["pod-identity-webhook", "pod-identity-webhook.eks", NAME, "pod-identity-webhook.eks.svc.cluster.local"]
        .map(str::to_owned)
        .to_vec()
}

fn directory(bench: &Bench) -> WebhookDir {
    WebhookDir::of_keys(&bench.path("keys"))
}

fn after(days: i64) -> OffsetDateTime {
    NOW + Duration::days(days)
}

/// Names and bytes of all files.
fn files(directory: &WebhookDir) -> BTreeMap<String, Vec<u8>> {
    files_of(directory.path())
}

fn files_of(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(path).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

/// The certificates of a PEM text.
fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect()
}

/// Judges a certificate as kube-apiserver does: by a bundle, for a name, at an instant.
fn verify(bundle: &str, certificate: &str, name: &str, now: OffsetDateTime) -> Result<(), webpki::Error> {
    let authorities = certificates(bundle);
    let anchors: Vec<TrustAnchor<'_>> =
        authorities.iter().map(|authority| webpki::anchor_from_trusted_cert(authority).unwrap()).collect();
    let chain = certificates(certificate);
    let certificate = EndEntityCert::try_from(&chain[0]).unwrap();
    let since_epoch = StdDuration::from_secs(now.unix_timestamp().try_into().unwrap());
    certificate.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &chain[1..],
        UnixTime::since_unix_epoch(since_epoch),
        KeyUsage::server_auth(),
        None,
        None,
    )?;
    certificate.verify_is_valid_for_subject_name(&ServerName::try_from(name).unwrap())
}

/// Checks that the certificate, its key and the bundle belong together.
#[track_caller]
fn assert_whole(made: &WebhookCertificate, now: OffsetDateTime) {
    for name in names() {
        verify(&made.ca_bundle_pem, &made.certificate_pem, &name, now).unwrap();
    }
    let bench = Bench::new();
    bench.write("tls.crt", &made.certificate_pem);
    bench.write("tls.key", made.private_key_pem.as_bytes());
    let of_key = bench.openssl("pkey -in tls.key -pubout");
    assert_eq!(of_key, bench.openssl("x509 -in tls.crt -noout -pubkey"));
    assert!(made.not_after - now > Duration::days(30));
    assert!(made.authority_not_after >= made.not_after);
}
