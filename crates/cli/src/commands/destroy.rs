//! `destroy`: takes away what is ours of an issuer, in an order in which nobody can take over what is left.

use std::path::PathBuf;

use clap::Args;
use issuer_discovery::{BucketError, BucketName, IssuerUrl, JwksPath, Patience, Prefix};
use issuer_plan::{
    DestroyFacts, DestroyOutcome, DestroyRequest, DestroyRunner, DestroyTargets, Event, Outcome, Plan,
    PlanError,
};
use issuer_registrar::{Issuing, ProviderClient, RoleArn, RoleClient};
use serde_json::{Map, Value, json};

use super::Context;
use super::place::Place;
use crate::args::Apply;
use crate::failure::Failure;
use crate::planned::{Finished, agreed, report};
use crate::printer::Printer;
use crate::session;

/// Take away what is ours of an issuer: roles, provider, documents, and the bucket when asked for
///
/// Everything that carries our tag or stands at a name that we compute is shown first. Roles that
/// others use too lose our statement, and stay. The provider goes before the documents, the bucket last
/// and only with --delete-bucket: its name can be taken by anyone then. What is not ours is never
/// touched.
#[derive(Debug, Args)]
pub(crate) struct Destroy {
    /// The issuer URL [default: https://BUCKET.s3.REGION.amazonaws.com/PREFIX]
    #[arg(long, value_name = "URL", required_unless_present = "bucket")]
    issuer: Option<IssuerUrl>,
    /// The bucket that holds the documents
    #[arg(long, value_name = "NAME", conflicts_with = "dir")]
    bucket: Option<BucketName>,
    /// The issuer's part of the bucket [default: the path of --issuer, else the whole bucket]
    #[arg(long, value_name = "PATH", requires = "bucket")]
    prefix: Option<Prefix>,
    /// The directory that holds the documents
    #[arg(long, value_name = "DIR", requires = "issuer")]
    dir: Option<PathBuf>,
    /// Where the JWKS is below the issuer
    #[arg(long, value_name = "PATH", default_value = "openid/v1/jwks")]
    jwks_path: JwksPath,
    /// Delete the bucket too, when we made it and nothing else is in it
    #[arg(long, requires = "bucket")]
    delete_bucket: bool,
    /// A role to assume first: the way into another account
    #[arg(long, value_name = "ARN")]
    assume_role: Option<RoleArn>,
    /// How many seconds to wait at most for what AWS makes true in its own time
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
    #[command(flatten)]
    apply: Apply,
}

impl Destroy {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let (global, printer) = (&context.global, &context.printer);
        let transport = session::transport(global, printer)?;
        let aws = session::aws_as(global, printer, &transport, self.assume_role.as_ref()).await?;
        let patience = Patience { limit: std::time::Duration::from_secs(self.wait), ..Patience::default() };
        let place = Place {
            bucket: self.bucket.clone(),
            prefix: self.prefix.clone(),
            dir: self.dir.clone(),
            issuer: self.issuer.clone(),
            jwks_path: self.jwks_path.clone(),
            adopt_bucket: false,
            wait: self.wait,
        };
        let (issuer, destination) = match (&place.bucket, &self.issuer) {
            (Some(bucket), _) => {
                let (issuer, destination) = place.in_bucket(bucket, &aws)?;
                (issuer, Some(destination))
            }
            (None, Some(issuer)) => (issuer.clone(), place.directory().map(|(_, destination)| destination)),
            (None, None) => return Err(Failure::usage("destroy needs --issuer or --bucket")),
        };
        let issuing = Issuing { issuer: issuer.clone(), account: aws.account.clone() };
        let request = DestroyRequest { issuer: issuer.clone(), delete_bucket: self.delete_bucket };
        let targets = DestroyTargets {
            roles: RoleClient::new(&aws.config, issuing, patience),
            provider: ProviderClient::new(&aws.config, &aws.account, &issuer, patience),
            destination,
        };
        printer.spin("looking at what is there");
        let facts = DestroyFacts::read(&request, &targets).await;
        printer.settle();
        let facts = facts.map_err(|error| {
            let taken = matches!(
                &error,
                PlanError::Bucket(BucketError::NotThisAccounts { .. } | BucketError::NameTaken { .. })
            );
            let failure = Failure::from(error);
            // Then whoever has the name is trusted as long as the provider is there.
            if taken {
                failure.hint(format!(
                    "if the bucket was yours and is gone, take the rest away at once: issuerctl destroy --issuer {issuer}"
                ))
            } else {
                failure
            }
        })?;
        let mut plan = Plan::build_destroy(&request, &facts)?;
        if plan.has_changes() {
            plan.notes.push(format!(
                "other accounts that trust {issuer} are not looked into: there first, issuerctl destroy --issuer {issuer} \
                 --assume-role ARN"
            ));
        } else if plan.notes.is_empty() && plan.left.is_empty() {
            plan.notes.push(format!(
                "nothing of {issuer} is in the account {}: no role, no provider{}",
                aws.account.id,
                if targets.destination.is_some() { ", no document of ours" } else { "" }
            ));
        }
        let mut report = report("destroy", Some(issuer.as_str()), &plan);
        report.insert("account".to_owned(), json!(aws.account.id.as_str()));
        report.insert("left".to_owned(), json!(plan.left));
        let changed = plan.has_changes();
        let subject = format!("taking {issuer} out of the account {}", aws.account.id);
        let outcome = if agreed(&plan, &subject, self.apply, printer).await? {
            let events = |event: Event| printer.event(&event);
            Some(DestroyRunner { request: &request, targets: &targets, events: &events }.apply(plan).await)
        } else {
            None
        };
        conclude(report, outcome, changed, self.apply, printer)
    }
}

/// Ends a command that takes things away: what is left is said, and is a failure.
pub(crate) fn conclude(
    mut report: Map<String, Value>,
    outcome: Option<DestroyOutcome>,
    changed: bool,
    apply: Apply,
    printer: &Printer,
) -> Result<(), Failure> {
    printer.settle();
    let Some(outcome) = outcome else {
        return Finished::only_looked(report, None, changed, apply).conclude(printer, "");
    };
    report.insert("left".to_owned(), json!(outcome.left));
    let done = Outcome { done: outcome.done, ..Outcome::default() };
    let mut failure = match outcome.error {
        None if outcome.left.is_empty() => {
            return Finished::carried_out(report, done, changed, apply, printer)?.conclude(printer, "");
        }
        None => Failure::new("not all that is ours could be taken away: what is left is named above"),
        Some(error) => Failure::from(error).hint("the same command goes on from here"),
    };
    for left in &outcome.left {
        printer.insist(&format!("left: {left}"));
    }
    if printer.is_json() {
        report.insert("done".to_owned(), json!(done.done));
        report.insert("error".to_owned(), json!(failure.text()));
        report.insert("hints".to_owned(), json!(failure.hints()));
        report.insert("exit_code".to_owned(), json!(failure.code()));
        printer.json(&Value::Object(report))?;
        failure = failure.after_the_report();
    }
    Err(failure)
}
