//! The differences for people.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use indicatif::HumanCount;
use unicode_width::UnicodeWidthStr;

use super::Report;
use super::content::MOST_CHARS;
use crate::cell;
use crate::terminal::{self, painted};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const A: Style = AnsiColor::Red.on_default();
const B: Style = AnsiColor::Green.on_default();

pub(super) fn text(report: &Report) -> String {
    let mut text = String::new();
    layout(&mut text, report);
    lengths(&mut text, report);
    content(&mut text, report);
    text
}

/// A line that begins with what it is about. Writing to a String does not fail.
fn line(text: &mut String, about: &str, rest: &str) {
    let _ = writeln!(text, "{} {rest}", painted(BOLD, format!("{:<10}", format!("{about}:"))));
}

fn layout(text: &mut String, report: &Report) {
    let [a, b] = &report.byte_order;
    let layout = &report.layout;
    match (&*layout.differences, a == b) {
        ([], true) => line(text, "layout", "the same"),
        ([], false) => line(text, "layout", &format!("the same, but {a}- and {b}-endian")),
        _ => match &layout.relation {
            Some(relation) => line(text, "layout", &format!("{relation}, from A to B")),
            None => line(text, "layout", "the fields are of other types"),
        },
    }
    let rows = layout.differences.iter().map(|it| {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".into());
        [it.subject.as_str(), &side(&it.a), &side(&it.b)].map(|text| name(text).into_owned())
    });
    table(text, ["", "A", "B"], rows.collect());
}

fn lengths(text: &mut String, report: &Report) {
    let [a, b] = report.elements;
    let count = |count: usize| HumanCount(count as u64);
    let lengths = match a.abs_diff(b) {
        0 => format!("{} in both", terminal::count(a, "element")),
        more => {
            let which = if a > b { "A" } else { "B" };
            format!("{} in A, {} in B: {} more in {which}", count(a), count(b), count(more))
        }
    };
    line(text, "length", &lengths);
}

fn content(text: &mut String, report: &Report) {
    let content = &report.content;
    let compared = HumanCount(content.compared as u64);
    if content.elements == 0 {
        return line(text, "elements", "no difference");
    }
    let different = HumanCount(content.elements);
    line(text, "elements", &format!("{different} of {compared} differ"));
    let counts = content.fields.iter();
    let counts =
        counts.map(|it| [name(&it.path).into(), HumanCount(it.values).to_string(), String::new()]);
    table(text, ["field", "values", ""], counts.collect());
    text.push_str(if content.first.is_empty() { "" } else { "\n" });
    let rows = content.first.iter();
    let rows = rows.map(|it| {
        [format!("[{}] {}", it.index, name(&it.path)), it.a.text.clone(), it.b.text.clone()]
    });
    table(text, ["first", "A", "B"], rows.collect());
}

/// The path of a field, which may be long where a file is hostile.
fn name(path: &str) -> std::borrow::Cow<'_, str> {
    cell::cut(path, MOST_CHARS)
}

fn table(text: &mut String, names: [&str; 3], rows: Vec<[String; 3]>) {
    if rows.is_empty() {
        return;
    }
    let names = names.map(str::to_owned);
    let width = |i: usize| {
        let cells = rows.iter().chain([&names]).map(|row: &[String; 3]| row[i].width());
        cells.max().unwrap_or(0)
    };
    let widths = [width(0), width(1)];
    let pad = |cell: &str, i: usize| " ".repeat(widths[i] - cell.width());
    let [first, a, b] = &names;
    let head = format!("  {first}{}  {a}{}  {b}", pad(first, 0), pad(a, 1));
    let _ = writeln!(text, "{}", painted(DIM, head.trim_end()));
    for [first, a, b] in &rows {
        let (gap, b) = match &**b {
            "" => (String::new(), String::new()),
            b => (pad(a, 1) + "  ", painted(B, b)),
        };
        let _ = writeln!(text, "  {first}{}  {}{gap}{b}", pad(first, 0), painted(A, a));
    }
}
