//! The few rows that say most, for a page that has no room for all.

use std::fmt::Write;

use super::{Entry, Report, Row, quantity};
use crate::peers::Kind;

/// What the headings of these rows begin with.
const ROWS: [&str; 16] = [
    "push one by one, warm, u64",
    "extend by blocks, new file, u64",
    "first scan after opening, u64",
    "warm scan, u64",
    "random read, u64",
    "sort, u64",
    "open, 1 MiB",
    "open, 1 GiB",
    "validated open",
    "slowest of 64 pushes",
    "append 64 B",
    "append 64 MiB",
    "append 1 GiB",
    "1 changed page",
    "100 changed pages and commit",
    "10000 changed pages and commit",
];

/// What there is of these rows.
pub(super) fn rows(report: &Report) -> Vec<&Row> {
    let is_one = |row: &&Row| ROWS.iter().any(|start| row.heading.starts_with(start));
    report.groups.iter().flat_map(|group| &group.rows).filter(is_one).collect()
}

/// A table of these rows, with the best of each kind, and what it was measured on.
pub(super) fn markdown(report: &Report) -> String {
    let mut text = String::from(
        "| work | persist | best of `Vec`, memmap2, system calls | best other vector | best archive | best database |\n\
         |---|---:|---:|---:|---:|---:|\n",
    );
    for row in rows(report) {
        let best = |kind| best(row, kind);
        // Writing to a `String` can't fail.
        _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            row.heading,
            named(row, best(Kind::Persist)),
            named(row, best(Kind::Floor)),
            named(row, best(Kind::Vector)),
            named(row, best(Kind::Serializer)),
            named(row, best(Kind::Database)),
        );
    }
    _ = writeln!(text, "\n{}.", report.setup.join(". "));
    text
}

/// The contestant of a kind with the least median; the first of persist's, which is how it is used most.
fn best(row: &Row, kind: Kind) -> Option<&Entry> {
    let mut entries = row.entries.iter().filter(|entry| entry.kind == kind);
    match kind {
        Kind::Persist => entries.next(),
        _ => entries.min_by(|a, b| a.times.median().total_cmp(&b.times.median())),
    }
}

fn named(row: &Row, entry: Option<&Entry>) -> String {
    entry.map_or("–".into(), |entry| {
        let quantity = quantity(row.unit, entry.times.median());
        match entry.name.strip_prefix("persist") {
            Some("") => quantity,
            Some(how) => format!("{quantity} ({})", how.trim_start_matches([',', ' '])),
            None => format!("{quantity} ({})", entry.name),
        }
    })
}
