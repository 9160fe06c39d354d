//! Which service of AWS a host name means: partition, region, bucket, account.
//!
//! Follows [AWS service endpoints][endpoints] and S3's [virtual hosting][hosting]; the older forms `s3-REGION` and
//! `s3.dualstack.REGION` are known too.
//!
//! [endpoints]: https://docs.aws.amazon.com/general/latest/gr/rande.html
//! [hosting]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html

use issuer_discovery::{Partition, Region};

/// What a Host header names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// A host of AWS.
    Aws(AwsHost),
    /// Not a name of AWS: an address of this machine, mostly. Bucket names may stand before `localhost`.
    Local { bucket: Option<String> },
}

/// A host name of AWS, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AwsHost {
    pub(crate) service: Service,
    /// The region in the name, or the partition's own for a service that has one for all.
    pub(crate) region: Option<String>,
    pub(crate) suffix: &'static str,
}

/// The services that have host names of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Service {
    Iam,
    Sts,
    S3 {
        bucket: Option<String>,
        global: bool,
    },
    S3Control {
        account: Option<String>,
    },
    /// One that the sandbox does not have, by its first label.
    Other(String),
}

const PARTITIONS: [Partition; 8] = [
    Partition::China,
    Partition::EuropeanSovereign,
    Partition::Iso,
    Partition::IsoB,
    Partition::IsoE,
    Partition::IsoF,
    Partition::GovCloud,
    Partition::Aws,
];

/// The region that the partition's global services are signed for, where we know it.
pub(crate) fn global_region(partition: Partition) -> Option<&'static str> {
    match partition {
        Partition::Aws => Some("us-east-1"),
        Partition::China => Some("cn-north-1"),
        Partition::GovCloud => Some("us-gov-west-1"),
        _ => None,
    }
}

impl Host {
    /// Reads the host of a request; a port is left aside.
    pub(crate) fn parse(host: &str) -> Self {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let name = name.to_ascii_lowercase();
        let aws = PARTITIONS.iter().find_map(|partition| {
            let suffix = partition.dns_suffix();
            let front = name.strip_suffix(suffix)?.strip_suffix('.')?;
            Some(AwsHost::parse(front, suffix))
        });
        match aws {
            Some(host) => Self::Aws(host),
            None => {
                let bucket = name.strip_suffix(".localhost").map(str::to_owned);
                Self::Local { bucket }
            }
        }
    }

    /// The bucket in the name.
    pub(crate) fn bucket(&self) -> Option<&str> {
        match self {
            Self::Aws(AwsHost { service: Service::S3 { bucket, .. }, .. }) | Self::Local { bucket } => {
                bucket.as_deref()
            }
            Self::Aws(_) => None,
        }
    }
}

impl AwsHost {
    fn parse(front: &str, suffix: &'static str) -> Self {
        let labels = front.split('.').collect::<Vec<_>>();
        let region_at = |at: usize| match labels.get(at) {
            Some(&"dualstack") => labels.get(at + 1).copied(),
            other => other.copied(),
        };
        let host =
            |service, region: Option<&str>| Self { service, region: region.map(str::to_owned), suffix };
        let global = |region: Option<&str>| {
            region.is_none().then_some("us-east-1").filter(|_| suffix == "amazonaws.com")
        };
        // From the right: a bucket's name may have dots and the names of services in it.
        let found = (0..labels.len()).rev().find(|&at| {
            let regional =
                labels[at].strip_prefix("s3-").is_some_and(|region| region.parse::<Region>().is_ok());
            matches!(labels[at], "s3" | "s3-control") || regional
        });
        let Some(at) = found else {
            return match labels[0] {
                "iam" => host(Service::Iam, region_at(1)),
                "sts" => host(Service::Sts, region_at(1).or(global(region_at(1)))),
                other => host(Service::Other(other.to_owned()), region_at(1)),
            };
        };
        let before = (at > 0).then(|| labels[..at].join("."));
        let region =
            labels[at].strip_prefix("s3-").filter(|_| labels[at] != "s3-control").or(region_at(at + 1));
        if labels[at] == "s3-control" {
            return host(Service::S3Control { account: before }, region);
        }
        let service = Service::S3 { bucket: before, global: region.is_none() };
        host(service, region.or(global(region)))
    }

    /// The partition; GovCloud shares its suffix with the commercial regions and is told by the region.
    pub(crate) fn partition(&self) -> Partition {
        let by_region = self.region.as_deref().and_then(|region| match region {
            "us-gov" => Some(Partition::GovCloud),
            region => region.parse::<Region>().ok().map(|region| region.partition()),
        });
        by_region
            .or_else(|| PARTITIONS.into_iter().rev().find(|one| one.dns_suffix() == self.suffix))
            .unwrap_or(Partition::Aws)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_aws_are_taken_apart() {
        let s3 = |bucket: Option<&str>, global| Service::S3 { bucket: bucket.map(str::to_owned), global };
        let control = |account: Option<&str>| Service::S3Control { account: account.map(str::to_owned) };
        let table = [
            ("iam.amazonaws.com", Service::Iam, None, "aws"),
            ("iam.us-gov.amazonaws.com:443", Service::Iam, Some("us-gov"), "aws-us-gov"),
            ("iam.cn-north-1.amazonaws.com.cn", Service::Iam, Some("cn-north-1"), "aws-cn"),
            ("sts.amazonaws.com", Service::Sts, Some("us-east-1"), "aws"),
            ("sts.eu-west-1.amazonaws.com", Service::Sts, Some("eu-west-1"), "aws"),
            ("S3.eu-west-1.amazonaws.com", s3(None, false), Some("eu-west-1"), "aws"),
            ("s3.amazonaws.com", s3(None, true), Some("us-east-1"), "aws"),
            ("b.s3.amazonaws.com", s3(Some("b"), true), Some("us-east-1"), "aws"),
            (
                "s3.my.s3.us-gov-west-1.amazonaws.com",
                s3(Some("s3.my"), false),
                Some("us-gov-west-1"),
                "aws-us-gov",
            ),
            ("sts.my.s3.eu-west-1.amazonaws.com", s3(Some("sts.my"), false), Some("eu-west-1"), "aws"),
            ("b.s3.dualstack.eu-west-1.amazonaws.com", s3(Some("b"), false), Some("eu-west-1"), "aws"),
            ("b.s3-eu-west-1.amazonaws.com", s3(Some("b"), false), Some("eu-west-1"), "aws"),
            ("b.s3.cn-north-1.amazonaws.com.cn", s3(Some("b"), false), Some("cn-north-1"), "aws-cn"),
            (
                "123456789012.s3-control.us-east-1.amazonaws.com",
                control(Some("123456789012")),
                Some("us-east-1"),
                "aws",
            ),
            ("ec2.us-east-1.amazonaws.com", Service::Other("ec2".to_owned()), Some("us-east-1"), "aws"),
        ];
        for (name, service, region, partition) in table {
            let Host::Aws(host) = Host::parse(name) else { panic!("{name}") };
            assert_eq!((&host.service, host.region.as_deref()), (&service, region), "{name}");
            assert_eq!(host.partition().id(), partition, "{name}");
        }
    }

    #[test]
    fn other_hosts_are_local() {
        for name in [
            "127.0.0.1:8080",
            "localhost",
            "[::1]:80",
            "123456789012.127.0.0.1:1",
            "amazonaws.com.evil.example",
        ] {
            assert_eq!(Host::parse(name), Host::Local { bucket: None }, "{name}");
        }
        assert_eq!(Host::parse("b.localhost:1").bucket(), Some("b"));
    }
}
