//! What is said about CSV files that are broken: where it is, what was expected, what was found.

use std::fs;

use persist_examples::weather::{CsvError, Observation, Origin, Reading, read_csv};
use tempfile::TempDir;

const HEADER: &str = "origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour";
const ROW: &str =
    "EWR,2013,1,1,1,39.02,26.06,59.37,270,10.357019999999999,NA,0,1012,10,2013-01-01T06:00:00Z";

fn read(bytes: impl AsRef<[u8]>) -> Result<Vec<Observation>, CsvError> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("weather.csv");
    fs::write(&path, bytes).unwrap();
    let result = read_csv(&path);
    if let Err(error) = &result {
        let name = format!("`{}`", path.display());
        assert!(error.to_string().contains(&name), "the file is not named: {error}");
    }
    result
}

#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: &str) {
    let error = read(bytes).unwrap_err().to_string();
    assert!(error.ends_with(expected), "expected: …{expected}\nfound: {error}");
}

/// A good row, and below it, in line 3, one in which a field is another.
#[track_caller]
fn check_field(column: &str, found: &str, expected: &str) {
    let index = HEADER.split(',').position(|name| name == column).unwrap();
    let mut fields: Vec<_> = ROW.split(',').collect();
    fields[index] = found;
    let text = format!("{HEADER}\n{ROW}\n{}\n{ROW}\n", fields.join(","));
    check(
        text,
        &format!("weather.csv`, line 3, column `{column}`: expected {expected}, found {found:?}"),
    );
}

#[test]
fn numbers_must_be_numbers() {
    let expected = "a number, or NA if missing";
    for reading in Reading::ALL {
        check_field(reading.column(), "warm", expected);
    }
    for found in ["", "na", "NaN", "nan", "inf", "-infinity", "1e999", "39.02F"] {
        check_field("temp", found, expected);
    }
}

#[test]
fn dates_must_be_dates() {
    for (column, expected, wrong) in [
        ("year", "a whole number from 0 to 9999", ["NA", "10000", "-1"]),
        ("month", "a whole number from 1 to 12", ["0", "13", "1.0"]),
        ("day", "a whole number from 1 to 31", ["0", "32", "257"]),
        ("hour", "a whole number from 0 to 23", ["24", "-1", "99999999999"]),
        ("time_hour", "a time such as 2013-01-01T06:00:00Z", ["NA", "2013-02-29T06:00:00Z", "6"]),
    ] {
        for found in wrong {
            check_field(column, found, expected);
        }
    }
}

#[test]
fn airports_must_be_known() {
    for found in ["BOS", "ewr", "", "EWRX"] {
        check_field("origin", found, "one of EWR, JFK and LGA");
    }
}

#[test]
fn columns_must_be_there() {
    for column in HEADER.split(',') {
        let others = HEADER.split(',').filter(|&name| name != column);
        let found: Vec<_> = others.clone().map(|name| format!("`{name}`")).collect();
        let text = others.collect::<Vec<_>>().join(",") + "\n";
        let expected = format!("line 1: expected a column `{column}`, found {}", found.join(", "));
        check(text, &expected);
    }
}

#[test]
fn rows_must_be_as_long_as_the_header() {
    check(
        format!("{HEADER}\n{ROW}\nEWR,2013,1\n"),
        "line 3: expected 15 fields as in the header, found 3",
    );
    check(format!("{HEADER}\n{ROW},1\n"), "line 2: expected 15 fields as in the header, found 16");
}

#[test]
fn files_must_have_observations() {
    let expected = "is empty: expected a header line, and observations below it";
    for text in ["", "\n\n", HEADER, &format!("{HEADER}\n")] {
        check(text, expected);
    }
}

#[test]
fn files_must_be_readable_text() {
    let mut bytes = format!("{HEADER}\n{ROW}\n").into_bytes();
    bytes[HEADER.len() + 1] = 0xFF;
    let error = read(&bytes).unwrap_err();
    let CsvError::Unreadable { source, .. } = error else { panic!("{error:?}") };
    assert!(source.to_string().contains("line 2"), "{source}");

    let directory = TempDir::new().unwrap();
    for path in [directory.path().join("none.csv"), directory.path().into()] {
        let error = read_csv(&path).unwrap_err();
        assert!(matches!(error, CsvError::Unreadable { .. }), "{error:?}");
    }
}

/// Not an error: a file that a spreadsheet wrote.
#[test]
fn columns_may_stand_in_any_order() {
    let reversed = |line: &str| {
        let mut fields: Vec<_> = line.split(',').map(|field| format!("\" {field}\"")).collect();
        fields.push("more".into());
        fields.reverse();
        fields.join(",")
    };
    // With quotes, blanks, a column too many, a line break of Windows, and none at the end.
    let text = format!("{}\r\n{}", reversed(HEADER), reversed(ROW));
    let expected = read(format!("{HEADER}\n{ROW}\n")).unwrap();
    // And the byte order mark that spreadsheets begin with.
    assert_eq!(read(format!("\u{feff}{text}")).unwrap(), expected);
    assert_eq!(expected[0].origin, Origin::Ewr);
}
