//! A value as text: for JSON, for CSV, for people.
//!
//! Numbers are exact in each: integers with all their digits, floats with the fewest that are read back as
//! the same. Text goes to a terminal without what a terminal acts on.

use std::borrow::Cow;
use std::io::Write;

use persist_core::reflect::Value;
use serde_json::Value as Json;

use crate::terminal;

/// A value as JSON.
///
/// What JSON lacks: floats that are no numbers are the strings `"NaN"`, `"inf"` and `"-inf"`; bytes are
/// hexadecimal strings; none is `null`.
pub(crate) fn json(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::F32(float) if !float.is_finite() => json_string(out, not_finite(float.into())),
        Value::F64(float) if !float.is_finite() => json_string(out, not_finite(float)),
        Value::Char(char) => json_string(out, char.encode_utf8(&mut [0; 4])),
        Value::Text(text) | Value::Variant(text) => json_string(out, text),
        Value::None => out.extend_from_slice(b"null"),
        Value::Bytes(bytes) => {
            out.push(b'"');
            hex(out, bytes);
            out.push(b'"');
        }
        value => plain(out, value),
    }
}

/// The same, to be put into a report: numbers keep all their digits.
pub(crate) fn to_json(value: Value<'_>) -> Json {
    let mut text = Vec::new();
    json(&mut text, value);
    // What was just written is JSON.
    serde_json::from_slice(&text).unwrap_or(Json::Null)
}

/// A string of JSON in which a terminal finds nothing to act on.
pub(crate) fn json_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend_from_slice(&[b'\\', char as u8]),
            '\n' => out.extend_from_slice(b"\\n"),
            '\t' => out.extend_from_slice(b"\\t"),
            _ if is_harmless(char) => push_char(out, char),
            _ => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    // Writing to a Vec does not fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push(b'"');
}

/// A value as a field of CSV, quoted where it must be. `none` is empty. Text is as it is, or harmless where it
/// goes `to_terminal`.
pub(crate) fn csv(out: &mut Vec<u8>, value: Value<'_>, to_terminal: bool) {
    match value {
        Value::Char(char) => csv_text(out, char.encode_utf8(&mut [0; 4]), to_terminal),
        Value::Text(text) | Value::Variant(text) => csv_text(out, text, to_terminal),
        Value::None => {}
        value => plain(out, value),
    }
}

/// Text as a field of CSV.
pub(crate) fn csv_text(out: &mut Vec<u8>, text: &str, to_terminal: bool) {
    let start = out.len();
    if to_terminal {
        harmless(out, text);
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    let is_edge = |byte: Option<&u8>| byte == Some(&b' ');
    let written = &out[start..];
    let is_plain = |byte: &u8| !matches!(byte, b'"' | b',' | b'\n' | b'\r');
    if is_edge(written.first()) || is_edge(written.last()) || !written.iter().all(is_plain) {
        quote(out, start);
    }
}

/// Puts what was written from `start` on into quotes.
fn quote(out: &mut Vec<u8>, start: usize) {
    let written = out.split_off(start);
    out.push(b'"');
    for byte in written {
        out.extend_from_slice(if byte == b'"' { b"\"\"" } else { std::slice::from_ref(&byte) });
    }
    out.push(b'"');
}

/// A value for people.
pub(crate) fn text(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Char(char) => harmless(out, char.encode_utf8(&mut [0; 4])),
        Value::Text(text) | Value::Variant(text) => harmless(out, text),
        Value::None => out.extend_from_slice(b"none"),
        value => plain(out, value),
    }
}

/// Text in which what a terminal acts on is escaped.
pub(crate) fn harmless(out: &mut Vec<u8>, text: &str) {
    for char in text.chars() {
        if is_harmless(char) {
            push_char(out, char);
        } else {
            out.extend(char.escape_debug().map(|char| char as u8));
        }
    }
}

/// The same as a text.
pub(crate) fn harmless_text(text: &str) -> String {
    let mut out = Vec::new();
    harmless(&mut out, text);
    // What is put in is UTF-8.
    String::from_utf8_lossy(&out).into_owned()
}

/// A text for people, of which the end is left out where it is long: then its length is said.
pub(crate) fn cut(text: &str, most_chars: usize) -> Cow<'_, str> {
    let Some((end, _)) = text.char_indices().nth(most_chars) else { return text.into() };
    let dots = if terminal::has_unicode() { "…" } else { "~" };
    format!("{}{dots} ({})", &text[..end], terminal::count(text.len(), "byte")).into()
}

/// Not a control character, nor one that changes the direction of what follows.
pub(crate) fn is_harmless(char: char) -> bool {
    !char.is_control()
        && !matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn push_char(out: &mut Vec<u8>, char: char) {
    out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

/// A value that looks the same everywhere.
fn plain(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        // The division of wider numbers is slow.
        Value::Unsigned(number) => match u64::try_from(number) {
            Ok(number) => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
            Err(_) => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
        },
        Value::Signed(number) => match i64::try_from(number) {
            Ok(number) => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
            Err(_) => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
        },
        Value::F32(float) if float.is_finite() => {
            out.extend_from_slice(zmij::Buffer::new().format_finite(float).as_bytes());
        }
        Value::F32(float) => out.extend_from_slice(not_finite(float.into()).as_bytes()),
        Value::F64(float) if float.is_finite() => {
            out.extend_from_slice(zmij::Buffer::new().format_finite(float).as_bytes());
        }
        Value::F64(float) => out.extend_from_slice(not_finite(float).as_bytes()),
        Value::Bool(bool) => out.extend_from_slice(if bool { b"true" } else { b"false" }),
        Value::Bytes(bytes) => hex(out, bytes),
        // What is text, or nothing, or unknown to this version.
        other => {
            let _ = write!(out, "{other:?}");
        }
    }
}

fn not_finite(float: f64) -> &'static str {
    if float.is_nan() {
        "NaN"
    } else if float > 0.0 {
        "inf"
    } else {
        "-inf"
    }
}

/// Bytes that are not a value, for people and CSV.
pub(crate) fn invalid(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b"invalid:");
    hex(out, bytes);
}

/// Bytes as they stand in the file, two digits each.
pub(crate) fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}
