//! An AWS to practise on: S3, S3 Control, IAM's OpenID Connect providers and STS, on loopback, in one process.
//!
//! Three ways in. The plain endpoint takes calls of SDKs with an endpoint override. The same address is a proxy:
//! with `HTTPS_PROXY` and `AWS_CA_BUNDLE` set, SDKs reach the sandbox under AWS's real host names and need nothing
//! else. The public endpoint speaks TLS for those names directly, for clients that map names to addresses
//! themselves.
//!
//! What it answers it answers as AWS does, refusals included; what it does not know it refuses by name. Signatures
//! are verified, new buckets block public access and have no ACLs, and a policy decides what anonymous callers read.
//! State is in memory and ends with the sandbox. It is no place for secrets: whoever has its one key may do
//! everything, and it answers everyone who can reach its address, which is why that is loopback.

mod account;
mod call;
mod config;
mod error;
mod host;
mod iam;
mod query;
mod refusal;
mod s3;
mod s3control;
mod server;
mod service;
mod sigv4;
mod state;
mod sts;
mod tls;
mod xml;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use config::{Answered, Clock, Config, Observer};
pub use error::SandboxError;

use account::Account;
use server::Server;
use service::Service;
use tls::Authority;

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
}

impl Sandbox {
    /// Starts a sandbox. When this returns, it answers.
    ///
    /// # Errors
    /// An address that is not loopback (unless allowed) or taken, an account or region that is none.
    pub async fn start(config: Config) -> Result<Self, SandboxError> {
        let (plain, plain_address) = server::listen(config.listen, config.allow_non_loopback).await?;
        let (encrypted, public_address) =
            server::listen(config.tls_listen, config.allow_non_loopback).await?;
        let authority = Arc::new(Authority::new(config.clock.now(), vec![public_address.ip()])?);
        let ca_pem = authority.pem();
        let account = Arc::new(Account::new(config.clone(), authority.thumbprint())?);
        let (stop, stopped) = watch::channel(());
        let server = Server::new(Arc::new(Service::new(account)), authority.server_config()?, stopped);
        Ok(Self {
            config,
            endpoint: format!("http://{plain_address}"),
            public_endpoint: format!("https://{public_address}"),
            public_address,
            ca_pem,
            stop,
            listeners: [server.clone().plain(plain), server.encrypted(encrypted)],
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

    /// Stops listening and ends every connection.
    pub async fn stop(self) {
        drop(self.stop);
        for listener in self.listeners {
            // It ends by itself; one that panicked has ended too.
            let _ = listener.await;
        }
    }
}
