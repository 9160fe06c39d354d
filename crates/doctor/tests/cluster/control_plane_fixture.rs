//! A control plane of two nodes as kubeadm makes it, told by a kubectl that answers from files.

use serde_json::{Value, json};

use crate::support::*;

pub(crate) const DOCUMENT: &str = "get --raw /.well-known/openid-configuration";
pub(crate) const JWKS: &str = "get --raw /openid/v1/jwks";
pub(crate) const PODS: [&str; 3] = [
    "-n kube-system get pods -l component=kube-apiserver -o json",
    "-n kube-system get pods -l k8s-app=kube-apiserver -o json",
    "-n kube-system get pods -l tier=control-plane -o json",
];
pub(crate) const TOKEN: &str = "-n default create token demo --audience sts.amazonaws.com --duration 10m";
pub(crate) const VERSION: &str = "version -o json";

/// What kubeadm starts kube-apiserver with, and what `emit` adds.
pub(crate) const FLAGS: [&str; 13] = [
    "--advertise-address=10.0.0.1",
    "--allow-privileged=true",
    "--authorization-mode=Node,RBAC",
    "--enable-bootstrap-token-auth=true",
    "--etcd-servers=https://127.0.0.1:2379",
    "--service-account-issuer=https://issuer.example.test/cluster-1",
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    "--service-account-jwks-uri=https://issuer.example.test/cluster-1/openid/v1/jwks",
    "--service-account-key-file=/etc/kubernetes/pki/sa.pub",
    "--service-account-signing-key-file=/etc/kubernetes/pki/sa.key",
    "--api-audiences=https://kubernetes.default.svc.cluster.local,https://issuer.example.test/cluster-1",
    "--service-account-max-token-expiration=24h",
    "--tls-private-key-file=/etc/kubernetes/pki/apiserver.key",
];

/// Replaces all values of a flag.
pub(crate) fn flags(name: &str, values: &[&str]) -> Vec<String> {
    let start = format!("--{name}=");
    let kept = FLAGS.iter().filter(|flag| !flag.starts_with(&start)).map(|flag| (*flag).to_owned());
    kept.chain(values.iter().map(|value| format!("{start}{value}"))).collect()
}

pub(crate) fn healthy_flags() -> Vec<String> {
    flags("none", &[])
}

/// The mirror pod of a static pod as kubeadm writes it.
pub(crate) fn mirror_pod(node: &str, flags: &[String]) -> Value {
    let mut command = vec!["kube-apiserver".to_owned()];
    command.extend(flags.iter().cloned());
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("kube-apiserver-{node}"),
            "namespace": "kube-system",
            "annotations": {
                "kubernetes.io/config.mirror": "0c7e1a2b",
                "kubernetes.io/config.source": "file",
                "kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint": "10.0.0.1:6443",
            },
            "labels": { "component": "kube-apiserver", "tier": "control-plane" },
            "ownerReferences": [{ "apiVersion": "v1", "kind": "Node", "name": node, "controller": true }],
        },
        "spec": {
            "nodeName": node,
            "hostNetwork": true,
            "priorityClassName": "system-node-critical",
            "containers": [{
                "name": "kube-apiserver",
                "image": "registry.k8s.io/kube-apiserver:v1.36.2",
                "command": command,
                "volumeMounts": [
                    { "mountPath": "/etc/kubernetes/pki", "name": "k8s-certs", "readOnly": true },
                ],
            }],
        },
        "status": { "phase": "Running" },
    })
}

pub(crate) fn etcd_pod() -> Value {
    json!({
        "kind": "Pod",
        "metadata": { "name": "etcd-cp-1", "labels": { "component": "etcd", "tier": "control-plane" } },
        "spec": {
            "nodeName": "cp-1",
            "containers": [{ "name": "etcd", "command": ["etcd", "--data-dir=/var/lib/etcd"] }],
        },
    })
}

pub(crate) fn control_plane(kubectl: &FakeKubectl, nodes: &[(&str, Vec<String>)]) {
    let mut pods: Vec<Value> = nodes.iter().map(|(node, flags)| mirror_pod(node, flags)).collect();
    kubectl.json(PODS[0], &list(&pods));
    kubectl.json(PODS[1], &list(&[]));
    pods.push(etcd_pod());
    kubectl.json(PODS[2], &list(&pods));
}

pub(crate) fn healthy() -> FakeKubectl {
    let kubectl = FakeKubectl::new();
    kubectl.answer(DOCUMENT, fixture("two-keys/openid-configuration.json"));
    kubectl.answer(JWKS, fixture("two-keys/jwks.json"));
    kubectl.answer(TOKEN, fixture_token("rsa-2048/token.json") + "\n");
    kubectl.json(
        VERSION,
        &json!({
            "clientVersion": { "gitVersion": "v1.32.4" },
            "serverVersion": { "gitVersion": "v1.36.2" },
        }),
    );
    control_plane(&kubectl, &[("cp-2", healthy_flags()), ("cp-1", healthy_flags())]);
    kubectl
}
