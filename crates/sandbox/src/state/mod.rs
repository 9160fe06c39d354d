//! Everything that the sandbox remembers, as one value behind one lock.
//!
//! Plain data without behaviour of AWS: who changes it enforces AWS's rules first. A lock is never held across an
//! await, so a call sees and changes one consistent state. A change keeps what was before beside what is: things are
//! shared between the two until one of them is changed.

mod iam;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::serde::rfc3339;

pub(crate) use iam::{Policy, PolicyVersion, Provider, Role, User, UserKey};

/// What one account and its neighbours have.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// The account's buckets by name.
    pub(crate) buckets: BTreeMap<String, Arc<Bucket>>,
    /// Names of buckets that somebody else has: what the sandbox was started with, and never saved.
    #[serde(skip)]
    pub(crate) foreign: BTreeSet<String>,
    /// The account's own public access block.
    pub(crate) account_block: Option<AccessBlock>,
    /// The OpenID Connect providers by ARN.
    pub(crate) providers: BTreeMap<String, Arc<Provider>>,
    /// The roles by name; a state that was saved by an earlier version has none.
    #[serde(default)]
    pub(crate) roles: BTreeMap<Arc<str>, Arc<Role>>,
    /// The account's own managed policies by ARN.
    #[serde(default)]
    pub(crate) policies: BTreeMap<Arc<str>, Arc<Policy>>,
    /// The users by name.
    #[serde(default)]
    pub(crate) users: BTreeMap<Arc<str>, Arc<User>>,
}

impl State {
    /// The state as it is saved, but for the secrets of users' keys.
    pub(crate) fn without_secrets(&self) -> Value {
        // Maps with text for keys, and nothing that JSON cannot write.
        let mut state = serde_json::to_value(self).unwrap_or_default();
        let users = state["users"].as_object_mut().into_iter().flatten();
        for (_, key) in users.filter_map(|(_, user)| user["keys"].as_object_mut()).flatten() {
            key["secret"] = Value::Null;
        }
        state
    }

    /// The user that has an access key: its name, itself, and the key.
    pub(crate) fn owner_of(&self, access_key_id: &str) -> Option<(&str, &User, &UserKey)> {
        self.users.iter().find_map(|(name, user)| {
            let key = user.keys.get(access_key_id)?;
            Some((&**name, &**user, key))
        })
    }
}

/// One bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bucket {
    /// Tells it from an earlier bucket of the same name, as long as the sandbox runs.
    #[serde(skip)]
    pub(crate) made: u64,
    pub(crate) region: String,
    #[serde(with = "rfc3339")]
    pub(crate) created: OffsetDateTime,
    pub(crate) tags: BTreeMap<String, String>,
    /// The policy's exact text.
    pub(crate) policy: Option<String>,
    pub(crate) access_block: Option<AccessBlock>,
    pub(crate) versioning: Versioning,
    pub(crate) encryption: Encryption,
    /// The versions of each key, the newest last; a key without versions is not in the map.
    pub(crate) objects: BTreeMap<String, Vec<Version>>,
}

impl Bucket {
    /// The object that a read without a version sees.
    pub(crate) fn current(&self, key: &str) -> Option<&Object> {
        match &self.objects.get(key)?.last()?.content {
            Content::Object(object) => Some(object),
            Content::DeleteMarker => None,
        }
    }
}

/// The four settings of S3 Block Public Access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessBlock {
    pub(crate) block_public_acls: bool,
    pub(crate) ignore_public_acls: bool,
    pub(crate) block_public_policy: bool,
    pub(crate) restrict_public_buckets: bool,
}

impl AccessBlock {
    /// All four on: what a new bucket has.
    pub(crate) const ALL: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
}

/// Whether a bucket keeps old versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Versioning {
    /// It never did.
    Never,
    /// It does.
    Enabled,
    /// It did, and what it kept is still there.
    Suspended,
}

/// How objects are encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Encryption {
    /// `AES256`, the default.
    S3,
    /// `aws:kms`, with the key's id if one was named.
    Kms(Option<String>),
}

/// One version of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Version {
    /// `null` where the bucket keeps no versions.
    pub(crate) id: String,
    #[serde(with = "rfc3339")]
    pub(crate) modified: OffsetDateTime,
    pub(crate) content: Content,
}

/// What a version is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    Object(Arc<Object>),
    DeleteMarker,
}

/// The bytes of an object and all that is kept with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Object {
    #[serde(with = "in_base64")]
    pub(crate) body: Bytes,
    /// MD5 of the body in hex, without quotes.
    pub(crate) etag: String,
    pub(crate) content_type: String,
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) encryption: Encryption,
    /// The checksum that came with it (or the default one): algorithm as S3 spells it, value in base64.
    pub(crate) checksum: (String, String),
}

/// Bytes as they stand in JSON.
mod in_base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Bytes::from).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_saved_and_not_shown() {
        let key = json!({"secret": "not to be shown", "created": "2026-01-01T00:00:00Z"});
        let user = json!({
            "path": "/", "id": "AIDAEXAMPLE", "created": "2026-01-01T00:00:00Z", "boundary": null, "tags": {},
            "inline": {}, "attached": [], "keys": {"AKIAEXAMPLE": key},
        });
        let user = serde_json::from_value::<User>(user).unwrap();
        let state = State { users: BTreeMap::from([(Arc::from("u"), Arc::new(user))]), ..State::default() };
        let (shown, debugged) = (state.without_secrets().to_string(), format!("{state:?}"));
        assert!(shown.contains("AKIAEXAMPLE") && !shown.contains("not to be shown"), "{shown}");
        assert!(debugged.contains("AKIAEXAMPLE") && !debugged.contains("not to be shown"), "{debugged}");
        assert!(serde_json::to_string(&state).unwrap().contains("not to be shown"));
        assert_eq!(state.owner_of("AKIAEXAMPLE").map(|(name, _, _)| name), Some("u"));
        assert!(state.owner_of("AKIAOTHER").is_none());
    }
}
