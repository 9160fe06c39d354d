//! `keygen`: makes the key directory, or checks the one that is there.

use clap::Args;
use issuer_keygen::{Algorithm, KeyDir, KeyRecord, SigningKey};
use serde_json::json;
use time::OffsetDateTime;

use super::Context;
use crate::args::Apply;
use crate::failure::Failure;
use crate::keys;
use crate::printer::Printer;

/// Make a key directory, or check the one that is there
///
/// sa.key is the private key in the form that kube-apiserver and kubeadm take (mode 0600), sa.pub
/// the public one. An existing key is never replaced: it is loaded, and its halves are compared.
#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// The kind of key: rsa-2048, rsa-3072, rsa-4096, es256, es384 or es512 [default: rsa-2048]
    #[arg(long, value_name = "NAME")]
    algorithm: Option<Algorithm>,
    #[command(flatten)]
    apply: Apply,
}

impl Keygen {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let printer = &context.printer;
        let directory = KeyDir::new(context.global.keys.clone());
        let found = keys::load(&directory, printer)?;
        let created = found.is_none();
        if created && (self.apply.dry_run || self.apply.check) {
            return self.would_make(&directory, printer);
        }
        let key = match found {
            Some(loaded) => {
                let key = loaded.ring.signer().clone();
                if loaded.signing_key.is_none() {
                    return Err(Failure::new(format!(
                        "{} holds the public key {} without its private half, and a second signer is not made beside it",
                        directory.path().display(),
                        key.kid()
                    ))
                    .hint("bring its sa.key, or name another directory with --keys"));
                }
                if !self.apply.dry_run && !self.apply.check {
                    directory.complete(&loaded)?;
                }
                printer.say(&format!("kept the {} key in {}", key.describe(), directory.path().display()));
                if self.algorithm.is_some_and(|wanted| wanted.to_string() != loaded_algorithm(&key)) {
                    printer.warn(
                        "it is of another kind than --algorithm asks for; an existing key is never replaced",
                    );
                }
                key
            }
            None => {
                let algorithm = self.algorithm.unwrap_or(Algorithm::Rsa2048);
                let key = SigningKey::generate(algorithm).map_err(|error| Failure::of(&error))?;
                let record = KeyRecord { made: Some(OffsetDateTime::now_utc()), ..KeyRecord::default() };
                directory.create(&key, record)?;
                printer.say(&format!("made a new {algorithm} key in {}", directory.path().display()));
                key.public_key().clone()
            }
        };
        if printer.is_json() {
            return printer.json(&json!({
                "kid": key.kid().as_str(),
                "algorithm": loaded_algorithm(&key),
                "signature_algorithm": key.signature_algorithm().to_string(),
                "created": created,
                "private_key": directory.private_key_path(),
                "public_key": directory.public_keys_path(),
            }));
        }
        printer.data(format!("{}\n", key.kid()).as_bytes())
    }
}

impl Keygen {
    fn would_make(&self, directory: &KeyDir, printer: &Printer) -> Result<(), Failure> {
        let algorithm = self.algorithm.unwrap_or(Algorithm::Rsa2048);
        let text = format!("new {algorithm} key in {}", directory.path().display());
        if printer.is_json() {
            printer.json(
                &json!({"created": false, "plan": [{"stage": "keys", "kind": "make-key", "text": text}]}),
            )?;
        } else {
            printer.data(format!("{text}\n").as_bytes())?;
        }
        if self.apply.check { Err(Failure::drift()) } else { Ok(()) }
    }
}

/// Names a key's kind as `--algorithm` does; keys of other sizes are named in the same way.
fn loaded_algorithm(key: &issuer_keygen::PublicKey) -> String {
    match key.describe() {
        issuer_keygen::KeyDescription::Rsa { bits } => format!("rsa-{bits}"),
        issuer_keygen::KeyDescription::Ec { .. } => key.signature_algorithm().to_string().to_lowercase(),
    }
}
