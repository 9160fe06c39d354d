//! One request to S3 as its checks and handlers see it: who, through which region, under which conditions.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Extensions, Method};
use s3s::{S3Error, S3ErrorCode};

use super::{authenticate, create, names};
use crate::account::Account;
use crate::call::Call;
use crate::caller::Caller;
use crate::context::{self, Context};
use crate::host::{AwsHost, Host, Service};
use crate::parameters::Parameters;
use crate::refusal::Answer;

/// What is known of a request before s3s has read it.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) call: Arc<Call>,
    /// Who signed it; nobody for an anonymous one.
    pub(super) caller: Option<Caller>,
    /// The region whose endpoint it came to: that of the host, else the one it is signed for.
    pub(super) region: Option<String>,
    body: Bytes,
    /// The namespace that a CreateBucket asks for: a header that s3s does not know.
    pub(super) namespace: Option<String>,
    /// The condition keys that a policy may ask for.
    pub(super) context: Context,
}

impl Visit {
    /// Looks at a request: its signature's form, key and time, and what s3s would not tell of it.
    pub(super) fn begin(
        account: &Account,
        host: &Host,
        parts: &Parts,
        body: &Bytes,
        call: &Arc<Call>,
    ) -> Answer<Self> {
        let named = match host {
            // The global name leads to each bucket where it is; without a bucket it is the first region's.
            Host::Aws(AwsHost {
                service: Service::S3 { bucket: Some(bucket), global: true },
                region,
                ..
            }) => {
                let state = account.state();
                state.buckets.get(bucket).map(|bucket| bucket.region.clone()).or_else(|| region.clone())
            }
            Host::Aws(AwsHost { region, .. }) => region.clone(),
            Host::Local { .. } => None,
        };
        let signer = authenticate::look(account, host, named.as_deref(), parts, body)?;
        let (caller, signed) = signer.map(|signer| (signer.caller, signer.region)).unzip();
        let region = named.or(signed);
        Ok(Self {
            call: Arc::clone(call),
            context: context(account, caller.as_ref(), region.as_deref(), host, parts, body),
            caller,
            region,
            body: body.clone(),
            namespace: text(parts, "x-amz-bucket-namespace").map(str::to_owned),
        })
    }

    /// What the body of a CreateBucket asks for: s3s does not keep its tags.
    pub(super) fn creation(&self) -> Answer<create::Wish> {
        create::Wish::parse(&self.body)
    }

    /// The visit that a request carries.
    pub(super) fn of(extensions: &Extensions) -> Result<Arc<Self>, S3Error> {
        extensions.get::<Arc<Self>>().cloned().ok_or_else(|| S3Error::new(S3ErrorCode::InternalError))
    }
}

/// The condition keys of every call, and those that [S3 adds][keys] from parameters and headers, and of a bucket that is
/// made from its body.
///
/// [keys]: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
fn context(
    account: &Account,
    caller: Option<&Caller>,
    region: Option<&str>,
    host: &Host,
    parts: &Parts,
    body: &Bytes,
) -> Context {
    let mut context = context::of(account, caller, region, parts);
    let parameters = Parameters::of(&parts.uri);
    for (key, name) in [
        ("s3:prefix", "prefix"),
        ("s3:delimiter", "delimiter"),
        ("s3:max-keys", "max-keys"),
        ("s3:versionid", "versionId"),
    ] {
        let value = parameters.value(name).map(str::to_owned);
        context.insert(key.to_owned(), value.into_iter().collect());
    }
    for name in [
        "if-match",
        "if-none-match",
        "x-amz-acl",
        "x-amz-content-sha256",
        "x-amz-object-ownership",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-storage-class",
    ] {
        let value = text(parts, name).map(str::to_owned);
        context.insert(format!("s3:{name}"), value.into_iter().collect());
    }
    let makes =
        parts.method == Method::PUT && names::bucket_of(host, parts).is_some_and(|(_, key)| key.is_empty());
    // What cannot be read is refused where the bucket is made.
    let wish = makes.then(|| create::Wish::parse(body).ok()).flatten();
    wish.unwrap_or_default().add_keys(&mut context);
    context
}

fn text<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok())
}
