//! The commands that mend things, with all that they need to be typed as they stand.
//!
//! `publish` never replaces a document that it cannot read or that is another issuer's, and never takes out an entry
//! that it did not write: such things have to be taken away first.

use issuer_discovery::{DISCOVERY_PATH, IssuerUrl, JwksPath, Prefix};
use issuer_keygen::ServiceAccount;
use issuer_registrar::{DEFAULT_AUDIENCE, RoleArn};
use issuer_relying_party::{Token, shell_word};

use super::documents::{is_moved, published};
use super::published::all_ours;
use crate::facts::Facts;

/// One of the two documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Discovery,
    Jwks,
}

impl Part {
    /// What it is called in a sentence.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Discovery => "the discovery document",
            Self::Jwks => "the JWKS",
        }
    }
}

/// Where in S3 the documents are.
struct Place {
    bucket: String,
    prefix: Prefix,
}

/// Publishes the documents where they are looked for.
pub(super) fn publish(facts: &Facts) -> String {
    if is_moved(facts) {
        return format!("mend documents/jwks-uri first, then: {}", command(facts));
    }
    command(facts)
}

fn command(facts: &Facts) -> String {
    let issuer = shell_word(facts.issuer.as_str());
    let jwks_path = if facts.jwks_path == JwksPath::default() {
        String::new()
    } else {
        format!(" --jwks-path {}", shell_word(facts.jwks_path.as_str()))
    };
    let Some(place) = place(facts) else {
        return format!(
            "issuerctl publish --issuer {issuer}{jwks_path} --bucket NAME (or --dir DIR, for a web server)"
        );
    };
    // The path of S3's own URL says where in the bucket; that of another host may not.
    let prefix = place.prefix.as_str();
    let prefix = if is_on_s3(facts) || prefix.is_empty() {
        String::new()
    } else {
        format!(" --prefix {}", shell_word(prefix))
    };
    format!("issuerctl publish --bucket {} --issuer {issuer}{prefix}{jwks_path}", shell_word(&place.bucket))
}

/// Writes a document anew that `publish` would leave as it is.
pub(super) fn anew(facts: &Facts, part: Part) -> String {
    let what = match part {
        Part::Discovery => "take the discovery document away".to_owned(),
        Part::Jwks if all_ours(facts) == Some(true) => {
            "take the JWKS away, whose keys are all ours".to_owned()
        }
        Part::Jwks => "if nobody else's keys are in it, take the JWKS away".to_owned(),
    };
    let how = match object(facts, part) {
        Some(object) => format!(": aws s3 rm {}", shell_word(&object)),
        None => " where it is served".to_owned(),
    };
    // With the discovery document gone, what was wrong with its jwks_uri is gone too.
    let publish = if part == Part::Discovery { command(facts) } else { publish(facts) };
    format!("{what}{how}, then publish it again: {publish}")
}

/// Brings a bad entry of the JWKS in order.
pub(super) fn mend_entry(facts: &Facts) -> String {
    if all_ours(facts) == Some(true) {
        return anew(facts, Part::Jwks);
    }
    let place = object(facts, Part::Jwks).map(|object| format!(" ({})", shell_word(&object)));
    format!(
        "take that entry out of the JWKS{} by hand, and leave those of others, then: {}",
        place.unwrap_or_default(),
        publish(facts)
    )
}

/// Makes AWS trust the issuer.
pub(super) fn register(facts: &Facts) -> String {
    let audience = audience(facts);
    format!("issuerctl register --issuer {}{audience}", shell_word(facts.issuer.as_str()))
}

/// The audience, where it is another than the usual one.
fn audience(facts: &Facts) -> String {
    match facts.audience.as_str() {
        DEFAULT_AUDIENCE => String::new(),
        other => format!(" --audience {}", shell_word(other)),
    }
}

/// Makes a role of this ARN that lets the service account in that is asked about.
pub(super) fn make_role(facts: &Facts, arn: &RoleArn) -> String {
    let of_token = || {
        let token = Token::parse(facts.token.known()?.as_str()).ok()?;
        ServiceAccount::of_subject(token.subject()?)
    };
    let account = facts.service_account.clone().or_else(of_token);
    let audience = audience(facts);
    // Without a path of its own a role gets the issuer's, and then another ARN than this one.
    let path =
        arn.as_str().rsplit(':').next().and_then(|name| name.strip_prefix("role")?.strip_suffix(arn.name()));
    format!(
        "issuerctl role apply --issuer {} --name {} --service-account {} --path {}{audience}",
        shell_word(facts.issuer.as_str()),
        shell_word(arn.name()),
        account.map_or_else(|| "NAMESPACE/NAME".to_owned(), |account| account.to_string()),
        shell_word(path.unwrap_or("/"))
    )
}

/// Tells whether the issuer's host is S3's own, so that nothing stands between the bucket and the public.
pub(super) fn is_on_s3(facts: &Facts) -> bool {
    facts.issuer.as_str().parse().is_ok_and(|issuer: IssuerUrl| issuer.s3_location().is_some())
}

/// The bucket that was looked at, else the one that the issuer's host names.
fn place(facts: &Facts) -> Option<Place> {
    if let Some(bucket) = facts.bucket.known() {
        return Some(Place { bucket: bucket.place.bucket.to_string(), prefix: bucket.place.prefix.clone() });
    }
    let issuer: IssuerUrl = facts.issuer.as_str().parse().ok()?;
    let location = issuer.s3_location()?;
    Some(Place { prefix: location.prefix.parse().ok()?, bucket: location.bucket })
}

/// Where in S3 a document is; nothing when that is not known.
fn object(facts: &Facts, part: Part) -> Option<String> {
    let place = place(facts)?;
    let path = match part {
        Part::Discovery => DISCOVERY_PATH.to_owned(),
        Part::Jwks => {
            let uri = published(facts)?.jwks_uri;
            let path = uri.strip_prefix(facts.issuer.as_str())?.strip_prefix('/')?;
            path.parse::<JwksPath>().ok()?.to_string()
        }
    };
    Some(format!("s3://{}/{}", place.bucket, place.prefix.key(&path)))
}
