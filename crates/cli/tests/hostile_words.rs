//! What others wrote, shown by the program: nothing of it does anything to a terminal, and JSON escapes it.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[path = "../../discovery/tests/support/server.rs"]
mod server;

use std::fs;
use std::io::{self, Write};
use std::process::{Command, Output};

use server::{ROOT, Server, reply};

/// A title, a cleared screen, a line of its own, the same in one character of C1, a turned text.
const WORDS: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\r\nerror: none\u{9b}2J\u{7f}\u{202e}x\u{2066}";
/// The same as XML and as JSON may carry them.
const IN_XML: &str = "&#27;]0;owned&#7;&#27;[2J&#13;&#10;error: none\u{9b}2J&#127;\u{202e}x\u{2066}";
const IN_JSON: &str = r"\u001b]0;owned\u0007\u001b[2J\r\nerror: none\u009b2J\u007f\u202ex\u2066";
/// A bucket as AWS makes them.
const CLOSED: &str = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
    <IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>\
    <RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
const ISSUER: &str = "https://oidc.example.com/c1";

struct Bench(tempfile::TempDir);

impl Bench {
    /// A directory with a key of our own.
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        fs::write(bench.path("root"), ROOT).unwrap();
        let made = bench.run(&["keygen", "--algorithm", "es256"]);
        assert!(made.status.success(), "{made:?}");
        bench
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs the program as on a terminal with colours: what is piped is cleared by another crate anyway.
    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_issuerctl"))
            .args(words)
            .env_clear()
            .envs([("CLICOLOR_FORCE", "1"), ("HOME", "/nonexistent"), ("AWS_EC2_METADATA_DISABLED", "true")])
            .envs([("AWS_ACCESS_KEY_ID", "EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "example")])
            .envs([("AWS_REGION", "eu-west-1"), ("AWS_MAX_ATTEMPTS", "1")])
            .current_dir(self.0.path())
            .output()
            .unwrap()
    }

    /// Runs the command for people and for programs, and looks at all that it says: no line of it is the stranger's.
    fn check(&self, what: &str, words: &[&str]) {
        let shown = self.check_characters(what, words);
        assert!(shown.contains("owned"), "{what}: not shown at all: {shown}");
        assert!(!shown.lines().any(|line| line.starts_with("error: none")), "{what}: {shown}");
    }

    fn check_characters(&self, what: &str, words: &[&str]) -> String {
        let mut shown = String::new();
        for format in ["text", "json"] {
            let output = self.run(&[words, &["-v", "-o", format]].concat());
            let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            for text in [&stdout, &stderr] {
                let bare = without_colours(text);
                let found = bare.chars().find(|character| does_something(*character));
                assert_eq!(found, None, "{what}, {format}: {bare:?}");
                shown.push_str(&bare);
            }
            if format == "json" {
                serde_json::from_str::<serde_json::Value>(&stdout).unwrap();
            }
        }
        shown
    }
}

/// Takes away what the program itself writes to a terminal: colours.
fn without_colours(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut bare = pieces.next().unwrap().to_owned();
    for piece in pieces {
        match piece.split_once('m').filter(|(code, _)| code.bytes().all(|byte| byte.is_ascii_digit())) {
            Some((_, rest)) => bare.push_str(rest),
            None => bare.push_str(&format!("\u{1b}[{piece}")),
        }
    }
    bare
}

fn does_something(character: char) -> bool {
    character.is_control() && character != '\n'
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// An AWS whose caller is known and which has nothing, but for what `answer` says where it says something.
fn aws(answer: impl Fn(&str) -> Option<(u16, String)> + Send + Sync + 'static) -> Server {
    Server::plain(move |head, wire: &mut dyn Write| -> io::Result<()> {
        let line = head.lines().next().unwrap();
        let (status, body) = answer(line).unwrap_or_else(|| match line {
            line if line.starts_with("POST") => {
                (200, identity("123456789012", "arn:aws:iam::123456789012:root"))
            }
            line if line.starts_with("HEAD") => (200, String::new()),
            line if line.contains("?publicAccessBlock") => (200, CLOSED.to_owned()),
            _ => (404, "<Error><Code>NoSuchThing</Code><Message>none</Message></Error>".to_owned()),
        });
        reply(wire, status, "Connection: close\r\n", &body)
    })
}

fn identity(account: &str, arn: &str) -> String {
    format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>X</UserId>\
         <Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
}

#[test]
fn what_a_service_answers() {
    let bench = Bench::new();
    let error = |code: &str| {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{IN_XML}</Message></Error></ErrorResponse>"
        )
    };
    let (refused, odd) = (error("AccessDenied"), error(IN_XML));
    let (account, arn) =
        (identity(IN_XML, "arn:aws:iam::123456789012:root"), identity("123456789012", IN_XML));
    for (what, status, body) in [
        ("a message", 403, refused),
        ("a code", 400, odd),
        ("an account", 200, account),
        ("an ARN", 200, arn),
    ] {
        let server = aws(move |_| Some((status, body.clone())));
        let endpoint = server.endpoint();
        bench.check(
            what,
            &["register", "--issuer", ISSUER, "--yes", "--endpoint-url", &endpoint, "--ca-file", "root"],
        );
    }
}

#[test]
fn what_a_bucket_has() {
    let bench = Bench::new();
    let statement = |name: &str, value: &str| {
        format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*","{name}":"{value}"}}]}}"#
        )
    };
    let document = |issuer: &str, uri: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{uri}"}}"#);
    let s3 = "https://my-bucket.s3.eu-west-1.amazonaws.com";
    for (what, part, body) in [
        ("a Sid", "?policy", statement("Sid", IN_JSON)),
        ("a member of a policy", "?policy", statement(IN_JSON, "x")),
        ("a kid", "openid/v1/jwks", format!(r#"{{"keys":[{{"kty":"RSA","kid":"{IN_JSON}"}}]}}"#)),
        (
            "a kid with a private member",
            "openid/v1/jwks",
            format!(r#"{{"keys":[{{"d":"","kid":"{IN_JSON}"}}]}}"#),
        ),
        ("an issuer", ".well-known", document(IN_JSON, "x")),
        ("a jwks_uri", ".well-known", document(s3, IN_JSON)),
        ("a jwks_uri below the issuer", ".well-known", document(s3, &format!("{s3}/{IN_JSON}"))),
    ] {
        let server = aws(move |line| line.contains(part).then(|| (200, body.clone())));
        let endpoint = server.endpoint();
        bench.check(
            what,
            &[
                "publish",
                "--bucket",
                "my-bucket",
                "--dry-run",
                "--endpoint-url",
                &endpoint,
                "--ca-file",
                "root",
            ],
        );
    }
}

#[test]
fn what_a_directory_has() {
    let issuer = format!(r#"{{"issuer":"{IN_JSON}","jwks_uri":"x"}}"#);
    let kid = format!(r#"{{"keys":[{{"kty":"RSA","kid":"{IN_JSON}"}}]}}"#);
    for (name, text) in [(".well-known/openid-configuration", issuer), ("openid/v1/jwks", kid)] {
        let bench = Bench::new();
        bench.write(&format!("web/{name}"), &text);
        bench.check(name, &["publish", "--dir", "web", "--issuer", ISSUER, "--yes", "--skip-read-back"]);
    }
    let bench = Bench::new();
    let ring = fs::read_to_string(bench.path("keys/ring.json")).unwrap();
    let ring = ring.replacen("\"kid\"", &format!("\"issuer\": \"{IN_JSON}\", \"kid\""), 1);
    bench.write("keys/ring.json", &ring);
    bench.check("a recorded issuer", &["discovery", "--issuer", ISSUER, "--out", "web"]);
    bench
        .write("label.pub", &format!("-----BEGIN {}-----\nAAAA\n-----END X-----\n", WORDS.replace('\n', "")));
    bench.check("a label", &["jwks", "--public-key", "label.pub"]);
}

#[test]
fn names_of_files() {
    let bench = Bench::new();
    bench.write(&format!("{WORDS}/sa.key"), "no key");
    bench.write(&format!("{WORDS}.pub"), "no key");
    for words in [
        vec!["jwks", "--keys", WORDS],
        vec!["keygen", "--keys", WORDS],
        vec!["jwks", "--public-key", &format!("{WORDS}.pub")],
        vec!["register", "--issuer", ISSUER, "--ca-file", &format!("{WORDS}/none")],
        vec!["publish", "--dir", &format!("{WORDS}.pub"), "--issuer", ISSUER, "--yes"],
        vec!["emit", "static-pod", "--issuer", ISSUER, "--manifest", WORDS],
        vec!["emit", "flags", "--issuer", ISSUER, "--out", &format!("{WORDS}/sa.key/x")],
    ] {
        bench.check(&words.join(" "), &words);
    }
}

#[test]
fn words_of_the_command_line() {
    let bench = Bench::new();
    for words in [
        vec!["publish", "--bucket", WORDS],
        vec!["publish", "--bucket", "b-1", "--prefix", WORDS],
        vec!["publish", "--bucket", "b-1", "--jwks-path", WORDS],
        vec!["register", "--issuer", WORDS],
        vec!["register", "--issuer", &format!("https://{WORDS}/")],
        vec!["register", "--issuer", ISSUER, "--audience", WORDS],
        vec!["register", "--issuer", ISSUER, "--thumbprint", WORDS],
        vec!["register", "--issuer", ISSUER, "--region", WORDS],
        vec!["register", "--issuer", ISSUER, "--profile", WORDS],
        vec!["register", "--issuer", ISSUER, "--tag", WORDS],
        vec!["register", "--issuer", ISSUER, "--endpoint-url", WORDS],
        vec!["register", "--issuer", ISSUER, "--connect-to", WORDS],
        vec!["emit", WORDS, "--issuer", ISSUER],
        vec!["token", "--issuer", ISSUER, "--service-account", WORDS],
        vec!["keygen", "--algorithm", WORDS],
        vec![WORDS],
        vec!["jwks", WORDS],
        vec!["jwks", &format!("--{WORDS}")],
    ] {
        // Whoever runs the program wrote them: a line is no lie.
        bench.check_characters(&words.join(" "), &words);
    }
}
