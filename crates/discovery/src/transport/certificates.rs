//! Looks at the certificates that a host sends, whoever vouches for them: a connection is made and closed, nothing is
//! asked for, and what is judged is told instead of refused.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use http::Uri;
use hyper_rustls::HttpsConnectorBuilder;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};
use tower_service::Service as _;

use super::{BoxError, Transport, tls};

/// The certificates of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    /// DER, the host's own first, as they were sent.
    pub chain: Vec<Vec<u8>>,
    /// Whether they hold for the host and the time, by the authorities that this transport trusts; else why not.
    pub verified: Result<(), String>,
    /// Whether they hold by the authorities that the system trusts, which are public ones.
    pub public: bool,
}

impl Certificates {
    /// SHA-1 of the last certificate, in lower-case hex: what IAM calls
    /// [the thumbprint](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html).
    #[must_use]
    pub fn thumbprint(&self) -> Option<String> {
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, self.chain.last()?);
        Some(digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
            // Writing to a String does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        }))
    }
}

impl Transport {
    /// Connects to the host of an https URL and looks at its certificates.
    pub(crate) async fn certificates(&self, uri: &Uri) -> Result<Certificates, BoxError> {
        let seen = Arc::new(Seen { provider: tls::provider(), sent: Mutex::default() });
        let config = tls::builder()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&seen) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_only();
        builder.enable_http1().wrap_connector(self.dial.clone()).call(uri.clone()).await?;
        let sent = seen.sent.lock().unwrap_or_else(PoisonError::into_inner).take();
        let sent = sent.ok_or("the host sent no certificate")?;
        let system = tls::roots(None).ok();
        let public = system.is_some_and(|roots| sent.verify(roots).is_ok());
        let own = self.ca_pem.as_deref().map(|pem| tls::roots(Some(pem))).transpose()?;
        let verified = match (own, public) {
            (Some(roots), _) => sent.verify(roots),
            (None, true) => Ok(()),
            (None, false) => sent.verify(tls::roots(None)?),
        };
        let chain = std::iter::once(&sent.own).chain(&sent.others).map(|der| der.to_vec()).collect();
        Ok(Certificates { chain, verified, public })
    }
}

/// What a host sent, and for whom.
#[derive(Debug)]
struct Sent {
    own: CertificateDer<'static>,
    others: Vec<CertificateDer<'static>>,
    name: ServerName<'static>,
    at: UnixTime,
}

impl Sent {
    fn verify(&self, roots: RootCertStore) -> Result<(), String> {
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), tls::provider()).build();
        let verifier = verifier.map_err(|error| error.to_string())?;
        let verified = verifier.verify_server_cert(&self.own, &self.others, &self.name, &[], self.at);
        verified.map(|_| ()).map_err(|error| error.to_string())
    }
}

/// Takes every chain and keeps it; the handshake's own signature still has to be right.
#[derive(Debug)]
struct Seen {
    provider: Arc<CryptoProvider>,
    sent: Mutex<Option<Sent>>,
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        at: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let others = others.iter().map(|der| der.clone().into_owned()).collect();
        let sent = Sent { own: own.clone().into_owned(), others, name: name.to_owned(), at };
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = Some(sent);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, own, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, own, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
