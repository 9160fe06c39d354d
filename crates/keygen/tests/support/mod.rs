//! What the integration tests share: openssl as the judge, and a directory that goes away.

#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part; a failing helper fails the test"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A directory of one test's own.
pub struct Bench(tempfile::TempDir);

impl Bench {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs openssl in the directory; the words are split at blanks.
    pub fn openssl(&self, words: &str) -> Vec<u8> {
        let output = self.run(words);
        assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    pub fn run(&self, words: &str) -> std::process::Output {
        Command::new("openssl").args(words.split_whitespace()).current_dir(self.0.path()).output().unwrap()
    }

    /// The key id of a private key's file, by openssl alone.
    pub fn kid(&self, private: &str) -> String {
        self.openssl(&format!("pkey -in {private} -pubout -outform DER -out kid.der"));
        URL_SAFE_NO_PAD.encode(self.openssl("dgst -sha256 -binary kid.der"))
    }
}

/// A file of the bytes that kube-apiserver made.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/kube-apiserver").join(path)
}

/// Base64url, as in JSON Web Keys and tokens.
pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}
