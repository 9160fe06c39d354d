//! What actions are done to, as policies name it.

use issuer_discovery::DISCOVERY_PATH;
use issuer_registrar::Issuing;

use super::PermissionsScope;

/// A group of resources; each is one statement, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum On {
    /// `*`, for actions that know no resource: the account's own access block.
    Account,
    /// The bucket.
    Bucket,
    /// The two objects.
    Objects,
    /// The provider.
    Provider,
    /// `*`, for listings of IAM, which know no resource either.
    Listings,
    /// Every role of the account.
    AnyRole,
    /// The roles below our paths.
    Roles,
    /// The same, while the boundary is on them.
    BoundedRoles,
    /// Our managed policies.
    Policies,
}

impl On {
    /// Where no boundary is asked for, roles are roles.
    pub(super) fn within(self, scope: &PermissionsScope) -> Self {
        if self == Self::BoundedRoles && scope.boundary.is_none() { Self::Roles } else { self }
    }

    /// Writes the ARNs; none when the scope has no such thing.
    pub(super) fn resources(self, scope: &PermissionsScope) -> Vec<String> {
        let (partition, account) = (scope.account.partition, &scope.account.id);
        let iam = |rest: &str| format!("arn:{partition}:iam::{account}:{rest}");
        let issuing = Issuing { issuer: scope.issuer.clone(), account: scope.account.clone() };
        let Some((bucket, prefix)) = &scope.bucket else {
            return match self {
                Self::Account | Self::Bucket | Self::Objects => Vec::new(),
                _ => self.of_iam(&issuing, scope, iam),
            };
        };
        let bucket = format!("arn:{partition}:s3:::{bucket}");
        let object = |path: &str| {
            let key = prefix.as_ref().map_or_else(|| path.to_owned(), |prefix| prefix.key(path));
            format!("{bucket}/{key}")
        };
        match self {
            Self::Account => vec!["*".to_owned()],
            Self::Bucket => vec![bucket],
            Self::Objects => vec![object(DISCOVERY_PATH), object(scope.jwks_path.as_str())],
            _ => self.of_iam(&issuing, scope, iam),
        }
    }

    fn of_iam(
        self,
        issuing: &Issuing,
        scope: &PermissionsScope,
        iam: impl Fn(&str) -> String,
    ) -> Vec<String> {
        let own = issuing.path();
        match self {
            Self::Provider => vec![issuing.provider_arn()],
            Self::AnyRole => vec![iam("role/*")],
            Self::Policies => vec![iam(&format!("policy{own}*"))],
            Self::Roles | Self::BoundedRoles => {
                let other = scope.role_path.as_ref().filter(|path| **path != own);
                // No path has characters that a policy reads as wildcards.
                std::iter::once(&own).chain(other).map(|path| iam(&format!("role{path}*"))).collect()
            }
            _ => vec!["*".to_owned()],
        }
    }
}
