//! The names of the targets; what each one writes stands in a file of its own.

use std::fmt;
use std::str::FromStr;

use crate::control_plane::ControlPlane;
use crate::emission::{Emission, Inputs};
use crate::error::EmitError;
use crate::targets::{flags, kubeadm, static_pod, systemd};

/// A form in which a cluster takes its control plane's flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// Plain flags.
    Flags,
    /// Environment files for systemd units.
    Systemd,
    /// A merge into static-pod manifests.
    StaticPod,
    /// A kubeadm ClusterConfiguration, v1beta4.
    Kubeadm,
}

/// What a target's own file says of it.
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    /// What kube-apiserver accepts as audiences there, by cluster domain, when nobody says otherwise.
    pub(crate) default_api_audiences: fn(&str) -> Vec<String>,
    /// Whether [`Inputs::manifests`] are merged into; else they are refused.
    pub(crate) merges: bool,
    pub(crate) emit: fn(&ControlPlane, &Inputs) -> Result<Emission, EmitError>,
}

impl Target {
    /// Every target, in the order in which they are listed.
    pub const ALL: &'static [Self] = &[Self::Flags, Self::Systemd, Self::StaticPod, Self::Kubeadm];

    /// The stable name, as on the command line.
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// What it writes, in one line.
    pub fn summary(self) -> &'static str {
        self.definition().summary
    }

    /// What kube-apiserver accepts as audiences there when nobody says otherwise.
    pub fn default_api_audiences(self, cluster_domain: &str) -> Vec<String> {
        (self.definition().default_api_audiences)(cluster_domain)
    }

    pub(crate) fn definition(self) -> &'static Definition {
        match self {
            Self::Flags => &flags::DEFINITION,
            Self::Systemd => &systemd::DEFINITION,
            Self::StaticPod => &static_pod::DEFINITION,
            Self::Kubeadm => &kubeadm::DEFINITION,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that no target has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no target {name:?}; there are {}", Target::ALL.iter().map(|target| target.name()).collect::<Vec<_>>().join(", "))]
pub struct UnknownTarget {
    name: String,
}

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(name: &str) -> Result<Self, UnknownTarget> {
        let found = Self::ALL.iter().copied().find(|target| target.name() == name);
        found.ok_or_else(|| UnknownTarget { name: name.to_owned() })
    }
}

/// The audience of a cluster whose kube-apiserver was set up as kubeadm sets it up.
pub(crate) fn cluster_service_audience(cluster_domain: &str) -> Vec<String> {
    vec![format!("https://kubernetes.default.svc.{cluster_domain}")]
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn names_read_back_and_are_listed() {
        for target in Target::ALL {
            assert_eq!(target.to_string().parse(), Ok(*target));
            assert!(!target.summary().is_empty() && !target.summary().contains('\n'));
        }
        assert_eq!(
            "eks".parse::<Target>().unwrap_err().to_string(),
            "there is no target \"eks\"; there are flags, systemd, static-pod, kubeadm"
        );
    }

    #[test]
    fn audiences_follow_the_cluster_domain() {
        assert_eq!(
            Target::Kubeadm.default_api_audiences("k8s.example"),
            ["https://kubernetes.default.svc.k8s.example"]
        );
    }
}
