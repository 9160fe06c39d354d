//! A merge into the static-pod manifests of a control-plane node: our flags added or replaced in place, key files
//! mounted that are not, every other byte kept.
//!
//! The manifest is what is in force. So old verifying keys stay, and unless audiences are given, those in force stay
//! too: kube-apiserver's own --api-audiences or, without any, its issuers.
//! <https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/>

mod arguments;
mod edit;
mod manifest;

use crate::audience;
use crate::control_plane::ControlPlane;
use crate::emission::{Artifact, Emission, Inputs};
use crate::error::EmitError;
use crate::flag::{Component, Flag};
use crate::target::{Definition, Target, cluster_service_audience};
use crate::warning::Warning;

use self::arguments::Arguments;
use self::manifest::Manifest;

pub(crate) const DEFINITION: Definition = Definition {
    name: "static-pod",
    summary: "your kube-apiserver.yaml and kube-controller-manager.yaml with the flags merged in, comments kept",
    default_api_audiences: cluster_service_audience,
    merges: true,
    emit,
};

fn emit(control_plane: &ControlPlane, inputs: &Inputs) -> Result<Emission, EmitError> {
    let mut manifests = Vec::new();
    for text in &inputs.manifests {
        let manifest = Manifest::parse(text)?;
        if manifests.iter().any(|other: &Manifest<'_>| other.component() == manifest.component()) {
            return Err(EmitError::ManifestTwice { component: manifest.component() });
        }
        manifests.push(manifest);
    }
    let mut emission = Emission::default();
    for component in Component::ALL {
        let Some(manifest) = manifests.iter().find(|manifest| manifest.component() == component) else {
            let flags = control_plane.flags(component, Target::StaticPod);
            emission.warnings.push(Warning::ManifestNotGiven { component, flags });
            continue;
        };
        let arguments = manifest.arguments()?;
        let wanted = wanted(control_plane, component, &arguments, &mut emission.warnings)?;
        let contents = manifest.merged(&arguments, &wanted)?;
        emission.artifacts.push(Artifact::public(format!("{component}.yaml"), contents));
    }
    Ok(emission)
}

/// The flags that the component is to have: ours, and what of those in force has to stay.
fn wanted(
    control_plane: &ControlPlane,
    component: Component,
    present: &Arguments,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Flag>, EmitError> {
    let mut flags = control_plane.flags(component, Target::StaticPod);
    if component == Component::KubeControllerManager {
        return Ok(flags);
    }
    let dropped =
        present.values(Flag::ISSUER).filter(|issuer| !control_plane.issuers().any(|ours| ours == *issuer));
    warnings.extend(dropped.map(|issuer| Warning::IssuerDropped { issuer: issuer.to_owned() }));

    // Tokens signed before are still to be verified; retiring a key is another job.
    let mut old_keys: Vec<Flag> = Vec::new();
    for path in present.values(Flag::KEY_FILE) {
        let flag = Flag::new(Flag::KEY_FILE, path);
        if !flags.contains(&flag) && !old_keys.contains(&flag) {
            old_keys.push(flag);
        }
    }
    let after = flags.iter().rposition(|flag| flag.name() == Flag::KEY_FILE).map_or(0, |last| last + 1);
    flags.splice(after..after, old_keys);

    let given = control_plane.settings().api_audiences.is_some();
    let in_force = if given { Vec::new() } else { audiences_in_force(present)? };
    if in_force.is_empty() {
        warnings.extend(control_plane.warnings(Target::StaticPod));
        return Ok(flags);
    }
    let mut audiences: Vec<&str> = Vec::new();
    for text in in_force.into_iter().chain([control_plane.settings().issuer.as_str()]) {
        if audiences.contains(&text) {
            continue;
        }
        if audience::is_sts(text) {
            if !control_plane.settings().allow_sts_api_audience {
                return Err(EmitError::StsAudience { audience: text.to_owned() });
            }
            warnings.push(Warning::StsAudience { audience: text.to_owned() });
        }
        audiences.push(text);
    }
    let joined = Flag::new(Flag::API_AUDIENCES, audiences.join(","));
    for flag in flags.iter_mut().filter(|flag| flag.name() == Flag::API_AUDIENCES) {
        *flag = joined.clone();
    }
    Ok(flags)
}

/// What the manifest's kube-apiserver accepts today: its audiences or, without any, its issuers.
fn audiences_in_force(present: &Arguments) -> Result<Vec<&str>, EmitError> {
    let listed: Vec<&str> = present
        .values(Flag::API_AUDIENCES)
        .flat_map(|value| value.split(','))
        .filter(|text| !text.is_empty())
        .collect();
    let in_force = if listed.is_empty() { present.values(Flag::ISSUER).collect() } else { listed };
    // The flag is a line of CSV; an issuer is any text.
    if in_force.iter().any(|text| text.contains([',', '"'])) {
        let problem =
            "cannot be taken over, since an audience in force holds a comma or a quote: give the audiences";
        return Err(EmitError::ManifestFlag { flag: Flag::API_AUDIENCES, problem });
    }
    Ok(in_force)
}
