//! S3: s3s reads and writes the protocol, the files beside this one say what AWS does.
//!
//! Here the two meet: what is checked before s3s sees a request, and what its answers lack of AWS's.

mod access;
pub(crate) mod authenticate;
mod buckets;
mod checksum;
mod conditions;
mod create;
mod deletion;
mod effect;
mod errors;
mod handlers;
mod listing;
mod names;
mod objects;
mod operations;
mod policy;
mod published;
mod settings;
mod tagging;
mod upload;
mod visit;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::{BodyExt, Full};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::host::{S3Host, VirtualHost};
use s3s::service::{S3Service, S3ServiceBuilder};

pub(crate) use errors::error_response;
pub(crate) use names::bucket_of;
pub(crate) use published::{Place, read};

use crate::account::Account;
use crate::call::Call;
use crate::host::Host;
use crate::refusal::Refusal;
use visit::Visit;

/// The S3 of an account.
pub(crate) struct S3 {
    service: S3Service,
}

impl S3 {
    /// S3 over an account's state.
    pub(crate) fn new(account: &Arc<Account>) -> Self {
        let mut builder = S3ServiceBuilder::new(handlers::Handlers(Arc::clone(account)));
        // Without an authenticator s3s leaves the access check out.
        builder.set_auth(authenticate::Secret(Arc::clone(account)));
        builder.set_access(access::Access(Arc::clone(account)));
        builder.set_host(Buckets);
        builder.set_validation(names::Lenient);
        let mut config = S3Config::default();
        // The clock is ours: the skew is measured in `authenticate`, and s3s may not measure it by another.
        config.presigned_url_max_skew_time_secs = u32::MAX;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        Self { service: builder.build() }
    }

    /// Answers a request.
    pub(crate) async fn answer(
        &self,
        account: &Account,
        host: &Host,
        parts: Parts,
        body: Bytes,
        call: &Arc<Call>,
    ) -> Response<Full<Bytes>> {
        let visit = match Visit::begin(account, host, &parts, &body, call) {
            Ok(visit) => Arc::new(visit),
            Err(refusal) => return error_response(&refusal, call),
        };
        let mut request = http::Request::from_parts(parts, s3s::Body::from(body));
        request.extensions_mut().insert(visit);
        let Ok(response) = self.service.call(request).await else {
            return error_response(&errors::internal(), call);
        };
        let (parts, body) = response.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => return error_response(&errors::internal(), call),
        };
        let failed = parts.status.as_u16() >= 300;
        match failed.then(|| errors::refusal(parts.status.as_u16(), &body, call)) {
            Some(refusal) => error_response(&refusal, call),
            None => {
                let mut response = Response::from_parts(parts, Full::from(body));
                // s3s says 200 and reads no other status from the handler.
                if call.operation() == Some("s3:PutBucketTagging") {
                    *response.status_mut() = http::StatusCode::NO_CONTENT;
                }
                response
            }
        }
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("S3")
    }
}

/// Finds the bucket in a host's name.
struct Buckets;

impl S3Host for Buckets {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> s3s::S3Result<VirtualHost<'a>> {
        Ok(match Host::parse(host).bucket() {
            Some(bucket) => VirtualHost::new(host).with_bucket(bucket.to_owned()),
            None => VirtualHost::new(host),
        })
    }
}

/// What the account has no bucket of this name for.
fn no_such_bucket(bucket: &str) -> Refusal {
    Refusal::new("NoSuchBucket", 404, "The specified bucket does not exist").with("BucketName", bucket)
}

/// The least that S3 says of a refusal of access.
fn access_denied() -> Refusal {
    Refusal::new("AccessDenied", 403, "Access Denied")
}
