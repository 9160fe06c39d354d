//! AssumeRole: a session of a role for a caller that the role trusts.
//!
//! Follows [AssumeRole][call]. The trust policy has to allow the caller; where it names the caller itself that is
//! enough, where it names the account the caller's own policies have to allow it too ([using roles][trust]).
//!
//! [call]: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
//! [trust]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-accounts

use std::sync::Arc;
use std::time::Duration;

use issuer_policy::{Document, Request, RequestPrincipal};
use issuer_registrar::RoleArn;

use super::constraints::{
    duration, of_duration, of_length, of_policy, of_session_name, packed_size, refuse_what_is_not_there,
    required,
};
use super::given::{DURATION, assumed_role_user, credentials};
use crate::account::Account;
use crate::actions::{self, STS};
use crate::authorize::{self, Ask, By, Denied};
use crate::caller::Caller;
use crate::context::Context;
use crate::iam;
use crate::query::{Form, validation_errors};
use crate::refusal::{Answer, Refusal};
use crate::session::Session;
use crate::state::Role;
use crate::xml::Xml;

/// What the call knows and the sandbox does not.
const NOT_THERE: [&str; 7] = [
    "PolicyArns",
    "Tags",
    "TransitiveTagKeys",
    "SerialNumber",
    "TokenCode",
    "SourceIdentity",
    "ProvidedContexts",
];

/// What is asked for.
struct Parameters<'a> {
    arn: &'a str,
    role: RoleArn,
    session_name: &'a str,
    seconds: Option<u64>,
    policy: Option<&'a str>,
    external_id: Option<&'a str>,
}

/// Gives temporary credentials for a role to a caller that may have them, or says why not.
pub(super) fn assume_role(
    account: &Account,
    caller: &Caller,
    mut context: Context,
    form: &Form,
) -> Answer<Xml> {
    let wanted = Parameters::read(account, form)?;
    let given = |value: Option<&str>| value.map(str::to_owned).into_iter().collect();
    context.insert("sts:externalid".to_owned(), given(wanted.external_id));
    context.insert("sts:rolesessionname".to_owned(), given(Some(wanted.session_name)));
    // In no account of the sandbox there is no such role.
    let of_role = account.neighbour(wanted.role.account().id.as_str());
    let of_role = of_role.as_ref().ok_or_else(|| not_authorized(account, caller, &wanted))?;
    context.insert("aws:resourceaccount".to_owned(), vec![of_role.config.account.clone()]);
    let role = find(of_role, &wanted).ok_or_else(|| not_authorized(account, caller, &wanted))?;
    // "role": https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html#awssecuritytokenservice-resources-for-iam-policies
    for (key, value) in &role.tags {
        context.insert(format!("aws:resourcetag/{}", key.to_ascii_lowercase()), vec![value.clone()]);
    }
    check(account, of_role, caller, &context, &wanted, &role)?;
    check_duration(caller, &wanted, &role)?;
    let (name, now) = (wanted.role.name(), account.now());
    let session = Session {
        account: of_role.config.account.clone(),
        role: name.to_owned(),
        role_id: role.id.clone(),
        name: wanted.session_name.to_owned(),
        issued: now,
        expires: now + Duration::from_secs(wanted.seconds.unwrap_or(DURATION)),
        provider: None,
        policy: wanted.policy.map(str::to_owned),
    };
    let xml = credentials(of_role, session);
    let xml = assumed_role_user(of_role, xml, name, &role.id, wanted.session_name);
    let packed = wanted.policy.map(packed_size);
    Ok(packed.into_iter().fold(xml, |xml, size| xml.text("PackedPolicySize", &size.to_string())))
}

impl<'a> Parameters<'a> {
    fn read(account: &Account, form: &'a Form) -> Answer<Self> {
        let seconds = duration(form)?;
        let mut problems = Vec::new();
        let arn = required(form, "RoleArn", 20..=2048, None, &mut problems);
        let session_name = required(form, "RoleSessionName", 2..=64, None, &mut problems);
        problems.extend(of_session_name(session_name));
        let (policy, external_id) = (form.given("Policy"), form.given("ExternalId"));
        problems.extend(policy.and_then(of_policy));
        problems.extend(external_id.and_then(|id| of_length(id, "ExternalId", 2..=1224, None)));
        problems.extend(seconds.and_then(of_duration));
        validation_errors(&problems)?;
        refuse_what_is_not_there(form, &NOT_THERE)?;
        if let Some(policy) = policy {
            iam::check_identity(account, policy)?;
        }
        let role =
            arn.parse().map_err(|_| Refusal::new("ValidationError", 400, format!("{arn} is invalid")))?;
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
        Ok(Self { arn, role, session_name, seconds, policy, external_id })
    }
}

/// The role that is asked for, as IAM knows it by now: its path counts, the account, and the partition.
fn find(account: &Account, wanted: &Parameters<'_>) -> Option<Arc<Role>> {
    let state = account.state();
    let role = state.settled().roles.get(wanted.role.name())?;
    (account.role_arn(&role.path, wanted.role.name()) == wanted.arn).then(|| Arc::clone(role))
}

/// Refuses what the role's trust policy or the caller's own policies do not allow. Across accounts both have to, however
/// the trust policy names the caller: [cross-account policy evaluation][across].
///
/// [across]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
fn check(
    account: &Account,
    of_role: &Account,
    caller: &Caller,
    context: &Context,
    wanted: &Parameters<'_>,
    role: &Role,
) -> Answer<()> {
    let arn = caller.arn(account);
    let same = account.config.account == of_role.config.account;
    for action in actions::of(STS, "AssumeRole").into_iter().flat_map(|row| row.actions(|_| false)) {
        let resource_policy = same.then_some(role.trust.as_str());
        let ask = Ask { action, resource: wanted.arn, context, resource_policy };
        let mut request = Request::by(RequestPrincipal::Arn(arn.clone()), action, wanted.arn);
        request.context.clone_from(context);
        let trusted = Document::parse(&role.trust).is_ok_and(|trust| {
            authorize::add_absent_tags(&trust, &mut request);
            trust.evaluate(&request).is_allow()
        });
        let denied = match authorize::may(account, account.state().settled(), caller, &ask) {
            Ok(()) if trusted => continue,
            Ok(()) => Denied::Implicitly(By::Resource),
            Err(denied) => denied,
        };
        return Err(authorize::refusal(&arn, action, Some(wanted.arn), denied));
    }
    Ok(())
}

/// A role's longest session, and an hour where one role assumes another: "Role chaining limits your ... role session to
/// a maximum of one hour".
fn check_duration(caller: &Caller, wanted: &Parameters<'_>, role: &Role) -> Answer<()> {
    let Some(seconds) = wanted.seconds else { return Ok(()) };
    let text = match caller {
        _ if seconds > u64::from(role.max_session) => {
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        }
        Caller::Session(_) if seconds > DURATION => {
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        }
        _ => return Ok(()),
    };
    Err(Refusal::new("ValidationError", 400, text))
}

/// What a role that is not there gets: as much as one that trusts somebody else.
fn not_authorized(account: &Account, caller: &Caller, wanted: &Parameters<'_>) -> Refusal {
    authorize::refusal(
        &caller.arn(account),
        "sts:AssumeRole",
        Some(wanted.arn),
        Denied::Implicitly(By::Resource),
    )
}
