//! `persist diff`: what is different between two files.

mod content;
mod same;
mod text;

use std::collections::HashMap;
use std::path::PathBuf;

use persist_core::reflect::TypeRef;
use persist_core::{Aliases, AnySlice, Relation};
use serde::Serialize;

use crate::columns::{self, Column, Fields};
use crate::outcome::Outcome;
use crate::{cell, terminal};
use content::{Content, MOST_CHARS, Pair};

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
    /// Compare only these fields, what they are and hold: time,pos.x,legs[0]. As in CSV, a name with a
    /// comma stands in quotes
    #[arg(long, value_name = "A,B")]
    fields: Vec<Fields>,
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
    /// What the library calls it: how far it is from A to B. Absent where only some fields are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    relation: Option<String>,
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
    let paths = columns::paths(&args.fields);
    let of_a = columns::columns(a.descriptor(), &paths)?;
    let of_b = columns::columns(b.descriptor(), &paths)?;
    let layout = match &*paths {
        [] => Layout::of_files(&a, &b),
        _ => Layout::of_fields(&of_a, &of_b),
    };
    let pairs = pairs(of_a, of_b);
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
    fn of_files(a: &AnySlice, b: &AnySlice) -> Self {
        let (from, to) = (a.descriptor(), b.descriptor());
        // A byte order is no matter of the type.
        let order = a.info().byte_order;
        let relation = Relation::between((from, order), (to, order), &Aliases::NONE);
        let differences = from.differences(to).into_iter();
        let differences =
            differences.map(|it| Difference { subject: it.subject, a: it.file, b: it.program });
        Self { relation: Some(relation.to_string()), differences: differences.collect() }
    }

    /// What fields are, wherever they stand.
    fn of_fields(a: &[Column<'_>], b: &[Column<'_>]) -> Self {
        let [in_a, in_b] = [a, b].map(by_path);
        let only_in_b = b.iter().filter(|column| !in_a.contains_key(&*column.path));
        let paths = a.iter().chain(only_in_b).map(|column| &*column.path);
        let differences = paths.filter_map(|path| {
            let types = [&in_a, &in_b].map(|of| of.get(path).copied());
            (types[0] != types[1]).then(|| Difference::of_field(path, types))
        });
        Self { relation: None, differences: differences.collect() }
    }
}

impl Difference {
    fn of_field(path: &str, types: [Option<TypeRef<'_>>; 2]) -> Self {
        let text = |ty: TypeRef<'_>| cell::cut(&ty.to_string(), MOST_CHARS).into_owned();
        let [a, mut b] = types.map(|ty| ty.map(text));
        if a == b {
            b = b.map(|text| format!("another {text}"));
        }
        Self { subject: format!("field `{path}`"), a, b }
    }
}

fn by_path<'c, 'a>(columns: &'c [Column<'a>]) -> HashMap<&'c str, TypeRef<'a>> {
    columns.iter().map(|column| (&*column.path, column.ty)).collect()
}

/// The columns that both have.
fn pairs<'a>(a: Vec<Column<'a>>, b: Vec<Column<'a>>) -> Vec<Pair<'a>> {
    let mut others: HashMap<_, _> =
        b.into_iter().map(|column| (column.path.clone(), column)).collect();
    a.into_iter().filter_map(|a| others.remove(&a.path).map(|b| Pair { a, b })).collect()
}
