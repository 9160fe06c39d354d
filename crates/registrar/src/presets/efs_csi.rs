//! The EFS CSI driver: its example policy.

use std::collections::BTreeSet;

use super::facts::{EQUALS, Facts, LIKE, Policy};
use super::narrowing::{By, Narrowed};
use super::resource::ResourceKind;

pub(super) const FACTS: Facts = Facts {
    summary: "EFS CSI driver: access points for claims",
    version: "v2.1.12",
    source: "https://github.com/kubernetes-sigs/aws-efs-csi-driver/blob/v2.1.12/docs/iam-policy-example.json",
    service_account: "kube-system/efs-csi-controller-sa",
    narrowed_by: &[By::Resource(ResourceKind::FileSystem)],
    needs: "the ARNs of its file systems (--resource-arn)",
    hardened_setup: "claims on other file systems are refused: name those of every storage class",
};

/// The tag that the driver puts on its access points, with the value `true`.
const TAG: &str = "efs.csi.aws.com/cluster";

pub(super) fn write(policy: &mut Policy, narrowed: &Narrowed) {
    let file_systems = || narrowed.resources.iter().map(|resource| resource.arn.clone());
    // The access points of a file system do not name it: theirs are all in its account and region, and the tag tells
    // them from others.
    let access_points: BTreeSet<_> =
        narrowed.resources.iter().map(|resource| format!("{}:access-point/*", resource.place)).collect();
    policy
        .allow(
            "ReadFileSystems",
            "elasticfilesystem",
            &["DescribeAccessPoints", "DescribeFileSystems", "DescribeMountTargets"],
        )
        .and("ec2", &["DescribeAvailabilityZones"])
        .put();
    policy
        .allow("CreateAccessPoints", "elasticfilesystem", &["CreateAccessPoint"])
        .on_arns(file_systems())
        .when(LIKE, format!("aws:RequestTag/{TAG}"), &["true"])
        .put();
    policy
        .allow("TagAccessPoints", "elasticfilesystem", &["TagResource"])
        .on_arns(file_systems().chain(access_points.iter().cloned()))
        .when(LIKE, format!("aws:ResourceTag/{TAG}"), &["true"])
        .put();
    policy
        .allow("DeleteAccessPoints", "elasticfilesystem", &["DeleteAccessPoint"])
        .on_arns(access_points)
        .when(EQUALS, format!("aws:ResourceTag/{TAG}"), &["true"])
        .put();
}
