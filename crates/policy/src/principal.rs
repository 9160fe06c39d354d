//! Who a statement speaks of: the Principal and NotPrincipal elements.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::statement::strings;

/// The kinds of principal that the policy language has.
const KINDS: [&str; 4] = ["AWS", "Federated", "Service", "CanonicalUser"];

/// The value of a Principal or NotPrincipal element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// `"*"`, or `{"AWS": "*"}`, which AWS calls equivalent in a resource-based policy: everyone, anonymous callers
    /// too.
    Anyone,
    /// Kinds (AWS, Federated, Service, CanonicalUser) and the values of each.
    Map(BTreeMap<String, BTreeSet<String>>),
}

impl Principal {
    /// Whether anonymous callers are among those named.
    pub fn includes_anyone(&self) -> bool {
        match self {
            Self::Anyone => true,
            Self::Map(kinds) => kinds.get("AWS").is_some_and(|values| values.contains("*")),
        }
    }

    /// The values of one kind, none for [`Principal::Anyone`].
    pub fn values(&self, kind: &str) -> impl Iterator<Item = &str> {
        let values = match self {
            Self::Anyone => None,
            Self::Map(kinds) => kinds.get(kind),
        };
        values.into_iter().flatten().map(String::as_str)
    }

    pub(crate) fn parse(value: &Value) -> Result<Self, &'static str> {
        let kinds = match value {
            Value::String(text) if text == "*" => return Ok(Self::Anyone),
            Value::Object(kinds) if !kinds.is_empty() => kinds,
            _ => return Err("has to be \"*\" or an object such as {\"AWS\": \"*\"}"),
        };
        let mut map = BTreeMap::new();
        for (kind, values) in kinds {
            if !KINDS.contains(&kind.as_str()) {
                return Err("knows only the kinds AWS, Federated, Service and CanonicalUser");
            }
            let values = strings(values).ok_or("has to hold a string or a list of strings for each kind")?;
            map.insert(kind.clone(), values.into_iter().collect());
        }
        // Next to other kinds of principal a star is kept with them: it does not stand for all of them.
        let anyone =
            map.len() == 1 && map.get("AWS").is_some_and(|values: &BTreeSet<_>| values.contains("*"));
        Ok(if anyone { Self::Anyone } else { Self::Map(map) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Principal;

    #[test]
    fn both_ways_of_writing_anyone_are_one() {
        for value in [json!("*"), json!({"AWS": "*"}), json!({"AWS": ["*"]}), json!({"AWS": ["1", "*"]})] {
            assert_eq!(Principal::parse(&value), Ok(Principal::Anyone), "{value}");
        }
        let mixed = Principal::parse(&json!({"AWS": "*", "Service": "a"})).unwrap();
        assert!(mixed.includes_anyone());
        assert_eq!(mixed.values("Service").collect::<Vec<_>>(), ["a"]);
        assert!(!Principal::parse(&json!({"Federated": "*"})).unwrap().includes_anyone());
    }

    #[test]
    fn other_shapes_are_refused() {
        for value in
            [json!("arn:aws:iam::1:root"), json!({}), json!(["*"]), json!({"aws": "*"}), json!({"AWS": 1})]
        {
            assert!(Principal::parse(&value).is_err(), "{value}");
        }
        assert!(Principal::parse(&json!({"AWS": []})).is_err());
    }
}
