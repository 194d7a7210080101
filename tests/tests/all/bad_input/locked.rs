//! Files that are locked, and refusals that leave no lock behind.

use std::fs;

use persist_core::{LockHolder, MmapVec, Mode, OpenOptions};

use super::{Bench, Refusal, Tick, WAYS, Way, check_error, check_path, image_of, newer, ticks};

#[test]
fn one_writer_or_many_readers() {
    let options = OpenOptions::<Tick>::new();
    let bench = Bench::with(&image_of(Mode::default(), &ticks()));
    let (soft, hard) = (bench.path("soft.pv"), bench.path("hard.pv"));
    #[cfg(unix)]
    std::os::unix::fs::symlink(&bench.path, &soft).unwrap();
    // Who may make symbolic links there is a setting.
    #[cfg(windows)]
    fs::hard_link(&bench.path, &soft).unwrap();
    fs::hard_link(&bench.path, &hard).unwrap();
    let refusal = Refusal::Locked(LockHolder::ThisProcess);
    let texts = ["is locked", "open in this process", "close it there, or try again later"];

    let before = bench.snapshot();
    let writer = options.open(&bench.path).unwrap();
    for path in [&bench.path, &soft, &hard] {
        check_path("writer", &WAYS, &options, path, &refusal, &texts);
        let error = options.create(path).unwrap_err();
        check_error("create", error, path, &Refusal::AlreadyExists, &[]);
    }
    assert_eq!(writer, ticks());
    drop(writer);

    let readers = [&bench.path, &soft, &hard].map(|path| options.open_read_only(path).unwrap());
    for path in [&bench.path, &soft, &hard] {
        check_path("readers", &[Way::Vec, Way::OpenOrCreate], &options, path, &refusal, &texts);
    }
    assert!(readers.iter().all(|reader| *reader == ticks()));
    let [first, second, third] = readers;
    drop((first, second));
    check_path("last reader", &[Way::Vec], &options, &bench.path, &refusal, &texts);
    drop(third);
    assert!(bench.snapshot() == before);
    drop(options.open(&hard).unwrap());

    let created = options.create(bench.path("new.pv")).unwrap();
    check_path("created", &WAYS, &options, created.path(), &refusal, &texts);
}

/// A handle that was refused, for whatever reason, leaves no lock behind.
#[test]
fn a_refusal_leaves_no_lock() {
    let bench = Bench::with(&image_of(Mode::default(), &ticks()).flipped(100, 1));
    for way in WAYS {
        assert!(way.open(&OpenOptions::<Tick>::new(), &bench.path).is_err());
    }
    image_of(Mode::default(), &ticks()).write(&bench.path);
    assert!(MmapVec::<newer::Tick>::open(&bench.path).is_err());
    assert_eq!(MmapVec::<Tick>::open(&bench.path).unwrap(), ticks());
}
