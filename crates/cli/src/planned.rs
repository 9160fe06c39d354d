//! Runs a request as every changing command does: read, show, ask, apply.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use issuer_discovery::{HttpsFetch, Patience, Transport};
use issuer_keygen::KeyRing;
use issuer_plan::{Destination, Event, Facts, Plan, PlanError, Request, Runner, Step};
use issuer_registrar::ProviderClient;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::args::Apply;
use crate::failure::Failure;
use crate::printer::{Printer, plain};

/// A request and all that it touches.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) command: &'static str,
    pub(crate) request: Request,
    pub(crate) destination: Option<Destination>,
    pub(crate) provider: Option<ProviderClient>,
    /// How documents are read back; nothing when none are.
    pub(crate) transport: Option<Transport>,
    pub(crate) patience: Patience,
}

/// How a job ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The document for `-o json`; a command adds its own members.
    pub(crate) report: Map<String, Value>,
    /// The keys, where the job was about them.
    pub(crate) ring: Option<KeyRing>,
    /// Whether there was anything to do.
    pub(crate) changed: bool,
    /// Whether the job was only looked at.
    pub(crate) dry: bool,
    drift: bool,
}

impl Finished {
    /// Writes the report in JSON, or the text; ends with 3 where `--check` found drift.
    pub(crate) fn conclude(self, printer: &Printer, text: &str) -> Result<(), Failure> {
        if printer.is_json() {
            printer.json(&Value::Object(self.report))?;
        } else if !self.dry {
            printer.data(text.as_bytes())?;
        }
        if self.drift { Err(Failure::drift()) } else { Ok(()) }
    }
}

impl Job {
    pub(crate) async fn run(&self, apply: Apply, printer: &Printer) -> Result<Finished, Failure> {
        printer.spin("looking at what is there");
        let facts = Facts::read(&self.request, self.destination.as_ref(), self.provider.as_ref()).await?;
        printer.settle();
        for warning in &facts.warnings {
            printer.warn(&warning.to_string());
        }
        let mut plan = Plan::build(&self.request, &facts, self.destination.as_ref())?;
        self.note_the_host(&mut plan);
        let changed = plan.has_changes();
        let mut report = self.report(&plan);
        let dry = apply.dry_run || (apply.check && changed);
        let asks = changed && !apply.yes && !dry;
        show(&plan, &self.request, dry, asks, printer)?;
        if dry {
            return Ok(Finished {
                report,
                ring: facts.ring,
                changed,
                dry: true,
                drift: apply.check && changed,
            });
        }
        if asks {
            confirm().await?;
        }
        let patience = if changed { self.patience } else { PATIENCE_WITHOUT_CHANGE };
        let outcome = self.apply(plan, facts, patience, printer).await?;
        report.insert("done".to_owned(), json!(outcome.done));
        if apply.check && !printer.is_json() {
            printer.data(NO_CHANGES.as_bytes())?;
        } else if !changed {
            printer.say(NO_CHANGES.trim_end());
        }
        Ok(Finished { report, ring: outcome.ring, changed, dry: apply.check, drift: false })
    }

    async fn apply(
        &self,
        plan: Plan,
        facts: Facts,
        patience: Patience,
        printer: &Printer,
    ) -> Result<issuer_plan::Outcome, Failure> {
        let registers = plan.steps().any(|step| matches!(step, Step::Register(_)));
        let events = |event: Event| printer.event(&event);
        let fetch = self.transport.clone().map(HttpsFetch::new);
        let runner = Runner {
            request: &self.request,
            destination: self.destination.as_ref(),
            provider: self.provider.as_ref(),
            fetch: fetch.as_ref(),
            patience,
            now: &OffsetDateTime::now_utc,
            events: &events,
        };
        let result = runner.apply(plan, facts).await;
        printer.settle();
        let outcome = result.map_err(|error| match error {
            PlanError::ReadBack(_) if registers => Failure::from(error)
                .hint("IAM was told nothing yet; run the same command again when the URL answers"),
            error => error.into(),
        })?;
        let read_back = self.request.publish.as_ref().is_some_and(|publish| publish.read_back);
        let public = self.transport.as_ref().is_none_or(Transport::sees_what_the_public_sees);
        if read_back && !public {
            printer.say(
                "the documents were read back with a CA or an address of your own: \
                 that the public can read them is not shown",
            );
        }
        Ok(outcome)
    }

    fn report(&self, plan: &Plan) -> Map<String, Value> {
        let steps: Vec<Value> = plan
            .stages
            .iter()
            .flat_map(|stage| stage.steps.iter().map(move |step| (stage.name, step)))
            .map(|(stage, step)| {
                json!({"stage": stage, "kind": step.kind(), "text": step.to_string(), "changes": step.changes()})
            })
            .collect();
        let Value::Object(report) = json!({
            "command": self.command,
            "issuer": self.request.issuer.as_str(),
            "changes": plan.steps().filter(|step| step.changes()).count(),
            "plan": steps,
            "notes": plan.notes,
            "done": [],
        }) else {
            return Map::new();
        };
        report
    }

    /// An issuer URL is for ever: a host of S3 can never be moved behind another one.
    fn note_the_host(&self, plan: &mut Plan) {
        let first = plan.steps().any(|step| match step {
            Step::PublishNew { .. } => true,
            Step::Publish(change) => change.kind() == "create-bucket",
            _ => false,
        });
        if first && self.request.issuer.s3_location().is_some() {
            plan.notes.push(
                "an issuer URL is for ever, and this host is S3's: with a domain of your own (--issuer) the documents \
                 can move later"
                    .to_owned(),
            );
        }
    }
}

/// Nothing was changed, so nothing has to become visible first.
const PATIENCE_WITHOUT_CHANGE: Patience =
    Patience { limit: Duration::from_secs(3), first_pause: Duration::from_millis(500) };

const NO_CHANGES: &str = "no changes\n";

/// A dry run's plan is data; before an apply it is talk, and never left out where it is asked about.
fn show(plan: &Plan, request: &Request, dry: bool, asks: bool, printer: &Printer) -> Result<(), Failure> {
    let mut text = String::new();
    if plan.has_changes() {
        text.push_str(&format!("plan for {}\n", request.issuer));
        for stage in &plan.stages {
            for step in &stage.steps {
                text.push_str(&format!("  {:<10} {}\n", stage.name, plain(&step.to_string())));
            }
        }
    } else if dry {
        text.push_str(NO_CHANGES);
    }
    let say = |line: &str| if asks { printer.insist(line) } else { printer.say(line) };
    if dry && !printer.is_json() {
        printer.data(text.as_bytes())?;
    } else {
        text.lines().for_each(say);
    }
    plan.notes.iter().for_each(|note| say(&format!("note: {}", plain(note))));
    Ok(())
}

/// Asks on the terminal; without one nobody can answer, and nothing waits.
async fn confirm() -> Result<(), Failure> {
    let refused = || {
        Failure::usage("not confirmed, so nothing was done").hint("give --yes, or look first with --dry-run")
    };
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(refused());
    }
    // A terminal that cannot be written to is one that nobody answers on.
    write!(anstream::stderr(), "apply this plan? [y/N] ").map_err(|_| refused())?;
    // In a thread of its own, so that Ctrl-C is heard while nobody types.
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    match answer.await.ok().and_then(Result::ok).unwrap_or_default().trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(refused()),
    }
}

/// Ends when the user or the system asks the program to stop.
pub(crate) async fn interrupt() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without handlers the signal ends the process by itself.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
