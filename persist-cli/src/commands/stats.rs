//! `persist stats`: what the values of each field are like.

mod distinct;
mod histogram;
mod summary;
mod text;

use std::path::PathBuf;

use persist_core::AnySlice;
use serde::Serialize;

use crate::columns::{Column, Fields, columns, paths};
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::terminal::print_json;
use crate::{parallel, terminal};
use histogram::Histogram;
use summary::Summary;

/// How many bytes of elements a thread looks at before it says how far it is.
const PART_BYTES: usize = 1 << 22;

/// Summarise each field: its range, mean and distinct values, and a histogram
///
/// Distinct values are counted exactly while they are few, and estimated to some 1 % where they are many
/// (`~`). The histogram has bars of equal width from the least to the greatest number; floats that are no
/// numbers, or infinite, aren't in it. Bytes that are not a value of their
/// type are counted as invalid, and make the exit code 1.
///
/// Example: persist stats ticks.pv --fields price
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file
    file: PathBuf,
    /// Only these fields: time,pos.x,legs[0]. As in CSV, a name with a comma stands in quotes
    #[arg(long, value_name = "A,B")]
    fields: Vec<Fields>,
    /// Print a report for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// More than these take much memory, and nobody reads them.
const MOST_FIELDS: usize = 1000;

#[derive(Debug, thiserror::Error)]
#[error(
    "the elements have {found} values each, expected at most {MOST_FIELDS}: choose some with --fields"
)]
struct TooManyFields {
    found: usize,
}

/// What is said of all fields.
#[derive(Debug, Serialize)]
struct Report {
    elements: usize,
    fields: Vec<FieldReport>,
}

#[derive(Debug, Serialize)]
struct FieldReport {
    path: String,
    #[serde(rename = "type")]
    type_name: String,
    #[serde(flatten)]
    summary: summary::Report,
    histogram: Option<histogram::Report>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let file = AnySlice::open(&args.file)?;
    let columns = columns(file.descriptor(), &paths(&args.fields))?;
    if columns.len() > MOST_FIELDS {
        return Err(TooManyFields { found: columns.len() }.into());
    }
    let summaries = summaries(&file, &columns);
    let histograms = histograms(&file, &columns, &summaries);
    let fields = columns.iter().zip(summaries).zip(histograms);
    let fields = fields.map(|((column, summary), histogram)| FieldReport {
        path: column.path.clone(),
        type_name: column.ty.to_string(),
        summary: summary.report(),
        histogram: histogram.map(|it| it.report()),
    });
    let report = Report { elements: file.len(), fields: fields.collect() };
    if args.json {
        print_json(&report)?;
    } else {
        terminal::print(&text::text(&report))?;
    }
    Ok(Outcome::yes_if(report.fields.iter().all(|field| field.summary.invalid == 0)))
}

/// Goes through the file once.
fn summaries(file: &AnySlice, columns: &[Column<'_>]) -> Vec<Summary> {
    let order = file.info().byte_order;
    let make = |elements: std::ops::Range<usize>| {
        let mut found = vec![Summary::new(columns.len()); columns.len()];
        for index in elements {
            let element = file.element(index);
            for (column, summary) in columns.iter().zip(&mut found) {
                summary.add(column.value(element, order), column.bytes(element));
            }
        }
        found
    };
    let mut all = vec![Summary::new(columns.len()); columns.len()];
    for_each_part(file, "summing up", make, |part| {
        all.iter_mut().zip(part).for_each(|(all, part)| all.merge(part));
    });
    all
}

/// Goes through the file a second time, now that it is known where the bars are.
fn histograms(
    file: &AnySlice,
    columns: &[Column<'_>],
    summaries: &[Summary],
) -> Vec<Option<Histogram>> {
    let order = file.info().byte_order;
    let empty: Vec<_> =
        columns.iter().zip(summaries).map(|(column, it)| Histogram::new(column.ty, it)).collect();
    if empty.iter().all(Option::is_none) {
        return empty;
    }
    let make = |elements: std::ops::Range<usize>| {
        let mut found = empty.clone();
        for index in elements {
            let element = file.element(index);
            for (column, histogram) in columns.iter().zip(&mut found) {
                if let (Some(histogram), Ok(value)) = (histogram, column.value(element, order)) {
                    histogram.add(value);
                }
            }
        }
        found
    };
    let mut all = empty.clone();
    for_each_part(file, "drawing", make, |part| {
        for (all, part) in all.iter_mut().zip(&part) {
            if let (Some(all), Some(part)) = (all, part) {
                all.merge(part);
            }
        }
    });
    all
}

/// Makes something of each part of a file, on all cores, and takes it in order.
fn for_each_part<T: Send>(
    file: &AnySlice,
    what: &'static str,
    make: impl Fn(std::ops::Range<usize>) -> T + Sync,
    mut take: impl FnMut(T),
) {
    let element_bytes = file.descriptor().size_bytes() as usize;
    let mut progress = Progress::of_bytes(file.as_bytes().len() as u64, what);
    parallel::each(0..file.len(), (PART_BYTES / element_bytes).max(1), make, |part, made| {
        progress.set((part.end * element_bytes) as u64);
        take(made);
    });
}
