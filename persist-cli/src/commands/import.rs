//! `persist import`: CSV to a new file.

mod cell;
mod schema;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, anyhow, bail};
use csv::{ReaderBuilder, StringRecord};
use persist_core::{AnyFile, AnySlice, AnyWriter, ByteOrder, Descriptor};
use serde::Serialize;

use crate::cell::harmless_text;
use crate::columns::{Column, columns};
use crate::outcome::{self, Outcome, warn};
use crate::progress::Progress;
use crate::terminal::{count, path_as_text, print, print_json, shown};
use cell::Cell;
use schema::schema;

/// An element is put together in memory, and a hostile type has any size.
const MOST_ELEMENT_BYTES: u64 = 64 << 20;
/// After so many lines the progress is told.
const LINES_PER_REPORT: u64 = 1024;
/// Errors show so much of what they found.
const MOST_CHARS: usize = 60;

/// Make a file of CSV
///
/// The first line of the CSV has the names of the columns, and each value of an element is the
/// column of its name: time, pos.x, legs[0].side. Spaces around names don't count. Columns of other
/// names are left out. What `persist dump --csv` prints is read back as the same: enums are the
/// names of their variants, bools true or false (or 1 or 0), an empty field is `None`, and foreign types are the
/// hexadecimal digits of their bytes. The output appears when it is whole, and replaces nothing.
///
/// A schema is a list of `name: type`, with these types:
///   u8 to u128, i8 to i128, f32, f64, bool, char   as in Rust
///   NonZero<u32>, Option<NonZero<u32>>             of any integer
///   str<16>, FixedStr<16>                          at most 16 bytes of UTF-8
///   [f32; 3]                                       an array
///   Vec3 { x: f32, y: f32, z: f32 }                a struct
///   enum Side: u8 { Buy = 0, Sell = 1 }            an enum; a value that isn't given is one more
///                                                  than the one before
///   Pad<2>                                         padding
/// Names that aren't identifiers stand in quotes: "unit price": f64. Padding is put where the derive
/// demands it: `persist inspect --rust` shows the struct that opens the file. It is called `Row`,
/// unless the whole schema is `Name { ... }`.
///
/// Example: persist import ticks.csv --schema "time: i64, price: f64, side: str<4>" -o ticks.pv
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The CSV; - is standard input
    csv: PathBuf,
    #[command(flatten)]
    kind: Kind,
    /// What stands between two fields: a character of ASCII, or tab
    #[arg(long, value_name = "CHAR", default_value = ",")]
    delimiter: Delimiter,
    /// The new file
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Print a report for programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// What stands between two fields.
#[derive(Debug, Clone, Copy)]
struct Delimiter(u8);

/// A text that is no delimiter.
#[derive(Debug, thiserror::Error)]
#[error("expected one character of ASCII, or tab, but no quote or line break")]
struct NoDelimiter;

impl FromStr for Delimiter {
    type Err = NoDelimiter;

    fn from_str(text: &str) -> Result<Self, NoDelimiter> {
        match text.as_bytes() {
            b"tab" | b"\\t" => Ok(Self(b'\t')),
            &[byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(Self(byte)),
            _ => Err(NoDelimiter),
        }
    }
}

impl Delimiter {
    /// An error in the line of names, with what may help.
    fn explain(self, error: anyhow::Error, headers: &StringRecord) -> anyhow::Error {
        let others = [(b',', "','"), (b';', "';'"), (b'\t', "tab")];
        let mut others = others.iter().filter(|(byte, _)| *byte != self.0);
        let is_in_it = |byte: u8| headers.iter().any(|it| it.contains(char::from(byte)));
        match others.find(|(byte, _)| headers.len() == 1 && is_in_it(*byte)) {
            Some((_, name)) => anyhow!("{error}: is it --delimiter {name}?"),
            None => error,
        }
    }
}

/// What was done.
#[derive(Debug, Serialize)]
struct Report<'a> {
    #[serde(serialize_with = "path_as_text")]
    output: &'a Path,
    elements: u64,
}

/// What the elements are.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Kind {
    /// Make a file like this one: of its type, byte order, application and mode
    #[arg(long, value_name = "FILE")]
    like: Option<PathBuf>,
    /// Make a file of elements of this type
    #[arg(long)]
    schema: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let (file, descriptor, order) = args.kind.file()?;
    let element_bytes = descriptor.size_bytes();
    if element_bytes > MOST_ELEMENT_BYTES {
        bail!(
            "elements of {element_bytes} bytes can't be imported, only of at most {MOST_ELEMENT_BYTES}"
        );
    }
    let (input, total_bytes) = open(&args.csv)?;
    let mut reader = ReaderBuilder::new().delimiter(args.delimiter.0).from_reader(input);
    let name = shown(&args.csv);
    let headers = reader.headers().with_context(|| format!("can't read `{name}`"))?.clone();
    let columns = columns(&descriptor, &[])?;
    let places = Places::new(&columns, &headers, order)
        .map_err(|error| args.delimiter.explain(error, &headers))?;
    let mut writer = AnyWriter::create(&args.output, &file)?;
    let mut element = vec![0; element_bytes as usize];
    let mut record = StringRecord::new();
    let mut progress = Progress::of_bytes(total_bytes, "importing");
    while reader.read_record(&mut record).with_context(|| format!("can't read `{name}`"))? {
        places.fill(&record, &mut element).with_context(|| format!("can't import `{name}`"))?;
        writer.append(&element)?;
        if writer.len() % LINES_PER_REPORT == 0 {
            progress.set(reader.position().byte());
        }
    }
    let elements = writer.len();
    writer.finish()?;
    args.report(elements)?;
    Ok(Outcome::Yes)
}

impl Args {
    /// Says what was done.
    fn report(&self, elements: u64) -> anyhow::Result<()> {
        let done = format!("{}: {} written", shown(&self.output), count(elements, "element"));
        let printed = match self.json {
            true => print_json(&Report { output: &self.output, elements }),
            false => print(&format!("{done}\n")),
        };
        outcome::done(printed, done)
    }
}

impl Kind {
    fn file(&self) -> anyhow::Result<(AnyFile, Descriptor, ByteOrder)> {
        match (&self.like, &self.schema) {
            (Some(like), _) => {
                let like = AnySlice::open(like)?;
                let order = like.info().byte_order;
                Ok((AnyFile::like(&like), like.descriptor().clone(), order))
            }
            (_, Some(text)) => {
                let descriptor =
                    schema(text).with_context(|| format!("schema `{}`", beginning(text)))?;
                Ok((AnyFile::new(descriptor.clone()), descriptor, ByteOrder::NATIVE))
            }
            (None, None) => bail!("expected --like or --schema"),
        }
    }
}

/// The CSV, and how many bytes it has, as far as that is known.
fn open(path: &Path) -> anyhow::Result<(Box<dyn Read>, u64)> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), 0));
    }
    let opened = File::open(path).and_then(|file| {
        let bytes = file.metadata()?.len();
        Ok((Box::new(file) as Box<dyn Read>, bytes))
    });
    opened.with_context(|| format!("can't read `{}`", shown(path)))
}

/// Which field of a line goes where.
struct Places<'a> {
    cells: Vec<(&'a Column<'a>, usize, Cell<'a>)>,
}

impl<'a> Places<'a> {
    fn new(
        columns: &'a [Column<'a>],
        headers: &StringRecord,
        order: ByteOrder,
    ) -> anyhow::Result<Self> {
        let mut taken = vec![false; headers.len()];
        let cells = columns.iter().map(|column| {
            let index = index_of(column, headers)?;
            taken[index] = true;
            Ok((column, index, Cell::new(column.ty, order)))
        });
        let cells = cells.collect::<anyhow::Result<Vec<_>>>()?;
        let ignored: Vec<_> = headers.iter().zip(&taken).filter(|(_, taken)| !**taken).collect();
        if !ignored.is_empty() {
            let names: Vec<String> = ignored.iter().map(|(name, _)| quoted(name)).collect();
            warn(format_args!(
                "columns that no field has the name of are left out: {}",
                names.join(", ")
            ));
        }
        Ok(Self { cells })
    }

    /// Makes the element of a line.
    fn fill(&self, record: &StringRecord, element: &mut [u8]) -> anyhow::Result<()> {
        for (column, index, cell) in &self.cells {
            let text = &record[*index];
            cell.parse(text, column.bytes_mut(element)).map_err(|expected| {
                let line = record.position().map_or(0, csv::Position::line);
                let path = &column.path;
                anyhow!("line {line}, column `{path}`: expected {expected}, found {}", quoted(text))
            })?;
        }
        Ok(())
    }
}

/// Which field of a line is the one of a column: that of its name, or of its name between spaces.
fn index_of(column: &Column<'_>, headers: &StringRecord) -> anyhow::Result<usize> {
    let named = |name: fn(&str) -> &str| {
        let mut found = headers.iter().enumerate().filter(move |(_, it)| name(it) == column.path);
        (found.next(), found.next())
    };
    match [named(|name| name), named(str::trim)].into_iter().find(|(first, _)| first.is_some()) {
        Some((Some((index, _)), None)) => Ok(index),
        Some(_) => bail!("line 1: expected one column `{}`, found several", column.path),
        None => Err(missing(column, headers)),
    }
}

fn missing(column: &Column<'_>, headers: &StringRecord) -> anyhow::Error {
    let names: Vec<String> = headers.iter().take(20).map(quoted).collect();
    let more = if headers.len() > names.len() { ", …" } else { "" };
    let found = if names.is_empty() { "none".into() } else { names.join(", ") + more };
    anyhow!("line 1: expected a column `{}`, found {found}", column.path)
}

/// Text of a file that nobody vouches for, in quotes, and not all of it where it is long.
fn quoted(text: &str) -> String {
    format!("\"{}\"", cut(text).escape_debug())
}

/// The beginning of a text, as it was written.
fn beginning(text: &str) -> String {
    harmless_text(&cut(text))
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(MOST_CHARS).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
