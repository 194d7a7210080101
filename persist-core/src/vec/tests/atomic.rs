//! Mode *atomic*: what a commit asks of its storage on each of its paths, and that every way to find changes
//! finds them all, in real files.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::ErrorKind;

use super::*;
use crate::mapping::Detection;
use crate::storage::FileStorage;
use crate::storage::faulty::{Call, FaultyStorage};
use crate::storage::sim::{Fault, Reboot, SimDisk};

const JOURNAL_BYTES: usize = 1 << 16;

/// Storage with a closed file of `len` elements. All its memory is private, as it is elsewhere than on
/// Linux.
fn file_of(len: u64) -> FaultyStorage {
    let storage = FaultyStorage::new(HeapStorage::that_must_remap(4 << 20));
    format_as::<u64>(&storage, Mode::Atomic);
    let mut vector = open::<u64>(&storage).unwrap();
    vector.reserve_exact(len as usize).unwrap();
    (0..len).for_each(|i| vector.push(i).unwrap());
    vector.close().unwrap();
    storage.take_calls();
    storage
}

/// A vector of `len` elements, after its first commit, and its storage.
fn warm(len: u64) -> (FaultyStorage, MmapVec<u64>) {
    let storage = file_of(len);
    let mut vector = open::<u64>(&storage).unwrap();
    vector[0] = 77;
    vector.commit().unwrap();
    storage.take_calls();
    (storage, vector)
}

fn expect(storage: &FaultyStorage, calls: &[Call]) {
    assert_eq!(storage.take_calls(), calls);
}

use Call::{Allocate, Map, Sync, Truncate, Write, WriteDurable};

/// What takes a checkpoint, where nothing waits to be applied.
const CHECKPOINT: [Call; 3] = [Sync, Write, Sync];

#[test]
fn a_small_commit_is_one_flush() {
    let (storage, mut vector) = warm(100);
    vector[3] = 1;
    vector.as_mut_slice()[50] = 2;
    vector.pop();
    expect(&storage, &[]);
    vector.commit().unwrap();
    expect(&storage, &[WriteDurable]);
    vector.commit().unwrap();
    expect(&storage, &[]);
}

#[test]
fn the_first_commit_says_that_the_file_has_a_writer() {
    let storage = file_of(10);
    let mut vector = open::<u64>(&storage).unwrap();
    vector[3] = 1;
    expect(&storage, &[Map]);
    vector.commit().unwrap();
    expect(&storage, &[Sync, Write, Sync, WriteDurable]);
    drop(vector);
    // The record may be known to the kernel only.
    let vector = open::<u64>(&storage).unwrap();
    expect(&storage, &[Sync, Write, Sync, Write, Sync, Map]);
    assert_eq!((vector[3], vector.info().shutdown), (1, Shutdown::Unclean));
}

#[test]
fn a_large_append_is_durable_before_it_is_counted() {
    let (storage, mut vector) = warm(10);
    vector.reserve_exact(JOURNAL_BYTES / 8).unwrap();
    storage.take_calls();
    vector.extend_from_slice(&[5; JOURNAL_BYTES / 8]).unwrap();
    vector.commit().unwrap();
    // The append, and a checkpoint. (Growing wrote the page that waited.)
    expect(&storage, &[Write, Sync, Write, Sync]);
    assert_eq!(vector.committed_len(), 10 + JOURNAL_BYTES / 8);
}

#[test]
fn a_large_append_with_edits_empties_the_journal_first() {
    let (storage, mut vector) = warm(10);
    vector.reserve_exact(JOURNAL_BYTES / 8).unwrap();
    storage.take_calls();
    vector.extend_from_slice(&[5; JOURNAL_BYTES / 8]).unwrap();
    vector[1] = 8;
    vector.commit().unwrap();
    expect(&storage, &[Write, Sync, Write, Sync, WriteDurable]);
}

#[test]
fn a_full_journal_is_emptied_first() {
    let (storage, mut vector) = warm(10);
    for i in 1..16 {
        vector[0] = i;
        vector.commit().unwrap();
        expect(&storage, &[WriteDurable]);
    }
    vector[0] = 100;
    vector.commit().unwrap();
    expect(&storage, &[Write, Sync, Write, Sync, WriteDurable]);
}

#[test]
fn a_commit_larger_than_the_journal_goes_past_the_data_first() {
    let len = JOURNAL_BYTES as u64 / 8;
    let (storage, mut vector) = warm(len);
    vector.iter_mut().for_each(|element| *element += 1);
    vector.commit().unwrap();
    let calls = storage.take_calls();
    let (spilled, rest) = calls.split_at(calls.iter().position(|&call| call == Sync).unwrap());
    assert!(spilled.chunks(2).all(|piece| piece == [Allocate, Write]), "{calls:?}");
    let (applied, rest) = rest.split_at(rest.len() - 4);
    assert_eq!(applied[..2], [Sync, WriteDurable]);
    assert!(applied[2..].iter().all(|&call| call == Write) && applied.len() > 2, "{calls:?}");
    assert_eq!(rest, [Sync, Write, Sync, Truncate]);
    assert_eq!(vector[5], 6);
    drop(vector);
    assert_eq!(open::<u64>(&storage).unwrap()[7], 8);
}

#[test]
fn a_commit_without_room_can_be_tried_again() {
    let len = JOURNAL_BYTES as u64 / 8;
    let (storage, mut vector) = warm(len);
    vector.iter_mut().for_each(|element| *element += 1);
    storage.fail(Allocate, 0, ErrorKind::StorageFull);
    assert!(matches!(vector.commit(), Err(Error::DiskFull { .. })));
    assert_eq!(storage.take_calls(), [Allocate, Truncate], "what was got half-way is given back");
    assert!(vector.has_uncommitted_changes());
    let before = open_read_only(&storage);
    assert_eq!((before[0], before[9]), (77, 9), "the last commit is there");
    drop(before);
    vector.commit().unwrap();
    assert_eq!(open_read_only(&storage)[9], 10);
}

#[test]
fn a_checkpoint_empties_the_journal() {
    let (storage, mut vector) = warm(10);
    vector[1] = 5;
    vector.checkpoint().unwrap();
    // The page that was committed before, not the change since.
    expect(&storage, &[[Write].as_slice(), &CHECKPOINT].concat());
    vector.checkpoint().unwrap();
    expect(&storage, &[]);
    assert!(vector.has_uncommitted_changes());
    vector.rollback().unwrap();
    assert_eq!((vector[0], vector[1]), (77, 1));
    vector.close().unwrap();
    expect(&storage, &[Sync, Write, Sync, Write, Sync]);
}

#[test]
fn a_file_is_cut_when_no_record_needs_what_is_cut_off() {
    let (storage, mut vector) = warm(100);
    vector.truncate(10);
    vector.commit().unwrap();
    storage.take_calls();
    vector.shrink_to_fit().unwrap();
    expect(&storage, &[Write, Sync, Write, Sync, Truncate, Map]);
    assert_eq!((vector.len(), vector.capacity()), (10, 10));
}

#[test]
fn what_isnt_committed_survives_growing_and_cutting() {
    let (storage, mut vector) = warm(100);
    vector[3] = 1000;
    vector.push(1001).unwrap();
    vector.reserve_exact(5000).unwrap();
    assert_eq!((vector[3], vector[100]), (1000, 1001));
    vector[4] = 1002;
    vector.shrink_to_fit().unwrap();
    assert_eq!((vector.capacity(), vector[3], vector[4], vector[100]), (101, 1000, 1002, 1001));
    assert_eq!(open_read_only(&storage).len(), 100, "nothing of it was committed");
    vector.rollback().unwrap();
    assert_eq!((vector.len(), vector[3], vector[4]), (100, 3, 4));
}

#[test]
fn a_failed_record_poisons() {
    let (storage, mut vector) = warm(10);
    vector[1] = 5;
    storage.fail(WriteDurable, 0, ErrorKind::Other);
    for result in [vector.commit(), vector.commit(), vector.rollback(), vector.checkpoint()] {
        assert!(matches!(result, Err(Error::Poisoned { action: Action::Write, .. })));
    }
    assert!(matches!(vector.reserve(100_000), Err(Error::Poisoned { .. })));
    assert_eq!(vector[1], 5, "reading goes on");
    vector[2] = 6;
    drop(vector);
    let vector = open::<u64>(&storage).unwrap();
    assert_eq!((vector[0], vector[1], vector[2]), (77, 1, 2));
}

#[test]
fn mode_shared_has_nothing_to_roll_back_to() {
    let storage = FaultyStorage::new(HeapStorage::new(HEADER_BYTES + 100));
    let mut vector = create::<u64>(&storage);
    vector.push(1).unwrap();
    assert!(matches!(vector.rollback(), Err(Error::NoRollback { .. })));
    assert_eq!(vector, [1]);
}

#[test]
fn a_program_that_says_its_mode_is_refused_a_file_of_another() {
    let storage = file_of(3);
    let shared = || MmapVec::<u64>::options().mode(Mode::Shared);
    let error = shared().vec(store(storage.clone()).unwrap()).unwrap_err();
    let text = "mode mismatch in `heap`: file: atomic, program: shared: ";
    assert!(error.to_string().starts_with(text), "{error}");
    expect(&storage, &[]);
    assert_eq!(shared().slice(store(storage.clone()).unwrap()).unwrap(), [0, 1, 2], "to read");
    let atomic = MmapVec::<u64>::options().mode(Mode::Atomic);
    assert_eq!(atomic.vec(store(storage).unwrap()).unwrap(), [0, 1, 2]);
}

/// What a poisoned vector is given stays in its memory.
#[test]
#[cfg_attr(miri, ignore = "takes minutes; other tests poison vectors and go on")]
fn a_poisoned_vector_changes_no_file() {
    let found: Vec<usize> = (0..16).map(found_after_changes_in_vain).collect();
    assert!(found.contains(&4210), "the commit in flight: {found:?}");
}

/// How many elements a kill leaves of a vector that was poisoned in a commit, and changed after that. Which sectors a
/// failed sync loses follows from the seed.
fn found_after_changes_in_vain(seed: u64) -> usize {
    let disk = SimDisk::new(seed, true, 512);
    format_as::<u64>(&disk, Mode::Atomic);
    let mut vector = open::<u64>(&disk).unwrap();
    vector.extend_from_slice(&[1; 10]).unwrap();
    vector.commit().unwrap();
    vector.extend_from_slice(&[2; 4200]).unwrap();
    // The slot that counts them is written, and not made durable.
    disk.fail_after(2, Fault::Broken);
    assert!(matches!(vector.commit(), Err(Error::Poisoned { action: Action::Sync, .. })));
    disk.fail_no_more();
    vector[4000] = 666;
    vector.as_mut_slice()[5] = 667;
    vector.truncate(4100);
    vector.push(668).unwrap();
    assert_eq!((vector[4000], vector[5], vector[4100]), (666, 667, 668));
    drop(vector);
    disk.reboot(Reboot::Kill);
    let vector = open::<u64>(&disk).unwrap();
    let (committed, in_flight) = vector.split_at(10);
    assert!(committed == [1; 10] && (in_flight.is_empty() || in_flight == [2; 4200]));
    vector.len()
}

fn open_read_only(storage: &FaultyStorage) -> MmapSlice<u64> {
    MmapVec::options().slice(store(storage.clone()).unwrap()).unwrap()
}

/// A way in which private pages and changes to them are handled, on a real file, and its name.
type Way = (&'static str, fn(File) -> FileStorage);

fn ways() -> Vec<Way> {
    let mut ways: Vec<Way> = vec![
        ("what is best here", FileStorage::new),
        ("everywhere", |file| FileStorage::new(file).portable()),
        ("compare", |file| FileStorage::with_detection(file, Detection::Compare)),
    ];
    if is_true_here(Detection::PagemapScan) {
        ways.push(("scan", |file| FileStorage::with_detection(file, Detection::PagemapScan)));
    }
    if is_true_here(Detection::Pagemap) {
        ways.push(("pagemap", |file| FileStorage::with_detection(file, Detection::Pagemap)));
        // Mappings there end with the file, within a page.
        ways.push(("pagemap everywhere", |file| {
            FileStorage::with_detection(file, Detection::Pagemap).portable()
        }));
    }
    ways
}

/// Not in an emulator, nor in an old kernel.
#[cfg(target_os = "linux")]
fn is_true_here(detection: Detection) -> bool {
    let file = tempfile::tempfile().unwrap();
    file.set_len(1 << 20).unwrap();
    detection.tells_the_truth(&file).unwrap_or(false)
}

#[cfg(not(target_os = "linux"))]
fn is_true_here(_: Detection) -> bool {
    false
}

/// Random changes of every kind, in files of some hundred pages, against a `Vec` that remembers the last
/// commit.
#[test]
#[cfg_attr(miri, ignore = "maps real files")]
fn every_way_to_find_changes_finds_them_all() {
    for (name, way) in ways() {
        for seed in 0..10 {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("way.pv");
            let new = || way(File::options().read(true).write(true).open(&path).unwrap());
            File::create(&path).unwrap();
            format_as::<[u64; 3]>(&new(), Mode::Atomic);
            Play { name, seed, random: fastrand::Rng::with_seed(seed) }.run(&|| {
                let options =
                    MmapVec::options().reserve_bytes(if seed % 2 == 0 { 0 } else { 1 << 30 });
                options.vec(Store::open(&path, Box::new(new()), None).unwrap()).unwrap()
            });
        }
    }
}

struct Play {
    name: &'static str,
    seed: u64,
    random: fastrand::Rng,
}

impl Play {
    fn run(mut self, open: &dyn Fn() -> MmapVec<[u64; 3]>) {
        let (mut vector, mut model) = (open(), Vec::new());
        let mut committed: Vec<[u64; 3]> = Vec::new();
        for step in 0..60 {
            let at = format!("{}, seed {}, step {step}", self.name, self.seed);
            self.change(&mut vector, &mut model);
            match self.random.u32(..10) {
                0..4 => {
                    assert_eq!(vector.has_uncommitted_changes(), model != committed, "{at}");
                    vector.commit().unwrap();
                    committed.clone_from(&model);
                }
                4 => {
                    vector.rollback().unwrap();
                    model.clone_from(&committed);
                }
                5 => vector.checkpoint().unwrap(),
                6 => {
                    drop(vector);
                    vector = open();
                    model.clone_from(&committed);
                }
                7 => vector.shrink_to_fit().unwrap(),
                _ => {}
            }
            assert!(vector == model, "{at}");
            assert_eq!(vector.committed_len(), committed.len(), "{at}");
        }
        vector.close().unwrap();
        assert!(open() == model, "{}, seed {}", self.name, self.seed);
    }

    fn change(&mut self, vector: &mut MmapVec<[u64; 3]>, model: &mut Vec<[u64; 3]>) {
        let value = [self.random.u64(..), self.random.u64(..3), 0];
        let (len, i) = (model.len(), self.random.usize(..=model.len()));
        let j = self.random.usize(i..=len.min(i + 2000));
        match self.random.u32(..9) {
            0 => {
                let more = vec![value; self.random.usize(..20_000)];
                vector.extend_from_slice(&more).unwrap();
                model.extend_from_slice(&more);
            }
            1 if len > 0 => {
                for k in 0..20 {
                    let i = (i * 7 + k * 997) % len;
                    (vector[i], model[i]) = (value, value);
                }
            }
            2 => {
                vector[i..j].fill(value);
                model[i..j].fill(value);
            }
            3 => {
                vector.as_mut_slice()[i..j].reverse();
                model[i..j].reverse();
            }
            4 => {
                vector.truncate(len - len / 4);
                model.truncate(len - len / 4);
            }
            5 => {
                vector.insert(i, value).unwrap();
                model.insert(i, value);
            }
            6 if i < len => assert_eq!(vector.remove(i), model.remove(i)),
            7 if self.random.bool() => {
                vector.sort_unstable();
                model.sort_unstable();
            }
            _ => {
                vector.push(value).unwrap();
                model.push(value);
            }
        }
    }
}

/// Where the system hasn't the memory to let all pages be private, those that are changed one by one are.
#[test]
fn a_few_pages_can_be_changed_with_little_memory() {
    const PAGE_BYTES: usize = 512;
    let (seeds, steps) = if cfg!(miri) { (1, 15) } else { (300, 60) };
    for seed in 0..seeds {
        let mut random = fastrand::Rng::with_seed(seed);
        let disk = SimDisk::new(seed, true, PAGE_BYTES);
        format_as::<u64>(&disk, Mode::Atomic);
        let reserve_bytes = if random.bool() { 1 << 17 } else { 0 };
        let open = || {
            let store = store(disk.clone()).unwrap();
            MmapVec::<u64>::options().reserve_bytes(reserve_bytes).vec(store).unwrap()
        };
        let (mut vector, mut model) = (open(), Vec::new());
        let mut committed = Vec::new();
        for step in 0..steps {
            // Memory comes and goes.
            disk.limit_private([PAGE_BYTES, usize::MAX][usize::from(random.u32(..6) == 0)]);
            for _ in 0..random.usize(..6) {
                if !model.is_empty() {
                    let (i, value) = (random.usize(..model.len()), random.u64(..));
                    (vector[i], model[i]) = (value, value);
                }
            }
            for _ in 0..[0, 1, 100][random.usize(..3)] {
                vector.reserve_exact(1).unwrap();
                vector.push(step).unwrap();
                model.push(step);
            }
            match random.u32(..6) {
                0..3 => {
                    vector.commit().unwrap();
                    committed.clone_from(&model);
                }
                3 => {
                    vector.rollback().unwrap();
                    model.clone_from(&committed);
                }
                4 => {
                    drop(vector);
                    vector = open();
                    model.clone_from(&committed);
                }
                _ => vector.checkpoint().unwrap(),
            }
            assert!(vector == model, "seed {seed}, step {step}");
            assert_eq!(vector.has_uncommitted_changes(), model != committed, "seed {seed}");
        }
    }
}

/// Growth that needs such memory, and finds none, says so.
#[test]
fn growth_with_little_memory_fails_and_changes_nothing() {
    let disk = SimDisk::new(0, true, 512);
    format_as::<u64>(&disk, Mode::Atomic);
    let mut vector = open::<u64>(&disk).unwrap();
    vector.reserve_exact(1001).unwrap();
    vector.extend_from_slice(&[1; 1000]).unwrap();
    vector.commit().unwrap();
    vector[0] = 2;
    vector.push(3).unwrap();
    disk.limit_private(0);
    let expected = vector.to_vec();
    let error = vector.reserve_exact(1 << 14).unwrap_err();
    assert!(matches!(error, Error::Io { action: Action::Map, .. }), "{error}");
    assert_eq!(vector, expected);
    vector.commit().unwrap();
    vector.close().unwrap();
    let mut vector = open::<u64>(&disk).unwrap();
    vector.truncate(10);
    let error = vector.push(4).unwrap_err();
    assert!(matches!(error, Error::Io { action: Action::Map, .. }), "{error}");
    disk.limit_private(usize::MAX);
    vector.push(4).unwrap();
    vector.commit().unwrap();
    drop(vector);
    assert_eq!(open::<u64>(&disk).unwrap(), [2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4]);
}

#[test]
#[should_panic = "the system refuses the memory to change elements of `heap`, 512 bytes"]
fn all_elements_cant_be_changed_with_little_memory() {
    let disk = SimDisk::new(0, true, 512);
    format_as::<u64>(&disk, Mode::Atomic);
    let mut vector = open::<u64>(&disk).unwrap();
    vector.reserve_exact(1).unwrap();
    vector.push(1).unwrap();
    vector.commit().unwrap();
    disk.limit_private(0);
    vector.sort();
}

/// Where few pages are used, copies are given back with all that maps them; a working set stays mapped.
#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(miri, ignore = "asks the kernel")]
fn a_commit_by_slice_gives_back_what_is_hardly_used() {
    const PAGE_LEN: usize = 512;
    const PAGES: usize = 1024;

    if !is_true_here(Detection::PagemapScan) {
        println!("SKIPPED: this kernel has no PAGEMAP_SCAN");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut vector = MmapVec::<u64>::create(directory.path().join("vec.pv")).unwrap();
    vector.resize(PAGES * PAGE_LEN, 7).unwrap();
    vector.commit().unwrap();
    vector.close().unwrap();
    let mut vector = MmapVec::<u64>::open(directory.path().join("vec.pv")).unwrap();
    let least_mapped = |vector: &mut MmapVec<u64>| {
        (0..20)
            .map(|page| {
                vector.as_mut_slice()[page * 50 * PAGE_LEN] += 1;
                vector.commit().unwrap();
                mapped_bytes(vector.as_ptr().addr())
            })
            .min()
    };
    assert_eq!(least_mapped(&mut vector), Some(0));

    assert_eq!(vector.iter().filter(|element| **element == 8).count(), 20);
    let all = least_mapped(&mut vector).unwrap();
    assert!(all > PAGES * PAGE_LEN * size_of::<u64>() / 2, "{all} bytes stayed of what is read");
}

/// A checkpoint gives back the copies of what it brought to its place, and loses nothing that wasn't committed.
#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(miri, ignore = "asks the kernel")]
fn a_checkpoint_gives_copies_back() {
    const PAGE_LEN: usize = 512;
    const PAGES: usize = 100;

    if std::env::var_os("PERSIST_TEST_RUNNER").is_some() {
        println!("SKIPPED: an emulator has its own idea of which pages there are");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut vector = MmapVec::<u64>::create(directory.path().join("vec.pv")).unwrap();
    vector.resize(PAGES * PAGE_LEN + 1, 7).unwrap();
    vector.commit().unwrap();
    // Fewer than would be brought to their place at once.
    for page in [1, 3, 5, PAGES] {
        vector[page * PAGE_LEN] = 8;
    }
    vector.commit().unwrap();
    let copies = |vector: &MmapVec<u64>| of_mapping("Anonymous:", vector.as_ptr().addr());
    assert!(copies(&vector) > 0);
    vector[PAGE_LEN + 1] = 9;
    vector[4 * PAGE_LEN] = 9;
    vector.push(9).unwrap();
    let expected = vector.to_vec();
    vector.checkpoint().unwrap();
    assert_eq!(vector, expected);
    vector.rollback().unwrap();
    let committed = expected.iter().map(|&element| if element == 9 { 7 } else { element });
    assert_eq!(vector, committed.take(PAGES * PAGE_LEN + 1).collect::<Vec<_>>());

    (3..6).for_each(|page| vector[page * PAGE_LEN] = 8);
    vector.commit().unwrap();
    vector.checkpoint().unwrap();
    let page_bytes = PAGE_LEN * size_of::<u64>();
    assert!(copies(&vector) <= page_bytes, "but for the page in which elements end");
}

/// Elements that were pushed in the place of committed ones are in no commit, either.
#[test]
#[cfg_attr(miri, ignore = "maps real files")]
fn a_checkpoint_keeps_what_was_pushed_after_a_truncation() {
    const LEN: usize = 100 * 512;

    let directory = tempfile::tempdir().unwrap();
    let mut vector = MmapVec::<u64>::create(directory.path().join("vec.pv")).unwrap();
    vector.resize(LEN, 7).unwrap();
    vector.commit().unwrap();
    for kept in [1500, 700, 0] {
        // Fewer pages than would be brought to their place at once.
        (0..3).for_each(|page| vector[page * 512] += 1);
        vector.commit().unwrap();
        vector.truncate(kept);
        (0..10).for_each(|element| vector.push(element).unwrap());
        vector.extend_from_slice(&[5; 2000]).unwrap();
        let expected = vector.to_vec();
        vector.checkpoint().unwrap();
        assert_eq!(vector, expected);
        vector.resize(LEN, 7).unwrap();
        vector.commit().unwrap();
    }
}

/// How many bytes of the mapping at an address are in memory, and have their place in the page tables of this process.
#[cfg(target_os = "linux")]
fn mapped_bytes(address: usize) -> usize {
    of_mapping("Rss:", address)
}

/// What the kernel says of the mapping that begins at an address, in bytes.
#[cfg(target_os = "linux")]
fn of_mapping(what: &str, address: usize) -> usize {
    let text = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let starts_at = format!("{address:08x}-");
    let mapping = text.split_once(&starts_at).expect("the mapping has lines of its own").1;
    let line = mapping.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() << 10
}

#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(miri, ignore = "asks the kernel")]
fn the_kernel_tells_which_pages_were_written() {
    let file = tempfile::tempfile().unwrap();
    file.set_len(1 << 20).unwrap();
    if std::env::var_os("PERSIST_TEST_RUNNER").is_some() {
        println!("SKIPPED: an emulator has its own idea of which pages there are");
        return;
    }
    assert!(Detection::Pagemap.tells_the_truth(&file).unwrap(), "older than any kernel in use");
    assert!(!Detection::Compare.tells_the_truth(&file).unwrap(), "it says that all were");
    if Detection::PagemapScan.tells_the_truth(&file).is_err() {
        println!("SKIPPED: this kernel has no PAGEMAP_SCAN");
        assert_eq!(Detection::best(&file), Detection::Pagemap);
    } else {
        assert_eq!(Detection::best(&file), Detection::PagemapScan);
    }
}
