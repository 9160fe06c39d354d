//! What a JWKS becomes when ours meets what is published: nothing is lost, nothing slips in.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::path::PathBuf;

use issuer_discovery::{Additions, IssuerUrl, JwksPath, MergeError, Published, merge};
use issuer_keygen::{KeyRing, PublicKey, read_public_keys};

const ISSUER: &str = "https://issuer.example.test/cluster-1";

fn key(name: &str) -> PublicKey {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/kube-apiserver");
    let bytes = fs::read(path.join(name).join("sa.pub")).unwrap();
    read_public_keys(&bytes).unwrap().keys.remove(0)
}

fn jwks(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/kube-apiserver");
    fs::read_to_string(path.join(name).join("jwks.json")).unwrap()
}

fn ring(names: &[&str]) -> KeyRing {
    KeyRing::from_public_keys(names.iter().map(|name| key(name)).collect()).unwrap()
}

fn attempt(
    jwks: Option<&str>,
    ring: &KeyRing,
    additions: Additions,
) -> Result<issuer_discovery::Merged, MergeError> {
    let published = Published { discovery: None, jwks: jwks.map(str::as_bytes) };
    merge(&ISSUER.parse::<IssuerUrl>().unwrap(), &JwksPath::default(), published, ring, additions)
}

#[test]
fn an_empty_place_gets_all_our_keys_the_signer_first() {
    for published in [None, Some("{\"keys\":[]}")] {
        let merged = attempt(published, &ring(&["rsa-2048", "es256"]), Additions::Leave).unwrap();
        assert_eq!(String::from_utf8(merged.site.jwks().bytes.clone()).unwrap(), jwks("two-keys"));
        assert_eq!(merged.added.len(), 2);
    }
}

#[test]
fn a_foreign_key_beside_ours_is_kept_member_by_member() {
    let odd = "{\"use\":\"sig\",\"kid\":\"theirs\",\"kty\":\"OKP\",\"x5t\":\"abc\",\"n\":1.50}";
    let live = jwks("es256").replace("\"keys\":[", &format!("\"keys\":[{odd},"));
    let merged = attempt(Some(&live), &ring(&["es256"]), Additions::Leave).unwrap();
    assert_eq!(merged.foreign, ["theirs"]);
    let written = String::from_utf8(merged.site.jwks().bytes.clone()).unwrap();
    assert_eq!(written, live.replace("1.50", "1.5"));
}

#[test]
fn a_live_issuer_without_our_signing_key_is_refused() {
    let error = attempt(Some(&jwks("rsa-3072")), &ring(&["rsa-2048"]), Additions::Add).unwrap_err();
    assert!(error.to_string().contains(key("rsa-3072").kid().as_str()), "{error}");
    // Our verifying key is there, but the one that signs is not: that is a rotation.
    let error = attempt(Some(&jwks("rsa-3072")), &ring(&["es256", "rsa-3072"]), Additions::Add).unwrap_err();
    assert!(matches!(error, MergeError::NotOurs { .. }));
}

#[test]
fn verifying_keys_are_added_only_where_that_was_asked() {
    let ours = ring(&["rsa-2048", "es256"]);
    let left = attempt(Some(&jwks("rsa-2048")), &ours, Additions::Leave).unwrap();
    assert_eq!(left.site.jwks().bytes, jwks("rsa-2048").as_bytes());
    assert_eq!(left.left_out.len(), 1);
    let added = attempt(Some(&jwks("rsa-2048")), &ours, Additions::Add).unwrap();
    assert_eq!(added.site.jwks().bytes, jwks("two-keys").as_bytes());
}

#[test]
fn what_cannot_be_read_or_trusted_is_refused() {
    let ours = ring(&["es256"]);
    for broken in ["", "not json", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[1]}", "\u{feff}{\"keys\":[]}"] {
        assert!(matches!(attempt(Some(broken), &ours, Additions::Add), Err(MergeError::Jwks(_))), "{broken}");
    }
    let leaked = jwks("es256").replace("\"x\":", "\"d\":\"AAAA\",\"x\":");
    assert!(matches!(
        attempt(Some(&leaked), &ours, Additions::Add),
        Err(MergeError::PrivateMember { member: "d", .. })
    ));
    let other = jwks("es384").replace(key("es384").kid().as_str(), key("es256").kid().as_str());
    assert!(matches!(attempt(Some(&other), &ours, Additions::Add), Err(MergeError::Collision(_))));
}

#[test]
fn more_keys_than_aws_reads_are_refused() {
    let mut live = jwks("rsa-2048").replace("]}", "");
    for number in 0..99 {
        live.push_str(&format!(",{{\"kty\":\"EC\",\"kid\":\"{number}\"}}"));
    }
    let full = |more: &str| format!("{live}{more}]}}");
    let ours = ring(&["rsa-2048", "es256"]);
    assert!(attempt(Some(&full("")), &ours, Additions::Add).is_ok());
    let one_more = full(",{\"kty\":\"EC\",\"kid\":\"99\"}");
    assert!(matches!(attempt(Some(&one_more), &ours, Additions::Add), Err(MergeError::TooManyKeys(102))));
    // What is live stays, however much it is.
    assert!(attempt(Some(&one_more), &ours, Additions::Leave).is_ok());
}

#[test]
fn the_place_of_another_issuer_is_refused() {
    let merged = |document: &str| {
        let published = Published { discovery: Some(document.as_bytes()), jwks: None };
        merge(&ISSUER.parse().unwrap(), &JwksPath::default(), published, &ring(&["es256"]), Additions::Add)
    };
    let document = |issuer: &str, uri: &str| format!("{{\"issuer\":\"{issuer}\",\"jwks_uri\":\"{uri}\"}}");
    let uri = format!("{ISSUER}/openid/v1/jwks");
    assert!(merged(&document(ISSUER, &uri)).is_ok());
    assert!(matches!(merged(&document(&format!("{ISSUER}/"), &uri)), Err(MergeError::OtherIssuer { .. })));
    let keys = format!("{ISSUER}/keys.json");
    assert!(matches!(merged(&document(ISSUER, &keys)), Err(MergeError::OtherJwksUri { .. })));
    assert!(matches!(merged("<html>"), Err(MergeError::Discovery(_))));
}
