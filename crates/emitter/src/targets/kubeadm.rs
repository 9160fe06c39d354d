//! A kubeadm ClusterConfiguration, v1beta4 (Kubernetes 1.31 and later), whose extraArgs may repeat a name.
//!
//! Naming a flag in extraArgs drops kubeadm's own values for it, so each name that is listed is listed whole. Names
//! whose values are kubeadm's own anyway are left out: then nothing has to be mounted either.
//! <https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/>

use std::collections::BTreeSet;

use serde::Serialize;
use serde_saphyr::Commented;

use crate::control_plane::ControlPlane;
use crate::emission::{Artifact, Emission, Inputs};
use crate::error::EmitError;
use crate::flag::{Component, Flag};
use crate::target::{Definition, Target, cluster_service_audience};
use crate::version::KubernetesVersion;
use crate::warning::Warning;

pub(crate) const DEFINITION: Definition = Definition {
    name: "kubeadm",
    summary: "a kubeadm ClusterConfiguration, v1beta4, for Kubernetes 1.31 and later",
    default_api_audiences: cluster_service_audience,
    merges: false,
    emit,
};

/// The directory that kubeadm mounts into both components anyway.
const PKI: &str = "/etc/kubernetes/pki/";

const HEADER: &str = "\
# Settings for service-account tokens; merge them into your ClusterConfiguration.
# First put the key pair on every control-plane node: at the paths named here, else at /etc/kubernetes/pki/sa.key and
# sa.pub, which kubeadm takes by itself.
# A new cluster: kubeadm init --config with this file.
# A running cluster: merge this into the ConfigMap kubeadm-config of kube-system, then run on one control-plane node
# after the other: kubeadm init phase control-plane apiserver --config FILE, and the same for controller-manager.
# A flag named here replaces all of kubeadm's own values for it. So on a running cluster the issuer of today (kubeadm's
# own is https://kubernetes.default.svc.DOMAIN) has to follow the first one, or its tokens are refused at once.
";

fn emit(control_plane: &ControlPlane, inputs: &Inputs) -> Result<Emission, EmitError> {
    if let Some(version) = inputs.kubernetes_version.filter(|version| version.minor() < 31) {
        return Err(EmitError::Version { target: Target::Kubeadm, needs: "1.31", version });
    }
    let settings = control_plane.settings();
    let key_paths = std::iter::once(&settings.signing_key_file).chain(&settings.key_files);
    let configuration = ClusterConfiguration {
        api_version: "kubeadm.k8s.io/v1beta4",
        kind: "ClusterConfiguration",
        networking: (settings.cluster_domain != "cluster.local")
            .then_some(Networking { dns_domain: &settings.cluster_domain }),
        api_server: component(control_plane, Component::KubeApiserver, key_paths),
        controller_manager: component(
            control_plane,
            Component::KubeControllerManager,
            std::iter::once(&settings.signing_key_file),
        ),
    };
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let yaml = serde_saphyr::to_string_with_options(&configuration, options)
        .map_err(|error| EmitError::Serialize(Box::new(error)))?;
    let mut warnings = control_plane.warnings(Target::Kubeadm);
    warnings.extend(order_trap(control_plane, inputs.kubernetes_version));
    warnings.extend(not_uploaded(control_plane));
    Ok(Emission {
        artifacts: vec![Artifact::public("kubeadm-config.yaml", format!("{HEADER}{yaml}"))],
        warnings,
    })
}

/// Earlier kubeadm sorts the whole command line by name and value, so the alphabetically first issuer signs:
/// <https://github.com/kubernetes/kubeadm/issues/3261>
fn order_trap(control_plane: &ControlPlane, version: Option<KubernetesVersion>) -> Option<Warning> {
    let signing = &control_plane.settings().issuer;
    let first = control_plane.issuers().min()?;
    let trapped = first != signing && version.is_none_or(KubernetesVersion::sorts_extra_args);
    trapped.then(|| Warning::OrderTrap { signing: signing.clone(), first: first.to_owned() })
}

/// `kubeadm init phase upload-certs` carries sa.key and sa.pub and no other key to the next control-plane node:
/// <https://github.com/kubernetes/kubernetes/blob/master/cmd/kubeadm/app/phases/copycerts/copycerts.go>
fn not_uploaded(control_plane: &ControlPlane) -> Option<Warning> {
    let settings = control_plane.settings();
    let uploaded = |path: &str| path == "/etc/kubernetes/pki/sa.key" || path == "/etc/kubernetes/pki/sa.pub";
    let paths = std::iter::once(&settings.signing_key_file).chain(&settings.key_files);
    let paths: Vec<String> = paths.filter(|path| !uploaded(path)).cloned().collect();
    (!paths.is_empty()).then_some(Warning::KeysNotUploaded { paths })
}

/// The flags that are not kubeadm's own anyway, and the files that it would not mount.
fn component<'a>(
    control_plane: &ControlPlane,
    component: Component,
    key_paths: impl Iterator<Item = &'a String>,
) -> ControlPlaneComponent<'a> {
    let flags = control_plane.flags(component, Target::Kubeadm);
    let values = |name| flags.iter().filter(|flag| flag.name() == name).map(Flag::value).collect::<Vec<_>>();
    let extra_args = flags
        .iter()
        .filter(|flag| own_value(flag.name()).is_none_or(|own| values(flag.name()) != [own]))
        .map(|flag| {
            let first = values(flag.name()).first() == Some(&flag.value());
            Argument {
                name: Commented(flag.name(), flag.reason(first).to_owned()),
                value: flag.value().to_owned(),
            }
        })
        .collect();
    let outside: BTreeSet<&str> =
        key_paths.map(String::as_str).filter(|path| !path.starts_with(PKI)).collect();
    let extra_volumes = outside
        .into_iter()
        .zip(0..)
        .map(|(path, index): (_, u32)| HostPathMount {
            name: Commented(format!("service-account-key-{index}"), format!("lies outside {PKI}")),
            host_path: path,
            mount_path: path,
            read_only: true,
            path_type: "File",
        })
        .collect();
    ControlPlaneComponent { extra_args, extra_volumes }
}

/// What kubeadm passes by itself, for the flags that are about files.
///
/// <https://github.com/kubernetes/kubernetes/blob/master/cmd/kubeadm/app/phases/controlplane/manifests.go>
fn own_value(name: &str) -> Option<&'static str> {
    match name {
        Flag::SIGNING_KEY_FILE | Flag::PRIVATE_KEY_FILE => Some("/etc/kubernetes/pki/sa.key"),
        Flag::KEY_FILE => Some("/etc/kubernetes/pki/sa.pub"),
        _ => None,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClusterConfiguration<'a> {
    api_version: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    networking: Option<Networking<'a>>,
    api_server: ControlPlaneComponent<'a>,
    #[serde(skip_serializing_if = "ControlPlaneComponent::is_empty")]
    controller_manager: ControlPlaneComponent<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Networking<'a> {
    dns_domain: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ControlPlaneComponent<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extra_args: Vec<Argument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extra_volumes: Vec<HostPathMount<'a>>,
}

impl ControlPlaneComponent<'_> {
    fn is_empty(&self) -> bool {
        self.extra_args.is_empty() && self.extra_volumes.is_empty()
    }
}

#[derive(Serialize)]
struct Argument {
    name: Commented<&'static str>,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HostPathMount<'a> {
    name: Commented<String>,
    host_path: &'a str,
    mount_path: &'a str,
    read_only: bool,
    path_type: &'a str,
}
