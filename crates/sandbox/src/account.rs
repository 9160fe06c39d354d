//! An account: who it is, what it has and had, the ids that it gives to things, and the accounts beside it.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use issuer_discovery::{Partition, Region};
use issuer_policy::{Document, Kind};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::config::Config;
use crate::error::SandboxError;
use crate::history::History;
use crate::issuers::Elsewhere;
use crate::rate::Bucket;
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
    /// What the operator may do, where it is limited.
    pub(crate) operator: Option<Arc<Document>>,
    /// The rate of IAM's calls, where they have one.
    iam_rate: Option<Arc<Bucket>>,
    /// The account that has the buckets, where this is another one.
    home: Option<Arc<Account>>,
    /// All accounts of the sandbox.
    all: OnceLock<Vec<Weak<Account>>>,
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
        Self::check_id(&config.account)?;
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
        let operator = config.operator_policy.as_deref().map(operator_policy).transpose()?.map(Arc::new);
        let iam_rate = config.iam_rate.map(|rate| {
            let burst = config.iam_burst.unwrap_or_else(|| rate.saturating_mul(2));
            Arc::new(Bucket::new(rate, burst, config.clock.exact()))
        });
        let delay = config.propagation.unwrap_or_default();
        Ok(Self {
            config,
            partition,
            thumbprint,
            mint: Arc::new(Mint::new()?),
            elsewhere,
            under_way: UnderWay::default(),
            operator,
            iam_rate,
            home: None,
            all: OnceLock::new(),
            history: Mutex::new(History::new(state, delay)),
            calls: AtomicU64::new(1),
            things: AtomicU64::new(next_thing),
            started: Instant::now(),
        })
    }

    /// Checks that an account has twelve digits.
    pub(crate) fn check_id(id: &str) -> Result<(), SandboxError> {
        match id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Ok(()),
            false => Err(SandboxError::Account { account: id.to_owned() }),
        }
    }

    /// An account beside another one, which has the buckets.
    pub(crate) fn beside(
        home: &Arc<Self>,
        account: &str,
        saved: Option<Saved>,
    ) -> Result<Self, SandboxError> {
        let own = Self::new(home.config.beside(account), home.thumbprint.clone(), saved)?;
        // Whoever signs is found by what the token says, whichever account it is of.
        Ok(Self { mint: Arc::clone(&home.mint), home: Some(Arc::clone(home)), ..own })
    }

    /// Tells each of all accounts of the others.
    pub(crate) fn introduce(all: &[Arc<Self>]) {
        for account in all {
            let _ = account.all.set(all.iter().map(Arc::downgrade).collect());
        }
    }

    /// The account of the sandbox that has this id, itself too.
    pub(crate) fn neighbour(&self, id: &str) -> Option<Arc<Self>> {
        let all = self.all.get().into_iter().flatten();
        all.filter_map(Weak::upgrade).find(|account| account.config.account == id)
    }

    /// The account that has the buckets.
    pub(crate) fn home(&self) -> &Self {
        self.home.as_deref().unwrap_or(self)
    }

    /// Whether an access key is of this account, whoever's it is in it; of a temporary one its token tells.
    pub(crate) fn has_key(&self, access_key_id: &str, token: Option<&str>) -> bool {
        let of_session = || {
            let session = self.mint.read(access_key_id, token?)?;
            (session.account == self.config.account).then_some(())
        };
        self.config.key(access_key_id).is_some()
            || self.state().owner_of(access_key_id).is_some()
            || of_session().is_some()
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
            operator: self.operator.clone(),
            iam_rate: self.iam_rate.clone(),
            home: self.home.clone(),
            all: self.all.clone(),
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
        let digest = Sha256::digest(format!("{prefix}/{number}/{}/{}", self.config.account, self.thumbprint));
        format!("{prefix}{}", &base32(&digest)[..17])
    }

    /// Whether IAM takes one more call now.
    pub(crate) fn takes_a_call_of_iam(&self) -> bool {
        self.iam_rate.as_ref().is_none_or(|bucket| bucket.take(self.config.clock.exact()))
    }

    /// The secret of an access key: one that the sandbox is started with, a user's, or a temporary one, whose token
    /// has to be looked at beside.
    pub(crate) fn secret_of(&self, access_key_id: &str) -> Option<String> {
        let built_in = self.config.key(access_key_id).map(|(secret, _)| secret.to_owned());
        let of_user = || self.state().settled().owner_of(access_key_id).map(|(_, _, key)| key.secret.clone());
        built_in.or_else(of_user).or_else(|| self.mint.secret(access_key_id))
    }

    /// S3's canonical id of the owner of the account's buckets.
    pub(crate) fn canonical_id(&self) -> String {
        sha256_hex(self.config.account.as_bytes())
    }
}

/// Reads what an operator may do: a policy that IAM would take.
fn operator_policy(text: &str) -> Result<Document, SandboxError> {
    let document = Document::parse(text).map_err(SandboxError::OperatorPolicy)?;
    document.check_as_iam(Kind::Identity).map_err(SandboxError::OperatorPolicy)?;
    Ok(document)
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
