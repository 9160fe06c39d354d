//! The webhook's serving certificate, judged as kube-apiserver judges it.
//!
//! kube-apiserver dials `SERVICE.NAMESPACE.svc` and takes a certificate for that name whose chain ends in
//! `caBundle`, or that stands in `caBundle` itself ([Authenticate API
//! servers](https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#contacting-the-webhook),
//! Go's `crypto/x509`). A name in the subject alone does not count since Kubernetes 1.19.

use std::time::Duration;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Validity;

use crate::plain::{plain, whole};

/// A serving certificate and what its server sends with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServingCertificate {
    chain: Vec<CertificateDer<'static>>,
    names: Vec<String>,
    lifetime: Lifetime,
}

/// From when to when a certificate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub(crate) from: OffsetDateTime,
    pub(crate) to: OffsetDateTime,
}

impl ServingCertificate {
    /// Reads a PEM file: the server's certificate first, then what vouches for it.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let chain = certificates(pem)?;
        let first = chain.first().ok_or("it holds no certificate")?;
        let read = Certificate::from_der(first).map_err(|error| whole(&error))?;
        let certificate = read.tbs_certificate;
        let names = match certificate.get::<SubjectAltName>() {
            Ok(Some((_, SubjectAltName(names)))) => names.iter().filter_map(name).collect(),
            Ok(None) => Vec::new(),
            Err(error) => return Err(whole(&error)),
        };
        Ok(Self { names, lifetime: Lifetime::of(&certificate.validity)?, chain })
    }

    /// The names that it is for; a common name does not count.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// When it begins to count.
    #[must_use]
    pub fn not_before(&self) -> OffsetDateTime {
        self.lifetime.from
    }

    /// When it runs out.
    #[must_use]
    pub fn not_after(&self) -> OffsetDateTime {
        self.lifetime.to
    }

    /// From when to when it counts.
    pub(crate) fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    /// Tells whether it is for a host.
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        let Some(Ok(certificate)) = self.chain.first().map(EndEntityCert::try_from) else { return false };
        ServerName::try_from(host)
            .is_ok_and(|host| certificate.verify_is_valid_for_subject_name(&host).is_ok())
    }

    /// Looks whether a bundle of authorities vouches for it at an instant, and how long the one does that lasts longest.
    ///
    /// # Errors
    /// Says why not.
    pub(crate) fn vouched_for(&self, bundle: &[u8], now: OffsetDateTime) -> Result<Lifetime, String> {
        let authorities = certificates(bundle)?;
        let first = self.chain.first().ok_or("there is no certificate")?;
        if authorities.contains(first) {
            return Ok(self.lifetime);
        }
        let certificate = EndEntityCert::try_from(first).map_err(|error| whole(&error))?;
        // webpki takes an anchor's name and key alone; that an authority has run out is for us to see.
        let (mut current, mut expired, mut last) = (0, 0, None);
        let mut until: Option<Lifetime> = None;
        for authority in &authorities {
            let Some(lifetime) = lifetime(authority).filter(|lifetime| lifetime.holds(now)) else {
                expired += 1;
                continue;
            };
            let Ok(anchor) = webpki::anchor_from_trusted_cert(authority) else { continue };
            current += 1;
            match self.verify(&certificate, anchor, now) {
                Ok(()) if until.is_none_or(|until| until.to < lifetime.to) => until = Some(lifetime),
                Ok(()) => {}
                Err(error) => last = Some(error),
            }
        }
        until.ok_or_else(|| {
            // Without any authority the answer is the same as with a stranger.
            let error = whole(&last.unwrap_or(webpki::Error::UnknownIssuer));
            match (expired, current) {
                (0, 0) => "caBundle holds no certificate".to_owned(),
                (0, _) => error,
                (count, _) => format!("{error} ({count} certificate(s) of caBundle have run out)"),
            }
        })
    }

    fn verify(
        &self,
        certificate: &EndEntityCert<'_>,
        anchor: TrustAnchor<'_>,
        now: OffsetDateTime,
    ) -> Result<(), webpki::Error> {
        let since_epoch = Duration::from_secs(u64::try_from(now.unix_timestamp()).unwrap_or(0));
        certificate
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &[anchor],
                self.chain.get(1..).unwrap_or_default(),
                UnixTime::since_unix_epoch(since_epoch),
                KeyUsage::server_auth(),
                None,
                None,
            )
            .map(|_| ())
    }
}

impl Lifetime {
    fn of(validity: &Validity) -> Result<Self, String> {
        Ok(Self { from: instant(validity.not_before)?, to: instant(validity.not_after)? })
    }

    /// Tells whether an instant is within it.
    pub(crate) fn holds(self, now: OffsetDateTime) -> bool {
        self.from <= now && now <= self.to
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| "it is no PEM of certificates".to_owned())
}

fn lifetime(certificate: &CertificateDer<'_>) -> Option<Lifetime> {
    let read = Certificate::from_der(certificate).ok()?;
    Lifetime::of(&read.tbs_certificate.validity).ok()
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(plain(name.as_str())),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let four = <[u8; 4]>::try_from(bytes).map(|bytes| std::net::Ipv4Addr::from(bytes).to_string());
            let sixteen =
                || <[u8; 16]>::try_from(bytes).map(|bytes| std::net::Ipv6Addr::from(bytes).to_string());
            four.or_else(|_| sixteen()).ok()
        }
        _ => None,
    }
}

fn instant(time: x509_cert::time::Time) -> Result<OffsetDateTime, String> {
    i64::try_from(time.to_unix_duration().as_secs())
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .ok_or_else(|| "its dates cannot be read".to_owned())
}
