//! STS's table of refusals, a test for each row: code, status, message, the step, and a hint that helps.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

#[path = "../support/mod.rs"]
mod support;
mod token;
mod world;

use std::io;
use std::time::Duration;

use issuer_discovery::{FetchError, Fetched};
use issuer_relying_party::{Authority, Refused, Verdict};
use serde_json::{Value, json};
use support::{ISSUER, Key, NOW, Scene, answer, at, claims_with, header, role, token};

const NO_KEY: &str = "Couldn't retrieve verification key from your identity provider,  please reference \
                      AssumeRoleWithWebIdentity documentation for requirements";
const NOT_A_JWT: &str =
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";

fn refused(scene: &Scene, token: &str) -> Refused {
    match scene.verdict(token) {
        Verdict::Refused(refused) => refused,
        other => panic!("it is not refused: {other:?}"),
    }
}

/// Checks what the caller of STS sees, and that explanation and hint have these words.
#[track_caller]
fn check(refused: &Refused, step: &str, code: &str, message: &str, explanation: &str, hint: &str) {
    assert_eq!((refused.step.name(), refused.code, refused.message.as_ref()), (step, code, message));
    assert_eq!(refused.status, if code == "AccessDenied" { 403 } else { 400 });
    assert!(refused.explanation.contains(explanation), "{:?} has no {explanation:?}", refused.explanation);
    assert!(refused.hint.contains(hint), "{:?} has no {hint:?}", refused.hint);
}

fn good_with(name: &str, value: Value) -> String {
    Key::rsa().token(&header(), &claims_with(name, value))
}
