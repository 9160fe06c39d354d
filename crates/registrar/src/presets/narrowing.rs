//! What narrows a preset: read once, here, and refused whole when a part of it would do nothing.

use std::collections::BTreeSet;

use issuer_discovery::Partition;

use super::facts::Facts;
use super::resource::{Resource, ResourceKind};
use super::{Preset, PresetError};

/// The longest name of a cluster: a tag's key has 128 characters, and `k8s.io/cluster-autoscaler/` is in front of it.
/// EKS has the same limit.
const CLUSTER_LENGTH: usize = 100;

/// What narrows a preset's `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// Ids of hosted zones, for those that write to Route 53.
    pub zones: Vec<String>,
    /// The name of the cluster in tags of its resources.
    pub cluster: Option<String>,
    /// ARNs of what it works on (file systems, Auto Scaling groups).
    pub resources: Vec<String>,
}

/// What a preset can be narrowed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Zone,
    Cluster,
    Resource(ResourceKind),
}

/// A narrowing that has been read; all empty where none was given.
#[derive(Clone, Debug, Default)]
pub(super) struct Narrowed {
    pub(super) zones: BTreeSet<String>,
    pub(super) cluster: Option<String>,
    pub(super) resources: BTreeSet<Resource>,
}

impl Narrowed {
    pub(super) fn read(
        preset: Preset,
        facts: &Facts,
        partition: Partition,
        given: &Narrowing,
    ) -> Result<Self, PresetError> {
        let needs = facts.needs;
        let can = |by: fn(&By) -> bool| facts.narrowed_by.iter().any(by);
        for (is_given, can_use, given) in [
            (!given.zones.is_empty(), can(|by| *by == By::Zone), "a hosted zone (--zone)"),
            (
                given.cluster.is_some(),
                can(|by| *by == By::Cluster),
                "the name of the cluster (--cluster-name)",
            ),
            (!given.resources.is_empty(), can(|by| matches!(by, By::Resource(_))), "an ARN (--resource-arn)"),
        ] {
            if is_given && !can_use {
                return Err(PresetError::NoUse { preset, given, needs });
            }
        }
        let kind = facts.narrowed_by.iter().find_map(|by| match by {
            By::Resource(kind) => Some(*kind),
            By::Zone | By::Cluster => None,
        });
        let resource = |arn: &String| kind.map(|kind| kind.read(preset, partition, arn));
        let read = Self {
            zones: given.zones.iter().map(|zone| zone_id(zone)).collect::<Result<_, _>>()?,
            cluster: given.cluster.as_deref().map(cluster).transpose()?,
            resources: given.resources.iter().filter_map(resource).collect::<Result<_, _>>()?,
        };
        if read.zones.is_empty() && read.cluster.is_none() && read.resources.is_empty() {
            return Err(PresetError::NothingToNarrowBy { preset, needs });
        }
        Ok(read)
    }
}

/// Reads the id of a hosted zone, as the API answers it (`/hostedzone/Z...`) or bare: "Maximum length of 32".
///
/// <https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZone.html>
fn zone_id(text: &str) -> Result<String, PresetError> {
    let id = text.strip_prefix("/hostedzone/").unwrap_or(text);
    let good = id.starts_with('Z')
        && matches!(id.len(), 2..=32)
        && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if good { Ok(id.to_owned()) } else { Err(PresetError::Zone(text.to_owned())) }
}

/// Reads the name of a cluster. It comes to stand in keys of conditions and in values, where `*`, `?` and `${` would be
/// more than themselves.
fn cluster(name: &str) -> Result<String, PresetError> {
    let good = matches!(name.len(), 1..=CLUSTER_LENGTH)
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if good { Ok(name.to_owned()) } else { Err(PresetError::Cluster(name.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_come_bare_or_as_the_api_answers_them() {
        for good in ["Z1", "/hostedzone/Z1"] {
            assert_eq!(zone_id(good).as_deref(), Ok("Z1"), "{good}");
        }
        assert!(zone_id(&format!("Z{}", "0".repeat(31))).is_ok());
        let long = format!("Z{}", "0".repeat(32));
        for bad in [
            "",
            "Z",
            "*",
            "Z*",
            "z1",
            "Z1 ",
            "Z1\n",
            "C1",
            "hostedzone/Z1",
            "/hostedzone/",
            "/hostedzone//hostedzone/Z1",
            "/change/Z1",
            "example.com",
            "arn:aws:route53:::hostedzone/Z1",
            "Z${aws:username}",
            &long,
        ] {
            assert_eq!(zone_id(bad), Err(PresetError::Zone(bad.to_owned())), "{bad:?}");
        }
    }

    #[test]
    fn names_of_clusters_have_no_wildcard_and_no_variable() {
        let longest = "a".repeat(100);
        for good in ["a", "9", "prod", "blue.example.com", "My_cluster-1", &longest] {
            assert_eq!(cluster(good).as_deref(), Ok(good));
        }
        let long = "a".repeat(101);
        for bad in ["", "*", "prod*", "prod?", "${aws:x}", "a/b", "a:b", "a b", "-a", ".a", "a\n", "ä", &long]
        {
            assert_eq!(cluster(bad), Err(PresetError::Cluster(bad.to_owned())), "{bad:?}");
        }
    }
}
