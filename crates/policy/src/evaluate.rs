//! What a policy says to a request.
//!
//! One policy on its own, in AWS's order: a Deny that matches wins, then an Allow, then nothing was said. Combining
//! policies (a role's with a bucket's) is the caller's.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::compare::{Truth, holds};
use crate::document::Document;
use crate::pattern::{Pattern, Variable, is_plain};
use crate::principal::Principal;
use crate::statement::{Effect, Statement};

/// One call, as a policy sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who calls.
    pub principal: RequestPrincipal,
    /// What is called, such as `s3:GetObject`.
    pub action: String,
    /// The ARN that it is called on; not looked at by a statement without Resource, as in trust policies.
    pub resource: String,
    /// Condition keys and their values. A key that is missing here is unknown; one with an empty list is known to be
    /// absent from the request.
    pub context: BTreeMap<String, Vec<String>>,
}

impl Request {
    /// An unsigned call without any condition key.
    pub fn anonymous(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self::by(RequestPrincipal::Anonymous, action, resource)
    }

    /// A call of this principal without any condition key.
    pub fn by(principal: RequestPrincipal, action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { principal, action: action.into(), resource: resource.into(), context: BTreeMap::new() }
    }
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestPrincipal {
    /// Nobody who signed.
    Anonymous,
    /// The root of an account, by its twelve digits.
    Account(String),
    /// A user, role or role session, by its ARN.
    Arn(String),
    /// An identity provider, by its ARN: what a web identity token stands for in a trust policy.
    Federated(String),
    /// A service, such as `cloudfront.amazonaws.com`.
    Service(String),
}

/// What a policy says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A Deny matched, or could have: then `unknown` says what was not known, else it is empty.
    Deny {
        /// The statement's Sid, when it has one.
        sid: Option<String>,
        /// What the answer would depend on.
        unknown: Vec<Unknown>,
    },
    /// An Allow matched and no Deny could have.
    Allow {
        /// The statement's Sid, when it has one.
        sid: Option<String>,
    },
    /// Nothing matched; `unknown` says on what an Allow failed that could have.
    NoMatch {
        /// What the answer would depend on.
        unknown: Vec<Unknown>,
    },
}

impl Decision {
    /// Whether the policy allows the request.
    pub fn is_allow(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }
}

/// Something in a policy that this crate or the request does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// A condition operator.
    Operator(String),
    /// A condition key (in lower case) that the request's context does not speak of.
    Key(String),
    /// A policy variable, such as `${aws:username}`.
    Variable(String),
    /// A kind of principal that cannot be compared, such as CanonicalUser.
    Principal(String),
    /// A value that its condition operator does not have.
    Value(String),
}

impl fmt::Display for Unknown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator(name) => write!(formatter, "the condition operator {name:?} is not known"),
            Self::Key(name) => write!(formatter, "the condition key {name:?} is not known for this request"),
            Self::Variable(name) => {
                write!(formatter, "the policy variable {name} is not known for this request")
            }
            Self::Principal(kind) => write!(formatter, "principals of the kind {kind} cannot be compared"),
            Self::Value(value) => {
                write!(formatter, "the condition value {value:?} is none that its operator has")
            }
        }
    }
}

impl Document {
    /// Says what this policy says to a request. A principal that names an account matches everyone in it: whether
    /// that account's own policies allow the call too is another question.
    pub fn evaluate(&self, request: &Request) -> Decision {
        let mut unknown = Vec::new();
        let mut allow = None;
        let mut perhaps_deny = None;
        for statement in self.statements() {
            let sid = || statement.sid().map(str::to_owned);
            match (statement.effect(), self.speaks_of(statement, request)) {
                (_, Truth::No) => {}
                (Effect::Deny, Truth::Yes) => return Decision::Deny { sid: sid(), unknown: Vec::new() },
                (Effect::Deny, Truth::Unknown(what)) => {
                    perhaps_deny.get_or_insert_with(|| Decision::Deny { sid: sid(), unknown: vec![what] });
                }
                (Effect::Allow, Truth::Yes) => {
                    allow.get_or_insert_with(|| Decision::Allow { sid: sid() });
                }
                (Effect::Allow, Truth::Unknown(what)) => unknown.push(what),
            }
        }
        perhaps_deny.or(allow).unwrap_or(Decision::NoMatch { unknown })
    }

    fn speaks_of(&self, statement: &Statement, request: &Request) -> Truth {
        let context = Asked { request, variables: self.has_variables() };
        let parts = [context.who(statement), context.what(statement), context.on(statement)];
        Truth::all(parts.into_iter().chain(context.when(statement).map(|(_, truth)| truth)))
    }
}

/// A request, and whether the policy that it is held against has variables.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a Request,
    pub(crate) variables: bool,
}

impl<'a> Asked<'a> {
    pub(crate) fn who(self, statement: &Statement) -> Truth {
        let caller = &self.request.principal;
        // A provider is trusted by its name or not at all: neither everyone nor everyone but somebody is it. What
        // denies everyone denies it too.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-federated-web-identity
        let by_name_alone =
            statement.effect() == Effect::Allow && matches!(caller, RequestPrincipal::Federated(_));
        match (statement.principal(), statement.not_principal()) {
            (Some(Principal::Anyone), _) | (None, Some(_)) if by_name_alone => Truth::No,
            (Some(principal), _) => names(principal, caller),
            (None, Some(principal)) => names(principal, caller).not(),
            // An identity policy: it speaks of whoever carries it.
            (None, None) => Truth::Yes,
        }
    }

    /// "Action names are case-insensitive", resources are not; neither element of actions has variables.
    pub(crate) fn what(self, statement: &Statement) -> Truth {
        element(statement.action(), statement.not_action(), |action| {
            if is_plain(action) {
                return action.eq_ignore_ascii_case(&self.request.action).into();
            }
            fits(
                Pattern::parse(action, false)
                    .map(|pattern| pattern.matches_ignoring_case(&self.request.action)),
            )
        })
    }

    pub(crate) fn on(self, statement: &Statement) -> Truth {
        element(statement.resource(), statement.not_resource(), |resource| {
            fits(
                Pattern::parse(resource, self.variables)
                    .map(|pattern| pattern.matches(&self.request.resource)),
            )
        })
    }

    /// Each test of the statement's condition, and whether it holds.
    pub(crate) fn when(
        self,
        statement: &'a Statement,
    ) -> impl Iterator<Item = ((&'a str, &'a str, &'a BTreeSet<String>), Truth)> {
        statement.condition().tests().map(move |test| {
            let (operator, key, values) = test;
            (test, holds(operator, key, values, &self.request.context, self.variables))
        })
    }
}

fn element(wanted: &[String], unwanted: &[String], fits: impl Fn(&String) -> Truth) -> Truth {
    match (wanted, unwanted) {
        ([], []) => Truth::Yes,
        ([], unwanted) => Truth::any(unwanted.iter().map(fits)).not(),
        (wanted, _) => Truth::any(wanted.iter().map(fits)),
    }
}

fn fits(fits: Result<bool, Variable>) -> Truth {
    fits.map_or_else(|Variable(name)| Truth::Unknown(Unknown::Variable(name)), Truth::from)
}

fn names(principal: &Principal, caller: &RequestPrincipal) -> Truth {
    if *principal == Principal::Anyone {
        return Truth::Yes;
    }
    let named = match caller {
        RequestPrincipal::Anonymous => principal.values("AWS").any(|value| value == "*"),
        RequestPrincipal::Account(account) => {
            principal.values("AWS").any(|value| value == "*" || account_of(value) == Some(account))
        }
        RequestPrincipal::Arn(arn) => principal.values("AWS").any(|value| value == "*" || covers(value, arn)),
        RequestPrincipal::Federated(provider) => principal.values("Federated").any(|value| value == provider),
        RequestPrincipal::Service(service) => principal.values("Service").any(|value| value == service),
    };
    // A canonical user id is an account, which only AWS can resolve; nobody unsigned has one.
    let canonical =
        *caller != RequestPrincipal::Anonymous && principal.values("CanonicalUser").next().is_some();
    match named {
        false if canonical => Truth::Unknown(Unknown::Principal("CanonicalUser".to_owned())),
        named => named.into(),
    }
}

/// Whether a principal's value names this caller: itself, the role of its session, or its whole account.
fn covers(value: &str, caller: &str) -> bool {
    if value == caller {
        return true;
    }
    let parts: Vec<&str> = caller.splitn(6, ':').collect();
    let [_, partition, service, _, account, resource] = parts[..] else { return false };
    if account_of(value) == Some(account) {
        return true;
    }
    // arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION has lost the role's path; names are unique without it.
    let Some(("sts", role)) = resource
        .strip_prefix("assumed-role/")
        .and_then(|rest| rest.split_once('/'))
        .map(|(role, _session)| (service, role))
    else {
        return false;
    };
    value
        .strip_prefix(&format!("arn:{partition}:iam::{account}:role/"))
        .is_some_and(|path| path.rsplit('/').next() == Some(role))
}

/// The account that a principal's value names as a whole: its digits, or its root's ARN.
fn account_of(value: &str) -> Option<&str> {
    let account = match value.strip_suffix(":root").and_then(|rest| rest.strip_prefix("arn:")) {
        Some(rest) => rest.split_once(":iam::")?.1,
        None => value,
    };
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}
