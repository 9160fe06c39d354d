//! What a call of IAM is about: the ARN that policies compare, the words of a refusal, and IAM's condition keys.
//!
//! Follows [actions, resources, and condition keys for IAM][reference].
//!
//! [reference]: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html

use crate::account::Account;
use crate::context::Context;
use crate::query::Form;
use crate::state::State;

/// What a call is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) arn: String,
    /// As a refusal calls it.
    pub(super) shown: String,
}

/// What an action with these parameters is about, whether they are in order or not.
pub(super) fn of(account: &Account, state: &State, action: &str, form: &Form) -> Subject {
    let text = |name: &str| form.text(name).unwrap_or_default();
    let path = || form.text("Path").unwrap_or("/");
    let prefix = || form.text("PathPrefix").unwrap_or("/");
    let arn = match action {
        "CreateOpenIDConnectProvider" => account.provider_arn(text("Url").trim_start_matches("https://")),
        "ListOpenIDConnectProviders" => account.provider_arn("*"),
        "ListRoles" => account.role_arn(prefix(), ""),
        "ListPolicies" => account.policy_arn(prefix(), ""),
        "CreateRole" => account.role_arn(path(), text("RoleName")),
        "CreatePolicy" => account.policy_arn(path(), text("PolicyName")),
        _ if form.text("OpenIDConnectProviderArn").is_some() => text("OpenIDConnectProviderArn").to_owned(),
        _ if form.text("RoleName").is_some() => {
            let name = text("RoleName");
            let path = state.roles.get(name).map_or("/", |role| role.path.as_str());
            return Subject { arn: account.role_arn(path, name), shown: format!("role {name}") };
        }
        _ => {
            let arn = text("PolicyArn");
            return Subject { arn: arn.to_owned(), shown: format!("policy {arn}") };
        }
    };
    Subject { shown: arn.clone(), arn }
}

/// The action that is asked for too when what is made is tagged: "you must have permissions to both create and tag"
/// ([tagging on creation][tags]).
///
/// [tags]: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
pub(super) fn tagging(action: &str, form: &Form) -> Option<&'static str> {
    let tag = match action {
        "CreateRole" => "TagRole",
        "CreatePolicy" => "TagPolicy",
        "CreateOpenIDConnectProvider" => "TagOpenIDConnectProvider",
        _ => return None,
    };
    (!form.tags("Tags").is_empty()).then_some(tag)
}

/// The condition keys of IAM's own, added to those of every call.
pub(super) fn context(state: &State, action: &str, form: &Form, mut context: Context) -> Context {
    let given = |name: &str| form.text(name).map(str::to_owned).into_iter().collect::<Vec<_>>();
    let role = form.text("RoleName").and_then(|name| state.roles.get(name));
    let boundary = match action {
        "CreateRole" | "PutRolePermissionsBoundary" => given("PermissionsBoundary"),
        _ => role.and_then(|role| role.boundary.clone()).into_iter().collect(),
    };
    context.insert("iam:permissionsboundary".to_owned(), boundary);
    let attaches = matches!(action, "AttachRolePolicy" | "DetachRolePolicy");
    context.insert("iam:policyarn".to_owned(), if attaches { given("PolicyArn") } else { Vec::new() });
    let (tags, keys) = (form.tags("Tags"), form.list("TagKeys"));
    let names = tags.iter().map(|(key, _)| *key).chain(keys.iter().copied());
    context.insert("aws:tagkeys".to_owned(), names.map(str::to_owned).collect());
    for (key, value) in &tags {
        let key = format!("aws:requesttag/{}", key.to_ascii_lowercase());
        context.insert(key, vec![(*value).to_owned()]);
    }
    let provider = state.providers.get(form.text("OpenIDConnectProviderArn").unwrap_or_default());
    let policy = state.policies.get(form.text("PolicyArn").unwrap_or_default());
    let present = role
        .map(|role| &role.tags)
        .or(provider.map(|provider| &provider.tags))
        .or(policy.map(|policy| &policy.tags));
    for (key, value) in present.into_iter().flatten() {
        for prefix in ["aws", "iam"] {
            let key = format!("{prefix}:resourcetag/{}", key.to_ascii_lowercase());
            context.insert(key, vec![value.clone()]);
        }
    }
    context
}
