//! Looks at the webhook in three steps: its registration, what runs behind it, its certificate's public part.
//!
//! Nothing is changed: the pod is made with [`--dry-run=server`][dry], which runs every webhook and keeps
//! nothing. Of the Secret only the certificate is read, never the key.
//!
//! [dry]: https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future;
use issuer_keygen::ServiceAccount;
use serde_json::{Map, Value, json};

use super::certificate::ServingCertificate;
use super::facts::{Deployment, Registration, Target, WebhookFacts};
use super::find::{Candidate, candidates, deployment, runs_webhook};
use crate::cluster::{ClusterRequest, Gap, Seen, items, text};
use crate::facts::Fact;
use crate::kubectl::Kubectl;

/// What to give so that the webhook is looked at.
const ASK: &str = "give --cluster";

/// What to give so that a service account is looked at.
const ASK_SERVICE_ACCOUNT: &str = "give --service-account NAMESPACE/NAME";

/// As many namespaces as are searched for a webhook that no name gives away.
const SEARCHED: usize = 3;

/// Looks at the webhook, and at what it does to a pod of the service account.
pub async fn gather_webhook(
    request: &ClusterRequest,
    service_account: Option<&ServiceAccount>,
    role: Option<&str>,
) -> Fact<WebhookFacts> {
    let ClusterRequest::Kubectl(kubectl) = request else { return Fact::NotAsked(ASK) };
    let ((registration, deployment, namespaces, certificate), annotations, pod) = future::join3(
        webhook(kubectl),
        annotations(kubectl, service_account),
        dry_run(kubectl, service_account),
    )
    .await;
    Fact::Is(WebhookFacts {
        role: role.map(str::to_owned),
        registration,
        deployment,
        certificate,
        namespaces,
        annotations,
        pod,
    })
}

type Namespaces = Vec<(String, Map<String, Value>)>;

async fn webhook(
    kubectl: &Kubectl,
) -> (Seen<Option<Registration>>, Seen<Deployment>, Seen<Namespaces>, Seen<ServingCertificate>) {
    let without = |why: &str| Gap::Without(why.to_owned());
    let unknown = "waits for the webhook's registration";
    let candidates = match registered(kubectl).await {
        Ok(candidates) => candidates,
        Err(gap) => return (Err(gap), Err(without(unknown)), Err(without(unknown)), Err(without(unknown))),
    };
    let (found, deployment, namespaces) = behind(kubectl, candidates).await;
    let Some(registration) = found else {
        let none = "no pod identity webhook is registered";
        return (Ok(None), Err(without(none)), Err(without(none)), Err(without(none)));
    };
    let certificate = match (&registration.target, &deployment) {
        (Target::Service { namespace, .. }, Ok(deployment)) => {
            certificate(kubectl, namespace, deployment).await
        }
        (Target::Service { .. }, Err(_)) => Err(without("waits for the webhook's Deployment")),
        (Target::Host(_), _) => Err(without("the webhook runs outside the cluster")),
    };
    (Ok(Some(registration)), deployment, namespaces, certificate)
}

async fn registered(kubectl: &Kubectl) -> Seen<Vec<Candidate>> {
    let answer = kubectl.json(&["get", "mutatingwebhookconfigurations", "-o", "json"], b"").await?;
    Ok(candidates(&items(answer, "the list of MutatingWebhookConfigurations")?))
}

/// Tells which of the candidates is the webhook, and what runs behind it.
async fn behind(
    kubectl: &Kubectl,
    candidates: Vec<Candidate>,
) -> (Option<Registration>, Seen<Deployment>, Seen<Namespaces>) {
    let named = candidates.iter().filter(|candidate| candidate.named).count();
    // With a name among them the others are somebody else's; without one the images tell.
    let searched: Vec<Registration> = candidates
        .into_iter()
        .map(|candidate| candidate.registration)
        .take(if named > 0 { named } else { SEARCHED })
        .collect();
    let look = searched.iter().take(if named > 0 { 1 } else { SEARCHED });
    let looks = look.map(async |registration| {
        future::join(deployment_of(kubectl, registration), namespaces_of(kubectl, registration)).await
    });
    let looks = future::join_all(looks).await;
    // One configuration may hold several: pods that it must let through stand in an entry of their own.
    let first = searched.first().map(|first| first.configuration.clone());
    let others = searched.iter().skip(1).filter(|_| named > 1).map(|other| other.configuration.clone());
    let others: Vec<String> = others.filter(|other| Some(other) != first.as_ref()).collect();
    for (registration, (deployment, namespaces)) in searched.into_iter().zip(looks) {
        if named > 0 || deployment.as_ref().is_ok_and(runs_webhook) {
            return (Some(Registration { others, ..registration }), deployment, namespaces);
        }
    }
    (None, Err(Gap::Without(String::new())), Err(Gap::Without(String::new())))
}

async fn deployment_of(kubectl: &Kubectl, registration: &Registration) -> Seen<Deployment> {
    let Target::Service { namespace, name } = &registration.target else {
        return Err(Gap::Without("the webhook runs outside the cluster".to_owned()));
    };
    let namespace = given(namespace, "the webhook's namespace")?;
    let answer = kubectl.json(&["-n", namespace, "get", "deployment,service", "-o", "json"], b"").await?;
    deployment(&items(answer, "the list of Deployments and Services")?, name)
}

/// Reads the labels by which the webhook may leave its own namespace and kube-system alone.
async fn namespaces_of(kubectl: &Kubectl, registration: &Registration) -> Seen<Namespaces> {
    if registration.failure != "Fail" {
        return Err(Gap::Without("pods are made when the webhook does not answer".to_owned()));
    }
    let mut arguments = vec!["get", "namespaces", "kube-system"];
    if let Target::Service { namespace, .. } = &registration.target
        && namespace != "kube-system"
    {
        arguments.push(given(namespace, "the webhook's namespace")?);
    }
    arguments.extend(["-o", "json"]);
    let answer = kubectl.json(&arguments, b"").await?;
    let listed = if text(&answer, "/kind") == Some("Namespace") {
        vec![answer]
    } else {
        items(answer, "the list of namespaces")?
    };
    let labels =
        |namespace: &Value| namespace.pointer("/metadata/labels").and_then(Value::as_object).cloned();
    Ok(listed
        .iter()
        .filter_map(|namespace| {
            Some((text(namespace, "/metadata/name")?.to_owned(), labels(namespace).unwrap_or_default()))
        })
        .collect())
}

async fn certificate(
    kubectl: &Kubectl,
    namespace: &str,
    deployment: &Deployment,
) -> Seen<ServingCertificate> {
    let what = "the webhook's serving certificate";
    let Some((secret, key)) = &deployment.certificate else {
        return Err(Gap::Without(
            "the serving certificate is in no Secret that the Deployment mounts".to_owned(),
        ));
    };
    let secret = given(secret, "the name of the Secret")?;
    // The key beside it is nobody's to read.
    let good = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if !key.chars().all(good) || key.ends_with(".key") {
        return Err(Gap::malformed(what, "the Deployment names no certificate in the Secret"));
    }
    let path = format!("jsonpath={{.data.{}}}", key.replace('.', "\\."));
    let answer = kubectl.run(&["-n", namespace, "get", "secret", secret, "-o", &path], b"").await?;
    if answer.is_empty() {
        return Err(Gap::malformed(what, format!("the Secret {secret} has no {key}")));
    }
    let pem =
        STANDARD.decode(answer.trim_ascii()).map_err(|_| Gap::malformed(what, "the answer is no base64"))?;
    ServingCertificate::from_pem(&pem).map_err(|reason| Gap::malformed(what, reason))
}

async fn annotations(
    kubectl: &Kubectl,
    service_account: Option<&ServiceAccount>,
) -> Seen<Map<String, Value>> {
    let Some(account) = service_account else { return Err(Gap::NotAsked(ASK_SERVICE_ACCOUNT)) };
    let arguments = ["-n", account.namespace(), "get", "serviceaccount", account.name(), "-o", "json"];
    let answer = kubectl.json(&arguments, b"").await?;
    if text(&answer, "/kind") != Some("ServiceAccount") {
        return Err(Gap::malformed(format!("the service account {account}"), "it is none"));
    }
    let annotations = answer.pointer("/metadata/annotations").and_then(Value::as_object);
    Ok(annotations.cloned().unwrap_or_default())
}

/// Has kube-apiserver show what would become of a pod. kubectl does not look it over before: for that it
/// would load the whole API description first.
async fn dry_run(kubectl: &Kubectl, service_account: Option<&ServiceAccount>) -> Seen<Value> {
    let Some(account) = service_account else { return Err(Gap::NotAsked(ASK_SERVICE_ACCOUNT)) };
    let arguments = [
        "-n",
        account.namespace(),
        "create",
        "--dry-run=server",
        "--validate=false",
        "-o",
        "json",
        "-f",
        "-",
    ];
    let answer = kubectl.json(&arguments, pod(account.name()).to_string().as_bytes()).await?;
    if text(&answer, "/kind") != Some("Pod") {
        return Err(Gap::malformed("the dry-run pod", "it is no pod"));
    }
    Ok(answer)
}

/// A pod that the strictest [pod security
/// standard](https://kubernetes.io/docs/concepts/security/pod-security-standards/) and a quota take.
fn pod(service_account: &str) -> Value {
    let resources = json!({ "cpu": "10m", "memory": "16Mi" });
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "generateName": "issuerctl-doctor-" },
        "spec": {
            "serviceAccountName": service_account,
            "restartPolicy": "Never",
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": 65535,
                "seccompProfile": { "type": "RuntimeDefault" },
            },
            "containers": [{
                "name": "doctor",
                "image": "registry.k8s.io/pause:3.10",
                "resources": { "requests": resources, "limits": resources },
                "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
            }],
        },
    })
}

/// Takes the name of a thing in the cluster as an argument: it must not look like an option.
fn given<'a>(name: &'a str, what: &str) -> Seen<&'a str> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(good) {
        Ok(name)
    } else {
        Err(Gap::malformed(what, "it is no name"))
    }
}
