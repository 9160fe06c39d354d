//! An S3 that answers as it is scripted to.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_types::SdkConfig;
use issuer_discovery::{BucketPlace, CACHE_CONTROL, JwksPath, Patience, S3Publisher};

/// An S3 that answers as scripted, and remembers what it was asked.
pub(crate) struct Scripted {
    publisher: S3Publisher,
    asked: Arc<Mutex<Vec<String>>>,
    changes: Arc<Mutex<Vec<Change>>>,
}

/// A request that is no reading one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) line: String,
    pub(crate) if_match: Option<String>,
    pub(crate) body: String,
}

impl Scripted {
    /// The script sees method and target of a request, and how often the same came before.
    pub(crate) fn start(script: impl Fn(&str, usize) -> (u16, String) + Send + Sync + 'static) -> Self {
        Self::retrying(RetryConfig::disabled(), script)
    }

    /// As [`Self::start`]; the SDK tries again where it may, without pauses.
    pub(crate) fn with_retries(
        script: impl Fn(&str, usize) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
        Self::retrying(retries, script)
    }

    fn retrying(
        retries: RetryConfig,
        script: impl Fn(&str, usize) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let changes = Arc::new(Mutex::new(Vec::new()));
        let (seen, made) = (Arc::clone(&asked), Arc::clone(&changes));
        let client = infallible_client_fn(move |request: http::Request<aws_smithy_types::body::SdkBody>| {
            let target = request.uri().path_and_query().unwrap();
            let line = format!("{} {target}", request.method());
            let mut seen: MutexGuard<'_, Vec<String>> = seen.lock().unwrap();
            let before = seen.iter().filter(|other| **other == line).count();
            seen.push(line.clone());
            if !["GET", "HEAD"].contains(&request.method().as_str()) {
                let if_match =
                    request.headers().get("if-match").map(|etag| etag.to_str().unwrap().to_owned());
                let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
                made.lock().unwrap().push(Change { line: line.clone(), if_match, body });
            }
            let (status, body) = script(&line, before);
            let answer = http::Response::builder().status(status).header("x-amz-request-id", "R1");
            // What an object of ours is served with; the XML answers do not mind.
            let answer = answer.header("content-type", "application/jwk-set+json");
            answer.header("cache-control", CACHE_CONTROL).body(body).unwrap()
        });
        let credentials = Credentials::new("EXAMPLE", "example", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .region(Region::new("eu-west-1"))
            .http_client(client)
            .retry_config(retries)
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .build();
        let patience = Patience { limit: Duration::from_millis(40), first_pause: Duration::from_millis(5) };
        Self { publisher: S3Publisher::new(&config, "123456789012", place(), true, patience), asked, changes }
    }

    pub(crate) fn publisher(&self) -> &S3Publisher {
        &self.publisher
    }

    /// What was sent to change something, in order.
    pub(crate) fn changes(&self) -> Vec<Change> {
        self.changes.lock().unwrap().clone()
    }

    /// How many requests had this in their target.
    pub(crate) fn asked(&self, part: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.contains(part)).count()
    }

    pub(crate) fn count(&self, line: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.starts_with(line)).count()
    }
}

pub(crate) fn place() -> BucketPlace {
    BucketPlace {
        bucket: "my-bucket".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        prefix: "c1".parse().unwrap(),
        jwks_path: JwksPath::default(),
    }
}

pub(crate) fn error(code: &str, message: &str) -> String {
    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>")
}

/// S3 Control wraps its errors, S3 does not.
pub(crate) fn account_error(code: &str) -> String {
    format!("<ErrorResponse><Error><Code>{code}</Code><Message>none</Message></Error></ErrorResponse>")
}

pub(crate) fn missing(line: &str) -> (u16, String) {
    if line.contains("v20180820") {
        return (404, account_error("NoSuchPublicAccessBlockConfiguration"));
    }
    (404, error("NoSuchBucket", "none"))
}
