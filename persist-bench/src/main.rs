//! Times what a commit of persist costs, beside what the same change costs LMDB, redb, SQLite and a bare
//! write, in one run on one machine, and prints a report in Markdown.
//!
//! ```sh
//! cd persist-bench
//! cargo run --release -- --quick   # 64 MiB, about two minutes
//! cargo run --release              # 1 GiB; needs 10 GiB on the disk and some memory to cache it
//! ```
//!
//! What is fair here:
//!
//! - Contestants take turns, [round](measure) by round, so that a disk which slows down slows all of
//!   them. The first round warms up and is not counted.
//! - All change the same pages, or keys, of equally large data, and every transaction is durable when it
//!   returns.
//! - Beside the median, which is what one commit takes, stands the mean, which has its share of
//!   checkpoints in it: logs are empty before the first counted round, and emptying them after the last one
//!   counts. A goal is met where both meet it.
//! - Only the ratios mean something on another machine.

mod args;
mod machine;
mod measure;
mod peers;
mod report;
mod rows;

use std::fs;

use anyhow::{Context, Result};
use clap::Parser;

use crate::args::Args;
use crate::report::Report;
use crate::rows::{Row, Setup};

fn main() -> Result<()> {
    let args = Args::parse();
    fs::create_dir_all(&args.directory)
        .with_context(|| format!("can't make the directory `{}`", args.directory.display()))?;
    let setup = Setup::new(&args);
    let mut report = Report::new(machine::describe(&args.directory), &setup);
    let outcome = Row::ALL.into_iter().filter(|&row| args.wants(row)).try_for_each(|row| {
        eprintln!("{row} …");
        row.run(&setup, &mut report).with_context(|| format!("in the row `{row}`"))
    });
    // Only where it is empty: it may be the user's.
    _ = fs::remove_dir(&args.directory);
    // Also where a row failed: the ones before it took their time.
    print!("{report}");
    outcome
}
