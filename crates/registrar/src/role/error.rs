//! Why roles and their policies cannot be read or changed.

use issuer_discovery::CallError;
use issuer_policy::PolicyError;

use super::arn::RoleArnError;

/// Why a role cannot be read or changed. `what` is an ARN.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoleError {
    /// A call failed. One that AWS throttled until the retries ran out was not carried out.
    #[error(transparent)]
    Call(#[from] CallError),
    /// IAM names a role that is none.
    #[error("IAM answered with a role that is none")]
    Arn(#[from] RoleArnError),
    /// A trust policy that cannot be read.
    #[error("the trust policy of {arn} cannot be read")]
    TrustPolicy {
        /// The role.
        arn: String,
        /// Why.
        #[source]
        source: PolicyError,
    },
    /// A policy of ours that cannot be read.
    #[error("the policy {policy} of {what} cannot be read")]
    Policy {
        /// The role, or the managed policy.
        what: String,
        /// The inline policy, or the version.
        policy: String,
        /// Why.
        #[source]
        source: PolicyError,
    },
    /// A call that must not be repeated blindly failed so that it may have been carried out.
    #[error("what became of {what} is not known")]
    Unsure {
        /// The role or policy.
        what: String,
        /// How the call ended.
        #[source]
        source: CallError,
    },
    /// Somebody else was faster.
    #[error("{what} was changed by somebody else meanwhile")]
    Raced {
        /// The role or policy.
        what: String,
    },
    /// The name is another one's: names are unique in an account whatever their paths and their case.
    #[error(
        "{what} cannot be made: its name is taken in the account, under another path or in other letters"
    )]
    Taken {
        /// The role or policy.
        what: String,
        /// What IAM said.
        #[source]
        source: CallError,
    },
    /// A managed policy that is not there.
    #[error("{what} cannot have the managed policy {policy}: there is none that can be attached")]
    NoPolicy {
        /// The role.
        what: String,
        /// The policy.
        policy: String,
        /// What IAM said.
        #[source]
        source: CallError,
    },
    /// IAM does not know the provider.
    #[error(
        "IAM does not take the trust policy of {what}: it does not know the provider {provider}; register the issuer first"
    )]
    NoProvider {
        /// The role.
        what: String,
        /// The provider.
        provider: String,
        /// What IAM said.
        #[source]
        source: CallError,
    },
    /// A quota of IAM is used up.
    #[error("{what} does not fit into the account's IAM quotas")]
    Quota {
        /// The role or policy.
        what: String,
        /// What IAM said: which quota.
        #[source]
        source: CallError,
    },
    /// It cannot be deleted while something hangs on it.
    #[error(
        "{what} cannot be deleted: something uses it that we did not put there: an instance profile a role, somebody's boundary or attachment a policy"
    )]
    InUse {
        /// The role or policy.
        what: String,
        /// What IAM said.
        #[source]
        source: CallError,
    },
    /// A role that only a service of AWS may change.
    #[error("{what} belongs to a service of AWS, which alone may change it")]
    Unmodifiable {
        /// The role.
        what: String,
        /// What IAM said.
        #[source]
        source: CallError,
    },
}
