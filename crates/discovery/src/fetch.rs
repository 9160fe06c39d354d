//! Reads documents as a relying party does: anonymously, over verified TLS, in bounded time and space.
//!
//! AWS STS gives up after 5 seconds; redirects are not followed, so that what is read is what the
//! URL itself answers.

use std::time::Duration;

/// How long one document may take, from the name look-up to the last byte.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest document that is read; a JWKS of 200 keys of 4096 bits has a fifth of it.
pub const MAX_DOCUMENT_BYTES: usize = 1 << 20;

/// What a URL answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The HTTP status.
    pub status: u16,
    /// The Content-Type header.
    pub content_type: Option<String>,
    /// The Cache-Control header.
    pub cache_control: Option<String>,
    /// The Location header of a redirect.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a URL could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not an https URL.
    #[error("{url} is not an https:// URL")]
    NotHttps {
        /// The URL.
        url: String,
    },
    /// No answer in time.
    #[error("{url} did not answer within {} s", .limit.as_secs_f32())]
    Timeout {
        /// The URL.
        url: String,
        /// How long it had.
        limit: Duration,
    },
    /// More bytes than any document has.
    #[error("{url} sent more than {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge {
        /// The URL.
        url: String,
    },
    /// No connection, no TLS, or it broke.
    #[error("{url} could not be read")]
    Broken {
        /// The URL.
        url: String,
        /// What failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Reads one URL.
pub trait Fetch {
    /// Sends an anonymous GET.
    ///
    /// # Errors
    /// When no whole answer came in time; any HTTP status is an answer.
    fn get(&self, url: &str) -> impl Future<Output = Result<Fetched, FetchError>> + Send;
}

#[cfg(feature = "https")]
pub use https::HttpsFetch;

#[cfg(feature = "https")]
mod https {
    use std::time::Duration;

    use bytes::Bytes;
    use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, LOCATION};
    use http::{Request, Uri};
    use http_body_util::{BodyExt as _, Empty, Limited};

    use super::{FETCH_TIMEOUT, Fetch, FetchError, Fetched, MAX_DOCUMENT_BYTES};
    use crate::transport::Transport;

    /// Reads over a [`Transport`].
    #[derive(Clone, Debug)]
    pub struct HttpsFetch {
        transport: Transport,
        limit: Duration,
    }

    impl HttpsFetch {
        /// Reads over this transport.
        #[must_use]
        pub fn new(transport: Transport) -> Self {
            Self { transport, limit: FETCH_TIMEOUT }
        }

        /// Gives each document no more than this long, and never more than [`FETCH_TIMEOUT`].
        #[must_use]
        pub fn within(self, limit: Duration) -> Self {
            Self { limit: limit.min(FETCH_TIMEOUT), ..self }
        }

        async fn read(&self, uri: Uri) -> Result<Fetched, FetchError> {
            let url = uri.to_string();
            let broken = |source| FetchError::Broken { url: url.clone(), source };
            let request = Request::get(uri)
                .header("user-agent", concat!("issuerctl/", env!("CARGO_PKG_VERSION")))
                .header("accept", "application/json, */*")
                .body(Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync())
                .map_err(|error| broken(error.into()))?;
            let response = self.transport.send(request, None).await.map_err(|error| broken(error.into()))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_DOCUMENT_BYTES).collect().await.map_err(|error| {
                if error.is::<http_body_util::LengthLimitError>() {
                    FetchError::TooLarge { url: url.clone() }
                } else {
                    broken(error)
                }
            })?;
            let text = |name: HeaderName| {
                head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
            };
            Ok(Fetched {
                status: head.status.as_u16(),
                content_type: text(CONTENT_TYPE),
                cache_control: text(CACHE_CONTROL),
                location: text(LOCATION),
                body: body.to_bytes().to_vec(),
            })
        }
    }

    impl Fetch for HttpsFetch {
        async fn get(&self, url: &str) -> Result<Fetched, FetchError> {
            let not_https = || FetchError::NotHttps { url: url.to_owned() };
            let uri: Uri = url.parse().map_err(|_| not_https())?;
            if uri.scheme_str() != Some("https") {
                return Err(not_https());
            }
            tokio::time::timeout(self.limit, self.read(uri))
                .await
                .map_err(|_| FetchError::Timeout { url: url.to_owned(), limit: self.limit })?
        }
    }
}
