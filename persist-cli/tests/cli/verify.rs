//! `persist verify`.

use std::process::Stdio;

use persist_core::MmapVec;
use serde_json::Value;

use crate::bench::{Bench, flip};

fn flags(bench: &Bench, name: &str, count: usize) -> usize {
    let mut flags = MmapVec::<bool>::create(bench.path(name)).unwrap();
    flags.extend_from_slice(&vec![true; count]).unwrap();
    flags.commit().unwrap();
    flags.shrink_to_fit().unwrap();
    let data_offset = flags.info().data_offset_bytes as usize;
    flags.close().unwrap();
    data_offset
}

#[test]
fn exit_codes_and_texts() {
    let bench = Bench::new();
    let data_offset = flags(&bench, "flags.pv", 8);
    bench.run(&["verify", "flags.pv"]).ends(0).prints(&["flags.pv: fine, 8 elements of bool\n"]);

    flags(&bench, "bent.pv", 8);
    let mut bytes = std::fs::read(bench.path("bent.pv")).unwrap();
    bytes[data_offset + 3] = 7;
    bytes[4096] ^= 1;
    bench.write("bent.pv", bytes);
    let ran = bench.run(&["verify", "flags.pv", "bent.pv"]).ends(1);
    let ran = ran.prints(&[
        "flags.pv: fine",
        "bent.pv: 1 error, 1 warning\n",
        "  warning: slots at byte 4096: expected checksum",
        "element 3: expected 0 or 1, found 7",
    ]);
    assert!(!ran.out.contains('\x1b'), "colours go to a terminal only");

    let ran = bench.run(&["verify", "missing.pv", "bent.pv", "."]).ends(2);
    assert!(ran.out.starts_with("bent.pv: 1 error"), "the others are looked at");
    ran.complains(&["`missing.pv`", "`.` is a directory"]);
    bench.run(&["verify"]).ends(2);
}

/// A crash is no damage, and what is no file of ours is no damaged one.
#[test]
fn what_is_no_damage() {
    let bench = Bench::new();
    let path = bench.path("open.pv");
    let mut numbers = MmapVec::<u64>::options().journal_bytes(65536).create(&path).unwrap();
    numbers.extend_from_slice(&[1, 2, 3]).unwrap();
    numbers.commit().unwrap();
    // As a kill leaves it.
    drop(numbers);
    let ran = bench.run(&["verify", "open.pv"]).ends(0);
    let ran = ran.prints(&[
        "open.pv: fine, 3 elements of u64\n",
        "  note:    slots at byte ",
        ": not closed, with 1 commit that waits in the journal\n",
        "  note:    spare room at byte ",
        " bytes of room to grow\n",
    ]);
    assert!(!ran.out.contains("expected"), "{}", ran.out);
    // Nothing is wrong that would have to be repaired, though it can be closed.
    let ran = bench.run(&["repair", "open.pv", "--dry-run"]).ends(0);
    ran.prints(&["1. write 1 commit from the journal to the elements and close the file"]);

    bench.write("a.csv", "time,price\n");
    bench.write("empty", "");
    for command in ["verify", "repair", "dump", "stats"] {
        for (name, found) in [("a.csv", "found \"time,pri\""), ("empty", "empty")] {
            let ran = bench.run(&[command, name]).ends(2);
            let expected = format!("error: `{name}` is not a persist file: ");
            ran.complains(&[&expected, found]);
        }
    }
    bench.run(&["verify", "a.csv", "open.pv"]).ends(2);
}

/// Where one byte of the magic is damaged, all commands say what helps; and that does.
#[test]
fn a_byte_of_the_magic() {
    let bench = Bench::new();
    flags(&bench, "my flags.pv", 3);
    let whole = std::fs::read(bench.path("my flags.pv")).unwrap();
    for offset in 0..8 {
        flip(&bench.path("my flags.pv"), offset);
        for command in ["verify", "inspect", "dump"] {
            let ran = bench.run(&[command, "my flags.pv"]).ends(2);
            ran.complains(&[
                "is not a persist file",
                "one byte differs",
                "`persist repair 'my flags.pv'`",
            ]);
        }
        bench.run(&["repair", "my flags.pv", "--yes", "--no-backup"]).ends(0);
        assert!(std::fs::read(bench.path("my flags.pv")).unwrap() == whole);
    }
    flip(&bench.path("my flags.pv"), 0);
    flip(&bench.path("my flags.pv"), 1);
    let ran = bench.run(&["verify", "my flags.pv"]).ends(2);
    assert!(!ran.err.contains("repair"), "{}", ran.err);
}

#[test]
fn reports_for_programs() {
    let bench = Bench::new();
    let data_offset = flags(&bench, "flags.pv", 3000);
    let mut bytes = std::fs::read(bench.path("flags.pv")).unwrap();
    bytes[data_offset..data_offset + 2000].fill(9);
    bench.write("flags.pv", bytes);
    let ran = bench.run(&["verify", "--json", "flags.pv", "missing.pv"]).ends(2);
    let reports: Value = serde_json::from_str(&ran.out).unwrap();
    let report = &reports[0];
    assert_eq!((&report["fine"], &report["elements"]), (&false.into(), &3000.into()));
    assert_eq!(report["invalid_elements"], 2000);
    assert_eq!(report["findings"].as_array().unwrap().len(), 1000);
    let first = &report["findings"][0];
    assert_eq!(first["kind"], "element");
    assert_eq!((&first["element"], &first["offset_bytes"]), (&0.into(), &data_offset.into()));
    assert_eq!((&first["expected"], &first["found"]), (&"0 or 1".into(), &"9".into()));
    // In the words of the text form, once.
    let error = &reports[1]["error"];
    let said: Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(said["error"], *error);
    let error = error.as_str().unwrap();
    assert!(error.starts_with("can't open for reading `missing.pv`: "), "{error}");
    assert!(!error.contains("create") && error.matches("os error").count() == 1, "{error}");

    let text = bench.run(&["verify", "flags.pv"]).ends(1).out;
    assert!(text.ends_with("… and 1,000 more elements that are not values of their type\n"));
}

/// What is listed is more than a pipe holds.
#[test]
fn nobody_reads_the_output() {
    let bench = Bench::new();
    let data_offset = flags(&bench, "flags.pv", 1000);
    let mut bytes = std::fs::read(bench.path("flags.pv")).unwrap();
    bytes[data_offset..data_offset + 1000].fill(9);
    bench.write("flags.pv", bytes);
    let mut command = bench.command(&["verify", "flags.pv"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}
