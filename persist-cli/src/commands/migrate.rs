//! `persist migrate`: the same elements with another type.

use std::path::PathBuf;

use persist_core::AnySlice;

use crate::outcome::Outcome;
use crate::rewrite::{Rewrite, Target};

/// Convert a file to the type of another file
///
/// Fields are matched by name. Those that the file lacks become zeros; where zero is no value of them, and
/// where a type can't become the other, the migration is refused (exit code 1). So is one that may lose
/// something, unless --lossy allows it; a value that doesn't fit stops it even then. To rename fields, or to
/// fill them with something else, migrate in a program: `MmapVec::migrate`.
///
/// The new file is whole and durable before it takes the place of the old one, at once: whatever goes wrong
/// before that, a full disk and a kill included, leaves the old one as it is.
///
/// Example: persist migrate ticks.pv --to-layout-of new-ticks.pv --dry-run
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file
    file: PathBuf,
    /// A persist file of the type that is wanted
    #[arg(long, value_name = "FILE")]
    to_layout_of: PathBuf,
    /// Allow what may lose something: fields that go, numbers that get narrower
    #[arg(long)]
    lossy: bool,
    /// Write a new file, and leave the old one as it is
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Change nothing: show what would become of the fields, and try it with all elements
    #[arg(long)]
    dry_run: bool,
    /// Print a report for programs
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let wanted = AnySlice::open(&args.to_layout_of)?.descriptor().clone();
    let rewrite = Rewrite {
        path: &args.file,
        output: args.output.as_deref(),
        lossy: args.lossy,
        dry_run: args.dry_run,
        json: args.json,
    };
    let original = rewrite.open()?;
    let target = Target { descriptor: wanted, byte_order: original.info().byte_order };
    rewrite.run(original, &target)
}
