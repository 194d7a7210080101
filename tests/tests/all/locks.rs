//! Who may open a file while others have it open.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use persist_core::{Error, LockHolder, MmapSlice, MmapVec};
use tempfile::TempDir;

use crate::child;

/// A handle of either kind.
#[derive(Debug)]
#[expect(dead_code, reason = "a handle is only held")]
enum Handle {
    Vec(MmapVec<u64>),
    Slice(MmapSlice<u64>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Vec,
    Slice,
}

impl Kind {
    fn open(self, path: &Path) -> Result<Handle, Error> {
        match self {
            Self::Vec => MmapVec::open(path).map(Handle::Vec),
            Self::Slice => MmapSlice::open(path).map(Handle::Slice),
        }
    }
}

/// A directory with a file of three elements, and four names of it.
fn names() -> (TempDir, [PathBuf; 4]) {
    let directory = tempfile::tempdir().unwrap();
    let names = ["file.pv", "symlink.pv", "hard-link.pv", "of-symlink.pv"];
    let [file, link, hard, of_link] = names.map(|name| directory.path().join(name));
    let mut vector = MmapVec::<u64>::create(&file).unwrap();
    vector.extend_from_slice(&[1, 2, 3]).unwrap();
    vector.commit().unwrap();
    vector.close().unwrap();
    symlink("file.pv", &link).unwrap();
    symlink(&link, &of_link).unwrap();
    fs::hard_link(&file, &hard).unwrap();
    (directory, [file, link, hard, of_link])
}

#[track_caller]
fn assert_locked<T: std::fmt::Debug>(result: Result<T, Error>, by: LockHolder, name: &Path) {
    match result {
        Err(error @ Error::Locked { .. }) => {
            let text = error.to_string();
            assert!(text.contains(&format!("is open in {by}")), "{text}");
            assert!(text.contains(name.to_str().unwrap()), "{text}");
            let Error::Locked { holder, .. } = error else { unreachable!() };
            assert_eq!(holder, by);
        }
        other => panic!("expected it to be locked, found {other:?}"),
    }
}

/// In a child: opens a file, and holds it.
fn hold_if_child() -> bool {
    let Some((role, path)) = child::task() else { return false };
    let kind = if role == "vec" { Kind::Vec } else { Kind::Slice };
    let _handle = kind.open(&path).unwrap();
    child::say("open");
    child::wait_for_release();
    true
}

fn assert_excludes_others(test: &str, role: &str, excluded: &[Kind], admitted: &[Kind]) {
    let (_directory, names) = names();
    let mut holder = child::start(test, role, &names[0]);
    holder.expect("open");
    for name in &names {
        for kind in excluded {
            assert_locked(kind.open(name), LockHolder::AnotherProcess, name);
        }
        for kind in admitted {
            kind.open(name).unwrap();
        }
    }
    if excluded.contains(&Kind::Vec) {
        let result = MmapVec::<u64>::open_or_create(&names[1]);
        assert_locked(result, LockHolder::AnotherProcess, &names[1]);
    }
    holder.release();
    assert!(holder.wait().success());
    assert_eq!(MmapVec::<u64>::open(&names[2]).unwrap(), [1, 2, 3]);
}

#[test]
fn a_writer_keeps_other_processes_out() {
    if !hold_if_child() {
        let test = "locks::a_writer_keeps_other_processes_out";
        assert_excludes_others(test, "vec", &[Kind::Vec, Kind::Slice], &[]);
    }
}

#[test]
fn a_reader_keeps_writers_out() {
    if !hold_if_child() {
        let test = "locks::a_reader_keeps_writers_out";
        assert_excludes_others(test, "slice", &[Kind::Vec], &[Kind::Slice]);
    }
}

#[test]
fn a_killed_process_leaves_no_lock() {
    if hold_if_child() {
        return;
    }
    let (_directory, names) = names();
    for role in ["vec", "slice"] {
        let mut holder = child::start("locks::a_killed_process_leaves_no_lock", role, &names[0]);
        holder.expect("open");
        assert_locked(Kind::Vec.open(&names[0]), LockHolder::AnotherProcess, &names[0]);
        holder.kill();
        Kind::Vec.open(&names[0]).unwrap();
    }
}

#[test]
fn one_process_is_no_exception() {
    let (_directory, names) = names();
    for (held, wanted, admitted) in [
        (Kind::Vec, Kind::Vec, false),
        (Kind::Vec, Kind::Slice, false),
        (Kind::Slice, Kind::Vec, false),
        (Kind::Slice, Kind::Slice, true),
    ] {
        for (first, second) in names.iter().flat_map(|a| names.iter().map(move |b| (a, b))) {
            let handle = held.open(first).unwrap();
            match wanted.open(second) {
                result if !admitted => assert_locked(result, LockHolder::ThisProcess, second),
                result => drop(result.unwrap()),
            }
            if admitted {
                assert_locked(Kind::Vec.open(second), LockHolder::ThisProcess, second);
            }
            drop(handle);
            drop(Kind::Vec.open(second).unwrap());
        }
    }
}

#[test]
fn every_way_to_close_unlocks() {
    let (_directory, [path, ..]) = names();
    let vector = MmapVec::<u64>::open(&path).unwrap();
    assert_locked(Kind::Vec.open(&path), LockHolder::ThisProcess, &path);
    vector.close().unwrap();

    let mut vector = MmapVec::<u64>::open(&path).unwrap();
    vector.push(4).unwrap();
    drop(vector);

    let vector = MmapVec::<u64>::open(&path).unwrap();
    let panicked = thread::spawn(move || {
        let _vector = vector;
        panic!("a panic that is expected");
    });
    assert!(panicked.join().is_err());
    assert_eq!(MmapVec::<u64>::open(&path).unwrap(), [1, 2, 3]);

    let slices = [(); 3].map(|()| MmapSlice::<u64>::open(&path).unwrap());
    for slice in slices {
        assert_locked(Kind::Vec.open(&path), LockHolder::ThisProcess, &path);
        drop(slice);
    }
    drop(MmapVec::<u64>::open(&path).unwrap());
}

#[test]
fn what_fails_leaves_no_lock() {
    let (directory, [path, ..]) = names();
    for _ in 0..3 {
        assert!(matches!(MmapVec::<u32>::open(&path), Err(Error::Layout { .. })));
        assert!(matches!(MmapSlice::<u32>::open(&path), Err(Error::Layout { .. })));
        let other = MmapVec::<u64>::options().app_magic(*b"ANOTHER\0");
        assert!(matches!(other.open(&path), Err(Error::AppMagic { .. })));
        assert!(matches!(MmapVec::<u64>::create(&path), Err(Error::AlreadyExists { .. })));
    }
    let vector = MmapVec::<u64>::open(&path).unwrap();
    assert_locked(Kind::Slice.open(&path), LockHolder::ThisProcess, &path);
    drop(vector);
    let damaged = directory.path().join("damaged.pv");
    let whole = fs::read(&path).unwrap();
    fs::write(&damaged, &whole[..100]).unwrap();
    assert!(matches!(Kind::Vec.open(&damaged), Err(Error::Truncated { .. })));
    fs::write(&damaged, &whole).unwrap();
    Kind::Vec.open(&damaged).unwrap();
}

#[test]
fn two_files_are_two_locks() {
    let (directory, [path, ..]) = names();
    let copy = directory.path().join("copy.pv");
    fs::copy(&path, &copy).unwrap();
    let mut first = MmapVec::<u64>::open(&path).unwrap();
    let mut second = MmapVec::<u64>::open(&copy).unwrap();
    first.push(4).unwrap();
    second.push(5).unwrap();
    assert_eq!((first.as_slice(), second.as_slice()), (&[1, 2, 3, 4][..], &[1, 2, 3, 5][..]));

    // The lock is on the file: it keeps its holder when the name goes to another file.
    fs::rename(&copy, &path).unwrap();
    assert_locked(Kind::Vec.open(&path), LockHolder::ThisProcess, &path);
    drop(second);
    assert_eq!(MmapVec::<u64>::open(&path).unwrap().len(), 3);
    assert_eq!(first, [1, 2, 3, 4]);
}

#[test]
fn of_many_threads_one_writes_at_a_time() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 150;
    let (_directory, [path, ..]) = names();
    let (writing, wins) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (path, writing, wins) = (&path, &writing, &wins);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    // Some open the file in vain: as another type.
                    if (number + round) % 4 == 0 {
                        match MmapVec::<u32>::open(path) {
                            Err(Error::Layout { .. }) => {}
                            other => assert_locked(other, LockHolder::ThisProcess, path),
                        }
                        continue;
                    }
                    match MmapVec::<u64>::open(path) {
                        Ok(mut vector) => {
                            assert!(!writing.swap(true, Ordering::SeqCst), "two writers");
                            // Seen by those who come later, or by nobody.
                            vector[0] += 1;
                            if round % 2 == 0 {
                                vector.commit().unwrap();
                                wins.fetch_add(1, Ordering::SeqCst);
                            }
                            thread::yield_now();
                            writing.store(false, Ordering::SeqCst);
                        }
                        other => assert_locked(other, LockHolder::ThisProcess, path),
                    }
                }
            });
        }
    });
    let wins = wins.into_inner();
    assert!(wins > 0);
    assert_eq!(MmapVec::<u64>::open(&path).unwrap(), [1 + wins as u64, 2, 3]);
}

#[test]
fn a_process_that_is_started_meanwhile_keeps_no_lock() {
    let (_directory, [path, ..]) = names();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        // Between fork and exec a new process has a copy of every open file.
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                Command::new("true").status().unwrap();
            }
        });
        let result = (0..2000).try_for_each(|_| MmapVec::<u64>::open(&path).map(drop));
        done.store(true, Ordering::SeqCst);
        result.unwrap();
    });
}

#[test]
fn a_removed_file_keeps_nobody_from_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for number in 0..4 {
            let path = directory.path().join(format!("{number}.pv"));
            scope.spawn(move || {
                for _ in 0..200 {
                    // Its number is free for another file as soon as this one is closed.
                    let vector = MmapVec::<u64>::options().journal_bytes(0).create(&path).unwrap();
                    fs::remove_file(&path).unwrap();
                    drop(vector);
                }
            });
        }
    });
}

/// The names in a directory.
fn listing(directory: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(directory).unwrap();
    names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn of_many_threads_one_creates() {
    const THREADS: usize = 6;
    for round in 0..20 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new.pv");
        let (barrier, created, opened) =
            (Barrier::new(THREADS), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for number in 0..THREADS as u64 {
                let (path, barrier, created, opened) = (&path, &barrier, &created, &opened);
                scope.spawn(move || {
                    barrier.wait();
                    let (result, count) = match (number + round) % 2 {
                        0 => (MmapVec::<u64>::create(path), created),
                        _ => (MmapVec::<u64>::open_or_create(path), opened),
                    };
                    match result {
                        Ok(mut vector) => {
                            vector.push(number).unwrap();
                            vector.commit().unwrap();
                            count.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(Error::AlreadyExists { .. }) if (number + round) % 2 == 0 => {}
                        other => assert_locked(other, LockHolder::ThisProcess, path),
                    }
                });
            }
        });
        let (created, opened) = (created.into_inner(), opened.into_inner());
        assert!(created <= 1 && created + opened >= 1, "{created} {opened}");
        assert_eq!(listing(directory.path()), BTreeSet::from(["new.pv".into()]));
        assert_eq!(MmapVec::<u64>::open(&path).unwrap().len(), created + opened);
    }
}

#[test]
fn of_many_processes_one_creates() {
    const PROCESSES: u64 = 3;
    const FILES: u64 = 12;
    let name = |number: u64| format!("{number}.pv");
    if let Some((role, directory)) = child::task() {
        child::say("ready");
        child::wait_for_release();
        for number in 0..FILES {
            let mut vector = loop {
                match MmapVec::<u64>::open_or_create(directory.join(name(number))) {
                    Err(Error::Locked { .. }) => thread::yield_now(),
                    result => break result.unwrap(),
                }
            };
            vector.push(role.parse().unwrap()).unwrap();
            vector.commit().unwrap();
        }
        child::say("done");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let start = |number: u64| {
        let test = "locks::of_many_processes_one_creates";
        child::start(test, &number.to_string(), directory.path())
    };
    let mut children: Vec<_> = (0..PROCESSES).map(start).collect();
    children.iter_mut().for_each(|child| child.expect("ready"));
    children.iter_mut().for_each(child::Child::release);
    children.iter_mut().for_each(|child| child.expect("done"));
    assert_eq!(listing(directory.path()), (0..FILES).map(name).collect());
    for number in 0..FILES {
        let mut elements =
            MmapVec::<u64>::open(directory.path().join(name(number))).unwrap().to_vec();
        elements.sort_unstable();
        assert!(elements.into_iter().eq(0..PROCESSES));
    }
}

#[test]
fn who_vouches_for_it_needs_no_lock() {
    let (_directory, [path, ..]) = names();
    let slice = MmapSlice::<u64>::open(&path).unwrap();
    // SAFETY: nobody writes or cuts the file.
    let unlocked = unsafe { MmapSlice::<u64>::options().open_read_only_unlocked(&path) }.unwrap();
    assert_eq!(slice, unlocked);
    drop(slice);
    // SAFETY: `unlocked` is dropped before the file is written.
    let mut vector = unsafe { MmapVec::<u64>::options().open_unlocked(&path) }.unwrap();
    drop(unlocked);
    vector.push(4).unwrap();
    vector.commit().unwrap();
    // SAFETY: the vector is not used while this one is.
    let other = unsafe { MmapSlice::<u64>::options().open_read_only_unlocked(&path) }.unwrap();
    assert_eq!(other, [1, 2, 3, 4]);
}
