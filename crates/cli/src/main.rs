//! The command line of issuerctl: words in, plan, words out.

#![allow(rustdoc::bare_urls, reason = "doc comments of arguments are help texts of a terminal")]

mod args;
mod commands;
mod failure;
mod input;
mod keys;
mod planned;
mod printer;
mod session;
mod texts;
mod tree;

use std::process::ExitCode;

fn main() -> ExitCode {
    args::run()
}
