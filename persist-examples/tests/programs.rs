//! The programs as a user runs them: arguments, exit codes, and what is in the files afterwards.
//!
//! A test binary of its own: a program that is started holds for a moment, until it has begun, what
//! files the test process has open, so those of other tests would not be closed when they close them.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use persist_core::{MmapSlice, MmapVec, Mode, Pad, Persist, Shutdown};
use persist_examples::crash::{self, CrashError};
use persist_examples::format;
use persist_examples::galaxy::{self, PARTICLES as COUNT, Particle};
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
        "was 1,048.36 mph, is missing",
        "corrected through a `&mut [Observation]`          1,257         9.34 mph",
        "rolled back                                           0         9.46 mph",
        "it had converted 13,057 of 26,115 rows, and not committed that",
        "every row is as it was committed: corrected, and in °F",
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
    let file = target.join("persist-examples/weather.pv");
    assert_eq!(MmapSlice::<Observation>::open(file).unwrap().len(), 26_115);

    // Nobody can make a directory below a file.
    if cfg!(unix) {
        run(&weather_csv());
        let file = directory.path().join("persist-weather.pv");
        assert_eq!(MmapSlice::<Observation>::open(file).unwrap().len(), 26_115);
    }
}

#[test]
fn programs_explain_their_arguments() {
    for (program, usage) in [
        (WEATHER, "usage: weather [CSV [FILE]]\n"),
        (PARTICLES, "usage: particles [FILE [STEPS]]\n"),
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

/// Computes from the beginning what the file must have, whatever the program came to. Returns the step.
///
/// Looks at a copy: a program that another test starts just then would keep the file locked for a moment.
#[track_caller]
fn check_galaxy(file: &Path) -> u64 {
    let copy = file.with_extension("copy");
    std::fs::copy(file, &copy).unwrap();
    let options = MmapSlice::<Particle>::options().app_magic(*b"GALAXY\0\0");
    let particles = options.open_read_only(copy).unwrap();
    assert_eq!(particles.len(), COUNT);
    let mut expected = galaxy::disc();
    for _ in 0..particles[0].steps {
        galaxy::step(&mut expected);
    }
    assert!(particles == expected, "not a whole step, or another");
    particles[0].steps
}

#[test]
fn particles_go_on_where_they_were() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("galaxy.pv");
    let particles = |steps: &str| output(PARTICLES, [file.as_os_str(), steps.as_ref()]);

    let first = particles("30");
    assert!(first.starts_with("20,000 particles, 0.6 MiB, at step 0: opened in"), "{first}");
    assert!(first.contains("\nstep      30   energy -0.7622"), "{first}");
    assert_eq!(first.matches("to the bit what is computed without a crash").count(), 3, "{first}");
    let steps = check_galaxy(&file);
    assert!(steps >= 30 + 3 * 20, "{steps}");

    let second = particles("0");
    assert!(
        second.starts_with(&format!("20,000 particles, 0.6 MiB, at step {steps}: ")),
        "{second}"
    );
    assert!(check_galaxy(&file) >= steps + 3 * 20);
}

/// At moments that have nothing to do with what it is doing.
#[test]
fn particles_are_killed_at_any_moment() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("galaxy.pv");
    let mut committed = 0;
    for pause_us in (0..10).map(|nth| 531 * nth) {
        let last = crash::kill(Path::new(PARTICLES), &file, |_| {
            thread::sleep(Duration::from_micros(pause_us));
            true
        });
        let reported: u64 = last.unwrap().parse().unwrap();
        let found = check_galaxy(&file);
        assert!((reported..=reported + 1).contains(&found), "{reported} and {found}");
        assert!(found > committed);
        committed = found;
    }
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

/// The number that follows a text.
#[track_caller]
fn number_after(text: &str, before: &str) -> usize {
    let (_, after) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in\n{text}"));
    let digits = after.chars().take_while(|c| c.is_ascii_digit() || *c == ',');
    digits.filter(|&c| c != ',').collect::<String>().parse().unwrap()
}

#[test]
fn ticks_are_recorded_until_the_last_commit() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("ticks.pv");
    let ticks = || output(TICKS, [file.as_os_str(), OsStr::new("100000")]);

    let first = ticks();
    assert!(first.starts_with("recording: 0 ticks are in the file"), "{first}");
    let said = number_after(&first, "the last it said: len is ");
    let (_, opened) = first.split_once("opened again in").unwrap();
    let found = number_after(opened, "len is ");
    assert!(found >= 120_000 && found % 10_000 == 0, "{first}");
    assert!(first.contains("shutdown Unclean"), "{first}");
    let lost = format!("{} ticks were lost, none of them committed", format::count(said - found));
    assert!(first.contains(&lost), "{first}");
    let second = ticks();
    let expected = format!("recording: {} ticks are in the file", format::count(found));
    assert!(second.starts_with(&expected), "{second}");

    let recorded = MmapSlice::<Tick>::open(&file).unwrap();
    assert!(recorded.len() >= found + 120_000 && recorded.len() % 10_000 == 0);
    assert_eq!(recorded.info().shutdown, Shutdown::Clean);
    assert!(recorded.is_sorted_by_key(|tick| tick.time_us));
    assert!(recorded.iter().all(|tick| tick.price >= 1.0 && (1..=512).contains(&tick.shares)));
    let bought = recorded.iter().filter(|tick| matches!(tick.side, Side::Buy)).count();
    let half = recorded.len() / 2;
    assert!(bought.abs_diff(half) < half / 10, "{bought}");
    check_minute(&second, &recorded);
}

#[test]
fn a_recorder_that_is_killed_loses_what_it_did_not_commit() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("ticks.pv");
    // In the middle of the second batch, after a commit.
    let said = crash::kill(Path::new(TICKS), &file, |line| line.starts_with("15000 ")).unwrap();
    let (len, committed_len) = said.split_once(' ').unwrap();
    let (len, committed_len): (usize, usize) =
        (len.parse().unwrap(), committed_len.parse().unwrap());
    assert!(len >= 15_000 && committed_len >= 10_000);
    let found = MmapSlice::<Tick>::open(&file).unwrap().len();
    assert!(found == committed_len || (found == len && len % 10_000 == 0), "{said}: {found}");
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

#[test]
fn nobody_needs_to_read_what_programs_print() {
    let directory = TempDir::new().unwrap();
    let file = |name: &str| directory.path().join(name);
    for (program, arguments) in [
        (WEATHER, vec![weather_csv(), file("weather.pv")]),
        (WEATHER, vec!["--help".into()]),
        (PARTICLES, vec![file("galaxy.pv"), "30".into()]),
        (TICKS, vec![file("ticks.pv"), "1000".into()]),
    ] {
        let mut command = Command::new(program);
        command.args(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&stderr);
        assert!(status.success() && stderr.is_empty(), "{program}: {status}, {stderr}");
    }
    // What they did before they noticed is a commit like any other.
    check_galaxy(&file("galaxy.pv"));
    assert_eq!(MmapSlice::<Observation>::open(file("weather.pv")).unwrap().len(), 26_115);
}

/// A device that is full is something else than a reader that has seen enough.
#[cfg(target_os = "linux")]
#[test]
fn what_can_not_be_printed_is_an_error() {
    let directory = TempDir::new().unwrap();
    for (program, name) in [(PARTICLES, "galaxy.pv"), (TICKS, "ticks.pv")] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(program);
        command.arg(directory.path().join(name)).stdout(full);
        let Output { status, stderr, .. } = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&stderr);
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.starts_with("error: can't print: "), "{stderr}");
    }
}

#[test]
fn programs_refuse_files_of_another_mode() {
    let directory = TempDir::new().unwrap();
    let file = |name: &str| directory.path().join(name);
    let (galaxy, ticks) = (file("galaxy.pv"), file("ticks.pv"));
    let options = MmapVec::<Particle>::options().app_magic(*b"GALAXY\0\0").mode(Mode::Shared);
    options.create(&galaxy).unwrap().close().unwrap();
    MmapVec::<Tick>::options().mode(Mode::Shared).create(&ticks).unwrap().close().unwrap();
    for (program, created) in [(PARTICLES, galaxy), (TICKS, ticks)] {
        // Copied for the reason for which `check_galaxy` does.
        let file = file("copy.pv");
        std::fs::copy(created, &file).unwrap();
        let (code, text) = failure(program, [file.as_os_str(), OsStr::new("1")]);
        assert_eq!(code, Some(1));
        assert!(text.contains("was created in mode Shared, expected Atomic: remove it"), "{text}");
    }
}

/// A victim that isn't killed: it fails by itself, and doesn't stay when nobody listens any more.
#[test]
fn victims_do_not_live_on() {
    let directory = TempDir::new().unwrap();
    let none = directory.path().join("no-such-directory/galaxy.pv");
    let error = crash::kill(Path::new(PARTICLES), &none, |_| true).unwrap_err();
    assert!(matches!(error, CrashError::Ended(status) if status.code() == Some(1)), "{error}");

    for (program, name) in [(PARTICLES, "galaxy.pv"), (TICKS, "ticks.pv")] {
        let file = directory.path().join(name);
        let mut command = Command::new(program);
        command.arg(&file).env(crash::VICTIM, "1").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let start = Instant::now();
        assert!(child.wait().unwrap().success());
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}
