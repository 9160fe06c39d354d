//! How a policy finds the role of a pod, and what each way costs.
//!
//! <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#parameter-resources>

use std::collections::BTreeSet;

use super::super::template::{fill, indented, scalar};
use super::{check, quoted};
use crate::error::EmitError;

/// How long an expression may be, in code points: measured, 5000 entries of a map were refused for it.
///
/// <https://github.com/google/cel-go/blob/master/parser/options.go>
const LONGEST_EXPRESSION: usize = 100_000;

/// How the policy finds the role of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// By the annotation of service accounts that carry this label, `KEY=VALUE`.
    Label {
        /// The label's key.
        key: String,
        /// The label's value.
        value: String,
    },
    /// One binding for each of these service accounts, `NS/NAME`.
    Each(Vec<(String, String)>),
    /// A literal map from `NS/NAME` to role ARN, without any parameter.
    Map(Vec<((String, String), String)>),
}

impl Binding {
    pub(super) fn check(&self) -> Result<(), EmitError> {
        match self {
            Self::Label { key, value } => return check::kubernetes_label(key, value),
            Self::Map(roles) => roles.iter().try_for_each(|(_, role)| check::role(role))?,
            Self::Each(_) => {}
        }
        let accounts = self.accounts();
        if accounts.is_empty() {
            return Err(EmitError::NoneGiven {
                what: "service accounts",
                why: "without one the policy does nothing",
            });
        }
        let mut seen = BTreeSet::new();
        for (namespace, name) in accounts {
            check::service_account(namespace, name)?;
            let text = format!("{namespace}/{name}");
            if !seen.insert(text.clone()) {
                return Err(EmitError::Repeated { what: "the service account", text });
            }
        }
        // The bindings are named after the service accounts.
        match self {
            Self::Each(accounts) => accounts.iter().try_for_each(|(namespace, name)| {
                check::name("the name of the binding", &binding_name(super::COMPANION, namespace, name))
            }),
            _ => Ok(()),
        }
    }

    fn accounts(&self) -> Vec<(&str, &str)> {
        match self {
            Self::Label { .. } => Vec::new(),
            Self::Each(accounts) => {
                accounts.iter().map(|(namespace, name)| (namespace.as_str(), name.as_str())).collect()
            }
            Self::Map(roles) => {
                roles.iter().map(|((namespace, name), _)| (namespace.as_str(), name.as_str())).collect()
            }
        }
    }

    /// The map as one expression, where there is one.
    pub(super) fn map_expression(&self) -> Result<Option<String>, EmitError> {
        let Self::Map(roles) = self else { return Ok(None) };
        let entries: Vec<String> = roles
            .iter()
            .map(|((namespace, name), role)| {
                format!("  {}: {}", quoted(&format!("{namespace}/{name}")), quoted(role))
            })
            .collect();
        let expression = format!("{{\n{}\n}}", entries.join(",\n"));
        let characters = expression.chars().count();
        if characters > LONGEST_EXPRESSION {
            let fitting = LONGEST_EXPRESSION * entries.len() / characters;
            return Err(EmitError::MapTooLong {
                entries: entries.len(),
                characters,
                limit: LONGEST_EXPRESSION,
                fitting,
            });
        }
        Ok(Some(expression))
    }

    /// What the policy's head says of it: times are those of a namespace with 1000 service accounts.
    pub(super) fn note(&self) -> &'static str {
        match self {
            Self::Label { .. } => include_str!("../templates/admission_note_label.txt"),
            Self::Each(_) => include_str!("../templates/admission_note_each.txt"),
            Self::Map(_) => include_str!("../templates/admission_note_map.txt"),
        }
    }

    /// The bindings of one policy.
    pub(super) fn documents(&self, kind: &str, policy: &str, actions: &str) -> Vec<String> {
        let document = |name: &str, parameter: &str| {
            let values = [
                ("kind", kind),
                ("name", &scalar(name)),
                ("policy", policy),
                ("actions", actions),
                ("parameter", parameter),
            ];
            let text = fill(include_str!("../templates/admission_binding.yaml"), &values);
            format!("{}\n", text.trim_end())
        };
        match self {
            Self::Label { key, value } => {
                let selector = format!("matchLabels:\n  {}: {}", scalar(key), scalar(value));
                let selector = indented(&selector, 6);
                let parameter =
                    format!("  paramRef:\n    selector:\n{selector}\n    parameterNotFoundAction: Allow");
                vec![document(policy, &parameter)]
            }
            // The parameter is looked up in the pod's namespace, so the pod's namespace has to be the right one.
            Self::Each(accounts) => accounts
                .iter()
                .map(|(namespace, name)| {
                    let parameter = format!(
                        "  paramRef:\n    name: {}\n    parameterNotFoundAction: Allow\n  matchResources:\n    \
                         namespaceSelector:\n      matchLabels:\n        kubernetes.io/metadata.name: {}",
                        scalar(name),
                        scalar(namespace)
                    );
                    document(&binding_name(policy, namespace, name), &parameter)
                })
                .collect(),
            Self::Map(_) => vec![document(policy, "")],
        }
    }
}

/// A dot cannot stand in a namespace, so no two service accounts share a name here.
fn binding_name(policy: &str, namespace: &str, name: &str) -> String {
    format!("{policy}.{namespace}.{name}")
}

#[cfg(test)]
mod tests {
    use super::Binding;

    fn map(entries: usize) -> Binding {
        let role =
            |number| format!("arn:aws:iam::123456789012:role/issuerctl/0123456789abcdef/role-{number:04}");
        let account = |number| ("shop".to_owned(), format!("account-{number:04}"));
        Binding::Map((0..entries).map(|number| (account(number), role(number))).collect())
    }

    #[test]
    fn a_map_of_more_than_one_expression_is_refused_with_what_would_fit() {
        let error = map(5000).map_expression().unwrap_err().to_string();
        assert_eq!(
            error,
            "the map of 5000 service accounts is 470002 characters long, and Kubernetes takes 100000 in one \
             expression, about 1063 such entries: bind by a label or each service account by itself"
        );
        assert!(map(1063).map_expression().is_ok() && map(1064).map_expression().is_err());
    }

    #[test]
    fn what_binds_nothing_or_twice_is_refused() {
        let account = |name: &str| ("shop".to_owned(), name.to_owned());
        for (binding, sentence) in [
            (
                Binding::Each(vec![]),
                "service accounts are needed, one at least: without one the policy does nothing",
            ),
            (
                Binding::Map(vec![]),
                "service accounts are needed, one at least: without one the policy does nothing",
            ),
            (
                Binding::Each(vec![account("web"), account("web")]),
                "the service account \"shop/web\" is given twice",
            ),
        ] {
            assert_eq!(binding.check().unwrap_err().to_string(), sentence);
        }
        let long = "a".repeat(63);
        let long = Binding::Each(vec![(long.clone(), format!("{long}.{long}.{long}"))]);
        assert!(long.check().unwrap_err().to_string().starts_with("the name of the binding "));
    }
}
