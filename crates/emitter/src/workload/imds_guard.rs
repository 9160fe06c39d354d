//! What keeps pods from the node's own role.
//!
//! The service's addresses: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>; the
//! hop limit: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html>.

use super::check;
use super::template::{fill, indented, scalar};
use crate::emission::{Artifact, Emission};
use crate::error::EmitError;

pub(super) const SUMMARY: &str =
    "what keeps pods from the node's own role: hop limit, packet filters, NetworkPolicy";

const IPV4: &str = "169.254.169.254";
const IPV6: &str = "fd00:ec2::254";

/// Whom the guard is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImdsGuard {
    /// The namespace of the NetworkPolicy.
    pub namespace: String,
    /// The pods' networks, in CIDR notation, for the rules of the node. Every forwarded packet when none is given; when
    /// all are of one family, nothing of the other.
    pub pod_networks: Vec<String>,
}

/// Writes the hop-limit commands, an nftables and an iptables rule, and a NetworkPolicy; each says what it does not
/// cover.
///
/// # Errors
/// A namespace or network that is none.
pub fn imds_guard(guard: &ImdsGuard) -> Result<Emission, EmitError> {
    check::label("the namespace", &guard.namespace)?;
    let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
    for network in &guard.pod_networks {
        if check::network(network)? { ipv4.push(network.as_str()) } else { ipv6.push(network.as_str()) }
    }
    // With networks of one family alone, a rule for every packet of the other would reach further than was asked for.
    let every = guard.pod_networks.is_empty();
    let (with_ipv4, with_ipv6) = (every || !ipv4.is_empty(), every || !ipv6.is_empty());
    let left_out = match (with_ipv4, with_ipv6) {
        (true, true) => "",
        (true, false) => include_str!("templates/imds_guard_ipv4_alone.txt"),
        (false, _) => include_str!("templates/imds_guard_ipv6_alone.txt"),
    };
    let both = |ipv4: String, ipv6: String| {
        let rules = [(with_ipv4, ipv4), (with_ipv6, ipv6)];
        rules.into_iter().filter(|(with, _)| *with).map(|(_, rules)| rules).collect::<Vec<_>>().join("\n")
    };
    let nft = both(nft_rules("ip", IPV4, &ipv4), nft_rules("ip6", IPV6, &ipv6));
    let nft = fill(
        include_str!("templates/imds_guard.nft"),
        &[("left_out", left_out), ("rules", &indented(&nft, 4))],
    );
    let where_there_is_ipv6 = fill(
        include_str!("templates/imds_guard_ip6tables.sh"),
        &[("rules", &indented(&iptables_rules("ip6tables", IPV6, &ipv6), 2))],
    );
    let iptables = both(iptables_rules("iptables", IPV4, &ipv4), where_there_is_ipv6);
    let iptables = fill(
        include_str!("templates/imds_guard.iptables.sh"),
        &[("left_out", left_out), ("rules", iptables.trim_end())],
    );
    let policy = fill(
        include_str!("templates/imds_guard.networkpolicy.yaml"),
        &[("namespace", &scalar(&guard.namespace))],
    );
    Ok(Emission {
        artifacts: vec![
            Artifact::public("imds-hop-limit.sh", include_str!("templates/imds_hop_limit.sh").to_owned()),
            Artifact::public("imds-guard.nft", nft),
            Artifact::public("imds-guard.iptables.sh", iptables),
            Artifact::public("imds-guard.networkpolicy.yaml", policy),
        ],
        warnings: Vec::new(),
    })
}

/// Without any network every forwarded packet counts: a pod may have an address that nobody thought of.
fn nft_rules(family: &str, address: &str, networks: &[&str]) -> String {
    // A rule for each: networks that overlap cannot stand in one set.
    rules(networks, |from| {
        let from = from.map(|network| format!("{family} saddr {network} ")).unwrap_or_default();
        format!("{from}{family} daddr {address} counter drop")
    })
}

fn iptables_rules(command: &str, address: &str, networks: &[&str]) -> String {
    rules(networks, |from| {
        let from = from.map(|network| format!("-s {network} ")).unwrap_or_default();
        format!("guard {command} {from}-d {address}")
    })
}

fn rules(networks: &[&str], rule: impl Fn(Option<&str>) -> String) -> String {
    if networks.is_empty() {
        return rule(None);
    }
    networks.iter().map(|network| rule(Some(network))).collect::<Vec<_>>().join("\n")
}
