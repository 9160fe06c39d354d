//! What each preset says of itself, and the hand that writes its statements.

use std::collections::BTreeSet;

use issuer_discovery::Partition;
use issuer_policy::{Document, Statement};

use super::narrowing::By;

/// The operator of whole values.
pub(super) const EQUALS: &str = "StringEquals";
/// The operator of values with `*`.
pub(super) const LIKE: &str = "StringLike";
/// The operator that asks whether a key is there: `false` is yes.
pub(super) const NULL: &str = "Null";

/// What is known of a controller.
pub(super) struct Facts {
    pub(super) summary: &'static str,
    pub(super) version: &'static str,
    pub(super) source: &'static str,
    pub(super) service_account: &'static str,
    pub(super) narrowed_by: &'static [By],
    /// The flags of `narrowed_by`, as a sentence needs them.
    pub(super) needs: &'static str,
    pub(super) hardened_setup: &'static str,
}

/// A policy in the making.
pub(super) struct Policy {
    partition: Partition,
    pub(super) document: Document,
}

/// A statement in the making: it allows its actions on everything until it is told otherwise.
pub(super) struct Allow<'a> {
    policy: &'a mut Policy,
    sid: &'static str,
    actions: Vec<String>,
    resources: Vec<String>,
    tests: Vec<(&'static str, String, BTreeSet<String>)>,
}

impl Policy {
    pub(super) fn new(partition: Partition) -> Self {
        Self { partition, document: Document::empty() }
    }

    /// Writes an ARN of this partition.
    pub(super) fn arn(&self, rest: &str) -> String {
        format!("arn:{}:{rest}", self.partition)
    }

    /// Begins a statement on actions of one service.
    pub(super) fn allow(&mut self, sid: &'static str, service: &str, names: &[&str]) -> Allow<'_> {
        let begun = Allow { policy: self, sid, actions: vec![], resources: vec![], tests: vec![] };
        begun.and(service, names)
    }
}

impl Allow<'_> {
    /// Adds actions of another service.
    pub(super) fn and(mut self, service: &str, names: &[&str]) -> Self {
        self.actions.extend(names.iter().map(|name| format!("{service}:{name}")));
        self
    }

    /// Limits it to these resources, which are written without `arn:PARTITION:`.
    pub(super) fn on(mut self, rests: &[&str]) -> Self {
        self.resources.extend(rests.iter().map(|rest| self.policy.arn(rest)));
        self
    }

    /// Limits it to the resources with these ARNs.
    pub(super) fn on_arns(mut self, arns: impl IntoIterator<Item = String>) -> Self {
        self.resources.extend(arns);
        self
    }

    /// Adds a test.
    pub(super) fn when(mut self, operator: &'static str, key: impl Into<String>, values: &[&str]) -> Self {
        self.tests.push((operator, key.into(), values.iter().map(|&value| value.to_owned()).collect()));
        self
    }

    /// Puts it into the policy.
    pub(super) fn put(mut self) {
        if self.resources.is_empty() {
            self.resources.push("*".to_owned());
        }
        let _ =
            self.policy.document.merge(Statement::allow(self.sid, self.actions, self.resources, self.tests));
    }
}
