//! The pod identity webhook through a kubectl that answers from files: a healthy one, and one breakage for
//! each check.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use issuer_doctor::{CHECKS, Group, Status};
use serde_json::json;

use crate::support::*;
use crate::webhook_fixture::*;

#[tokio::test]
async fn a_healthy_webhook_passes_every_check() {
    let kubectl = Cluster::healthy().0.answers();
    for role in [Some(ROLE), None] {
        assert_passed_but(&report_for(&kubectl, role).await, "webhook/", &[]);
    }
    let pod = kubectl.stdin();
    assert_eq!(pod["spec"]["serviceAccountName"], "demo");
    assert_eq!(pod["spec"]["securityContext"]["runAsNonRoot"], true);
    let calls = kubectl.calls();
    assert!(calls.iter().any(|call| call.contains("create --dry-run=server")), "{calls:?}");
    // The private key of the webhook is nobody's to read.
    let reads_secret = |call: &&String| call.contains("secret");
    assert!(
        calls.iter().filter(reads_secret).all(|call| call.contains("jsonpath={.data.tls\\.crt}")),
        "{calls:?}"
    );
}

#[tokio::test]
async fn each_breakage_is_found_by_its_check() {
    type Break = fn(&mut Cluster, &Authority);
    let rows: &[(&str, Break, &str, Status, &[&str])] = &[
        (
            "no webhook",
            |cluster, _| cluster.configuration["webhooks"] = json!([]),
            "webhook/installed",
            Status::Warn,
            &["there is none", "by hand"],
        ),
        (
            "no replica ready",
            |cluster, _| cluster.deployment["status"] = json!({ "replicas": 2 }),
            "webhook/ready",
            Status::Fail,
            &["0 of 2 ready", "kubectl -n eks describe deployment pod-identity-webhook"],
        ),
        (
            "one replica of two",
            |cluster, _| cluster.deployment["status"]["readyReplicas"] = json!(1),
            "webhook/ready",
            Status::Warn,
            &["1 of 2 ready"],
        ),
        (
            "no Deployment behind the Service",
            |cluster, _| cluster.service["spec"]["selector"] = json!({ "app": "other" }),
            "webhook/ready",
            Status::Skip,
            &["no Deployment is behind the Service pod-identity-webhook"],
        ),
        (
            "a registration that was left behind",
            |cluster, _| cluster.service["metadata"]["name"] = json!("another"),
            "webhook/ready",
            Status::Fail,
            &["no Service pod-identity-webhook", "delete what names it"],
        ),
        (
            "a namespace that takes no pods",
            |cluster, _| cluster.refused.push(POD),
            "webhook/pod",
            Status::Warn,
            &["(Forbidden)"],
        ),
        (
            "another audience",
            |cluster, _| cluster.argument("--token-audience", "--token-audience=other"),
            "webhook/arguments",
            Status::Fail,
            &["--token-audience=sts.amazonaws.com", "other"],
        ),
        (
            "another prefix",
            |cluster, _| cluster.argument("--annotation-prefix", "--annotation-prefix=irsa.example.test"),
            "webhook/arguments",
            Status::Warn,
            &["irsa.example.test"],
        ),
        (
            "annotations that the webhook does not read",
            |cluster, _| cluster.argument("--annotation-prefix", "--annotation-prefix=irsa.example.test"),
            "webhook/service-account",
            Status::Fail,
            &["irsa.example.test/role-arn", "the annotation is missing"],
        ),
        (
            "its own certificate requests",
            |cluster, _| {
                cluster.argument("--in-cluster", "--in-cluster");
                cluster.argument("--tls-cert", "--tls-secret=pod-identity-webhook-cert");
            },
            "webhook/arguments",
            Status::Warn,
            &["v0.3.0"],
        ),
        (
            "an expired certificate",
            |cluster, authority| cluster.certificate = serving(authority, &[NAME], -1),
            "webhook/certificate-expiry",
            Status::Fail,
            &["it ran out on "],
        ),
        (
            "an expired certificate is not asked for its chain",
            |cluster, authority| cluster.certificate = serving(authority, &[NAME], -1),
            "webhook/ca-bundle",
            Status::Skip,
            &["webhook/certificate-expiry"],
        ),
        (
            "a Secret without a certificate",
            |cluster, _| cluster.certificate = "no PEM".to_owned(),
            "webhook/certificate-expiry",
            Status::Fail,
            &[
                "it holds no certificate",
                "issuerctl workload webhook --out DIR --namespace eks --name pod-identity-webhook",
            ],
        ),
        (
            "a certificate of nonsense",
            |cluster, _| {
                let body = STANDARD.encode("nonsense");
                cluster.certificate =
                    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
            },
            "webhook/certificate-expiry",
            Status::Fail,
            &["cannot be read"],
        ),
        (
            "a certificate that runs out soon",
            |cluster, authority| cluster.certificate = serving(authority, &[NAME], 20),
            "webhook/certificate-expiry",
            Status::Warn,
            &["30 days", "it runs out on ", "issuerctl workload webhook --out DIR"],
        ),
        (
            "a certificate with a common name alone",
            |cluster, authority| cluster.certificate = serving(authority, &[], 300),
            "webhook/certificate-names",
            Status::Fail,
            &[NAME, "none", "1.19"],
        ),
        (
            "a certificate for another namespace",
            |cluster, authority| {
                cluster.certificate = serving(authority, &["pod-identity-webhook.default.svc"], 300);
            },
            "webhook/certificate-names",
            Status::Fail,
            &[NAME, "pod-identity-webhook.default.svc"],
        ),
        (
            "a caBundle of another authority",
            |cluster, _| {
                let other = authority("webhook authority");
                cluster.webhook()["clientConfig"]["caBundle"] = json!(STANDARD.encode(other.pem()));
            },
            "webhook/ca-bundle",
            Status::Fail,
            &["vouches", "cert-manager.io/inject-ca-from"],
        ),
        (
            "an authority that runs out soon",
            |cluster, _| {
                let ending = authority_until("webhook authority", 20);
                cluster.certificate = serving(&ending, &[NAME], 300);
                cluster.webhook()["clientConfig"]["caBundle"] = json!(STANDARD.encode(ending.pem()));
            },
            "webhook/ca-bundle",
            Status::Warn,
            &["30 days left", "the authority runs out on ", "issuerctl workload webhook --out DIR"],
        ),
        (
            "an old authority beside the one that counts",
            |cluster, authority| {
                let both = authority_until("webhook authority", 20).pem() + &authority.pem();
                cluster.webhook()["clientConfig"]["caBundle"] = json!(STANDARD.encode(both));
            },
            "webhook/ca-bundle",
            Status::Pass,
            &["vouches"],
        ),
        (
            "no caBundle",
            |cluster, _| cluster.webhook()["clientConfig"]["caBundle"] = json!(null),
            "webhook/ca-bundle",
            Status::Fail,
            &["there is no caBundle"],
        ),
        (
            "v1 with an old image",
            |cluster, _| cluster.webhook()["admissionReviewVersions"] = json!(["v1", "v1beta1"]),
            "webhook/review-versions",
            Status::Fail,
            &["v1, v1beta1", ":v0.6.17", "kubectl patch mutatingwebhookconfiguration pod-identity-webhook"],
        ),
        (
            "v1 with an image of no version",
            |cluster, _| {
                cluster.webhook()["admissionReviewVersions"] = json!(["v1"]);
                cluster.container()["image"] = json!("example.test/pod-identity-webhook:latest");
            },
            "webhook/review-versions",
            Status::Warn,
            &["latest"],
        ),
        (
            "v1 with a newer image",
            |cluster, _| {
                cluster.webhook()["admissionReviewVersions"] = json!(["v1"]);
                cluster.container()["image"] = json!("example.test/pod-identity-webhook:v0.6.18");
            },
            "webhook/review-versions",
            Status::Pass,
            &["v0.6.18"],
        ),
        (
            "no reinvocation",
            |cluster, _| cluster.webhook()["reinvocationPolicy"] = json!("Never"),
            "webhook/reinvocation",
            Status::Warn,
            &["Never", "sidecar"],
        ),
        (
            "silent pods",
            |cluster, _| cluster.webhook()["failurePolicy"] = json!("Ignore"),
            "webhook/failure-policy",
            Status::Warn,
            &["Ignore", "silently"],
        ),
        (
            "a lock-out of itself",
            |cluster, _| cluster.webhook()["namespaceSelector"] = json!({}),
            "webhook/failure-policy",
            Status::Fail,
            &["its own pods", "namespaceSelector"],
        ),
        (
            "a lock-out of kube-system",
            |cluster, _| {
                let selector = json!({ "matchExpressions": [{
                    "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["eks"],
                }] });
                cluster.webhook()["namespaceSelector"] = selector;
            },
            "webhook/failure-policy",
            Status::Warn,
            &["kube-system"],
        ),
        (
            "its own pods left out by their labels",
            |cluster, _| {
                cluster.webhook()["namespaceSelector"] = json!({});
                let selector = json!({ "matchExpressions": [
                    { "key": "app", "operator": "NotIn", "values": ["pod-identity-webhook"] },
                    { "key": "component", "operator": "NotIn", "values": ["kube-apiserver"] },
                ] });
                cluster.webhook()["objectSelector"] = selector;
            },
            "webhook/failure-policy",
            Status::Pass,
            &["Fail"],
        ),
        (
            "expressions that are not evaluated",
            |cluster, _| {
                cluster.webhook()["namespaceSelector"] = json!({});
                cluster.webhook()["matchConditions"] = json!([{ "name": "x", "expression": "true" }]);
            },
            "webhook/failure-policy",
            Status::Warn,
            &["matchConditions"],
        ),
        (
            "no annotation",
            |cluster, _| cluster.account["metadata"]["annotations"] = json!(null),
            "webhook/service-account",
            Status::Fail,
            &[
                "missing",
                "kubectl -n default annotate serviceaccount demo --overwrite eks.amazonaws.com/role-arn=arn:",
            ],
        ),
        (
            "another role in the annotation",
            |cluster, _| {
                cluster.account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] =
                    json!("arn:aws:iam::1:role/x");
            },
            "webhook/service-account",
            Status::Fail,
            &[ROLE, "arn:aws:iam::1:role/x"],
        ),
        (
            "another audience in the annotation",
            |cluster, _| {
                cluster.account["metadata"]["annotations"]["eks.amazonaws.com/audience"] = json!("other");
            },
            "webhook/service-account",
            Status::Fail,
            &["eks.amazonaws.com/audience", "other"],
        ),
        (
            "a pod that nobody changed",
            |cluster, _| cluster.pod_container()["env"] = json!([]),
            "webhook/pod-role",
            Status::Fail,
            &["no AWS_ROLE_ARN"],
        ),
        (
            "a pod with another role",
            |cluster, _| cluster.pod_container()["env"][0]["value"] = json!("arn:aws:iam::1:role/x"),
            "webhook/pod-role",
            Status::Fail,
            &[ROLE, "arn:aws:iam::1:role/x"],
        ),
        (
            "a pod without the token's file",
            |cluster, _| {
                cluster.pod_container()["env"].as_array_mut().unwrap().pop();
            },
            "webhook/pod-token",
            Status::Fail,
            &["no AWS_WEB_IDENTITY_TOKEN_FILE"],
        ),
        (
            "a file that nothing is mounted above",
            |cluster, _| cluster.pod_container()["env"][1]["value"] = json!("/token"),
            "webhook/pod-token",
            Status::Fail,
            &["no volume is mounted above /token"],
        ),
        (
            "a volume without the token",
            |cluster, _| {
                cluster.pod["spec"]["volumes"][0] = json!({ "name": "aws-iam-token", "emptyDir": {} });
            },
            "webhook/pod-token",
            Status::Fail,
            &["projects no token"],
        ),
        (
            "a token for another audience",
            |cluster, _| {
                let source = &mut cluster.pod["spec"]["volumes"][0]["projected"]["sources"][0];
                source["serviceAccountToken"]["audience"] = json!("other");
            },
            "webhook/pod-token",
            Status::Fail,
            &["audience is other"],
        ),
        (
            "a mount that can be written",
            |cluster, _| cluster.pod_container()["volumeMounts"][1]["readOnly"] = json!(null),
            "webhook/pod-token",
            Status::Fail,
            &["not mounted read-only"],
        ),
    ];
    for check in CHECKS.iter().copied().flatten().filter(|check| check.group == Group::Webhook) {
        let broken = |row: &&(&str, Break, &str, Status, &[&str])| {
            row.2 == check.name && matches!(row.3, Status::Warn | Status::Fail)
        };
        assert!(rows.iter().find(broken).is_some(), "nothing breaks {}", check.name);
    }
    for (case, break_it, check, status, words) in rows {
        let (mut cluster, authority) = Cluster::healthy();
        break_it(&mut cluster, &authority);
        assert_found(&report(&cluster.answers()).await, check, *status, words, case);
    }
}
