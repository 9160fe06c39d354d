//! `workload imds-guard`: what keeps pods from the node's own role.

use clap::Args;
use issuer_emitter::workload::{ImdsGuard, imds_guard};

use super::{Context, OutArgs, refused};
use crate::failure::Failure;

/// What keeps pods from the node's own role
///
/// The hop limit of instances and launch templates, a rule for nftables and one for iptables, and a
/// NetworkPolicy; each says what it does not cover.
#[derive(Debug, Args)]
pub(crate) struct ImdsGuardCommand {
    /// The namespace of the NetworkPolicy
    #[arg(long, value_name = "NAME", default_value = "default")]
    namespace: String,
    /// A network of pods, for the rules of nodes [default: whatever a node forwards]
    #[arg(long, value_name = "CIDR")]
    pod_network: Vec<String>,
    #[command(flatten)]
    out: OutArgs,
}

impl ImdsGuardCommand {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let emission = imds_guard(&ImdsGuard {
            namespace: self.namespace.clone(),
            pod_networks: self.pod_network.clone(),
        })
        .map_err(|error| refused(&error))?;
        self.out.write("imds-guard", &emission, context).await
    }
}
