//! What every kind of workload manifest looks like, as files; `tests/manifests` of the repository validates the same
//! files against the schemas of Kubernetes, and runs the scripts among them.
//!
//! `SNAPSHOTS=overwrite cargo nextest run -p issuer-emitter` writes the files again.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::path::Path;

use issuer_emitter::Emission;
use issuer_emitter::workload::{
    AdmissionPolicy, Binding, DEFAULT_AUDIENCE, DEFAULT_TOKEN_EXPIRATION, DEFAULT_VERIFY_IMAGE,
    DEFAULT_VERIFY_PREFIX, DEFAULT_WEBHOOK_IMAGE, DEFAULT_WEBHOOK_NAME, DEFAULT_WEBHOOK_NAMESPACE, ImdsGuard,
    PodPatch, RoleAnnotation, ServingCertificate, VerifyJob, Webhook, Workload, admission_policy, imds_guard,
    pod_patch, service_account, verify_job, webhook,
};
use snapbox::{Assert, Data};
use yaml_rust2::{Yaml, YamlLoader};

const ROLE: &str = "arn:aws:iam::123456789012:role/issuerctl/0123456789abcdef/web";

/// No key: what stands where one would.
const PLACEHOLDER: &str = "-----BEGIN PRIVATE KEY-----\nplaceholder\n-----END PRIVATE KEY-----\n";

fn workload() -> Workload {
    Workload {
        region: "eu-west-1".to_owned(),
        audience: DEFAULT_AUDIENCE.to_owned(),
        token_expiration: DEFAULT_TOKEN_EXPIRATION,
    }
}

fn install() -> Webhook {
    let certificate =
        |name: &str| format!("-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----\n");
    Webhook {
        workload: workload(),
        namespace: DEFAULT_WEBHOOK_NAMESPACE.to_owned(),
        name: DEFAULT_WEBHOOK_NAME.to_owned(),
        image: DEFAULT_WEBHOOK_IMAGE.to_owned(),
        cluster_domain: "cluster.local".to_owned(),
        certificate: ServingCertificate::Given {
            ca_bundle_pem: certificate("new") + &certificate("old"),
            certificate_pem: certificate("serving"),
            private_key_pem: PLACEHOLDER.to_owned(),
        },
        fail_closed: false,
    }
}

fn patch() -> PodPatch {
    PodPatch {
        workload: workload(),
        namespace: "shop".to_owned(),
        service_account: "web".to_owned(),
        role_arn: ROLE.to_owned(),
        kind: "Deployment".to_owned(),
        name: Some("front".to_owned()),
        containers: vec!["app".to_owned(), "sidecar".to_owned()],
    }
}

fn policy(binding: Binding, validate: bool) -> AdmissionPolicy {
    AdmissionPolicy { workload: workload(), binding, validate }
}

fn label() -> Binding {
    Binding::Label { key: "issuerctl.example/irsa".to_owned(), value: "true".to_owned() }
}

fn account(name: &str) -> (String, String) {
    ("shop".to_owned(), name.to_owned())
}

fn job() -> VerifyJob {
    VerifyJob {
        workload: workload(),
        namespace: "shop".to_owned(),
        service_account: "web".to_owned(),
        role_arn: ROLE.to_owned(),
        bucket: None,
        key_prefix: DEFAULT_VERIFY_PREFIX.to_owned(),
        image: DEFAULT_VERIFY_IMAGE.to_owned(),
        injected: false,
    }
}

fn guard(networks: &[&str]) -> ImdsGuard {
    ImdsGuard {
        namespace: "shop".to_owned(),
        pod_networks: networks.iter().map(|network| (*network).to_owned()).collect(),
    }
}

fn cases() -> Vec<(&'static str, Emission)> {
    let cert_manager = Webhook {
        namespace: "irsa".to_owned(),
        cluster_domain: "k8s.example.net".to_owned(),
        certificate: ServingCertificate::CertManager,
        fail_closed: true,
        ..install()
    };
    let system = Webhook { namespace: "kube-system".to_owned(), fail_closed: true, ..install() };
    let every_job = PodPatch {
        kind: "CronJob".to_owned(),
        name: None,
        containers: vec!["app".to_owned()],
        workload: Workload { audience: "sts.example.net".to_owned(), token_expiration: 600, ..workload() },
        ..patch()
    };
    let pod = PodPatch { kind: "Pod".to_owned(), ..patch() };
    let each = Binding::Each(vec![account("web"), account("worker")]);
    let map =
        Binding::Map(vec![(account("web"), ROLE.to_owned()), (account("worker"), format!("{ROLE}-worker"))]);
    let stored = VerifyJob { bucket: Some("shop-data".to_owned()), injected: true, ..job() };
    let elsewhere = VerifyJob {
        workload: Workload { region: "cn-north-1".to_owned(), ..workload() },
        role_arn: ROLE.replace("arn:aws:", "arn:aws-cn:"),
        bucket: Some("shop-data".to_owned()),
        key_prefix: "2026/checks=irsa/web-".to_owned(),
        ..job()
    };
    // The other files say nothing of networks.
    let filters = |networks: &[&str]| {
        let mut emission = imds_guard(&guard(networks)).unwrap();
        emission
            .artifacts
            .retain(|artifact| [".nft", ".iptables.sh"].iter().any(|end| artifact.path.ends_with(end)));
        emission
    };
    vec![
        ("webhook", webhook(&install()).unwrap()),
        ("webhook-cert-manager-fail-closed", webhook(&cert_manager).unwrap()),
        ("webhook-kube-system-fail-closed", webhook(&system).unwrap()),
        ("pod-patch-deployment", pod_patch(&patch()).unwrap()),
        ("pod-patch-cron-job", pod_patch(&every_job).unwrap()),
        ("pod-patch-pod", pod_patch(&pod).unwrap()),
        ("admission-policy-label", admission_policy(&policy(label(), false)).unwrap()),
        ("admission-policy-label-validate", admission_policy(&policy(label(), true)).unwrap()),
        ("admission-policy-each-validate", admission_policy(&policy(each, true)).unwrap()),
        ("admission-policy-map-validate", admission_policy(&policy(map, true)).unwrap()),
        ("verify-job", verify_job(&job()).unwrap()),
        ("verify-job-injected-bucket", verify_job(&stored).unwrap()),
        ("verify-job-key-prefix", verify_job(&elsewhere).unwrap()),
        ("imds-guard", imds_guard(&guard(&[])).unwrap()),
        (
            "imds-guard-networks",
            imds_guard(&guard(&["10.244.0.0/16", "10.245.0.0/16", "fd00:10::/56"])).unwrap(),
        ),
        ("imds-guard-ipv4", filters(&["10.244.0.0/16"])),
        ("imds-guard-ipv6", filters(&["fd00:10::/56"])),
    ]
}

fn is_golden(name: &str, contents: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("workload-{name}"));
    Assert::new().action_env("SNAPSHOTS").eq(contents, Data::read_from(&path, None).raw());
}

fn documents(text: &str) -> Vec<Yaml> {
    YamlLoader::load_from_str(text).unwrap()
}

fn of_kind(text: &str, kind: &str) -> Yaml {
    documents(text).into_iter().find(|document| document["kind"].as_str() == Some(kind)).unwrap()
}

#[test]
fn every_kind_and_case() {
    for (case, emission) in cases() {
        assert!(emission.warnings.is_empty());
        for artifact in &emission.artifacts {
            is_golden(&format!("{case}.{}", artifact.path), &artifact.contents);
            let given = case.starts_with("webhook") && !case.contains("cert-manager");
            assert_eq!(artifact.secret, given, "{case}");
            for placeholder in artifact
                .contents
                .split(|character: char| !(character.is_ascii_alphanumeric() || "@_".contains(character)))
            {
                let left =
                    placeholder.len() > 2 && placeholder.starts_with('@') && placeholder.ends_with('@');
                assert!(!left, "{case}: {placeholder}");
            }
        }
    }
    let accounts = [
        ("shop", "web", ROLE, None),
        ("shop", "on", ROLE, Some("sts.amazonaws.com")),
        ("123", "worker", ROLE, Some("other: #\n")),
    ];
    let accounts = accounts.map(|(namespace, name, role, audience)| RoleAnnotation {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        role_arn: role.to_owned(),
        audience: audience.map(str::to_owned),
    });
    is_golden("service-account.yaml", &service_account(&accounts));
    assert_eq!(service_account(&[]), "");
}

#[test]
fn the_private_key_stands_in_the_secret_alone() {
    let text = webhook(&install()).unwrap().artifacts.remove(0).contents;
    let key = of_kind(&text, "Secret")["data"]["tls.key"].as_str().unwrap().to_owned();
    assert_eq!(text.matches(&key).count(), 1);
    let shown = format!("{:?} {:?}", install(), webhook(&install()).unwrap());
    assert!(!shown.contains("placeholder") && !shown.contains(&key), "{shown}");
}

#[test]
fn the_webhook_is_registered_last_and_its_namespace_made_first() {
    for (case, emission) in cases().into_iter().filter(|(case, _)| case.starts_with("webhook")) {
        let kinds: Vec<String> = documents(&emission.artifacts[0].contents)
            .iter()
            .map(|document| document["kind"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(kinds.last().unwrap(), "MutatingWebhookConfiguration", "{case}");
        // kube-system is there, and is nobody's to write.
        let first = if case.contains("kube-system") { "ServiceAccount" } else { "Namespace" };
        assert_eq!(kinds[0], first, "{case}");
    }
}

#[test]
fn the_certificate_has_the_names_that_the_service_is_called_by() {
    let given =
        Webhook { namespace: "irsa".to_owned(), cluster_domain: "k8s.example".to_owned(), ..install() };
    let names = given.service_names();
    assert_eq!(
        names,
        [
            "pod-identity-webhook",
            "pod-identity-webhook.irsa",
            "pod-identity-webhook.irsa.svc",
            "pod-identity-webhook.irsa.svc.k8s.example"
        ]
    );
    let text = webhook(&Webhook { certificate: ServingCertificate::CertManager, ..given }).unwrap();
    let text = &text.artifacts[0].contents;
    let serving =
        documents(text).into_iter().rfind(|document| document["kind"].as_str() == Some("Certificate"));
    let asked: Vec<String> = serving.unwrap()["spec"]["dnsNames"]
        .as_vec()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(asked, names);
}

/// Comments and the way of writing apart, and regional STS, which is on here.
#[test]
fn the_policy_is_the_one_that_was_run() {
    let run = include_str!("manifests/admission-policy.yaml").replace("(false &&", "(true &&");
    let ours = admission_policy(&policy(label(), false)).unwrap().artifacts.remove(0).contents;
    assert_eq!(
        of_kind(&ours, "MutatingAdmissionPolicy")["spec"],
        of_kind(&run, "MutatingAdmissionPolicy")["spec"]
    );
    let each = Binding::Each(vec![account("web")]);
    let each = admission_policy(&policy(each, false)).unwrap().artifacts.remove(0).contents;
    assert_eq!(of_kind(&each, "MutatingAdmissionPolicy"), of_kind(&ours, "MutatingAdmissionPolicy"));
}

#[test]
fn what_kubernetes_refuses_is_refused_in_a_sentence() {
    let refused = |result: Result<Emission, issuer_emitter::EmitError>| result.unwrap_err().to_string();
    for (sentence, expected) in [
        (
            refused(webhook(&Webhook { namespace: "a: b".to_owned(), ..install() })),
            "the namespace \"a: b\" is not a name of at most 63 lower-case letters, digits and dashes, with a letter or \
             digit at both ends",
        ),
        (
            refused(webhook(&Webhook { image: "webhook".to_owned(), ..install() })),
            "the image \"webhook\" is not an image with a tag or a digest, such as registry.example/name:v1.2.3",
        ),
        (
            refused(webhook(&Webhook { cluster_domain: "Cluster".to_owned(), ..install() })),
            "the cluster domain \"Cluster\" is no DNS name in lower case, such as cluster.local",
        ),
        (
            refused(pod_patch(&PodPatch { containers: vec![], ..patch() })),
            "names of containers are needed, one at least: a patch finds a container by its name alone",
        ),
        (
            refused(pod_patch(&PodPatch { containers: vec!["a".to_owned(), "a".to_owned()], ..patch() })),
            "the container \"a\" is given twice",
        ),
        (
            refused(pod_patch(&PodPatch { kind: "Service".to_owned(), ..patch() })),
            "a \"Service\" cannot be patched; there are Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod",
        ),
        (
            refused(verify_job(&VerifyJob { role_arn: "web".to_owned(), ..job() })),
            "the role \"web\" is not the ARN of a role: arn:PARTITION:iam::ACCOUNT:role/NAME",
        ),
        (
            refused(verify_job(&VerifyJob { bucket: Some("Data".to_owned()), ..job() })),
            "the bucket \"Data\" is not the name of a bucket",
        ),
        (
            refused(verify_job(&VerifyJob { key_prefix: "a b".to_owned(), ..job() })),
            "the key prefix \"a b\" is not the beginning of a key, such as checks/irsa/: at most 512 letters, digits and \
             -_.=/, no dash first, and a name before each slash",
        ),
        (
            refused(imds_guard(&guard(&["10.0.0.0"]))),
            "the pods' network \"10.0.0.0\" is not a network in CIDR notation, such as 10.244.0.0/16",
        ),
        (
            refused(admission_policy(&AdmissionPolicy {
                workload: Workload { region: "eu'-1".to_owned(), ..workload() },
                ..policy(label(), false)
            })),
            "the region \"eu'-1\" is not the name of a region, such as eu-central-1",
        ),
    ] {
        assert_eq!(sentence, expected);
    }
    let certificate = ServingCertificate::Given {
        ca_bundle_pem: String::new(),
        certificate_pem: String::new(),
        private_key_pem: String::new(),
    };
    assert_eq!(
        refused(webhook(&Webhook { certificate, ..install() })),
        "the bundle of authorities is not PEM"
    );
}
