//! `workload pod-patch`: one workload without any webhook.

use clap::Args;
use issuer_emitter::workload::{PodPatch, pod_patch};
use issuer_keygen::ServiceAccount;
use issuer_registrar::RoleArn;

use super::{Context, OutArgs, TokenArgs, refused};
use crate::failure::Failure;

/// One workload without any webhook: a strategic-merge patch, and a kustomize component
#[derive(Debug, Args)]
pub(crate) struct PodPatchCommand {
    /// The workload's service account
    #[arg(long, value_name = "NS/NAME")]
    service_account: ServiceAccount,
    /// The role that its pods get
    #[arg(long, value_name = "ARN")]
    role_arn: RoleArn,
    /// The kind of the workload
    #[arg(long, value_name = "KIND", default_value = "Deployment")]
    kind: String,
    /// The name of the workload [default: that of the service account]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A container that gets the role [default: one of the workload's name]
    #[arg(long, value_name = "NAME")]
    container: Vec<String>,
    #[command(flatten)]
    token: TokenArgs,
    #[command(flatten)]
    out: OutArgs,
}

impl PodPatchCommand {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let name = self.name.clone().unwrap_or_else(|| self.service_account.name().to_owned());
        let containers = if self.container.is_empty() { vec![name.clone()] } else { self.container.clone() };
        let emission = pod_patch(&PodPatch {
            workload: self.token.workload(&context.global)?,
            namespace: self.service_account.namespace().to_owned(),
            service_account: self.service_account.name().to_owned(),
            role_arn: self.role_arn.to_string(),
            kind: self.kind.clone(),
            name: Some(name),
            containers,
        })
        .map_err(|error| refused(&error))?;
        self.out.write("pod-patch", &emission, context).await
    }
}
