//! What is at the other end of the output: its width, its colours, its letters.

use std::env;
use std::io::{self, IsTerminal, StdoutLock, Write};
use std::path::Path;

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use indicatif::HumanCount;
use serde::{Serialize, Serializer};

use crate::cell;

/// The width where nobody says another.
const DEFAULT_WIDTH: usize = 80;

/// Standard output for text with colours, which are taken out where they don't belong.
fn stdout() -> AutoStream<StdoutLock<'static>> {
    AutoStream::auto(io::stdout().lock())
}

/// Prints a text, in colours where they belong.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    stdout().write_all(text.as_bytes()).map_err(cant_print)
}

/// Prints a report for programs.
pub(crate) fn print_json(report: &impl Serialize) -> anyhow::Result<()> {
    let text = escaped(&serde_json::to_string_pretty(report)?);
    io::stdout().lock().write_all(text.as_bytes()).map_err(cant_print)
}

/// An error of standard output, with that in words.
pub(crate) fn cant_print(error: io::Error) -> anyhow::Error {
    anyhow::Error::new(error).context("can't write to standard output")
}

/// Leaves it to whoever reads the output whether they do, where more is done than printed.
pub(crate) fn even_if_closed(printed: anyhow::Result<()>) -> anyhow::Result<()> {
    match printed {
        Err(error) if is_broken_pipe(&error) => Ok(()),
        printed => printed,
    }
}

/// Whether nobody reads the output any more.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|it| it.kind() == io::ErrorKind::BrokenPipe)
}

/// JSON with its last line ended, and nothing in it that a terminal might act on: that stands in strings only.
pub(crate) fn escaped(json: &str) -> String {
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

/// The name of a file as text in which a terminal finds nothing to act on.
pub(crate) fn shown(path: &Path) -> String {
    cell::harmless_text(&path.to_string_lossy())
}

/// The name of a file as a word of a command, in quotes where a shell would take it apart.
pub(crate) fn word(path: &Path) -> String {
    let text = shown(path);
    let is_plain = |char: char| {
        char.is_alphanumeric() || "._-/:+@%=,".contains(char) || cfg!(windows) && char == '\\'
    };
    match text.chars().all(is_plain) && !text.is_empty() {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// The name of a file for programs. JSON has no bytes: what isn't Unicode is replaced.
pub(crate) fn path_as_text<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&path.display())
}

/// `26,115 elements`, `1 element`
pub(crate) fn count(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{} {noun}{}", HumanCount(number), if number == 1 { "" } else { "s" })
}
