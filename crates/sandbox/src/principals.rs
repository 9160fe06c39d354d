//! Whether there is somebody whom a policy names: AWS refuses a policy that names nobody.
//!
//! Of the own account it is known who is there; of others only the form is. Follows the forms of [the Principal
//! element][principal].
//!
//! [principal]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html

use issuer_policy::Principal;

use crate::account::Account;
use crate::state::State;

/// The providers of tokens that AWS knows by name.
const KNOWN_PROVIDERS: [&str; 4] =
    ["cognito-identity.amazonaws.com", "accounts.google.com", "graph.facebook.com", "www.amazon.com"];
/// What the names of AWS's services end with.
const SERVICES: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".aws.internal"];

/// The first that there is nobody for: its kind and its value. `state` is as IAM knows it by now.
pub(crate) fn unknown<'a>(
    account: &Account,
    state: &State,
    named: &'a Principal,
) -> Option<(&'static str, &'a str)> {
    let find = |kind: &'static str, is_there: &dyn Fn(&str) -> bool| {
        named.values(kind).find(|value| !is_there(value)).map(|value| (kind, value))
    };
    find("Federated", &|value| is_provider(account, value))
        .or_else(|| find("AWS", &|value| value == "*" || is_somebody(account, state, value)))
        .or_else(|| find("Service", &is_service))
        .or_else(|| find("CanonicalUser", &is_canonical_id))
}

/// An account, its root, a user, a role, or a session.
fn is_somebody(account: &Account, state: &State, value: &str) -> bool {
    if is_account(value) {
        return true;
    }
    let parts = value.splitn(6, ':').collect::<Vec<_>>();
    let ["arn", partition, service, "", id, rest] = parts[..] else { return false };
    if partition != account.partition.id() {
        return false;
    }
    let (kind, name) = rest.split_once('/').unwrap_or((rest, ""));
    // CloudFront's identities to read buckets with have an account that is none.
    if (service, id, kind) == ("iam", "cloudfront", "user") {
        return !name.is_empty();
    }
    if !is_account(id) || (name.is_empty() && kind != "root") || name.contains('*') {
        return false;
    }
    let own = id == account.config.account;
    match (service, kind) {
        ("iam", "root") => rest == "root",
        ("iam", "user") => {
            let last = name.rsplit('/').next().unwrap_or_default();
            let user = state.users.get(last).is_some_and(|user| account.user_arn(&user.path, last) == value);
            !own || user
                || account.config.built_in().iter().any(|user| account.user_arn("/", user.name()) == value)
        }
        ("iam", "role") => {
            let last = name.rsplit('/').next().unwrap_or_default();
            let role = state.roles.get(last);
            !own || role.is_some_and(|role| account.role_arn(&role.path, last) == value)
        }
        ("sts", "assumed-role") => {
            let Some((role, session)) = name.split_once('/') else { return false };
            !session.is_empty() && (!own || state.roles.contains_key(role))
        }
        ("sts", "federated-user") => true,
        _ => false,
    }
}

fn is_account(value: &str) -> bool {
    value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Of providers the form counts: that of a policy may be made later.
fn is_provider(account: &Account, value: &str) -> bool {
    let prefix = format!("arn:{}:iam::", account.partition);
    let arn = value.strip_prefix(&prefix).and_then(|rest| rest.split_at_checked(12));
    let is_arn = arn.is_some_and(|(id, rest)| {
        let name = rest.strip_prefix(":oidc-provider/").or_else(|| rest.strip_prefix(":saml-provider/"));
        is_account(id) && name.is_some_and(|name| !name.is_empty())
    });
    is_arn || KNOWN_PROVIDERS.contains(&value)
}

fn is_service(value: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    value.bytes().all(good)
        && SERVICES.iter().any(|suffix| value.strip_suffix(suffix).is_some_and(|name| !name.is_empty()))
}

/// Sixty-four hex digits.
fn is_canonical_id(value: &str) -> bool {
    value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use issuer_policy::Statement;
    use serde_json::json;

    use super::*;
    use crate::config::Config;
    use crate::state::Role;

    #[test]
    fn who_is_there_is_known_and_who_is_not_too() {
        let account = Account::new(Config::default(), String::new(), None).unwrap();
        let role: Role = serde_json::from_value(json!({
            "path": "/p/", "id": "AROAEXAMPLE", "created": "2026-01-01T00:00:00Z", "description": null, "trust": "{}",
            "max_session": 3600, "boundary": null, "tags": {}, "inline": {}, "attached": [],
        }))
        .unwrap();
        let state = State { roles: BTreeMap::from([(Arc::from("r"), Arc::new(role))]), ..State::default() };
        let own = "arn:aws:iam::123456789012:";
        let session = "arn:aws:sts::123456789012:assumed-role/";
        let canonical = "a".repeat(64);
        for (kind, value, is_there) in [
            ("AWS", "*".to_owned(), true),
            ("AWS", "999999999999".to_owned(), true),
            ("AWS", "999".to_owned(), false),
            ("AWS", "somebody".to_owned(), false),
            ("AWS", format!("{own}root"), true),
            ("AWS", format!("{own}root/x"), false),
            ("AWS", "arn:aws:iam::999:root".to_owned(), false),
            ("AWS", "arn:aws:iam::999999999999:root".to_owned(), true),
            ("AWS", "arn:aws-cn:iam::999999999999:root".to_owned(), false),
            ("AWS", format!("{own}role/p/r"), true),
            ("AWS", format!("{own}role/r"), false),
            ("AWS", format!("{own}role/p/nobody"), false),
            ("AWS", format!("{own}role/*"), false),
            ("AWS", "arn:aws:iam::999999999999:role/nobody".to_owned(), true),
            ("AWS", format!("{own}user/sandbox"), true),
            ("AWS", format!("{own}user/nobody"), false),
            ("AWS", format!("{own}group/g"), false),
            ("AWS", format!("{session}r/pod"), true),
            ("AWS", format!("{session}r"), false),
            ("AWS", format!("{session}nobody/pod"), false),
            ("AWS", "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1".to_owned(), true),
            ("AWS", "arn:aws:s3:::b".to_owned(), false),
            ("Service", "ec2.amazonaws.com".to_owned(), true),
            ("Service", "logs.eu-west-1.amazonaws.com".to_owned(), true),
            ("Service", "not.a.service".to_owned(), false),
            ("Service", "*.amazonaws.com".to_owned(), false),
            ("Service", ".amazonaws.com".to_owned(), false),
            ("Federated", format!("{own}oidc-provider/oidc.example.com"), true),
            ("Federated", format!("{own}oidc-provider/"), false),
            ("Federated", "arn:aws:iam::12345678901x:oidc-provider/a".to_owned(), false),
            ("Federated", "accounts.google.com".to_owned(), true),
            ("Federated", "oidc.example.com".to_owned(), false),
            ("CanonicalUser", canonical, true),
            ("CanonicalUser", "me".to_owned(), false),
        ] {
            let statement =
                json!({"Effect": "Allow", "Principal": {kind: value}, "Action": "sts:AssumeRole"});
            let statement = Statement::parse(&statement.to_string()).unwrap();
            let nobody = statement.principal().and_then(|named| unknown(&account, &state, named));
            assert_eq!(nobody, (!is_there).then_some((kind, value.as_str())), "{kind} {value}");
        }
    }
}
