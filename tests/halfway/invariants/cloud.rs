//! What has to be so in the cloud at any moment, and from one moment to a later one.

use std::collections::BTreeSet;

use issuer_discovery::OWNER_TAG;
use serde_json::Value;

use crate::others;
use crate::scenario::{BUCKET, Scenario};
use crate::snapshot::object_text;

const BLOCK_OF_ACLS: [&str; 2] = ["block_public_acls", "ignore_public_acls"];
const BLOCK_OF_POLICIES: [&str; 2] = ["block_public_policy", "restrict_public_buckets"];

/// What is wrong with a state, whatever was done by then.
pub(crate) fn always(state: &Value, scenario: &Scenario) -> Vec<String> {
    let mut wrong = Vec::new();
    let bucket = &state["buckets"][BUCKET];
    if bucket.is_object() {
        bucket_always(bucket, scenario, &mut wrong);
    }
    for (arn, provider) in providers(state) {
        if !is_on_s3(provider) && scenario.site().is_none() {
            wrong.push(format!("{arn} is of no issuer that was asked for"));
        }
    }
    wrong
}

/// What is wrong with a provider that was made just now: the documents have to be there before it.
pub(crate) fn too_early(state: &Value) -> Vec<String> {
    let made = providers(state).filter(|(_, provider)| is_on_s3(provider));
    let unread = made.filter(|_| !is_readable(&state["buckets"][BUCKET]));
    unread.map(|(arn, _)| format!("{arn} was made before the documents could be read")).collect()
}

fn providers(state: &Value) -> impl Iterator<Item = (&String, &Value)> {
    state["providers"].as_object().into_iter().flatten()
}

fn is_on_s3(provider: &Value) -> bool {
    provider["url"].as_str().is_some_and(|url| url.starts_with(BUCKET))
}

fn bucket_always(bucket: &Value, scenario: &Scenario, wrong: &mut Vec<String>) {
    let block = &bucket["access_block"];
    let on = |names: [&str; 2]| names.iter().all(|name| block[name] == true);
    if !on(BLOCK_OF_ACLS) {
        wrong.push(format!("the access block lets ACLs make objects public: {block}"));
    }
    let ours = bucket["tags"].get(OWNER_TAG).is_some() || scenario.adopts();
    if (!ours || scenario.foreign) && !on(BLOCK_OF_POLICIES) {
        wrong.push(format!("the access block of a bucket that is not ours was opened: {block}"));
    }
    for statement in statements(bucket) {
        let sid = statement["Sid"].as_str().unwrap_or_default();
        if sid == others::SID {
            continue;
        }
        if scenario.foreign {
            wrong.push(format!("the policy of somebody else's bucket was changed: {statement}"));
        }
        let read_alone = statement["Effect"] == "Allow" && statement["Action"] == "s3:GetObject";
        let resources: Vec<&str> = match &statement["Resource"] {
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        let documents = resources.iter().all(|arn| {
            let key = arn.strip_prefix(&format!("arn:aws:s3:::{BUCKET}/"));
            key.is_some_and(|key| !key.contains(['*', '?']) && is_document(key))
        });
        if !sid.starts_with("IssuerctlPublicRead") || !read_alone || !documents || resources.len() != 2 {
            wrong.push(format!("the policy grants more than reading two documents: {statement}"));
        }
    }
    for (key, _) in bucket["objects"].as_object().into_iter().flatten() {
        match current(bucket, key) {
            _ if !is_document(key) => wrong.push(format!("{key} was written, which is no document")),
            Some(text) if serde_json::from_str::<Value>(&text).is_err() => {
                wrong.push(format!("{key} is published and no JSON: {text:?}"));
            }
            _ => {}
        }
    }
}

fn is_document(key: &str) -> bool {
    is_jwks(key) || key.ends_with(".well-known/openid-configuration")
}

fn is_jwks(key: &str) -> bool {
    key.ends_with("openid/v1/jwks") || key.ends_with("keys.json")
}

fn statements(bucket: &Value) -> Vec<Value> {
    let policy = bucket["policy"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    policy.and_then(|policy| policy["Statement"].as_array().cloned()).unwrap_or_default()
}

/// The statements of the policy that others made.
pub(crate) fn of_others(state: &Value) -> Vec<Value> {
    let mut all = statements(&state["buckets"][BUCKET]);
    all.retain(|statement| statement["Sid"] == others::SID);
    all
}

/// What is wrong when statements of others are not there any more, with the policy or without it.
pub(crate) fn others_lost(before: &[Value], state: &Value) -> Vec<String> {
    let now = of_others(state);
    let gone = before.iter().filter(|statement| !now.contains(statement));
    gone.map(|statement| format!("a statement that others made is gone: {statement}")).collect()
}

/// The text of an object as a reader sees it.
fn current(bucket: &Value, key: &str) -> Option<String> {
    let newest = bucket["objects"][key].as_array()?.last()?;
    object_text(&newest["content"]["object"]["body"])
}

/// Whether anybody can read both documents of an issuer in this bucket.
fn is_readable(bucket: &Value) -> bool {
    let block = &bucket["access_block"];
    let open = BLOCK_OF_POLICIES.iter().all(|name| block[name] == false);
    let granted: Vec<Value> = statements(bucket);
    let granted: Vec<&str> = granted
        .iter()
        .filter_map(|one| one["Resource"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let there = granted
        .iter()
        .filter_map(|arn| arn.split_once(":::")?.1.split_once('/'))
        .all(|(_, key)| current(bucket, key).is_some());
    open && granted.len() >= 2 && there
}

/// The ids of the keys that a JWKS of any time has.
pub(crate) fn published(state: &Value) -> BTreeSet<String> {
    let mut kids = BTreeSet::new();
    for (key, versions) in state["buckets"][BUCKET]["objects"].as_object().into_iter().flatten() {
        for version in versions.as_array().into_iter().flatten().filter(|_| is_jwks(key)) {
            if let Some(text) = object_text(&version["content"]["object"]["body"]) {
                kids.extend(kids_of(&text));
            }
        }
    }
    kids
}

/// The ids of the keys of a JWKS.
pub(crate) fn kids_of(jwks: &str) -> Vec<String> {
    let jwks: Value = serde_json::from_str(jwks).unwrap_or_default();
    let keys = jwks["keys"].as_array().cloned().unwrap_or_default();
    keys.iter().filter_map(|key| key["kid"].as_str().map(str::to_owned)).collect()
}

/// The ids of the keys that are published now.
pub(crate) fn live(state: &Value) -> BTreeSet<String> {
    let bucket = &state["buckets"][BUCKET];
    let objects = bucket["objects"].as_object().into_iter().flatten();
    let texts = objects.filter(|(key, _)| is_jwks(key)).filter_map(|(key, _)| current(bucket, key));
    texts.flat_map(|text| kids_of(&text)).collect()
}

/// What was lost between two moments.
pub(crate) fn lost(before: &Value, after: &Value) -> Vec<String> {
    let mut wrong = others_lost(&of_others(before), after);
    for kid in live(before).difference(&live(after)) {
        wrong.push(format!("the key {kid} was published, and is not any more"));
    }
    for (arn, old) in providers(before) {
        let new = &after["providers"][arn];
        let ids = |provider: &Value| provider["client_ids"].as_array().cloned().unwrap_or_default();
        for id in ids(old).iter().filter(|id| !ids(new).contains(id)) {
            wrong.push(format!("{arn} has lost the client id {id}"));
        }
        for (tag, _) in old["tags"].as_object().into_iter().flatten() {
            if new["tags"].get(tag).is_none() {
                wrong.push(format!("{arn} has lost the tag {tag}"));
            }
        }
    }
    for (tag, _) in before["buckets"][BUCKET]["tags"].as_object().into_iter().flatten() {
        if after["buckets"][BUCKET]["tags"].get(tag).is_none() {
            wrong.push(format!("the bucket has lost the tag {tag}"));
        }
    }
    wrong
}
