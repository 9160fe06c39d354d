//! `role delete`: takes the issuer out of roles, and deletes those that nobody else uses.

use clap::Args;
use issuer_discovery::Patience;
use issuer_plan::{DestroyFacts, DestroyRequest, DestroyRunner, DestroyTargets, Plan};
use issuer_registrar::RoleName;
use serde_json::json;

use super::{Context, Scope};
use crate::args::Apply;
use crate::commands::destroy::conclude;
use crate::failure::Failure;
use crate::planned::{agreed, report};

/// Take this issuer out of roles, and delete those that nobody else uses
///
/// A role that others use too loses this issuer's statement, and stays. One that was joined or taken
/// over also loses what this issuer attached and wrote; one that was made for it keeps that for who
/// uses it now. Managed policies of ours that hang on nothing then go too.
#[derive(Debug, Args)]
pub(crate) struct DeleteRoles {
    /// The names of the roles
    #[arg(required = true)]
    name: Vec<RoleName>,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    apply: Apply,
}

impl DeleteRoles {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let printer = &context.printer;
        let aws = self.scope.enter(context).await?;
        let (roles, provider) = self.scope.clients(&aws, Patience::default());
        let request = DestroyRequest { issuer: self.scope.issuer.clone(), delete_bucket: false };
        let targets = DestroyTargets { roles, provider, destination: None };
        let names: std::collections::BTreeSet<RoleName> = self.name.iter().cloned().collect();
        let names: Vec<RoleName> = names.into_iter().collect();
        let facts = DestroyFacts::of_roles(&names, &targets).await?;
        let mut plan = Plan::build_role_removals(&facts)?;
        let missing = names
            .iter()
            .filter(|name| !facts.roles.iter().any(|leaving| leaving.role.arn.name() == name.as_str()));
        plan.notes.extend(missing.map(|name| format!("there is no role {name}")));
        let mut report = report("role delete", Some(self.scope.issuer.as_str()), &plan);
        report.insert("account".to_owned(), json!(aws.account.id.as_str()));
        let changed = plan.has_changes();
        let subject = format!("the roles of {}", self.scope.issuer);
        let outcome = if agreed(&plan, &subject, self.apply, printer).await? {
            let events = |event: issuer_plan::Event| printer.event(&event);
            Some(DestroyRunner { request: &request, targets: &targets, events: &events }.apply(plan).await)
        } else {
            None
        };
        conclude(report, outcome, changed, self.apply, printer)
    }
}
