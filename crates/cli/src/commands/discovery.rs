//! `discovery`: both documents, to stdout or as a directory tree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use issuer_discovery::{
    Additions, Adoption, DISCOVERY_PATH, DirectoryPublisher, IssuerUrl, Jwks, JwksPath, Patience, Site,
};
use issuer_plan::{Destination, PublishRequest, Request, check_issuer};
use serde_json::{Value, json};

use super::Context;
use crate::args::Apply;
use crate::failure::Failure;
use crate::keys;
use crate::planned::Job;

/// Write the discovery document and the JWKS
///
/// To stdout, or with --out to a directory tree that any web server can hand out at the issuer URL.
/// Keys that such a tree holds already are kept.
#[derive(Debug, Args)]
pub(crate) struct Discovery {
    /// The issuer URL
    #[arg(long, value_name = "URL")]
    issuer: IssuerUrl,
    /// Where the JWKS is below the issuer
    #[arg(long, value_name = "PATH", default_value = "openid/v1/jwks")]
    jwks_path: JwksPath,
    /// The directory to write to
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    apply: Apply,
}

impl Discovery {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        match &self.out {
            Some(out) => self.write(out, context).await,
            None => self.print(context),
        }
    }

    fn print(&self, context: &Context) -> Result<(), Failure> {
        let printer = &context.printer;
        let ring = keys::ring(&context.global, printer)?;
        check_issuer(&ring, &self.issuer)?;
        let site = Site::build(&self.issuer, &self.jwks_path, &Jwks::of(ring.published()));
        let (document, jwks) = (&site.discovery().bytes, &site.jwks().bytes);
        if printer.is_json() {
            let value = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(Value::Null);
            return printer.json(&json!({"openid_configuration": value(document), "jwks": value(jwks)}));
        }
        let lines = [document.as_slice(), b"\n", jwks.as_slice(), b"\n"].concat();
        printer.data(&lines)
    }

    async fn write(&self, out: &Path, context: &Context) -> Result<(), Failure> {
        let printer = &context.printer;
        let destination = DirectoryPublisher::new(out.to_owned(), self.jwks_path.clone());
        let job = Job {
            command: "discovery",
            request: Request {
                issuer: self.issuer.clone(),
                publish: Some(PublishRequest {
                    keys: keys::source(&context.global, printer, None)?,
                    jwks_path: self.jwks_path.clone(),
                    tags: BTreeMap::new(),
                    adoption: Adoption::Refuse,
                    additions: Additions::Add,
                    read_back: false,
                }),
                provider: None,
                output: Vec::new(),
            },
            destination: Some(Destination::Directory(destination)),
            provider: None,
            transport: None,
            patience: Patience::default(),
        };
        // The directory was named for being written to: nothing is asked.
        let mut finished = job.run(Apply { yes: true, ..self.apply }, printer).await?;
        let files = [out.join(self.jwks_path.as_str()), out.join(DISCOVERY_PATH)];
        finished.report.insert("files".to_owned(), json!(files));
        let list: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
        finished.conclude(printer, &list)
    }
}
