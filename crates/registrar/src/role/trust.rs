//! Our statements in a trust policy: whom they take, and how one policy becomes another.

use std::collections::BTreeSet;

use issuer_policy::{Document, Effect, Principal, Statement};

use super::issuing::{Issuing, hex_digest};
use super::subject::{SubjectPattern, shown};
use crate::provider::Audience;

/// Writes the statements that take these subjects, whole ones and patterns.
pub(super) fn statements(
    issuing: &Issuing,
    audience: &Audience,
    exact: BTreeSet<String>,
    patterns: BTreeSet<String>,
) -> Vec<Statement> {
    let provider = issuing.provider_arn();
    let target = issuing.target(&provider, audience.as_str());
    let mut statements = Vec::new();
    if !exact.is_empty() {
        statements.push(Statement::allow_web_identity(issuing.sid(), &target, exact));
    }
    if !patterns.is_empty() {
        statements.push(Statement::allow_web_identity_like(issuing.pattern_sid(), &target, patterns));
    }
    statements
}

/// Puts these statements in the place of those under our Sids; all others stay as they are.
pub(super) fn replace(document: &Document, issuing: &Issuing, ours: &[Statement]) -> Document {
    let mut document = document.clone();
    for sid in sids(issuing) {
        if !ours.iter().any(|statement| statement.sid() == Some(&sid)) {
            document.remove(&sid);
        }
    }
    for statement in ours {
        let _ = document.merge(statement.clone());
    }
    document
}

/// Takes our statements away, and no one that only has a Sid of ours.
pub(super) fn without(document: &Document, issuing: &Issuing) -> Document {
    let mut rest = document.clone();
    for sid in sids(issuing) {
        if document.statement(&sid).is_some_and(|statement| is_ours(statement, issuing)) {
            rest.remove(&sid);
        }
    }
    rest
}

/// Tells whether a statement is ours for this issuer: it has our Sid, and lets in who comes from the issuer's provider,
/// and nobody else. A Sid alone anybody can write.
pub(super) fn is_ours(statement: &Statement, issuing: &Issuing) -> bool {
    has_our_sid(statement, issuing) && provider(statement) == Some(&*issuing.provider_arn())
}

/// Finds a statement under a Sid of ours that is not ours.
pub(super) fn posing<'a>(document: &'a Document, issuing: &Issuing) -> Option<&'a Statement> {
    let mut statements = document.statements().iter();
    statements.find(|statement| has_our_sid(statement, issuing) && !is_ours(statement, issuing))
}

fn has_our_sid(statement: &Statement, issuing: &Issuing) -> bool {
    statement.sid().is_some_and(|found| sids(issuing).iter().any(|sid| sid == found))
}

fn sids(issuing: &Issuing) -> [String; 2] {
    [issuing.sid(), issuing.pattern_sid()]
}

/// Returns the id of the issuer whose Sid a statement has.
pub(super) fn sid_of_issuer(statement: &Statement) -> Option<&str> {
    let id = statement.sid()?.strip_prefix("Issuerctl")?;
    let id = id.strip_suffix("Pattern").unwrap_or(id);
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (id.len() == 16 && id.bytes().all(hex)).then_some(id)
}

/// Returns the id of the issuer whose statement of ours this is in the same account: the one that its Sid names, and
/// that is trusted in it.
pub(super) fn issuer_of<'a>(statement: &'a Statement, issuing: &Issuing) -> Option<&'a str> {
    let account = &issuing.account;
    let providers = format!("arn:{}:iam::{}:oidc-provider/", account.partition, account.id);
    let url = format!("https://{}", provider(statement)?.strip_prefix(&providers)?);
    sid_of_issuer(statement).filter(|id| *id == hex_digest(&url, 16))
}

/// The provider that a statement lets in, where that is all it does.
fn provider(statement: &Statement) -> Option<&str> {
    let (Effect::Allow, Some(Principal::Map(kinds))) = (statement.effect(), statement.principal()) else {
        return None;
    };
    let [arn] = kinds.values().flatten().collect::<Vec<_>>()[..] else { return None };
    (kinds.len() == 1 && kinds.contains_key("Federated")).then_some(arn.as_str())
}

/// Lists whom our statements take, as a person would write them.
pub(super) fn trusted_subjects(document: &Document, issuing: &Issuing) -> Vec<String> {
    let ours = document.statements().iter().filter(|statement| is_ours(statement, issuing));
    let subjects: BTreeSet<&str> =
        ours.flat_map(|statement| subjects(statement, issuing.issuer.without_scheme())).collect();
    subjects.into_iter().map(shown).collect()
}

/// The values that a statement compares `sub` with; keys are compared without regard to case.
fn subjects<'a>(statement: &'a Statement, issuer: &str) -> impl Iterator<Item = &'a str> {
    let wanted = format!("{issuer}:sub").to_ascii_lowercase();
    let tests = statement.condition().tests().filter(move |(_, key, _)| *key == wanted);
    tests.flat_map(|(_, _, values)| values).map(String::as_str)
}

/// Tells whether two policies say the same, statement by statement.
#[cfg(feature = "iam")]
pub(super) fn same_statements(one: &Document, other: &Document) -> bool {
    let (one, other) = (one.statements(), other.statements());
    one.len() == other.len()
        && one.iter().all(|statement| other.iter().any(|same| same.same_meaning(statement)))
}

/// How a trust policy changes on the way from one set of permissions to another.
#[derive(Debug, PartialEq)]
pub(super) enum Way {
    /// Not at all.
    Stays,
    /// It loses subjects alone.
    Narrows,
    /// It wins subjects alone.
    Widens,
    /// It does both; what both have in common comes between, where they have something that is known.
    Both(Option<Document>),
}

/// Compares what is ours in a trust policy with what it has to be.
pub(super) fn way(from: &Document, to: &Document, issuing: &Issuing, audience: &Audience) -> Way {
    if from == to {
        return Way::Stays;
    }
    if posing(from, issuing).is_some() {
        // Whom it takes must not have what comes.
        return Way::Both(None);
    }
    let (Some(old), Some(new)) = (known(from, issuing, audience), known(to, issuing, audience)) else {
        // Edited by hand: what it takes is not known.
        return Way::Both(None);
    };
    let common = Subjects { exact: &old.exact & &new.exact, patterns: &old.patterns & &new.patterns };
    match (common == new, common == old) {
        (true, _) => Way::Narrows,
        (false, true) => Way::Widens,
        (false, false) => {
            let ours = statements(issuing, audience, common.exact, common.patterns);
            Way::Both((!ours.is_empty()).then(|| replace(from, issuing, &ours)))
        }
    }
}

#[derive(Debug, Default, PartialEq)]
struct Subjects {
    exact: BTreeSet<String>,
    patterns: BTreeSet<String>,
}

/// Whom our statements take, where they are exactly as we write them for this audience.
fn known(document: &Document, issuing: &Issuing, audience: &Audience) -> Option<Subjects> {
    let of = |sid: &str| -> BTreeSet<String> {
        let issuer = issuing.issuer.without_scheme();
        document
            .statement(sid)
            .into_iter()
            .flat_map(|found| subjects(found, issuer))
            .map(str::to_owned)
            .collect()
    };
    let found = Subjects { exact: of(&issuing.sid()), patterns: of(&issuing.pattern_sid()) };
    if !found.patterns.iter().all(|pattern| pattern.parse::<SubjectPattern>().is_ok()) {
        return None;
    }
    let ours = statements(issuing, audience, found.exact.clone(), found.patterns.clone());
    let live = document.statements().iter().filter(|statement| is_ours(statement, issuing));
    let same = live.clone().count() == ours.len()
        && live.into_iter().all(|live| ours.iter().any(|made| made.same_meaning(live)));
    same.then_some(found)
}
