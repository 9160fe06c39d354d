//! `doctor`: walks the chain from the signing key to the role, and says which link is broken.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use issuer_discovery::{
    AcceptedIssuer, BucketName, BucketPlace, HttpsFetch, IssuerUrl, JwksPath, Prefix, Region, S3Location,
};
use issuer_doctor::{
    ClusterRequest, Fact, KeyFacts, Keys, Kubectl, Made, Outside, Report, Request, Status, TokenText, gather,
    load_keys, page,
};
use issuer_keygen::{Existing, ServiceAccount, SigningKey, write_whole};
use issuer_plan::KeySource;
use issuer_registrar::{Audience, DEFAULT_AUDIENCE, RoleArn};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Context;
use crate::failure::Failure;
use crate::session::Configuration;
use crate::{input, keys, session, tree};

/// As much of a page as has the name of its maker in it: that stands behind the styles.
const PAGE_HEAD: u64 = 64 << 10;

/// How long the token lives that is signed for --assume-role alone.
const TOKEN_LIFE: Duration = Duration::from_secs(300);

/// Walk the chain that AWS STS walks, and say which link is broken
///
/// From the signing key over the documents, the bucket, the IAM provider and the role to a token:
/// each check says what should be, what is, and what mends it. Nothing is changed. What is not asked
/// about, or what the credentials do not show, is skipped and says so; without AWS credentials
/// everything else is still looked at. Ends with 1 when a check fails.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The issuer, byte for byte as the cluster's tokens have it
    #[arg(long, value_name = "URL")]
    issuer: AcceptedIssuer,
    /// The bucket that holds the documents [default: the one that the issuer's host names]
    #[arg(long, value_name = "NAME")]
    bucket: Option<BucketName>,
    /// The issuer's part of the bucket [default: the path of --issuer]
    #[arg(long, value_name = "PATH")]
    prefix: Option<Prefix>,
    /// Where the JWKS is below the issuer
    #[arg(long, value_name = "PATH", default_value = "openid/v1/jwks")]
    jwks_path: JwksPath,
    /// The audience of tokens for AWS
    #[arg(long, value_name = "TEXT", default_value = DEFAULT_AUDIENCE)]
    audience: Audience,
    /// The role that a workload wants
    #[arg(long, value_name = "ARN")]
    role_arn: Option<RoleArn>,
    /// The workload's service account
    #[arg(long, value_name = "NS/NAME")]
    service_account: Option<ServiceAccount>,
    /// A token of the workload, in a file; it is looked at byte for byte, and never shown
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
    /// Ask STS for a session of --role-arn, with --token, or with one that is signed here for
    /// --service-account
    #[arg(long, requires = "role_arn")]
    assume_role: bool,
    /// How many seconds the session of --role-arn has to last, when that is asked for
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(900..=43200))]
    session_duration: Option<u64>,
    /// Look at the cluster and at its pod identity webhook too, through kubectl as it is set up here
    #[arg(long)]
    cluster: bool,
    /// The context of kubectl [default: its current one]
    #[arg(long, value_name = "NAME", requires = "cluster")]
    context: Option<String>,
    /// What `kubectl get --raw /.well-known/openid-configuration` answered, where there is no kubectl
    #[arg(long, value_name = "FILE", conflicts_with = "cluster")]
    cluster_openid_configuration: Option<PathBuf>,
    /// What `kubectl get --raw /openid/v1/jwks` answered
    #[arg(long, value_name = "FILE", conflicts_with = "cluster")]
    cluster_jwks: Option<PathBuf>,
    /// Write the report as one HTML page that needs nothing else; such a page of before is replaced
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Doctor {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let (global, printer) = (&context.global, &context.printer);
        if let Some(path) = &self.html {
            check_page(path)?;
        }
        let transport = session::transport(global, printer)?;
        let (keys, signing_key) = load_keys(match keys::source(global, printer, None)? {
            KeySource::Public(ring) => Keys::Public(ring.published().cloned().collect()),
            KeySource::Directory { directory, .. } => Keys::Directory(directory),
        });
        let token = self.token(context, &keys, signing_key)?;
        let configured = self.configuration(context, &transport).await;
        let bucket = self.place(configured.as_ref().ok().map(|found| &found.region))?;
        let request = Request {
            issuer: self.issuer.clone(),
            jwks_path: self.jwks_path.clone(),
            bucket,
            audience: self.audience.clone(),
            role: self.role_arn.clone(),
            service_account: self.service_account.clone(),
            token,
            duration_seconds: self.session_duration,
            cluster: self.cluster(context)?,
            assume_role: self.assume_role,
            now: OffsetDateTime::now_utc(),
        };
        let outside = Outside {
            fetch: HttpsFetch::new(transport),
            path_style: configured.as_ref().is_ok_and(|found| found.path_style),
            aws: configured
                .map(|found| found.config)
                .map_err(|failure| failure.text().unwrap_or_default().to_owned()),
        };
        printer.spin("looking at the chain");
        let report = Report::of(&gather(&request, keys, &outside).await);
        printer.settle();
        if printer.is_json() {
            let mut document = json!(report);
            let count = |status| report.count(status);
            document["summary"] = json!({
                "pass": count(Status::Pass), "warn": count(Status::Warn),
                "fail": count(Status::Fail), "skip": count(Status::Skip),
            });
            printer.json(&document)?;
        } else {
            printer.styled(&tree::of(&report))?;
        }
        if let Some(path) = &self.html {
            let when = request.now.format(&Rfc3339).unwrap_or_default();
            let made = Made { when: &when, version: env!("CARGO_PKG_VERSION") };
            let written = write_whole(path, page(&report, &made).as_bytes(), 0o644, Existing::Replace);
            // The report itself is out by now.
            written.map_err(|error| {
                Failure::new(format!("cannot write {}: {error}", path.display())).after_the_report()
            })?;
            printer.say(&format!("the same as a page: {}", path.display()));
        }
        if report.count(Status::Fail) > 0 { Err(Failure::found()) } else { Ok(()) }
    }

    /// How the cluster is looked at.
    fn cluster(&self, context: &Context) -> Result<ClusterRequest, Failure> {
        if self.cluster {
            let words = self.context.iter().flat_map(|name| ["--context".into(), name.into()]);
            return Ok(ClusterRequest::Kubectl(Kubectl {
                arguments: words.collect(),
                observer: session::kubectl_observer(&context.global, &context.printer),
                ..Kubectl::default()
            }));
        }
        let read =
            |what, path: &Option<PathBuf>| path.as_ref().map(|path| input::read(what, path)).transpose();
        let openid_configuration = read("discovery document", &self.cluster_openid_configuration)?;
        let jwks = read("JWKS", &self.cluster_jwks)?;
        Ok(match (&openid_configuration, &jwks) {
            (None, None) => ClusterRequest::NotAsked,
            _ => ClusterRequest::Saved { openid_configuration, jwks },
        })
    }

    /// The token that was given, or one that is signed for this look alone.
    fn token(
        &self,
        context: &Context,
        keys: &Fact<KeyFacts>,
        signing_key: Option<SigningKey>,
    ) -> Result<Option<TokenText>, Failure> {
        if let Some(path) = &self.token {
            // What is no text at all is no token either, whatever stands for its bytes then.
            let bytes = input::read("token", path)?;
            return Ok(Some(TokenText::new(String::from_utf8_lossy(&bytes))));
        }
        let (true, Some(service_account), Some(key)) = (self.assume_role, &self.service_account, signing_key)
        else {
            return Ok(None);
        };
        // A key of another issuer signs nothing here.
        let ring = keys.known().and_then(|keys| Some(&keys.loaded.as_ref().ok()?.ring));
        if ring.is_none_or(|ring| ring.of_another_issuer(self.issuer.as_str()).is_some()) {
            return Ok(None);
        }
        let token =
            keys::sign(&key, &self.issuer, vec![self.audience.to_string()], service_account, TOKEN_LIFE)?;
        context.printer.say(&format!(
            "no --token was given: one of {} is signed by {} for this look, good for {} s",
            service_account.subject(),
            key.public_key().kid(),
            TOKEN_LIFE.as_secs()
        ));
        Ok(Some(TokenText::new(token)))
    }

    /// An issuer on S3 names a region where nothing else does.
    async fn configuration(
        &self,
        context: &Context,
        transport: &issuer_discovery::Transport,
    ) -> Result<Configuration, Failure> {
        let (global, printer) = (&context.global, &context.printer);
        let configured = session::configuration(global, printer, transport).await;
        match self.location().and_then(|location| location.region?.parse().ok()) {
            Some(region) if configured.is_err() => {
                let global = crate::args::Global { region: Some(region), ..global.clone() };
                session::configuration(&global, printer, transport).await
            }
            _ => configured,
        }
    }

    fn location(&self) -> Option<S3Location> {
        // A slash at the end is a finding, and no reason not to look at the bucket.
        let issuer: IssuerUrl = self.issuer.as_str().trim_end_matches('/').parse().ok()?;
        issuer.s3_location()
    }

    /// Where the documents are, when that is a bucket.
    fn place(&self, region: Option<&Region>) -> Result<Option<BucketPlace>, Failure> {
        let usage = |error: &dyn std::fmt::Display| Failure::usage(error.to_string());
        let location = self.location();
        let bucket = match (&self.bucket, &location) {
            (Some(bucket), _) => bucket.clone(),
            (None, Some(location)) => location.bucket.parse().map_err(|error| usage(&error))?,
            (None, None) => return Ok(None),
        };
        let named = location.as_ref().and_then(|location| location.region.as_deref());
        let region = match named {
            Some(region) => Some(region.parse().map_err(|error| usage(&error))?),
            None => region.cloned(),
        };
        // Without a region there is no AWS to ask, which the checks tell.
        let Some(region) = region else { return Ok(None) };
        let path = match &location {
            Some(location) => location.prefix.clone(),
            None => self
                .issuer
                .as_str()
                .trim_end_matches('/')
                .parse()
                .map(|issuer: IssuerUrl| issuer.path().to_owned())
                .unwrap_or_default(),
        };
        let prefix = match &self.prefix {
            Some(prefix) => prefix.clone(),
            None => path.parse().map_err(|error| {
                usage(&error).hint("say with --prefix where in the bucket the documents are")
            })?,
        };
        Ok(Some(BucketPlace { bucket, region, prefix, jwks_path: self.jwks_path.clone() }))
    }
}

/// Refuses to put a page in the place of anything but an earlier one: a slip of the pen costs no key.
fn check_page(path: &Path) -> Result<(), Failure> {
    let refused = |why: &str| Failure::usage(format!("--html {} is not written: {why}", path.display()));
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        // What is in the way of making it is told when it is made.
        Err(_) => return Ok(()),
    };
    if !found.is_file() {
        return Err(refused("it is there already and is not a regular file"));
    }
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(PAGE_HEAD).read_to_end(&mut head));
    let ours = read.is_ok() && head.starts_with(b"<!doctype html>");
    let signed = String::from_utf8_lossy(&head).contains("issuerctl doctor");
    if found.len() == 0 || (ours && signed) {
        Ok(())
    } else {
        Err(refused("it is there already and is no page of the doctor's"))
    }
}
