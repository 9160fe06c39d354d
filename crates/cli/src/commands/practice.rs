//! `bootstrap --sandbox`: the whole job on an AWS to practise on, and then what it is for: a workload's token becomes a
//! session of a role, through the AWS SDK.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use issuer_discovery::{
    CallError, Fetch as _, HttpsFetch, IssuerUrl, Patience, Region, Transport, TransportOptions,
};
use issuer_keygen::{KeyDir, ServiceAccount};
use issuer_plan::{
    KeySource, Plan, RoleAccess, RolesFacts, RolesRequest, RolesRunner, WantedRole, identity_policy,
};
use issuer_registrar::{
    Issuing, RoleArn, RoleClient, RoleSpec, Subject, assume_role_with_web_identity, caller_account,
};
use issuer_sandbox::Config;
use serde_json::json;

use super::Context;
use super::bootstrap::{Bootstrap, Scene};
use super::sandbox::{start, temporary};
use super::{emit, register};
use crate::args::{Apply, Global};
use crate::failure::Failure;
use crate::keys;
use crate::session::{self, Aws};

/// What a workload has in the practice run.
const SERVICE_ACCOUNT: &str = "default/my-app";
const ROLE: &str = "my-app";
const DATA_BUCKETS: [&str; 2] = ["my-app-data", "my-other-data"];

/// Runs the whole job on a sandbox of its own: no real profile and no endpoint is read, and the keys
/// are in a temporary directory that goes with it. Settings are written where --out says.
pub(crate) async fn practise(bootstrap: &Bootstrap, context: &Context) -> Result<(), Failure> {
    let printer = &context.printer;
    let region: Region = match &context.global.region {
        Some(region) => region.clone(),
        None => "us-east-1".parse().map_err(|error| Failure::usage(format!("{error}")))?,
    };
    let config = Config { region: region.to_string(), ..Config::default() };
    let (access_key, secret_key) = (config.access_key_id.clone(), config.secret_access_key.clone());
    let sandbox = start(config).await?;
    let directory = temporary()?;
    printer
        .say(&format!("a sandbox stands in for AWS at {}; nothing leaves this machine", sandbox.endpoint()));

    let transport = Transport::new(TransportOptions {
        ca_pem: Some(sandbox.ca_pem().as_bytes().to_vec()),
        https_proxy: Some(sandbox.endpoint().to_owned()),
        observer: session::observer(&context.global, printer),
        ..TransportOptions::default()
    })
    .map_err(|error| Failure::of(&error))?
    .within(context.global.timeout());
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            access_key, secret_key, None, None, "sandbox",
        )))
        .region(aws_config::Region::new(region.to_string()))
        .http_client(transport.sdk_client())
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new())
        .retry_config(session::retries())
        .timeout_config(session::timeouts(&context.global))
        .build();
    let account = caller_account(&config).await?;
    let aws = Aws { config, account, region: region.clone(), path_style: false };

    let keys = directory.path().join("keys");
    let bucket = match &bootstrap.place.bucket {
        Some(bucket) => bucket.clone(),
        None => "my-cluster-oidc".parse().map_err(|error| Failure::usage(format!("{error}")))?,
    };
    let (issuer, destination) = bootstrap.place.in_bucket(&bucket, &aws)?;
    let practice = Context {
        global: Global { keys: keys.clone(), ..context.global.clone() },
        printer: Arc::clone(printer),
    };
    let source = KeySource::Directory { directory: KeyDir::new(keys), make: Some(bootstrap.algorithm) };
    let apply = Apply { yes: true, ..Apply::default() };
    let scene = Scene { issuer: issuer.clone(), source, destination, transport: transport.clone() };
    let (mut finished, emission) = bootstrap.job(&practice, &aws, scene, apply).await?;

    let documents = made(
        &HttpsFetch::new(transport.clone()),
        &issuer.discovery_url(),
        &bootstrap.place.jwks_path.url(&issuer),
    )
    .await?;
    finished.report.insert("bucket".to_owned(), json!(bucket.as_str()));
    finished.report.insert("documents".to_owned(), json!(documents));
    let audience = bootstrap.provider.spec(&issuer, &context.global).audiences.into_iter().next();
    let workload = Workload {
        aws: &aws,
        directory: directory.path(),
        issuer: &issuer,
        data: if bucket.as_str() == DATA_BUCKETS[0] { DATA_BUCKETS[1] } else { DATA_BUCKETS[0] },
        audience: audience.map(|audience| audience.to_string()).unwrap_or_default(),
    };
    let caller = workload.prove().await?;
    finished.report.insert("caller".to_owned(), json!(caller));
    for (url, body) in &documents {
        printer.say(&format!("\n{url}\n{body}"));
    }
    printer.say(&format!(
        "\na token of {SERVICE_ACCOUNT} was taken by STS: as {caller} it put s3://{}/hello\n",
        workload.data
    ));
    finished.conclude(printer, &emit::text(&emission))?;
    sandbox.stop().await;
    printer.say(&format!(
        "\nthe sandbox and its keys are gone. On your AWS account: issuerctl bootstrap --bucket {bucket} --region {region} --dry-run"
    ));
    Ok(())
}

/// Reads what the public reads.
async fn made(fetch: &HttpsFetch, discovery: &str, jwks: &str) -> Result<Vec<(String, String)>, Failure> {
    let mut documents = Vec::new();
    for url in [discovery, jwks] {
        let fetched = fetch.get(url).await.map_err(|error| Failure::of(&error))?;
        documents.push((url.to_owned(), String::from_utf8_lossy(&fetched.body).into_owned()));
    }
    Ok(documents)
}

/// A workload of the cluster: a service account, a role that trusts it, and a bucket that the role may write to.
struct Workload<'a> {
    aws: &'a Aws,
    directory: &'a Path,
    issuer: &'a IssuerUrl,
    /// The bucket of the workload's own, never the issuer's.
    data: &'static str,
    audience: String,
}

impl Workload<'_> {
    /// Does what a pod does: its token becomes credentials, and those write an object. Returns who STS then sees.
    async fn prove(&self) -> Result<String, Failure> {
        let account: ServiceAccount = SERVICE_ACCOUNT.parse().map_err(|error| Failure::of(&error))?;
        let role = self.role(&account).await?;
        let token = self.token(&account)?;
        // The SDK's own provider of such credentials would read this machine's AWS environment.
        let session = assume_role_with_web_identity(&self.aws.config, &role, "practice", &token, None).await;
        let session = session.map_err(|error| Failure::of(&error))?;
        let credentials = SharedCredentialsProvider::new(session.credentials);
        let pod = self.aws.config.to_builder().credentials_provider(credentials).build();
        let put = aws_sdk_s3::Client::new(&pod).put_object().bucket(self.data).key("hello");
        put.body(ByteStream::from_static(b"hello from a pod\n")).send().await.map_err(|error| {
            Failure::of(&CallError::new("s3:PutObject", format!("{}/hello", self.data), error))
        })?;
        let identity = aws_sdk_sts::Client::new(&pod).get_caller_identity().send().await;
        let identity = identity.map_err(|error| {
            Failure::of(&CallError::new("sts:GetCallerIdentity", "the session's own identity", error))
        })?;
        Ok(identity.arn().unwrap_or_default().to_owned())
    }

    /// Makes the role, with the one policy that it needs, as `role apply` does, and the bucket.
    async fn role(&self, account: &ServiceAccount) -> Result<RoleArn, Failure> {
        let partition = self.aws.account.partition;
        let allowed = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "s3:PutObject",
            "Resource": format!("arn:{partition}:s3:::{}/*", self.data),
        }]});
        let spec = RoleSpec {
            name: ROLE.parse().map_err(|error| Failure::of(&error))?,
            path: None,
            subjects: BTreeSet::from([Subject::ServiceAccount(account.clone())]),
            audience: self.audience.parse().map_err(|error| Failure::of(&error))?,
            attach: BTreeSet::new(),
            inline: BTreeMap::from([(
                "put".parse().map_err(|error| Failure::of(&error))?,
                identity_policy(&allowed.to_string()).map_err(|error| Failure::of(&error))?,
            )]),
            create: BTreeMap::new(),
            boundary: None,
            max_session: None,
            tags: BTreeMap::new(),
        };
        let issuing = Issuing { issuer: self.issuer.clone(), account: self.aws.account.clone() };
        let arn =
            issuing.role_arn(&issuing.path(), &spec.name).parse().map_err(|error| Failure::of(&error))?;
        let own = &self.aws.account.id;
        let provider = register::client(self.aws, self.issuer, Patience::default());
        let roles = RoleClient::new(&self.aws.config, issuing, Patience::default());
        let access = RoleAccess { accounts: BTreeMap::from([(own.clone(), (roles, provider))]) };
        let roles = vec![WantedRole { account: own.clone(), spec }];
        let request = RolesRequest { issuer: self.issuer.clone(), roles, adopt: false };
        let facts = RolesFacts::read(&request, &access, &|_| {}).await?;
        let plan = Plan::build_roles(&request, &facts)?;
        let patience = Patience::default();
        RolesRunner { request: &request, access: &access, patience, events: &|_| {} }
            .apply(plan, facts)
            .await?;
        let bucket = aws_sdk_s3::Client::new(&self.aws.config).create_bucket().bucket(self.data);
        let bucket = bucket.set_create_bucket_configuration(location(&self.aws.region)).send().await;
        bucket.map_err(|error| Failure::of(&CallError::new("s3:CreateBucket", self.data, error)))?;
        Ok(arn)
    }

    fn token(&self, service_account: &ServiceAccount) -> Result<String, Failure> {
        let loaded = KeyDir::new(self.directory.join("keys")).load()?;
        let key = loaded.and_then(|loaded| loaded.signing_key);
        let key = key.ok_or_else(|| Failure::new("the practice run has lost its key"))?;
        keys::sign(&key, self.issuer, vec![self.audience.clone()], service_account, Duration::from_secs(600))
    }
}

/// us-east-1 takes no location constraint, and every other region wants one.
fn location(region: &Region) -> Option<CreateBucketConfiguration> {
    let constraint = BucketLocationConstraint::from(region.as_str());
    (!region.is_default_location())
        .then(|| CreateBucketConfiguration::builder().location_constraint(constraint).build())
}
