//! Who may do what in the bucket.

use issuer_discovery::{AccessBlock, AccountBlock};
use issuer_doctor::Facts;
use issuer_policy::Statement;

use crate::Case;
use crate::change::{bucket, discovery, jwks, policy};
use crate::healthy;

pub(crate) const CASES: &[Case] = &[
    (
        "the account blocks public policies",
        |facts| {
            bucket(facts).parts.account_block = Ok(AccountBlock::Known(AccessBlock::ALL));
        },
        "
        fail bucket/account-block [keys]",
    ),
    // What was public when the setting came stays public.
    (
        "the account blocks new public policies",
        |facts| {
            let block = AccessBlock { block_public_policy: true, ..AccessBlock::default() };
            bucket(facts).parts.account_block = Ok(AccountBlock::Known(block));
        },
        "
        warn bucket/account-block",
    ),
    (
        "the bucket blocks new public policies",
        |facts| {
            let block = AccessBlock { restrict_public_buckets: false, ..AccessBlock::ALL };
            bucket(facts).parts.block = Ok(block);
        },
        "
        warn bucket/access-block",
    ),
    (
        "the account's block may not be looked at",
        |facts| {
            bucket(facts).parts.account_block = Ok(AccountBlock::Unknown("AccessDenied".to_owned()));
        },
        "
        skip bucket/account-block",
    ),
    (
        "the bucket blocks public policies",
        |facts| bucket(facts).parts.block = Ok(AccessBlock::ALL),
        "
        fail bucket/access-block [keys]",
    ),
    (
        "the bucket lets ACLs make objects public",
        |facts| {
            bucket(facts).parts.block = Ok(AccessBlock::default());
        },
        "
        warn bucket/access-block",
    ),
    // The classic of the guides from before 2023: `--acl public-read`, and no policy.
    (
        "the documents are public by an ACL alone",
        |facts| bucket(facts).parts.policy = Ok(None),
        "
        warn bucket/policy",
    ),
    (
        "there is an ACL at most, and nobody can read",
        |facts| {
            bucket(facts).parts.policy = Ok(None);
            discovery(facts, |answer| answer.status = 403);
            facts.documents.jwks = None;
        },
        "
        fail bucket/policy [keys]
        fail documents/status [keys]
        fail token/verdict [keys]",
    ),
    (
        "the policy covers one document",
        |facts| {
            let one = Statement::allow_anonymous_read("One", [healthy::place().object_arns()[0].clone()]);
            policy(facts, vec![one]);
            jwks(facts, |answer| answer.status = 403);
        },
        "
        fail bucket/policy [keys]
        fail documents/jwks [keys]
        fail token/verdict [keys]",
    ),
    (
        "a statement denies everyone",
        |facts| {
            let deny = r#"{"Sid":"No","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::oidc-bucket/*"}"#;
            policy(facts, vec![healthy::place().statement(), Statement::parse(deny).unwrap()]);
            discovery(facts, |answer| answer.status = 403);
            jwks(facts, |answer| answer.status = 403);
        },
        "
        fail bucket/policy [keys]
        fail documents/status [keys]
        fail token/verdict [keys]",
    ),
    (
        "a statement denies what nobody can tell here",
        |facts| {
            let deny = r#"{"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::oidc-bucket/*","Condition":{"NumericLessThan":{"s3:TlsVersion":"1.2"}}}"#;
            policy(facts, vec![healthy::place().statement(), Statement::parse(deny).unwrap()]);
        },
        "
        warn bucket/policy",
    ),
    (
        "plain http is denied",
        |facts| {
            let deny = r#"{"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::oidc-bucket/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#;
            policy(facts, vec![healthy::place().statement(), Statement::parse(deny).unwrap()]);
        },
        "",
    ),
    (
        "another account may do all",
        |facts| grant(facts, r#""AWS":"arn:aws:iam::210987654321:root""#, "s3:*", ""),
        "
        warn bucket/policy-scope",
    ),
    (
        "a role of another account may write the documents",
        |facts| grant(facts, r#""AWS":"arn:aws:iam::210987654321:role/ci""#, "s3:PutObject", ""),
        "
        warn bucket/policy-scope",
    ),
    (
        "another account may change the policy",
        |facts| grant(facts, r#""AWS":"210987654321""#, "s3:Put*Policy", ""),
        "
        warn bucket/policy-scope",
    ),
    (
        "everyone of the organisation may write",
        |facts| {
            let organisation = r#","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1234567890"}}"#;
            grant(facts, r#""AWS":"*""#, "s3:PutObject", organisation);
        },
        "
        warn bucket/policy-scope",
    ),
    (
        "a service may delete the documents",
        |facts| grant(facts, r#""Service":"x.amazonaws.com""#, "s3:DeleteObject", ""),
        "
        warn bucket/policy-scope",
    ),
    (
        "this account's own role may write",
        |facts| grant(facts, r#""AWS":"arn:aws:iam::123456789012:role/ci""#, "s3:*", ""),
        "",
    ),
    ("another account may read", |facts| grant(facts, r#""AWS":"210987654321""#, "s3:GetObject", ""), ""),
    (
        "everyone may read all of the bucket",
        |facts| {
            policy(
                facts,
                vec![Statement::allow_anonymous_read("All", ["arn:aws:s3:::oidc-bucket/*".to_owned()])],
            );
        },
        "
        warn bucket/policy-scope",
    ),
    (
        "everyone may write",
        |facts| {
            let write = r#"{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::oidc-bucket/prod/*"}"#;
            policy(facts, vec![Statement::parse(write).unwrap()]);
        },
        "
        fail bucket/policy-scope",
    ),
    (
        "the documents of two clusters are public",
        |facts| {
            let other = [
                "arn:aws:s3:::oidc-bucket/*/.well-known/openid-configuration",
                "arn:aws:s3:::oidc-bucket/*/openid/v1/jwks",
            ];
            let shared = Statement::allow_anonymous_read("Shared", other.map(str::to_owned));
            policy(facts, vec![healthy::place().statement(), shared]);
        },
        "",
    ),
];

/// Lets somebody do something to the bucket and all in it, beside what the issuer needs.
pub(crate) fn grant(facts: &mut Facts, principal: &str, action: &str, condition: &str) {
    let statement = format!(
        r#"{{"Sid":"More","Effect":"Allow","Principal":{{{principal}}},"Action":"{action}","Resource":["arn:aws:s3:::oidc-bucket","arn:aws:s3:::oidc-bucket/*"]{condition}}}"#
    );
    policy(facts, vec![healthy::place().statement(), Statement::parse(&statement).unwrap()]);
}
