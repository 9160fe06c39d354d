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
use super::attached::Memory;
use super::error::RoleError;
use super::issuing::Issuing;
use super::leaving::LeavingRole;
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
            for (name, wanted) in &spec.create {
                let arn = self.issuing.policy_arn(name);
                let Some(mut policy) = self.policy(arn.as_str()).await? else { continue };
                share(&mut policy.document, [wanted]);
                found.insert(name.clone(), policy);
            }
            Ok(found)
        };
        let (mut role, policies) = tokio::try_join!(self.role_of_somebody(&spec.name), policies)?;
        for document in role.iter_mut().flat_map(|role| role.inline.values_mut()).flatten() {
            share(document, spec.inline.values());
        }
        Ok(RoleFacts { role, policies, provider: None })
    }

    /// Reads one role whole, when there is one.
    ///
    /// # Errors
    /// When IAM does not answer, or refuses.
    pub async fn role(&self, name: &RoleName) -> Result<Option<LiveRole>, RoleError> {
        let Some(bare) = self.bare(name).await? else { return Ok(None) };
        let (attached, inline) = tokio::try_join!(self.attachments(&bare, name), self.inline(name))?;
        Ok(Some(LiveRole { attached, inline, ..bare }))
    }

    /// Reads what leaving one role needs, when there is one: names of inline policies, and no documents of them.
    ///
    /// # Errors
    /// When IAM does not answer, or refuses; where the policies of a role may not be read that is not ours by tag or
    /// path, it is given without them.
    pub async fn role_for_leaving(&self, name: &RoleName) -> Result<Option<LeavingRole>, RoleError> {
        self.leaving(name, true).await
    }

    /// The same when all that hung on the role was taken off a moment ago: nothing is waited for that would show late.
    ///
    /// # Errors
    /// As [`RoleClient::role_for_leaving`].
    pub async fn role_before_deleting(&self, name: &RoleName) -> Result<Option<LeavingRole>, RoleError> {
        self.leaving(name, false).await
    }

    async fn leaving(&self, name: &RoleName, may_show_late: bool) -> Result<Option<LeavingRole>, RoleError> {
        let Some(bare) = self.bare(name).await? else { return Ok(None) };
        let attached = async {
            if may_show_late { self.attachments(&bare, name).await } else { self.attached(name).await }
        };
        let profiles =
            async { if bare.is_made_by_us() { self.instance_profiles(name).await } else { Ok(Vec::new()) } };
        let read = tokio::try_join!(attached, self.inline_names(name), profiles);
        let (attached, inline, instance_profiles) = match read {
            Err(RoleError::Call(error)) if error.is_access_denied() => {
                if bare.is_ours() || bare.path == self.issuing.path() {
                    return Err(error.into());
                }
                return Ok(Some(LeavingRole { role: bare, instance_profiles: Vec::new(), unread: true }));
            }
            read => read?,
        };
        let inline = inline.into_iter().map(|name| (name, None)).collect();
        Ok(Some(LeavingRole {
            role: LiveRole { attached, inline, ..bare },
            instance_profiles,
            unread: false,
        }))
    }

    /// The same as [`RoleClient::role`], without the policies of a role that is not ours where they may not be read: the
    /// least privilege ends at our path, and that it is somebody else's is known all the same.
    async fn role_of_somebody(&self, name: &RoleName) -> Result<Option<LiveRole>, RoleError> {
        let Some(bare) = self.bare(name).await? else { return Ok(None) };
        let (attached, inline) = match tokio::try_join!(self.attachments(&bare, name), self.inline(name)) {
            Err(RoleError::Call(error)) if error.is_access_denied() => {
                return if bare.is_ours() { Err(error.into()) } else { Ok(Some(bare)) };
            }
            read => read?,
        };
        Ok(Some(LiveRole { attached, inline, ..bare }))
    }

    /// Reads what is attached. IAM may show an attachment later than the tag that remembers it, and what is not seen
    /// attached is forgotten: then it is looked at once more.
    async fn attachments(&self, bare: &LiveRole, name: &RoleName) -> Result<BTreeSet<String>, RoleError> {
        let attached = self.attached(name).await?;
        let memory = Memory::of(&bare.tags, &self.issuing, bare.is_for(&self.issuing));
        if memory.own.is_within(&attached) {
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

    async fn bare(&self, name: &RoleName) -> Result<Option<LiveRole>, RoleError> {
        self.found(name).await?.as_ref().map(bare).transpose()
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

/// A role without its policies.
fn bare(found: &types::Role) -> Result<LiveRole, RoleError> {
    let arn: RoleArn = found.arn().parse()?;
    let boundary = found.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
    Ok(LiveRole {
        path: RolePath::found_in(&arn),
        arn,
        trust_policy: read::trust_policy(found)?,
        max_session_duration: read::longest_session(found),
        boundary: boundary.map(str::to_owned),
        tags: found.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
        attached: BTreeSet::new(),
        inline: BTreeMap::new(),
    })
}

/// Keeps one document in memory for all roles that have it: that of the wish, in place of one that says the same.
fn share<'a>(live: &mut Document, wanted: impl IntoIterator<Item = &'a Document>) {
    if let Some(same) = wanted.into_iter().find(|wanted| *wanted == live) {
        *live = same.clone();
    }
}
