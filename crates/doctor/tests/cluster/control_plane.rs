//! The control plane through a kubectl that answers from files: a healthy one, and one breakage for each
//! check.

use issuer_doctor::{CHECKS, ClusterRequest, Fact, Group, Report, Status, gather_cluster};
use serde_json::{Value, json};

use crate::control_plane_fixture::*;
use crate::support::*;

async fn report(kubectl: &FakeKubectl, public_jwks: &[u8]) -> Report {
    report_of(&kubectl.request(), public_jwks).await
}

async fn report_of(request: &ClusterRequest, public_jwks: &[u8]) -> Report {
    let account = SERVICE_ACCOUNT.parse().unwrap();
    let cluster = gather_cluster(request, Some(&account), AUDIENCE).await;
    Report::of(&facts(cluster, Fact::NotAsked("-"), public_jwks))
}

#[tokio::test]
async fn a_healthy_cluster_passes_every_check() {
    let kubectl = healthy();
    let report = report(&kubectl, &fixture("two-keys/jwks.json")).await;
    assert_passed_but(&report, "cluster/", &[]);
    assert_found(&report, "cluster/discovery", Status::Pass, &["v1.36.2", ISSUER], "healthy");
    assert_found(&report, "cluster/control-plane", Status::Pass, &["cp-1, cp-2"], "healthy");
    assert_found(&report, "cluster/signing-key", Status::Pass, &["which signed a token"], "healthy");
    let secret = fixture_token("rsa-2048/token.json");
    let (_, signature) = secret.rsplit_once('.').unwrap();
    assert!(!format!("{report:?}").contains(signature), "a report must not hold a token");
    for call in kubectl.calls() {
        assert!(call.ends_with(" --request-timeout=10s"), "{call}");
    }
}

#[tokio::test]
async fn each_breakage_is_found_by_its_check() {
    type Break = fn(&FakeKubectl);
    let rows: &[(&str, Break, &str, Status, &[&str])] = &[
        (
            "an issuer with a trailing slash",
            |kubectl| {
                let document = String::from_utf8(fixture("two-keys/openid-configuration.json")).unwrap();
                kubectl.answer(DOCUMENT, document.replace("cluster-1\"", "cluster-1/\""));
            },
            "cluster/issuer",
            Status::Fail,
            &["cluster-1/", "trailing slash"],
        ),
        (
            "the default issuer",
            |kubectl| {
                let document = json!({
                    "issuer": "https://kubernetes.default.svc.cluster.local",
                    "jwks_uri": "https://10.0.0.1:6443/openid/v1/jwks",
                });
                kubectl.json(DOCUMENT, &document);
            },
            "cluster/issuer",
            Status::Fail,
            &[
                "still signs as Kubernetes' default",
                "--keep-issuer https://kubernetes.default.svc.cluster.local",
            ],
        ),
        (
            "no discovery document",
            |kubectl| {
                kubectl.fail(
                    DOCUMENT,
                    "Error from server (NotFound): the server could not find the requested resource\n",
                );
            },
            "cluster/discovery",
            Status::Fail,
            &["could not find the requested resource"],
        ),
        (
            "the internal address as jwks_uri",
            |kubectl| {
                let document =
                    json!({ "issuer": ISSUER, "jwks_uri": "https://10.0.0.1:6443/openid/v1/jwks" });
                kubectl.json(DOCUMENT, &document);
            },
            "cluster/jwks-uri",
            Status::Warn,
            &["https://10.0.0.1:6443", "--service-account-jwks-uri=https://issuer.example.test"],
        ),
        (
            "an empty JWKS",
            |kubectl| kubectl.answer(JWKS, "{\"keys\":[]}"),
            "cluster/jwks",
            Status::Fail,
            &["empty"],
        ),
        (
            "a signing key that is not published",
            |kubectl| {
                kubectl.fail(TOKEN, FORBIDDEN);
                kubectl.answer(JWKS, fixture("es384/jwks.json"));
            },
            "cluster/signing-key",
            Status::Fail,
            &["the first key", "published are XEBqXFgSJLG0mp8TdjSZGkRcjvGKdQ8P8jPyq-1fFh4"],
        ),
        (
            "a token signed by a key that is not published",
            |kubectl| kubectl.answer(TOKEN, fixture_token("es384/token.json")),
            "cluster/signing-key",
            Status::Fail,
            &["which signed a token"],
        ),
        (
            "another key under the kid that is published",
            |kubectl| {
                let jwks = String::from_utf8(fixture("two-keys/jwks.json")).unwrap();
                kubectl.answer(JWKS, jwks.replace("\"AQAB\"", "\"Aw\""));
            },
            "cluster/signing-key",
            Status::Fail,
            &["another key is published under this kid"],
        ),
        (
            "a second key that is not published",
            |kubectl| {
                let mut own: Value = serde_json::from_slice(&fixture("two-keys/jwks.json")).unwrap();
                let more: Value = serde_json::from_slice(&fixture("es384/jwks.json")).unwrap();
                own["keys"].as_array_mut().unwrap().push(more["keys"][0].clone());
                kubectl.json(JWKS, &own);
            },
            "cluster/verifying-keys",
            Status::Warn,
            &["not published: "],
        ),
        (
            "a token for another audience",
            |kubectl| kubectl.answer(TOKEN, fixture_token("rsa-2048/token-default.json")),
            "cluster/token",
            Status::Fail,
            &["aud "],
        ),
        (
            "a node that still signs as the old issuer",
            |kubectl| {
                let swapped = flags(
                    "service-account-issuer",
                    &["https://kubernetes.default.svc.cluster.local", ISSUER],
                );
                control_plane(kubectl, &[("cp-1", healthy_flags()), ("cp-2", swapped)]);
            },
            "cluster/node-issuers",
            Status::Fail,
            &["cp-2: https://kubernetes.default.svc.cluster.local, https://issuer", "swap them"],
        ),
        (
            "a mixed control plane",
            |kubectl| {
                let alone = flags("service-account-issuer", &[ISSUER]);
                control_plane(
                    kubectl,
                    &[("cp-1", healthy_flags()), ("cp-2", alone), ("cp-3", healthy_flags())],
                );
            },
            "cluster/nodes-alike",
            Status::Fail,
            &["as on cp-1", "cp-2: issuers https://issuer.example.test/cluster-1;", "401"],
        ),
        (
            "no key file",
            |kubectl| control_plane(kubectl, &[("cp-1", flags("service-account-key-file", &[]))]),
            "cluster/key-files",
            Status::Fail,
            &["cp-1: signing key /etc/kubernetes/pki/sa.key, key files none"],
        ),
        (
            "a key file that kubeadm does not carry along",
            |kubectl| {
                let files = ["/etc/kubernetes/pki/sa.pub", "/etc/kubernetes/pki/sa-old.pub"];
                control_plane(kubectl, &[("cp-1", flags("service-account-key-file", &files))]);
            },
            "cluster/key-files",
            Status::Warn,
            &["sa-old.pub", "joins"],
        ),
        (
            "api-audiences with sts.amazonaws.com",
            |kubectl| {
                let audiences = flags(
                    "api-audiences",
                    &["https://kubernetes.default.svc.cluster.local,sts.amazonaws.com"],
                );
                control_plane(kubectl, &[("cp-1", healthy_flags()), ("cp-2", audiences)]);
            },
            "cluster/api-audiences",
            Status::Fail,
            &[
                "cp-2: https://kubernetes.default.svc.cluster.local, sts.amazonaws.com",
                "a login to kube-apiserver",
            ],
        ),
        (
            "the default audience lost with the default issuer",
            |kubectl| {
                let mut lost = flags("api-audiences", &[]);
                lost.retain(|flag| !flag.ends_with("=https://kubernetes.default.svc.cluster.local"));
                control_plane(kubectl, &[("cp-1", lost)]);
            },
            "cluster/own-audiences",
            Status::Warn,
            &["cp-1: https://issuer.example.test/cluster-1", "401"],
        ),
        (
            "tokens that may ask for decades",
            |kubectl| {
                control_plane(kubectl, &[("cp-1", flags("service-account-max-token-expiration", &["0s"]))]);
            },
            "cluster/token-life",
            Status::Warn,
            &["not set on cp-1", "=24h"],
        ),
        (
            "tokens that may ask for ten years, and for decades on another node",
            |kubectl| {
                let name = "service-account-max-token-expiration";
                let of = |values: &[&str]| flags(name, values);
                control_plane(
                    kubectl,
                    &[("cp-1", of(&["87600h"])), ("cp-2", of(&[])), ("cp-3", of(&["24h"]))],
                );
            },
            "cluster/token-life",
            Status::Warn,
            &["not set on cp-2", "cp-1: 87600h", "=24h"],
        ),
        (
            "no right to list pods",
            |kubectl| PODS.iter().for_each(|call| kubectl.fail(call, FORBIDDEN)),
            "cluster/control-plane",
            Status::Warn,
            &["forbidden: Error from server (Forbidden)", "a context that may read it"],
        ),
        (
            "no mirror pods",
            |kubectl| control_plane(kubectl, &[]),
            "cluster/control-plane",
            Status::Skip,
            &["k3s"],
        ),
    ];
    for check in CHECKS.iter().copied().flatten().filter(|check| check.group == Group::Cluster) {
        let broken = |row: &&(&str, Break, &str, Status, &[&str])| {
            row.2 == check.name && matches!(row.3, Status::Warn | Status::Fail)
        };
        assert!(rows.iter().find(broken).is_some(), "nothing breaks {}", check.name);
    }
    for (case, break_it, check, status, words) in rows {
        let kubectl = healthy();
        break_it(&kubectl);
        let report = report(&kubectl, &fixture("two-keys/jwks.json")).await;
        assert_found(&report, check, *status, words, case);
    }
}

#[tokio::test]
async fn a_key_dropped_from_the_published_jwks_is_found() {
    let report = report(&healthy(), &fixture("es256/jwks.json")).await;
    assert_found(&report, "cluster/signing-key", Status::Fail, &["which signed a token"], "overwritten");
}

#[tokio::test]
async fn flags_in_two_words_and_in_args_are_the_same_flags() {
    let kubectl = healthy();
    let mut pod = mirror_pod("cp-1", &[]);
    let words: Vec<&str> = FLAGS.iter().flat_map(|flag| flag.splitn(2, '=')).collect();
    pod["spec"]["containers"][0]["args"] = json!(words);
    kubectl.json(PODS[0], &list(&[]));
    kubectl.json(PODS[1], &list(&[pod]));
    kubectl.json(PODS[2], &list(&[]));
    assert_passed_but(&report(&kubectl, &fixture("two-keys/jwks.json")).await, "cluster/", &[]);
}

#[tokio::test]
async fn an_external_signer_needs_no_key_files() {
    let kubectl = healthy();
    let mut external = flags("service-account-key-file", &[]);
    external.retain(|flag| !flag.contains("signing-key-file"));
    external.push("--service-account-signing-endpoint=/run/signer.sock".to_owned());
    control_plane(&kubectl, &[("cp-1", external)]);
    assert_passed_but(&report(&kubectl, &fixture("two-keys/jwks.json")).await, "cluster/", &[]);
}

#[tokio::test]
async fn saved_documents_serve_without_kubectl() {
    let saved = |document: Option<&[u8]>, jwks: Option<&[u8]>| ClusterRequest::Saved {
        openid_configuration: document.map(<[u8]>::to_vec),
        jwks: jwks.map(<[u8]>::to_vec),
    };
    let public = fixture("two-keys/jwks.json");
    let (document, jwks) = (fixture("two-keys/openid-configuration.json"), fixture("two-keys/jwks.json"));
    let report = report_of(&saved(Some(&document), Some(&jwks)), &public).await;
    for check in ["issuer", "jwks-uri", "signing-key", "verifying-keys"] {
        assert_found(&report, &format!("cluster/{check}"), Status::Pass, &[], "saved");
    }
    assert_found(&report, "cluster/control-plane", Status::Skip, &["give --cluster"], "saved");
    assert_found(&report, "cluster/token", Status::Skip, &["give --cluster"], "saved");

    let report = report_of(&saved(None, Some(&jwks)), &public).await;
    assert_found(&report, "cluster/discovery", Status::Skip, &["--cluster-openid-configuration"], "half");
    assert_found(&report, "cluster/signing-key", Status::Pass, &["the first key"], "half");

    let report = report_of(&saved(Some(b"<html>"), Some(b"[]")), &public).await;
    assert_found(&report, "cluster/discovery", Status::Fail, &["cannot be read"], "nonsense");
    assert_found(&report, "cluster/jwks", Status::Fail, &["cannot be read"], "nonsense");
}

#[tokio::test]
async fn a_cluster_that_nobody_asked_about_is_skipped() {
    let report = report_of(&ClusterRequest::NotAsked, &fixture("two-keys/jwks.json")).await;
    for reported in report.checks.iter().filter(|reported| reported.name.starts_with("cluster/")) {
        assert_eq!(reported.finding.status, Status::Skip, "{}", reported.name);
    }
    assert_found(&report, "cluster/discovery", Status::Skip, &["give --cluster"], "not asked");
}
