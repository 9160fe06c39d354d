//! The policies of a file: named files, and mappings that are JSON in another dress.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use issuer_policy::{Document, PolicyError};
use issuer_registrar::PolicyName;
use serde_json::{Map, Number, Value as Json};

use super::error::RolesFileError;
use super::node::Value;
use super::place::{Here, told};
use crate::roles::policy::{identity_policy, managed_policy};

/// The policy files: each is read once, however many roles name it.
pub(super) struct PolicyFiles<'a> {
    read: &'a dyn Fn(&Path) -> io::Result<String>,
    texts: RefCell<BTreeMap<PathBuf, String>>,
}

/// What a policy is to be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use {
    Inline,
    Managed,
}

impl<'a> PolicyFiles<'a> {
    pub(super) fn new(read: &'a dyn Fn(&Path) -> io::Result<String>) -> Self {
        Self { read, texts: RefCell::default() }
    }

    /// Reads a mapping from names to policies.
    pub(super) fn policies(
        &self,
        here: &Here<'_>,
        purpose: Use,
    ) -> Result<BTreeMap<PolicyName, Document>, RolesFileError> {
        let mut policies = BTreeMap::new();
        for (member, policy) in here.entries()? {
            let name = member.name.parse::<PolicyName>();
            let name = name.map_err(|error| policy.place.mistake(member.line, told(&error)))?;
            policies.insert(name, self.policy(&policy, purpose)?);
        }
        Ok(policies)
    }

    fn policy(&self, here: &Here<'_>, purpose: Use) -> Result<Document, RolesFileError> {
        if let Value::Map(_) = here.node.value {
            let text = json(here)?.to_string();
            return purpose.parse(&text).map_err(|error| here.mistake(told(&error)));
        }
        let file = PathBuf::from(here.text()?);
        let mut texts = self.texts.borrow_mut();
        if !texts.contains_key(&file) {
            let text = (self.read)(&file).map_err(|source| RolesFileError::PolicyFile {
                line: here.node.line,
                path: here.place.to_string(),
                file: file.clone(),
                source,
            })?;
            texts.insert(file.clone(), text);
        }
        let text = texts.get(&file).map_or("", String::as_str);
        purpose
            .parse(text)
            .map_err(|error| here.mistake(format_args!("{}: {}", file.display(), told(&error))))
    }
}

impl Use {
    fn parse(self, text: &str) -> Result<Document, PolicyError> {
        match self {
            Self::Inline => identity_policy(text),
            Self::Managed => managed_policy(text),
        }
    }
}

/// Turns YAML into the same JSON. What JSON and the versions of YAML read differently (yes, 012, 1.10) is refused.
fn json(here: &Here<'_>) -> Result<Json, RolesFileError> {
    Ok(match &here.node.value {
        Value::Text(text) => Json::String(text.clone()),
        Value::Plain(text) if text == "true" => Json::Bool(true),
        Value::Plain(text) if text == "false" => Json::Bool(false),
        Value::Plain(text) => match serde_json::from_str::<Number>(text) {
            Ok(number) if number.to_string() == *text => Json::Number(number),
            // It says that quotes are missing.
            _ => Json::String(here.text()?.to_owned()),
        },
        Value::List(items) if items.is_empty() => Json::Array(Vec::new()),
        Value::List(_) => Json::Array(here.items()?.map(|item| json(&item)).collect::<Result<_, _>>()?),
        Value::Map(_) => {
            let members = here.entries()?.map(|(member, value)| Ok((member.name.clone(), json(&value)?)));
            Json::Object(members.collect::<Result<Map<_, _>, _>>()?)
        }
    })
}
