//! The sandbox's own certificate authority: a certificate for each name of AWS that a client asks for.
//!
//! Keys and authority are made anew at each start and are nowhere written down, unless they are kept with the state.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use s3s::crypto::{Checksum as _, Sha1};
use time::{Duration, OffsetDateTime};

use crate::error::SandboxError;
use crate::host::Host;
use crate::sigv4::hex;

/// The authority and what it has certified so far.
pub(crate) struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    /// One key for all names: it never leaves the process.
    leaf_key: KeyPair,
    provider: Arc<CryptoProvider>,
    addresses: Vec<IpAddr>,
    now: OffsetDateTime,
    issued: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Authority {
    /// A new authority; `addresses` are those at which the sandbox itself is reached.
    pub(crate) fn new(now: OffsetDateTime, addresses: Vec<IpAddr>) -> Result<Self, SandboxError> {
        let key = new_key()?;
        let certificate = authority(now).self_signed(&key).map_err(SandboxError::Certificate)?;
        Self::with(certificate.into(), key, now, addresses)
    }

    /// The authority that was kept as [`Authority::to_keep`] gave it; nothing when the text is none.
    pub(crate) fn kept(pem: &str, now: OffsetDateTime, addresses: Vec<IpAddr>) -> Option<Self> {
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        // A certificate of another key is refused here.
        CertifiedKey::from_der(vec![certificate.clone()], PrivateKeyDer::from(key.clone_key()), &provider)
            .ok()?;
        let key = KeyPair::try_from(&key).ok()?;
        Self::with(certificate, key, now, addresses).ok()
    }

    fn with(
        certificate: CertificateDer<'static>,
        key: KeyPair,
        now: OffsetDateTime,
        addresses: Vec<IpAddr>,
    ) -> Result<Self, SandboxError> {
        Ok(Self {
            certificate,
            // Of the parameters only the name and the usages count, and those are always the same.
            issuer: Issuer::new(authority(now), key),
            leaf_key: new_key()?,
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            addresses,
            now,
            issued: Mutex::default(),
        })
    }

    /// The authority's key and certificate: whoever has it can be any host of AWS to who trusts it.
    pub(crate) fn to_keep(&self) -> String {
        format!("{}{}", self.issuer.key().serialize_pem(), self.pem())
    }

    /// The authority's certificate, which clients have to trust.
    pub(crate) fn pem(&self) -> String {
        let body = STANDARD.encode(&self.certificate);
        let lines = body.as_bytes().chunks(64).map(String::from_utf8_lossy);
        let lines = lines.fold(String::new(), |text, line| text + &line + "\n");
        format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
    }

    /// SHA-1 of that certificate: what IAM calls the thumbprint.
    pub(crate) fn thumbprint(&self) -> String {
        hex(Sha1::checksum(&self.certificate).as_ref())
    }

    /// TLS that answers with a certificate for the name it is asked for.
    pub(crate) fn server_config(self: Arc<Self>) -> Result<Arc<ServerConfig>, SandboxError> {
        let provider = Arc::clone(&self.provider);
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = builder.map_err(SandboxError::Tls)?.with_no_client_auth().with_cert_resolver(self);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn certified(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        // Certificates for AWS and this machine, and for nobody else.
        let name = name.map(str::to_ascii_lowercase).unwrap_or_default();
        let local = name.is_empty() || name == "localhost" || name.ends_with(".localhost");
        if !local && !matches!(Host::parse(&name), Host::Aws(_)) {
            return None;
        }
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = issued.get(&name) {
            return Some(Arc::clone(known));
        }
        let certified = Arc::new(self.issue(&name)?);
        issued.insert(name, Arc::clone(&certified));
        Some(certified)
    }

    /// Issues a certificate for a name, or without one for the machine's own addresses.
    fn issue(&self, name: &str) -> Option<CertifiedKey> {
        let names = match name {
            "" => {
                let addresses = self.addresses.iter().map(IpAddr::to_string);
                addresses.chain(["localhost".to_owned()]).collect()
            }
            name => vec![name.to_owned()],
        };
        let mut params = CertificateParams::new(names).ok()?;
        // A common name has at most 64 characters; the names that count are the alternative ones.
        params.distinguished_name = named("issuerctl sandbox");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = validity(self.now, 365);
        let certificate = params.signed_by(&self.leaf_key, &self.issuer).ok()?;
        let chain = vec![CertificateDer::from(certificate), self.certificate.clone()];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        CertifiedKey::from_der(chain, key, &self.provider).ok()
    }
}

impl ResolvesServerCert for Authority {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.certified(hello.server_name())
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn new_key() -> Result<KeyPair, SandboxError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(SandboxError::Certificate)
}

/// An authority for ten years: one that is kept outlives its certificates.
fn authority(now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("issuerctl sandbox CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    (params.not_before, params.not_after) = validity(now, 3650);
    params
}

/// From yesterday, for clocks that are late.
fn validity(now: OffsetDateTime, days: i64) -> (OffsetDateTime, OffsetDateTime) {
    (now - Duration::days(1), now + Duration::days(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_aws_and_of_this_machine_are_certified() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let authority = Authority::new(now, vec![IpAddr::from([127, 0, 0, 1])]).unwrap();
        let bucket = format!("{}.s3.eu-west-1.amazonaws.com", "b".repeat(63));
        for name in [None, Some("localhost"), Some("iam.amazonaws.com"), Some(bucket.as_str())] {
            let first = authority.certified(name).expect("certified");
            let second = authority.certified(name).unwrap();
            assert!(Arc::ptr_eq(&first, &second));
            assert_eq!(first.cert.len(), 2);
        }
        for name in ["example.com", "amazonaws.com.example.com", "127.0.0.1.example"] {
            assert!(authority.certified(Some(name)).is_none(), "{name}");
        }
        assert_eq!(authority.thumbprint().len(), 40);
    }

    #[test]
    fn an_authority_that_is_kept_is_the_same() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let [first, other] = [(); 2].map(|()| Authority::new(now, Vec::new()).unwrap());
        let again = Authority::kept(&first.to_keep(), now + Duration::days(400), Vec::new()).unwrap();
        assert_eq!((again.pem(), again.thumbprint()), (first.pem(), first.thumbprint()));
        assert!(again.certified(Some("iam.amazonaws.com")).is_some());
        let mixed = format!("{}{}", first.issuer.key().serialize_pem(), other.pem());
        for bad in ["", "nothing", first.pem().as_str(), &mixed, &first.to_keep()[40..]] {
            assert!(Authority::kept(bad, now, Vec::new()).is_none(), "{bad}");
        }
    }
}
