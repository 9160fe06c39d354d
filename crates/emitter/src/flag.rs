//! One command-line flag of a control-plane component.

use std::fmt;

/// A process of the control plane that takes flags about service-account tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Component {
    /// Signs, verifies and serves.
    KubeApiserver,
    /// Signs the tokens of legacy Secrets.
    KubeControllerManager,
}

impl Component {
    /// Both, kube-apiserver first.
    pub const ALL: [Self; 2] = [Self::KubeApiserver, Self::KubeControllerManager];

    /// The name of its binary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// One flag with one value; a flag that repeats is several of these, in order.
///
/// Displayed as one argument, `--name=value`, not quoted for any shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    name: &'static str,
    value: String,
}

impl Flag {
    pub(crate) const ISSUER: &str = "service-account-issuer";
    pub(crate) const SIGNING_KEY_FILE: &str = "service-account-signing-key-file";
    pub(crate) const KEY_FILE: &str = "service-account-key-file";
    pub(crate) const JWKS_URI: &str = "service-account-jwks-uri";
    pub(crate) const API_AUDIENCES: &str = "api-audiences";
    pub(crate) const PRIVATE_KEY_FILE: &str = "service-account-private-key-file";

    pub(crate) fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into() }
    }

    /// The name without its dashes, such as `service-account-issuer`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The value.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What the flag is for, in a few words; `first` among those of its name.
    pub(crate) fn reason(&self, first: bool) -> &'static str {
        match self.name {
            Self::ISSUER if first => "signs: the issuer of every new token",
            Self::ISSUER => "kept: tokens of this issuer stay good",
            Self::SIGNING_KEY_FILE => "signs tokens",
            Self::KEY_FILE if first => "verifies tokens: the signer's public half",
            Self::KEY_FILE => "kept: verifies tokens signed before",
            Self::JWKS_URI => "where others fetch the keys",
            Self::API_AUDIENCES => "what a token for kube-apiserver may be addressed to",
            _ => "signs the tokens of Secrets",
        }
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "--{}={}", self.name, self.value)
    }
}
