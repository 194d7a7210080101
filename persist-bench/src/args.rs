//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::rows::Row;

/// Times persist beside what else a user could pick, and writes a report with plots: in about ten minutes, where it is
/// the default size and nothing else runs.
#[derive(Parser, Debug)]
#[command(version)]
pub(crate) struct Args {
    /// The rows to run; all where none is named
    #[arg(value_enum)]
    pub(crate) rows: Vec<Row>,

    /// A sixteenth of the default sizes
    #[arg(long)]
    pub(crate) quick: bool,

    /// How many numbers a vector of the row `numbers` has, and four times as many as one of `structs`. Past a quarter of
    /// the memory they are only filled and read, by those that need no memory for all of them
    #[arg(long, value_name = "N")]
    pub(crate) len: Option<u64>,

    /// How large the files of the other rows are: as `512M`, `1G` or `64G`
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) size: Option<u64>,

    /// How many rounds are counted
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// Where the files go, in a directory of their own that is removed afterwards
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench-data"))]
    pub(crate) directory: PathBuf,

    /// Where the report goes
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench-report"))]
    pub(crate) report: PathBuf,

    /// How long persist's journal and SQLite's log may get [default: what each has by default]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) journal_bytes: Option<u64>,

    /// What a process of its own does for the row `footprint`, in the directory
    #[arg(long, hide = true)]
    pub(crate) child: Option<String>,
}

impl Args {
    /// Whether the row was asked for.
    pub(crate) fn wants(&self, row: Row) -> bool {
        self.rows.is_empty() || self.rows.contains(&row)
    }
}

/// A number of bytes with a unit or none.
fn bytes(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.char_indices().last() {
        Some((at, 'K' | 'k')) => (&text[..at], 10),
        Some((at, 'M' | 'm')) => (&text[..at], 20),
        Some((at, 'G' | 'g')) => (&text[..at], 30),
        Some((at, 'T' | 't')) => (&text[..at], 40),
        _ => (text, 0),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "expected a whole number, and K, M, G or T or nothing after it")?;
    number.checked_mul(1 << shift).ok_or("too large".into())
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn bytes_have_a_unit_or_none() {
        for (text, expected) in [
            ("512", Some(512)),
            ("64K", Some(64 << 10)),
            ("512m", Some(512 << 20)),
            ("1G", Some(1 << 30)),
            ("2T", Some(2 << 40)),
            ("", None),
            ("G", None),
            ("1.5G", None),
            ("99999999999T", None),
        ] {
            assert_eq!(bytes(text).ok(), expected, "`{text}`");
        }
    }
}
