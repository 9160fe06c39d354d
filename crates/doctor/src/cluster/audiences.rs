//! The audiences that kube-apiserver takes as its own, node by node.

use super::api_server::ApiServer;
use super::nodes::{every, per_node};
use crate::facts::Facts;
use crate::plain::plain_list;
use crate::report::Finding;

/// A token that is handed to AWS must not open kube-apiserver: whoever gets hold of it there would be the
/// service account here.
pub(super) fn for_aws(facts: &Facts) -> Finding {
    let asked = facts.audience.as_str();
    every(facts, |nodes| {
        let open: Vec<&ApiServer> = nodes
            .iter()
            .filter(|node| node.api_audiences().iter().any(|audience| *audience == asked || is_sts(audience)))
            .collect();
        if open.is_empty() {
            return Finding::pass(format!("{asked} is none of kube-apiserver's"));
        }
        Finding::fail(
            format!("--api-audiences without {asked}"),
            per_node(&open, |node| plain_list(node.api_audiences())),
            format!(
                "take it out of --api-audiences on these nodes (keep the others): it is not needed there, \
                 and with it every token for {asked} is a login to kube-apiserver"
            ),
        )
    })
}

/// Clients ask for tokens by the cluster's audience of old; where it is no longer accepted they get 401.
pub(super) fn own(facts: &Facts) -> Finding {
    let issuer = facts.issuer.as_str();
    every(facts, |nodes| {
        let bare: Vec<&ApiServer> = nodes
            .iter()
            .filter(|node| {
                node.api_audiences().iter().all(|audience| *audience == issuer || is_sts(audience))
            })
            .collect();
        let Some(node) = nodes.first().filter(|_| bare.is_empty()) else {
            return Finding::warn(
                "the cluster's default audience beside the issuer",
                per_node(&bare, |node| plain_list(node.api_audiences())),
                format!(
                    "who asks for a token by the default audience gets 401. Set --api-audiences to the \
                     distribution's default (kubeadm: https://kubernetes.default.svc.cluster.local) and \
                     {issuer}, on every control-plane node"
                ),
            );
        };
        Finding::pass(plain_list(node.api_audiences()))
    })
}

/// Whether this is the audience of an AWS STS endpoint, global or regional, with or without scheme.
fn is_sts(audience: &str) -> bool {
    let audience = audience.to_ascii_lowercase();
    let host = audience.split_once("://").map_or(audience.as_str(), |(_, rest)| rest);
    (host.starts_with("sts") || host.starts_with("sts-fips")) && host.contains("amazonaws")
}
