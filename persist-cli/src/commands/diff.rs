//! `persist diff`: what is different between two files.

mod content;
mod same;
mod text;

use std::path::PathBuf;

use persist_core::{Aliases, AnySlice, Relation};
use serde::Serialize;

use crate::columns::{self, NoColumns};
use crate::outcome::Outcome;
use crate::terminal;
use content::{Content, Pair};

/// Show how two files differ: in what their elements are, and in the elements
///
/// Elements are compared one by one, the first with the first, and their fields by name, as numbers: a file
/// and what `persist convert` makes of it are equal. NaN is equal to itself, and -0.0 isn't to 0.0. Padding
/// doesn't count. The exit code is 1 where there is a difference.
///
/// Example: persist diff monday.pv tuesday.pv --fields price
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A file
    a: PathBuf,
    /// Another one
    b: PathBuf,
    /// Compare only these fields: time,pos.x,legs[0]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    fields: Vec<String>,
    /// How many different values to list
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
    /// Print a report for programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    equal: bool,
    layout: Layout,
    elements: [usize; 2],
    byte_order: [String; 2],
    content: Content,
}

/// How the types differ.
#[derive(Debug, Serialize)]
struct Layout {
    /// What the library calls it: how far it is from A to B.
    relation: String,
    differences: Vec<Difference>,
}

#[derive(Debug, Serialize)]
struct Difference {
    subject: String,
    a: Option<String>,
    b: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let (a, b) = (AnySlice::open(&args.a)?, AnySlice::open(&args.b)?);
    let layout = Layout::new(&a, &b);
    let pairs = pairs(&a, &b, &args.fields)?;
    let content = content::compare([&a, &b], &pairs, args.limit);
    let report = Report {
        equal: layout.differences.is_empty() && a.len() == b.len() && content.elements == 0,
        layout,
        elements: [a.len(), b.len()],
        byte_order: [&a, &b].map(|file| file.info().byte_order.to_string()),
        content,
    };
    if args.json {
        terminal::print_json(&report)?;
    } else {
        terminal::print(&text::text(&report))?;
    }
    Ok(Outcome::yes_if(report.equal))
}

impl Layout {
    fn new(a: &AnySlice, b: &AnySlice) -> Self {
        let (from, to) = (a.descriptor(), b.descriptor());
        // A byte order is no matter of the type.
        let order = a.info().byte_order;
        let relation = Relation::between((from, order), (to, order), &Aliases::NONE);
        let differences = from.differences(to).into_iter();
        let differences =
            differences.map(|it| Difference { subject: it.subject, a: it.file, b: it.program });
        Self { relation: relation.to_string(), differences: differences.collect() }
    }
}

/// The columns that both have.
fn pairs<'a>(
    a: &'a AnySlice,
    b: &'a AnySlice,
    fields: &[String],
) -> Result<Vec<Pair<'a>>, NoColumns> {
    let mut others: std::collections::HashMap<_, _> = columns::columns(b.descriptor(), fields)?
        .into_iter()
        .map(|column| (column.path.clone(), column))
        .collect();
    let columns = columns::columns(a.descriptor(), fields)?.into_iter();
    Ok(columns.filter_map(|a| others.remove(&a.path).map(|b| Pair { a, b })).collect())
}
