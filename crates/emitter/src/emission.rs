//! What goes into an emitter besides the settings, and what comes out.

use std::fmt;

use crate::control_plane::ControlPlane;
use crate::error::EmitError;
use crate::target::Target;
use crate::version::KubernetesVersion;
use crate::warning::Warning;

/// What a target may need besides the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The manifests to merge into, as text, in any order.
    pub manifests: Vec<String>,
    /// The version of Kubernetes that is to read the settings, when it is known.
    pub kubernetes_version: Option<KubernetesVersion>,
}

/// What a target wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Emission {
    /// The files, in the order in which they are shown.
    pub artifacts: Vec<Artifact>,
    /// What has to be read before they are applied.
    pub warnings: Vec<Warning>,
}

/// One file.
#[derive(Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its name, relative to where it is written.
    pub path: String,
    /// Its text.
    pub contents: String,
    /// Whether it holds a private key: such a file goes to a directory with mode 0600 and never to a terminal.
    pub secret: bool,
}

impl fmt::Debug for Artifact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contents = if self.secret { "(secret)" } else { &self.contents };
        formatter
            .debug_struct("Artifact")
            .field("path", &self.path)
            .field("contents", &contents)
            .field("secret", &self.secret)
            .finish()
    }
}

impl Artifact {
    pub(crate) fn public(path: impl Into<String>, contents: String) -> Self {
        Self { path: path.into(), contents, secret: false }
    }
}

/// Writes the control plane's settings as the target takes them.
///
/// # Errors
/// A target that needs manifests without any, or the other way round; a manifest that cannot be merged safely; a
/// version of Kubernetes that does not know the target.
pub fn emit(target: Target, control_plane: &ControlPlane, inputs: &Inputs) -> Result<Emission, EmitError> {
    let definition = target.definition();
    match (definition.merges, inputs.manifests.is_empty()) {
        (true, true) => return Err(EmitError::ManifestMissing { target }),
        (false, false) => return Err(EmitError::ManifestNotUsed { target }),
        _ => {}
    }
    (definition.emit)(control_plane, inputs)
}
