//! The one account: who it is, what it has, and the names that it gives to things.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use issuer_discovery::{Partition, Region};
use time::OffsetDateTime;

use crate::config::Config;
use crate::error::SandboxError;
use crate::sigv4::sha256_hex;
use crate::state::{AccessBlock, State};

/// The account and all its services' state, shared by every call.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) config: Config,
    pub(crate) partition: Partition,
    /// SHA-1 of the certificate authority under which the sandbox's own hosts answer.
    pub(crate) thumbprint: String,
    state: Mutex<State>,
    calls: AtomicU64,
    things: AtomicU64,
}

impl Account {
    /// An account with nothing in it.
    pub(crate) fn new(config: Config, thumbprint: String) -> Result<Self, SandboxError> {
        if config.account.len() != 12 || !config.account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SandboxError::Account { account: config.account });
        }
        let partition = config.region.parse::<Region>().map_err(SandboxError::Region)?.partition();
        let state = State {
            foreign: config.foreign_buckets.iter().cloned().collect(),
            account_block: config.account_block.then_some(AccessBlock::ALL),
            ..State::default()
        };
        Ok(Self {
            config,
            partition,
            thumbprint,
            state: Mutex::new(state),
            calls: AtomicU64::new(1),
            things: AtomicU64::new(1),
        })
    }

    /// The state, for as long as no await comes between. What a panic left behind is still whole.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.config.clock.now()
    }

    /// The number of the next call.
    pub(crate) fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    /// Hex that looks like nothing in particular, for the call of this number.
    pub(crate) fn call_id(&self, number: u64) -> String {
        sha256_hex(format!("call/{number}/{}", self.thumbprint).as_bytes())
    }

    /// The id of a new version of an object.
    pub(crate) fn version_id(&self) -> String {
        let number = self.things.fetch_add(1, Ordering::Relaxed);
        sha256_hex(format!("version/{number}/{}", self.thumbprint).as_bytes())[..32].to_owned()
    }

    /// Who the access key belongs to.
    pub(crate) fn caller_arn(&self) -> String {
        format!("arn:{}:iam::{}:user/sandbox", self.partition, self.config.account)
    }

    /// Its unique id, in the form that users have.
    pub(crate) fn caller_id(&self) -> &'static str {
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

    /// S3's canonical id of the owner of the account's buckets.
    pub(crate) fn canonical_id(&self) -> String {
        sha256_hex(self.config.account.as_bytes())
    }
}
