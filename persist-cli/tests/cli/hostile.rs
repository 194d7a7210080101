//! Files that are damaged, cut, or something else entirely: a clear error or a clear answer, never a panic.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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
    "verify FILE",
    "verify FILE --json",
    "repair FILE --dry-run",
    "repair FILE --yes --no-backup",
    "import OTHER --like FILE -o NEW",
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
            (stderr.contains("error:") || stderr.contains("{\"error\":")) && code != Some(1),
            "{command}: {stderr}"
        );
        let terminal = [&output.stdout[..], &output.stderr].concat();
        let terminal = String::from_utf8_lossy(&terminal);
        let is_harmless = !terminal.contains(['\u{1b}', '\u{202e}']) || command.contains("--csv");
        assert!(is_harmless, "{command} on {what}: {terminal:?}");
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
    // Who opens it waits for its other end.
    let pipe = directory.path().join("pipe.pv");
    if cfg!(unix) {
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        places.push(pipe);
    }
    for place in places {
        for command in COMMANDS {
            let output = run(words(command, &place, &other, &new));
            assert_eq!(output.status.code(), Some(2), "{command} on {}", place.display());
            assert!(!new.exists(), "{command} on {}", place.display());
        }
    }
}

/// Files whose names a terminal would act on: whole ones, damaged ones, and what is no file.
#[cfg(unix)]
#[test]
fn names_of_files_can_not_steer_a_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let (name, shown) = STEERING;
    let in_directory = |end: &str| directory.path().join(format!("{name}{end}"));
    let (file, other, new) = (in_directory("a"), in_directory("b"), in_directory("c"));
    let whole = fs::read(file_of(directory.path(), "ticks.pv", &ticks(10))).unwrap();
    fs::write(&other, &whole).unwrap();
    let mut damaged = whole.clone();
    damaged[1000] = 1;
    let mut bent = whole.clone();
    *bent.last_mut().unwrap() = 9;
    // Another type's, so that there is something to convert.
    let wide = fs::read(file_of(directory.path(), "wide.pv", &[1_u64])).unwrap();
    for (what, bytes) in [
        ("whole", &whole[..]),
        ("damaged", &damaged),
        ("cut", &whole[..whole.len() - 1]),
        ("bent", &bent),
        ("wide", &wide),
        ("csv", b"a,b\n1,2,3\n"),
        ("missing", b""),
    ] {
        let backup = "repair FILE --yes";
        for command in COMMANDS.iter().copied().chain([backup, backup, "convert FILE --to big"]) {
            let _ = fs::remove_file(&new);
            let _ = fs::remove_file(&file);
            if what != "missing" {
                fs::write(&file, bytes).unwrap();
            }
            let output = run(words(command, &file, &other, &new));
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{command} on {what}: {text:?}");
            assert!(!text.contains("31m\n"), "{command} on {what}: {text}");
            if what == "missing" && !command.contains("--json") {
                assert!(text.contains(shown), "{command}: {text}");
            }
        }
    }
}

/// JSON has no bytes.
#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt;

    let directory = tempfile::tempdir().unwrap();
    let place = |name: &[u8]| directory.path().join(std::ffi::OsStr::from_bytes(name));
    let (file, other, new) = (place(b"a\xff"), place(b"b\xff"), place(b"c\xff"));
    fs::rename(file_of(directory.path(), "ticks.pv", &ticks(2)), &file).unwrap();
    fs::write(&other, "time,price,qty,side,live\n1,2,3,Buy,true\n").unwrap();
    for command in [
        "inspect FILE --json",
        "verify FILE --json",
        "repair FILE --dry-run --json",
        "convert FILE --to big -o NEW --json",
        "import OTHER --like FILE -o NEW --json",
    ] {
        let _ = fs::remove_file(&new);
        let output = run(words(command, &file, &other, &new));
        assert_eq!(output.status.code(), Some(0), "{command}");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(report.to_string().contains('\u{fffd}'), "{command}: {report}");
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
        _pad: persist_core::Pad<7>,
        // Wide enough for its name to be in the picture.
        #[persist(rename = "e\u{1b}[31m\u{202e}")]
        wide: u64,
    }

    let directory = tempfile::tempdir().unwrap();
    let element = Element { field: Evil::Variant, _pad: persist_core::Pad::new(), wide: 7 };
    let other = file_of(directory.path(), "other.pv", &[element; 3]);
    let bytes = fs::read(&other).unwrap();
    check(directory.path(), &bytes, &other, "names of control characters");
    let changed = file_of(directory.path(), "changed.pv", &ticks(2));
    let bytes = fs::read(changed).unwrap();
    check(directory.path(), &bytes, &other, "another type");
}

/// Descriptors by hand: what no program could derive.
mod descriptor {
    pub(super) fn number(mut number: u64) -> Vec<u8> {
        let mut out = Vec::new();
        while number >= 0x80 {
            out.push(number as u8 | 0x80);
            number >>= 7;
        }
        out.push(number as u8);
        out
    }

    pub(super) fn text(text: &str) -> Vec<u8> {
        [number(text.len() as u64), text.into()].concat()
    }

    pub(super) fn array(len: u64, item: &[u8]) -> Vec<u8> {
        [&[2], &*number(len), item].concat()
    }

    pub(super) fn phantom(name: &str) -> Vec<u8> {
        [vec![7], text(name)].concat()
    }

    /// A struct of these fields, each with its size.
    pub(super) fn structure(fields: &[(String, u64, Vec<u8>)]) -> Vec<u8> {
        let size = fields.iter().map(|(_, size, _)| size).sum();
        let mut out = [vec![3], text("S"), number(0), number(size), number(0)].concat();
        out.extend(number(fields.len() as u64));
        let mut offset = 0;
        for (name, size, ty) in fields {
            out.extend([text(name), number(offset), ty.clone()].concat());
            offset += size;
        }
        out
    }

    pub(super) fn enumeration(variants: u64) -> Vec<u8> {
        let mut out = [vec![4], text("E"), number(0), vec![0, 4], number(variants)].concat();
        for variant in 0..variants {
            out.extend([text(&format!("v{variant}")), number(variant)].concat());
        }
        out
    }
}

/// Types of any size and shape, in files without elements and in those with some.
#[test]
fn types_that_no_program_has() {
    use descriptor::*;
    use persist_core::{AnyFile, AnyWriter, Descriptor};

    const BYTE: &[u8] = &[1, 0, 1, 0];
    let field = |name: &str, size, ty: &[u8]| (name.to_owned(), size, ty.to_vec());
    let phantoms = array(1 << 40, &phantom("Unit"));
    let empty_structs = array(u64::MAX, &structure(&[]));
    let deep = (0..62).fold(BYTE.to_vec(), |item, _| array(1, &item));
    let deep_structs = (0..62).fold(BYTE.to_vec(), |inner, _| structure(&[field("a", 1, &inner)]));
    let wide: Vec<_> = (0..40_000).map(|i| field(&format!("f{i}"), 1, BYTE)).collect();
    let many_structs: Vec<_> = (0..20_000)
        .map(|i| field(&format!("f{i}"), 1, &structure(&[field(&format!("x{i}"), 1, BYTE)])))
        .collect();
    let types = [
        ("phantoms", structure(&[field("a", 0, &phantoms), field("b", 1, BYTE)])),
        ("empty structs", structure(&[field("a", 0, &empty_structs), field("b", 1, BYTE)])),
        ("huge", array(1 << 60, BYTE)),
        ("huge structs", array(1 << 50, &structure(&[field("a", 1, BYTE), field("b", 1, BYTE)]))),
        ("deep arrays", deep),
        ("deep structs", deep_structs),
        ("many fields", structure(&wide)),
        ("many structs", structure(&many_structs)),
        ("many variants", enumeration(60_000)),
    ];
    let directory = tempfile::tempdir().unwrap();
    let other = file_of(directory.path(), "other.pv", &ticks(10));
    for (name, bytes) in types {
        let descriptor = Descriptor::decode(&bytes).unwrap();
        let size = descriptor.size_bytes();
        let made = directory.path().join("made.pv");
        for elements in [0, 3] {
            if elements > 0 && size > 1 << 20 {
                continue;
            }
            let mut writer = AnyWriter::create(&made, &AnyFile::new(descriptor.clone())).unwrap();
            writer.append(&vec![1; elements * size as usize]).unwrap();
            writer.finish().unwrap();
            let bytes = fs::read(&made).unwrap();
            fs::remove_file(&made).unwrap();
            check(directory.path(), &bytes, &other, &format!("{elements} of {name}"));
        }
    }
}

/// Nobody reads a name of a megabyte.
#[test]
fn huge_names_are_cut() {
    use descriptor::*;
    use persist_core::{AnyFile, AnyWriter, Descriptor};

    const HUGE: usize = 200_000;
    let name = "n".repeat(HUGE);
    let enumeration =
        [vec![4], text(&name), number(0), vec![0, 1], number(1), text(&name), number(0)].concat();
    let structure = [
        [vec![3], text(&name), number(0), number(2), number(0), number(2)].concat(),
        [text(&name), number(0), enumeration, text("b"), number(1), vec![1, 0, 1, 0]].concat(),
    ];
    let descriptor = Descriptor::decode(&structure.concat()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("huge.pv");
    let mut writer = AnyWriter::create(&path, &AnyFile::new(descriptor)).unwrap();
    writer.append(&[0, 0]).unwrap();
    writer.finish().unwrap();
    let check = |code: i32| {
        for command in ["inspect", "verify", "dump --fields x"] {
            let output = run(command.split(' ').map(OsString::from).chain([path.clone().into()]));
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(text.len() < 5000, "{command}: {} bytes", text.len());
            let is_cut = text.contains(&format!("{}… (200,000 bytes)", "n".repeat(60)));
            assert!(is_cut || code == 2, "{command}: {text}");
        }
    };
    check(0);
    // As far as it can be read.
    let mut bytes = fs::read(&path).unwrap();
    bytes[1000] = 1;
    fs::write(&path, bytes).unwrap();
    check(2);
}

/// A long name with many items would be written for each of them.
#[test]
fn long_names_of_many_items_fill_no_memory() {
    use descriptor::*;
    use persist_core::{AnyFile, AnyWriter, Descriptor};

    let items = array(4096, &[1, 0, 1, 0]);
    let descriptor = structure(&[("y".repeat(900_000), 4096, items)]);
    let descriptor = Descriptor::decode(&descriptor).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("long.pv");
    AnyWriter::create(&path, &AnyFile::new(descriptor)).unwrap().finish().unwrap();
    for command in ["dump", "stats"] {
        let output = run([command.into(), path.clone().into_os_string()]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command}: {text}");
        assert!(text.contains("the names of the 4096 values of an element take"), "{text}");
    }
}
