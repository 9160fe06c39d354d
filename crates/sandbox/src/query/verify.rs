//! Who signed a query request, with the words that IAM and STS use for each way of getting it wrong.
//!
//! Follows [troubleshooting Signature Version 4][troubleshooting].
//!
//! [troubleshooting]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html

use http::request::Parts;

use crate::account::Account;
use crate::caller::{Caller, Unusable};
use crate::host::Host;
use crate::query::Api;
use crate::refusal::{Answer, Refusal};
use crate::sigv4::{Authorization, Malformed, SKEW, format_timestamp, parse_timestamp, sha256_hex};

/// Verifies the signature of a request: who made it.
pub(super) fn caller(
    account: &Account,
    api: Api,
    region: Option<&str>,
    host: &Host,
    parts: &Parts,
    body: &[u8],
) -> Answer<Caller> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let Some(authorization) = header("authorization") else {
        return Err(Refusal::new(
            "MissingAuthenticationToken",
            403,
            "Request is missing Authentication Token",
        ));
    };
    let authorization = Authorization::parse(authorization).map_err(incomplete)?;
    let Some(timestamp) = header("x-amz-date") else {
        let text = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
        return Err(Refusal::new("IncompleteSignature", 400, text));
    };
    let Some(time) = parse_timestamp(timestamp) else {
        let text = format!(
            "Date must be in ISO-8601 'basic format'. Got '{timestamp}'. See http://en.wikipedia.org/wiki/ISO_8601"
        );
        return Err(Refusal::new("IncompleteSignature", 400, text));
    };
    // The one account lives in one partition; its keys mean nothing in the others.
    let stranger = matches!(host, Host::Aws(host) if host.partition() != account.partition);
    let known = match stranger {
        true => Err(Unusable::Unknown),
        false => Caller::of(account, &authorization.access_key, header("x-amz-security-token")),
    };
    let (secret, caller) = known.map_err(|unusable| match unusable {
        Unusable::Unknown | Unusable::Token => {
            let text = "The security token included in the request is invalid.";
            Refusal::new("InvalidClientTokenId", 403, text)
        }
        Unusable::Expired => {
            Refusal::new("ExpiredToken", 403, "The security token included in the request is expired")
        }
    })?;
    if authorization.service != api.name() {
        return Err(mismatch(format!("Credential should be scoped to correct service: '{}'. ", api.name())));
    }
    if region.is_some_and(|region| region != authorization.region) {
        let text = match api {
            Api::Iam => "Credential should be scoped to a valid region. ".to_owned(),
            Api::Sts => {
                format!("Credential should be scoped to a valid region, not '{}'. ", authorization.region)
            }
        };
        return Err(mismatch(text));
    }
    if !timestamp.starts_with(&authorization.date) {
        let text =
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.";
        return Err(mismatch(text.to_owned()));
    }
    let now = account.now();
    let shown = format_timestamp;
    if time < now - SKEW {
        let (early, now) = (shown(now - SKEW), shown(now));
        return Err(mismatch(format!(
            "Signature expired: {timestamp} is now earlier than {early} ({now} - 15 min.)"
        )));
    }
    if time > now + SKEW {
        let (late, now) = (shown(now + SKEW), shown(now));
        return Err(mismatch(format!(
            "Signature not yet current: {timestamp} is still later than {late} ({now} + 15 min.)"
        )));
    }
    let unsigned = authorization.unsigned_headers(parts);
    if unsigned.iter().any(|name| name == "host") {
        let text = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
        return Err(mismatch(text.to_owned()));
    }
    if !authorization.verify(parts, timestamp, &sha256_hex(body), &secret) {
        let text = "The request signature we calculated does not match the signature you provided. Check your AWS \
            Secret Access Key and signing method. Consult the service documentation for details.";
        return Err(mismatch(text.to_owned()));
    }
    Ok(caller)
}

fn mismatch(text: String) -> Refusal {
    Refusal::new("SignatureDoesNotMatch", 403, text)
}

fn incomplete(problem: Malformed) -> Refusal {
    match problem {
        Malformed::Algorithm => Refusal::new(
            "IncompleteSignature",
            400,
            "Unsupported AWS 'algorithm': only 'AWS4-HMAC-SHA256' is known.",
        ),
        Malformed::Missing(name) => Refusal::new(
            "IncompleteSignature",
            400,
            format!("Authorization header requires '{name}' parameter."),
        ),
        Malformed::Credential => {
            let text = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term";
            Refusal::new("IncompleteSignature", 400, text)
        }
    }
}
