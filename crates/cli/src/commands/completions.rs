//! `completions`: a completion script for a shell.

use clap::Args;
use clap_complete::Shell;

use super::Context;
use crate::args;
use crate::failure::Failure;

/// Write a completion script for a shell
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self, context: &Context) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut args::command(), "issuerctl", &mut script);
        context.printer.data(&script)
    }
}
