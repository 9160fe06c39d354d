//! What the program writes has the modes that are documented, whatever the umask, for root and for everyone else.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ISSUER: &str = "https://oidc.example.com/c1";

/// The program under a umask, as a shell starts it.
fn program(directory: &Path, umask: &str, words: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "umask \"$0\"; exec \"$@\"", umask, env!("CARGO_BIN_EXE_issuerctl")])
        .args(words)
        .current_dir(directory)
        .env_clear()
        .stdin(Stdio::null());
    command
}

fn modes(directory: &Path) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> = vec![directory.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o7777;
            found.push((path.strip_prefix(directory).unwrap().to_str().unwrap().to_owned(), mode));
            if path.is_dir() {
                left.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn modes_are_as_documented_under_every_umask() {
    let expected = [
        ("emitted", 0o755),
        ("emitted/flags.txt", 0o644),
        ("keys", 0o700),
        ("keys/.gitignore", 0o644),
        ("keys/ring.json", 0o644),
        ("keys/sa.key", 0o600),
        ("keys/sa.pub", 0o644),
        ("web", 0o755),
        ("web/.well-known", 0o755),
        ("web/.well-known/openid-configuration", 0o644),
        ("web/openid", 0o755),
        ("web/openid/v1", 0o755),
        ("web/openid/v1/jwks", 0o644),
    ];
    for umask in ["000", "027", "777"] {
        let bench = tempfile::tempdir().unwrap();
        fs::create_dir(bench.path().join("emitted")).unwrap();
        fs::set_permissions(bench.path().join("emitted"), fs::Permissions::from_mode(0o755)).unwrap();
        for words in [
            &["keygen", "--algorithm", "es256"][..],
            &["publish", "--dir", "web", "--issuer", ISSUER, "--yes", "--skip-read-back"],
            &["emit", "flags", "--issuer", ISSUER, "--out", "emitted"],
        ] {
            let output = program(bench.path(), umask, words).output().unwrap();
            assert!(output.status.success(), "{umask} {words:?}: {output:?}");
        }
        let found = modes(bench.path());
        let found: Vec<_> = found.iter().map(|(name, mode)| (name.as_str(), *mode)).collect();
        assert_eq!(found, expected, "umask {umask}");
    }
}

#[test]
fn what_a_sandbox_keeps_is_its_owners_alone_under_every_umask() {
    for umask in ["000", "777"] {
        let bench = tempfile::tempdir().unwrap();
        let mut sandbox =
            program(bench.path(), umask, &["sandbox", "-o", "json", "--state", "state", "--trace", "trace"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
        let mut line = String::new();
        BufReader::new(sandbox.stdout.take().unwrap()).read_line(&mut line).unwrap();
        sandbox.kill().unwrap();
        sandbox.wait().unwrap();
        assert!(line.starts_with('{'), "umask {umask}: it did not start");
        let found = modes(bench.path());
        assert!(found.len() > 2, "{found:?}");
        // The certificate of its authority is for everyone to read.
        for (name, mode) in found {
            let others = if name.ends_with("ca.pem") { 0o022 } else { 0o077 };
            assert_eq!(mode & others, 0, "umask {umask}: {name} has {mode:o}");
        }
    }
}
