//! What has to be so in the directory of a run after it was disturbed.

use std::collections::BTreeSet;
use std::path::Path;

use issuer_keygen::KeyDir;
use serde_json::Value;

use super::cloud::kids_of;
use crate::scenario::Scenario;
use crate::scene::Scene;
use crate::snapshot::{Snapshot, is_temporary};

/// What is wrong with the files after a disturbed run that began with `before` and, undisturbed, ends
/// with `last`.
pub(crate) fn halfway(
    scenario: &Scenario,
    before: &Snapshot,
    now: &Snapshot,
    last: &Snapshot,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let (old, new, complete) = (before.named_files(), now.named_files(), last.named_files());
    for (path, seen) in &new {
        let whole = [old.get(path), complete.get(path)].into_iter().flatten().any(|one| one == seen);
        match &seen.text {
            _ if whole => {}
            // What is known of the keys grows from step to step.
            Some(text) if path.ends_with("ring.json") => {
                let whole = text.ends_with("}\n") && serde_json::from_str::<Value>(text).is_ok();
                if !whole || seen.mode != 0o644 {
                    wrong.push(format!("{path} ({:04o}) is not whole: {text:?}", seen.mode));
                }
            }
            // A directory may be on its way: the end is compared.
            None if complete.contains_key(path) => {}
            _ => wrong.push(format!("{path} ({:04o}) is neither as before nor as it has to be", seen.mode)),
        }
    }
    for path in old.keys().filter(|path| !new.contains_key(*path)) {
        wrong.push(format!("{path} is gone"));
    }
    for (path, seen) in now.leftovers() {
        let private = seen.text.as_ref().is_some_and(|text| text.contains("PRIVATE KEY"));
        if private && seen.mode != 0o600 {
            wrong.push(format!("{path}, left behind, holds a private key with mode {:04o}", seen.mode));
        }
    }
    let key = format!("{}/sa.key", scenario.keys());
    if let Some(seen) = now.files.get(&key).filter(|seen| seen.mode != 0o600) {
        wrong.push(format!("{key} has mode {:04o}", seen.mode));
    }
    wrong.extend(kept(scenario, before, now));
    if let Some(site) = scenario.site() {
        let registered = now.cloud["providers"].as_object().is_some_and(|all| !all.is_empty());
        let served = |path: &str| now.files.contains_key(&format!("{site}/{path}"));
        if registered && !(served("openid/v1/jwks") && served(".well-known/openid-configuration")) {
            wrong.push("the provider is registered, and the documents are not there".to_owned());
        }
    }
    wrong
}

/// Files that a killed run has left where keys, documents and outputs are: by directory, since the names
/// are random. Directories may stay, and what is in them.
pub(crate) fn litter(now: &Snapshot) -> Vec<String> {
    let files = now.leftovers().filter(|(_, seen)| seen.text.is_some());
    let directories = files.filter_map(|(path, seen)| Some((Path::new(path).parent()?, seen.mode)));
    let named = directories.filter(|(directory, _)| !is_temporary(&directory.to_string_lossy()));
    named.map(|(directory, mode)| format!("a file in {} ({mode:04o})", directory.display())).collect()
}

/// What became of the keys from one moment to a later one.
pub(crate) fn kept(scenario: &Scenario, before: &Snapshot, now: &Snapshot) -> Vec<String> {
    let mut wrong = Vec::new();
    let key = format!("{}/sa.key", scenario.keys());
    let text = |of: &Snapshot| of.files.get(&key).and_then(|seen| seen.text.clone());
    if text(before).is_some() && text(before) != text(now) {
        wrong.push(format!("{key} was overwritten or lost"));
    }
    if let Some(site) = scenario.site() {
        let jwks = format!("{site}/openid/v1/jwks");
        let kids = |of: &Snapshot| -> BTreeSet<String> {
            let text = of.files.get(&jwks).and_then(|seen| seen.text.clone()).unwrap_or_default();
            kids_of(&text).into_iter().collect()
        };
        for kid in kids(before).difference(&kids(now)) {
            wrong.push(format!("the key {kid} was in {jwks}, and is not any more"));
        }
    }
    wrong
}

/// The same as [`holds`], as soon as there is a key: before that nothing may be published.
pub(crate) fn holds_when_made(scene: &Scene, now: &Snapshot) -> Vec<String> {
    let published = scene.watch.published();
    let there = now.files.contains_key(&format!("{}/sa.key", scene.scenario.keys()));
    if there || !published.is_empty() {
        return holds(scene.scenario, &scene.directory(), &published);
    }
    Vec::new()
}

/// What is missing in the key directory of what was published.
pub(crate) fn holds(scenario: &Scenario, directory: &Path, published: &BTreeSet<String>) -> Vec<String> {
    let path = directory.join(scenario.keys());
    let mut known: BTreeSet<String> = published.clone();
    if let Some(site) = scenario.site()
        && let Ok(text) = std::fs::read_to_string(directory.join(site).join("openid/v1/jwks"))
    {
        known.extend(kids_of(&text));
    }
    let loaded = match KeyDir::new(path.clone()).load() {
        Ok(loaded) => loaded,
        Err(error) => return vec![format!("the key directory cannot be loaded: {error}")],
    };
    let Some(loaded) = loaded else {
        return known.iter().map(|kid| format!("the published key {kid} is lost")).collect();
    };
    let ours: BTreeSet<String> = loaded.ring.published().map(|key| key.kid().to_string()).collect();
    let mut wrong: Vec<String> =
        known.difference(&ours).map(|kid| format!("the published key {kid} is lost")).collect();
    if loaded.signing_key.is_none() {
        wrong.push("the private key is lost".to_owned());
    }
    wrong
}
