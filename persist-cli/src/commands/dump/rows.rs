//! Elements as rows of text.

use std::fmt;
use std::io::Write;
use std::ops::Range;

use anstyle::Style;
use persist_core::reflect::{Kind, NotAValue, Value};
use persist_core::{AnySlice, ByteOrder};

use crate::cell;
use crate::columns::Column;
use crate::terminal::{self, painted};

/// The rows at each end that decide how wide the columns of a table are.
const SAMPLE: usize = 500;

/// What rows look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Csv,
    Table,
}

/// Elements of a file, ready to be written as rows.
pub(crate) struct Rows<'a> {
    file: &'a AnySlice,
    order: ByteOrder,
    columns: Vec<Column<'a>>,
    shape: Shape,
}

/// A [`Format`] with what it needs beside the columns.
enum Shape {
    /// What stands before each value.
    Json {
        before: Vec<Vec<u8>>,
    },
    Csv {
        to_terminal: bool,
    },
    Table {
        index_width: usize,
        widths: Vec<usize>,
        hidden: usize,
    },
}

/// Values that are none.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) count: u64,
    pub(crate) first: Option<FirstFault>,
}

#[derive(Debug)]
pub(crate) struct FirstFault {
    index: usize,
    path: String,
    fault: NotAValue,
}

impl fmt::Display for FirstFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "element {}, `{}`: {}", self.index, self.path, self.fault)
    }
}

impl Faults {
    /// Adds those of the elements that follow.
    pub(crate) fn add(&mut self, later: Self) {
        self.count += later.count;
        self.first = self.first.take().or(later.first);
    }

    fn found(&mut self, index: usize, column: &Column<'_>, fault: NotAValue) {
        self.count += 1;
        self.first.get_or_insert_with(|| FirstFault { index, path: column.path.clone(), fault });
    }
}

impl<'a> Rows<'a> {
    pub(crate) fn new(
        file: &'a AnySlice,
        columns: Vec<Column<'a>>,
        range: Range<usize>,
        format: Format,
    ) -> Self {
        let shape = match format {
            Format::Json => Shape::Json { before: keys(&columns) },
            Format::Csv => Shape::Csv { to_terminal: terminal::is_terminal() },
            Format::Table => Shape::Table { index_width: 0, widths: Vec::new(), hidden: 0 },
        };
        let order = file.info().byte_order;
        let mut rows = Self { file, order, columns, shape };
        if format == Format::Table {
            rows.lay_out(range);
        }
        rows
    }

    pub(crate) fn element_bytes(&self) -> usize {
        self.file.descriptor().size_bytes() as usize
    }

    /// What stands above the rows.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.shape {
            Shape::Json { .. } => {}
            Shape::Csv { to_terminal } => {
                for (i, column) in self.columns.iter().enumerate() {
                    out.extend_from_slice(if i == 0 { b"" } else { b"," });
                    cell::csv_text(&mut out, &column.path, *to_terminal);
                }
                out.push(b'\n');
            }
            Shape::Table { index_width, widths, .. } => {
                let style = if terminal::has_colors() { Style::new().bold() } else { Style::new() };
                let mut names = format!("{:>index_width$}", "#");
                for (column, &width) in self.columns.iter().zip(widths) {
                    let padding = " ".repeat(width.saturating_sub(text_width(&column.path)));
                    let (left, right) =
                        if is_right(column) { (&*padding, "") } else { ("", &*padding) };
                    names += &format!("  {left}{}{right}", column.path);
                }
                let names = painted(style, names.trim_end());
                out.extend_from_slice(names.as_bytes());
                out.push(b'\n');
            }
        }
        out
    }

    /// What stands below the rows.
    pub(crate) fn foot(&self) -> Vec<u8> {
        match &self.shape {
            Shape::Table { hidden, .. } if *hidden > 0 => {
                let columns = if *hidden == 1 { "column doesn't" } else { "columns don't" };
                format!("({hidden} more {columns} fit: --fields chooses, --json shows all)\n")
                    .into()
            }
            _ => Vec::new(),
        }
    }

    /// Writes the rows of some elements.
    pub(crate) fn write(&self, elements: Range<usize>, out: &mut Vec<u8>) -> Faults {
        let mut faults = Faults::default();
        for index in elements {
            let element = self.file.element(index);
            match &self.shape {
                Shape::Json { before } => self.json(before, index, element, out, &mut faults),
                Shape::Csv { to_terminal } => {
                    self.csv(*to_terminal, index, element, out, &mut faults);
                }
                Shape::Table { index_width, widths, .. } => {
                    // Writing to a Vec does not fail.
                    let _ = write!(out, "{index:>index_width$}");
                    self.table(widths, index, element, out, &mut faults);
                }
            }
            out.push(b'\n');
        }
        faults
    }

    fn json(
        &self,
        before: &[Vec<u8>],
        index: usize,
        element: &[u8],
        out: &mut Vec<u8>,
        faults: &mut Faults,
    ) {
        out.push(b'{');
        for (column, key) in self.columns.iter().zip(before) {
            out.extend_from_slice(key);
            match column.value(element, self.order) {
                Ok(value) => cell::json(out, value),
                Err(fault) => {
                    out.extend_from_slice(b"{\"invalid\":");
                    cell::json(out, Value::Bytes(column.bytes(element)));
                    out.push(b'}');
                    faults.found(index, column, fault);
                }
            }
        }
        out.push(b'}');
    }

    fn csv(
        &self,
        to_terminal: bool,
        index: usize,
        element: &[u8],
        out: &mut Vec<u8>,
        faults: &mut Faults,
    ) {
        let start = out.len();
        for (i, column) in self.columns.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            match column.value(element, self.order) {
                Ok(value) => cell::csv(out, value, to_terminal),
                Err(fault) => {
                    cell::invalid(out, column.bytes(element));
                    faults.found(index, column, fault);
                }
            }
        }
        if out.len() == start && !self.columns.is_empty() {
            // Readers skip empty lines.
            out.extend_from_slice(b"\"\"");
        }
    }

    fn table(
        &self,
        widths: &[usize],
        index: usize,
        element: &[u8],
        out: &mut Vec<u8>,
        faults: &mut Faults,
    ) {
        let last = widths.len().saturating_sub(1);
        for (i, (column, &width)) in self.columns.iter().zip(widths).enumerate() {
            out.extend_from_slice(b"  ");
            let start = out.len();
            if let Err(fault) = self.cell(column, element, out) {
                faults.found(index, column, fault);
            }
            let padding = width.saturating_sub(bytes_width(&out[start..]));
            if is_right(column) {
                let end = out.len();
                out.resize(end + padding, b' ');
                out[start..].rotate_right(padding);
            } else if i < last {
                out.resize(out.len() + padding, b' ');
            }
        }
    }

    /// Writes a value for people.
    fn cell(
        &self,
        column: &Column<'_>,
        element: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), NotAValue> {
        match column.value(element, self.order) {
            Ok(value) => cell::text(out, value),
            Err(fault) => {
                cell::invalid(out, column.bytes(element));
                return Err(fault);
            }
        }
        Ok(())
    }

    /// Decides how wide the columns are, and how many there is room for on a terminal.
    fn lay_out(&mut self, range: Range<usize>) {
        let index_width = range.end.saturating_sub(1).to_string().len();
        let mut room = if terminal::is_terminal() { terminal::width() } else { usize::MAX };
        room = room.saturating_sub(index_width);
        let mut widths = Vec::new();
        for column in &self.columns {
            let width = self.column_width(column, range.clone());
            if !widths.is_empty() && room < width + 2 {
                break;
            }
            room = room.saturating_sub(width + 2);
            widths.push(width);
        }
        let hidden = self.columns.len() - widths.len();
        self.shape = Shape::Table { index_width, widths, hidden };
    }

    fn column_width(&self, column: &Column<'_>, range: Range<usize>) -> usize {
        let first = range.start..range.end.min(range.start + SAMPLE);
        let last = first.end.max(range.end.saturating_sub(SAMPLE))..range.end;
        let mut text = Vec::new();
        let width_of = |index| {
            text.clear();
            // What isn't a value has a text, too.
            let _ = self.cell(column, self.file.element(index), &mut text);
            bytes_width(&text)
        };
        first.chain(last).map(width_of).fold(text_width(&column.path), usize::max)
    }
}

/// `{"time":`, `,"price":`
fn keys(columns: &[Column<'_>]) -> Vec<Vec<u8>> {
    let key = |(i, column): (usize, &Column<'_>)| {
        let mut key = if i == 0 { Vec::new() } else { vec![b','] };
        cell::json_string(&mut key, &column.path);
        key.push(b':');
        key
    };
    columns.iter().enumerate().map(key).collect()
}

/// Numbers stand at the right, so that their digits are below each other.
fn is_right(column: &Column<'_>) -> bool {
    use persist_core::reflect::Class;

    matches!(column.ty.kind(), Kind::Primitive { class, .. } if !matches!(class, Class::Bool | Class::Char))
}

fn bytes_width(text: &[u8]) -> usize {
    if text.is_ascii() { text.len() } else { text_width(&String::from_utf8_lossy(text)) }
}

fn text_width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}
