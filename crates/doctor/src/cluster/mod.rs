//! The control plane: does it sign as the issuer that is published, with a key that is published, and is it
//! set up the same on every node?
//!
//! Flags and their meaning:
//! [kube-apiserver](https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/),
//! [ServiceAccount issuer
//! discovery](https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery).

mod api_server;
mod audiences;
mod command_line;
mod facts;
mod gap;
mod gather;
mod issuer;
mod keys;
mod nodes;

pub use api_server::ApiServer;
pub use command_line::CommandLine;
pub use facts::{ClusterFacts, ClusterRequest, Minted};
pub use gap::{Gap, Seen};

pub(crate) use gap::{items, list, text, texts};
pub use gather::gather_cluster;

use crate::check::{Check, Group};

/// What is looked at in the cluster, in order.
pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        Group::Cluster,
        "cluster/discovery",
        "the cluster says who its issuer is",
        &[],
        issuer::discovery,
    ),
    Check::new(
        Group::Cluster,
        "cluster/issuer",
        "the cluster signs as this issuer",
        &["cluster/discovery"],
        issuer::issuer,
    ),
    Check::new(
        Group::Cluster,
        "cluster/token",
        "a token of the cluster names this issuer and the audience",
        &[],
        issuer::token,
    ),
    Check::new(
        Group::Cluster,
        "cluster/jwks-uri",
        "the cluster names the public JWKS",
        &["cluster/discovery"],
        issuer::jwks_uri,
    ),
    Check::new(Group::Cluster, "cluster/jwks", "the cluster shows its keys", &[], keys::jwks),
    Check::new(
        Group::Cluster,
        "cluster/signing-key",
        "the key that signs is published",
        &["cluster/jwks"],
        keys::signing_key,
    ),
    Check::new(
        Group::Cluster,
        "cluster/verifying-keys",
        "every other key of the cluster is published",
        &["cluster/jwks"],
        keys::verifying_keys,
    ),
    Check::new(
        Group::Cluster,
        "cluster/control-plane",
        "every control-plane node shows how kube-apiserver was started",
        &[],
        nodes::control_plane,
    ),
    Check::new(
        Group::Cluster,
        "cluster/node-issuers",
        "this issuer is the first on every node",
        &["cluster/control-plane"],
        nodes::issuers,
    ),
    Check::new(
        Group::Cluster,
        "cluster/nodes-alike",
        "all nodes have the same issuers, key files and audiences",
        &["cluster/control-plane"],
        nodes::alike,
    ),
    Check::new(
        Group::Cluster,
        "cluster/key-files",
        "every node verifies what it signs",
        &["cluster/control-plane"],
        nodes::key_files,
    ),
    Check::new(
        Group::Cluster,
        "cluster/api-audiences",
        "tokens for AWS do not open kube-apiserver",
        &["cluster/control-plane"],
        audiences::for_aws,
    ),
    Check::new(
        Group::Cluster,
        "cluster/own-audiences",
        "the cluster's own audiences are still accepted",
        &["cluster/control-plane"],
        audiences::own,
    ),
    Check::new(
        Group::Cluster,
        "cluster/token-life",
        "the life of a token is bounded",
        &["cluster/control-plane"],
        nodes::token_life,
    ),
];
