#!/bin/sh
# Keeps pods from the role of their node: drops what is forwarded to the instance metadata service.
#
#   sh imds-guard.iptables.sh       as root on every node, and again at every start
#
# Safe to run twice: a rule that is there is not added again. In the table mangle, for network plugins put rules that
# accept at the head of filter's FORWARD, after which nothing else is asked.
#
# What this does not cover:
# - Pods with hostNetwork: true: their packets are the node's own and are not forwarded.
# - Network plugins that go past the kernel's forwarding (eBPF host routing, ipvlan, SR-IOV).
# - 169.254.170.2 and 169.254.170.23, the endpoints of ECS and of EKS Pod Identity: other addresses, left as they are.
@left_out@# - Nodes that nobody has run it on: put it into the image or the start-up of the nodes.
# - Where the rules of the node are nftables alone, take imds-guard.nft.
set -eu

# guard COMMAND MATCH...: drops what matches, once.
guard() {
  command=$1
  shift
  set -- FORWARD "$@" -m comment --comment issuerctl-imds-guard -j DROP
  "$command" -w -t mangle -C "$@" 2>/dev/null || "$command" -w -t mangle -I "$@"
}

@rules@
