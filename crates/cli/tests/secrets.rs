//! No transcript, trace, JSON, error or file but the key's own has a private number in it, nor AWS's secrets:
//! every command, as talkative as it gets, and most of the ways in which one fails.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[path = "support/detector.rs"]
mod detector;
#[path = "../../discovery/tests/support/server.rs"]
mod server;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use detector::{Detector, planted};
use server::{ROOT, Server, reply};

const ISSUER: &str = "https://oidc.example.com/c1";
const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEOr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDexample";
const MANIFEST: &str = "../../crates/emitter/tests/manifests/kube-apiserver.yaml";

/// A directory of one key, and everything that was said there.
struct Scene {
    directory: tempfile::TempDir,
    environment: Vec<(String, String)>,
    said: Vec<(String, Vec<u8>)>,
    detector: Detector,
}

impl Scene {
    fn new(algorithm: &str) -> Self {
        let mut scene = Self {
            directory: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
            said: Vec::new(),
            detector: Detector::default(),
        };
        scene.ok(&["keygen", "--algorithm", algorithm]);
        let pem = fs::read_to_string(scene.path("keys/sa.key")).unwrap();
        scene.detector.add_key(&format!("the {algorithm} key"), &pem);
        scene.detector.add("the secret access key", SECRET_ACCESS_KEY.as_bytes());
        scene.detector.add("the session token", SESSION_TOKEN.as_bytes());
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &[u8]) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_issuerctl"));
        command
            .env_clear()
            .envs([("PATH", std::env::var("PATH").unwrap())])
            .envs([("HOME", "/nonexistent"), ("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full")])
            .envs([("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)])
            .envs([("AWS_SESSION_TOKEN", SESSION_TOKEN), ("AWS_REGION", "eu-west-1")])
            .envs([("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_MAX_ATTEMPTS", "1")])
            .envs(self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command for people and for programs, and keeps what it says.
    fn run(&mut self, words: &[&str]) -> bool {
        let mut good = true;
        for format in ["text", "json"] {
            let output = self.program().args(words).args(["-v", "-o", format]).output().unwrap();
            good &= output.status.success();
            let code = output.status.code();
            assert!(code.is_some_and(|code| code < 100), "{words:?}: {output:?}");
            for text in [output.stdout, output.stderr] {
                self.said.push((format!("{} -o {format}", words.join(" ")), text));
            }
        }
        good
    }

    fn ok(&mut self, words: &[&str]) {
        assert!(self.run(words), "{words:?}: {}", self.last());
    }

    fn fails(&mut self, words: &[&str]) {
        assert!(!self.run(words), "{words:?}: {}", self.last());
    }

    fn last(&self) -> String {
        self.said.iter().rev().take(4).map(|(_, text)| String::from_utf8_lossy(text)).collect()
    }

    /// Every command that knows the key, where nothing is wrong, and the settings of every kind.
    fn works(&mut self) {
        self.ok(&["keygen"]);
        self.ok(&["keygen", "--check"]);
        self.ok(&["jwks"]);
        self.ok(&["discovery", "--issuer", ISSUER]);
        self.ok(&["discovery", "--issuer", ISSUER, "--out", "site"]);
        self.ok(&["publish", "--dir", "web", "--issuer", ISSUER, "--yes", "--skip-read-back"]);
        self.fails(&[
            "publish",
            "--dir",
            "web",
            "--issuer",
            ISSUER,
            "--yes",
            "--wait",
            "0",
            "--connect-to",
            "::127.0.0.1:9",
            "--ca-file",
            "root",
        ]);
        for target in ["flags", "systemd", "kubeadm"] {
            self.ok(&["emit", target, "--issuer", ISSUER]);
            self.ok(&["emit", target, "--issuer", ISSUER, "--out", target]);
        }
        let manifest = format!("{}/{MANIFEST}", env!("CARGO_MANIFEST_DIR"));
        self.ok(&["emit", "static-pod", "--issuer", ISSUER, "--manifest", &manifest]);
        self.ok(&["token", "--issuer", ISSUER, "--service-account", "default/demo"]);
        self.ok(&["completions", "bash"]);
        self.ok(&["man", "--out", "man"]);
        self.fails(&["register", "--issuer", ISSUER, "--yes", "--endpoint-url", "http://127.0.0.1:9"]);
    }

    /// The key where it should not be, or not as it should be.
    fn fails_on_keys(&mut self) {
        let key = fs::read(self.path("keys/sa.key")).unwrap();
        let text = String::from_utf8(key.clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let other = if text.contains("BEGIN EC") { "rsa-2048" } else { "es256" };
        let unlabelled = text.replace("RSA PRIVATE", "PRIVATE").replace("EC PRIVATE", "PRIVATE");
        let encrypted = self.encrypted();
        let half = text.len() / 2;
        let broken: [(&str, Vec<u8>); 8] = [
            ("truncated", key[..half].to_vec()),
            ("without an end", lines[..lines.len() - 1].join("\n").into_bytes()),
            ("without its lines of dashes", lines[1..lines.len() - 1].join("\n").into_bytes()),
            ("corrupted", [&key[..half], b"AAAAAAAA", &key[half + 8..]].concat()),
            ("not base64", [&key[..half], b"****", &key[half + 4..]].concat()),
            ("in one line", text.replace('\n', "").into_bytes()),
            ("mislabelled", unlabelled.clone().into_bytes()),
            ("encrypted", encrypted),
        ];
        for (what, bytes) in broken {
            fs::write(self.path("keys/sa.key"), bytes).unwrap();
            self.fails(&["token", "--issuer", ISSUER, "--service-account", "default/demo"]);
            self.fails(&["keygen"]);
            assert!(!self.said.is_empty(), "{what}");
        }
        fs::write(self.path("keys/sa.key"), &key).unwrap();

        // The private key where something else is expected.
        let json = serde_json::to_string(&text).unwrap();
        let records = format!(r#"{{"version":1,"keys":[{{"kid":{json}}}]}}"#);
        let issuer = format!(r#"{{"version":1,"keys":{json}}}"#);
        let kept = fs::read(self.path("keys/ring.json")).unwrap();
        for bytes in [key.clone(), json.clone().into_bytes(), records.into_bytes(), issuer.into_bytes()] {
            fs::write(self.path("keys/ring.json"), bytes).unwrap();
            self.fails(&["jwks"]);
        }
        fs::write(self.path("keys/ring.json"), kept).unwrap();
        self.write("private/odd.txt", unlabelled.as_bytes());
        self.run(&["jwks", "--public-key", "private/odd.txt"]);
        self.run(&["jwks", "--public-key", "keys/sa.key"]);
        self.fails(&["emit", "static-pod", "--issuer", ISSUER, "--manifest", "keys/sa.key"]);
        self.fails(&["register", "--issuer", ISSUER, "--ca-file", "keys/sa.key"]);
        for name in [".well-known/openid-configuration", "openid/v1/jwks"] {
            self.write(&format!("private/{name}"), json.as_bytes());
            self.fails(&["publish", "--dir", "private", "--issuer", ISSUER, "--yes", "--skip-read-back"]);
            self.write(&format!("private/{name}"), &key);
            self.fails(&["publish", "--dir", "private", "--issuer", ISSUER, "--yes", "--skip-read-back"]);
            fs::remove_file(self.path(&format!("private/{name}"))).unwrap();
        }
        fs::remove_dir_all(self.path("private")).unwrap();

        // Modes, another key's public half, and no file at all.
        for (path, mode) in [("keys/sa.key", 0o644), ("keys", 0o777)] {
            fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
            self.ok(&["jwks"]);
        }
        self.ok(&["keygen", "--keys", "other", "--algorithm", other]);
        let pem = fs::read_to_string(self.path("other/sa.key")).unwrap();
        self.detector.add_key("another key", &pem);
        fs::copy(self.path("other/sa.pub"), self.path("keys/sa.pub")).unwrap();
        self.fails(&["jwks"]);
        fs::remove_file(self.path("keys/sa.pub")).unwrap();
        fs::create_dir(self.path("keys/sa.pub")).unwrap();
        self.fails(&["jwks"]);
        fs::remove_dir(self.path("keys/sa.pub")).unwrap();
        self.ok(&["jwks"]);
    }

    /// The key under a password, which nobody asks for.
    fn encrypted(&self) -> Vec<u8> {
        let words = "pkcs8 -topk8 -in keys/sa.key -v2 aes-256-cbc -passout pass:word";
        let openssl =
            Command::new("openssl").args(words.split(' ')).current_dir(self.directory.path()).output();
        let output = openssl.unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }

    /// AWS, as far as it refuses: nothing that signs a call is shown, nor what it was signed with.
    fn fails_on_aws(&mut self) {
        let refusal = "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error></ErrorResponse>";
        let server = Server::plain(move |_, wire| reply(wire, 403, "Connection: close\r\n", refusal));
        let endpoint = server.endpoint();
        self.write("root", ROOT.as_bytes());
        let words = ["--yes", "--endpoint-url", &endpoint, "--ca-file", "root"];
        self.fails(&[&["register", "--issuer", ISSUER], &words[..]].concat());
        self.fails(&[&["publish", "--bucket", "my-bucket"], &words[..]].concat());
        self.fails(&[&["bootstrap", "--bucket", "my-bucket"], &words[..]].concat());
        let heads = server.heads();
        assert_eq!(heads.len(), 6);
        for head in heads {
            let (_, signature) = head.split_once("Signature=").unwrap();
            self.detector.add("a signature", &signature.as_bytes()[..64]);
            assert!(head.contains(SESSION_TOKEN), "{head}");
        }
    }

    /// A whole issuer in the sandbox, with its trace.
    fn practises(&mut self) {
        self.ok(&["bootstrap", "--sandbox", "--yes"]);
        // The key has been another issuer's up to here.
        fs::remove_file(self.path("keys/ring.json")).unwrap();
        let mut sandbox = Sandbox(
            self.program()
                .args(["sandbox", "-v", "-o", "json", "--trace", "trace", "--write-ca", "ca"])
                .stdout(Stdio::piped())
                .stderr(fs::File::create(self.path("talk")).unwrap())
                .spawn()
                .unwrap(),
        );
        let mut line = String::new();
        BufReader::new(sandbox.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let environment = ready["env"].as_object().unwrap().iter();
        self.environment =
            environment.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        self.environment.push(("AWS_SESSION_TOKEN".to_owned(), String::new()));
        let public = ready["public_endpoint"].as_str().unwrap().replace("https://", "::");
        let to = ["--connect-to", &public, "--ca-file", "ca", "--yes"];
        let region = self.environment.iter().find(|(name, _)| name == "AWS_REGION").unwrap().1.clone();
        let issuer = format!("https://my-bucket.s3.{region}.amazonaws.com");
        self.ok(&[&["publish", "--bucket", "my-bucket"], &to[..]].concat());
        self.ok(&[&["register", "--issuer", &issuer], &to[..]].concat());
        self.ok(&[&["bootstrap", "--bucket", "my-bucket", "--target", "flags"], &to[..]].concat());
        self.fails(&[&["bootstrap", "--bucket", "my-bucket", "--keys", "other"], &to[..]].concat());
        drop(sandbox);
        self.environment.clear();
        let trace = fs::read_to_string(self.path("trace")).unwrap();
        assert!(trace.contains("CreateOpenIDConnectProvider"), "{trace}");
        assert!(!trace.contains("Signature="), "{trace}");
    }

    /// Looks at everything that was said and written.
    fn check(&self) {
        for (what, text) in &self.said {
            let found = self.detector.find(text);
            assert_eq!(found, None, "{what}: {}", String::from_utf8_lossy(text));
        }
        let mut files = Vec::new();
        list(self.directory.path(), &mut files);
        assert!(files.len() > 10);
        for path in files.iter().filter(|path| !path.ends_with("sa.key")) {
            assert_eq!(self.detector.find(&fs::read(path).unwrap()), None, "{}", path.display());
        }
    }
}

/// Ends with the test.
struct Sandbox(Child);

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn list(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { list(&path, files) } else { files.push(path) }
    }
}

fn no_secret_is_said(algorithm: &str) {
    let mut scene = Scene::new(algorithm);
    scene.works();
    scene.fails_on_aws();
    scene.fails_on_keys();
    scene.practises();
    scene.check();
    // It could have been seen: the key's own file has it.
    let key = fs::read(scene.path("keys/sa.key")).unwrap();
    assert!(scene.detector.find(&key).is_some());
}

#[test]
fn no_secret_of_an_rsa_key_is_said() {
    ["rsa-2048", "rsa-3072", "rsa-4096"].into_iter().for_each(no_secret_is_said);
}

#[test]
fn no_secret_of_an_ec_key_is_said() {
    ["es256", "es384", "es512"].into_iter().for_each(no_secret_is_said);
}

#[test]
fn the_detector_finds_what_is_planted() {
    let number: Vec<u8> = (0..64_u8).map(|at| at.wrapping_mul(167).wrapping_add(91)).collect();
    let mut detector = Detector::default();
    detector.add("a number", &number);
    for (form, text) in planted(&number) {
        for (before, after) in [("", ""), ("{\"a\":\"", "\"}"), ("error: cannot take ", " here")] {
            let text = [before.as_bytes(), &text, after.as_bytes()].concat();
            assert!(detector.find(&text).is_some(), "{form}: {}", String::from_utf8_lossy(&text));
        }
    }
    for (form, text) in planted(&number[..15].repeat(3)[8..40]) {
        assert_eq!(detector.find(&text), None, "{form}");
    }
    // A key's own lines, one by one, but for the first and last, which may have less of it.
    let scene = Scene::new("rsa-2048");
    let pem = fs::read_to_string(scene.path("keys/sa.key")).unwrap();
    let lines: Vec<&str> = pem.lines().collect();
    let found = lines.iter().filter(|line| scene.detector.find(line.as_bytes()).is_some()).count();
    assert!(found >= 14, "{found} of {} lines", lines.len());
}
