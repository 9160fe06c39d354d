//! One control-plane node's kube-apiserver, as its mirror pod shows it.
//!
//! Flags:
//! [kube-apiserver](https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/). A
//! mirror pod is what kubelet shows of a static pod: kubeadm, kOps, Talos, RKE2 and Kubespray run
//! kube-apiserver so.

use serde_json::Value;

use super::command_line::CommandLine;
use super::gap::{list, text};

/// What one control-plane node runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiServer {
    /// The node's name.
    pub node: String,
    /// How kube-apiserver was started there.
    pub command_line: CommandLine,
}

impl ApiServer {
    /// Reads a pod; nothing when it runs no kube-apiserver.
    pub(crate) fn of_pod(pod: &Value) -> Option<Self> {
        let containers = list(pod, "/spec/containers");
        let named = containers.iter().find(|container| text(container, "/name") == Some("kube-apiserver"));
        let flagged = |container: &&Value| {
            !CommandLine::of_container(container).values("service-account-issuer").is_empty()
        };
        let container = named.or_else(|| containers.iter().find(flagged))?;
        let node = text(pod, "/spec/nodeName").or_else(|| text(pod, "/metadata/name"))?;
        Some(Self { node: node.to_owned(), command_line: CommandLine::of_container(container) })
    }

    /// The issuers, in order: the first signs, all are accepted.
    #[must_use]
    pub fn issuers(&self) -> Vec<&str> {
        self.command_line.values("service-account-issuer")
    }

    /// The files whose keys verify tokens.
    #[must_use]
    pub fn key_files(&self) -> Vec<&str> {
        self.command_line.values("service-account-key-file")
    }

    /// The file of the key that signs.
    #[must_use]
    pub fn signing_key_file(&self) -> Option<&str> {
        self.command_line.value("service-account-signing-key-file")
    }

    /// The socket of an external signer, which then also says what verifies.
    #[must_use]
    pub fn signing_endpoint(&self) -> Option<&str> {
        self.command_line.value("service-account-signing-endpoint")
    }

    /// The audiences that it takes as its own: what is given, else all issuers.
    #[must_use]
    pub fn api_audiences(&self) -> Vec<&str> {
        let given = self.command_line.values("api-audiences");
        if given.is_empty() {
            return self.issuers();
        }
        given.into_iter().flat_map(|values| values.split(',')).map(str::trim).collect()
    }

    /// The longest life of a token, as it is written; none when a token may ask for any.
    #[must_use]
    pub fn max_token_expiration(&self) -> Option<&str> {
        let is_zero = |value: &str| value.chars().all(|c| !c.is_ascii_digit() || c == '0');
        self.command_line.value("service-account-max-token-expiration").filter(|value| !is_zero(value))
    }
}
