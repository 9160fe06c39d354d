//! What is live of the wanted roles.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use issuer_registrar::{
    AccountId, Issuing, LivePolicy, PolicyName, ProviderClient, RoleClient, RoleFacts, RoleSpec,
};

use super::pace::MOST;
use super::pacer::Pacers;
use super::shared;
use super::{RoleAccess, RolesRequest, WantedRole};
use crate::error::PlanError;
use crate::event::Event;

/// The calls at the same time of what reads a role, and of what reads a policy.
const CALLS: usize = 2;

/// What is live of each wanted role, in the order of the request.
#[derive(Clone, Debug, Default)]
pub struct RolesFacts {
    /// One for each wanted role.
    pub roles: Vec<RoleFacts>,
    /// The issuer in each account that has one of them.
    pub accounts: BTreeMap<AccountId, Issuing>,
}

impl RolesFacts {
    /// Reads everything, concurrently. What can be refused without a call is refused before the first one.
    ///
    /// # Errors
    /// All that is refused; the first read that failed.
    pub async fn read(
        request: &RolesRequest,
        access: &RoleAccess,
        events: &(dyn Fn(Event) + Send + Sync),
    ) -> Result<Self, PlanError> {
        let accounts = check(request, access)?;
        let providers = try_join_all(accounts.keys().map(async |account| {
            let found = access.of(account)?.1.read().await?;
            Ok::<_, PlanError>((account, found.is_some()))
        }));
        let providers: BTreeMap<&AccountId, bool> = providers.await?.into_iter().collect();
        let pacers = Pacers::new(accounts.keys(), events);
        // What several roles make is read once.
        let policies = read_policies(request, access, &pacers).await?;
        let (total, done) = (request.roles.len(), AtomicUsize::new(0));
        let reads = request.roles.iter().map(|wanted| {
            let (pacers, providers, policies, done) = (&pacers, &providers, &policies, &done);
            async move {
                // Documents are cheap to clone.
                let spec = RoleSpec { create: BTreeMap::new(), ..wanted.spec.clone() };
                let client = &access.of(&wanted.account)?.0;
                let read = pacers.of(&wanted.account)?.run_beside(CALLS, || client.read(&spec));
                let mut facts = read.await?;
                for name in wanted.spec.create.keys() {
                    if let Some(found) = policies.get(&(&wanted.account, name)) {
                        facts.policies.insert(name.clone(), found.clone());
                    }
                }
                facts.provider = providers.get(&wanted.account).copied();
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                events(Event::Progress { what: "roles read", done, total });
                Ok::<_, PlanError>(facts)
            }
        });
        let roles = stream::iter(reads).buffered(MOST).try_collect().await?;
        Ok(Self { roles, accounts })
    }
}

/// Reads the managed policies that are to be made, those that are there.
async fn read_policies<'a>(
    request: &'a RolesRequest,
    access: &RoleAccess,
    pacers: &Pacers<'_>,
) -> Result<BTreeMap<(&'a AccountId, &'a PolicyName), LivePolicy>, PlanError> {
    let wanted: BTreeMap<_, _> = request
        .roles
        .iter()
        .flat_map(|WantedRole { account, spec }| {
            spec.create.iter().map(move |(name, document)| ((account, name), document))
        })
        .collect();
    let reads = wanted.into_iter().map(async |((account, name), document)| {
        let client = &access.of(account)?.0;
        let arn = client.issuing().policy_arn(name);
        let found = pacers.of(account)?.run_beside(CALLS, || client.policy(arn.as_str())).await?;
        let shared = found.map(|mut live| {
            // It says the same: then one text is held, and not two.
            if live.document == *document {
                live.document = document.clone();
            }
            ((account, name), live)
        });
        Ok::<_, PlanError>(shared)
    });
    stream::iter(reads).buffer_unordered(MOST).try_filter_map(async |found| Ok(found)).try_collect().await
}

/// Reads what is live of one role, but for the provider.
pub(super) async fn read_one(
    wanted: &WantedRole,
    access: &RoleAccess,
    pacers: &Pacers<'_>,
) -> Result<RoleFacts, PlanError> {
    let (client, _) = access.of(&wanted.account)?;
    let calls = if wanted.spec.create.is_empty() { CALLS } else { 2 * CALLS };
    Ok(pacers.of(&wanted.account)?.run_beside(calls, || client.read(&wanted.spec)).await?)
}

impl RoleAccess {
    /// Returns the way into an account.
    pub(super) fn of(&self, account: &AccountId) -> Result<&(RoleClient, ProviderClient), PlanError> {
        self.accounts.get(account).ok_or_else(|| PlanError::NoAccess { account: account.clone() })
    }
}

fn check(request: &RolesRequest, access: &RoleAccess) -> Result<BTreeMap<AccountId, Issuing>, PlanError> {
    let wanted: BTreeSet<&AccountId> = request.roles.iter().map(|wanted| &wanted.account).collect();
    let accounts = wanted
        .into_iter()
        .map(|account| Ok((account.clone(), access.of(account)?.0.issuing().clone())))
        .collect::<Result<BTreeMap<_, _>, PlanError>>()?;
    let mut names = HashSet::new();
    for WantedRole { account, spec } in &request.roles {
        if !names.insert((account, spec.name.as_str().to_ascii_lowercase())) {
            return Err(PlanError::SameRole { name: spec.name.clone(), account: account.clone() });
        }
    }
    shared::refuse_other_texts(request)?;
    let refused = request.roles.iter().filter_map(|WantedRole { account, spec }| {
        accounts.get(account).and_then(|issuing| spec.check(issuing).err())
    });
    let refused: Vec<_> = refused.collect();
    if refused.is_empty() { Ok(accounts) } else { Err(PlanError::Roles(refused)) }
}
