//! What IAM keeps: providers, roles and users with their inline policies, and managed policies with their versions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

/// One OpenID Connect provider of IAM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    /// Without `https://`, as IAM shows it.
    pub(crate) url: String,
    pub(crate) client_ids: Vec<String>,
    pub(crate) thumbprints: Vec<String>,
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(with = "rfc3339")]
    pub(crate) created: OffsetDateTime,
}

/// One role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Role {
    /// `/`, or with more between two slashes.
    pub(crate) path: String,
    /// `AROA...`: another role of the same name has another one.
    pub(crate) id: String,
    #[serde(with = "rfc3339")]
    pub(crate) created: OffsetDateTime,
    pub(crate) description: Option<String>,
    /// The trust policy's exact text.
    pub(crate) trust: String,
    /// The longest session, in seconds.
    pub(crate) max_session: u32,
    /// The ARN of the policy that bounds what its own policies can allow.
    pub(crate) boundary: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// The inline policies' exact texts by name.
    pub(crate) inline: BTreeMap<String, String>,
    /// The ARNs of the managed policies that are attached.
    pub(crate) attached: BTreeSet<String>,
}

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    /// `/`, or with more between two slashes.
    pub(crate) path: String,
    /// `AIDA...`: another user of the same name has another one.
    pub(crate) id: String,
    #[serde(with = "rfc3339")]
    pub(crate) created: OffsetDateTime,
    /// The ARN of the policy that bounds what its own policies can allow.
    pub(crate) boundary: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// The inline policies' exact texts by name.
    pub(crate) inline: BTreeMap<String, String>,
    /// The ARNs of the managed policies that are attached.
    pub(crate) attached: BTreeSet<String>,
    /// The access keys by id.
    pub(crate) keys: BTreeMap<String, UserKey>,
}

/// One access key of a user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserKey {
    /// What signatures are made with: shown once, and kept nowhere but in the state.
    pub(crate) secret: String,
    #[serde(with = "rfc3339")]
    pub(crate) created: OffsetDateTime,
}

impl fmt::Debug for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserKey").field("created", &self.created).finish_non_exhaustive()
    }
}

/// One managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    pub(crate) name: String,
    /// `/`, or with more between two slashes.
    pub(crate) path: String,
    /// `ANPA...`
    pub(crate) id: String,
    pub(crate) description: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(with = "rfc3339")]
    pub(crate) created: OffsetDateTime,
    /// When its newest version was made.
    #[serde(with = "rfc3339")]
    pub(crate) updated: OffsetDateTime,
    /// The versions by number; none is ever given twice.
    pub(crate) versions: BTreeMap<u32, PolicyVersion>,
    /// The number of the version that counts.
    pub(crate) default: u32,
    /// The number of the next version.
    pub(crate) next: u32,
}

impl Policy {
    /// The text of the version that counts.
    pub(crate) fn document(&self) -> Option<&str> {
        self.versions.get(&self.default).map(|version| version.document.as_str())
    }
}

/// One version of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyVersion {
    /// The exact text.
    pub(crate) document: String,
    #[serde(with = "rfc3339")]
    pub(crate) created: OffsetDateTime,
}
