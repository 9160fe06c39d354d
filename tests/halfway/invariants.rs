//! What has to be so however a run ended, and that the same command finishes what it began.

pub(crate) mod cloud;
pub(crate) mod directory;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::program::Ended;
use crate::scene::Scene;
use crate::snapshot::Snapshot;

/// What an undisturbed run of a scenario begins and ends with.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) last: Snapshot,
}

/// States from which the same command was seen to finish: it does so again from an equal one.
#[derive(Debug, Default)]
pub(crate) struct Finished(Mutex<HashSet<String>>);

impl Finished {
    fn is_known(&self, state: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(state)
    }

    fn add(&self, state: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(state);
    }

    /// How many they are.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// What is wrong with the way in which a run ended, whatever disturbed it.
pub(crate) fn ending(ended: &Ended, killed: bool, interrupted: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    if ended.stderr.contains("panicked") || ended.stdout.contains("panicked") {
        wrong.push("it panicked".to_owned());
    }
    if ended.stdout.contains("PRIVATE KEY") || ended.stderr.contains("PRIVATE KEY") {
        wrong.push("it wrote a private key".to_owned());
    }
    match ended.code() {
        Some(0) => {}
        Some(130) if interrupted => wrong.extend(interruption(ended)),
        Some(1) => {
            let sentence = ended.stderr.lines().find_map(|line| line.strip_prefix("error: "));
            if sentence.is_none_or(|text| text.split(' ').count() < 3) {
                wrong.push("it failed and does not say why".to_owned());
            }
        }
        None if killed && ended.was_killed() => {}
        _ => wrong.push(format!("it ended with {}", ended.status)),
    }
    wrong
}

/// Ctrl-C: it names each step that was done, as it did before, and says that the same command goes on.
pub(crate) fn interruption(ended: &Ended) -> Vec<String> {
    let sentence = ended.stderr.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or_default();
    let mut wrong = Vec::new();
    let says = |text: &str| sentence.to_lowercase().contains(text);
    if !says("interrupted") || !says("the same command goes on") {
        wrong.push(format!("it was interrupted and does not say so: {sentence:?}"));
    }
    let done: Vec<&str> = ended.stderr.lines().filter_map(|line| line.strip_prefix("done ")).collect();
    if done.is_empty() == says("done so far") {
        wrong.push(format!("it was interrupted after {} steps, and says {sentence:?}", done.len()));
    }
    for step in done.iter().filter(|step| !sentence.contains(**step)) {
        wrong.push(format!("it was interrupted and does not say that this was done: {step}"));
    }
    wrong
}

/// What is missing in what is there now, though the run says, with 0, that all was done.
pub(crate) fn unfinished(ended: &Ended, ends: i32, last: &Snapshot, now: &Snapshot) -> Vec<String> {
    if ended.code() != Some(0) || ends != 0 {
        return Vec::new();
    }
    let difference = last.difference(now);
    difference.map(|text| format!("it ended with 0, and not all was done:\n{text}")).into_iter().collect()
}

/// Looks at what a disturbed run has left, and lets the same command finish it.
pub(crate) async fn afterwards(
    scene: &Scene,
    before: &Snapshot,
    reference: &Reference,
    finished: Option<&Finished>,
    disturbed: &Ended,
) -> Result<(), String> {
    let now = scene.snapshot()?;
    let mut wrong = scene.watch.violations();
    wrong.extend(unfinished(disturbed, scene.scenario.ends, &reference.last, &now));
    wrong.extend(cloud::always(&now.cloud, scene.scenario));
    wrong.extend(lost(scene, before, &now));
    wrong.extend(directory::halfway(scene.scenario, before, &now, &reference.last));
    if now != *before {
        wrong.extend(directory::holds_when_made(scene, &now));
    }
    all_right(wrong)?;
    let litter = directory::litter(&now).join("\n");
    let state = format!("{}\n{litter}\n{}", scene.scenario.name, now.text());
    if finished.is_some_and(|finished| finished.is_known(&state)) {
        return Ok(());
    }
    finishes(scene, &now, reference).await?;
    if let Some(finished) = finished {
        finished.add(state);
    }
    Ok(())
}

/// The same command ends as an undisturbed one does, with the same result, and then there is nothing to do.
async fn finishes(scene: &Scene, halfway: &Snapshot, reference: &Reference) -> Result<(), String> {
    let scenario = scene.scenario;
    let ended = scene.command("--yes").await?;
    if ended.code() != Some(scenario.ends) {
        return Err(format!("the same command does not finish: {ended}"));
    }
    let last = scene.snapshot()?;
    let mut wrong = scene.watch.violations();
    wrong.extend(lost(scene, halfway, &last));
    wrong.extend(directory::kept(scenario, halfway, &last));
    wrong.extend(directory::holds(scenario, &scene.directory(), &scene.watch.published()));
    let litter = directory::litter(&last);
    wrong.extend(litter.iter().map(|left| format!("the same command does not sweep away {left}")));
    if let Some(difference) = reference.last.difference(&last) {
        wrong.push(format!("the result differs from that of an undisturbed run:\n{difference}"));
    }
    all_right(wrong)?;
    let checked = scene.command("--check").await?;
    if checked.code() != Some(scenario.ends) {
        return Err(format!("there is still something to do, says --check: {}{checked}", checked.stdout));
    }
    if scene.snapshot()? != last {
        return Err("--check has changed something".to_owned());
    }
    Ok(())
}

/// What was lost that has to stay; of what is ours everything goes where that is asked for.
fn lost(scene: &Scene, before: &Snapshot, now: &Snapshot) -> Vec<String> {
    if scene.scenario.destroys() {
        return cloud::others_lost(&cloud::of_others(&before.cloud), &now.cloud);
    }
    cloud::lost(&before.cloud, &now.cloud)
}

/// One text of all that is wrong.
pub(crate) fn all_right(wrong: Vec<String>) -> Result<(), String> {
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}
