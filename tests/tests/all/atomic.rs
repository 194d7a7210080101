//! Mode *atomic* as a program meets it: rollback, large and small journals, elements that move while they are
//! changed, thousands of commits, and the memory that copies of pages take.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use persist_core::{Error, MmapSlice, MmapVec, Mode, OpenOptions, Shutdown};
use tempfile::TempDir;

use crate::{child, disks, support};

const PAGE: usize = 4096 / 8;

fn element(index: usize) -> u64 {
    (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn small() -> OpenOptions<u64> {
    MmapVec::options().journal_bytes(0)
}

/// A vector of `len` committed elements.
fn committed(options: &OpenOptions<u64>, len: usize) -> (TempDir, MmapVec<u64>) {
    let directory = tempfile::tempdir().unwrap();
    let mut vector = options.create(directory.path().join("vec.pv")).unwrap();
    vector.try_extend((0..len).map(element)).unwrap();
    vector.commit().unwrap();
    (directory, vector)
}

/// Makes sure of enough elements for every change.
fn refill(vector: &mut MmapVec<u64>) {
    for index in vector.len()..20_000 {
        vector.push(element(index)).unwrap();
    }
}

/// What a process would see that opened the file now.
#[track_caller]
fn assert_in_the_file(vector: &MmapVec<u64>, expected: &[u64]) {
    // SAFETY: nobody writes while this slice lives.
    let slice = unsafe { MmapSlice::options().open_read_only_unlocked(vector.path()) }.unwrap();
    assert!(slice == expected);
}

type Change = fn(&mut MmapVec<u64>);

/// Every way to change a vector.
const CHANGES: [(&str, Change); 16] = [
    ("index", |vector| vector[PAGE + 3] ^= 1),
    ("get_mut", |vector| *vector.get_mut(5).unwrap() ^= 1),
    ("pages by index", |vector| (0..vector.len()).step_by(PAGE).for_each(|i| vector[i] ^= 1)),
    ("slice", |vector| vector.as_mut_slice()[7..9000].fill(7)),
    ("pointer", |vector| {
        // SAFETY: the first element is there, and nothing refers to it.
        unsafe { vector.as_mut_ptr().write(77) }
    }),
    ("swap", |vector| vector.swap(1, 9_000)),
    ("sort", |vector| vector.sort_unstable()),
    ("push", |vector| vector.push(1).unwrap()),
    ("append much", |vector| vector.resize(vector.len() + 200_000, 3).unwrap()),
    ("pop", |vector| _ = vector.pop()),
    ("pop, push", |vector| {
        vector.truncate(vector.len() - 700);
        vector.extend_from_slice(&[4; 600]).unwrap();
    }),
    ("clear", |vector| vector.clear()),
    ("clear, grow", |vector| {
        vector.clear();
        vector.resize(150_000, 5).unwrap();
    }),
    ("insert", |vector| vector.insert(3, 3).unwrap()),
    ("retain", |vector| vector.retain(|element| element % 3 == 0)),
    ("spare", |vector| {
        vector.truncate(100);
        vector.spare_capacity_mut()[..5000].iter_mut().for_each(|place| _ = place.write(9));
    }),
];

#[test]
fn rollback_undoes_every_change() {
    let (_directory, mut vector) = committed(&small(), 20_000);
    let path = vector.path().to_path_buf();
    let before = vector.to_vec();
    let file = fs::read(&path).unwrap();
    for (name, change) in CHANGES {
        assert!(!vector.has_uncommitted_changes(), "before {name}");
        change(&mut vector);
        assert!(vector != before, "{name} changes nothing");
        assert!(vector.has_uncommitted_changes(), "{name}");
        assert_in_the_file(&vector, &before);
        vector.rollback().unwrap();
        assert!(vector == before && !vector.has_uncommitted_changes(), "{name}");
        // Twice is once.
        vector.rollback().unwrap();
        assert!(vector == before, "{name}");
    }
    // Some after others.
    for ((name, change), (then, change_then)) in
        CHANGES.iter().flat_map(|a| CHANGES.iter().map(move |b| (a, b)))
    {
        if !matches!(*name, "clear" | "spare" | "clear, grow" | "retain") {
            change(&mut vector);
            change_then(&mut vector);
            vector.rollback().unwrap();
            assert!(vector == before && !vector.has_uncommitted_changes(), "{name}, {then}");
        }
    }
    // What was committed is where it was.
    let committed_bytes = vector.info().data_offset_bytes as usize + before.len() * 8;
    vector.shrink_to_fit().unwrap();
    drop(vector);
    assert!(fs::read(&path).unwrap()[16384..committed_bytes] == file[16384..committed_bytes]);
    assert!(small().open(&path).unwrap() == before);
}

/// After each change a commit, after it another change that is undone: the pages of the commit are in memory, in
/// the journal, or in the file.
#[test]
fn rollback_goes_back_to_the_last_commit_only() {
    for journal_bytes in [0, 1 << 20] {
        let options = MmapVec::options().journal_bytes(journal_bytes);
        let (_directory, mut vector) = committed(&options, 20_000);
        for round in 0..3 {
            for (i, (name, change)) in CHANGES.iter().enumerate() {
                refill(&mut vector);
                vector.truncate(100_000);
                change(&mut vector);
                vector.push(round as u64).unwrap();
                vector[0] ^= 1;
                vector.commit().unwrap();
                assert!(!vector.has_uncommitted_changes(), "{name}");
                let before = vector.to_vec();
                for (then, change) in CHANGES.iter().cycle().skip(i * 5 + round).take(4) {
                    if vector.len() >= 20_000 {
                        change(&mut vector);
                    } else {
                        vector.reverse();
                        vector.push(round as u64).unwrap();
                    }
                    vector.rollback().unwrap();
                    assert!(vector == before, "{name}, {then}");
                }
                if i % 5 == round {
                    vector.checkpoint().unwrap();
                    assert!(vector == before, "{name}");
                }
                assert_in_the_file(&vector, &before);
            }
        }
    }
}

#[test]
fn every_size_of_journal_takes_every_commit() {
    for journal_bytes in [0, 64 << 10, 1 << 20, 64 << 20] {
        let options = MmapVec::options().journal_bytes(journal_bytes);
        let (_directory, mut vector) = committed(&options, 300_000);
        let path = vector.path().to_path_buf();
        assert!(vector.info().data_offset_bytes >= journal_bytes.max(64 << 10));
        let mut model = vector.to_vec();
        for number in 0..12 {
            let (start, end) = (number * 1000, number * 1000 + [1, 5000, 200_000][number % 3]);
            model[start..end].iter_mut().for_each(|element| *element ^= number as u64);
            vector[start..end].iter_mut().for_each(|element| *element ^= number as u64);
            if number % 4 == 1 {
                vector.resize(model.len() + 50_000, 3).unwrap();
                model.resize(model.len() + 50_000, 3);
            }
            if number % 4 == 2 {
                vector.truncate(290_000);
                model.truncate(290_000);
            }
            assert!(vector.has_uncommitted_changes() || number == 0);
            vector.commit().unwrap();
            assert!(vector == model && !vector.has_uncommitted_changes());
            assert_in_the_file(&vector, &model);
        }
        drop(vector);
        let vector = options.open(&path).unwrap();
        assert!(vector == model);
        vector.close().unwrap();
        let slice = MmapSlice::<u64>::open(&path).unwrap();
        assert!(slice == model && slice.info().shutdown == Shutdown::Clean);
    }
}

/// Growth past the reserved address space maps the file anew, and what isn't in it goes along.
#[test]
fn uncommitted_elements_survive_a_move() {
    let options = small().reserve_bytes(1 << 20);
    let edits: [Change; 5] = [
        |_| {},
        |vector| vector[PAGE] = 1,
        |vector| vector.reverse(),
        |vector| {
            vector[0] = 2;
            vector.as_mut_slice()[PAGE * 3..PAGE * 9].fill(3);
            vector.truncate(vector.len() - 10);
            vector.extend_from_slice(&[4; 5]).unwrap();
        },
        |vector| {
            vector.truncate(100);
            vector.resize(3000, 9).unwrap();
        },
    ];
    for is_logged in [false, true] {
        for edit in edits {
            let (_directory, mut vector) = committed(&options, 100_000);
            let path = vector.path().to_path_buf();
            if is_logged {
                // Committed, and not in its place yet.
                vector[PAGE * 2] = 8;
                vector.push(8).unwrap();
                vector.commit().unwrap();
            }
            let mut before = vector.to_vec();
            let mut addresses = std::collections::BTreeSet::new();
            for round in 0..4 {
                edit(&mut vector);
                vector.push(round).unwrap();
                let mut model = vector.to_vec();
                while vector.len() < before.len() + (150_000 << round) {
                    let more: Vec<u64> = (0..9000).map(|i| round ^ i).collect();
                    vector.extend_from_slice(&more).unwrap();
                    model.extend_from_slice(&more);
                    addresses.insert(vector.as_ptr().addr());
                }
                assert!(vector == model);
                assert_in_the_file(&vector, &before);
                if round % 2 == 0 {
                    vector.rollback().unwrap();
                    assert!(vector == before);
                    vector
                        .try_extend(model[before.len().min(model.len())..].iter().copied())
                        .unwrap();
                    edit(&mut vector);
                    model = vector.to_vec();
                }
                vector.commit().unwrap();
                assert!(vector == model);
                assert_in_the_file(&vector, &model);
                before = model;
            }
            assert!(addresses.len() > 1, "nothing was moved");
            drop(vector);
            assert!(options.open(&path).unwrap() == before);
        }
    }
}

fn mappings() -> usize {
    fs::read_to_string("/proc/self/maps").unwrap().lines().count()
}

/// A process may have 65,530 mappings; the parts of one vector must not use them up.
#[test]
fn thousands_of_commits_take_few_mappings() {
    const TEST: &str = "atomic::thousands_of_commits_take_few_mappings";
    if let Some((_, path)) = child::task() {
        let mut vector = small().create(path).unwrap();
        vector.resize(100_000, 1).unwrap();
        vector.commit().unwrap();
        let (mut model, before, mut most) = (vector.to_vec(), mappings(), 0);
        for number in 0..4000_usize {
            let index = number * 7919 % model.len();
            vector[index] = number as u64;
            model[index] = number as u64;
            if number % 10 == 0 {
                vector.as_mut_slice()[index] += 1;
                model[index] += 1;
            }
            // Now inside a page, now past one.
            let more = vec![number as u64; number % 700];
            vector.extend_from_slice(&more).unwrap();
            model.extend_from_slice(&more);
            if number % 97 == 0 {
                vector.truncate(model.len() - 1000);
                model.truncate(model.len() - 1000);
            }
            vector.commit().unwrap();
            most = most.max(mappings());
            if number % 500 == 0 {
                assert!(vector == model);
            }
        }
        assert!(vector == model);
        assert!(most - before < 2500, "{most} mappings, {before} before");
        drop(vector);
        assert!(mappings() <= before, "they go with the vector");
        child::say("done");
        return;
    }
    // Where a flush costs nothing, for there are thousands.
    let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let mut child = child::start(TEST, "", &directory.path().join("vec.pv"));
    child.expect("done");
    assert!(child.wait().success());
}

/// Commits and rollbacks of a vector in a process with special memory.
fn use_vector(directory: &Path) {
    let path = directory.join("vec.pv");
    let mut vector = small().reserve_bytes(64 << 20).create(&path).unwrap();
    vector.try_extend((0..100_000).map(element)).unwrap();
    vector.commit().unwrap();
    for (name, change) in CHANGES {
        let before = vector.to_vec();
        change(&mut vector);
        vector.rollback().unwrap();
        assert!(vector == before, "{name}");
        change(&mut vector);
        let after = vector.to_vec();
        vector.commit().unwrap();
        assert!(vector == after, "{name}");
        assert_in_the_file(&vector, &after);
        vector.reverse();
        vector.rollback().unwrap();
        assert!(vector == after, "{name}");
        refill(&mut vector);
        vector.commit().unwrap();
    }
    let expected = vector.to_vec();
    vector.close().unwrap();
    assert!(MmapVec::open(&path).unwrap() == expected);
}

/// Locked memory is where `madvise` drops no page.
#[test]
fn locked_memory_changes_nothing() {
    const TEST: &str = "atomic::locked_memory_changes_nothing";
    if let Some((_, path)) = child::task() {
        use rustix::mm::{MlockAllFlags, mlockall};
        match mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE) {
            Ok(()) => {
                use_vector(&path);
                child::say("done");
            }
            Err(error) => child::say(format!("can't lock memory: {error}")),
        }
        return;
    }
    if child::skips_in_emulator(TEST, "it would lock its own memory, too") {
        return;
    }
    run_as_child(TEST);
}

/// Takes all the mappings that this process may have, and gives them back when it is dropped.
struct AllMappings(Vec<*mut std::ffi::c_void>);

impl AllMappings {
    fn take() -> Self {
        use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

        let mut taken = Vec::with_capacity(1 << 20);
        // Neighbours that differ are not joined.
        for protection in [ProtFlags::READ, ProtFlags::empty()].into_iter().cycle() {
            // SAFETY: a new mapping, anywhere.
            let mapped = unsafe {
                mmap_anonymous(std::ptr::null_mut(), 4096, protection, MapFlags::PRIVATE)
            };
            match mapped {
                Ok(address) if taken.len() < taken.capacity() => taken.push(address),
                _ => break,
            }
        }
        Self(taken)
    }
}

impl Drop for AllMappings {
    fn drop(&mut self) {
        for &address in &self.0 {
            // SAFETY: `take` mapped this page, and nobody knows of it.
            unsafe { rustix::mm::munmap(address, 4096) }.unwrap();
        }
    }
}

/// What a call panicked with.
fn panic_of(f: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    panic.downcast_ref::<String>().expect("a message").clone()
}

/// Where the system refuses to make pages private the program panics, and nothing is lost or in the file.
#[test]
fn a_refusal_of_memory_loses_nothing() {
    const TEST: &str = "atomic::a_refusal_of_memory_loses_nothing";
    if child::task().is_some() {
        let (_directory, mut vector) = committed(&small(), 20_000);
        let (before, file) = (vector.to_vec(), fs::read(vector.path()).unwrap());
        // Where every mapping is taken there is none for a large allocation.
        let mut file_now = Vec::with_capacity(file.len() + 1);
        let all = AllMappings::take();
        if all.0.len() == all.0.capacity() {
            return child::say("no limit on mappings");
        }
        let refused = "persist: the system refuses the memory";
        assert!(panic_of(|| vector[5] = 1).starts_with(refused));
        assert!(panic_of(|| vector.as_mut_slice()[6] = 1).starts_with(refused));
        assert!(panic_of(|| vector.sort()).starts_with(refused));
        assert!(vector == before && !vector.has_uncommitted_changes());
        fs::File::open(vector.path()).unwrap().read_to_end(&mut file_now).unwrap();
        assert!(file_now == file);
        // Nothing has to be private for this.
        vector.push(7).unwrap();
        vector.commit().unwrap();
        drop(all);
        vector[5] = 1;
        vector.commit().unwrap();
        let expected = vector.to_vec();
        assert_eq!((vector.len(), vector[5], vector[20_000]), (20_001, 1, 7));
        assert_in_the_file(&vector, &expected);
        child::say("done");
        return;
    }
    if child::skips_in_emulator(TEST, "it takes mappings for itself") {
        return;
    }
    run_as_child(TEST);
}

/// Where address space is scarce every growth may move the elements, beside which there must be room.
#[test]
fn little_address_space_is_enough_for_changes() {
    const TEST: &str = "atomic::little_address_space_is_enough_for_changes";
    if let Some((_, path)) = child::task() {
        let mut vector = small().create(&path).unwrap();
        // Which takes a quarter of the space.
        let mut model = Vec::with_capacity(12_500_000);
        let (mut moves, mut address) = (0, vector.as_ptr());
        let more: Vec<u64> = (0..100_000).collect();
        while model.len() < model.capacity() {
            match vector.extend_from_slice(&more) {
                Ok(()) => model.extend_from_slice(&more),
                Err(error) => {
                    assert!(matches!(error, Error::Io { .. }), "{error}");
                    break;
                }
            }
            assert!(vector == model);
            let index = model.len() / 2;
            vector[index] = index as u64;
            model[index] = index as u64;
            if moves % 2 == 0 {
                vector.as_mut_slice()[..1000].fill(index as u64);
                model[..1000].fill(index as u64);
            }
            if vector.as_ptr() != address {
                (moves, address) = (moves + 1, vector.as_ptr());
            }
            if index % 3 == 0 {
                vector.commit().unwrap();
            }
        }
        assert!(moves > 1 && model.len() * 8 > 40 << 20, "{moves} moves, {} elements", model.len());
        assert!(vector == model);
        vector.commit().unwrap();
        vector[0] ^= 1;
        vector.rollback().unwrap();
        assert!(vector == model);
        drop(vector);
        assert!(small().open(&path).unwrap() == model);
        child::say("done");
        return;
    }
    if child::skips_in_emulator(TEST, "it takes address space for itself") {
        return;
    }
    let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let limited = ["sh", "-c", "ulimit -v 400000 && exec \"$0\" \"$@\""];
    let mut child = child::start_under(&limited, TEST, "", &directory.path().join("vec.pv"));
    child.expect("done");
    assert!(child.wait().success());
}

/// What an overlay shows may be the file of a lower layer until it is written, which is another file.
#[test]
fn on_an_overlay() {
    const TEST: &str = "atomic::on_an_overlay";
    let mount = |directory: &Path| {
        // Neither upper nor lower may be an overlay itself.
        disks::run("mount", &["-t", "tmpfs", "tmpfs"], directory)?;
        let [lower, upper, work, merged] =
            ["lower", "upper", "work", "merged"].map(|name| directory.join(name));
        for path in [&lower, &upper, &work, &merged] {
            fs::create_dir(path).map_err(|error| error.to_string())?;
        }
        let mut vector = small().create(lower.join("low.pv")).unwrap();
        vector.try_extend((0..20_000).map(element)).unwrap();
        vector.commit().unwrap();
        // With a record in the journal.
        vector[7] = 8;
        vector.push(9).unwrap();
        vector.commit().unwrap();
        drop(vector);
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            lower.display(),
            upper.display(),
            work.display()
        );
        disks::run("mount", &["-t", "overlay", "-o", &options, "overlay"], &merged)
    };
    disks::in_own_mounts(TEST, mount, |directory| {
        let merged = directory.join("merged");
        use_vector(&merged);
        let mut expected: Vec<u64> = (0..20_000).map(element).collect();
        expected[7] = 8;
        expected.push(9);
        let path = merged.join("low.pv");
        let low = fs::read(directory.join("lower/low.pv")).unwrap();
        assert!(MmapSlice::open(&path).unwrap() == expected);
        let mut vector = MmapVec::<u64>::open(&path).unwrap();
        assert!(vector == expected);
        vector.reverse();
        vector.rollback().unwrap();
        assert!(vector == expected);
        vector[8] = 1;
        expected[8] = 1;
        vector.commit().unwrap();
        drop(vector);
        assert!(MmapSlice::open(&path).unwrap() == expected);
        assert!(fs::read(directory.join("lower/low.pv")).unwrap() == low, "the lower file stays");
    });
}

/// What a program can tell from a handle.
#[test]
fn what_is_uncommitted_is_known_exactly() {
    let (_directory, mut vector) = committed(&small(), 10_000);
    let has = MmapVec::has_uncommitted_changes;
    vector[5] += 1;
    assert!(has(&vector));
    vector[5] -= 1;
    assert!(!has(&vector), "it is as it was");
    vector.reverse();
    assert!(has(&vector));
    vector.reverse();
    assert!(!has(&vector));
    vector.push(1).unwrap();
    assert!(has(&vector));
    vector.pop();
    assert!(!has(&vector));
    let last = vector.pop().unwrap();
    assert!(has(&vector));
    vector.push(last).unwrap();
    assert!(!has(&vector));
    vector.pop();
    vector.push(!last).unwrap();
    assert!(has(&vector));
    assert_eq!((vector.len(), vector.committed_len()), (10_000, 10_000));
    vector.reserve(100_000).unwrap();
    vector.rollback().unwrap();
    assert!(!has(&vector) && vector.last() == Some(&last));

    let file = fs::read(vector.path()).unwrap();
    vector.commit().unwrap();
    vector.as_mut_slice()[3] ^= 0;
    vector.commit().unwrap();
    assert!(fs::read(vector.path()).unwrap() == file, "a commit of nothing writes nothing");
    assert_eq!(vector.info().mode, Mode::Atomic, "the default");
}

/// Runs a test again in a process of its own, which says that it is done, or why it can't be.
#[track_caller]
fn run_as_child(test: &str) {
    let directory = tempfile::tempdir().unwrap();
    let mut child = child::start(test, "", directory.path());
    let said = child.hear();
    let status = child.wait();
    match said.as_deref() {
        Some(line) if line != "done" => support::skip(test, line),
        said => assert_eq!((said, status.success()), (Some("done"), true), "{status}"),
    }
}
