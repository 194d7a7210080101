//! Processes that are killed at random moments, by the hundred, while they change, commit, roll back, recover:
//! what is in the file afterwards is the last commit that they told of, or the one in flight.
//!
//! What a commit holds follows from its number, so that whoever looks at the file knows what must be there.
//! Element 0 is that number.

#![cfg(target_os = "linux")]

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::DerefMut;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use persist_core::{MmapSlice, MmapVec, OpenOptions};

use crate::child::{self, Child};
use crate::disks::Disk;
use crate::support;

/// How many processes are killed on each file system.
fn rounds() -> u64 {
    let rounds = std::env::var("PERSIST_KILL_ROUNDS").ok();
    rounds.map_or(60, |rounds| rounds.parse().expect("PERSIST_KILL_ROUNDS is a number"))
}

/// Above so many elements they are truncated.
const MOST: usize = 120_000;

/// An LCG with the constants of Knuth's MMIX.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) as usize % end.max(1)
    }
}

/// What is done to a vector in a file, and to one in memory.
trait Elements: DerefMut<Target = [u64]> {
    fn append(&mut self, elements: &[u64]);
    fn insert_at(&mut self, index: usize, element: u64);
    fn remove_at(&mut self, index: usize);
    fn cut(&mut self, len: usize);
    /// Writes as `vector[index] = element` does, which is not the same as writing through the slice.
    fn put(&mut self, index: usize, element: u64);
}

macro_rules! elements {
    ($type:ty, $($unwrap:tt)*) => {
        impl Elements for $type {
            fn append(&mut self, elements: &[u64]) {
                self.extend_from_slice(elements)$($unwrap)*;
            }
            fn insert_at(&mut self, index: usize, element: u64) {
                self.insert(index, element)$($unwrap)*;
            }
            fn remove_at(&mut self, index: usize) {
                self.remove(index);
            }
            fn cut(&mut self, len: usize) {
                self.truncate(len);
            }
            fn put(&mut self, index: usize, element: u64) {
                self[index] = element;
            }
        }
    };
}

elements!(MmapVec<u64>, .unwrap());
elements!(Vec<u64>,);

/// One change of any kind.
fn change(elements: &mut impl Elements, random: &mut Random) {
    let len = elements.len();
    let (a, b) = (random.below(len + 1), random.below(len + 1));
    let (start, end) = (a.min(b), a.max(b));
    let value = random.below(1 << 30) as u64;
    match random.below(20) {
        _ if len > MOST => elements.cut(1 + a % 2000),
        0..6 => {
            for _ in 0..random.below(20) {
                let index = random.below(len);
                if index < len {
                    elements.put(index, value + index as u64);
                }
            }
        }
        6..8 => elements[start..end].iter_mut().step_by(97).for_each(|element| *element ^= value),
        8..12 => {
            let few: Vec<u64> = (0..random.below(200) as u64).map(|i| value ^ i).collect();
            elements.append(&few);
        }
        // More than goes to a journal.
        12 => elements.append(&vec![value; 33_000 + random.below(9000)]),
        13 => elements.cut(end),
        14 => elements.insert_at(start, value),
        15 if len > 0 => elements.remove_at(start % len),
        16 => elements[start..].sort_unstable(),
        17 => elements.reverse(),
        18 => elements.fill(value),
        _ => {
            // Most of it is as it was.
            elements.cut(len.saturating_sub(5));
            elements.append(&[value; 3]);
        }
    }
}

/// The changes from one commit to the one of this number.
fn advance(elements: &mut impl Elements, number: u64) {
    let mut random = Random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    for _ in 0..=random.below(3) {
        change(elements, &mut random);
    }
    if elements.is_empty() {
        elements.append(&[0]);
    }
    elements.put(0, number);
}

fn number_of(elements: &[u64]) -> u64 {
    elements.first().copied().unwrap_or(0)
}

/// How a file is made and opened; the role of a writer names one by its number.
const KINDS: [fn() -> OpenOptions<u64>; 3] = [
    || MmapVec::options().journal_bytes(0),
    || MmapVec::options().journal_bytes(1 << 20),
    // Every growth may move it.
    || MmapVec::options().journal_bytes(0).reserve_bytes(0),
];

/// Commits until it is killed, and says when.
fn write(kind: usize, path: &Path) {
    child::say("opening");
    let mut vector = KINDS[kind]().open(path).unwrap();
    let mut number = number_of(&vector);
    child::say(format!("open {number}"));
    let mut random = Random(number ^ 0xabcd);
    loop {
        if random.below(8) == 0 {
            for _ in 0..random.below(4) {
                change(&mut vector, &mut random);
            }
            vector.rollback().unwrap();
        }
        number += 1;
        advance(&mut vector, number);
        child::say(format!("commit {number}"));
        if random.below(60) == 0 {
            vector.close().unwrap();
            child::say(format!("done {number}"));
            vector = KINDS[kind]().open(path).unwrap();
        } else {
            vector.commit().unwrap();
            child::say(format!("done {number}"));
        }
        match random.below(30) {
            0..3 => vector.checkpoint().unwrap(),
            3 => vector.shrink_to_fit().unwrap(),
            4 => {
                drop(vector);
                vector = KINDS[kind]().open(path).unwrap();
            }
            _ => {}
        }
    }
}

/// What is known of a file from outside.
struct Witness {
    test: String,
    path: PathBuf,
    kind: usize,
    /// The last commit that was found in the file.
    model: Vec<u64>,
    /// The last one that a writer told of.
    done: u64,
    /// The last one that it began.
    begun: u64,
    /// How often the one in flight was in the file, and how often not.
    in_flight: [u32; 2],
}

impl Witness {
    fn new(test: &str, directory: &Path, kind: usize) -> Self {
        let path = directory.join(format!("{kind}.pv"));
        KINDS[kind]().create(&path).unwrap().close().unwrap();
        let (model, test) = (Vec::new(), test.to_owned());
        Self { test, path, kind, model, done: 0, begun: 0, in_flight: [0; 2] }
    }

    fn start(&self) -> Child {
        let mut child = child::start(&self.test, &self.kind.to_string(), &self.path);
        child.expect("opening");
        child
    }

    fn kill(&mut self, mut child: Child, after_micros: usize) {
        thread::sleep(Duration::from_micros(after_micros as u64));
        child.kill();
        while let Some(line) = child.hear() {
            self.note(&line);
        }
    }

    fn note(&mut self, line: &str) {
        let (what, number) = line.split_once(' ').unwrap();
        let number = number.parse().unwrap();
        match what {
            "open" => self.expect(number),
            "commit" => {
                assert_eq!(number, self.done + 1);
                self.begun = number;
            }
            _ => {
                assert_eq!((what, number), ("done", self.begun));
                self.done = number;
            }
        }
    }

    /// Somebody found a commit of this number in the file.
    #[track_caller]
    fn expect(&mut self, number: u64) {
        let (done, begun) = (self.done, self.begun);
        assert!((done..=begun).contains(&number), "found {number}, expected {done} or {begun}");
        if begun > done {
            self.in_flight[usize::from(number == begun)] += 1;
        }
        // What was found once stays.
        (self.done, self.begun) = (number, number);
    }

    /// Holds what was found in the file against what must be there.
    #[track_caller]
    fn check(&mut self, found: &[u64]) {
        let number = number_of(found);
        self.expect(number);
        while number_of(&self.model) < number {
            let next = number_of(&self.model) + 1;
            advance(&mut self.model, next);
        }
        assert!(found == self.model, "commit {number} is not what it was");
    }

    fn round(&mut self, random: &mut Random) {
        let mut child = self.start();
        self.note(&child.hear().expect("the writer opens the file"));
        self.kill(child, random.below(15_000));
        for _ in 0..random.below(3) {
            // While it recovers the file, or a little later.
            let child = self.start();
            self.kill(child, random.below(1000));
        }
        if random.below(3) > 0 {
            let before = fs::read(&self.path).unwrap();
            let slice = MmapSlice::<u64>::open(&self.path).unwrap();
            self.check(&slice);
            assert!(fs::read(&self.path).unwrap() == before, "reading has changed the file");
        }
        if random.below(3) > 0 {
            let vector = KINDS[self.kind]().open(&self.path).unwrap();
            assert_eq!(vector.committed_len(), vector.len());
            assert!(!vector.has_uncommitted_changes());
            self.check(&vector);
            if random.below(4) == 0 {
                vector.close().unwrap();
            }
        }
        // Not every time: some crashes follow on others.
    }
}

/// Kills writers of files in a directory.
fn kill_writers(test: &str, directory: &Path) {
    // Where they are killed is up to the scheduler anyway.
    let mut random = Random(RandomState::new().build_hasher().finish());
    let mut witnesses = [0, 1, 2].map(|kind| Witness::new(test, directory, kind));
    let commits = |witnesses: &[Witness]| witnesses.iter().map(|witness| witness.done).sum::<u64>();
    let mut round = 0;
    // On a slow disk few commits come to their end between two kills.
    while round < rounds() || commits(&witnesses) <= rounds() {
        witnesses[round as usize % 3].round(&mut random);
        round += 1;
    }
    for witness in &mut witnesses {
        let vector = KINDS[witness.kind]().open(&witness.path).unwrap();
        witness.check(&vector);
    }
    if std::env::var_os("PERSIST_KILL_ROUNDS").is_some() {
        let in_flight = witnesses.each_ref().map(|witness| witness.in_flight);
        eprintln!("{test}: {} commits, in flight {in_flight:?}", commits(&witnesses));
    }
}

/// In a process that is to be killed: never returns.
fn write_if_writer() {
    if let Some((role, path)) = child::task() {
        if let Ok(kind) = role.parse() {
            write(kind, &path);
        }
    }
}

macro_rules! on_disks {
    ($($name:ident: $disk:expr;)*) => { $(
        #[test]
        fn $name() {
            const TEST: &str = concat!("killed::", stringify!($name));
            write_if_writer();
            $disk.run(TEST, |disk| kill_writers(TEST, disk));
        }
    )* };
}

on_disks! {
    on_ext2: Disk::Image("ext2");
    on_xfs: Disk::Image("xfs");
    on_btrfs: Disk::Image("btrfs");
}

#[test]
fn in_the_directory_for_temporary_files() {
    write_if_writer();
    let directory = tempfile::tempdir().unwrap();
    kill_writers("killed::in_the_directory_for_temporary_files", directory.path());
}

#[test]
fn on_tmpfs() {
    const TEST: &str = "killed::on_tmpfs";
    write_if_writer();
    match tempfile::tempdir_in("/dev/shm") {
        Ok(directory) => kill_writers(TEST, directory.path()),
        Err(error) => support::skip(TEST, format!("/dev/shm: {error}")),
    }
}
