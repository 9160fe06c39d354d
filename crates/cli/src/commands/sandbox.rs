//! `sandbox`: an AWS to practise on.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use issuer_keygen::{Existing, write_whole};
use issuer_sandbox::{Config, Disturbance, Sandbox, SandboxError};
use serde_json::{Map, Value, json};

use super::Context;
use crate::args::Global;
use crate::failure::Failure;
use crate::input;

/// Run an AWS to practise on, on this machine
///
/// S3, IAM's OpenID Connect providers, roles, users and policies, and STS, as strict as AWS in every
/// call that it has. Its STS verifies tokens; sessions and users may do what their policies say. It
/// runs until it is stopped. When it is ready it prints its endpoints, the CA file and the
/// environment to export: with that, the aws CLI and every SDK reach it under AWS's own host names.
///
/// It connects to nobody. Issuers are read in buckets of the sandbox's own, or where --connect-to
/// leads on this machine (with --ca-file).
#[derive(Debug, Args)]
pub(crate) struct SandboxCommand {
    /// Where to listen; port 0 is any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where to write the certificate of its CA [default: ca.pem in --state, else a temporary file]
    #[arg(long, value_name = "FILE")]
    write_ca: Option<PathBuf>,
    /// Milliseconds to add to every call
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// Keep everything in this directory, the CA too: a sandbox that is started again goes on from
    /// there
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Write one line of JSON for each call; a file that is there is replaced
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Let this share of the calls fail, from 0 to 1: throttled, 5xx, or the connection is cut
    #[arg(long, value_name = "P", value_parser = share)]
    fail_rate: Option<f64>,
    /// Choose the calls that fail by this number: the same calls fail with the same one [default: a
    /// random one, which is said]
    #[arg(long, value_name = "N", requires = "fail_rate")]
    seed: Option<u64>,
    /// Milliseconds until a change shows where AWS is eventually consistent: access blocks and
    /// bucket policies for the next policy and for the public, deleted buckets, all of IAM
    #[arg(long, value_name = "MS", default_value_t = 0)]
    propagation: u64,
    /// A bucket name that another account has taken
    #[arg(long, value_name = "NAME")]
    foreign_bucket: Vec<String>,
    /// A further account, with an IAM and an access key of its own; the buckets are all the first
    /// one's, 123456789012
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// Let the access key that is printed do only what this identity policy allows; a second key,
    /// which may do everything, is printed too
    #[arg(long, value_name = "FILE")]
    operator_policy: Option<PathBuf>,
    /// Take this many calls of IAM a second and throttle the others, as IAM does
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    iam_rate: Option<u32>,
    /// Take this many calls of IAM at once after a pause [default: twice --iam-rate]
    #[arg(long, value_name = "N", requires = "iam_rate", value_parser = clap::value_parser!(u32).range(1..))]
    iam_burst: Option<u32>,
    /// Switch the account's own public access block on
    #[arg(long)]
    account_block: bool,
    /// Listen on addresses that other machines can reach, and read issuers on other machines
    #[arg(long)]
    allow_non_loopback: bool,
}

impl SandboxCommand {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let printer = &context.printer;
        let seed = self.fail_rate.map(|_| self.seed.unwrap_or_else(random_seed));
        let faults = self.fail_rate.zip(seed);
        let mut config = Config {
            listen: self.listen,
            tls_listen: SocketAddr::new(self.listen.ip(), 0),
            foreign_buckets: self.foreign_bucket.clone(),
            account_block: self.account_block,
            allow_non_loopback: self.allow_non_loopback,
            latency: (self.latency > 0).then(|| Duration::from_millis(self.latency)),
            propagation: (self.propagation > 0).then(|| Duration::from_millis(self.propagation)),
            disturbance: faults.map(|(probability, seed)| Disturbance::by_chance(probability, seed)),
            state: self.state.clone(),
            trace: self.trace.clone(),
            connect_to: context.global.connect_to.clone(),
            ca_pem: self.authorities(&context.global)?,
            more_accounts: self.account.clone(),
            operator_policy: self.policy_of_operator()?,
            iam_rate: self.iam_rate,
            iam_burst: self.iam_burst,
            ..Config::default()
        };
        if let Some(region) = &context.global.region {
            config.region = region.to_string();
        }
        let sandbox = start(config).await?;
        // Kept until the end: the file goes with it.
        let kept = self.state.as_ref().map(|directory| directory.join("ca.pem"));
        let (_temporary, ca_file) = match self.write_ca.clone().or(kept) {
            Some(path) => {
                write_ca(&sandbox, &path)?;
                (None, path)
            }
            None => {
                let directory = temporary()?;
                let path = directory.path().join("ca.pem");
                write_ca(&sandbox, &path)?;
                (Some(directory), path)
            }
        };
        // Whoever exports it may work in another directory.
        let ca_file = std::path::absolute(&ca_file)
            .map_err(|error| Failure::new(format!("cannot tell where {} is: {error}", ca_file.display())))?;
        let mut environment = sandbox.environment(&ca_file);
        // A NO_PROXY of the user's own could lead past the sandbox to AWS itself.
        environment.push(("NO_PROXY", String::new()));
        if printer.is_json() {
            let environment: Map<String, Value> =
                environment.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            let mut line = json!({
                "endpoint": sandbox.endpoint(),
                "public_endpoint": sandbox.public_endpoint(),
                "ca_file": ca_file,
                "env": environment,
            });
            if let Some(seed) = seed {
                line["seed"] = json!(seed);
            }
            if let Some(admin) = sandbox.admin_environment() {
                line["admin_env"] = in_json(admin);
            }
            let accounts = sandbox.account_environments().into_iter();
            let accounts: Map<String, Value> = accounts.map(|(id, keys)| (id, in_json(keys))).collect();
            if !accounts.is_empty() {
                line["accounts"] = accounts.into();
            }
            printer.json_line(&line)?;
        } else {
            let exports: String = environment
                .iter()
                .map(|(name, value)| format!("export {name}={}\n", quoted(value)))
                .collect();
            printer.data(format!("{exports}unset {OVERRIDING}\n").as_bytes())?;
            printer.say(&format!(
                "endpoint         {} (also the proxy for AWS's host names)",
                sandbox.endpoint()
            ));
            printer.say(&format!("public endpoint  {}", sandbox.public_endpoint()));
            printer.say(&format!("CA file          {}", ca_file.display()));
            if let Some(admin) = sandbox.admin_environment() {
                printer.say(
                    "the access key may do what the operator policy allows; this one may do everything:",
                );
                printer.say(&export(admin));
            }
            for (id, keys) in sandbox.account_environments() {
                printer.say(&format!("account {id}:"));
                printer.say(&export(keys));
            }
            if let (Some(seed), None) = (seed, self.seed) {
                printer.say(&format!("calls fail by chance; --seed {seed} lets the same ones fail again"));
            }
            printer.say(match &self.state {
                None => "ready; Ctrl-C ends it, and what it holds is gone then",
                Some(_) => "ready; Ctrl-C ends it, and what it holds is kept",
            });
        }
        crate::planned::interrupt().await;
        sandbox.stop().await;
        Ok(())
    }

    fn policy_of_operator(&self) -> Result<Option<String>, Failure> {
        let Some(path) = &self.operator_policy else { return Ok(None) };
        let bytes = input::read("operator policy", path)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::new(format!("the operator policy {} is not text", path.display())));
        text.map(Some)
    }

    /// The authorities that IAM trusts at issuers elsewhere: those of --ca-file alone, for a bundle of
    /// the environment is how clients find a sandbox.
    fn authorities(&self, global: &Global) -> Result<Option<Vec<u8>>, Failure> {
        global.ca_file.as_ref().map(|path| input::read("CA file", path)).transpose()
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("{text:?} is not a number from 0 to 1"))
}

/// Short enough to be typed again.
fn random_seed() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0 >> 44
}

pub(crate) async fn start(config: Config) -> Result<Sandbox, Failure> {
    Sandbox::start(config).await.map_err(|error| match error {
        SandboxError::NotLoopback { .. } => Failure::of(&error)
            .into_usage()
            .hint("give an address of 127.0.0.0/8 or ::1, or --allow-non-loopback if that is meant"),
        SandboxError::Account { .. } | SandboxError::AccountTwice { .. } => Failure::of(&error).into_usage(),
        SandboxError::OperatorPolicy(_) => Failure::of(&error)
            .into_usage()
            .hint("give an identity policy, such as `issuerctl permissions` prints"),
        SandboxError::StateInUse { .. } => {
            Failure::of(&error).hint("stop that one, or give each its own --state directory")
        }
        SandboxError::StateCorrupt { .. } | SandboxError::AuthorityCorrupt { .. } => {
            Failure::of(&error).hint("put it right from a copy, or give another --state directory")
        }
        SandboxError::StateNewer { .. } => {
            Failure::of(&error).hint("run the newer issuerctl, or give another --state directory")
        }
        SandboxError::StateOfAnotherAccount { .. } => {
            Failure::of(&error).hint("give a --region of that partition, or another --state directory")
        }
        error => Failure::of(&error),
    })
}

pub(crate) fn temporary() -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new()
        .prefix("issuerctl-sandbox-")
        .tempdir()
        .map_err(|error| Failure::new(format!("cannot make a temporary directory: {error}")))
}

fn write_ca(sandbox: &Sandbox, path: &Path) -> Result<(), Failure> {
    // For everyone to read, and for nobody else to write: others are told to trust it.
    write_whole(path, sandbox.ca_pem().as_bytes(), 0o644, Existing::Replace)
        .map_err(|error| Failure::new(format!("cannot write the CA file {}: {error}", path.display())))
}

/// What would win over the exported environment.
const OVERRIDING: &str = "AWS_SESSION_TOKEN AWS_PROFILE AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3 AWS_ENDPOINT_URL_IAM \
                          AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL_S3_CONTROL https_proxy no_proxy";

fn in_json(keys: [(&str, String); 2]) -> Value {
    keys.into_iter().map(|(name, value)| (name, json!(value))).collect()
}

fn export(keys: [(&str, String); 2]) -> String {
    format!("export {}", keys.map(|(name, value)| format!("{name}={}", quoted(&value))).join(" "))
}

/// Quotes a value for a POSIX shell.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}
