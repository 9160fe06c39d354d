//! The same without any server, on Kubernetes 1.36 and later: a MutatingAdmissionPolicy.
//!
//! The expressions follow the webhook's [handler], case for case; a policy of this text was run on kube-apiserver
//! v1.36.2. Kinds and variables: <https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/>.
//!
//! [handler]: https://github.com/aws/amazon-eks-pod-identity-webhook/blob/master/pkg/handler/handler.go

mod binding;

use super::template::{fill, indented};
use super::{Workload, check};
use crate::emission::{Artifact, Emission};
use crate::error::EmitError;

pub use binding::Binding;

pub(super) const SUMMARY: &str = "the same without any server, on Kubernetes 1.36 and later";

/// The policy's name.
const POLICY: &str = "issuerctl-irsa";

/// The name of the companion that refuses.
const COMPANION: &str = "issuerctl-irsa-token";

/// The policy, and how it is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmissionPolicy {
    /// What tokens are like.
    pub workload: Workload,
    /// How the role of a pod is found.
    pub binding: Binding,
    /// Whether a pod without its token is refused, by a validating companion.
    pub validate: bool,
}

/// Writes the policy and its bindings.
///
/// # Errors
/// A name that Kubernetes refuses; a map that is too long for one expression.
pub fn admission_policy(policy: &AdmissionPolicy) -> Result<Emission, EmitError> {
    policy.workload.check()?;
    policy.binding.check()?;
    let roles = policy.binding.map_expression()?;
    let settings = Settings::new(&policy.workload, roles.as_deref());
    let mut documents = vec![settings.mutating(&policy.binding)];
    documents.extend(policy.binding.documents("MutatingAdmissionPolicyBinding", POLICY, ""));
    if policy.validate {
        documents.push(settings.companion());
        let deny = "  validationActions: [Deny]\n";
        documents.extend(policy.binding.documents("ValidatingAdmissionPolicyBinding", COMPANION, deny));
    }
    Ok(Emission {
        artifacts: vec![Artifact::public("admission-policy.yaml", documents.join("---\n"))],
        warnings: Vec::new(),
    })
}

/// Writes a text as a string of CEL: <https://github.com/google/cel-spec/blob/master/doc/langdef.md#string-and-bytes-values>.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

/// What is written into the expressions: with a parameter the annotations go before it, with a map there are none.
struct Settings {
    region: String,
    audience: String,
    role_variables: String,
    setting_variables: String,
    param_kind: &'static str,
    conditions: &'static str,
    /// Whether every expression has to see to it by itself that there is a role.
    map: bool,
}

impl Settings {
    fn new(workload: &Workload, roles: Option<&str>) -> Self {
        let audience = quoted(&workload.audience);
        let expiration = quoted(&workload.token_expiration.to_string());
        let values = [("audience", audience.as_str()), ("expiration", expiration.as_str())];
        let region = quoted(&workload.region);
        match roles {
            Some(roles) => Self {
                region,
                role_variables: fill(
                    include_str!("templates/admission_role_map.yaml"),
                    &[("roles", &indented(roles, 6))],
                ),
                setting_variables: fill(include_str!("templates/admission_settings_map.yaml"), &values),
                audience,
                param_kind: "",
                conditions: "",
                map: true,
            },
            None => Self {
                region,
                role_variables: include_str!("templates/admission_role_parameter.yaml").to_owned(),
                setting_variables: fill(include_str!("templates/admission_settings_parameter.yaml"), &values),
                audience: format!("variables.sa[?'eks.amazonaws.com/audience'].orValue({audience})"),
                param_kind: include_str!("templates/admission_param_kind.yaml"),
                conditions: include_str!("templates/admission_conditions.yaml"),
                map: false,
            },
        }
    }

    fn mutating(&self, binding: &Binding) -> String {
        fill(
            include_str!("templates/admission_policy.yaml"),
            &[
                ("binding_note", binding.note().trim_end()),
                ("param_kind", self.param_kind),
                ("conditions", self.conditions),
                ("role_variables", self.role_variables.trim_end()),
                ("setting_variables", self.setting_variables.trim_end()),
                ("todo_guard", if self.map { "variables.role == '' ? [] : " } else { "" }),
                ("volume_guard", if self.map { "variables.role == '' || " } else { "" }),
                ("region", &self.region),
            ],
        )
    }

    fn companion(&self) -> String {
        fill(
            include_str!("templates/admission_companion.yaml"),
            &[
                ("param_kind", self.param_kind),
                ("conditions", if self.map { "  matchConditions:\n" } else { self.conditions }),
                ("role_variables", self.role_variables.trim_end()),
                ("audience", &self.audience),
                ("role_guard", if self.map { "variables.role == '' || " } else { "" }),
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_text_leaves_its_quotes() {
        assert_eq!(quoted(r"a'b\c"), r"'a\'b\\c'");
    }
}
