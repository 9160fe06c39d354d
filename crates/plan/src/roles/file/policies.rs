//! The policies of a file: named files, mappings that are JSON in another dress, and presets. What is the same text, or
//! the same preset, is read once and shared, however many roles have it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use issuer_discovery::Partition;
use issuer_policy::{Document, PolicyError};
use issuer_registrar::{Narrowing, PolicyName, Preset, PresetError};
use serde_json::{Map, Number, Value as Json};

use super::error::RolesFileError;
use super::node::Value;
use super::place::{Here, told};
use crate::roles::policy::{identity_policy, managed, preset_policy};

/// The policies of all roles.
pub(super) struct Policies<'a> {
    read: &'a dyn Fn(&Path) -> io::Result<String>,
    /// The policy files.
    texts: RefCell<BTreeMap<PathBuf, String>>,
    /// What texts say that were read as a policy.
    documents: RefCell<HashMap<String, Document>>,
    presets: RefCell<HashMap<Narrowed, (PolicyName, Document)>>,
}

/// A preset, with zones, cluster and resources of its narrowing.
type Narrowed = (Preset, Option<(Vec<String>, Option<String>, Vec<String>)>);

/// What a policy is to be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use {
    Inline,
    Managed,
}

impl<'a> Policies<'a> {
    pub(super) fn new(read: &'a dyn Fn(&Path) -> io::Result<String>) -> Self {
        Self { read, texts: RefCell::default(), documents: RefCell::default(), presets: RefCell::default() }
    }

    /// Reads a mapping from names to policies.
    pub(super) fn named(
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

    /// Writes the policy of a preset.
    pub(super) fn preset(
        &self,
        preset: Preset,
        partition: Partition,
        narrowing: Option<&Narrowing>,
    ) -> Result<(PolicyName, Document), PresetError> {
        let parts = |narrowing: &Narrowing| {
            (narrowing.zones.clone(), narrowing.cluster.clone(), narrowing.resources.clone())
        };
        let key = (preset, narrowing.map(parts));
        let mut presets = self.presets.borrow_mut();
        if let Some(written) = presets.get(&key) {
            return Ok(written.clone());
        }
        let written = preset_policy(preset, partition, narrowing)?;
        presets.insert(key, written.clone());
        Ok(written)
    }

    fn policy(&self, here: &Here<'_>, purpose: Use) -> Result<Document, RolesFileError> {
        if let Value::Map(_) = here.node.value {
            let text = json(here)?.to_string();
            return self.parse(&text, purpose).map_err(|error| here.mistake(told(&error)));
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
        self.parse(text, purpose)
            .map_err(|error| here.mistake(format_args!("{}: {}", file.display(), told(&error))))
    }

    fn parse(&self, text: &str, purpose: Use) -> Result<Document, PolicyError> {
        let known = self.documents.borrow().get(text).cloned();
        let document = match known {
            Some(document) => document,
            None => {
                let document = identity_policy(text)?;
                self.documents.borrow_mut().insert(text.to_owned(), document.clone());
                document
            }
        };
        match purpose {
            Use::Inline => Ok(document),
            Use::Managed => managed(document),
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
