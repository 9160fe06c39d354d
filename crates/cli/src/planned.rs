//! Runs a request as every changing command does: read, show, ask, apply.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::Duration;

use issuer_discovery::{HttpsFetch, Patience, Transport};
use issuer_keygen::KeyRing;
use issuer_plan::{Destination, Event, Facts, Plan, Request, Runner, Step};
use issuer_registrar::ProviderClient;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::args::Apply;
use crate::failure::Failure;
use crate::printer::Printer;

/// A request and all that it touches.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) command: &'static str,
    pub(crate) request: Request,
    pub(crate) destination: Option<Destination>,
    pub(crate) provider: Option<ProviderClient>,
    pub(crate) transport: Transport,
    pub(crate) patience: Patience,
}

/// How a job ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The document for `-o json`; a command adds its own members.
    pub(crate) report: Map<String, Value>,
    /// The keys, where the job was about them.
    pub(crate) ring: Option<KeyRing>,
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
        show(&plan, &self.request, dry, printer)?;
        if dry {
            return Ok(Finished { report, ring: facts.ring, dry: true, drift: apply.check && changed });
        }
        if changed && !apply.yes {
            confirm()?;
        }
        let patience = if changed { self.patience } else { PATIENCE_WITHOUT_CHANGE };
        let outcome = self.apply(plan, facts, patience, printer).await?;
        report.insert("done".to_owned(), json!(outcome.done));
        if !changed {
            printer.say("no changes");
        }
        Ok(Finished { report, ring: outcome.ring, dry: apply.check, drift: false })
    }

    async fn apply(
        &self,
        plan: Plan,
        facts: Facts,
        patience: Patience,
        printer: &Printer,
    ) -> Result<issuer_plan::Outcome, Failure> {
        let done = Mutex::new(Vec::new());
        let events = |event: Event| {
            if let (Event::Done(step), Ok(mut done)) = (&event, done.lock()) {
                done.push(step.clone());
            }
            printer.event(&event);
        };
        let fetch = HttpsFetch::new(self.transport.clone());
        let runner = Runner {
            request: &self.request,
            destination: self.destination.as_ref(),
            provider: self.provider.as_ref(),
            fetch: &fetch,
            patience,
            now: &OffsetDateTime::now_utc,
            events: &events,
        };
        let result = tokio::select! {
            result = runner.apply(plan, facts) => result.map_err(Failure::from),
            () = interrupt() => {
                let done = done.lock().map(|done| done.len()).unwrap_or_default();
                Err(Failure::interrupted(format!(
                    "interrupted after {done} {}; the same command goes on from here",
                    if done == 1 { "step" } else { "steps" }
                )))
            }
        };
        printer.settle();
        let outcome = result?;
        let read_back = self.request.publish.as_ref().is_some_and(|publish| publish.read_back);
        if read_back && !self.transport.sees_what_the_public_sees() {
            printer.say("the documents were read back with a CA or an address of your own: that the public can read them is not shown");
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

/// A dry run's plan is data; before an apply it is talk.
fn show(plan: &Plan, request: &Request, dry: bool, printer: &Printer) -> Result<(), Failure> {
    let mut lines = Vec::new();
    if plan.has_changes() {
        lines.push(format!("plan for {}", request.issuer));
        for stage in &plan.stages {
            for step in &stage.steps {
                lines.push(format!("  {:<10} {step}", stage.name));
            }
        }
    } else if dry {
        lines.push("no changes".to_owned());
    }
    if dry && !printer.is_json() {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        printer.data(text.as_bytes())?;
    } else {
        lines.iter().for_each(|line| printer.say(line));
    }
    plan.notes.iter().for_each(|note| printer.say(&format!("note: {note}")));
    Ok(())
}

/// Asks on the terminal; without one nobody can answer, and nothing waits.
fn confirm() -> Result<(), Failure> {
    let refused = || {
        Failure::usage("not confirmed, so nothing was done").hint("give --yes, or look first with --dry-run")
    };
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(refused());
    }
    let mut answer = String::new();
    // A terminal that cannot be written to is one that nobody answers on.
    write!(anstream::stderr(), "apply this plan? [y/N] ").map_err(|_| refused())?;
    io::stdin().lock().read_line(&mut answer).map_err(|_| refused())?;
    match answer.trim() {
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
