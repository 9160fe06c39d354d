//! What runs behind the registration.

use issuer_relying_party::shell_word;

use super::registered;
use crate::cluster::Gap;
use crate::facts::Facts;
use crate::plain::plain;
use crate::report::Finding;

/// The prefix of the annotations that the webhook reads unless told otherwise.
pub(super) const PREFIX: &str = "eks.amazonaws.com";

pub(super) fn ready(facts: &Facts) -> Finding {
    registered(facts, |webhook, registration| {
        let deployment = match &webhook.deployment {
            Ok(deployment) => deployment,
            Err(gap @ Gap::Absent(_)) => return gap.fail("the Service that is registered"),
            Err(gap) => return gap.warn("the Deployment behind the webhook's Service"),
        };
        let name = plain(&deployment.name);
        let actual = format!("{} of {} ready", deployment.ready, deployment.wanted);
        let hint = format!(
            "`kubectl -n {} describe deployment {}`",
            shell_word(&namespace(registration)),
            shell_word(&deployment.name)
        );
        match deployment.ready {
            0 => Finding::fail("a replica at least", actual, hint),
            ready if ready < deployment.wanted => Finding::warn("all replicas", actual, hint),
            _ => Finding::pass(format!("{name}: {actual}, {}", plain(&deployment.image))),
        }
    })
}

pub(super) fn arguments(facts: &Facts) -> Finding {
    let asked = facts.audience.as_str();
    registered(facts, |webhook, _| {
        let deployment = match &webhook.deployment {
            Ok(deployment) => deployment,
            Err(gap) => return gap.waits("webhook/ready"),
        };
        let line = &deployment.command_line;
        let audience = line.value("token-audience").unwrap_or("sts.amazonaws.com");
        let prefix = line.value("annotation-prefix").unwrap_or(PREFIX);
        // An annotation of the service account goes before the flag.
        let own = webhook
            .annotations
            .as_ref()
            .ok()
            .and_then(|annotations| annotations.get(&format!("{prefix}/audience")));
        if audience != asked && own.and_then(|own| own.as_str()) != Some(asked) {
            return Finding::fail(
                format!("--token-audience={asked}"),
                plain(audience),
                format!(
                    "set --token-audience={asked} in the webhook's Deployment, or annotate the service \
                     account with {}/audience={asked}",
                    plain(prefix)
                ),
            );
        }
        if prefix != PREFIX {
            return Finding::warn(
                format!("--annotation-prefix={PREFIX}"),
                plain(prefix),
                format!(
                    "service accounts have to be annotated with {}/role-arn then, and not as every guide \
                     says",
                    plain(prefix)
                ),
            );
        }
        if line.switch("in-cluster") != Some(false) {
            return Finding::warn(
                "--in-cluster=false with --tls-cert and --tls-key",
                "the webhook asks the cluster for its certificate itself",
                "that way has been broken since v0.3.0 on clusters other than EKS: give it a certificate \
                 with all its names by --in-cluster=false, --tls-cert and --tls-key",
            );
        }
        Finding::pass(format!("audience {asked}, annotations {prefix}"))
    })
}

/// The namespace that the webhook runs in.
pub(super) fn namespace(registration: &super::Registration) -> String {
    match &registration.target {
        super::Target::Service { namespace, .. } => plain(namespace),
        super::Target::Host(_) => "default".to_owned(),
    }
}
