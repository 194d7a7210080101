//! Times persist beside what else a user could pick: a `Vec`, bare system calls, every vector in a mapped
//! file, archives and databases, in one run on one machine. Writes a report in Markdown, its figures as JSON, and
//! plots.
//!
//! ```sh
//! cargo run --release -p persist-bench                 # everything, below ten minutes, needs 12 GiB on the disk
//! cargo run --release -p persist-bench -- --quick      # a sixteenth of the sizes
//! cargo run --release -p persist-bench -- numbers open # some rows
//! cargo run --release -p persist-bench -- numbers --len 8000000000 # 60 GiB, more than memory
//! ```
//!
//! What is fair here:
//!
//! - Contestants take turns, [round](measure) by round, so that a machine which slows down slows all of
//!   them. Every other round goes backwards. The first round warms up and is not counted.
//! - Each has the code that is best for it; who lends a slice runs the same loop over it. A database has fewer
//!   elements, which flatters it.
//! - Where something is durable, it is when the call returns, for all.
//! - Beside the median, which is what one commit takes, stands the mean, which has its share of
//!   checkpoints in it where there is a log: it is empty before the first counted round, and emptying it after the
//!   last one counts. A goal is met where both meet it.
//! - A peer that can't do a work is named with the reason.
//! - Only the ratios mean something on another machine.

mod args;
mod column;
mod elements;
mod machine;
mod measure;
mod peers;
mod report;
mod rows;

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use crate::args::Args;
use crate::report::Report;
use crate::rows::{Row, Setup};

fn main() -> Result<()> {
    let args = Args::parse();
    let setup = Setup::new(&args);
    if let Some(command) = &args.child {
        return rows::footprint::child(&setup, command);
    }
    let is_users = args.directory.exists();
    fs::create_dir_all(&args.directory)
        .with_context(|| format!("can't make the directory `{}`", args.directory.display()))?;
    let mut lines = machine::describe(&args.directory);
    lines.push(setup.to_string());
    let mut report = Report::new(lines);
    let rows = Row::value_variants().iter().filter(|&&row| args.wants(row));
    let outcome = rows.copied().try_for_each(|row| {
        let start = Instant::now();
        let outcome = row.run(&setup, &mut report).with_context(|| format!("in the row `{row}`"));
        eprintln!("{row}: {:.0} s", start.elapsed().as_secs_f64());
        outcome
    });
    if !is_users {
        // Only where it is empty: somebody may have put something there.
        _ = fs::remove_dir(&args.directory);
    }
    // Also where a row failed: the ones before it took their time.
    print!("{}", report.write(&args.report)?);
    eprintln!("written to {}", args.report.display());
    outcome
}
