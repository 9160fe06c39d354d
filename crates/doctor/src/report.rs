//! What came out: one finding for each check.

use issuer_relying_party::Step;
use serde::Serialize;

use crate::check::Group;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it should be.
    Pass,
    /// It works, and should be looked at.
    Warn,
    /// The chain is broken here.
    Fail,
    /// Not looked at; `actual` says what it waited for.
    Skip,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it ended.
    pub status: Status,
    /// What should be; none where a pass says it all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What is; for a skipped check, what it waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// The command that mends it, or a sentence that says what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The step at which STS refuses for this, by the name that the sandbox's STS gives it too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<&'static str>,
}

/// A check and what it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reported {
    /// The check's name, such as `documents/tls`: it never changes its meaning.
    pub name: &'static str,
    /// The link of the chain that it belongs to.
    pub group: Group,
    /// What it looks at, as a statement that should hold.
    pub title: &'static str,
    /// What it found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// Everything that was looked at, in the order of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The issuer.
    pub issuer: String,
    /// The checks.
    pub checks: Vec<Reported>,
}

impl Finding {
    /// As it should be; `actual` says what was seen.
    pub fn pass(actual: impl Into<String>) -> Self {
        Self { status: Status::Pass, expected: None, actual: Some(actual.into()), hint: None, step: None }
    }

    /// It works, and should be looked at.
    pub fn warn(expected: impl Into<String>, actual: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::bad(Status::Warn, expected.into(), actual.into(), hint.into())
    }

    /// The chain is broken here.
    pub fn fail(expected: impl Into<String>, actual: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::bad(Status::Fail, expected.into(), actual.into(), hint.into())
    }

    /// Not looked at: it waits for this.
    pub fn skip(waits_for: impl Into<String>) -> Self {
        Self { status: Status::Skip, expected: None, actual: Some(waits_for.into()), hint: None, step: None }
    }

    /// Names the step at which STS refuses for this.
    #[must_use]
    pub fn at(self, step: Step) -> Self {
        Self { step: Some(step.name()), ..self }
    }

    fn bad(status: Status, expected: String, actual: String, hint: String) -> Self {
        Self { status, expected: Some(expected), actual: Some(actual), hint: Some(hint), step: None }
    }
}

impl Report {
    /// Counts the checks that ended so.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.checks.iter().filter(|reported| reported.finding.status == status).count()
    }

    /// The worst of a group; `Skip` when nothing of it was looked at, nothing when the group has no check.
    #[must_use]
    pub fn of_group(&self, group: Group) -> Option<Status> {
        let of = self.checks.iter().filter(|reported| reported.group == group);
        let rank = |status: &Status| match status {
            Status::Skip => 0,
            Status::Pass => 1,
            Status::Warn => 2,
            Status::Fail => 3,
        };
        of.map(|reported| reported.finding.status).max_by_key(rank)
    }
}
