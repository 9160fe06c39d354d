//! Nothing breaks half-way: every outside call and every file write of bootstrap, publish and register is
//! disturbed, and afterwards the same command has to finish what was begun; several administrators work at
//! once, in seeded orders. See `--help` for its words.
//!
//! ```text
//! cargo test -p issuerctl --test halfway -- [--long] [--only TEXT] [--seed N] [--jobs N]
//! ```

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of its own, whose report is printed"
)]

mod administrators;
mod calls;
mod files;
mod invariants;
mod meetings;
mod others;
mod program;
mod proof;
mod registers;
mod report;
mod scenario;
mod scene;
mod scheduler;
mod shelf;
mod snapshot;
mod syscalls;
mod tracer;
mod watch;
mod web;

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;

use administrators::Race;
use calls::CallTask;
use clap::Parser;
use files::FileTask;
use invariants::{Finished, Reference};
use report::Report;
use scenario::SCENARIOS;
use shelf::Shelf;

/// Disturbs every outside call and file write of issuerctl, and looks whether anything broke half-way.
#[derive(Debug, Parser)]
#[command(name = "halfway")]
struct Options {
    /// Everything: each fault at each point, also lasting ones, and a thousand interleavings
    #[arg(long)]
    long: bool,
    /// Only what has this text in its name
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Where the interleavings of administrators begin
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many runs are under way at once; of those that mostly wait, four times as many
    #[arg(long, value_name = "N", default_value_t = 4)]
    jobs: usize,
    /// Name what would be done, and do none of it
    #[arg(long)]
    list: bool,
}

/// One thing to try.
enum Task {
    Call(CallTask),
    File(FileTask),
    Race(Race),
}

impl Task {
    fn name(&self) -> String {
        match self {
            Self::Call(task) => task.name(),
            Self::File(task) => task.name(),
            Self::Race(task) => task.name(),
        }
    }

    fn waits(&self) -> bool {
        match self {
            Self::Call(task) => task.waits(),
            Self::File(_) => false,
            Self::Race(_) => true,
        }
    }

    fn scenario(&self) -> &'static str {
        match self {
            Self::Call(task) => task.scenario.name,
            Self::File(task) => task.scenario.name,
            Self::Race(_) => "",
        }
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == tracer::LAUNCH) {
        return tracer::become_traced(words);
    }
    let options = Options::parse();
    match work(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("the harness cannot work: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// One thread, as the program has: the sandbox and the web server of a run live beside it.
fn block_on<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    result
}

fn work(options: &Options) -> Result<bool, String> {
    if !registers::SUPPORTED {
        return Err("it follows file writes by ptrace, which it knows on Linux on x86_64 alone".to_owned());
    }
    let report = Report::new(options.seed, options.long);
    let shelf = block_on(Shelf::fill())?;
    let proofs = block_on(proof::prove(&shelf))?;
    report.say(&format!("{proofs} broken states and ends, each seen by its own check"));
    let mut references = HashMap::new();
    let mut tasks = Vec::new();
    let (mut calls, mut files) = (0, 0);
    for scenario in SCENARIOS {
        let (reference, points) = block_on(calls::record(scenario, &shelf))?;
        let writes = block_on(files::record(scenario, &shelf))?;
        report.say(&format!("{}: {} calls, {} file writes", scenario.name, points.len(), writes.len()));
        calls += points.len();
        files += writes.len();
        references.insert(scenario.name, reference);
        tasks.extend(calls::tasks(scenario, &points, options.long).into_iter().map(Task::Call));
        tasks.extend(files::tasks(scenario, &writes, options.long).into_iter().map(Task::File));
    }
    tasks.extend(administrators::races(options.seed, options.long).into_iter().map(Task::Race));
    if let Some(only) = &options.only {
        tasks.retain(|task| task.name().contains(only));
    }
    if options.list {
        tasks.iter().for_each(|task| println!("{}", task.name()));
        return Ok(true);
    }
    let interruptions = tasks.iter().filter(|task| task.name().ends_with("Ctrl-C")).count();
    let races = tasks.iter().filter(|task| matches!(task, Task::Race(_))).count();
    let count = |wanted: fn(&Task) -> bool| tasks.iter().filter(|task| wanted(task)).count();
    let disturbed =
        (count(|task| matches!(task, Task::Call(_))), count(|task| matches!(task, Task::File(_))));
    tasks.iter().for_each(|task| report.expect(&task.name()));
    let finished = Finished::default();
    run_all(tasks, options, &report, &shelf, &references, &finished);
    let points = [
        ("points at which an outside call is made", calls),
        ("points at which a file is written", files),
        ("outside calls disturbed", disturbed.0),
        ("file writes disturbed", disturbed.1),
        ("of both, interruptions by Ctrl-C", interruptions),
        ("interleavings of administrators", races),
    ];
    let more = [
        ("states from which the same command was let finish", finished.count()),
        // A documented limit: PutBucketPolicy and PutBucketTagging replace all, and take no condition.
        (
            "policies and tags that others overwrote after the last look, mended by the same command",
            administrators::overwritten(),
        ),
    ];
    Ok(report.conclude(points.into_iter().chain(more)))
}

/// Runs all tasks: those that compute on a few threads, those that mostly wait on more.
fn run_all(
    tasks: Vec<Task>,
    options: &Options,
    report: &Report,
    shelf: &Shelf,
    references: &HashMap<&'static str, Reference>,
    finished: &Finished,
) {
    let (waiting, computing): (Vec<Task>, Vec<Task>) = tasks.into_iter().partition(Task::waits);
    let queues = [(computing, options.jobs), (waiting, options.jobs * 4)];
    let queues = queues.map(|(tasks, jobs)| (Mutex::new(tasks.into_iter()), jobs.max(1)));
    // In the long form each point is let finish, whether a state like it has been seen or not.
    let finished = (!options.long).then_some(finished);
    std::thread::scope(|scope| {
        for (queue, jobs) in &queues {
            for _ in 0..*jobs {
                scope.spawn(move || {
                    loop {
                        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                        let Some(task) = next else { return };
                        let result = run_one(&task, shelf, references, finished);
                        report.ended(&task.name(), &result);
                    }
                });
            }
        }
    });
}

fn run_one(
    task: &Task,
    shelf: &Shelf,
    references: &HashMap<&'static str, Reference>,
    finished: Option<&Finished>,
) -> Result<(), String> {
    let reference = || references.get(task.scenario()).ok_or("nothing to compare with");
    block_on(async {
        match task {
            Task::Call(call) => call.run(shelf, reference()?, finished).await,
            Task::File(file) => file.run(shelf, reference()?, finished).await,
            Task::Race(race) => race.run(shelf).await,
        }
    })
}
