//! The `persist` command. Uses the public API of persist-core alone.
//!
//! `args` is what can be asked for, `commands` has a module for each command, and the other modules are
//! what commands share. No file that was given as an argument may make the program panic.

#![forbid(unsafe_code)]

mod args;
mod cell;
mod columns;
mod commands;
mod outcome;
mod parallel;
mod picture;
mod progress;
mod rewrite;
mod rust_source;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return outcome::misused(&error),
    };
    args.color.write_global();
    outcome::speak_json(args.command.is_json());
    outcome::finish(commands::run(args.command))
}
