//! What the policies answer to calls, plain and narrowed.

use issuer_policy::{Request, RequestPrincipal};

use super::*;

/// A call, its resource, its condition keys (`key=value`, `key=` for one that is not there), and whether it is allowed
/// plain and narrowed.
type Case = (Preset, &'static str, &'static str, &'static str, bool, bool);

const BALANCER: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/1";
const TARGETS: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/1";
const SECURITY_GROUP: &str = "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-1";
const VOLUME: &str = "arn:aws:ec2:eu-west-1:123456789012:volume/vol-1";
const NEW_VOLUME: &str = "arn:aws:ec2:eu-west-1:123456789012:volume/*";
const SNAPSHOT: &str = "arn:aws:ec2::123456789012:snapshot/snap-1";
const INSTANCE: &str = "arn:aws:ec2:eu-west-1:123456789012:instance/i-1";
const ZONE_ARN: &str = "arn:aws:route53:::hostedzone/Z0123456789ABCDEF";
const OTHER_ZONE: &str = "arn:aws:route53:::hostedzone/Z9";
const WORKERS: &str = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:01234567-89ab-cdef-0123-456789abcdef:autoScalingGroupName/workers";
const OTHER_GROUP: &str = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:01234567-89ab-cdef-0123-456789abcdef:autoScalingGroupName/others";
const OTHER_FILES: &str = "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-9";
const ACCESS_POINT: &str = "arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-1";
const OTHER_ACCESS_POINT: &str = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-1";

const MINE: &str =
    "aws:ResourceTag/elbv2.k8s.aws/cluster=blue.example.com aws:RequestTag/elbv2.k8s.aws/cluster=";
const THEIRS: &str = "aws:ResourceTag/elbv2.k8s.aws/cluster=green aws:RequestTag/elbv2.k8s.aws/cluster=";
const NOBODYS: &str = "aws:ResourceTag/elbv2.k8s.aws/cluster= aws:RequestTag/elbv2.k8s.aws/cluster=";
const NEW_MINE: &str = "aws:RequestTag/elbv2.k8s.aws/cluster=blue.example.com elasticloadbalancing:CreateAction=CreateLoadBalancer ec2:CreateAction=CreateSecurityGroup";
const NEW_THEIRS: &str = "aws:RequestTag/elbv2.k8s.aws/cluster=green elasticloadbalancing:CreateAction=CreateLoadBalancer ec2:CreateAction=CreateSecurityGroup";
const NEW_NOBODYS: &str = "aws:RequestTag/elbv2.k8s.aws/cluster= aws:ResourceTag/elbv2.k8s.aws/cluster= elasticloadbalancing:CreateAction=CreateLoadBalancer ec2:CreateAction=CreateSecurityGroup";

/// A volume or snapshot of the driver in this cluster, in another one, one that a node starts from, and one of the
/// in-tree plugin.
const DRIVER_MINE: &str = "ec2:ResourceTag/ebs.csi.aws.com/cluster=true ec2:ResourceTag/kubernetes.io/cluster/blue.example.com=owned ec2:ResourceTag/kubernetes.io/created-for/pvc/name=";
const DRIVER_THEIRS: &str = "ec2:ResourceTag/ebs.csi.aws.com/cluster=true ec2:ResourceTag/kubernetes.io/cluster/blue.example.com= ec2:ResourceTag/kubernetes.io/created-for/pvc/name=data";
const ROOT: &str = "ec2:ResourceTag/ebs.csi.aws.com/cluster= ec2:ResourceTag/kubernetes.io/cluster/blue.example.com=owned ec2:ResourceTag/kubernetes.io/created-for/pvc/name=";
const IN_TREE: &str = "ec2:ResourceTag/ebs.csi.aws.com/cluster= ec2:ResourceTag/kubernetes.io/cluster/blue.example.com=owned ec2:ResourceTag/kubernetes.io/created-for/pvc/name=data";
const MADE_MINE: &str =
    "aws:RequestTag/ebs.csi.aws.com/cluster=true aws:RequestTag/kubernetes.io/cluster/blue.example.com=owned";
const MADE_THEIRS: &str =
    "aws:RequestTag/ebs.csi.aws.com/cluster=true aws:RequestTag/kubernetes.io/cluster/blue.example.com=";
const MADE_NOBODYS: &str =
    "aws:RequestTag/ebs.csi.aws.com/cluster= aws:RequestTag/kubernetes.io/cluster/blue.example.com=";

const TXT: &str = "route53:ChangeResourceRecordSetsRecordTypes=TXT";
const A: &str = "route53:ChangeResourceRecordSetsRecordTypes=A";
const LISTS: &str = "route53:ChangeResourceRecordSetsRecordTypes=";

const DISCOVERED: &str = "aws:ResourceTag/k8s.io/cluster-autoscaler/blue.example.com=";
const TAGGED: &str = "aws:ResourceTag/k8s.io/cluster-autoscaler/blue.example.com=owned";

const EFS_NEW: &str = "aws:RequestTag/efs.csi.aws.com/cluster=true";
const EFS_NEW_UNTAGGED: &str = "aws:RequestTag/efs.csi.aws.com/cluster=";
const EFS_OWN: &str = "aws:ResourceTag/efs.csi.aws.com/cluster=true";
const EFS_STRANGE: &str = "aws:ResourceTag/efs.csi.aws.com/cluster=";

use Preset::{AwsLoadBalancerController as Lbc, CertManager, ClusterAutoscaler, EbsCsi, EfsCsi, ExternalDns};

const CASES: &[Case] = &[
    (
        Lbc,
        "iam:CreateServiceLinkedRole",
        "*",
        "iam:AWSServiceName=elasticloadbalancing.amazonaws.com",
        true,
        true,
    ),
    (Lbc, "iam:CreateServiceLinkedRole", "*", "iam:AWSServiceName=spot.amazonaws.com", false, false),
    (Lbc, "iam:CreateRole", "*", "", false, false),
    (Lbc, "ec2:DescribeSubnets", "*", "", true, true),
    (Lbc, "ec2:AuthorizeSecurityGroupIngress", SECURITY_GROUP, NOBODYS, true, true),
    (Lbc, "ec2:DeleteSecurityGroup", SECURITY_GROUP, MINE, true, true),
    (Lbc, "ec2:DeleteSecurityGroup", SECURITY_GROUP, THEIRS, true, false),
    (Lbc, "ec2:DeleteSecurityGroup", SECURITY_GROUP, NOBODYS, false, false),
    (Lbc, "ec2:CreateTags", SECURITY_GROUP, NEW_MINE, true, true),
    (Lbc, "ec2:CreateTags", SECURITY_GROUP, NEW_THEIRS, true, false),
    (Lbc, "ec2:CreateTags", SECURITY_GROUP, NEW_NOBODYS, false, false),
    (Lbc, "ec2:CreateTags", SECURITY_GROUP, MINE, true, true),
    (Lbc, "ec2:CreateTags", VOLUME, MINE, false, false),
    (Lbc, "elasticloadbalancing:CreateLoadBalancer", BALANCER, NEW_MINE, true, true),
    (Lbc, "elasticloadbalancing:CreateLoadBalancer", BALANCER, NEW_THEIRS, true, false),
    (Lbc, "elasticloadbalancing:CreateTargetGroup", TARGETS, NEW_NOBODYS, false, false),
    (Lbc, "elasticloadbalancing:AddTags", BALANCER, NEW_MINE, true, true),
    (Lbc, "elasticloadbalancing:AddTags", BALANCER, NEW_THEIRS, true, false),
    (Lbc, "elasticloadbalancing:RemoveTags", TARGETS, MINE, true, true),
    (Lbc, "elasticloadbalancing:RemoveTags", TARGETS, THEIRS, true, false),
    (Lbc, "elasticloadbalancing:DeleteLoadBalancer", BALANCER, MINE, true, true),
    (Lbc, "elasticloadbalancing:DeleteLoadBalancer", BALANCER, THEIRS, true, false),
    (Lbc, "elasticloadbalancing:DeleteLoadBalancer", BALANCER, NOBODYS, false, false),
    (Lbc, "elasticloadbalancing:RegisterTargets", TARGETS, NOBODYS, true, true),
    (Lbc, "elasticloadbalancing:SetRulePriorities", "*", "", true, true),
    (Lbc, "elasticloadbalancing:DeleteTrustStore", "*", "", false, false),
    (ExternalDns, "route53:ChangeResourceRecordSets", ZONE_ARN, "", true, true),
    (ExternalDns, "route53:ChangeResourceRecordSets", OTHER_ZONE, "", true, false),
    (ExternalDns, "route53:ListResourceRecordSets", OTHER_ZONE, "", true, false),
    (ExternalDns, "route53:ListTagsForResources", OTHER_ZONE, "", true, true),
    (ExternalDns, "route53:ListHostedZones", "*", "", true, true),
    (ExternalDns, "route53:CreateHostedZone", "*", "", false, false),
    (ExternalDns, "route53:DeleteHostedZone", ZONE_ARN, "", false, false),
    (CertManager, "route53:ChangeResourceRecordSets", ZONE_ARN, TXT, true, true),
    (CertManager, "route53:ChangeResourceRecordSets", ZONE_ARN, A, false, false),
    (CertManager, "route53:ChangeResourceRecordSets", OTHER_ZONE, TXT, true, false),
    (CertManager, "route53:ListResourceRecordSets", ZONE_ARN, LISTS, true, true),
    (CertManager, "route53:ListResourceRecordSets", OTHER_ZONE, LISTS, true, false),
    (CertManager, "route53:GetChange", "arn:aws:route53:::change/C1", "", true, true),
    (CertManager, "route53:ListHostedZonesByName", "*", "", true, true),
    (CertManager, "route53:ListHostedZones", "*", "", false, false),
    (ClusterAutoscaler, "autoscaling:DescribeAutoScalingGroups", "*", "", true, true),
    (ClusterAutoscaler, "autoscaling:SetDesiredCapacity", WORKERS, TAGGED, true, true),
    (ClusterAutoscaler, "autoscaling:SetDesiredCapacity", WORKERS, DISCOVERED, true, false),
    (ClusterAutoscaler, "autoscaling:TerminateInstanceInAutoScalingGroup", OTHER_GROUP, TAGGED, true, false),
    (ClusterAutoscaler, "autoscaling:DeleteAutoScalingGroup", WORKERS, TAGGED, false, false),
    (EbsCsi, "ec2:DescribeVolumes", "*", "", true, true),
    (EbsCsi, "ec2:CreateVolume", NEW_VOLUME, MADE_MINE, true, true),
    (EbsCsi, "ec2:CreateVolume", NEW_VOLUME, MADE_THEIRS, true, false),
    (EbsCsi, "ec2:CreateVolume", NEW_VOLUME, MADE_NOBODYS, false, false),
    (EbsCsi, "ec2:CreateVolume", SNAPSHOT, DRIVER_MINE, true, true),
    (EbsCsi, "ec2:CreateVolume", SNAPSHOT, DRIVER_THEIRS, true, false),
    (EbsCsi, "ec2:DeleteVolume", VOLUME, DRIVER_MINE, true, true),
    (EbsCsi, "ec2:DeleteVolume", VOLUME, DRIVER_THEIRS, true, false),
    (EbsCsi, "ec2:DeleteVolume", VOLUME, IN_TREE, true, true),
    (EbsCsi, "ec2:DeleteVolume", VOLUME, ROOT, false, false),
    (EbsCsi, "ec2:AttachVolume", VOLUME, DRIVER_MINE, true, true),
    (EbsCsi, "ec2:AttachVolume", VOLUME, ROOT, false, false),
    (EbsCsi, "ec2:AttachVolume", INSTANCE, "", true, true),
    (EbsCsi, "ec2:CopyVolumes", VOLUME, DRIVER_MINE, true, true),
    (EbsCsi, "ec2:CopyVolumes", VOLUME, ROOT, false, false),
    (EbsCsi, "ec2:CreateSnapshot", SNAPSHOT, MADE_MINE, true, true),
    (EbsCsi, "ec2:CreateSnapshot", SNAPSHOT, MADE_THEIRS, true, false),
    (EbsCsi, "ec2:DeleteSnapshot", SNAPSHOT, DRIVER_MINE, true, true),
    (EbsCsi, "ec2:DeleteSnapshot", SNAPSHOT, DRIVER_THEIRS, true, false),
    (EbsCsi, "ec2:CreateTags", NEW_VOLUME, "ec2:CreateAction=CreateVolume", true, true),
    (EbsCsi, "ec2:CreateTags", VOLUME, "ec2:CreateAction=RunInstances", false, false),
    (EbsCsi, "ec2:TerminateInstances", INSTANCE, "", false, false),
    (EfsCsi, "elasticfilesystem:DescribeMountTargets", OTHER_FILES, "", true, true),
    (EfsCsi, "elasticfilesystem:CreateAccessPoint", FILES, EFS_NEW, true, true),
    (EfsCsi, "elasticfilesystem:CreateAccessPoint", FILES, EFS_NEW_UNTAGGED, false, false),
    (EfsCsi, "elasticfilesystem:CreateAccessPoint", OTHER_FILES, EFS_NEW, true, false),
    (EfsCsi, "elasticfilesystem:TagResource", ACCESS_POINT, EFS_OWN, true, true),
    (EfsCsi, "elasticfilesystem:TagResource", FILES, EFS_OWN, true, true),
    (EfsCsi, "elasticfilesystem:TagResource", OTHER_FILES, EFS_OWN, true, false),
    (EfsCsi, "elasticfilesystem:DeleteAccessPoint", ACCESS_POINT, EFS_OWN, true, true),
    (EfsCsi, "elasticfilesystem:DeleteAccessPoint", ACCESS_POINT, EFS_STRANGE, false, false),
    (EfsCsi, "elasticfilesystem:DeleteAccessPoint", OTHER_ACCESS_POINT, EFS_OWN, true, false),
    (EfsCsi, "elasticfilesystem:DeleteFileSystem", FILES, EFS_OWN, false, false),
];

fn request(action: &str, resource: &str, context: &str) -> Request {
    let role = RequestPrincipal::Arn("arn:aws:iam::123456789012:role/r".to_owned());
    let mut request = Request::by(role, action, resource);
    for (key, value) in context.split_whitespace().filter_map(|test| test.rsplit_once('=')) {
        let values = Some(value.to_owned()).filter(|value| !value.is_empty());
        request.context.insert(key.to_owned(), values.into_iter().collect());
    }
    request
}

#[test]
fn calls_are_answered_as_documented_and_narrowed_ones_are_refused_elsewhere() {
    for &(preset, action, resource, context, in_plain, in_hardened) in CASES {
        let request = request(action, resource, context);
        for (policy, allowed) in [(plain(preset), in_plain), (hardened(preset), in_hardened)] {
            let decision = policy.evaluate(&request);
            assert_eq!(decision.is_allow(), allowed, "{preset} {action} {resource} {context}: {decision:?}");
        }
        assert!(in_plain || !in_hardened, "{preset}: narrowing would allow {action}");
    }
}

#[test]
fn the_ebs_driver_never_moves_a_tag_that_the_policy_goes_by() {
    for (key, in_plain, in_hardened) in [
        ("team", true, true),
        ("ebs.csi.aws.com/cluster", false, false),
        ("ebs.csi.aws.com/cluster-name", false, false),
        ("kubernetes.io/created-for/pvc/name", false, false),
        ("kubernetes.io/cluster/blue.example.com", true, false),
    ] {
        for action in ["ec2:CreateTags", "ec2:DeleteTags"] {
            let context = format!("{DRIVER_MINE} aws:TagKeys={key} ec2:CreateAction=");
            let request = request(action, VOLUME, &context);
            assert_eq!(plain(EbsCsi).evaluate(&request).is_allow(), in_plain, "{action} {key}");
            assert_eq!(hardened(EbsCsi).evaluate(&request).is_allow(), in_hardened, "{action} {key}");
        }
    }
}
