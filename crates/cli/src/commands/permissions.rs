//! `permissions`: the least that whoever runs a command has to be allowed.

use clap::{Args, ValueEnum};
use issuer_discovery::{BucketName, IssuerUrl, JwksPath, Prefix};
use issuer_plan::{Permissions, PermissionsScope};
use issuer_registrar::{Account, AccountId, PolicyArn, RolePath};

use super::Context;
use super::place::Place;
use crate::failure::Failure;
use crate::session;

/// Write the IAM policy that allows what a command does, and nothing else
///
/// For this issuer, its bucket and its partition. With --account nobody is asked; otherwise STS is
/// asked whose credentials these are.
#[derive(Debug, Args)]
pub(crate) struct PermissionsCommand {
    /// The parts of the work [default: all]
    #[arg(value_name = "PART")]
    part: Vec<Part>,
    /// The issuer URL [default: https://BUCKET.s3.REGION.amazonaws.com/PREFIX]
    #[arg(long, value_name = "URL", required_unless_present = "bucket")]
    issuer: Option<IssuerUrl>,
    /// The bucket that holds the documents
    #[arg(long, value_name = "NAME")]
    bucket: Option<BucketName>,
    /// The issuer's part of the bucket [default: the path of --issuer, else the whole bucket]
    #[arg(long, value_name = "PATH", requires = "bucket")]
    prefix: Option<Prefix>,
    /// Where the JWKS is below the issuer
    #[arg(long, value_name = "PATH", default_value = "openid/v1/jwks")]
    jwks_path: JwksPath,
    /// The AWS account
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// A path of roles [default: /issuerctl/ID/, the issuer's own]
    #[arg(long, value_name = "PATH")]
    path: Option<RolePath>,
    /// The permissions boundary without which no role may be made
    #[arg(long, value_name = "ARN")]
    permissions_boundary: Option<PolicyArn>,
}

/// A part of the work.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    /// Publish the documents in the bucket
    Publish,
    /// Register the IAM provider
    Register,
    /// Make, change and list roles
    Roles,
    /// Look at all of it
    Doctor,
    /// Take it all away
    Destroy,
}

impl From<Part> for Permissions {
    fn from(part: Part) -> Self {
        match part {
            Part::Publish => Self::Publish,
            Part::Register => Self::Register,
            Part::Roles => Self::Roles,
            Part::Doctor => Self::Doctor,
            Part::Destroy => Self::Destroy,
        }
    }
}

impl PermissionsCommand {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let (global, printer) = (&context.global, &context.printer);
        let (account, region) = match &self.account {
            Some(id) => {
                let region = session::named_region(global)?;
                (Account { id: id.clone(), partition: region.partition() }, region)
            }
            None => {
                let transport = session::transport(global, printer)?;
                let aws = session::aws(global, printer, &transport).await?;
                (aws.account, aws.region)
            }
        };
        let place = Place {
            bucket: self.bucket.clone(),
            prefix: self.prefix.clone(),
            dir: None,
            issuer: self.issuer.clone(),
            jwks_path: self.jwks_path.clone(),
            adopt_bucket: false,
            wait: 0,
        };
        let (issuer, bucket) = match (&self.bucket, &self.issuer) {
            (Some(bucket), _) => {
                let (issuer, place) = place.resolve(bucket, &region)?;
                (issuer, Some((place.bucket, Some(place.prefix))))
            }
            (None, Some(issuer)) => (issuer.clone(), None),
            (None, None) => return Err(Failure::usage("permissions needs --issuer or --bucket")),
        };
        let parts: Vec<Permissions> = match &self.part[..] {
            [] => Permissions::ALL.to_vec(),
            parts => parts.iter().copied().map(Permissions::from).collect(),
        };
        if parts.contains(&Permissions::Publish) && !self.part.is_empty() && bucket.is_none() {
            return Err(Failure::usage("publishing needs permissions for a bucket alone")
                .hint("name it with --bucket; a directory needs none"));
        }
        if self.path.as_ref().is_some_and(|path| path.as_str() == "/") {
            return Err(Failure::usage(
                "the path / is that of every role of the account: whoever may change those may do anything",
            )
            .hint("keep the roles of workloads below a path of their own"));
        }
        if parts.contains(&Permissions::Roles) && self.permissions_boundary.is_none() {
            printer.warn(
                "without --permissions-boundary whoever has this policy may make a role that may do anything in the account",
            );
        }
        let scope = PermissionsScope {
            issuer,
            account,
            bucket,
            jwks_path: self.jwks_path.clone(),
            region,
            role_path: self.path.clone(),
            boundary: self.permissions_boundary.clone(),
        };
        let policy = Permissions::policy(&parts, &scope);
        let policy: serde_json::Value =
            serde_json::from_str(&policy.to_json()).map_err(|error| Failure::of(&error))?;
        printer.json(&policy)
    }
}
