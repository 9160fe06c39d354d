//! What is known of the pod identity webhook.

use serde_json::{Map, Value};

use super::certificate::ServingCertificate;
use super::selector::Selector;
use crate::cluster::{CommandLine, Seen};

/// What is known of the pod identity webhook, and of what it does to a pod.
#[derive(Debug)]
pub struct WebhookFacts {
    /// The role that the workload wants, when one was given.
    pub role: Option<String>,
    /// How it is registered; none where no webhook is.
    pub registration: Seen<Option<Registration>>,
    /// The Deployment behind it.
    pub deployment: Seen<Deployment>,
    /// The certificate that it serves with.
    pub certificate: Seen<ServingCertificate>,
    /// The labels of its own namespace and of kube-system; looked at where the webhook can keep pods from
    /// being made.
    pub namespaces: Seen<Vec<(String, Map<String, Value>)>>,
    /// The annotations of the service account.
    pub annotations: Seen<Map<String, Value>>,
    /// What becomes of a pod of the service account: it was not made.
    pub pod: Seen<Value>,
}

/// How the webhook is registered with kube-apiserver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The name of the MutatingWebhookConfiguration.
    pub configuration: String,
    /// Which of its webhooks it is, from 0.
    pub position: usize,
    /// The names of the others that look like one too.
    pub others: Vec<String>,
    /// Where kube-apiserver calls it.
    pub target: Target,
    /// The certificates that vouch for it, in PEM; empty when none are given.
    pub authorities: Vec<u8>,
    /// The versions of AdmissionReview that it is said to take, the preferred first.
    pub review_versions: Vec<String>,
    /// Whether it is called again after later webhooks.
    pub reinvocation: String,
    /// What happens when it does not answer.
    pub failure: String,
    /// The namespaces that it is called for.
    pub namespaces: Selector,
    /// The pods that it is called for.
    pub pods: Selector,
    /// Whether expressions leave more pods out: they are not evaluated.
    pub conditions: bool,
}

/// Where kube-apiserver calls a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A Service in the cluster.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A host of its own.
    Host(String),
}

/// The Deployment behind the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its name.
    pub name: String,
    /// The webhook's image.
    pub image: String,
    /// How the webhook was started.
    pub command_line: CommandLine,
    /// How many replicas are wanted.
    pub wanted: u64,
    /// How many are ready.
    pub ready: u64,
    /// The labels of its pods.
    pub labels: Map<String, Value>,
    /// The Secret and the key in it that the serving certificate is in.
    pub certificate: Option<(String, String)>,
}

impl Target {
    /// The name that the serving certificate has to be for.
    #[must_use]
    pub fn server_name(&self) -> String {
        match self {
            Self::Service { namespace, name } => format!("{name}.{namespace}.svc"),
            Self::Host(host) => host.clone(),
        }
    }
}
