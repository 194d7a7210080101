//! What a command did although it can't print that, and what programs are told where it did nothing.

use std::fs::{self, File};
use std::process::Stdio;

use persist_core::{AnySlice, ByteOrder, MmapSlice, MmapVec, verify};
use serde_json::Value;

use crate::bench::{Bench, Ran};
use crate::support::*;

/// The commands that change a file, and what they say of it.
const CHANGES: [(&[&str], &str); 5] = [
    (
        &["convert", "ticks.pv", "--to", OTHER],
        "ticks.pv: 3 elements written, in the place of the old file",
    ),
    (
        &["migrate", "ticks.pv", "--to-layout-of", "number.pv", "--lossy"],
        "ticks.pv: 3 elements written, in the place of the old file",
    ),
    (
        &["repair", "open.pv", "--yes"],
        "repaired open.pv, which has 1 element now; as it was it is kept as `open.pv.bak`",
    ),
    (&["import", "ticks.csv", "--like", "ticks.pv", "-o", "new.pv"], "new.pv: 1 element written"),
    (&["convert", "ticks.pv", "--to", OTHER, "-o", "new.pv"], "new.pv: 3 elements written"),
];

const OTHER: &str = if cfg!(target_endian = "little") { "big" } else { "little" };

/// A type that ticks can become.
#[derive(Clone, Copy, persist_core::Persist)]
#[repr(C)]
struct Number {
    time: u64,
}

/// What the commands are run on.
fn bench() -> Bench {
    let bench = Bench::new();
    file_of(&bench.path(""), "ticks.pv", &ticks(3));
    file_of::<Number>(&bench.path(""), "number.pv", &[]);
    let mut open = MmapVec::<u64>::create(bench.path("open.pv")).unwrap();
    open.push(1).unwrap();
    open.commit().unwrap();
    drop(open);
    bench.write("ticks.csv", "time,price,qty,side,live\n1,2,3,Buy,true\n");
    bench
}

/// Holds that a command of [`CHANGES`] did what it is for.
#[track_caller]
fn check_done(bench: &Bench, command: &[&str]) {
    let target = if bench.path("new.pv").exists() { "new.pv" } else { command[1] };
    let file = AnySlice::open(bench.path(target)).unwrap();
    match command {
        ["convert", ..] => assert_ne!(file.info().byte_order, ByteOrder::NATIVE),
        ["migrate", ..] => assert_eq!(file.descriptor().name(), "Number"),
        ["import", ..] => assert_eq!(file.len(), 1),
        _ => assert_eq!(verify(bench.path(target)).unwrap().findings, []),
    }
}

/// Runs a command whose output nobody reads, or that goes to a full disk.
fn run_to(bench: &Bench, args: &[&str], stdout: Stdio) -> Ran {
    Ran::new(&bench.command(args).stdin(Stdio::null()).stdout(stdout).output().unwrap())
}

/// A stream whose other end is closed.
#[cfg(unix)]
fn closed() -> Stdio {
    let (_, writer) = std::os::unix::net::UnixStream::pair().unwrap();
    std::os::fd::OwnedFd::from(writer).into()
}

#[test]
fn what_is_done_is_told_where_its_report_is_lost() {
    for (command, done) in CHANGES {
        let Ok(full) = File::options().write(true).open("/dev/full") else { return };
        let bench = bench();
        let json = [command, &["--json"]].concat();
        let ran = run_to(&bench, &json, full.into()).ends(3);
        let said: Value = serde_json::from_str(&ran.err).unwrap();
        let said = said["error"].as_str().unwrap();
        assert!(
            said.starts_with(&format!("{done}, but the report of that can't be printed\n")),
            "{said}"
        );
        check_done(&bench, command);
    }
}

/// `repair` says what it would do before it does it: a disk that is full then stops it.
#[test]
fn a_report_for_people_is_lost() {
    for (command, done) in CHANGES {
        let Ok(full) = File::options().write(true).open("/dev/full") else { return };
        let bench = bench();
        let before = fs::read(bench.path(command[1])).unwrap();
        if command[0] == "repair" {
            let ran = run_to(&bench, command, full.into()).ends(2);
            ran.complains(&["error: can't write to standard output\n", "caused by: "]);
            assert!(fs::read(bench.path(command[1])).unwrap() == before);
        } else {
            let ran = run_to(&bench, command, full.into()).ends(3);
            let expected = format!("error: {done}, but the report of that can't be printed\n");
            ran.complains(&[&expected, "caused by: can't write to standard output"]);
            check_done(&bench, command);
        }
    }
}

#[cfg(unix)]
#[test]
fn what_was_asked_for_is_done_where_nobody_reads_the_report() {
    for (command, _) in CHANGES {
        for more in [&[][..], &["--json"]] {
            let bench = bench();
            let ran = run_to(&bench, &[command, more].concat(), closed()).ends(0);
            assert_eq!(ran.err, "", "{command:?}");
            check_done(&bench, command);
        }
    }
}

/// With `--json` standard error has objects on lines of their own, and standard output a report or nothing.
#[test]
fn errors_for_programs() {
    let bench = bench();
    bench.write("a.csv", "x\n1\n");
    for (command, code, kind, text) in [
        ("inspect missing.pv --json", 2, "error", "can't open for reading `missing.pv`"),
        ("verify missing.pv --json", 2, "error", "missing.pv"),
        ("dump a.csv --json", 2, "error", "is not a persist file"),
        ("dump ticks.pv --json --range 9..", 0, "note", "`ticks.pv` has 3 elements"),
        ("stats ticks.pv --fields x --json", 2, "error", "there is no field `x`"),
        ("diff ticks.pv missing.pv --json", 2, "error", "missing.pv"),
        ("convert a.csv --to big --json", 2, "error", "is not a persist file"),
        ("migrate ticks.pv --to-layout-of number.pv --json", 1, "error", "nothing was changed"),
        ("migrate ticks.pv --to-layout-of open.pv --json", 1, "error", "can't be converted"),
        ("repair open.pv --json", 2, "error", "--json doesn't ask"),
        ("import a.csv --like ticks.pv -o new.pv --json", 2, "error", "expected a column `time`"),
        ("import ticks.csv --schema time:u8 -o new.pv --json", 0, "warning", "left out"),
        ("stats --json", 2, "error", "required arguments were not provided"),
        ("dump ticks.pv --json --range x", 2, "error", "expected A..B"),
    ] {
        let words: Vec<_> = command.split(' ').collect();
        let ran = bench.run(&words).ends(code);
        let said: Value = serde_json::from_str(&ran.err).expect(command);
        assert_eq!(ran.err.lines().count(), 1, "{command}: {}", ran.err);
        let said = said[kind].as_str().expect(command);
        assert!(said.contains(text) && !said.starts_with("error"), "{command}: {said}");
        let words: Vec<_> = words.into_iter().filter(|word| *word != "--json").collect();
        if words[0] != "repair" {
            let _ = fs::remove_file(bench.path("new.pv"));
            bench.run(&words).complains(&[&format!("{kind}: ")]);
        }
    }
    assert_eq!(*MmapSlice::<Tick>::open(bench.path("ticks.pv")).unwrap(), *ticks(3));
}

#[test]
fn a_misused_command_is_told_in_words() {
    let bench = Bench::new();
    bench.run(&["stats"]).ends(2).complains(&["error: the following required arguments"]);
    assert!(bench.run(&["--version"]).ends(0).out.starts_with("persist "));
    let help = bench.run(&["--help"]).ends(0).out;
    for line in ["  0  done", "  1  the answer is no", "  2  wrong usage", "  3  the file was"] {
        assert!(help.contains(line), "{line}: {help}");
    }
}
