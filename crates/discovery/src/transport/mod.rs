//! The one way out: every request of the program, signed or anonymous, goes through here.
//!
//! The same connector stands under the AWS SDK and under the anonymous reads, so that a CA of one's
//! own, `--connect-to`, proxies and the log of outside calls mean the same everywhere.

mod answer;
mod certificates;
mod connect_to;
mod dial;
mod sdk;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use answer::ANSWER_TIMEOUT;
pub use certificates::Certificates;
pub use connect_to::{ConnectTo, ConnectToError};
use dial::Dial;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, BoxError>;

/// How requests leave this machine.
#[derive(Clone, Default)]
pub struct TransportOptions {
    /// PEM certificates that replace the system's roots.
    pub ca_pem: Option<Vec<u8>>,
    /// Where connections go instead, as curl's `--connect-to`; the first match counts.
    pub connect_to: Vec<ConnectTo>,
    /// The proxy for https, as in HTTPS_PROXY.
    pub https_proxy: Option<String>,
    /// The hosts that need no proxy, as in NO_PROXY.
    pub no_proxy: Option<String>,
    /// The endpoint that stands in for AWS. S3 Control puts the account before its host, and no
    /// resolver knows `123456789012.127.0.0.1`: such a name is dialled as this host.
    pub endpoint_host: Option<String>,
    /// Is told of each call when it has ended.
    pub observer: Option<Observer>,
}

/// Is told of each outside call.
pub type Observer = Arc<dyn Fn(&Call) + Send + Sync>;

/// One outside call that has ended: nothing in it is secret.
#[derive(Clone, Debug)]
pub struct Call {
    /// The HTTP method.
    pub method: String,
    /// Scheme, host and path, and of the query the names alone: a value may be a token.
    pub url: String,
    /// The action of a query-protocol call (IAM, STS).
    pub action: Option<String>,
    /// The HTTP status, or nothing when no answer came.
    pub status: Option<u16>,
    /// From the request to the head of the answer.
    pub elapsed: Duration,
}

/// Why there is no way out.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The CA file has no certificate that can be read.
    #[error("the CA file holds no certificate in PEM form")]
    NoCertificate,
    /// A certificate in the CA file is bad.
    #[error("a certificate in the CA file cannot be used")]
    BadCertificate(#[source] rustls::Error),
    /// The system has no roots.
    #[error("this system has no trusted certificate authorities; install ca-certificates or give --ca-file")]
    NoSystemRoots,
    /// The proxy is not one that can be used.
    #[error("the proxy of HTTPS_PROXY is not an http:// address")]
    Proxy,
}

/// Sends requests; cheap to clone, connections are shared.
#[derive(Clone)]
pub struct Transport {
    client: Client<HttpsConnector<Dial>, Body>,
    dial: Dial,
    ca_pem: Option<Arc<[u8]>>,
    observer: Option<Observer>,
    redirected: bool,
    answer_limit: Duration,
}

impl Transport {
    /// Prepares connections; nothing is sent yet.
    ///
    /// # Errors
    /// When the CA cannot be read, or the proxy cannot be used.
    pub fn new(options: TransportOptions) -> Result<Self, TransportError> {
        let redirected = !options.connect_to.is_empty();
        let config = tls::client_config(options.ca_pem.as_deref())?;
        let dial = Dial::new(
            options.connect_to,
            options.https_proxy.as_deref(),
            options.no_proxy.as_deref(),
            options.endpoint_host,
        )?;
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(dial.clone());
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Ok(Self {
            client,
            dial,
            ca_pem: options.ca_pem.map(Arc::from),
            observer: options.observer,
            redirected,
            answer_limit: ANSWER_TIMEOUT,
        })
    }

    /// Gives each answer this long instead of 30 seconds, from the request to its last byte.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { answer_limit: limit, ..self }
    }

    /// Tells whether what is read here is what the public sees: no `--connect-to`, no CA of one's own.
    #[must_use]
    pub fn sees_what_the_public_sees(&self) -> bool {
        !self.redirected && self.ca_pem.is_none()
    }

    pub(crate) fn answer_limit(&self) -> Duration {
        self.answer_limit
    }

    /// Sends one request and tells the observer.
    pub(crate) async fn send(
        &self,
        request: Request<Body>,
        action: Option<String>,
    ) -> Result<Response<Incoming>, ClientError> {
        let Some(observer) = &self.observer else { return self.client.request(request).await };
        let method = request.method().to_string();
        let uri = request.uri();
        let names: Vec<&str> = uri
            .query()
            .into_iter()
            .flat_map(|query| query.split('&'))
            .map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
            .filter(|name| *name != "x-id")
            .collect();
        let url = format!(
            "{}://{}{}{}{}",
            uri.scheme_str().unwrap_or("https"),
            // Not the authority: an endpoint of the environment may carry a password.
            host_and_port(uri),
            uri.path(),
            if names.is_empty() { "" } else { "?" },
            names.join("&"),
        );
        let start = Instant::now();
        let answer = self.client.request(request).await;
        let status = answer.as_ref().ok().map(|response| response.status().as_u16());
        observer(&Call { method, url, action, status, elapsed: start.elapsed() });
        answer
    }
}

fn host_and_port(uri: &http::Uri) -> String {
    let host = uri.host().unwrap_or_default();
    uri.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("redirected", &self.redirected)
            .field("own_roots", &self.ca_pem.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TransportOptions {
    // The proxy may carry a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportOptions").field("connect_to", &self.connect_to).finish_non_exhaustive()
    }
}
