//! Changes of a single thing in facts.

use issuer_discovery::{BucketError, FetchError, Fetched, Jwks, PublishedDocument};
use issuer_doctor::{BucketFacts, Fact, Facts, LoadedKeys};
use issuer_keygen::{KeyDirError, KeyDirWarning};
use issuer_policy::{Document, Statement};
use issuer_registrar::{Provider, Role};
use issuer_relying_party::Authority;

use crate::healthy::{self, ISSUER, trust_policy};

pub(crate) fn keys(facts: &mut Facts, result: Result<LoadedKeys, KeyDirError>) {
    if let Fact::Is(keys) = &mut facts.keys {
        keys.loaded = result;
    }
}

pub(crate) fn loaded(facts: &mut Facts, change: impl FnOnce(&mut LoadedKeys)) {
    if let Fact::Is(keys) = &mut facts.keys
        && let Ok(loaded) = &mut keys.loaded
    {
        change(loaded);
    }
}

pub(crate) fn warn(facts: &mut Facts, warning: KeyDirWarning) {
    loaded(facts, |keys| keys.warnings.push(warning));
}

/// Changes what is served as discovery document, and what is stored with it.
pub(crate) fn discovery(facts: &mut Facts, change: impl FnOnce(&mut Fetched)) {
    let answer = facts.documents.discovery.as_mut().unwrap();
    change(answer);
    let body = answer.body.clone();
    // Where it points is where the JWKS comes from.
    facts.documents.jwks_uri = PublishedDocument::parse(&body).ok().map(|document| document.jwks_uri);
    if let Ok(Some(object)) = &mut bucket(facts).parts.discovery {
        object.bytes = body;
    }
}

/// Changes what is served as JWKS, and what is stored with it.
pub(crate) fn jwks(facts: &mut Facts, change: impl FnOnce(&mut Fetched)) {
    let answer = facts.documents.jwks.as_mut().unwrap().as_mut().unwrap();
    change(answer);
    let body = answer.body.clone();
    if let Ok(Some(object)) = &mut bucket(facts).parts.jwks {
        object.bytes = body;
    }
}

pub(crate) fn publish(facts: &mut Facts, keys: &Jwks) {
    jwks(facts, |answer| answer.body = keys.to_json().into_bytes());
}

pub(crate) fn replace(body: &mut Vec<u8>, from: &str, to: &str) {
    let text = String::from_utf8(body.clone()).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    *body = text.replacen(from, to, 1).into_bytes();
}

pub(crate) fn ends(facts: &mut Facts, until: time::OffsetDateTime) {
    facts.certificates.as_mut().unwrap().chain = vec![healthy::certificate(until)];
}

pub(crate) fn bucket(facts: &mut Facts) -> &mut BucketFacts {
    let Fact::Is(bucket) = &mut facts.bucket else { panic!("the bucket is asked for") };
    bucket
}

pub(crate) fn policy(facts: &mut Facts, statements: Vec<Statement>) {
    let mut policy = Document::empty();
    for statement in statements {
        policy.merge(statement);
    }
    bucket(facts).parts.policy = Ok(Some(policy));
}

pub(crate) fn provider(facts: &mut Facts, change: impl FnOnce(&mut Option<Provider>)) {
    let Fact::Is(provider) = &mut facts.provider else { panic!("the provider is asked for") };
    change(&mut provider.live);
}

pub(crate) fn live(facts: &mut Facts, change: impl FnOnce(&mut Provider)) {
    provider(facts, |live| change(live.as_mut().unwrap()));
}

pub(crate) fn role(facts: &mut Facts, change: impl FnOnce(&mut Option<Role>)) {
    let Fact::Is(role) = &mut facts.role else { panic!("the role is asked for") };
    change(role.live.as_mut().unwrap());
}

pub(crate) fn trust(facts: &mut Facts, condition: &str) {
    role(facts, |live| live.as_mut().unwrap().trust_policy = trust_policy(condition));
}

/// Asks about another issuer than the token's, and looks at its documents.
pub(crate) fn ask_about(facts: &mut Facts, issuer: &str) {
    facts.issuer = issuer.parse().unwrap();
    facts.documents.issuer = issuer.to_owned();
}

/// What comes of a certificate that is not taken: a connection, and no document.
pub(crate) fn refuse_certificate(facts: &mut Facts, why: &str) {
    let seen = facts.certificates.as_mut().unwrap();
    seen.verified = Err(why.to_owned());
    seen.public = false;
    facts.documents.discovery = Err(broken_off());
    facts.documents.jwks = None;
    facts.documents.authority = Authority::Unknown;
}

pub(crate) fn broken_off() -> FetchError {
    let source = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    FetchError::Broken { url: ISSUER.to_owned(), source: source.into() }
}

pub(crate) fn not_ours() -> BucketError {
    BucketError::NotThisAccounts { bucket: "oidc-bucket".to_owned(), account: "123456789012".to_owned() }
}

pub(crate) fn no_address() -> FetchError {
    FetchError::Broken {
        url: ISSUER.to_owned(),
        source: "dns error: failed to lookup address information: Name or service not known".into(),
    }
}
