//! The weather job as functions: the numbers, in the file and in the report.

use std::fs;
use std::path::Path;

use persist_core::{Error, MmapSlice, MmapVec, Mode, Shutdown};
use persist_examples::crash::CrashError;
use persist_examples::location::weather_csv;
use persist_examples::weather::{self, JobError, Observation, Origin, Reading, Report, Upgraded};
use tempfile::TempDir;

fn run(directory: &TempDir) -> Report {
    weather::run(&weather_csv(), &directory.path().join("weather.pv"), drop_at_work).unwrap()
}

/// A drop in the middle of the work leaves what a kill leaves. (The program has a process killed; see
/// `programs.rs` for why none is started here.)
fn drop_at_work(file: &Path) -> Result<usize, CrashError> {
    let (observations, converted) = weather::correct_and_half_convert(file).unwrap();
    assert!(observations.has_uncommitted_changes());
    drop(observations);
    Ok(converted)
}

/// No crash at all: what was done after the last commit that the job knows of is committed, too.
fn commit_too_much(file: &Path) -> Result<usize, CrashError> {
    let (observations, converted) = weather::correct_and_half_convert(file).unwrap();
    observations.close().unwrap();
    Ok(converted)
}

/// The means are those of `awk -F, '$1=="EWR" && $6!="NA" {s+=$6; n++} END {print s/n}'`.
#[test]
fn the_report_has_the_numbers_of_the_data() {
    let directory = TempDir::new().unwrap();
    let report = run(&directory);

    assert_eq!(report.contents.rows, 26_115);
    let expected = [
        (Origin::Ewr, 8_703, "55.55"),
        (Origin::Jfk, 8_706, "54.47"),
        (Origin::Lga, 8_706, "55.76"),
    ];
    for (airport, (origin, rows, mean)) in report.contents.airports.iter().zip(expected) {
        assert_eq!((airport.origin, airport.rows), (origin, rows));
        assert_eq!(format!("{:.2}", airport.mean_temp.unwrap()), mean, "{origin:?}");
    }
    assert_eq!(report.contents.missing, [1, 1, 1, 460, 4, 20_778, 0, 2_729, 0]);
    let hour =
        |o: Observation| (o.origin, [o.month, o.day, o.hour], o.get(Reading::Temperature).unwrap());
    assert_eq!(report.contents.warmest.map(hour), Some((Origin::Ewr, [7, 18, 15], 100.04)));
    assert_eq!(report.contents.coldest.map(hour), Some((Origin::Ewr, [1, 23, 5], 10.94)));
    let data_offset_bytes =
        MmapSlice::<Observation>::open(&report.file).unwrap().info().data_offset_bytes;
    assert_eq!(report.import.file_bytes, data_offset_bytes + 26_115 * 88, "no room is left over");
}

#[test]
fn the_file_has_every_value_of_a_row() {
    let directory = TempDir::new().unwrap();
    let observations = MmapSlice::<Observation>::open(run(&directory).file).unwrap();

    // EWR,2013,1,1,1,39.02,26.06,59.37,270,10.357019999999999,NA,0,1012,10,2013-01-01T06:00:00Z
    let first = observations[0];
    assert_eq!(first.time, 1_357_020_000);
    assert_eq!((first.year, first.month, first.day, first.hour), (2013, 1, 1, 1));
    let readings = Reading::ALL.map(|reading| first.get(reading));
    let expected =
        [39.02, 26.06, 59.37, 270.0, 10.357019999999999, f64::NAN, 0.0, 1012.0, 10.0].map(Some);
    for (reading, (found, expected)) in Reading::ALL.iter().zip(readings.into_iter().zip(expected))
    {
        match reading {
            Reading::WindGust => assert_eq!(found, None, "NA is missing, and not zero"),
            Reading::Precipitation => assert_eq!(found, Some(0.0), "zero is not missing"),
            _ => assert_eq!(found, expected, "{reading:?}"),
        }
    }
    assert_eq!(observations.last().unwrap().time, 1_388_444_400, "2013-12-30T23:00:00Z");
    let in_order = |[a, b]: &[Observation; 2]| (a.origin as u8, a.time) < (b.origin as u8, b.time);
    assert!(observations.windows(2).all(|pair| in_order(pair.try_into().unwrap())));
}

#[test]
fn the_correction_is_in_the_file() {
    let directory = TempDir::new().unwrap();
    let report = run(&directory);

    let [correction] = report.corrections[..] else { panic!("{:?}", report.corrections) };
    assert_eq!(correction.before.get(Reading::WindSpeed), Some(1048.36058));
    assert_eq!(correction.after.get(Reading::WindSpeed), None);
    let untouched =
        |o: &Observation| Reading::ALL.map(|r| o.get(r).filter(|_| r != Reading::WindSpeed));
    assert_eq!(untouched(&correction.after), untouched(&correction.before));

    let observations = MmapSlice::<Observation>::open(&report.file).unwrap();
    assert_eq!(observations[correction.index], correction.after);
    let winds = observations.iter().filter_map(|o| o.get(Reading::WindSpeed));
    assert!(winds.fold(0.0, f64::max) < 100.0);
    assert_eq!(format!("{:.2}", report.contents.airports[0].mean_wind.unwrap()), "9.46");
    let corrected = &report.recovered.state.contents;
    assert_eq!(format!("{:.2}", corrected.airports[0].mean_wind.unwrap()), "9.34");
    assert_eq!(corrected.missing, [1, 1, 1, 460 + CALMS, 5, 20_778, 0, 2_729, 0]);
    let calm = |o: &&Observation| o.get(Reading::WindSpeed) == Some(0.0);
    assert!(observations.iter().filter(calm).all(|o| o.get(Reading::WindDirection).is_none()));
}

/// Those of `awk -F, '$10 == "0" && $9 != "NA"'`.
const CALMS: usize = 1_256;

#[test]
fn corrections_are_seen_and_rolled_back() {
    let directory = TempDir::new().unwrap();
    let report = run(&directory);

    assert_eq!(report.corrected.changed, CALMS + 1);
    assert_eq!(report.corrected.contents, report.recovered.state.contents);
    assert_eq!((report.rolled_back.changed, &report.rolled_back.contents), (0, &report.contents));
}

#[test]
fn a_crash_leaves_the_last_commit() {
    let directory = TempDir::new().unwrap();
    let report = run(&directory);

    assert_eq!((report.recovered.lost, report.recovered.wrong), (26_115 / 2, 0));
    assert_eq!(report.recovered.state.changed, CALMS + 1);
    assert!(report.to_string().contains("every row is as it was committed"));
    let observations = MmapSlice::<Observation>::open(&report.file).unwrap();
    assert_eq!(observations.info().shutdown, Shutdown::Clean, "it was closed after the crash");
    let fahrenheit = observations.iter().filter_map(|o| o.get(Reading::Temperature));
    assert_eq!(fahrenheit.fold(f64::INFINITY, f64::min), 10.94, "none was converted to °C");
}

#[test]
fn more_than_the_last_commit_would_be_noticed() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("weather.pv");
    let report = weather::run(&weather_csv(), &file, commit_too_much).unwrap();

    // One of them has no temperature to convert.
    assert_eq!(report.recovered.wrong, report.recovered.lost - 1);
    assert!(report.to_string().contains("13,056 rows are not as they were committed"));
}

#[test]
fn a_file_of_another_mode_is_refused() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("weather.pv");
    let shared = MmapVec::<Observation>::options().mode(Mode::Shared);
    shared.create(&file).unwrap().close().unwrap();
    let before = fs::read(&file).unwrap();

    let error = weather::run(&weather_csv(), &file, drop_at_work).unwrap_err();
    assert!(error.to_string().contains("was created in mode Shared, expected Atomic"), "{error}");
    assert!(fs::read(&file).unwrap() == before);
}

#[test]
fn what_must_be_refused_is_refused() {
    let directory = TempDir::new().unwrap();
    let report = run(&directory);

    assert!(
        matches!(report.second_handle, Some(Error::Locked { .. })),
        "{:?}",
        report.second_handle
    );
    let Some(Error::Layout { mismatch, .. }) = report.changed_struct else {
        panic!("{:?}", report.changed_struct)
    };
    let subjects: Vec<_> = mismatch.differences().into_iter().map(|d| d.subject).collect();
    assert_eq!(subjects, ["field `visib`", "field `station`"]);
}

#[test]
fn what_was_refused_is_migrated_in_a_copy() {
    let directory = TempDir::new().unwrap();
    let report = run(&directory);

    let Upgraded { migrated, wrong, .. } = report.upgraded;
    assert_eq!((migrated.elements, migrated.functions, migrated.replaced), (26_115, 1, true));
    assert_eq!(wrong, 0);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "the copy is still there");
    assert_eq!(MmapSlice::<Observation>::open(&report.file).unwrap().len(), 26_115);
}

#[test]
fn it_can_be_run_again() {
    let directory = TempDir::new().unwrap();
    let (first, second) = (run(&directory), run(&directory));

    assert_eq!((first.import.replaced, second.import.replaced), (0, 26_115));
    assert_eq!(second.contents, first.contents);
    assert_eq!(second.corrections.len(), 1, "the import brought the value back");
    assert_eq!(second.import.file_bytes, first.import.file_bytes);
}

#[test]
fn a_shorter_import_leaves_nothing_of_the_longer_one() {
    let directory = TempDir::new().unwrap();
    let file = run(&directory).file;
    let csv = directory.path().join("short.csv");
    let text = fs::read_to_string(weather_csv()).unwrap();
    fs::write(&csv, text.split_inclusive('\n').take(4).collect::<String>()).unwrap();

    let report = weather::run(&csv, &file, drop_at_work).unwrap();
    assert_eq!((report.import.replaced, report.contents.rows), (26_115, 3));
    assert_eq!(MmapSlice::<Observation>::open(&file).unwrap().len(), 3);
    assert!(report.corrections.is_empty());
    assert_eq!(report.corrected.changed, 0);
}

#[test]
fn files_of_others_are_left_alone() {
    let directory = TempDir::new().unwrap();
    let (text, other) = (directory.path().join("notes.txt"), directory.path().join("numbers.pv"));
    fs::write(&text, "precious").unwrap();
    let mut numbers = MmapVec::<u64>::create(&other).unwrap();
    numbers.push(7).unwrap();
    numbers.commit().unwrap();
    numbers.close().unwrap();

    let before = fs::read(&other).unwrap();
    let error = weather::run(&weather_csv(), &text, drop_at_work).unwrap_err();
    assert!(matches!(error, JobError::Persist(Error::NotPersist { .. })), "{error:?}");
    assert_eq!(fs::read(&text).unwrap(), b"precious");
    let error = weather::run(&weather_csv(), &other, drop_at_work).unwrap_err();
    assert!(matches!(error, JobError::Persist(Error::Layout { .. })), "{error:?}");
    assert!(fs::read(&other).unwrap() == before);
}

#[test]
fn a_broken_csv_changes_nothing() {
    let directory = TempDir::new().unwrap();
    let file = run(&directory).file;
    let before = fs::read(&file).unwrap();
    let csv = directory.path().join("broken.csv");
    let text = fs::read_to_string(weather_csv()).unwrap().replacen(
        "LGA,2013,12,30,18",
        "LGA,2013,12,30,x",
        1,
    );
    fs::write(&csv, text).unwrap();

    let error = weather::run(&csv, &file, drop_at_work).unwrap_err();
    assert!(error.to_string().contains("line 26116, column `hour`"), "{error}");
    assert!(fs::read(&file).unwrap() == before);
}

#[test]
fn a_reading_is_a_value_or_missing() {
    let directory = TempDir::new().unwrap();
    let mut observation = MmapSlice::<Observation>::open(run(&directory).file).unwrap()[0];
    for reading in Reading::ALL {
        let others = |o: &Observation| Reading::ALL.map(|r| o.get(r).filter(|_| r != reading));
        let before = others(&observation);
        for value in [Some(1.5), None, Some(0.0), Some(f64::MIN), None] {
            observation.set(reading, value);
            assert_eq!(observation.get(reading), value, "{reading:?}");
            assert_eq!(others(&observation), before, "{reading:?}");
        }
    }
}
