//! Decides what a JWKS becomes: always a merge, never a loss, never a key slipped in.
//!
//! A key that is published stays published: dropping it breaks the tokens that it signed. A key is
//! added to a set that has none, or beside our signing key; where other keys are live and ours is
//! not, adding it would let one cluster sign for another, so that is refused: it is an import or a
//! rotation, and never happens by the way.

use issuer_keygen::{KeyId, KeyRing, PublicKey};

use crate::document::PublishedDocument;
use crate::issuer::IssuerUrl;
use crate::jwks::{Jwk, Jwks, JwksError};
use crate::site::{JwksPath, Site};

/// The two documents as they are published now: bytes, where there are any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Published<'a> {
    /// The discovery document.
    pub discovery: Option<&'a [u8]>,
    /// The JWKS.
    pub jwks: Option<&'a [u8]>,
}

/// Whether verifying keys of ours that are not published yet are added beside our signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Additions {
    /// They are left out (and named): bootstrap.
    Leave,
    /// They are added: publish.
    Add,
}

/// What a merge gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The documents to publish.
    pub site: Site,
    /// Published keys that are not ours, kept; entries without a kid are counted as `-`.
    pub foreign: Vec<String>,
    /// Keys of ours that are not published yet and are now.
    pub added: Vec<KeyId>,
    /// Keys of ours that are not published and are left out.
    pub left_out: Vec<KeyId>,
}

/// How many RSA keys, and how many EC keys, AWS reads of a JWKS
/// ([user guide](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html)).
const MAX_KEYS_OF_A_KIND: usize = 100;

/// Why documents cannot be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// The published JWKS cannot be read, so nobody knows what replacing it would drop.
    #[error("the published JWKS cannot be read")]
    Jwks(#[source] JwksError),
    /// The published discovery document cannot be read.
    #[error("the published discovery document cannot be read")]
    Discovery(#[source] serde_json::Error),
    /// The place belongs to another issuer.
    #[error("the discovery document published there is of another issuer, {found}, not of {expected}")]
    OtherIssuer {
        /// The issuer that the published document names.
        found: String,
        /// The issuer that we are to publish.
        expected: IssuerUrl,
    },
    /// The live document points to another path for its keys.
    #[error("the published discovery document has its keys at {found}, not at {expected}")]
    OtherJwksUri {
        /// The jwks_uri that is live.
        found: String,
        /// The jwks_uri that we would write.
        expected: String,
        /// The live one's path below the issuer, where it is there.
        live_path: Option<String>,
    },
    /// Keys are live, and ours is not among them.
    #[error("this issuer is live with {} that {} not ours ({}); our signing key {ours} is not published there", plural(.published.len()), if .published.len() == 1 { "is" } else { "are" }, .published.join(", "))]
    NotOurs {
        /// The kids that are live.
        published: Vec<String>,
        /// Our signing key.
        ours: KeyId,
    },
    /// Another key carries our kid.
    #[error("a published key has the id of ours, {0}, but is another key")]
    Collision(KeyId),
    /// More keys than AWS reads.
    #[error("the JWKS would have {0} keys; AWS reads at most {MAX_KEYS_OF_A_KIND} RSA and as many EC keys")]
    TooManyKeys(usize),
    /// A published entry leaks a private key.
    #[error(
        "the published key {kid} has the private member `{member}`: whoever read it can sign as every service account"
    )]
    PrivateMember {
        /// Its kid, or `-`.
        kid: String,
        /// The member.
        member: &'static str,
    },
}

/// Reads the keys that are published now.
///
/// # Errors
/// When the bytes are no JWKS, or leak a private key.
pub fn published_keys(bytes: Option<&[u8]>) -> Result<Jwks, MergeError> {
    let keys = bytes.map_or(Ok(Jwks::default()), Jwks::parse).map_err(MergeError::Jwks)?;
    match keys.keys().iter().find_map(|key| Some((key, key.private_member()?))) {
        Some((key, member)) => Err(MergeError::PrivateMember { kid: name(key), member }),
        None => Ok(keys),
    }
}

/// Merges our ring into what is published.
///
/// # Errors
/// When the published documents cannot be read, are of another issuer, or hold keys but not ours.
pub fn merge(
    issuer: &IssuerUrl,
    jwks_path: &JwksPath,
    published: Published<'_>,
    ring: &KeyRing,
    additions: Additions,
) -> Result<Merged, MergeError> {
    check_document(issuer, jwks_path, published.discovery)?;
    let live = published_keys(published.jwks)?;
    let ours: Vec<&PublicKey> = ring.published().collect();
    for key in &ours {
        if let Some(entry) = live.find(key.kid().as_str())
            && !entry.same_key(&Jwk::of(key))
        {
            return Err(MergeError::Collision(key.kid().clone()));
        }
    }
    let is_live = |key: &PublicKey| live.find(key.kid().as_str()).is_some();
    if !live.is_empty() && !is_live(ring.signer()) {
        return Err(MergeError::NotOurs {
            published: live.keys().iter().map(name).collect(),
            ours: ring.signer().kid().clone(),
        });
    }
    let missing: Vec<&PublicKey> = ours.iter().copied().filter(|key| !is_live(key)).collect();
    let (added, left_out) = if live.is_empty() || additions == Additions::Add {
        (missing, Vec::new())
    } else {
        (Vec::new(), missing)
    };
    let foreign = live
        .keys()
        .iter()
        .filter(|entry| !ours.iter().any(|key| entry.kid() == Some(key.kid().as_str())))
        .map(name)
        .collect();
    let mut keys = live;
    for key in &added {
        keys.push(Jwk::of(key));
    }
    if !added.is_empty() && keys.largest_kind() > MAX_KEYS_OF_A_KIND {
        return Err(MergeError::TooManyKeys(keys.keys().len()));
    }
    let kids = |keys: Vec<&PublicKey>| keys.into_iter().map(|key| key.kid().clone()).collect();
    Ok(Merged {
        site: Site::build(issuer, jwks_path, &keys),
        foreign,
        added: kids(added),
        left_out: kids(left_out),
    })
}

/// Checks that the published discovery document, when there is one, is of this issuer and points to this JWKS.
///
/// # Errors
/// When it cannot be read, or says otherwise.
pub fn check_document(
    issuer: &IssuerUrl,
    jwks_path: &JwksPath,
    published: Option<&[u8]>,
) -> Result<(), MergeError> {
    let Some(bytes) = published else { return Ok(()) };
    let document = PublishedDocument::parse(bytes).map_err(MergeError::Discovery)?;
    if document.issuer != issuer.as_str() {
        return Err(MergeError::OtherIssuer { found: document.issuer, expected: issuer.clone() });
    }
    let expected = jwks_path.url(issuer);
    if document.jwks_uri != expected {
        let below = document.jwks_uri.strip_prefix(issuer.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let live_path = below.map(str::to_owned);
        return Err(MergeError::OtherJwksUri { found: document.jwks_uri, expected, live_path });
    }
    Ok(())
}

fn name(key: &Jwk) -> String {
    key.kid().unwrap_or("-").to_owned()
}

fn plural(count: usize) -> String {
    if count == 1 { "1 key".to_owned() } else { format!("{count} keys") }
}
