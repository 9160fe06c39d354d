//! What is wrong with a trust policy although AWS takes it, or why it can never let a pod in.
//!
//! After AWS's own advice for web identity roles: both `aud` and `sub`, compared exactly, under keys that begin with
//! the issuer. <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html>

mod audience;
mod claim;
mod condition;
mod finding;
mod provider;
mod subject;
mod trust;
mod words;

pub use finding::{Finding, Lint, Severity};
pub use provider::ProviderMismatch;
pub use trust::TrustTarget;
