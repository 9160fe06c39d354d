//! Where in S3 an issuer lives: bucket names, and the URLs of buckets.
//!
//! Rules: [bucket naming][names], [virtual-hosted and path-style requests][styles],
//! [account-regional namespaces][regional].
//!
//! [names]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
//! [styles]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
//! [regional]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html

use std::fmt;
use std::str::FromStr;

use crate::issuer::{IssuerUrl, IssuerUrlError};
use crate::region::{Partition, Region};

/// The name of a general purpose bucket, without dots.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BucketName(String);

/// Why a text is not a bucket name that can carry an issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BucketNameError {
    /// Too short or too long.
    #[error("the bucket name `{0}` has {len} characters; S3 takes 3 to 63", len = .0.chars().count())]
    Length(String),
    /// Dots, which break TLS.
    #[error(
        "the bucket name `{0}` has dots; the certificate of S3 covers one label only, so an issuer there fails TLS"
    )]
    Dotted(String),
    /// A character other than a-z, 0-9 and the hyphen.
    #[error("the bucket name `{0}` has {1:?}; S3 takes lower-case letters, digits and hyphens")]
    Character(String, char),
    /// A hyphen at an end.
    #[error("the bucket name `{0}` begins or ends with a hyphen")]
    Hyphen(String),
    /// A beginning or an end that S3 keeps for itself.
    #[error("the bucket name `{0}` has `{1}`, which S3 reserves")]
    Reserved(String, &'static str),
}

const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", "--x-s3", "--table-s3", ".mrap"];

impl BucketName {
    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns account and region of an account-regional name (`NAME-ACCOUNT-REGION-an`), which
    /// nobody else can take.
    #[must_use]
    pub fn account_regional(&self) -> Option<(&str, Region)> {
        let rest = self.0.strip_suffix("-an")?;
        let at = rest.match_indices('-').map(|(at, _)| at).find(|&at| {
            let tail = &rest[at + 1..];
            tail.len() > 13
                && tail.as_bytes()[..12].iter().all(u8::is_ascii_digit)
                && tail.as_bytes()[12] == b'-'
                && tail[13..].parse::<Region>().is_ok()
        })?;
        let tail = &rest[at + 1..];
        Some((&tail[..12], tail[13..].parse().ok()?))
    }

    /// Returns the issuer URL of this bucket: virtual-hosted, regional, no trailing slash.
    ///
    /// # Errors
    /// When prefix and name together make no issuer URL (its length, for one).
    pub fn issuer_url(&self, region: &Region, prefix: &Prefix) -> Result<IssuerUrl, IssuerUrlError> {
        let suffix = region.partition().dns_suffix();
        let slash = if prefix.as_str().is_empty() { "" } else { "/" };
        format!("https://{self}.s3.{region}.{suffix}{slash}{prefix}").parse()
    }
}

impl FromStr for BucketName {
    type Err = BucketNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = || text.to_owned();
        if text.contains('.') {
            return Err(BucketNameError::Dotted(name()));
        }
        let bad = |c: &char| !matches!(c, 'a'..='z' | '0'..='9' | '-');
        if let Some(character) = text.chars().find(bad) {
            return Err(BucketNameError::Character(name(), character));
        }
        if !matches!(text.len(), 3..=63) {
            return Err(BucketNameError::Length(name()));
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(BucketNameError::Hyphen(name()));
        }
        let reserved = RESERVED_PREFIXES
            .iter()
            .find(|prefix| text.starts_with(**prefix))
            .or_else(|| RESERVED_SUFFIXES.iter().find(|suffix| text.ends_with(**suffix)));
        match reserved {
            Some(part) => Err(BucketNameError::Reserved(name(), part)),
            None => Ok(Self(name())),
        }
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The part of a bucket that is one cluster's: a path without slashes at its ends, may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Prefix(String);

/// Why a text is not a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// A slash at an end.
    #[error(
        "the prefix `{0}` begins or ends with a slash; it is part of the issuer URL: leave the slash out"
    )]
    Slash(String),
    /// An empty, `.` or `..` segment, or a character that needs escaping in a URL.
    #[error(
        "the prefix `{0}` cannot stand in an issuer URL: use letters, digits and -._~ between single slashes"
    )]
    Text(String),
}

impl Prefix {
    /// Returns the text; empty for the whole bucket.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the object key of a path of the site.
    #[must_use]
    pub fn key(&self, path: &str) -> String {
        if self.0.is_empty() { path.to_owned() } else { format!("{}/{path}", self.0) }
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        if text.starts_with('/') || text.ends_with('/') {
            return Err(PrefixError::Slash(text.to_owned()));
        }
        // No percent escapes: an object key holds the decoded text, and the two would differ.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
        if !text.chars().all(plain) || crate::site::check_segments(text).is_err() {
            return Err(PrefixError::Text(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an issuer URL on one of S3's own hosts names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Location {
    /// The bucket, as the URL has it (it may not be a legal name).
    pub bucket: String,
    /// The region, where the host names one.
    pub region: Option<String>,
    /// The rest of the path.
    pub prefix: String,
    /// The DNS suffix, which is a partition's.
    pub suffix: &'static str,
}

impl S3Location {
    pub(crate) fn of(issuer: &IssuerUrl) -> Option<Self> {
        let (front, suffix) = Partition::dns_suffixes()
            .find_map(|suffix| Some((issuer.host().strip_suffix(suffix)?.strip_suffix('.')?, suffix)))?;
        let path = issuer.path();
        let (host_bucket, service) = match front.rfind(".s3.").or_else(|| front.rfind(".s3-")) {
            Some(at) => (Some(&front[..at]), &front[at + 1..]),
            None => match front.strip_suffix(".s3") {
                Some(bucket) => (Some(bucket), "s3"),
                None => (None, front),
            },
        };
        let region = service.strip_prefix("s3")?;
        let region = region.strip_prefix(['.', '-']).unwrap_or(region);
        let region = region.strip_prefix("dualstack.").unwrap_or(region);
        // Accelerated, FIPS and website endpoints are hosts of their own kind.
        let region = match region {
            "" => None,
            region => Some(region.parse::<Region>().ok()?.to_string()),
        };
        let (bucket, prefix) = match host_bucket {
            Some(bucket) => (bucket, path),
            None => path.split_once('/').unwrap_or((path, "")),
        };
        Some(Self { bucket: bucket.to_owned(), region, prefix: prefix.to_owned(), suffix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_that_cannot_carry_an_issuer_are_refused() {
        let long = "a".repeat(64);
        let table = [
            ("ab", "3 to 63"),
            (long.as_str(), "64 characters"),
            ("my.bucket", "dots"),
            ("My-bucket", "'M'"),
            ("my_bucket", "'_'"),
            ("-bucket", "hyphen"),
            ("bucket-", "hyphen"),
            ("xn--bucket", "xn--"),
            ("bucket--ol-s3", "--ol-s3"),
            ("bücket", "'ü'"),
        ];
        for (name, words) in table {
            let error = name.parse::<BucketName>().expect_err(name).to_string();
            assert!(error.contains(words), "{name}: {error}");
        }
    }

    #[test]
    fn account_regional_names_are_known() {
        let name: BucketName = "oidc-prod-123456789012-us-gov-west-1-an".parse().unwrap();
        let (account, region) = name.account_regional().unwrap();
        assert_eq!((account, region.as_str()), ("123456789012", "us-gov-west-1"));
        for plain in ["oidc-123456789012-an", "fan", "oidc-12345678901-us-east-1-an", "oidc-an"] {
            assert_eq!(plain.parse::<BucketName>().unwrap().account_regional(), None, "{plain}");
        }
    }

    #[test]
    fn the_issuer_of_a_bucket_is_regional_and_has_the_partitions_suffix() {
        let table = [
            ("eu-west-1", "", "https://my-bucket.s3.eu-west-1.amazonaws.com"),
            ("us-east-1", "c1", "https://my-bucket.s3.us-east-1.amazonaws.com/c1"),
            ("cn-north-1", "a/b", "https://my-bucket.s3.cn-north-1.amazonaws.com.cn/a/b"),
        ];
        let bucket: BucketName = "my-bucket".parse().unwrap();
        for (region, prefix, url) in table {
            let region = region.parse().unwrap();
            let prefix: Prefix = prefix.parse().unwrap();
            assert_eq!(bucket.issuer_url(&region, &prefix).unwrap().as_str(), url);
        }
    }

    #[test]
    fn hosts_of_s3_are_taken_apart() {
        let table = [
            ("https://b.s3.eu-west-1.amazonaws.com/p/q", "b", Some("eu-west-1"), "p/q"),
            ("https://b.s3.amazonaws.com", "b", None, ""),
            ("https://b.s3-eu-west-1.amazonaws.com", "b", Some("eu-west-1"), ""),
            ("https://b.s3.dualstack.eu-west-1.amazonaws.com", "b", Some("eu-west-1"), ""),
            ("https://b.s3.cn-north-1.amazonaws.com.cn", "b", Some("cn-north-1"), ""),
            ("https://s3.eu-west-1.amazonaws.com/b/p", "b", Some("eu-west-1"), "p"),
            ("https://s3.amazonaws.com/b", "b", None, ""),
        ];
        for (url, bucket, region, prefix) in table {
            let location = url.parse::<IssuerUrl>().unwrap().s3_location().expect(url);
            assert_eq!(location.bucket, bucket, "{url}");
            assert_eq!(location.region.as_deref(), region, "{url}");
            assert_eq!(location.prefix, prefix, "{url}");
        }
        for other in [
            "https://b.s3-accelerate.amazonaws.com",
            "https://oidc.example.com",
            "https://s3.example.com/b",
            "https://d1.cloudfront.net",
        ] {
            assert_eq!(other.parse::<IssuerUrl>().unwrap().s3_location(), None);
        }
    }

    #[test]
    fn prefixes_are_what_the_url_can_hold() {
        for good in ["", "a", "clusters/prod-1", "a.b~c_d"] {
            assert_eq!(good.parse::<Prefix>().unwrap().as_str(), good);
        }
        for bad in ["/a", "a/", "a//b", "..", "a/../b", "a b", "a%20b", "ä"] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad}");
        }
        assert_eq!("p".parse::<Prefix>().unwrap().key("x/y"), "p/x/y");
    }
}
