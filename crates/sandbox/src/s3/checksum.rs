//! The checksum that comes with an upload, in a header or after the body, is computed again and kept.
//!
//! Follows [checking object integrity][integrity]: an upload without one gets CRC-64/NVME.
//!
//! [integrity]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};

use crate::refusal::{Answer, Refusal};

/// Header and name of each algorithm.
const ALGORITHMS: [(&str, &str); 5] = [
    ("x-amz-checksum-crc32", "CRC32"),
    ("x-amz-checksum-crc32c", "CRC32C"),
    ("x-amz-checksum-crc64nvme", "CRC64NVME"),
    ("x-amz-checksum-sha1", "SHA1"),
    ("x-amz-checksum-sha256", "SHA256"),
];

/// Checks what `header` gives of the checksum headers; the algorithm and the checksum, in base64.
pub(super) fn check<'a>(body: &[u8], header: impl Fn(&str) -> Option<&'a str>) -> Answer<(String, String)> {
    let mut given =
        ALGORITHMS.iter().filter_map(|(name, algorithm)| Some((*name, *algorithm, header(name)?)));
    let Some((name, algorithm, value)) = given.next() else {
        return Ok(("CRC64NVME".to_owned(), compute("CRC64NVME", body)));
    };
    if given.next().is_some() {
        let text = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
        return Err(Refusal::new("InvalidRequest", 400, text));
    }
    let computed = compute(algorithm, body);
    if computed == value {
        return Ok((algorithm.to_owned(), computed));
    }
    let length = STANDARD.decode(&computed).map(|bytes| bytes.len()).unwrap_or_default();
    if STANDARD.decode(value).map(|bytes| bytes.len()) != Ok(length) {
        return Err(Refusal::new("InvalidRequest", 400, format!("Value for {name} header is invalid.")));
    }
    let text = format!("The {algorithm} you specified did not match the calculated checksum.");
    Err(Refusal::new("BadDigest", 400, text))
}

fn compute(algorithm: &str, body: &[u8]) -> String {
    match algorithm {
        "CRC32" => STANDARD.encode(Crc32::checksum(body)),
        "CRC32C" => STANDARD.encode(Crc32c::checksum(body)),
        "SHA1" => STANDARD.encode(Sha1::checksum(body)),
        "SHA256" => STANDARD.encode(Sha256::checksum(body)),
        _ => STANDARD.encode(Crc64Nvme::checksum(body)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of CRCs, and of FIPS 180, for "123456789".
    #[test]
    fn known_checksums() {
        let table = [
            ("x-amz-checksum-crc32", "CRC32", "y/Q5Jg=="),
            ("x-amz-checksum-crc32c", "CRC32C", "4waSgw=="),
            ("x-amz-checksum-crc64nvme", "CRC64NVME", "rosUhgp5mIg="),
            ("x-amz-checksum-sha1", "SHA1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
        ];
        for (header, algorithm, value) in table {
            let given = |name: &str| (name == header).then_some(value);
            assert_eq!(check(b"123456789", given).unwrap(), (algorithm.to_owned(), value.to_owned()));
            assert_eq!(check(b"12345678", given).unwrap_err().code, "BadDigest");
            assert_eq!(
                check(b"123456789", |name| (name == header).then_some("AA==")).unwrap_err().code,
                "InvalidRequest"
            );
        }
        assert_eq!(check(b"123456789", |_| None).unwrap().0, "CRC64NVME");
        assert_eq!(check(b"", |_| Some("AA==")).unwrap_err().code, "InvalidRequest");
    }
}
