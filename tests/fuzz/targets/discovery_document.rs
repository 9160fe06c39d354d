//! Published discovery documents, and the one that we write for whatever is in a key set.
#![no_main]

use issuer_discovery::{DiscoveryDocument, IssuerUrl, Jwks, JwksPath, PublishedDocument, check_document};
use issuer_fuzz::check_error;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let path = JwksPath::default();
    let ours: IssuerUrl = "https://issuer.example.test/cluster-1".parse().unwrap();
    match PublishedDocument::parse(bytes) {
        Ok(document) => {
            // serde_json as the judge; where a member comes twice our reader refuses, and serde_json takes the last.
            let judge: Value = serde_json::from_slice(bytes).unwrap();
            assert_eq!(judge["issuer"], *document.issuer);
            assert_eq!(judge["jwks_uri"], *document.jwks_uri);
            let fits = document.issuer == ours.as_str() && document.jwks_uri == path.url(&ours);
            assert_eq!(check_document(&ours, &path, Some(bytes)).is_ok(), fits);
            // What a stranger's issuer would be published as, if it is one, says so again.
            if let Ok(issuer) = document.issuer.parse::<IssuerUrl>() {
                let keys = Jwks::parse(bytes).unwrap_or_default();
                let written = DiscoveryDocument::new(&issuer, &path.url(&issuer), &keys).to_json();
                let again = PublishedDocument::parse(written.as_bytes()).unwrap();
                assert_eq!(again.issuer, document.issuer);
                assert!(check_document(&issuer, &path, Some(written.as_bytes())).is_ok());
            }
        }
        Err(error) => {
            check_error(&error);
            assert!(check_document(&ours, &path, Some(bytes)).is_err());
        }
    }
});
