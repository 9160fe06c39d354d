//! What is live of an issuer, as far as destroying it goes.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use issuer_discovery::{BucketPlace, DirectoryPublisher, LeavingBucket, LeavingDirectory, LiveDocuments};
use issuer_registrar::{Issuing, LeavingRole, LivePolicy, Provider, RoleName};

use super::kinship::{Sorted, read_roles};
use super::{DestroyRequest, DestroyTargets};
use crate::destination::Destination;
use crate::error::PlanError;
use crate::roles::Pacers;

/// How many roles are waited for at once; the pace says how many of them are asked about.
pub(super) const AT_ONCE: usize = 32;

/// How many calls are made beside each other to read one role.
pub(super) const CALLS: usize = 3;

/// How long after the first the second look at a provider comes.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// All that is live of it.
#[derive(Clone, Debug)]
pub struct DestroyFacts {
    /// The issuer and the account.
    pub issuing: Issuing,
    /// The roles that may be ours, as far as leaving them goes.
    pub roles: Vec<LeavingRole>,
    /// The ARNs of roles that may be ours and cannot be read, each with why.
    pub unreadable: BTreeMap<String, String>,
    /// The ARNs of other roles that trust the provider.
    pub trusting: Vec<String>,
    /// The ARNs of roles elsewhere whose trust policy cannot be read.
    pub unknown: Vec<String>,
    /// The managed policies below the issuer's path.
    pub policies: Vec<LivePolicy>,
    /// The provider, when there is one.
    pub provider: Option<Provider>,
    /// The place of the documents, when somebody said where they are.
    pub place: Option<LeavingPlace>,
}

/// The place of the documents as it is.
#[derive(Clone, Debug)]
pub enum LeavingPlace {
    /// A bucket.
    Bucket {
        /// Which.
        place: BucketPlace,
        /// As it is.
        live: Box<LeavingBucket>,
    },
    /// A directory.
    Directory {
        /// Which.
        publisher: DirectoryPublisher,
        /// As it is.
        live: Box<LeavingDirectory>,
    },
}

impl LeavingPlace {
    /// Whether something is there that may go.
    fn goes(&self, request: &DestroyRequest) -> bool {
        let there = |documents: &LiveDocuments| documents.discovery.is_some() || documents.jwks.is_some();
        match self {
            Self::Bucket { live, .. } => there(&live.documents) || live.exists && request.delete_bucket,
            Self::Directory { live, .. } => there(&live.documents),
        }
    }
}

impl DestroyFacts {
    /// Reads everything.
    ///
    /// # Errors
    /// The first read that failed.
    pub async fn read(request: &DestroyRequest, targets: &DestroyTargets) -> Result<Self, PlanError> {
        let issuing = targets.roles.issuing().clone();
        let roles = async { read_roles(&issuing, targets).await };
        let policies = async { targets.roles.policies().await.map_err(PlanError::from) };
        let provider = async { targets.provider.read().await.map_err(PlanError::from) };
        let place = read_place(request, targets);
        let (sorted, policies, provider, place) =
            futures_util::future::try_join4(roles, policies, provider, place).await?;
        let Sorted { ours: roles, unreadable, trusting, unknown } = sorted;
        let provider = match &place {
            // A provider that was made a moment ago may not show yet, and to take its documents away, or to release
            // the name of their bucket, while it is there would hand the issuer over.
            Some(place) if provider.is_none() && place.goes(request) => {
                tokio::time::sleep(SECOND_LOOK).await;
                targets.provider.read().await?
            }
            _ => provider,
        };
        Ok(Self { issuing, roles, unreadable, trusting, unknown, policies, provider, place })
    }

    /// Reads these roles, and the managed policies of ours that hang on them or on nothing: a run that was interrupted
    /// may have taken them off already. A role that is not there is none to leave.
    ///
    /// # Errors
    /// The first read that failed.
    pub async fn of_roles(names: &[RoleName], targets: &DestroyTargets) -> Result<Self, PlanError> {
        let account = &targets.roles.issuing().account.id;
        let pacers = Pacers::new([account].into_iter(), &|_| {});
        let pacer = pacers.of(account)?;
        let reads = names.iter().map(|name| pacer.run_beside(CALLS, || targets.roles.role_for_leaving(name)));
        let read: Vec<Option<LeavingRole>> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        let roles: Vec<LeavingRole> = read.into_iter().flatten().collect();
        let hangs = |arn: &str| roles.iter().any(|leaving| leaving.role.attached.contains(arn));
        let policies = targets.roles.policies_of(|arn, attachments| attachments == 0 || hangs(arn)).await?;
        Ok(Self {
            issuing: targets.roles.issuing().clone(),
            roles,
            unreadable: BTreeMap::new(),
            trusting: Vec::new(),
            unknown: Vec::new(),
            policies,
            provider: None,
            place: None,
        })
    }
}

async fn read_place(
    request: &DestroyRequest,
    targets: &DestroyTargets,
) -> Result<Option<LeavingPlace>, PlanError> {
    Ok(match &targets.destination {
        None => None,
        Some(Destination::Bucket(bucket)) => {
            let live = Box::new(bucket.leaving(request.delete_bucket).await?);
            Some(LeavingPlace::Bucket { place: bucket.place().clone(), live })
        }
        Some(Destination::Directory(directory)) => {
            let live = Box::new(directory.leaving()?);
            Some(LeavingPlace::Directory { publisher: directory.clone(), live })
        }
    })
}
