//! `persist diff`, `persist convert` and `persist migrate`.

use std::fs;
use std::path::Path;

use persist_core::{MmapSlice, Pad, Persist};
use serde_json::Value;

use crate::support::*;

mod wider {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Persist)]
    #[repr(C)]
    pub(crate) struct Tick {
        pub(crate) time: u64,
        pub(crate) qty: u64,
        pub(crate) price: f64,
        pub(crate) venue: [u8; 4],
        pub(crate) side: Side,
        pub(crate) live: bool,
        pub(crate) _pad: Pad<2>,
    }
}

mod narrower {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Persist)]
    #[repr(C)]
    pub(crate) struct Tick {
        pub(crate) time: u8,
        pub(crate) live: bool,
    }
}

fn other(path: &Path) -> &'static str {
    let info = persist_core::AnySlice::open(path).unwrap().info();
    if info.byte_order == persist_core::ByteOrder::Little { "big" } else { "little" }
}

#[test]
fn golden_files_say_the_same_in_either_byte_order() {
    let directory = tempfile::tempdir().unwrap();
    for file in golden_files() {
        let to = other(&file);
        let converted =
            directory.path().join(format!("{to}-{}", file.file_name().unwrap().to_str().unwrap()));
        let output = run(args!["convert", file, "--to", to, "-o", converted]);
        let descriptor = persist_core::AnySlice::open(&file).unwrap().descriptor().to_string();
        if descriptor.contains("(opaque") {
            assert_eq!(output.status.code(), Some(1));
            assert!(!converted.exists());
            continue;
        }
        assert_eq!(output.status.code(), Some(0), "{}", file.display());
        let dump = |path: &Path| stdout_of(0, args!["dump", path]);
        assert_eq!(dump(&file), dump(&converted));
        stdout_of(0, args!["diff", file, converted]);
        // And back, in its place.
        stdout_of(0, args!["convert", converted, "--to", "native"]);
        assert_eq!(dump(&file), dump(&converted));
    }
}

#[test]
fn converting_in_place_and_back_gives_the_same_elements() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(1000));
    let to = other(&path);
    let tried = directory.path().join("tried.pv");
    let report = stdout_of(0, args!["convert", path, "--to", to, "-o", tried, "--json"]);
    fs::remove_file(tried).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let from = if to == "big" { "little" } else { "big" };
    let change = serde_json::json!({"subject": "byte order", "from": from, "to": to});
    assert_eq!(report["plan"], Value::from(vec![change]));
    let text = stdout_of(0, args!["convert", path, "--to", to]);
    assert!(text.contains("1,000 elements written"), "{text}");
    assert!(MmapSlice::<Tick>::open(&path).is_err());
    stdout_of(0, args!["convert", path, "--to", "native"]);
    assert_eq!(*MmapSlice::<Tick>::open(&path).unwrap(), *ticks(1000));
    let text = stdout_of(0, args!["convert", path, "--to", "native"]);
    assert!(text.contains("nothing to do"), "{text}");
    let text = stdout_of(0, args!["migrate", path, "--to-layout-of", path, "--dry-run"]);
    assert!(text.contains("nothing to do"), "{text}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left behind");
}

#[test]
fn migrating_to_a_wider_type() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(100));
    let wanted = file_of::<wider::Tick>(directory.path(), "wanted.pv", &[]);
    let before = fs::read(&path).unwrap();
    let text = stdout_of(0, args!["migrate", path, "--to-layout-of", wanted, "--dry-run"]);
    assert!(text.contains("100 elements would be written"), "{text}");
    assert_eq!(fs::read(&path).unwrap(), before);
    let text = stdout_of(0, args!["migrate", path, "--to-layout-of", wanted]);
    assert!(text.contains("field `venue`") && text.contains("100 elements written"), "{text}");
    let expected: Vec<_> = ticks(100)
        .into_iter()
        .map(|tick| wider::Tick {
            time: tick.time,
            qty: tick.qty.into(),
            price: tick.price,
            venue: [0; 4],
            side: tick.side,
            live: tick.live,
            _pad: Pad::new(),
        })
        .collect();
    assert_eq!(*MmapSlice::<wider::Tick>::open(&path).unwrap(), *expected);
}

#[test]
fn what_may_lose_something_must_be_allowed() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(300));
    let wanted = file_of::<narrower::Tick>(directory.path(), "wanted.pv", &[]);
    let output = directory.path().join("new.pv");
    let before = fs::read(&path).unwrap();
    let error = stderr_of(1, args!["migrate", path, "--to-layout-of", wanted]);
    assert!(error.contains("--lossy") && error.contains("field `price`"), "{error}");
    // What is tried is refused for the same reasons.
    let tried = stderr_of(1, args!["migrate", path, "--to-layout-of", wanted, "--dry-run"]);
    assert_eq!(tried, error);
    let args = args!["migrate", path, "--to-layout-of", wanted, "--dry-run", "--lossy"];
    let error = stderr_of(1, args);
    assert!(error.contains("element 256, field `time`"), "{error}");
    let error = stderr_of(1, args!["migrate", path, "--to-layout-of", wanted, "--lossy"]);
    assert!(error.contains("element 256, field `time`: expected 0 to 255, found 256"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);

    let few = file_of(directory.path(), "few.pv", &ticks(20));
    let args = args!["migrate", few, "--to-layout-of", wanted, "--lossy", "-o", output, "--json"];
    let report: Value = serde_json::from_str(&stdout_of(0, args)).unwrap();
    assert_eq!((&report["relation"], &report["written"]), (&"lossy".into(), &true.into()));
    assert_eq!(MmapSlice::<narrower::Tick>::open(&output).unwrap()[19].time, 19);
    assert_eq!(*MmapSlice::<Tick>::open(&few).unwrap(), *ticks(20));
    assert_eq!(
        report["plan"].as_array().unwrap()[..2],
        [
            serde_json::json!({"subject": "field `time`", "from": "u64 @0", "to": "u8 @0"}),
            serde_json::json!({"subject": "field `price`", "from": "f64 @8", "to": null}),
        ]
    );
    // Nothing is replaced by a new file.
    let error = stderr_of(2, args);
    assert!(error.contains("already exists: choose another name, or remove it"), "{error}");
}

#[test]
fn types_with_nothing_in_common_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(3));
    let wanted = file_of(directory.path(), "wanted.pv", &[1_u8]);
    for options in [&["--lossy"][..], &["--dry-run"], &[]] {
        let args =
            ["migrate".as_ref(), path.as_os_str(), "--to-layout-of".as_ref(), wanted.as_ref()];
        let output = run(args.into_iter().chain(options.iter().map(AsRef::as_ref)));
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("nothing was changed"));
    }
    assert_eq!(*MmapSlice::<Tick>::open(&path).unwrap(), *ticks(3));
}

#[test]
fn values_that_are_none_stop_a_conversion() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(3));
    overwrite(&path, 24 + 20, &[9]);
    let before = fs::read(&path).unwrap();
    let error = stderr_of(1, args!["convert", path, "--to", other(&path)]);
    assert!(error.contains("element 1, field `side`"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_that_is_open_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(3));
    let reader = MmapSlice::<Tick>::open(&path).unwrap();
    let error = stderr_of(2, args!["convert", path, "--to", other(&path)]);
    assert!(error.contains("is locked"), "{error}");
    drop(reader);
    stdout_of(0, args!["convert", path, "--to", other(&path)]);
}

#[test]
fn differences_in_content() {
    let directory = tempfile::tempdir().unwrap();
    let mut changed = ticks(1000);
    changed[7].price = f64::NAN;
    changed[500].qty += 1;
    changed[500].live = !changed[500].live;
    let a = file_of(directory.path(), "a.pv", &ticks(1000));
    let b = file_of(directory.path(), "b.pv", &changed);
    let c = file_of(directory.path(), "c.pv", &changed[..999]);
    assert!(stdout_of(0, args!["diff", a, a]).contains("no difference"));
    let text = stdout_of(1, args!["diff", a, b]);
    assert_eq!(
        text,
        "layout:    the same\n\
         length:    1,000 elements in both\n\
         elements:  2 of 1,000 differ\n  \
           field  values\n  \
           price  1\n  \
           qty    1\n  \
           live   1\n\
         \n  \
           first       A       B\n  \
           [7] price   101.75  NaN\n  \
           [500] qty   0       1\n  \
           [500] live  true    false\n"
    );
    assert!(stdout_of(0, args!["diff", a, b, "--fields", "time,side"]).contains("no difference"));
    assert!(stdout_of(1, args!["diff", c, b]).contains("999 in A, 1,000 in B: 1 more in B"));
    let report: Value =
        serde_json::from_str(&stdout_of(1, args!["diff", a, b, "--json", "--limit", "1"])).unwrap();
    assert_eq!((&report["content"]["elements"], &report["equal"]), (&2.into(), &false.into()));
    let first = report["content"]["first"].as_array().unwrap();
    let nan = serde_json::json!({"index": 7, "path": "price", "a": 101.75, "b": "NaN"});
    assert_eq!(first[..], [nan]);
    // What is no value is as in a dump.
    overwrite(&b, 24 * 3 + 20, &[9]);
    let report: Value = serde_json::from_str(&stdout_of(1, args!["diff", a, b, "--json"])).unwrap();
    let first = &report["content"]["first"];
    assert_eq!((&first[0]["a"], &first[0]["b"]["invalid"]), (&"Sell".into(), &"09".into()));
    assert_eq!((&first[2]["a"], &first[2]["b"]), (&0.into(), &1.into()));
    assert_eq!((&first[3]["a"], &first[3]["b"]), (&true.into(), &false.into()));
}

#[test]
fn differences_in_layout() {
    let directory = tempfile::tempdir().unwrap();
    let a = file_of(directory.path(), "a.pv", &ticks(10));
    let b = directory.path().join("b.pv");
    let wanted = file_of::<wider::Tick>(directory.path(), "wanted.pv", &[]);
    stdout_of(0, args!["migrate", a, "--to-layout-of", wanted, "-o", b]);
    let text = stdout_of(1, args!["diff", a, b]);
    for part in ["layout:    convert, from A to B", "field `venue`", "elements:  no difference"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(stdout_of(1, args!["diff", b, a]).contains("layout:    lossy, from A to B"));
    // Those of other fields don't count, nor where a field stands.
    let text = stdout_of(0, args!["diff", a, b, "--fields", "time,price,side"]);
    assert!(text.contains("layout:    the same\n"), "{text}");
    let text = stdout_of(1, args!["diff", a, b, "--fields", "price,qty"]);
    for part in ["layout:    the fields are of other types\n", "  field `qty`  u32  u64\n"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("`price`") && text.contains("no difference"), "{text}");
    let report = stdout_of(1, args!["diff", a, b, "--fields", "qty", "--json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    let difference = serde_json::json!({"subject": "field `qty`", "a": "u32", "b": "u64"});
    assert_eq!(report["layout"], serde_json::json!({"differences": [difference]}));
}

/// One value is one value.
#[test]
fn a_single_element_is_in_the_singular() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(1));
    let text = stdout_of(0, args!["convert", path, "--to", other(&path)]);
    assert!(text.ends_with(": 1 element written, in the place of the old file\n"), "{text}");
    assert!(stdout_of(0, args!["diff", path, path]).contains("  1 element in both\n"));
}

/// What is too long to be read is cut, and its length is said.
#[test]
fn huge_values_are_cut() {
    use persist_core::FixedStr;

    #[derive(Clone, Copy, Persist)]
    #[repr(C)]
    struct Page {
        #[persist(checked = "bytes")]
        bytes: [u8; 100_000],
        text: FixedStr<100_000>,
    }

    let directory = tempfile::tempdir().unwrap();
    let page = |byte: u8, letter: &str| {
        let text = FixedStr::new(&letter.repeat(50_000)).unwrap();
        [Page { bytes: [byte; 100_000], text }]
    };
    let a = file_of(directory.path(), "a.pv", &page(1, "é"));
    let b = file_of(directory.path(), "b.pv", &page(2, "f"));
    for json in [&[][..], &["--json"]] {
        let args = ["diff".as_ref(), a.as_os_str(), b.as_os_str()];
        let output = run(args.into_iter().chain(json.iter().map(AsRef::as_ref)));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.len() < 2000, "{} bytes", text.len());
        for part in [
            format!("{}… (100,000 bytes)", "é".repeat(60)),
            format!("{}… (50,000 bytes)", "f".repeat(60)),
            format!("{}… (200,000 bytes)", "02".repeat(30)),
        ] {
            assert!(text.contains(&part), "{part} is not in {text}");
        }
    }
    let text = stdout_of(0, args!["stats", a, "--fields", "text"]);
    assert!(text.contains(&format!("{}… (100,000 bytes)", "é".repeat(24))), "{text}");
    assert!(text.len() < 2000, "{} bytes", text.len());
}

/// Enums of one name with other variants.
#[test]
fn other_types_of_one_name() {
    mod more {
        #[derive(Clone, Copy, persist_core::Persist)]
        #[repr(u8)]
        pub(super) enum Side {
            Buy = 0,
            Both = 2,
        }
    }

    let directory = tempfile::tempdir().unwrap();
    let a = file_of(directory.path(), "a.pv", &[Side::Buy]);
    let b = file_of(directory.path(), "b.pv", &[more::Side::Buy, more::Side::Both]);
    let text = stdout_of(1, args!["diff", a, b, "--fields", "value"]);
    assert!(text.contains("  field `value`  Side  another Side\n"), "{text}");
}
