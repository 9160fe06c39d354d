//! The names of the condition operators, taken apart; compare.rs says what they mean.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use crate::quantity::Order;

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
    Numeric(Order),
    Date(Order),
    Null,
}

/// The operator of AWS whose meaning is not here: no key that a policy is judged for has bytes.
const NOT_JUDGED: &str = "BinaryEquals";

impl Operator {
    /// Whether AWS has this operator, be it one that is not judged here.
    pub(crate) fn exists(name: &str) -> bool {
        Self::parse(name).is_some() || Self::split(name).is_some_and(|(_, name, _)| name == NOT_JUDGED)
    }

    fn split(name: &str) -> Option<(Quantifier, &str, bool)> {
        let (quantifier, name) = match name.split_once(':') {
            None => (Quantifier::One, name),
            Some(("ForAnyValue", name)) => (Quantifier::Any, name),
            Some(("ForAllValues", name)) => (Quantifier::All, name),
            Some(_) => return None,
        };
        Some(match name.strip_suffix("IfExists") {
            Some(name) => (quantifier, name, true),
            None => (quantifier, name, false),
        })
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (quantifier, name, if_exists) = Self::split(name)?;
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
            "NumericEquals" => (Comparison::Numeric(Order::Equal), false),
            "NumericNotEquals" => (Comparison::Numeric(Order::Equal), true),
            "NumericLessThan" => (Comparison::Numeric(Order::Less), false),
            "NumericLessThanEquals" => (Comparison::Numeric(Order::LessOrEqual), false),
            "NumericGreaterThan" => (Comparison::Numeric(Order::Greater), false),
            "NumericGreaterThanEquals" => (Comparison::Numeric(Order::GreaterOrEqual), false),
            "DateEquals" => (Comparison::Date(Order::Equal), false),
            "DateNotEquals" => (Comparison::Date(Order::Equal), true),
            "DateLessThan" => (Comparison::Date(Order::Less), false),
            "DateLessThanEquals" => (Comparison::Date(Order::LessOrEqual), false),
            "DateGreaterThan" => (Comparison::Date(Order::Greater), false),
            "DateGreaterThanEquals" => (Comparison::Date(Order::GreaterOrEqual), false),
            "Bool" => (Comparison::Bool, false),
            "IpAddress" => (Comparison::Address, false),
            "NotIpAddress" => (Comparison::Address, true),
            "Null" if !if_exists && quantifier == Quantifier::One => (Comparison::Null, false),
            _ => return None,
        };
        Some(Self { quantifier, comparison, negated, if_exists })
    }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Operator, Quantifier};

    #[test]
    fn names_are_taken_apart_and_only_those_of_aws_exist() {
        let operator = Operator::parse("ForAllValues:StringNotLikeIfExists").unwrap();
        let expected = Operator {
            quantifier: Quantifier::All,
            comparison: Comparison::Like,
            negated: true,
            if_exists: true,
        };
        assert_eq!(operator, expected);
        for name in ["StringEquals", "DateLessThanIfExists", "ForAnyValue:NumericEquals", "Null"] {
            assert!(Operator::parse(name).is_some() && Operator::exists(name), "{name}");
        }
        for name in ["BinaryEquals", "BinaryEqualsIfExists", "ForAnyValue:BinaryEquals"] {
            assert!(Operator::parse(name).is_none() && Operator::exists(name), "{name}");
        }
        for name in
            ["", "stringequals", "StringEqual", "DateLike", "NullIfExists", "ForAllValues:Null", "IfExists"]
        {
            assert!(!Operator::exists(name), "{name}");
        }
    }
}
