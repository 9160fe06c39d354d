//! The token, and what STS answers.

use std::time::Duration;

use issuer_doctor::{Fact, StsAnswer, TokenText};

use crate::Case;
use crate::change::{live, trust};
use crate::healthy::{self, AUDIENCE, ISSUER, NOW, condition, key, other_key, resign, token, token_request};

pub(crate) const CASES: &[Case] = &[
    (
        "the token ends with a newline",
        |facts| {
            let Fact::Is(text) = &facts.token else { return };
            facts.token = Fact::Is(TokenText::new(format!("{}\n", text.as_str())));
        },
        "
        fail token/form [token]
        fail token/verdict [token]",
    ),
    (
        "the token is too long",
        |facts| facts.token = Fact::Is(TokenText::new("x".repeat(20_001))),
        "
        fail token/form [parameters]
        fail token/verdict [parameters]",
    ),
    (
        "the token is none",
        |facts| facts.token = Fact::Is(TokenText::new("not.a.token")),
        "
        fail token/decoded [token]
        fail token/verdict [token]",
    ),
    (
        "the token is that of a Secret",
        |facts| {
            facts.token = resign(|claims| {
                claims.retain(|name, _| name == "sub");
                claims.insert("iss".to_owned(), "kubernetes/serviceaccount".into());
            });
        },
        "
        fail token/issuer [issuer]
        fail token/claims [claims]
        fail token/verdict [issuer]",
    ),
    (
        "the token's issuer has a trailing slash",
        |facts| {
            facts.token = token(
                key(),
                &issuer_keygen::TokenRequest { issuer: format!("{ISSUER}/"), ..token_request() },
            );
        },
        "
        fail token/issuer [provider]",
    ),
    (
        "the token lacks a claim",
        |facts| {
            facts.token = resign(|claims| {
                claims.remove("iat");
            });
        },
        "
        fail token/claims [claims]
        fail token/verdict [claims]",
    ),
    (
        "the token has two audiences",
        |facts| {
            let audiences = vec![AUDIENCE.to_owned(), "https://kubernetes.default.svc".to_owned()];
            facts.token = token(key(), &issuer_keygen::TokenRequest { audiences, ..token_request() });
        },
        "
        fail token/audience [authorized-party]
        fail token/verdict [authorized-party]",
    ),
    (
        "the token is for another audience",
        |facts| {
            let audiences = vec!["https://kubernetes.default.svc".to_owned()];
            facts.token = token(key(), &issuer_keygen::TokenRequest { audiences, ..token_request() });
        },
        "
        fail token/audience [audience]
        fail token/verdict [audience]",
    ),
    (
        "the token is for another audience that the provider takes",
        |facts| {
            let audiences = vec!["other".to_owned()];
            facts.token = token(key(), &issuer_keygen::TokenRequest { audiences, ..token_request() });
            live(facts, |live| live.client_ids.push("other".to_owned()));
        },
        "
        warn token/audience
        fail token/trust [trust]
        fail token/verdict [trust]",
    ),
    (
        "the token is another service account's",
        |facts| {
            let service_account = "default/other".parse().unwrap();
            facts.token = token(key(), &issuer_keygen::TokenRequest { service_account, ..token_request() });
        },
        "
        fail token/subject [trust]
        fail token/verdict [trust]",
    ),
    (
        "the clocks differ a little",
        |facts| facts.now = NOW - Duration::from_secs(120),
        "
        warn token/clock",
    ),
    (
        "the clocks differ",
        |facts| facts.now = NOW - Duration::from_secs(3600),
        "
        fail token/clock [expiry]
        fail token/verdict [expiry]",
    ),
    (
        "the token ran out a moment ago",
        |facts| facts.now = NOW + Duration::from_secs(600),
        "
        warn token/expiry",
    ),
    (
        "the token ran out",
        |facts| facts.now = NOW + Duration::from_secs(3600),
        "
        fail token/expiry [expiry]
        fail token/verdict [expiry]",
    ),
    (
        "the token lives for a month",
        |facts| {
            facts.token = resign(|claims| {
                let exp = claims["exp"].as_i64().unwrap() + 30 * 86400;
                claims.insert("exp".to_owned(), exp.into());
            });
        },
        "
        warn token/life",
    ),
    (
        "the token names a key that is not published",
        |facts| facts.token = token(other_key(), &token_request()),
        "
        fail token/key [keys]
        fail token/verdict [keys]",
    ),
    (
        "the signature is another key's",
        |facts| {
            let Fact::Is(forged) = token(other_key(), &token_request()) else { return };
            let Fact::Is(ours) = token(key(), &token_request()) else { return };
            let (head, _) = ours.as_str().rsplit_once('.').unwrap();
            let (_, signature) = forged.as_str().rsplit_once('.').unwrap();
            facts.token = Fact::Is(TokenText::new(format!("{head}.{signature}")));
        },
        "
        fail token/signature [signature]
        fail token/verdict [signature]",
    ),
    (
        "STS refuses what is as it should be",
        |facts| {
            facts.sts = Fact::Is(StsAnswer::Refused {
                code: "AccessDenied".to_owned(),
                status: 403,
                message: "Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned(),
            });
        },
        "
        fail sts/accepts
        warn sts/agrees",
    ),
    (
        "STS refuses at another step with the same code",
        |facts| {
            facts.token = token(other_key(), &token_request());
            facts.sts = refused("Incorrect token audience");
        },
        "
        fail token/key [keys]
        fail token/verdict [keys]
        fail sts/accepts [keys]
        warn sts/agrees",
    ),
    (
        "STS refuses at the same step",
        |facts| {
            facts.token = token(other_key(), &token_request());
            facts.sts = refused("Couldn't retrieve verification key from your identity provider, please see");
        },
        "
        fail token/key [keys]
        fail token/verdict [keys]
        fail sts/accepts [keys]",
    ),
    (
        "STS refuses a changed token in words of its own",
        |facts| {
            let Fact::Is(ours) = token(key(), &token_request()) else { return };
            let Fact::Is(forged) = token(other_key(), &token_request()) else { return };
            let (head, _) = ours.as_str().rsplit_once('.').unwrap();
            let (_, signature) = forged.as_str().rsplit_once('.').unwrap();
            facts.token = Fact::Is(TokenText::new(format!("{head}.{signature}")));
            facts.sts = refused("The ID Token provided is not a valid JWT.");
        },
        "
        fail token/signature [signature]
        fail token/verdict [signature]
        fail sts/accepts [signature]",
    ),
    (
        "STS was to be asked, and could not be",
        |facts| facts.sts = Fact::Is(StsAnswer::NoAnswer { why: "there is no token".to_owned() }),
        "
        fail sts/accepts",
    ),
    (
        "STS takes what it should not",
        |facts| {
            trust(facts, &condition("other", "system:serviceaccount:default:demo"));
            facts.sts = healthy::facts().sts;
        },
        "
        fail role/lint
        fail role/trust [trust]
        fail token/verdict [trust]
        warn sts/agrees",
    ),
    (
        "there are no credentials",
        |facts| {
            facts.account = Fact::Unknown("there are no AWS credentials".to_owned());
            facts.bucket = Fact::Unknown("there are no AWS credentials".to_owned());
            facts.provider = Fact::Unknown("there are no AWS credentials".to_owned());
            facts.role = Fact::Unknown("there are no AWS credentials".to_owned());
        },
        "
        skip bucket/exists
        skip provider/exists
        skip role/account token/trust
        skip token/verdict",
    ),
];

/// What STS answers to most of what is wrong.
fn refused(message: &str) -> Fact<StsAnswer> {
    let (code, message) = ("InvalidIdentityToken".to_owned(), message.to_owned());
    Fact::Is(StsAnswer::Refused { code, status: 400, message })
}
