//! Who signed a request to S3 or S3 Control, before s3s verifies the signature itself.
//!
//! s3s would take SigV2, presigned URLs and upload forms, look past session tokens, other services' keys and other
//! regions, and not ask that AWS's headers are signed. Words: [S3's error responses][errors].
//!
//! [errors]: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{Method, header};
use s3s::auth::{S3Auth, SecretKey};
use s3s::crypto::{Checksum as _, Md5};
use s3s::{S3Error, S3ErrorCode, S3Result};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::access_denied;
use crate::account::Account;
use crate::caller::{Caller, Unusable};
use crate::host::Host;
use crate::parameters::Parameters;
use crate::refusal::{Answer, Refusal};
use crate::sigv4::{Authorization, Malformed, SKEW, parse_timestamp, sha256_hex};

/// Gives s3s the secret of a key.
pub(super) struct Secret(pub(super) Arc<Account>);

#[async_trait::async_trait]
impl S3Auth for Secret {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        // The token of a temporary key was read before; here it is the signature that has to be right.
        let secret = self.0.secret_of(access_key);
        secret.map(SecretKey::from).ok_or_else(|| S3Error::new(S3ErrorCode::InvalidAccessKeyId))
    }
}

/// Who says to have signed a request. Not to be shown: it has the secret that the signature is compared with.
pub(crate) struct Signer {
    pub(crate) caller: Caller,
    /// The region that it is signed for.
    pub(super) region: String,
    secret: String,
}

/// Reads who signed; nothing for an anonymous request. The signature itself is not verified. `region` is the one that
/// the host names.
pub(super) fn look(
    account: &Account,
    host: &Host,
    region: Option<&str>,
    parts: &Parts,
    body: &[u8],
) -> Answer<Option<Signer>> {
    refuse_other_ways(parts)?;
    check_content_md5(parts, body)?;
    let Some(header) = parts.headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let header = header.to_str().unwrap_or_default();
    let authorization = Authorization::parse(header).map_err(|problem| malformed(problem, header))?;
    let (secret, caller) = known(account, host, parts, &authorization)?;
    check_scope(region, &authorization)?;
    let timestamp = text(parts, "x-amz-date").ok_or_else(|| {
        Refusal::new("AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header")
    })?;
    let time = parse_timestamp(timestamp).filter(|_| timestamp.starts_with(&authorization.date)).ok_or_else(
        || {
            let text = format!(
                "Invalid credential date \"{}\". This date is not the same as X-Amz-Date: \"{timestamp}\".",
                authorization.date
            );
            header_malformed(&text)
        },
    )?;
    check_skew(account, time)?;
    let Some(payload) = text(parts, "x-amz-content-sha256") else {
        let text = "Missing required header for this request: x-amz-content-sha256";
        return Err(Refusal::new("InvalidRequest", 400, text));
    };
    let unsigned = authorization.unsigned_headers(parts);
    if !unsigned.is_empty() {
        let refusal = Refusal::new(
            "AccessDenied",
            403,
            "There were headers present in the request which were not signed",
        );
        return Err(refusal.with("HeadersNotSigned", unsigned.join(", ")));
    }
    let is_hash = payload.len() == 64 && payload.bytes().all(|byte| byte.is_ascii_hexdigit());
    let computed = sha256_hex(body);
    if is_hash && payload != computed {
        let text = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        let refusal = Refusal::new("XAmzContentSHA256Mismatch", 400, text);
        return Err(refusal
            .with("ClientComputedContentSHA256", payload)
            .with("S3ComputedContentSHA256", computed));
    }
    Ok(Some(Signer { caller, region: authorization.region, secret }))
}

/// Verifies a request of S3 Control whole: it is signed as S3's are, and s3s does not see it.
pub(crate) fn signed(
    account: &Account,
    host: &Host,
    region: Option<&str>,
    parts: &Parts,
    body: &[u8],
) -> Answer<Caller> {
    let signer = look(account, host, region, parts, body)?.ok_or_else(access_denied)?;
    let header = text(parts, "authorization").unwrap_or_default();
    let authorization = Authorization::parse(header).map_err(|problem| malformed(problem, header))?;
    let (timestamp, payload) = (text(parts, "x-amz-date"), text(parts, "x-amz-content-sha256"));
    let (timestamp, payload) = (timestamp.unwrap_or_default(), payload.unwrap_or_default());
    if authorization.verify(parts, timestamp, payload, &signer.secret) {
        return Ok(signer.caller);
    }
    Err(Refusal::new("SignatureDoesNotMatch", 403, super::errors::SIGNATURE))
}

fn text<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok())
}

/// Signature Version 2, presigned URLs and forms that upload are not taken.
fn refuse_other_ways(parts: &Parts) -> Answer<()> {
    check_query(&Parameters::of(&parts.uri))?;
    if text(parts, "authorization").is_some_and(|header| header.starts_with("AWS ")) {
        return Err(version_2());
    }
    let form = text(parts, "content-type").is_some_and(|kind| kind.starts_with("multipart/form-data"));
    if parts.method == Method::POST && form {
        return Err(Refusal::new("NotImplemented", 501, "The sandbox does not take uploads by forms."));
    }
    Ok(())
}

/// Refuses a signature in the query.
pub(super) fn check_query(parameters: &Parameters) -> Answer<()> {
    if ["X-Amz-Signature", "X-Amz-Algorithm", "X-Amz-Credential"].iter().any(|name| parameters.has(name)) {
        return Err(Refusal::new("NotImplemented", 501, "The sandbox does not take presigned URLs."));
    }
    let signed = ["AWSAccessKeyId", "Signature"].iter().any(|name| parameters.has(name));
    if signed { Err(version_2()) } else { Ok(()) }
}

fn version_2() -> Refusal {
    let text = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
    Refusal::new("InvalidRequest", 400, text)
}

fn check_content_md5(parts: &Parts, body: &[u8]) -> Answer<()> {
    let Some(given) = text(parts, "content-md5") else { return Ok(()) };
    let digest = STANDARD.decode(given).ok().filter(|digest| digest.len() == 16);
    let digest = digest
        .ok_or_else(|| Refusal::new("InvalidDigest", 400, "The Content-MD5 you specified was invalid."))?;
    // In chunks, with their own signatures: the digest is of what is inside.
    let chunked =
        text(parts, "x-amz-content-sha256").is_some_and(|payload| payload.starts_with("STREAMING-"));
    if !chunked && Md5::checksum(body).as_ref() != digest {
        let text = "The Content-MD5 you specified did not match what we received.";
        return Err(Refusal::new("BadDigest", 400, text));
    }
    Ok(())
}

/// Whose access key it is, and its secret.
fn known(
    account: &Account,
    host: &Host,
    parts: &Parts,
    authorization: &Authorization,
) -> Answer<(String, Caller)> {
    // The one account lives in one partition; its keys mean nothing in the others.
    let stranger = matches!(host, Host::Aws(host) if host.partition() != account.partition);
    let token = text(parts, "x-amz-security-token");
    let known = match stranger {
        true => Err(Unusable::Unknown),
        false => Caller::of(account, &authorization.access_key, token),
    };
    known.map_err(|unusable| {
        let token = token.unwrap_or_default();
        match unusable {
            Unusable::Unknown => {
                let text = "The AWS Access Key Id you provided does not exist in our records.";
                let refusal = Refusal::new("InvalidAccessKeyId", 403, text);
                refusal.with("AWSAccessKeyId", &authorization.access_key)
            }
            Unusable::Token => {
                let text = "The provided token is malformed or otherwise invalid.";
                Refusal::new("InvalidToken", 400, text).with("Token-0", token)
            }
            Unusable::Expired => {
                Refusal::new("ExpiredToken", 400, "The provided token has expired.").with("Token-0", token)
            }
        }
    })
}

fn check_scope(region: Option<&str>, authorization: &Authorization) -> Answer<()> {
    if authorization.service != "s3" {
        let text =
            format!("incorrect service \"{}\". This endpoint belongs to \"s3\".", authorization.service);
        return Err(header_malformed(&text));
    }
    match region {
        Some(region) if region != authorization.region => {
            let text = format!("the region '{}' is wrong; expecting '{region}'", authorization.region);
            Err(header_malformed(&text).with("Region", region))
        }
        _ => Ok(()),
    }
}

/// "The difference between the request time and the server's time is too large": more than 15 minutes.
fn check_skew(account: &Account, time: OffsetDateTime) -> Answer<()> {
    let now = account.now();
    if (now - time).abs() <= SKEW {
        return Ok(());
    }
    let shown = |time: OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
    let text = "The difference between the request time and the current time is too large.";
    let refusal = Refusal::new("RequestTimeTooSkewed", 403, text).with("RequestTime", shown(time));
    Err(refusal.with("ServerTime", shown(now)).with("MaxAllowedSkewMilliseconds", "900000"))
}

fn malformed(problem: Malformed, header: &str) -> Refusal {
    match problem {
        Malformed::Algorithm => {
            let refusal = Refusal::new("InvalidArgument", 400, "Unsupported Authorization Type");
            let kind = header.split(' ').next().unwrap_or_default();
            refusal.with("ArgumentName", "Authorization").with("ArgumentValue", kind)
        }
        Malformed::Missing(name) => header_malformed(&format!("missing {name}.")),
        Malformed::Credential => {
            let form = "expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";
            header_malformed(&format!("the Credential is mal-formed; {form}"))
        }
    }
}

fn header_malformed(problem: &str) -> Refusal {
    Refusal::new(
        "AuthorizationHeaderMalformed",
        400,
        format!("The authorization header is malformed; {problem}"),
    )
}
