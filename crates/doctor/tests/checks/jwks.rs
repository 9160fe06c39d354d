//! The JWKS, and whose keys are in it.

use issuer_discovery::Jwks;
use issuer_doctor::Fact;
use issuer_keygen::SigningKey;

use crate::Case;
use crate::change::{bucket, jwks, publish, replace};
use crate::healthy::{key, other_key, served, site, stored};

pub(crate) const CASES: &[Case] = &[
    (
        "a published key has a member twice",
        |facts| jwks(facts, |answer| replace(&mut answer.body, "\"use\"", "\"use\":\"sig\",\"use\"")),
        "
        fail documents/sts-reads [keys]
        fail token/verdict [keys]",
    ),
    (
        "our key is for encryption",
        |facts| {
            facts.token = Fact::NotAsked("-");
            jwks(facts, |answer| replace(&mut answer.body, "\"use\":\"sig\"", "\"use\":\"enc\""));
        },
        "
        fail documents/algorithms [keys]
        fail documents/our-key [keys]
        skip token/form",
    ),
    (
        "our key is for another algorithm",
        |facts| {
            facts.token = Fact::NotAsked("-");
            jwks(facts, |answer| replace(&mut answer.body, "\"alg\":\"ES256\"", "\"alg\":\"ES512\""));
        },
        "
        fail documents/algorithms [keys]
        fail documents/our-key [keys]
        skip token/form",
    ),
    (
        "our key is for signing alone",
        |facts| {
            facts.token = Fact::NotAsked("-");
            jwks(facts, |answer| replace(&mut answer.body, "\"use\"", "\"key_ops\":[\"sign\"],\"use\""));
        },
        "
        fail documents/algorithms [keys]
        fail documents/our-key [keys]
        skip token/form",
    ),
    (
        "our key is badly written",
        |facts| {
            jwks(facts, |answer| replace(&mut answer.body, "\",\"y\":\"", "=\",\"y\":\""));
        },
        "
        fail documents/algorithms [keys]
        fail documents/our-key [keys]
        fail token/key [keys]
        fail token/verdict [keys]",
    ),
    (
        "our key is for encryption, and another is good",
        |facts| {
            facts.token = Fact::NotAsked("-");
            publish(facts, &Jwks::of([key(), other_key()].map(SigningKey::public_key)));
            jwks(facts, |answer| replace(&mut answer.body, "\"use\":\"sig\"", "\"use\":\"enc\""));
        },
        "
        warn documents/algorithms
        fail documents/our-key [keys]
        skip token/form",
    ),
    (
        "nobody may read the JWKS",
        |facts| jwks(facts, |answer| answer.status = 403),
        "
        fail documents/jwks [keys]
        fail token/verdict [keys]",
    ),
    (
        "the JWKS is empty",
        |facts| jwks(facts, |answer| answer.body = br#"{"keys":[]}"#.to_vec()),
        "
        fail documents/jwks-form [keys]
        fail token/verdict [keys]",
    ),
    (
        "the JWKS is no JSON",
        |facts| jwks(facts, |answer| answer.body = b"oops".to_vec()),
        "
        fail documents/jwks-form [keys]
        fail token/verdict [keys]",
    ),
    (
        "a private key is published",
        |facts| {
            jwks(facts, |answer| {
                replace(&mut answer.body, "\"use\":\"sig\"", "\"use\":\"sig\",\"d\":\"AAAA\"");
            });
        },
        "
        fail documents/private-members",
    ),
    (
        "there is no key that AWS could use",
        |facts| {
            jwks(facts, |answer| {
                answer.body = br#"{"keys":[{"kid":"ed","kty":"OKP","crv":"Ed25519","x":"AA"}]}"#.to_vec();
            });
        },
        "
        fail documents/key-count [keys]
        fail token/verdict [keys]",
    ),
    (
        "there are too many keys",
        |facts| {
            jwks(facts, |answer| {
                let more: String = (0..100)
                    .map(|n| format!(r#"{{"kid":"k{n}","kty":"EC","crv":"P-256","x":"{n}","y":"AA"}},"#))
                    .collect();
                replace(&mut answer.body, "[", &format!("[{more}"));
            });
        },
        "
        fail documents/key-count [keys]
        fail token/verdict [keys]",
    ),
    (
        "a published key has no key id",
        |facts| {
            jwks(facts, |answer| {
                replace(&mut answer.body, "[", r#"[{"kty":"RSA","n":"AA","e":"AQAB"},"#);
            });
        },
        "
        fail documents/key-ids [keys]
        fail token/verdict [keys]",
    ),
    (
        "a key id is there twice",
        |facts| {
            jwks(facts, |answer| {
                let kid = key().public_key().kid();
                replace(
                    &mut answer.body,
                    "[",
                    &format!(r#"[{{"kid":"{kid}","kty":"RSA","n":"AA","e":"AQAB"}},"#),
                );
            });
        },
        "
        fail documents/key-ids [keys]
        fail token/verdict [keys]",
    ),
    (
        "a key is there twice, under two names",
        |facts| {
            jwks(facts, |answer| {
                let text = String::from_utf8(answer.body.clone()).unwrap();
                let entry = text[text.find('[').unwrap() + 1..text.rfind(']').unwrap()].to_owned();
                let kid = key().public_key().kid().to_string();
                answer.body = text.replace('[', &format!("[{},", entry.replace(&kid, "again"))).into_bytes();
            });
        },
        "
        warn documents/key-ids",
    ),
    (
        "a key is of a kind that AWS does not take",
        |facts| {
            jwks(facts, |answer| {
                replace(&mut answer.body, "[", r#"[{"kid":"ed","kty":"OKP","crv":"Ed25519","x":"AA"},"#);
            });
        },
        "
        warn documents/algorithms
        warn documents/foreign-keys",
    ),
    // The classic of the field: the new key was written over the old one, and not beside it.
    (
        "keys.json was overwritten after a rotation",
        |facts| {
            facts.documents.jwks = Some(Ok(served(site(&[other_key()]).jwks())));
            bucket(facts).parts.jwks = Ok(Some(stored(site(&[other_key()]).jwks())));
        },
        "
        fail documents/our-key [keys]
        fail token/key [keys]
        fail token/verdict [keys]",
    ),
    (
        "our key is published under another name",
        |facts| {
            jwks(facts, |answer| {
                replace(&mut answer.body, key().public_key().kid().as_str(), "thumbprint");
            });
        },
        "
        fail documents/our-key [keys]
        fail token/key [keys]
        fail token/verdict [keys]",
    ),
    (
        "another key is published under our key's name",
        |facts| {
            let mut answer = served(site(&[other_key()]).jwks());
            let (ours, theirs) = (key().public_key().kid(), other_key().public_key().kid());
            replace(&mut answer.body, theirs.as_str(), ours.as_str());
            facts.documents.jwks = Some(Ok(answer));
        },
        "
        fail documents/our-key [signature]
        fail token/signature [signature]
        fail token/verdict [signature]
        warn bucket/objects",
    ),
    (
        "somebody else's key is published too",
        |facts| publish(facts, &Jwks::of([key(), other_key()].map(SigningKey::public_key))),
        "
        warn documents/foreign-keys",
    ),
];
