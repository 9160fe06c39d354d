//! The least that whoever runs a command has to be allowed: an identity policy for exactly the calls of each part.
//!
//! Actions, and which resources and condition keys each of them knows: the Service Authorization Reference on
//! [IAM](https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html)
//! and on [S3](https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html).

mod actions;
mod resources;

use std::collections::{BTreeMap, BTreeSet};

use issuer_discovery::{BucketName, IssuerUrl, JwksPath, Prefix, Region};
use issuer_policy::Document;
use issuer_registrar::{Account, PolicyArn, RolePath};
use serde_json::{Value, json};

use self::actions::ACTIONS;
use self::resources::On;

/// A part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permissions {
    /// Publish the documents in a bucket.
    Publish,
    /// Register the IAM provider.
    Register,
    /// Make and change roles.
    Roles,
    /// Look at all of it.
    Doctor,
    /// Take it all away.
    Destroy,
}

/// What the permissions are for.
#[derive(Clone, Debug)]
pub struct PermissionsScope {
    /// The issuer.
    pub issuer: IssuerUrl,
    /// The account.
    pub account: Account,
    /// The bucket and the prefix, where there is one.
    pub bucket: Option<(BucketName, Option<Prefix>)>,
    /// Where the JWKS is below the issuer.
    pub jwks_path: JwksPath,
    /// The region of the bucket.
    pub region: Region,
    /// A path of roles other than the issuer's own.
    pub role_path: Option<RolePath>,
    /// The boundary without which no role may be made.
    pub boundary: Option<PolicyArn>,
}

impl Permissions {
    /// Every part.
    pub const ALL: &'static [Self] =
        &[Self::Publish, Self::Register, Self::Roles, Self::Doctor, Self::Destroy];

    /// Writes one policy for all of these parts. Without a bucket what only a bucket needs is left out, which is all
    /// of [`Permissions::Publish`]; nothing at all is a policy without a statement.
    #[must_use]
    pub fn policy(parts: &[Self], scope: &PermissionsScope) -> Document {
        let mut actions: BTreeMap<On, BTreeSet<&str>> = BTreeMap::new();
        for (on, action, needed_by) in ACTIONS {
            if needed_by.iter().any(|part| parts.contains(part)) {
                actions.entry(on.within(scope)).or_default().insert(action);
            }
        }
        let mut statements: Vec<Value> =
            actions.into_iter().filter_map(|(on, actions)| statement(on, &actions, scope)).collect();
        if parts.contains(&Self::Roles) {
            statements.extend(keep_boundary(scope));
        }
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        // The policy language's own members, with texts in them: it reads.
        Document::parse(&text).unwrap_or_else(|_| Document::empty())
    }
}

fn statement(on: On, actions: &BTreeSet<&str>, scope: &PermissionsScope) -> Option<Value> {
    let resources = on.resources(scope);
    if resources.is_empty() {
        return None;
    }
    let mut statement = json!({
        "Sid": format!("Issuerctl{on:?}"),
        "Effect": "Allow",
        "Action": actions,
        "Resource": resources,
    });
    if let (On::BoundedRoles, Some(boundary)) = (on, &scope.boundary) {
        statement["Condition"] = json!({"StringEquals": {"iam:PermissionsBoundary": boundary.as_str()}});
    }
    Some(statement)
}

/// A boundary that lies among the policies that may be written would bind nobody.
fn keep_boundary(scope: &PermissionsScope) -> Option<Value> {
    let boundary = scope.boundary.as_ref()?.as_str();
    let own = On::Policies.resources(scope);
    own.iter().any(|own| boundary.starts_with(own.trim_end_matches('*'))).then(|| {
        json!({
            "Sid": "IssuerctlKeepBoundary",
            "Effect": "Deny",
            "Action": ["iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion"],
            "Resource": boundary,
        })
    })
}

#[cfg(test)]
mod tests;
