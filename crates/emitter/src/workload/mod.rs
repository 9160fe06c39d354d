//! Manifests for workloads: what brings a service account's token, and a role, into pods.
//!
//! The texts lie under `templates/`; what the user gives is checked first and then goes in quoted where it has to be.
//! The annotations, variables and paths are those of the [pod identity webhook], whichever way is taken.
//!
//! [pod identity webhook]: https://github.com/aws/amazon-eks-pod-identity-webhook

mod admission_policy;
mod check;
mod imds_guard;
mod pod_patch;
mod pod_spec;
mod service_account;
mod template;
mod verify_job;
mod webhook;

pub use admission_policy::{AdmissionPolicy, Binding, admission_policy};
pub use imds_guard::{ImdsGuard, imds_guard};
pub use pod_patch::{PodPatch, pod_patch};
pub use service_account::{RoleAnnotation, service_account};
pub use verify_job::{
    DEFAULT_IMAGE as DEFAULT_VERIFY_IMAGE, DEFAULT_PREFIX as DEFAULT_VERIFY_PREFIX, VerifyJob, verify_job,
};
pub use webhook::{
    DEFAULT_IMAGE as DEFAULT_WEBHOOK_IMAGE, DEFAULT_NAME as DEFAULT_WEBHOOK_NAME,
    DEFAULT_NAMESPACE as DEFAULT_WEBHOOK_NAMESPACE, ServingCertificate, Webhook, webhook,
};

use crate::error::EmitError;

/// The audience of the tokens unless told otherwise: AWS's own.
pub const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";

/// The label, key and value, of service accounts with a role: what an admission policy finds them by unless told
/// otherwise. The pod identity webhook has no use for it.
pub const DEFAULT_LABEL: (&str, &str) = ("issuerctl.io/web-identity", "enabled");

/// How long a token lives unless told otherwise, in seconds: the webhook's default.
pub const DEFAULT_TOKEN_EXPIRATION: u64 = 86_400;

/// Every kind of manifest by its name on the command line, with what it is in one line, in the order of a list.
pub const KINDS: [(&str, &str); 5] = [
    ("webhook", webhook::SUMMARY),
    ("pod-patch", pod_patch::SUMMARY),
    ("admission-policy", admission_policy::SUMMARY),
    ("verify-job", verify_job::SUMMARY),
    ("imds-guard", imds_guard::SUMMARY),
];

/// What a workload's manifests have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// The region that SDKs in pods are told.
    pub region: String,
    /// The audience of the tokens.
    pub audience: String,
    /// How long a token lives, in seconds: 600 or more; kubelet makes it anew at 80 %.
    pub token_expiration: u64,
}

impl Workload {
    fn check(&self) -> Result<(), EmitError> {
        check::region(&self.region)?;
        check::audience(&self.audience)?;
        check::expiration(self.token_expiration)
    }
}

#[cfg(test)]
mod tests {
    use super::KINDS;

    #[test]
    fn every_kind_is_said_in_one_line() {
        for (name, summary) in KINDS {
            assert!(!summary.is_empty() && summary.len() < 100 && !summary.contains('\n'), "{name}");
        }
    }
}
