//! The calls that change roles and policies, one by one.
//!
//! [IAM API reference](https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html). Which of them the SDK may
//! repeat is said here: what makes something, or replaces the whole of something, is looked at before it is sent again.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::config::retry::RetryConfig;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::types::Tag;
use issuer_discovery::CallError;
use issuer_policy::Document;

use super::name::{PolicyArn, PolicyName, RolePath};

/// One call. Calls on roles take the role's name beside.
#[derive(Debug)]
pub(super) enum Call<'a> {
    Create {
        path: &'a RolePath,
        trust_policy: &'a Document,
        boundary: Option<&'a PolicyArn>,
        max_session: Option<Duration>,
        tags: &'a BTreeMap<String, String>,
    },
    Trust(&'a Document),
    Boundary(&'a PolicyArn),
    MaxSession(Duration),
    Tag(&'a BTreeMap<String, String>),
    Untag(&'a [String]),
    Attach(&'a str),
    Detach(&'a str),
    PutInline(&'a PolicyName, &'a Document),
    DeleteInline(&'a PolicyName),
    Delete,
    CreatePolicy {
        arn: &'a str,
        name: &'a PolicyName,
        path: &'a RolePath,
        document: &'a Document,
        tags: &'a BTreeMap<String, String>,
    },
    CreateVersion(&'a str, &'a Document),
    DeleteVersion(&'a str, &'a str),
    DeletePolicy(&'a str),
}

impl Call<'_> {
    /// Tells whether it must not be sent again before somebody has looked.
    pub(super) fn is_once(&self) -> bool {
        matches!(
            self,
            Self::Create { .. } | Self::Trust(_) | Self::CreatePolicy { .. } | Self::CreateVersion(..)
        )
    }

    /// Tells whether it only takes something away: what is gone already is as it should be.
    pub(super) fn takes_away(&self) -> bool {
        matches!(
            self,
            Self::Untag(_)
                | Self::Detach(_)
                | Self::DeleteInline(_)
                | Self::Delete
                | Self::DeleteVersion(..)
                | Self::DeletePolicy(_)
        )
    }

    /// The managed policy that has to be there for it.
    pub(super) fn needs_policy(&self) -> Option<&str> {
        match self {
            Self::Attach(arn) => Some(arn),
            Self::Boundary(arn) | Self::Create { boundary: Some(arn), .. } => Some(arn.as_str()),
            _ => None,
        }
    }

    /// The managed policy that is made or changed; otherwise a role is.
    pub(super) fn changes_policy(&self) -> Option<&str> {
        match self {
            Self::CreatePolicy { arn, .. }
            | Self::CreateVersion(arn, _)
            | Self::DeleteVersion(arn, _)
            | Self::DeletePolicy(arn) => Some(arn),
            _ => None,
        }
    }

    /// Sends it, for a role of this name; `what` is the ARN of what it changes.
    pub(super) async fn send(&self, iam: &Client, role: &str, what: &str) -> Result<(), CallError> {
        match self {
            Self::Create { path, trust_policy, boundary, max_session, tags } => {
                let call = iam.create_role().role_name(role).path(path.as_str());
                let call = call.assume_role_policy_document(trust_policy.to_json());
                let call = call.set_permissions_boundary(boundary.map(ToString::to_string));
                let call = call.set_max_session_duration(max_session.map(seconds)).set_tags(Some(list(tags)));
                let answer = call.customize().config_override(once()).send().await;
                end("iam:CreateRole", what, answer)
            }
            Self::Trust(document) => {
                let call =
                    iam.update_assume_role_policy().role_name(role).policy_document(document.to_json());
                let answer = call.customize().config_override(once()).send().await;
                end("iam:UpdateAssumeRolePolicy", what, answer)
            }
            Self::Boundary(arn) => {
                let call = iam.put_role_permissions_boundary().role_name(role);
                let answer = call.permissions_boundary(arn.as_str()).send().await;
                end("iam:PutRolePermissionsBoundary", what, answer)
            }
            // What is not given stays: the description.
            Self::MaxSession(session) => {
                let call = iam.update_role().role_name(role).max_session_duration(seconds(*session));
                end("iam:UpdateRole", what, call.send().await)
            }
            Self::Tag(tags) => {
                let call = iam.tag_role().role_name(role).set_tags(Some(list(tags)));
                end("iam:TagRole", what, call.send().await)
            }
            Self::Untag(keys) => {
                let call = iam.untag_role().role_name(role).set_tag_keys(Some(keys.to_vec()));
                end("iam:UntagRole", what, call.send().await)
            }
            Self::Attach(arn) => {
                let call = iam.attach_role_policy().role_name(role).policy_arn(*arn);
                end("iam:AttachRolePolicy", what, call.send().await)
            }
            Self::Detach(arn) => {
                let call = iam.detach_role_policy().role_name(role).policy_arn(*arn);
                end("iam:DetachRolePolicy", what, call.send().await)
            }
            Self::PutInline(name, document) => {
                let call = iam.put_role_policy().role_name(role).policy_name(name.as_str());
                end("iam:PutRolePolicy", what, call.policy_document(document.to_json()).send().await)
            }
            Self::DeleteInline(name) => {
                let call = iam.delete_role_policy().role_name(role).policy_name(name.as_str());
                end("iam:DeleteRolePolicy", what, call.send().await)
            }
            Self::Delete => end("iam:DeleteRole", what, iam.delete_role().role_name(role).send().await),
            Self::CreatePolicy { name, path, document, tags, .. } => {
                let call = iam.create_policy().policy_name(name.as_str()).path(path.as_str());
                let call = call.policy_document(document.to_json()).set_tags(Some(list(tags)));
                let answer = call.customize().config_override(once()).send().await;
                end("iam:CreatePolicy", what, answer)
            }
            Self::CreateVersion(arn, document) => {
                let call = iam.create_policy_version().policy_arn(*arn).policy_document(document.to_json());
                let answer = call.set_as_default(true).customize().config_override(once()).send().await;
                end("iam:CreatePolicyVersion", what, answer)
            }
            Self::DeleteVersion(arn, version) => {
                let call = iam.delete_policy_version().policy_arn(*arn).version_id(*version);
                end("iam:DeletePolicyVersion", what, call.send().await)
            }
            Self::DeletePolicy(arn) => {
                end("iam:DeletePolicy", what, iam.delete_policy().policy_arn(*arn).send().await)
            }
        }
    }
}

/// The SDK sends it once: what it does has to be looked at before it is sent again. Under the same rate as all others,
/// which the SDK keeps in its adaptive mode alone.
fn once() -> aws_sdk_iam::config::Builder {
    aws_sdk_iam::config::Builder::new().retry_config(RetryConfig::adaptive().with_max_attempts(1))
}

fn end<T, E>(
    action: &'static str,
    what: &str,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<(), CallError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    answer.map(|_| ()).map_err(|error| CallError::new(action, what, error))
}

fn seconds(session: Duration) -> i32 {
    // What is too long for the API is for IAM to refuse.
    i32::try_from(session.as_secs()).unwrap_or(i32::MAX)
}

fn list(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    // Both parts are given, which is all that the builder asks for.
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}
