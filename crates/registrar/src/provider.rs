//! IAM OpenID Connect providers: what one is, what one should be, and the difference.
//!
//! Limits and shapes: [CreateOpenIDConnectProvider][create]. Client ids and tags are added and never
//! removed; thumbprints are replaced on our own provider alone, and only when some are given.
//!
//! [create]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use issuer_discovery::{IssuerUrl, OWNER_CREATED, OWNER_TAG};

use crate::account::Account;

/// The audience of tokens for AWS, in every partition.
pub const DEFAULT_AUDIENCE: &str = "sts.amazonaws.com";
/// How many client ids a provider takes.
pub const MAX_CLIENT_IDS: usize = 100;
/// How many thumbprints a provider takes.
pub const MAX_THUMBPRINTS: usize = 5;

/// A client id of a provider: an audience that its tokens may have; 1 to 255 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Audience(String);

/// Why a text is not an audience.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AudienceError {
    /// Empty or too long.
    #[error("an audience has 1 to 255 characters, this one has {0}")]
    Length(usize),
    /// A control character or a space at an end.
    #[error("the audience {0:?} has control characters or spaces")]
    Character(String),
}

impl Audience {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Audience {
    type Err = AudienceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let length = text.chars().count();
        if !matches!(length, 1..=255) {
            return Err(AudienceError::Length(length));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(AudienceError::Character(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SHA-1 of a certificate, 40 hexadecimal digits, kept in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thumbprint(String);

/// Why a text is not a thumbprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a thumbprint: that is the SHA-1 of a certificate, 40 hexadecimal digits without colons"
)]
pub struct ThumbprintError(String);

impl Thumbprint {
    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Thumbprint {
    type Err = ThumbprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(ThumbprintError(text.to_owned()))
        }
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A provider as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provider {
    /// Its Url, as IAM gives it: without the scheme.
    pub url: String,
    /// Its client ids.
    pub client_ids: Vec<String>,
    /// Its thumbprints.
    pub thumbprints: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Provider {
    /// Tells whether this program made it, so that it may delete it.
    #[must_use]
    pub fn is_made(&self) -> bool {
        self.tags.get(OWNER_TAG).is_some_and(|owner| owner == OWNER_CREATED)
    }
}

/// A provider as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSpec {
    /// The issuer.
    pub issuer: IssuerUrl,
    /// The audiences that it has to take.
    pub audiences: Vec<Audience>,
    /// The thumbprints, when the certificate's authority is none that AWS trusts.
    pub thumbprints: Vec<Thumbprint>,
    /// Tags, beside the one that marks it as ours.
    pub tags: BTreeMap<String, String>,
}

/// One thing to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderChange {
    /// Make it, with everything in one call: a crash leaves no half of it.
    Create(ProviderSpec),
    /// Take one more audience.
    AddClientId(Audience),
    /// Replace the thumbprints.
    Thumbprints {
        /// As they are.
        from: Vec<String>,
        /// As they have to be.
        to: Vec<Thumbprint>,
    },
    /// Add tags.
    Tag(BTreeMap<String, String>),
}

/// Why a provider is left as it is: only a person can decide.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderRefusal {
    /// Url and ARN disagree.
    #[error(
        "the IAM provider for {issuer} has the Url https://{found}, which differs; tokens would match only one of them"
    )]
    Url {
        /// The issuer.
        issuer: IssuerUrl,
        /// The provider's Url, without scheme.
        found: String,
    },
    /// No room for another client id.
    #[error("the IAM provider would have {0} client ids; IAM takes {MAX_CLIENT_IDS}")]
    TooManyClientIds(usize),
    /// More thumbprints than IAM takes.
    #[error("{0} thumbprints were given; IAM takes {MAX_THUMBPRINTS}")]
    TooManyThumbprints(usize),
    /// Somebody else's thumbprints would be dropped.
    #[error(
        "the IAM provider is not ours and has thumbprints that were not given ({}); replacing the list \
         would drop them", .others.join(", ")
    )]
    ForeignThumbprints {
        /// The thumbprints that would go.
        others: Vec<String>,
    },
}

/// Computes the provider's ARN: IAM finds it by that, no listing is needed.
#[must_use]
pub fn provider_arn(account: &Account, issuer: &IssuerUrl) -> String {
    format!("arn:{}:iam::{}:oidc-provider/{}", account.partition, account.id, issuer.without_scheme())
}

/// Says what has to change so that a provider is what it should be.
///
/// # Errors
/// When a change would take away what somebody else set, or cannot be.
pub fn diff(live: Option<&Provider>, want: &ProviderSpec) -> Result<Vec<ProviderChange>, ProviderRefusal> {
    if want.thumbprints.len() > MAX_THUMBPRINTS {
        return Err(ProviderRefusal::TooManyThumbprints(want.thumbprints.len()));
    }
    if want.audiences.len() > MAX_CLIENT_IDS {
        return Err(ProviderRefusal::TooManyClientIds(want.audiences.len()));
    }
    let Some(live) = live else { return Ok(vec![ProviderChange::Create(want.clone())]) };
    if live.url != want.issuer.without_scheme() {
        return Err(ProviderRefusal::Url { issuer: want.issuer.clone(), found: live.url.clone() });
    }
    let mut changes = Vec::new();
    let missing: Vec<_> = want
        .audiences
        .iter()
        .filter(|audience| !live.client_ids.iter().any(|id| id == audience.as_str()))
        .collect();
    if live.client_ids.len() + missing.len() > MAX_CLIENT_IDS {
        return Err(ProviderRefusal::TooManyClientIds(live.client_ids.len() + missing.len()));
    }
    changes.extend(missing.into_iter().cloned().map(ProviderChange::AddClientId));
    changes.extend(thumbprint_change(live, want)?);
    if live.tags.contains_key(OWNER_TAG) {
        let add: BTreeMap<_, _> =
            want.tags.iter().filter(|(key, value)| live.tags.get(*key) != Some(*value)).collect();
        if !add.is_empty() {
            let add = add.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            changes.push(ProviderChange::Tag(add));
        }
    }
    Ok(changes)
}

fn thumbprint_change(
    live: &Provider,
    want: &ProviderSpec,
) -> Result<Option<ProviderChange>, ProviderRefusal> {
    let given =
        |found: &String| want.thumbprints.iter().any(|ours| ours.as_str().eq_ignore_ascii_case(found));
    let others: Vec<String> = live.thumbprints.iter().filter(|found| !given(found)).cloned().collect();
    let complete = want
        .thumbprints
        .iter()
        .all(|ours| live.thumbprints.iter().any(|found| ours.as_str().eq_ignore_ascii_case(found)));
    // None given: what is there counts only for authorities that AWS does not know; leave it.
    if want.thumbprints.is_empty() || (complete && others.is_empty()) {
        return Ok(None);
    }
    if !others.is_empty() && !live.tags.contains_key(OWNER_TAG) {
        return Err(ProviderRefusal::ForeignThumbprints { others });
    }
    Ok(Some(ProviderChange::Thumbprints { from: live.thumbprints.clone(), to: want.thumbprints.clone() }))
}

impl ProviderChange {
    /// Returns a stable word for machines.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Create(_) => "create-provider",
            Self::AddClientId(_) => "add-client-id",
            Self::Thumbprints { .. } => "thumbprints",
            Self::Tag(_) => "tag-provider",
        }
    }
}

impl fmt::Display for ProviderChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
        match self {
            Self::Create(spec) => {
                let audiences = spec.audiences.iter().map(ToString::to_string).collect::<Vec<_>>();
                write!(f, "create IAM provider for {} with client id {}", spec.issuer, audiences.join(", "))?;
                if spec.thumbprints.is_empty() {
                    return Ok(());
                }
                write!(f, ", thumbprint {}", list(spec.thumbprints.iter().map(ToString::to_string).collect()))
            }
            Self::AddClientId(audience) => write!(f, "add client id {audience} to the IAM provider"),
            Self::Thumbprints { from, to } => write!(
                f,
                "replace the IAM provider's thumbprints {} by {}",
                list(from.clone()),
                list(to.iter().map(ToString::to_string).collect())
            ),
            Self::Tag(add) => {
                let tags = add.iter().map(|(key, value)| format!("{key}={value}")).collect();
                write!(f, "tag the IAM provider {}", list(tags))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(audiences: &[&str], thumbprints: &[&str]) -> ProviderSpec {
        ProviderSpec {
            issuer: "https://oidc.example.com/c1".parse().unwrap(),
            audiences: audiences.iter().map(|text| text.parse().unwrap()).collect(),
            thumbprints: thumbprints.iter().map(|text| text.parse().unwrap()).collect(),
            tags: BTreeMap::from([("team".to_owned(), "a".to_owned())]),
        }
    }

    fn live(ours: bool) -> Provider {
        let owner = (OWNER_TAG.to_owned(), OWNER_CREATED.to_owned());
        Provider {
            url: "oidc.example.com/c1".to_owned(),
            client_ids: vec!["other".to_owned(), "sts.amazonaws.com".to_owned()],
            thumbprints: vec!["A".repeat(40)],
            tags: if ours { BTreeMap::from([owner]) } else { BTreeMap::new() },
        }
    }

    #[test]
    fn a_missing_provider_is_created_in_one_call() {
        let want = spec(&["sts.amazonaws.com"], &[]);
        assert_eq!(diff(None, &want).unwrap(), [ProviderChange::Create(want)]);
    }

    #[test]
    fn missing_client_ids_are_added_and_foreign_ones_kept() {
        let changes = diff(Some(&live(false)), &spec(&["sts.amazonaws.com", "mine"], &[])).unwrap();
        assert_eq!(changes, [ProviderChange::AddClientId("mine".parse().unwrap())]);
        assert_eq!(diff(Some(&live(false)), &spec(&["other"], &[])).unwrap(), []);
    }

    #[test]
    fn a_given_thumbprint_is_reconciled_on_ours_alone() {
        let other = "b".repeat(40);
        let want = spec(&["other"], &[&other]);
        assert!(matches!(
            diff(Some(&live(false)), &want),
            Err(ProviderRefusal::ForeignThumbprints { others }) if others == ["A".repeat(40)]
        ));
        let changes = diff(Some(&live(true)), &want).unwrap();
        assert!(matches!(&changes[0], ProviderChange::Thumbprints { to, .. } if to[0].as_str() == other));
        // All that is there was given too: nothing of anybody's goes.
        let both = spec(&["other"], &[&other, &"a".repeat(40)]);
        assert_eq!(diff(Some(&live(false)), &both).unwrap().len(), 1);
        // Case does not matter.
        assert_eq!(diff(Some(&live(false)), &spec(&["other"], &[&"a".repeat(40)])).unwrap(), []);
    }

    #[test]
    fn tags_are_added_to_ours_alone() {
        let changes = diff(Some(&live(true)), &spec(&["other"], &[])).unwrap();
        assert!(matches!(&changes[..], [ProviderChange::Tag(add)] if add["team"] == "a"));
    }

    #[test]
    fn quotas_are_known_before_any_call() {
        let mut full = live(true);
        full.client_ids = (0..100).map(|n| format!("id{n}")).collect();
        assert_eq!(diff(Some(&full), &spec(&["x"], &[])), Err(ProviderRefusal::TooManyClientIds(101)));
        let prints = (0..6).map(|n| format!("{n:040}")).collect::<Vec<_>>();
        let prints = prints.iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(diff(None, &spec(&["x"], &prints)), Err(ProviderRefusal::TooManyThumbprints(6)));
    }

    #[test]
    fn texts_are_checked() {
        assert!("x".repeat(40).parse::<Thumbprint>().is_err());
        assert!("aa:bb".parse::<Thumbprint>().is_err());
        assert!("".parse::<Audience>().is_err());
        assert!("a".repeat(256).parse::<Audience>().is_err());
        assert!("a b".parse::<Audience>().is_err());
    }
}
