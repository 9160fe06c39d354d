//! A webhook that is not as one expects: under another name, not there, not to be seen, named to deceive.

use issuer_doctor::{ClusterRequest, Fact, Report, Status, gather_webhook};
use serde_json::json;

use crate::support::*;
use crate::webhook_fixture::*;

#[tokio::test]
async fn a_webhook_of_another_name_is_known_by_its_image() {
    let (mut cluster, _) = Cluster::healthy();
    cluster.configuration["metadata"]["name"] = json!("iam-for-pods");
    cluster.webhook()["name"] = json!("iam-for-pods.amazonaws.com");
    cluster.webhook()["clientConfig"]["service"]["name"] = json!("iam-for-pods");
    cluster.service["metadata"]["name"] = json!("iam-for-pods");
    let found = report(&cluster.answers()).await;
    assert_found(&found, "webhook/installed", Status::Pass, &["iam-for-pods"], "by image");
    cluster.container()["image"] = json!("example.test/something-else:1");
    let found = report(&cluster.answers()).await;
    assert_found(&found, "webhook/installed", Status::Warn, &["there is none"], "another image");
}

#[tokio::test]
async fn without_a_webhook_the_pod_is_still_looked_at() {
    let (mut cluster, _) = Cluster::healthy();
    cluster.configuration["webhooks"] = json!([]);
    let changed = report(&cluster.answers()).await;
    assert_found(&changed, "webhook/pod-role", Status::Pass, &[ROLE], "a policy adds it");
    cluster.pod_container()["env"] = json!([]);
    let bare = report(&cluster.answers()).await;
    assert_found(&bare, "webhook/pod", Status::Skip, &["by hand"], "by hand");
    assert_found(&bare, "webhook/pod-role", Status::Skip, &["webhook/pod"], "by hand");
}

#[tokio::test]
async fn a_refused_pod_or_secret_is_named_and_hides_nothing_else() {
    let kubectl = Cluster::healthy().0.answers();
    kubectl.fail(SECRET, FORBIDDEN);
    kubectl.fail(POD, "Error from server (Forbidden): error when creating \"STDIN\": pods is forbidden\n");
    let found = report(&kubectl).await;
    assert_found(&found, "webhook/certificate-expiry", Status::Skip, &["(Forbidden)"], "refused");
    assert_found(&found, "webhook/pod", Status::Warn, &["pods is forbidden"], "refused");
    assert_found(&found, "webhook/pod-role", Status::Skip, &["waits for webhook/pod"], "refused");
    assert_found(&found, "webhook/ready", Status::Pass, &["2 of 2"], "refused");

    kubectl.fail(ACCOUNT, "Error from server (NotFound): serviceaccounts \"demo\" not found\n");
    let found = report(&kubectl).await;
    assert_found(&found, "webhook/service-account", Status::Fail, &["\"demo\" not found"], "no account");
}

#[tokio::test]
async fn without_a_service_account_the_pod_waits_and_nothing_is_made() {
    let kubectl = Cluster::healthy().0.answers();
    let webhook = gather_webhook(&kubectl.request(), None, None).await;
    let report = Report::of(&facts(Fact::NotAsked("-"), webhook, b"{\"keys\":[]}"));
    for check in ["service-account", "pod", "pod-role", "pod-token"] {
        assert_eq!(found(&report, &format!("webhook/{check}")).finding.status, Status::Skip, "{check}");
    }
    assert_found(&report, "webhook/service-account", Status::Skip, &["give --service-account"], "no account");
    assert!(!kubectl.calls().iter().any(|call| call.contains("create")));
}

#[tokio::test]
async fn without_kubectl_the_webhook_is_skipped() {
    let request = ClusterRequest::Saved { openid_configuration: None, jwks: Some(b"{}".to_vec()) };
    let webhook = gather_webhook(&request, None, None).await;
    let report = Report::of(&facts(Fact::NotAsked("-"), webhook, b"{\"keys\":[]}"));
    assert_found(&report, "webhook/installed", Status::Skip, &["give --cluster"], "saved documents");
}

#[tokio::test]
async fn names_that_look_like_options_are_no_arguments() {
    let (mut cluster, _) = Cluster::healthy();
    cluster.deployment["spec"]["template"]["spec"]["volumes"][0]["secret"]["secretName"] =
        json!("--kubeconfig=/tmp/x");
    let kubectl = cluster.answers();
    assert_found(
        &report(&kubectl).await,
        "webhook/certificate-expiry",
        Status::Fail,
        &["it is no name"],
        "option",
    );
    cluster.deployment["spec"]["template"]["spec"]["volumes"][0]["secret"] = json!({
        "secretName": "pod-identity-webhook-cert",
        "items": [{ "key": "tls.key", "path": "tls.crt" }],
    });
    let kubectl = cluster.answers();
    assert_found(
        &report(&kubectl).await,
        "webhook/certificate-expiry",
        Status::Fail,
        &["names no certificate"],
        "key",
    );
    assert!(!kubectl.calls().iter().any(|call| call.contains("secret")), "{:?}", kubectl.calls());
}
