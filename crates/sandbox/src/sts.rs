//! STS: who is calling.
//!
//! Follows [GetCallerIdentity](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).

use crate::account::Account;
use crate::refusal::Answer;
use crate::xml::Xml;

/// Carries an action out; nothing for one that is not known.
pub(crate) fn act(account: &Account, action: &str) -> Option<Answer<Option<Xml>>> {
    match action {
        "GetCallerIdentity" => Some(Ok(Some(caller_identity(account)))),
        _ => None,
    }
}

fn caller_identity(account: &Account) -> Xml {
    let xml = Xml::default().text("Arn", &account.caller_arn()).text("UserId", account.caller_id());
    xml.text("Account", &account.config.account)
}
