//! `workload webhook`: the EKS pod identity webhook on a cluster of one's own.

use clap::Args;
use issuer_emitter::Emission;
use issuer_emitter::workload::{
    DEFAULT_WEBHOOK_IMAGE, DEFAULT_WEBHOOK_NAME, DEFAULT_WEBHOOK_NAMESPACE, ServingCertificate, Webhook,
    webhook,
};
use issuer_keygen::{WebhookDir, WebhookPlan};
use issuer_plan::{Event, Plan, Stage, Step};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Context, OutArgs, TokenArgs, members, refused};
use crate::commands::emit;
use crate::failure::Failure;
use crate::planned::{Finished, agreed, report};

/// The EKS pod identity webhook, for one `kubectl apply`
///
/// Its certificate is made here and kept in the key directory under webhook/; the same command
/// renews it. The manifest then holds its private key: it is written to --out alone, for its owner.
/// With --cert-manager the cluster makes the certificate, and the manifest holds no secret.
#[derive(Debug, Args)]
pub(crate) struct WebhookCommand {
    /// Let cert-manager make the certificate
    #[arg(long)]
    cert_manager: bool,
    /// The namespace that it runs in
    #[arg(long, value_name = "NAME", default_value = DEFAULT_WEBHOOK_NAMESPACE)]
    namespace: String,
    /// Its name, and that of its Service
    #[arg(long, value_name = "NAME", default_value = DEFAULT_WEBHOOK_NAME)]
    name: String,
    /// The image, with a tag or a digest
    #[arg(long, value_name = "IMAGE", default_value = DEFAULT_WEBHOOK_IMAGE)]
    image: String,
    /// The cluster's DNS domain
    #[arg(long, value_name = "DOMAIN", default_value = "cluster.local")]
    cluster_domain: String,
    /// Refuse pods while the webhook does not answer; the control plane's own and the webhook's are let through
    #[arg(long)]
    fail_closed: bool,
    #[command(flatten)]
    token: TokenArgs,
    #[command(flatten)]
    out: OutArgs,
}

impl WebhookCommand {
    pub(crate) async fn run(&self, context: &Context) -> Result<(), Failure> {
        if self.cert_manager {
            let emission = self.render(context, ServingCertificate::CertManager)?;
            return self.out.write("webhook", &emission, context).await;
        }
        if self.out.out.is_none() {
            return Err(Failure::usage(
                "this manifest holds the webhook's private key, which is never written to stdout",
            )
            .hint("give --out DIR")
            .hint("where the cluster has cert-manager, --cert-manager needs no key"));
        }
        self.with_a_certificate_of_ours(context).await
    }

    fn render(&self, context: &Context, certificate: ServingCertificate) -> Result<Emission, Failure> {
        webhook(&self.webhook(context, certificate)?).map_err(|error| refused(&error))
    }

    fn webhook(&self, context: &Context, certificate: ServingCertificate) -> Result<Webhook, Failure> {
        Ok(Webhook {
            workload: self.token.workload(&context.global)?,
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            image: self.image.clone(),
            cluster_domain: self.cluster_domain.clone(),
            certificate,
            fail_closed: self.fail_closed,
        })
    }

    async fn with_a_certificate_of_ours(&self, context: &Context) -> Result<(), Failure> {
        let (printer, keys) = (&context.printer, &context.global.keys);
        // Names that no manifest can carry are known before a certificate is made for them.
        self.render(context, ServingCertificate::CertManager)?;
        let names = self.webhook(context, ServingCertificate::CertManager)?.service_names();
        let directory = WebhookDir::of_keys(keys);
        let now = OffsetDateTime::now_utc();
        let what = directory.plan(&names, now).map_err(|error| Failure::of(&error))?;
        // What is kept is read once, and its warnings said once.
        let kept = match what {
            WebhookPlan::Keep => Some(self.given(context, &directory, &names, now)?),
            _ => None,
        };
        let plan = if let Some((emission, _)) = &kept {
            Plan::of_files("emit", &self.out.files(emission))
        } else {
            // What is not made yet cannot be compared: the manifest is written in any case.
            let stand_in = self.render(context, ServingCertificate::CertManager)?;
            let certificate = Step::Certificate { what, directory: keys.clone() };
            let mut plan = Plan::of_files("emit", &self.out.files(&stand_in));
            plan.stages.insert(0, Stage { name: "keys", steps: vec![certificate] });
            plan
        };
        let apply = self.out.apply();
        let changed = plan.has_changes();
        let mut report = report("workload webhook", None, &plan);
        report.insert("kind".to_owned(), json!("webhook"));
        if !agreed(&plan, "workload webhook", apply, printer).await? {
            return Finished::only_looked(report, None, changed, apply).conclude(printer, "");
        }
        let made =
            plan.steps().find(|step| matches!(step, Step::Certificate { .. })).map(ToString::to_string);
        let (emission, ends) = match kept {
            Some(kept) => kept,
            None => self.given(context, &directory, &names, now)?,
        };
        made.iter().for_each(|step| printer.event(&Event::Done(step.clone())));
        emit::warn(&emission, printer);
        report.extend(members("webhook", &emission));
        report.insert("certificate_ends".to_owned(), json!(ends));
        let files = Plan::of_files("emit", &self.out.files(&emission));
        let outcome = files.write_files(&|event| printer.event(&event));
        printer.settle();
        let mut outcome = outcome?;
        outcome.done.splice(0..0, made);
        if changed {
            printer.say(&format!(
                "the certificate ends on {ends}; the same command renews it, and `issuerctl doctor --cluster` reminds of it"
            ));
        }
        Finished::carried_out(report, outcome, changed, apply, printer)?.conclude(printer, "")
    }

    /// Renders with the certificate of ours, which is made where it is missing.
    fn given(
        &self,
        context: &Context,
        directory: &WebhookDir,
        names: &[String],
        now: OffsetDateTime,
    ) -> Result<(Emission, String), Failure> {
        let ready = directory.ready(names, now).map_err(|error| Failure::of(&error))?;
        ready.warnings.iter().for_each(|warning| context.printer.warn(&warning.to_string()));
        let ends = ready.not_after.format(&Rfc3339).unwrap_or_default();
        let certificate = ServingCertificate::Given {
            ca_bundle_pem: ready.ca_bundle_pem,
            certificate_pem: ready.certificate_pem,
            private_key_pem: ready.private_key_pem.to_string(),
        };
        Ok((self.render(context, certificate)?, ends))
    }
}
