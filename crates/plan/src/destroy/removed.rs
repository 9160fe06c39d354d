//! What is taken away beside roles.

use std::fmt;

use issuer_discovery::WithdrawChange;

/// Something that is taken away.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Removed {
    /// A managed policy of ours that nothing uses any more.
    Policy {
        /// Its ARN.
        arn: String,
        /// Those of its versions that are not the default.
        versions: Vec<String>,
    },
    /// The IAM provider.
    Provider {
        /// Its ARN.
        arn: String,
    },
    /// What is published, and the bucket that it is in.
    Published(WithdrawChange),
}

impl Removed {
    /// Returns a stable word for machines.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Policy { .. } => "delete-policy",
            Self::Provider { .. } => "delete-provider",
            Self::Published(change) => change.kind(),
        }
    }
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy { arn, .. } => write!(f, "delete the managed policy {arn}"),
            Self::Provider { arn } => write!(f, "delete the IAM provider {arn}"),
            Self::Published(change) => change.fmt(f),
        }
    }
}
