//! Taking the documents away again: what can be taken, and which of what is published is this issuer's.
//!
//! Only what says of itself that it is this issuer's goes. The JWKS goes first and the discovery document, which says
//! whose both are, last: an interrupted run leaves nothing behind that nobody can tell the owner of.

use std::fmt;
use std::path::PathBuf;

use crate::issuer::IssuerUrl;
use crate::jwks::Jwks;
use crate::location::BucketName;
use crate::merge::{MergeError, check_document};
use crate::publish::LiveDocuments;
use crate::site::{DISCOVERY_PATH, JwksPath};

/// What is to be taken away from a place, and what the reader should know of the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Withdrawal {
    /// In the order in which they are to be done.
    pub changes: Vec<WithdrawChange>,
    /// What stays, and why.
    pub notes: Vec<String>,
}

/// One thing to take away.
#[derive(Clone, Debug, PartialEq)]
pub enum WithdrawChange {
    /// Delete a document in a bucket.
    Object {
        /// The bucket.
        bucket: BucketName,
        /// The object's key.
        key: String,
        /// Its path below the issuer.
        path: String,
        /// As it was read: another one stays.
        etag: Option<String>,
    },
    /// Delete a document in a directory, and the directories that are empty then.
    File {
        /// The file.
        file: PathBuf,
        /// Its path below the issuer.
        path: String,
        /// As they were read: a file with other ones stays.
        bytes: Vec<u8>,
    },
    /// Take our statement out of the bucket's policy.
    Statement {
        /// The bucket.
        bucket: BucketName,
        /// Our statement.
        sid: String,
    },
    /// Take our tags off a bucket that somebody else made.
    Untag {
        /// The bucket.
        bucket: BucketName,
        /// Our tags.
        keys: Vec<String>,
    },
    /// Delete the bucket, with every version of the two documents.
    Bucket {
        /// The bucket.
        bucket: BucketName,
        /// The only keys that may be in it.
        keys: [String; 2],
    },
}

impl WithdrawChange {
    /// Returns in which stage the change belongs; those of one stage do not need each other.
    #[must_use]
    pub fn stage(&self) -> u8 {
        match self {
            Self::Object { path, .. } | Self::File { path, .. } if path != DISCOVERY_PATH => 0,
            Self::Object { .. } | Self::File { .. } => 1,
            Self::Statement { .. } => 2,
            // The tag says whose the rest is: it goes last.
            Self::Untag { .. } | Self::Bucket { .. } => 3,
        }
    }

    /// Returns a stable word for machines.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Object { .. } => "delete-object",
            Self::File { .. } => "delete-file",
            Self::Statement { .. } => "remove-statement",
            Self::Untag { .. } => "untag-bucket",
            Self::Bucket { .. } => "delete-bucket",
        }
    }
}

impl fmt::Display for WithdrawChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object { bucket, key, .. } => write!(f, "delete the object {key} in bucket {bucket}"),
            Self::File { file, .. } => write!(f, "delete {}", file.display()),
            Self::Statement { bucket, sid } => {
                write!(f, "take the statement {sid} out of the policy of bucket {bucket}")
            }
            Self::Untag { bucket, keys } => {
                let tags = if keys.len() == 1 { "tag" } else { "tags" };
                write!(f, "take the {tags} {} off bucket {bucket}", keys.join(", "))
            }
            Self::Bucket { bucket, .. } => {
                write!(f, "delete bucket {bucket}, with every version of the two documents")
            }
        }
    }
}

/// Which of the two documents are this issuer's.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct OfIssuer {
    pub(crate) jwks: bool,
    pub(crate) discovery: bool,
    pub(crate) notes: Vec<String>,
}

impl OfIssuer {
    /// Looks at what the documents say of themselves. `alone` says whether a JWKS without a discovery document is
    /// known to be this issuer's by something else; `where` names the place.
    ///
    /// # Errors
    /// When the discovery document is this issuer's and has its keys at another path below it: then this look was
    /// for the wrong one.
    pub(crate) fn of(
        issuer: &IssuerUrl,
        jwks_path: &JwksPath,
        documents: &LiveDocuments,
        alone: bool,
        place: &str,
    ) -> Result<Self, MergeError> {
        let live = documents.published();
        let stay = |why: String| {
            let notes = vec![format!("the documents in {place} stay: {why}")];
            Ok(Self { notes, ..Self::default() })
        };
        match check_document(issuer, jwks_path, live.discovery) {
            Ok(()) => {}
            Err(error @ MergeError::OtherJwksUri { live_path: Some(_), .. }) => return Err(error),
            Err(error) => return stay(error.to_string()),
        }
        let Some(jwks) = live.jwks else {
            return Ok(Self { discovery: live.discovery.is_some(), ..Self::default() });
        };
        if live.discovery.is_none() && !alone {
            return stay(format!("{jwks_path} has no discovery document beside it that says whose it is"));
        }
        let parsed = Jwks::parse(jwks);
        let notes = parsed.as_ref().err().map(|error| format!("{jwks_path} in {place} stays: {error}"));
        Ok(Self {
            jwks: parsed.is_ok(),
            discovery: live.discovery.is_some(),
            notes: notes.into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::LiveObject;

    #[test]
    fn only_what_says_of_itself_that_it_is_this_issuers_goes() {
        let issuer: IssuerUrl = "https://oidc.example.com/c1".parse().unwrap();
        let document = |issuer: &str, uri: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{uri}"}}"#);
        let ours = document("https://oidc.example.com/c1", "https://oidc.example.com/c1/openid/v1/jwks");
        let theirs = document("https://oidc.example.com/c2", "https://oidc.example.com/c2/openid/v1/jwks");
        let elsewhere = document("https://oidc.example.com/c1", "https://keys.example.com/jwks");
        let keys = r#"{"keys":[]}"#;
        let look = |discovery: Option<&str>, jwks: Option<&str>, alone: bool| {
            let object = |text: &str| LiveObject { bytes: text.into(), ..LiveObject::default() };
            let documents = LiveDocuments { discovery: discovery.map(object), jwks: jwks.map(object) };
            OfIssuer::of(&issuer, &JwksPath::default(), &documents, alone, "x")
        };
        for (discovery, jwks, alone, goes, said) in [
            (None, None, false, (false, false), ""),
            (Some(ours.as_str()), Some(keys), false, (true, true), ""),
            (Some(ours.as_str()), None, false, (false, true), ""),
            (None, Some(keys), true, (true, false), ""),
            (None, Some(keys), false, (false, false), "says whose it is"),
            (None, Some("{}"), true, (false, false), "no list `keys`"),
            (Some(ours.as_str()), Some("theirs"), false, (false, true), "not JSON"),
            (Some(theirs.as_str()), Some(keys), true, (false, false), "of another issuer"),
            (Some(elsewhere.as_str()), Some(keys), true, (false, false), "https://keys.example.com/jwks"),
            (Some("{}"), Some(keys), true, (false, false), "cannot be read"),
        ] {
            let found = look(discovery, jwks, alone).unwrap();
            assert_eq!((found.jwks, found.discovery), goes, "{discovery:?} {jwks:?}");
            let notes = found.notes.join(" ");
            assert!(notes.contains(said) && notes.is_empty() == said.is_empty(), "{discovery:?}: {notes}");
        }
        let moved = document("https://oidc.example.com/c1", "https://oidc.example.com/c1/keys.json");
        let refused = look(Some(&moved), Some(keys), true).unwrap_err();
        assert!(
            matches!(&refused, MergeError::OtherJwksUri { live_path: Some(path), .. } if path == "keys.json")
        );
    }
}
