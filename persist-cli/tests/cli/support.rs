//! Running the command, and files to run it on.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use persist_core::{MmapVec, Pad, Persist};

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(u8)]
pub(crate) enum Side {
    Buy = 0,
    Sell = 1,
}

#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
pub(crate) struct Tick {
    pub(crate) time: u64,
    pub(crate) price: f64,
    pub(crate) qty: u32,
    pub(crate) side: Side,
    pub(crate) live: bool,
    pub(crate) _pad: Pad<2>,
}

/// The command, its surroundings as in a script.
pub(crate) fn persist() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_persist"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LC_ALL", "LC_CTYPE", "LANG"]
    {
        command.env_remove(name);
    }
    command
}

/// Runs the command.
pub(crate) fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    persist().args(args).output().unwrap()
}

/// What the command prints, which must end with this exit code.
#[track_caller]
pub(crate) fn stdout_of(code: i32, args: &[&OsStr]) -> String {
    let output = run(args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// What the command complains about, which must end with this exit code.
#[track_caller]
pub(crate) fn stderr_of(code: i32, args: &[&OsStr]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(code), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A name with which a file could steer a terminal, and how it is shown.
#[cfg(unix)]
pub(crate) const STEERING: (&str, &str) =
    ("größe \u{1b}[31m\n\u{202e}", r"größe \u{1b}[31m\n\u{202e}");

/// The arguments of a command line: `args!["dump", path]`.
macro_rules! args {
    ($($arg:expr),* $(,)?) => { &[$(std::ffi::OsStr::new(&$arg)),*] };
}
pub(crate) use args;

/// The files that version 1 of the format has for good.
pub(crate) fn golden_files() -> Vec<PathBuf> {
    let directory = golden("");
    let entries = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension() == Some(OsStr::new("pv"))).collect();
    files.sort();
    assert!(files.len() > 10, "{}", directory.display());
    files
}

pub(crate) fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/v1").join(name)
}

/// Makes a file of these elements.
pub(crate) fn file_of<T: Persist>(directory: &Path, name: &str, elements: &[T]) -> PathBuf {
    let path = directory.join(name);
    let mut file = MmapVec::<T>::options().journal_bytes(65536).create(&path).unwrap();
    file.extend_from_slice(elements).unwrap();
    file.close().unwrap();
    path
}

/// Some ticks that differ in all fields.
pub(crate) fn ticks(len: u64) -> Vec<Tick> {
    let tick = |time: u64| Tick {
        time,
        price: 100.0 + time as f64 / 4.0,
        qty: time as u32 % 10,
        side: if time % 3 == 0 { Side::Sell } else { Side::Buy },
        live: time % 2 == 0,
        _pad: Pad::new(),
    };
    (0..len).map(tick).collect()
}

/// Overwrites bytes of the elements of a file.
pub(crate) fn overwrite(path: &Path, offset: u64, bytes: &[u8]) {
    let info = persist_core::AnySlice::open(path).unwrap().info();
    let mut file = fs::read(path).unwrap();
    let start = (info.data_offset_bytes + offset) as usize;
    file[start..start + bytes.len()].copy_from_slice(bytes);
    fs::write(path, file).unwrap();
}
