//! The command line of issuerctl: words in, plan, words out.

mod args;
mod commands;
mod failure;
mod keys;
mod planned;
mod printer;
mod session;
mod texts;

use std::process::ExitCode;

fn main() -> ExitCode {
    args::run()
}
