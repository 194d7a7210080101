//! `persist repair`.

use std::fs;
#[cfg(unix)]
use std::{mem::offset_of, process::Stdio, thread, time::Duration, time::Instant};

#[cfg(unix)]
use persist_core::verify;
use persist_core::{MmapSlice, MmapVec};
use serde_json::Value;

#[cfg(unix)]
use crate::bench::Ran;
use crate::bench::{Bench, flip};
#[cfg(unix)]
use crate::support::{Side, Tick, file_of, overwrite, ticks};

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
    for args in [&["repair", "a.pv", "--yes"][..], &["repair", "a.pv"]] {
        bench.run(args).ends(2).complains(&["a.pv.bak` exists already"]);
    }
    bench.run(&["repair", "a.pv", "--dry-run"]).ends(1).prints(&["loses nothing"]);
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

/// What leaves nothing must be allowed by name.
#[test]
fn losing_all_elements_must_be_allowed() {
    let bench = Bench::new();
    damaged(&bench);
    let whole = fs::read(bench.path("a.pv")).unwrap();
    let data_offset = whole.len() - 3 * size_of::<u64>();
    let before = &whole[..data_offset + 7];
    bench.write("a.pv", before);
    let says = "this leaves no element of those that there were\n";
    bench.run(&["repair", "a.pv", "--dry-run"]).ends(1).prints(&["loses 3 elements", says]);
    let ran = bench.run(&["repair", "a.pv", "--yes"]).ends(1);
    ran.complains(&["error: `a.pv` was not repaired", "--lose-all", "nothing was changed"]);
    let ran = bench.run(&["repair", "a.pv", "--yes", "--json"]).ends(1);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&report["loses_all"], &report["repaired"]), (&true.into(), &Value::Null));
    assert_eq!(
        (bench.names(), fs::read(bench.path("a.pv")).unwrap()),
        (vec!["a.pv".into()], before.into())
    );
    bench.run(&["repair", "a.pv", "--lose-all"]).ends(2).complains(&["--yes"]);
    bench.run(&["repair", "--help"]).ends(0).prints(&["With --yes: repair even what leaves no"]);
    let ran = bench.run(&["repair", "a.pv", "--yes", "--lose-all"]).ends(0);
    ran.prints(&[says, "repaired a.pv, which has 0 elements now; as it was"]);
    assert_eq!(fs::read(bench.path("a.pv.bak")).unwrap(), before);

    // Where some are left that is said, and goes without.
    bench.write("b.pv", &whole[..data_offset + 9]);
    let ran = bench.run(&["repair", "b.pv", "--yes"]).ends(0);
    assert!(!ran.out.contains(says));
    ran.prints(&["loses 2 elements", "repaired b.pv, which has 1 element now"]);
}

/// The commands that are advised make a file of the elements that are values, and of others for the rest.
#[cfg(unix)]
#[test]
fn elements_that_are_no_values_can_be_given_some() {
    for name in ["a.pv", "it's a.pv"] {
        let bench = Bench::new();
        let mut expected = ticks(9);
        let path = file_of(&bench.path(""), name, &expected);
        for i in [3, 5] {
            overwrite(&path, (i * size_of::<Tick>() + offset_of!(Tick, side)) as u64, &[9]);
            expected[i].side = Side::Buy;
        }
        let ran = bench.run(&["repair", name, "--json", "--yes"]).ends(1);
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        let obstacle = report["obstacles"][0].as_str().unwrap();
        bench.run(&["repair", name]).ends(1).prints(&[&format!("can't be repaired: {obstacle}\n")]);
        let commands: Vec<_> =
            obstacle.split('`').filter(|text| text.starts_with("persist ")).collect();
        let [dump, import] = *commands else { panic!("{obstacle}") };
        assert!(obstacle.contains("2 elements have bytes that are no value"), "{obstacle}");
        shell(&bench, dump).ends(1);
        let csv = format!("{name}.csv");
        let text = fs::read_to_string(bench.path(&csv)).unwrap();
        shell(&bench, import).ends(2).complains(&["line 5, column `side`", "invalid:09"]);
        bench.write(&csv, text.replace("invalid:09", "Buy"));
        shell(&bench, import).ends(0);
        let new = bench.path(&format!("{name}.new"));
        assert_eq!(MmapSlice::<Tick>::open(new).unwrap(), *expected);
    }
}

/// Runs a line of commands as people would.
#[cfg(unix)]
fn shell(bench: &Bench, line: &str) -> Ran {
    let program = env!("CARGO_BIN_EXE_persist");
    let line = format!("persist() {{ '{program}' \"$@\"; }}; {line}");
    let mut shell = std::process::Command::new("sh");
    Ran::new(&shell.args(["-c", &line]).current_dir(bench.path("")).output().unwrap())
}

/// Repairs `a.pv`, which is `before`, again and again, and kills that at random moments. Looks at what it is then, and at
/// its backup.
#[cfg(unix)]
fn after_kills(bench: &Bench, before: &[u8], mut look: impl FnMut(&[u8], Option<&[u8]>)) {
    let path = bench.path("a.pv");
    let repair = || {
        fs::write(&path, before).unwrap();
        let mut command = bench.command(&["repair", "a.pv", "--yes"]);
        (Instant::now(), command.stdout(Stdio::null()).spawn().unwrap())
    };
    let (started, mut child) = repair();
    assert!(child.wait().unwrap().success());
    let (takes, mut random) = (started.elapsed().as_micros() as u64, fastrand::Rng::new());
    for _ in 0..60 {
        fs::remove_file(bench.path("a.pv.bak")).unwrap_or_default();
        let (_, mut child) = repair();
        thread::sleep(Duration::from_micros(random.u64(..takes * 5 / 4)));
        child.kill().unwrap();
        child.wait().unwrap();
        let backup = fs::read(bench.path("a.pv.bak")).ok();
        look(&fs::read(&path).unwrap(), backup.as_deref());
        for name in bench.names() {
            match name.starts_with(".persist-") && name.ends_with(".tmp") {
                true => fs::remove_file(bench.path(&name)).unwrap(),
                false => assert!(["a.pv", "a.pv.bak"].contains(&&*name), "{name}"),
            }
        }
    }
}

/// A file that is mended in a copy is what it was or what it becomes, and its backup is there before that.
#[cfg(unix)]
#[test]
fn a_kill_at_any_moment_leaves_the_original_or_a_repaired_file() {
    let bench = Bench::new();
    let elements: Vec<u64> = (0..1 << 19).collect();
    let path = file_of(&bench.path(""), "a.pv", &elements);
    flip(&path, 1000);
    let before = fs::read(&path).unwrap();
    bench.run(&["repair", "a.pv", "--yes", "--no-backup"]).ends(0);
    let after = fs::read(&path).unwrap();
    let mut halfway = 0;
    after_kills(&bench, &before, |found, backup| {
        assert!(found == before || found == after, "neither the one nor the other");
        assert!(backup.is_none_or(|backup| *backup == before), "a backup of something else");
        assert!(backup.is_some() || found == before, "repaired without a backup");
        halfway += usize::from(backup.is_some() && found == before);
    });
    assert!(halfway > 0, "no kill met a repair");
}

/// A file that is recovered and closed in its place has its elements, however far that got.
#[cfg(unix)]
#[test]
fn a_kill_at_any_moment_of_a_recovery_loses_nothing() {
    let bench = Bench::new();
    let path = bench.path("a.pv");
    let mut vec = MmapVec::<u64>::options().journal_bytes(8 << 20).create(&path).unwrap();
    vec.extend_from_slice(&[7; 1 << 19]).unwrap();
    vec.commit().unwrap();
    for commit in 1..7 {
        vec.iter_mut().step_by(600).for_each(|element| *element += commit);
        vec.commit().unwrap();
    }
    let expected = vec.to_vec();
    drop(vec);
    let before = fs::read(&path).unwrap();
    let mut halfway = 0;
    after_kills(&bench, &before, |found, backup| {
        assert_eq!(*MmapSlice::<u64>::open(&path).unwrap(), *expected);
        assert!(backup.is_none_or(|backup| *backup == before), "a backup of something else");
        assert!(backup.is_some() || *found == before, "changed without a backup");
        halfway += usize::from(backup.is_some() && !verify(&path).unwrap().findings.is_empty());
        // What a kill left is no obstacle.
        bench.run(&["repair", "a.pv", "--yes", "--no-backup"]).ends(0);
        assert_eq!(verify(&path).unwrap().findings, []);
        assert_eq!(*MmapSlice::<u64>::open(&path).unwrap(), *expected);
    });
    assert!(halfway > 0, "no kill met a repair");
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
