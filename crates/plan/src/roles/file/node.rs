//! YAML as a tree in which everything knows its line.
//!
//! [YAML 1.2](https://yaml.org/spec/1.2.2/) is read by serde-saphyr. Plain scalars that YAML takes for something other
//! than text stay as they were written: 012345678901 is not the number 12345678901.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{DefaultMessageFormatter, Location, SnippetMode, Spanned};

use super::error::RolesFileError;

/// How often an alias may stand for what it names, counted in all that is repeated: enough for one policy in each of
/// some thousand roles, and far from what would fill the memory.
const REPEATED: usize = 500_000;

/// One node of the document.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Text.
    Text(String),
    /// A plain scalar that YAML takes for a number, a truth or nothing, as it is written.
    Plain(String),
    /// A list.
    List(Vec<Node>),
    /// Members in their order, those that stand twice included.
    Map(Vec<Member>),
}

/// One member of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) line: usize,
    pub(super) name: String,
    /// Whether the name stands without quotes.
    pub(super) bare: bool,
    pub(super) value: Node,
}

impl Node {
    /// Reads one document; nothing when there is none.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, RolesFileError> {
        let options = serde_saphyr::options! {
            // They are found here, where both lines are known.
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
            strict_booleans: false,
            reject_unsupported_tags: true,
            non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
            budget: serde_saphyr::budget! { max_nodes: 2_000_000, max_events: 5_000_000 },
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: REPEATED },
        };
        let read: Result<Option<Spanned<Raw>>, _> = serde_saphyr::from_str_with_options(text, options);
        match read {
            Ok(read) => Ok(read.map(|raw| raw.into_node(text))),
            Err(error) => Err(syntax(&error)),
        }
    }
}

impl Value {
    /// Says what it is, for a sentence.
    pub(super) fn kind(&self) -> String {
        match self {
            Self::Text(_) => "text".to_owned(),
            Self::Plain(text) if text.is_empty() => "nothing".to_owned(),
            Self::Plain(text) => format!("the bare {}", text.escape_debug()),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a mapping".to_owned(),
        }
    }
}

fn syntax(error: &serde_saphyr::Error) -> RolesFileError {
    let error = error.without_snippet();
    let line = error.location().map_or(1, line);
    if matches!(error, serde_saphyr::Error::MultipleDocuments { .. }) {
        return RolesFileError::Syntax { line, problem: "a second document begins; one is read".to_owned() };
    }
    let formatter = DefaultMessageFormatter;
    let options = serde_saphyr::render_options! { formatter: &formatter, snippets: SnippetMode::Off };
    let said = error.render_with_options(options);
    // The place is told by us.
    let problem = said.split(" at line ").next().unwrap_or(&said).trim().to_owned();
    RolesFileError::Syntax { line, problem }
}

fn line(location: Location) -> usize {
    usize::try_from(location.line()).unwrap_or(usize::MAX).max(1)
}

/// A node as it comes from the reader.
enum Raw {
    Text(String),
    /// YAML's own reading of a plain scalar; what counts is how it is written.
    Plain(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

trait IntoNode {
    fn into_node(self, text: &str) -> Node;
}

impl IntoNode for Spanned<Raw> {
    fn into_node(self, text: &str) -> Node {
        let value = match self.value {
            Raw::Text(value) => Value::Text(value),
            Raw::Plain(value) => Value::Plain(written(text, self.defined).map_or(value, str::to_owned)),
            Raw::List(items) => Value::List(items.into_iter().map(|item| item.into_node(text)).collect()),
            Raw::Map(members) => Value::Map(
                members
                    .into_iter()
                    .map(|(name, value)| Member {
                        line: line(name.referenced),
                        bare: written(text, name.defined).is_some_and(|name| !name.starts_with(['"', '\''])),
                        name: name.value,
                        value: value.into_node(text),
                    })
                    .collect(),
            ),
        };
        Node { line: line(self.referenced), value }
    }
}

/// Returns a scalar as it stands in the file.
fn written(text: &str, location: Location) -> Option<&str> {
    let start = usize::try_from(location.span().byte_offset()?).ok()?;
    let length = usize::try_from(location.span().byte_len()?).ok()?;
    text.get(start..start.checked_add(length)?).map(str::trim)
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Plain(String::new()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(member) = members.next_entry()? {
            map.push(member);
        }
        Ok(Raw::Map(map))
    }
}
