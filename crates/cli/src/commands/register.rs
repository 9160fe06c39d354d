//! `register`: the IAM OpenID Connect provider.

use std::time::Duration;

use clap::Args;
use issuer_discovery::{Fetch as _, HttpsFetch, IssuerUrl, Patience, PublishedDocument, Transport};
use issuer_plan::Request;
use issuer_registrar::{Audience, DEFAULT_AUDIENCE, ProviderClient, ProviderSpec, RoleArn, Thumbprint};
use serde_json::json;

use super::Context;
use crate::args::{Apply, Global};
use crate::failure::Failure;
use crate::planned::Job;
use crate::printer::Printer;
use crate::session::{self, Aws};

/// Make AWS trust the issuer: the IAM OpenID Connect provider
///
/// Works in any account, whoever owns the bucket. What somebody else added to the provider stays.
/// The provider's ARN is written to stdout.
#[derive(Debug, Args)]
pub(crate) struct Register {
    /// The issuer URL
    #[arg(long, value_name = "URL")]
    issuer: IssuerUrl,
    #[command(flatten)]
    provider: ProviderArgs,
    /// A role to assume first: the way into another account
    #[arg(long, value_name = "ARN")]
    assume_role: Option<RoleArn>,
    /// How many seconds to wait at most until IAM can reach the issuer
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
    #[command(flatten)]
    apply: Apply,
}

/// What the provider has to be.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProviderArgs {
    /// An audience of the tokens, the provider's client id [default: sts.amazonaws.com]
    #[arg(long, value_name = "TEXT")]
    audience: Vec<Audience>,
    /// The SHA-1 of the authority's certificate, when it is none that AWS trusts
    #[arg(long, value_name = "HEX")]
    thumbprint: Vec<Thumbprint>,
}

impl ProviderArgs {
    /// Says what the provider of this issuer has to be.
    pub(crate) fn spec(&self, issuer: &IssuerUrl, global: &Global) -> ProviderSpec {
        let mut audiences = self.audience.clone();
        if audiences.is_empty() {
            audiences.extend(DEFAULT_AUDIENCE.parse::<Audience>());
        }
        audiences.sort();
        audiences.dedup();
        let mut thumbprints = self.thumbprint.clone();
        thumbprints.sort();
        thumbprints.dedup();
        ProviderSpec {
            issuer: issuer.clone(),
            audiences,
            thumbprints,
            tags: global.tags.iter().cloned().collect(),
        }
    }
}

/// Prepares the calls for the provider of this issuer.
pub(crate) fn client(aws: &Aws, issuer: &IssuerUrl, patience: Patience) -> ProviderClient {
    ProviderClient::new(&aws.config, &aws.account, issuer, patience)
}

/// IAM takes a thumbprint's word for an issuer that nobody can read, and whoever publishes there
/// first is trusted then. From here it may only be out of reach: so it is said, and not refused.
async fn warn_unreadable(transport: &Transport, issuer: &IssuerUrl, printer: &Printer) {
    let url = issuer.discovery_url();
    let found = HttpsFetch::new(transport.clone()).get(&url).await;
    let problem = match found {
        Err(error) => Failure::of(&error).text().unwrap_or_default().to_owned(),
        Ok(answer) if answer.status != 200 => format!("{url} answers HTTP {}", answer.status),
        Ok(answer) => match PublishedDocument::parse(&answer.body) {
            Ok(document) if document.issuer == issuer.as_str() => return,
            Ok(document) => format!("{url} names another issuer, {}", document.issuer),
            Err(_) => format!("{url} serves no discovery document"),
        },
    };
    let clean: String = problem.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
    printer.warn(&format!("the issuer's documents cannot be read from here, and AWS needs them: {clean}"));
}

impl Register {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let (global, printer) = (&context.global, &context.printer);
        let transport = session::transport(global, printer)?;
        let aws = session::aws_as(global, printer, &transport, self.assume_role.as_ref()).await?;
        let patience = Patience { limit: Duration::from_secs(self.wait), ..Patience::default() };
        let provider = client(&aws, &self.issuer, patience);
        let arn = provider.arn().to_owned();
        if !self.apply.dry_run && !self.apply.check {
            warn_unreadable(&transport, &self.issuer, printer).await;
        }
        let job = Job {
            command: "register",
            request: Request {
                issuer: self.issuer.clone(),
                publish: None,
                provider: Some(self.provider.spec(&self.issuer, global)),
                output: Vec::new(),
            },
            destination: None,
            provider: Some(provider),
            transport: None,
            patience,
        };
        let mut finished = job.run(self.apply, printer).await?;
        finished.report.insert("account".to_owned(), json!(aws.account.id.as_str()));
        finished.report.insert("provider_arn".to_owned(), json!(arn));
        finished.conclude(printer, &format!("{arn}\n"))
    }
}
