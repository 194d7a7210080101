//! `persist repair`.

use std::fs;

use persist_core::{MmapSlice, MmapVec};
use serde_json::Value;

use crate::bench::{Bench, flip};

/// A file with two kinds of damage, of which none loses anything.
fn damaged(bench: &Bench) -> Vec<u8> {
    let path = bench.path("a.pv");
    let mut numbers = MmapVec::<u64>::create(&path).unwrap();
    numbers.extend_from_slice(&[1, 2, 3]).unwrap();
    numbers.commit().unwrap();
    numbers.shrink_to_fit().unwrap();
    numbers.close().unwrap();
    flip(&path, 70);
    flip(&path, 60_000);
    fs::read(path).unwrap()
}

#[test]
fn a_repair_says_what_it_does_and_keeps_the_original() {
    let bench = Bench::new();
    let before = damaged(&bench);
    let ran = bench.run(&["repair", "a.pv", "--dry-run"]).ends(1);
    ran.prints(&[
        "a.pv: ",
        "1. restore byte 70, in the preamble, from 0x01 to 0x00, as the checksum proves\n   loses nothing\n",
        "2. write zeros over 1 reserved byte from byte 60000 on\n",
    ]);
    // Nobody is there to be asked.
    bench.run_with(&["repair", "a.pv"], "y\n").ends(2).complains(&["--yes", "--dry-run"]);
    assert_eq!(
        (bench.names(), fs::read(bench.path("a.pv")).unwrap()),
        (vec!["a.pv".into()], before.clone())
    );

    bench.run(&["repair", "a.pv", "--yes"]).ends(0).prints(&["repaired", "kept as `a.pv.bak`"]);
    assert_eq!(bench.names(), ["a.pv", "a.pv.bak"]);
    assert_eq!(fs::read(bench.path("a.pv.bak")).unwrap(), before);
    assert_eq!(MmapSlice::<u64>::open(bench.path("a.pv")).unwrap(), [1, 2, 3]);
    bench.run(&["repair", "a.pv"]).ends(0).prints(&["nothing to repair"]);

    // The backup is worth more than another repair.
    flip(&bench.path("a.pv"), 60_000);
    bench.run(&["repair", "a.pv", "--yes"]).ends(2).complains(&["a.pv.bak` exists already"]);
    assert_eq!(fs::read(bench.path("a.pv.bak")).unwrap(), before);
    bench.run(&["repair", "a.pv", "--yes", "--no-backup"]).ends(0);
    bench.run(&["verify", "a.pv"]).ends(0);
}

#[test]
fn what_can_not_be_helped_is_not_touched() {
    let bench = Bench::new();
    damaged(&bench);
    flip(&bench.path("a.pv"), 90);
    let before = fs::read(bench.path("a.pv")).unwrap();
    let ran = bench.run(&["repair", "a.pv", "--yes"]).ends(1);
    ran.prints(&["can't be repaired: more than a byte of the preamble is damaged"]);
    assert_eq!(
        (bench.names(), fs::read(bench.path("a.pv")).unwrap()),
        (vec!["a.pv".into()], before)
    );
    bench.run(&["repair", "missing.pv"]).ends(2).complains(&["missing.pv"]);
}

#[test]
fn reports_for_programs() {
    let bench = Bench::new();
    damaged(&bench);
    bench.run(&["repair", "a.pv", "--json"]).ends(2).complains(&["--json doesn't ask"]);
    let ran = bench.run(&["repair", "a.pv", "--json", "--yes"]).ends(0);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["steps"].as_array().unwrap().len(), 2);
    assert_eq!(report["steps"][0]["lossless"], true);
    assert_eq!(
        (&report["found"]["fine"], &report["repaired"]["fine"]),
        (&false.into(), &true.into())
    );
    assert_eq!(report["backup"], "a.pv.bak");
}
