//! Whom TLS trusts: the system's roots, or a CA file alone.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use super::TransportError;

pub(crate) fn client_config(ca_pem: Option<&[u8]>) -> Result<ClientConfig, TransportError> {
    Ok(builder()?.with_root_certificates(roots(ca_pem)?).with_no_client_auth())
}

/// The authorities of a CA file, or those of the system.
pub(crate) fn roots(ca_pem: Option<&[u8]>) -> Result<RootCertStore, TransportError> {
    let mut roots = RootCertStore::empty();
    match ca_pem {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| TransportError::NoCertificate)?;
                roots.add(certificate).map_err(TransportError::BadCertificate)?;
            }
            if roots.is_empty() {
                return Err(TransportError::NoCertificate);
            }
        }
        None => {
            // Systems carry a few roots that cannot be parsed: those are passed over, as browsers do.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(TransportError::NoSystemRoots);
            }
        }
    }
    Ok(roots)
}

/// The provider is named, so that no other crate's choice of a process default can change it.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

pub(crate) fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, TransportError> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TransportError::BadCertificate)
}
