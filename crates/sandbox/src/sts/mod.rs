//! STS: who is calling, and sessions of roles, for web identity tokens and for callers that a role trusts.
//!
//! Follows the [API reference](https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html).

mod assume_role;
mod constraints;
mod given;
mod parameters;
mod web_identity;

pub(crate) use web_identity::{STEP, assume_role_with_web_identity};

use crate::account::Account;
use crate::caller::Caller;
use crate::context::Context;
use crate::query::Form;
use crate::refusal::Answer;
use crate::xml::Xml;

/// The action that nobody signs.
pub(crate) const UNSIGNED: &str = "AssumeRoleWithWebIdentity";

/// Carries a signed action out; nothing for one that is not known.
pub(crate) fn act(
    account: &Account,
    caller: &Caller,
    context: Context,
    action: &str,
    form: &Form,
) -> Option<Answer<Option<Xml>>> {
    match action {
        "GetCallerIdentity" => Some(Ok(Some(caller_identity(account, caller)))),
        "AssumeRole" => Some(assume_role::assume_role(account, caller, context, form).map(Some)),
        _ => None,
    }
}

/// "No permissions are required to perform this operation":
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
fn caller_identity(account: &Account, caller: &Caller) -> Xml {
    let xml = Xml::default().text("Arn", &caller.arn(account)).text("UserId", &caller.id());
    xml.text("Account", &account.config.account)
}
