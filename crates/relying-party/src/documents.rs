//! An issuer's documents as a relying party fetches them: the discovery document first, then the JWKS where it points
//! ([OpenID Connect Discovery 1.0, section 4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig)).

use std::error::Error;

use issuer_discovery::{DISCOVERY_PATH, Fetch, FetchError, Fetched, PublishedDocument};
use issuer_policy::quoted;
use issuer_registrar::Thumbprint;

use crate::keys::PublishedKeys;
use crate::lean;
use crate::refusal::{no_key, not_reached, publish, replace};
use crate::step::Step;
use crate::verdict::Refused;

/// What an issuer's URLs answered. They speak for the issuer that they were fetched for and for no other, whatever
/// they say: else any host could serve the keys of any issuer.
#[derive(Debug)]
pub struct Documents {
    /// The issuer whose URL was asked, as it was given.
    pub issuer: String,
    /// The discovery document.
    pub discovery: Result<Fetched, FetchError>,
    /// The JWKS; nothing when the discovery document named no URL for it.
    pub jwks: Option<Result<Fetched, FetchError>>,
    /// The URL that the JWKS was fetched from.
    pub jwks_uri: Option<String>,
    /// Who vouches for the certificate of the JWKS's host.
    pub authority: Authority,
}

/// Who vouches for the certificate of the host that serves the JWKS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// A public certificate authority, which AWS trusts too: thumbprints do not count.
    Public,
    /// Somebody else: then the provider has to name the thumbprint of the last certificate that the host sends.
    Private {
        /// SHA-1 of that certificate.
        thumbprint: Thumbprint,
    },
    /// It could not be looked at, because no TLS connection came about.
    Unknown,
}

impl Documents {
    /// Fetches both documents, anonymously. The authority stays [`Authority::Unknown`]: set it from what was seen.
    pub async fn fetch<F: Fetch + Sync>(fetch: &F, issuer: &str) -> Self {
        let discovery = fetch.get(&discovery_url(issuer)).await;
        let jwks = match discovery.as_ref().ok().and_then(jwks_uri) {
            Some(url) => Some(fetch.get(&url).await),
            None => None,
        };
        Self::of(issuer, discovery, jwks)
    }

    /// Puts together what the URLs of this issuer answered: the JWKS came from where the discovery document says.
    #[must_use]
    pub fn of(
        issuer: impl Into<String>,
        discovery: Result<Fetched, FetchError>,
        jwks: Option<Result<Fetched, FetchError>>,
    ) -> Self {
        let jwks_uri = discovery.as_ref().ok().and_then(jwks_uri);
        Self { issuer: issuer.into(), discovery, jwks, jwks_uri, authority: Authority::Unknown }
    }

    /// Checks that somebody was there.
    ///
    /// # Errors
    /// Refused at [`Step::Reachable`] when no connection came about.
    pub fn check_reachable(&self) -> Result<(), Refused> {
        for answer in [Some(&self.discovery), self.jwks.as_ref()].into_iter().flatten() {
            if let Err(error) = answer
                && error.is_unreachable()
            {
                return Err(not_reached(
                    format!("No connection to the issuer came about: {}.", chain(error)),
                    "look up the host's name and open its port 443 from outside of your network; STS asks from the \
                     internet",
                ));
            }
        }
        Ok(())
    }

    /// Reads the keys of this issuer.
    ///
    /// # Errors
    /// Refused at [`Step::Keys`] when a document did not come, is not what it should be, or is another issuer's; also
    /// when they were fetched for another issuer, or the JWKS from elsewhere than the document says.
    pub fn keys(&self, issuer: &str) -> Result<PublishedKeys<'_>, Refused> {
        let refuse = |explanation: String| no_key(Step::Keys, explanation, replace(issuer));
        if self.issuer != issuer {
            return Err(no_key(
                Step::Keys,
                format!(
                    "The documents that were fetched are those of {}, and the token's issuer is {}.",
                    quoted(&self.issuer),
                    quoted(issuer)
                ),
                "look at the documents of the token's own issuer",
            ));
        }
        let body = body(&self.discovery, "discovery document", issuer)?;
        let document = lean::parse_object(body)
            .map_err(|error| refuse(format!("The discovery document cannot be read: {error}.")))?;
        let member = |name: &str| {
            let problem = || refuse(format!("The discovery document has no `{name}`, or it is not text."));
            document.text(name).ok_or_else(problem)
        };
        let (found, jwks_uri) = (member("issuer")?, member("jwks_uri")?);
        if found != issuer {
            return Err(refuse(format!(
                "The discovery document says that its issuer is {}; the token says {}. They have to be equal byte for byte.",
                quoted(found),
                quoted(issuer)
            )));
        }
        if !jwks_uri.starts_with("https://") {
            return Err(refuse(format!(
                "The discovery document's jwks_uri is {}; STS needs https://.",
                quoted(jwks_uri)
            )));
        }
        let Some(jwks) = self.jwks.as_ref().filter(|_| self.jwks_uri.as_deref() == Some(jwks_uri)) else {
            return Err(refuse(format!("Nothing was fetched from {}.", quoted(jwks_uri))));
        };
        PublishedKeys::parse(self::body(jwks, "JWKS", issuer)?, issuer)
    }
}

/// "If the Issuer value contains a path component, any terminating / MUST be removed before appending".
fn discovery_url(issuer: &str) -> String {
    format!("{}/{DISCOVERY_PATH}", issuer.strip_suffix('/').unwrap_or(issuer))
}

/// Where the keys are, when the answer says so in a way that can be followed.
fn jwks_uri(answer: &Fetched) -> Option<String> {
    let document = PublishedDocument::parse(&answer.body).ok().filter(|_| answer.status == 200)?;
    Some(document.jwks_uri).filter(|url| url.starts_with("https://"))
}

fn body<'a>(
    answer: &'a Result<Fetched, FetchError>,
    document: &str,
    issuer: &str,
) -> Result<&'a [u8], Refused> {
    let answer = answer.as_ref().map_err(|error| {
        let hint = match error {
            FetchError::NotHttps { .. } => publish(issuer),
            FetchError::Timeout { .. } => {
                "find out why the host is slow: STS waits 5 seconds; a bucket answers in milliseconds".to_owned()
            }
            FetchError::TooLarge { .. } => {
                format!("another document is in its place: {}", replace(issuer))
            }
            FetchError::Broken { .. } => {
                "let the host send a certificate for its name with the whole chain: `openssl s_client -connect \
                 HOST:443 -showcerts` shows it"
                    .to_owned()
            }
        };
        no_key(Step::Keys, format!("The {document} did not come: {}.", chain(error)), hint)
    })?;
    if answer.status == 200 {
        return Ok(&answer.body);
    }
    let explanation = match (&answer.location, answer.status) {
        (Some(location), 300..400) => format!(
            "The {document} is not at its URL, which redirects (HTTP {}) to {}.",
            answer.status,
            quoted(location)
        ),
        (_, status) => format!("The {document}'s URL answers with HTTP {status}, not 200."),
    };
    let hint = match answer.status {
        // Without ListBucket S3 says 403 for what is not there, too.
        403 => {
            format!("make the documents public, or publish them if they are not there: {}", publish(issuer))
        }
        500.. => "mend the host that serves the issuer's URL, then try again".to_owned(),
        _ => publish(issuer),
    };
    Err(no_key(Step::Keys, explanation, hint))
}

/// An error and its sources, each once.
fn chain(error: &FetchError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        source = error.source();
    }
    text
}
