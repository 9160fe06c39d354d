//! Who works at the same time on what, as data.

use std::sync::OnceLock;

use crate::scenario::{BOOTSTRAP, BUCKET, Before, ISSUER, PLAIN, PUBLISH, Scenario};

/// One administrator, who works in a directory of one's own.
#[derive(Debug)]
pub(crate) struct Administrator {
    pub(crate) words: &'static [&'static str],
    /// The key that was made before; nobody's: the command makes one, or takes that of `--keys`.
    pub(crate) key: Option<&'static str>,
    /// A key of which the public half stands in `sa.pub` too.
    pub(crate) second: Option<&'static str>,
}

/// What has to come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The same as when they work one after another.
    AsInTurn,
    /// One key is published, and all others end with an error.
    OneWins,
    /// All keys of all of them are published.
    AllKeys,
}

/// Administrators who work at once.
#[derive(Debug)]
pub(crate) struct Meeting {
    pub(crate) scenario: Scenario,
    pub(crate) administrators: &'static [Administrator],
    pub(crate) outcome: Outcome,
    /// What comes of it when they work one after another.
    pub(crate) in_turn: OnceLock<String>,
}

const fn with(key: &'static str, words: &'static [&'static str]) -> Administrator {
    Administrator { words, key: Some(key), second: None }
}

const fn without(words: &'static [&'static str]) -> Administrator {
    Administrator { words, key: None, second: None }
}

const fn meeting(
    name: &'static str,
    before: &'static [Before],
    administrators: &'static [Administrator],
    outcome: Outcome,
) -> Meeting {
    let scenario = Scenario { name, before, ..PLAIN };
    Meeting { scenario, administrators, outcome, in_turn: OnceLock::new() }
}

const MAKES_KEY: &[&str] = &["bootstrap", "--bucket", BUCKET, "--algorithm", "es256"];
const SHARED: &[&str] = &["bootstrap", "--bucket", BUCKET, "--algorithm", "es256", "--keys", "../keys"];
const FIRST_PREFIX: &[&str] =
    &["bootstrap", "--bucket", BUCKET, "--prefix", "clusters/one", "--tag", "first=1"];
const SECOND_PREFIX: &[&str] =
    &["bootstrap", "--bucket", BUCKET, "--prefix", "clusters/two", "--tag", "second=2"];
const THIRD_PREFIX: &[&str] = &["bootstrap", "--bucket", BUCKET, "--prefix", "clusters/three"];
const FIRST_AUDIENCE: &[&str] = &["register", "--issuer", ISSUER, "--audience", "one", "--tag", "first=1"];
const SECOND_AUDIENCE: &[&str] = &["register", "--issuer", ISSUER, "--audience", "two", "--tag", "second=2"];
const THIRD_AUDIENCE: &[&str] =
    &["register", "--issuer", ISSUER, "--audience", "three", "--audience", "one", "--tag", "third=3"];

/// All of them.
pub(crate) static MEETINGS: [Meeting; 13] = [
    meeting(
        "two bootstraps with copies of one key",
        &[],
        &[with("one", BOOTSTRAP), with("one", BOOTSTRAP)],
        Outcome::AsInTurn,
    ),
    meeting(
        "four bootstraps with copies of one key",
        &[],
        &[with("one", BOOTSTRAP), with("one", BOOTSTRAP), with("one", BOOTSTRAP), with("one", BOOTSTRAP)],
        Outcome::AsInTurn,
    ),
    meeting(
        "two bootstraps with one key directory that is there",
        &[Before::Keys],
        &[without(SHARED), without(SHARED)],
        Outcome::AsInTurn,
    ),
    meeting(
        "three bootstraps with one key directory that they make",
        &[],
        &[without(SHARED), without(SHARED), without(SHARED)],
        Outcome::AsInTurn,
    ),
    meeting(
        "two bootstraps with different keys",
        &[],
        &[with("one", BOOTSTRAP), with("two", BOOTSTRAP)],
        Outcome::OneWins,
    ),
    meeting(
        "four bootstraps that make their keys",
        &[],
        &[without(MAKES_KEY), without(MAKES_KEY), without(MAKES_KEY), without(MAKES_KEY)],
        Outcome::OneWins,
    ),
    meeting(
        "a bootstrap beside a publish",
        &[],
        &[with("one", BOOTSTRAP), with("one", PUBLISH)],
        Outcome::AsInTurn,
    ),
    meeting(
        "a bootstrap beside a publish of another key",
        &[],
        &[with("one", BOOTSTRAP), with("two", PUBLISH), with("three", PUBLISH)],
        Outcome::OneWins,
    ),
    meeting(
        "two publish one more key each",
        &[Before::Keys, Before::Run(PUBLISH)],
        &[
            Administrator { words: PUBLISH, key: Some("one"), second: Some("two") },
            Administrator { words: PUBLISH, key: Some("one"), second: Some("three") },
        ],
        Outcome::AllKeys,
    ),
    meeting(
        "three register what none has made",
        &[Before::Keys, Before::Run(PUBLISH)],
        &[without(FIRST_AUDIENCE), without(SECOND_AUDIENCE), without(THIRD_AUDIENCE)],
        Outcome::AsInTurn,
    ),
    meeting(
        "two register more of one that is there",
        &[Before::Keys, Before::Run(BOOTSTRAP)],
        &[without(FIRST_AUDIENCE), without(SECOND_AUDIENCE)],
        Outcome::AsInTurn,
    ),
    meeting(
        "two prefixes of a bucket that none has made",
        &[],
        &[with("one", FIRST_PREFIX), with("two", SECOND_PREFIX)],
        Outcome::AsInTurn,
    ),
    meeting(
        "three prefixes of a bucket that is there",
        &[Before::Keys, Before::Run(BOOTSTRAP)],
        &[with("two", FIRST_PREFIX), with("three", SECOND_PREFIX), with("four", THIRD_PREFIX)],
        Outcome::AsInTurn,
    ),
];
