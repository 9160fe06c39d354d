//! `role`: the IAM roles of workloads.

mod apply;
mod delete;
mod list;
mod policies;
mod presets;
mod show;

use clap::{Args, Subcommand};
use issuer_discovery::{IssuerUrl, Patience};
use issuer_plan::RoleAccess;
use issuer_registrar::{Issuing, ProviderClient, RoleArn, RoleClient};

use super::Context;
use crate::failure::Failure;
use crate::session::{self, Aws};

/// Make, list, show and delete the IAM roles of workloads
#[derive(Debug, Args)]
pub(crate) struct RoleCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Apply(Box<apply::ApplyRoles>),
    List(list::ListRoles),
    Show(show::ShowRole),
    Delete(delete::DeleteRoles),
    Presets(presets::Presets),
}

/// Which issuer's roles, and in which account.
#[derive(Clone, Debug, Args)]
pub(crate) struct Scope {
    /// The issuer URL
    #[arg(long, value_name = "URL")]
    issuer: IssuerUrl,
    /// A role to assume first: the way into another account
    #[arg(long, value_name = "ARN")]
    assume_role: Option<RoleArn>,
}

impl Scope {
    /// Enters the account.
    async fn enter(&self, context: &Context) -> Result<Aws, Failure> {
        let (global, printer) = (&context.global, &context.printer);
        let transport = session::transport(global, printer)?;
        session::aws_as(global, printer, &transport, self.assume_role.as_ref()).await
    }

    /// Prepares the calls for this issuer's roles and provider in that account.
    fn clients(&self, aws: &Aws, patience: Patience) -> (RoleClient, ProviderClient) {
        let issuing = Issuing { issuer: self.issuer.clone(), account: aws.account.clone() };
        let provider = ProviderClient::new(&aws.config, &aws.account, &self.issuer, patience);
        (RoleClient::new(&aws.config, issuing, patience), provider)
    }

    fn admit(&self, access: &mut RoleAccess, aws: &Aws, patience: Patience) {
        access.accounts.insert(aws.account.id.clone(), self.clients(aws, patience));
    }
}

impl RoleCommand {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match &self.verb {
            Verb::Apply(command) => command.run(context).await,
            Verb::List(command) => command.run(context).await,
            Verb::Show(command) => command.run(context).await,
            Verb::Delete(command) => command.run(context).await,
            Verb::Presets(command) => command.run(context),
        }
    }
}
