//! `man`: the manual pages.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::args;
use crate::failure::Failure;

/// Write the manual pages
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The directory to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Man {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let failed =
            |error| Failure::new(format!("cannot write manual pages to {}: {error}", self.out.display()));
        std::fs::create_dir_all(&self.out).map_err(failed)?;
        clap_mangen::generate_to(args::command(), &self.out).map_err(failed)?;
        context.printer.say(&format!("wrote the manual pages to {}", self.out.display()));
        Ok(())
    }
}
