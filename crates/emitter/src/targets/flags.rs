//! Plain flags, one a line, in order: for control planes whose command lines are kept by hand or by a script.

use crate::control_plane::ControlPlane;
use crate::emission::{Artifact, Emission, Inputs};
use crate::error::EmitError;
use crate::flag::Component;
use crate::shell;
use crate::target::{Definition, Target, cluster_service_audience};

pub(crate) const DEFINITION: Definition = Definition {
    name: "flags",
    summary: "plain flags, one a line, in order, for any command line that is kept by hand",
    default_api_audiences: cluster_service_audience,
    merges: false,
    emit,
};

const HEADER: &str = "\
# Settings for service-account tokens. Every control-plane node takes the same flags, in this order: the first
# --service-account-issuer signs, all of them are accepted.
";

fn emit(control_plane: &ControlPlane, _inputs: &Inputs) -> Result<Emission, EmitError> {
    let mut contents = HEADER.to_owned();
    for component in Component::ALL {
        contents.push_str(&format!("\n# {component}\n"));
        for flag in control_plane.flags(component, Target::Flags) {
            contents.push_str(&shell::word(&flag.to_string()));
            contents.push('\n');
        }
    }
    Ok(Emission {
        artifacts: vec![Artifact::public("flags.txt", contents)],
        warnings: control_plane.warnings(Target::Flags),
    })
}
