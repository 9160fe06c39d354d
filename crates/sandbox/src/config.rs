//! What a sandbox is started with: addresses, the account and its access keys, disturbances, the clock.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use issuer_discovery::ConnectTo;
use time::OffsetDateTime;

use crate::disturbance::Disturbance;

/// How a sandbox is set up.
///
/// The access keys and their secrets are taken as given: who wants them random makes them. The defaults are plainly no
/// real credentials, and every SDK takes them.
#[derive(Clone)]
pub struct Config {
    /// Where the plain endpoint listens, which is the CONNECT proxy too; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where the TLS endpoint listens.
    pub tls_listen: SocketAddr,
    /// The account that has the buckets: twelve digits.
    pub account: String,
    /// Further accounts, each with an IAM and a key of its own; the buckets are all the first one's.
    pub more_accounts: Vec<String>,
    /// The access key that the environment names.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// Further keys of the same account, which may do everything.
    pub more_access_keys: Vec<AccessKey>,
    /// What the access key that the environment names may do: an identity policy. Without one it may do everything.
    pub operator_policy: Option<String>,
    /// The key that may still do everything where there is an operator policy; without one it is not known.
    pub admin_access_key: AccessKey,
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
    /// How long a change takes to show where AWS is eventually consistent: access blocks, bucket policies, IAM.
    pub propagation: Option<Duration>,
    /// A directory that keeps the state and the certificate authority; without one they end with the sandbox.
    pub state: Option<PathBuf>,
    /// A file that gets one line of JSON for each call.
    pub trace: Option<PathBuf>,
    /// Where IAM and STS connect to when they read an issuer that is in no bucket of the sandbox's; to loopback only, unless
    /// other addresses are allowed.
    pub connect_to: Vec<ConnectTo>,
    /// The authorities, as PEM, that they trust there; without them those of the system.
    pub ca_pem: Option<Vec<u8>>,
    /// How many calls of IAM are taken in a second; without it as many as come. What comes faster is throttled.
    pub iam_rate: Option<u32>,
    /// How many are taken at once after a pause; twice the rate where nothing is said.
    pub iam_burst: Option<u32>,
    /// Decides what goes wrong with which call.
    pub disturbance: Option<Disturbance>,
    /// Told of every call, before its answer is sent, cut or withheld.
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
            more_accounts: Vec::new(),
            access_key_id: "SANDBOXEXAMPLEKEYID0".to_owned(),
            secret_access_key: "sandbox-example-secret-not-a-real-one-00".to_owned(),
            more_access_keys: Vec::new(),
            operator_policy: None,
            admin_access_key: AccessKey {
                id: "SANDBOXEXAMPLEADMIN0".to_owned(),
                secret: "sandbox-example-admin-no-real-secret-000".to_owned(),
            },
            region: "us-east-1".to_owned(),
            foreign_buckets: Vec::new(),
            account_block: false,
            allow_non_loopback: false,
            latency: None,
            propagation: None,
            state: None,
            trace: None,
            connect_to: Vec::new(),
            ca_pem: None,
            iam_rate: None,
            iam_burst: None,
            disturbance: None,
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
            .field("more_accounts", &self.more_accounts)
            .field("access_key_id", &self.access_key_id)
            .field("region", &self.region)
            .field("foreign_buckets", &self.foreign_buckets)
            .field("account_block", &self.account_block)
            .field("latency", &self.latency)
            .field("propagation", &self.propagation)
            .field("state", &self.state)
            .field("trace", &self.trace)
            .field("more_access_keys", &self.more_access_keys)
            .field("operator_policy", &self.operator_policy)
            .field("iam_rate", &self.iam_rate)
            .field("iam_burst", &self.iam_burst)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The secret of one of the keys that it is started with, and whose it is; nothing for one that is not known.
    pub(crate) fn key(&self, access_key_id: &str) -> Option<(&str, BuiltIn)> {
        let limited = self.operator_policy.is_some();
        if access_key_id == self.access_key_id {
            let whose = if limited { BuiltIn::Operator } else { BuiltIn::Owner };
            return Some((&self.secret_access_key, whose));
        }
        let admin = limited.then_some(&self.admin_access_key);
        let key = self.more_access_keys.iter().chain(admin).find(|key| key.id == access_key_id)?;
        Some((&key.secret, if limited { BuiltIn::Admin } else { BuiltIn::Owner }))
    }

    /// The same for one of the further accounts: nothing that is the first one's alone.
    pub(crate) fn beside(&self, account: &str) -> Self {
        let AccessKey { id, secret } = AccessKey::of_account(account);
        Self {
            account: account.to_owned(),
            access_key_id: id,
            secret_access_key: secret,
            more_access_keys: Vec::new(),
            operator_policy: None,
            foreign_buckets: Vec::new(),
            account_block: false,
            state: self.state.as_ref().map(|directory| directory.join("accounts").join(account)),
            ..self.clone()
        }
    }

    /// The users that are there from the start.
    pub(crate) fn built_in(&self) -> &'static [BuiltIn] {
        if self.operator_policy.is_some() { &[BuiltIn::Operator, BuiltIn::Admin] } else { &[BuiltIn::Owner] }
    }
}

/// A user that a sandbox is started with, whom no call makes or deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BuiltIn {
    /// The one user where there is no operator policy: it may do what nothing denies.
    Owner,
    /// The one whom the operator policy limits.
    Operator,
    /// The one whom it does not.
    Admin,
}

impl BuiltIn {
    /// The user's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Owner | Self::Operator => "sandbox",
            Self::Admin => "admin",
        }
    }

    /// Its unique id, in the form that users have.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Owner | Self::Operator => "AIDASANDBOXEXAMPLE000",
            Self::Admin => "AIDASANDBOXEXAMPLE001",
        }
    }
}

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Its id, which is no secret.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl AccessKey {
    /// The key of a further account: plainly no real one, as that of the first.
    pub(crate) fn of_account(account: &str) -> Self {
        Self { id: format!("SANDBOX{account}0"), secret: format!("sandbox-example-secret-{account}-fake") }
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A call that was carried out, or was not: before its answer is sent, cut or withheld.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answered {
    /// From one on, in the order in which calls came.
    pub number: u64,
    /// `s3:GetObject`, `iam:CreateOpenIDConnectProvider`; `unknown` when it was refused before that was clear.
    pub operation: String,
    /// What is asked for, as [`Arrived`](crate::Arrived) has it.
    pub call: String,
    /// The access key that the Authorization header names; none for an anonymous call.
    pub access_key_id: Option<String>,
    /// The HTTP status of the answer, sent or not; 0 where there is none, because it was not carried out.
    pub status: u16,
    /// When it came, since the sandbox was started: before the latency is added.
    pub arrived: Duration,
    /// When its answer was ready, since the sandbox was started.
    pub answered: Duration,
    /// The step at which STS refused the token; none for anything else.
    pub step: Option<String>,
    /// What went wrong with it on purpose, by the name of the [`Fault`](crate::Fault).
    pub fault: Option<&'static str>,
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

    /// The time now, as exact as it is known.
    pub(crate) fn exact(&self) -> SystemTime {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
