//! The rules that need no more than a line or two: the call's parameters, the issuer, the provider and its thumbprints.
//!
//! Bounds: [AssumeRoleWithWebIdentity, Request Parameters][parameters]; provider, audience and thumbprint:
//! [OIDC identity providers](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html).
//!
//! [parameters]: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_RequestParameters

use std::time::Duration;

use issuer_policy::quoted;
use issuer_registrar::{DEFAULT_AUDIENCE, Provider, Role, Thumbprint};

use crate::facts::Facts;
use crate::refusal::{self, listed, parameter, register};
use crate::shell::shell_word;
use crate::trust::without_scheme;
use crate::verdict::Refused;

/// How long a session lasts when nobody says.
const DEFAULT_SECONDS: u64 = 3600;
const SHORTEST_SECONDS: u64 = 900;
const LONGEST_SECONDS: u64 = 43_200;

pub(crate) fn check_parameters(facts: &Facts<'_>) -> Result<(), Refused> {
    let name = facts.session_name;
    let length = name.chars().count();
    let constraint = match length {
        ..2 => Some("Member must have length greater than or equal to 2"),
        2..=64 => None,
        _ => Some("Member must have length less than or equal to 64"),
    };
    let good = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let pattern =
        (!name.chars().all(good)).then_some("Member must satisfy regular expression pattern: [\\w+=,.@-]*");
    if let Some(constraint) = constraint.or(pattern) {
        let explanation = format!(
            "The session name {} does not fit: it has 2 to 64 letters, digits or characters of `_+=,.@-`.",
            quoted(name)
        );
        let hint = "give another RoleSessionName (AWS_ROLE_SESSION_NAME)";
        return Err(parameter(name, "roleSessionName", constraint, explanation, hint));
    }
    let Some(seconds) = facts.duration_seconds else { return Ok(()) };
    let constraint = match seconds {
        ..SHORTEST_SECONDS => {
            format!("Member must have value greater than or equal to {SHORTEST_SECONDS}")
        }
        SHORTEST_SECONDS..=LONGEST_SECONDS => return Ok(()),
        _ => format!("Member must have value less than or equal to {LONGEST_SECONDS}"),
    };
    let explanation = format!(
        "A session of {seconds} seconds is asked for; STS gives {SHORTEST_SECONDS} to {LONGEST_SECONDS}."
    );
    let hint = "ask for another DurationSeconds";
    Err(parameter(&seconds.to_string(), "durationSeconds", &constraint, explanation, hint))
}

pub(crate) fn check_duration(facts: &Facts<'_>, role: &Role) -> Result<(), Refused> {
    let asked = facts.duration_seconds.unwrap_or(DEFAULT_SECONDS);
    if Duration::from_secs(asked) <= role.max_session_duration {
        return Ok(());
    }
    let most = role.max_session_duration.as_secs();
    let name = shell_word(role.arn.name());
    Err(refusal::too_long(
        format!("A session of {asked} seconds is asked for; the role {} allows {most}.", role.arn),
        format!(
            "ask for at most {most} seconds, or let the role allow more: `aws iam update-role --role-name {name} \
             --max-session-duration {asked}`"
        ),
    ))
}

/// A URL is what has a scheme of the web and a host; whether it is one that IAM takes is the provider's question.
pub(crate) fn check_issuer(issuer: &str) -> Result<(), Refused> {
    let (scheme, rest) = issuer.split_once("://").unwrap_or_default();
    let of_the_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if of_the_web && !host.is_empty() && !issuer.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Ok(());
    }
    let explanation = format!("The token's `iss` is {}, which is no URL.", quoted(issuer));
    let hint = if issuer == "kubernetes/serviceaccount" {
        "this is the token of a Secret, which never works with AWS: use a projected volume (the pod identity webhook \
         adds one), or `kubectl create token NAME --audience sts.amazonaws.com`"
    } else {
        "give kube-apiserver the issuer's URL as the first --service-account-issuer; `issuerctl emit TARGET --issuer \
         URL` writes its settings"
    };
    Err(refusal::not_a_url(explanation, hint))
}

/// The Url is compared byte for byte.
pub(crate) fn find_provider<'a>(providers: &'a [Provider], issuer: &str) -> Result<&'a Provider, Refused> {
    let wanted = issuer.strip_prefix("https://");
    if let Some(provider) = providers.iter().find(|provider| Some(provider.url.as_str()) == wanted) {
        return Ok(provider);
    }
    let bare = |url: &str| url.trim_end_matches('/').to_ascii_lowercase();
    let near = providers.iter().find(|provider| bare(&provider.url) == bare(without_scheme(issuer)));
    let explanation = match near {
        Some(near) => format!(
            "The role's account has a provider for https://{}, and the token's issuer is {}: they have to be equal byte \
             for byte.",
            near.url,
            quoted(issuer)
        ),
        None => format!("The role's account has no OpenID Connect provider for {}.", quoted(issuer)),
    };
    Err(refusal::no_provider(issuer, explanation, register(issuer)))
}

/// The token has to fit the provider, never the provider the token: an audience that is registered for AWS opens
/// roles with every token that has it, and that may be each pod's token for the cluster's own API.
pub(crate) fn check_audience(provider: &Provider, audience: &str, issuer: &str) -> Result<(), Refused> {
    if provider.client_ids.iter().any(|id| id == audience) {
        return Ok(());
    }
    let (known, hint) = match provider.client_ids.as_slice() {
        [] => {
            let ask = if audience == DEFAULT_AUDIENCE {
                String::new()
            } else {
                format!(", then {}", ask_for(DEFAULT_AUDIENCE))
            };
            ("has no client id".to_owned(), register(issuer) + &ask)
        }
        [id, others @ ..] => {
            let others = if others.is_empty() {
                String::new()
            } else {
                let others: Vec<String> = others.iter().take(5).map(|id| shell_word(id)).collect();
                format!("; the provider takes {} as well", others.join(", "))
            };
            let known = listed(provider.client_ids.iter().map(String::as_str));
            (format!("knows {known}"), ask_for(id) + &others)
        }
    };
    Err(refusal::wrong_audience(
        format!("The token's audience is {}; the provider {known}.", quoted(audience)),
        hint,
    ))
}

fn ask_for(audience: &str) -> String {
    let audience = shell_word(audience);
    format!(
        "ask for a token with the audience {audience}: in the projected volume `audience: {audience}`, or `kubectl \
         create token NAME --audience {audience}`"
    )
}

/// Only a host whose authority AWS does not trust is held to the provider's thumbprints.
pub(crate) fn check_thumbprint(provider: &Provider, thumbprint: &Thumbprint) -> Result<(), Refused> {
    if provider.thumbprints.iter().any(|known| known.eq_ignore_ascii_case(thumbprint.as_str())) {
        return Ok(());
    }
    let known = match provider.thumbprints.as_slice() {
        [] => "has no thumbprint".to_owned(),
        known => format!("has {}", known.join(", ")),
    };
    Err(refusal::wrong_thumbprint(
        format!(
            "The certificate of the JWKS's host is from an authority that AWS does not trust, and the last one of its \
             chain has the thumbprint {thumbprint}; the provider {known}."
        ),
        format!(
            "run `issuerctl register --issuer {} --thumbprint {thumbprint}`",
            shell_word(&format!("https://{}", provider.url))
        ),
    ))
}
