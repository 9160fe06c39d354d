//! `role presets`: the policies that need no policy file.

use clap::Args;
use issuer_registrar::Preset;
use serde_json::{Value, json};

use super::Context;
use crate::failure::Failure;

/// List the policies that need no policy file
///
/// Each is what the named version of its controller documents, for the service account that it uses
/// by default.
#[derive(Debug, Args)]
pub(crate) struct Presets {}

impl Presets {
    #[expect(clippy::unused_self, reason = "every command runs alike")]
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        if context.printer.is_json() {
            let presets: Vec<Value> = Preset::ALL
                .iter()
                .map(|preset| {
                    json!({
                        "preset": preset.name(),
                        "summary": preset.summary(),
                        "version": preset.version(),
                        "source": preset.source(),
                        "hardened_setup": preset.hardened_setup(),
                        "service_account": preset.service_account().to_string(),
                    })
                })
                .collect();
            return context.printer.json(&json!({"presets": presets}));
        }
        let lines: String = Preset::ALL
            .iter()
            .map(|preset| {
                format!(
                    "{:<29} {:<8} {:<46} {}\n",
                    preset.name(),
                    preset.version(),
                    preset.service_account(),
                    preset.summary()
                )
            })
            .collect();
        context.printer.data(lines.as_bytes())
    }
}
