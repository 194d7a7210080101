//! Observations from a CSV file. Columns are found by name, in any order; others are ignored.

use std::ops::RangeInclusive;
use std::path::Path;

use csv::{Error, ErrorKind, ReaderBuilder, StringRecord};

use super::time::parse_utc;
use super::{Observation, Origin, Reading};

/// Why a CSV file can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CsvError {
    /// The file can't be read, or isn't text.
    #[error("can't read `{}`", path.display())]
    #[non_exhaustive]
    Unreadable {
        /// The file.
        path: Box<Path>,
        /// Why.
        source: Error,
    },

    /// The file has no observations.
    #[error("`{}` is empty: expected a header line, and observations below it", path.display())]
    #[non_exhaustive]
    Empty {
        /// The file.
        path: Box<Path>,
    },

    /// The header lacks a column.
    #[error("`{}`, line 1: expected a column `{column}`, found {}", path.display(), found.join(", "))]
    #[non_exhaustive]
    MissingColumn {
        /// The file.
        path: Box<Path>,
        /// The column that isn't there.
        column: &'static str,
        /// The columns that are.
        found: Vec<String>,
    },

    /// A line has more or fewer fields than the header.
    #[error("`{}`, line {line}: expected {expected} fields as in the header, found {found}", path.display())]
    #[non_exhaustive]
    FieldCount {
        /// The file.
        path: Box<Path>,
        /// The line, counted from 1.
        line: u64,
        /// The number of columns.
        expected: u64,
        /// The number of fields.
        found: u64,
    },

    /// A field holds something else than its column does.
    #[error("`{}`, line {line}, column `{column}`: expected {expected}, found {found:?}", path.display())]
    #[non_exhaustive]
    Field {
        /// The file.
        path: Box<Path>,
        /// The line, counted from 1.
        line: u64,
        /// The column.
        column: &'static str,
        /// What stands in this column.
        expected: String,
        /// What stands there.
        found: String,
    },
}

/// Reads all observations of a file, or says what is wrong with it, and in which line.
///
/// # Errors
///
/// Where the file can't be read, has no observations, or one that can't be understood.
pub fn read_csv(path: &Path) -> Result<Vec<Observation>, CsvError> {
    let mut reader = ReaderBuilder::new().from_path(path).map_err(|error| explain(path, error))?;
    let header = reader.headers().map_err(|error| explain(path, error))?;
    if header.is_empty() {
        return Err(CsvError::Empty { path: path.into() });
    }
    let columns = Columns::find(path, header)?;
    let mut observations = Vec::new();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| explain(path, error))? {
        let line = record.position().map_or(0, csv::Position::line);
        observations.push(Row { path, line, record: &record }.observation(&columns)?);
    }
    if observations.is_empty() {
        return Err(CsvError::Empty { path: path.into() });
    }
    Ok(observations)
}

fn explain(path: &Path, error: Error) -> CsvError {
    match *error.kind() {
        ErrorKind::UnequalLengths { ref pos, expected_len, len } => CsvError::FieldCount {
            path: path.into(),
            line: pos.as_ref().map_or(0, csv::Position::line),
            expected: expected_len,
            found: len,
        },
        _ => CsvError::Unreadable { path: path.into(), source: error },
    }
}

/// Where in a line a column stands.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    index: usize,
}

struct Columns {
    origin: Column,
    time: Column,
    year: Column,
    month: Column,
    day: Column,
    hour: Column,
    readings: Vec<(Reading, Column)>,
}

impl Columns {
    fn find(path: &Path, header: &StringRecord) -> Result<Self, CsvError> {
        let column = |name| match header.iter().position(|found| found.trim() == name) {
            Some(index) => Ok(Column { name, index }),
            None => Err(CsvError::MissingColumn {
                path: path.into(),
                column: name,
                found: header.iter().map(|name| format!("`{name}`")).collect(),
            }),
        };
        let reading = |reading: Reading| Ok((reading, column(reading.column())?));
        Ok(Self {
            origin: column("origin")?,
            time: column("time_hour")?,
            year: column("year")?,
            month: column("month")?,
            day: column("day")?,
            hour: column("hour")?,
            readings: Reading::ALL.into_iter().map(reading).collect::<Result<_, _>>()?,
        })
    }
}

/// A line below the header, with as many fields.
struct Row<'a> {
    path: &'a Path,
    line: u64,
    record: &'a StringRecord,
}

impl Row<'_> {
    fn observation(&self, columns: &Columns) -> Result<Observation, CsvError> {
        let mut observation = Observation {
            time: self.time(columns.time)?,
            year: self.integer(columns.year, 0..=9999)?,
            month: self.integer(columns.month, 1..=12)? as u8,
            day: self.integer(columns.day, 1..=31)? as u8,
            hour: self.integer(columns.hour, 0..=23)? as u8,
            ..Observation::without_readings(self.origin(columns.origin)?)
        };
        for &(reading, column) in &columns.readings {
            observation.set(reading, self.reading(column)?);
        }
        Ok(observation)
    }

    fn text(&self, column: Column) -> &str {
        self.record.get(column.index).unwrap_or_default().trim()
    }

    fn origin(&self, column: Column) -> Result<Origin, CsvError> {
        let text = self.text(column);
        let origin = Origin::ALL.into_iter().find(|origin| origin.code() == text);
        origin.ok_or_else(|| self.error(column, "one of EWR, JFK and LGA"))
    }

    fn time(&self, column: Column) -> Result<i64, CsvError> {
        let expected = "a time such as 2013-01-01T06:00:00Z";
        parse_utc(self.text(column)).ok_or_else(|| self.error(column, expected))
    }

    fn integer(&self, column: Column, range: RangeInclusive<u16>) -> Result<u16, CsvError> {
        let number = self.text(column).parse().ok().filter(|number| range.contains(number));
        let expected = || format!("a whole number from {} to {}", range.start(), range.end());
        number.ok_or_else(|| self.error(column, expected()))
    }

    fn reading(&self, column: Column) -> Result<Option<f64>, CsvError> {
        match self.text(column) {
            "NA" => Ok(None),
            text => {
                // `parse` takes "NaN" and "inf", too, which no instrument shows.
                let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                number.map(Some).ok_or_else(|| self.error(column, "a number, or NA if missing"))
            }
        }
    }

    fn error(&self, column: Column, expected: impl Into<String>) -> CsvError {
        /// Enough to recognise a field; the rest may be a whole file that a quote swallowed.
        const MOST_CHARS: usize = 40;
        CsvError::Field {
            path: self.path.into(),
            line: self.line,
            column: column.name,
            expected: expected.into(),
            found: self.text(column).chars().take(MOST_CHARS).collect(),
        }
    }
}

impl Observation {
    const fn without_readings(origin: Origin) -> Self {
        Self {
            time: 0,
            temp: 0.0,
            dewp: 0.0,
            humid: 0.0,
            wind_dir: 0.0,
            wind_speed: 0.0,
            wind_gust: 0.0,
            precip: 0.0,
            pressure: 0.0,
            visib: 0.0,
            taken: 0,
            year: 0,
            month: 0,
            day: 0,
            hour: 0,
            origin,
        }
    }
}
