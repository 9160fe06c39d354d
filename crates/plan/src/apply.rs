//! Carries a plan out: stage by stage, the steps of a stage at once under a bound, and anew when
//! somebody else was faster.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use issuer_discovery::{HttpsFetch, Patience, Site, Tries, Waiting, read_back};
use issuer_keygen::{KeyDir, KeyRecord, KeyRing, SigningKey};
use issuer_registrar::ProviderClient;
use time::OffsetDateTime;

use crate::destination::Destination;
use crate::error::{Again, PlanError};
use crate::event::Event;
use crate::facts::Facts;
use crate::request::{KeySource, Request};
use crate::step::{Plan, Step};

/// How many steps of one stage are under way at once.
const CONCURRENT_STEPS: usize = 8;
/// A read-back that fails longer than this is reason to look at the destination again.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// Everything that a plan touches.
pub struct Runner<'a> {
    /// What is wanted.
    pub request: &'a Request,
    /// Where the documents go.
    pub destination: Option<&'a Destination>,
    /// The provider.
    pub provider: Option<&'a ProviderClient>,
    /// How the documents are read back; nothing when none are.
    pub fetch: Option<&'a HttpsFetch>,
    /// How long the read-back waits.
    pub patience: Patience,
    /// The time, for the records in the key directory.
    pub now: &'a (dyn Fn() -> OffsetDateTime + Send + Sync),
    /// Is told of progress.
    pub events: &'a (dyn Fn(Event) + Send + Sync),
}

/// What applying a plan did.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The steps that were done, in order.
    pub done: Vec<String>,
    /// The ring as it is now, when keys were asked about.
    pub ring: Option<KeyRing>,
}

impl Runner<'_> {
    /// Carries the plan out. Lost races are looked at anew; nothing is undone on the way.
    ///
    /// # Errors
    /// The first step that failed; those of its stage that had begun are ended, later ones not begun.
    pub async fn apply(&self, mut plan: Plan, mut facts: Facts) -> Result<Outcome, PlanError> {
        let mut outcome = Outcome { ring: facts.ring.clone(), ..Outcome::default() };
        let agreed: BTreeSet<&'static str> = plan.steps().map(Step::kind).collect();
        // Where nothing was to be done, nothing is done, the records of our own included.
        let changes = plan.has_changes();
        let mut wait = self.patience.wait();
        let mut unsure = Tries::default();
        loop {
            let error = match self.attempt(&mut plan, &mut facts, &mut outcome).await {
                Ok(()) => return Ok(outcome),
                Err(error) => error,
            };
            let Some(again) = error.again() else { return Err(error) };
            let paused = match &again {
                Again::Unsure { .. } => unsure.again().await,
                // What somebody else has just made is not visible everywhere at once.
                Again::Changed(_) => match wait.pause("", &|_: &_| {}) {
                    Some(pause) => {
                        tokio::time::sleep(pause).await;
                        true
                    }
                    None => false,
                },
            };
            if !paused {
                return Err(error.in_the_end());
            }
            (self.events)(Event::Again(again.clone()));
            facts = Facts::read(self.request, self.destination, self.provider).await?;
            outcome.ring = facts.ring.clone();
            plan = Plan::build(self.request, &facts, self.destination)?;
            let fits = |step: &Step| {
                let bookkeeping = changes && ["save-keys", "record-published"].contains(&step.kind());
                !step.changes() || bookkeeping || agreed.contains(step.kind())
            };
            if !plan.steps().all(fits) {
                return Err(PlanError::PlanChanged { what: again.what().to_owned() });
            }
            (self.events)(Event::Replanned(plan.steps().map(ToString::to_string).collect()));
        }
    }

    async fn attempt(
        &self,
        plan: &mut Plan,
        facts: &mut Facts,
        outcome: &mut Outcome,
    ) -> Result<(), PlanError> {
        let mut next = 0;
        while let Some(stage) = plan.stages.get(next).cloned() {
            next += 1;
            // Some steps never wait: whoever wants this to end is heard between them.
            tokio::task::yield_now().await;
            if let Some(Step::MakeKey { algorithm, .. }) = stage.steps.first() {
                let step = &stage.steps[0];
                (self.events)(Event::Started(step.to_string()));
                self.make_key(*algorithm)?;
                (self.events)(Event::Done(step.to_string()));
                outcome.done.push(step.to_string());
                // The key is on disk: the rest of the plan is the one with a key.
                facts.ring =
                    self.directory().map(KeyDir::load).transpose()?.flatten().map(|loaded| loaded.ring);
                outcome.ring = facts.ring.clone();
                *plan = Plan::build(self.request, facts, self.destination)?;
                next = 0;
                continue;
            }
            let running = stage.steps.iter().map(|step| async move {
                (self.events)(Event::Started(step.to_string()));
                let ring = self.step(step).await?;
                (self.events)(Event::Done(step.to_string()));
                Ok((step, ring))
            });
            // All that has begun is ended, even when one fails: no call is dropped on its way.
            let ended: Vec<Result<_, PlanError>> =
                stream::iter(running).buffered(CONCURRENT_STEPS).collect().await;
            let mut failed = None;
            for result in ended {
                match result {
                    Ok((step, ring)) => {
                        outcome.ring = ring.or(outcome.ring.take());
                        outcome.done.push(step.to_string());
                    }
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(())
    }

    async fn step(&self, step: &Step) -> Result<Option<KeyRing>, PlanError> {
        let waiting = |waiting: &Waiting| (self.events)(Event::Waiting(waiting.clone()));
        match step {
            // Handled by the stage; a plan with a key has none of them.
            Step::MakeKey { .. } | Step::PublishNew { .. } => {}
            // Those of plans with runners of their own.
            Step::Role { .. } | Step::Remove(_) | Step::Certificate { .. } => {}
            Step::SaveKeys { ring, .. } => {
                if let Some(directory) = self.directory() {
                    directory.save(ring)?;
                }
                return Ok(Some(ring.clone()));
            }
            Step::Publish(change) => {
                if let Some(destination) = self.destination {
                    destination.apply(change, &waiting).await?;
                }
            }
            Step::Confirm(changes) => {
                if let Some(destination) = self.destination {
                    let looks = changes.iter().map(|change| destination.confirm(change));
                    futures_util::future::try_join_all(looks).await?;
                }
            }
            Step::ReadBack { site, .. } => {
                if let (Some(site), Some(fetch)) = (site, self.fetch) {
                    self.read_back(fetch, site, &waiting).await?;
                }
            }
            Step::RecordPublished { kids, .. } => {
                if let Some(directory) = self.directory()
                    && let Some(loaded) = directory.load()?
                {
                    let now = (self.now)();
                    let mut ring = loaded.ring;
                    for kid in kids {
                        ring.update_record(kid, |record| {
                            record.first_published.get_or_insert(now);
                        });
                    }
                    directory.save(&ring)?;
                    return Ok(Some(ring));
                }
            }
            Step::Register(change) => {
                if let Some(provider) = self.provider {
                    provider.apply(change, &waiting).await?;
                }
            }
            Step::Output { file, .. } => file.write()?,
        }
        Ok(None)
    }

    /// Reads back; when it does not succeed at once, looks whether somebody has changed meanwhile what
    /// was published (a policy written at the same moment takes ours away): that is made good anew.
    async fn read_back(
        &self,
        fetch: &HttpsFetch,
        site: &Site,
        waiting: &(dyn Fn(&Waiting) + Send + Sync),
    ) -> Result<(), PlanError> {
        let sleep = async |pause: Duration| tokio::time::sleep(pause).await;
        let first = Patience { limit: self.patience.limit.min(FIRST_LOOK), ..self.patience };
        if read_back(fetch, site, first, waiting, sleep).await.is_ok() {
            return Ok(());
        }
        self.check_undisturbed(site).await?;
        let rest = Patience { limit: self.patience.limit.saturating_sub(first.limit), ..self.patience };
        let Err(error) = read_back(fetch, site, rest, waiting, sleep).await else { return Ok(()) };
        self.check_undisturbed(site).await?;
        Err(error.into())
    }

    async fn check_undisturbed(&self, site: &Site) -> Result<(), PlanError> {
        if let (Some(destination), Some(publish)) = (self.destination, &self.request.publish) {
            let place = destination.read().await?;
            if !destination.diff(&place, site, &publish.tags, publish.adoption)?.is_empty() {
                return Err(PlanError::PublishedChanged);
            }
        }
        Ok(())
    }

    fn make_key(&self, algorithm: issuer_keygen::Algorithm) -> Result<(), PlanError> {
        let Some(directory) = self.directory() else { return Ok(()) };
        let key = SigningKey::generate(algorithm)?;
        let record = KeyRecord {
            issuer: Some(self.request.issuer.to_string()),
            made: Some((self.now)()),
            ..KeyRecord::default()
        };
        Ok(directory.create(&key, record)?)
    }

    fn directory(&self) -> Option<&KeyDir> {
        match self.request.publish.as_ref().map(|publish| &publish.keys) {
            Some(KeySource::Directory { directory, .. }) => Some(directory),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Runner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("request", self.request).finish_non_exhaustive()
    }
}
