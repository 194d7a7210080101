//! Names that lead elsewhere, that are unusual, or that are relative to the current directory.

#![cfg(target_os = "linux")]

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use persist_core::{Error, LockHolder, Mode, OpenOptions};
use rustix::io::Errno;

use super::{Bench, Refusal, Tick, WAYS, check_error, check_path, image_of, ticks};
use crate::support;

#[test]
fn symbolic_links() {
    use std::os::unix::fs::symlink;

    let options = OpenOptions::<Tick>::new();
    let bench = Bench::with(&image_of(Mode::default(), &ticks()));
    let link = bench.path("link.pv");
    symlink("ticks.pv", &link).unwrap();
    for way in WAYS {
        assert_eq!(way.open(&options, &link).unwrap().0, ticks(), "{way:?}");
    }
    let error = options.create(&link).unwrap_err();
    check_error("link", error, &link, &Refusal::AlreadyExists, &[]);

    let dangling = bench.path("dangling.pv");
    symlink("nowhere.pv", &dangling).unwrap();
    let before = bench.snapshot();
    let refusal = Refusal::NotAFile("a symbolic link to nothing");
    check_path("dangling", &WAYS, &options, &dangling, &refusal, &[]);
    let error = options.create(&dangling).unwrap_err();
    check_error("dangling", error, &dangling, &Refusal::AlreadyExists, &[]);
    assert!(bench.snapshot() == before, "a dangling link was followed or replaced");

    let (here, there) = (bench.path("here.pv"), bench.path("there.pv"));
    symlink(&there, &here).unwrap();
    symlink(&here, &there).unwrap();
    for way in WAYS {
        assert_eq!(os_error(way.open(&options, &here)), Some(Errno::LOOP), "{way:?}");
    }
    assert_eq!(os_error(options.open(&there)), Some(Errno::LOOP));
}

#[test]
fn unusual_names() {
    use std::os::unix::ffi::OsStrExt;

    let options = OpenOptions::<Tick>::new();
    for name in [&b"\xff\xfe.pv"[..], b"new\nline", b" ", b"*?\"'`$", &[b'n'; 255], b"...", b"-rf"]
    {
        let bench = Bench::new(OsStr::from_bytes(name));
        let mut vec = options.create(&bench.path).unwrap();
        vec.extend_from_slice(&ticks()).unwrap();
        vec.commit().unwrap();
        let error = options.open(&bench.path).unwrap_err();
        check_error("locked", error, &bench.path, &Refusal::Locked(LockHolder::ThisProcess), &[]);
        drop(vec);
        for way in WAYS {
            assert_eq!(way.open(&options, &bench.path).unwrap().0, ticks(), "{name:?}");
        }
        assert_eq!(bench.snapshot().len(), 1, "{name:?}: something was left behind");
    }

    let bench = Bench::new("n".repeat(256));
    for created in [options.create(&bench.path), options.open_or_create(&bench.path)] {
        assert_eq!(os_error(created), Some(Errno::NAMETOOLONG));
    }
    assert!(bench.snapshot().is_empty(), "something was left behind");
}

/// The number of an error for which std has no stable name.
fn os_error<T>(result: Result<T, Error>) -> Option<Errno> {
    match result {
        Err(Error::Io { source, .. }) => Errno::from_io_error(&source),
        _ => None,
    }
}

#[test]
fn relative_paths_and_slashes() {
    let options = OpenOptions::<Tick>::new();
    let bench = Bench::with(&image_of(Mode::default(), &ticks()));
    support::in_directory(bench.directory.path(), || {
        for path in ["ticks.pv", "./ticks.pv", "./././ticks.pv"] {
            let vec = options.open(path).unwrap();
            assert_eq!((vec.path(), &*vec), (Path::new(path), &ticks()[..]));
            let error = options.open_read_only(&bench.path).unwrap_err();
            let holder = Refusal::Locked(LockHolder::ThisProcess);
            check_error("relative", error, &bench.path, &holder, &["open in this process"]);
        }
        options.create("new.pv").unwrap().close().unwrap();
        assert!(bench.path("new.pv").is_file());
        fs::remove_file("new.pv").unwrap();

        let refusal = Refusal::Io(io::ErrorKind::NotFound);
        for created in [options.create(""), options.open_or_create("")] {
            check_error(
                "no name",
                created.unwrap_err(),
                Path::new(""),
                &refusal,
                &["can't create ``"],
            );
        }
        let no_directory = Refusal::Io(io::ErrorKind::NotADirectory);
        check_path("slash", &WAYS, &options, Path::new("ticks.pv/"), &no_directory, &[]);
        for created in [options.create("new.pv/"), options.open_or_create("new.pv/")] {
            check_error("slash", created.unwrap_err(), Path::new("new.pv/"), &no_directory, &[]);
        }
        let refusal = Refusal::NotAFile("a directory");
        check_path("here", &WAYS, &options, Path::new("."), &refusal, &[]);
    });
    assert_eq!(bench.snapshot().len(), 1, "something was left behind");
}
