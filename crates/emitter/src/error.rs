//! Why settings, a merge or a workload's manifests are refused, each reason as a sentence for a cluster's operator.

use crate::flag::Component;
use crate::target::Target;
use crate::version::KubernetesVersion;

/// Settings that a control plane must not get, or a manifest that cannot be merged safely.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// A text is empty.
    #[error("{what} is empty")]
    EmptyText {
        /// Which text.
        what: &'static str,
    },
    /// A text holds what no target can carry.
    #[error("{what} {text:?} holds {problem}")]
    Text {
        /// Which text.
        what: &'static str,
        /// The text.
        text: String,
        /// What it holds.
        problem: &'static str,
    },
    /// The same text twice in one list.
    #[error("{what} {text:?} is given twice")]
    Repeated {
        /// Which text.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// The issuer is among those to keep.
    #[error("the issuer to keep is the issuer itself: {issuer:?}")]
    KeepIsIssuer {
        /// The issuer.
        issuer: String,
    },
    /// A JWKS URI that kube-apiserver refuses.
    #[error("the JWKS URI {uri:?} has to begin with https://, or kube-apiserver does not start")]
    JwksUri {
        /// The URI.
        uri: String,
    },
    /// A list of API audiences without one.
    #[error("the list of API audiences is empty")]
    NoAudience,
    /// An API audience that is AWS STS's own.
    #[error(
        "the API audience {audience:?} is AWS STS's: every token that a pod hands to AWS would also log in to \
         kube-apiserver; leave it out, or allow it expressly"
    )]
    StsAudience {
        /// The audience.
        audience: String,
    },
    /// A cluster domain that is no DNS name.
    #[error("the cluster domain {domain:?} is no DNS name in lower case, such as cluster.local")]
    ClusterDomain {
        /// The domain.
        domain: String,
    },
    /// No verifying key.
    #[error("no key file is given, and kube-apiserver needs one to verify tokens")]
    NoKeyFile,
    /// A key path that is not absolute.
    #[error("the key path {path:?} has to be the absolute path of a file, without `..`")]
    KeyPath {
        /// The path.
        path: String,
    },
    /// The target does not exist in this version of Kubernetes.
    #[error("the target {target} needs Kubernetes {needs} or later, not {version}")]
    Version {
        /// The target.
        target: Target,
        /// The first version that has it.
        needs: &'static str,
        /// The version given.
        version: KubernetesVersion,
    },
    /// The target merges into a manifest, and none is given.
    #[error(
        "the target {target} changes manifests that exist: give kube-apiserver's, and kube-controller-manager's"
    )]
    ManifestMissing {
        /// The target.
        target: Target,
    },
    /// The target has no use for a manifest.
    #[error("the target {target} writes whole files and has no use for a manifest")]
    ManifestNotUsed {
        /// The target.
        target: Target,
    },
    /// Two manifests of one component.
    #[error("two manifests of {component} are given; merge those of one node at a time")]
    ManifestTwice {
        /// The component.
        component: Component,
    },
    /// A manifest that is not YAML.
    #[error("the manifest cannot be read as YAML")]
    ManifestSyntax(#[source] Box<serde_saphyr::Error>),
    /// A manifest of another kind, or of a form that cannot be merged safely.
    #[error("the manifest {problem}")]
    Manifest {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A manifest whose flags cannot be told apart safely.
    #[error("the manifest's --{flag} {problem}")]
    ManifestFlag {
        /// The flag without dashes.
        flag: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The edit changed something else than it should have; nothing is given out.
    #[error(
        "the {component} manifest is written in a way that cannot be changed without touching other parts of it; add \
         the flags by hand, as the target flags prints them"
    )]
    MergeUnsafe {
        /// The component.
        component: Component,
    },
    /// A name or value that Kubernetes or AWS refuses, or that cannot be written safely.
    #[error("{what} {text:?} is not {wanted}")]
    Value {
        /// Which one.
        what: &'static str,
        /// The text.
        text: String,
        /// What it has to be.
        wanted: &'static str,
    },
    /// A token that would live too long or too short.
    #[error("a token cannot live {seconds} seconds: Kubernetes takes 600 to {}", 1_u64 << 32)]
    TokenExpiration {
        /// How long.
        seconds: u64,
    },
    /// A text that is to be PEM and is not; it may be secret.
    #[error("{what} is not PEM")]
    NotPem {
        /// Which text.
        what: &'static str,
    },
    /// A list without an entry.
    #[error("{what} are needed, one at least: {why}")]
    NoneGiven {
        /// Entries of what.
        what: &'static str,
        /// Why one is needed.
        why: &'static str,
    },
    /// A kind of workload whose pod template is not known.
    #[error("a {kind:?} cannot be patched; there are {known}")]
    WorkloadKind {
        /// The kind.
        kind: String,
        /// The kinds that can.
        known: String,
    },
    /// More service accounts than one expression of a policy holds.
    #[error(
        "the map of {entries} service accounts is {characters} characters long, and Kubernetes takes {limit} in one \
         expression, about {fitting} such entries: bind by a label or each service account by itself"
    )]
    MapTooLong {
        /// How many service accounts it has.
        entries: usize,
        /// How long it is, in code points.
        characters: usize,
        /// How long it may be, in code points.
        limit: usize,
        /// About how many would fit.
        fitting: usize,
    },
    /// The YAML library refused to write.
    #[error("the settings cannot be written as YAML")]
    Serialize(#[source] Box<serde_saphyr::SerializeError>),
}
