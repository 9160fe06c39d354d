//! Makes keys and certificates: ECDSA P-256, as every Kubernetes verifies it.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use time::{Duration, OffsetDateTime};

use super::WebhookCertificateError;
use super::certificate::Certificate;
use super::names::Names;

/// How long a serving certificate is good.
pub(super) const SERVING_LIFE: Duration = Duration::days(365);
/// How long an authority is good: ten years.
const AUTHORITY_LIFE: Duration = Duration::days(3652);
/// The clock of a control-plane node may be behind ours.
const SKEW: Duration = Duration::minutes(5);

/// Makes a key; its bits come from aws-lc.
pub(super) fn key() -> Result<KeyPair, WebhookCertificateError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(WebhookCertificateError::Make)
}

/// Makes an authority that signs serving certificates and no other authority
/// ([RFC 5280, section 4.2.1](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1)).
pub(super) fn authority(key: &KeyPair, now: OffsetDateTime) -> Result<Certificate, WebhookCertificateError> {
    let mut params = params(String::new(), now, AUTHORITY_LIFE);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    // Each has a name of its own: verifiers look an issuer up by its name first.
    let identifier = params.key_identifier(key);
    let short: String = identifier.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name = named(format!("issuerctl webhook authority {short}"));
    read(params.self_signed(key))
}

/// Makes a serving certificate, signed by an authority.
pub(super) fn serving(
    key: &KeyPair,
    names: &Names,
    authority: &Certificate,
    authority_key: &KeyPair,
    now: OffsetDateTime,
) -> Result<Certificate, WebhookCertificateError> {
    let mut params = params("issuerctl webhook".to_owned(), now, SERVING_LIFE);
    for name in names.iter() {
        let name = name.try_into().map_err(WebhookCertificateError::Make)?;
        params.subject_alt_names.push(SanType::DnsName(name));
    }
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;

    let mut signing = CertificateParams::default();
    signing.distinguished_name = named(authority.common_name().unwrap_or_default());
    signing.key_identifier_method = KeyIdMethod::PreSpecified(authority.key_identifier().unwrap_or_default());
    read(params.signed_by(key, &Issuer::from_params(&signing, authority_key)))
}

fn params(name: String, now: OffsetDateTime, life: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.not_before = now - SKEW;
    params.not_after = now + life;
    params
}

fn named(name: String) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Reads a new certificate as an old one is read.
fn read(made: Result<rcgen::Certificate, rcgen::Error>) -> Result<Certificate, WebhookCertificateError> {
    let made = made.map_err(WebhookCertificateError::Make)?;
    let cannot = |_| WebhookCertificateError::Make(rcgen::Error::CouldNotParseCertificate);
    Certificate::from_der(made.der()).map_err(cannot)
}
