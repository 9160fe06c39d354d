//! Label selectors, as [Kubernetes evaluates
//! them](https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors).

use serde_json::{Map, Value};

use crate::cluster::{list, text, texts};

/// Which labels a thing must have; an empty one selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector(Value);

impl Selector {
    /// Takes a selector as Kubernetes writes it.
    pub(crate) fn new(selector: Option<&Value>) -> Self {
        Self(selector.cloned().unwrap_or_default())
    }

    /// Tells whether it selects a thing with these labels.
    #[must_use]
    pub fn selects(&self, labels: &Map<String, Value>) -> bool {
        let label = |key: &str| labels.get(key).and_then(Value::as_str);
        let exact = self.0.get("matchLabels").and_then(Value::as_object);
        let exact = exact.into_iter().flatten().all(|(key, value)| label(key) == value.as_str());
        exact
            && list(&self.0, "/matchExpressions").iter().all(|expression| {
                let found = text(expression, "/key").and_then(label);
                let among = found
                    .is_some_and(|found| texts(expression, "/values").iter().any(|value| value == found));
                match text(expression, "/operator") {
                    Some("In") => among,
                    Some("NotIn") => !among,
                    Some("Exists") => found.is_some(),
                    Some("DoesNotExist") => found.is_none(),
                    _ => false,
                }
            })
    }
}

/// Tells whether all labels of one map stand in another.
pub(super) fn within(wanted: &Map<String, Value>, labels: &Map<String, Value>) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selector_selects_as_kubernetes_does() {
        let labels = json!({ "a": "1", "b": "" });
        let labels = labels.as_object().unwrap();
        for (selector, selects) in [
            (json!(null), true),
            (json!({}), true),
            (json!({ "matchLabels": { "a": "1", "b": "" } }), true),
            (json!({ "matchLabels": { "a": "2" } }), false),
            (json!({ "matchLabels": { "c": "" } }), false),
            (json!({ "matchExpressions": [{ "key": "a", "operator": "In", "values": ["1", "2"] }] }), true),
            (json!({ "matchExpressions": [{ "key": "c", "operator": "In", "values": ["1"] }] }), false),
            (json!({ "matchExpressions": [{ "key": "a", "operator": "NotIn", "values": ["1"] }] }), false),
            (json!({ "matchExpressions": [{ "key": "c", "operator": "NotIn", "values": ["1"] }] }), true),
            (json!({ "matchExpressions": [{ "key": "b", "operator": "Exists" }] }), true),
            (json!({ "matchExpressions": [{ "key": "b", "operator": "DoesNotExist" }] }), false),
            (
                json!({ "matchLabels": { "a": "1" }, "matchExpressions": [{ "key": "c", "operator": "Exists" }] }),
                false,
            ),
        ] {
            assert_eq!(Selector::new(Some(&selector)).selects(labels), selects, "{selector}");
        }
    }
}
