//! kube-apiserver and kube-controller-manager settings as text, one file per target; manifests for workloads.
//!
//! [`ControlPlane`] holds the ordered flags, the single truth; [`emit`] writes them as a [`Target`] takes them. Pure:
//! what is to be merged comes in as text, what is to be written goes out as [`Artifact`]s. [`workload`] writes what pods
//! need. One key passes through here: the webhook's serving key, as text, into an artifact that is secret.
//!
//! Follows the flags of [kube-apiserver] and [kube-controller-manager]. A new target is a file under `targets/` and an
//! arm in `target.rs`.
//!
//! [kube-apiserver]: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
//! [kube-controller-manager]: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/

mod audience;
mod control_plane;
mod dns;
mod emission;
mod error;
mod flag;
mod settings;
mod shell;
mod target;
mod targets;
mod version;
mod warning;
pub mod workload;

pub use control_plane::ControlPlane;
pub use emission::{Artifact, Emission, Inputs, emit};
pub use error::EmitError;
pub use flag::{Component, Flag};
pub use settings::Settings;
pub use target::{Target, UnknownTarget};
pub use version::{KubernetesVersion, NotAVersion};
pub use warning::Warning;
