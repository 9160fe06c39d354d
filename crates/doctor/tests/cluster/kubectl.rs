//! kubectl that is missing, refuses, hangs or talks nonsense: bounded, and said in a sentence.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use issuer_doctor::{
    ClusterRequest, Fact, Gap, Kubectl, KubectlError, KubectlObserver, MAX_KUBECTL_BYTES, Report, Status,
    gather_cluster, gather_webhook,
};

use crate::support::*;

const CALL: &[&str] = &["get", "--raw", "/openid/v1/jwks"];
const CALLED: &str = "get --raw /openid/v1/jwks";

/// A program of a few words of shell.
fn shell(words: &str, time_limit: Duration) -> Kubectl {
    let arguments = ["-c", words, "kubectl"].map(Into::into).to_vec();
    Kubectl { program: PathBuf::from("/bin/sh"), arguments, time_limit, observer: None }
}

#[tokio::test]
async fn what_kubectl_answers_and_gets_is_passed_on_unchanged() {
    let kubectl = FakeKubectl::new();
    kubectl.answer(CALLED, b"\x00\xff\n\n");
    assert_eq!(kubectl.kubectl().run(CALL, b"").await.unwrap(), b"\x00\xff\n\n");
    assert_eq!(kubectl.calls(), ["get --raw /openid/v1/jwks --request-timeout=10s"]);

    let echo = shell("cat", Duration::from_secs(10));
    let large = vec![b'x'; 300_000];
    assert_eq!(echo.run(&[], &large).await.unwrap(), large);
    // One that does not read its input is not waited for.
    assert_eq!(
        shell("exec <&-; echo done", Duration::from_secs(10)).run(&[], &large).await.unwrap(),
        b"done\n"
    );
    // Nothing is to be read where nothing is given.
    assert_eq!(echo.run(&[], b"").await.unwrap(), b"");
}

#[tokio::test]
async fn each_failure_is_told_apart() {
    let kubectl = FakeKubectl::new();
    kubectl.fail(CALLED, FORBIDDEN);
    let error = kubectl.kubectl().run(CALL, b"").await.unwrap_err();
    assert!(
        matches!(&error, KubectlError::Forbidden { message, .. } if message.starts_with("Error from server (Forbidden)"))
    );

    kubectl.fail(CALLED, "Error from server (NotFound): nothing\n");
    assert!(matches!(kubectl.kubectl().run(CALL, b"").await, Err(KubectlError::NotFound { .. })));

    kubectl.fail(
        CALLED,
        "E1126 memcache.go:265] no list\nThe connection to the server localhost:8080 was refused\n",
    );
    let error = kubectl.kubectl().run(CALL, b"").await.unwrap_err();
    let words = error.to_string();
    assert!(
        words.ends_with("/openid/v1/jwks` failed: The connection to the server localhost:8080 was refused"),
        "{words}"
    );

    kubectl.answer(CALLED, "<html>");
    assert!(matches!(kubectl.kubectl().json(CALL, b"").await, Err(KubectlError::NotJson { .. })));

    let missing = Kubectl { program: PathBuf::from("/nowhere/kubectl"), ..Kubectl::default() };
    let error = missing.run(CALL, b"").await.unwrap_err();
    assert_eq!(error.to_string(), "`/nowhere/kubectl` is not on PATH");
    assert!(error.hint().contains("--cluster-jwks"));

    let silent = shell("exit 3", Duration::from_secs(10)).run(CALL, b"").await.unwrap_err();
    assert!(silent.to_string().ends_with("it says nothing"), "{silent}");
}

#[tokio::test]
async fn each_call_is_told_as_a_user_writes_it() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&told);
    let observer: KubectlObserver = Arc::new(move |call| ears.lock().unwrap().push(call.clone()));
    let arguments = ["-c", "[ \"$2\" = one ]", "kubectl", "--context=a"].map(Into::into).to_vec();
    let program = PathBuf::from("/bin/sh");
    let kubectl = Kubectl { program, arguments, observer: Some(observer), ..Kubectl::default() };
    kubectl.run(&["one"], b"").await.unwrap();
    let error = kubectl.run(&["two"], b"").await.unwrap_err();
    let told: Vec<(String, bool)> =
        told.lock().unwrap().iter().map(|call| (call.command.clone(), call.succeeded)).collect();
    let command = |word| format!("kubectl -c [ \"$2\" = one ] kubectl --context=a {word}");
    assert_eq!(told, [(command("one"), true), (command("two"), false)]);
    assert!(error.to_string().contains(&command("two")));
}

#[tokio::test]
async fn a_complaint_steers_no_terminal_and_is_bounded() {
    let words = r"printf 'error: \033[2J%0400d\n' 1 >&2; exit 1";
    let error = shell(words, Duration::from_secs(10)).run(CALL, b"").await.unwrap_err().to_string();
    assert!(error.contains("\\u{1b}[2J") && error.ends_with('…') && error.len() < 500, "{error}");
    // Megabytes of it are read past, so that kubectl comes to its end.
    let words = "head -c 3000000 /dev/zero >&2; echo answer";
    assert_eq!(shell(words, Duration::from_secs(10)).run(CALL, b"").await.unwrap(), b"answer\n");
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let endless = shell("cat /dev/zero", Duration::from_secs(60));
    assert!(matches!(endless.run(CALL, b"").await, Err(KubectlError::TooLarge { .. })));
    let words = format!("head -c {MAX_KUBECTL_BYTES} /dev/zero");
    assert_eq!(shell(&words, Duration::from_secs(60)).run(CALL, b"").await.unwrap().len(), MAX_KUBECTL_BYTES);
}

#[tokio::test]
async fn one_that_hangs_is_ended() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pid");
    let words = format!("echo $$ > {}; exec sleep 600", file.display());
    let error = shell(&words, SHORT).run(CALL, b"").await.unwrap_err();
    assert!(matches!(error, KubectlError::Timeout { .. }), "{error}");
    assert!(error.hint().contains("wait for a login"));
    let process = format!("/proc/{}/stat", std::fs::read_to_string(file).unwrap().trim());
    let ended = || match std::fs::read_to_string(&process) {
        // A zombie has ended; its parent has not looked yet.
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    };
    while !ended() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_cluster_that_hangs_hides_nothing_of_the_rest() {
    let kubectl = FakeKubectl::new();
    kubectl.hang("get --raw /.well-known/openid-configuration");
    kubectl.answer(CALLED, fixture("two-keys/jwks.json"));
    let request = ClusterRequest::Kubectl(Kubectl { time_limit: SHORT, ..kubectl.kubectl() });
    let Fact::Is(cluster) = gather_cluster(&request, None, AUDIENCE).await else { panic!() };
    assert!(matches!(cluster.document, Err(Gap::Kubectl(KubectlError::Timeout { .. }))));
    assert_eq!(cluster.jwks.unwrap().keys().len(), 2);
}

#[tokio::test]
async fn without_kubectl_the_report_says_so_and_ends() {
    let missing = Kubectl { program: PathBuf::from("/nowhere/kubectl"), ..Kubectl::default() };
    let request = ClusterRequest::Kubectl(missing);
    let account = SERVICE_ACCOUNT.parse().unwrap();
    let cluster = gather_cluster(&request, Some(&account), AUDIENCE).await;
    let webhook = gather_webhook(&request, Some(&account), None).await;
    let report = Report::of(&facts(cluster, webhook, &fixture("two-keys/jwks.json")));
    assert_found(&report, "cluster/discovery", Status::Fail, &["not on PATH", "install kubectl"], "missing");
    assert_found(&report, "cluster/issuer", Status::Skip, &["cluster/discovery"], "missing");
    assert_found(&report, "webhook/installed", Status::Warn, &["not on PATH"], "missing");
    let ours = |name: &str| name.starts_with("cluster/") || name.starts_with("webhook/");
    assert!(
        report.checks.iter().filter(|reported| ours(reported.name)).all(|r| r.finding.status != Status::Pass)
    );
}

#[tokio::test]
async fn nonsense_is_no_panic_and_no_pass() {
    for nonsense in
        ["", "null", "[]", "{}", "\"x\"", "{\"kind\":\"List\",\"items\":[null,1,{}]}", "{\"kind\":\"Pod\"}"]
    {
        let kubectl = shell(&format!("printf %s '{nonsense}'"), Duration::from_secs(10));
        let request = ClusterRequest::Kubectl(kubectl);
        let account = SERVICE_ACCOUNT.parse().unwrap();
        let cluster = gather_cluster(&request, Some(&account), AUDIENCE).await;
        let webhook = gather_webhook(&request, Some(&account), None).await;
        let report = Report::of(&facts(cluster, webhook, &fixture("two-keys/jwks.json")));
        for name in [
            "cluster/issuer",
            "cluster/signing-key",
            "cluster/token",
            "webhook/pod-role",
            "webhook/pod-token",
        ] {
            assert_ne!(found(&report, name).finding.status, Status::Pass, "{nonsense}: {name}");
        }
    }
}
