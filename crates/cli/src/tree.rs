//! The doctor's report as a tree of checks, for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use issuer_doctor::{Group, Report, Reported, Status, inert};

/// Writes a report: its links in order, each check with its mark; what is wrong with what should be, what is, and
/// what to do.
pub(crate) fn of(report: &Report) -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let checks: Vec<&Reported> = report.checks.iter().filter(|check| check.group == group).collect();
        if checks.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{bold}{}{bold:#}", group.title(), bold = Style::new().bold());
        // What waits for the same broken link is one line: twenty would hide what has to be mended.
        for run in checks.chunk_by(|a, b| skipped(a) && skipped(b)) {
            match run {
                [first, _, _, ..] if skipped(first) => several(&mut text, run),
                run => run.iter().for_each(|check| one(&mut text, check)),
            }
        }
    }
    let count = |status: Status, word: &str| {
        let number = report.count(status);
        (number > 0).then(|| format!("{number} {word}"))
    };
    let counts = [
        count(Status::Pass, "passed"),
        count(Status::Warn, "to look at"),
        count(Status::Fail, "failed"),
        count(Status::Skip, "skipped"),
    ];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    let _ = writeln!(text, "\n{}", counts.join(", "));
    if let Some(first) = report.checks.iter().find(|check| check.finding.status == Status::Fail) {
        let _ = writeln!(text, "the first broken link: {}, {}", first.name, first.title);
    }
    text
}

fn skipped(check: &Reported) -> bool {
    check.finding.status == Status::Skip
}

fn several(text: &mut String, run: &[&Reported]) {
    let mut reasons: Vec<&str> = Vec::new();
    for reason in run.iter().filter_map(|check| check.finding.actual.as_deref()) {
        // Checks that wait for the same link need not be neighbours.
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let faint = Style::new().dimmed();
    let _ = writeln!(text, "  {faint}skip{faint:#} {} checks: {}", run.len(), inert(&reasons.join("; ")));
}

fn one(text: &mut String, check: &Reported) {
    let (word, colour) = match check.finding.status {
        Status::Pass => ("ok  ", AnsiColor::Green.on_default()),
        Status::Warn => ("warn", AnsiColor::Yellow.on_default()),
        Status::Fail => ("FAIL", AnsiColor::Red.on_default().bold()),
        Status::Skip => ("skip", Style::new().dimmed()),
    };
    let finding = &check.finding;
    let aside = match (finding.status, &finding.actual) {
        (Status::Pass | Status::Skip, Some(actual)) => format!(": {}", inert(actual)),
        _ => String::new(),
    };
    let _ = writeln!(text, "  {colour}{word}{colour:#} {}{aside}", check.title);
    if matches!(finding.status, Status::Pass | Status::Skip) {
        return;
    }
    let parts = [("expected", &finding.expected), ("actual", &finding.actual), ("hint", &finding.hint)];
    for (name, said) in parts {
        if let Some(said) = said {
            let _ = writeln!(text, "         {name:<9} {}", inert(said));
        }
    }
    let _ = writeln!(text, "         {:<9} {}", "check", check.name);
}

#[cfg(test)]
mod tests {
    use issuer_doctor::Finding;

    use super::*;

    #[test]
    fn checks_that_wait_are_one_line_that_names_each_reason_once() {
        let waits = ["issuer", "jwks", "issuer", "jwks", "issuer"].map(|link| Reported {
            name: "documents/x",
            group: Group::Documents,
            title: "x",
            finding: Finding::skip(format!("waits for documents/{link}")),
        });
        let mut text = String::new();
        several(&mut text, &waits.iter().collect::<Vec<_>>());
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(plain, "  skip 5 checks: waits for documents/issuer; waits for documents/jwks\n");
    }
}
