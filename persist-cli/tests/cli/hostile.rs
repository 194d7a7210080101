//! Files that are damaged, cut, or something else entirely: a clear error or a clear answer, never a panic.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::*;

/// The commands, with `FILE` and `OTHER` where files go, and `NEW` for one to be made. Those that change a file are
/// given a copy.
const COMMANDS: &[&str] = &[
    "inspect FILE",
    "inspect FILE --json",
    "inspect FILE --rust",
    "dump FILE",
    "dump FILE --csv",
    "dump FILE --table --tail 3",
    "stats FILE",
    "stats FILE --json",
    "diff FILE OTHER",
    "diff OTHER FILE --json",
    "convert FILE --to big -o NEW",
    "convert FILE --to little",
    "migrate FILE --to-layout-of OTHER --lossy --dry-run",
    "migrate OTHER --to-layout-of FILE --lossy -o NEW",
];

fn words(command: &str, file: &Path, other: &Path, new: &Path) -> Vec<OsString> {
    let word = |word| match word {
        "FILE" => file.into(),
        "OTHER" => other.into(),
        "NEW" => new.into(),
        word => OsString::from(word),
    };
    command.split_whitespace().map(word).collect()
}

/// Runs all commands on these bytes; none may do worse than refuse.
#[track_caller]
fn check(directory: &Path, bytes: &[u8], other: &Path, what: &str) {
    let (file, new) = (directory.join("hostile.pv"), directory.join("new.pv"));
    for command in COMMANDS {
        fs::write(&file, bytes).unwrap();
        let _ = fs::remove_file(&new);
        let output = run(words(command, &file, other, &new));
        let stderr = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        assert!(matches!(code, Some(0..=2)), "{command} on {what}: {code:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{command} on {what}: {stderr}");
        assert_eq!(
            code == Some(2),
            stderr.contains("error:") && code != Some(1),
            "{command}: {stderr}"
        );
        let terminal = [&output.stdout[..], &output.stderr].concat();
        assert!(!terminal.contains(&0x1b) || command.contains("--csv"), "{command} on {what}");
    }
}

/// A golden file with some bytes changed, most of them in the parts that say what it is.
fn damaged(file: &Path, random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = fs::read(file).unwrap();
    for _ in 0..random.usize(1..4) {
        let end = match random.u8(..4) {
            0 => 200,
            1 => 8300,
            2 => 17_000,
            _ => bytes.len(),
        };
        let at = random.usize(..end.min(bytes.len()));
        bytes[at] ^= 1 << random.u8(..8);
    }
    if random.u8(..4) == 0 {
        bytes.truncate(random.usize(..bytes.len()));
    }
    bytes
}

#[test]
fn damaged_files() {
    let directory = tempfile::tempdir().unwrap();
    let other = file_of(directory.path(), "other.pv", &ticks(10));
    let mut random = fastrand::Rng::with_seed(1);
    let files = golden_files();
    for round in 0..30 {
        let file = &files[round % files.len()];
        let bytes = damaged(file, &mut random);
        check(directory.path(), &bytes, &other, &format!("{} in round {round}", file.display()));
    }
}

/// Damage that no checksum tells: each element may hold anything.
#[test]
fn elements_of_anything() {
    let directory = tempfile::tempdir().unwrap();
    let other = file_of(directory.path(), "other.pv", &ticks(10));
    let mut random = fastrand::Rng::with_seed(2);
    for file in golden_files() {
        let mut bytes = fs::read(&file).unwrap();
        let start = bytes
            .len()
            .min(persist_core::AnySlice::open(&file).unwrap().info().data_offset_bytes as usize);
        bytes[start..].iter_mut().for_each(|byte| *byte = random.u8(..));
        check(directory.path(), &bytes, &other, &file.display().to_string());
    }
}

#[test]
fn what_is_no_file_of_ours() {
    let directory = tempfile::tempdir().unwrap();
    let other = file_of(directory.path(), "other.pv", &ticks(10));
    let garbage: [&[u8]; 5] =
        [b"", b"\x89", b"\x89PVF\r\n\x1a\n", b"time,price\n1,2\n", &[0xff; 70_000]];
    for bytes in garbage {
        check(directory.path(), bytes, &other, &format!("{:?}", &bytes[..bytes.len().min(20)]));
    }
}

#[test]
fn what_is_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let other = file_of(directory.path(), "other.pv", &ticks(10));
    let new = directory.path().join("new.pv");
    let mut places = vec![directory.path().to_owned(), directory.path().join("nowhere.pv")];
    places.extend(cfg!(unix).then(|| PathBuf::from("/dev/null")));
    for place in places {
        for command in COMMANDS {
            let output = run(words(command, &place, &other, &new));
            assert_eq!(output.status.code(), Some(2), "{command} on {}", place.display());
        }
    }
}

#[test]
fn names_can_not_steer_a_terminal() {
    use persist_core::Persist;

    #[derive(Clone, Copy, Persist)]
    #[persist(rename = "a\u{1b}[31m")]
    #[repr(u8)]
    enum Evil {
        #[persist(rename = "b\u{1b}[31m\n")]
        Variant = 0,
    }

    #[derive(Clone, Copy, Persist)]
    #[persist(rename = "c\u{1b}[31m")]
    #[repr(C)]
    struct Element {
        #[persist(rename = "d\u{1b}[31m\u{202e}")]
        field: Evil,
    }

    let directory = tempfile::tempdir().unwrap();
    let element = Element { field: Evil::Variant };
    let other = file_of(directory.path(), "other.pv", &[element; 3]);
    let bytes = fs::read(&other).unwrap();
    check(directory.path(), &bytes, &other, "names of control characters");
    let changed = file_of(directory.path(), "changed.pv", &ticks(2));
    let bytes = fs::read(changed).unwrap();
    check(directory.path(), &bytes, &other, "another type");
}
