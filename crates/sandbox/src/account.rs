//! The one account: who it is, what it has and had, and the names that it gives to things.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use issuer_discovery::{Partition, Region};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::config::Config;
use crate::error::SandboxError;
use crate::history::History;
use crate::issuers::Elsewhere;
use crate::session::{Mint, base32};
use crate::sigv4::sha256_hex;
use crate::state::{AccessBlock, State};
use crate::store::Saved;
use crate::under_way::UnderWay;

/// The account and all its services' state, shared by every call.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) config: Config,
    pub(crate) partition: Partition,
    /// SHA-1 of the certificate authority under which the sandbox's own hosts answer.
    pub(crate) thumbprint: String,
    /// Where temporary credentials come from.
    pub(crate) mint: Arc<Mint>,
    /// The way to issuers that are in no bucket of the account's.
    pub(crate) elsewhere: Arc<Elsewhere>,
    /// The calls that AWS does not want two of at once.
    pub(crate) under_way: UnderWay,
    history: Mutex<History>,
    calls: AtomicU64,
    things: AtomicU64,
    started: Instant,
}

impl Account {
    /// An account with what was saved of it, or with nothing in it.
    pub(crate) fn new(
        config: Config,
        thumbprint: String,
        saved: Option<Saved>,
    ) -> Result<Self, SandboxError> {
        if config.account.len() != 12 || !config.account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SandboxError::Account { account: config.account });
        }
        let partition = config.region.parse::<Region>().map_err(SandboxError::Region)?.partition();
        let (mut state, next_thing) = match saved {
            Some(saved) if saved.account != config.account || saved.partition != partition.id() => {
                let path = config.state.unwrap_or_default();
                let Saved { account, partition, .. } = saved;
                return Err(SandboxError::StateOfAnotherAccount { path, account, partition });
            }
            Some(saved) => (saved.state, saved.next_thing),
            None => (State::default(), 1),
        };
        state.foreign = config.foreign_buckets.iter().cloned().collect();
        if config.account_block {
            state.account_block = Some(AccessBlock::ALL);
        }
        let elsewhere = Arc::new(Elsewhere::new(&config)?);
        let delay = config.propagation.unwrap_or_default();
        Ok(Self {
            config,
            partition,
            thumbprint,
            mint: Arc::new(Mint::new()?),
            elsewhere,
            under_way: UnderWay::default(),
            history: Mutex::new(History::new(state, delay)),
            calls: AtomicU64::new(1),
            things: AtomicU64::new(next_thing),
            started: Instant::now(),
        })
    }

    /// The same account as it was before the last change; what is done to it is done to a copy.
    pub(crate) fn before_the_last_change(&self) -> Self {
        Self {
            config: self.config.clone(),
            partition: self.partition,
            thumbprint: self.thumbprint.clone(),
            mint: Arc::clone(&self.mint),
            elsewhere: Arc::clone(&self.elsewhere),
            under_way: UnderWay::default(),
            history: Mutex::new(History::new(self.history().before().clone(), Duration::ZERO)),
            calls: AtomicU64::new(self.calls.load(Ordering::Relaxed)),
            things: AtomicU64::new(self.things.load(Ordering::Relaxed)),
            started: self.started,
        }
    }

    /// The state to look at, for as long as no await comes between.
    pub(crate) fn state(&self) -> Look<'_> {
        Look { at: self.config.clock.exact(), history: self.history() }
    }

    /// The state to change, for as long as no await comes between.
    pub(crate) fn change(&self) -> Change<'_> {
        let history = self.history();
        Change { at: self.config.clock.exact(), before: history.now().clone(), history }
    }

    /// The state as it would be saved, with the number of its last change.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let history = self.history();
        let (account, partition) = (self.config.account.clone(), self.partition.id().to_owned());
        let next_thing = self.things.load(Ordering::Relaxed);
        let state = Saved::new(account, partition, next_thing, history.now().clone());
        Snapshot { revision: history.revision(), state }
    }

    /// What a panic left behind is still whole.
    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.config.clock.now()
    }

    /// The time since the sandbox was started.
    pub(crate) fn running(&self) -> Duration {
        self.started.elapsed()
    }

    /// The number of the next call.
    pub(crate) fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    /// Hex that looks like nothing in particular, for the call of this number.
    pub(crate) fn call_id(&self, number: u64) -> String {
        sha256_hex(format!("call/{number}/{}", self.thumbprint).as_bytes())
    }

    /// The number of the next bucket or version: none is ever given twice.
    pub(crate) fn next_thing(&self) -> u64 {
        self.things.fetch_add(1, Ordering::Relaxed)
    }

    /// The id of a new version of an object.
    pub(crate) fn version_id(&self) -> String {
        let number = self.next_thing();
        sha256_hex(format!("version/{number}/{}", self.thumbprint).as_bytes())[..32].to_owned()
    }

    /// A unique id of IAM: four letters that tell what it is of, and seventeen of its own.
    pub(crate) fn unique_id(&self, prefix: &str) -> String {
        let number = self.next_thing();
        let digest = Sha256::digest(format!("{prefix}/{number}/{}", self.thumbprint));
        format!("{prefix}{}", &base32(&digest)[..17])
    }

    /// The user that the access keys belong to.
    pub(crate) fn user_arn(&self) -> String {
        format!("arn:{}:iam::{}:user/sandbox", self.partition, self.config.account)
    }

    /// Its unique id, in the form that users have.
    pub(crate) fn user_id(&self) -> &'static str {
        "AIDASANDBOXEXAMPLE000"
    }

    /// The ARN of a bucket, or of `BUCKET/KEY`.
    pub(crate) fn s3_arn(&self, path: &str) -> String {
        format!("arn:{}:s3:::{path}", self.partition)
    }

    /// The ARN of the provider of an issuer, given without `https://`.
    pub(crate) fn provider_arn(&self, url: &str) -> String {
        format!("arn:{}:iam::{}:oidc-provider/{url}", self.partition, self.config.account)
    }

    /// The ARN of a role.
    pub(crate) fn role_arn(&self, path: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:role{path}{name}", self.partition, self.config.account)
    }

    /// The ARN of a role's session: without the role's path.
    pub(crate) fn session_arn(&self, role: &str, session: &str) -> String {
        format!("arn:{}:sts::{}:assumed-role/{role}/{session}", self.partition, self.config.account)
    }

    /// The ARN of a managed policy of the account's own.
    pub(crate) fn policy_arn(&self, path: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:policy{path}{name}", self.partition, self.config.account)
    }

    /// S3's canonical id of the owner of the account's buckets.
    pub(crate) fn canonical_id(&self) -> String {
        sha256_hex(self.config.account.as_bytes())
    }
}

/// The state at one moment, to be written down.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) revision: u64,
    pub(crate) state: Saved,
}

/// The state, to be read.
pub(crate) struct Look<'a> {
    at: SystemTime,
    history: MutexGuard<'a, History>,
}

impl Look<'_> {
    /// The state as those parts of AWS know it that are late.
    pub(crate) fn settled(&self) -> &State {
        self.history.settled(self.at)
    }
}

impl Deref for Look<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        self.history.now()
    }
}

/// The state, to be changed: what it was before goes into the history, unless nothing changed.
pub(crate) struct Change<'a> {
    at: SystemTime,
    history: MutexGuard<'a, History>,
    before: State,
}

impl Change<'_> {
    /// The state as those parts of AWS know it that are late.
    pub(crate) fn settled(&self) -> &State {
        self.history.settled(self.at)
    }
}

impl Deref for Change<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        self.history.now()
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.history.now_mut()
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        let before = std::mem::take(&mut self.before);
        self.history.changed(before, self.at);
    }
}
