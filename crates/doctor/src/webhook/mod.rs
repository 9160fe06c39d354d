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
    Check::new(
        Group::Webhook,
        "webhook/installed",
        "a pod identity webhook is registered",
        &[],
        registration::installed,
    ),
    Check::new(Group::Webhook, "webhook/ready", "the webhook runs", &[], workload::ready),
    Check::new(
        Group::Webhook,
        "webhook/arguments",
        "the webhook makes tokens for the audience",
        &[],
        workload::arguments,
    ),
    Check::new(
        Group::Webhook,
        "webhook/certificate-expiry",
        "the webhook's certificate is current",
        &[],
        serving::expiry,
    ),
    Check::new(
        Group::Webhook,
        "webhook/certificate-names",
        "the webhook's certificate is for its Service's name",
        &[],
        serving::names,
    ),
    Check::new(
        Group::Webhook,
        "webhook/ca-bundle",
        "kube-apiserver trusts the webhook's certificate",
        &["webhook/certificate-expiry"],
        serving::ca_bundle,
    ),
    Check::new(
        Group::Webhook,
        "webhook/review-versions",
        "the webhook is asked in a version that it answers",
        &[],
        registration::review_versions,
    ),
    Check::new(
        Group::Webhook,
        "webhook/reinvocation",
        "containers that come later get the token too",
        &[],
        registration::reinvocation,
    ),
    Check::new(
        Group::Webhook,
        "webhook/failure-policy",
        "without the webhook pods fail neither silently nor for ever",
        &[],
        registration::failure_policy,
    ),
    Check::new(
        Group::Webhook,
        "webhook/service-account",
        "the service account names the role",
        &[],
        pod::service_account,
    ),
    Check::new(Group::Webhook, "webhook/pod", "a pod can be made in the namespace", &[], pod::made),
    Check::new(Group::Webhook, "webhook/pod-role", "a pod gets the role", &["webhook/pod"], pod::role),
    Check::new(Group::Webhook, "webhook/pod-token", "a pod gets the token", &["webhook/pod"], pod::token),
];

/// Looks at the registration; skips where there is none.
fn registered(facts: &Facts, look: impl FnOnce(&WebhookFacts, &Registration) -> Finding) -> Finding {
    facts.webhook.look(|webhook| match &webhook.registration {
        Ok(Some(registration)) => look(webhook, registration),
        Ok(None) => Finding::skip("waits for webhook/installed"),
        Err(gap) => gap.waits("webhook/installed"),
    })
}
