//! Why a sandbox cannot start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A sandbox that could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// An address that others could reach.
    #[error(
        "the sandbox listens on loopback only, and {address} is not; it takes anyone's word who knows its key"
    )]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// An account that is not twelve digits.
    #[error("`{account}` is not an AWS account: it has twelve digits")]
    Account {
        /// What was given.
        account: String,
    },
    /// An account that is named twice.
    #[error("account {account} is named twice: each has an IAM of its own")]
    AccountTwice {
        /// Which.
        account: String,
    },
    /// An operator policy that IAM would not take.
    #[error("the operator policy is none that IAM takes for a user")]
    OperatorPolicy(#[source] issuer_policy::PolicyError),
    /// The system has no random numbers.
    #[error("the system gave no random numbers, which temporary credentials are made of")]
    NoRandomness,
    /// A region that is none.
    #[error("the sandbox's region is refused")]
    Region(#[source] issuer_discovery::RegionError),
    /// A listener that could not be opened.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The directory for the state, or a file in it, cannot be read or written.
    #[error("cannot use {path} to keep the state")]
    StateDirectory {
        /// The directory or file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another sandbox has the directory.
    #[error("another sandbox is running with its state in {path}")]
    StateInUse {
        /// The directory.
        path: PathBuf,
    },
    /// The state cannot be read.
    #[error("{path} is not a sandbox's state, or is damaged; it was left as it is")]
    StateCorrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The state is of a later version of this program.
    #[error(
        "{path} was written by a newer version (its form is {version}, 1 is known); it was left as it is"
    )]
    StateNewer {
        /// The file.
        path: PathBuf,
        /// The version of its form.
        version: u64,
    },
    /// The state is of another account.
    #[error("{path} keeps account {account} in partition {partition}, and another one is asked for")]
    StateOfAnotherAccount {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        account: String,
        /// Where that account is.
        partition: String,
    },
    /// The kept certificate authority cannot be read.
    #[error("{path} does not hold the sandbox's certificate authority; it was left as it is")]
    AuthorityCorrupt {
        /// The file.
        path: PathBuf,
    },
    /// The trace cannot be written.
    #[error("cannot write the trace {path}")]
    Trace {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The authorities or addresses for reading issuers cannot be used.
    #[error("issuers elsewhere cannot be read")]
    Transport(#[source] issuer_discovery::TransportError),
    /// The certificate authority or the certificate of the TLS endpoint could not be made.
    #[error("cannot make the sandbox's certificates")]
    Certificate(#[source] rcgen::Error),
    /// The TLS endpoint could not be set up.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
}
