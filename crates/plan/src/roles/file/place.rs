//! Where in the document something stands, and what may stand there: every mistake is told with line and path.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

use super::error::RolesFileError;
use super::node::{Member, Node, Value};

/// The path of a node.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    Document,
    Member(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

/// A node, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here<'a> {
    pub(super) node: &'a Node,
    pub(super) place: Place<'a>,
}

/// The members of a mapping, none unknown, none twice.
pub(super) struct Members<'a> {
    here: Here<'a>,
    members: BTreeMap<&'a str, &'a Member>,
}

impl<'a> Here<'a> {
    /// Says what is wrong here.
    pub(super) fn mistake(&self, problem: impl fmt::Display) -> RolesFileError {
        self.place.mistake(self.node.line, problem)
    }

    /// Takes text.
    pub(super) fn text(&self) -> Result<&'a str, RolesFileError> {
        match &self.node.value {
            Value::Text(text) => Ok(text),
            Value::Plain(text) if !text.is_empty() => Err(self.mistake(format_args!(
                "YAML does not take {0} for text; put it in quotes: \"{0}\"",
                text.escape_debug()
            ))),
            other => Err(self.wrong("text", other)),
        }
    }

    /// Takes text that is parsed.
    pub(super) fn parsed<T>(&self) -> Result<T, RolesFileError>
    where
        T: FromStr,
        T::Err: Error,
    {
        self.text()?.parse().map_err(|error: T::Err| self.mistake(told(&error)))
    }

    /// Takes a list that is not empty.
    pub(super) fn items(&'a self) -> Result<impl Iterator<Item = Here<'a>>, RolesFileError> {
        match &self.node.value {
            Value::List(items) if items.is_empty() => Err(self.mistake("the list is empty")),
            Value::List(items) => Ok(items
                .iter()
                .zip(0..)
                .map(|(node, index)| Here { node, place: Place::Item(&self.place, index) })),
            other => Err(self.wrong("a list", other)),
        }
    }

    /// Takes a mapping whose names are free, none of them twice.
    pub(super) fn entries(&'a self) -> Result<impl Iterator<Item = (&'a Member, Here<'a>)>, RolesFileError> {
        let Value::Map(members) = &self.node.value else {
            return Err(self.wrong("a mapping", &self.node.value));
        };
        self.refuse_twice(members)?;
        Ok(members.iter().map(|member| {
            (member, Here { node: &member.value, place: Place::Member(&self.place, &member.name) })
        }))
    }

    /// Takes a mapping with no other members than these.
    pub(super) fn members(&self, known: &[&str]) -> Result<Members<'a>, RolesFileError> {
        let Value::Map(members) = &self.node.value else {
            return Err(self.wrong("a mapping", &self.node.value));
        };
        for member in members {
            if !known.contains(&member.name.as_str()) {
                let problem = format!("there is no such member; there are {}", known.join(", "));
                return Err(Place::Member(&self.place, &member.name).mistake(member.line, problem));
            }
        }
        self.refuse_twice(members)?;
        let members = members.iter().map(|member| (member.name.as_str(), member)).collect();
        Ok(Members { here: *self, members })
    }

    fn refuse_twice(&self, members: &[Member]) -> Result<(), RolesFileError> {
        let mut lines = BTreeMap::new();
        for member in members {
            if let Some(first) = lines.insert(member.name.as_str(), member.line) {
                let problem = format!("this member stands on line {first} already");
                return Err(Place::Member(&self.place, &member.name).mistake(member.line, problem));
            }
        }
        Ok(())
    }

    fn wrong(&self, wanted: &str, found: &Value) -> RolesFileError {
        self.mistake(format_args!("here stands {wanted}, and not {}", found.kind()))
    }
}

impl<'a> Members<'a> {
    /// Returns a member, when it is there. The place of the mapping has to outlive it.
    pub(super) fn member<'b>(&'b self, name: &'static str) -> Option<Here<'b>> {
        let member = self.members.get(name)?;
        Some(Here { node: &member.value, place: Place::Member(&self.here.place, name) })
    }

    /// Returns the mapping itself.
    pub(super) fn here(&self) -> &Here<'a> {
        &self.here
    }
}

impl Place<'_> {
    /// Says what is wrong here, on this line.
    pub(super) fn mistake(&self, line: usize, problem: impl fmt::Display) -> RolesFileError {
        RolesFileError::Value { line, path: self.to_string(), problem: problem.to_string() }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document => f.write_str("the document"),
            Self::Item(list, index) => write!(f, "{list}[{index}]"),
            Self::Member(of, name) => {
                if !matches!(of, Self::Document) {
                    write!(f, "{of}.")?;
                }
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/');
                if !name.is_empty() && name.bytes().all(plain) {
                    f.write_str(name)
                } else {
                    write!(f, "{name:?}")
                }
            }
        }
    }
}

/// Writes an error and its causes as one text.
pub(super) fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        text.push_str(": ");
        text.push_str(&current.to_string());
        cause = current.source();
    }
    text
}
