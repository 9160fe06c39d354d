//! The documents against those that kube-apiserver's own code made of the same public keys.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::path::PathBuf;

use issuer_discovery::{Jwks, JwksPath, Site};
use issuer_keygen::read_public_keys;
use serde_json::Value;

const ISSUER: &str = "https://issuer.example.test/cluster-1";
const FIXTURES: [&str; 7] = ["rsa-2048", "rsa-3072", "rsa-4096", "es256", "es384", "es512", "two-keys"];

fn fixture(name: &str, file: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/kube-apiserver");
    fs::read(path.join(name).join(file)).unwrap()
}

fn site(name: &str) -> Site {
    let keys = read_public_keys(&fixture(name, "sa.pub")).unwrap().keys;
    Site::build(&ISSUER.parse().unwrap(), &JwksPath::default(), &Jwks::of(&keys))
}

#[test]
fn the_jwks_is_equal_byte_for_byte() {
    for name in FIXTURES {
        let ours = String::from_utf8(site(name).jwks().bytes.clone()).unwrap();
        assert_eq!(ours, String::from_utf8(fixture(name, "jwks.json")).unwrap(), "{name}");
    }
}

#[test]
fn the_discovery_document_begins_with_the_same_bytes_and_has_two_members_more() {
    for name in FIXTURES {
        let ours = String::from_utf8(site(name).discovery().bytes.clone()).unwrap();
        let theirs = String::from_utf8(fixture(name, "openid-configuration.json")).unwrap();
        let more = ",\"authorization_endpoint\":\"urn:kubernetes:programmatic_authorization\",\
                    \"claims_supported\":[\"sub\",\"iss\"]}";
        assert_eq!(ours, format!("{}{more}", theirs.strip_suffix('}').unwrap()), "{name}");
        serde_json::from_str::<Value>(&ours).unwrap();
    }
}

#[test]
fn a_published_set_is_read_and_written_back_byte_for_byte() {
    for name in FIXTURES {
        let bytes = fixture(name, "jwks.json");
        assert_eq!(Jwks::parse(&bytes).unwrap().to_json().as_bytes(), bytes, "{name}");
    }
}

#[test]
fn objects_are_served_as_kube_apiserver_serves_them() {
    let site = site("rsa-2048");
    assert_eq!(site.jwks().path, "openid/v1/jwks");
    assert_eq!(site.jwks().content_type, "application/jwk-set+json");
    assert_eq!(site.discovery().path, ".well-known/openid-configuration");
    assert_eq!(site.discovery().content_type, "application/json");
    for object in site.objects() {
        assert_eq!(object.cache_control, "public, max-age=3600");
    }
    let other = Site::build(&ISSUER.parse().unwrap(), &"keys.json".parse().unwrap(), &Jwks::default());
    assert_eq!(other.jwks_uri(), "https://issuer.example.test/cluster-1/keys.json");
}
