//! Whether a role trusts a subject of an issuer: its trust policy, asked as STS asks it.
//!
//! Keys: [AWS OIDC federation](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif).
//! Only `sub`, `aud` and `amr` of a self-hosted issuer's claims can be conditions.

use issuer_discovery::IssuerUrl;
use issuer_keygen::ServiceAccount;
use issuer_policy::{Decision, Effect, Explanation, Mismatch, Request, RequestPrincipal, bounded, quoted};
use issuer_registrar::{Account, DEFAULT_AUDIENCE, Role};

use crate::facts::Context;
use crate::refusal::{SHOWN, not_trusted};
use crate::shell::shell_word;
use crate::verdict::{Outcome, Refused};

/// What STS asks a trust policy for.
pub(crate) const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) methods: &'a [&'a str],
    pub(crate) session_name: &'a str,
    pub(crate) context: Option<&'a Context>,
}

/// Says whether this role trusts this subject of this issuer, for a token with this audience and without `amr`; only
/// the token's own keys and the session's name are known then.
#[must_use]
pub fn trust(role: &Role, issuer: &str, subject: &str, audience: &str, session_name: &str) -> Outcome {
    judge(role, Asker { issuer, subject, audience, methods: &[], session_name, context: None })
}

/// Says the same where more is known of the call: see [`known_context`](crate::known_context).
#[must_use]
pub fn trust_in(
    role: &Role,
    issuer: &str,
    subject: &str,
    audience: &str,
    session_name: &str,
    context: &Context,
) -> Outcome {
    judge(role, Asker { issuer, subject, audience, methods: &[], session_name, context: Some(context) })
}

fn judge(role: &Role, asker: Asker<'_>) -> Outcome {
    match check(role, asker) {
        Ok(()) => Outcome::Passed,
        Err(refused) => Outcome::Refused(refused),
    }
}

/// The ARN of an issuer's provider in an account, whatever the issuer looks like.
pub(crate) fn provider_arn(account: &Account, issuer: &str) -> String {
    format!("arn:{}:iam::{}:oidc-provider/{}", account.partition, account.id, without_scheme(issuer))
}

pub(crate) fn without_scheme(issuer: &str) -> &str {
    issuer.strip_prefix("https://").unwrap_or(issuer)
}

pub(crate) fn check(role: &Role, asker: Asker<'_>) -> Result<(), Refused> {
    let request = request(role, asker);
    if let Decision::Allow { .. } = role.trust_policy.evaluate(&request) {
        return Ok(());
    }
    let statements = role.trust_policy.explain(&request);
    let of = |effect| statements.iter().filter(move |found| found.statement.effect() == effect);
    // A Deny that is known to match wins; else an Allow has to be possible before anything that is not known counts.
    if let Some(deny) = of(Effect::Deny).find(|found| found.mismatches.is_empty()) {
        return Err(denied(role, deny));
    }
    let allowed = of(Effect::Allow).any(|found| found.mismatches.is_empty());
    let maybe = of(Effect::Allow).any(|found| unknown_alone(found));
    let explanation = match of(Effect::Deny).find(|found| unknown_alone(found)) {
        Some(deny) if allowed => format!(
            "{} of the trust policy of {} may deny it: {}.",
            place(deny),
            role.arn,
            doubts(deny).join("; ") + ", so it counts as met"
        ),
        _ => not_allowed(role, &statements, &request),
    };
    if !(allowed || maybe) {
        return Err(not_trusted(explanation, allow(role, asker)));
    }
    let doubtful = statements
        .iter()
        .filter(|found| unknown_alone(found) && !(allowed && found.statement.effect() == Effect::Allow));
    let unknown = doubtful.flat_map(|found| {
        doubts(found).into_iter().map(|doubt| bounded(&format!("{}: {doubt}", place(found)), SHOWN))
    });
    let unknown = once(unknown);
    let hint = "look yourself whether the condition holds when the pod calls: what is not known here counts against the \
                token, and STS knows it; if the condition is not needed, take it out of the trust policy";
    Err(Refused { unknown, ..not_trusted(explanation, hint) })
}

fn request(role: &Role, asker: Asker<'_>) -> Request {
    let issuer = without_scheme(asker.issuer);
    let provider = provider_arn(role.arn.account(), asker.issuer);
    let one = |value: &str| vec![value.to_owned()];
    let mut context = Context::from([
        (format!("{issuer}:sub"), one(asker.subject)),
        (format!("{issuer}:aud"), one(asker.audience)),
        (format!("{issuer}:amr"), asker.methods.iter().map(|method| (*method).to_owned()).collect()),
        ("sts:RoleSessionName".to_owned(), one(asker.session_name)),
    ]);
    for (key, values) in asker.context.into_iter().flatten() {
        // Keys are one whatever their case, and the token's own are its own.
        if !context.keys().any(|own| own.eq_ignore_ascii_case(key)) {
            context.insert(key.clone(), values.clone());
        }
    }
    Request { context, ..Request::by(RequestPrincipal::Federated(provider), ACTION, role.arn.as_str()) }
}

/// Whether nothing keeps a statement from counting but what is not known.
fn unknown_alone(found: &Explanation<'_>) -> bool {
    let unknown = |mismatch: &Mismatch| matches!(mismatch, Mismatch::Unknown(_));
    !found.mismatches.is_empty() && found.mismatches.iter().all(unknown)
}

/// What is not known of a statement, each once: an operator that does not exist may stand over many keys.
fn doubts(found: &Explanation<'_>) -> Vec<String> {
    let unknown = |mismatch: &Mismatch| match mismatch {
        Mismatch::Unknown(what) => Some(what.to_string()),
        _ => None,
    };
    once(found.mismatches.iter().filter_map(unknown))
}

fn once(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut all = Vec::new();
    for text in texts {
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

fn denied(role: &Role, deny: &Explanation<'_>) -> Refused {
    let (place, name) = (place(deny), shell_word(role.arn.name()));
    not_trusted(
        format!("{place} of the trust policy of {} denies it.", role.arn),
        format!(
            "change {place}, a Deny, so that it leaves this token alone, or take it out: no Allow wins against it; \
             {}",
            update(&name)
        ),
    )
}

fn allow(role: &Role, asker: Asker<'_>) -> String {
    let issuer = without_scheme(asker.issuer);
    let update = update(&shell_word(role.arn.name()));
    let how = match apply(role, asker) {
        // It writes what is asked for, and takes away what it once wrote and is not asked for any more.
        Some(apply) => format!(
            "{apply}, with all else that the role is to have (and with --adopt where something else made it), or {update}"
        ),
        None => update,
    };
    format!(
        "let the trust policy of the role allow {ACTION} to Federated {} with StringEquals {} {} and {} {}: {}",
        shell_word(&provider_arn(role.arn.account(), asker.issuer)),
        shell_word(&format!("{issuer}:aud")),
        shell_word(asker.audience),
        shell_word(&format!("{issuer}:sub")),
        shell_word(asker.subject),
        how
    )
}

/// Lets a service account of an issuer of this toolkit's into a role.
fn apply(role: &Role, asker: Asker<'_>) -> Option<String> {
    let account = ServiceAccount::of_subject(asker.subject)?;
    asker.issuer.parse::<IssuerUrl>().ok()?;
    // Another audience is a stranger's word: a role would take every token that has it.
    if asker.audience != DEFAULT_AUDIENCE {
        return None;
    }
    Some(format!(
        "`issuerctl role apply --issuer {} --name {} --service-account {account}`",
        shell_word(asker.issuer),
        shell_word(role.arn.name()),
    ))
}

fn update(name: &str) -> String {
    format!("`aws iam update-assume-role-policy --role-name {name} --policy-document file://trust.json`")
}

/// The statement that comes closest is the one that was meant.
fn not_allowed(role: &Role, statements: &[Explanation<'_>], request: &Request) -> String {
    let distance = |explanation: &&Explanation<'_>| {
        let stranger = explanation.mismatches.contains(&Mismatch::Principal);
        let other_action = explanation.mismatches.contains(&Mismatch::Action);
        (!unknown_alone(explanation), other_action, stranger, explanation.mismatches.len())
    };
    let allows = statements.iter().filter(|explanation| explanation.statement.effect() == Effect::Allow);
    let Some(closest) = allows.min_by_key(distance) else {
        return format!("The trust policy of {} allows nobody anything.", role.arn);
    };
    let among = match statements.len() {
        1 => String::new(),
        count => format!(", the closest of {count},"),
    };
    format!(
        "{} of the trust policy of {}{among} does not allow it: {}.",
        place(closest),
        role.arn,
        reasons(closest, request)
    )
}

fn reasons(explanation: &Explanation<'_>, request: &Request) -> String {
    once(explanation.mismatches.iter().map(|mismatch| reason(explanation, mismatch, request))).join("; ")
}

fn reason(explanation: &Explanation<'_>, mismatch: &Mismatch, request: &Request) -> String {
    match (mismatch, &request.principal) {
        (Mismatch::Principal, RequestPrincipal::Federated(provider)) => {
            let named = explanation
                .statement
                .principal()
                .map(|principal| principal.values("Federated").map(quoted).collect::<Vec<_>>().join(", "));
            match named.filter(|named| !named.is_empty()) {
                Some(named) => {
                    format!("its Principal is Federated {named}, and the token's provider is {provider:?}")
                }
                None => format!("its Principal does not name the token's provider, Federated {provider:?}"),
            }
        }
        (Mismatch::Action, _) => format!(
            "its Action is {}, and STS asks for {ACTION}",
            explanation.statement.action().iter().map(|action| quoted(action)).collect::<Vec<_>>().join(", ")
        ),
        (mismatch, _) => mismatch.to_string(),
    }
}

/// Which statement it is; a Sid is a stranger's word.
fn place(explanation: &Explanation<'_>) -> String {
    match explanation.statement.sid() {
        Some(sid) => format!("Statement {} ({})", explanation.index, shell_word(sid)),
        None => format!("Statement {}", explanation.index),
    }
}
