//! `persist inspect`.

use serde_json::Value;

use crate::support::*;

#[test]
fn a_picture_and_the_fields() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(3));
    let text = stdout_of(0, args!["inspect", path]);
    for part in [
        "ticks.pv: 3 elements of Tick\n",
        "element      24 bytes, ",
        "state        clean: its last writer closed it\n",
        "journal      64.00 KiB, empty; epoch ",
        " 16 │ qty: u32                      │ side  │ live  │░░░░░░░░░░░░░░░│\n",
        "      20     1  side   Side: Buy = 0, Sell = 1\n",
    ] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
    assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
}

#[test]
fn a_report_for_programs() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(3));
    let report: Value =
        serde_json::from_str(&stdout_of(0, args!["inspect", path, "--json"])).unwrap();
    assert_eq!((&report["elements"], &report["state"]), (&3.into(), &"clean".into()));
    assert_eq!(report["fields"][3]["variants"][1]["name"], "Sell");
    let journal = stdout_of(0, args!["inspect", golden("journal.pv"), "--json"]);
    let journal: Value = serde_json::from_str(&journal).unwrap();
    assert_eq!((&journal["state"], &journal["waiting_commits"]), (&"unclean".into(), &3.into()));
    let torn = stdout_of(0, args!["inspect", golden("torn.pv")]);
    assert!(torn.contains("state        torn: "), "{torn}");
}

#[test]
fn what_can_be_read_of_a_damaged_file_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(3));
    let whole = std::fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    // A reserved byte of the preamble.
    damaged[1000] = 1;
    std::fs::write(&path, damaged).unwrap();
    let output = run(args!["inspect", path]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("type         Tick") && text.contains("│ time: u64"), "{text}");
    assert!(text.contains(", 3 elements, clean"), "{text}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("corrupt") && error.lines().count() == 1, "{error}");
    assert!(stdout_of(2, args!["inspect", path, "--rust"]).contains("struct Tick"));

    // Without its elements.
    std::fs::write(&path, &whole[..20_000]).unwrap();
    assert!(stdout_of(2, args!["inspect", path]).contains("│ time: u64"));
    // Without its type.
    std::fs::write(&path, &whole[..5000]).unwrap();
    assert!(stdout_of(2, args!["inspect", path]).contains("type         unreadable"));
    // Another program's.
    std::fs::write(&path, "time,price\n").unwrap();
    assert_eq!(stdout_of(2, args!["inspect", path]), "");
}

#[test]
fn variants_are_in_the_order_of_their_numbers() {
    #[derive(Clone, Copy, persist_core::Persist)]
    #[repr(i16)]
    enum Level {
        High = 300,
        Low = -5,
        Least = -300,
    }

    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "levels.pv", &[Level::High, Level::Low, Level::Least]);
    let text = stdout_of(0, args!["inspect", path]);
    assert!(text.contains("Level: Least = -300, Low = -5, High = 300\n"), "{text}");
    let report: Value =
        serde_json::from_str(&stdout_of(0, args!["inspect", path, "--json"])).unwrap();
    assert_eq!(report["fields"][0]["variants"][0]["name"], "Least");
}

#[test]
fn missing_files_are_named() {
    let error = stderr_of(2, args!["inspect", "nowhere.pv"]);
    assert!(error.starts_with("error: can't open for reading `nowhere.pv`: "), "{error}");
    assert!(!error.contains("create"), "{error}");
}

#[test]
fn the_picture_in_the_readme_is_real() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_of(directory.path(), "ticks.pv", &ticks(1000));
    let readme = std::fs::read_to_string(golden("../../../README.md")).unwrap();
    let text = stdout_of(0, args!["inspect", path]);
    let (_, picture) = text.split_once("\n\n").unwrap().1.split_once("\n\n").unwrap();
    assert!(readme.contains(picture), "{picture}");
}
