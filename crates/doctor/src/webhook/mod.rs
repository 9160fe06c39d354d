//! The pod identity webhook: is it there, is it trusted by kube-apiserver, and does a pod of the service
//! account get its role and its token?
//!
//! What an install must get right:
//! [amazon-eks-pod-identity-webhook](https://github.com/aws/amazon-eks-pod-identity-webhook),
//! [dynamic admission
//! control](https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/).

mod certificate;
mod facts;
mod find;
mod gather;
mod pod;
mod registration;
mod selector;
mod serving;
mod workload;

pub use certificate::ServingCertificate;
pub use facts::{Deployment, Registration, Target, WebhookFacts};
pub use selector::Selector;

pub use gather::gather_webhook;

use crate::check::{Check, Group};
use crate::facts::Facts;
use crate::report::Finding;

/// What is looked at of the webhook, in order.
pub(crate) const CHECKS: &[Check] = &[
    check("webhook/installed", "a pod identity webhook is registered", &[], registration::installed),
    check("webhook/ready", "the webhook runs", &[], workload::ready),
    check("webhook/arguments", "the webhook makes tokens for the audience", &[], workload::arguments),
    check("webhook/certificate-expiry", "the webhook's certificate is current", &[], serving::expiry),
    check(
        "webhook/certificate-names",
        "the webhook's certificate is for its Service's name",
        &[],
        serving::names,
    ),
    check(
        "webhook/ca-bundle",
        "kube-apiserver trusts the webhook's certificate",
        &["webhook/certificate-expiry"],
        serving::ca_bundle,
    ),
    check(
        "webhook/review-versions",
        "the webhook is asked in a version that it answers",
        &[],
        registration::review_versions,
    ),
    check(
        "webhook/reinvocation",
        "containers that come later get the token too",
        &[],
        registration::reinvocation,
    ),
    check(
        "webhook/failure-policy",
        "without the webhook pods fail neither silently nor for ever",
        &[],
        registration::failure_policy,
    ),
    check("webhook/service-account", "the service account names the role", &[], pod::service_account),
    check("webhook/pod", "a pod can be made in the namespace", &[], pod::made),
    check("webhook/pod-role", "a pod gets the role", &["webhook/pod"], pod::role),
    check("webhook/pod-token", "a pod gets the token", &["webhook/pod"], pod::token),
];

const fn check(
    name: &'static str,
    title: &'static str,
    needs: &'static [&'static str],
    look: fn(&Facts) -> Finding,
) -> Check {
    Check { name, group: Group::Webhook, title, needs, look }
}

/// Looks at something of the webhook; skips what nobody asked for.
fn with(facts: &Facts, look: impl FnOnce(&WebhookFacts) -> Finding) -> Finding {
    match facts.webhook.known() {
        Some(webhook) => look(webhook),
        None => Finding::skip(facts.webhook.missing().unwrap_or(gather::ASK)),
    }
}

/// Looks at the registration; skips where there is none.
fn registered(facts: &Facts, look: impl FnOnce(&WebhookFacts, &Registration) -> Finding) -> Finding {
    with(facts, |webhook| match &webhook.registration {
        Ok(Some(registration)) => look(webhook, registration),
        Ok(None) => Finding::skip("waits for webhook/installed"),
        Err(gap) => gap.waits("webhook/installed"),
    })
}
