//! An AWS to practise on: S3, S3 Control, IAM's OpenID Connect providers, roles, users and policies, and STS, on
//! loopback, in one process.
//!
//! Three ways in. The plain endpoint takes calls of SDKs with an endpoint override. The same address is a proxy:
//! with `HTTPS_PROXY` and `AWS_CA_BUNDLE` set, SDKs reach the sandbox under AWS's real host names and need nothing
//! else. The public endpoint speaks TLS for those names directly, for clients that map names to addresses
//! themselves.
//!
//! # What is enforced
//!
//! What it answers it answers as AWS does, refusals included, with AWS's codes and messages.
//!
//! - Signature Version 4 of every signed call: key, region, service, signed headers, body, and a clock that differs
//!   by 15 minutes at most.
//! - S3: bucket names, LocationConstraint, us-east-1's 200 for an owned bucket, the expected owner; all four
//!   settings of Block Public Access on every new bucket and, if asked for, on the account, when a policy is written
//!   and when an object is read; no ACLs; policies of at most 20 KB, weighed by the policy crate, for signed callers
//!   too; anonymous reads through the policy only, 403 for what is not public or not there; conditional reads, writes
//!   and deletes; checksums; versioning; tags of buckets; default encryption; deletion of empty buckets only;
//!   ListObjectsV2 and ListObjectVersions in pages.
//! - IAM: the ten calls for providers, with the rules for Url, client ids, thumbprints, tags and quotas. A provider
//!   without a thumbprint is made when its issuer can be read: in one of the sandbox's own buckets as everybody reads
//!   it there, up to a mebibyte, or over TLS where [`Config::connect_to`] leads, which is loopback only.
//! - IAM: users, with inline and attached policies, permissions boundaries, tags, and at most two access keys each.
//! - IAM: roles, with their trust policies, inline policies, attached policies, permissions boundaries and tags;
//!   managed policies of one's own with up to five versions, and four of AWS's: `AdministratorAccess`,
//!   `AmazonS3FullAccess`, `AmazonS3ReadOnlyAccess`, `IAMReadOnlyAccess`. Names, paths, sizes without white space and
//!   quotas are IAM's, lists come in pages, and what is in use is not deleted.
//! - Policies of IAM and of buckets: their elements, operators, actions and resources are looked at when they are put,
//!   and whom they name: in the own account it has to be there, elsewhere it has to look like somebody.
//! - STS: GetCallerIdentity; AssumeRole, where the trust policy allows the caller and, unless it names the caller
//!   itself, the caller's own policies do too; and AssumeRoleWithWebIdentity, which fetches the issuer's documents as
//!   everybody can and judges the token as the relying party crate does. The trust policy may ask for time, address, region and TLS of
//!   the call. A refusal has AWS's code, status and message, and names its step in the header `x-issuerctl-step` and
//!   in the trace.
//! - What a caller may do: each call asks for its actions, on what it is done to and with the condition keys that it
//!   has, as the [Service Authorization Reference][reference] lists them; what is made with tags or an ACL asks for those
//!   actions too, and a condition on an ETag for reading. Sessions are held to the role's policies, bounded by its
//!   permissions boundary and the session's own policy; users of IAM to theirs; the access key that the environment
//!   names to [`Config::operator_policy`], where there is one; and all to the bucket's policy. Deny comes before Allow,
//!   and a condition that is not known denies. Temporary credentials come with their token, run out, and end with their
//!   role.
//! - How often: with [`Config::iam_rate`] the calls of IAM that come faster are throttled, each account's on their own.
//! - Two changes of one thing at once: `ConcurrentModification` for a provider, a role or a policy, where the model
//!   knows it, `OperationAborted` for a bucket that is being made, `ConditionalRequestConflict` for a conditional write while an earlier one of the key is under
//!   way, or when the object was deleted meanwhile.
//!
//! # Several accounts
//!
//! [`Config::more_accounts`] have an IAM, an account's block and an access key each; the buckets are all the first
//! account's, closed to the others but for what everybody may read. A role of one account can be assumed from another
//! when its trust policy and the caller's own policies allow it. Whether a policy names somebody who is there is known
//! of the own account only.
//!
//! # What is delayed
//!
//! With [`Config::propagation`], what AWS is late with, and nothing else:
//!
//! - S3's [bucket configurations][consistency]: an access block (also the account's) counts for PutBucketPolicy and
//!   anonymous reads, and a policy for anonymous reads, after the delay. A deleted bucket stays in ListBuckets as
//!   long, and its name is not free.
//! - [IAM][eventual]: Get and List show a change after the delay, and STS and the permissions of sessions follow it
//!   then; whoever changes something acts on what is.
//!
//! Objects, and settings that are read back, are [strongly consistent][consistency] and never late. Versioning takes
//! effect at once, though AWS asks for patience there. What was saved before a restart has settled.
//!
//! # What goes wrong on request
//!
//! A [`Disturbance`] decides for each call whether it is carried out, refused, cut, withheld or answered from an
//! older state; [`Disturbance::by_chance`] is the one behind `--fail-rate`.
//!
//! # What is not there
//!
//! Presigned URLs, upload forms, multipart uploads, copies, ACLs, object tags and locks, other encryption than AES256
//! and aws:kms (whose keys are only names), directory buckets; groups, passwords, instance profiles and service-linked
//! roles of IAM, and changes of a user's tags, boundary or keys' status; session tags, source identities, policy ARNs
//! and variables in policies; buckets' tags in conditions; all other policies of AWS's own, and of the four the exact
//! versions. Keys of KMS ask for no permissions. Whoever has one of the keys that the sandbox is started with, and no
//! operator policy limits, may do what no bucket policy denies. What it does not know it refuses by name, with
//! `NotImplemented` or `InvalidAction`.
//!
//! State is in memory and ends with the sandbox, or is kept in [`Config::state`], that of further accounts in
//! directories below it: then every change is on disk before it is answered, and as it is written whole each time, a
//! kept state is for hundreds of things; temporary credentials end with the sandbox in any case. It is no place for
//! secrets, but for those of the users' keys that it made itself: whoever has a key of the start may do everything, and
//! it answers everyone who can reach its address, which is why that is loopback.
//!
//! [reference]: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
//! [consistency]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
//! [eventual]: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency

mod account;
mod actions;
mod arns;
mod authorize;
mod call;
mod caller;
mod chance;
mod config;
mod context;
mod disturbance;
mod error;
mod history;
mod host;
mod iam;
mod issuers;
mod parameters;
mod principals;
mod query;
mod rate;
mod received;
mod refusal;
mod s3;
mod s3control;
mod server;
mod service;
mod session;
mod sigv4;
mod state;
mod store;
mod sts;
mod tls;
mod trace;
mod under_way;
mod wire;
mod xml;

use std::iter;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use config::{AccessKey, Answered, Clock, Config, Observer};
pub use disturbance::{Arrived, Disturbance, Fault};
pub use error::SandboxError;

use account::Account;
use server::Server;
use service::{Member, Service};
use store::Store;
use tls::Authority;
use trace::Trace;

/// A sandbox that runs, in background tasks of the runtime that it was started on, until it is stopped or dropped.
#[derive(Debug)]
pub struct Sandbox {
    config: Config,
    endpoint: String,
    public_endpoint: String,
    public_address: SocketAddr,
    ca_pem: String,
    stop: watch::Sender<()>,
    listeners: [JoinHandle<()>; 2],
    /// All accounts, the one with the buckets first.
    accounts: Vec<Arc<Account>>,
}

impl Sandbox {
    /// Starts a sandbox. When this returns, it answers.
    ///
    /// # Errors
    /// An address that is not loopback (unless allowed) or taken, an account or region that is none, a state that
    /// cannot be read or that another sandbox has, a trace that cannot be written.
    pub async fn start(config: Config) -> Result<Self, SandboxError> {
        let (plain, plain_address) = server::listen(config.listen, config.allow_non_loopback).await?;
        let (encrypted, public_address) =
            server::listen(config.tls_listen, config.allow_non_loopback).await?;
        let store = config.state.as_deref().map(Store::open).transpose()?;
        let saved = store.as_ref().map(Store::load).transpose()?.flatten();
        let trace = config.trace.as_deref().map(Trace::begin).transpose()?;
        let authority = Arc::new(authority(&config, store.as_ref(), public_address)?);
        let ca_pem = authority.pem();
        let account = Arc::new(Account::new(config.clone(), authority.thumbprint(), saved)?);
        let others = others(&account)?;
        let all = iter::once(&account).chain(others.iter().map(|member| &member.account));
        let all = all.cloned().collect::<Vec<_>>();
        Account::introduce(&all);
        let (stop, stopped) = watch::channel(());
        let home = Member { account: Arc::clone(&account), store };
        let server =
            Server::new(Arc::new(Service::new(home, others, trace)), authority.server_config()?, stopped);
        Ok(Self {
            config,
            endpoint: format!("http://{plain_address}"),
            public_endpoint: format!("https://{public_address}"),
            public_address,
            ca_pem,
            stop,
            listeners: [server.clone().plain(plain), server.encrypted(encrypted)],
            accounts: all,
        })
    }

    /// The plain endpoint, `http://127.0.0.1:PORT`; the proxy is at the same address.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The TLS endpoint, `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn public_endpoint(&self) -> &str {
        &self.public_endpoint
    }

    /// The address of the TLS endpoint: where names of AWS have to lead.
    #[must_use]
    pub fn public_address(&self) -> SocketAddr {
        self.public_address
    }

    /// The certificate of the authority behind the TLS endpoint and the proxy, as PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The environment in which the AWS CLI and SDKs use the sandbox; `ca_file` is where [`Sandbox::ca_pem`] was
    /// written.
    #[must_use]
    pub fn environment(&self, ca_file: &Path) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ACCESS_KEY_ID", self.config.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.config.secret_access_key.clone()),
            ("AWS_REGION", self.config.region.clone()),
            ("AWS_DEFAULT_REGION", self.config.region.clone()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("HTTPS_PROXY", self.endpoint.clone()),
            ("AWS_CA_BUNDLE", ca_file.display().to_string()),
        ]
    }

    /// The access keys of the further accounts, with the accounts: as the two variables that differ from
    /// [`Sandbox::environment`].
    #[must_use]
    pub fn account_environments(&self) -> Vec<(String, [(&'static str, String); 2])> {
        let others = self.accounts.iter().skip(1).map(|account| &account.config);
        let others = others.map(|config| {
            let keys = [
                ("AWS_ACCESS_KEY_ID", config.access_key_id.clone()),
                ("AWS_SECRET_ACCESS_KEY", config.secret_access_key.clone()),
            ];
            (config.account.clone(), keys)
        });
        others.collect()
    }

    /// The access key that may do everything, where what the other one may do is limited: as the two variables that
    /// differ from [`Sandbox::environment`].
    #[must_use]
    pub fn admin_environment(&self) -> Option<[(&'static str, String); 2]> {
        let key = &self.config.admin_access_key;
        self.config.operator_policy.as_ref()?;
        Some([("AWS_ACCESS_KEY_ID", key.id.clone()), ("AWS_SECRET_ACCESS_KEY", key.secret.clone())])
    }

    /// The whole state as it would be saved, for comparing: the account's block, buckets with their settings,
    /// policies and objects (bodies in base64), providers, roles, managed policies and users, without the secrets of
    /// their keys. That of further accounts is in `accounts`, by their ids.
    #[must_use]
    pub fn state(&self) -> serde_json::Value {
        let shown =
            |account: &Arc<Account>| (account.config.account.clone(), account.state().without_secrets());
        let mut all = self.accounts.iter().map(shown);
        let mut state = all.next().map(|(_, state)| state).unwrap_or_default();
        let others = all.collect::<serde_json::Map<_, _>>();
        if !others.is_empty() {
            state["accounts"] = others.into();
        }
        state
    }

    /// Stops listening and ends every connection. When this returns, another sandbox may have the state.
    pub async fn stop(self) {
        // Nobody left to be told is as good.
        let _ = self.stop.send(());
        for listener in self.listeners {
            // It ends by itself; one that panicked has ended too.
            let _ = listener.await;
        }
        self.stop.closed().await;
    }
}

/// The accounts beside the first one, each with what was saved of it.
fn others(home: &Arc<Account>) -> Result<Vec<Member>, SandboxError> {
    let ids = &home.config.more_accounts;
    let open = |(index, id): (usize, &String)| {
        if *id == home.config.account || ids[..index].contains(id) {
            return Err(SandboxError::AccountTwice { account: id.clone() });
        }
        // An id that is none is no name of a directory either.
        Account::check_id(id)?;
        let directory = home.config.beside(id).state;
        let store = directory.as_deref().map(Store::open).transpose()?;
        let saved = store.as_ref().map(Store::load).transpose()?.flatten();
        Ok(Member { account: Arc::new(Account::beside(home, id, saved)?), store })
    };
    ids.iter().enumerate().map(open).collect()
}

/// The authority that is kept with the state, or a new one.
fn authority(config: &Config, store: Option<&Store>, address: SocketAddr) -> Result<Authority, SandboxError> {
    let (now, addresses) = (config.clock.now(), vec![address.ip()]);
    let Some(store) = store else { return Authority::new(now, addresses) };
    if let Some(pem) = store.authority()? {
        let path = store.authority_path();
        return Authority::kept(&pem, now, addresses).ok_or(SandboxError::AuthorityCorrupt { path });
    }
    let authority = Authority::new(now, addresses)?;
    store.keep_authority(&authority.to_keep())?;
    Ok(authority)
}
