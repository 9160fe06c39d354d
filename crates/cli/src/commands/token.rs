//! `token`: a short-lived token of a service account, for tests and the doctor.

use std::time::Duration;

use clap::Args;
use issuer_discovery::IssuerUrl;
use issuer_keygen::{KeyDir, ServiceAccount};
use serde_json::json;

use super::Context;
use crate::failure::Failure;
use crate::keys;

/// Sign a short-lived token of a service account, for tests
///
/// It has the header and the claims of kube-apiserver's own tokens, and whoever holds it is that
/// service account until it runs out. No trailing newline: AWS STS refuses a token that has one.
#[derive(Debug, Args)]
pub(crate) struct Token {
    /// The issuer URL; the key is refused for another issuer than its own
    #[arg(long, value_name = "URL")]
    issuer: IssuerUrl,
    /// The service account
    #[arg(long, value_name = "NS/NAME")]
    service_account: ServiceAccount,
    /// An audience of the token
    #[arg(long, value_name = "TEXT", default_value = "sts.amazonaws.com")]
    audience: Vec<String>,
    /// How long it lives: 1 to 3600 seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600,
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    expires_in: u64,
}

impl Token {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let printer = &context.printer;
        if !context.global.public_key.is_empty() {
            return Err(Failure::usage("a public key cannot sign").hint("name the key directory with --keys"));
        }
        let directory = KeyDir::new(context.global.keys.clone());
        let loaded = keys::load(&directory, printer)?
            .ok_or_else(|| issuer_plan::PlanError::NoKey { path: directory.path().to_owned() })?;
        let Some(key) = &loaded.signing_key else {
            return Err(Failure::new(format!(
                "{} holds no private key, so nothing can be signed",
                directory.path().display()
            )));
        };
        let kid = key.public_key().kid();
        issuer_plan::check_issuer(&loaded.ring, &self.issuer)?;
        let life = Duration::from_secs(self.expires_in);
        let token = keys::sign(key, &self.issuer, self.audience.clone(), &self.service_account, life)?;
        printer.say(&format!(
            "a token of {} for {}, signed by {kid}, good for {} s: keep it secret until then",
            self.service_account.subject(),
            self.audience.join(", "),
            self.expires_in
        ));
        if printer.is_json() {
            return printer.json(&json!({
                "token": token,
                "kid": kid.as_str(),
                "subject": self.service_account.subject(),
                "audiences": self.audience,
                "expires_in": self.expires_in,
            }));
        }
        printer.data(token.as_bytes())
    }
}
