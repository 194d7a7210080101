//! `persist inspect`: what a file is.

use std::io::Write;
use std::path::PathBuf;

use persist_core::AnySlice;

use crate::outcome::Outcome;
use crate::terminal::stdout;

/// Show what a file is: its header, its type, its state and a picture of an element
///
/// Example: persist inspect ticks.pv
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The file
    file: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let file = AnySlice::open(&args.file)?;
    writeln!(stdout(), "{}", file.descriptor())?;
    Ok(Outcome::Yes)
}
