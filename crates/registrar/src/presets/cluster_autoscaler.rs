//! Cluster Autoscaler on AWS: the "full features" policy of its README.

use super::facts::{Facts, NULL, Policy};
use super::narrowing::{By, Narrowed};
use super::resource::ResourceKind;

pub(super) const FACTS: Facts = Facts {
    summary: "Cluster Autoscaler: sizes of Auto Scaling groups",
    version: "1.33.0",
    source: "https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.33.0/cluster-autoscaler/cloudprovider/aws/README.md",
    service_account: "kube-system/cluster-autoscaler",
    narrowed_by: &[By::Cluster, By::Resource(ResourceKind::AutoScalingGroup)],
    needs: "the name of the cluster (--cluster-name) or the ARNs of its Auto Scaling groups (--resource-arn)",
    hardened_setup: "with the name of the cluster, each Auto Scaling group has to carry the tag k8s.io/cluster-autoscaler/NAME, as auto-discovery needs it; its value does not matter",
};

pub(super) fn write(policy: &mut Policy, narrowed: &Narrowed) {
    let autoscaling = [
        "DescribeAutoScalingGroups",
        "DescribeAutoScalingInstances",
        "DescribeLaunchConfigurations",
        "DescribeScalingActivities",
    ];
    let ec2 = [
        "DescribeImages",
        "DescribeInstanceTypes",
        "DescribeLaunchTemplateVersions",
        "GetInstanceTypesFromInstanceRequirements",
    ];
    policy
        .allow("ReadGroups", "autoscaling", &autoscaling)
        .and("ec2", &ec2)
        .and("eks", &["DescribeNodegroup"])
        .put();
    let mut scale = policy
        .allow("ScaleGroups", "autoscaling", &["SetDesiredCapacity", "TerminateInstanceInAutoScalingGroup"])
        .on_arns(narrowed.resources.iter().map(|group| group.arn.clone()));
    // Auto-discovery looks for the key of the tag alone, so its value is not asked for either.
    if let Some(cluster) = &narrowed.cluster {
        scale = scale.when(NULL, format!("aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster}"), &["false"]);
    }
    scale.put();
}
