//! Issuers that are in no bucket of the sandbox's: read over verified TLS, in bounded time and size, and only where
//! `connect_to` leads. Without a rule for a host nothing is sent: a practice run leaves this machine for nobody.

use std::net::IpAddr;

use issuer_discovery::{ConnectTo, Fetch as _, FetchError, Fetched, HttpsFetch, Transport, TransportOptions};

use super::Vouched;
use crate::config::Config;
use crate::error::SandboxError;

/// The way to hosts that are not the sandbox's.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    rules: Vec<ConnectTo>,
    anywhere: bool,
    fetch: Option<HttpsFetch>,
    /// Whether authorities were given; without them it is not asked what a chain ends in.
    authorities: bool,
}

/// Why the sandbox does not go somewhere.
#[derive(Debug, thiserror::Error)]
enum NotThere {
    #[error("the sandbox reads issuers in its own buckets, and elsewhere only where --connect-to leads it")]
    Nowhere,
    #[error("the sandbox connects to loopback only, and {0} is not")]
    NotLoopback(String),
    #[error("{0} is no port")]
    Port(String),
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
        Ok(Self {
            rules: config.connect_to.clone(),
            anywhere: config.allow_non_loopback,
            fetch,
            authorities: config.ca_pem.is_some(),
        })
    }

    /// Reads an https URL.
    pub(super) async fn get(&self, url: &str) -> Result<Fetched, FetchError> {
        self.fetch(url)?.get(url).await
    }

    /// Who vouches for the host of an https URL.
    pub(super) async fn vouched(&self, url: &str) -> Result<Vouched, FetchError> {
        let fetch = self.fetch(url)?;
        if !self.authorities {
            return Ok(Vouched::Public);
        }
        let certificates = fetch.certificates(url).await?;
        Ok(match certificates.thumbprint() {
            Some(thumbprint) if !certificates.public => Vouched::Private(thumbprint),
            _ => Vouched::Public,
        })
    }

    /// What fetches a URL, when the sandbox may go there.
    fn fetch(&self, url: &str) -> Result<&HttpsFetch, FetchError> {
        let bare =
            url.strip_prefix("https://").ok_or_else(|| FetchError::NotHttps { url: url.to_owned() })?;
        let broken = |source: NotThere| FetchError::Broken { url: url.to_owned(), source: Box::new(source) };
        self.address(bare).map_err(broken)?;
        self.fetch.as_ref().ok_or_else(|| broken(NotThere::Nowhere))
    }

    /// Where a rule leads for the host of a URL, when the sandbox may go there.
    fn address(&self, url: &str) -> Result<(String, u16), NotThere> {
        let (host, port) = host_and_port(url)?;
        let rule = self.rules.iter().find_map(|rule| rule.apply(host, port));
        let (to, port) = rule.ok_or(NotThere::Nowhere)?;
        let bare = to.trim_start_matches('[').trim_end_matches(']').to_owned();
        let loopback =
            bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !loopback && !self.anywhere {
            return Err(NotThere::NotLoopback(to));
        }
        Ok((bare, port))
    }
}

/// The host of a URL that is given without its scheme.
fn host_and_port(url: &str) -> Result<(&str, u16), NotThere> {
    let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) => {
            port.parse().map(|port| (host, port)).map_err(|_| NotThere::Port(port.to_owned()))
        }
        None => Ok((authority, 443)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(rule: &str, anywhere: bool) -> Elsewhere {
        let rules = if rule.is_empty() { Vec::new() } else { vec![rule.parse().unwrap()] };
        Elsewhere { rules, anywhere, fetch: None, authorities: false }
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
