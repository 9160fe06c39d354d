//! The Condition element: operators, keys and values as written; compare.rs says what they mean.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::operator::Operator;

/// The conditions of one statement: all have to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    operators: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Condition {
    /// Whether there is none, so that the statement always counts.
    pub fn is_empty(&self) -> bool {
        self.operators.values().all(BTreeMap::is_empty)
    }

    /// Every test as (operator, key, values): operators as written, keys in lower case (AWS compares them without
    /// regard to case), numbers and booleans as text.
    pub fn tests(&self) -> impl Iterator<Item = (&str, &str, &BTreeSet<String>)> {
        self.operators.iter().flat_map(|(operator, keys)| {
            keys.iter().map(move |(key, values)| (operator.as_str(), key.as_str(), values))
        })
    }

    /// The first operator that AWS does not have.
    pub fn unknown_operator(&self) -> Option<&str> {
        self.tests().map(|(operator, ..)| operator).find(|operator| !Operator::exists(operator))
    }

    /// Conditions of our own making; a test that comes twice is the later one.
    pub(crate) fn of<'a>(tests: impl IntoIterator<Item = (&'a str, String, BTreeSet<String>)>) -> Self {
        let mut operators = BTreeMap::<String, BTreeMap<String, BTreeSet<String>>>::new();
        for (operator, key, values) in tests {
            operators.entry(operator.to_owned()).or_default().insert(key.to_ascii_lowercase(), values);
        }
        Self { operators }
    }

    pub(crate) fn parse(value: &Value) -> Result<Self, &'static str> {
        let Value::Object(operators) = value else {
            return Err("has to be an object of operators");
        };
        let mut parsed = BTreeMap::new();
        for (operator, keys) in operators {
            let Value::Object(keys) = keys else {
                return Err("has to hold an object of keys for each operator");
            };
            let mut tests = BTreeMap::new();
            for (key, values) in keys {
                let values =
                    scalars(values).ok_or("has to hold a string, a number, a boolean or a list of these")?;
                if tests.insert(key.to_ascii_lowercase(), values).is_some() {
                    return Err(
                        "has the same key twice under one operator; keys are compared without regard to case",
                    );
                }
            }
            parsed.insert(operator.clone(), tests);
        }
        Ok(Self { operators: parsed })
    }
}

fn scalars(value: &Value) -> Option<BTreeSet<String>> {
    match value {
        Value::Array(values) if !values.is_empty() => values.iter().map(scalar).collect(),
        other => Some(BTreeSet::from([scalar(other)?])),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Condition;

    #[test]
    fn values_and_keys_are_compared_as_aws_compares_them() {
        let a = Condition::parse(
            &json!({"Bool": {"aws:SecureTransport": false}, "StringEquals": {"a:b": ["1", "2"]}}),
        );
        let b = Condition::parse(
            &json!({"StringEquals": {"A:B": ["2", 1]}, "Bool": {"aws:securetransport": ["false"]}}),
        );
        assert_eq!(a, b);
        assert!(!a.unwrap().is_empty());
        assert!(Condition::parse(&json!({"Bool": {}})).unwrap().is_empty());
    }

    #[test]
    fn other_shapes_are_refused() {
        for value in [
            json!("x"),
            json!({"StringEquals": "x"}),
            json!({"StringEquals": {"a": []}}),
            json!({"StringEquals": {"a": null}}),
            json!({"StringEquals": {"a": [["x"]]}}),
            json!({"StringEquals": {"a": "x", "A": "y"}}),
        ] {
            assert!(Condition::parse(&value).is_err(), "{value}");
        }
    }
}
