//! The JWKS: it is there, well formed, of a kind that AWS takes, and gives nothing away
//! ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)).

use std::collections::{BTreeMap, BTreeSet};

use issuer_discovery::{Jwk, Jwks};
use issuer_relying_party::{PublishedKeys, Step, TokenAlgorithm};
use serde_json::{Map, Value};

use super::commands::{Part, anew, mend_entry, publish};
use super::documents::unreadable;
use super::examine::line;
use crate::check::{Check, Group};
use crate::facts::Facts;
use crate::plain::{plain, plain_list, whole};
use crate::report::Finding;

pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        Group::Documents,
        "documents/jwks",
        "everyone can read the JWKS",
        &["documents/discovery", "documents/jwks-uri"],
        readable,
    ),
    Check::new(Group::Documents, "documents/jwks-form", "it is a set of keys", &["documents/jwks"], form),
    Check::new(
        Group::Documents,
        "documents/private-members",
        "no private key is published",
        &["documents/jwks-form"],
        private_members,
    ),
    Check::new(
        Group::Documents,
        "documents/key-count",
        "there are keys, and no more than AWS takes",
        &["documents/jwks-form"],
        count,
    ),
    Check::new(
        Group::Documents,
        "documents/key-ids",
        "every key has a key id of its own, and is there once",
        &["documents/jwks-form"],
        key_ids,
    ),
    Check::new(
        Group::Documents,
        "documents/sts-reads",
        "both documents can be read in one way alone, as STS does",
        &[
            "documents/issuer",
            "documents/jwks-uri",
            "documents/jwks-form",
            "documents/key-count",
            "documents/key-ids",
        ],
        sts_reads,
    ),
    Check::new(
        Group::Documents,
        "documents/algorithms",
        "every key is one that AWS can use",
        &["documents/sts-reads"],
        algorithms,
    ),
];

/// AWS: "1 to 100 RSA keys", and as many EC keys at most.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html>
const MOST_KEYS: usize = 100;

pub(super) fn body(facts: &Facts) -> Option<&[u8]> {
    Some(&facts.documents.jwks.as_ref()?.as_ref().ok()?.body)
}

/// The published keys, where they can be read.
pub(super) fn published(facts: &Facts) -> Option<Jwks> {
    Jwks::parse(body(facts)?).ok()
}

pub(super) fn with(facts: &Facts, look: impl FnOnce(&Jwks) -> Finding) -> Finding {
    match published(facts) {
        Some(jwks) => look(&jwks),
        None => Finding::skip("there is no JWKS"),
    }
}

/// The entries member by member.
pub(super) fn entries(facts: &Facts) -> Vec<Map<String, Value>> {
    let parsed: Option<Value> = body(facts).and_then(|body| serde_json::from_slice(body).ok());
    let entries = parsed.as_ref().and_then(|set| set.get("keys")?.as_array()).into_iter().flatten();
    entries.filter_map(|entry| entry.as_object().cloned()).collect()
}

pub(super) fn name(key: &Jwk) -> String {
    key.kid().map_or_else(|| "a key without key id".to_owned(), plain)
}

fn readable(facts: &Facts) -> Finding {
    match &facts.documents.jwks {
        None => Finding::skip("the discovery document names no jwks_uri"),
        Some(answer) => unreadable(facts, Part::Jwks, answer).unwrap_or_else(|| Finding::pass("HTTP 200")),
    }
}

fn form(facts: &Facts) -> Finding {
    let expected = "a JSON object with a list `keys` that is not empty";
    let Some(body) = body(facts) else { return Finding::skip("there is no answer") };
    match Jwks::parse(body) {
        Ok(jwks) if jwks.is_empty() => {
            Finding::fail(expected, "there is no key in it", publish(facts)).at(Step::Keys)
        }
        Ok(jwks) => Finding::pass(match jwks.keys().len() {
            1 => "one key".to_owned(),
            several => format!("{several} keys"),
        }),
        Err(error) => Finding::fail(expected, whole(&error), anew(facts, Part::Jwks)).at(Step::Keys),
    }
}

fn private_members(facts: &Facts) -> Finding {
    with(facts, |jwks| {
        let leaked = jwks.keys().iter().filter_map(|key| Some((key, key.private_member()?)));
        let leaked: Vec<String> =
            leaked.map(|(key, member)| format!("{} has the member `{member}`", name(key))).collect();
        if leaked.is_empty() {
            return Finding::pass("public members alone");
        }
        Finding::fail(
            "public members alone",
            format!("critical: {}", plain_list(&leaked)),
            "everyone who has read it can be every service account: take the key out of the JWKS, make a new one in \
             a directory of its own (issuerctl keygen --keys NEW), and replace it in the control plane now",
        )
    })
}

fn count(facts: &Facts) -> Finding {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries(facts) {
        let kind = entry.get("kty").and_then(Value::as_str).unwrap_or("untyped");
        *kinds.entry(plain(kind)).or_default() += 1;
    }
    let listed = plain_list(kinds.iter().map(|(kind, count)| format!("{count} {kind}")));
    let of = |kind| kinds.get(kind).copied().unwrap_or(0);
    if of("RSA") + of("EC") == 0 {
        let hint = format!("publish the key that signs: {}", publish(facts));
        return Finding::fail("an RSA or EC key at least", listed, hint).at(Step::Keys);
    }
    if of("RSA").max(of("EC")) > MOST_KEYS {
        return Finding::fail(
            "at most 100 RSA and 100 EC keys",
            listed,
            "take keys out of the JWKS that sign no token any more",
        )
        .at(Step::Keys);
    }
    Finding::pass(listed)
}

fn key_ids(facts: &Facts) -> Finding {
    with(facts, |jwks| {
        let keys = jwks.keys();
        let hint = mend_entry(facts);
        if keys.iter().any(|key| key.kid().is_none()) {
            return Finding::fail(
                "a key id (`kid`) in every key",
                "a key has none, and AWS takes no such set",
                hint,
            )
            .at(Step::Keys);
        }
        let mut seen = BTreeSet::new();
        if let Some(key) = keys.iter().find(|key| !seen.insert(key.kid())) {
            let actual = format!("{} is there more than once", name(key));
            return Finding::fail("every key id once", actual, hint).at(Step::Keys);
        }
        // Each with each: a set that is too large anyway is not gone through.
        let few = keys.get(..2 * MOST_KEYS).unwrap_or(keys);
        let double = few.iter().enumerate().find_map(|(at, key)| {
            few[..at].iter().find(|before| before.same_key(key)).map(|before| (before, key))
        });
        match double {
            Some((first, second)) => Finding::warn(
                "every key once",
                format!("{} and {} are the same key", name(first), name(second)),
                hint,
            ),
            None => Finding::pass("every key has an id of its own"),
        }
    })
}

fn algorithms(facts: &Facts) -> Finding {
    let expected = "RSA keys of 2048 bits or more with RS256, and EC keys on P-256, P-384 and P-521";
    let entries = entries(facts);
    // What is more than that is refused anyway.
    let few = entries.get(..2 * MOST_KEYS).unwrap_or(&entries);
    let mut kinds = BTreeSet::new();
    let mut odd = Vec::new();
    for entry in few {
        match usable(entry, facts.issuer.as_str()) {
            Ok(algorithm) => {
                kinds.insert(algorithm.name());
            }
            Err(problem) => odd.push(problem),
        }
    }
    if odd.is_empty() {
        return Finding::pass(kinds.into_iter().collect::<Vec<_>>().join(", "));
    }
    if kinds.is_empty() {
        return Finding::fail(expected, plain_list(&odd), mend_entry(facts)).at(Step::Keys);
    }
    Finding::warn(
        expected,
        plain_list(&odd),
        format!(
            "AWS takes no token that is signed with such a key: leave it where others use it; else {}",
            mend_entry(facts)
        ),
    )
}

/// Tells with which algorithm AWS can use a key that kube-apiserver signs with, and if with none, why.
fn usable(entry: &Map<String, Value>, issuer: &str) -> Result<TokenAlgorithm, String> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let kid = text("kid").filter(|kid| !kid.is_empty());
    let algorithm = match (text("kty"), text("crv")) {
        (Some("RSA"), _) => TokenAlgorithm::Rs256,
        (Some("EC"), Some("P-256")) => TokenAlgorithm::Es256,
        (Some("EC"), Some("P-384")) => TokenAlgorithm::Es384,
        (Some("EC"), Some("P-521")) => TokenAlgorithm::Es512,
        _ => {
            return Err(format!(
                "{} is of no kind that AWS takes",
                kid.map_or("a key without key id".into(), plain)
            ));
        }
    };
    // Alone, so that nothing of another entry is in the way.
    let mut alone = entry.clone();
    let kid = kid.unwrap_or("without key id");
    alone.insert("kid".to_owned(), kid.into());
    let set = serde_json::json!({ "keys": [alone] }).to_string();
    let key = PublishedKeys::parse(set.as_bytes(), issuer);
    match key.and_then(|keys| keys.key_named(kid, algorithm, issuer)) {
        Ok(_) => Ok(algorithm),
        Err(refused) => Err(refused.explanation),
    }
}

/// What a reader might read otherwise than another, such as a member that is there twice, STS is not to guess at.
fn sts_reads(facts: &Facts) -> Finding {
    let issuer = facts.issuer.as_str();
    let Err(reason) = facts.documents.keys(issuer) else { return Finding::pass("they can be") };
    let jwks = body(facts).map(|body| PublishedKeys::parse(body, issuer));
    let part = if matches!(jwks, Some(Err(_))) { Part::Jwks } else { Part::Discovery };
    Finding::fail(
        "every member once, of the type that it has to be",
        line(&reason.explanation),
        anew(facts, part),
    )
    .at(reason.step)
}
