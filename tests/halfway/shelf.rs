//! What is made once and used by every run: two key directories, and the web server's certificate.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use tempfile::TempDir;

use crate::program::{self, Run};
use crate::scenario::OWN_HOST;

/// What every run takes from.
#[derive(Debug)]
pub(crate) struct Shelf {
    directory: TempDir,
    /// The program as it was when the harness began.
    pub(crate) program: PathBuf,
    /// TLS for a host of one's own.
    pub(crate) tls: Arc<ServerConfig>,
    /// Its certificate, as PEM.
    pub(crate) certificate: String,
}

impl Shelf {
    pub(crate) async fn fill() -> Result<Self, String> {
        let directory = TempDir::with_prefix("halfway-").map_err(|error| error.to_string())?;
        // A build that goes on meanwhile changes nothing of what is tried here.
        let program = directory.path().join("issuerctl");
        fs::copy(env!("CARGO_BIN_EXE_issuerctl"), &program)
            .map_err(|error| format!("cannot copy the program: {error}"))?;
        for name in ["one", "two", "three", "four"] {
            let run = Run {
                program: program.clone(),
                words: ["keygen", "--algorithm", "es256", "--keys", name].map(str::to_owned).to_vec(),
                environment: Vec::new(),
                directory: directory.path().to_owned(),
                umask: "022",
            };
            let ended = program::run(&run, |_| {}).await?;
            if ended.code() != Some(0) {
                return Err(format!("no key could be made: {ended}"));
            }
        }
        let told = |error: &dyn std::error::Error| format!("no certificate could be made: {error}");
        let names = vec![OWN_HOST.to_owned()];
        let made = rcgen::generate_simple_self_signed(names).map_err(|error| told(&error))?;
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der());
        let key = key.map_err(|error| format!("no key for TLS: {error}"))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| told(&error))?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .map_err(|error| told(&error))?;
        Ok(Self { directory, program, tls: Arc::new(tls), certificate: made.cert.pem() })
    }

    /// A key directory that was made before.
    pub(crate) fn keys(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Copies a key directory to where a run expects it.
    pub(crate) fn copy_keys(&self, name: &str, to: &Path) -> Result<(), String> {
        let told = |error: std::io::Error| format!("cannot copy keys: {error}");
        fs::create_dir_all(to).map_err(told)?;
        let from = self.keys(name);
        let mode = fs::metadata(&from).map_err(told)?.permissions();
        fs::set_permissions(to, mode).map_err(told)?;
        for entry in fs::read_dir(from).map_err(told)? {
            let entry = entry.map_err(told)?;
            // The permission bits go with the bytes.
            fs::copy(entry.path(), to.join(entry.file_name())).map_err(told)?;
        }
        Ok(())
    }

    /// Puts the public half of another key into a key directory.
    pub(crate) fn add_public_key(&self, name: &str, to: &Path) -> Result<(), String> {
        let told = |error: std::io::Error| format!("cannot add a public key: {error}");
        let mut all = fs::read_to_string(to.join("sa.pub")).map_err(told)?;
        all += &fs::read_to_string(self.keys(name).join("sa.pub")).map_err(told)?;
        fs::write(to.join("sa.pub"), all).map_err(told)
    }
}
