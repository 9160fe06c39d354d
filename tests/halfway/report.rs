//! What is printed: progress, failures with all that is needed to repeat them, and the counts.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The counts of one group.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    all: usize,
    ended: usize,
    failed: usize,
}

#[derive(Debug, Default)]
struct Tally {
    /// By group, such as `call | bootstrap with a key`.
    groups: BTreeMap<String, Group>,
    /// By part and fault.
    faults: BTreeMap<(String, String), Group>,
}

/// Counts and prints.
#[derive(Debug)]
pub(crate) struct Report {
    began: Instant,
    seed: u64,
    long: bool,
    tally: Mutex<Tally>,
}

/// The parts of a name: its group, and what went wrong.
fn parts(name: &str) -> (String, String, String) {
    let parts: Vec<&str> = name.split(" | ").collect();
    let part = parts.first().copied().unwrap_or_default();
    let group = parts.iter().take(2).copied().collect::<Vec<_>>().join(" | ");
    let fault = parts.get(3).copied().unwrap_or_default();
    (part.to_owned(), group, fault.to_owned())
}

impl Report {
    pub(crate) fn new(seed: u64, long: bool) -> Self {
        Self { began: Instant::now(), seed, long, tally: Mutex::default() }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something with the time since the start.
    pub(crate) fn say(&self, text: &str) {
        println!("{:>6.1} s  {text}", self.began.elapsed().as_secs_f32());
    }

    /// Knows of one that will end.
    pub(crate) fn expect(&self, name: &str) {
        let (_, group, _) = parts(name);
        self.tally().groups.entry(group).or_default().all += 1;
    }

    /// One has ended.
    pub(crate) fn ended(&self, name: &str, result: &Result<(), String>) {
        let (part, group, fault) = parts(name);
        let mut tally = self.tally();
        let failed = usize::from(result.is_err());
        let by_fault = tally.faults.entry((part, fault)).or_default();
        by_fault.ended += 1;
        by_fault.failed += failed;
        let entry = tally.groups.entry(group.clone()).or_default();
        entry.ended += 1;
        entry.failed += failed;
        let entry = *entry;
        drop(tally);
        if let Err(text) = result {
            let long = if self.long { " --long" } else { "" };
            println!("\nFAILED {name}");
            text.lines().for_each(|line| println!("    {line}"));
            println!(
                "    again: cargo test -p issuerctl --test halfway --{long} --seed {} --only '{name}'\n",
                self.seed
            );
        }
        if entry.ended == entry.all {
            self.say(&format!("{group}: {} passed, {} failed", entry.ended - entry.failed, entry.failed));
        }
    }

    /// Prints the table and the last line; says whether nothing failed.
    pub(crate) fn conclude<'a>(&self, points: impl Iterator<Item = (&'a str, usize)>) -> bool {
        let tally = self.tally();
        println!();
        points.for_each(|(what, count)| println!("{count:>7}  {what}"));
        println!();
        for ((part, fault), group) in &tally.faults {
            println!("{:>7}  {part}: {fault}{}", group.ended, failures(group.failed));
        }
        let ended: usize = tally.groups.values().map(|group| group.ended).sum();
        let failed: usize = tally.groups.values().map(|group| group.failed).sum();
        println!("\nseed {}, {} s", self.seed, self.began.elapsed().as_secs());
        println!("{} passed, {failed} failed", ended - failed);
        failed == 0 && ended > 0
    }
}

fn failures(failed: usize) -> String {
    if failed == 0 { String::new() } else { format!(", of which {failed} failed") }
}
