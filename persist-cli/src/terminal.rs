//! What is at the other end of the output: its width, its colours, its letters.

use std::env;
use std::io::{self, IsTerminal, StdoutLock, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use serde::Serialize;

use crate::cell;

/// The width where nobody says another.
const DEFAULT_WIDTH: usize = 80;

/// Standard output for text with colours, which are taken out where they don't belong.
fn stdout() -> AutoStream<StdoutLock<'static>> {
    AutoStream::auto(io::stdout().lock())
}

/// Prints a text, in colours where they belong.
pub(crate) fn print(text: &str) -> io::Result<()> {
    stdout().write_all(text.as_bytes())
}

/// Prints a report for programs.
pub(crate) fn print_json(report: &impl Serialize) -> anyhow::Result<()> {
    let text = escaped(&serde_json::to_string_pretty(report)?);
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// JSON with its last line ended, and nothing in it that a terminal might act on: that stands in strings only.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 1);
    for char in json.chars() {
        match char == '\n' || cell::is_harmless(char) {
            true => text.push(char),
            false => {
                let mut units = [0; 2];
                for unit in char.encode_utf16(&mut units) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    text.push('\n');
    text
}

/// Whether people read the output as it comes.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// How many columns a line may have.
pub(crate) fn width() -> usize {
    let columns = env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let asked = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into());
    columns.or_else(asked).filter(|&width| width > 0).unwrap_or(DEFAULT_WIDTH)
}

/// Whether the output may have colours.
pub(crate) fn has_colors() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// Whether lines can be drawn with more than ASCII: unless the locale says otherwise.
pub(crate) fn has_unicode() -> bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale = names.iter().filter_map(env::var_os).find(|value| !value.is_empty());
    locale.is_none_or(|value| {
        let value = value.to_string_lossy().to_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

/// Text in a style, which ends with it.
pub(crate) fn painted(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
