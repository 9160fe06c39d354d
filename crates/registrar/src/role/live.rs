//! A role as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use issuer_discovery::{OWNER_ADOPTED, OWNER_CREATED, OWNER_TAG};
use issuer_policy::Document;

use super::arn::RoleArn;
use super::issuing::{ISSUER_TAG, Issuing};
use super::name::{PolicyName, RolePath};
use super::trust::{self, trusted_subjects};

/// A role as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveRole {
    /// Its ARN, with its path.
    pub arn: RoleArn,
    /// Its path.
    pub path: RolePath,
    /// Who may assume it.
    pub trust_policy: Document,
    /// The longest session that may be asked for.
    pub max_session_duration: Duration,
    /// Its permissions boundary, by ARN.
    pub boundary: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The ARNs of its managed policies.
    pub attached: BTreeSet<String>,
    /// Its inline policies by name; the documents of those alone that are ours by name.
    pub inline: BTreeMap<String, Option<Document>>,
}

impl LiveRole {
    /// Tells whether it carries the tag of ours, made by us or taken over, for whichever issuer.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        is_ours(&self.tags)
    }

    /// Tells whether it was made by us, for whichever issuer: only then may it be deleted.
    #[must_use]
    pub fn is_made_by_us(&self) -> bool {
        self.tags.get(OWNER_TAG).is_some_and(|owner| owner == OWNER_CREATED)
    }

    /// Tells whether it is ours and was made or taken over for this issuer: others only joined it. Where somebody took
    /// the tag that says so away, the path does, or that no other issuer of ours is in it.
    #[must_use]
    pub fn is_for(&self, issuing: &Issuing) -> bool {
        let statements = self.trust_policy.statements();
        let is_alone = || {
            statements.iter().any(|one| trust::is_ours(one, issuing))
                && !statements
                    .iter()
                    .any(|one| trust::issuer_of(one, issuing).is_some_and(|id| *id != issuing.id()))
        };
        let untagged = !self.tags.contains_key(ISSUER_TAG);
        self.is_ours()
            && (is_for(&self.tags, issuing) || untagged && (self.path == issuing.path() || is_alone()))
    }

    /// Lists whom our statements for this issuer take: `NAMESPACE/NAME`, and patterns as they stand.
    #[must_use]
    pub fn subjects(&self, issuing: &Issuing) -> Vec<String> {
        trusted_subjects(&self.trust_policy, issuing)
    }
}

fn is_ours(tags: &BTreeMap<String, String>) -> bool {
    tags.get(OWNER_TAG).is_some_and(|owner| owner == OWNER_CREATED || owner == OWNER_ADOPTED)
}

fn is_for(tags: &BTreeMap<String, String>, issuing: &Issuing) -> bool {
    tags.get(ISSUER_TAG).is_some_and(|id| *id == issuing.id())
}

/// A managed policy of our own as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct LivePolicy {
    /// Its ARN.
    pub arn: String,
    /// The document of its default version.
    pub document: Document,
    /// The id of its default version.
    pub default_version: String,
    /// The ids of all versions, the oldest first; five at most.
    pub versions: Vec<String>,
    /// How many it is attached to.
    pub attachments: u32,
    /// How many it is the permissions boundary of.
    pub bounds: u32,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl LivePolicy {
    /// Tells whether it is ours and was made for this issuer.
    #[must_use]
    pub fn is_for(&self, issuing: &Issuing) -> bool {
        is_ours(&self.tags) && is_for(&self.tags, issuing)
    }

    /// Lists the versions that do not count, the oldest first.
    pub fn old_versions(&self) -> impl Iterator<Item = &String> {
        self.versions.iter().filter(|version| **version != self.default_version)
    }
}

/// All that is live of one wanted role.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleFacts {
    /// The role, when there is one of the name.
    pub role: Option<LiveRole>,
    /// Those of the policies to be made that are there, by name.
    pub policies: BTreeMap<PolicyName, LivePolicy>,
    /// Whether the issuer's provider is in the account; nothing when nobody looked.
    pub provider: Option<bool>,
}
