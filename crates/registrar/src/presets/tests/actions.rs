//! The actions of each, as its source has them: none more, none less, narrowed or not.

use std::collections::BTreeSet;

use super::*;

/// `service: Name Name ...`, in lines.
const DOCUMENTED: [(Preset, &str); 6] = [
    (
        Preset::AwsLoadBalancerController,
        "acm: DescribeCertificate ListCertificates
         cognito-idp: DescribeUserPoolClient
         ec2: AuthorizeSecurityGroupIngress CreateSecurityGroup CreateTags DeleteSecurityGroup DeleteTags
         ec2: DescribeAccountAttributes DescribeAddresses DescribeAvailabilityZones DescribeCoipPools
         ec2: DescribeInstances DescribeInternetGateways DescribeIpamPools DescribeNetworkInterfaces
         ec2: DescribeRouteTables DescribeSecurityGroups DescribeSubnets DescribeTags
         ec2: DescribeVpcPeeringConnections DescribeVpcs GetCoipPoolUsage GetSecurityGroupsForVpc
         ec2: RevokeSecurityGroupIngress
         elasticloadbalancing: AddListenerCertificates AddTags CreateListener CreateLoadBalancer CreateRule
         elasticloadbalancing: CreateTargetGroup DeleteListener DeleteLoadBalancer DeleteRule DeleteTargetGroup
         elasticloadbalancing: DeregisterTargets DescribeCapacityReservation DescribeListenerAttributes
         elasticloadbalancing: DescribeListenerCertificates DescribeListeners DescribeLoadBalancerAttributes
         elasticloadbalancing: DescribeLoadBalancers DescribeRules DescribeSSLPolicies DescribeTags
         elasticloadbalancing: DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth
         elasticloadbalancing: DescribeTrustStores ModifyCapacityReservation ModifyIpPools ModifyListener
         elasticloadbalancing: ModifyListenerAttributes ModifyLoadBalancerAttributes ModifyRule
         elasticloadbalancing: ModifyTargetGroup ModifyTargetGroupAttributes RegisterTargets
         elasticloadbalancing: RemoveListenerCertificates RemoveTags SetIpAddressType SetRulePriorities
         elasticloadbalancing: SetSecurityGroups SetSubnets SetWebAcl
         iam: CreateServiceLinkedRole GetServerCertificate ListServerCertificates
         shield: CreateProtection DeleteProtection DescribeProtection GetSubscriptionState
         waf-regional: AssociateWebACL DisassociateWebACL GetWebACL GetWebACLForResource
         wafv2: AssociateWebACL DisassociateWebACL GetWebACL GetWebACLForResource",
    ),
    (
        Preset::ExternalDns,
        "route53: ChangeResourceRecordSets ListHostedZones ListResourceRecordSets ListTagsForResources",
    ),
    (
        Preset::CertManager,
        "route53: ChangeResourceRecordSets GetChange ListHostedZonesByName ListResourceRecordSets",
    ),
    (
        Preset::ClusterAutoscaler,
        "autoscaling: DescribeAutoScalingGroups DescribeAutoScalingInstances DescribeLaunchConfigurations
         autoscaling: DescribeScalingActivities SetDesiredCapacity TerminateInstanceInAutoScalingGroup
         ec2: DescribeImages DescribeInstanceTypes DescribeLaunchTemplateVersions
         ec2: GetInstanceTypesFromInstanceRequirements
         eks: DescribeNodegroup",
    ),
    (
        Preset::EbsCsi,
        "ec2: AttachVolume CopyVolumes CreateSnapshot CreateTags CreateVolume DeleteSnapshot DeleteTags DeleteVolume
         ec2: DescribeAvailabilityZones DescribeInstanceTypes DescribeInstances DescribeSnapshots
         ec2: DescribeVolumeStatus DescribeVolumes DescribeVolumesModifications DetachVolume
         ec2: EnableFastSnapshotRestores LockSnapshot ModifyVolume",
    ),
    (
        Preset::EfsCsi,
        "ec2: DescribeAvailabilityZones
         elasticfilesystem: CreateAccessPoint DeleteAccessPoint DescribeAccessPoints DescribeFileSystems
         elasticfilesystem: DescribeMountTargets TagResource",
    ),
];

#[test]
fn each_grants_the_documented_actions_and_no_others() {
    for (preset, documented) in DOCUMENTED {
        let mut expected = BTreeSet::new();
        for (service, names) in documented.lines().filter_map(|line| line.trim().split_once(": ")) {
            expected.extend(names.split_whitespace().map(|name| format!("{service}:{name}")));
        }
        for policy in [plain(preset), hardened(preset)] {
            let granted: BTreeSet<_> =
                policy.statements().iter().flat_map(|statement| statement.action().to_vec()).collect();
            assert_eq!(granted, expected, "{preset}");
        }
    }
    let all: Vec<_> = DOCUMENTED.iter().map(|(preset, _)| *preset).collect();
    assert_eq!(all, Preset::ALL);
}
