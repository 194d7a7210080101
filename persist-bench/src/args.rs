//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::rows::Row;

/// Times the commits of persist beside those of databases, and prints a report in Markdown.
#[derive(Parser, Debug)]
#[command(version)]
pub(crate) struct Args {
    /// The rows to run; all where none is named
    #[arg(value_enum)]
    pub(crate) rows: Vec<Row>,

    /// Take files of 64 MiB instead of 1 GiB
    #[arg(long)]
    pub(crate) quick: bool,

    /// Open a file of 8 GiB, too
    #[arg(long)]
    pub(crate) large: bool,

    /// How many rounds are counted
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// Where the files go, in a directory of their own that is removed afterwards
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench-data"))]
    pub(crate) directory: PathBuf,

    /// How long persist's journal and SQLite's log may get [default: what each has by default]
    #[arg(long, value_name = "BYTES")]
    pub(crate) journal_bytes: Option<u64>,
}

impl Args {
    /// Whether the row was asked for.
    pub(crate) fn wants(&self, row: Row) -> bool {
        self.rows.is_empty() || self.rows.contains(&row)
    }
}
