//! One run's world: a sandbox, a directory, what was done there before, and the command.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use issuer_sandbox::{AccessKey, Config, Sandbox};
use tempfile::TempDir;

use crate::others;
use crate::program::{self, Ended, Run};
use crate::scenario::{Before, PORT, Scenario};
use crate::shelf::Shelf;
use crate::snapshot::Snapshot;
use crate::watch::{Aim, Disturb, Point, Watch};
use crate::web::Web;

/// The world of one run.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) scenario: &'static Scenario,
    pub(crate) watch: Arc<Watch>,
    pub(crate) sandbox: Arc<Sandbox>,
    root: TempDir,
    program: PathBuf,
    web: Web,
}

/// How long the program waits at most for what AWS makes true in its own time, in seconds.
const WAIT: &str = "4";

impl Scene {
    /// Makes the world and does what comes before the command.
    pub(crate) async fn prepared(scenario: &'static Scenario, shelf: &Shelf) -> Result<Self, String> {
        let watch = Watch::new(scenario);
        let config = Config {
            region: scenario.region.to_owned(),
            disturbance: Some(watch.disturbance()),
            observer: Some(watch.observer()),
            ..Config::default()
        };
        let scene = Self::new(scenario, shelf, watch, config).await?;
        scene.before_all(shelf).await?;
        Ok(scene)
    }

    /// Does what comes before the command.
    pub(crate) async fn before_all(&self, shelf: &Shelf) -> Result<(), String> {
        for before in self.scenario.before {
            self.before(before, shelf).await?;
        }
        Ok(())
    }

    /// A world with other eyes on its sandbox.
    pub(crate) async fn new(
        scenario: &'static Scenario,
        shelf: &Shelf,
        watch: Arc<Watch>,
        config: Config,
    ) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("no directory could be made: {error}");
        let root = TempDir::with_prefix("halfway-").map_err(told)?;
        for name in ["home", "work"] {
            fs::create_dir(root.path().join(name)).map_err(told)?;
        }
        let sandbox = Arc::new(Sandbox::start(config).await.map_err(|error| error.to_string())?);
        watch.look_at(&sandbox);
        let trusted = format!("{}{}", sandbox.ca_pem(), shelf.certificate);
        fs::write(root.path().join("ca.pem"), trusted).map_err(told)?;
        let site = root.path().join("work").join(scenario.site().unwrap_or("nowhere"));
        let web = Web::start(site, Arc::clone(&shelf.tls), Arc::clone(&watch)).await?;
        Ok(Self { scenario, watch, sandbox, root, program: shelf.program.clone(), web })
    }

    /// The directory in which the program runs and writes.
    pub(crate) fn directory(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The words with `last` at their end, in this world.
    pub(crate) fn words(&self, words: &[&str], last: &str) -> Run {
        let port = self.web.port.to_string();
        let words = words.iter().chain([&last]).map(|word| word.replace(PORT, &port)).collect();
        let mut environment = vec![
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
            ("HOME".to_owned(), self.root.path().join("home").display().to_string()),
            ("ISSUERCTL_WAIT".to_owned(), WAIT.to_owned()),
        ];
        let of_sandbox = self.sandbox.environment(&self.root.path().join("ca.pem"));
        environment.extend(of_sandbox.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Run {
            program: self.program.clone(),
            words,
            environment,
            directory: self.directory(),
            umask: self.scenario.umask,
        }
    }

    /// The same, run by the owner of an access key.
    pub(crate) fn words_of(&self, key: &AccessKey, words: &[&str], last: &str) -> Run {
        let mut run = self.words(words, last);
        for (name, value) in &mut run.environment {
            match name.as_str() {
                "AWS_ACCESS_KEY_ID" => key.id.clone_into(value),
                "AWS_SECRET_ACCESS_KEY" => key.secret.clone_into(value),
                _ => {}
            }
        }
        run
    }

    /// Runs the command to its end; `last` is `--yes` or `--check`.
    pub(crate) async fn command(&self, last: &str) -> Result<Ended, String> {
        self.watch.begin(None);
        program::run(&self.words(self.scenario.words, last), |_| {}).await
    }

    /// Runs the command with one call disturbed. Timeouts are short where that is what is tried.
    pub(crate) async fn disturbed(&self, aim: Aim, short_timeouts: bool) -> Result<Ended, String> {
        self.watch.begin(Some(aim));
        let mut run = self.words(self.scenario.words, "--yes");
        if short_timeouts {
            run.environment.push(("ISSUERCTL_TIMEOUT".to_owned(), "1".to_owned()));
        }
        let ended = program::run(&run, |pid| self.watch.started(pid)).await;
        let hit = self.watch.was_hit();
        self.watch.begin(None);
        if hit { ended } else { Err(UNREACHED.to_owned()) }
    }

    /// Looks at all that there is.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, String> {
        let keys = self.scenario.makes_key().then(|| Path::new(self.scenario.keys()));
        Snapshot::take(self.sandbox.state(), &self.directory(), keys)
    }

    async fn before(&self, before: &Before, shelf: &Shelf) -> Result<(), String> {
        let told = |error: std::io::Error| format!("cannot prepare {}: {error}", self.scenario.name);
        let keys = self.directory().join(self.scenario.keys());
        match before {
            Before::Keys => shelf.copy_keys("one", &keys),
            Before::SecondKey => shelf.add_public_key("two", &keys),
            Before::File(path, text) => {
                let path = self.directory().join(path);
                fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(told)?;
                fs::write(path, text).map_err(told)
            }
            Before::Others(all) => others::act(&self.sandbox, self.scenario.region, all).await,
            Before::Run(words) => {
                let ended = program::run(&self.words(words, "--yes"), |_| {}).await?;
                match ended.code() {
                    Some(0) => Ok(()),
                    _ => Err(format!("cannot prepare {}: {ended}", self.scenario.name)),
                }
            }
            Before::Killed(words, call) => {
                let point = Point { call: (*call).to_owned(), anonymous: false, nth: 1 };
                self.watch.begin(Some(Aim { point, disturb: Disturb::KillBefore, lasting: false }));
                let run = self.words(words, "--yes");
                let ended = program::run(&run, |pid| self.watch.started(pid)).await?;
                self.watch.begin(None);
                if ended.was_killed() {
                    return Ok(());
                }
                Err(format!("cannot prepare {}: it never asks {call}: {ended}", self.scenario.name))
            }
        }
    }
}

/// What is said when a run did not come to the point that it was aimed at.
pub(crate) const UNREACHED: &str = "the run did not come to this point";
