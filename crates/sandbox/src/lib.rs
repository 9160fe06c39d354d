//! An AWS to practise on: S3, S3 Control, IAM's OpenID Connect providers, roles and policies, and STS, on loopback,
//! in one process.
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
//! - IAM: roles, with their trust policies, inline policies, attached policies, permissions boundaries and tags;
//!   managed policies of one's own with up to five versions, and four of AWS's: `AdministratorAccess`,
//!   `AmazonS3FullAccess`, `AmazonS3ReadOnlyAccess`, `IAMReadOnlyAccess`. Names, paths, sizes without white space and
//!   quotas are IAM's, lists come in pages, and what is in use is not deleted.
//! - Policies of IAM and of buckets: their elements, operators, actions and resources are looked at when they are put,
//!   and whom they name: in the own account it has to be there, elsewhere it has to look like somebody.
//! - STS: GetCallerIdentity, and AssumeRoleWithWebIdentity, which fetches the issuer's documents as everybody can and
//!   judges the token as the relying party crate does. The trust policy may ask for time, address, region and TLS of
//!   the call. A refusal has AWS's code, status and message, and names its step in the header `x-issuerctl-step` and
//!   in the trace.
//! - What the temporary credentials may do: the role's policies, bounded by its permissions boundary and the session's
//!   own policy, and the bucket's policy. Deny comes before Allow, actions and resources have wildcards, and a
//!   condition that is not known denies. What is made with tags or an ACL asks for those actions too. Their token has
//!   to come with each call, they run out, and they end with their role.
//! - Two changes of one thing at once: `ConcurrentModification` for a provider, a role or a policy, where the model
//!   knows it, `OperationAborted` for a bucket that
//!   is being made, `ConditionalRequestConflict` for a conditional write while an earlier one of the key is under
//!   way, or when the object was deleted meanwhile.
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
//! and aws:kms (whose keys are only names), directory buckets; users, groups, instance profiles and service-linked
//! roles of IAM; AssumeRole, session tags, policy ARNs and variables in policies; all other policies of AWS's own, and
//! of the four the exact versions. Keys of KMS ask for no permissions. The account's one user may do what no bucket
//! policy denies: whoever has an access key is that user. What it does not know it refuses by name, with
//! `NotImplemented` or `InvalidAction`.
//!
//! State is in memory and ends with the sandbox, or is kept in [`Config::state`]: then every change is on disk before
//! it is answered, and as it is written whole each time, a kept state is for hundreds of things; temporary credentials
//! end with the sandbox in any case. It is no place for secrets: whoever has a key may do everything, and it answers
//! everyone who can reach its address, which is why that is loopback.
//!
//! [consistency]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
//! [eventual]: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency

mod account;
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
use service::Service;
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
    account: Arc<Account>,
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
        let (stop, stopped) = watch::channel(());
        let server = Server::new(
            Arc::new(Service::new(Arc::clone(&account), store, trace)),
            authority.server_config()?,
            stopped,
        );
        Ok(Self {
            config,
            endpoint: format!("http://{plain_address}"),
            public_endpoint: format!("https://{public_address}"),
            public_address,
            ca_pem,
            stop,
            listeners: [server.clone().plain(plain), server.encrypted(encrypted)],
            account,
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

    /// The whole state as it would be saved, for comparing: the account's block, buckets with their settings,
    /// policies and objects (bodies in base64), providers, roles and managed policies.
    #[must_use]
    pub fn state(&self) -> serde_json::Value {
        // Maps with text for keys, and nothing that JSON cannot write.
        serde_json::to_value(&*self.account.state()).unwrap_or_default()
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
