//! Issuers that are in no bucket of the sandbox's: read over verified TLS, in bounded time and size, and only where
//! `connect_to` leads. Without a rule for a host nothing is sent: a practice run leaves this machine for nobody.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use issuer_discovery::{
    ConnectTo, FETCH_TIMEOUT, Fetch as _, HttpsFetch, Transport, TransportError, TransportOptions,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use s3s::crypto::{Checksum as _, Sha1};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::config::Config;
use crate::error::SandboxError;
use crate::sigv4::hex;

/// The way to hosts that are not the sandbox's.
pub(crate) struct Elsewhere {
    rules: Vec<ConnectTo>,
    anywhere: bool,
    fetch: Option<HttpsFetch>,
    /// TLS that trusts the given authorities; without them it is not known what a chain ends in.
    tls: Option<TlsConnector>,
}

impl Elsewhere {
    /// The way that a configuration gives.
    pub(crate) fn new(config: &Config) -> Result<Self, SandboxError> {
        let options = TransportOptions {
            ca_pem: config.ca_pem.clone(),
            connect_to: config.connect_to.clone(),
            ..TransportOptions::default()
        };
        // Where nothing leads elsewhere, a system without authorities is no obstacle.
        let fetch = match config.connect_to.is_empty() {
            true => None,
            false => Some(HttpsFetch::new(Transport::new(options).map_err(SandboxError::Transport)?)),
        };
        let tls = config.ca_pem.as_deref().map(connector).transpose()?;
        Ok(Self { rules: config.connect_to.clone(), anywhere: config.allow_non_loopback, fetch, tls })
    }

    /// Reads a URL, given without `https://`; why not, in a few words.
    pub(super) async fn get(&self, url: &str) -> Result<Bytes, String> {
        self.address(url)?;
        let fetch = self.fetch.as_ref().ok_or_else(nowhere)?;
        let url = format!("https://{url}");
        let fetched = fetch.get(&url).await.map_err(|error| error.to_string())?;
        match fetched.status {
            200 => Ok(Bytes::from(fetched.body)),
            status => Err(format!("{url} answered {status}")),
        }
    }

    /// SHA-1 of the last certificate that the host of a URL sends.
    pub(super) async fn thumbprint(&self, url: &str) -> Result<Option<String>, String> {
        let address = self.address(url)?;
        let Some(tls) = &self.tls else { return Ok(None) };
        let name =
            ServerName::try_from(host_and_port(url)?.0.to_owned()).map_err(|error| error.to_string())?;
        let handshake = async { tls.connect(name, TcpStream::connect(address).await?).await };
        let stream = tokio::time::timeout(FETCH_TIMEOUT, handshake).await.map_err(|late| late.to_string())?;
        let stream = stream.map_err(|error| error.to_string())?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        Ok(chain.last().map(|last| hex(Sha1::checksum(last).as_ref())))
    }

    /// Where a rule leads for the host of a URL, when the sandbox may go there.
    fn address(&self, url: &str) -> Result<(String, u16), String> {
        let (host, port) = host_and_port(url)?;
        let rule = self.rules.iter().find_map(|rule| rule.apply(host, port));
        let (to, port) = rule.ok_or_else(nowhere)?;
        let bare = to.trim_start_matches('[').trim_end_matches(']').to_owned();
        let loopback =
            bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !loopback && !self.anywhere {
            return Err(format!("the sandbox connects to loopback only, and {to} is not"));
        }
        Ok((bare, port))
    }
}

fn nowhere() -> String {
    "the sandbox reads issuers in its own buckets, and elsewhere only where --connect-to leads it".to_owned()
}

/// The host of a URL that is given without its scheme.
fn host_and_port(url: &str) -> Result<(&str, u16), String> {
    let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) => port.parse().map(|port| (host, port)).map_err(|_| format!("{port} is no port")),
        None => Ok((authority, 443)),
    }
}

fn connector(pem: &[u8]) -> Result<TlsConnector, SandboxError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| SandboxError::Transport(TransportError::NoCertificate))?;
        roots.add(certificate).map_err(SandboxError::Tls)?;
    }
    if roots.is_empty() {
        return Err(SandboxError::Transport(TransportError::NoCertificate));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = builder.map_err(SandboxError::Tls)?.with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

impl fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elsewhere").field("rules", &self.rules).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(rule: &str, anywhere: bool) -> Elsewhere {
        let rules = if rule.is_empty() { Vec::new() } else { vec![rule.parse().unwrap()] };
        Elsewhere { rules, anywhere, fetch: None, tls: None }
    }

    #[test]
    fn only_a_rule_leads_elsewhere_and_only_to_loopback() {
        let leads = |rule: &str, anywhere| way(rule, anywhere).address("a.example").ok();
        let local = |port| Some(("127.0.0.1".to_owned(), port));
        assert_eq!(leads("a.example:443:127.0.0.1:8443", false), local(8443));
        assert_eq!(leads("::127.0.0.1:", false), local(443));
        assert_eq!(leads("a.example:443:[::1]:1", false), Some(("::1".to_owned(), 1)));
        for nowhere in ["", "b.example:443:127.0.0.1:1", "a.example:443:192.0.2.1:443", ":::9"] {
            assert_eq!(leads(nowhere, false), None, "{nowhere}");
        }
        assert_eq!(leads("a.example:443:192.0.2.1:1", true), Some(("192.0.2.1".to_owned(), 1)));
        assert_eq!(leads("", true), None);
    }
}
