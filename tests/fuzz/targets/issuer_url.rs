//! Issuer URLs: what is accepted is kept byte for byte, and a browser's parser reads the same URL.
#![no_main]

use issuer_discovery::{AcceptedIssuer, IssuerUrl, JwksPath, MAX_ISSUER_LENGTH};
use issuer_fuzz::check_error;
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|text: &str| {
    if let Ok(accepted) = text.parse::<AcceptedIssuer>() {
        assert_eq!(accepted.as_str(), text);
        assert!(!text.contains(',') && !text.chars().any(char::is_control));
    }
    let issuer = match text.parse::<IssuerUrl>() {
        Ok(issuer) => issuer,
        Err(error) => return check_error(&error),
    };
    assert_eq!(issuer.as_str(), text);
    assert!(text.is_ascii() && text.len() <= MAX_ISSUER_LENGTH);
    // What is an issuer for us is one for a cluster.
    assert_eq!(text.parse::<AcceptedIssuer>().is_ok(), !text.contains(','));
    // A label that begins as Punycode and is none is a name in DNS, and no host in a browser.
    let Ok(judge) = Url::parse(text) else {
        return assert!(issuer.host().split('.').any(|label| label.starts_with("xn--")));
    };
    assert_eq!(judge.scheme(), "https");
    assert_eq!(judge.host_str(), Some(issuer.host()));
    assert!(judge.domain().is_some(), "an address is no host of an issuer");
    assert_eq!(judge.path(), format!("/{}", issuer.path()));
    assert_eq!((judge.port(), judge.query(), judge.fragment()), (None, None, None));
    assert_eq!((judge.username(), judge.password()), ("", None));
    // Nothing is rewritten but the slash that stands for no path.
    assert_eq!(judge.as_str().strip_suffix('/').unwrap_or(judge.as_str()), text);
    for below in [issuer.discovery_url(), JwksPath::default().url(&issuer)] {
        assert_eq!(Url::parse(&below).unwrap().as_str(), below);
    }
    if let Some(location) = issuer.s3_location() {
        assert!(!location.bucket.contains('.') && text.contains(&location.bucket));
    }
});
