//! Why a sandbox cannot start.

use std::io;
use std::net::SocketAddr;

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
    /// The certificate authority or the certificate of the TLS endpoint could not be made.
    #[error("cannot make the sandbox's certificates")]
    Certificate(#[source] rcgen::Error),
    /// The TLS endpoint could not be set up.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
}
