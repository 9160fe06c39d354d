//! What every target writes, as files, each read again by somebody else's parser and compared with the control plane.
//!
//! `SNAPSHOTS=overwrite cargo nextest run -p issuer-emitter` writes the files again.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::path::Path;
use std::process::Command;

use issuer_emitter::{Component, ControlPlane, Emission, Flag, Inputs, Settings, Target, emit};
use snapbox::{Assert, Data};
use yaml_rust2::{Yaml, YamlLoader};

const APISERVER: &str = include_str!("manifests/kube-apiserver.yaml");
const CONTROLLER_MANAGER: &str = include_str!("manifests/kube-controller-manager.yaml");

/// One issuer, two issuers, another cluster domain, keys elsewhere.
fn cases() -> Vec<(&'static str, Settings)> {
    let issuer = "https://prod-oidc.s3.eu-central-1.amazonaws.com/blue";
    let one = Settings::new(issuer, format!("{issuer}/openid/v1/jwks"));
    let two = Settings {
        keep_issuers: vec!["https://kubernetes.default.svc.cluster.local".to_owned()],
        key_files: vec!["/etc/kubernetes/pki/sa.pub".to_owned(), "/etc/kubernetes/pki/sa-old.pub".to_owned()],
        ..one.clone()
    };
    let domain = Settings { cluster_domain: "k8s.example.net".to_owned(), ..one.clone() };
    let keys = Settings {
        signing_key_file: "/srv/issuer/sa.key".to_owned(),
        key_files: vec!["/srv/issuer/sa.pub".to_owned()],
        ..one.clone()
    };
    vec![("one-issuer", one), ("two-issuers", two), ("cluster-domain", domain), ("key-paths", keys)]
}

#[test]
fn every_target_and_case() {
    for &target in Target::ALL {
        for (case, settings) in cases() {
            let inputs = match target {
                Target::StaticPod => Inputs {
                    manifests: vec![CONTROLLER_MANAGER.to_owned(), APISERVER.to_owned()],
                    kubernetes_version: None,
                },
                _ => Inputs::default(),
            };
            let control_plane = ControlPlane::new(settings).unwrap();
            let emission = emit(target, &control_plane, &inputs).unwrap();
            for artifact in &emission.artifacts {
                assert!(!artifact.secret);
                let name = format!("{target}-{case}.{}", artifact.path);
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
                Assert::new()
                    .action_env("SNAPSHOTS")
                    .eq(artifact.contents.as_str(), Data::read_from(&path, None).raw());
            }
            for component in Component::ALL {
                let expected = expected(target, case, &control_plane, component);
                assert_eq!(effective(target, component, &emission), expected, "{target} {case} {component}");
            }
        }
    }
}

/// The flags of the control plane, and for a merge those of the manifest that stay.
fn expected(target: Target, case: &str, control_plane: &ControlPlane, component: Component) -> Vec<String> {
    let mut flags: Vec<String> = control_plane.flags(component, target).iter().map(Flag::to_string).collect();
    if target == Target::StaticPod && component == Component::KubeApiserver {
        let issuer = &control_plane.settings().issuer;
        let own = "https://kubernetes.default.svc.cluster.local";
        // The audiences in force stay, whatever the cluster domain that was said.
        *flags.last_mut().unwrap() = format!("--api-audiences={own},{issuer}");
        if case == "key-paths" {
            flags.insert(3, "--service-account-key-file=/etc/kubernetes/pki/sa.pub".to_owned());
        }
    }
    flags.sort_by_key(|flag| name(flag).to_owned());
    flags
}

/// The flags about service accounts that the component ends up with, sorted by name, the order of a name's values kept.
fn effective(target: Target, component: Component, emission: &Emission) -> Vec<String> {
    let contents = |path: &str| {
        emission
            .artifacts
            .iter()
            .find(|artifact| artifact.path == path)
            .map(|artifact| artifact.contents.as_str())
            .unwrap()
    };
    let mut flags = match target {
        Target::Flags => {
            let (before, after) = contents("flags.txt").split_once("# kube-controller-manager\n").unwrap();
            let text = if component == Component::KubeApiserver { before } else { after };
            let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
            shell(&format!("printf '%s\\0' {}", lines.join(" ")))
        }
        Target::Systemd => {
            let file = contents(&format!("{component}-issuer.env"));
            let variable = file.lines().last().unwrap().split_once('=').unwrap().0.to_owned();
            // A shell reads the assignment as systemd does; what the unit's line does with the value, eval does.
            shell(&format!("{file}\neval \"printf '%s\\\\0' ${variable}\""))
        }
        Target::StaticPod => pod_flags(contents(&format!("{component}.yaml"))),
        Target::Kubeadm => kubeadm_flags(component, contents("kubeadm-config.yaml")),
        other => panic!("say how {other} is read"),
    };
    flags.retain(|flag| name(flag).starts_with("service-account") || name(flag) == "api-audiences");
    flags.sort_by_key(|flag| name(flag).to_owned());
    flags
}

fn name(flag: &str) -> &str {
    flag.strip_prefix("--").unwrap().split('=').next().unwrap()
}

fn shell(script: &str) -> Vec<String> {
    let output = Command::new("sh").args(["-euc", script]).env_clear().output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect()
}

fn yaml(text: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(text).unwrap();
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn pod_flags(text: &str) -> Vec<String> {
    let command = &yaml(text)["spec"]["containers"][0]["command"];
    command.as_vec().unwrap().iter().skip(1).map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// kubeadm's own values, those of each name dropped that the file names, and the file's: as kubeadm puts them together.
fn kubeadm_flags(component: Component, text: &str) -> Vec<String> {
    let document = yaml(text);
    assert_eq!(document["apiVersion"].as_str(), Some("kubeadm.k8s.io/v1beta4"));
    assert_eq!(document["kind"].as_str(), Some("ClusterConfiguration"));
    let domain = document["networking"]["dnsDomain"].as_str().unwrap_or("cluster.local");
    let own = match component {
        Component::KubeApiserver => vec![
            format!("--service-account-issuer=https://kubernetes.default.svc.{domain}"),
            "--service-account-key-file=/etc/kubernetes/pki/sa.pub".to_owned(),
            "--service-account-signing-key-file=/etc/kubernetes/pki/sa.key".to_owned(),
        ],
        Component::KubeControllerManager => {
            vec!["--service-account-private-key-file=/etc/kubernetes/pki/sa.key".to_owned()]
        }
    };
    let section = match component {
        Component::KubeApiserver => &document["apiServer"],
        Component::KubeControllerManager => &document["controllerManager"],
    };
    let named: Vec<String> = section["extraArgs"]
        .as_vec()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .map(|entry| format!("--{}={}", entry["name"].as_str().unwrap(), entry["value"].as_str().unwrap()))
        .collect();
    let mut flags: Vec<String> =
        own.into_iter().filter(|flag| !named.iter().any(|other| name(other) == name(flag))).collect();
    flags.extend(named);
    // Every file that a flag names is mounted: by kubeadm below /etc/kubernetes/pki, by the file elsewhere.
    for flag in flags.iter().filter(|flag| name(flag).ends_with("-file")) {
        let path = flag.split_once('=').unwrap().1;
        let mounts = section["extraVolumes"].as_vec().map(Vec::as_slice).unwrap_or_default();
        let mounted = mounts.iter().any(|mount| mount["mountPath"].as_str() == Some(path));
        assert_eq!(mounted, !path.starts_with("/etc/kubernetes/pki/"), "{path}");
    }
    flags
}
