//! `persist convert`: the same elements in another byte order.

use std::path::PathBuf;

use clap::ValueEnum;
use persist_core::ByteOrder;

use crate::outcome::Outcome;
use crate::rewrite::{Rewrite, Target};

/// Convert a file to another byte order
///
/// The new file is whole and durable before it takes the place of the old one, at once: whatever goes wrong
/// before that, a full disk and a kill included, leaves the old one as it is. Foreign types, stored as bytes
/// that only their crate can read, are refused (exit code 1).
///
/// Example: persist convert ticks.pv --to big -o ticks-s390x.pv
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file
    file: PathBuf,
    /// The byte order it is to have
    #[arg(long, value_name = "ORDER")]
    to: Order,
    /// Write a new file, and leave the old one as it is
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print a report for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// A byte order.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Order {
    /// The least significant byte first: x86, most ARM, RISC-V
    Little,
    /// The most significant byte first: s390x, SPARC
    Big,
    /// This machine's
    Native,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let rewrite = Rewrite {
        path: &args.file,
        output: args.output.as_deref(),
        lossy: false,
        dry_run: false,
        json: args.json,
    };
    let original = rewrite.open()?;
    let byte_order = match args.to {
        Order::Little => ByteOrder::Little,
        Order::Big => ByteOrder::Big,
        Order::Native => ByteOrder::NATIVE,
    };
    let target = Target { descriptor: original.descriptor().clone(), byte_order };
    rewrite.run(original, &target)
}
