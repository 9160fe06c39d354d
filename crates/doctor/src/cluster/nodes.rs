//! How kube-apiserver was started, node by node.

use super::api_server::ApiServer;
use super::facts::ClusterFacts;
use super::issuer::difference;
use crate::facts::Facts;
use crate::plain::{plain, plain_list};
use crate::report::Finding;

/// Where kubeadm keeps what it copies between control-plane nodes.
const KUBEADM_KEYS: &str = "/etc/kubernetes/pki/";

pub(super) fn control_plane(facts: &Facts) -> Finding {
    facts.cluster.look(|cluster| match &cluster.nodes {
        Ok(nodes) if nodes.is_empty() => Finding::skip(
            "no kube-apiserver shows as a pod in kube-system (k3s, k0s, managed and plain systemd control \
             planes): look at the flags on each node",
        ),
        Ok(nodes) => Finding::pass(plain_list(names(nodes))),
        Err(gap) => gap.warn("the command line of kube-apiserver on every node"),
    })
}

/// [The first issuer signs, all are
/// accepted](https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/).
pub(super) fn issuers(facts: &Facts) -> Finding {
    let expected = facts.issuer.as_str();
    every(facts, |nodes| {
        let wrong: Vec<&ApiServer> =
            nodes.iter().filter(|node| node.issuers().first() != Some(&expected)).collect();
        let Some(worst) = wrong.first() else {
            return Finding::pass(format!("first on {}", plain_list(names(nodes))));
        };
        let second = wrong.iter().any(|node| node.issuers().contains(&expected));
        Finding::fail(
            format!("--service-account-issuer={expected} first"),
            per_node(&wrong, |node| plain_list(node.issuers())),
            match (second, worst.issuers().first()) {
                (true, _) => {
                    "the issuer is accepted, but another one signs: swap them, on every node, once every \
                     node accepts both"
                }
                (false, Some(first)) => difference(expected, first),
                (false, None) => {
                    "the command line shows no issuer: is kube-apiserver started by a script there?"
                }
            },
        )
    })
}

pub(super) fn alike(facts: &Facts) -> Finding {
    every(facts, |nodes| {
        let settings = |node: &ApiServer| {
            let own = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect::<Vec<String>>();
            let mut audiences = own(node.api_audiences());
            audiences.sort();
            (
                own(node.issuers()),
                own(node.key_files()),
                node.signing_key_file().map(str::to_owned),
                audiences,
            )
        };
        let Some((first, others)) = nodes.split_first() else { return Finding::pass("one node") };
        let different: Vec<&ApiServer> =
            others.iter().filter(|node| settings(node) != settings(first)).collect();
        if different.is_empty() {
            return Finding::pass(plain_list(names(nodes)));
        }
        let shown = |node: &ApiServer| {
            format!(
                "issuers {}; key files {}; audiences {}",
                plain_list(node.issuers()),
                plain_list(node.key_files()),
                plain_list(node.api_audiences())
            )
        };
        Finding::fail(
            format!("as on {}: {}", plain(&first.node), shown(first)),
            per_node(&different, shown),
            "a token that one node signs is refused by another, with 401, now and then. Bring all nodes to \
             the same flags",
        )
    })
}

pub(super) fn key_files(facts: &Facts) -> Finding {
    every(facts, |nodes| {
        let inside: Vec<&ApiServer> = nodes.iter().filter(|node| node.signing_endpoint().is_none()).collect();
        let lacking: Vec<&ApiServer> = inside
            .iter()
            .copied()
            .filter(|node| node.key_files().is_empty() || node.signing_key_file().is_none())
            .collect();
        if !lacking.is_empty() {
            return Finding::fail(
                "--service-account-signing-key-file and --service-account-key-file",
                per_node(&lacking, |node| {
                    format!(
                        "signing key {}, key files {}",
                        node.signing_key_file().map_or_else(|| "none".to_owned(), plain),
                        plain_list(node.key_files())
                    )
                }),
                "without its key files kube-apiserver verifies with its TLS key, and refuses what it signed \
                 itself",
            );
        }
        // kubeadm's `upload-certs` carries sa.key and sa.pub and nothing else.
        let astray: Vec<&ApiServer> = inside
            .into_iter()
            .filter(|node| {
                node.key_files().into_iter().chain(node.signing_key_file()).any(|file| {
                    file.strip_prefix(KUBEADM_KEYS).is_some_and(|name| name != "sa.pub" && name != "sa.key")
                })
            })
            .collect();
        if !astray.is_empty() {
            return Finding::warn(
                format!("{KUBEADM_KEYS}sa.key and {KUBEADM_KEYS}sa.pub alone"),
                per_node(&astray, |node| {
                    plain_list(node.key_files().into_iter().chain(node.signing_key_file()))
                }),
                "kubeadm carries sa.key and sa.pub alone to a control-plane node that joins: put more public \
                 keys behind the signer's in sa.pub, or copy the other files yourself before the next \
                 join",
            );
        }
        Finding::pass("a signing key and its key files on every node")
    })
}

pub(super) fn token_life(facts: &Facts) -> Finding {
    every(facts, |nodes| {
        let unbounded: Vec<&ApiServer> =
            nodes.iter().filter(|node| node.max_token_expiration().is_none()).collect();
        let long: Vec<&ApiServer> = nodes
            .iter()
            .filter(|node| node.max_token_expiration().is_some_and(|life| !is_short(life)))
            .collect();
        if unbounded.is_empty() && long.is_empty() {
            return Finding::pass(plain_list(
                nodes.iter().filter_map(ApiServer::max_token_expiration).take(1),
            ));
        }
        let mut actual = Vec::new();
        if !unbounded.is_empty() {
            actual.push(format!("not set on {}", plain_list(names(unbounded))));
        }
        if !long.is_empty() {
            let life = |node: &ApiServer| node.max_token_expiration().map(plain).unwrap_or_default();
            actual.push(per_node(&long, life));
        }
        Finding::warn(
            "--service-account-max-token-expiration of 24h at most",
            actual.join("; "),
            "a token may ask for decades, and AWS takes it as long as its key is published. Set \
             --service-account-max-token-expiration=24h on every control-plane node",
        )
    })
}

/// Tells whether a duration, as Go writes it (`1h30m`, `86400s`), is a day at most; what cannot be read is not.
fn is_short(duration: &str) -> bool {
    const DAY: f64 = 86_400.0;
    let mut rest = duration.strip_prefix('+').unwrap_or(duration);
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(number);
        let unit = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let factor = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return false,
        };
        let Ok(number) = number.parse::<f64>() else { return false };
        seconds += number * factor;
        rest = after;
    }
    seconds <= DAY
}

/// Looks at all nodes; skips where they do not show themselves.
pub(super) fn every(facts: &Facts, look: impl FnOnce(&[ApiServer]) -> Finding) -> Finding {
    facts.cluster.look(|ClusterFacts { nodes, .. }| match nodes {
        Ok(nodes) => look(nodes),
        Err(gap) => gap.waits("cluster/control-plane"),
    })
}

/// Says something of each node.
pub(super) fn per_node(nodes: &[&ApiServer], say: impl Fn(&ApiServer) -> String) -> String {
    let said: Vec<String> =
        nodes.iter().map(|node| format!("{}: {}", plain(&node.node), say(node))).collect();
    said.join("; ")
}

fn names<'a>(nodes: impl IntoIterator<Item = &'a ApiServer>) -> impl Iterator<Item = &'a str> {
    nodes.into_iter().map(|node| node.node.as_str())
}

#[cfg(test)]
mod tests {
    use super::is_short;

    #[test]
    fn a_day_is_short_however_it_is_written() {
        for life in
            ["24h", "24h0m0s", "1440m", "86400s", "23h59m60s", "0.5h", ".5h", "10m", "+1h", "86400000ms"]
        {
            assert!(is_short(life), "{life}");
        }
        for life in ["87600h", "24h1s", "24h1ns", "86401s", "24.1h", "1d", "soon", "-1h", "24"] {
            assert!(!is_short(life), "{life}");
        }
    }
}
