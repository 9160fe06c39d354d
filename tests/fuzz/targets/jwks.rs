//! Published key sets: nothing is lost, nothing private is taken, and a merge only ever adds.
#![no_main]

use std::sync::LazyLock;

use issuer_discovery::{
    Additions, IssuerUrl, Jwk, Jwks, JwksPath, MergeError, Published, merge, published_keys,
};
use issuer_fuzz::check_error;
use issuer_keygen::{KeyRing, PublicKey, read_public_keys};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static OURS: LazyLock<Vec<PublicKey>> = LazyLock::new(|| {
    read_public_keys(include_bytes!("../../fixtures/kube-apiserver/two-keys/sa.pub")).unwrap().keys
});
static ISSUER: LazyLock<IssuerUrl> =
    LazyLock::new(|| "https://issuer.example.test/cluster-1".parse().unwrap());

fuzz_target!(|bytes: &[u8]| {
    let keys = match Jwks::parse(bytes) {
        Ok(keys) => keys,
        Err(error) => return check_error(&error),
    };
    assert_eq!(Jwks::parse(keys.to_json().as_bytes()).unwrap(), keys);
    // serde_json as the judge: every entry is there, member by member.
    let judge: Value = serde_json::from_slice(bytes).unwrap();
    let written: Value = serde_json::from_str(&keys.to_json()).unwrap();
    assert_eq!(written["keys"], judge["keys"]);

    let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    let leaks = |entry: &Value| private.iter().any(|name| entry.get(*name).is_some());
    let leaky = judge["keys"].as_array().unwrap().iter().any(leaks);
    assert_eq!(leaky, matches!(published_keys(Some(bytes)), Err(MergeError::PrivateMember { .. })));

    // Once with our signer live beside whatever is there, and once without.
    with_ours(bytes, &keys, leaky);
    let mut ours_first = vec![Jwk::of(&OURS[0])];
    ours_first.extend(keys.keys().iter().cloned());
    let live: Jwks = ours_first.into_iter().collect();
    with_ours(live.to_json().as_bytes(), &live, leaky);
});

fn with_ours(bytes: &[u8], live: &Jwks, leaky: bool) {
    let ring = KeyRing::from_public_keys(OURS.clone()).unwrap();
    let published = Published { discovery: None, jwks: Some(bytes) };
    match merge(&ISSUER, &JwksPath::default(), published, &ring, Additions::Add) {
        Ok(merged) => {
            assert!(!leaky);
            let after = Jwks::parse(&merged.site.jwks().bytes).unwrap();
            assert_eq!(&after.keys()[..live.keys().len()], live.keys());
            for key in OURS.iter() {
                assert!(after.find(key.kid().as_str()).unwrap().same_key(&Jwk::of(key)));
            }
            // A second look finds nothing to do.
            let published = Published { discovery: None, jwks: Some(&merged.site.jwks().bytes) };
            let again = merge(&ISSUER, &JwksPath::default(), published, &ring, Additions::Add).unwrap();
            assert!(again.added.is_empty());
            assert_eq!(again.site.jwks(), merged.site.jwks());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
