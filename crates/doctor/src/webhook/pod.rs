//! What a pod of the service account gets.
//!
//! What the SDKs read: [AssumeRoleWithWebIdentity credential
//! provider](https://docs.aws.amazon.com/sdkref/latest/guide/access-assume-role-web.html).

use issuer_relying_party::shell_word;
use serde_json::Value;

use super::facts::WebhookFacts;
use super::workload::PREFIX;
use crate::cluster::{Gap, list, text};
use crate::facts::Facts;
use crate::kubectl_error::KubectlError;
use crate::plain::plain;
use crate::report::Finding;

pub(super) fn service_account(facts: &Facts) -> Finding {
    facts.webhook.look(|webhook| {
        let annotations = match &webhook.annotations {
            Ok(annotations) => annotations,
            Err(gap @ Gap::Kubectl(KubectlError::NotFound { .. })) => return gap.fail("the service account"),
            Err(gap) => return gap.warn("the service account's annotations"),
        };
        let prefix = prefix(webhook);
        let annotation = |name: &str| annotations.get(&format!("{prefix}/{name}")).and_then(Value::as_str);
        let account = facts.service_account.as_ref();
        let annotate = |role: &str| {
            let (namespace, name) =
                account.map_or(("NS", "NAME"), |account| (account.namespace(), account.name()));
            format!(
                "`kubectl -n {namespace} annotate serviceaccount {name} --overwrite {}`; then make its pods \
                 again: what runs is never changed",
                shell_word(&format!("{prefix}/role-arn={role}"))
            )
        };
        let wanted = webhook.role.as_deref();
        match (annotation("role-arn"), wanted) {
            // With no webhook nobody reads it.
            (None, _) if matches!(webhook.registration, Ok(None)) => {
                Finding::skip("no pod identity webhook is registered that would read an annotation")
            }
            (None, _) => Finding::fail(
                format!("{prefix}/role-arn={}", wanted.unwrap_or("ARN")),
                "the annotation is missing",
                annotate(wanted.unwrap_or("ARN")),
            ),
            (Some(role), Some(wanted)) if role != wanted => {
                Finding::fail(format!("{prefix}/role-arn={wanted}"), plain(role), annotate(wanted))
            }
            (Some(role), _) => {
                match annotation("audience").filter(|audience| *audience != facts.audience.as_str()) {
                    Some(audience) => Finding::fail(
                        format!("{prefix}/audience={} or none", facts.audience.as_str()),
                        plain(audience),
                        "take the annotation away, or register the audience with the provider (`issuerctl \
                         register --audience`)",
                    ),
                    None => Finding::pass(plain(role)),
                }
            }
        }
    })
}

pub(super) fn made(facts: &Facts) -> Finding {
    facts.webhook.look(|webhook| match &webhook.pod {
        Ok(pod) if !touched(pod) && matches!(webhook.registration, Ok(None)) => {
            Finding::skip("nothing changes new pods here: pod templates have to carry the token by hand")
        }
        Ok(_) => Finding::pass("a dry run, nothing was made"),
        Err(gap @ Gap::NotAsked(_)) => gap.skip(),
        Err(gap) => gap.warn("a dry-run pod of the service account"),
    })
}

pub(super) fn role(facts: &Facts) -> Finding {
    looked_at(facts, |webhook, pod| {
        let annotated = webhook.annotations.as_ref().ok().and_then(|annotations| {
            annotations.get(&format!("{}/role-arn", prefix(webhook))).and_then(Value::as_str)
        });
        let wanted = webhook.role.as_deref().or(annotated);
        let role = environment(pod, "AWS_ROLE_ARN");
        match (role, wanted) {
            (Some(role), Some(wanted)) if role != wanted => Finding::fail(
                format!("AWS_ROLE_ARN={wanted}"),
                plain(role),
                "the webhook still knows an older annotation, or the pod template sets it: look at both, \
                 then make the pods again",
            ),
            (Some(role), _) => Finding::pass(format!("AWS_ROLE_ARN={}", plain(role))),
            (None, _) => Finding::fail(
                format!("AWS_ROLE_ARN={}", wanted.unwrap_or("ARN")),
                "the pod has no AWS_ROLE_ARN",
                "the webhook was not asked, or did not know the service account: see the findings above; a \
                 pod made right after its service account is missed too. Its log says more: `kubectl -n NS \
                 logs deployment/NAME`",
            ),
        }
    })
}

pub(super) fn token(facts: &Facts) -> Finding {
    looked_at(facts, |_, pod| match carried(pod, facts.audience.as_str()) {
        Ok(found) => Finding::pass(found),
        Err(wrong) => Finding::fail(
            format!(
                "AWS_WEB_IDENTITY_TOKEN_FILE in a read-only mount of a projected token with audience {}, \
                 refreshed in time",
                facts.audience.as_str()
            ),
            wrong,
            "compare with what the webhook adds: `kubectl create --dry-run=server -o yaml -f POD`; look for \
             another webhook that changes the pod after it",
        ),
    })
}

/// Follows the token from the variable to the volume.
fn carried(pod: &Value, audience: &str) -> Result<String, String> {
    let file = environment(pod, "AWS_WEB_IDENTITY_TOKEN_FILE")
        .ok_or("the pod has no AWS_WEB_IDENTITY_TOKEN_FILE")?;
    let container = container(pod).ok_or("the pod has no container")?;
    let (mount, path) = list(container, "/volumeMounts")
        .iter()
        .filter_map(|mount| {
            let directory = text(mount, "/mountPath")?.trim_end_matches('/');
            Some((mount, file.strip_prefix(directory)?.strip_prefix('/')?))
        })
        .min_by_key(|(_, path)| path.len())
        .ok_or_else(|| format!("no volume is mounted above {}", plain(file)))?;
    let name = text(mount, "/name").unwrap_or_default();
    let source = list(pod, "/spec/volumes")
        .iter()
        .filter(|volume| text(volume, "/name") == Some(name))
        .flat_map(|volume| list(volume, "/projected/sources"))
        .filter_map(|source| source.get("serviceAccountToken"))
        .find(|source| text(source, "/path") == Some(path))
        .ok_or_else(|| format!("the volume {} projects no token as {}", plain(name), plain(path)))?;
    let found = text(source, "/audience").unwrap_or_default();
    if found != audience {
        return Err(format!(
            "the token's audience is {}",
            if found.is_empty() { "the cluster's own" } else { found }
        ));
    }
    // https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken: at least 10
    // minutes.
    let seconds = source.get("expirationSeconds").and_then(Value::as_u64).unwrap_or(3600);
    if seconds < 600 {
        return Err(format!("the token lives {seconds} s"));
    }
    if mount.get("readOnly").and_then(Value::as_bool) != Some(true) {
        return Err(format!("the volume {} is not mounted read-only", plain(name)));
    }
    Ok(format!("{}, audience {audience}, {seconds} s", plain(file)))
}

fn looked_at(facts: &Facts, look: impl FnOnce(&WebhookFacts, &Value) -> Finding) -> Finding {
    facts.webhook.look(|webhook| match &webhook.pod {
        Ok(pod) => look(webhook, pod),
        Err(gap) => gap.waits("webhook/pod"),
    })
}

/// Tells whether anything gave the pod an identity.
fn touched(pod: &Value) -> bool {
    environment(pod, "AWS_ROLE_ARN").or_else(|| environment(pod, "AWS_WEB_IDENTITY_TOKEN_FILE")).is_some()
}

fn container(pod: &Value) -> Option<&Value> {
    let containers = list(pod, "/spec/containers");
    containers.iter().find(|container| text(container, "/name") == Some("doctor"))
}

fn environment<'a>(pod: &'a Value, name: &str) -> Option<&'a str> {
    let variables = list(container(pod)?, "/env");
    variables
        .iter()
        .find(|variable| text(variable, "/name") == Some(name))
        .and_then(|variable| text(variable, "/value"))
}

/// The prefix of the annotations that the webhook reads.
fn prefix(webhook: &WebhookFacts) -> &str {
    let deployment = webhook.deployment.as_ref().ok();
    deployment.and_then(|deployment| deployment.command_line.value("annotation-prefix")).unwrap_or(PREFIX)
}
