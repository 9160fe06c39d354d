//! The roles of an account, sorted by what the issuer is to them.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use issuer_policy::Document;
use issuer_registrar::{Issuing, LeavingRole, ListedRole, RoleError, RoleName, RolePath};

use super::DestroyTargets;
use super::facts::{AT_ONCE, CALLS};
use crate::error::PlanError;
use crate::roles::{Pacer, Pacers};

/// Why a role stays whose trust policy cannot be read.
const ILLEGIBLE: &str = "its trust policy cannot be read: look at it, and where it speaks of this issuer, change it or \
                         delete the role by hand";

/// The roles of an account, by what this issuer is to them.
#[derive(Default)]
pub(super) struct Sorted {
    pub(super) ours: Vec<LeavingRole>,
    pub(super) unreadable: BTreeMap<String, String>,
    pub(super) trusting: Vec<String>,
    pub(super) unknown: Vec<String>,
}

/// A listing shows who may assume a role, but no tags: those that may be ours are read one by one.
pub(super) async fn read_roles(issuing: &Issuing, targets: &DestroyTargets) -> Result<Sorted, PlanError> {
    let mut sorted = Sorted::default();
    let mut ours = Vec::new();
    for role in targets.roles.list("/").await? {
        match kinship(issuing, &role) {
            Kinship::Ours => ours.push(role),
            Kinship::Illegible => {
                sorted.unreadable.insert(role.arn.to_string(), ILLEGIBLE.to_owned());
            }
            Kinship::Trusting => sorted.trusting.push(role.arn.to_string()),
            Kinship::Unknown => sorted.unknown.push(role.arn.to_string()),
            Kinship::None => {}
        }
    }
    let account = &issuing.account.id;
    let pacers = Pacers::new([account].into_iter(), &|_| {});
    let pacer = pacers.of(account)?;
    let reads = ours.iter().map(|role| read_listed(role, targets, pacer));
    let read: Vec<Listed> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    for (role, read) in ours.iter().zip(read) {
        match read {
            Listed::Read(read) => sorted.ours.push(*read),
            Listed::Unreadable(why) => {
                sorted.unreadable.insert(role.arn.to_string(), why);
            }
            Listed::Gone => {}
        }
    }
    Ok(sorted)
}

/// What became of a role that was listed.
enum Listed {
    Read(Box<LeavingRole>),
    /// It may be ours, and cannot be read: why.
    Unreadable(String),
    /// It is none to leave any more.
    Gone,
}

/// What keeps one role from being read keeps nothing else from going, unless it is the same for every role of ours.
async fn read_listed(
    role: &ListedRole,
    targets: &DestroyTargets,
    pacer: &Pacer<'_>,
) -> Result<Listed, PlanError> {
    let name: RoleName = role.arn.name().parse()?;
    Ok(match pacer.run_beside(CALLS, || targets.roles.role_for_leaving(&name)).await {
        Ok(found) => found.map_or(Listed::Gone, |role| Listed::Read(Box::new(role))),
        Err(RoleError::TrustPolicy { .. }) => Listed::Unreadable(ILLEGIBLE.to_owned()),
        // The least privilege ends at our path.
        Err(RoleError::Call(denied))
            if denied.is_access_denied() && !is_below(&role.path, targets.roles.issuing()) =>
        {
            Listed::Unreadable(format!("{denied}; where that is allowed, the same again finishes it"))
        }
        Err(error) => return Err(error.into()),
    })
}

/// What an issuer is to a role.
#[derive(Debug, PartialEq, Eq)]
enum Kinship {
    /// It lies below our path, or speaks of us by our Sid.
    Ours,
    /// It trusts the provider, in somebody else's words.
    Trusting,
    /// It lies below our path, and nobody can tell what it says.
    Illegible,
    /// Nobody can tell.
    Unknown,
    None,
}

fn kinship(issuing: &Issuing, role: &ListedRole) -> Kinship {
    let below = is_below(&role.path, issuing);
    let Some(trust) = &role.trust_policy else {
        return if below { Kinship::Illegible } else { Kinship::Unknown };
    };
    let spoken = [issuing.sid(), issuing.pattern_sid()].iter().any(|sid| trust.statement(sid).is_some());
    if below || spoken {
        Kinship::Ours
    } else if trusts(trust, &issuing.provider_arn()) {
        Kinship::Trusting
    } else {
        Kinship::None
    }
}

fn is_below(path: &RolePath, issuing: &Issuing) -> bool {
    path.as_str().starts_with(issuing.path().as_str())
}

pub(super) fn trusts(trust: &Document, provider: &str) -> bool {
    trust.statements().iter().any(|statement| {
        statement.principal().is_some_and(|who| who.values("Federated").any(|arn| arn == provider))
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
            (ours, None, Kinship::Illegible),
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
