//! All that there is at one moment, in the cloud and in the directory of a run, and the form of it in which
//! two runs can be compared: no times, no random names, a key that was made just now without its bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use issuer_discovery::Jwks;
use issuer_keygen::KeyDir;
use serde_json::Value;

/// How the program's temporary files begin.
pub(crate) const TEMPORARY: &str = ".issuerctl-";

/// A file or directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) mode: u32,
    /// Nothing for a directory.
    pub(crate) text: Option<String>,
}

/// All that there is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Snapshot {
    pub(crate) cloud: Value,
    /// By path below the directory of the run.
    pub(crate) files: BTreeMap<String, Seen>,
    mask: Vec<(String, &'static str)>,
}

impl Snapshot {
    /// Looks. The keys in the directory `masked` are ones that are made anew in each run.
    pub(crate) fn take(cloud: Value, directory: &Path, masked: Option<&Path>) -> Result<Self, String> {
        let mut files = BTreeMap::new();
        walk(directory, directory, &mut files).map_err(|error| format!("cannot look: {error}"))?;
        let mask = masked.map(|keys| mask(&directory.join(keys))).unwrap_or_default();
        Ok(Self { cloud, files, mask })
    }

    /// The cloud alone; `masked` as [`Self::take`] has it.
    pub(crate) fn of_cloud(cloud: Value, masked: Option<&Path>) -> Self {
        Self { cloud, files: BTreeMap::new(), mask: masked.map(mask).unwrap_or_default() }
    }

    /// The files that have a name of their own, in the form for comparing.
    pub(crate) fn named_files(&self) -> BTreeMap<String, Seen> {
        let named = self.files.iter().filter(|(path, _)| !is_temporary(path));
        named
            .map(|(path, seen)| {
                let text = seen.text.as_deref().map(|text| without_times(&self.masked(text)));
                (self.masked(path), Seen { mode: seen.mode, text })
            })
            .collect()
    }

    /// What a killed run has left behind.
    pub(crate) fn leftovers(&self) -> impl Iterator<Item = (&String, &Seen)> {
        self.files.iter().filter(|(path, _)| is_temporary(path))
    }

    /// One text of all, in the form for comparing.
    pub(crate) fn text(&self) -> String {
        let mut cloud = self.cloud.clone();
        strip(&mut cloud);
        let mut text = self.masked(&format!("{cloud:#}\n"));
        text = without_times(&text);
        for (path, seen) in self.named_files() {
            let kind = if seen.text.is_none() { "directory" } else { "file" };
            text.push_str(&format!("{kind} {path} {:04o}\n", seen.mode));
            for line in seen.text.iter().flat_map(|text| text.lines()) {
                text.push_str(&format!("  {path}: {line}\n"));
            }
        }
        text
    }

    fn masked(&self, text: &str) -> String {
        self.mask.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    /// The lines that differ.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let (ours, theirs) = (self.text(), other.text());
        if ours == theirs {
            return None;
        }
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (a, b) = (lines(&ours), lines(&theirs));
        let (in_a, in_b): (BTreeSet<_>, BTreeSet<_>) = (a.iter().collect(), b.iter().collect());
        let mut text = String::new();
        a.iter().filter(|line| !in_b.contains(line)).for_each(|line| text.push_str(&format!("  - {line}\n")));
        b.iter().filter(|line| !in_a.contains(line)).for_each(|line| text.push_str(&format!("  + {line}\n")));
        if text.is_empty() {
            text.push_str("  the same lines in another order or number\n");
        }
        Some(text)
    }
}

/// Whether a path is one that a killed run may have left behind, or below one.
pub(crate) fn is_temporary(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with(TEMPORARY))
}

fn walk(root: &Path, directory: &Path, files: &mut BTreeMap<String, Seen>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let metadata = fs::symlink_metadata(&path)?;
        let mode = metadata.permissions().mode() & 0o7777;
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        if metadata.is_dir() {
            files.insert(name, Seen { mode, text: None });
            walk(root, &path, files)?;
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            files.insert(name, Seen { mode, text: Some(text) });
        }
    }
    Ok(())
}

/// What stands for the bytes of the keys in a directory.
fn mask(keys: &Path) -> Vec<(String, &'static str)> {
    let mut mask = Vec::new();
    if let Ok(pem) = fs::read_to_string(keys.join("sa.key")) {
        mask.push((pem, "PRIVATE KEY\n"));
    }
    let Ok(Some(loaded)) = KeyDir::new(keys.to_owned()).load() else { return mask };
    for key in loaded.ring.published() {
        mask.push((key.to_pem(), "PUBLIC KEY\n"));
        mask.push((key.kid().to_string(), "KID"));
        let jwks: Value = serde_json::from_str(&Jwks::of([key]).to_json()).unwrap_or_default();
        let jwk = &jwks["keys"][0];
        for (member, stands) in [("x", "X"), ("y", "Y"), ("n", "N")] {
            if let Some(Value::String(text)) = jwk.get(member) {
                mask.push((text.clone(), stands));
            }
        }
    }
    mask
}

/// What differs from run to run, whatever was done: times, ids and digests of what has them.
const CHANGING: [&str; 9] =
    ["created", "modified", "last_modified", "version_id", "id", "etag", "checksum", "size", "length"];

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for name in CHANGING {
                members.shift_remove(name);
            }
            for (name, value) in members.iter_mut() {
                match name.as_str() {
                    "body" => *value = body(value).unwrap_or(Value::Null),
                    "policy" => *value = policy(value).unwrap_or(Value::Null),
                    "client_ids" => sort(value),
                    "thumbprints" => thumbprints(value),
                    "objects" => objects(value),
                    _ => strip(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// A delete marker below what was written since says nothing, and without versions it goes.
fn objects(value: &mut Value) {
    for versions in value.as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
        if let Value::Array(versions) = versions {
            let newest = versions.len().saturating_sub(1);
            let mut at = 0..;
            versions.retain(|version| at.next() == Some(newest) || version["content"] != "delete_marker");
        }
        strip(versions);
    }
}

/// The text of an object.
fn body(value: &Value) -> Option<Value> {
    Some(Value::String(object_text(value)?))
}

/// The text of an object's body as the sandbox tells it.
pub(crate) fn object_text(body: &Value) -> Option<String> {
    String::from_utf8(STANDARD.decode(body.as_str()?).ok()?).ok()
}

/// The order of statements and of what they list says nothing.
fn policy(value: &Value) -> Option<Value> {
    let mut policy: Value = serde_json::from_str(value.as_str()?).ok()?;
    for statement in policy.get_mut("Statement")?.as_array_mut()? {
        if let Some(resources) = statement.get_mut("Resource") {
            sort(resources);
        }
    }
    sort(policy.get_mut("Statement")?);
    Some(policy)
}

fn sort(value: &mut Value) {
    if let Value::Array(items) = value {
        items.sort_by_key(ToString::to_string);
    }
}

/// Each sandbox has a certificate authority of its own.
fn thumbprints(value: &mut Value) {
    if let Value::Array(items) = value {
        for item in items.iter_mut().filter(|item| item.as_str() != Some(crate::scenario::THUMBPRINT)) {
            *item = Value::String("AUTHORITY".to_owned());
        }
    }
}

/// Replaces instants as RFC 3339 has them.
fn without_times(text: &str) -> String {
    let shape = |bytes: &[u8]| {
        bytes.len() >= 19
            && bytes[..19].iter().zip(b"dddd-dd-ddTdd:dd:dd").all(|(byte, form)| match form {
                b'd' => byte.is_ascii_digit(),
                other => byte == other,
            })
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = (0..rest.len()).find(|at| shape(&rest.as_bytes()[*at..])) {
        out.push_str(&rest[..found]);
        out.push_str("TIME");
        let tail = &rest[found + 19..];
        rest = tail.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim_start_matches('Z');
    }
    out.push_str(rest);
    out
}
