//! The roles of one issuer in one account: reads them through the AWS SDK.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::types;
use aws_types::SdkConfig;
use issuer_discovery::{CallError, Patience};
use issuer_policy::Document;

use super::arn::RoleArn;
use super::attached::Attached;
use super::error::RoleError;
use super::issuing::Issuing;
use super::live::{LiveRole, RoleFacts};
use super::name::{RoleName, RolePath};
use super::pace::paced;
use super::read;
use super::spec::RoleSpec;
use super::trust::trusted_subjects;

/// The most of a list that IAM gives at once.
const PAGE: i32 = 1000;
/// How long after the first the second look at attachments comes.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// The roles of one issuer in one account. Cheap to clone; clones share their pace.
#[derive(Clone, Debug)]
pub struct RoleClient {
    pub(super) iam: Client,
    pub(super) issuing: Issuing,
    pub(super) patience: Patience,
    /// The ARNs of roles that were seen, by name: their paths are not computed.
    seen: Arc<Mutex<HashMap<RoleName, String>>>,
}

/// A role as a listing shows it: without tags and policies.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedRole {
    /// Its ARN.
    pub arn: RoleArn,
    /// Its path.
    pub path: RolePath,
    /// Who may assume it; nothing where it cannot be read.
    pub trust_policy: Option<Document>,
}

impl ListedRole {
    /// Lists whom our statements for this issuer take: `NAMESPACE/NAME`, and patterns as they stand.
    #[must_use]
    pub fn subjects(&self, issuing: &Issuing) -> Vec<String> {
        self.trust_policy.iter().flat_map(|document| trusted_subjects(document, issuing)).collect()
    }
}

impl RoleClient {
    /// Works on the roles of this issuer.
    #[must_use]
    pub fn new(config: &SdkConfig, issuing: Issuing, patience: Patience) -> Self {
        Self {
            iam: Client::from_conf(paced(config, &issuing.account)),
            issuing,
            patience,
            seen: Arc::default(),
        }
    }

    /// Returns the issuer and the account.
    #[must_use]
    pub fn issuing(&self) -> &Issuing {
        &self.issuing
    }

    /// Reads all that [`diff_role`](super::diff_role) needs, but for the provider.
    ///
    /// # Errors
    /// When IAM does not answer, or refuses.
    pub async fn read(&self, spec: &RoleSpec) -> Result<RoleFacts, RoleError> {
        let policies = async {
            let mut found = BTreeMap::new();
            for name in spec.create.keys() {
                let arn = self.issuing.policy_arn(name);
                found.extend(self.policy(arn.as_str()).await?.map(|policy| (name.clone(), policy)));
            }
            Ok(found)
        };
        let (role, policies) = tokio::try_join!(self.role_of_somebody(&spec.name), policies)?;
        Ok(RoleFacts { role, policies, provider: None })
    }

    /// Reads one role whole, when there is one.
    ///
    /// # Errors
    /// When IAM does not answer, or refuses.
    pub async fn role(&self, name: &RoleName) -> Result<Option<LiveRole>, RoleError> {
        let Some(found) = self.found(name).await? else { return Ok(None) };
        let (attached, inline) = tokio::try_join!(self.attachments(&found, name), self.inline(name))?;
        Ok(Some(live(&found, attached, inline)?))
    }

    /// The same, without the policies of a role that is not ours where they may not be read: the least privilege ends at
    /// our path, and that it is somebody else's is known all the same.
    async fn role_of_somebody(&self, name: &RoleName) -> Result<Option<LiveRole>, RoleError> {
        let Some(found) = self.found(name).await? else { return Ok(None) };
        let (attached, inline) = match tokio::try_join!(self.attachments(&found, name), self.inline(name)) {
            Err(RoleError::Call(error)) if error.is_access_denied() => {
                let unread = live(&found, BTreeSet::new(), BTreeMap::new())?;
                return if unread.is_ours() { Err(error.into()) } else { Ok(Some(unread)) };
            }
            read => read?,
        };
        Ok(Some(live(&found, attached, inline)?))
    }

    /// Reads what is attached. IAM may show an attachment later than the tag that remembers it, and what is not seen
    /// attached is forgotten: then it is looked at once more.
    async fn attachments(&self, found: &types::Role, name: &RoleName) -> Result<BTreeSet<String>, RoleError> {
        let attached = self.attached(name).await?;
        if Attached::of(&tags(found)).is_within(&attached) {
            return Ok(attached);
        }
        tokio::time::sleep(SECOND_LOOK).await;
        self.attached(name).await
    }

    /// Lists the roles whose path begins so, all pages of them.
    ///
    /// # Errors
    /// When IAM does not answer, or refuses.
    pub async fn list(&self, prefix: &str) -> Result<Vec<ListedRole>, RoleError> {
        let mut pages = self.iam.list_roles().path_prefix(prefix).max_items(PAGE).into_paginator().send();
        let mut roles = Vec::new();
        while let Some(page) = pages.next().await {
            let account = &self.issuing.account;
            let resource = || format!("arn:{}:iam::{}:role{prefix}", account.partition, account.id);
            let page = page.map_err(|error| CallError::new("iam:ListRoles", resource(), error))?;
            for found in page.roles() {
                let arn: RoleArn = found.arn().parse()?;
                self.see(&arn);
                let path = RolePath::found_in(&arn);
                roles.push(ListedRole { arn, path, trust_policy: read::trust_policy(found).ok() });
            }
        }
        Ok(roles)
    }

    /// Reads who may assume a role, when there is one.
    pub(super) async fn trust_policy(&self, name: &RoleName) -> Result<Option<Document>, RoleError> {
        self.found(name).await?.as_ref().map(read::trust_policy).transpose()
    }

    /// Reads the role itself: with its tags and its boundary, without its policies.
    pub(super) async fn found(&self, name: &RoleName) -> Result<Option<types::Role>, RoleError> {
        match self.iam.get_role().role_name(name.as_str()).send().await {
            Ok(answer) => {
                if let Some(arn) = answer.role.as_ref().and_then(|role| role.arn().parse().ok()) {
                    self.see(&arn);
                }
                Ok(answer.role)
            }
            Err(error) => match CallError::new("iam:GetRole", self.role_arn(name), error) {
                missing if missing.code().starts_with("NoSuchEntity") => Ok(None),
                other => Err(other.into()),
            },
        }
    }

    /// The ARN of a role of this name: under the path where it was seen, or else under that of the issuer.
    pub(super) fn role_arn(&self, name: &RoleName) -> String {
        let seen = self.lock().get(name).cloned();
        seen.unwrap_or_else(|| self.issuing.role_arn(&self.issuing.path(), name))
    }

    fn see(&self, arn: &RoleArn) {
        if let Ok(name) = arn.name().parse() {
            self.lock().insert(name, arn.to_string());
        }
    }

    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RoleName, String>> {
        // Nothing is half-done under this lock.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn live(
    found: &types::Role,
    attached: BTreeSet<String>,
    inline: BTreeMap<String, Option<Document>>,
) -> Result<LiveRole, RoleError> {
    let arn: RoleArn = found.arn().parse()?;
    let boundary = found.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
    Ok(LiveRole {
        path: RolePath::found_in(&arn),
        arn,
        trust_policy: read::trust_policy(found)?,
        max_session_duration: read::longest_session(found),
        boundary: boundary.map(str::to_owned),
        tags: tags(found),
        attached,
        inline,
    })
}

fn tags(found: &types::Role) -> BTreeMap<String, String> {
    found.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}
