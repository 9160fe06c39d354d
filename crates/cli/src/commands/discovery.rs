//! `discovery`: both documents, to stdout or as a directory tree.

use std::path::PathBuf;

use clap::Args;
use issuer_discovery::{
    Additions, DirectoryPublisher, IssuerUrl, Jwks, JwksPath, Site, diff_directory, merge,
};
use issuer_plan::PlanError;
use serde_json::{Value, json};

use super::Context;
use crate::failure::Failure;
use crate::keys;

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
}

impl Discovery {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let printer = &context.printer;
        let ring = keys::ring(&context.global, printer)?;
        let Some(out) = &self.out else {
            let site = Site::build(&self.issuer, &self.jwks_path, &Jwks::of(ring.published()));
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            if printer.is_json() {
                let value = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(Value::Null);
                return printer.json(&json!({
                    "openid_configuration": value(&site.discovery().bytes),
                    "jwks": value(&site.jwks().bytes),
                }));
            }
            return printer.data(
                format!("{}\n{}\n", text(&site.discovery().bytes), text(&site.jwks().bytes)).as_bytes(),
            );
        };
        let directory = DirectoryPublisher::new(out.clone(), self.jwks_path.clone());
        let live = directory.read_now().map_err(PlanError::from)?;
        let merged = merge(&self.issuer, &self.jwks_path, live.documents.published(), &ring, Additions::Add)
            .map_err(PlanError::from)?;
        let changes = diff_directory(out, &live, &merged.site);
        for change in &changes {
            directory.apply_now(change).map_err(PlanError::from)?;
            printer.say(&change.to_string());
        }
        if changes.is_empty() {
            printer.say("no changes");
        }
        let files: Vec<_> = merged.site.objects().iter().map(|object| out.join(&object.path)).collect();
        if printer.is_json() {
            return printer
                .json(&json!({"issuer": self.issuer.as_str(), "files": files, "changes": changes.len()}));
        }
        let list: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
        printer.data(list.as_bytes())
    }
}
