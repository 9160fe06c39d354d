//! The one function through which every call passes: number it, wait, find its service, answer, sign off.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};

use crate::account::Account;
use crate::call::Call;
use crate::config::Answered;
use crate::host::{AwsHost, Host, Service as AwsService};
use crate::refusal::Refusal;
use crate::s3::S3;
use crate::{query, s3control};

/// The longest body that is taken; an upload in one part may have 5 GB at AWS.
const BODY: usize = 64 * 1024 * 1024;

/// All services.
#[derive(Debug)]
pub(crate) struct Service {
    account: Arc<Account>,
    s3: S3,
}

impl Service {
    /// The services of an account.
    pub(crate) fn new(account: Arc<Account>) -> Self {
        Self { s3: S3::new(&account), account }
    }

    /// Answers one request. Faults, delays and records of calls belong here and nowhere else.
    pub(crate) async fn answer<B>(&self, request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let call = Arc::new(Call::new(&self.account));
        if let Some(latency) = self.account.config.latency {
            tokio::time::sleep(latency).await;
        }
        let head = request.method() == Method::HEAD;
        let mut response = self.dispatch(request, &call).await;
        if head || response.status() == StatusCode::NOT_MODIFIED {
            // An answer without a body; of a HEAD the length is that of the object.
            *response.body_mut() = Full::default();
        }
        call.sign_off(&mut response);
        if let Some(observer) = &self.account.config.observer {
            let operation = call.operation().unwrap_or("unknown").to_owned();
            observer.see(Answered { number: call.number, operation, status: response.status().as_u16() });
        }
        Ok(response)
    }

    async fn dispatch<B>(&self, request: Request<B>, call: &Arc<Call>) -> Response<Full<Bytes>>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let host = Host::parse(host_of(&parts));
        let target = target(&parts, &host);
        let body = match Limited::new(body, BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let text = "Your proposed upload exceeds the maximum allowed size";
                return self.refuse(&target, &Refusal::new("EntityTooLarge", 400, text), call);
            }
            Err(_) => {
                let text =
                    "You did not provide the number of bytes specified by the Content-Length HTTP header.";
                return self.refuse(&target, &Refusal::new("IncompleteBody", 400, text), call);
            }
        };
        match &target {
            Target::Query(api) => query::answer(&self.account, *api, &host, &parts, &body, call),
            Target::S3Control { account } => {
                s3control::answer(&self.account, account.as_deref(), &host, &parts, &body, call)
            }
            Target::S3 => self.s3.answer(&self.account, &host, parts, body, call).await,
            Target::Unknown(service) => {
                let text =
                    format!("The sandbox has no service {service}: it has s3, s3-control, iam and sts.");
                self.refuse(&target, &Refusal::new("NotImplemented", 501, text), call)
            }
        }
    }

    fn refuse(&self, target: &Target, refusal: &Refusal, call: &Call) -> Response<Full<Bytes>> {
        match target {
            Target::S3 => crate::s3::error_response(refusal, call),
            _ => query::error_response(query::Api::Sts, refusal, call),
        }
    }
}

/// Which service a request is for.
enum Target {
    Query(Option<query::Api>),
    S3Control { account: Option<String> },
    S3,
    Unknown(String),
}

fn target(parts: &Parts, host: &Host) -> Target {
    if let Host::Aws(AwsHost { service, .. }) = host {
        return match service {
            AwsService::Iam => Target::Query(Some(query::Api::Iam)),
            AwsService::Sts => Target::Query(Some(query::Api::Sts)),
            AwsService::S3Control { account } => Target::S3Control { account: account.clone() },
            AwsService::S3 { .. } => Target::S3,
            AwsService::Other(name) => Target::Unknown(name.clone()),
        };
    }
    // Without a name the request itself has to tell: the path of S3 Control, or the form of the query protocol.
    let form = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = form.is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    if parts.headers.contains_key("x-amz-account-id") && parts.uri.path().starts_with("/v20180820/") {
        Target::S3Control { account: None }
    } else if parts.method == Method::POST && parts.uri.path() == "/" && form {
        Target::Query(None)
    } else {
        Target::S3
    }
}

/// The host that a request is for.
pub(crate) fn host_of(parts: &Parts) -> &str {
    let header = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    header.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default()
}

/// An XML answer.
pub(crate) fn xml_response(status: u16, body: String, content_type: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}
