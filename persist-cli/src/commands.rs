//! The commands, a module each: its arguments as `Args`, and `run`.

pub(crate) mod completions;
pub(crate) mod dump;
pub(crate) mod inspect;
pub(crate) mod stats;

use crate::args::Command;
use crate::outcome::Outcome;

/// Does what was asked for.
pub(crate) fn run(command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Inspect(args) => inspect::run(&args),
        Command::Dump(args) => dump::run(&args),
        Command::Stats(args) => stats::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}
