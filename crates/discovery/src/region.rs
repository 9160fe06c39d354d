//! AWS regions, and the partition and DNS suffix that a region belongs to.
//!
//! Source: the partitions table that the AWS SDKs share (`partitions.json`). Nothing else in the
//! workspace writes `arn:aws` or `amazonaws.com`.

use std::fmt;
use std::str::FromStr;

/// A partition of AWS: its own accounts, ARNs and DNS suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Partition {
    /// `aws`, the commercial regions.
    Aws,
    /// `aws-cn`, China.
    China,
    /// `aws-us-gov`, GovCloud.
    GovCloud,
    /// `aws-eusc`, the European Sovereign Cloud.
    EuropeanSovereign,
    /// `aws-iso`.
    Iso,
    /// `aws-iso-b`.
    IsoB,
    /// `aws-iso-e`.
    IsoE,
    /// `aws-iso-f`.
    IsoF,
}

/// Each partition: its id, its DNS suffix, and how its region names begin.
const TABLE: [(Partition, &str, &str, &[&str]); 8] = [
    (Partition::China, "aws-cn", "amazonaws.com.cn", &["cn-"]),
    (Partition::GovCloud, "aws-us-gov", "amazonaws.com", &["us-gov-"]),
    (Partition::EuropeanSovereign, "aws-eusc", "amazonaws.eu", &["eusc-"]),
    (Partition::IsoB, "aws-iso-b", "sc2s.sgov.gov", &["us-isob-"]),
    (Partition::IsoE, "aws-iso-e", "cloud.adc-e.uk", &["eu-isoe-"]),
    (Partition::IsoF, "aws-iso-f", "csp.hci.ic.gov", &["us-isof-", "eu-isof-"]),
    (Partition::Iso, "aws-iso", "c2s.ic.gov", &["us-iso-"]),
    (Partition::Aws, "aws", "amazonaws.com", &[]),
];

impl Partition {
    /// Returns the id, the second part of each ARN.
    #[must_use]
    pub fn id(self) -> &'static str {
        TABLE.iter().find(|row| row.0 == self).map_or("aws", |row| row.1)
    }

    /// Returns the suffix of the DNS names of the partition's services.
    #[must_use]
    pub fn dns_suffix(self) -> &'static str {
        TABLE.iter().find(|row| row.0 == self).map_or("amazonaws.com", |row| row.2)
    }

    /// Lists every DNS suffix of AWS; none ends with another one.
    pub(crate) fn dns_suffixes() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|row| row.2)
    }
}

impl FromStr for Partition {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        TABLE.iter().find(|row| row.1 == text).map(|row| row.0).ok_or(RegionError::Partition(text.to_owned()))
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A region's name, such as `eu-west-1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region(String);

/// Why a text is not a region or a partition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegionError {
    /// Not formed as regions are.
    #[error("`{0}` is not an AWS region; one looks like eu-west-1")]
    Region(String),
    /// Not a partition that we know.
    #[error("`{0}` is not a partition of AWS that this version knows")]
    Partition(String),
}

impl Region {
    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the partition, told by how the name begins.
    #[must_use]
    pub fn partition(&self) -> Partition {
        TABLE
            .iter()
            .find(|row| row.3.iter().any(|prefix| self.0.starts_with(prefix)))
            .map_or(Partition::Aws, |row| row.0)
    }

    /// Tells whether a CreateBucket call has to leave the LocationConstraint out: in us-east-1 alone
    /// ([CreateBucket](https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html)).
    #[must_use]
    pub fn is_default_location(&self) -> bool {
        self.0 == "us-east-1"
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (area, number) = text.rsplit_once('-').ok_or_else(|| RegionError::Region(text.to_owned()))?;
        let words = area.split('-').collect::<Vec<_>>();
        let good = words.len() >= 2
            && words
                .iter()
                .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
            && matches!(number.len(), 1..=2)
            && number.bytes().all(|byte| byte.is_ascii_digit());
        if good { Ok(Self(text.to_owned())) } else { Err(RegionError::Region(text.to_owned())) }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_is_told_by_the_region() {
        let table = [
            ("us-east-1", "aws", "amazonaws.com"),
            ("ap-southeast-7", "aws", "amazonaws.com"),
            ("mx-central-1", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
            ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
            ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
        ];
        for (name, id, suffix) in table {
            let partition = name.parse::<Region>().unwrap().partition();
            assert_eq!((partition.id(), partition.dns_suffix()), (id, suffix), "{name}");
            assert_eq!(id.parse::<Partition>().unwrap(), partition);
        }
    }

    #[test]
    fn what_is_no_region_is_refused() {
        for text in ["", "eu-west", "EU-WEST-1", "eu_west_1", "eu-west-1a", "1", "-1", "eu--1", "us-east-100"]
        {
            assert!(text.parse::<Region>().is_err(), "{text:?}");
        }
    }
}
