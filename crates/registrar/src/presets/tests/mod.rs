//! The presets from outside: what they say of themselves, what they grant, and what is left of it when narrowed.

mod actions;
mod decisions;
mod golden;
mod narrowed;

use issuer_policy::{Document, Kind, Statement};

use super::*;

pub(super) const ZONE: &str = "Z0123456789ABCDEF";
pub(super) const GROUP: &str =
    "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/workers";
pub(super) const FILES: &str =
    "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0123456789abcdef0";

/// The partitions, one of each kind.
const PARTITIONS: [Partition; 4] =
    [Partition::Aws, Partition::China, Partition::GovCloud, Partition::EuropeanSovereign];

/// What narrows a preset, in ARNs of the partition `aws`.
pub(super) fn narrowing(preset: Preset) -> Narrowing {
    let zones = vec![format!("/hostedzone/{ZONE}")];
    let cluster = Some("blue.example.com".to_owned());
    match preset {
        Preset::ExternalDns | Preset::CertManager => Narrowing { zones, ..Narrowing::default() },
        Preset::AwsLoadBalancerController | Preset::EbsCsi => Narrowing { cluster, ..Narrowing::default() },
        Preset::ClusterAutoscaler => {
            Narrowing { cluster, resources: vec![GROUP.to_owned()], ..Narrowing::default() }
        }
        Preset::EfsCsi => Narrowing { resources: vec![FILES.to_owned()], ..Narrowing::default() },
    }
}

pub(super) fn plain(preset: Preset) -> Document {
    preset.policy(Partition::Aws, None).unwrap()
}

pub(super) fn hardened(preset: Preset) -> Document {
    preset.policy(Partition::Aws, Some(&narrowing(preset))).unwrap()
}

#[test]
fn names_round_trip_and_others_are_answered_with_all_of_them() {
    for &preset in Preset::ALL {
        assert_eq!(preset.to_string().parse(), Ok(preset));
    }
    assert_eq!(
        "EBS-CSI".parse::<Preset>().unwrap_err().to_string(),
        "there is no preset \"EBS-CSI\"; there are aws-load-balancer-controller, external-dns, cert-manager, cluster-autoscaler, ebs-csi, efs-csi"
    );
}

#[test]
fn each_names_its_version_its_source_and_the_service_account_of_its_install() {
    let accounts = [
        "kube-system/aws-load-balancer-controller",
        "default/external-dns",
        "cert-manager/cert-manager",
        "kube-system/cluster-autoscaler",
        "kube-system/ebs-csi-controller-sa",
        "kube-system/efs-csi-controller-sa",
    ];
    assert_eq!(Preset::ALL.len(), accounts.len());
    for (&preset, account) in Preset::ALL.iter().zip(accounts) {
        assert_eq!(preset.service_account().to_string(), account);
        let (version, source) = (preset.version(), preset.source());
        assert!(
            version.trim_start_matches('v').starts_with(|first: char| first.is_ascii_digit()),
            "{preset}"
        );
        assert!(source.starts_with("https://github.com/") && source.contains(version), "{preset}: {source}");
        for text in [preset.summary(), preset.hardened_setup()] {
            assert!(!text.is_empty() && !text.contains('\n') && !text.ends_with('.'), "{preset}: {text}");
        }
    }
}

#[test]
fn iam_takes_each_in_every_partition_plain_and_narrowed_and_as_a_managed_policy_too() {
    for &preset in Preset::ALL {
        for partition in PARTITIONS {
            let mut narrowing = narrowing(preset);
            for arn in &mut narrowing.resources {
                *arn = arn.replace("arn:aws:", &format!("arn:{partition}:"));
            }
            for given in [None, Some(&narrowing)] {
                let policy = preset.policy(partition, given).unwrap();
                policy.check_as_iam(Kind::Identity).unwrap();
                assert!(policy.characters() <= 6144, "{preset}: {}", policy.characters());
                assert_eq!(Document::parse(&policy.to_json()).unwrap(), policy);
                for resource in policy.statements().iter().flat_map(Statement::resource) {
                    let here = format!("arn:{partition}:");
                    assert!(resource == "*" || resource.starts_with(&here), "{preset}: {resource}");
                }
            }
        }
    }
}
