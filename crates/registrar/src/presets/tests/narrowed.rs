//! What narrows which preset, and what is refused.

use super::*;

fn refusal(preset: Preset, narrowing: &Narrowing) -> String {
    preset.policy(Partition::Aws, Some(narrowing)).unwrap_err().to_string()
}

#[test]
fn nothing_is_not_a_narrowing_and_the_flags_that_would_do_it_are_named() {
    for (preset, needs) in [
        (Preset::AwsLoadBalancerController, "the name of the cluster (--cluster-name)"),
        (Preset::ExternalDns, "a hosted zone (--zone)"),
        (Preset::CertManager, "a hosted zone (--zone)"),
        (
            Preset::ClusterAutoscaler,
            "the name of the cluster (--cluster-name) or the ARNs of its Auto Scaling groups (--resource-arn)",
        ),
        (Preset::EbsCsi, "the name of the cluster (--cluster-name)"),
        (Preset::EfsCsi, "the ARNs of its file systems (--resource-arn)"),
    ] {
        assert_eq!(
            refusal(preset, &Narrowing::default()),
            format!("{preset} is not narrowed by what was given: it needs {needs}")
        );
    }
}

#[test]
fn what_a_preset_has_no_use_for_is_refused_even_beside_what_it_uses() {
    let useful = |preset| match preset {
        Preset::ExternalDns | Preset::CertManager => ["zone", "", ""],
        Preset::AwsLoadBalancerController | Preset::EbsCsi => ["", "cluster", ""],
        Preset::ClusterAutoscaler => ["", "cluster", "resource"],
        Preset::EfsCsi => ["", "", "resource"],
    };
    for &preset in Preset::ALL {
        let [zone, cluster, resource] = useful(preset);
        for (given, flag, uses) in [
            (
                Narrowing { zones: vec![ZONE.to_owned()], ..narrowing(preset) },
                "a hosted zone (--zone)",
                !zone.is_empty(),
            ),
            (
                Narrowing { cluster: Some("blue".to_owned()), ..narrowing(preset) },
                "the name of the cluster (--cluster-name)",
                !cluster.is_empty(),
            ),
            (
                Narrowing {
                    resources: if preset == Preset::EfsCsi {
                        vec![FILES.to_owned()]
                    } else {
                        vec![GROUP.to_owned()]
                    },
                    ..narrowing(preset)
                },
                "an ARN (--resource-arn)",
                !resource.is_empty(),
            ),
        ] {
            let answer = preset.policy(Partition::Aws, Some(&given));
            assert_eq!(answer.is_ok(), uses, "{preset} {flag}");
            if let Err(error) = answer {
                let says = format!("{preset} is not narrowed by {flag}: what narrows it is ");
                assert!(error.to_string().starts_with(&says), "{error}");
            }
        }
    }
}

#[test]
fn malformed_zones_clusters_and_arns_are_refused() {
    let zones =
        |zone: &str| Narrowing { zones: vec![ZONE.to_owned(), zone.to_owned()], ..Narrowing::default() };
    let cluster = |name: &str| Narrowing { cluster: Some(name.to_owned()), ..Narrowing::default() };
    let resources =
        |arn: &str| Narrowing { resources: vec![FILES.to_owned(), arn.to_owned()], ..Narrowing::default() };
    let access_point = FILES.replace("file-system/fs-", "access-point/fsap-");
    for (preset, narrowing, says) in [
        (Preset::ExternalDns, zones("example.com"), "`example.com` is not the id of a hosted zone"),
        (Preset::CertManager, zones("Z1\n"), "`Z1\\n` is not the id of a hosted zone"),
        (Preset::EbsCsi, cluster("*"), "`*` is not the name of a cluster"),
        (Preset::ClusterAutoscaler, cluster(""), "`` is not the name of a cluster"),
        (
            Preset::EfsCsi,
            resources("*"),
            "`*` is nothing that efs-csi can be narrowed to: that is a file system",
        ),
        (Preset::EfsCsi, resources(&access_point), "so name the file system that they are on"),
        (
            Preset::EfsCsi,
            resources(&FILES.replace("arn:aws:", "arn:aws-cn:")),
            "does not lie in the partition aws, which the policy is for",
        ),
    ] {
        let error = refusal(preset, &narrowing);
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn order_and_repetition_make_no_difference() {
    let policy = |zones: &[&str]| {
        let zones = zones.iter().map(|&zone| zone.to_owned()).collect();
        let narrowing = Narrowing { zones, ..Narrowing::default() };
        Preset::ExternalDns.policy(Partition::Aws, Some(&narrowing)).unwrap().to_json()
    };
    assert_eq!(policy(&["Z2", "/hostedzone/Z1", "Z1"]), policy(&["Z1", "Z2"]));
    assert!(
        policy(&["Z1", "Z2"])
            .contains(r#""Resource":["arn:aws:route53:::hostedzone/Z1","arn:aws:route53:::hostedzone/Z2"]"#)
    );
}

#[test]
fn either_or_both_narrow_the_autoscaler() {
    let both = narrowing(Preset::ClusterAutoscaler);
    let cluster = Narrowing { resources: vec![], ..both.clone() };
    let groups = Narrowing { cluster: None, ..both.clone() };
    for (narrowing, resource, tests) in [(&both, GROUP, 1), (&cluster, "*", 1), (&groups, GROUP, 0)] {
        let policy = Preset::ClusterAutoscaler.policy(Partition::Aws, Some(narrowing)).unwrap();
        let scale = policy.statement("ScaleGroups").unwrap();
        assert_eq!(scale.resource(), [resource]);
        assert_eq!(scale.condition().tests().count(), tests);
    }
}
