//! Whether a caller may do something: the one question that every signed call asks before anything else.
//!
//! Follows [how AWS evaluates requests within one account][logic]: a Deny in any policy decides; then a bucket's
//! policy or the caller's own may allow, as far as a permissions boundary and a session's policy let them. Policies of
//! IAM count once they have settled.
//!
//! [logic]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html

use std::borrow::Cow;
use std::sync::Arc;

use issuer_policy::{Decision, Document, Effect, Principal, Request, RequestPrincipal, Statement};

use crate::account::Account;
use crate::caller::Caller;
use crate::config::BuiltIn;
use crate::context::Context;
use crate::iam;
use crate::refusal::Refusal;
use crate::session::Session;
use crate::state::State;

/// What somebody wants to do.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// As policies name it, such as `s3:GetObject`.
    pub(crate) action: &'a str,
    /// The ARN that it is done to, `*` where the action knows none.
    pub(crate) resource: &'a str,
    pub(crate) context: &'a Context,
    /// The policy that hangs on what it is done to.
    pub(crate) resource_policy: Option<&'a str>,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// A statement denies it.
    Explicitly(By),
    /// No statement allows it.
    Implicitly(By),
}

/// By which policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Identity,
    Boundary,
    Session,
    Resource,
}

/// Whether the caller may. `settled` is the state that policies of IAM are taken from.
pub(crate) fn may(account: &Account, settled: &State, caller: &Caller, ask: &Ask<'_>) -> Result<(), Denied> {
    let principal = RequestPrincipal::Arn(caller.arn(account));
    let mut request = Request::by(principal, ask.action, ask.resource);
    request.context.clone_from(ask.context);
    let resource_policy = ask.resource_policy.map(Document::parse).transpose();
    let resource_policy = resource_policy.map_err(|_| Denied::Explicitly(By::Resource))?;
    resource_policy.iter().for_each(|policy| add_absent_tags(policy, &mut request));
    if let Some(policy) = &resource_policy
        && matches!(policy.evaluate(&request), Decision::Deny { .. })
    {
        return Err(Denied::Explicitly(By::Resource));
    }
    let limits = match caller {
        // Whoever else has a key from the start may do what nothing denies.
        Caller::BuiltIn(BuiltIn::Operator) => {
            Limits { own: vec![account.operator.clone()], ..Limits::default() }
        }
        Caller::BuiltIn(_) => return Ok(()),
        Caller::User(_) => Limits::of_user(account, settled, caller),
        Caller::Session(session) => Limits::of_session(account, settled, caller, session),
    };
    limits.policies().for_each(|policy| add_absent_tags(policy, &mut request));
    limits.let_pass(&request, &caller.arn(account), resource_policy.as_ref())
}

/// Says of the tags that a policy asks for, and that are not there, that they are not: which there could be nobody can
/// list. Of S3's buckets and objects the tags are not known here.
pub(crate) fn add_absent_tags(policy: &Document, request: &mut Request) {
    let of_s3 = request.action.starts_with("s3:");
    let known = |key: &str| match key.split_once('/') {
        Some(("aws:requesttag" | "aws:principaltag", _)) => true,
        Some(("aws:resourcetag" | "iam:resourcetag", _)) => !of_s3,
        _ => false,
    };
    let keys = policy.statements().iter().flat_map(|statement| statement.condition().tests());
    for (_, key, _) in keys.filter(|(_, key, _)| known(key)) {
        request.context.entry(key.to_owned()).or_default();
    }
}

/// What `User: ... is not authorized` says:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
pub(crate) fn refusal(caller_arn: &str, action: &str, resource: Option<&str>, denied: Denied) -> Refusal {
    let on = resource.map(|resource| format!(" on resource: {resource}")).unwrap_or_default();
    let why: Cow<'static, str> = match denied {
        Denied::Explicitly(by) => format!("with an explicit deny in {}", by.with_article()).into(),
        Denied::Implicitly(by) => format!("because no {} allows the {action} action", by.name()).into(),
    };
    let text = format!("User: {caller_arn} is not authorized to perform: {action}{on} {why}");
    Refusal::new("AccessDenied", 403, text)
}

impl By {
    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Resource => "resource-based policy",
        }
    }

    fn with_article(self) -> String {
        format!("{} {}", if self == Self::Identity { "an" } else { "a" }, self.name())
    }
}

/// A policy; nothing for one that is gone or cannot be read.
type Policy = Option<Arc<Document>>;

/// The policies that limit a caller.
#[derive(Default)]
struct Limits {
    own: Vec<Policy>,
    boundary: Option<Policy>,
    /// The session's own policy.
    session: Option<Policy>,
    /// The role of a session, which a resource's policy may name in its place.
    role: Option<String>,
}

impl Limits {
    fn of_user(account: &Account, settled: &State, caller: &Caller) -> Self {
        let Some(user) = caller.user(settled) else { return Self::default() };
        let managed = |arn: &String| read(iam::document(account, settled, arn));
        let inline = user.inline.values().map(|text| read(Some(text.clone())));
        Self {
            own: inline.chain(user.attached.iter().map(managed)).collect(),
            boundary: user.boundary.as_ref().map(managed),
            ..Self::default()
        }
    }

    fn of_session(account: &Account, settled: &State, caller: &Caller, session: &Session) -> Self {
        let given = session.policy.clone().map(|text| read(Some(text)));
        let Some((name, role)) = caller.role(settled) else {
            return Self { session: given, ..Self::default() };
        };
        let managed = |arn: &String| read(iam::document(account, settled, arn));
        let inline = role.inline.values().map(|text| read(Some(text.clone())));
        Self {
            own: inline.chain(role.attached.iter().map(managed)).collect(),
            boundary: role.boundary.as_ref().map(managed),
            session: given,
            role: Some(account.role_arn(&role.path, name)),
        }
    }

    /// The policies that can be read.
    fn policies(&self) -> impl Iterator<Item = &Document> {
        let all = self.own.iter().chain(&self.boundary).chain(&self.session);
        all.filter_map(Option::as_deref)
    }

    fn let_pass(
        self,
        request: &Request,
        caller_arn: &str,
        resource_policy: Option<&Document>,
    ) -> Result<(), Denied> {
        let identity = allowed(self.own, request, By::Identity)?;
        let boundary = self.boundary.map(|policy| allowed([policy], request, By::Boundary)).transpose()?;
        let session = self.session.map(|policy| allowed([policy], request, By::Session)).transpose()?;
        let names = |arn: &str| resource_policy.is_some_and(|policy| allows_by_name(policy, arn, request));
        // "Resource-based policies that grant permissions to an IAM role session grant permissions directly to the
        // assumed role session", and so do those that name a user: neither boundary nor session policy limits them.
        if names(caller_arn) {
            return Ok(());
        }
        let named = self.role.is_some_and(|arn| names(&arn));
        if !identity && !named && !names("*") {
            return Err(Denied::Implicitly(By::Identity));
        }
        match (boundary, session) {
            (Some(false), _) => Err(Denied::Implicitly(By::Boundary)),
            (_, Some(false)) => Err(Denied::Implicitly(By::Session)),
            _ => Ok(()),
        }
    }
}

fn read(text: Option<String>) -> Policy {
    Document::parse(&text?).ok().map(Arc::new)
}

/// Whether one of these policies allows the request and none denies it. One that is gone or cannot be read could have
/// denied it.
fn allowed(policies: impl IntoIterator<Item = Policy>, request: &Request, by: By) -> Result<bool, Denied> {
    let mut allowed = false;
    for policy in policies {
        let policy = policy.ok_or(Denied::Explicitly(by))?;
        match policy.evaluate(request) {
            Decision::Deny { .. } => return Err(Denied::Explicitly(by)),
            Decision::Allow { .. } => allowed = true,
            Decision::NoMatch { .. } => {}
        }
    }
    Ok(allowed)
}

/// Whether a statement allows the request to whom it names in these very words. One that names the whole account
/// does not: that leaves it to the account's own policies.
fn allows_by_name(policy: &Document, principal: &str, request: &Request) -> bool {
    let names = |statement: &Statement| match (statement.principal(), principal) {
        (Some(Principal::Anyone), "*") => true,
        (Some(named), _) => named.values("AWS").any(|value| value == principal),
        (None, _) => false,
    };
    let allowing = policy.statements().iter().filter(|one| one.effect() == Effect::Allow && names(one));
    allowing.cloned().any(|statement| {
        let mut alone = Document::empty();
        let _ = alone.merge(statement);
        alone.evaluate(request).is_allow()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_action_and_why() {
        let said = |resource, denied| refusal("arn:x", "s3:PutObject", resource, denied).message.into_owned();
        assert_eq!(
            said(Some("\"arn:b/k\""), Denied::Implicitly(By::Identity)),
            "User: arn:x is not authorized to perform: s3:PutObject on resource: \"arn:b/k\" because no \
             identity-based policy allows the s3:PutObject action"
        );
        assert_eq!(
            said(None, Denied::Explicitly(By::Identity)),
            "User: arn:x is not authorized to perform: s3:PutObject with an explicit deny in an identity-based policy"
        );
    }

    #[test]
    fn a_policy_that_cannot_be_read_denies() {
        let request = Request::anonymous("s3:GetObject", "arn:aws:s3:::b/k");
        let allow = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let judged = |policies: &[Option<&str>]| {
            let policies = policies.iter().map(|policy| read(policy.map(str::to_owned)));
            allowed(policies.collect::<Vec<_>>(), &request, By::Boundary)
        };
        assert_eq!(judged(&[Some(allow)]), Ok(true));
        assert_eq!(judged(&[]), Ok(false));
        for broken in [None, Some("{}"), Some("not json")] {
            assert_eq!(judged(&[Some(allow), broken]), Err(Denied::Explicitly(By::Boundary)));
        }
    }

    #[test]
    fn a_resource_policy_allows_whom_it_names() {
        let (role, session) =
            ("arn:aws:iam::123456789012:role/p/r", "arn:aws:sts::123456789012:assumed-role/r/s");
        let request =
            Request::by(RequestPrincipal::Arn(session.to_owned()), "s3:GetObject", "arn:aws:s3:::b/k");
        let named = |principal: &str, asked: &str| {
            let text = format!(
                r#"{{"Statement":{{"Effect":"Allow","Principal":{principal},"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}}}}"#
            );
            allows_by_name(&Document::parse(&text).unwrap(), asked, &request)
        };
        assert!(named(r#""*""#, "*"));
        assert!(!named(r#""*""#, role));
        assert!(named(&format!(r#"{{"AWS":"{role}"}}"#), role));
        assert!(named(&format!(r#"{{"AWS":["{session}"]}}"#), session));
        assert!(!named(r#"{"AWS":"123456789012"}"#, role));
        assert!(!named(r#"{"AWS":"arn:aws:iam::123456789012:root"}"#, role));
        assert!(!named(r#"{"Service":"s3.amazonaws.com"}"#, "*"));
    }
}
