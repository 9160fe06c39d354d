//! The same without a webhook: a strategic-merge patch and a kustomize component.
//!
//! Lists are merged by name: <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/>,
//! components: <https://kubectl.docs.kubernetes.io/guides/config_management/components/>.

use std::collections::BTreeSet;

use super::template::{fill, indented, scalar};
use super::{Workload, check, pod_spec};
use crate::emission::{Artifact, Emission};
use crate::error::EmitError;

pub(super) const SUMMARY: &str =
    "the same without a webhook: a patch of a workload, and a kustomize component";

/// The kinds that have pods, with their API version and the way to the pod's specification.
const KINDS: [(&str, &str, &[&str]); 7] = [
    ("Deployment", "apps/v1", &["template", "spec"]),
    ("StatefulSet", "apps/v1", &["template", "spec"]),
    ("DaemonSet", "apps/v1", &["template", "spec"]),
    ("ReplicaSet", "apps/v1", &["template", "spec"]),
    ("Job", "batch/v1", &["template", "spec"]),
    ("CronJob", "batch/v1", &["jobTemplate", "spec", "template", "spec"]),
    ("Pod", "v1", &[]),
];

/// The name in the patch when nobody says: kustomize wants one and does not look at it.
const ANY: &str = "any";

/// Whose pods are patched, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodPatch {
    /// What tokens are like.
    pub workload: Workload,
    /// The service account's namespace.
    pub namespace: String,
    /// The service account.
    pub service_account: String,
    /// The role's ARN.
    pub role_arn: String,
    /// The kind of the workload that is patched, such as `Deployment`.
    pub kind: String,
    /// The name of the workload; the patch's own placeholder when nobody says.
    pub name: Option<String>,
    /// The containers that get the environment and the mount.
    pub containers: Vec<String>,
}

/// Writes `patch.yaml` (strategic merge) and `kustomization.yaml` (a Component that applies it).
///
/// # Errors
/// A name or a kind that Kubernetes refuses.
pub fn pod_patch(patch: &PodPatch) -> Result<Emission, EmitError> {
    let (kind, api_version, way) = check(patch)?;
    let specification = fill(
        include_str!("templates/pod_spec.yaml"),
        &[
            ("service_account", &scalar(&patch.service_account)),
            ("containers", &containers(patch)),
            ("volume", &pod_spec::volume(&patch.workload, 0)),
        ],
    );
    let specification = way
        .iter()
        .rev()
        .fold(specification, |inside, member| format!("{member}:\n{}\n", indented(&inside, 2)));
    let contents = fill(
        include_str!("templates/pod_patch.yaml"),
        &[
            ("way", &how(patch, kind)),
            ("api_version", api_version),
            ("kind", kind),
            ("name", &scalar(patch.name.as_deref().unwrap_or(ANY))),
            ("spec", &indented(&specification, 2)),
        ],
    );
    let component = component(patch, kind);
    Ok(Emission {
        artifacts: vec![
            Artifact::public("patch.yaml", contents),
            Artifact::public("kustomization.yaml", component),
        ],
        warnings: Vec::new(),
    })
}

type Kind = (&'static str, &'static str, &'static [&'static str]);

fn check(patch: &PodPatch) -> Result<Kind, EmitError> {
    patch.workload.check()?;
    check::service_account(&patch.namespace, &patch.service_account)?;
    check::role(&patch.role_arn)?;
    if let Some(name) = &patch.name {
        check::name("the workload's name", name)?;
    }
    // The list of containers is merged by name, and nothing stands for all of them.
    if patch.containers.is_empty() {
        return Err(EmitError::NoneGiven {
            what: "names of containers",
            why: "a patch finds a container by its name alone",
        });
    }
    let mut seen = BTreeSet::new();
    for container in &patch.containers {
        check::label("the container", container)?;
        if !seen.insert(container) {
            return Err(EmitError::Repeated { what: "the container", text: container.clone() });
        }
    }
    KINDS.into_iter().find(|(kind, _, _)| *kind == patch.kind).ok_or_else(|| EmitError::WorkloadKind {
        kind: patch.kind.clone(),
        known: KINDS.map(|(kind, _, _)| kind).join(", "),
    })
}

fn containers(patch: &PodPatch) -> String {
    let container = |name: &String| {
        fill(
            include_str!("templates/pod_container.yaml"),
            &[
                ("container", &scalar(name)),
                ("environment", &pod_spec::environment(&patch.workload, &patch.role_arn, 2)),
                ("mount", &pod_spec::mount(2)),
            ],
        )
    };
    patch.containers.iter().map(container).collect::<String>().trim_end().to_owned()
}

/// How the patch is applied.
fn how(patch: &PodPatch, kind: &str) -> String {
    // What a Pod or a Job runs cannot be changed once it is made.
    if matches!(kind, "Pod" | "Job") {
        return format!("# For a {kind} that is yet to be made: through kustomization.yaml beside it.");
    }
    let (namespace, resource) = (&patch.namespace, kind.to_lowercase());
    match &patch.name {
        Some(name) => format!(
            "#   kubectl -n {namespace} patch {resource}/{name} --patch-file patch.yaml\n# or through \
             kustomization.yaml beside it."
        ),
        None => format!(
            "#   kubectl -n {namespace} patch {resource}/NAME --patch-file patch.yaml\n# with NAME in the place of \
             {ANY:?} here too, or through kustomization.yaml beside it."
        ),
    }
}

/// A component that finds what it patches by kind and name, a regular expression there: namespaces may be set later.
fn component(patch: &PodPatch, kind: &str) -> String {
    let target = match &patch.name {
        Some(name) => format!("kind: {kind}\nname: {}", scalar(&name.replace('.', r"\."))),
        None => format!("kind: {kind}"),
    };
    let note = match &patch.name {
        Some(name) => format!(
            "# It changes {kind}/{name} alone. Where that is called otherwise, nothing is changed and nothing said: \
             give its\n# name with --name.\n"
        ),
        None => format!("# No name was given, so every {kind} that is there is patched.\n"),
    };
    fill(include_str!("templates/kustomization.yaml"), &[("note", &note), ("target", &indented(&target, 4))])
}
