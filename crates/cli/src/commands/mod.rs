//! The commands: one file each, its words and what it does with them.

pub(crate) mod bootstrap;
pub(crate) mod completions;
pub(crate) mod destroy;
pub(crate) mod discovery;
pub(crate) mod doctor;
pub(crate) mod emit;
pub(crate) mod jwks;
pub(crate) mod keygen;
pub(crate) mod man;
pub(crate) mod permissions;
pub(crate) mod place;
#[cfg(feature = "sandbox")]
mod practice;
pub(crate) mod publish;
pub(crate) mod register;
pub(crate) mod role;
#[cfg(feature = "sandbox")]
pub(crate) mod sandbox;
pub(crate) mod token;
pub(crate) mod workload;

use std::sync::Arc;

use crate::args::{Cli, Command, Global};
use crate::failure::Failure;
use crate::planned::interrupt;
use crate::printer::Printer;

/// What a command works with.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) printer: Arc<Printer>,
}

/// Runs the command that was given.
pub(crate) fn run(cli: Cli, printer: &Arc<Printer>) -> Result<(), Failure> {
    let context = Context { global: cli.global, printer: Arc::clone(printer) };
    match cli.command {
        Command::Keygen(command) => command.run(&context),
        Command::Jwks(command) => command.run(&context),
        Command::Discovery(command) => context.block_on(command.run(&context)),
        Command::Publish(command) => context.block_on(command.run(&context)),
        Command::Register(command) => context.block_on(command.run(&context)),
        Command::Emit(command) => context.block_on(command.run(&context)),
        Command::Bootstrap(command) => context.block_on(command.run(&context)),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(command) => context.block_on_until_stopped(command.run(&context)),
        Command::Token(command) => command.run(&context),
        Command::Doctor(command) => context.block_on_a_look(command.run(&context)),
        Command::Role(command) => context.block_on(command.run(&context)),
        Command::Workload(command) => context.block_on(command.run(&context)),
        Command::Permissions(command) => context.block_on_a_look(command.run(&context)),
        Command::Destroy(command) => context.block_on(command.run(&context)),
        Command::Completions(command) => command.run(&context),
        Command::Man(command) => command.run(&context),
    }
}

impl Context {
    /// Runs a command, and ends it in a sentence when it is interrupted.
    fn block_on(&self, command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        self.block_on_or(|| self.interrupted(), command)
    }

    /// Runs a command that changes nothing.
    fn block_on_a_look(&self, command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        self.block_on_or(|| Failure::interrupted("interrupted; nothing was changed"), command)
    }

    fn block_on_or(
        &self,
        interrupted: impl FnOnce() -> Failure,
        command: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        self.block_on_until_stopped(async {
            tokio::select! {
                // First, so that a signal is caught from before the command begins.
                biased;
                () = interrupt() => Err(interrupted()),
                result = command => result,
            }
        })
    }

    /// Says how far it got: who asked for quiet has not heard it yet.
    fn interrupted(&self) -> Failure {
        let done = self.printer.done();
        Failure::interrupted(if done.is_empty() {
            "interrupted before the first step was done; the same command goes on".to_owned()
        } else if self.printer.has_many() {
            format!("interrupted; {} steps are done. The same command goes on from here", done.len())
        } else {
            format!("interrupted; done so far: {}. The same command goes on from here", done.join("; "))
        })
    }

    /// Runs a command on one thread: there is nothing here to compute.
    fn block_on_until_stopped(
        &self,
        command: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new(format!("cannot start: {error}")))?;
        let result = runtime.block_on(command);
        // A name look-up in a thread of its own may still be on its way; nobody waits for it.
        runtime.shutdown_background();
        result
    }
}
