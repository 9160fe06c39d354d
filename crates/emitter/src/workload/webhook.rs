//! The EKS pod identity webhook on a cluster of one's own.
//!
//! Flags, ports and `/healthz`: [main.go]; nothing but service accounts is read as long as neither `--watch-config-map`
//! nor `--in-cluster` is on. The registration follows the [good practices] for admission webhooks.
//!
//! [main.go]: https://github.com/aws/amazon-eks-pod-identity-webhook/blob/master/main.go
//! [good practices]: https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::template::{fill, indented, scalar};
use super::{Workload, check};
use crate::emission::{Artifact, Emission};
use crate::error::EmitError;
use crate::settings::check_domain;

pub(super) const SUMMARY: &str = "the EKS pod identity webhook with its certificate, in one kubectl apply";

/// The webhook's image unless told otherwise.
pub const DEFAULT_IMAGE: &str = "public.ecr.aws/eks/amazon-eks-pod-identity-webhook:v0.6.17";

/// The webhook's name unless told otherwise.
pub const DEFAULT_NAME: &str = "pod-identity-webhook";

/// The namespace of the webhook unless told otherwise.
pub const DEFAULT_NAMESPACE: &str = "pod-identity-webhook";

const GIVEN_NOTE: &str = "\
# Renewal is the command that wrote this file, and then this again: within about two minutes kubelet brings the new
# certificate and the webhook reads it, without a restart. caBundle carries the old authority too until it has ended.
# This file holds a private key: keep it as one.";

const CERT_MANAGER_NOTE: &str = "\
# cert-manager makes the certificate, renews it a month before its end and writes caBundle: it has to be installed
# before this is applied. The webhook reads a new certificate without a restart.";

const IGNORE_NOTE: &str = "\
# While the webhook does not answer pods start without credentials, silently, and stay so (failurePolicy Ignore).";

const FAIL_NOTE: &str = "\
# While the webhook does not answer no pod is made (failurePolicy Fail), for a minute at the first apply too. So that
# the cluster can always mend itself, the namespaces that are left out below and pods on the host's network are asked
# for in a second entry, which never refuses anything.";

/// How the webhook is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// What tokens are like.
    pub workload: Workload,
    /// The namespace that it runs in.
    pub namespace: String,
    /// Its name, and its Service's.
    pub name: String,
    /// The image, with a tag or digest.
    pub image: String,
    /// The cluster's DNS domain.
    pub cluster_domain: String,
    /// Where its certificate comes from.
    pub certificate: ServingCertificate,
    /// Whether pods are refused when the webhook does not answer.
    pub fail_closed: bool,
}

/// Where the serving certificate comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum ServingCertificate {
    /// Of our own making: the manifest with the Secret is secret.
    Given {
        /// The certificates that may have signed, PEM; old and new during a change.
        ca_bundle_pem: String,
        /// The certificate, PEM.
        certificate_pem: String,
        /// Its private key, PEM.
        private_key_pem: String,
    },
    /// cert-manager makes it, by an Issuer of its own in the namespace.
    CertManager,
}

impl std::fmt::Debug for ServingCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Given { .. } => "Given",
            Self::CertManager => "CertManager",
        })
    }
}

impl Webhook {
    /// The names that the serving certificate needs: those of the Service, as kube-apiserver calls it.
    pub fn service_names(&self) -> Vec<String> {
        let Self { name, namespace, cluster_domain, .. } = self;
        vec![
            name.clone(),
            format!("{name}.{namespace}"),
            format!("{name}.{namespace}.svc"),
            format!("{name}.{namespace}.svc.{cluster_domain}"),
        ]
    }

    /// The Secret that the certificate stands in.
    fn secret_name(&self) -> String {
        format!("{}-cert", self.name)
    }

    fn check(&self) -> Result<(), EmitError> {
        self.workload.check()?;
        check::label("the namespace", &self.namespace)?;
        check::service("the webhook's name", &self.name)?;
        check::image(&self.image)?;
        check_domain(&self.cluster_domain)?;
        if let ServingCertificate::Given { ca_bundle_pem, certificate_pem, private_key_pem } =
            &self.certificate
        {
            check::pem("the bundle of authorities", ca_bundle_pem, "CERTIFICATE")?;
            check::pem("the serving certificate", certificate_pem, "CERTIFICATE")?;
            check::pem("the serving certificate's private key", private_key_pem, "PRIVATE KEY")?;
        }
        Ok(())
    }
}

/// Writes the manifest: everything in one `kubectl apply`.
///
/// # Errors
/// A name, namespace, image or duration that Kubernetes refuses.
pub fn webhook(webhook: &Webhook) -> Result<Emission, EmitError> {
    webhook.check()?;
    let Workload { region, audience, token_expiration } = &webhook.workload;
    let argument = |flag: &str, value: &str| scalar(&format!("--{flag}={value}"));
    let given = matches!(webhook.certificate, ServingCertificate::Given { .. });
    let note = if given { GIVEN_NOTE } else { CERT_MANAGER_NOTE };
    let annotation = format!("{}/{}", webhook.namespace, webhook.name);
    let annotations =
        format!("  annotations:\n    cert-manager.io/inject-ca-from: {}\n", scalar(&annotation));
    let contents = fill(
        include_str!("templates/webhook.yaml"),
        &[
            ("note", &format!("{note}{}", namespace(&webhook.namespace))),
            ("name", &scalar(&webhook.name)),
            ("namespace", &scalar(&webhook.namespace)),
            ("image", &scalar(&webhook.image)),
            ("secret", &scalar(&webhook.secret_name())),
            ("certificate", &certificate(webhook)),
            ("arg_namespace", &argument("namespace", &webhook.namespace)),
            ("arg_service", &argument("service-name", &webhook.name)),
            ("arg_audience", &argument("token-audience", audience)),
            ("arg_expiration", &argument("token-expiration", &token_expiration.to_string())),
            ("arg_region", &argument("aws-default-region", region)),
            ("failure_note", if webhook.fail_closed { FAIL_NOTE } else { IGNORE_NOTE }),
            ("annotations", if given { "" } else { &annotations }),
            ("webhooks", entries(webhook).trim_end()),
        ],
    );
    let artifact = Artifact { path: "pod-identity-webhook.yaml".to_owned(), contents, secret: given };
    Ok(Emission { artifacts: vec![artifact], warnings: Vec::new() })
}

/// The Namespace, but for those that every cluster has: nothing of theirs is touched.
fn namespace(name: &str) -> String {
    if name == "default" || name.starts_with("kube-") {
        return String::new();
    }
    format!("\n---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: {}", scalar(name))
}

fn certificate(webhook: &Webhook) -> String {
    let name = |suffix: &str| scalar(&format!("{}{suffix}", webhook.name));
    match &webhook.certificate {
        ServingCertificate::Given { certificate_pem, private_key_pem, .. } => fill(
            include_str!("templates/webhook_secret.yaml"),
            &[
                ("name", &name("")),
                ("namespace", &scalar(&webhook.namespace)),
                ("secret", &scalar(&webhook.secret_name())),
                ("certificate", &STANDARD.encode(certificate_pem)),
                ("key", &STANDARD.encode(private_key_pem)),
            ],
        ),
        ServingCertificate::CertManager => {
            let names: Vec<String> =
                webhook.service_names().iter().map(|name| format!("- {}", scalar(name))).collect();
            fill(
                include_str!("templates/webhook_cert_manager.yaml"),
                &[
                    ("name", &name("")),
                    ("namespace", &scalar(&webhook.namespace)),
                    ("secret", &scalar(&webhook.secret_name())),
                    ("self_signed", &name("-self-signed")),
                    ("authority", &name("-authority")),
                    ("dns_names", &indented(&names.join("\n"), 2)),
                ],
            )
        }
    }
}

/// One entry that never refuses; or one that does, and beside it one that does not for what the cluster needs to mend
/// itself.
fn entries(webhook: &Webhook) -> String {
    if !webhook.fail_closed {
        return entry(webhook, "", "Ignore");
    }
    let mut namespaces = vec!["kube-system"];
    // Without cert-manager a certificate that has ended would stay ended.
    if webhook.certificate == ServingCertificate::CertManager {
        namespaces.push("cert-manager");
    }
    if !namespaces.contains(&webhook.namespace.as_str()) {
        namespaces.push(&webhook.namespace);
    }
    let list: Vec<String> = namespaces.iter().map(|name| format!("- {}", scalar(name))).collect();
    let quoted: Vec<String> = namespaces.iter().map(|name| format!("\"{name}\"")).collect();
    let strict = include_str!("templates/webhook_strict.yaml");
    let lenient = include_str!("templates/webhook_lenient.yaml");
    [
        entry(webhook, "", "Fail"),
        fill(strict, &[("namespaces", &indented(&list.join("\n"), 6))]),
        entry(webhook, "system.", "Ignore"),
        fill(lenient, &[("namespace_list", &format!("[{}]", quoted.join(", ")))]),
    ]
    .concat()
}

fn entry(webhook: &Webhook, prefix: &str, failure: &str) -> String {
    let ca_bundle = match &webhook.certificate {
        ServingCertificate::Given { ca_bundle_pem, .. } => {
            format!("    caBundle: {}\n", STANDARD.encode(ca_bundle_pem))
        }
        // cert-manager writes it: what is not in here is not taken away by the next apply.
        ServingCertificate::CertManager => String::new(),
    };
    fill(
        include_str!("templates/webhook_entry.yaml"),
        &[
            ("webhook", &scalar(&format!("{prefix}{}.amazonaws.com", webhook.name))),
            ("name", &scalar(&webhook.name)),
            ("namespace", &scalar(&webhook.namespace)),
            ("ca_bundle", &ca_bundle),
            ("failure", failure),
        ],
    )
}
