//! A role as it should be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use issuer_keygen::ServiceAccount;
use issuer_policy::{Document, Statement};

use super::issuing::Issuing;
use super::name::{PolicyArn, PolicyName, RoleName, RolePath};
use super::refusal::{RoleRefusal, RoleWarning};
use super::subject::Subject;
use super::{check, trust};
use crate::provider::Audience;

/// A role as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleSpec {
    /// Its name, unique in the account whatever its path.
    pub name: RoleName,
    /// Its path; that of the issuer unless somebody wants another one.
    pub path: Option<RolePath>,
    /// Whose tokens it takes; not empty.
    pub subjects: BTreeSet<Subject>,
    /// The audience of the tokens.
    pub audience: Audience,
    /// Managed policies to attach.
    pub attach: BTreeSet<PolicyArn>,
    /// Inline policies; in IAM their names begin with [`RoleSpec::INLINE_PREFIX`].
    pub inline: BTreeMap<PolicyName, Document>,
    /// Managed policies of our own to make below the issuer's path, and to attach.
    pub create: BTreeMap<PolicyName, Document>,
    /// The permissions boundary.
    pub boundary: Option<PolicyArn>,
    /// The longest session, 1 to 12 hours; one hour for a new role, left alone for one that is there.
    pub max_session: Option<Duration>,
    /// Tags, beside those that mark it as ours.
    pub tags: BTreeMap<String, String>,
}

impl RoleSpec {
    /// What the names of our inline policies begin with in IAM: those are ours to change and to delete.
    pub const INLINE_PREFIX: &'static str = "issuerctl-";

    /// Writes the statements that the trust policy has to hold for this issuer: aud and sub are always bound.
    #[must_use]
    pub fn trust_statements(&self, issuing: &Issuing) -> Vec<Statement> {
        let of = |patterns| {
            let wanted =
                self.subjects.iter().filter(|subject| matches!(subject, Subject::Pattern(_)) == patterns);
            wanted.map(Subject::text).collect()
        };
        trust::statements(issuing, &self.audience, of(false), of(true))
    }

    /// Checks all that can be known before any call: sizes, counts, the session, tags.
    ///
    /// # Errors
    /// What IAM would refuse.
    pub fn check(&self, issuing: &Issuing) -> Result<Vec<RoleWarning>, RoleRefusal> {
        check::check(self, issuing)
    }

    /// Lists the ARNs of all policies that have to be attached: those named, and those of our own making.
    #[must_use]
    pub fn attachments(&self, issuing: &Issuing) -> BTreeSet<PolicyArn> {
        self.attach.iter().cloned().chain(self.create.keys().map(|name| issuing.policy_arn(name))).collect()
    }

    /// Lists the service accounts that are named, for their manifests.
    pub fn service_accounts(&self) -> impl Iterator<Item = &ServiceAccount> {
        self.subjects.iter().filter_map(|subject| match subject {
            Subject::ServiceAccount(account) => Some(account),
            Subject::Pattern(_) => None,
        })
    }
}
