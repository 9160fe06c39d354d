//! The tests that one statement has of one claim, taken together: all of them have to hold, so the statement lets in no
//! more than the narrowest of them.

use std::collections::BTreeSet;

use crate::lint::finding::{Finding, Severity};
use crate::lint::subject::has_wildcard;
use crate::operator::{Comparison, Operator, Quantifier};
use crate::pattern::Pattern;

/// The tests of one claim.
#[derive(Default)]
pub(crate) struct Tests {
    /// Some test says who is let in, or was meant to.
    pub(crate) restricted: bool,
    /// A test that says who is left out.
    negated: Option<(String, String)>,
    /// Those that say who is let in.
    positive: Vec<Test>,
}

/// A test that says who is let in.
struct Test {
    comparison: Comparison,
    /// The values that may let in: not those whose wildcards are taken for themselves.
    values: Vec<String>,
    /// That it holds without the key.
    lax: Vec<Finding>,
}

impl Tests {
    /// Adds a test, and says what is wrong with it whatever the others are.
    pub(crate) fn add(
        &mut self,
        operator: Operator,
        name: &str,
        key: &str,
        values: &BTreeSet<String>,
    ) -> Vec<(Severity, Finding)> {
        let named = || (name.to_owned(), key.to_owned());
        match operator.comparison {
            Comparison::Equals | Comparison::EqualsIgnoreCase | Comparison::Like => {}
            // That the key is there says nothing of its value.
            Comparison::Null => return Vec::new(),
            Comparison::Arn
            | Comparison::Bool
            | Comparison::Address
            | Comparison::Numeric(_)
            | Comparison::Date(_) => {
                self.restricted = true;
                return vec![(Severity::Warning, Finding::OperatorNotJudged { operator: name.to_owned() })];
            }
        }
        let mut lax = Vec::new();
        if operator.quantifier == Quantifier::All {
            let (operator, key) = named();
            lax.push(Finding::ForAllValues { operator, key });
        }
        if operator.if_exists {
            let (operator, key) = named();
            lax.push(Finding::IfExists { operator, key });
        }
        if operator.negated {
            self.negated = Some(named());
            return lax.into_iter().map(|finding| (Severity::Error, finding)).collect();
        }
        self.restricted = true;
        let like = operator.comparison == Comparison::Like;
        let (literal, values): (Vec<_>, Vec<_>) =
            values.iter().cloned().partition(|value| !like && has_wildcard(value));
        self.positive.push(Test { comparison: operator.comparison, values, lax });
        let literal = literal.into_iter().map(|value| {
            let (operator, key) = named();
            (Severity::Error, Finding::LiteralWildcard { operator, key, value })
        });
        literal.collect()
    }

    /// What is wrong with the narrowest test, by this judgement of a value and whether its wildcards count.
    pub(crate) fn findings(
        &self,
        judge: impl Fn(&str, bool) -> Option<(Severity, Finding)>,
    ) -> Vec<(Severity, Finding)> {
        let of = |test: &Test| {
            let lax = test.lax.iter().map(|finding| (Severity::Error, finding.clone()));
            let values = test.values.iter().filter_map(|value| judge(value, test.is_like()));
            let found: Vec<_> = lax.chain(values).collect();
            (!test.binds(), found.iter().map(|(severity, _)| *severity).max(), found)
        };
        let narrowest = self.positive.iter().map(of).min_by_key(|(wide, worst, _)| (*wide, *worst));
        narrowest.map(|(_, _, found)| found).unwrap_or_default()
    }

    /// That no test says who is let in.
    pub(crate) fn missing(&self, nothing: Finding) -> Option<(Severity, Finding)> {
        if self.restricted {
            return None;
        }
        let finding = match self.negated.clone() {
            Some((operator, key)) => Finding::OnlyNegated { operator, key },
            None => nothing,
        };
        Some((Severity::Error, finding))
    }

    /// Whether every test takes this value; not when there is none.
    pub(crate) fn take(&self, wanted: &str) -> bool {
        !self.positive.is_empty() && self.positive.iter().all(|test| test.takes(wanted))
    }

    /// What the tests have that do not take this value.
    pub(crate) fn others(&self, wanted: &str) -> Vec<String> {
        self.positive.iter().filter(|test| !test.takes(wanted)).flat_map(|test| test.values.clone()).collect()
    }

    /// Whether some test can never hold: all its values are taken for themselves, wildcards and all.
    pub(crate) fn is_dead(&self) -> bool {
        self.positive.iter().any(|test| test.values.is_empty() && test.lax.is_empty())
    }
}

impl Test {
    fn is_like(&self) -> bool {
        self.comparison == Comparison::Like
    }

    /// Whether it lets in fixed values and nobody else.
    fn binds(&self) -> bool {
        let fixed = |value: &String| {
            let rest = value.replace("${*}", "").replace("${?}", "").replace("${$}", "");
            !(rest.contains("${") || self.is_like() && rest.contains(['*', '?']))
        };
        self.lax.is_empty() && self.values.iter().all(fixed)
    }

    fn takes(&self, wanted: &str) -> bool {
        self.values.iter().any(|value| {
            let pattern =
                if self.is_like() { Pattern::parse(value, true) } else { Pattern::literal(value, true) };
            pattern.is_ok_and(|pattern| match self.comparison {
                Comparison::EqualsIgnoreCase => pattern.matches_ignoring_case(wanted),
                _ => pattern.matches(wanted),
            })
        })
    }
}
