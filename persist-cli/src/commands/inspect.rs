//! `persist inspect`: what a file is.

mod report;
mod salvage;
mod text;

use std::path::PathBuf;

use anyhow::Context;
use persist_core::AnySlice;

use crate::outcome::Outcome;
use crate::rust_source::rust_source;
use crate::terminal::{print, print_json, shown};
use report::Report;

/// Show what a file is: its header, its type, its state and a picture of an element
///
/// Of a file that can't be opened, what can be read of it is shown beside the reason, and the exit code is 2.
///
/// Examples:
///   persist inspect ticks.pv
///   persist inspect ticks.pv --rust > tick.rs
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The file
    file: PathBuf,
    /// Print a report for programs
    #[arg(long, conflicts_with = "rust")]
    pub(crate) json: bool,
    /// Print the type as Rust source that opens the file, and nothing else
    #[arg(long)]
    rust: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let file = match AnySlice::open(&args.file) {
        Ok(file) => file,
        Err(error) => {
            salvage::print(&args.file, args.rust, args.json)?;
            return Err(error.into());
        }
    };
    if args.rust {
        print(&rust_source(file.descriptor()))?;
        return Ok(Outcome::Yes);
    }
    let disk = std::fs::metadata(&args.file)
        .with_context(|| format!("can't look up the size of `{}`", shown(&args.file)))?;
    let report = Report::new(&file, &disk);
    if args.json {
        print_json(&report)?;
    } else {
        print(&text::text(&report, file.descriptor().root()))?;
    }
    Ok(Outcome::Yes)
}
