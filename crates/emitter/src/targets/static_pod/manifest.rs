//! One manifest: which component it runs, which flags it has, which paths it mounts.
//!
//! The data is read by serde-saphyr, which refuses invalid YAML and members that appear twice; edit.rs changes the text.

use serde_json::{Map, Value, json};

use crate::error::EmitError;
use crate::flag::{Component, Flag};

use super::arguments::{Arguments, Changes, List};
use super::edit;

/// A static-pod manifest of a control-plane component.
pub(super) struct Manifest<'a> {
    text: &'a str,
    tree: Value,
    /// Which of the pod's containers.
    container: usize,
    component: Component,
}

/// A file to be mounted from the node, at the same path.
pub(super) struct Mount {
    pub(super) name: String,
    pub(super) path: String,
}

impl<'a> Manifest<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, EmitError> {
        let refuse = |problem| EmitError::Manifest { problem };
        let mut documents: Vec<Value> =
            serde_saphyr::from_multiple(text).map_err(|error| EmitError::ManifestSyntax(Box::new(error)))?;
        let tree = match documents.len() {
            1 => documents.remove(0),
            0 => return Err(refuse("is empty")),
            _ => return Err(refuse("holds several documents; kubelet reads one pod from a file")),
        };
        if tree["kind"] != "Pod" || tree["apiVersion"] != "v1" {
            return Err(refuse("is not of kind Pod, apiVersion v1"));
        }
        let containers = tree["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut found = containers.iter().enumerate().filter_map(|(index, container)| {
            let program = container["command"][0].as_str()?;
            let name = program.rsplit('/').next()?;
            let component = Component::ALL.into_iter().find(|component| component.name() == name)?;
            Some((index, component))
        });
        let (container, component) = found.next().ok_or_else(|| {
            refuse("has no container whose command begins with kube-apiserver or kube-controller-manager")
        })?;
        if found.next().is_some() {
            return Err(refuse("has more than one container of the control plane"));
        }
        drop(found);
        Ok(Self { text, tree, container, component })
    }

    pub(super) fn component(&self) -> Component {
        self.component
    }

    /// The flags of ours that it has.
    pub(super) fn arguments(&self) -> Result<Arguments, EmitError> {
        let words = |list: &str| match &self.container()[list] {
            Value::Null => Ok(Vec::new()),
            Value::Array(words) => {
                words.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>().ok_or(
                    EmitError::Manifest { problem: "has a word in command or args that is not a string" },
                )
            }
            _ => Err(EmitError::Manifest { problem: "has command or args that are not lists" }),
        };
        Arguments::parse(self.component, &words("command")?, &words("args")?)
    }

    /// The text with these flags, and nothing else changed.
    pub(super) fn merged(&self, arguments: &Arguments, wanted: &[Flag]) -> Result<String, EmitError> {
        let changes = arguments.changes(wanted);
        let mounts = self.missing_mounts(wanted);
        if changes.is_empty() && mounts.is_empty() {
            return Ok(self.text.to_owned());
        }
        let mountable =
            self.container()["volumeMounts"].is_array() && self.tree["spec"]["volumes"].is_array();
        if !mounts.is_empty() && !mountable {
            return Err(EmitError::Manifest {
                problem: "mounts nothing, so that the key files cannot be read; give it volumes and volumeMounts first",
            });
        }
        let expected = self.expected(&changes, &mounts);
        // The editor also edits what is not valid YAML, and a form of YAML that nobody thought of could come out as
        // something else: what is given out reads back as exactly what was meant, or is not given out.
        edit::apply(self.text, self.container, &changes, &mounts)
            .filter(|text| serde_saphyr::from_str::<Value>(text).is_ok_and(|tree| tree == expected))
            .ok_or(EmitError::MergeUnsafe { component: self.component })
    }

    fn container(&self) -> &Value {
        &self.tree["spec"]["containers"][self.container]
    }

    /// The key files that no mount covers; kubelet starts the process all the same, and it would not find them.
    fn missing_mounts(&self, wanted: &[Flag]) -> Vec<Mount> {
        let mounted = |path: &str| {
            let mounts = self.container()["volumeMounts"].as_array().map(Vec::as_slice).unwrap_or_default();
            mounts.iter().filter_map(|mount| mount["mountPath"].as_str()).any(|mount| {
                path.strip_prefix(mount.trim_end_matches('/'))
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        let volumes = self.tree["spec"]["volumes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut names = (0..)
            .map(|index: u32| format!("service-account-key-{index}"))
            .filter(|name| !volumes.iter().any(|volume| volume["name"] == name.as_str()));
        let mut mounts: Vec<Mount> = Vec::new();
        for flag in wanted {
            let is_path =
                matches!(flag.name(), Flag::SIGNING_KEY_FILE | Flag::KEY_FILE | Flag::PRIVATE_KEY_FILE);
            if is_path && !mounted(flag.value()) && !mounts.iter().any(|mount| mount.path == flag.value()) {
                mounts.extend(names.next().map(|name| Mount { name, path: flag.value().to_owned() }));
            }
        }
        mounts
    }

    /// The data as it has to be after the edit.
    fn expected(&self, changes: &Changes, mounts: &[Mount]) -> Value {
        let mut tree = self.tree.clone();
        let container = &mut tree["spec"]["containers"][self.container];
        for (list, member) in [(List::Command, "command"), (List::Args, "args")] {
            let Some(words) = container[member].as_array() else { continue };
            let words: Vec<Value> = words
                .iter()
                .enumerate()
                .flat_map(|(index, word)| match changes.get(&(list, index)) {
                    Some(words) => words.iter().cloned().map(Value::from).collect(),
                    None => vec![word.clone()],
                })
                .collect();
            container[member] = Value::from(words);
        }
        let push = |value: &mut Value, entry: Map<String, Value>| {
            if let Some(entries) = value.as_array_mut() {
                entries.push(Value::Object(entry));
            }
        };
        for mount in mounts {
            push(&mut tree["spec"]["containers"][self.container]["volumeMounts"], mount.volume_mount());
            push(&mut tree["spec"]["volumes"], mount.volume());
        }
        tree
    }
}

impl Mount {
    /// The entry of the container's volumeMounts.
    pub(super) fn volume_mount(&self) -> Map<String, Value> {
        object([("mountPath", json!(self.path)), ("name", json!(self.name)), ("readOnly", json!(true))])
    }

    /// The entry of the pod's volumes.
    pub(super) fn volume(&self) -> Map<String, Value> {
        object([("hostPath", json!({"path": self.path, "type": "File"})), ("name", json!(self.name))])
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
