//! Read, diff, order and apply: what bootstrap and every single command run.
//!
//! ```text
//! Request -> Facts::read -> Plan::build (pure) -> shown by the caller -> Runner::apply
//! ```
//!
//! Keys are on disk before anything refers to them; the documents are read back at the issuer's URL
//! before IAM is told; the cluster's settings come last. Interrupted anywhere, the same request
//! finishes the job: what is live, its tags and the key directory are all the state. Nothing here
//! prints; progress comes as [`Event`]s.

mod apply;
mod build;
mod destination;
mod destroy;
mod error;
mod event;
mod facts;
mod output;
mod permissions;
mod request;
mod roles;
mod step;

pub use apply::{Outcome, Runner};
pub use build::check_issuer;
pub use destination::{Destination, LivePlace};
pub use destroy::{
    DestroyFacts, DestroyOutcome, DestroyRequest, DestroyRunner, DestroyTargets, LeavingPlace, Removed,
};
pub use error::{Again, PlanError};
pub use event::Event;
pub use facts::Facts;
pub use output::OutputFile;
pub use permissions::{Permissions, PermissionsScope};
pub use request::{KeySource, PublishRequest, Request};
pub use roles::{
    FileAccount, FileDefaults, FileRole, RoleAccess, RolesFacts, RolesFile, RolesFileError, RolesRequest,
    RolesRunner, WantedRole, identity_policy, managed_policy, preset_policy,
};
pub use step::{Plan, Stage, Step};
