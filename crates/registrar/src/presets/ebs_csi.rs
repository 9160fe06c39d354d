//! The EBS CSI driver: the policy of its documentation for volumes and snapshots that carry its tag.
//!
//! Volumes of the in-tree plugin, which do not, are known by the tag of their claim.

use super::facts::{Allow, EQUALS, Facts, LIKE, NULL, Policy};
use super::narrowing::{By, Narrowed};

pub(super) const FACTS: Facts = Facts {
    summary: "EBS CSI driver: volumes and snapshots for claims",
    version: "v1.61.0",
    source: "https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/v1.61.0/docs/AmazonEBSCSIDriverPolicyV2.json",
    service_account: "kube-system/ebs-csi-controller-sa",
    narrowed_by: &[By::Cluster],
    needs: "the name of the cluster (--cluster-name)",
    hardened_setup: "start the controller with --k8s-tag-cluster-id=NAME (controller.k8sTagClusterId in its chart); volumes and snapshots that were made without it need the tag kubernetes.io/cluster/NAME=owned first",
};

/// The tag that the driver puts on everything that it makes, with the value `true`.
const MANAGED: &str = "ebs.csi.aws.com/cluster";
/// The tag of a volume that was made for a claim, with the claim's name.
const CLAIM: &str = "kubernetes.io/created-for/pvc/name";
/// The same as [`MANAGED`] for one cluster, with the name of the cluster.
const MANAGED_BY: &str = "ebs.csi.aws.com/cluster-name";

const VOLUMES: &str = "ec2:*:*:volume/*";
/// Volumes that are there already: CopyVolumes asks for the one that is copied and for the copy.
const COPIED: &str = "ec2:*:*:volume/vol-*";
const SNAPSHOTS: &str = "ec2:*:*:snapshot/*";
const INSTANCES: &str = "ec2:*:*:instance/*";

/// The tags of the request, and those of the resource, as keys of conditions.
const NEW: &str = "aws:RequestTag";
const PRESENT: &str = "ec2:ResourceTag";

pub(super) fn write(policy: &mut Policy, narrowed: &Narrowed) {
    let read = [
        "DescribeAvailabilityZones",
        "DescribeInstances",
        "DescribeInstanceTypes",
        "DescribeSnapshots",
        "DescribeVolumes",
        "DescribeVolumesModifications",
        "DescribeVolumeStatus",
    ];
    policy.allow("Read", "ec2", &read).put();
    create(policy, narrowed);
    manage(policy, narrowed);
    tag(policy, narrowed);
}

fn create(policy: &mut Policy, narrowed: &Narrowed) {
    let create = policy.allow("CreateVolumes", "ec2", &["CreateVolume", "CopyVolumes"]).on(&[VOLUMES]);
    managed(create, NEW, narrowed).put();
    let copy = policy.allow("CopyVolumes", "ec2", &["CopyVolumes"]).on(&[COPIED]);
    managed(copy, PRESENT, narrowed).put();
    let copy = policy.allow("CopyVolumesOfClaims", "ec2", &["CopyVolumes"]).on(&[COPIED]);
    of_claim(copy, narrowed).put();
    let create = policy.allow("CreateSnapshots", "ec2", &["CreateSnapshot"]).on(&[SNAPSHOTS]);
    managed(create, NEW, narrowed).put();
    let from = policy.allow("CreateSnapshotsOfVolumes", "ec2", &["CreateSnapshot"]).on(&[VOLUMES]);
    managed(from, PRESENT, narrowed).put();
}

fn manage(policy: &mut Policy, narrowed: &Narrowed) {
    let actions = ["AttachVolume", "DeleteVolume", "DetachVolume", "ModifyVolume"];
    managed(policy.allow("ManageVolumes", "ec2", &actions).on(&[VOLUMES]), PRESENT, narrowed).put();
    of_claim(policy.allow("ManageVolumesOfClaims", "ec2", &actions).on(&[VOLUMES]), narrowed).put();
    // Nodes need not carry the tag of the cluster; the volume has to in any case.
    policy.allow("AttachToInstances", "ec2", &["AttachVolume", "DetachVolume"]).on(&[INSTANCES]).put();
    let restore = ["CreateVolume", "EnableFastSnapshotRestores"];
    managed(policy.allow("RestoreSnapshots", "ec2", &restore).on(&[SNAPSHOTS]), PRESENT, narrowed).put();
    let delete = ["DeleteSnapshot", "LockSnapshot"];
    managed(policy.allow("ManageSnapshots", "ec2", &delete).on(&[SNAPSHOTS]), PRESENT, narrowed).put();
}

fn tag(policy: &mut Policy, narrowed: &Narrowed) {
    policy
        .allow("TagOnCreation", "ec2", &["CreateTags"])
        .on(&[VOLUMES, SNAPSHOTS])
        .when(EQUALS, "ec2:CreateAction", &["CopyVolumes", "CreateSnapshot", "CreateVolume"])
        .put();
    let retag = policy.allow("RetagVolumes", "ec2", &["CreateTags", "DeleteTags"]).on(&[VOLUMES]);
    // The tags that this policy goes by are never put on or taken off afterwards.
    let of_cluster = narrowed.cluster.as_deref().map(owned_by);
    let kept: Vec<&str> = [MANAGED, MANAGED_BY, CLAIM].into_iter().chain(of_cluster.as_deref()).collect();
    managed(retag, PRESENT, narrowed)
        .when(NULL, "aws:TagKeys", &["false"])
        .when("ForAllValues:StringNotEquals", "aws:TagKeys", &kept)
        .put();
}

/// Of what the driver made.
fn managed<'a>(allow: Allow<'a>, tags: &str, narrowed: &Narrowed) -> Allow<'a> {
    of_cluster(allow.when(EQUALS, format!("{tags}/{MANAGED}"), &["true"]), tags, narrowed)
}

/// Of what the in-tree plugin made.
fn of_claim<'a>(allow: Allow<'a>, narrowed: &Narrowed) -> Allow<'a> {
    of_cluster(allow.when(LIKE, format!("{PRESENT}/{CLAIM}"), &["*"]), PRESENT, narrowed)
}

/// Beside the other tag and not in its place: root volumes of nodes carry the cluster's tag too.
fn of_cluster<'a>(allow: Allow<'a>, tags: &str, narrowed: &Narrowed) -> Allow<'a> {
    match &narrowed.cluster {
        Some(cluster) => allow.when(EQUALS, format!("{tags}/{}", owned_by(cluster)), &["owned"]),
        None => allow,
    }
}

/// The tag of what one cluster owns: the driver's with --k8s-tag-cluster-id, and the in-tree plugin's.
///
/// <https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/v1.61.0/docs/tagging.md>
fn owned_by(cluster: &str) -> String {
    format!("kubernetes.io/cluster/{cluster}")
}
