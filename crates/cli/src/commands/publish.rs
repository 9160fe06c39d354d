//! `publish`: puts the documents where the issuer URL points, then reads them back.

use std::collections::BTreeMap;

use clap::Args;
use issuer_discovery::{Additions, Adoption};
use issuer_plan::{PublishRequest, Request};
use serde_json::json;

use super::Context;
use super::place::Place;
use crate::args::Apply;
use crate::failure::Failure;
use crate::keys;
use crate::planned::Job;
use crate::session;

/// Put the documents where the issuer URL points, and read them back
///
/// Into an S3 bucket (made, opened for exactly two objects by its policy, never by an ACL) or into a
/// directory. Keys that are published there already stay. The issuer URL is written to stdout.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("where").required(true).args(["bucket", "dir"]))]
pub(crate) struct Publish {
    #[command(flatten)]
    place: Place,
    /// Do not read the documents back at the issuer URL, for a directory that is copied elsewhere
    #[arg(long, requires = "dir")]
    skip_read_back: bool,
    #[command(flatten)]
    apply: Apply,
}

impl Publish {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let (global, printer) = (&context.global, &context.printer);
        let source = keys::source(global, printer, None)?;
        let transport = session::transport(global, printer)?;
        let (issuer, destination) = match &self.place.bucket {
            Some(bucket) => {
                let aws = session::aws(global, printer, &transport).await?;
                self.place.in_bucket(bucket, &aws)?
            }
            None => self.place.directory().ok_or_else(|| Failure::usage("--dir needs --issuer"))?,
        };
        let job = Job {
            command: "publish",
            request: Request {
                issuer: issuer.clone(),
                publish: Some(PublishRequest {
                    keys: source,
                    jwks_path: self.place.jwks_path.clone(),
                    tags: global.tags.iter().cloned().collect::<BTreeMap<_, _>>(),
                    adoption: if self.place.adopt_bucket { Adoption::Adopt } else { Adoption::Refuse },
                    additions: Additions::Add,
                    read_back: !self.skip_read_back,
                }),
                provider: None,
                output: Vec::new(),
            },
            destination: Some(destination),
            provider: None,
            transport: Some(transport),
            patience: self.place.patience(),
        };
        let mut finished = job.run(self.apply, printer).await?;
        let kid = finished.ring.as_ref().map(|ring| ring.signer().kid().to_string());
        finished.report.insert("signing_key".to_owned(), json!(kid));
        finished.conclude(printer, &format!("{issuer}\n"))
    }
}
