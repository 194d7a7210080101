//! The programs as a user runs them: arguments, exit codes, and what is in the files afterwards.
//!
//! A test binary of its own: a program that is started holds for a moment, until it has begun, what
//! files the test process has open, so those of other tests would not be closed when they close them.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use persist_core::{MmapSlice, Pad, Persist, Shutdown};
use persist_examples::location::weather_csv;
use persist_examples::weather::Observation;
use tempfile::TempDir;

const WEATHER: &str = env!("CARGO_BIN_EXE_weather");
const PARTICLES: &str = env!("CARGO_BIN_EXE_particles");
const TICKS: &str = env!("CARGO_BIN_EXE_ticks");

fn run<A: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = A>) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

/// The output of a run that must succeed.
#[track_caller]
fn output<A: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = A>) -> String {
    let Output { status, stdout, stderr } = run(program, arguments);
    assert!(status.success(), "{status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// The exit code and the complaint of a run that must fail.
#[track_caller]
fn failure<A: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = A>,
) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = run(program, arguments);
    assert!(stdout.is_empty(), "{}", String::from_utf8_lossy(&stdout));
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn weather_prints_what_it_found() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("weather.pv");
    let text = output(WEATHER, [weather_csv().as_path(), &file]);
    for expected in [
        "26,115 rows",
        "EWR           8,703           55.55 °F",
        "JFK           8,706           54.47 °F",
        "LGA           8,706           55.76 °F",
        "1,048.36 mph",
        "is locked: it is open in this process",
        "field `visib`     file: f64 @72  program: f32 @72",
        "field `station`   only in program (FixedStr<4> @76)",
        file.to_str().unwrap(),
    ] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
}

#[test]
fn weather_keeps_its_file_in_the_target_directory() {
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("target");
    let run = |target: &Path| {
        let mut command = Command::new(WEATHER);
        command.env("CARGO_TARGET_DIR", target).env("TMPDIR", directory.path());
        assert!(command.output().unwrap().status.success());
    };
    run(&target);
    let file = target.join("persist-examples/nyc_weather_2013.pv");
    assert_eq!(MmapSlice::<Observation>::open(file).unwrap().len(), 26_115);

    // Nobody can make a directory below a file.
    if cfg!(unix) {
        run(&weather_csv());
        let file = directory.path().join("persist-nyc_weather_2013.pv");
        assert_eq!(MmapSlice::<Observation>::open(file).unwrap().len(), 26_115);
    }
}

#[test]
fn programs_explain_their_arguments() {
    for (program, usage) in [
        (WEATHER, "usage: weather [CSV [FILE]]\n"),
        (PARTICLES, "usage: particles [FILE [FRAMES]]\n"),
        (TICKS, "usage: ticks [FILE [TICKS]]\n"),
    ] {
        assert!(output(program, ["--help"]).starts_with(usage));
        assert!(output(program, ["file", "-h"]).starts_with(usage));
        let mut misused = vec![
            (&["a", "b", "c"][..], "error: expected at most 2 arguments, found 3"),
            (&["--verbose"], "error: unknown option `--verbose`"),
        ];
        if program != WEATHER {
            misused.push((&["file", "ten"], "error: expected a number, found `ten`"));
        }
        for (arguments, problem) in misused {
            let (code, text) = failure(program, arguments);
            assert_eq!(code, Some(2), "{text}");
            assert_eq!(text.split_once("\n\n").map(|(problem, _)| problem), Some(problem));
            assert!(text.contains(usage), "{text}");
        }
    }
}

#[test]
fn programs_refuse_files_of_others() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("text.pv");
    std::fs::write(&file, "precious").unwrap();
    for (program, arguments) in [
        (WEATHER, [weather_csv().as_os_str(), file.as_os_str()]),
        (PARTICLES, [file.as_os_str(), OsStr::new("1")]),
        (TICKS, [file.as_os_str(), OsStr::new("1")]),
    ] {
        let (code, text) = failure(program, arguments);
        assert_eq!(code, Some(1));
        assert!(text.contains("is not a persist file"), "{text}");
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    }
}

#[test]
fn weather_explains_why_it_failed() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("weather.pv");

    let (code, text) = failure(WEATHER, [Path::new("no-such.csv"), &file]);
    assert_eq!(code, Some(1));
    assert!(text.starts_with("error: can't read `no-such.csv`\n  cause: "), "{text}");

    let csv = directory.path().join("broken.csv");
    std::fs::write(&csv, "origin,year\nEWR,2013\n").unwrap();
    let (code, text) = failure(WEATHER, [&csv, &file]);
    assert_eq!(code, Some(1));
    assert!(
        text.contains("line 1: expected a column `time_hour`, found `origin`, `year`"),
        "{text}"
    );
    assert!(!file.exists());

    output(TICKS, [file.as_os_str(), OsStr::new("10")]);
    let (code, text) = failure(WEATHER, [&weather_csv(), &file]);
    assert_eq!(code, Some(1));
    assert!(
        text.contains("layout mismatch") && text.contains("remove it, or name another"),
        "{text}"
    );
}

fn frames(file: &Path) -> MmapSlice<[f32; 3]> {
    let film = MmapSlice::options().app_magic(*b"GALAXY\0\0").open_read_only(file).unwrap();
    assert_eq!(film.len() % 40_000, 0, "whole frames only");
    film
}

#[test]
fn particles_resume_where_they_were() {
    let directory = TempDir::new().unwrap();
    let (at_once, in_two, killed) = (
        directory.path().join("1.pv"),
        directory.path().join("2.pv"),
        directory.path().join("3.pv"),
    );
    let particles =
        |file: &Path, frames: &str| output(PARTICLES, [file.as_os_str(), frames.as_ref()]);

    assert!(particles(&at_once, "2").starts_with("started a new film of 20,000 particles"));
    particles(&in_two, "1");
    assert!(particles(&in_two, "1").starts_with("resumed at frame 1"));
    kill_after_a_frame(&killed);
    particles(&killed, "1");

    let at_once = frames(&at_once);
    assert_eq!(at_once.len(), 3 * 40_000);
    assert_ne!(at_once[..40_000], at_once[40_000..80_000], "nothing moved");
    assert!(frames(&in_two) == at_once, "two runs differ from one");
    assert!(frames(&killed)[..at_once.len()] == *at_once, "a kill made a difference");
}

/// Starts a long simulation, and kills it somewhere in the middle of its second frame, or later.
fn kill_after_a_frame(file: &Path) {
    let mut command = Command::new(PARTICLES);
    command.args([file.as_os_str(), "1000".as_ref()]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("frame    1")));
    child.kill().unwrap();
    child.wait().unwrap();
    let film = frames(file);
    assert!(film.len() >= 2 * 40_000);
    assert_eq!(film.info().shutdown, Shutdown::Unclean);
}

/// Another program's idea of the same struct: what counts is what it is made of.
#[derive(Clone, Copy, Persist)]
#[repr(C)]
struct Tick {
    time_us: u64,
    price: f64,
    shares: u32,
    side: Side,
    _pad: Pad<3>,
}

#[derive(Clone, Copy, Persist)]
#[repr(u8)]
enum Side {
    Buy = 0,
    Sell = 1,
}

#[test]
fn ticks_are_recorded_until_the_last_commit() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("ticks.pv");
    let ticks = || output(TICKS, [file.as_os_str(), OsStr::new("100000")]);

    let first = ticks();
    assert!(first.starts_with("recording: 0 ticks are in the file"), "{first}");
    assert!(first.contains("crash: len was 105,000, committed_len 100,000"), "{first}");
    assert!(first.contains("opened again: len is 100,000, shutdown Unclean"), "{first}");
    assert!(first.contains("5,000 ticks were lost, none of them committed: true"), "{first}");
    let second = ticks();
    assert!(second.starts_with("recording: 100,000 ticks are in the file"), "{second}");

    let recorded = MmapSlice::<Tick>::open(&file).unwrap();
    assert_eq!(recorded.len(), 200_000);
    assert_eq!(recorded.info().shutdown, Shutdown::Clean);
    assert!(recorded.is_sorted_by_key(|tick| tick.time_us));
    assert!(recorded.iter().all(|tick| tick.price >= 1.0 && (1..=512).contains(&tick.shares)));
    let bought = recorded.iter().filter(|tick| matches!(tick.side, Side::Buy)).count();
    assert!((90_000..110_000).contains(&bought), "{bought}");
    check_minute(&second, &recorded);
}

/// Compares the printed range with one that was found by looking at each tick.
fn check_minute(text: &str, recorded: &[Tick]) {
    let from_us = recorded[recorded.len() - 1].time_us / 2;
    let minute = from_us..from_us + 60_000_000;
    let inside = |tick: &Tick| minute.contains(&tick.time_us);
    let first = recorded.iter().position(inside).unwrap();
    let end = first + recorded.iter().filter(|tick| inside(tick)).count();
    assert!(text.contains(&format!("elements {first}..{end}, found in")), "{first}..{end}\n{text}");
}
