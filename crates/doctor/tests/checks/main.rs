//! One broken fixture for each check: a single thing is changed in facts where all is well, and exactly the checks
//! that are about it say so.
//!
//! A line of what is expected: how a check ended, its name, and the step at which STS refuses for it. What passes is
//! left out.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod access;
mod bucket;
mod change;
mod documents;
mod healthy;
mod hints;
mod issuer;
mod jwks;
mod keys;
mod provider;
mod token;

use std::collections::BTreeSet;

use issuer_discovery::{AccessBlock, AccountBlock};
use issuer_doctor::{CHECKS, Fact, Facts, Group, Report, Status, TokenText};
use issuer_relying_party::Step;

use crate::change::live;
use crate::healthy::ISSUER;

#[test]
fn nothing_is_wrong_where_nothing_is() {
    let report = Report::of(&healthy::facts());
    for reported in &report.checks {
        let unasked = matches!(reported.group, Group::Cluster | Group::Webhook);
        let expected = if unasked { Status::Skip } else { Status::Pass };
        assert_eq!(reported.finding.status, expected, "{reported:?}");
    }
    for check in CHECKS.iter().copied().flatten() {
        let told = report.checks.iter().any(|reported| reported.name == check.name);
        assert!(told || matches!(check.group, Group::Cluster | Group::Webhook), "{}", check.name);
    }
}

#[test]
fn checks_have_names_of_their_own_and_need_those_before_them() {
    let mut before = BTreeSet::new();
    for check in CHECKS.iter().copied().flatten() {
        for needed in check.needs {
            assert!(before.contains(needed), "{} needs {needed}", check.name);
        }
        assert!(before.insert(check.name), "{} is there twice", check.name);
    }
}

/// What is broken, how, and what is said then.
type Case = (&'static str, fn(&mut Facts), &'static str);

fn cases() -> impl Iterator<Item = &'static Case> {
    let groups = [
        keys::CASES,
        issuer::CASES,
        documents::CASES,
        jwks::CASES,
        bucket::CASES,
        access::CASES,
        provider::CASES,
        token::CASES,
    ];
    groups.into_iter().flatten()
}

#[test]
fn each_thing_that_breaks_is_told_by_its_own_check() {
    let mut told = BTreeSet::new();
    let mut wrong = String::new();
    for (what, break_it, expected) in cases() {
        let mut facts = healthy::facts();
        facts.sts = Fact::NotAsked("--assume-role");
        break_it(&mut facts);
        let report = Report::of(&facts);
        waits_for_what_broke(what, &report);
        let seen = lines(&report);
        let expected = wanted(expected);
        if seen != expected {
            wrong.push_str(&format!("{what}:\n  said {seen:?}\n  not {expected:?}\n"));
        }
        let bad = report
            .checks
            .iter()
            .filter(|reported| matches!(reported.finding.status, Status::Warn | Status::Fail));
        for reported in bad {
            told.insert(reported.name);
            let finding = &reported.finding;
            assert!(
                finding.expected.is_some() && finding.actual.is_some() && finding.hint.is_some(),
                "{reported:?}"
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    for check in CHECKS.iter().copied().flatten() {
        let elsewhere = matches!(check.group, Group::Cluster | Group::Webhook);
        assert!(elsewhere || told.contains(check.name), "no fixture breaks {}", check.name);
    }
}

/// Checks that exactly those wait that need what did not hold.
fn waits_for_what_broke(what: &str, report: &Report) {
    let status = |name: &str| {
        let reported = report.checks.iter().find(|reported| reported.name == name);
        reported.map_or(Status::Pass, |reported| reported.finding.status)
    };
    for check in CHECKS.iter().copied().flatten() {
        let Some(reported) = report.checks.iter().find(|reported| reported.name == check.name) else {
            continue;
        };
        let needed = check.needs.iter().find(|needed| matches!(status(needed), Status::Fail | Status::Skip));
        if let Some(needed) = needed.filter(|_| !is_unasked(report, check.group)) {
            assert_eq!(
                reported.finding.actual,
                Some(format!("waits for {needed}")),
                "{what}: {}",
                check.name
            );
            assert_eq!(reported.finding.status, Status::Skip, "{what}: {}", check.name);
        }
    }
}

/// A group that cannot be looked at is one line.
fn is_unasked(report: &Report, group: Group) -> bool {
    report.checks.iter().filter(|reported| reported.group == group).count() == 1
}

#[test]
fn doctor_and_sts_name_the_same_step() {
    let mut covered = BTreeSet::new();
    for (what, break_it, _) in cases() {
        let mut facts = healthy::facts();
        break_it(&mut facts);
        let report = Report::of(&facts);
        let of = |name: &str| report.checks.iter().find(|reported| reported.name == name);
        let Some(verdict) = of("token/verdict").and_then(|reported| reported.finding.step) else { continue };
        covered.insert(verdict);
        let links = [Group::Documents, Group::Provider, Group::Role, Group::Token];
        let mut steps: Vec<&str> = report
            .checks
            .iter()
            .filter(|reported| links.contains(&reported.group) && reported.name != "token/verdict")
            .filter_map(|reported| reported.finding.step)
            .collect();
        // A role that is not there is refused before anything else is looked at.
        let order = |step: &&str| Step::ALL.iter().position(|known| known.name() == *step);
        let missing_role = of("role/exists").is_some_and(|reported| reported.finding.status == Status::Fail);
        steps.sort_by_key(|step| (!(missing_role && *step == "trust"), order(step)));
        assert_eq!(steps.first(), Some(&verdict), "{what}: {steps:?}");
    }
    let all: BTreeSet<&str> = Step::ALL.iter().map(|step| step.name()).collect();
    assert_eq!(covered, all, "a row of STS's answers is broken by no fixture");
}

#[test]
fn a_report_is_stable_json_and_holds_no_token() {
    let mut facts = healthy::facts();
    facts.token = Fact::Is(TokenText::new("secret.secret.secret"));
    live(&mut facts, |live| live.client_ids = vec!["other".to_owned()]);
    let report = Report::of(&facts);
    let json = serde_json::to_value(&report).unwrap();
    assert!(!json.to_string().contains("secret"), "{json}");
    assert!(!format!("{facts:?}").contains("secret"), "{facts:?}");
    assert_eq!(json["issuer"], ISSUER);
    let found = json["checks"].as_array().unwrap().iter().find(|check| check["name"] == "provider/audience");
    let expected = serde_json::json!({
        "name": "provider/audience",
        "group": "provider",
        "title": "the audience is one of its client ids",
        "status": "fail",
        "expected": "sts.amazonaws.com",
        "actual": "other",
        "hint": format!("issuerctl register --issuer {ISSUER}"),
        "step": "audience",
    });
    assert_eq!(found, Some(&expected));
}

/// What did not pass, of the groups that are asked about here; what waits for another check is left out.
fn lines(report: &Report) -> BTreeSet<String> {
    let status = |status| match status {
        Status::Pass => None,
        Status::Warn => Some("warn"),
        Status::Fail => Some("fail"),
        Status::Skip => Some("skip"),
    };
    let told = report.checks.iter().filter(|reported| match reported.group {
        Group::Cluster | Group::Webhook => false,
        Group::Sts => reported.finding.status != Status::Skip,
        _ => !reported.finding.actual.as_deref().unwrap_or_default().starts_with("waits for "),
    });
    told.filter_map(|reported| {
        let step = reported.finding.step.map(|step| format!(" [{step}]")).unwrap_or_default();
        Some(format!("{} {}{step}", status(reported.finding.status)?, reported.name))
    })
    .collect()
}

fn wanted(text: &str) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix("skip ") {
            Some(names) => lines.extend(names.split_whitespace().map(|name| format!("skip {name}"))),
            None => {
                lines.insert(line.to_owned());
            }
        }
    }
    lines
}

#[test]
fn a_private_bucket_behind_another_host_is_as_it_should_be() {
    let mut facts = healthy::facts();
    facts.issuer = "https://oidc.example.com/prod".parse().unwrap();
    let bucket = change::bucket(&mut facts);
    bucket.parts.block = Ok(AccessBlock::ALL);
    bucket.parts.account_block = Ok(AccountBlock::Known(AccessBlock::ALL));
    bucket.parts.policy = Ok(None);
    assert_eq!(Report::of(&facts).of_group(Group::Bucket), Some(Status::Pass));
}

#[test]
fn what_strangers_wrote_is_told_on_one_line_and_in_bounds() {
    let many: String = (0..50_000).map(|n| format!(r#"{{"kid":"k{n}"}},"#)).collect();
    let bodies = [
        "[".repeat(100_000),
        r#"{"issuer":["a"],"jwks_uri":7,"keys":{"a":1}}"#.to_owned(),
        r#"{"keys":[{"kid":"\u001b[2J\nx","kty":"RSA","n":"\u0007","e":5,"alg":"\u202e"},{"kid":1}]}"#
            .to_owned(),
        format!(r#"{{"keys":[{many}{{"kid":"last"}}]}}"#),
        format!(r#"{{"issuer":"\u001b]0;x\u0007{}","jwks_uri":"https://\u0000"}}"#, "y".repeat(10_000)),
        "\u{0}".repeat(1000),
    ];
    for body in bodies {
        let mut facts = healthy::facts();
        change::discovery(&mut facts, |answer| {
            answer.location = Some("https://\u{1b}[2J".to_owned());
            answer.content_type = Some("\u{1b}[2J".to_owned());
            answer.body = body.clone().into_bytes();
        });
        change::jwks(&mut facts, |answer| answer.body = body.clone().into_bytes());
        live(&mut facts, |live| live.client_ids = vec!["\u{1b}[2J".to_owned(); 100]);
        let report = Report::of(&facts);
        assert!(report.count(Status::Fail) > 0);
        for reported in &report.checks {
            let finding = &reported.finding;
            for text in [&finding.expected, &finding.actual, &finding.hint].into_iter().flatten() {
                assert!(!text.contains(char::is_control), "{}: {text:?}", reported.name);
                assert!(text.len() < 10_000, "{}: {} bytes", reported.name, text.len());
            }
        }
    }
}
