//! `workload verify-job`: a Job that shows what a pod's role is, and that it works.

use clap::Args;
use issuer_discovery::BucketName;
use issuer_emitter::workload::{DEFAULT_VERIFY_IMAGE, DEFAULT_VERIFY_PREFIX, VerifyJob, verify_job};
use issuer_keygen::ServiceAccount;
use issuer_registrar::RoleArn;

use super::{Context, OutArgs, TokenArgs, refused};
use crate::failure::Failure;

/// A Job that shows what a pod's role is, and that it works
///
/// It prints the caller's identity, and with --bucket writes one object, reads it back and deletes
/// it where the role may. It fails with the reason.
#[derive(Debug, Args)]
pub(crate) struct VerifyJobCommand {
    /// The service account that the job runs as
    #[arg(long, value_name = "NS/NAME")]
    service_account: ServiceAccount,
    /// The role that it has to get
    #[arg(long, value_name = "ARN")]
    role_arn: RoleArn,
    /// A bucket to write to and to read from
    #[arg(long, value_name = "NAME")]
    bucket: Option<BucketName>,
    /// What the key of the object in the bucket begins with
    #[arg(long, value_name = "PREFIX", default_value = DEFAULT_VERIFY_PREFIX, requires = "bucket")]
    key_prefix: String,
    /// Leave the token to the webhook or the admission policy: proves that those work
    #[arg(long)]
    injected: bool,
    /// The image, one with the aws CLI
    #[arg(long, value_name = "IMAGE", default_value = DEFAULT_VERIFY_IMAGE)]
    image: String,
    #[command(flatten)]
    token: TokenArgs,
    #[command(flatten)]
    out: OutArgs,
}

impl VerifyJobCommand {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let emission = verify_job(&VerifyJob {
            workload: self.token.workload(&context.global)?,
            namespace: self.service_account.namespace().to_owned(),
            service_account: self.service_account.name().to_owned(),
            role_arn: self.role_arn.to_string(),
            bucket: self.bucket.as_ref().map(ToString::to_string),
            key_prefix: self.key_prefix.clone(),
            image: self.image.clone(),
            injected: self.injected,
        })
        .map_err(|error| refused(&error))?;
        self.out.write("verify-job", &emission, context).await
    }
}
