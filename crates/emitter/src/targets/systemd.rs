//! Environment files for systemd units: one per component, all flags in one variable, since their number varies.
//!
//! <https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=>

use crate::control_plane::ControlPlane;
use crate::emission::{Artifact, Emission, Inputs};
use crate::error::EmitError;
use crate::flag::{Component, Flag};
use crate::shell;
use crate::target::{Definition, Target, cluster_service_audience};

pub(crate) const DEFINITION: Definition = Definition {
    name: "systemd",
    summary: "an EnvironmentFile for each component's systemd unit",
    default_api_audiences: cluster_service_audience,
    merges: false,
    emit,
};

fn emit(control_plane: &ControlPlane, _inputs: &Inputs) -> Result<Emission, EmitError> {
    let artifacts = Component::ALL.map(|component| {
        let words: Vec<String> =
            control_plane.flags(component, Target::Systemd).iter().map(Flag::to_string).collect();
        let variable = variable(component);
        let path = format!("{component}-issuer.env");
        let contents = format!(
            "\
# Settings for service-account tokens; the same on every control-plane node, in this order.
# Put this file at /etc/kubernetes/{path} and tell the unit of {component}:
#   [Service]
#   EnvironmentFile=/etc/kubernetes/{path}
# Then end its ExecStart with ${variable},
# a word of its own without quotes, and take the flags that are named below out of the rest of ExecStart.
{variable}={}
",
            shell::environment_value(&words)
        );
        Artifact::public(path, contents)
    });
    Ok(Emission { artifacts: artifacts.into(), warnings: control_plane.warnings(Target::Systemd) })
}

/// The variable's name.
fn variable(component: Component) -> &'static str {
    match component {
        Component::KubeApiserver => "KUBE_APISERVER_ISSUER_FLAGS",
        Component::KubeControllerManager => "KUBE_CONTROLLER_MANAGER_ISSUER_FLAGS",
    }
}
