//! What a cluster with a healthy pod identity webhook holds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use issuer_doctor::{Fact, Report, gather_webhook};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::{Value, json};
use time::Duration;

use crate::support::*;

pub(crate) const CONFIGURATIONS: &str = "get mutatingwebhookconfigurations -o json";
pub(crate) const DEPLOYMENT: &str = "-n eks get deployment,service -o json";
pub(crate) const NAMESPACES: &str = "get namespaces kube-system eks -o json";
pub(crate) const SECRET: &str = "-n eks get secret pod-identity-webhook-cert -o jsonpath={.data.tls\\.crt}";
pub(crate) const ACCOUNT: &str = "-n default get serviceaccount demo -o json";
pub(crate) const POD: &str = "-n default create --dry-run=server --validate=false -o json -f -";

pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/demo";
pub(crate) const NAME: &str = "pod-identity-webhook.eks.svc";
pub(crate) const TOKEN_FILE: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";

/// What a cluster with the webhook holds; a test breaks one thing and puts it in place.
pub(crate) struct Cluster {
    pub(crate) configuration: Value,
    pub(crate) deployment: Value,
    pub(crate) service: Value,
    pub(crate) namespaces: Value,
    pub(crate) certificate: String,
    pub(crate) account: Value,
    pub(crate) pod: Value,
    pub(crate) refused: Vec<&'static str>,
}

pub(crate) type Authority = CertifiedIssuer<'static, KeyPair>;

pub(crate) fn authority(name: &str) -> Authority {
    authority_until(name, 3650)
}

/// An authority that lives for so many days from `now` on.
pub(crate) fn authority_until(name: &str, days: i64) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = now() - Duration::days(100);
    params.not_after = now() + Duration::days(days);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A serving certificate that lives from a day before `now` to `days` after it.
pub(crate) fn serving(authority: &Authority, names: &[&str], days: i64) -> String {
    let key = KeyPair::generate().unwrap();
    serving_params(names, days).signed_by(&key, authority).unwrap().pem()
}

pub(crate) fn serving_params(names: &[&str], days: i64) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, NAME);
    params.not_before = now() - Duration::days(100);
    params.not_after = now() + Duration::days(days);
    params
}

impl Cluster {
    pub(crate) fn healthy() -> (Self, Authority) {
        let authority = authority("webhook authority");
        let cluster = Self {
            configuration: json!({
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "MutatingWebhookConfiguration",
                "metadata": { "name": "pod-identity-webhook" },
                "webhooks": [{
                    "name": "pod-identity-webhook.amazonaws.com",
                    "admissionReviewVersions": ["v1beta1"],
                    "clientConfig": {
                        "caBundle": STANDARD.encode(authority.pem()),
                        "service": {
                            "name": "pod-identity-webhook", "namespace": "eks", "path": "/mutate", "port": 443,
                        },
                    },
                    "failurePolicy": "Fail",
                    "matchPolicy": "Equivalent",
                    "namespaceSelector": { "matchExpressions": [{
                        "key": "kubernetes.io/metadata.name",
                        "operator": "NotIn",
                        "values": ["kube-system", "eks"],
                    }] },
                    "objectSelector": {},
                    "reinvocationPolicy": "IfNeeded",
                    "rules": [{
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                        "scope": "*",
                    }],
                    "sideEffects": "None",
                    "timeoutSeconds": 10,
                }],
            }),
            deployment: json!({
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": { "name": "pod-identity-webhook", "namespace": "eks" },
                "spec": {
                    "replicas": 2,
                    "selector": { "matchLabels": { "app": "pod-identity-webhook" } },
                    "template": {
                        "metadata": { "labels": { "app": "pod-identity-webhook", "pod-template-hash": "x" } },
                        "spec": {
                            "serviceAccountName": "pod-identity-webhook",
                            "containers": [{
                                "name": "webhook",
                                "image": "public.ecr.aws/eks/amazon-eks-pod-identity-webhook:v0.6.17",
                                "command": [
                                    "/webhook",
                                    "--in-cluster=false",
                                    "--namespace=eks",
                                    "--service-name=pod-identity-webhook",
                                    "--annotation-prefix=eks.amazonaws.com",
                                    "--token-audience=sts.amazonaws.com",
                                    "--tls-cert=/etc/webhook/certs/tls.crt",
                                    "--tls-key=/etc/webhook/certs/tls.key",
                                    "--logtostderr",
                                ],
                                "volumeMounts": [
                                    { "name": "cert", "mountPath": "/etc/webhook/certs", "readOnly": true },
                                ],
                            }],
                            "volumes": [
                                { "name": "cert", "secret": { "secretName": "pod-identity-webhook-cert" } },
                            ],
                        },
                    },
                },
                "status": { "replicas": 2, "readyReplicas": 2 },
            }),
            service: json!({
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": { "name": "pod-identity-webhook", "namespace": "eks" },
                "spec": { "ports": [{ "port": 443 }], "selector": { "app": "pod-identity-webhook" } },
            }),
            namespaces: list(&["kube-system", "eks"].map(|name| {
                let labels = json!({ "kubernetes.io/metadata.name": name });
                json!({ "kind": "Namespace", "metadata": { "name": name, "labels": labels } })
            })),
            certificate: serving(
                &authority,
                &["pod-identity-webhook", "pod-identity-webhook.eks", NAME],
                300,
            ),
            account: json!({
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {
                    "name": "demo",
                    "namespace": "default",
                    "annotations": { "eks.amazonaws.com/role-arn": ROLE },
                },
            }),
            pod: pod(),
            refused: Vec::new(),
        };
        (cluster, authority)
    }

    pub(crate) fn webhook(&mut self) -> &mut Value {
        &mut self.configuration["webhooks"][0]
    }

    pub(crate) fn container(&mut self) -> &mut Value {
        &mut self.deployment["spec"]["template"]["spec"]["containers"][0]
    }

    pub(crate) fn pod_container(&mut self) -> &mut Value {
        &mut self.pod["spec"]["containers"][0]
    }

    pub(crate) fn argument(&mut self, old: &str, new: &str) {
        let command = self.container()["command"].as_array_mut().unwrap();
        let argument = command.iter_mut().find(|word| word.as_str().unwrap().starts_with(old)).unwrap();
        *argument = json!(new);
    }

    pub(crate) fn answers(&self) -> FakeKubectl {
        let kubectl = FakeKubectl::new();
        let other = json!({
            "metadata": { "name": "istio" },
            "webhooks": [{
                "name": "injector",
                "clientConfig": {
                    "service": { "name": "istiod", "namespace": "istio-system", "path": "/inject" },
                },
                "rules": [{ "operations": ["CREATE"], "resources": ["pods"] }],
            }],
        });
        kubectl.json(CONFIGURATIONS, &list(&[other, self.configuration.clone()]));
        kubectl.json(DEPLOYMENT, &list(&[self.deployment.clone(), self.service.clone()]));
        kubectl.json(NAMESPACES, &self.namespaces);
        kubectl.answer(SECRET, STANDARD.encode(&self.certificate));
        kubectl.json(ACCOUNT, &self.account);
        kubectl.json(POD, &self.pod);
        for call in &self.refused {
            kubectl.fail(call, FORBIDDEN);
        }
        kubectl
    }
}

/// A pod as the webhook leaves it.
pub(crate) fn pod() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": "issuerctl-doctor-x7k2p", "namespace": "default" },
        "spec": {
            "serviceAccountName": "demo",
            "containers": [{
                "name": "doctor",
                "image": "registry.k8s.io/pause:3.10",
                "env": [
                    { "name": "AWS_ROLE_ARN", "value": ROLE },
                    { "name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": TOKEN_FILE },
                ],
                "volumeMounts": [
                    {
                        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                        "name": "kube-api-access-x",
                        "readOnly": true,
                    },
                    {
                        "mountPath": "/var/run/secrets/eks.amazonaws.com/serviceaccount",
                        "name": "aws-iam-token",
                        "readOnly": true,
                    },
                ],
            }],
            "volumes": [
                { "name": "aws-iam-token", "projected": { "defaultMode": 420, "sources": [
                    { "serviceAccountToken": {
                        "audience": "sts.amazonaws.com", "expirationSeconds": 86400, "path": "token",
                    } },
                ] } },
                { "name": "kube-api-access-x", "projected": { "sources": [
                    { "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
                ] } },
            ],
        },
    })
}

pub(crate) async fn report(kubectl: &FakeKubectl) -> Report {
    report_for(kubectl, Some(ROLE)).await
}

pub(crate) async fn report_for(kubectl: &FakeKubectl, role: Option<&str>) -> Report {
    let account = SERVICE_ACCOUNT.parse().unwrap();
    let webhook = gather_webhook(&kubectl.request(), Some(&account), role).await;
    Report::of(&facts(Fact::NotAsked("-"), webhook, b"{\"keys\":[]}"))
}
