//! Why kubectl gave no answer, and what to do then.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::kubectl::MAX_KUBECTL_BYTES;

/// Why kubectl gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum KubectlError {
    /// There is no such program.
    #[error("`{}` is not on PATH", .program.display())]
    Missing {
        /// The program.
        program: PathBuf,
    },
    /// It could not be run, or its answer could not be read.
    #[error("`{command}` could not be run")]
    Broken {
        /// The call.
        command: String,
        /// What failed.
        source: io::Error,
    },
    /// No whole answer in time.
    #[error("`{command}` did not answer within {} s", .limit.as_secs_f32())]
    Timeout {
        /// The call.
        command: String,
        /// How long it had.
        limit: Duration,
    },
    /// The user of this context may not do it.
    #[error("`{command}` is forbidden: {message}")]
    Forbidden {
        /// The call.
        command: String,
        /// What kubectl says.
        message: String,
    },
    /// The cluster has no such thing.
    #[error("`{command}` found nothing: {message}")]
    NotFound {
        /// The call.
        command: String,
        /// What kubectl says.
        message: String,
    },
    /// It failed for another reason.
    #[error("`{command}` failed: {message}")]
    Failed {
        /// The call.
        command: String,
        /// What kubectl says.
        message: String,
    },
    /// More bytes than any answer has.
    #[error("`{command}` answered more than {MAX_KUBECTL_BYTES} bytes")]
    TooLarge {
        /// The call.
        command: String,
    },
    /// Something else than JSON.
    #[error("`{command}` answered what is no JSON")]
    NotJson {
        /// The call.
        command: String,
        /// Where it stops to be JSON.
        source: serde_json::Error,
    },
}

impl KubectlError {
    /// Says what to do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { .. } => "install kubectl, or save the documents where it is (`kubectl get --raw \
                                     /.well-known/openid-configuration > openid-configuration.json`, \
                                     `kubectl get --raw /openid/v1/jwks > jwks.json`) and give them with \
                                     --cluster-openid-configuration and --cluster-jwks"
                .to_owned(),
            Self::Timeout { .. } => "run the command by hand: is the cluster up, does its proxy or VPN \
                                     stand, does a plugin wait for a login?"
                .to_owned(),
            Self::Forbidden { .. } => {
                "take a context that may read it (`kubectl config get-contexts`), or ask who may".to_owned()
            }
            Self::NotFound { .. } => {
                "look at namespace and name; is this the right context (`kubectl config current-context`)?"
                    .to_owned()
            }
            Self::Broken { .. } | Self::Failed { .. } | Self::TooLarge { .. } | Self::NotJson { .. } => {
                "run the command by hand; is this the right context (`kubectl config current-context`)?"
                    .to_owned()
            }
        }
    }
}
