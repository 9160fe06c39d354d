//! Whose keys are published: ours, and nobody else's.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use issuer_discovery::Jwk;
use issuer_keygen::{KeyMaterial, KeyRing, PublicKey};
use issuer_relying_party::{PublishedKeys, Refused, Step, TokenAlgorithm};
use serde_json::{Map, Value};

use super::commands::{mend_entry, publish};
use super::examine::line;
use super::jwks::{body, entries, name, published, with};
use crate::check::{Check, Group};
use crate::facts::Facts;
use crate::plain::plain_list;
use crate::report::Finding;

pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        Group::Documents,
        "documents/our-key",
        "the key that signs is published",
        &[
            "documents/jwks-form",
            "documents/key-count",
            "documents/key-ids",
            "keys/readable",
            "keys/pair",
            "keys/names",
        ],
        our_key,
    ),
    Check::new(
        Group::Documents,
        "documents/foreign-keys",
        "nobody else's key is published",
        &["documents/our-key"],
        foreign_keys,
    ),
];

/// Our keys, where they could be loaded.
fn ring(facts: &Facts) -> Option<&KeyRing> {
    Some(&facts.keys.known()?.loaded.as_ref().ok()?.ring)
}

/// Tells whether the key that signs is published; nothing when one of the two cannot be seen.
pub(super) fn our_key_is_published(facts: &Facts) -> Option<bool> {
    let signer = ring(facts)?.signer();
    let jwks = published(facts)?;
    Some(jwks.find(signer.kid().as_str()).is_some_and(|found| found.same_key(&Jwk::of(signer))))
}

/// Tells whether every published key is ours, were it badly written; nothing when that cannot be seen.
pub(super) fn all_ours(facts: &Facts) -> Option<bool> {
    let ring = ring(facts)?;
    published(facts)?;
    let is_ours = |entry: &Map<String, Value>| ring.published().any(|key| is_key(entry, key));
    Some(entries(facts).iter().all(is_ours))
}

/// Tells whether an entry has the numbers of a key, with padding or leading zeros though they may be.
fn is_key(entry: &Map<String, Value>, key: &PublicKey) -> bool {
    const ANY_PADDING: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let significant = |bytes: &[u8]| bytes.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
    let has = |name: &str, number: &[u8]| {
        let text = entry.get(name).and_then(Value::as_str).unwrap_or_default();
        let text = text.replace('+', "-").replace('/', "_");
        let found = GeneralPurpose::new(&URL_SAFE, ANY_PADDING).decode(text);
        found.is_ok_and(|found| significant(&found) == significant(number))
    };
    match key.material() {
        KeyMaterial::Rsa { modulus, exponent } => has("n", modulus) && has("e", exponent),
        KeyMaterial::Ec { x, y, .. } => has("x", x) && has("y", y),
    }
}

/// Chooses our signer's key as STS does for the tokens that it signs; nothing where STS reads no key at all.
fn chosen(facts: &Facts, signer: &PublicKey) -> Option<Result<(), Refused>> {
    let issuer = facts.issuer.as_str();
    let keys = PublishedKeys::parse(body(facts)?, issuer).ok()?;
    let algorithm: TokenAlgorithm = signer.signature_algorithm().to_string().parse().ok()?;
    Some(keys.key_named(signer.kid().as_str(), algorithm, issuer).map(|_| ()))
}

fn our_key(facts: &Facts) -> Finding {
    let Some(ring) = ring(facts) else {
        return Finding::skip(facts.keys.why().unwrap_or_else(|| "the keys cannot be read".to_owned()));
    };
    with(facts, |jwks| {
        let signer = ring.signer();
        let ours = Jwk::of(signer);
        // `publish` adds no key to a JWKS of others: that would let one cluster sign for another.
        let hint = format!(
            "put the entry that `issuerctl jwks` writes beside the keys that are there, by hand; or, where nobody signs \
             with those any more, delete that JWKS and run: {}",
            publish(facts)
        );
        if let Some(found) = jwks.find(signer.kid().as_str()) {
            let expected = format!("the key of {}", signer.kid());
            return match chosen(facts, signer) {
                None => Finding::skip("waits for documents/sts-reads"),
                Some(Err(reason)) => {
                    Finding::fail(expected, line(&reason.explanation), mend_entry(facts)).at(reason.step)
                }
                Some(Ok(())) if found.same_key(&ours) => {
                    Finding::pass(format!("{}, {}", signer.kid(), signer.describe()))
                }
                Some(Ok(())) => {
                    Finding::fail(expected, "another key is published under its key id", mend_entry(facts))
                        .at(Step::Signature)
                }
            };
        }
        let actual = match jwks.keys().iter().find(|key| key.same_key(&ours)) {
            Some(renamed) => format!("the same key is published as {}, which no token names", name(renamed)),
            None => format!(
                "it holds {}: it was overwritten, or is that of another cluster",
                plain_list(jwks.keys().iter().map(name))
            ),
        };
        Finding::fail(format!("{} in the JWKS", signer.kid()), actual, hint).at(Step::Keys)
    })
}

fn foreign_keys(facts: &Facts) -> Finding {
    let Some(ring) = ring(facts) else { return Finding::skip("the keys cannot be read") };
    with(facts, |jwks| {
        let ours: Vec<Jwk> = ring.published().map(Jwk::of).collect();
        let foreign: Vec<String> = jwks
            .keys()
            .iter()
            .filter(|key| !ours.iter().any(|known| known.same_key(key)))
            .map(name)
            .collect();
        if foreign.is_empty() {
            return Finding::pass("all of them are ours");
        }
        Finding::warn(
            "our keys alone",
            plain_list(&foreign),
            "whoever has such a key can be every service account: find out whose it is (an older key of this cluster \
             belongs into sa.pub), else take it out of the JWKS",
        )
    })
}
