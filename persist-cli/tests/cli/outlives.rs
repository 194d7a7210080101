//! A file that outlives its program: written by the weather example, looked into by the command, taken to a machine of
//! the other byte order and read by the same program there, and given to a struct that has changed.
//!
//! `scripts/cross-test` says how to run the weather program of such a machine, in `PERSIST_OTHER_WEATHER`: a
//! command, split at spaces. Without it that step is left to the refusal of this machine's program.

use std::env;
use std::path::Path;
use std::process::Command;

use persist_core::{ByteOrder, Error, Migration, MmapSlice, Pad, Persist, Relation};
use persist_examples::location;
use persist_examples::weather::{self, Contents, Origin};
use serde_json::{Map, Value};

use crate::support::*;

/// The weather program's struct as it might be years later.
#[derive(Debug, Clone, Copy, Persist)]
#[repr(C)]
struct Observation {
    time: i64,
    /// Renamed.
    #[persist(alias = "temp")]
    temperature: f64,
    dewp: f64,
    humid: f64,
    wind_dir: f64,
    wind_speed: f64,
    wind_gust: f64,
    precip: f64,
    pressure: f64,
    visib: f64,
    /// Widened.
    year: i32,
    taken: u16,
    month: u8,
    day: u8,
    hour: u8,
    origin: Origin,
    /// Added.
    quality: u8,
    _pad: Pad<5>,
}

const NEW: Observation = Observation {
    time: 0,
    temperature: 0.0,
    dewp: 0.0,
    humid: 0.0,
    wind_dir: 0.0,
    wind_speed: 0.0,
    wind_gust: 0.0,
    precip: 0.0,
    pressure: 0.0,
    visib: 0.0,
    year: 0,
    taken: 0,
    month: 0,
    day: 0,
    hour: 0,
    origin: Origin::Ewr,
    quality: 9,
    _pad: Pad::new(),
};

#[test]
fn a_file_outlives_its_program() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("weather.pv");
    weather::import(&location::weather_csv(), &file).unwrap();
    let contents = Contents::of(&MmapSlice::<weather::Observation>::open(&file).unwrap());
    assert_eq!(contents.rows, 26_115);

    let text = stdout_of(0, args!["inspect", file]);
    assert!(text.contains("26,115 elements of Observation"), "{text}");
    let rows = dump(&file);
    assert_eq!(rows.len(), contents.rows);

    let converted = directory.path().join("converted.pv");
    let to = if cfg!(target_endian = "little") { "big" } else { "little" };
    stdout_of(0, args!["convert", file, "--to", to, "-o", converted]);
    assert_eq!(dump(&converted), rows);
    stdout_of(0, args!["verify", file, converted]);
    let refused = MmapSlice::<weather::Observation>::open(&converted).unwrap_err();
    assert!(matches!(refused, Error::ByteOrder { program: ByteOrder::NATIVE, .. }), "{refused}");
    read_elsewhere(&converted, &contents);

    let migrated = Migration::<Observation>::new().defaults(NEW).run(&converted).unwrap();
    assert_eq!((migrated.relation, migrated.elements), (Relation::Convert, 26_115));
    let observations = MmapSlice::<Observation>::open(&converted).unwrap().to_vec();
    assert!(observations.iter().all(|o| (o.year, o.quality) == (2013, 9)));
    let migrated_rows = dump(&converted);
    for (row, o) in migrated_rows.iter().zip(&observations) {
        let told = (row["time"].as_i64(), row["temperature"].as_f64());
        assert_eq!(told, (Some(o.time), Some(o.temperature)));
    }
    assert_eq!(migrated_rows, rows.into_iter().map(as_migrated).collect::<Vec<_>>());
    stdout_of(0, args!["verify", converted]);
}

/// Has the weather program of a machine of the other byte order read the file: it finds there what this one wrote.
fn read_elsewhere(file: &Path, contents: &Contents) {
    let Ok(command) = env::var("PERSIST_OTHER_WEATHER") else {
        println!(
            "SKIPPED: reading it on a machine of the other byte order: scripts/cross-test has one"
        );
        return;
    };
    let mut words = command.split(' ');
    let output = Command::new(words.next().unwrap())
        .args(words)
        .arg("--read")
        .arg(file)
        .output()
        .unwrap_or_else(|error| panic!("{command}: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), contents.to_string());
}

/// All elements, a line of JSON each.
fn dump(file: &Path) -> Vec<Map<String, Value>> {
    let lines = stdout_of(0, args!["dump", "--json", file]);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What an element looks like after the migration: the same values, one under another name.
fn as_migrated(mut row: Map<String, Value>) -> Map<String, Value> {
    let temperature = row.remove("temp").unwrap();
    row.insert("temperature".into(), temperature);
    row.insert("quality".into(), NEW.quality.into());
    row
}
