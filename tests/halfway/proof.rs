//! Shows before anything else that each invariant can fail: a good state is broken in one way after the
//! other, and each has to be seen.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::administrators::overwritten_unseen;
use crate::invariants::{cloud, directory, ending, interruption, unfinished};
use crate::others;
use crate::program::Ended;
use crate::scenario::{BUCKET, SCENARIOS, Scenario};
use crate::scene::Scene;
use crate::shelf::Shelf;
use crate::snapshot::{Seen, Snapshot};

/// What was broken, and whether that was seen.
type Proof = (&'static str, bool);

/// Breaks what there is in every way and says in how many.
pub(crate) async fn prove(shelf: &Shelf) -> Result<usize, String> {
    let mut proofs = endings();
    let scene = Scene::prepared(named("bootstrap makes its key")?, shelf).await?;
    let before = scene.snapshot()?;
    let ended = scene.command("--yes").await?;
    if ended.code() != Some(0) {
        return Err(format!("nothing to break: {ended}"));
    }
    let good = scene.snapshot()?;
    proofs.extend(clouds(&good.cloud)?);
    proofs.extend(files(&before, &good, scene.scenario));
    proofs.extend(keys(&scene)?);
    proofs.extend(orders());
    match proofs.iter().find(|(_, seen)| !seen) {
        None => Ok(proofs.len()),
        Some((what, _)) => Err(format!("its own check is blind: {what} was not seen")),
    }
}

fn named(name: &str) -> Result<&'static Scenario, String> {
    SCENARIOS.iter().find(|scenario| scenario.name == name).ok_or_else(|| format!("no scenario {name}"))
}

fn endings() -> Vec<Proof> {
    let ended = |code: i32, stderr: &str| Ended {
        status: ExitStatus::from_raw(code),
        stdout: String::new(),
        stderr: stderr.to_owned(),
    };
    let wrong = |code: i32, stderr: &str| !ending(&ended(code, stderr), false, true).is_empty();
    let silent = |stderr: &str| !interruption(&ended(130 << 8, stderr)).is_empty();
    let fine = [
        (0, ""),
        (1 << 8, "error: a sentence that says why\n"),
        (130 << 8, "error: interrupted before the first step was done; the same command goes on\n"),
        (130 << 8, "done a b\nerror: interrupted; done so far: a b. The same command goes on from here\n"),
    ];
    vec![
        ("a good end", fine.iter().all(|(code, stderr)| !wrong(*code, stderr))),
        ("a panic", wrong(101 << 8, "thread panicked")),
        ("a panic that ends well", wrong(0, "thread panicked")),
        ("a private key on stderr", wrong(0, "-----BEGIN PRIVATE KEY-----")),
        ("a failure without a word", wrong(1 << 8, "plan\n")),
        ("a failure with one word", wrong(1 << 8, "error: no\n")),
        ("an exit code that means something else", wrong(3 << 8, "error: a sentence that says why\n")),
        ("an abort", wrong(6, "")),
        ("a kill that nobody asked for", wrong(9, "")),
        ("an interruption without a word", wrong(130 << 8, "")),
        ("an interruption nobody asked for", !ending(&ended(130 << 8, ""), false, false).is_empty()),
        (
            "an interruption that leaves a step out",
            silent("done a\ndone b\nerror: interrupted; done so far: a. The same command goes on from here"),
        ),
        (
            "an interruption that keeps all steps to itself",
            silent("done a\nerror: interrupted before the first step was done; the same command goes on"),
        ),
        (
            "an interruption that does not say how to go on",
            silent("error: interrupted before the first step was done"),
        ),
    ]
}

fn clouds(good: &Value) -> Result<Vec<Proof>, String> {
    let ours = named("bootstrap makes its key")?;
    let theirs = named("bootstrap with somebody's bucket")?;
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut state = good.clone();
        change(&mut state);
        state
    };
    let bucket = |state: &mut Value, change: &dyn Fn(&mut Value)| change(&mut state["buckets"][BUCKET]);
    let wrong = |change: &dyn Fn(&mut Value)| {
        !cloud::always(&broken(&|state| bucket(state, change)), ours).is_empty()
    };
    let early =
        |change: &dyn Fn(&mut Value)| !cloud::too_early(&broken(&|state| bucket(state, change))).is_empty();
    let lost = |change: &dyn Fn(&mut Value)| !cloud::lost(good, &broken(change)).is_empty();
    let policy = |bucket: &mut Value, from: &str, to: &str| {
        bucket["policy"] = json!(bucket["policy"].as_str().unwrap_or_default().replace(from, to));
    };
    let put = |bucket: &mut Value, key: &str, text: &str| {
        let body = STANDARD.encode(text);
        bucket["objects"][key] = json!([{"content": {"object": {"body": body}}}]);
    };
    let shared = broken(&|state| {
        let theirs = json!({"Statement": [{"Sid": others::SID, "Effect": "Allow"}]}).to_string();
        bucket(state, &|bucket| bucket["policy"] = json!(theirs));
    });
    let bare = broken(&|state| bucket(state, &|bucket| bucket["policy"] = Value::Null));
    let provider = |state: &mut Value, member: &str, value: Value| {
        for provider in state["providers"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
            provider[member] = value.clone();
        }
    };
    Ok(vec![
        ("a good state", cloud::always(good, ours).is_empty() && cloud::too_early(good).is_empty()),
        (
            "ACLs that may be public",
            wrong(&|bucket| bucket["access_block"]["block_public_acls"] = json!(false)),
        ),
        ("ACLs that count", wrong(&|bucket| bucket["access_block"]["ignore_public_acls"] = json!(false))),
        ("no access block at all", wrong(&|bucket| bucket["access_block"] = Value::Null)),
        ("an open bucket without our tag", wrong(&|bucket| bucket["tags"] = json!({}))),
        ("an open bucket of somebody else", !cloud::always(good, theirs).is_empty()),
        ("a statement of others that is gone", !cloud::lost(&shared, good).is_empty()),
        ("a statement of others that is gone with the policy", !cloud::lost(&shared, &bare).is_empty()),
        ("a statement of others that is kept", cloud::lost(&shared, &shared).is_empty()),
        ("a policy for every action", wrong(&|bucket| policy(bucket, "s3:GetObject", "s3:*"))),
        ("a policy for every object", wrong(&|bucket| policy(bucket, "openid/v1/jwks", "*"))),
        ("a policy of another name", wrong(&|bucket| policy(bucket, "IssuerctlPublicRead", "Other"))),
        ("an object that is no document", wrong(&|bucket| put(bucket, "sa.key", "x"))),
        ("half a document", wrong(&|bucket| put(bucket, "openid/v1/jwks", "{\"keys\":["))),
        ("a provider without a policy", early(&|bucket| bucket["policy"] = Value::Null)),
        (
            "a provider before a closed bucket",
            early(&|bucket| bucket["access_block"]["block_public_policy"] = json!(true)),
        ),
        ("a provider without documents", early(&|bucket| bucket["objects"] = json!({}))),
        (
            "a published key that is dropped",
            lost(&|state| bucket(state, &|bucket| put(bucket, "openid/v1/jwks", "{\"keys\":[]}"))),
        ),
        ("a client id that is dropped", lost(&|state| provider(state, "client_ids", json!([])))),
        ("a provider's tag that is dropped", lost(&|state| provider(state, "tags", json!({})))),
        ("a provider that is dropped", lost(&|state| state["providers"] = json!({}))),
        (
            "a bucket's tag that is dropped",
            lost(&|state| bucket(state, &|bucket| bucket["tags"] = json!({}))),
        ),
    ])
}

fn files(before: &Snapshot, good: &Snapshot, scenario: &Scenario) -> Vec<Proof> {
    let keys = scenario.keys();
    let (key, ring) = (format!("{keys}/sa.key"), format!("{keys}/ring.json"));
    let broken = |path: &str, change: &dyn Fn(&mut Seen)| {
        let mut now = good.clone();
        let seen = now.files.entry(path.to_owned());
        change(seen.or_insert(Seen { mode: 0o644, text: Some(String::new()) }));
        now
    };
    let cut = |seen: &mut Seen| seen.text = seen.text.as_ref().map(|text| text[..text.len() / 2].to_owned());
    let wrong = |now: &Snapshot| !directory::halfway(scenario, before, now, good).is_empty();
    let wrong_file = |path: &str, change: &dyn Fn(&mut Seen)| wrong(&broken(path, change));
    let leftover = format!("{keys}/.issuerctl-x");
    let private = |mode: u32| {
        broken(&leftover, &|seen| {
            *seen = Seen { mode, text: Some("-----BEGIN EC PRIVATE KEY-----".to_owned()) };
        })
    };
    let litter = |path: &str, text: Option<&str>| {
        let now = broken(path, &|seen| seen.text = text.map(str::to_owned));
        !directory::litter(&now).is_empty()
    };
    let says_done = |code: i32, now: &Snapshot| {
        let status = ExitStatus::from_raw(code);
        let ended = Ended { status, stdout: String::new(), stderr: String::new() };
        !unfinished(&ended, 0, good, now).is_empty()
    };
    let mut gone = good.clone();
    gone.files.remove(&key);
    vec![
        ("good files", !wrong(good) && !wrong(before)),
        ("half a private key", wrong_file(&key, &cut)),
        ("a private key that others may read", wrong_file(&key, &|seen| seen.mode = 0o640)),
        ("half a public key", wrong_file(&format!("{keys}/sa.pub"), &cut)),
        ("half a ring.json", wrong_file(&ring, &cut)),
        (
            "a ring.json that others may write",
            wrong_file(&ring, &|seen| {
                *seen = Seen { mode: 0o666, text: Some("{}\n".to_owned()) };
            }),
        ),
        ("a file that nobody asked for", wrong_file("x", &|_| {})),
        ("a private key left behind for others", wrong(&private(0o644))),
        ("a private key left behind for its owner alone", !wrong(&private(0o600))),
        ("a private key that is gone", !directory::kept(scenario, good, &gone).is_empty()),
        ("a private key that is another", !directory::kept(scenario, good, &broken(&key, &cut)).is_empty()),
        ("a file that is gone", !directory::halfway(scenario, good, &gone, good).is_empty()),
        ("a file left behind", litter(&leftover, Some("x"))),
        ("a directory left behind", !litter(&leftover, None) && !litter(&format!("{leftover}/x"), Some("x"))),
        ("half a job that ends with 0", says_done(0, before) && says_done(0, &gone)),
        ("half a job that says so", !says_done(1 << 8, before) && !says_done(0, good)),
        ("another mode at the end", good.difference(&broken(&ring, &|seen| seen.mode = 0o600)).is_some()),
        ("another text at the end", good.difference(&broken(&ring, &cut)).is_some()),
        ("the same at the end", good.difference(good).is_none()),
    ]
}

/// Takes keys out of a real directory; the last thing that is done with it.
fn keys(scene: &Scene) -> Result<Vec<Proof>, String> {
    let published = scene.watch.published();
    let holds =
        |published: &BTreeSet<String>| directory::holds(scene.scenario, &scene.directory(), published);
    let stranger = BTreeSet::from(["another".to_owned()]);
    let mut proofs = vec![
        ("a key directory with all that is published", !published.is_empty() && holds(&published).is_empty()),
        ("a published key that the directory lacks", !holds(&stranger).is_empty()),
    ];
    let keys = scene.directory().join(scene.scenario.keys());
    fs::remove_file(keys.join("sa.key")).map_err(|error| error.to_string())?;
    proofs.push(("a private key that is lost", !holds(&published).is_empty()));
    fs::remove_file(keys.join("sa.pub")).map_err(|error| error.to_string())?;
    proofs.push(("both halves lost", !holds(&published).is_empty()));
    Ok(proofs)
}

fn orders() -> Vec<Proof> {
    let unseen = |calls: &[&str]| {
        let order: Vec<String> = calls.iter().map(|call| call.replace(" x", " s3 ")).collect();
        let order: Vec<String> = order.iter().map(|call| format!("{call} b?policy")).collect();
        overwritten_unseen(&order, "A", "b?policy")
    };
    vec![
        ("what nobody could see", unseen(&["B: xGET", "A: xGET", "A: xPUT", "A: xGET", "B: xPUT"])),
        ("what was there to be seen", !unseen(&["B: xGET", "A: xGET", "A: xPUT", "B: xPUT", "A: xGET"])),
        ("what was read and dropped", !unseen(&["A: xGET", "A: xPUT", "A: xGET", "B: xGET", "B: xPUT"])),
    ]
}
