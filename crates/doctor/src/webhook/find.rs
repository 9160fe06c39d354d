//! Finds the pod identity webhook among what a cluster runs.
//!
//! Names, flags and defaults:
//! [amazon-eks-pod-identity-webhook](https://github.com/aws/amazon-eks-pod-identity-webhook).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::facts::{Deployment, Registration, Target};
use super::selector::{Selector, within};
use crate::cluster::{CommandLine, Gap, Seen, list, text, texts};

/// What it is called, wherever it is called as its project calls it.
const NAME: &str = "pod-identity-webhook";

/// The name of the Secret that it makes by itself when it is not told otherwise.
const OWN_SECRET: &str = "pod-identity-webhook";

/// A registration that may be the webhook's.
pub(super) struct Candidate {
    pub(super) registration: Registration,
    /// Whether a name says so; else its image has to.
    pub(super) named: bool,
}

/// Returns the webhooks that are called at `/mutate` when a pod is made, those with the right name first.
pub(super) fn candidates(configurations: &[Value]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = configurations
        .iter()
        .flat_map(|configuration| {
            let name = text(configuration, "/metadata/name").unwrap_or_default();
            list(configuration, "/webhooks")
                .iter()
                .enumerate()
                .filter_map(move |(position, webhook)| candidate(name, position, webhook))
        })
        .collect();
    found.sort_by_key(|candidate| !candidate.named);
    found
}

fn candidate(configuration: &str, position: usize, webhook: &Value) -> Option<Candidate> {
    let created = |rule: &Value| {
        let has = |pointer, name| texts(rule, pointer).iter().any(|text| text == name || text == "*");
        has("/operations", "CREATE") && has("/resources", "pods")
    };
    if !list(webhook, "/rules").iter().any(created) {
        return None;
    }
    let service = |member: &str| text(webhook, &format!("/clientConfig/service/{member}"));
    let (target, path) = match (service("namespace"), service("name"), text(webhook, "/clientConfig/url")) {
        (Some(namespace), Some(name), _) => (
            Target::Service { namespace: namespace.to_owned(), name: name.to_owned() },
            service("path").unwrap_or("/"),
        ),
        (_, _, Some(url)) => {
            let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
            (Target::Host(host.to_owned()), url.get(url.len() - path.len() - 1..)?)
        }
        _ => return None,
    };
    if path.trim_end_matches('/') != "/mutate" {
        return None;
    }
    let named = [Some(configuration), text(webhook, "/name"), service("name")];
    let bundle = text(webhook, "/clientConfig/caBundle").unwrap_or_default();
    let or = |member: &str, default: &str| text(webhook, &format!("/{member}")).unwrap_or(default).to_owned();
    Some(Candidate {
        named: named.into_iter().flatten().any(|name| name.contains(NAME)),
        registration: Registration {
            configuration: configuration.to_owned(),
            position,
            others: Vec::new(),
            target,
            authorities: STANDARD.decode(bundle).unwrap_or_default(),
            review_versions: texts(webhook, "/admissionReviewVersions"),
            reinvocation: or("reinvocationPolicy", "Never"),
            failure: or("failurePolicy", "Fail"),
            namespaces: Selector::new(webhook.get("namespaceSelector")),
            pods: Selector::new(webhook.get("objectSelector")),
            conditions: !list(webhook, "/matchConditions").is_empty(),
        },
    })
}

/// Finds the Deployment behind a Service among the things of its namespace.
pub(super) fn deployment(things: &[Value], service: &str) -> Seen<Deployment> {
    let of_kind = |kind: &'static str| things.iter().filter(move |thing| text(thing, "/kind") == Some(kind));
    let Some(found) = of_kind("Service").find(|thing| text(thing, "/metadata/name") == Some(service)) else {
        return Err(Gap::Absent(format!("there is no Service {service} in its namespace")));
    };
    let selector = found.pointer("/spec/selector").and_then(Value::as_object);
    let behind = |thing: &&Value| {
        let labels = thing.pointer("/spec/template/metadata/labels").and_then(Value::as_object);
        labels.zip(selector).is_some_and(|(labels, selector)| within(selector, labels))
    };
    // What else may be behind it, a DaemonSet say, is not looked at.
    of_kind("Deployment")
        .find(behind)
        .and_then(read_deployment)
        .ok_or_else(|| Gap::Without(format!("no Deployment is behind the Service {service}")))
}

/// Tells whether a Deployment runs the webhook's image.
pub(super) fn runs_webhook(deployment: &Deployment) -> bool {
    deployment.image.contains(NAME)
}

fn read_deployment(deployment: &Value) -> Option<Deployment> {
    let containers = list(deployment, "/spec/template/spec/containers");
    let image = |container: &Value| text(container, "/image").unwrap_or_default().to_owned();
    let container =
        containers.iter().find(|container| image(container).contains(NAME)).or_else(|| containers.first())?;
    let command_line = CommandLine::of_container(container);
    let count = |pointer| deployment.pointer(pointer).and_then(Value::as_u64);
    let labels = deployment.pointer("/spec/template/metadata/labels").and_then(Value::as_object);
    Some(Deployment {
        name: text(deployment, "/metadata/name")?.to_owned(),
        image: image(container),
        certificate: certificate_secret(&command_line, container, deployment),
        command_line,
        wanted: count("/spec/replicas").unwrap_or(1),
        ready: count("/status/readyReplicas").unwrap_or(0),
        labels: labels.cloned().unwrap_or_else(Map::new),
    })
}

/// Finds the Secret that the serving certificate is in: the one behind `--tls-cert`, or the one that the
/// webhook makes.
fn certificate_secret(line: &CommandLine, container: &Value, deployment: &Value) -> Option<(String, String)> {
    if line.switch("in-cluster") != Some(false) {
        return Some((line.value("tls-secret").unwrap_or(OWN_SECRET).to_owned(), "tls.crt".to_owned()));
    }
    let file = line.value("tls-cert").unwrap_or("/etc/webhook/certs/tls.crt");
    let (mount, below) = list(container, "/volumeMounts")
        .iter()
        .filter_map(|mount| {
            let path = text(mount, "/mountPath")?.trim_end_matches('/');
            match file.strip_prefix(path)? {
                "" => Some((mount, text(mount, "/subPath")?)),
                below => Some((mount, below.strip_prefix('/')?)),
            }
        })
        .min_by_key(|(_, below)| below.len())?;
    let volume = list(deployment, "/spec/template/spec/volumes")
        .iter()
        .find(|volume| text(volume, "/name").is_some() && text(volume, "/name") == text(mount, "/name"))?;
    let key = |source: &Value| {
        let items = list(source, "/items");
        let item = items.iter().find(|item| text(item, "/path") == Some(below));
        match (items.is_empty(), item) {
            (true, _) => Some(below.to_owned()),
            (false, item) => item.and_then(|item| text(item, "/key")).map(str::to_owned),
        }
    };
    if let Some(secret) = volume.get("secret") {
        return Some((text(secret, "/secretName")?.to_owned(), key(secret)?));
    }
    let secrets = list(volume, "/projected/sources").iter().filter_map(|source| source.get("secret"));
    secrets.filter_map(|secret| Some((text(secret, "/name")?.to_owned(), key(secret)?))).next()
}
