//! Policies that need no policy file: what well-known controllers document for a pinned version of theirs.
//!
//! One file for each controller: where its permissions are documented, and the statements, which are our own words for
//! the same set. With a narrowing (`--hardened`) a policy allows less, never more: each `*` that a zone, the name of
//! the cluster or an ARN can replace is replaced, where the controller still works.

mod aws_load_balancer_controller;
mod cert_manager;
mod cluster_autoscaler;
mod ebs_csi;
mod efs_csi;
mod error;
mod external_dns;
mod facts;
mod narrowing;
mod resource;
mod route53;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use issuer_discovery::Partition;
use issuer_keygen::ServiceAccount;
use issuer_policy::Document;

pub use self::error::PresetError;
use self::facts::{Facts, Policy};
use self::narrowing::Narrowed;
pub use self::narrowing::Narrowing;

/// A controller whose permissions are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Preset {
    /// AWS Load Balancer Controller.
    AwsLoadBalancerController,
    /// ExternalDNS with Route 53.
    ExternalDns,
    /// cert-manager, DNS-01 with Route 53.
    CertManager,
    /// Cluster Autoscaler.
    ClusterAutoscaler,
    /// The EBS CSI driver.
    EbsCsi,
    /// The EFS CSI driver.
    EfsCsi,
}

impl Preset {
    /// Every preset, in the order in which they are listed.
    pub const ALL: &'static [Self] = &[
        Self::AwsLoadBalancerController,
        Self::ExternalDns,
        Self::CertManager,
        Self::ClusterAutoscaler,
        Self::EbsCsi,
        Self::EfsCsi,
    ];

    /// Returns the stable name, as on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AwsLoadBalancerController => "aws-load-balancer-controller",
            Self::ExternalDns => "external-dns",
            Self::CertManager => "cert-manager",
            Self::ClusterAutoscaler => "cluster-autoscaler",
            Self::EbsCsi => "ebs-csi",
            Self::EfsCsi => "efs-csi",
        }
    }

    /// Says what it is for, in one line.
    #[must_use]
    pub fn summary(self) -> &'static str {
        self.facts().summary
    }

    /// Returns the upstream version whose permissions these are.
    #[must_use]
    pub fn version(self) -> &'static str {
        self.facts().version
    }

    /// Returns where that version documents them.
    #[must_use]
    pub fn source(self) -> &'static str {
        self.facts().source
    }

    /// Says how the controller has to be set up for a narrowed policy to be enough.
    #[must_use]
    pub fn hardened_setup(self) -> &'static str {
        self.facts().hardened_setup
    }

    /// Returns the service account that the controller runs as when installed as upstream has it.
    #[must_use]
    pub fn service_account(self) -> ServiceAccount {
        let text = self.facts().service_account;
        text.parse().unwrap_or_else(|_| unreachable!("{text} is a constant, and a test reads every one"))
    }

    /// Writes the policy. With a narrowing, `*` is replaced where what was given allows it.
    ///
    /// # Errors
    /// When a narrowing is given that has nothing this preset can use, something that it cannot use, or something that
    /// is malformed.
    pub fn policy(
        self,
        partition: Partition,
        narrowing: Option<&Narrowing>,
    ) -> Result<Document, PresetError> {
        let narrowed =
            narrowing.map(|given| Narrowed::read(self, self.facts(), partition, given)).transpose()?;
        let mut policy = Policy::new(partition);
        let narrowed = narrowed.unwrap_or_default();
        match self {
            Self::AwsLoadBalancerController => aws_load_balancer_controller::write(&mut policy, &narrowed),
            Self::ExternalDns => external_dns::write(&mut policy, &narrowed),
            Self::CertManager => cert_manager::write(&mut policy, &narrowed),
            Self::ClusterAutoscaler => cluster_autoscaler::write(&mut policy, &narrowed),
            Self::EbsCsi => ebs_csi::write(&mut policy, &narrowed),
            Self::EfsCsi => efs_csi::write(&mut policy, &narrowed),
        }
        Ok(policy.document)
    }

    fn facts(self) -> &'static Facts {
        match self {
            Self::AwsLoadBalancerController => &aws_load_balancer_controller::FACTS,
            Self::ExternalDns => &external_dns::FACTS,
            Self::CertManager => &cert_manager::FACTS,
            Self::ClusterAutoscaler => &cluster_autoscaler::FACTS,
            Self::EbsCsi => &ebs_csi::FACTS,
            Self::EfsCsi => &efs_csi::FACTS,
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = PresetError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().copied().find(|preset| preset.name() == name);
        found.ok_or_else(|| PresetError::Unknown(name.to_owned()))
    }
}
