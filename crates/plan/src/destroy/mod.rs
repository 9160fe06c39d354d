//! Takes away what is ours of an issuer: roles, provider, documents and, when that is asked for, the bucket.
//!
//! ```text
//! DestroyRequest -> DestroyFacts::read -> Plan::build_destroy (pure) -> shown by the caller -> DestroyRunner::apply
//! ```
//!
//! IAM stops trusting the issuer before its documents and its name are given up: whoever can put keys where a
//! trusted issuer's were is every service account of it. All that says what is ours is read from what is live (tags,
//! paths, Sids, the documents themselves), so the same request finishes what was interrupted.

mod apply;
mod build;
mod facts;
mod kinship;
mod removed;
mod role;
#[cfg(test)]
mod tests;

use issuer_discovery::IssuerUrl;
use issuer_registrar::{ProviderClient, RoleClient};

use crate::destination::Destination;

pub use apply::{DestroyOutcome, DestroyRunner};
pub use facts::{DestroyFacts, LeavingPlace};
pub use removed::Removed;

/// What is to go.
#[derive(Clone, Debug)]
pub struct DestroyRequest {
    /// The issuer.
    pub issuer: IssuerUrl,
    /// Whether the bucket goes too, when it is ours and nothing else is in it.
    pub delete_bucket: bool,
}

/// Where things are.
#[derive(Clone, Debug)]
pub struct DestroyTargets {
    /// The roles.
    pub roles: RoleClient,
    /// The provider.
    pub provider: ProviderClient,
    /// The documents; nothing when nobody said where they are.
    pub destination: Option<Destination>,
}
