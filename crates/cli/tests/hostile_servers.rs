//! The whole program against endpoints that flood it: little memory, one sentence, and an end.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[path = "../../discovery/tests/support/server.rs"]
mod server;

use std::fs;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use server::{MEMORY_LIMIT_MIB, ROOT, Server, flood, flood_in_chunks, reply};

const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:root</Arn>\
    <UserId>X</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

type Answer = fn(&str, &mut dyn Write) -> io::Result<()>;

/// Runs the program against this server; returns what it said, and the most memory that it was seen with.
fn run(answer: Answer, words: &[&str]) -> (String, u64) {
    let bench = tempfile::tempdir().unwrap();
    fs::write(bench.path().join("root"), ROOT).unwrap();
    let server = Server::plain(answer);
    let mut program = Command::new(env!("CARGO_BIN_EXE_issuerctl"));
    program
        .args(words)
        .args(["--yes", "--ca-file", "root", "--endpoint-url", &server.endpoint()])
        .env_clear()
        .envs([("HOME", "/nonexistent"), ("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_REGION", "eu-west-1")])
        .envs([("AWS_ACCESS_KEY_ID", "EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "example")])
        .current_dir(bench.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    let mut peak = 0;
    // The kernel's own high-water mark: nothing is missed between two looks but the very end.
    while child.try_wait().unwrap().is_none() {
        peak = peak_of(child.id()).unwrap_or(0).max(peak);
        thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    (String::from_utf8(output.stderr).unwrap(), peak)
}

fn peak_of(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}

#[test]
fn an_answer_of_50_mb_ends_in_one_sentence_and_little_memory() {
    let table: [(Answer, &[&str], &str, &str); 3] = [
        (
            |_, wire| flood_in_chunks(wire, "HTTP/1.1 403 No\r\n", b'<'),
            &["register", "--issuer", "https://oidc.example.com/c1"],
            "error: sts:GetCallerIdentity on the caller's own identity failed",
            "the answer has more than 2097152 bytes",
        ),
        (
            |head, wire| match head {
                head if head.starts_with("POST") => reply(wire, 200, "", IDENTITY),
                head if head.starts_with("HEAD") => reply(wire, 200, "", ""),
                head if head.contains("?policy") => {
                    flood(wire, "HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n", b"[{\"a\":")
                }
                _ => reply(wire, 404, "", "<Error><Code>NoSuchThing</Code></Error>"),
            },
            &["bootstrap", "--bucket", "my-bucket", "--algorithm", "es256"],
            "error: s3:GetBucketPolicy on arn:aws:s3:::my-bucket failed",
            "the answer has more than 2097152 bytes",
        ),
        (
            |head, wire| match head {
                head if head.starts_with("POST") => reply(wire, 200, "", IDENTITY),
                head if head.starts_with("HEAD") => reply(wire, 200, "", ""),
                head if head.contains("openid/v1/jwks") => flood_in_chunks(wire, "HTTP/1.1 200 OK\r\n", b' '),
                _ => reply(wire, 404, "", "<Error><Code>NoSuchThing</Code></Error>"),
            },
            &["bootstrap", "--bucket", "my-bucket", "--algorithm", "es256"],
            "error: the object openid/v1/jwks in bucket my-bucket",
            "is larger than a document of an issuer can be",
        ),
    ];
    thread::scope(|scope| {
        for (answer, words, begins, says) in table {
            scope.spawn(move || {
                let (said, peak) = run(answer, words);
                assert!(said.lines().any(|line| line.starts_with(begins) && line.contains(says)), "{said}");
                assert!(peak > 0 && peak < MEMORY_LIMIT_MIB, "{peak} MiB: {said}");
            });
        }
    });
}
