//! Runs a request as every changing command does: read, show, ask, apply.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use issuer_discovery::{HttpsFetch, Patience, Transport};
use issuer_doctor::inert;
use issuer_keygen::KeyRing;
use issuer_plan::{Destination, Event, Facts, Outcome, Plan, PlanError, Request, Runner, Step};
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
    /// A plan that was shown, and nothing more.
    pub(crate) fn only_looked(
        report: Map<String, Value>,
        ring: Option<KeyRing>,
        changed: bool,
        apply: Apply,
    ) -> Self {
        Self { report, ring, changed, dry: true, drift: apply.check && changed }
    }

    /// A plan that was carried out; says so where there was nothing to do.
    pub(crate) fn carried_out(
        mut report: Map<String, Value>,
        outcome: Outcome,
        changed: bool,
        apply: Apply,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        report.insert("done".to_owned(), json!(outcome.done));
        if apply.check && !printer.is_json() {
            printer.data(NO_CHANGES.as_bytes())?;
        } else if !changed {
            printer.say(NO_CHANGES.trim_end());
        }
        Ok(Self { report, ring: outcome.ring, changed, dry: apply.check, drift: false })
    }

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
        let report = report(self.command, Some(self.request.issuer.as_str()), &plan);
        if !agreed(&plan, self.request.issuer.as_str(), apply, printer).await? {
            return Ok(Finished::only_looked(report, facts.ring, changed, apply));
        }
        let patience = if changed { self.patience } else { PATIENCE_WITHOUT_CHANGE };
        let outcome = self.apply(plan, facts, patience, printer).await?;
        Finished::carried_out(report, outcome, changed, apply, printer)
    }

    async fn apply(
        &self,
        plan: Plan,
        facts: Facts,
        patience: Patience,
        printer: &Printer,
    ) -> Result<Outcome, Failure> {
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

/// As much of a plan as talk shows; a dry run shows all of it.
const SHOWN_STEPS: usize = 60;

/// Shows a plan, and asks where that is due; tells whether it is to be carried out.
pub(crate) async fn agreed(
    plan: &Plan,
    subject: &str,
    apply: Apply,
    printer: &Printer,
) -> Result<bool, Failure> {
    let changed = plan.has_changes();
    let dry = apply.dry_run || (apply.check && changed);
    let asks = changed && !apply.yes && !dry;
    show(plan, subject, dry, asks, printer)?;
    if dry {
        return Ok(false);
    }
    if asks {
        confirm().await?;
    }
    printer.expect(plan.steps().count());
    Ok(true)
}

/// Writes a plan for machines; a command adds its own members.
pub(crate) fn report(command: &str, issuer: Option<&str>, plan: &Plan) -> Map<String, Value> {
    let steps: Vec<Value> = plan
        .stages
        .iter()
        .flat_map(|stage| stage.steps.iter().map(move |step| (stage.name, step)))
        .map(|(stage, step)| {
            json!({"stage": stage, "kind": step.kind(), "text": step.to_string(), "changes": step.changes()})
        })
        .collect();
    let mut report = Map::from_iter([("command".to_owned(), json!(command))]);
    report.extend(issuer.map(|issuer| ("issuer".to_owned(), json!(issuer))));
    report.insert("changes".to_owned(), json!(plan.steps().filter(|step| step.changes()).count()));
    report.insert("plan".to_owned(), json!(steps));
    report.insert("notes".to_owned(), json!(plan.notes));
    report.insert("done".to_owned(), json!([]));
    report
}

/// A dry run's plan is data; before an apply it is talk, and never left out where it is asked about.
fn show(plan: &Plan, subject: &str, dry: bool, asks: bool, printer: &Printer) -> Result<(), Failure> {
    let mut text = String::new();
    if plan.has_changes() {
        text.push_str(&format!("plan for {subject}\n"));
        for stage in &plan.stages {
            for step in &stage.steps {
                text.push_str(&format!("  {:<10} {}\n", stage.name, inert(&step.to_string())));
            }
        }
    } else if dry {
        text.push_str(NO_CHANGES);
    }
    let say = |line: &str| if asks { printer.insist(line) } else { printer.say(line) };
    if dry && !printer.is_json() {
        printer.data(text.as_bytes())?;
    } else {
        text.lines().take(SHOWN_STEPS + 1).for_each(say);
        match text.lines().count().saturating_sub(SHOWN_STEPS + 1) {
            0 => {}
            more => say(&format!("  and {more} more steps, which --dry-run shows")),
        }
    }
    plan.left.iter().for_each(|left| say(&format!("left: {}", inert(left))));
    plan.notes.iter().for_each(|note| say(&format!("note: {}", inert(note))));
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
