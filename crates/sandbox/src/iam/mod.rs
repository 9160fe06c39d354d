//! IAM's calls for OpenID Connect providers, roles, users and managed policies.
//!
//! Here is which function answers which call, whether two may run at once, and whether the caller may. Follows the
//! [API reference](https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html).

mod attached;
mod documents;
mod inline;
mod issuer;
mod keys;
mod managed;
mod pages;
mod policies;
mod providers;
mod resource;
mod roles;
mod rules;
mod shapes;
mod tags;
mod user_policies;
mod users;
mod versions;

pub(crate) use documents::check_identity;
pub(crate) use managed::document;

use crate::account::Account;
use crate::actions::{self, Row, When};
use crate::authorize::{self, Ask};
use crate::call::Call;
use crate::caller::Caller;
use crate::context::Context;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::xml::Xml;

/// The actions that may answer ConcurrentModification, as the API's model has it.
const REFUSE_TWO_AT_ONCE: [&str; 15] = [
    "CreateOpenIDConnectProvider",
    "AddClientIDToOpenIDConnectProvider",
    "RemoveClientIDFromOpenIDConnectProvider",
    "UpdateOpenIDConnectProviderThumbprint",
    "TagOpenIDConnectProvider",
    "UntagOpenIDConnectProvider",
    "CreateRole",
    "DeleteRole",
    "TagRole",
    "UntagRole",
    "CreatePolicy",
    "TagPolicy",
    "UntagPolicy",
    "CreateUser",
    "DeleteUser",
];

type Handler = fn(&Account, &Caller, &Form) -> Answer<Option<Xml>>;

/// Carries an action out, if the caller may; nothing for one that is not known.
pub(crate) async fn act(
    account: &Account,
    caller: &Caller,
    context: Context,
    action: &str,
    form: &Form,
    call: &Call,
) -> Option<Answer<Option<Xml>>> {
    let row = actions::of(actions::IAM, action)?;
    // The one that asks somebody else has no handler that answers at once.
    let handler = match action {
        "CreateOpenIDConnectProvider" => None,
        action => Some(handler(action)?),
    };
    if let Err(refusal) = check(account, caller, context, row, form) {
        return Some(Err(refusal));
    }
    if REFUSE_TWO_AT_ONCE.contains(&action) && account.under_way.is_contested(call.number) {
        return Some(Err(concurrent_modification()));
    }
    Some(match handler {
        Some(handler) => handler(account, caller, form),
        None => providers::create(account, form).await.map(Some),
    })
}

fn handler(action: &str) -> Option<Handler> {
    Some(match action {
        "GetOpenIDConnectProvider" => |account, _, form| providers::get(account, form).map(Some),
        "ListOpenIDConnectProviders" => |account, _, _| Ok(Some(providers::list(account))),
        "DeleteOpenIDConnectProvider" => |account, _, form| providers::delete(account, form).map(nothing),
        "AddClientIDToOpenIDConnectProvider" => {
            |account, _, form| providers::add_client_id(account, form).map(nothing)
        }
        "RemoveClientIDFromOpenIDConnectProvider" => {
            |account, _, form| providers::remove_client_id(account, form).map(nothing)
        }
        "UpdateOpenIDConnectProviderThumbprint" => {
            |account, _, form| providers::update_thumbprint(account, form).map(nothing)
        }
        "TagOpenIDConnectProvider" => |account, _, form| providers::tag(account, form).map(nothing),
        "UntagOpenIDConnectProvider" => |account, _, form| providers::untag(account, form).map(nothing),
        "ListOpenIDConnectProviderTags" => |account, _, form| providers::list_tags(account, form).map(Some),
        "CreateRole" => |account, _, form| roles::create(account, form).map(Some),
        "GetRole" => |account, _, form| roles::get(account, form).map(Some),
        "ListRoles" => |account, _, form| roles::list(account, form).map(Some),
        "UpdateAssumeRolePolicy" => |account, _, form| roles::update_trust(account, form).map(nothing),
        "UpdateRole" => |account, _, form| roles::update(account, form).map(Some),
        "DeleteRole" => |account, _, form| roles::delete(account, form).map(nothing),
        "TagRole" => |account, _, form| roles::tag(account, form).map(nothing),
        "UntagRole" => |account, _, form| roles::untag(account, form).map(nothing),
        "ListRoleTags" => |account, _, form| roles::list_tags(account, form).map(Some),
        "PutRolePolicy" => |account, _, form| inline::put(account, form).map(nothing),
        "GetRolePolicy" => |account, _, form| inline::get(account, form).map(Some),
        "ListRolePolicies" => |account, _, form| inline::list(account, form).map(Some),
        "DeleteRolePolicy" => |account, _, form| inline::delete(account, form).map(nothing),
        "AttachRolePolicy" => |account, _, form| attached::attach(account, form).map(nothing),
        "DetachRolePolicy" => |account, _, form| attached::detach(account, form).map(nothing),
        "ListAttachedRolePolicies" => |account, _, form| attached::list(account, form).map(Some),
        "PutRolePermissionsBoundary" => |account, _, form| attached::put_boundary(account, form).map(nothing),
        "DeleteRolePermissionsBoundary" => {
            |account, _, form| attached::delete_boundary(account, form).map(nothing)
        }
        "ListInstanceProfilesForRole" => |account, _, form| roles::list_profiles(account, form).map(Some),
        "CreatePolicy" => |account, _, form| policies::create(account, form).map(Some),
        "GetPolicy" => |account, _, form| policies::get(account, form).map(Some),
        "ListPolicies" => |account, _, form| policies::list(account, form).map(Some),
        "DeletePolicy" => |account, _, form| policies::delete(account, form).map(nothing),
        "TagPolicy" => |account, _, form| policies::tag(account, form).map(nothing),
        "UntagPolicy" => |account, _, form| policies::untag(account, form).map(nothing),
        "ListPolicyTags" => |account, _, form| policies::list_tags(account, form).map(Some),
        "CreatePolicyVersion" => |account, _, form| versions::create(account, form).map(Some),
        "GetPolicyVersion" => |account, _, form| versions::get(account, form).map(Some),
        "ListPolicyVersions" => |account, _, form| versions::list(account, form).map(Some),
        "DeletePolicyVersion" => |account, _, form| versions::delete(account, form).map(nothing),
        "SetDefaultPolicyVersion" => |account, _, form| versions::set_default(account, form).map(nothing),
        "CreateUser" => |account, _, form| users::create(account, form).map(Some),
        "GetUser" => |account, caller, form| users::get(account, caller, form).map(Some),
        "ListUsers" => |account, _, form| users::list(account, form).map(Some),
        "DeleteUser" => |account, _, form| users::delete(account, form).map(nothing),
        "PutUserPolicy" => |account, _, form| user_policies::put(account, form).map(nothing),
        "GetUserPolicy" => |account, _, form| user_policies::get(account, form).map(Some),
        "ListUserPolicies" => |account, _, form| user_policies::list(account, form).map(Some),
        "DeleteUserPolicy" => |account, _, form| user_policies::delete(account, form).map(nothing),
        "AttachUserPolicy" => |account, _, form| user_policies::attach(account, form).map(nothing),
        "DetachUserPolicy" => |account, _, form| user_policies::detach(account, form).map(nothing),
        "ListAttachedUserPolicies" => {
            |account, _, form| user_policies::list_attached(account, form).map(Some)
        }
        "CreateAccessKey" => |account, caller, form| keys::create(account, caller, form).map(Some),
        "ListAccessKeys" => |account, caller, form| keys::list(account, caller, form).map(Some),
        "DeleteAccessKey" => |account, caller, form| keys::delete(account, caller, form).map(nothing),
        _ => return None,
    })
}

/// An answer without a result.
fn nothing((): ()) -> Option<Xml> {
    None
}

/// Refuses what the caller may not do.
fn check(account: &Account, caller: &Caller, context: Context, row: &Row, form: &Form) -> Answer<()> {
    let state = account.state();
    let subject = resource::of(account, &state, caller, row, form);
    let context = resource::context(&state, caller, row, form, context);
    let has = |when| when == When::Tagged && !form.tags("Tags").is_empty();
    row.actions(has).into_iter().try_for_each(|action| {
        let ask = Ask { action, resource: &subject.arn, context: &context, resource_policy: None };
        authorize::may(account, state.settled(), caller, &ask)
            .map_err(|denied| authorize::refusal(&caller.arn(account), action, Some(&subject.shown), denied))
    })
}

/// In the words of the API's model, for two changes of one thing that are under way at once.
fn concurrent_modification() -> Refusal {
    let text = "The request was rejected because multiple requests to change this object were submitted simultaneously. \
        Wait a few minutes and submit your request again.";
    Refusal::new("ConcurrentModification", 409, text)
}
