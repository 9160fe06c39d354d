//! `role list`: the roles that take this issuer's tokens, by one listing.

use clap::Args;
use issuer_discovery::Patience;
use issuer_doctor::inert;
use issuer_registrar::{ListedRole, RolePath};
use serde_json::{Value, json};

use super::{Context, Scope};
use crate::failure::Failure;

/// List the roles that take this issuer's tokens
///
/// Wherever they lie in the account: by one listing, which shows whom each role trusts.
#[derive(Debug, Args)]
pub(crate) struct ListRoles {
    #[command(flatten)]
    scope: Scope,
    /// The path that they lie below
    #[arg(long, value_name = "PATH", default_value = "/")]
    path: RolePath,
}

impl ListRoles {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let printer = &context.printer;
        let aws = self.scope.enter(context).await?;
        let (client, _) = self.scope.clients(&aws, Patience::default());
        let listed = client.list(self.path.as_str()).await.map_err(issuer_plan::PlanError::from)?;
        let found: Vec<(&ListedRole, Vec<String>)> = listed
            .iter()
            .map(|role| (role, role.subjects(client.issuing())))
            .filter(|(_, subjects)| !subjects.is_empty())
            .collect();
        if printer.is_json() {
            let roles: Vec<Value> = found
                .iter()
                .map(|(role, subjects)| {
                    json!({"account": aws.account.id.as_str(), "name": role.arn.name(), "role_arn": role.arn.as_str(), "subjects": subjects})
                })
                .collect();
            return printer.json(&json!({
                "issuer": self.scope.issuer.as_str(),
                "account": aws.account.id.as_str(),
                "path": self.path.as_str(),
                "roles": roles,
            }));
        }
        let lines: String = found
            .iter()
            .map(|(role, subjects)| format!("{} {}\n", role.arn, inert(&subjects.join(","))))
            .collect();
        if found.is_empty() {
            printer.say(&format!(
                "no role of the account {} below {} takes tokens of {}",
                aws.account.id, self.path, self.scope.issuer
            ));
        }
        printer.data(lines.as_bytes())
    }
}
