//! `role presets`: the policies that need no policy file.

use clap::Args;
use issuer_registrar::Preset;
use serde_json::{Value, json};

use super::Context;
use super::policies::{HardenedArgs, policy_of};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::session;

/// List the policies that need no policy file, or show one
///
/// Each is what the named version of its controller documents, for the service account that it uses
/// by default. With a name its policy is written, as --region and --hardened make it.
#[derive(Debug, Args)]
pub(crate) struct Presets {
    /// The preset whose policy is shown
    #[arg(value_name = "NAME")]
    preset: Option<Preset>,
    #[command(flatten)]
    hardened: HardenedArgs,
}

impl Presets {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let (global, printer) = (&context.global, &context.printer);
        let Some(preset) = self.preset else { return list(printer) };
        let partition = session::named_region(global)?.partition();
        let (_, policy) = policy_of(preset, partition, &self.hardened)?;
        if self.hardened.narrowing().is_some() {
            printer.say(&format!("note: {}", preset.hardened_setup()));
        }
        let policy: Value = serde_json::from_str(&policy.to_json()).map_err(|error| Failure::of(&error))?;
        printer.json(&policy)
    }
}

fn list(printer: &Printer) -> Result<(), Failure> {
    if printer.is_json() {
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
        return printer.json(&json!({"presets": presets}));
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
    printer.data(lines.as_bytes())
}
