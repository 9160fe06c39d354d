//! The issuer's URL and its host.

use std::time::Duration;

use issuer_discovery::{Certificates, FetchError};
use issuer_doctor::Fact;
use issuer_relying_party::Authority;
use time::macros::datetime;

use crate::Case;
use crate::change::{ask_about, broken_off, ends, no_address, provider, refuse_certificate};
use crate::healthy::{self, ISSUER};

pub(crate) const CASES: &[Case] = &[
    // The classic of the field: one slash.
    (
        "the issuer has a trailing slash",
        |facts| {
            facts.issuer = format!("{ISSUER}/").parse().unwrap();
            facts.provider = Fact::Unknown("IAM has no provider of such an issuer".to_owned());
        },
        "
        fail keys/issuer
        fail documents/issuer-url [provider]
        fail token/issuer
        skip provider/exists",
    ),
    (
        "the issuer has upper-case letters",
        |facts| {
            facts.issuer = ISSUER.replace("oidc", "OIDC").parse().unwrap();
            facts.provider = Fact::Unknown("IAM has no provider of such an issuer".to_owned());
        },
        "
        fail keys/issuer
        fail documents/issuer-url [provider]
        fail token/issuer
        skip provider/exists",
    ),
    (
        "the look goes through --connect-to",
        |facts| facts.public_look = false,
        "
        warn documents/public-look",
    ),
    (
        "the issuer's host has no address",
        |facts| {
            let broken = || FetchError::Broken {
                url: ISSUER.to_owned(),
                source: "dns error: failed to lookup address information: Name or service not known".into(),
            };
            facts.documents.discovery = Err(broken());
            facts.documents.jwks = None;
            facts.documents.authority = Authority::Unknown;
            facts.certificates = Err(broken());
        },
        "
        fail documents/reachable [reachable]
        fail token/verdict [reachable]
        skip provider/thumbprint",
    ),
    (
        "the issuer's host is slow",
        |facts| {
            let slow = || FetchError::Timeout { url: ISSUER.to_owned(), limit: Duration::from_secs(5) };
            facts.documents.discovery = Err(slow());
            facts.documents.jwks = None;
            facts.documents.authority = Authority::Unknown;
            facts.certificates = Err(slow());
        },
        "
        fail documents/reachable [keys]
        fail token/verdict [keys]
        skip provider/thumbprint",
    ),
    (
        "the certificate ends in a week",
        |facts| ends(facts, datetime!(2026-03-08 0:00 UTC)),
        "
        warn documents/certificate",
    ),
    (
        "the certificate has ended",
        |facts| {
            ends(facts, datetime!(2026-02-27 0:00 UTC));
            refuse_certificate(facts, "invalid peer certificate: Expired");
        },
        "
        fail documents/certificate [keys]
        fail token/verdict [keys]
        skip provider/thumbprint",
    ),
    (
        "the certificate of the JWKS's own host has ended",
        |facts| {
            facts.jwks_certificates = Some(Ok(Certificates {
                chain: vec![healthy::certificate(datetime!(2026-02-27 0:00 UTC))],
                verified: Err("invalid peer certificate: Expired".to_owned()),
                public: false,
            }));
            facts.documents.jwks = Some(Err(broken_off()));
            facts.documents.authority = Authority::Unknown;
        },
        "
        fail documents/certificate [keys]
        fail token/verdict [keys]
        skip provider/thumbprint",
    ),
    (
        "nobody who is trusted vouches for the certificate",
        |facts| refuse_certificate(facts, "invalid peer certificate: UnknownIssuer"),
        "
        fail documents/tls [keys]
        fail token/verdict [keys]
        skip provider/thumbprint",
    ),
    (
        "the issuer is plain http",
        |facts| {
            let not_https = || FetchError::NotHttps { url: "http://oidc.example.com".to_owned() };
            facts.issuer = "http://oidc.example.com".parse().unwrap();
            facts.documents.discovery = Err(not_https());
            facts.documents.jwks = None;
            facts.documents.authority = Authority::Unknown;
            facts.certificates = Err(not_https());
            facts.provider = Fact::Unknown("IAM has no provider of such an issuer".to_owned());
            facts.token = Fact::NotAsked("--token FILE");
        },
        "
        fail keys/issuer
        fail documents/issuer-url [provider]
        skip documents/reachable provider/exists token/form",
    ),
    // STS has an answer of its own to the token's issuer, whatever is asked about here.
    (
        "the token is good, and the issuer that is asked about is plain http",
        |facts| {
            let not_https = || FetchError::NotHttps { url: "http://oidc.example.com".to_owned() };
            ask_about(facts, "http://oidc.example.com");
            facts.documents.discovery = Err(not_https());
            facts.documents.jwks = None;
            facts.documents.authority = Authority::Unknown;
            facts.certificates = Err(not_https());
            facts.provider = Fact::Unknown("IAM has no provider of such an issuer".to_owned());
        },
        "
        fail keys/issuer
        fail documents/issuer-url [provider]
        fail token/issuer
        skip documents/reachable provider/exists",
    ),
    (
        "the token is good, and nobody is at the issuer that is asked about",
        |facts| {
            ask_about(facts, "https://nohost.invalid");
            facts.documents.discovery = Err(no_address());
            facts.documents.jwks = None;
            facts.documents.authority = Authority::Unknown;
            facts.certificates = Err(no_address());
            provider(facts, |live| *live = None);
        },
        "
        fail keys/issuer
        fail documents/reachable [reachable]
        fail provider/exists [provider]
        fail role/lint
        fail role/trust [trust]
        fail token/issuer [provider]",
    ),
    // A root that was cross-signed once, and is sent on for ever.
    (
        "a certificate has ended that the chain does not need",
        |facts| {
            let chain = &mut facts.certificates.as_mut().unwrap().chain;
            chain.push(healthy::certificate(datetime!(2026-02-27 0:00 UTC)));
        },
        "
        warn documents/certificate",
    ),
    (
        "a certificate has ended that the chain needs",
        |facts| {
            let chain = &mut facts.certificates.as_mut().unwrap().chain;
            chain.push(healthy::certificate(datetime!(2026-02-27 0:00 UTC)));
            refuse_certificate(facts, "invalid peer certificate: Expired");
        },
        "
        fail documents/certificate [keys]
        fail token/verdict [keys]
        skip provider/thumbprint",
    ),
    (
        "the certificates could not be looked at",
        |facts| facts.certificates = Err(broken_off()),
        "
        warn documents/certificate",
    ),
];
