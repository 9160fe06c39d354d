//! What is asked about a cluster, and what is known of it.

use issuer_discovery::{Jwks, PublishedDocument};

use super::api_server::ApiServer;
use super::gap::Seen;
use crate::kubectl::Kubectl;

/// How the cluster is looked at.
#[derive(Clone, Debug, Default)]
pub enum ClusterRequest {
    /// Not at all.
    #[default]
    NotAsked,
    /// Through kubectl.
    Kubectl(Kubectl),
    /// From documents that somebody saved.
    Saved {
        /// What `kubectl get --raw /.well-known/openid-configuration` answered.
        openid_configuration: Option<Vec<u8>>,
        /// What `kubectl get --raw /openid/v1/jwks` answered.
        jwks: Option<Vec<u8>>,
    },
}

/// What is known of the cluster.
#[derive(Debug)]
pub struct ClusterFacts {
    /// Its version.
    pub version: Seen<String>,
    /// What it says of its issuer.
    pub document: Seen<PublishedDocument>,
    /// The keys that verify its tokens, in the order of its key files.
    pub jwks: Seen<Jwks>,
    /// What its control-plane nodes run; empty where they show none.
    pub nodes: Seen<Vec<ApiServer>>,
    /// What it writes into a token.
    pub minted: Seen<Minted>,
}

/// What a token of the cluster says. The token itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minted {
    /// `iss`.
    pub issuer: String,
    /// The key id in its header.
    pub kid: String,
    /// `aud`.
    pub audiences: Vec<String>,
}
