//! Which statements S3 Block Public Access calls public.
//!
//! S3 "begins by assuming that the policy is public": an Allow for everyone is public unless a condition holds it to
//! fixed values, "values that don't contain a wildcard or an IAM policy variable", of the keys below.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>

use std::collections::BTreeSet;

use crate::condition::Condition;
use crate::document::Document;
use crate::network::Network;
use crate::operator::{Comparison, Operator, Quantifier};
use crate::pattern::is_fixed;
use crate::principal::Principal;
use crate::statement::{Effect, Statement};

/// The keys, in lower case, whose fixed values make a statement not public; those of address ranges, user ids and
/// access points have rules of their own.
const FIXED_KEYS: [&str; 8] = [
    "aws:principalorgid",
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "s3:dataaccesspointaccount",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

impl Document {
    /// The Allow statements that S3 calls public: those that BlockPublicPolicy refuses, RestrictPublicBuckets mutes,
    /// and loosening either would let the world use.
    pub fn public_statements(&self) -> Vec<&Statement> {
        self.statements().iter().filter(|statement| is_public(statement)).collect()
    }
}

fn is_public(statement: &Statement) -> bool {
    let anyone = statement.not_principal().is_some()
        || statement.principal().is_some_and(Principal::includes_anyone)
        // Not a whole principal, but nobody fixed either.
        || statement.principal().is_some_and(|principal| principal.values("AWS").any(|value| !is_fixed(value)));
    statement.effect() == Effect::Allow && anyone && !is_held(statement.condition())
}

/// Whether one test alone holds the statement to fixed values; tests are joined by "and", so one is enough.
fn is_held(condition: &Condition) -> bool {
    condition.tests().any(|(name, key, values)| {
        // Negated tests name whom they leave out; IfExists and ForAllValues hold when the key is missing.
        let Some(Operator {
            quantifier: Quantifier::One | Quantifier::Any,
            comparison,
            negated: false,
            if_exists: false,
        }) = Operator::parse(name)
        else {
            return false;
        };
        match comparison {
            Comparison::Bool | Comparison::Null | Comparison::Numeric(_) | Comparison::Date(_) => false,
            Comparison::Address => {
                key == "aws:sourceip"
                    && all(values, |value| Network::parse(value).is_some_and(|network| !network.is_broad()))
            }
            Comparison::Equals | Comparison::EqualsIgnoreCase | Comparison::Like | Comparison::Arn => {
                match key {
                    // The session name after a role's id is the caller's own choice.
                    "aws:userid" => all(values, |value| is_fixed(value) && !value.starts_with("ARO")),
                    "s3:dataaccesspointarn" => all(values, has_fixed_account),
                    key => FIXED_KEYS.contains(&key) && all(values, is_fixed),
                }
            }
        }
    })
}

fn all(values: &BTreeSet<String>, test: impl Fn(&str) -> bool) -> bool {
    values.iter().all(|value| test(value))
}

/// "this value can contain a wildcard for the access point name without rendering the policy public, as long as the
/// account ID is fixed": arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME.
fn has_fixed_account(arn: &str) -> bool {
    let account = arn.split(':').nth(4).unwrap_or_default();
    account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use crate::document::Document;

    fn is_public(principal: &str, condition: &str) -> bool {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{principal},"Action":"s3:GetObject",
                "Resource":"arn:aws:s3:::b/*","Condition":{condition}}}}}"#
        );
        Document::parse(&text).unwrap().public_statements().len() == 1
    }

    #[test]
    fn conditions() {
        for (public, condition) in [
            (true, r#"{}"#),
            (false, r#"{"StringEquals":{"aws:SourceVpc":"vpc-91237329"}}"#),
            (true, r#"{"StringLike":{"aws:SourceVpc":"vpc-*"}}"#),
            (true, r#"{"StringEquals":{"aws:SourceVpc":["vpc-1","${aws:username}"]}}"#),
            (true, r#"{"StringNotEquals":{"aws:SourceVpc":"vpc-91237329"}}"#),
            (true, r#"{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-91237329"}}"#),
            (true, r#"{"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-91237329"}}"#),
            (false, r#"{"ForAnyValue:StringEquals":{"aws:SourceVpc":"vpc-91237329"}}"#),
            (false, r#"{"ArnEquals":{"AWS:SourceArn":"arn:aws:cloudfront::123456789012:distribution/E1"}}"#),
            (true, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:cloudfront::123456789012:distribution/*"}}"#),
            (false, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1234567890"}}"#),
            (false, r#"{"StringEquals":{"aws:SourceAccount":123456789012}}"#),
            (false, r#"{"StringEquals":{"aws:SourceOwner":"123456789012","aws:Referer":"*"}}"#),
            (true, r#"{"StringLike":{"aws:Referer":"https://example.com/"}}"#),
            (false, r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}}"#),
            (true, r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","0.0.0.0/1"]}}"#),
            (true, r#"{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#),
            (true, r#"{"Bool":{"aws:SecureTransport":true}}"#),
            (true, r#"{"Null":{"aws:SourceVpc":false}}"#),
            (true, r#"{"StringLike":{"aws:userid":"AROAEXAMPLEID:*"}}"#),
            (true, r#"{"StringEquals":{"aws:userid":"AROAEXAMPLEID:session"}}"#),
            (false, r#"{"StringEquals":{"aws:userid":"AIDAEXAMPLEID"}}"#),
            (
                false,
                r#"{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:123456789012:accesspoint/*"}}"#,
            ),
            (true, r#"{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:*:accesspoint/x"}}"#),
            (false, r#"{"StringEquals":{"s3:DataAccessPointAccount":"123456789012"}}"#),
            (true, r#"{"NumericLessThan":{"aws:SourceAccount":"123456789012"}}"#),
        ] {
            assert_eq!(is_public(r#""Principal":"*""#, condition), public, "{condition}");
        }
    }

    #[test]
    fn principals() {
        for (public, principal) in [
            (true, r#""Principal":{"AWS":"*"}"#),
            (true, r#""Principal":{"AWS":"*","Service":"a.amazonaws.com"}"#),
            (true, r#""Principal":{"AWS":"arn:aws:iam::123456789012:role/*"}"#),
            (true, r#""NotPrincipal":{"AWS":"123456789012"}"#),
            (false, r#""Principal":{"AWS":"123456789012"}"#),
            (false, r#""Principal":{"Service":"cloudfront.amazonaws.com"}"#),
        ] {
            assert_eq!(is_public(principal, "{}"), public, "{principal}");
        }
    }
}
