//! The webhook's serving certificate and caBundle, in every shape that kube-apiserver takes or refuses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use issuer_doctor::Status;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::support::*;
use crate::webhook_fixture::*;

#[tokio::test]
async fn a_certificate_that_stands_in_the_bundle_itself_is_trusted() {
    // openssl's `req -x509` makes one that is its own authority, and kube-apiserver takes it.
    let mut params = serving_params(&[NAME], 300);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let (mut cluster, _) = Cluster::healthy();
    cluster.certificate = own.pem();
    cluster.webhook()["clientConfig"]["caBundle"] = json!(STANDARD.encode(own.pem()));
    assert_passed_but(&report(&cluster.answers()).await, "webhook/", &[]);
}

#[tokio::test]
async fn an_intermediate_in_the_secret_is_part_of_the_chain() {
    let (mut cluster, root) = Cluster::healthy();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.distinguished_name.push(DnType::CommonName, "intermediate");
    (params.not_before, params.not_after) = (now() - Duration::days(1), now() + Duration::days(100));
    let intermediate = CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &root).unwrap();
    let leaf = serving(&intermediate, &[NAME], 90);
    cluster.certificate = leaf.clone() + &intermediate.pem();
    assert_found(&report(&cluster.answers()).await, "webhook/ca-bundle", Status::Pass, &[], "chain");
    cluster.certificate = leaf;
    assert_found(&report(&cluster.answers()).await, "webhook/ca-bundle", Status::Fail, &[], "leaf alone");
}

#[tokio::test]
async fn an_authority_that_has_run_out_vouches_for_nothing() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.not_before, params.not_after) = (OffsetDateTime::UNIX_EPOCH, now() - Duration::days(1));
    let expired = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let (mut cluster, _) = Cluster::healthy();
    cluster.certificate = serving(&expired, &[NAME], 300);
    cluster.webhook()["clientConfig"]["caBundle"] = json!(STANDARD.encode(expired.pem()));
    assert_found(
        &report(&cluster.answers()).await,
        "webhook/ca-bundle",
        Status::Fail,
        &["have run out"],
        "expired",
    );
}
