//! `bootstrap`: keys, documents, provider and settings, one straight way.

use clap::Args;
use issuer_discovery::{Additions, Adoption, IssuerUrl, Transport};
use issuer_emitter::{Emission, Target};
use issuer_keygen::{Algorithm, KeyDir};
use issuer_plan::{Destination, KeySource, PublishRequest, Request};
use serde_json::json;

use super::Context;
use super::emit::{self, SettingsArgs};
use super::place::Place;
use super::register::{self, ProviderArgs};
use crate::args::Apply;
use crate::failure::Failure;
use crate::keys;
use crate::planned::{Finished, Job};
use crate::session::{self, Aws};

/// Do all of it: keys, documents, provider, settings
///
/// From an empty directory and AWS credentials to an issuer that AWS trusts. The plan is shown
/// first. A second run changes nothing; an interrupted one is finished by the same command. The
/// control plane's settings are written to stdout, or to --out.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("where").required(true).args(["bucket", "dir", "sandbox"]).multiple(true))]
pub(crate) struct Bootstrap {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Practise: on an AWS inside this program, with keys in a directory of its own
    #[cfg_attr(not(feature = "sandbox"), arg(hide = true))]
    #[arg(long, conflicts_with_all = ["dir", "check", "dry_run", "public_key"])]
    sandbox: bool,
    /// The kind of the key that is made when there is none and nothing is published
    #[arg(long, value_name = "NAME", default_value_t = Algorithm::Rsa2048)]
    pub(crate) algorithm: Algorithm,
    #[command(flatten)]
    pub(super) provider: ProviderArgs,
    /// The form of the settings: see `issuerctl emit --list`
    #[arg(long, value_name = "TARGET", default_value_t = Target::Flags)]
    target: Target,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    apply: Apply,
}

/// An issuer of the right form, for settings that are checked before the real one is known.
const STAND_IN: &str = "https://issuer.invalid";

/// What one run works on: a real AWS or a sandbox.
pub(crate) struct Scene {
    pub(crate) issuer: IssuerUrl,
    pub(crate) source: KeySource,
    pub(crate) destination: Destination,
    pub(crate) transport: Transport,
}

impl Bootstrap {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        if self.sandbox {
            return self.practise(context).await;
        }
        let (global, printer) = (&context.global, &context.printer);
        let source = keys::source(global, printer, Some(self.algorithm))?;
        let transport = session::transport(global, printer)?;
        // Settings that cannot be written are known before anything is asked of AWS.
        let issuer = match &self.place.issuer {
            Some(issuer) => issuer.clone(),
            None => STAND_IN.parse().map_err(|error| Failure::usage(format!("{error}")))?,
        };
        self.settings.files(&self.settings.render(self.target, &issuer, &self.place.jwks_path)?)?;
        let aws = session::aws(global, printer, &transport).await?;
        let (issuer, destination) = match &self.place.bucket {
            Some(bucket) => self.place.in_bucket(bucket, &aws)?,
            None => self.place.directory().ok_or_else(|| Failure::usage("--dir needs --issuer"))?,
        };
        let scene = Scene { issuer, source, destination, transport };
        let (finished, emission) = self.job(context, &aws, scene, self.apply).await?;
        let holds_the_key =
            global.public_key.is_empty() && KeyDir::new(global.keys.clone()).private_key_path().exists();
        let next = finished.changed && !finished.dry && holds_the_key;
        let text = if self.settings.out.is_some() { String::new() } else { emit::text(&emission) };
        finished.conclude(printer, &text)?;
        if next {
            printer.say(&format!(
                "next: {dir}/sa.key and {dir}/sa.pub go to every control-plane node, as {} and {}; keep a copy of {dir} offline",
                self.settings.signing_key_file(),
                self.settings.key_files().join(", "),
                dir = global.keys.display(),
            ));
        }
        Ok(())
    }

    /// The whole job, wherever its AWS is.
    pub(crate) async fn job(
        &self,
        context: &Context,
        aws: &Aws,
        scene: Scene,
        apply: Apply,
    ) -> Result<(Finished, Emission), Failure> {
        let (global, printer) = (&context.global, &context.printer);
        let Scene { issuer, source, destination, transport } = scene;
        let issuer = &issuer;
        let emission = self.settings.render(self.target, issuer, &self.place.jwks_path)?;
        emit::warn(&emission, printer);
        let provider = register::client(aws, issuer, self.place.patience());
        let arn = provider.arn().to_owned();
        let job = Job {
            command: "bootstrap",
            request: Request {
                issuer: issuer.clone(),
                publish: Some(PublishRequest {
                    keys: source,
                    jwks_path: self.place.jwks_path.clone(),
                    tags: global.tags.iter().cloned().collect(),
                    adoption: if self.place.adopt_bucket { Adoption::Adopt } else { Adoption::Refuse },
                    additions: Additions::Leave,
                    read_back: true,
                }),
                provider: Some(self.provider.spec(issuer, global)),
                output: self.settings.files(&emission)?,
            },
            destination: Some(destination),
            provider: Some(provider),
            transport: Some(transport),
            patience: self.place.patience(),
        };
        let mut finished = job.run(apply, printer).await?;
        let kid = finished.ring.as_ref().map(|ring| ring.signer().kid().to_string());
        let report = &mut finished.report;
        report.insert("account".to_owned(), json!(aws.account.id.as_str()));
        report.insert("bucket".to_owned(), json!(self.place.bucket.as_ref().map(ToString::to_string)));
        report.insert("provider_arn".to_owned(), json!(arn));
        report.insert("signing_key".to_owned(), json!(kid));
        report.insert("target".to_owned(), json!(self.target.name()));
        report.insert("settings".to_owned(), emit::json(&emission));
        Ok((finished, emission))
    }

    #[cfg(feature = "sandbox")]
    async fn practise(&self, context: &Context) -> Result<(), Failure> {
        super::practice::practise(self, context).await
    }

    #[cfg(not(feature = "sandbox"))]
    async fn practise(&self, _: &Context) -> Result<(), Failure> {
        Err(Failure::usage("this issuerctl was built without its sandbox"))
    }
}
