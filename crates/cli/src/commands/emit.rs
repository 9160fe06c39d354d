//! `emit`: the control plane's settings.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use issuer_discovery::{AcceptedIssuer, IssuerUrl, JwksPath, Patience};
use issuer_emitter::{ControlPlane, Emission, EmitError, Inputs, KubernetesVersion, Settings, Target, emit};
use issuer_plan::{OutputFile, Request};
use serde_json::{Map, Value, json};

use super::Context;
use crate::args::Apply;
use crate::failure::Failure;
use crate::input;
use crate::planned::Job;
use crate::printer::Printer;

/// Write the control plane's settings
///
/// To stdout, or with --out as files. The issuer that signs comes first, then every --keep-issuer;
/// kube-apiserver accepts the tokens of all of them.
#[derive(Debug, Args)]
pub(crate) struct Emit {
    /// The form that the cluster takes: see --list
    #[arg(required_unless_present = "list")]
    target: Option<Target>,
    /// List the targets
    #[arg(long, conflicts_with_all = ["target", "issuer"])]
    list: bool,
    /// The issuer URL
    #[arg(long, value_name = "URL", required_unless_present = "list")]
    issuer: Option<IssuerUrl>,
    /// Where the JWKS is below the issuer
    #[arg(long, value_name = "PATH", default_value = "openid/v1/jwks")]
    jwks_path: JwksPath,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    apply: Apply,
}

/// What the control plane is told, beside the issuer.
#[derive(Clone, Debug, Args)]
pub(crate) struct SettingsArgs {
    /// An issuer whose tokens stay accepted: what the cluster has today, verbatim
    #[arg(long, value_name = "TEXT")]
    keep_issuer: Vec<AcceptedIssuer>,
    /// An audience that kube-apiserver takes as its own [default: the target's own and the issuer]
    #[arg(long, value_name = "TEXT")]
    api_audience: Vec<String>,
    /// The cluster's DNS domain
    #[arg(long, value_name = "DOMAIN", default_value = "cluster.local")]
    cluster_domain: String,
    /// Let sts.amazonaws.com be an API audience: tokens made for AWS then open kube-apiserver too
    #[arg(long)]
    allow_sts_api_audience: bool,
    /// Where the signing key lies on a control-plane node
    #[arg(long, value_name = "PATH", default_value = "/etc/kubernetes/pki/sa.key")]
    signing_key_file: String,
    /// Where verifying keys lie on a control-plane node, the signer's first
    #[arg(long, value_name = "PATH", default_value = "/etc/kubernetes/pki/sa.pub")]
    key_file: Vec<String>,
    /// A static-pod manifest to merge into: a copy of the node's
    #[arg(long, value_name = "FILE")]
    manifest: Vec<PathBuf>,
    /// The version of Kubernetes that is to read the settings
    #[arg(long, value_name = "VERSION")]
    kubernetes_version: Option<KubernetesVersion>,
    /// The directory to write the settings to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

impl SettingsArgs {
    /// Renders the settings.
    pub(crate) fn render(
        &self,
        target: Target,
        issuer: &IssuerUrl,
        jwks_path: &JwksPath,
    ) -> Result<Emission, Failure> {
        let settings = Settings {
            keep_issuers: self.keep_issuer.iter().map(ToString::to_string).collect(),
            api_audiences: (!self.api_audience.is_empty()).then(|| self.api_audience.clone()),
            cluster_domain: self.cluster_domain.clone(),
            signing_key_file: self.signing_key_file.clone(),
            key_files: self.key_file.clone(),
            allow_sts_api_audience: self.allow_sts_api_audience,
            ..Settings::new(issuer.as_str(), jwks_path.url(issuer))
        };
        let manifests = self.manifest.iter().map(|path| read_manifest(path)).collect::<Result<_, _>>()?;
        let inputs = Inputs { manifests, kubernetes_version: self.kubernetes_version };
        let control_plane = ControlPlane::new(settings).map_err(|error| emit_failure(&error).into_usage())?;
        let emission = emit(target, &control_plane, &inputs).map_err(|error| emit_failure(&error))?;
        if emission.artifacts.iter().any(|artifact| artifact.secret) && self.out.is_none() {
            return Err(Failure::usage(
                "these settings hold a private key, which is never written to stdout",
            )
            .hint("give --out DIR"));
        }
        Ok(emission)
    }

    /// Returns where the signing key goes on a node.
    pub(crate) fn signing_key_file(&self) -> &str {
        &self.signing_key_file
    }

    /// Returns where the verifying keys go on a node.
    pub(crate) fn key_files(&self) -> &[String] {
        &self.key_file
    }

    /// Returns the files that are wanted, when a directory was named.
    pub(crate) fn files(&self, emission: &Emission) -> Result<Vec<OutputFile>, Failure> {
        let Some(out) = &self.out else { return Ok(Vec::new()) };
        let files: Vec<OutputFile> = emission
            .artifacts
            .iter()
            .map(|artifact| OutputFile {
                path: out.join(&artifact.path),
                contents: artifact.contents.clone(),
                secret: artifact.secret,
            })
            .collect();
        let real = |path: &Path| fs::canonicalize(path).ok();
        for manifest in &self.manifest {
            if files.iter().any(|file| real(&file.path).is_some_and(|path| Some(path) == real(manifest))) {
                let shown = manifest.display();
                return Err(Failure::usage(format!(
                    "--out would replace the manifest {shown} that is merged into"
                ))
                .hint("name another directory, compare the two, then copy the new one into place"));
            }
        }
        Ok(files)
    }
}

/// Writes settings as text: one as it is, several each under its name.
pub(crate) fn text(emission: &Emission) -> String {
    match &emission.artifacts[..] {
        [one] => one.contents.clone(),
        several => several
            .iter()
            .map(|artifact| format!("# ==> {} <==\n{}", artifact.path, artifact.contents))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

/// Writes settings for machines; the contents of secret ones are left out.
pub(crate) fn json(emission: &Emission) -> Value {
    let artifacts: Vec<Value> = emission
        .artifacts
        .iter()
        .map(|artifact| {
            let contents = (!artifact.secret).then_some(&artifact.contents);
            json!({"path": artifact.path, "contents": contents, "secret": artifact.secret})
        })
        .collect();
    json!(artifacts)
}

impl Emit {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        let printer = &context.printer;
        if self.list {
            return list(printer);
        }
        let (Some(target), Some(issuer)) = (self.target, &self.issuer) else {
            return Err(Failure::usage("emit needs a target and --issuer"));
        };
        let emission = self.settings.render(target, issuer, &self.jwks_path)?;
        warn(&emission, printer);
        let output = self.settings.files(&emission)?;
        if output.is_empty() {
            return if printer.is_json() {
                printer.json(&Value::Object(self.report(target, issuer, &emission)))
            } else {
                printer.data(text(&emission).as_bytes())
            };
        }
        let job = Job {
            command: "emit",
            request: Request { issuer: issuer.clone(), publish: None, provider: None, output },
            destination: None,
            provider: None,
            transport: None,
            patience: Patience::default(),
        };
        // The directory was named for being written to: nothing is asked.
        let mut finished = job.run(Apply { yes: true, ..self.apply }, printer).await?;
        finished.report.extend(self.report(target, issuer, &emission));
        finished.conclude(printer, "")
    }

    fn report(&self, target: Target, issuer: &IssuerUrl, emission: &Emission) -> Map<String, Value> {
        let warnings: Vec<String> = emission.warnings.iter().map(ToString::to_string).collect();
        Map::from_iter([
            ("target".to_owned(), json!(target.name())),
            ("issuer".to_owned(), json!(issuer.as_str())),
            ("artifacts".to_owned(), json(emission)),
            ("warnings".to_owned(), json!(warnings)),
        ])
    }
}

/// Says what has to be read before settings are applied.
pub(crate) fn warn(emission: &Emission, printer: &Printer) {
    emission.warnings.iter().for_each(|warning| printer.warn(&warning.to_string()));
}

fn list(printer: &Printer) -> Result<(), Failure> {
    if printer.is_json() {
        let targets: Vec<Value> = Target::ALL
            .iter()
            .map(|target| json!({"target": target.name(), "summary": target.summary()}))
            .collect();
        return printer.json(&json!({"targets": targets}));
    }
    let lines: String =
        Target::ALL.iter().map(|target| format!("{:<12} {}\n", target.name(), target.summary())).collect();
    printer.data(lines.as_bytes())
}

fn read_manifest(path: &Path) -> Result<String, Failure> {
    String::from_utf8(input::read("manifest", path)?)
        .map_err(|_| Failure::new(format!("the manifest {} is not UTF-8", path.display())))
}

fn emit_failure(error: &EmitError) -> Failure {
    let failure = Failure::of(error);
    match error {
        EmitError::ManifestNotUsed { .. } => failure.into_usage(),
        EmitError::ManifestMissing { .. } => failure.into_usage().hint("copy /etc/kubernetes/manifests/kube-apiserver.yaml from a node and name the copy with --manifest"),
        EmitError::StsAudience { .. } => failure.hint(
            "leave it out: workloads ask for that audience themselves; to have it all the same: --allow-sts-api-audience",
        ),
        _ => failure,
    }
}
