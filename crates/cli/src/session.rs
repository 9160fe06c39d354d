//! The way out of this process: the transport, and AWS's configuration from flags, environment and
//! profiles. The only place that reads the environment, clap's variables apart.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use issuer_discovery::{Call, CallFailure, MAX_ATTEMPTS, Region, Transport, TransportOptions};
use issuer_doctor::{KubectlCall, KubectlObserver};
use issuer_registrar::{Account, RegisterError, RoleArn, assume_role, caller_account};

use crate::args::{Endpoint, Global};
use crate::failure::Failure;
use crate::input;
use crate::printer::Printer;

/// AWS, as these flags and this environment see it.
#[derive(Debug)]
pub(crate) struct Aws {
    pub(crate) config: SdkConfig,
    pub(crate) account: Account,
    /// The region that calls go to.
    pub(crate) region: Region,
    /// An endpoint of one's own knows no virtual hosts.
    pub(crate) path_style: bool,
}

/// The same, before anybody is asked whose credentials these are.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) config: SdkConfig,
    pub(crate) region: Region,
    pub(crate) path_style: bool,
}

/// Prepares the transport from flags and environment.
pub(crate) fn transport(global: &Global, printer: &Arc<Printer>) -> Result<Transport, Failure> {
    if global.endpoint_url.as_ref().is_some_and(Endpoint::has_user) {
        return Err(Failure::usage("--endpoint-url has no user name or password")
            .hint("credentials come from the environment or from a profile"));
    }
    open(global, printer, endpoint_host(global))
}

fn endpoint_host(global: &Global) -> Option<String> {
    match &global.endpoint_url {
        Some(endpoint) => host_of(endpoint.as_str()),
        None => variable("AWS_ENDPOINT_URL").as_deref().and_then(host_of),
    }
}

/// Loads AWS's configuration and asks whose credentials these are.
pub(crate) async fn aws(
    global: &Global,
    printer: &Arc<Printer>,
    transport: &Transport,
) -> Result<Aws, Failure> {
    let Configuration { config, region, path_style } = configuration(global, printer, transport).await?;
    let account =
        caller_account(&config).await.map_err(|error| no_profile(global, &error).unwrap_or(error.into()))?;
    check_partition(&account, &region)?;
    Ok(Aws { config, account, region, path_style })
}

/// The same in another account: as the session of a role there.
pub(crate) async fn assumed(aws: &Aws, role: &RoleArn) -> Result<Aws, Failure> {
    let credentials = assume_role(&aws.config, role).await?;
    let config = aws.config.to_builder();
    let config = config.credentials_provider(SharedCredentialsProvider::new(credentials)).build();
    let account = caller_account(&config).await?;
    check_partition(&account, &aws.region)?;
    Ok(Aws { config, account, region: aws.region.clone(), path_style: aws.path_style })
}

/// AWS as the session of that role, where one is named.
pub(crate) async fn aws_as(
    global: &Global,
    printer: &Arc<Printer>,
    transport: &Transport,
    role: Option<&RoleArn>,
) -> Result<Aws, Failure> {
    let aws = aws(global, printer, transport).await?;
    match role {
        Some(role) => assumed(&aws, role).await,
        None => Ok(aws),
    }
}

/// The region that flags or the environment name, for commands that ask nobody.
pub(crate) fn named_region(global: &Global) -> Result<Region, Failure> {
    let region = match &global.region {
        Some(region) => return Ok(region.clone()),
        None => variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")),
    };
    let region = region
        .ok_or_else(|| Failure::usage("no AWS region is set").hint("give --region, or set AWS_REGION"))?;
    region.parse().map_err(|error| Failure::usage(format!("{error}")))
}

fn check_partition(account: &Account, region: &Region) -> Result<(), Failure> {
    if account.partition != region.partition() {
        return Err(Failure::usage(format!(
            "these credentials are of the partition {}, but the region {region} is in {}",
            account.partition,
            region.partition()
        ))
        .hint("give a --region of that partition, or another --profile"));
    }
    Ok(())
}

/// Loads AWS's configuration; nothing is asked yet.
pub(crate) async fn configuration(
    global: &Global,
    printer: &Arc<Printer>,
    transport: &Transport,
) -> Result<Configuration, Failure> {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(transport.sdk_client())
        .retry_config(retries())
        .timeout_config(timeouts(global));
    if let Some(region) = &global.region {
        loader = loader.region(aws_config::Region::new(region.to_string()));
    }
    if let Some(profile) = &global.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &global.endpoint_url {
        loader = loader.endpoint_url(endpoint.as_str());
    }
    let mut config = loader.load().await;
    let region: Region = match config.region().map(AsRef::as_ref).filter(|region: &&str| !region.is_empty()) {
        Some(region) => region.parse().map_err(|error| Failure::usage(format!("{error}")))?,
        None => {
            return Err(Failure::usage("no AWS region is set")
                .hint("give --region, set AWS_REGION, or set one in the profile"));
        }
    };
    if let Some(profile) = &global.profile {
        // As the aws CLI has it: a profile that is named wins over keys in the environment.
        let settings = ProviderConfig::default()
            .with_region(config.region().cloned())
            .with_behavior_version(Some(BehaviorVersion::v2026_01_12()))
            .with_http_client(transport.sdk_client());
        let provider =
            ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&settings).build();
        let provider = SharedCredentialsProvider::new(provider);
        config = config.into_builder().credentials_provider(provider).build();
    }
    // A profile may name the endpoint; only then is its host known this late.
    let endpoint = config.endpoint_url().and_then(host_of);
    if endpoint != endpoint_host(global) {
        let rebuilt = open(global, printer, endpoint)?;
        config = config.into_builder().http_client(rebuilt.sdk_client()).build();
    }
    let path_style = config.endpoint_url().is_some() || variable("AWS_ENDPOINT_URL_S3").is_some();
    Ok(Configuration { config, region, path_style })
}

/// A profile that was named and gives nothing is what to look at, not the environment.
fn no_profile(global: &Global, error: &RegisterError) -> Option<Failure> {
    let RegisterError::Call(call) = error else { return None };
    let profile = global.profile.as_ref().filter(|_| *call.reason == CallFailure::NoCredentials)?;
    let failure = Failure::new(format!("the AWS profile {profile} is not there, or gives no credentials"));
    Some(failure.hint("look into ~/.aws/config and ~/.aws/credentials, or sign in: aws sso login"))
}

/// Throttling, 5xx and lost answers: tried again with backoff and jitter.
pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS)
}

/// The bound of one try of one call.
pub(crate) fn timeouts(global: &Global) -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(global.timeout()).build()
}

/// Tells of each outside call, when that was asked for.
pub(crate) fn observer(global: &Global, printer: &Arc<Printer>) -> Option<issuer_discovery::Observer> {
    if !global.verbose {
        return None;
    }
    let printer = Arc::clone(printer);
    Some(Arc::new(move |call: &Call| {
        let action = call.action.as_deref().map(|action| format!(" {action}")).unwrap_or_default();
        let status = call.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        printer.call(&format!(
            "{} {}{action}: {status} in {} ms",
            call.method,
            call.url,
            call.elapsed.as_millis()
        ));
    }))
}

/// Tells of each call of kubectl, when that was asked for.
pub(crate) fn kubectl_observer(global: &Global, printer: &Arc<Printer>) -> Option<KubectlObserver> {
    if !global.verbose {
        return None;
    }
    let printer = Arc::clone(printer);
    Some(Arc::new(move |call: &KubectlCall| {
        let ended = if call.succeeded { "answered" } else { "failed" };
        printer.call(&format!("{}: {ended} in {} ms", call.command, call.elapsed.as_millis()));
    }))
}

fn open(
    global: &Global,
    printer: &Arc<Printer>,
    endpoint_host: Option<String>,
) -> Result<Transport, Failure> {
    let ca_file: Option<PathBuf> =
        global.ca_file.clone().or_else(|| variable("AWS_CA_BUNDLE").map(Into::into));
    let ca_pem = ca_file.map(|path| input::read("CA file", &path)).transpose()?;
    let options = TransportOptions {
        ca_pem,
        connect_to: global.connect_to.clone(),
        https_proxy: variable("HTTPS_PROXY").or_else(|| variable("https_proxy")),
        no_proxy: variable("NO_PROXY").or_else(|| variable("no_proxy")),
        endpoint_host,
        observer: observer(global, printer),
    };
    let transport = Transport::new(options).map_err(|error| Failure::of(&error))?;
    Ok(transport.within(global.timeout()))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns the host of a URL, with the brackets of IPv6.
fn host_of(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split('/').next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match authority.find(']') {
        Some(end) => &authority[..=end],
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_endpoints() {
        let table = [
            ("http://127.0.0.1:4566", Some("127.0.0.1")),
            ("https://s3.example.com/x", Some("s3.example.com")),
            ("http://[::1]:1/", Some("[::1]")),
            ("http://u:p@h:1", Some("h")),
            ("nonsense", None),
        ];
        for (url, host) in table {
            assert_eq!(host_of(url).as_deref(), host, "{url}");
        }
    }
}
