//! The role: it is there, in the provider's account, and its trust policy lets the service account in
//! ([OIDC federation](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html)).

use issuer_keygen::ServiceAccount;
use issuer_policy::{Severity, TrustTarget};
use issuer_registrar::Role;
use issuer_relying_party::{Outcome, Step, Token, trust_in};

use super::commands::{make_role, register};
use super::examine::{SESSION_NAME, context, line, refused};
use crate::check::{Check, Group};
use crate::facts::{Facts, RoleFacts, StsAnswer};
use crate::plain::{plain, plain_list};
use crate::report::Finding;

pub(crate) const CHECKS: &[Check] = &[
    Check::new(Group::Role, "role/account", "it is in the provider's account", &[], account),
    Check::new(Group::Role, "role/exists", "there is a role of this ARN", &[], exists),
    Check::new(
        Group::Role,
        "role/duration",
        "it allows sessions as long as asked for",
        &["role/exists"],
        duration,
    ),
    Check::new(
        Group::Role,
        "role/lint",
        "its trust policy says what it means",
        &["role/exists", "documents/issuer-url"],
        lint,
    ),
    Check::new(
        Group::Role,
        "role/trust",
        "its trust policy lets the service account in",
        &["role/exists", "documents/issuer-url"],
        trusts,
    ),
];

/// How long a session lasts when nobody says
/// ([API](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html)).
const DEFAULT_SECONDS: u64 = 3600;

/// The role that has the ARN that was given: one of another path is another role to STS.
pub(super) fn live(found: &RoleFacts) -> Option<&Role> {
    found.live.as_ref().ok()?.as_ref().filter(|role| role.arn == found.arn)
}

fn with(facts: &Facts, look: impl FnOnce(&Role) -> Finding) -> Finding {
    match facts.role.known() {
        Some(found) => live(found).map_or_else(|| Finding::skip("there is no such role"), look),
        None => unseen(facts),
    }
}

fn unseen(facts: &Facts) -> Finding {
    Finding::skip(facts.role.why().unwrap_or_default())
}

pub(super) fn account(facts: &Facts) -> Finding {
    let Some(found) = facts.role.known() else { return unseen(facts) };
    let wanted = found.arn.account();
    let shown = facts.provider.known().map(|provider| &provider.account).or(facts.account.known());
    match shown {
        Some(account) if account == wanted => {
            Finding::pass(format!("account {} of {}", wanted.id, wanted.partition))
        }
        // STS has looked there, and says that there is none.
        Some(_) if no_provider_by_sts(facts) => Finding::fail(
            format!("a provider for the issuer in account {} of {}, the role's", wanted.id, wanted.partition),
            "STS answers that there is none",
            format!("register the issuer there: {} --profile NAME", register(facts)),
        )
        .at(Step::Provider),
        // It may have a provider there, which these credentials do not show.
        Some(account) => Finding::warn(
            format!(
                "the provider in account {} of {}: STS looks in the role's account",
                wanted.id, wanted.partition
            ),
            format!("these credentials show the provider of account {} of {}", account.id, account.partition),
            format!("register the issuer there too, and look there: {} --profile NAME", register(facts)),
        ),
        None => Finding::skip(facts.provider.why().unwrap_or_default()),
    }
}

fn no_provider_by_sts(facts: &Facts) -> bool {
    matches!(
        facts.sts.known(),
        Some(StsAnswer::Refused { message, .. }) if message.starts_with("No OpenIDConnect provider found")
    )
}

fn exists(facts: &Facts) -> Finding {
    let Some(found) = facts.role.known() else { return unseen(facts) };
    match &found.live {
        Err(why) => Finding::skip(why.as_str()),
        Ok(Some(role)) if role.arn == found.arn => Finding::pass(found.arn.as_str()),
        Ok(Some(role)) => Finding::fail(
            found.arn.as_str(),
            format!("the role of this name is {}", role.arn),
            "write the whole ARN, with its path, where the role is named: annotation, AWS_ROLE_ARN, --role-arn",
        )
        .at(Step::Trust),
        Ok(None) => Finding::fail(
            found.arn.as_str(),
            format!("account {} has no role of this name", found.arn.account().id),
            format!(
                "look the ARN up (`aws iam list-roles`), or make the role, with the policies that the workload needs: {}",
                make_role(facts, &found.arn)
            ),
        )
        .at(Step::Trust),
    }
}

fn duration(facts: &Facts) -> Finding {
    with(facts, |role| {
        let most = role.max_session_duration.as_secs();
        let asked = facts.duration_seconds.unwrap_or(DEFAULT_SECONDS);
        if asked <= most {
            return Finding::pass(format!("up to {most} s"));
        }
        Finding::fail(
            format!("sessions of {asked} s"),
            format!("{most} s at most"),
            format!(
                "ask for {most} s at most, or: aws iam update-role --role-name {} --max-session-duration {asked}",
                role.arn.name()
            ),
        )
        .at(Step::Duration)
    })
}

fn lint(facts: &Facts) -> Finding {
    with(facts, |role| {
        let account = role.arn.account();
        let issuer = facts.issuer.as_str();
        let issuer = issuer.strip_prefix("https://").unwrap_or(issuer);
        let provider_arn = format!("arn:{}:iam::{}:oidc-provider/{issuer}", account.partition, account.id);
        let target = TrustTarget { provider_arn: &provider_arn, issuer, audience: facts.audience.as_str() };
        let mut lints = role.trust_policy.lint_trust(&target);
        lints.sort_by_key(|lint| std::cmp::Reverse(lint.severity));
        let Some(worst) = lints.first() else { return Finding::pass("nothing is odd about it") };
        let expected = "the provider as Principal, and StringEquals on both aud and sub";
        let actual = plain_list(lints.iter().map(ToString::to_string));
        let mut hints: Vec<String> = Vec::new();
        for hint in lints.iter().map(|lint| line(&lint.hint()).replace("ISSUER", issuer)) {
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
        let hint = format!(
            "{}: aws iam update-assume-role-policy --role-name {} --policy-document file://trust.json",
            hints.join("; "),
            role.arn.name()
        );
        match worst.severity {
            Severity::Error => Finding::fail(expected, actual, hint),
            Severity::Warning => Finding::warn(expected, actual, hint),
        }
    })
}

/// The subject that is asked about: the service account's, else the token's.
fn subject(facts: &Facts) -> Option<String> {
    let of_token = || Some(Token::parse(facts.token.known()?.as_str()).ok()?.subject()?.to_owned());
    facts.service_account.as_ref().map(ServiceAccount::subject).or_else(of_token)
}

fn trusts(facts: &Facts) -> Finding {
    with(facts, |role| {
        let Some(subject) = subject(facts) else {
            return Finding::skip("give --service-account NAMESPACE/NAME");
        };
        let (issuer, audience) = (facts.issuer.as_str(), facts.audience.as_str());
        match trust_in(role, issuer, &subject, audience, SESSION_NAME, &context(facts)) {
            Outcome::Refused(reason) => refused(format!("{} is let in", plain(&subject)), &reason),
            _ => Finding::pass(format!("{} may assume it", plain(&subject))),
        }
    })
}
