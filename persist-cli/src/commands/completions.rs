//! `persist completions`: the script that a shell completes arguments with.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args;
use crate::outcome::Outcome;

/// Print the completions for a shell
///
/// Example: persist completions bash > ~/.local/share/bash-completion/completions/persist
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::Args::command(), "persist", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Outcome::Yes)
}
