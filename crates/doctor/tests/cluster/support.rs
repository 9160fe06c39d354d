//! A kubectl that answers from files, what a healthy cluster answers, and facts around it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use issuer_discovery::{FetchError, Fetched, JwksPath};
use issuer_doctor::{
    ClusterFacts, ClusterRequest, Fact, Facts, Kubectl, Report, Reported, Status, WebhookFacts,
};
use issuer_relying_party::Documents;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;

pub(crate) const ISSUER: &str = "https://issuer.example.test/cluster-1";
pub(crate) const AUDIENCE: &str = "sts.amazonaws.com";
pub(crate) const SERVICE_ACCOUNT: &str = "default/demo";
pub(crate) const FORBIDDEN: &str = "W1126 00:00:00.0 1 warnings.go:70] unable to do this\n\
    Error from server (Forbidden): it is forbidden: User \"jane\" cannot do it at the cluster scope\n";

/// The time at which everything is looked at.
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_345_300).unwrap()
}

/// A kubectl whose answers lie in a directory.
pub(crate) struct FakeKubectl(TempDir);

impl FakeKubectl {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/integration/kubectl.sh");
        fs::copy(script, directory.path().join("kubectl")).unwrap();
        fs::create_dir(directory.path().join("answers")).unwrap();
        Self(directory)
    }

    /// Answers a call; what was answered to it before is forgotten.
    pub(crate) fn answer(&self, call: &str, answer: impl AsRef<[u8]>) {
        self.put(call, "", answer.as_ref());
    }

    pub(crate) fn json(&self, call: &str, answer: &Value) {
        self.answer(call, answer.to_string());
    }

    pub(crate) fn fail(&self, call: &str, complaint: &str) {
        self.put(call, ".error", complaint.as_bytes());
    }

    pub(crate) fn hang(&self, call: &str) {
        self.put(call, ".hang", b"");
    }

    /// Runs it through a shell: a file that was just written may not be executed while another thread forks.
    pub(crate) fn kubectl(&self) -> Kubectl {
        Kubectl {
            program: PathBuf::from("/bin/sh"),
            arguments: vec![self.0.path().join("kubectl").into_os_string()],
            ..Kubectl::default()
        }
    }

    pub(crate) fn request(&self) -> ClusterRequest {
        ClusterRequest::Kubectl(self.kubectl())
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.0.path().join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    pub(crate) fn stdin(&self) -> Value {
        serde_json::from_slice(&fs::read(self.0.path().join("stdin")).unwrap()).unwrap()
    }

    fn put(&self, call: &str, suffix: &str, contents: &[u8]) {
        let fit = |c: char| if c.is_ascii_alphanumeric() || ".=-".contains(c) { c } else { '_' };
        let name: String = call.chars().map(fit).collect();
        let path = |suffix: &str| self.0.path().join("answers").join(format!("{name}{suffix}"));
        for old in ["", ".error", ".hang"] {
            let _ = fs::remove_file(path(old));
        }
        fs::write(path(suffix), contents).unwrap();
    }
}

/// Reads a fixture that kube-apiserver's code made.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/kube-apiserver");
    fs::read(fixtures.join(name)).unwrap()
}

/// Puts the three parts of a token together.
pub(crate) fn fixture_token(name: &str) -> String {
    let parts: Value = serde_json::from_slice(&fixture(name)).unwrap();
    ["header", "payload", "signature"].map(|part| parts[part].as_str().unwrap()).join(".")
}

/// Facts in which nothing but the cluster was looked at, and this JWKS is public.
pub(crate) fn facts(cluster: Fact<ClusterFacts>, webhook: Fact<WebhookFacts>, public_jwks: &[u8]) -> Facts {
    let fetched = |body: &[u8]| Fetched {
        status: 200,
        content_type: Some("application/json".to_owned()),
        cache_control: None,
        location: None,
        body: body.to_owned(),
    };
    let nobody = || FetchError::NotHttps { url: String::new() };
    Facts {
        now: now(),
        issuer: ISSUER.parse().unwrap(),
        jwks_path: JwksPath::default(),
        audience: AUDIENCE.parse().unwrap(),
        keys: Fact::NotAsked("-"),
        documents: Documents::of(
            ISSUER,
            Ok(fetched(&fixture("two-keys/openid-configuration.json"))),
            Some(Ok(fetched(public_jwks))),
        ),
        certificates: Err(nobody()),
        jwks_certificates: None,
        public_look: true,
        region: None,
        account: Fact::NotAsked("-"),
        bucket: Fact::NotAsked("-"),
        provider: Fact::NotAsked("-"),
        role: Fact::NotAsked("-"),
        service_account: Some(SERVICE_ACCOUNT.parse().unwrap()),
        token: Fact::NotAsked("-"),
        duration_seconds: None,
        cluster,
        webhook,
        sts: Fact::NotAsked("-"),
    }
}

/// Returns what a check found.
pub(crate) fn found<'a>(report: &'a Report, name: &str) -> &'a Reported {
    report.checks.iter().find(|reported| reported.name == name).unwrap_or_else(|| panic!("no check {name}"))
}

/// Asserts how a check ended, and that what it says has these words.
pub(crate) fn assert_found(report: &Report, name: &str, status: Status, words: &[&str], case: &str) {
    let finding = &found(report, name).finding;
    assert_eq!(finding.status, status, "{case}: {name}: {finding:?}");
    let said =
        [&finding.expected, &finding.actual, &finding.hint].map(|text| text.clone().unwrap_or_default());
    for word in words {
        assert!(
            said.iter().any(|text| text.contains(word)),
            "{case}: {name} does not say {word:?}: {finding:?}"
        );
    }
    let mends = matches!(status, Status::Warn | Status::Fail);
    assert_eq!(finding.hint.is_some(), mends, "{case}: {name}: only what is wrong has a hint");
    let hint = finding.hint.clone().unwrap_or_default();
    let begins_low = hint.starts_with("AWS ") || !hint.starts_with(char::is_uppercase);
    assert!(begins_low && !hint.ends_with('.'), "{case}: {name}: {hint}");
}

/// Asserts that all checks of a group passed but these.
pub(crate) fn assert_passed_but(report: &Report, group: &str, but: &[&str]) {
    for reported in report.checks.iter().filter(|reported| reported.name.starts_with(group)) {
        if !but.contains(&reported.name) {
            assert_eq!(reported.finding.status, Status::Pass, "{}: {:?}", reported.name, reported.finding);
        }
    }
}

pub(crate) fn list(items: &[Value]) -> Value {
    json!({ "apiVersion": "v1", "kind": "List", "items": items, "metadata": { "resourceVersion": "" } })
}

/// A time limit that a test can wait for.
pub(crate) const SHORT: Duration = Duration::from_millis(200);
