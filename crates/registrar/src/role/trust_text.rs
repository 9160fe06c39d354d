//! How a change of a trust policy is shown: who comes, and who goes.

use std::collections::BTreeSet;
use std::fmt;

use issuer_policy::{Document, Effect, Principal, Statement};

use super::subject::shown;
use super::trust::sid_of_issuer;

/// Says what comes and what goes, statement by statement.
pub(super) fn change(f: &mut fmt::Formatter<'_>, from: &Document, to: &Document) -> fmt::Result {
    let missing_in = |document: &Document, statement: &&Statement| {
        !document.statements().iter().any(|other| other.same_meaning(statement))
    };
    let (posing, goes): (Vec<&Statement>, Vec<&Statement>) = from
        .statements()
        .iter()
        .filter(|statement| missing_in(to, statement))
        .partition(|statement| is_posing(statement, to));
    let comes = || to.statements().iter().filter(|statement| missing_in(from, statement));
    let (old, new) = (takes(goes.iter().copied()), takes(comes()));
    let (lost, won): (Vec<_>, Vec<_>) =
        (old.difference(&new).cloned().collect(), new.difference(&old).cloned().collect());
    f.write_str("change the trust policy: ")?;
    match (won.is_empty(), lost.is_empty()) {
        (false, false) => write!(f, "trust {}, no longer {}", list(won), list(lost))?,
        (false, true) => write!(f, "trust {}", list(won))?,
        (true, false) => write!(f, "no longer trust {}", list(lost))?,
        // The same subjects under other conditions.
        (true, true) if !goes.is_empty() || posing.is_empty() => {
            let sids = goes.iter().copied().chain(comes()).filter_map(Statement::sid).map(str::to_owned);
            let sids: BTreeSet<String> = sids.collect();
            write!(f, "write the statement {} as it has to be, for {}", list(sids), list(new))?;
        }
        (true, true) => f.write_str("trust nobody else")?,
    }
    for statement in posing {
        let sid = statement.sid().unwrap_or_default();
        let does = match statement.effect() {
            Effect::Allow => "trusts",
            Effect::Deny => "denies",
        };
        write!(f, "; the statement {sid}, which is not ours and {does} {}, goes", whom(statement))?;
    }
    write!(f, " ({})", size(to))
}

/// Tells whether a statement under a Sid of ours is another one's than what is to stand there: of another principal, or
/// no permission at all.
fn is_posing(statement: &Statement, to: &Document) -> bool {
    let Some(id) = sid_of_issuer(statement) else { return false };
    let of_issuer = to.statements().iter().filter(|made| sid_of_issuer(made) == Some(id));
    let mut of_issuer = of_issuer.peekable();
    of_issuer.peek().is_some()
        && !of_issuer.any(|made| {
            made.effect() == statement.effect()
                && made.principal() == statement.principal()
                && made.not_principal() == statement.not_principal()
        })
}

/// The principals of a statement, as they stand there.
fn whom(statement: &Statement) -> String {
    let names = |principal: &Principal| match principal {
        Principal::Anyone => "everyone".to_owned(),
        Principal::Map(kinds) => list(kinds.values().flatten().cloned()),
    };
    match (statement.principal(), statement.not_principal()) {
        (Some(principal), _) => names(principal),
        (None, Some(but)) => format!("everyone but {}", names(but)),
        (None, None) => "nobody".to_owned(),
    }
}

/// Whom statements take, as far as they say it with `sub`; other statements by their name.
pub(super) fn takes<'a>(statements: impl Iterator<Item = &'a Statement>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for statement in statements {
        let tests = statement.condition().tests().filter(|(_, key, _)| key.ends_with(":sub"));
        let before = all.len();
        all.extend(tests.flat_map(|(_, _, values)| values).map(|subject| shown(subject)));
        if all.len() == before {
            all.insert(format!("whom the statement {} names", statement.sid().unwrap_or("without a Sid")));
        }
    }
    all
}

pub(super) fn size(document: &Document) -> String {
    format!("{} characters", document.characters())
}

pub(super) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    if items.is_empty() { "nobody".to_owned() } else { items.join(", ") }
}
