//! Which URLs are asked for, in which order, and which never.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod support;

use std::sync::Mutex;

use issuer_discovery::{Fetch, FetchError, Fetched};
use issuer_relying_party::{Authority, Documents};
use serde_json::json;
use support::{ISSUER, answer};

/// Answers every URL but the JWKS's with one document, and notes what was asked.
struct Scripted {
    status: u16,
    discovery: String,
    asked: Mutex<Vec<String>>,
}

impl Fetch for Scripted {
    async fn get(&self, url: &str) -> Result<Fetched, FetchError> {
        self.asked.lock().unwrap().push(url.to_owned());
        if url.ends_with("/jwks") { answer(404, "") } else { answer(self.status, self.discovery.as_str()) }
    }
}

async fn asked(issuer: &str, status: u16, discovery: &str) -> (Documents, Vec<String>) {
    let fetch = Scripted { status, discovery: discovery.to_owned(), asked: Mutex::default() };
    let documents = Documents::fetch(&fetch, issuer).await;
    (documents, fetch.asked.into_inner().unwrap())
}

#[tokio::test]
async fn the_jwks_is_asked_for_where_the_document_says() {
    let elsewhere = json!({"issuer": ISSUER, "jwks_uri": "https://keys.example.test/a/jwks"}).to_string();
    let (documents, asked) = asked(ISSUER, 200, &elsewhere).await;
    assert_eq!(
        asked,
        [format!("{ISSUER}/.well-known/openid-configuration"), "https://keys.example.test/a/jwks".to_owned()]
    );
    assert_eq!(documents.jwks.unwrap().unwrap().status, 404);
    assert_eq!(documents.authority, Authority::Unknown);
}

#[tokio::test]
async fn one_slash_at_the_end_of_the_issuer_is_taken_away() {
    let (_, asked) = asked(&format!("{ISSUER}/"), 404, "").await;
    assert_eq!(asked, [format!("{ISSUER}/.well-known/openid-configuration")]);
}

#[tokio::test]
async fn without_a_usable_url_nothing_more_is_asked() {
    let plain = json!({"issuer": ISSUER, "jwks_uri": "http://keys.example.test/jwks"}).to_string();
    let good = json!({"issuer": ISSUER, "jwks_uri": "https://keys.example.test/jwks"}).to_string();
    for (status, discovery) in
        [(200, plain.as_str()), (200, "{}"), (200, "<html>"), (404, &good), (301, &good)]
    {
        let (documents, asked) = asked(ISSUER, status, discovery).await;
        assert!(documents.jwks.is_none(), "{status} {discovery}");
        assert_eq!(asked.len(), 1);
        assert_eq!(documents.keys(ISSUER).unwrap_err().step.name(), "keys");
    }
}
