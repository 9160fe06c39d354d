//! IAM's calls for OpenID Connect providers, roles and managed policies.
//!
//! Here is which function answers which call, whether two may run at once, and whether the caller may. Follows the
//! [API reference](https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html).

mod attached;
mod documents;
mod inline;
mod issuer;
mod managed;
mod pages;
mod policies;
mod providers;
mod resource;
mod roles;
mod rules;
mod shapes;
mod tags;
mod versions;

pub(crate) use documents::check_identity;
pub(crate) use managed::document;

use crate::account::Account;
use crate::authorize::{self, Ask};
use crate::call::Call;
use crate::caller::Caller;
use crate::context::Context;
use crate::query::Form;
use crate::refusal::{Answer, Refusal};
use crate::xml::Xml;

/// The actions that may answer ConcurrentModification, as the API's model has it.
const REFUSE_TWO_AT_ONCE: [&str; 11] = [
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
];

type Handler = fn(&Account, &Form) -> Answer<Option<Xml>>;

/// Carries an action out, if the caller may; nothing for one that is not known.
pub(crate) async fn act(
    account: &Account,
    caller: &Caller,
    context: Context,
    action: &str,
    form: &Form,
    call: &Call,
) -> Option<Answer<Option<Xml>>> {
    // The one that asks somebody else has no handler that answers at once.
    let handler = match action {
        "CreateOpenIDConnectProvider" => None,
        action => Some(handler(action)?),
    };
    if let Err(refusal) = check(account, caller, context, action, form) {
        return Some(Err(refusal));
    }
    if REFUSE_TWO_AT_ONCE.contains(&action) && account.under_way.is_contested(call.number) {
        return Some(Err(concurrent_modification()));
    }
    Some(match handler {
        Some(handler) => handler(account, form),
        None => providers::create(account, form).await.map(Some),
    })
}

fn handler(action: &str) -> Option<Handler> {
    Some(match action {
        "GetOpenIDConnectProvider" => |account, form| providers::get(account, form).map(Some),
        "ListOpenIDConnectProviders" => |account, _| Ok(Some(providers::list(account))),
        "DeleteOpenIDConnectProvider" => |account, form| providers::delete(account, form).map(nothing),
        "AddClientIDToOpenIDConnectProvider" => {
            |account, form| providers::add_client_id(account, form).map(nothing)
        }
        "RemoveClientIDFromOpenIDConnectProvider" => {
            |account, form| providers::remove_client_id(account, form).map(nothing)
        }
        "UpdateOpenIDConnectProviderThumbprint" => {
            |account, form| providers::update_thumbprint(account, form).map(nothing)
        }
        "TagOpenIDConnectProvider" => |account, form| providers::tag(account, form).map(nothing),
        "UntagOpenIDConnectProvider" => |account, form| providers::untag(account, form).map(nothing),
        "ListOpenIDConnectProviderTags" => |account, form| providers::list_tags(account, form).map(Some),
        "CreateRole" => |account, form| roles::create(account, form).map(Some),
        "GetRole" => |account, form| roles::get(account, form).map(Some),
        "ListRoles" => |account, form| roles::list(account, form).map(Some),
        "UpdateAssumeRolePolicy" => |account, form| roles::update_trust(account, form).map(nothing),
        "UpdateRole" => |account, form| roles::update(account, form).map(Some),
        "DeleteRole" => |account, form| roles::delete(account, form).map(nothing),
        "TagRole" => |account, form| roles::tag(account, form).map(nothing),
        "UntagRole" => |account, form| roles::untag(account, form).map(nothing),
        "ListRoleTags" => |account, form| roles::list_tags(account, form).map(Some),
        "PutRolePolicy" => |account, form| inline::put(account, form).map(nothing),
        "GetRolePolicy" => |account, form| inline::get(account, form).map(Some),
        "ListRolePolicies" => |account, form| inline::list(account, form).map(Some),
        "DeleteRolePolicy" => |account, form| inline::delete(account, form).map(nothing),
        "AttachRolePolicy" => |account, form| attached::attach(account, form).map(nothing),
        "DetachRolePolicy" => |account, form| attached::detach(account, form).map(nothing),
        "ListAttachedRolePolicies" => |account, form| attached::list(account, form).map(Some),
        "PutRolePermissionsBoundary" => |account, form| attached::put_boundary(account, form).map(nothing),
        "DeleteRolePermissionsBoundary" => {
            |account, form| attached::delete_boundary(account, form).map(nothing)
        }
        "CreatePolicy" => |account, form| policies::create(account, form).map(Some),
        "GetPolicy" => |account, form| policies::get(account, form).map(Some),
        "ListPolicies" => |account, form| policies::list(account, form).map(Some),
        "DeletePolicy" => |account, form| policies::delete(account, form).map(nothing),
        "CreatePolicyVersion" => |account, form| versions::create(account, form).map(Some),
        "GetPolicyVersion" => |account, form| versions::get(account, form).map(Some),
        "ListPolicyVersions" => |account, form| versions::list(account, form).map(Some),
        "DeletePolicyVersion" => |account, form| versions::delete(account, form).map(nothing),
        "SetDefaultPolicyVersion" => |account, form| versions::set_default(account, form).map(nothing),
        _ => return None,
    })
}

/// An answer without a result.
fn nothing((): ()) -> Option<Xml> {
    None
}

/// Refuses what the caller may not do.
fn check(account: &Account, caller: &Caller, context: Context, action: &str, form: &Form) -> Answer<()> {
    let state = account.state();
    let subject = resource::of(account, &state, action, form);
    let context = resource::context(&state, action, form, context);
    let actions = [Some(action), resource::tagging(action, form)].into_iter().flatten();
    actions.map(|action| format!("iam:{action}")).try_for_each(|action| {
        let ask = Ask { action: &action, resource: &subject.arn, context: &context, resource_policy: None };
        authorize::may(account, state.settled(), caller, &ask)
            .map_err(|denied| authorize::refusal(&caller.arn(account), &action, Some(&subject.shown), denied))
    })
}

/// In the words of the API's model, for two changes of one thing that are under way at once.
fn concurrent_modification() -> Refusal {
    let text = "The request was rejected because multiple requests to change this object were submitted simultaneously. \
        Wait a few minutes and submit your request again.";
    Refusal::new("ConcurrentModification", 409, text)
}
