//! `persist dump`: the elements as text.

mod range;
mod rows;

use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;

use persist_core::AnySlice;

use crate::columns::{Fields, columns, paths};
use crate::outcome::{Outcome, note, warn};
use crate::parallel;
use crate::progress::Progress;
use crate::terminal::{self, cant_print, count, shown};
use range::ElementRange;
use rows::{Faults, Format, Rows};

/// How many bytes of elements a thread makes text of at a time.
const PART_BYTES: usize = 1 << 18;

/// Print the elements as JSON lines, CSV or a table
///
/// Each value has a column of its own: `pos.x`, `legs[0].side`. Padding has none. Numbers are exact:
/// integers with all their digits, floats with the fewest that are read back as the same. In JSON the floats
/// that are no numbers are the strings "NaN", "inf" and "-inf". `None` is null, and in CSV an empty field. Bytes
/// that are not a value of their type are {"invalid":"<hex>"}, or invalid:<hex>, and make the exit code 1.
///
/// Example: persist dump ticks.pv --fields time,price --tail 5
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file
    file: PathBuf,
    /// Only the elements with these indices: 10..20, 10.. or ..20
    #[arg(long, value_name = "A..B", allow_hyphen_values = true)]
    range: Option<ElementRange>,
    /// Only the first N (of the range)
    #[arg(long, value_name = "N", conflicts_with = "tail")]
    head: Option<usize>,
    /// Only the last N (of the range)
    #[arg(long, value_name = "N")]
    tail: Option<usize>,
    /// Only these fields, in this order: time,pos.x,legs[0]. As in CSV, a name with a comma stands in
    /// quotes
    #[arg(long, value_name = "A,B")]
    fields: Vec<Fields>,
    #[command(flatten)]
    shape: Shape,
}

/// What the text looks like. A table on a terminal, else JSON lines, where nothing was asked for.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Shape {
    /// A JSON object on each line (the default, but on a terminal)
    #[arg(long)]
    json: bool,
    /// CSV with a line of names (RFC 4180)
    #[arg(long)]
    csv: bool,
    /// A table for people (the default on a terminal)
    #[arg(long)]
    table: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let file = AnySlice::open(&args.file)?;
    let range = args.elements(file.len());
    args.tell_of_range(file.len());
    let columns = columns(file.descriptor(), &paths(&args.fields))?;
    let rows = Rows::new(&file, columns, range.clone(), args.shape.format());
    let faults = print(&rows, range).map_err(cant_print)?;
    if let Some(first) = &faults.first {
        let times = count(faults.count, "time");
        warn(format_args!("bytes that are not a value of their type: {times}, first in {first}"));
    }
    Ok(Outcome::yes_if(faults.count == 0))
}

impl Args {
    /// Whether a program reads it, and said so.
    pub(crate) fn is_json(&self) -> bool {
        self.shape.json
    }

    /// Says so where not all elements that were asked for are there.
    fn tell_of_range(&self, len: usize) {
        if self.range.is_some_and(|range| range.is_beyond(len)) {
            note(format_args!("`{}` has {}", shown(&self.file), count(len, "element")));
        }
    }

    fn elements(&self, len: usize) -> Range<usize> {
        let Range { start, end } = self.range.map_or(0..len, |range| range.within(len));
        let most = |n: Option<usize>| n.unwrap_or(usize::MAX).min(end - start);
        if self.tail.is_some() {
            end - most(self.tail)..end
        } else {
            start..start + most(self.head)
        }
    }
}

impl Shape {
    fn format(&self) -> Format {
        if self.csv {
            Format::Csv
        } else if self.table || !self.json && terminal::is_terminal() {
            Format::Table
        } else {
            Format::Json
        }
    }
}

/// Prints the rows, made on all cores, in order.
fn print(rows: &Rows<'_>, range: Range<usize>) -> io::Result<Faults> {
    let mut out = io::stdout().lock();
    out.write_all(&rows.head())?;
    let element_bytes = rows.element_bytes();
    let part_len = (PART_BYTES / element_bytes).max(1);
    let mut progress = Progress::of_bytes((range.len() * element_bytes) as u64, "printing");
    let mut faults = Faults::default();
    let start = range.start;
    parallel::in_order(
        range,
        part_len,
        |part, text| rows.write(part, text),
        |part, found, text| {
            faults.add(found);
            progress.set(((part.end - start) * element_bytes) as u64);
            out.write_all(text)
        },
    )?;
    out.write_all(&rows.foot())?;
    out.flush()?;
    Ok(faults)
}
