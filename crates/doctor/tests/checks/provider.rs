//! The IAM provider and the role.

use issuer_doctor::{Fact, Facts, StsAnswer};
use issuer_policy::Document;
use issuer_relying_party::Authority;

use crate::Case;
use crate::change::{live, provider, role, trust};
use crate::healthy::{self, AUDIENCE, condition};

pub(crate) const CASES: &[Case] = &[
    (
        "there is no provider",
        |facts| provider(facts, |live| *live = None),
        "
        fail provider/exists [provider]
        fail token/verdict [provider]",
    ),
    (
        "the provider's Url has a trailing slash",
        |facts| live(facts, |live| live.url.push('/')),
        "
        fail provider/url [provider]
        fail token/verdict [provider]",
    ),
    (
        "the audience is none of the client ids",
        |facts| live(facts, |live| live.client_ids = vec!["other".to_owned()]),
        "
        fail provider/audience [audience]
        fail token/verdict [audience]",
    ),
    (
        "a private authority needs a thumbprint",
        |facts| {
            facts.documents.authority = Authority::Private { thumbprint: "a1".repeat(20).parse().unwrap() };
        },
        "
        fail provider/thumbprint [thumbprint]
        fail token/verdict [thumbprint]",
    ),
    (
        "the thumbprint is stale",
        |facts| {
            facts.documents.authority = Authority::Private { thumbprint: "a1".repeat(20).parse().unwrap() };
            live(facts, |live| live.thumbprints = vec!["b2".repeat(20)]);
        },
        "
        fail provider/thumbprint [thumbprint]
        fail token/verdict [thumbprint]",
    ),
    // The classic of the field: forty x, because the field had to be filled.
    (
        "the thumbprint is forty x",
        |facts| live(facts, |live| live.thumbprints = vec!["x".repeat(40)]),
        "
        warn provider/thumbprint",
    ),
    (
        "there is no such role",
        |facts| role(facts, |live| *live = None),
        "
        fail role/exists [trust]
        fail token/verdict [trust]",
    ),
    (
        "the role has a path that was not given",
        |facts| {
            role(facts, |live| {
                if let Some(role) = live {
                    role.arn = "arn:aws:iam::123456789012:role/team/demo".parse().unwrap();
                }
            });
        },
        "
        fail role/exists [trust]
        fail token/verdict [trust]",
    ),
    (
        "these credentials are of another account, which has no provider",
        |facts| {
            let Fact::Is(found) = &mut facts.role else { return };
            found.arn = "arn:aws:iam::210987654321:role/demo".parse().unwrap();
            found.live = Err("these credentials are of another account".to_owned());
            provider(facts, |live| *live = None);
        },
        "
        warn role/account
        skip provider/exists role/exists token/verdict",
    ),
    (
        "these credentials are of another account than the role",
        |facts| {
            let Fact::Is(found) = &mut facts.role else { return };
            found.arn = "arn:aws:iam::210987654321:role/demo".parse().unwrap();
            found.live = Err("these credentials are of another account".to_owned());
        },
        "
        warn role/account
        skip role/exists token/verdict",
    ),
    (
        "the role's account has no provider, as STS says",
        |facts| {
            let Fact::Is(found) = &mut facts.role else { return };
            found.arn = "arn:aws:iam::210987654321:role/demo".parse().unwrap();
            found.live = Err("these credentials are of another account".to_owned());
            facts.sts = Fact::Is(StsAnswer::Refused {
                code: "InvalidIdentityToken".to_owned(),
                status: 400,
                message: "No OpenIDConnect provider found in your account for https://a.example".to_owned(),
            });
        },
        "
        fail role/account [provider]
        skip role/exists token/verdict
        fail sts/accepts",
    ),
    (
        "the trust policy asks for TLS, a region and a time",
        |facts| {
            with_condition(
                facts,
                r#""Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:RequestedRegion":"eu-west-1"},"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}"#,
            );
        },
        "",
    ),
    (
        "the trust policy asks for an address, which nobody knows here",
        |facts| with_condition(facts, r#""IpAddress":{"aws:SourceIp":"0.0.0.0/0"}"#),
        "
        warn role/lint
        warn role/trust
        warn token/trust
        warn token/verdict",
    ),
    (
        "a longer session is asked for than the role allows",
        |facts| facts.duration_seconds = Some(7200),
        "
        fail role/duration [duration]
        fail token/verdict [duration]",
    ),
    // The classic of the field: any token of the cluster will do.
    (
        "the trust policy has no aud",
        |facts| {
            let key = healthy::issuer().without_scheme().to_owned();
            trust(
                facts,
                &format!(r#"{{"StringEquals":{{"{key}:sub":"system:serviceaccount:default:demo"}}}}"#),
            );
        },
        "
        fail role/lint",
    ),
    (
        "the trust policy is for a namespace",
        |facts| {
            let key = healthy::issuer().without_scheme().to_owned();
            trust(
                facts,
                &format!(
                    r#"{{"StringEquals":{{"{key}:aud":"{AUDIENCE}"}},"StringLike":{{"{key}:sub":"system:serviceaccount:default:*"}}}}"#
                ),
            );
        },
        "
        warn role/lint",
    ),
    (
        "the trust policy is for another service account",
        |facts| {
            trust(facts, &condition(AUDIENCE, "system:serviceaccount:default:other"));
        },
        "
        fail role/trust [trust]
        fail token/verdict [trust]",
    ),
    (
        "the provider may not be looked at",
        |facts| facts.provider = Fact::Unknown("the permission iam:GetOpenIDConnectProvider".to_owned()),
        "
        skip provider/exists token/verdict",
    ),
];

/// Asks for more beside audience and subject.
fn with_condition(facts: &mut Facts, more: &str) {
    let provider = issuer_registrar::provider_arn(&healthy::account(), &healthy::issuer());
    let key = healthy::issuer().without_scheme().to_owned();
    let ours = format!(
        r#""ForAnyValue:StringEquals":{{"{key}:aud":"{AUDIENCE}","{key}:sub":"system:serviceaccount:default:demo"}}"#
    );
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
            "Principal":{{"Federated":"{provider}"}},"Condition":{{{ours},{more}}}}}]}}"#
    );
    role(facts, |live| live.as_mut().unwrap().trust_policy = Document::parse(&policy).unwrap());
}
