//! The condition keys that every service of AWS knows: what a policy may ask of a call, whatever it is.
//!
//! A key that is not here is unknown, and a policy that asks for it neither allows nor spares; one with an empty list
//! is known to be absent. Follows [the global condition context keys][keys].
//!
//! [keys]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html

use std::collections::BTreeMap;

use http::request::Parts;
use time::format_description::well_known::Rfc3339;

use crate::account::Account;
use crate::caller::Caller;
use crate::server::ThroughTls;

/// Condition keys in lower case, and their values.
pub(crate) type Context = BTreeMap<String, Vec<String>>;

/// The address that AWS itself reads from: one of the internet's (<https://www.rfc-editor.org/rfc/rfc5737>), as nobody
/// knows which.
const OF_AWS: &str = "192.0.2.1";

/// The keys of a call; `region` is the one that it came to.
pub(crate) fn of(account: &Account, caller: Option<&Caller>, region: Option<&str>, parts: &Parts) -> Context {
    let mut context = of_unsigned(account, region, parts);
    add_principal(account, caller, &mut context);
    context
}

/// The keys of a call that no principal of AWS makes: a token makes one of whoever has it.
pub(crate) fn of_unsigned(account: &Account, region: Option<&str>, parts: &Parts) -> Context {
    let tls = parts.extensions.get::<ThroughTls>().is_some();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    everywhere(account, region, tls, "127.0.0.1", [header("user-agent"), header("referer")])
}

/// The keys that AWS shows when it reads an issuer's documents, as everybody can.
pub(crate) fn of_reader(account: &Account, region: &str) -> Context {
    let mut context = everywhere(account, Some(region), true, OF_AWS, [None, None]);
    add_principal(account, None, &mut context);
    context
}

/// The keys that no caller makes a difference to.
fn everywhere(
    account: &Account,
    region: Option<&str>,
    tls: bool,
    address: &str,
    [user_agent, referer]: [Option<&str>; 2],
) -> Context {
    let now = account.now();
    let one = |value: String| vec![value];
    let given = |value: Option<&str>| value.map(str::to_owned).into_iter().collect::<Vec<_>>();
    let mut context = Context::new();
    let mut set = |key: &str, values: Vec<String>| context.insert(format!("aws:{key}"), values);
    set("securetransport", one(tls.to_string()));
    set("currenttime", one(now.format(&Rfc3339).unwrap_or_default()));
    set("epochtime", one(now.unix_timestamp().to_string()));
    set("sourceip", one(address.to_owned()));
    set("useragent", given(user_agent));
    set("referer", given(referer));
    set("requestedregion", region.map(str::to_owned).into_iter().collect());
    set("viaawsservice", one("false".to_owned()));
    set("principalisawsservice", one("false".to_owned()));
    set("resourceaccount", one(account.config.account.clone()));
    // Of networks and organisations that the sandbox has none of.
    for absent in
        ["principalorgid", "principalorgpaths", "sourcevpc", "sourcevpce", "sourcearn", "sourceaccount"]
    {
        set(absent, Vec::new());
    }
    context
}

/// The keys that say who calls.
fn add_principal(account: &Account, caller: Option<&Caller>, context: &mut Context) {
    let one = |value: String| vec![value];
    let mut set = |key: &str, values: Vec<String>| context.insert(format!("aws:{key}"), values);
    let signed = |value: String| caller.map(|_| value).into_iter().collect::<Vec<_>>();
    set("principalaccount", signed(account.config.account.clone()));
    set("userid", caller.map(Caller::id).into_iter().collect());
    match caller {
        None => {
            set("principalarn", Vec::new());
            set("principaltype", one("Anonymous".to_owned()));
            set("username", Vec::new());
        }
        Some(user @ (Caller::BuiltIn(_) | Caller::User(_))) => {
            set("principalarn", one(user.arn(account)));
            set("principaltype", one("User".to_owned()));
            set("username", user.user_name().map(str::to_owned).into_iter().collect());
            let state = account.state();
            for (key, value) in user.user(state.settled()).map(|user| &user.tags).into_iter().flatten() {
                set(&format!("principaltag/{}", key.to_ascii_lowercase()), one(value.clone()));
            }
        }
        Some(session @ Caller::Session(facts)) => {
            let state = account.state();
            // "For assumed roles, the request context returns the ARN of the role", with its path.
            let role = session.role(state.settled());
            let arn = role.map(|(name, role)| account.role_arn(&role.path, name));
            set("principalarn", arn.into_iter().collect());
            set("principaltype", one("AssumedRole".to_owned()));
            set("username", Vec::new());
            set("federatedprovider", facts.provider.iter().cloned().collect());
            set("tokenissuetime", one(facts.issued.format(&Rfc3339).unwrap_or_default()));
            set("multifactorauthpresent", one("false".to_owned()));
            for (key, value) in role.map(|(_, role)| &role.tags).into_iter().flatten() {
                set(&format!("principaltag/{}", key.to_ascii_lowercase()), one(value.clone()));
            }
        }
    }
}
