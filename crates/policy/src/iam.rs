//! What IAM and S3 refuse of a policy when it is put, beyond its elements: names that do not exist, and forms that no
//! entity matches.
//!
//! Where AWS's own answer is not known nothing is refused. Whether principals exist is for who knows the accounts.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use crate::document::Document;
use crate::error::PolicyError;
use crate::kind::Kind;
use crate::operator::Operator;
use crate::pattern::Pattern;
use crate::statement::{Effect, Statement};

/// The actions of STS that a role is asked for; all begin with the first, or are one of the others.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
const ASSUME: &str = "sts:assumerole";
const ASKED: [&str; 6] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:TagSession",
    "sts:SetSourceIdentity",
    "sts:SetContext",
];

impl Document {
    /// Whether AWS takes this policy when it is put: [`Document::check`], and the names and forms in it.
    ///
    /// # Errors
    /// What [`Document::check`] refuses; condition operators that AWS does not have; actions without a service, or
    /// with characters that no action has; NotPrincipal with Allow; of an identity policy a resource that is no ARN;
    /// of a trust policy NotAction, and actions that no role is asked for.
    pub fn check_as_iam(&self, kind: Kind) -> Result<(), PolicyError> {
        self.check(kind)?;
        for (statement, index) in self.statements().iter().zip(1..) {
            if let Some(problem) = problem(statement, kind) {
                return Err(PolicyError::WrongKind { kind, statement: index, problem });
            }
        }
        Ok(())
    }
}

fn problem(statement: &Statement, kind: Kind) -> Option<&'static str> {
    let actions = || statement.action().iter().chain(statement.not_action());
    let resources = || statement.resource().iter().chain(statement.not_resource());
    if !statement.condition().tests().all(|(operator, ..)| Operator::exists(operator)) {
        return Some("its Condition has an operator that AWS does not have");
    }
    if !actions().all(|action| is_action(action)) {
        return Some("its actions have to be a service and a name, such as s3:GetObject, or *");
    }
    match kind {
        Kind::Identity if !resources().all(|resource| is_resource(resource)) => {
            Some("its resources have to be ARNs, or *")
        }
        Kind::Bucket | Kind::Trust
            if statement.effect() == Effect::Allow && statement.not_principal().is_some() =>
        {
            Some("NotPrincipal cannot be used with Allow")
        }
        // "AssumeRole policy may only specify STS AssumeRole actions."
        Kind::Trust if !statement.not_action().is_empty() || !actions().all(|action| is_asked(action)) => {
            Some(
                "its actions have to be those that a role is asked for, such as sts:AssumeRoleWithWebIdentity",
            )
        }
        Kind::Bucket | Kind::Trust | Kind::Identity => None,
    }
}

/// "The value is a service prefix, a colon and the name of an action".
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
fn is_action(action: &str) -> bool {
    let Some((service, name)) = action.split_once(':') else { return action == "*" };
    let of_a_service = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let is_service = !service.is_empty() && service.bytes().all(of_a_service);
    let of_a_name = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    (is_service || service == "*") && !name.is_empty() && name.bytes().all(of_a_name)
}

/// Whether a pattern of actions has one that a role can be asked for.
fn is_asked(action: &str) -> bool {
    let lower = action.to_ascii_lowercase();
    let fits = |pattern: Pattern| ASKED.iter().any(|asked| pattern.matches_ignoring_case(asked));
    lower.starts_with(ASSUME) || Pattern::parse(action, false).is_ok_and(fits)
}

/// "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE"; a star at the end may stand for the parts that are not there.
fn is_resource(resource: &str) -> bool {
    if resource == "*" {
        return true;
    }
    let mut parts = resource.split(':');
    parts.next() == Some("arn")
        && (parts.clone().count() >= 5 || (parts.next().is_some() && resource.ends_with('*')))
        && !resource.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use crate::document::Document;
    use crate::kind::Kind;

    fn check(kind: Kind, statement: &str) -> Result<(), String> {
        let document =
            Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#)).unwrap();
        document.check(kind).map_err(|error| format!("{statement} is refused anyway: {error}")).unwrap();
        document.check_as_iam(kind).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn verdict(kind: Kind, statement: &str, refused: &str) {
        match check(kind, statement) {
            Ok(()) => assert!(refused.is_empty(), "{statement} was not refused"),
            Err(error) => assert!(!refused.is_empty() && error.contains(refused), "{statement}: {error}"),
        }
    }

    #[test]
    fn operators_have_to_exist_in_every_kind_of_policy() {
        for (operator, refused) in [
            ("StringEquals", ""),
            ("ForAllValues:StringLikeIfExists", ""),
            ("DateLessThan", ""),
            ("NumericLessThanEqualsIfExists", ""),
            ("BinaryEquals", ""),
            ("ForAnyValue:BinaryEquals", ""),
            ("Null", ""),
            ("StringEqual", "an operator that AWS does not have"),
            ("stringequals", "an operator that AWS does not have"),
            ("BinaryLike", "an operator that AWS does not have"),
            ("NullIfExists", "an operator that AWS does not have"),
            ("ForSomeValues:StringEquals", "an operator that AWS does not have"),
        ] {
            let condition = format!(r#""Condition":{{"{operator}":{{"a:b":"true"}}}}"#);
            let of = |rest: &str| format!(r#"{{"Effect":"Allow",{rest},{condition}}}"#);
            verdict(Kind::Identity, &of(r#""Action":"s3:GetObject","Resource":"*""#), refused);
            verdict(Kind::Trust, &of(r#""Principal":"*","Action":"sts:AssumeRole""#), refused);
            verdict(Kind::Bucket, &of(r#""Principal":"*","Action":"s3:GetObject","Resource":"r""#), refused);
        }
    }

    #[test]
    fn actions_are_a_service_and_a_name() {
        for (action, refused) in [
            ("*", ""),
            ("s3:*", ""),
            ("*:*", ""),
            ("S3:Get?bject*", ""),
            ("execute-api:Invoke", ""),
            ("s3:Get Object", "a service and a name"),
            ("s3:", "a service and a name"),
            (":GetObject", "a service and a name"),
            ("s 3:GetObject", "a service and a name"),
            ("s3:GetObject:x", "a service and a name"),
            ("s3:Geté", "a service and a name"),
        ] {
            for element in ["Action", "NotAction"] {
                verdict(
                    Kind::Identity,
                    &format!(r#"{{"Effect":"Deny","{element}":["s3:a","{action}"],"Resource":"*"}}"#),
                    refused,
                );
            }
        }
    }

    #[test]
    fn resources_of_an_identity_policy_are_arns() {
        for (resource, refused) in [
            ("*", ""),
            ("arn:aws:s3:::b/k:1", ""),
            ("arn:aws:iam::123456789012:role/${aws:username}", ""),
            ("arn:aws:s3*", ""),
            ("arn:*", ""),
            ("arn:aws:s3", "have to be ARNs"),
            ("arn", "have to be ARNs"),
            ("b/k", "have to be ARNs"),
            ("b*", "have to be ARNs"),
        ] {
            for element in ["Resource", "NotResource"] {
                let text = format!(r#"{{"Effect":"Allow","Action":"s3:*","{element}":"{resource}"}}"#);
                verdict(Kind::Identity, &text, refused);
            }
        }
    }

    #[test]
    fn a_trust_policy_speaks_of_what_a_role_is_asked_for_and_nobody_allows_all_but_somebody() {
        let who = r#""Principal":{"Federated":"p"}"#;
        let actions = "that a role is asked for";
        for (effect, who, what, refused) in [
            ("Allow", who, r#""Action":"sts:AssumeRoleWithWebIdentity""#, ""),
            ("Allow", who, r#""Action":["STS:assumerole","sts:TagSession"]"#, ""),
            ("Allow", who, r#""Action":["sts:SetSourceIdentity","sts:SetContext"]"#, ""),
            ("Allow", who, r#""Action":["sts:*","sts:Assume*","*"]"#, ""),
            ("Deny", r#""NotPrincipal":{"AWS":"123456789012"}"#, r#""Action":"sts:AssumeRole""#, ""),
            ("Allow", who, r#""Action":"sts:GetCallerIdentity""#, actions),
            ("Deny", who, r#""Action":["sts:AssumeRole","s3:GetObject"]"#, actions),
            ("Allow", who, r#""NotAction":"sts:AssumeRole""#, actions),
            (
                "Allow",
                r#""NotPrincipal":{"AWS":"123456789012"}"#,
                r#""Action":"sts:AssumeRole""#,
                "NotPrincipal cannot be used with Allow",
            ),
        ] {
            verdict(Kind::Trust, &format!(r#"{{"Effect":"{effect}",{who},{what}}}"#), refused);
        }
        let of = |effect: &str| {
            format!(
                r#"{{"Effect":"{effect}","NotPrincipal":{{"AWS":"123456789012"}},"Action":"s3:*","Resource":"r"}}"#
            )
        };
        verdict(Kind::Bucket, &of("Allow"), "NotPrincipal cannot be used with Allow");
        verdict(Kind::Bucket, &of("Deny"), "");
    }
}
