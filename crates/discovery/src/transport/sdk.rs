//! The transport as the AWS SDK's HTTP client.

use std::fmt;
use std::io;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use super::answer::{Answer, AnswerError};
use super::{BoxError, Transport};

impl Transport {
    /// Returns this transport as the HTTP client of an AWS SDK configuration.
    #[must_use]
    pub fn sdk_client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(SdkConnector(self.clone()));
        http_client_fn(move |_, _| connector.clone())
    }
}

struct SdkConnector(Transport);

impl HttpConnector for SdkConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = self.0.clone();
        HttpConnectorFuture::new(async move {
            let action = request.body().bytes().and_then(query_action);
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let request = request.map(|body| body.map_err(BoxError::from).boxed_unsync());
            let limit = transport.answer_limit;
            let deadline = Instant::now() + limit;
            let response = timeout_at(deadline, transport.send(request, action)).await;
            let response = response
                .map_err(|_| ConnectorError::timeout(AnswerError::TooSlow(limit).into()))?
                .map_err(|error| classify(error.into()))?;
            let bounded = |body| SdkBody::from_body_1_x(Answer::new(body, limit, deadline));
            HttpResponse::try_from(response.map(bounded))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

impl fmt::Debug for SdkConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SdkConnector")
    }
}

/// Tells the SDK which failures are worth a retry: a connection that broke, or never answered.
/// A name that does not resolve or a certificate that does not fit is the same a second later.
fn classify(error: BoxError) -> ConnectorError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error.as_ref());
    let mut kind = None;
    while let Some(current) = cause {
        if let Some(io) = current.downcast_ref::<io::Error>() {
            kind = Some(io.kind());
        }
        if current.downcast_ref::<rustls::Error>().is_some() {
            kind = Some(io::ErrorKind::InvalidData);
        }
        if current.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message) {
            kind = Some(io::ErrorKind::UnexpectedEof);
        }
        cause = current.source();
    }
    match kind {
        Some(io::ErrorKind::TimedOut) => ConnectorError::timeout(error),
        Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof,
        ) => ConnectorError::io(error),
        _ => ConnectorError::other(error, None),
    }
}

/// Returns the action of an AWS query-protocol body, `Action=...&Version=...`.
fn query_action(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body.get(..256.min(body.len()))?).ok()?;
    let action = text.strip_prefix("Action=")?.split('&').next()?;
    action.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| action.to_owned())
}
