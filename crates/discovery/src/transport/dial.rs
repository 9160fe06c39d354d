//! Opens connections: a `--connect-to` rule first, else the proxy, else straight.
//!
//! The name that TLS verifies stays the one of the URL, wherever the connection goes.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::{BoxError, ConnectTo, TransportError};

/// A connection that does not come about in this time is given up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The connector below TLS.
#[derive(Clone)]
pub(crate) struct Dial {
    rules: Arc<[ConnectTo]>,
    proxy: Arc<Matcher>,
    endpoint_host: Option<Arc<str>>,
    tcp: HttpConnector,
}

impl Dial {
    pub(crate) fn new(
        rules: Vec<ConnectTo>,
        https_proxy: Option<&str>,
        no_proxy: Option<&str>,
        endpoint_host: Option<String>,
    ) -> Result<Self, TransportError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let mut matcher = Matcher::builder();
        if let Some(proxy) = https_proxy.filter(|proxy| !proxy.is_empty()) {
            let plain = proxy.split_once("://").is_none_or(|(scheme, _)| scheme.eq_ignore_ascii_case("http"));
            if !plain {
                return Err(TransportError::Proxy);
            }
            matcher = matcher.https(proxy.to_owned()).no(no_proxy.unwrap_or("").to_owned());
        }
        Ok(Self {
            rules: rules.into(),
            proxy: Arc::new(matcher.build()),
            endpoint_host: endpoint_host.map(Arc::from),
            tcp,
        })
    }

    /// Returns where a rule or the endpoint's account prefix sends this host.
    fn moved(&self, host: &str, port: u16) -> Option<(String, u16)> {
        let ruled = self.rules.iter().find_map(|rule| rule.apply(host, port));
        ruled.or_else(|| {
            let endpoint = self.endpoint_host.as_deref()?;
            let (account, rest) = host.split_once('.')?;
            let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
            (is_account && rest == endpoint).then(|| (rest.to_owned(), port))
        })
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let mut tcp = self.tcp.clone();
        let host = uri.host().unwrap_or_default().to_owned();
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        if let Some((to_host, to_port)) = self.moved(&host, port) {
            return Box::pin(async move {
                let target = Uri::builder()
                    .scheme("http")
                    .authority(format!("{to_host}:{to_port}"))
                    .path_and_query("/")
                    .build()?;
                Ok(tcp.call(target).await?)
            });
        }
        let intercept = if is_loopback(&host) { None } else { self.proxy.intercept(&uri) };
        Box::pin(async move {
            let Some(proxy) = intercept else { return Ok(tcp.call(uri).await?) };
            let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
            if let Some(authorization) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(authorization.clone());
            }
            Ok(tunnel.call(uri).await?)
        })
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_before_an_endpoint_is_dialled_as_the_endpoint() {
        let dial = Dial::new(Vec::new(), None, None, Some("127.0.0.1".to_owned())).unwrap();
        assert_eq!(dial.moved("123456789012.127.0.0.1", 80), Some(("127.0.0.1".to_owned(), 80)));
        assert_eq!(dial.moved("12345678901.127.0.0.1", 80), None);
        assert_eq!(dial.moved("123456789012.example.com", 80), None);
    }

    #[test]
    fn loopback_is_known_and_odd_proxies_are_refused() {
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        assert!(!is_loopback("127.example.com"));
        assert!(Dial::new(Vec::new(), Some("socks5://h:1"), None, None).is_err());
        assert!(Dial::new(Vec::new(), Some("h:3128"), None, None).is_ok());
    }
}
