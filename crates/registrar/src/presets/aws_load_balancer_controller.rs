//! AWS Load Balancer Controller: the policy of its install guide.
//!
//! What it makes carries the tag `elbv2.k8s.aws/cluster` with the name of the cluster. Listeners and rules are not told
//! apart by it: tags on them are a feature that can be off.

use super::facts::{Allow, EQUALS, Facts, NULL, Policy};
use super::narrowing::{By, Narrowed};

pub(super) const FACTS: Facts = Facts {
    summary: "AWS Load Balancer Controller: load balancers for Ingresses and Services",
    version: "v3.5.0",
    source: "https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/install/iam_policy.json",
    service_account: "kube-system/aws-load-balancer-controller",
    narrowed_by: &[By::Cluster],
    needs: "the name of the cluster (--cluster-name)",
    hardened_setup: "the name has to be the controller's own --cluster-name (clusterName in its chart)",
};

const ELB: &str = "elasticloadbalancing";
const TAG: &str = "elbv2.k8s.aws/cluster";

const SECURITY_GROUPS: &str = "ec2:*:*:security-group/*";
const TARGET_GROUPS: &str = "elasticloadbalancing:*:*:targetgroup/*/*";
const TARGET_GROUPS_AND_LOAD_BALANCERS: [&str; 3] = [
    TARGET_GROUPS,
    "elasticloadbalancing:*:*:loadbalancer/net/*/*",
    "elasticloadbalancing:*:*:loadbalancer/app/*/*",
];
const LISTENERS_AND_RULES: [&str; 4] = [
    "elasticloadbalancing:*:*:listener/net/*/*/*",
    "elasticloadbalancing:*:*:listener/app/*/*/*",
    "elasticloadbalancing:*:*:listener-rule/net/*/*/*",
    "elasticloadbalancing:*:*:listener-rule/app/*/*/*",
];

/// The tags of the request, and those of the resource, as keys of conditions.
const NEW: &str = "aws:RequestTag";
const PRESENT: &str = "aws:ResourceTag";

pub(super) fn write(policy: &mut Policy, narrowed: &Narrowed) {
    policy
        .allow("CreateServiceLinkedRole", "iam", &["CreateServiceLinkedRole"])
        // The same name in every partition.
        .when(EQUALS, "iam:AWSServiceName", &["elasticloadbalancing.amazonaws.com"])
        .put();
    read(policy);
    integrate(policy);
    security_groups(policy, narrowed);
    load_balancers(policy, narrowed);
    listeners(policy);
}

fn read(policy: &mut Policy) {
    let ec2 = [
        "DescribeAccountAttributes",
        "DescribeAddresses",
        "DescribeAvailabilityZones",
        "DescribeCoipPools",
        "DescribeInstances",
        "DescribeInternetGateways",
        "DescribeIpamPools",
        "DescribeNetworkInterfaces",
        "DescribeRouteTables",
        "DescribeSecurityGroups",
        "DescribeSubnets",
        "DescribeTags",
        "DescribeVpcPeeringConnections",
        "DescribeVpcs",
        "GetCoipPoolUsage",
        "GetSecurityGroupsForVpc",
    ];
    let elb = [
        "DescribeCapacityReservation",
        "DescribeListenerAttributes",
        "DescribeListenerCertificates",
        "DescribeListeners",
        "DescribeLoadBalancerAttributes",
        "DescribeLoadBalancers",
        "DescribeRules",
        "DescribeSSLPolicies",
        "DescribeTags",
        "DescribeTargetGroupAttributes",
        "DescribeTargetGroups",
        "DescribeTargetHealth",
        "DescribeTrustStores",
    ];
    policy.allow("Read", "ec2", &ec2).and(ELB, &elb).put();
}

/// Certificates, user pools, firewalls and Shield, which load balancers refer to.
fn integrate(policy: &mut Policy) {
    let web_acl = ["AssociateWebACL", "DisassociateWebACL", "GetWebACL", "GetWebACLForResource"];
    policy
        .allow("Integrate", "acm", &["DescribeCertificate", "ListCertificates"])
        .and("cognito-idp", &["DescribeUserPoolClient"])
        .and("iam", &["GetServerCertificate", "ListServerCertificates"])
        .and(
            "shield",
            &["CreateProtection", "DeleteProtection", "DescribeProtection", "GetSubscriptionState"],
        )
        .and("waf-regional", &web_acl)
        .and("wafv2", &web_acl)
        .put();
}

fn security_groups(policy: &mut Policy, narrowed: &Narrowed) {
    // Those of the nodes too, which nobody need have tagged: narrowing this would keep traffic from them.
    let ingress = ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"];
    policy.allow("OpenSecurityGroups", "ec2", &ingress).and("ec2", &["CreateSecurityGroup"]).put();
    let tag = policy
        .allow("TagSecurityGroupsOnCreation", "ec2", &["CreateTags"])
        .on(&[SECURITY_GROUPS])
        .when(EQUALS, "ec2:CreateAction", &["CreateSecurityGroup"]);
    of_cluster(tag, NEW, narrowed).put();
    let retag =
        policy.allow("RetagSecurityGroups", "ec2", &["CreateTags", "DeleteTags"]).on(&[SECURITY_GROUPS]);
    of_cluster(keeping_the_tag(retag), PRESENT, narrowed).put();
    of_cluster(policy.allow("DeleteSecurityGroups", "ec2", &["DeleteSecurityGroup"]), PRESENT, narrowed)
        .put();
}

fn load_balancers(policy: &mut Policy, narrowed: &Narrowed) {
    let create = policy.allow("CreateLoadBalancers", ELB, &["CreateLoadBalancer", "CreateTargetGroup"]);
    of_cluster(create, NEW, narrowed).put();
    let tag = policy
        .allow("TagLoadBalancersOnCreation", ELB, &["AddTags"])
        .on(&TARGET_GROUPS_AND_LOAD_BALANCERS)
        .when(EQUALS, "elasticloadbalancing:CreateAction", &["CreateLoadBalancer", "CreateTargetGroup"]);
    of_cluster(tag, NEW, narrowed).put();
    let retag = policy
        .allow("RetagLoadBalancers", ELB, &["AddTags", "RemoveTags"])
        .on(&TARGET_GROUPS_AND_LOAD_BALANCERS);
    of_cluster(keeping_the_tag(retag), PRESENT, narrowed).put();
    let manage = [
        "DeleteLoadBalancer",
        "DeleteTargetGroup",
        "ModifyCapacityReservation",
        "ModifyIpPools",
        "ModifyListenerAttributes",
        "ModifyLoadBalancerAttributes",
        "ModifyTargetGroup",
        "ModifyTargetGroupAttributes",
        "SetIpAddressType",
        "SetSecurityGroups",
        "SetSubnets",
    ];
    of_cluster(policy.allow("ManageLoadBalancers", ELB, &manage), PRESENT, narrowed).put();
    // A TargetGroupBinding may be of a target group that somebody else made.
    policy
        .allow("RegisterTargets", ELB, &["DeregisterTargets", "RegisterTargets"])
        .on(&[TARGET_GROUPS])
        .put();
}

fn listeners(policy: &mut Policy) {
    let manage = [
        "AddListenerCertificates",
        "CreateListener",
        "CreateRule",
        "DeleteListener",
        "DeleteRule",
        "ModifyListener",
        "ModifyRule",
        "RemoveListenerCertificates",
        "SetRulePriorities",
        "SetWebAcl",
    ];
    policy.allow("ManageListeners", ELB, &manage).put();
    policy.allow("TagListeners", ELB, &["AddTags", "RemoveTags"]).on(&LISTENERS_AND_RULES).put();
}

/// Where the tag is there; narrowed, where it names the cluster.
fn of_cluster<'a>(allow: Allow<'a>, tags: &str, narrowed: &Narrowed) -> Allow<'a> {
    let key = format!("{tags}/{TAG}");
    match &narrowed.cluster {
        Some(cluster) => allow.when(EQUALS, key, &[cluster]),
        None => allow.when(NULL, key, &["false"]),
    }
}

/// Where the tag is not among those that are put on.
fn keeping_the_tag(allow: Allow<'_>) -> Allow<'_> {
    allow.when(NULL, format!("{NEW}/{TAG}"), &["true"])
}
