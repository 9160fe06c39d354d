//! Hints are there to be pasted into a shell, and half of their words are strangers': what a shell makes of them.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod support;

use std::path::Path;
use std::process::Command;

use issuer_policy::Document;
use issuer_relying_party::{Authority, Documents, Outcome, Refused, Step};
use serde_json::{Value, json};
use support::{ISSUER, Key, Scene, answer, claims_with, documents, header};

/// Words that do something wherever a shell reads more than one word in them; none has a space, so that an issuer may
/// have them too.
const HOSTILE: [&str; 9] = [
    "$(touch${IFS}pwned)",
    "`touch${IFS}pwned`",
    "';touch${IFS}pwned;'",
    "\";touch${IFS}pwned;\"",
    "|touch${IFS}pwned",
    "&touch${IFS}pwned&",
    ">pwned",
    "\\';touch${IFS}pwned;'",
    "\u{202e}$(touch${IFS}pwned)\u{200b}",
];

fn refusals(scene: &Scene, token: &str) -> Vec<Refused> {
    let examination = scene.examine(token);
    let refused = |outcome: &Outcome| match outcome {
        Outcome::Refused(refused) => Some(refused.clone()),
        _ => None,
    };
    examination.steps().iter().filter_map(|(_, outcome)| refused(outcome)).collect()
}

/// The commands of a hint: what stands between backquotes and begins with a program.
fn commands(hint: &str) -> Vec<&str> {
    let pieces: Vec<&str> = hint.split('`').collect();
    assert_eq!(pieces.len() % 2, 1, "a backquote is left over: {hint}");
    let programs = ["issuerctl ", "aws ", "kubectl "];
    let is_command = |piece: &&str| programs.iter().any(|program| piece.starts_with(program));
    pieces.into_iter().skip(1).step_by(2).filter(is_command).collect()
}

/// Lets a shell take a command apart in this directory.
fn words(directory: &Path, command: &str) -> Vec<String> {
    let script = format!("set -- {command}; printf '%s\\0' \"$@\"");
    let output = Command::new("sh").arg("-c").arg(script).current_dir(directory).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{command}: {output:?}");
    assert_eq!(std::fs::read_dir(directory).unwrap().count(), 0, "{command} did something");
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim_end_matches('\0').split('\0').map(str::to_owned).collect()
}

/// Runs every command that a scene's hints have, and gives their words.
fn run(scene: &Scene, claims: &Value, steps: &[Step]) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let refusals = refusals(scene, &Key::rsa().token(&header(), claims));
    let found: Vec<Step> = refusals.iter().map(|refused| refused.step).collect();
    assert!(steps.iter().all(|step| found.contains(step)), "{found:?} are not {steps:?}");
    refusals
        .iter()
        .flat_map(|refused| commands(&refused.hint))
        .flat_map(|command| words(directory.path(), command))
        .collect()
}

/// Documents that nobody can use, fetched for this issuer.
fn bad_documents(issuer: &str) -> Documents {
    documents(issuer, answer(403, ""), answer(403, ""))
}

#[test]
fn a_hostile_issuer_executes_nothing() {
    for word in HOSTILE {
        let issuer = format!("https://issuer.example.test/{word}");
        let claims = claims_with("iss", json!(issuer));
        let mut scene = Scene::new();
        scene.documents = bad_documents(&issuer);
        run(&scene, &claims, &[Step::Provider, Step::Keys, Step::Trust]);
        scene.documents.authority =
            Authority::Private { thumbprint: "0123456789abcdef0123456789abcdef01234567".parse().unwrap() };
        scene.providers[0].url = issuer.trim_start_matches("https://").to_owned();
        scene.providers[0].client_ids.clear();
        let words = run(&scene, &claims, &[Step::Audience, Step::Thumbprint, Step::Keys, Step::Trust]);
        if word.is_ascii() && !word.contains('`') {
            assert!(words.contains(&issuer), "{issuer} is no word of {words:?}");
        }
    }
}

#[test]
fn a_hostile_host_executes_nothing() {
    for word in HOSTILE {
        let issuer = format!("https://{word}");
        let mut scene = Scene::new();
        scene.documents = bad_documents(&issuer);
        run(&scene, &claims_with("iss", json!(issuer)), &[Step::Keys]);
    }
}

#[test]
fn a_hostile_audience_or_subject_executes_nothing() {
    for word in HOSTILE.into_iter().flat_map(|word| [word.to_owned(), format!("a {word}\n{word}")]) {
        let mut scene = Scene::new();
        run(&scene, &claims_with("aud", json!(word)), &[Step::Audience, Step::Trust]);
        run(&scene, &claims_with("azp", json!(word)), &[Step::Audience, Step::Trust]);
        run(&scene, &claims_with("sub", json!(word)), &[Step::Trust]);
        scene.providers[0].client_ids.clear();
        run(&scene, &claims_with("aud", json!(word)), &[Step::Audience]);
        scene.providers.clear();
        run(&scene, &claims_with("aud", json!(word)), &[Step::Provider]);
    }
}

#[test]
fn a_hostile_client_id_or_sid_executes_nothing() {
    for word in HOSTILE {
        let mut scene = Scene::new();
        scene.providers[0].client_ids = vec![word.to_owned(), word.to_owned()];
        let policy = json!({"Statement": [
            {"Sid": word, "Effect": "Deny", "Principal": "*", "Action": "sts:*"},
        ]});
        scene.role.as_mut().unwrap().trust_policy = Document::parse(&policy.to_string()).unwrap();
        let words = run(&scene, &support::claims(), &[Step::Audience, Step::Trust]);
        if word.is_ascii() && !word.contains('`') {
            assert!(words.iter().any(|found| found == word), "{word} is no word of {words:?}");
        }
    }
}

#[test]
fn a_hostile_kid_or_document_executes_nothing() {
    for word in HOSTILE {
        let mut scene = Scene::new();
        let token = Key::rsa().token(&json!({"alg": "RS256", "kid": word}), &support::claims());
        let directory = tempfile::tempdir().unwrap();
        let bodies = [
            json!({"issuer": word, "jwks_uri": word}).to_string(),
            json!({"issuer": ISSUER, "jwks_uri": word}).to_string(),
            format!(r#"{{{0}:1,{0}:1}}"#, json!(word)),
        ];
        for body in bodies {
            for refused in refusals(&scene, &token) {
                commands(&refused.hint)
                    .into_iter()
                    .for_each(|command| drop(words(directory.path(), command)));
            }
            scene.documents = documents(ISSUER, answer(200, body), answer(200, ""));
        }
    }
}

/// A token for the cluster's own API is in every pod: its audience must never become a client id.
#[test]
fn no_hint_registers_the_audience_of_a_token() {
    let api = "https://kubernetes.default.svc.cluster.local";
    for (client_ids, asked) in [
        (vec!["sts.amazonaws.com", "b"], "kubectl create token NAME --audience sts.amazonaws.com"),
        (vec!["my own"], "`audience: 'my own'`"),
        (
            vec![],
            "issuerctl register --issuer https://issuer.example.test/cluster-1 --audience sts.amazonaws.com",
        ),
    ] {
        for audience in [api, ISSUER, "api"] {
            let mut scene = Scene::new();
            scene.providers[0].client_ids = client_ids.iter().map(|id| (*id).to_owned()).collect();
            let token = Key::rsa().token(&header(), &claims_with("aud", json!(audience)));
            let refusals = refusals(&scene, &token);
            let refused = refusals.iter().find(|refused| refused.step == Step::Audience).unwrap();
            assert!(refused.hint.contains(asked), "{}", refused.hint);
            assert_eq!(refused.hint.contains("register"), client_ids.is_empty(), "{}", refused.hint);
            assert!(!refused.hint.contains(&format!("--audience {audience}")), "{}", refused.hint);
        }
    }
    let mut scene = Scene::new();
    scene.providers.clear();
    let token = Key::rsa().token(&header(), &claims_with("aud", json!(api)));
    for refused in refusals(&scene, &token) {
        assert!(!refused.hint.contains(&format!("--audience {api}")), "{}", refused.hint);
    }
}

/// The bound of a hint must not cut a quoted word open.
#[test]
fn endless_words_leave_no_quote_open() {
    for word in ["'", "$(x)", "\u{202e}", "a", " "] {
        let word = word.repeat(9000 / word.len());
        let mut scene = Scene::new();
        run(&scene, &claims_with("sub", json!(word)), &[Step::Trust]);
        scene.providers[0].client_ids = vec![word.clone(); 9];
        run(&scene, &support::claims(), &[Step::Audience]);
    }
}
