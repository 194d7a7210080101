//! The figures for people.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use indicatif::HumanCount;
use serde_json::Value as Json;
use unicode_width::UnicodeWidthStr;

use super::{FieldReport, Report, histogram};
use crate::cell;
use crate::terminal::{self, painted};

const BOLD: Style = Style::new().bold();
const BAR: Style = AnsiColor::Cyan.on_default();

/// So many characters of a text are shown.
const MOST_CHARS: usize = 24;

/// A number of so many characters is short.
const MOST_DIGITS: usize = 12;

/// Paths are long where types nest.
const MOST_PATH_CHARS: usize = 60;

/// So many variants are named in the table.
const MOST_NAMES: usize = 3;

/// So many variants have a bar.
const MOST_COUNTS: usize = 30;

/// Heights of a bar in one line, from nothing to full.
const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_HEIGHTS: [char; 9] = [' ', '.', ':', '-', '=', '+', '*', '#', '@'];

pub(super) fn text(report: &Report) -> String {
    let mut text = table(report);
    // One field by itself has room for a large picture.
    if let [field] = &*report.fields {
        match &field.histogram {
            Some(histogram) => large(&mut text, histogram),
            None => counts(&mut text, &field.summary.counts),
        }
    }
    text
}

fn table(report: &Report) -> String {
    let names = ["field", "values", "distinct", "min", "mean", "max", "histogram"];
    let mut rows = vec![names.map(str::to_owned)];
    rows.extend(report.fields.iter().map(row));
    let widths: Vec<usize> = (0..names.len())
        .map(|i| rows.iter().map(|row| row[i].width()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (i, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width - cell.width());
            line += &match i {
                0 => format!("{cell}{padding}"),
                6 if number == 0 || cell.is_empty() => format!("  {cell}"),
                6 => format!("  {}", painted(BAR, cell.trim_end())),
                _ => format!("  {padding}{cell}"),
            };
        }
        let line = line.trim_end();
        // Writing to a String does not fail.
        let _ = match number {
            0 => writeln!(text, "{}", painted(BOLD, line)),
            _ => writeln!(text, "{line}{}", remarks(&report.fields[number - 1])),
        };
    }
    text
}

fn row(field: &FieldReport) -> [String; 7] {
    let of = &field.summary;
    let about = if of.distinct_is_exact { "" } else { "~" };
    [
        cell::cut(&field.path, MOST_PATH_CHARS).into_owned(),
        HumanCount(of.values).to_string(),
        format!("{about}{}", HumanCount(of.distinct)),
        value(&of.min),
        of.mean.map(short).unwrap_or_default(),
        value(&of.max),
        field.histogram.as_ref().map_or_else(|| commonest(&of.counts), small),
    ]
}

/// `  3 none, 1 NaN`
fn remarks(field: &FieldReport) -> String {
    let of = &field.summary;
    let all =
        [(of.none, "none"), (of.nan, "NaN"), (of.infinite, "infinite"), (of.invalid, "invalid")];
    let some: Vec<_> = all
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", HumanCount(*count)))
        .collect();
    if some.is_empty() { String::new() } else { format!("  {}", some.join(", ")) }
}

fn value(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) if text.is_empty() => "\"\"".to_owned(),
        Json::String(text) => name(text),
        number => cell::cut(&number.to_string(), MOST_CHARS).into_owned(),
    }
}

/// Text of a file as a cell has room for it.
fn name(text: &str) -> String {
    // What is cut off needs no escapes.
    let cut = cell::cut(text, MOST_CHARS);
    cell::harmless_text(&cut)
}

/// A number with all its digits where they are few, else with six behind the point, as far as it has them.
fn short(number: f64) -> String {
    let whole = number.to_string();
    match number.abs() {
        0.0 => "0".into(),
        size if (1e-3..1e15).contains(&size) => {
            if whole.len() <= MOST_DIGITS {
                return whole;
            }
            let digits = (14 - size.log10().floor() as i32).clamp(0, 6) as usize;
            let text = format!("{number:.digits$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
        _ => format!("{number:.4e}"),
    }
}

/// `Buy 20, Sell 4`
fn commonest(counts: &[(String, u64)]) -> String {
    let shown = counts.iter().take(MOST_NAMES);
    let shown = shown.map(|(name, count)| format!("{} {}", self::name(name), HumanCount(*count)));
    let more = (counts.len() > MOST_NAMES).then(|| format!("{} others", counts.len() - MOST_NAMES));
    shown.chain(more).collect::<Vec<_>>().join(", ")
}

/// A histogram in one line.
fn small(histogram: &histogram::Report) -> String {
    let heights = if terminal::has_unicode() { HEIGHTS } else { ASCII_HEIGHTS };
    let most = histogram.counts.iter().copied().max().unwrap_or(0).max(1);
    let height = |&count: &u64| heights[scaled(count, most, heights.len() - 1)];
    histogram.counts.iter().map(height).collect()
}

/// A count as a part of `full`; what isn't nothing is seen.
fn scaled(count: u64, most: u64, full: usize) -> usize {
    let part = (count as f64 / most as f64 * full as f64).round() as usize;
    if count > 0 { part.max(1) } else { 0 }
}

/// A histogram with a line for each bar.
fn large(text: &mut String, histogram: &histogram::Report) {
    let len = histogram.counts.len();
    let step = histogram.end / len as f64 - histogram.start / len as f64;
    let lower = |i: usize| short(step.mul_add(i as f64, histogram.start));
    let labels: Vec<_> = (0..len).map(|i| format!("{} ..", lower(i))).collect();
    bars(text, labels.iter().map(String::as_str).zip(histogram.counts.iter().copied()), true);
}

/// A bar for each variant.
fn counts(text: &mut String, all: &[(String, u64)]) {
    let names: Vec<_> = all.iter().map(|(name, _)| self::name(name)).collect();
    let shown = names.iter().map(String::as_str).zip(all.iter().map(|(_, count)| *count));
    bars(text, shown.take(MOST_COUNTS), false);
    if all.len() > MOST_COUNTS {
        let _ = writeln!(text, "  and {} more: --json lists them", all.len() - MOST_COUNTS);
    }
}

fn bars<'a>(text: &mut String, of: impl Iterator<Item = (&'a str, u64)>, to_right: bool) {
    let of: Vec<_> = of.collect();
    let names = of.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let numbers = of.iter().map(|(_, n)| HumanCount(*n).to_string().len()).max().unwrap_or(0);
    let most = of.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let room = terminal::width().saturating_sub(names + numbers + 6).clamp(8, 60);
    let sign = if terminal::has_unicode() { "█" } else { "#" };
    text.push_str(if of.is_empty() { "" } else { "\n" });
    for (name, count) in of {
        let padding = " ".repeat(names - name.width());
        let (left, right) = if to_right { (&*padding, "") } else { ("", &*padding) };
        let bar = painted(BAR, sign.repeat(scaled(count, most, room)));
        let number = HumanCount(count).to_string();
        let _ = writeln!(text, "  {left}{name}{right}  {number:>numbers$}  {bar}");
    }
}
