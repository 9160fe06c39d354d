//! The ServiceAccount with its annotation, and the label that an admission policy finds it by.

use super::template::{fill, scalar};
use super::{DEFAULT_AUDIENCE, DEFAULT_LABEL};

/// What a service account is told of its role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAnnotation {
    /// The namespace.
    pub namespace: String,
    /// The service account.
    pub name: String,
    /// The role's ARN.
    pub role_arn: String,
    /// The audience, where it is not `sts.amazonaws.com`.
    pub audience: Option<String>,
}

/// Writes the ServiceAccount manifests, one document each, for `kubectl apply`.
pub fn service_account(accounts: &[RoleAnnotation]) -> String {
    let documents: Vec<String> = accounts.iter().map(document).collect();
    documents.join("---\n")
}

fn document(account: &RoleAnnotation) -> String {
    let mut document = fill(
        include_str!("templates/service_account.yaml"),
        &[
            ("name", &scalar(&account.name)),
            ("namespace", &scalar(&account.namespace)),
            ("label", DEFAULT_LABEL.0),
            ("value", DEFAULT_LABEL.1),
            ("role", &scalar(&account.role_arn)),
        ],
    );
    if let Some(audience) = account.audience.as_deref().filter(|audience| *audience != DEFAULT_AUDIENCE) {
        document.push_str(&format!("    eks.amazonaws.com/audience: {}\n", scalar(audience)));
    }
    document
}
