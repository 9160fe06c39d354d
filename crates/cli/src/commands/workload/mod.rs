//! `workload`: manifests that bring a service account's token, and a role, into pods.

mod admission_policy;
mod imds_guard;
mod pod_patch;
mod verify_job;
mod webhook;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use issuer_emitter::workload::{DEFAULT_TOKEN_EXPIRATION, Workload};
use issuer_emitter::{Emission, EmitError};
use issuer_plan::{OutputFile, Plan};
use issuer_registrar::{Audience, DEFAULT_AUDIENCE};
use serde_json::{Map, Value, json};

use super::{Context, emit};
use crate::args::{Apply, Global};
use crate::failure::Failure;
use crate::planned::{Finished, agreed, report};
use crate::session;

/// Write the manifests that bring a role into pods, and prove that it works
#[derive(Debug, Args)]
pub(crate) struct WorkloadCommand {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    Webhook(webhook::WebhookCommand),
    PodPatch(pod_patch::PodPatchCommand),
    AdmissionPolicy(admission_policy::AdmissionPolicyCommand),
    VerifyJob(verify_job::VerifyJobCommand),
    ImdsGuard(imds_guard::ImdsGuardCommand),
}

/// What tokens in pods are like.
#[derive(Clone, Debug, Args)]
pub(crate) struct TokenArgs {
    /// The audience of the tokens
    #[arg(long, value_name = "TEXT", default_value = DEFAULT_AUDIENCE)]
    audience: Audience,
    /// How many seconds a token lives; kubelet makes it anew at 80 % of that
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_TOKEN_EXPIRATION,
          value_parser = clap::value_parser!(u64).range(600..=4_294_967_296))]
    token_expiration: u64,
}

impl TokenArgs {
    fn workload(&self, global: &Global) -> Result<Workload, Failure> {
        Ok(Workload {
            region: session::named_region(global)?.to_string(),
            audience: self.audience.to_string(),
            token_expiration: self.token_expiration,
        })
    }
}

/// Where manifests go.
#[derive(Clone, Debug, Args)]
pub(crate) struct OutArgs {
    /// The directory to write to [default: stdout]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Show what would be written, and write nothing
    #[arg(long, requires = "out")]
    dry_run: bool,
    /// Write nothing, and end with 3 when something would be written
    #[arg(long, requires = "out", conflicts_with = "dry_run")]
    check: bool,
}

impl OutArgs {
    /// The directory was named for being written to: nothing is asked.
    fn apply(&self) -> Apply {
        Apply { dry_run: self.dry_run, check: self.check, yes: true }
    }

    fn files(&self, emission: &Emission) -> Vec<OutputFile> {
        let Some(out) = &self.out else { return Vec::new() };
        let file = |artifact: &issuer_emitter::Artifact| OutputFile {
            path: out.join(&artifact.path),
            contents: artifact.contents.clone(),
            secret: artifact.secret,
        };
        emission.artifacts.iter().map(file).collect()
    }

    /// Writes what was emitted to stdout, or to the directory.
    async fn write(&self, kind: &str, emission: &Emission, context: &Context) -> Result<(), Failure> {
        let printer = &context.printer;
        emit::warn(emission, printer);
        if self.out.is_none() {
            return if printer.is_json() {
                printer.json(&Value::Object(members(kind, emission)))
            } else {
                printer.data(emit::text(emission).as_bytes())
            };
        }
        let plan = Plan::of_files("emit", &self.files(emission));
        let changed = plan.has_changes();
        let mut report = report(&format!("workload {kind}"), None, &plan);
        report.extend(members(kind, emission));
        if !agreed(&plan, &format!("workload {kind}"), self.apply(), printer).await? {
            return Finished::only_looked(report, None, changed, self.apply()).conclude(printer, "");
        }
        let outcome = plan.write_files(&|event| printer.event(&event));
        printer.settle();
        Finished::carried_out(report, outcome?, changed, self.apply(), printer)?.conclude(printer, "")
    }
}

fn members(kind: &str, emission: &Emission) -> Map<String, Value> {
    let warnings: Vec<String> = emission.warnings.iter().map(ToString::to_string).collect();
    Map::from_iter([
        ("kind".to_owned(), json!(kind)),
        ("artifacts".to_owned(), emit::json(emission)),
        ("warnings".to_owned(), json!(warnings)),
    ])
}

/// What a manifest cannot carry was on the command line.
fn refused(error: &EmitError) -> Failure {
    Failure::of(error).into_usage()
}

impl WorkloadCommand {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match &self.kind {
            Kind::Webhook(command) => command.run(context).await,
            Kind::PodPatch(command) => command.run(context).await,
            Kind::AdmissionPolicy(command) => command.run(context).await,
            Kind::VerifyJob(command) => command.run(context).await,
            Kind::ImdsGuard(command) => command.run(context).await,
        }
    }
}
