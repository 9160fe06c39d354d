//! A policy document: read strictly, merged statement by statement, written back.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::error::PolicyError;
use crate::json;
use crate::statement::Statement;

/// The language version in which policy variables work.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
const VERSION: &str = "2012-10-17";

/// A policy document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Every member in its order; in the place of Statement a null.
    members: Map<String, Value>,
    statements: Vec<Statement>,
    /// Statement was one object and not a list, and stays so as long as there is one.
    single: bool,
}

/// What a merge did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// A statement that says the same was there; not a byte changed.
    Unchanged,
    /// The statement was appended.
    Added,
    /// The statement of the same Sid was replaced, in its place.
    Replaced,
}

impl Document {
    /// Reads a policy.
    ///
    /// # Errors
    /// Text that is not JSON or names a member twice; members that the policy language does not have; statements
    /// without Effect or Action; two statements of one Sid. Which elements a policy needs beyond that depends on
    /// what it is for: [`Document::check`].
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let Value::Object(mut members) = json::parse(text).map_err(PolicyError::Json)? else {
            return Err(PolicyError::NotAnObject);
        };
        for (name, value) in &members {
            match (name.as_str(), value) {
                ("Version", value) if value == VERSION || value == "2008-10-17" => {}
                ("Version", _) => return Err(PolicyError::Version),
                ("Id", Value::String(_)) | ("Statement", _) => {}
                ("Id", _) => return Err(PolicyError::Id),
                _ => return Err(PolicyError::UnknownMember { name: name.clone() }),
            }
        }
        let (values, single) = match members.get_mut("Statement").map(Value::take) {
            Some(Value::Array(values)) => (values, false),
            Some(value @ Value::Object(_)) => (vec![value], true),
            _ => return Err(PolicyError::NoStatement),
        };
        let statements: Vec<Statement> = values
            .into_iter()
            .zip(1..)
            .map(|(value, index)| Statement::from_value(value, index))
            .collect::<Result<_, _>>()?;
        refuse_duplicate_sids(&statements)?;
        Ok(Self { members, statements, single })
    }

    /// A policy without a statement. AWS refuses to store it: delete the policy instead.
    pub fn empty() -> Self {
        let members = [("Version", json!(VERSION)), ("Statement", Value::Null)];
        Self {
            members: members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            statements: Vec::new(),
            single: false,
        }
    }

    /// The statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The version of the language that it is written in; IAM reads one without as the oldest.
    pub fn version(&self) -> Option<&str> {
        self.members.get("Version").and_then(Value::as_str)
    }

    /// Whether there is no statement.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// The statement of this Sid.
    pub fn statement(&self, sid: &str) -> Option<&Statement> {
        self.statements.iter().find(|statement| statement.sid() == Some(sid))
    }

    /// The policy as compact JSON; members and statements that were not merged or removed are as they were read.
    pub fn to_json(&self) -> String {
        let mut members = self.members.clone();
        let mut values = self.statements.iter().map(|statement| Value::Object(statement.raw().clone()));
        let statement = match (self.single, self.statements.len()) {
            (true, 1) => values.next().unwrap_or_default(),
            _ => values.collect(),
        };
        members.insert("Statement".to_owned(), statement);
        Value::Object(members).to_string()
    }

    /// The size of [`Document::to_json`] in bytes, as S3 counts a bucket policy.
    pub fn size_in_bytes(&self) -> usize {
        self.to_json().len()
    }

    /// Puts a statement in place of the one with its Sid, or appends it; no other statement is touched.
    ///
    /// A statement without a Sid is appended unless one that says the same is there.
    pub fn merge(&mut self, statement: Statement) -> Merge {
        if self.statements.iter().any(|present| present.same_meaning(&statement)) {
            return Merge::Unchanged;
        }
        let place = self
            .statements
            .iter_mut()
            .find(|present| present.sid().is_some() && present.sid() == statement.sid());
        if let Some(present) = place {
            *present = statement;
            return Merge::Replaced;
        }
        self.statements.push(statement);
        Merge::Added
    }

    /// Takes the statement of this Sid away; false when there is none.
    pub fn remove(&mut self, sid: &str) -> bool {
        let before = self.statements.len();
        self.statements.retain(|statement| statement.sid() != Some(sid));
        self.statements.len() != before
    }

    /// Whether `${...}` in this policy stands for a value of the request.
    pub(crate) fn has_variables(&self) -> bool {
        self.members.get("Version").is_some_and(|version| version == VERSION)
    }
}

/// IAM: "Statement IDs (SID) in a single policy must be unique"; a missing or empty Sid names nothing.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html>
fn refuse_duplicate_sids(statements: &[Statement]) -> Result<(), PolicyError> {
    let mut seen = HashMap::new();
    for (statement, second) in statements.iter().zip(1..) {
        let Some(sid) = statement.sid() else { continue };
        if let Some(first) = seen.insert(sid, second) {
            return Err(PolicyError::DuplicateSid { sid: sid.to_owned(), first, second });
        }
    }
    Ok(())
}
