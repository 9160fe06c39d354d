//! One request to S3 as its checks and handlers see it: who, through which region, under which conditions.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Extensions;
use http::request::Parts;
use s3s::{S3Error, S3ErrorCode};
use time::format_description::well_known::Rfc3339;

use super::{authenticate, create, names};
use crate::account::Account;
use crate::call::Call;
use crate::host::{AwsHost, Host, Service};
use crate::refusal::Answer;
use crate::server::ThroughTls;

/// What is known of a request before s3s has read it.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) call: Arc<Call>,
    /// Whether it is signed; by whom is no question with one key.
    pub(super) signed: bool,
    /// The region whose endpoint it came to: that of the host, else the one it is signed for.
    pub(super) region: Option<String>,
    /// The body of a CreateBucket: s3s does not keep its tags.
    pub(super) creation: Option<create::Wish>,
    /// The namespace that a CreateBucket asks for: a header that s3s does not know.
    pub(super) namespace: Option<String>,
    /// The condition keys that a policy may ask for.
    pub(super) context: BTreeMap<String, Vec<String>>,
}

impl Visit {
    /// Looks at a request: its signature's form, key and time, and what s3s would not tell of it.
    pub(super) fn begin(
        account: &Account,
        host: &Host,
        parts: &Parts,
        body: &[u8],
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
        let signed = authenticate::look(account, host, named.as_deref(), parts, body)?;
        let creation = names::bucket_of(host, parts)
            .filter(|(_, key)| {
                parts.method == http::Method::PUT && key.is_empty() && parts.uri.query().is_none()
            })
            .map(|_| create::Wish::parse(body))
            .transpose()?;
        let region = named.or_else(|| signed.clone());
        Ok(Self {
            call: Arc::clone(call),
            context: context(account, parts, signed.is_some()),
            signed: signed.is_some(),
            region,
            creation,
            namespace: text(parts, "x-amz-bucket-namespace").map(str::to_owned),
        })
    }

    /// The visit that a request carries.
    pub(super) fn of(extensions: &Extensions) -> Result<Arc<Self>, S3Error> {
        extensions.get::<Arc<Self>>().cloned().ok_or_else(|| S3Error::new(S3ErrorCode::InternalError))
    }
}

/// The [global condition keys][keys] that can be told; those of networks and organisations are known to be absent.
///
/// [keys]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
fn context(account: &Account, parts: &Parts, signed: bool) -> BTreeMap<String, Vec<String>> {
    let now = account.now();
    let one = |value: String| vec![value];
    let when_signed = |value: String| if signed { vec![value] } else { Vec::new() };
    let mut context = BTreeMap::new();
    let mut set = |key: &str, values: Vec<String>| context.insert(key.to_owned(), values);
    set("aws:securetransport", one(parts.extensions.get::<ThroughTls>().is_some().to_string()));
    set("aws:currenttime", one(now.format(&Rfc3339).unwrap_or_default()));
    set("aws:epochtime", one(now.unix_timestamp().to_string()));
    set("aws:sourceip", one("127.0.0.1".to_owned()));
    set("aws:useragent", text(parts, "user-agent").map(str::to_owned).into_iter().collect());
    set("aws:referer", text(parts, "referer").map(str::to_owned).into_iter().collect());
    set("aws:viaawsservice", one("false".to_owned()));
    set("aws:principalisawsservice", one("false".to_owned()));
    set("aws:principalaccount", when_signed(account.config.account.clone()));
    set("aws:principalarn", when_signed(account.caller_arn()));
    set("aws:principaltype", one(if signed { "User" } else { "Anonymous" }.to_owned()));
    set("aws:username", when_signed("sandbox".to_owned()));
    set("aws:resourceaccount", one(account.config.account.clone()));
    for absent in
        ["principalorgid", "principalorgpaths", "sourcevpc", "sourcevpce", "sourcearn", "sourceaccount"]
    {
        set(&format!("aws:{absent}"), Vec::new());
    }
    context
}

fn text<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok())
}
