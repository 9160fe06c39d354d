//! A policy document: read strictly, merged statement by statement, written back.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::error::PolicyError;
use crate::json;
use crate::statement::Statement;

/// The language version in which policy variables work.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
const VERSION: &str = "2012-10-17";

/// A policy document. Cheap to clone: clones share their text until one of them is changed.
#[derive(Clone)]
pub struct Document(Arc<Text>);

/// What a document says.
#[derive(Debug, Clone, PartialEq)]
struct Text {
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
        let mut statements: Vec<Statement> = values
            .into_iter()
            .zip(1..)
            .map(|(value, index)| Statement::from_value(value, index))
            .collect::<Result<_, _>>()?;
        refuse_duplicate_sids(&statements)?;
        // The reader left room for more.
        statements.shrink_to_fit();
        let members = members.into_iter().collect();
        Ok(Self(Arc::new(Text { members, statements, single })))
    }

    /// A policy without a statement. AWS refuses to store it: delete the policy instead.
    pub fn empty() -> Self {
        let members = [("Version", json!(VERSION)), ("Statement", Value::Null)];
        Self(Arc::new(Text {
            members: members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            statements: Vec::new(),
            single: false,
        }))
    }

    /// The statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.0.statements
    }

    /// The version of the language that it is written in; IAM reads one without as the oldest.
    pub fn version(&self) -> Option<&str> {
        self.0.members.get("Version").and_then(Value::as_str)
    }

    /// Whether there is no statement.
    pub fn is_empty(&self) -> bool {
        self.0.statements.is_empty()
    }

    /// The statement of this Sid.
    pub fn statement(&self, sid: &str) -> Option<&Statement> {
        self.0.statements.iter().find(|statement| statement.sid() == Some(sid))
    }

    /// The policy as compact JSON; members and statements that were not merged or removed are as they were read.
    pub fn to_json(&self) -> String {
        let Text { members, statements, single } = &*self.0;
        let mut text = String::from("{");
        for (name, value) in members {
            if text.len() > 1 {
                text.push(',');
            }
            text.extend([&*json!(name).to_string(), ":"]);
            match (name.as_str(), single, &statements[..]) {
                ("Statement", true, [one]) => text.push_str(one.raw()),
                ("Statement", ..) => {
                    let statements: Vec<&str> = statements.iter().map(Statement::raw).collect();
                    text.extend(["[", &statements.join(","), "]"]);
                }
                _ => text.push_str(&value.to_string()),
            }
        }
        text.push('}');
        text
    }

    /// The size of [`Document::to_json`] in bytes, as S3 counts a bucket policy.
    pub fn size_in_bytes(&self) -> usize {
        self.to_json().len()
    }

    /// Puts a statement in place of the one with its Sid, or appends it; no other statement is touched.
    ///
    /// A statement without a Sid is appended unless one that says the same is there.
    pub fn merge(&mut self, statement: Statement) -> Merge {
        if self.0.statements.iter().any(|present| present.same_meaning(&statement)) {
            return Merge::Unchanged;
        }
        let statements = &mut Arc::make_mut(&mut self.0).statements;
        let place =
            statements.iter_mut().find(|present| present.sid().is_some() && present.sid() == statement.sid());
        if let Some(present) = place {
            *present = statement;
            return Merge::Replaced;
        }
        // Most have no other one.
        statements.reserve_exact(1);
        statements.push(statement);
        Merge::Added
    }

    /// Takes the statement of this Sid away; false when there is none.
    pub fn remove(&mut self, sid: &str) -> bool {
        // Looked for first: what is shared stays shared where nothing is to be taken away.
        let there = self.statement(sid).is_some();
        if there {
            Arc::make_mut(&mut self.0).statements.retain(|statement| statement.sid() != Some(sid));
        }
        there
    }

    /// Whether `${...}` in this policy stands for a value of the request.
    pub(crate) fn has_variables(&self) -> bool {
        self.0.members.get("Version").is_some_and(|version| version == VERSION)
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Text { members, statements, single } = &*self.0;
        let mut shown = f.debug_struct("Document");
        shown.field("members", members).field("statements", statements).field("single", single).finish()
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
