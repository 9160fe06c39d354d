//! What the condition operators mean.
//!
//! Keys that the caller does not speak of and operators that operator.rs does not know are unknown, never false:
//! evaluate.rs turns unknown into no for an Allow and into yes for a Deny.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluate::Unknown;
use crate::network::Network;
use crate::operator::{Comparison, Operator, Quantifier};
use crate::pattern::{Pattern, Variable, is_plain};
use crate::quantity::{Number, instant};

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

impl Comparison {
    fn compare(self, value: &str, present: &str, variables: bool) -> Truth {
        let fits = match self {
            Self::Equals | Self::Like if is_plain(value) => Ok(value == present),
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
            Self::Numeric(order) => match both(value, present, Number::parse) {
                Ok((value, present)) => Ok(order.holds(present.compare(value))),
                Err(unknown) => return Truth::Unknown(unknown),
            },
            Self::Date(order) => match both(value, present, instant) {
                Ok((value, present)) => Ok(order.holds(present.cmp(&value))),
                Err(unknown) => return Truth::Unknown(unknown),
            },
        };
        fits.map_or_else(|Variable(name)| Truth::Unknown(Unknown::Variable(name)), Truth::from)
    }
}

/// Reads the policy's value and the request's.
fn both<'a, T>(
    value: &'a str,
    present: &'a str,
    read: impl Fn(&'a str) -> Option<T>,
) -> Result<(T, T), Unknown> {
    let read = |text: &'a str| read(text).ok_or_else(|| Unknown::Value(text.to_owned()));
    Ok((read(value)?, read(present)?))
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
            ("ForAllValues:StringNotEquals", &["a"], &[], true),
            ("ForAllValues:StringNotEquals", &["a"], &["b", "a"], false),
            ("ForAllValues:StringEqualsIgnoreCase", &["a"], &["A", "a"], true),
            ("ForAnyValue:StringNotEquals", &["a"], &[], false),
            ("ForAnyValue:StringEqualsIfExists", &["a"], &[], true),
            ("ForAnyValue:StringLike", &["a*"], &["b", "ab"], true),
            ("StringNotEqualsIgnoreCase", &["a"], &[], true),
            ("StringNotLike", &["a*"], &[], true),
            ("StringNotEqualsIfExists", &["a"], &[], true),
            ("StringNotEqualsIfExists", &["a"], &["a"], false),
            ("StringLikeIfExists", &["a*"], &["b"], false),
            ("StringEqualsIgnoreCaseIfExists", &["a"], &[], true),
            ("Null", &["false"], &[], false),
            ("Null", &["true", "false"], &[], true),
            ("NumericEquals", &["1.2"], &["1.20"], true),
            ("NumericNotEquals", &["1.2"], &["1.20"], false),
            ("NumericNotEquals", &["1.2"], &[], true),
            ("NumericLessThan", &["1.2"], &["1.1"], true),
            ("NumericLessThan", &["1.2"], &["1.2"], false),
            ("NumericLessThan", &["9"], &["10"], false),
            ("NumericLessThan", &["9"], &[], false),
            ("NumericLessThanIfExists", &["9"], &[], true),
            ("NumericLessThanEquals", &["1.2"], &["1.2"], true),
            ("NumericGreaterThan", &["9", "100"], &["10"], true),
            ("NumericGreaterThanEquals", &["10"], &["10"], true),
            ("DateEquals", &["1800000000"], &["2027-01-15T08:00:00Z"], true),
            ("DateNotEquals", &["1800000000"], &["2027-01-15T08:00:00Z"], false),
            ("DateLessThan", &["2027-01-15T08:00:00Z"], &["2027-01-15T07:59:59Z"], true),
            ("DateLessThan", &["2027-01-15T08:00:00+01:00"], &["2027-01-15T07:59:59Z"], false),
            ("DateLessThanEquals", &["2027-01-15T08:00:00Z"], &["1800000000"], true),
            ("DateGreaterThan", &["2020-01-01T00:00:00Z"], &["1800000000"], true),
            ("DateGreaterThan", &["2020-01-01T00:00:00Z"], &[], false),
            ("DateGreaterThanIfExists", &["2020-01-01T00:00:00Z"], &[], true),
            ("DateGreaterThanEquals", &["2030-01-01T00:00:00Z"], &["1800000000"], false),
        ] {
            assert_eq!(test(operator, values, present), expected.into(), "{operator} {values:?} {present:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        for (operator, values, present, unknown) in [
            ("BinaryEquals", &["3"][..], &["2"][..], Unknown::Operator("BinaryEquals".to_owned())),
            ("NumericLessThan", &["three"], &["2"], Unknown::Value("three".to_owned())),
            ("NumericLessThan", &["3"], &["two"], Unknown::Value("two".to_owned())),
            ("DateLessThan", &["2027"], &["1800000000"], Unknown::Value("2027".to_owned())),
            ("DateNotEquals", &["2027-01-15"], &["1800000000"], Unknown::Value("2027-01-15".to_owned())),
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
