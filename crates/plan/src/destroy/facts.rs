//! What is live of an issuer, as far as destroying it goes.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use issuer_discovery::{BucketPlace, DirectoryPublisher, LeavingBucket, LeavingDirectory, LiveDocuments};
use issuer_policy::Document;
use issuer_registrar::{Issuing, ListedRole, LivePolicy, LiveRole, Provider, RoleName};

use super::{DestroyRequest, DestroyTargets};
use crate::destination::Destination;
use crate::error::PlanError;
use crate::roles::Pacers;

/// How many roles are waited for at once; the pace says how many of them are asked about.
pub(super) const AT_ONCE: usize = 32;

/// How long after the first the second look at a provider comes.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// All that is live of it.
#[derive(Clone, Debug)]
pub struct DestroyFacts {
    /// The issuer and the account.
    pub issuing: Issuing,
    /// The roles that may be ours, whole.
    pub roles: Vec<LiveRole>,
    /// The ARNs of other roles that trust the provider.
    pub trusting: Vec<String>,
    /// The ARNs of roles whose trust policy cannot be read.
    pub unread: Vec<String>,
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
        let Sorted { ours, trusting, unread } = sorted;
        let provider = match &place {
            // A provider that was made a moment ago may not show yet, and to take its documents away, or to release
            // the name of their bucket, while it is there would hand the issuer over.
            Some(place) if provider.is_none() && place.goes(request) => {
                tokio::time::sleep(SECOND_LOOK).await;
                targets.provider.read().await?
            }
            _ => provider,
        };
        Ok(Self { roles: ours, trusting, unread, policies, provider, place, issuing })
    }

    /// Reads these roles, and the managed policies of ours that hang on them or on nothing: a run that was interrupted
    /// may have taken them off already. A role that is not there is none to leave.
    ///
    /// # Errors
    /// The first read that failed.
    pub async fn of_roles(names: &[RoleName], targets: &DestroyTargets) -> Result<Self, PlanError> {
        let policies = async { targets.roles.policies().await.map_err(PlanError::from) };
        let (roles, mut policies) =
            futures_util::future::try_join(read_whole(names, targets), policies).await?;
        policies.retain(|policy| {
            policy.attachments == 0 || roles.iter().any(|role| role.attached.contains(&policy.arn))
        });
        Ok(Self {
            issuing: targets.roles.issuing().clone(),
            roles,
            trusting: Vec::new(),
            unread: Vec::new(),
            policies,
            provider: None,
            place: None,
        })
    }
}

/// The roles of an account, by what this issuer is to them.
#[derive(Default)]
struct Sorted {
    ours: Vec<LiveRole>,
    trusting: Vec<String>,
    unread: Vec<String>,
}

/// A listing shows who may assume a role, but no tags: those that may be ours are read one by one.
async fn read_roles(issuing: &Issuing, targets: &DestroyTargets) -> Result<Sorted, PlanError> {
    let mut sorted = Sorted::default();
    let mut names = Vec::new();
    for role in targets.roles.list("/").await? {
        match kinship(issuing, &role) {
            Kinship::Ours => names.push(role.arn.name().parse::<RoleName>()?),
            Kinship::Trusting => sorted.trusting.push(role.arn.to_string()),
            Kinship::Unknown => sorted.unread.push(role.arn.to_string()),
            Kinship::None => {}
        }
    }
    sorted.ours = read_whole(&names, targets).await?;
    Ok(sorted)
}

/// One that is gone by now is none to leave any more.
async fn read_whole(names: &[RoleName], targets: &DestroyTargets) -> Result<Vec<LiveRole>, PlanError> {
    let account = &targets.roles.issuing().account.id;
    let pacers = Pacers::new([account].into_iter(), &|_| {});
    let pacer = pacers.of(account)?;
    let reads = names.iter().map(|name| pacer.run(|| targets.roles.role(name)));
    let read: Vec<Option<LiveRole>> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}

/// What an issuer is to a role.
#[derive(Debug, PartialEq, Eq)]
enum Kinship {
    /// It lies below our path, or speaks of us by our Sid.
    Ours,
    /// It trusts the provider, in somebody else's words.
    Trusting,
    /// Nobody can tell.
    Unknown,
    None,
}

fn kinship(issuing: &Issuing, role: &ListedRole) -> Kinship {
    if role.path.as_str().starts_with(issuing.path().as_str()) {
        return Kinship::Ours;
    }
    let Some(trust) = &role.trust_policy else { return Kinship::Unknown };
    let (sid, provider) = (issuing.sid(), issuing.provider_arn());
    if trust.statement(&sid).or_else(|| trust.statement(&format!("{sid}Pattern"))).is_some() {
        Kinship::Ours
    } else if trusts(trust, &provider) {
        Kinship::Trusting
    } else {
        Kinship::None
    }
}

pub(super) fn trusts(trust: &Document, provider: &str) -> bool {
    trust.statements().iter().any(|statement| {
        statement.principal().is_some_and(|who| who.values("Federated").any(|arn| arn == provider))
    })
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

#[cfg(test)]
mod tests {
    use issuer_registrar::Account;

    use super::*;

    #[test]
    fn roles_are_ours_by_path_or_sid_and_others_trust_by_the_providers_arn() {
        let issuing = Issuing {
            issuer: "https://oidc.example.com/c1".parse().unwrap(),
            account: Account::of_caller("123456789012", "arn:aws:iam::123456789012:root").unwrap(),
        };
        let (sid, provider, path) = (issuing.sid(), issuing.provider_arn(), issuing.path());
        let (ours, other) = (path.as_str(), "/issuerctl/0123456789abcdef/");
        let statement = |sid: &str, who: &str| {
            let text = format!(
                r#"{{"Statement":{{"Sid":"{sid}","Effect":"Allow","Principal":{{"Federated":"{who}"}},"Action":"sts:AssumeRoleWithWebIdentity"}}}}"#
            );
            Some(Document::parse(&text).unwrap())
        };
        for (path, trust, expected) in [
            (ours, statement("X", "other"), Kinship::Ours),
            (ours, None, Kinship::Ours),
            ("/", statement(&sid, &provider), Kinship::Ours),
            (other, statement(&format!("{sid}Pattern"), &provider), Kinship::Ours),
            ("/", statement("Theirs", &provider), Kinship::Trusting),
            ("/", statement("Theirs", &format!("{provider}2")), Kinship::None),
            (other, statement("Issuerctl0123456789abcdef", "other"), Kinship::None),
            ("/", None, Kinship::Unknown),
        ] {
            let arn = format!("arn:aws:iam::123456789012:role{path}app");
            let role = ListedRole {
                arn: arn.parse().unwrap(),
                path: path.parse().unwrap(),
                trust_policy: trust.clone(),
            };
            assert_eq!(kinship(&issuing, &role), expected, "{path} {trust:?}");
        }
    }
}
