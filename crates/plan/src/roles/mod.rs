//! Many roles at once: read, diff, and apply concurrently under a rate that IAM agrees to.

mod apply;
mod build;
mod facts;
mod file;
mod pace;
mod pacer;
mod policy;
mod shared;
mod work;

pub use apply::RolesRunner;
pub use facts::RolesFacts;
pub use file::{FileAccount, FileDefaults, FileRole, RolesFile, RolesFileError};
pub(crate) use pacer::{Pacer, Pacers};
pub use policy::{identity_policy, managed_policy, preset_policy};

use std::collections::BTreeMap;

use issuer_discovery::IssuerUrl;
use issuer_registrar::{AccountId, ProviderClient, RoleChange, RoleClient, RoleSpec};

use crate::step::Step;

/// The roles that are wanted for one issuer.
#[derive(Clone, Debug)]
pub struct RolesRequest {
    /// The issuer.
    pub issuer: IssuerUrl,
    /// The roles; no two of one name in one account.
    pub roles: Vec<WantedRole>,
    /// Whether roles of somebody else may be taken over.
    pub adopt: bool,
}

/// One role, and where.
#[derive(Clone, Debug)]
pub struct WantedRole {
    /// The account that it lies in.
    pub account: AccountId,
    /// What it has to be.
    pub spec: RoleSpec,
}

/// The way into each account.
#[derive(Clone, Debug, Default)]
pub struct RoleAccess {
    /// Its roles, and the provider of the issuer there.
    pub accounts: BTreeMap<AccountId, (RoleClient, ProviderClient)>,
}

impl WantedRole {
    fn step(&self, change: RoleChange) -> Step {
        Step::Role { account: self.account.clone(), name: self.spec.name.clone(), change }
    }
}
