//! Reads documents as a relying party does: anonymously, over verified TLS, in bounded time and space.
//!
//! AWS STS gives up after 5 seconds; redirects are not followed, so that what is read is what the
//! URL itself answers.

use std::error::Error;
use std::io;
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
        source: Box<dyn Error + Send + Sync>,
    },
}

impl FetchError {
    /// Tells whether no connection came about: a name that nobody knows, a port where nobody listens. Where TLS
    /// fails or an answer breaks off, somebody was there.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        let Self::Broken { source, .. } = self else { return false };
        let mut next: Option<&(dyn Error + 'static)> = Some(source.as_ref());
        while let Some(error) = next {
            #[cfg(feature = "https")]
            if error.is::<rustls::Error>() || error.is::<hyper::Error>() {
                return false;
            }
            let io = error.downcast_ref::<io::Error>();
            if io.is_some_and(|error| BROKEN_OFF.contains(&error.kind())) {
                return false;
            }
            // The source of an io::Error is that of the error inside, which it would skip.
            next = match io.and_then(io::Error::get_ref) {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        true
    }
}

/// How a connection ends that was there.
const BROKEN_OFF: [io::ErrorKind; 4] = [
    io::ErrorKind::ConnectionReset,
    io::ErrorKind::ConnectionAborted,
    io::ErrorKind::BrokenPipe,
    io::ErrorKind::UnexpectedEof,
];

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
    use crate::transport::{Certificates, Transport};

    /// Reads over a [`Transport`].
    #[derive(Clone, Debug)]
    pub struct HttpsFetch {
        transport: Transport,
        limit: Duration,
    }

    impl HttpsFetch {
        /// Reads over this transport. Each document has as long as the transport gives an answer, and never longer
        /// than [`FETCH_TIMEOUT`].
        #[must_use]
        pub fn new(transport: Transport) -> Self {
            let limit = FETCH_TIMEOUT.min(transport.answer_limit());
            Self { transport, limit }
        }

        /// Looks at the certificates of the host of an https URL, whoever vouches for them.
        ///
        /// # Errors
        /// When no TLS connection came about in time.
        pub async fn certificates(&self, url: &str) -> Result<Certificates, FetchError> {
            let uri = https_uri(url)?;
            self.timed(url, self.transport.certificates(&uri))
                .await?
                .map_err(|source| FetchError::Broken { url: url.to_owned(), source })
        }

        /// Tells whether what is read here is what the public sees: no `--connect-to`, no CA of one's own.
        #[must_use]
        pub fn sees_what_the_public_sees(&self) -> bool {
            self.transport.sees_what_the_public_sees()
        }

        async fn timed<T>(&self, url: &str, work: impl Future<Output = T>) -> Result<T, FetchError> {
            tokio::time::timeout(self.limit, work)
                .await
                .map_err(|_| FetchError::Timeout { url: url.to_owned(), limit: self.limit })
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
            self.timed(url, self.read(https_uri(url)?)).await?
        }
    }

    fn https_uri(url: &str) -> Result<Uri, FetchError> {
        let uri = url.parse().ok().filter(|uri: &Uri| uri.scheme_str() == Some("https"));
        uri.ok_or_else(|| FetchError::NotHttps { url: url.to_owned() })
    }
}
