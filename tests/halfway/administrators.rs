//! Two to four administrators at once: whatever the order of their calls, there is one result, nothing is
//! lost, and whoever could not have one's way is told so.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use issuer_keygen::KeyDir;
use issuer_sandbox::{AccessKey, Config, Observer};
use serde_json::Value;

use crate::invariants::{all_right, cloud, ending};
use crate::meetings::{Administrator, MEETINGS, Meeting, Outcome};
use crate::program::{self, Ended};
use crate::scenario::BUCKET;
use crate::scene::Scene;
use crate::scheduler::Scheduler;
use crate::shelf::Shelf;
use crate::snapshot::Snapshot;
use crate::watch::Watch;

/// How many orders of each meeting are tried.
const SHORT: u64 = 5;
const LONG: u64 = 80;

/// One meeting in one order.
#[derive(Debug)]
pub(crate) struct Race {
    meeting: &'static Meeting,
    seed: u64,
}

/// All that is tried: the orders of seeds from this one on.
pub(crate) fn races(seed: u64, long: bool) -> Vec<Race> {
    let orders = if long { LONG } else { SHORT };
    let of = |meeting| (seed..seed + orders).map(move |seed| Race { meeting, seed });
    MEETINGS.iter().flat_map(of).collect()
}

/// An administrator at work.
struct Worker<'a> {
    administrator: &'a Administrator,
    key: AccessKey,
    directory: PathBuf,
    /// Its private key as it was before.
    private: Option<String>,
}

impl Worker<'_> {
    fn keys(&self) -> PathBuf {
        let words = self.administrator.words;
        let at = words.iter().position(|word| *word == "--keys");
        self.directory.join(at.and_then(|at| words.get(at + 1)).copied().unwrap_or("keys"))
    }

    fn private(&self) -> Option<String> {
        fs::read_to_string(self.keys().join("sa.key")).ok()
    }

    async fn run(&self, scene: &Scene, last: &str) -> Result<Ended, String> {
        let mut run = scene.words_of(&self.key, self.administrator.words, last);
        run.directory.clone_from(&self.directory);
        program::run(&run, |_| {}).await
    }
}

impl Race {
    pub(crate) fn name(&self) -> String {
        format!("race | {} | seed {} | interleaved", self.meeting.scenario.name, self.seed)
    }

    pub(crate) async fn run(&self, shelf: &Shelf) -> Result<(), String> {
        let in_turn = match self.meeting.in_turn.get() {
            Some(known) => known.clone(),
            None => {
                let found = in_turn(self.meeting, shelf).await?;
                self.meeting.in_turn.get_or_init(|| found).clone()
            }
        };
        let scheduler = Arc::new(Scheduler::default());
        let (scene, workers) = begin(self.meeting, shelf, &scheduler).await?;
        let before = scene.sandbox.state();
        scheduler.begin(workers.iter().map(|worker| worker.key.id.clone()));
        let work = futures(&workers, &scene, &scheduler);
        let (ended, ()) = tokio::join!(work, scheduler.drive(self.seed));
        let ended = ended.into_iter().collect::<Result<Vec<_>, String>>()?;
        let told = || {
            let mut text = String::from("\nthe calls in their order:\n");
            scheduler.order().iter().for_each(|call| text.push_str(&format!("  {call}\n")));
            for (worker, ended) in workers.iter().zip(&ended) {
                text.push_str(&format!(
                    "{} ({}): {ended}",
                    worker.key.id,
                    worker.administrator.words.join(" ")
                ));
            }
            text
        };
        let mut wrong = scene.watch.violations();
        wrong.extend(ended.iter().flat_map(|ended| ending(ended, false, false)));
        wrong.extend(cloud::lost(&before, &scene.sandbox.state()));
        let order = scheduler.order();
        wrong.extend(self.wrong_result(&scene, &workers, &ended, &order));
        all_right(wrong).map_err(|text| text + &told())?;
        self.again(&scene, &workers, &ended, &order, &in_turn).await.map_err(|text| text + &told())
    }

    /// What is wrong with who won, and with the keys.
    fn wrong_result(
        &self,
        scene: &Scene,
        workers: &[Worker<'_>],
        ended: &[Ended],
        order: &[String],
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let live = cloud::live(&scene.sandbox.state());
        for kid in scene.watch.published().difference(&live) {
            wrong.push(format!("the key {kid} was published, and is not any more"));
        }
        for worker in workers {
            if worker.private.is_some() && worker.private != worker.private() {
                wrong.push(format!("the private key of {} was lost or overwritten", worker.key.id));
            }
            if let Err(error) = KeyDir::new(worker.keys()).load() {
                wrong.push(format!("the keys of {} cannot be loaded: {error}", worker.key.id));
            }
        }
        let winners = workers.iter().zip(ended).filter(|(_, ended)| ended.code() == Some(0));
        let winners: Vec<_> = winners.map(|(worker, _)| worker.key.id.as_str()).collect();
        if winners.is_empty() {
            wrong.push("all of them failed".to_owned());
        }
        for (worker, ended) in workers.iter().zip(ended).filter(|(_, ended)| ended.code() != Some(0)) {
            // What happened stands in the sentence, which is looked at for every end. Where nobody has to
            // lose, there are two reasons to: a plan that holds no longer, and a policy that was overwritten
            // unseen, without which IAM cannot read the issuer.
            let unseen = overwritten_unseen(order, &worker.key.id, &format!("{BUCKET}?policy"));
            let any = unseen || self.meeting.outcome == Outcome::OneWins;
            let only = if any { "" } else { "run the same command again" };
            let mut hints = ended.stderr.lines().filter_map(|line| line.strip_prefix("hint: "));
            if !hints.any(|hint| hint.contains(only)) {
                wrong.push(format!("{} failed and is not told what to do", worker.key.id));
            }
        }
        if self.meeting.outcome != Outcome::OneWins {
            return wrong;
        }
        if live.len() != 1 || winners.len() > 1 {
            wrong.push(format!("one key was to win: published are {live:?}, done are {winners:?}"));
        }
        let bootstrapped = workers
            .iter()
            .zip(ended)
            .any(|(worker, ended)| ended.code() == Some(0) && worker.administrator.words[0] == "bootstrap");
        let registered = scene.sandbox.state()["providers"].as_object().is_some_and(|all| !all.is_empty());
        if bootstrapped != registered {
            wrong.push(format!("a bootstrap won: {bootstrapped}; a provider is there: {registered}"));
        }
        for (worker, ended) in workers.iter().zip(ended).filter(|(_, ended)| ended.code() != Some(0)) {
            let holds = kids(&worker.keys()).iter().any(|kid| live.contains(kid));
            let error = ended.stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
            let names = live.iter().any(|kid| error.contains(kid)) || error.contains("somebody else");
            if !holds && !names {
                wrong.push(format!("{} lost and is not told to what: {error}", worker.key.id));
            }
        }
        wrong
    }

    /// Whoever has won has nothing to do. S3 has no condition for a bucket's policy and tags: what another
    /// one writes after our last look, and had read before our write, nobody can see; the same command
    /// mends it. Any other loss is a mistake.
    async fn settle(&self, scene: &Scene, worker: &Worker<'_>, order: &[String]) -> Result<(), String> {
        let checked = worker.run(scene, "--check").await?;
        if checked.code() == Some(0) {
            return Ok(());
        }
        let lost = |line: &&str| line.trim_start().starts_with("publish ");
        let unseen = checked.stdout.lines().filter(lost).all(|line| {
            let setting = if line.contains("tag the bucket") {
                "tagging"
            } else if line.contains("bucket policy statement") {
                "policy"
            } else {
                return false;
            };
            overwritten_unseen(order, &worker.key.id, &format!("{BUCKET}?{setting}"))
        });
        if !unseen || checked.code() != Some(3) {
            return Err(format!("{} has still something to do: {}{checked}", worker.key.id, checked.stdout));
        }
        UNSEEN.fetch_add(1, Ordering::Relaxed);
        let again = worker.run(scene, "--yes").await?;
        if again.code() == Some(0) { Ok(()) } else { Err(format!("{} again: {again}", worker.key.id)) }
    }

    /// The same commands again: who won has nothing to do, who lost loses again, and who was only asked to
    /// try again succeeds.
    async fn again(
        &self,
        scene: &Scene,
        workers: &[Worker<'_>],
        ended: &[Ended],
        order: &[String],
        in_turn: &str,
    ) -> Result<(), String> {
        let live = cloud::live(&scene.sandbox.state());
        let loses = |worker: &Worker<'_>| {
            self.meeting.outcome == Outcome::OneWins
                && !kids(&worker.keys()).iter().any(|kid| live.contains(kid))
        };
        for (worker, _) in workers.iter().zip(ended).filter(|(_, ended)| ended.code() != Some(0)) {
            let again = worker.run(scene, "--yes").await?;
            let expected = i32::from(loses(worker));
            if again.code() != Some(expected) {
                return Err(format!("{} again is to end with {expected}: {again}", worker.key.id));
            }
        }
        for worker in workers.iter().filter(|worker| !loses(worker)) {
            self.settle(scene, worker, order).await?;
        }
        let state = scene.sandbox.state();
        for worker in workers.iter().filter(|worker| !loses(worker)) {
            let checked = worker.run(scene, "--check").await?;
            if checked.code() != Some(0) {
                return Err(format!("{} is not done: {}{checked}", worker.key.id, checked.stdout));
            }
        }
        if scene.sandbox.state() != state {
            return Err("--check has changed something".to_owned());
        }
        let result = result(self.meeting, scene, workers);
        if result == in_turn {
            return Ok(());
        }
        Err(format!("another result than one after another; that one:\n{in_turn}\nthis one:\n{result}"))
    }
}

/// How often somebody's statement or tag was overwritten when nobody could see it any more.
static UNSEEN: AtomicUsize = AtomicUsize::new(0);

/// The same, for the report.
pub(crate) fn overwritten() -> usize {
    UNSEEN.load(Ordering::Relaxed)
}

/// Whether somebody wrote a setting after this one's last look, having read it before this one's write.
pub(crate) fn overwritten_unseen(order: &[String], who: &str, setting: &str) -> bool {
    let (get, put) = (format!("s3 GET {setting}"), format!("s3 PUT {setting}"));
    let calls: Vec<(usize, &str, &str)> = order
        .iter()
        .enumerate()
        .filter_map(|(at, line)| line.split_once(": ").map(|(who, call)| (at, who, call)))
        .filter(|(_, _, call)| *call == get || *call == put)
        .collect();
    let last =
        |call: &str| calls.iter().rfind(|(_, by, what)| *by == who && *what == call).map(|(at, ..)| *at);
    let (Some(written), Some(looked)) = (last(&put), last(&get)) else { return false };
    calls.iter().filter(|(at, by, call)| *at > looked && *by != who && *call == put).any(|(at, by, _)| {
        let read = calls.iter().rfind(|(before, reader, call)| before < at && reader == by && *call == get);
        read.is_some_and(|(read, ..)| *read < written)
    })
}

/// Runs all at once.
async fn futures(workers: &[Worker<'_>], scene: &Scene, scheduler: &Scheduler) -> Vec<Result<Ended, String>> {
    let one = |at: usize| async move {
        let worker = workers.get(at)?;
        let ended = worker.run(scene, "--yes").await;
        scheduler.ended(&worker.key.id);
        Some(ended)
    };
    let (a, b, c, d) = tokio::join!(one(0), one(1), one(2), one(3));
    [a, b, c, d].into_iter().flatten().collect()
}

/// Makes the world, and a directory for each.
async fn begin<'a>(
    meeting: &'static Meeting,
    shelf: &Shelf,
    scheduler: &Arc<Scheduler>,
) -> Result<(Scene, Vec<Worker<'a>>), String> {
    let key = |number: usize| AccessKey {
        id: format!("ADMINISTRATOR{number:07}"),
        secret: format!("the-secret-of-administrator-number-{number:05}"),
    };
    let watch = Watch::new(&meeting.scenario);
    let (eyes, told) = (Arc::clone(&watch), Arc::clone(scheduler));
    let config = Config {
        region: meeting.scenario.region.to_owned(),
        more_access_keys: (1..=4).map(key).collect(),
        disturbance: Some(scheduler.disturbance()),
        observer: Some(Observer::new(move |answered| {
            eyes.answered(&answered);
            told.answered(&answered);
        })),
        ..Config::default()
    };
    let scene = Scene::new(&meeting.scenario, shelf, watch, config).await?;
    scene.before_all(shelf).await?;
    let mut workers = Vec::new();
    for (number, administrator) in (1..).zip(meeting.administrators) {
        let directory = scene.directory().join(format!("administrator-{number}"));
        let told = |error: std::io::Error| format!("no directory for an administrator: {error}");
        fs::create_dir(&directory).map_err(told)?;
        let mut worker = Worker { administrator, key: key(number), directory, private: None };
        if let Some(name) = administrator.key {
            shelf.copy_keys(name, &worker.keys())?;
        }
        if let Some(name) = administrator.second {
            shelf.add_public_key(name, &worker.keys())?;
        }
        worker.private = worker.private();
        workers.push(worker);
    }
    Ok((scene, workers))
}

/// What comes of it when they work one after another.
async fn in_turn(meeting: &'static Meeting, shelf: &Shelf) -> Result<String, String> {
    let (scene, workers) = begin(meeting, shelf, &Arc::new(Scheduler::default())).await?;
    for (number, worker) in workers.iter().enumerate() {
        let ended = worker.run(&scene, "--yes").await?;
        let loses = meeting.outcome == Outcome::OneWins && number > 0;
        if ended.code() != Some(i32::from(loses)) {
            return Err(format!("{}, one after another: {ended}", meeting.scenario.name));
        }
    }
    Ok(result(meeting, &scene, &workers))
}

/// The cloud in the form for comparing: the key that won without its bytes, and of several keys their ids.
fn result(meeting: &Meeting, scene: &Scene, workers: &[Worker<'_>]) -> String {
    let state = scene.sandbox.state();
    if meeting.outcome == Outcome::AllKeys {
        let all: BTreeSet<String> = workers.iter().flat_map(|worker| kids(&worker.keys())).collect();
        return format!(
            "published: {:?}, of these missing: {:?}",
            cloud::live(&state).len(),
            all.difference(&cloud::live(&state))
        );
    }
    let mut state = state;
    if meeting.administrators.iter().any(|one| one.words[0] != meeting.administrators[0].words[0])
        && meeting.outcome == Outcome::OneWins
    {
        // Whether there is a provider depends on who wins; that is looked at for itself.
        state["providers"] = Value::Null;
    }
    let live = cloud::live(&state);
    let of_winner = |worker: &&Worker<'_>| kids(&worker.keys()).iter().any(|kid| live.contains(kid));
    let masked = workers.iter().find(of_winner).map(Worker::keys);
    let masks =
        meeting.outcome == Outcome::OneWins || meeting.administrators.iter().all(|one| one.key.is_none());
    Snapshot::of_cloud(state, masked.as_deref().filter(|_| masks)).text()
}

/// The ids of the keys in a directory.
fn kids(keys: &Path) -> Vec<String> {
    let loaded = KeyDir::new(keys.to_owned()).load().ok().flatten();
    loaded.iter().flat_map(|loaded| loaded.ring.published()).map(|key| key.kid().to_string()).collect()
}
