//! Looks at the cluster: everything at once, and nothing is changed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future;
use issuer_discovery::{Jwks, PublishedDocument};
use issuer_keygen::ServiceAccount;
use serde_json::Value;

use super::api_server::ApiServer;
use super::facts::{ClusterFacts, ClusterRequest, Minted};
use super::gap::{Gap, Seen, items, text, texts};
use crate::facts::Fact;
use crate::kubectl::Kubectl;
use crate::plain::whole;

/// Who runs kube-apiserver in a pod labels it so: kubeadm and RKE2; kOps and Talos; others.
const CONTROL_PLANE_LABELS: [&str; 3] =
    ["component=kube-apiserver", "k8s-app=kube-apiserver", "tier=control-plane"];

/// How long the token lives that is asked for: the shortest that kube-apiserver takes.
const TOKEN_LIFE: &str = "10m";

/// What to give so that a cluster is looked at.
const ASK: &str = "give --cluster, or --cluster-openid-configuration FILE and --cluster-jwks FILE";

/// Looks at the cluster.
pub async fn gather_cluster(
    request: &ClusterRequest,
    service_account: Option<&ServiceAccount>,
    audience: &str,
) -> Fact<ClusterFacts> {
    match request {
        ClusterRequest::NotAsked => Fact::NotAsked(ASK),
        ClusterRequest::Saved { openid_configuration, jwks } => Fact::Is(ClusterFacts {
            version: Err(Gap::NotAsked("give --cluster")),
            document: saved(
                openid_configuration.as_deref(),
                "give --cluster-openid-configuration FILE",
                parse_document,
            ),
            jwks: saved(jwks.as_deref(), "give --cluster-jwks FILE", parse_jwks),
            nodes: Err(Gap::NotAsked("give --cluster")),
            minted: Err(Gap::NotAsked("give --cluster")),
        }),
        ClusterRequest::Kubectl(kubectl) => {
            let (version, document, jwks, nodes, minted) = future::join5(
                version(kubectl),
                async {
                    parse_document(
                        &kubectl.run(&["get", "--raw", "/.well-known/openid-configuration"], b"").await?,
                    )
                },
                async { parse_jwks(&kubectl.run(&["get", "--raw", "/openid/v1/jwks"], b"").await?) },
                nodes(kubectl),
                mint(kubectl, service_account, audience),
            )
            .await;
            Fact::Is(ClusterFacts { version, document, jwks, nodes, minted })
        }
    }
}

fn saved<T>(bytes: Option<&[u8]>, give: &'static str, parse: fn(&[u8]) -> Seen<T>) -> Seen<T> {
    bytes.map_or(Err(Gap::NotAsked(give)), parse)
}

fn parse_document(bytes: &[u8]) -> Seen<PublishedDocument> {
    PublishedDocument::parse(bytes)
        .map_err(|error| Gap::malformed("the cluster's discovery document", whole(&error)))
}

fn parse_jwks(bytes: &[u8]) -> Seen<Jwks> {
    Jwks::parse(bytes).map_err(|error| Gap::malformed("the cluster's JWKS", whole(&error)))
}

async fn version(kubectl: &Kubectl) -> Seen<String> {
    let answer = kubectl.json(&["version", "-o", "json"], b"").await?;
    text(&answer, "/serverVersion/gitVersion")
        .map(str::to_owned)
        .ok_or_else(|| Gap::malformed("the cluster's version", "it has no serverVersion"))
}

/// Lists what the control-plane nodes run, by node.
async fn nodes(kubectl: &Kubectl) -> Seen<Vec<ApiServer>> {
    let answers = future::join_all(CONTROL_PLANE_LABELS.map(async |label| {
        let pods =
            kubectl.json(&["-n", "kube-system", "get", "pods", "-l", label, "-o", "json"], b"").await?;
        items(pods, "the list of control-plane pods")
    }))
    .await;
    let mut nodes: Vec<ApiServer> = Vec::new();
    // Half an answer would call a mixed control plane uniform.
    for pods in answers {
        for node in pods?.iter().filter_map(ApiServer::of_pod) {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
    }
    nodes.sort_by(|a, b| a.node.cmp(&b.node));
    Ok(nodes)
}

/// Has a short-lived token made, to see what kube-apiserver writes into it; nothing in the cluster changes by
/// that.
async fn mint(kubectl: &Kubectl, service_account: Option<&ServiceAccount>, audience: &str) -> Seen<Minted> {
    let Some(account) = service_account else {
        return Err(Gap::NotAsked("give --service-account NAMESPACE/NAME"));
    };
    let (namespace, name) = (account.namespace(), account.name());
    let arguments =
        ["-n", namespace, "create", "token", name, "--audience", audience, "--duration", TOKEN_LIFE];
    let token = kubectl.run(&arguments, b"").await?;
    read_token(&token).ok_or_else(|| {
        Gap::malformed("the token that the cluster made", "it is no JWT with iss, kid and aud")
    })
}

fn read_token(token: &[u8]) -> Option<Minted> {
    let mut parts = str::from_utf8(token).ok()?.trim_end().split('.');
    let mut part =
        || -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok() };
    let (header, claims) = (part()?, part()?);
    let mut audiences = texts(&claims, "/aud");
    audiences.extend(text(&claims, "/aud").map(str::to_owned));
    Some(Minted {
        issuer: text(&claims, "/iss")?.to_owned(),
        kid: text(&header, "/kid")?.to_owned(),
        audiences,
    })
}
