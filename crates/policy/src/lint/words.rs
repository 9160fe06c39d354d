//! The sentence of each finding, and what to do about it.

use std::fmt::{self, Write as _};

use crate::kind::{TRUST_POLICY_CHARACTERS, TRUST_POLICY_CHARACTERS_AT_MOST};
use crate::lint::finding::Finding;
use crate::shown::{SENTENCE, bounded};

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sentence = String::new();
        self.sentence(&mut sentence)?;
        formatter.write_str(&bounded(&sentence, SENTENCE))
    }
}

impl Finding {
    /// What to do about it.
    pub fn hint(&self) -> String {
        bounded(&self.remedy(), SENTENCE)
    }

    fn remedy(&self) -> String {
        match self {
            Self::NotATrustPolicy { .. } => "write the statement as AWS's guide for web identity roles has it".to_owned(),
            Self::NotTrusted { provider } => {
                format!("add a statement with Principal {{\"Federated\": {provider:?}}}")
            }
            Self::Provider { expected, .. } => format!("write {expected:?}"),
            Self::AnyPrincipal | Self::NotPrincipal | Self::AwsPrincipal { .. } => {
                "name the provider's ARN as Principal Federated".to_owned()
            }
            Self::Action { .. } | Self::NotAction { .. } | Self::WideAction { .. } => {
                "let Action be sts:AssumeRoleWithWebIdentity".to_owned()
            }
            Self::NoAudience | Self::AnyAudience { .. } | Self::SomeAudiences { .. } => {
                "add StringEquals on ISSUER:aud with the audience of the tokens, sts.amazonaws.com unless you chose another"
                    .to_owned()
            }
            Self::OtherAudience { expected, .. } => {
                format!("let the condition on :aud be {expected:?}, or ask for tokens with the audience that it has")
            }
            Self::NoSubject | Self::AnyNamespace { .. } | Self::NotAServiceAccount { .. } => {
                "add StringEquals on ISSUER:sub with system:serviceaccount:NAMESPACE:NAME; several are a list".to_owned()
            }
            Self::SomeNamespaces { .. } | Self::AnyName { .. } => {
                "name the service accounts, where they are known: a list under StringEquals".to_owned()
            }
            Self::LiteralWildcard { .. } => "name each value, or use StringLike".to_owned(),
            Self::ForAllValues { .. } => "leave ForAllValues: out; sub and aud have one value".to_owned(),
            Self::IfExists { .. } => "leave IfExists out".to_owned(),
            Self::OnlyNegated { .. } => "say who is let in: StringEquals".to_owned(),
            Self::KeyWithScheme { expected, .. }
            | Self::KeyWithSlash { expected, .. }
            | Self::KeyOfAnotherIssuer { expected, .. } => format!("write {expected:?}"),
            Self::UnknownClaim { .. } => "put conditions on sub, aud and amr alone".to_owned(),
            Self::KeyNotJudged { .. } | Self::OperatorNotJudged { .. } => {
                "look yourself whether the condition holds when a pod calls".to_owned()
            }
            Self::UnknownOperator { .. } => "use StringEquals or StringLike, in exactly this spelling".to_owned(),
            Self::TooLarge { .. } | Self::NearlyTooLarge { .. } => format!(
                "use a role for each workload, or have the account's quota for role trust policies raised (at most \
                 {TRUST_POLICY_CHARACTERS_AT_MOST})"
            ),
        }
    }

    fn sentence(&self, f: &mut String) -> fmt::Result {
        match self {
            Self::NotATrustPolicy { problem } => write!(f, "AWS does not take it in a trust policy: {problem}"),
            Self::NotTrusted { provider } => write!(f, "no statement trusts the provider {provider}"),
            Self::Provider { found, mismatch, .. } => {
                write!(f, "the provider {found:?} is another than the role's: {mismatch}")
            }
            Self::AnyPrincipal => f.write_str(
                "the Principal is everyone, which names no identity provider; a web identity is trusted by its \
                 provider alone",
            ),
            Self::NotPrincipal => f.write_str(
                "NotPrincipal with Allow lets everyone in but those whom it names",
            ),
            Self::AwsPrincipal { principal } => {
                write!(f, "the Principal {principal:?} is of AWS, and web identities come from a provider")
            }
            Self::Action { actions } => write!(
                f,
                "it trusts the provider with {}, and pods ask for sts:AssumeRoleWithWebIdentity",
                actions.join(", ")
            ),
            Self::NotAction { actions } => write!(
                f,
                "NotAction allows everything but {}, which is more than a pod needs",
                actions.join(", ")
            ),
            Self::WideAction { action } => write!(f, "the Action {action:?} is wider than a pod needs"),
            Self::NoAudience => f.write_str(
                "there is no condition on the audience, so tokens that were made for others open the role too",
            ),
            Self::OtherAudience { found, expected } => write!(
                f,
                "the condition on the audience has {}, and the tokens have {expected:?}",
                found.iter().map(|found| format!("{found:?}")).collect::<Vec<_>>().join(", ")
            ),
            Self::AnyAudience { pattern } => write!(
                f,
                "the audience pattern {pattern:?} takes tokens that were made for others, such as the cluster's own API"
            ),
            Self::SomeAudiences { pattern } => {
                write!(f, "the audience pattern {pattern:?} takes each audience that fits, not one")
            }
            Self::NoSubject => {
                f.write_str("there is no condition on the subject, so every service account gets the role")
            }
            Self::AnyNamespace { pattern } => write!(
                f,
                "the subject {pattern:?} takes service accounts of every namespace: whoever may create one gets the role"
            ),
            Self::SomeNamespaces { pattern } => {
                write!(f, "the subject {pattern:?} takes each namespace that fits, present and future")
            }
            Self::AnyName { pattern } => {
                write!(f, "the subject {pattern:?} takes each service account of the namespace that fits")
            }
            Self::NotAServiceAccount { subject } => write!(
                f,
                "no service account has the subject {subject:?}; theirs are system:serviceaccount:NAMESPACE:NAME"
            ),
            Self::LiteralWildcard { operator, key, value } => {
                write!(f, "{operator} takes the wildcard in {value:?} of {key} for the character itself")
            }
            Self::ForAllValues { operator, key } => {
                write!(f, "{operator} holds when the request has no {key} at all")
            }
            Self::IfExists { operator, key } => {
                write!(f, "{operator} holds when the request has no {key} at all")
            }
            Self::OnlyNegated { operator, key } => {
                write!(f, "{operator} lets everyone in whose {key} is another")
            }
            Self::KeyWithScheme { key, expected } => {
                write!(f, "the key {key:?} never exists: {expected:?} has no https://")
            }
            Self::KeyWithSlash { key, expected } => {
                write!(f, "the key {key:?} never exists: {expected:?} has no slash before the colon")
            }
            Self::KeyOfAnotherIssuer { key, expected } => {
                write!(f, "the key {key:?} is of another issuer than the statement's provider: {expected:?} is its own")
            }
            Self::UnknownClaim { key } => {
                write!(f, "STS has no key {key:?}: of a token it has sub, aud and amr alone")
            }
            Self::KeyNotJudged { key } => write!(f, "the key {key:?} cannot be judged here"),
            Self::UnknownOperator { operator } => write!(f, "AWS has no condition operator {operator:?}"),
            Self::OperatorNotJudged { operator } => {
                write!(f, "the condition operator {operator:?} cannot be judged here")
            }
            Self::TooLarge { size } => write!(
                f,
                "the policy has {size} characters, and IAM takes {TRUST_POLICY_CHARACTERS} unless the quota was raised"
            ),
            Self::NearlyTooLarge { size } => {
                write!(f, "the policy has {size} of the {TRUST_POLICY_CHARACTERS} characters that IAM takes")
            }
        }
    }
}
