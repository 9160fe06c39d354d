//! The two documents.

use issuer_discovery::FetchError;
use issuer_doctor::Facts;
use issuer_relying_party::Authority;

use crate::Case;
use crate::change::{discovery, jwks, no_address, replace};
use crate::healthy::ISSUER;

pub(crate) const CASES: &[Case] = &[
    (
        "the issuer's URL redirects",
        |facts| {
            discovery(facts, |answer| {
                answer.status = 301;
                answer.location = Some("https://www.example.com/".to_owned());
            });
        },
        "
        fail documents/redirect [keys]
        fail token/verdict [keys]",
    ),
    (
        "nobody may read the discovery document",
        |facts| discovery(facts, |answer| answer.status = 403),
        "
        fail documents/status [keys]
        fail token/verdict [keys]",
    ),
    (
        "the discovery document is an error page",
        |facts| {
            discovery(facts, |answer| {
                answer.body = b"<html></html>".to_vec();
            });
        },
        "
        fail documents/discovery [keys]
        fail token/verdict [keys]",
    ),
    // The same slash, in the document.
    (
        "the document's issuer has a trailing slash",
        |facts| {
            discovery(facts, |answer| {
                replace(
                    &mut answer.body,
                    &format!("\"issuer\":\"{ISSUER}\""),
                    &format!("\"issuer\":\"{ISSUER}/\""),
                );
            });
        },
        "
        fail documents/issuer [keys]
        fail token/verdict [keys]",
    ),
    (
        "jwks_uri is plain http",
        |facts| {
            discovery(facts, |answer| {
                replace(&mut answer.body, "\"jwks_uri\":\"https", "\"jwks_uri\":\"http");
            });
            facts.documents.jwks = None;
        },
        "
        fail documents/jwks-uri [keys]
        fail token/verdict [keys]",
    ),
    (
        "jwks_uri is on another host",
        |facts| {
            discovery(facts, |answer| {
                replace(
                    &mut answer.body,
                    "\"jwks_uri\":\"https://oidc-bucket",
                    "\"jwks_uri\":\"https://keys",
                );
            });
        },
        "
        warn documents/jwks-uri",
    ),
    (
        "jwks_uri has the port that it has anyway",
        |facts| moved(facts, "https://oidc-bucket.s3.eu-west-1.amazonaws.com:443/prod/openid/v1/jwks"),
        "",
    ),
    (
        "jwks_uri has a user's name",
        |facts| {
            moved(facts, "https://oidc-bucket.s3.eu-west-1.amazonaws.com@evil.example/prod/openid/v1/jwks");
        },
        "
        fail documents/jwks-uri",
    ),
    (
        "jwks_uri is elsewhere below the issuer",
        |facts| moved(facts, &format!("{ISSUER}/keys.json")),
        "
        warn documents/jwks-uri",
    ),
    (
        "jwks_uri is elsewhere on the issuer's host",
        |facts| moved(facts, "https://oidc-bucket.s3.eu-west-1.amazonaws.com/other/openid/v1/jwks"),
        "
        warn documents/jwks-uri",
    ),
    (
        "the discovery document has a member twice",
        |facts| discovery(facts, |answer| replace(&mut answer.body, "{", r#"{"x":{"y":1,"y":2},"#)),
        "
        fail documents/sts-reads [keys]
        fail token/verdict [keys]",
    ),
    (
        "the documents are served as text",
        |facts| {
            jwks(facts, |answer| {
                answer.content_type = Some("text/html; charset=utf-8".to_owned());
            });
        },
        "
        warn documents/content-type",
    ),
    (
        "the JWKS may be cached for a day",
        |facts| {
            jwks(facts, |answer| {
                answer.cache_control = Some("public, max-age=86400".to_owned());
            });
        },
        "
        warn documents/cache",
    ),
    (
        "nobody says how long the discovery document may be cached",
        |facts| {
            discovery(facts, |answer| answer.cache_control = None);
        },
        "
        warn documents/cache",
    ),
    (
        "the discovery document is too large",
        |facts| {
            facts.documents.discovery = Err(FetchError::TooLarge { url: ISSUER.to_owned() });
            facts.documents.jwks = None;
        },
        "
        fail documents/status [keys]
        fail token/verdict [keys]",
    ),
    (
        "the JWKS's own host has no address",
        |facts| {
            discovery(facts, |answer| {
                replace(
                    &mut answer.body,
                    "\"jwks_uri\":\"https://oidc-bucket",
                    "\"jwks_uri\":\"https://keys",
                );
            });
            facts.documents.jwks = Some(Err(no_address()));
            facts.jwks_certificates = Some(Err(no_address()));
            facts.documents.authority = Authority::Unknown;
        },
        "
        warn documents/jwks-uri
        fail documents/jwks [reachable]
        skip provider/thumbprint
        fail token/verdict [reachable]",
    ),
];

/// Lets the document say that the JWKS is somewhere else.
fn moved(facts: &mut Facts, uri: &str) {
    discovery(facts, |answer| {
        replace(
            &mut answer.body,
            &format!("\"jwks_uri\":\"{ISSUER}/openid/v1/jwks\""),
            &format!("\"jwks_uri\":\"{uri}\""),
        );
    });
}
