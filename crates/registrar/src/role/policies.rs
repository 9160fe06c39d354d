//! Reads the policies of roles, and managed policies of our own.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::types::PolicyScopeType;
use issuer_discovery::CallError;
use issuer_policy::Document;
use tokio::task::JoinSet;

use super::client::RoleClient;
use super::error::RoleError;
use super::live::LivePolicy;
use super::name::RoleName;
use super::read;
use super::spec::RoleSpec;

/// The most of a list that IAM gives at once.
const PAGE: i32 = 1000;
/// How many policies are read at the same time.
const BESIDE: usize = 8;

impl RoleClient {
    /// Lists the managed policies of ours below the issuer's path.
    ///
    /// # Errors
    /// When IAM does not answer, or refuses.
    pub async fn policies(&self) -> Result<Vec<LivePolicy>, RoleError> {
        self.policies_of(|_, _| true).await
    }

    /// Lists those of the managed policies of ours below the issuer's path that are to be kept, by their ARN and by how
    /// many have them attached: no others are read whole.
    ///
    /// # Errors
    /// When IAM does not answer, or refuses.
    pub async fn policies_of(&self, keep: impl Fn(&str, u32) -> bool) -> Result<Vec<LivePolicy>, RoleError> {
        let path = self.issuing.path();
        let call = self.iam.list_policies().scope(PolicyScopeType::Local).path_prefix(path.as_str());
        let mut pages = call.max_items(PAGE).into_paginator().send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let account = &self.issuing.account;
            let resource = || format!("arn:{}:iam::{}:policy{path}", account.partition, account.id);
            let page = page.map_err(|error| CallError::new("iam:ListPolicies", resource(), error))?;
            let listed = page
                .policies()
                .iter()
                .filter_map(|policy| Some((policy.arn()?, count(policy.attachment_count()))));
            arns.extend(listed.filter(|(arn, count)| keep(arn, *count)).map(|(arn, _)| arn.to_owned()));
        }
        // The list has neither tags nor versions.
        let mut found = Vec::new();
        let mut reading = JoinSet::new();
        for arn in arns {
            if reading.len() >= BESIDE {
                found.extend(joined(reading.join_next().await)?);
            }
            let client = self.clone();
            reading.spawn(async move { client.policy(&arn).await });
        }
        while !reading.is_empty() {
            found.extend(joined(reading.join_next().await)?);
        }
        found.sort_unstable_by(|a: &LivePolicy, b| a.arn.cmp(&b.arn));
        Ok(found)
    }

    /// Reads a managed policy of the account, when there is one.
    ///
    /// # Errors
    /// When IAM does not answer, or refuses.
    pub async fn policy(&self, arn: &str) -> Result<Option<LivePolicy>, RoleError> {
        let answer = self.iam.get_policy().policy_arn(arn).send().await;
        let Some(answer) = unless_missing("iam:GetPolicy", arn, answer)? else { return Ok(None) };
        let Some(policy) = answer.policy else { return Ok(None) };
        let default = policy.default_version_id().unwrap_or_default();
        let (document, versions) = tokio::try_join!(self.version(arn, default), self.versions(arn))?;
        // It went between two calls.
        let (Some(document), Some(versions)) = (document, versions) else { return Ok(None) };
        Ok(Some(LivePolicy {
            arn: arn.to_owned(),
            document,
            default_version: default.to_owned(),
            versions,
            attachments: count(policy.attachment_count()),
            bounds: count(policy.permissions_boundary_usage_count()),
            tags: policy.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
        }))
    }

    async fn version(&self, arn: &str, version: &str) -> Result<Option<Document>, RoleError> {
        let answer = self.iam.get_policy_version().policy_arn(arn).version_id(version).send().await;
        let answer = unless_missing("iam:GetPolicyVersion", arn, answer)?;
        let found = answer.and_then(|answer| answer.policy_version);
        let document = found.map(|found| read::document(found.document()));
        document.transpose().map_err(|source| RoleError::Policy {
            what: arn.to_owned(),
            policy: version.to_owned(),
            source,
        })
    }

    /// The ids of all versions, the oldest first: `v1`, `v2`, and `v10` after `v9`.
    async fn versions(&self, arn: &str) -> Result<Option<Vec<String>>, RoleError> {
        let mut pages = self.iam.list_policy_versions().policy_arn(arn).into_paginator().send();
        let mut ids = Vec::new();
        while let Some(page) = pages.next().await {
            let Some(page) = unless_missing("iam:ListPolicyVersions", arn, page)? else { return Ok(None) };
            ids.extend(page.versions().iter().filter_map(|version| version.version_id().map(str::to_owned)));
        }
        let number = |id: &String| id.trim_start_matches('v').parse::<u64>().unwrap_or(0);
        ids.sort_by_key(number);
        Ok(Some(ids))
    }

    /// The ARNs of the managed policies of a role.
    pub(super) async fn attached(&self, role: &RoleName) -> Result<BTreeSet<String>, RoleError> {
        let call = self.iam.list_attached_role_policies().role_name(role.as_str()).max_items(PAGE);
        let mut pages = call.into_paginator().send();
        let mut arns = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = self.unless_gone("iam:ListAttachedRolePolicies", role, page)?;
            let found = page.attached_policies().iter().filter_map(|policy| policy.policy_arn());
            arns.extend(found.map(str::to_owned));
        }
        Ok(arns)
    }

    /// The inline policies of a role; the documents of those alone that are ours by name.
    pub(super) async fn inline(
        &self,
        role: &RoleName,
    ) -> Result<BTreeMap<String, Option<Document>>, RoleError> {
        let mut inline = BTreeMap::new();
        for name in self.inline_names(role).await? {
            if !name.starts_with(RoleSpec::INLINE_PREFIX) {
                inline.insert(name, None);
                continue;
            }
            let call = self.iam.get_role_policy().role_name(role.as_str()).policy_name(&name);
            let what = self.role_arn(role);
            // It may have gone since it was listed.
            let Some(found) = unless_missing("iam:GetRolePolicy", &what, call.send().await)? else {
                continue;
            };
            let document = read::document(Some(found.policy_document()))
                .map_err(|source| RoleError::Policy { what, policy: name.clone(), source })?;
            inline.insert(name, Some(document));
        }
        Ok(inline)
    }

    /// The names of the inline policies of a role.
    pub(super) async fn inline_names(&self, role: &RoleName) -> Result<Vec<String>, RoleError> {
        let call = self.iam.list_role_policies().role_name(role.as_str()).max_items(PAGE);
        let mut pages = call.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = self.unless_gone("iam:ListRolePolicies", role, page)?;
            names.extend(page.policy_names().iter().cloned());
        }
        Ok(names)
    }

    /// The names of the instance profiles that a role is in.
    pub(super) async fn instance_profiles(&self, role: &RoleName) -> Result<Vec<String>, RoleError> {
        let call = self.iam.list_instance_profiles_for_role().role_name(role.as_str()).max_items(PAGE);
        let mut pages = call.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = self.unless_gone("iam:ListInstanceProfilesForRole", role, page)?;
            names.extend(
                page.instance_profiles().iter().map(|profile| profile.instance_profile_name().to_owned()),
            );
        }
        Ok(names)
    }

    /// A role that was there a moment ago and is not is being changed by somebody else.
    fn unless_gone<T, E>(
        &self,
        action: &'static str,
        role: &RoleName,
        answer: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<T, RoleError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let what = self.role_arn(role);
        unless_missing(action, &what, answer)?.ok_or(RoleError::Raced { what })
    }
}

fn unless_missing<T, E>(
    action: &'static str,
    what: &str,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Option<T>, RoleError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => match CallError::new(action, what, error) {
            missing if missing.code().starts_with("NoSuchEntity") => Ok(None),
            other => Err(other.into()),
        },
    }
}

fn count(found: Option<i32>) -> u32 {
    found.and_then(|found| u32::try_from(found).ok()).unwrap_or(0)
}

/// A task that panics is a bug, and goes on as one.
fn joined(
    task: Option<Result<Result<Option<LivePolicy>, RoleError>, tokio::task::JoinError>>,
) -> Result<Option<LivePolicy>, RoleError> {
    match task {
        None => Ok(None),
        Some(Ok(read)) => read,
        Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // Nobody cancels them.
        Some(Err(_)) => Ok(None),
    }
}
