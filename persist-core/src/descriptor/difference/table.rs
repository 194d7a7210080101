//! Differences as a table for people: columns that align, rows and cells of bounded length.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use super::Difference;

/// The most rows that are shown.
const MOST_ROWS: usize = 24;

/// The most characters of a cell.
const MOST_CHARS: usize = 64;

/// A table of the differences, each row indented by two spaces, without a final line break.
pub(crate) struct Differences<'a>(pub(crate) &'a [Difference]);

impl Display for Differences<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rows: Vec<Row<'_>> = self.0.iter().take(MOST_ROWS).map(Row::of).collect();
        let subject_chars = rows.iter().map(|row| row.subject.chars().count()).max().unwrap_or(0);
        let file_chars = rows.iter().filter_map(Row::file_chars).max().unwrap_or(0);
        for (i, row) in rows.iter().enumerate() {
            f.write_str(if i == 0 { "  " } else { "\n  " })?;
            row.write(f, subject_chars, file_chars)?;
        }
        match self.0.len() - rows.len() {
            0 => Ok(()),
            more => write!(f, "\n  … and {more} more"),
        }
    }
}

/// One line: ``field `price`   file: f32 @8  program: f64 @8``.
impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Row::of(self).write(f, 0, 0)
    }
}

/// A difference with its cells cut to length.
struct Row<'a> {
    subject: Cow<'a, str>,
    file: Option<Cow<'a, str>>,
    program: Option<Cow<'a, str>>,
}

impl<'a> Row<'a> {
    fn of(difference: &'a Difference) -> Self {
        Self {
            subject: cell(&difference.subject),
            file: difference.file.as_deref().map(cell),
            program: difference.program.as_deref().map(cell),
        }
    }

    /// The width of the middle column, where the row has one.
    fn file_chars(&self) -> Option<usize> {
        let file = self.file.as_ref().filter(|_| self.program.is_some())?;
        Some(file.chars().count())
    }

    /// Writes the row, its first two columns being at least so wide.
    fn write(&self, f: &mut Formatter<'_>, subject_chars: usize, file_chars: usize) -> fmt::Result {
        write!(f, "{:subject_chars$}   ", self.subject)?;
        match (&self.file, &self.program) {
            (Some(file), Some(program)) => {
                write!(f, "file: {file:file_chars$}  program: {program}")
            }
            (Some(file), None) => write!(f, "only in file ({file})"),
            (None, Some(program)) => write!(f, "only in program ({program})"),
            (None, None) => f.write_str("differs"),
        }
    }
}

fn cell(text: &str) -> Cow<'_, str> {
    cut(text, MOST_CHARS)
}

/// The text, cut in the middle where it has more characters: its end says as much as its beginning.
pub(crate) fn cut(text: &str, most_chars: usize) -> Cow<'_, str> {
    let count = text.chars().count();
    if count <= most_chars {
        return text.into();
    }
    let half = most_chars / 2;
    let beginning = text.chars().take(half);
    let end = text.chars().skip(count - half + 1);
    beginning.chain(['…']).chain(end).collect::<String>().into()
}
