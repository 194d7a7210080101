//! A report for people.

use std::borrow::Cow;
use std::fmt::{Display, Write};
use std::time::{Duration, UNIX_EPOCH};

use anstyle::{AnsiColor, Style};
use indicatif::{BinaryBytes, HumanCount};
use persist_core::reflect::TypeRef;
use unicode_width::UnicodeWidthStr;

use super::report::{FieldReport, Report, fields};
use crate::cell;
use crate::picture::{Pen, picture};
use crate::terminal::{self, count, painted, shown};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const ODD: Style = AnsiColor::Yellow.on_default();

/// The last moment that a date is written for: the end of the year 9999.
const MAX_UNIX_MS: u64 = 253_402_300_799_999;

/// More fields than this are better seen in `--json`.
const MOST_LINES: usize = 100;

/// So much is shown of a name: a hostile one is a megabyte long.
const MOST_CHARS: usize = 60;

/// More variants than this are better seen in `--rust`.
const MOST_VARIANTS: usize = 8;

pub(super) fn text(report: &Report<'_>, root: TypeRef<'_>) -> String {
    let elements = format!("{} of {}", count(report.elements, "element"), name(&report.type_name));
    let mut text = format!("{}\n\n", painted(BOLD, format!("{}: {elements}", shown(report.path))));
    facts(&mut text, report);
    text.push('\n');
    text + &type_text(root)
}

/// The picture of a type, and its fields.
pub(super) fn type_text(root: TypeRef<'_>) -> String {
    let pen = Pen { width: terminal::width(), unicode: terminal::has_unicode() };
    let (fields, has_more) = fields(root);
    let mut text = picture(root, pen);
    text.push('\n');
    field_table(&mut text, &fields[..fields.len().min(MOST_LINES)]);
    if has_more || fields.len() > MOST_LINES {
        text += "  … and more: --json lists them\n";
    }
    text
}

fn facts(text: &mut String, report: &Report<'_>) {
    let order = match (report.byte_order_matters, report.is_foreign()) {
        (false, _) => "the same in either byte order".to_owned(),
        (true, false) => format!("{}-endian", report.byte_order),
        (true, true) => painted(
            ODD,
            format!(
                "{}-endian, unlike this machine: `persist convert` changes it",
                report.byte_order
            ),
        ),
    };
    let elements_bytes = report.elements as u64 * report.element_bytes;
    fact(text, "element", format!("{}, {order}", count(report.element_bytes, "byte")));
    fact(text, "state", state(report));
    fact(text, "mode", report.mode);
    fact(text, "journal", journal(report));
    fact(text, "size", size(report, elements_bytes));
    if report.app_magic.is_some() || report.app_version.is_some() {
        let magic = report.app_magic.iter().map(|magic| format!("\"{magic}\""));
        let parts: Vec<_> = magic.chain(report.app_version.clone()).collect();
        fact(text, "application", parts.join(" "));
    }
    let (writer, architecture) = (harmless(&report.writer), harmless(&report.architecture));
    let created = created(report.created_unix_ms);
    fact(text, "created", format!("{created} by {writer} on {architecture}"));
    fact(text, "fingerprint", &report.fingerprint);
}

fn fact(text: &mut String, name: &str, value: impl Display) {
    // Writing to a String does not fail.
    let _ = writeln!(text, "  {} {value}", painted(DIM, format!("{name:<12}")));
}

fn state(report: &Report<'_>) -> String {
    match report.state {
        "clean" => painted(GOOD, "clean") + ": its last writer closed it",
        "torn" => {
            let state = painted(ODD, "torn");
            state
                + ": one copy of its state is damaged, as by a crash in the middle of a commit; the other one counts"
        }
        _ => painted(ODD, "not closed") + ": its last writer was killed, or forgot to",
    }
}

fn journal(report: &Report<'_>) -> String {
    let waiting = match report.waiting_commits {
        0 => "empty".to_owned(),
        1 => "1 commit waits for the next writer".to_owned(),
        many => format!("{} commits wait for the next writer", HumanCount(many)),
    };
    match report.journal_bytes {
        0 => "none".to_owned(),
        bytes => {
            let epoch = HumanCount(report.epoch);
            format!("{}, {waiting}; epoch {epoch}", BinaryBytes(bytes))
        }
    }
}

fn size(report: &Report<'_>, elements_bytes: u64) -> String {
    let file = BinaryBytes(report.file_bytes);
    let disk = match report.disk_bytes {
        Some(bytes) => format!(", {} on the disk", BinaryBytes(bytes)),
        None => String::new(),
    };
    let (elements, from) = (BinaryBytes(elements_bytes), report.data_offset_bytes);
    format!("{file}{disk}; {elements} of elements from byte {from}")
}

pub(super) fn created(unix_ms: u64) -> String {
    match unix_ms {
        0..=MAX_UNIX_MS => {
            let time = UNIX_EPOCH + Duration::from_millis(unix_ms);
            humantime::format_rfc3339_seconds(time).to_string()
        }
        _ => format!("{unix_ms} ms after 1970"),
    }
}

/// A name of a file, but not all of it where it is long.
pub(super) fn name(text: &str) -> Cow<'_, str> {
    cell::cut(text, MOST_CHARS)
}

/// A text of a file, without what a terminal acts on.
pub(super) fn harmless(text: &str) -> String {
    text.escape_debug().to_string()
}

fn field_table(text: &mut String, fields: &[FieldReport]) {
    let width = |of: fn(&FieldReport) -> usize, name: &str| {
        fields.iter().map(of).chain([name.len()]).max().unwrap_or(0)
    };
    let offsets = width(|it| it.offset_bytes.to_string().len(), "offset");
    let sizes = width(|it| it.size_bytes.to_string().len(), "size");
    let names = width(|it| name(&it.path).width(), "field");
    let line = |offset: &str, size: &str, name: &str, ty: &str| {
        let padding = " ".repeat(names - name.width());
        format!("  {offset:>offsets$}  {size:>sizes$}  {name}{padding}  {ty}").trim_end().to_owned()
    };
    *text += &painted(DIM, line("offset", "size", "field", "type"));
    text.push('\n');
    for field in fields {
        let (offset, size) = (field.offset_bytes.to_string(), field.size_bytes.to_string());
        *text += &line(&offset, &size, &name(&field.path), &field_type(field));
        text.push('\n');
    }
}

/// `Side: Buy = 0, Sell = 1`
fn field_type(field: &FieldReport) -> String {
    let variants = field.variants.iter().take(MOST_VARIANTS);
    let mut variants: Vec<_> =
        variants.map(|it| format!("{} = {}", name(&it.name), it.discriminant)).collect();
    if field.variants.len() > MOST_VARIANTS {
        variants.push(format!("… ({} in all)", field.variants.len()));
    }
    match &*variants {
        [] => name(&field.type_name).into_owned(),
        _ => format!("{}: {}", name(&field.type_name), variants.join(", ")),
    }
}
