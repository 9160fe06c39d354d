//! What stands on the page, out of a report: pure, and without any HTML.

use std::fmt::Write;

use super::text::{Piece, Text, pieces};
use crate::check::Group;
use crate::report::{Report, Reported, Status};

/// About three lines in a link of the chain.
const NOTE: usize = 96;

/// A status as the page shows it: never by its colour alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Names its colour and its sign.
    pub(super) class: &'static str,
    /// Says it.
    pub(super) word: &'static str,
}

/// How many checks ended so.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) mark: Mark,
    pub(super) many: usize,
}

/// A link of the chain.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) does: &'static str,
    pub(super) mark: Mark,
    /// Its worst finding, or how many checks passed.
    pub(super) note: Text,
    /// Those that join the chain here.
    pub(super) joined: Vec<Link>,
}

/// A link's checks.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) mark: Mark,
    pub(super) checks: Vec<Row>,
}

/// A check and what it found.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) mark: Mark,
    pub(super) name: Text,
    pub(super) title: Text,
    /// Whether it is to be seen at once.
    pub(super) open: bool,
    pub(super) expected: Option<Text>,
    pub(super) actual: Option<Text>,
    /// What `actual` is called.
    pub(super) actual_is: &'static str,
    pub(super) hint: Vec<Piece>,
    /// The step at which STS refuses for this.
    pub(super) step: Option<Text>,
}

/// Says in one line how the chain is.
pub(super) fn headline(report: &Report) -> String {
    let at = |status| {
        let those = Group::ALL.into_iter().filter(|group| report.of_group(*group) == Some(status));
        those.map(Group::title).collect::<Vec<_>>()
    };
    let (failed, warned) = (at(Status::Fail), at(Status::Warn));
    if !failed.is_empty() {
        format!("The chain is broken at {}", listed(&failed))
    } else if !warned.is_empty() {
        format!("The chain holds; look at {}", listed(&warned))
    } else if report.count(Status::Pass) == 0 {
        "Nothing was looked at".to_owned()
    } else if report.count(Status::Skip) > 0 {
        "The chain holds where it was looked at".to_owned()
    } else {
        "The chain holds".to_owned()
    }
}

/// Counts the checks, the worst first; a status that none has is left out.
pub(super) fn counts(report: &Report) -> Vec<Count> {
    let worst_first = [Status::Fail, Status::Warn, Status::Pass, Status::Skip];
    let counts = worst_first.map(|status| Count { mark: mark(status), many: report.count(status) });
    counts.into_iter().filter(|count| count.many > 0).collect()
}

/// The chain: what leads from the keys to STS, and under a link what joins it there.
pub(super) fn chain(report: &Report) -> Vec<Link> {
    let mut chain: Vec<(Group, Link)> = Vec::new();
    for (group, status) in groups(report) {
        let link = Link {
            id: id(group),
            title: group.title(),
            does: does(group),
            mark: mark(status),
            note: note(report, group, status),
            joined: Vec::new(),
        };
        // What it joins always stands before it; where that is not in the report, it is a link as the others.
        match chain.last_mut() {
            Some((last, before)) if joins(group) == Some(*last) => before.joined.push(link),
            _ => chain.push((group, link)),
        }
    }
    chain.into_iter().map(|(_, link)| link).collect()
}

/// The checks of each link.
pub(super) fn sections(report: &Report) -> Vec<Section> {
    let section = |(group, status)| Section {
        id: id(group),
        title: group.title(),
        about: about(group),
        mark: mark(status),
        checks: of(report, group).map(row).collect(),
    };
    groups(report).map(section).collect()
}

fn groups(report: &Report) -> impl Iterator<Item = (Group, Status)> {
    Group::ALL.into_iter().filter_map(|group| Some((group, report.of_group(group)?)))
}

fn of(report: &Report, group: Group) -> impl Iterator<Item = &Reported> {
    report.checks.iter().filter(move |reported| reported.group == group)
}

fn row(reported: &Reported) -> Row {
    let finding = &reported.finding;
    let skipped = finding.status == Status::Skip;
    Row {
        mark: mark(finding.status),
        name: Text::whole(reported.name),
        title: Text::whole(reported.title),
        open: finding.status != Status::Pass,
        expected: finding.expected.as_deref().map(Text::whole),
        actual: finding.actual.as_deref().map(Text::whole),
        actual_is: if skipped { "why" } else { "actual" },
        hint: finding.hint.as_deref().map(pieces).unwrap_or_default(),
        step: finding.step.map(Text::whole),
    }
}

/// The first of the worst, in a line or two.
fn note(report: &Report, group: Group, status: Status) -> Text {
    let count = |status| of(report, group).filter(|reported| reported.finding.status == status).count();
    if status == Status::Pass {
        let mut note = format!("{} passed", count(Status::Pass));
        if count(Status::Skip) > 0 {
            // Writing to a String does not fail.
            let _ = write!(note, ", {} skipped", count(Status::Skip));
        }
        return Text::begin(&note, NOTE);
    }
    let worst = of(report, group).find(|reported| reported.finding.status == status);
    let actual = worst.and_then(|reported| reported.finding.actual.as_deref().or(Some(reported.title)));
    Text::begin(actual.unwrap_or_default(), NOTE)
}

fn listed(titles: &[&str]) -> String {
    match titles {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
    }
}

fn mark(status: Status) -> Mark {
    let (class, word) = match status {
        Status::Pass => ("pass", "passed"),
        Status::Warn => ("warn", "warned"),
        Status::Fail => ("fail", "failed"),
        Status::Skip => ("skip", "skipped"),
    };
    Mark { class, word }
}

/// The link that a group joins from the side.
fn joins(group: Group) -> Option<Group> {
    match group {
        Group::Bucket => Some(Group::Documents),
        Group::Cluster | Group::Webhook => Some(Group::Token),
        Group::Keys | Group::Documents | Group::Provider | Group::Role | Group::Token | Group::Sts => None,
    }
}

fn id(group: Group) -> &'static str {
    match group {
        Group::Keys => "keys",
        Group::Documents => "documents",
        Group::Bucket => "bucket",
        Group::Provider => "provider",
        Group::Role => "role",
        Group::Token => "token",
        Group::Cluster => "cluster",
        Group::Webhook => "webhook",
        Group::Sts => "sts",
    }
}

/// What it does for the link that follows.
fn does(group: Group) -> &'static str {
    match group {
        Group::Keys => "sign the token",
        Group::Documents => "publish the keys",
        Group::Bucket => "holds the documents",
        Group::Provider => "makes AWS look there",
        Group::Role => "trusts the provider",
        Group::Token => "says who is asking",
        Group::Cluster => "makes the token",
        Group::Webhook => "puts it into the pod",
        Group::Sts => "gives credentials",
    }
}

fn about(group: Group) -> &'static str {
    match group {
        Group::Keys => "The signing keys in the key directory.",
        Group::Documents => "The discovery document and the JWKS at the issuer's URL.",
        Group::Bucket => "The bucket that holds the documents.",
        Group::Provider => "The IAM OIDC provider of the account.",
        Group::Role => "The role and its trust policy.",
        Group::Token => "The service account token.",
        Group::Cluster => "The control plane that makes tokens.",
        Group::Webhook => "The pod identity webhook that puts the token into pods.",
        Group::Sts => "A real call of AssumeRoleWithWebIdentity.",
    }
}
