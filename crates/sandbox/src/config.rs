//! What a sandbox is started with: addresses, the account and its one access key, the clock.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;

/// How a sandbox is set up.
///
/// The access key and its secret are taken as given: who wants them random makes them. The defaults are plainly no
/// real credentials, and every SDK takes them.
#[derive(Clone)]
pub struct Config {
    /// Where the plain endpoint listens, which is the CONNECT proxy too; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where the TLS endpoint listens.
    pub tls_listen: SocketAddr,
    /// The account that everything belongs to: twelve digits.
    pub account: String,
    /// The one access key that is known.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The region that the environment names; it decides the partition of the account.
    pub region: String,
    /// Buckets of somebody else: names that are taken, and closed to this account.
    pub foreign_buckets: Vec<String>,
    /// Whether all four public access blocks of the account are on.
    pub account_block: bool,
    /// Whether addresses other than loopback are allowed.
    pub allow_non_loopback: bool,
    /// Added to every call before it is answered.
    pub latency: Option<Duration>,
    /// Told of every call that was answered.
    pub observer: Option<Observer>,
    /// The clock that signatures are checked against and that dates what is made.
    pub clock: Clock,
}

impl Default for Config {
    fn default() -> Self {
        let loopback = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self {
            listen: loopback,
            tls_listen: loopback,
            account: "123456789012".to_owned(),
            access_key_id: "SANDBOXEXAMPLEKEYID0".to_owned(),
            secret_access_key: "sandbox-example-secret-not-a-real-one-00".to_owned(),
            region: "us-east-1".to_owned(),
            foreign_buckets: Vec::new(),
            account_block: false,
            allow_non_loopback: false,
            latency: None,
            observer: None,
            clock: Clock::system(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("tls_listen", &self.tls_listen)
            .field("account", &self.account)
            .field("access_key_id", &self.access_key_id)
            .field("region", &self.region)
            .field("foreign_buckets", &self.foreign_buckets)
            .field("account_block", &self.account_block)
            .field("latency", &self.latency)
            .finish_non_exhaustive()
    }
}

/// A call that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answered {
    /// From one on, in the order in which calls came.
    pub number: u64,
    /// `s3:GetObject`, `iam:CreateOpenIDConnectProvider`; `unknown` when it was refused before that was clear.
    pub operation: String,
    /// The HTTP status.
    pub status: u16,
}

/// Is told of every call, from the task that answers it: it should not take long.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(Answered) + Send + Sync>);

impl Observer {
    /// An observer.
    pub fn new(see: impl Fn(Answered) + Send + Sync + 'static) -> Self {
        Self(Arc::new(see))
    }

    pub(crate) fn see(&self, call: Answered) {
        (self.0)(call);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// Tells the time; a test may tell it another.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(SystemTime::now)
    }

    /// A clock of one's own.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now, to the second: AWS shows no more of it.
    pub(crate) fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::from((self.0)());
        now.replace_nanosecond(0).unwrap_or(now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
