//! The discovery document, as a relying party reads it
//! ([OpenID Connect Discovery 1.0, section 4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig)).

use issuer_discovery::{FetchError, Fetched, JwksPath, PublishedDocument};
use issuer_relying_party::{Step, shell_word};

use super::commands::{Part, anew, publish};
use crate::check::{Check, Group};
use crate::facts::Facts;
use crate::plain::{plain, whole};
use crate::report::Finding;
use crate::url::Authority;

pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        Group::Documents,
        "documents/redirect",
        "the issuer's URLs answer themselves and lead nowhere else",
        &["documents/reachable", "documents/certificate", "documents/tls"],
        redirect,
    ),
    Check::new(
        Group::Documents,
        "documents/status",
        "everyone can read the discovery document",
        &["documents/reachable", "documents/certificate", "documents/tls", "documents/redirect"],
        status,
    ),
    Check::new(
        Group::Documents,
        "documents/discovery",
        "it is a discovery document",
        &["documents/status"],
        discovery,
    ),
    Check::new(
        Group::Documents,
        "documents/issuer",
        "its issuer is the issuer, byte for byte",
        &["documents/issuer-url", "documents/discovery"],
        issuer,
    ),
    Check::new(
        Group::Documents,
        "documents/jwks-uri",
        "its jwks_uri is the URL that was asked for",
        &["documents/discovery"],
        jwks_uri,
    ),
];

/// The answers that there are: the discovery document's, then the JWKS's.
pub(super) fn answers(facts: &Facts) -> impl Iterator<Item = (&'static str, &Fetched)> {
    let discovery = facts.documents.discovery.as_ref().ok().map(|answer| (Part::Discovery.name(), answer));
    let jwks = facts.documents.jwks.as_ref().and_then(|answer| answer.as_ref().ok());
    discovery.into_iter().chain(jwks.map(|answer| (Part::Jwks.name(), answer)))
}

/// Reads the discovery document, where there is one.
pub(super) fn published(facts: &Facts) -> Option<PublishedDocument> {
    let answer = facts.documents.discovery.as_ref().ok()?;
    PublishedDocument::parse(&answer.body).ok()
}

/// Says what is wrong with an answer that should be a document, and how to mend it.
pub(super) fn unreadable(facts: &Facts, part: Part, answer: &Result<Fetched, FetchError>) -> Option<Finding> {
    let what = part.name();
    let (seen, hint) = match answer {
        Ok(answer) if answer.status == 200 => return None,
        Ok(answer) => {
            let hint = match answer.status {
                // S3 says so of what is not there too, to those who may not list the bucket.
                403 => format!("publish the documents, and open them to everyone: {}", publish(facts)),
                404 => format!("publish the documents: {}", publish(facts)),
                // S3, of an object that is encrypted with KMS.
                400 => format!("publish the documents again, without a key of KMS: {}", publish(facts)),
                500.. => "look at the web server's log".to_owned(),
                _ => "let the URL answer a plain GET without credentials with 200".to_owned(),
            };
            (format!("{what} answers HTTP {}", answer.status), hint)
        }
        Err(error @ FetchError::TooLarge { .. }) => (whole(error), anew(facts, part)),
        Err(error) => (whole(error), "let the URL answer everyone within 5 seconds".to_owned()),
    };
    let nobody = matches!(answer, Err(error) if error.is_unreachable());
    let step = if nobody { Step::Reachable } else { Step::Keys };
    Some(Finding::fail("HTTP 200 to everyone, without credentials", seen, hint).at(step))
}

fn redirect(facts: &Facts) -> Finding {
    let found = answers(facts).find(|(_, answer)| matches!(answer.status, 300..=399));
    match found {
        None => Finding::pass("no redirect"),
        Some((what, answer)) => Finding::fail(
            "the document itself",
            format!(
                "{what} answers HTTP {} and points to {}",
                answer.status,
                answer.location.as_deref().map_or_else(|| "nowhere".to_owned(), plain)
            ),
            "serve the documents at the issuer's own URL: relying parties need not follow a redirect",
        )
        .at(Step::Keys),
    }
}

fn status(facts: &Facts) -> Finding {
    let answer = &facts.documents.discovery;
    unreadable(facts, Part::Discovery, answer).unwrap_or_else(|| Finding::pass("HTTP 200"))
}

fn discovery(facts: &Facts) -> Finding {
    let Ok(answer) = &facts.documents.discovery else { return Finding::skip("there is no answer") };
    match PublishedDocument::parse(&answer.body) {
        Ok(_) => Finding::pass("JSON with issuer and jwks_uri"),
        Err(error) => Finding::fail(
            "a JSON object with issuer and jwks_uri",
            whole(&error),
            anew(facts, Part::Discovery),
        )
        .at(Step::Keys),
    }
}

fn issuer(facts: &Facts) -> Finding {
    let Some(document) = published(facts) else { return Finding::skip("there is no discovery document") };
    let expected = facts.issuer.as_str();
    match difference(expected, &document.issuer) {
        None => Finding::pass(plain(expected)),
        Some(parting) => Finding::fail(
            expected,
            format!("{}: {parting}", plain(&document.issuer)),
            format!("if nobody needs what is there, {}", anew(facts, Part::Discovery)),
        )
        .at(Step::Keys),
    }
}

/// Says where two texts part that have to be equal byte for byte; nothing when they are.
pub(super) fn difference(expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    Some(if found.strip_suffix('/') == Some(expected) {
        "it has a slash at the end".to_owned()
    } else if expected.strip_suffix('/') == Some(found) {
        "it has no slash at the end".to_owned()
    } else if expected.eq_ignore_ascii_case(found) {
        "it differs in upper and lower case".to_owned()
    } else {
        let same = expected.chars().zip(found.chars()).take_while(|(ours, theirs)| ours == theirs).count();
        format!("they part after {same} characters")
    })
}

fn jwks_uri(facts: &Facts) -> Finding {
    let Some(document) = published(facts) else { return Finding::skip("there is no discovery document") };
    let uri = document.jwks_uri;
    let expected = format!("{}/{}", facts.issuer.as_str().trim_end_matches('/'), facts.jwks_path);
    let mend = || anew(facts, Part::Discovery);
    let authority = Authority::of(&uri);
    if !uri.starts_with("https://") || authority.host.is_empty() {
        return Finding::fail(expected, plain(&uri), mend()).at(Step::Keys);
    }
    if authority.userinfo {
        return Finding::fail(
            expected,
            format!("{}: a user's name stands before the host {}", plain(&uri), plain(&authority.host)),
            mend(),
        );
    }
    if authority.host != Authority::of(&expected).host {
        return Finding::warn(
            expected,
            format!("{}: whoever has that host can sign for every role", plain(&uri)),
            format!("keep the keys on the issuer's own host: {}", mend()),
        );
    }
    match below(&uri, facts.issuer.as_str()) {
        Some(path) if path == facts.jwks_path.as_str() => Finding::pass(plain(&uri)),
        Some(path) => {
            let meant = match path.parse::<JwksPath>() {
                Ok(path) => format!("give --jwks-path {} if that is meant; else ", shell_word(path.as_str())),
                Err(_) => String::new(),
            };
            Finding::warn(
                expected,
                format!("{}: whoever can write there can sign for every role", plain(&uri)),
                format!("{meant}{}", mend()),
            )
        }
        None => Finding::warn(
            expected,
            format!("{}: whoever can write there can sign for every role", plain(&uri)),
            mend(),
        ),
    }
}

/// Tells whether the discovery document has the keys elsewhere than asked for: `publish` leaves such a document alone.
pub(super) fn is_moved(facts: &Facts) -> bool {
    let issuer = facts.issuer.as_str();
    published(facts).is_some_and(|document| {
        let uri = document.jwks_uri;
        let there = uri.starts_with("https://") && Authority::of(&uri) == Authority::of(issuer);
        !there || below(&uri, issuer) != Some(facts.jwks_path.as_str())
    })
}

/// The path of a URL below the issuer, whichever way its port is written; nothing when it is elsewhere.
fn below<'a>(uri: &'a str, issuer: &str) -> Option<&'a str> {
    let path = |url: &'a str| url.split_once("://")?.1.split_once('/').map(|(_, path)| path);
    let issuer = issuer.trim_end_matches('/').split_once("://")?.1;
    let prefix = issuer.split_once('/').map_or("", |(_, path)| path);
    let rest = path(uri)?.strip_prefix(prefix)?;
    if prefix.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn where_two_issuers_part_is_said() {
        let ours = "https://oidc.example.com/a";
        for (found, words) in [
            ("https://oidc.example.com/a/", "has a slash"),
            ("https://OIDC.example.com/a", "upper and lower case"),
            ("https://oidc.example.com/b", "after 25 characters"),
            ("", "after 0 characters"),
        ] {
            assert!(difference(ours, found).unwrap().contains(words), "{found}");
        }
        assert!(difference("https://a/", "https://a").unwrap().contains("no slash"));
        assert_eq!(difference(ours, ours), None);
    }
}
