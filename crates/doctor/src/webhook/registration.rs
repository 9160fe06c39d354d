//! How kube-apiserver is told of the webhook.

use issuer_relying_party::shell_word;
use serde_json::Map;

use super::facts::{Registration, Target, WebhookFacts};
use super::registered;
use crate::facts::Facts;
use crate::plain::{plain, plain_list};
use crate::report::Finding;

/// The last release that answers an AdmissionReview without its type (`v0.6.17`).
const LAST_WITHOUT_TYPE: [u64; 3] = [0, 6, 17];

pub(super) fn installed(facts: &Facts) -> Finding {
    facts.webhook.look(|webhook| match &webhook.registration {
        Ok(Some(registration)) if registration.others.is_empty() => {
            Finding::pass(plain(&registration.configuration))
        }
        Ok(Some(registration)) => Finding::warn(
            "one pod identity webhook",
            format!("{} and {}", plain(&registration.configuration), plain_list(&registration.others)),
            "two of them change the same pods: delete the MutatingWebhookConfiguration that is not yours",
        ),
        Ok(None) => Finding::warn(
            "a MutatingWebhookConfiguration that calls /mutate for new pods",
            "there is none",
            "without a webhook each pod template needs the projected token, AWS_ROLE_ARN and \
             AWS_WEB_IDENTITY_TOKEN_FILE by hand, or an admission policy that adds them; an annotation on \
             the service account alone does nothing",
        ),
        Err(gap) => gap.warn("the list of MutatingWebhookConfigurations"),
    })
}

/// kube-apiserver takes the first version of the list that it knows
/// ([request](https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request)),
/// and refuses an answer in `v1` that does not name its type.
pub(super) fn review_versions(facts: &Facts) -> Finding {
    registered(facts, |webhook, registration| {
        let versions = plain_list(&registration.review_versions);
        let known = |version: &&String| ["v1", "v1beta1"].contains(&version.as_str());
        let spoken = registration.review_versions.iter().find(known).map(String::as_str);
        let hint = format!(
            "every release answers v1beta1: `kubectl patch mutatingwebhookconfiguration {} --type=json -p \
             '[{{\"op\":\"replace\",\"path\":\"/webhooks/{}/admissionReviewVersions\",\"value\":[\"v1beta1\"]}}]'`",
            shell_word(&registration.configuration),
            registration.position
        );
        let image = match &webhook.deployment {
            Ok(deployment) => deployment.image.as_str(),
            Err(_) => "an image that could not be looked at",
        };
        let actual = format!("{versions} with {}", plain(image));
        match (spoken, release(image)) {
            (Some("v1beta1"), _) => Finding::pass(versions),
            (Some(_), Some(release)) if release > LAST_WITHOUT_TYPE => Finding::pass(actual),
            (Some(_), Some(_)) => Finding::fail("v1beta1 first", actual, hint),
            (Some(_), None) => Finding::warn("v1beta1 first, or a release after v0.6.17", actual, hint),
            (None, _) => Finding::fail("v1beta1", versions, hint),
        }
    })
}

pub(super) fn reinvocation(facts: &Facts) -> Finding {
    registered(facts, |_, registration| {
        if registration.reinvocation == "IfNeeded" {
            return Finding::pass("IfNeeded");
        }
        Finding::warn(
            "reinvocationPolicy IfNeeded",
            plain(&registration.reinvocation),
            "a sidecar that a later webhook adds gets no token. Set reinvocationPolicy: IfNeeded",
        )
    })
}

/// [Avoiding
/// deadlocks](https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/).
pub(super) fn failure_policy(facts: &Facts) -> Finding {
    registered(facts, |webhook, registration| {
        if registration.failure != "Fail" {
            return Finding::warn(
                "failurePolicy Fail, with the webhook's own namespace and kube-system left out",
                plain(&registration.failure),
                "while the webhook is away pods start without credentials, silently, and are never mended. \
                 Take Fail once the namespaces are left out, or restart such pods",
            );
        }
        let caught = match caught(webhook, registration) {
            Ok(caught) => caught,
            Err(finding) => return finding,
        };
        let labels = "Leave them out by namespaceSelector: {matchExpressions: [{key: \
                      kubernetes.io/metadata.name, operator: NotIn, values: [kube-system, ...]}]}";
        match caught {
            Caught { own: true, .. } => Finding::fail(
                "the webhook's own pods left out",
                "failurePolicy Fail, and the webhook is asked before its own pods are made",
                format!("once no replica is left none can be made again. {labels}"),
            ),
            Caught { system: true, .. } => Finding::warn(
                "kube-system left out",
                "failurePolicy Fail, and the webhook is asked before pods of kube-system are made",
                format!("while the webhook is away the cluster cannot mend its own parts. {labels}"),
            ),
            Caught { .. } => Finding::pass("Fail, and neither its own pods nor kube-system wait for it"),
        }
    })
}

/// Whose pods wait for the webhook.
struct Caught {
    own: bool,
    system: bool,
}

fn caught(webhook: &WebhookFacts, registration: &Registration) -> Result<Caught, Finding> {
    let expected = "the webhook's own namespace and kube-system left out";
    let namespaces = webhook.namespaces.as_ref().map_err(|gap| gap.warn(expected))?;
    let selected = |name: &str| {
        namespaces
            .iter()
            .any(|(namespace, labels)| namespace == name && registration.namespaces.selects(labels))
    };
    let own = match (&registration.target, &webhook.deployment) {
        (Target::Service { namespace, .. }, Ok(deployment)) => {
            selected(namespace) && registration.pods.selects(&deployment.labels)
        }
        (Target::Service { namespace, .. }, Err(_)) => selected(namespace),
        (Target::Host(_), _) => false,
    };
    // A mirror pod of the control plane stands for all of kube-system.
    let component = Map::from_iter([
        ("component".to_owned(), "kube-apiserver".into()),
        ("tier".to_owned(), "control-plane".into()),
    ]);
    let system = selected("kube-system") && registration.pods.selects(&component);
    if (own || system) && registration.conditions {
        return Err(Finding::warn(
            expected,
            "failurePolicy Fail, with matchConditions that are not evaluated here",
            "read them: do they leave out the webhook's own pods and kube-system?",
        ));
    }
    Ok(Caught { own, system })
}

/// Reads the release from an image's tag; none where the tag is no version.
fn release(image: &str) -> Option<[u64; 3]> {
    let (_, tag) = image.split_once('@').map_or(image, |(image, _)| image).rsplit_once(':')?;
    let version = tag.strip_prefix('v').unwrap_or(tag);
    let version = version.split(['-', '+']).next()?;
    let mut numbers = version.split('.').map(|number| number.parse::<u64>().ok());
    let release = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_read_from_the_tag() {
        for (image, found) in [
            ("public.ecr.aws/eks/amazon-eks-pod-identity-webhook:v0.6.17", Some([0, 6, 17])),
            ("registry:5000/pod-identity-webhook:0.7.0-arm64", Some([0, 7, 0])),
            ("x/pod-identity-webhook:v0.5.3@sha256:ab", Some([0, 5, 3])),
            ("registry:5000/pod-identity-webhook", None),
            ("x/pod-identity-webhook:latest", None),
            ("x/pod-identity-webhook@sha256:ab", None),
        ] {
            assert_eq!(release(image), found, "{image}");
        }
    }
}
