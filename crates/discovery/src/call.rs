//! A failed AWS call, told so that a person can act on it: the IAM action, the resource, and why.
//!
//! Error codes: [S3](https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html),
//! [IAM](https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html).

use std::error::Error as StdError;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// One failed call.
#[derive(Debug, thiserror::Error)]
#[error("{action} on {resource} failed: {reason}")]
pub struct CallError {
    /// The IAM action, such as `s3:PutBucketPolicy`.
    pub action: &'static str,
    /// The ARN or name that it was for.
    pub resource: String,
    /// Why it failed.
    pub reason: Box<CallFailure>,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// There are no credentials, or their source failed.
    NoCredentials,
    /// The credentials have run out or are not known.
    BadCredentials(ServiceAnswer),
    /// AWS refused.
    AccessDenied(ServiceAnswer),
    /// AWS asked to slow down until the retries ran out.
    Throttled(ServiceAnswer),
    /// Any other answer.
    Answer(ServiceAnswer),
    /// No answer in time.
    Timeout,
    /// The connection broke before the answer was whole, until the retries ran out.
    Broken,
    /// No connection.
    Unreachable,
}

/// What AWS answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceAnswer {
    /// The HTTP status; 0 when unknown.
    pub status: u16,
    /// The error code, empty when the answer had none.
    pub code: String,
    /// The message, cleared of control characters.
    pub message: String,
    /// The request id, for AWS support.
    pub request_id: Option<String>,
    /// The region that S3 says the bucket is in.
    pub bucket_region: Option<String>,
}

impl CallError {
    /// Reads a failure of the SDK.
    pub fn new<E>(action: &'static str, resource: impl Into<String>, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let reason = Box::new(CallFailure::of(&error));
        // What the service said is in `reason`; only a failure without an answer has a cause to tell.
        let source = match &error {
            SdkError::ServiceError(answered) if answered.raw().status().as_u16() >= 400 => None,
            // The SDK's chain lists every place that it looked in: the hint says it better.
            _ if *reason == CallFailure::NoCredentials => None,
            _ => StdError::source(&error).map(|cause| chain(cause).into()),
        };
        Self { action, resource: resource.into(), reason, source }
    }

    /// Returns what AWS answered, where it did.
    #[must_use]
    pub fn answer(&self) -> Option<&ServiceAnswer> {
        match &*self.reason {
            CallFailure::BadCredentials(answer)
            | CallFailure::AccessDenied(answer)
            | CallFailure::Throttled(answer)
            | CallFailure::Answer(answer) => Some(answer),
            CallFailure::NoCredentials
            | CallFailure::Timeout
            | CallFailure::Broken
            | CallFailure::Unreachable => None,
        }
    }

    /// Returns the error code; empty where there is none.
    #[must_use]
    pub fn code(&self) -> &str {
        self.answer().map_or("", |answer| &answer.code)
    }

    /// Returns the HTTP status; 0 where there is none.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.answer().map_or(0, |answer| answer.status)
    }

    /// Tells whether AWS refused for want of a permission.
    #[must_use]
    pub fn is_access_denied(&self) -> bool {
        matches!(*self.reason, CallFailure::AccessDenied(_))
    }

    /// Tells whether the same call may succeed a moment later: AWS was too busy or failed inside, or
    /// the answer was lost. A change may have been carried out all the same.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match &*self.reason {
            CallFailure::Throttled(_) | CallFailure::Timeout | CallFailure::Broken => true,
            // A success whose body was cut counts here; so do RequestTimeout, which S3 sends with a 400, and
            // OperationAborted, a 409 while another change of the same bucket is under way.
            CallFailure::Answer(answer) => {
                matches!(answer.status, 1..=399 | 429 | 500 | 502..=504)
                    || matches!(
                        answer.code.as_str(),
                        "RequestTimeout" | "RequestTimeoutException" | "OperationAborted"
                    )
            }
            _ => false,
        }
    }

    /// Names the kind of policy whose explicit deny refused, when AWS says so: no permission lifts it
    /// ([access denied messages](https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html)).
    #[must_use]
    pub fn explicit_deny(&self) -> Option<&'static str> {
        let (_, rest) = self.answer()?.message.split_once("explicit deny in a")?;
        ["resource-based policy", "identity-based policy", "VPC endpoint policy"]
            .into_iter()
            .find(|kind| rest.contains(kind))
    }

    /// Names the kind of policy outside this account's hands that refused, when AWS says so.
    #[must_use]
    pub fn organisation_policy(&self) -> Option<&'static str> {
        let message = &self.answer()?.message;
        ["service control policy", "resource control policy", "permissions boundary", "session policy"]
            .into_iter()
            .find(|kind| message.contains(kind))
    }
}

impl CallFailure {
    fn of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::TimeoutError(_) => Self::Timeout,
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(cause) if is_credentials(cause) => Self::NoCredentials,
                _ if failure.is_timeout() => Self::Timeout,
                _ if failure.is_io() => Self::Broken,
                _ => Self::Unreachable,
            },
            SdkError::ServiceError(answered) => Self::of_answer(answer(answered.err(), answered.raw())),
            SdkError::ResponseError(response) => {
                let status = response.raw().status().as_u16();
                Self::Answer(ServiceAnswer {
                    status,
                    message: "the answer could not be read".to_owned(),
                    ..ServiceAnswer::default()
                })
            }
            _ => Self::Unreachable,
        }
    }

    fn of_answer(answer: ServiceAnswer) -> Self {
        match answer.code.as_str() {
            "ExpiredToken"
            | "ExpiredTokenException"
            | "InvalidClientTokenId"
            | "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException"
            | "RequestTimeTooSkewed"
            | "TokenRefreshRequired"
            | "InvalidToken"
            | "RequestExpired" => Self::BadCredentials(answer),
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => Self::AccessDenied(answer),
            "Throttling"
            | "ThrottlingException"
            | "SlowDown"
            | "RequestLimitExceeded"
            | "TooManyRequests"
            | "TooManyRequestsException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "BandwidthLimitExceeded"
            | "PriorRequestNotComplete" => Self::Throttled(answer),
            // HEAD has no body, so no code.
            "" if answer.status == 403 => Self::AccessDenied(answer),
            _ => Self::Answer(answer),
        }
    }
}

fn answer<E: ProvideErrorMetadata>(error: &E, raw: &HttpResponse) -> ServiceAnswer {
    let header = |name| raw.headers().get(name).map(clean);
    ServiceAnswer {
        status: raw.status().as_u16(),
        code: clean(error.code().unwrap_or_default()),
        message: clean(error.message().unwrap_or_default()),
        request_id: header("x-amz-request-id").or_else(|| header("x-amzn-requestid")),
        bucket_region: header("x-amz-bucket-region"),
    }
}

/// The other side's words go to a terminal: no control characters, and an end.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(1000).collect()
}

fn is_credentials(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(current) = cause {
        // The SDK's own type is in a crate of its internals; its texts have been stable.
        let text = current.to_string();
        if text.contains("credential") || text.contains("the SSO token") {
            return true;
        }
        cause = current.source();
    }
    false
}

/// Writes a chain of causes as one text, so that it can be kept apart from the SDK's types.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = clean(&error.to_string());
    let mut cause = error.source();
    while let Some(current) = cause {
        let next = clean(&current.to_string());
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = current.source();
    }
    text
}

impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCredentials => f.write_str("there are no AWS credentials"),
            Self::BadCredentials(answer) => write!(f, "AWS does not take these credentials: {answer}"),
            Self::AccessDenied(answer) | Self::Answer(answer) => answer.fmt(f),
            Self::Throttled(answer) => {
                write!(f, "AWS asks to slow down: {answer}")
            }
            Self::Timeout => f.write_str("no answer in time"),
            Self::Broken => f.write_str("the connection broke before there was a whole answer"),
            Self::Unreachable => f.write_str("the endpoint could not be reached"),
        }
    }
}

impl fmt::Display for ServiceAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = if self.code.is_empty() { "no code" } else { &self.code };
        write!(f, "{code} (HTTP {})", self.status)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        match &self.request_id {
            Some(id) => write!(f, " [request {id}]"),
            None => Ok(()),
        }
    }
}
