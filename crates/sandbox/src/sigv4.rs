//! Signature Version 4, verified: who signed, for which service and region, when, and whether the signature is right.
//!
//! Follows [Signature Version 4 for API requests][sigv4]. S3's signatures are verified by s3s; what is here reads
//! the header for both and verifies the services that s3s does not know.
//!
//! [sigv4]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

/// How far the clock of a caller may be off.
pub(crate) const SKEW: Duration = Duration::minutes(15);

/// The one algorithm that is taken.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// All but the characters that are never escaped in a canonical request.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const ESCAPED_PATH: &AsciiSet = &ESCAPED.remove(b'/');

/// An Authorization header, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authorization {
    pub(crate) access_key: String,
    pub(crate) date: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) signed_headers: Vec<String>,
    pub(crate) signature: String,
}

/// What of an Authorization header is missing or wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// Not the algorithm that is known.
    Algorithm,
    /// A component that is missing: its name.
    Missing(&'static str),
    /// The credential does not have its five parts.
    Credential,
}

impl Authorization {
    /// Reads the header.
    pub(crate) fn parse(header: &str) -> Result<Self, Malformed> {
        let components = header.strip_prefix(ALGORITHM).ok_or(Malformed::Algorithm)?;
        let component = |name: &'static str| {
            let mut parts = components.split(',').map(str::trim);
            parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).ok_or(Malformed::Missing(name))
        };
        let credential = component("Credential")?.split('/').collect::<Vec<_>>();
        let [access_key, date, region, service, "aws4_request"] = credential[..] else {
            return Err(Malformed::Credential);
        };
        Ok(Self {
            access_key: access_key.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: component("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: component("Signature")?.to_owned(),
        })
    }

    /// Whether the signature is that of the request under this secret.
    ///
    /// `payload_hash` is the hex SHA-256 of the body, or what stands for it.
    pub(crate) fn verify(&self, parts: &Parts, timestamp: &str, payload_hash: &str, secret: &str) -> bool {
        let request = canonical_request(parts, &self.signed_headers, payload_hash, self.service == "s3");
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let to_sign = format!("{ALGORITHM}\n{timestamp}\n{scope}\n{}", hex(&Sha256::digest(request)));
        let key = [&self.date, &self.region, &self.service, "aws4_request"]
            .into_iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part.as_bytes()));
        self.signature == hex(&mac(&key, to_sign.as_bytes()))
    }

    /// The headers that have to be signed and are not: the host, and all of AWS's own.
    pub(crate) fn unsigned_headers(&self, parts: &Parts) -> Vec<String> {
        let names = parts.headers.keys().map(http::HeaderName::as_str);
        let needed = names.filter(|name| *name == "host" || name.starts_with("x-amz-"));
        needed
            .filter(|name| !self.signed_headers.iter().any(|signed| signed == name))
            .map(str::to_owned)
            .collect()
    }
}

/// Reads an `x-amz-date`.
pub(crate) fn parse_timestamp(text: &str) -> Option<OffsetDateTime> {
    PrimitiveDateTime::parse(text, TIMESTAMP).ok().map(PrimitiveDateTime::assume_utc)
}

/// Writes an `x-amz-date`.
pub(crate) fn format_timestamp(time: OffsetDateTime) -> String {
    time.format(TIMESTAMP).unwrap_or_default()
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Hex SHA-256.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // A key of any length is good for HMAC: the error is there for other algorithms.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn canonical_request(parts: &Parts, signed: &[String], payload_hash: &str, path_as_sent: bool) -> String {
    // Every service but S3 escapes the path once more.
    let path = match parts.uri.path() {
        path if path_as_sent => path.to_owned(),
        path => utf8_percent_encode(path, ESCAPED_PATH).to_string(),
    };
    let escape = |text: &str| {
        let plain = percent_decode_str(text).collect::<Vec<u8>>();
        percent_encoding::percent_encode(&plain, ESCAPED).to_string()
    };
    let mut query = parts
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (escape(name), escape(value)))
        .collect::<Vec<_>>();
    query.sort();
    let query = query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let headers = signed.iter().map(|name| {
        let values = parts.headers.get_all(name.as_str()).iter().map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        });
        format!("{name}:{}\n", values.collect::<Vec<_>>().join(","))
    });
    let headers = headers.collect::<String>();
    format!("{}\n{path}\n{query}\n{headers}\n{}\n{payload_hash}", parts.method, signed.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request =
            http::Request::builder().method(method).uri(uri).header("host", "example.amazonaws.com");
        request = request.header("x-amz-date", "20150830T123600Z");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn authorization(service: &str, signed: &str, signature: &str) -> Authorization {
        let credential = format!("AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request");
        let header =
            format!("{ALGORITHM} Credential={credential}, SignedHeaders={signed}, Signature={signature}");
        Authorization::parse(&header).unwrap()
    }

    /// AWS's published test suite (get-vanilla and its neighbours), the signatures computed again with botocore.
    #[test]
    fn the_published_vectors_verify() {
        let plain = "host;x-amz-date";
        let form = "content-type;host;x-amz-date";
        let table = VECTORS;
        for (name, method, uri, headers, body, signature) in table {
            let parts = parts(method, uri, headers);
            let signed = if headers.iter().any(|(name, _)| *name == "content-type") { form } else { plain };
            let signed = match *name {
                "get-header-value-trim" => "host;my-header1;my-header2;x-amz-date",
                _ => signed,
            };
            let hash = sha256_hex(body.as_bytes());
            let good = authorization("service", signed, signature);
            assert!(good.verify(&parts, "20150830T123600Z", &hash, SECRET), "{name}");
            assert!(!good.verify(&parts, "20150830T123601Z", &hash, SECRET), "{name}: another time");
            assert!(!good.verify(&parts, "20150830T123600Z", &hash, "other"), "{name}: another secret");
            assert!(!good.verify(&parts, "20150830T123600Z", "x", SECRET), "{name}: another body");
        }
    }

    #[test]
    fn s3_signs_the_path_as_it_was_sent() {
        let signature = S3_SIGNATURE;
        let parts = parts("GET", "/a%20b/%C3%BC?x=1&y=%2F", &[]);
        assert!(authorization("s3", "host;x-amz-date", signature).verify(
            &parts,
            "20150830T123600Z",
            EMPTY,
            SECRET
        ));
        assert!(!authorization("iam", "host;x-amz-date", signature).verify(
            &parts,
            "20150830T123600Z",
            EMPTY,
            SECRET
        ));
    }

    #[test]
    fn malformed_headers_are_named() {
        let table = [
            ("AWS AKID:signature", Malformed::Algorithm),
            ("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0", Malformed::Missing("Credential")),
            (
                "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, Signature=0",
                Malformed::Missing("SignedHeaders"),
            ),
            (
                "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host",
                Malformed::Missing("Signature"),
            ),
            ("AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=0", Malformed::Credential),
        ];
        for (header, problem) in table {
            assert_eq!(Authorization::parse(header), Err(problem), "{header}");
        }
    }

    #[test]
    fn headers_of_aws_have_to_be_signed() {
        let parts = parts("GET", "/", &[("x-amz-acl", "private"), ("range", "bytes=0-1")]);
        assert_eq!(authorization("s3", "host;x-amz-date", "0").unsigned_headers(&parts), ["x-amz-acl"]);
        assert_eq!(authorization("s3", "x-amz-acl;x-amz-date", "0").unsigned_headers(&parts), ["host"]);
    }

    #[test]
    fn timestamps_are_read_and_written() {
        let time = parse_timestamp("20150830T123600Z").unwrap();
        assert_eq!(format_timestamp(time), "20150830T123600Z");
        for bad in ["", "2015-08-30T12:36:00Z", "20150830T126000Z", "20150830T123600"] {
            assert_eq!(parse_timestamp(bad), None, "{bad}");
        }
    }

    type Vector = (
        &'static str,
        &'static str,
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static str,
        &'static str,
    );

    const VECTORS: &[Vector] = &[
        (
            "get-vanilla",
            "GET",
            "/",
            &[],
            "",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "get-vanilla-query-order-key-case",
            "GET",
            "/?Param2=value2&Param1=value1",
            &[],
            "",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "get-vanilla-utf8-query",
            "GET",
            "/?%E1%88%B4=bar",
            &[],
            "",
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
        ),
        (
            "get-header-value-trim",
            "GET",
            "/",
            &[("my-header1", " value1"), ("my-header2", "\"a   b   c\"")],
            "",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
        (
            "post-vanilla",
            "POST",
            "/",
            &[],
            "",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "post-x-www-form-urlencoded",
            "POST",
            "/",
            &[("content-type", "application/x-www-form-urlencoded")],
            "Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ];
    const S3_SIGNATURE: &str = "850f58570e1fc40652b8a1faf3465e88a30bbcaf864f568531ab8bc5356374b8";
}
