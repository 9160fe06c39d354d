//! What the condition operators mean.
//!
//! Keys that the caller does not speak of and operators that this file does not know are unknown, never false:
//! evaluate.rs turns unknown into no for an Allow and into yes for a Deny.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluate::Unknown;
use crate::network::Network;
use crate::pattern::{Pattern, Variable};

/// The answer to one question about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    Unknown(Unknown),
}

impl Truth {
    pub(crate) fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            unknown => unknown,
        }
    }

    /// Yes as soon as one is yes, else unknown as soon as one is.
    pub(crate) fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut answer = Self::No;
        for truth in truths {
            match truth {
                Self::Yes => return Self::Yes,
                Self::No => {}
                unknown if answer == Self::No => answer = unknown,
                Self::Unknown(_) => {}
            }
        }
        answer
    }

    /// No as soon as one is no, else unknown as soon as one is.
    pub(crate) fn all(truths: impl IntoIterator<Item = Self>) -> Self {
        Self::any(truths.into_iter().map(Self::not)).not()
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

/// Whether one test of a Condition holds. `key` is in lower case; `variables` as in [`Pattern::parse`].
pub(crate) fn holds(
    name: &str,
    key: &str,
    values: &BTreeSet<String>,
    context: &BTreeMap<String, Vec<String>>,
    variables: bool,
) -> Truth {
    let Some(operator) = Operator::parse(name) else {
        return Truth::Unknown(Unknown::Operator(name.to_owned()));
    };
    // Not in the context means that the caller cannot say; an empty list, that the request has no such key.
    let Some((_, present)) = context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) else {
        return Truth::Unknown(Unknown::Key(key.to_owned()));
    };
    if operator.comparison == Comparison::Null {
        return Truth::any(values.iter().map(|value| match value.as_str() {
            "true" => present.is_empty().into(),
            "false" => Truth::from(!present.is_empty()),
            _ => Truth::Unknown(Unknown::Value(value.clone())),
        }));
    }
    let compare = |present: &String| {
        let found =
            Truth::any(values.iter().map(|value| operator.comparison.compare(value, present, variables)));
        if operator.negated { found.not() } else { found }
    };
    match (operator.quantifier, present.as_slice()) {
        (_, []) if operator.if_exists => Truth::Yes,
        // "ForAllValues also returns true if there are no context keys in the request": also when it is dangerous.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        (Quantifier::All, present) => Truth::all(present.iter().map(compare)),
        (Quantifier::Any, present) => Truth::any(present.iter().map(compare)),
        (Quantifier::One, []) => operator.negated.into(),
        (Quantifier::One, [present]) => compare(present),
        // AWS says of several values without a set operator only that the outcome is not what one expects.
        (Quantifier::One, _) => Truth::Unknown(Unknown::Key(key.to_owned())),
    }
}

/// A condition operator, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) quantifier: Quantifier,
    pub(crate) comparison: Comparison,
    pub(crate) negated: bool,
    pub(crate) if_exists: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    One,
    Any,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equals,
    EqualsIgnoreCase,
    Like,
    Arn,
    Bool,
    Address,
    Null,
}

impl Operator {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (quantifier, name) = match name.split_once(':') {
            None => (Quantifier::One, name),
            Some(("ForAnyValue", name)) => (Quantifier::Any, name),
            Some(("ForAllValues", name)) => (Quantifier::All, name),
            Some(_) => return None,
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (comparison, negated) = match name {
            "StringEquals" => (Comparison::Equals, false),
            "StringNotEquals" => (Comparison::Equals, true),
            "StringEqualsIgnoreCase" => (Comparison::EqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Comparison::EqualsIgnoreCase, true),
            "StringLike" => (Comparison::Like, false),
            "StringNotLike" => (Comparison::Like, true),
            // "The ArnEquals and ArnLike condition operators behave identically."
            "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
            "Bool" => (Comparison::Bool, false),
            "IpAddress" => (Comparison::Address, false),
            "NotIpAddress" => (Comparison::Address, true),
            "Null" if !if_exists && quantifier == Quantifier::One => (Comparison::Null, false),
            _ => return None,
        };
        Some(Self { quantifier, comparison, negated, if_exists })
    }
}

impl Comparison {
    fn compare(self, value: &str, present: &str, variables: bool) -> Truth {
        let fits = match self {
            Self::Equals => Pattern::literal(value, variables).map(|pattern| pattern.matches(present)),
            Self::EqualsIgnoreCase => {
                Pattern::literal(value, variables).map(|pattern| pattern.matches_ignoring_case(present))
            }
            Self::Like => Pattern::parse(value, variables).map(|pattern| pattern.matches(present)),
            Self::Arn => arn_fits(value, present, variables),
            Self::Bool | Self::Null => Ok(value.eq_ignore_ascii_case(present)),
            Self::Address => match Network::parse(value) {
                Some(network) => Ok(present.parse().is_ok_and(|address| network.contains(address))),
                None => return Truth::Unknown(Unknown::Value(value.to_owned())),
            },
        };
        fits.map_or_else(|Variable(name)| Truth::Unknown(Unknown::Variable(name)), Truth::from)
    }
}

/// "Each of the six colon-delimited components of the ARN is checked separately and each can include a wildcard".
fn arn_fits(value: &str, present: &str, variables: bool) -> Result<bool, Variable> {
    // Variables hold colons of their own, so they are looked for before the value is taken apart.
    Pattern::parse(value, variables)?;
    let (wanted, present): (Vec<&str>, Vec<&str>) =
        (value.splitn(6, ':').collect(), present.splitn(6, ':').collect());
    if wanted.len() != present.len() {
        return Ok(false);
    }
    for (wanted, present) in wanted.iter().zip(present) {
        if !Pattern::parse(wanted, variables)?.matches(present) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{Truth, holds};
    use crate::evaluate::Unknown;

    fn test(operator: &str, values: &[&str], present: &[&str]) -> Truth {
        let values: BTreeSet<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let present = present.iter().map(|value| (*value).to_owned()).collect();
        holds(operator, "aws:key", &values, &BTreeMap::from([("aws:Key".to_owned(), present)]), true)
    }

    #[test]
    fn operators() {
        for (operator, values, present, expected) in [
            ("StringEquals", &["a", "b"][..], &["b"][..], true),
            ("StringEquals", &["a*"], &["ab"], false),
            ("StringEquals", &["a"], &["A"], false),
            ("StringEquals", &["a"], &[], false),
            ("StringEqualsIfExists", &["a"], &[], true),
            ("StringEqualsIfExists", &["a"], &["b"], false),
            ("StringNotEquals", &["a", "b"], &["b"], false),
            ("StringNotEquals", &["a", "b"], &["c"], true),
            ("StringNotEquals", &["a"], &[], true),
            ("StringEqualsIgnoreCase", &["a"], &["A"], true),
            ("StringNotEqualsIgnoreCase", &["a"], &["A"], false),
            ("StringLike", &["system:serviceaccount:ns:*"], &["system:serviceaccount:ns:x"], true),
            ("StringNotLike", &["a?"], &["ab"], false),
            ("ArnLike", &["arn:aws:s3:::b*"], &["arn:aws:s3:::bucket"], true),
            ("ArnEquals", &["arn:aws:s3:::b*"], &["arn:aws:s3:::bucket"], true),
            ("ArnLike", &["arn:*"], &["arn:aws:s3:::bucket"], false),
            ("ArnNotLike", &["arn:aws:iam::*:role/x"], &["arn:aws:iam::1:role/y"], true),
            ("Bool", &["false"], &["False"], true),
            ("Bool", &["false"], &[], false),
            ("Null", &["true"], &[], true),
            ("Null", &["false"], &["x"], true),
            ("Null", &["true"], &["x"], false),
            ("IpAddress", &["203.0.113.0/24"], &["203.0.113.9"], true),
            ("NotIpAddress", &["203.0.113.0/24"], &["203.0.113.9"], false),
            ("ForAnyValue:StringEquals", &["a"], &["b", "a"], true),
            ("ForAnyValue:StringEquals", &["a"], &[], false),
            ("ForAnyValue:StringNotEquals", &["a"], &["b", "a"], true),
            ("ForAllValues:StringEquals", &["a"], &["b", "a"], false),
            ("ForAllValues:StringLike", &["a*", "b"], &["b", "ab"], true),
            ("ForAllValues:StringEquals", &["a"], &[], true),
        ] {
            assert_eq!(test(operator, values, present), expected.into(), "{operator} {values:?} {present:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        for (operator, values, present, unknown) in [
            ("NumericLessThan", &["3"][..], &["2"][..], Unknown::Operator("NumericLessThan".to_owned())),
            ("stringequals", &["3"], &["2"], Unknown::Operator("stringequals".to_owned())),
            (
                "ForSomeValues:StringEquals",
                &["3"],
                &["2"],
                Unknown::Operator("ForSomeValues:StringEquals".to_owned()),
            ),
            ("NullIfExists", &["true"], &[], Unknown::Operator("NullIfExists".to_owned())),
            ("Null", &["yes"], &[], Unknown::Value("yes".to_owned())),
            ("IpAddress", &["everywhere"], &["1.2.3.4"], Unknown::Value("everywhere".to_owned())),
            ("StringEquals", &["${aws:x}"], &["2"], Unknown::Variable("${aws:x}".to_owned())),
            (
                "ArnLike",
                &["arn:aws:s3:::${aws:x}"],
                &["arn:a:s:::"],
                Unknown::Variable("${aws:x}".to_owned()),
            ),
            ("StringEquals", &["2"], &["2", "3"], Unknown::Key("aws:key".to_owned())),
        ] {
            assert_eq!(test(operator, values, present), Truth::Unknown(unknown));
        }
        let nothing =
            holds("StringEquals", "aws:key", &BTreeSet::from(["a".to_owned()]), &BTreeMap::new(), true);
        assert_eq!(nothing, Truth::Unknown(Unknown::Key("aws:key".to_owned())));
        // A value that fits answers, whatever the others would have been.
        assert_eq!(test("StringEquals", &["${aws:x}", "2"], &["2"]), Truth::Yes);
    }
}
