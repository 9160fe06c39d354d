//! Bucket names: what may be asked for, and what may be made.
//!
//! Follows the [bucket naming rules][rules].
//!
//! [rules]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html

use http::request::Parts;
use issuer_discovery::BucketName;
use s3s::validation::{AwsNameValidation, NameValidation};

use crate::account::Account;
use crate::host::Host;
use crate::refusal::{Answer, Refusal};

/// Lets every name through to the checks that have AWS's words for it.
pub(super) struct Lenient;

impl NameValidation for Lenient {
    fn validate_bucket_name(&self, name: &str) -> bool {
        !name.is_empty()
    }
}

/// The bucket and key that a request names, still escaped.
pub(crate) fn bucket_of<'a>(host: &'a Host, parts: &'a Parts) -> Option<(&'a str, &'a str)> {
    let path = parts.uri.path().strip_prefix('/').unwrap_or_default();
    let (bucket, key) = match host.bucket() {
        Some(bucket) => (bucket, path),
        None => path.split_once('/').unwrap_or((path, "")),
    };
    Some((bucket, key)).filter(|(bucket, _)| !bucket.is_empty())
}

/// Checks the form of a name.
pub(super) fn check(name: &str) -> Answer<()> {
    if AwsNameValidation::new().validate_bucket_name(name) { Ok(()) } else { Err(invalid(name)) }
}

/// Checks that a bucket of this name can be made, in the namespace that the request asks for.
pub(super) fn check_new(account: &Account, name: &str, region: &str, namespace: Option<&str>) -> Answer<()> {
    check(name)?;
    let reserved = ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|prefix| name.starts_with(prefix))
        || ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]
            .iter()
            .any(|suffix| name.ends_with(suffix));
    let own = name.ends_with(&format!("-{}-{region}-an", account.config.account));
    // `-ACCOUNT-REGION-an` is kept for the account's own namespace, which has to be asked for by name.
    let regional = name.parse::<BucketName>().is_ok_and(|name| name.account_regional().is_some());
    let namespaced = match namespace {
        Some("account-regional") => own,
        Some("global") | None => !regional,
        Some(_) => false,
    };
    if reserved || !namespaced { Err(invalid(name)) } else { Ok(()) }
}

fn invalid(name: &str) -> Refusal {
    Refusal::new("InvalidBucketName", 400, "The specified bucket is not valid.").with("BucketName", name)
}
