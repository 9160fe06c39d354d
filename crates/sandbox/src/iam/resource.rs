//! What a call of IAM is about: the ARN that policies compare, the words of a refusal, and IAM's condition keys.
//!
//! Follows [actions, resources, and condition keys for IAM][reference].
//!
//! [reference]: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html

use crate::account::Account;
use crate::actions::{Key, Resource, Row};
use crate::caller::Caller;
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

/// What a call with these parameters is about, whether they are in order or not.
pub(super) fn of(account: &Account, state: &State, caller: &Caller, row: &Row, form: &Form) -> Subject {
    let text = |name: &str| form.text(name).unwrap_or_default();
    let path = || form.text("Path").unwrap_or("/");
    let prefix = || form.text("PathPrefix").unwrap_or("/");
    let same = |arn: String| Subject { shown: arn.clone(), arn };
    match row.resource {
        // Nothing but `*` allows these, while a refusal names what is listed.
        Resource::Any => {
            let shown = match row.call {
                "ListOpenIDConnectProviders" => account.provider_arn("*"),
                "ListPolicies" => format!("policy path {}", prefix()),
                "ListUsers" => account.user_arn(prefix(), ""),
                _ => account.role_arn(prefix(), ""),
            };
            Subject { arn: "*".to_owned(), shown }
        }
        Resource::Provider => same(match form.text("OpenIDConnectProviderArn") {
            Some(arn) => arn.to_owned(),
            None => account.provider_arn(text("Url").trim_start_matches("https://")),
        }),
        Resource::Policy => match form.text("PolicyArn") {
            Some(arn) => Subject { arn: arn.to_owned(), shown: format!("policy {arn}") },
            None => same(account.policy_arn(path(), text("PolicyName"))),
        },
        Resource::User if row.call == "CreateUser" => same(account.user_arn(path(), text("UserName"))),
        Resource::User => {
            let name = user_name(caller, form).unwrap_or_default();
            let path = state.users.get(name).map_or("/", |user| user.path.as_str());
            Subject { arn: account.user_arn(path, name), shown: format!("user {name}") }
        }
        _ if row.call == "CreateRole" => same(account.role_arn(path(), text("RoleName"))),
        // One that is not there has no path that anybody knows.
        _ => {
            let name = text("RoleName");
            let path = state.roles.get(name).map_or("/", |role| role.path.as_str());
            Subject { arn: account.role_arn(path, name), shown: format!("role {name}") }
        }
    }
}

/// The user that a request is about: "If you do not specify a user name, IAM determines the user name implicitly based
/// on the ... access key ID signing the request".
pub(super) fn user_name<'a>(caller: &'a Caller, form: &'a Form) -> Option<&'a str> {
    form.text("UserName").or_else(|| caller.user_name())
}

/// The condition keys of IAM's own, added to those of every call. One that the action does not have is absent.
pub(super) fn context(
    state: &State,
    caller: &Caller,
    row: &Row,
    form: &Form,
    mut context: Context,
) -> Context {
    let given = |name: &str| form.text(name).map(str::to_owned).into_iter().collect::<Vec<_>>();
    let has = |key| row.keys.contains(&key);
    let role = form.text("RoleName").and_then(|name| state.roles.get(name));
    let user = (row.resource == Resource::User).then(|| user_name(caller, form)).flatten();
    let user = user.and_then(|name| state.users.get(name));
    let boundary = match row.call {
        "CreateRole" | "CreateUser" | "PutRolePermissionsBoundary" => given("PermissionsBoundary"),
        _ => {
            let of_role = role.and_then(|role| role.boundary.clone());
            of_role.or_else(|| user.and_then(|user| user.boundary.clone())).into_iter().collect()
        }
    };
    let boundary = if has(Key::Boundary) { boundary } else { Vec::new() };
    context.insert("iam:permissionsboundary".to_owned(), boundary);
    let policy_arn = if has(Key::PolicyArn) { given("PolicyArn") } else { Vec::new() };
    context.insert("iam:policyarn".to_owned(), policy_arn);
    let (tags, keys) = (form.tags("Tags"), form.list("TagKeys"));
    let names = tags.iter().map(|(key, _)| *key).chain(keys.iter().copied());
    let names = names.filter(|_| has(Key::TagKeys)).map(str::to_owned).collect();
    context.insert("aws:tagkeys".to_owned(), names);
    for (key, value) in tags.iter().filter(|_| has(Key::RequestTags)) {
        let key = format!("aws:requesttag/{}", key.to_ascii_lowercase());
        context.insert(key, vec![(*value).to_owned()]);
    }
    let provider = state.providers.get(form.text("OpenIDConnectProviderArn").unwrap_or_default());
    let policy = state.policies.get(form.text("PolicyArn").unwrap_or_default());
    // Of roles and users the tags have a name of IAM's too.
    let (present, prefixes) = match row.resource {
        Resource::Role => (role.map(|role| &role.tags), ["aws", "iam"].as_slice()),
        Resource::User => (user.map(|user| &user.tags), ["aws", "iam"].as_slice()),
        Resource::Provider => (provider.map(|provider| &provider.tags), ["aws"].as_slice()),
        Resource::Policy => (policy.map(|policy| &policy.tags), ["aws"].as_slice()),
        _ => (None, [].as_slice()),
    };
    for (key, value) in present.into_iter().flatten() {
        for prefix in prefixes {
            let key = format!("{prefix}:resourcetag/{}", key.to_ascii_lowercase());
            context.insert(key, vec![value.clone()]);
        }
    }
    context
}
