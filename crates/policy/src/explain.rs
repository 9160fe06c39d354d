//! Why a policy says what it says: for each statement, what keeps it from speaking of a request.

use std::fmt;

use crate::compare::Truth;
use crate::document::Document;
use crate::evaluate::{Asked, Request, Unknown};
use crate::shown::{SENTENCE, bounded};
use crate::statement::Statement;

/// One statement of a policy, held against a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation<'a> {
    /// Which statement, from one.
    pub index: usize,
    /// The statement.
    pub statement: &'a Statement,
    /// What keeps it from speaking of the request; empty when it does.
    pub mismatches: Vec<Mismatch>,
}

/// One thing that keeps a statement from speaking of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// It names somebody else, or names the caller in a way that does not count.
    Principal,
    /// It is about other actions.
    Action,
    /// It is about other resources.
    Resource,
    /// One of its conditions does not hold.
    Condition {
        /// The operator, as written.
        operator: String,
        /// The key, in lower case.
        key: String,
        /// The values that the condition has.
        expected: Vec<String>,
        /// The values that the request has; empty when it has no such key.
        actual: Vec<String>,
    },
    /// Something that this crate does not know; it counts as not holding.
    Unknown(Unknown),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal => formatter.write_str("it does not name the caller as its Principal"),
            Self::Action => formatter.write_str("it is not about this action"),
            Self::Resource => formatter.write_str("it is not about this resource"),
            Self::Condition { operator, key, expected, actual } => {
                let actual = match actual.as_slice() {
                    [] => "the request has no such key".to_owned(),
                    actual => format!("it is {}", listed(actual)),
                };
                let expected = listed(expected);
                formatter.write_str(&bounded(
                    &format!("{operator} wants {key} to be {expected}, and {actual}"),
                    SENTENCE,
                ))
            }
            Self::Unknown(unknown) => {
                formatter.write_str(&bounded(&format!("{unknown}, so it counts as not met"), SENTENCE))
            }
        }
    }
}

impl Document {
    /// Says of each statement what keeps it from speaking of this request, as [`Document::evaluate`] sees it.
    pub fn explain(&self, request: &Request) -> Vec<Explanation<'_>> {
        let asked = Asked { request, variables: self.has_variables() };
        let of =
            |(statement, index)| Explanation { index, statement, mismatches: mismatches(asked, statement) };
        self.statements().iter().zip(1..).map(of).collect()
    }
}

fn mismatches(asked: Asked<'_>, statement: &Statement) -> Vec<Mismatch> {
    let parts = [
        (Mismatch::Principal, asked.who(statement)),
        (Mismatch::Action, asked.what(statement)),
        (Mismatch::Resource, asked.on(statement)),
    ];
    let conditions = asked.when(statement).map(|((operator, key, values), truth)| {
        let context = &asked.request.context;
        let actual = context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        let mismatch = Mismatch::Condition {
            operator: operator.to_owned(),
            key: key.to_owned(),
            expected: values.iter().cloned().collect(),
            actual: actual.map(|(_, values)| values.clone()).unwrap_or_default(),
        };
        (mismatch, truth)
    });
    let failed = |(mismatch, truth)| match truth {
        Truth::Yes => None,
        Truth::No => Some(mismatch),
        Truth::Unknown(unknown) => Some(Mismatch::Unknown(unknown)),
    };
    parts.into_iter().chain(conditions).filter_map(failed).collect()
}

fn listed(values: &[String]) -> String {
    const MOST: usize = 6;
    let mut list = values.iter().take(MOST).map(|value| quoted(value)).collect::<Vec<_>>();
    if values.len() > MOST {
        list.push(format!("one of {} others", values.len() - MOST));
    }
    list.join(" or ")
}

fn quoted(value: &str) -> String {
    const MOST: usize = 200;
    match value.char_indices().nth(MOST) {
        None => format!("{value:?}"),
        Some((end, _)) => format!("{:?}...", &value[..end]),
    }
}
