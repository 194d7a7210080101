//! `advise` and `prefetch` are hints: no element changes by them, whatever memory it is in.

use std::ops::{Bound, RangeBounds};
use std::panic::{AssertUnwindSafe, catch_unwind};

use persist_core::{Advice, MmapSlice, MmapVec, Mode};

#[cfg(target_os = "linux")]
use crate::support;

const ADVICE: [Advice; 3] = [Advice::Random, Advice::Sequential, Advice::Normal];

#[test]
fn hints_change_no_element() {
    let directory = tempfile::tempdir().unwrap();
    for mode in [Mode::Atomic, Mode::Shared] {
        let path = directory.path().join(format!("{mode:?}"));
        let mut vector = MmapVec::<u64>::options().mode(mode).create(&path).unwrap();
        vector.advise(Advice::Random);
        vector.prefetch(..);
        vector.try_extend(0..20_000).unwrap();
        vector.commit().unwrap();
        let mut model: Vec<u64> = (0..20_000).collect();
        for advice in ADVICE {
            // Copies of committed pages, and what is only appended.
            for index in (0..20_000).step_by(700) {
                vector[index] += 7;
                model[index] += 7;
            }
            vector.push(3).unwrap();
            model.push(3);
            vector.advise(advice);
            vector.prefetch(..);
            vector.prefetch(1..2);
            vector.prefetch(20_000..);
            vector.prefetch(5_000..5_000);
            assert!(vector == model, "{advice:?}");
        }
        vector.sort_unstable();
        model.sort_unstable();
        vector.prefetch(..);
        vector.close().unwrap();
        let slice = MmapSlice::<u64>::open(&path).unwrap();
        for advice in ADVICE {
            slice.advise(advice);
            slice.prefetch(..);
            slice.prefetch(7..=8_000);
            assert!(slice == model, "{advice:?}");
        }
    }
}

#[test]
fn only_what_is_there_can_be_fetched() {
    fn check(range: impl RangeBounds<usize> + Clone + std::fmt::Debug, vector: &MmapVec<u16>) {
        let slice = MmapSlice::<u16>::open(vector.path().with_extension("slice")).unwrap();
        for panics in [
            catch_unwind(AssertUnwindSafe(|| vector.prefetch(range.clone()))).is_err(),
            catch_unwind(AssertUnwindSafe(|| slice.prefetch(range.clone()))).is_err(),
        ] {
            assert!(panics, "{range:?}");
        }
    }

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("numbers");
    let mut vector = MmapVec::create(path.with_extension("slice")).unwrap();
    vector.extend_from_slice(&[1_u16, 2, 3]).unwrap();
    vector.close().unwrap();
    // It has room for more.
    let mut vector = MmapVec::create(&path).unwrap();
    vector.extend_from_slice(&[1, 2, 3]).unwrap();
    assert!(vector.capacity() > 3);
    check(..4, &vector);
    check(4.., &vector);
    check(0..=3, &vector);
    check(..=usize::MAX, &vector);
    check((Bound::Included(2), Bound::Excluded(1)), &vector);
    vector.prefetch(3..);
    assert_eq!(vector, [1, 2, 3]);
}

/// Memory that is mapped anew, as where elements are to be changed, is used as the rest of it.
#[test]
#[cfg(target_os = "linux")]
fn advice_is_for_all_of_a_vector_as_long_as_it_lives() {
    /// What the kernel was told of each mapping of the file.
    fn flags(path: &std::path::Path) -> Vec<String> {
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut lines = smaps.lines();
        let mut found = Vec::new();
        while lines.by_ref().any(|line| line.ends_with(path.to_str().unwrap())) {
            found.extend(lines.by_ref().find(|line| line.starts_with("VmFlags")).map(String::from));
        }
        found
    }

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("numbers");
    let mut vector = MmapVec::<u64>::options().reserve_bytes(1 << 16).create(&path).unwrap();
    vector.try_extend(0..10_000).unwrap();
    vector.commit().unwrap();
    const TEST: &str = "advice_is_for_all_of_a_vector_as_long_as_it_lives";
    if crate::child::skips_in_emulator(TEST, "it advises nobody") {
        return;
    }
    if flags(&path).is_empty() {
        return support::skip(TEST, "this kernel doesn't tell");
    }
    vector.advise(Advice::Random);
    let check = |flag: &str, what: &str| {
        let flags = flags(&path);
        assert!(
            !flags.is_empty() && flags.iter().all(|flags| flags.contains(flag)),
            "{what}: {flags:?}"
        );
    };
    check(" rr", "at once");
    vector[3] = 5;
    check(" rr", "private pages");
    vector.commit().unwrap();
    vector.try_extend(0..100_000).unwrap();
    check(" rr", "moved to a larger mapping");
    vector.advise(Advice::Sequential);
    vector.as_mut_slice().sort_unstable();
    check(" sr", "advised anew");
}

/// Linux hears a hint for as much as it reads ahead, and no more.
#[test]
#[cfg(target_os = "linux")]
fn all_of_a_range_is_fetched() {
    use std::fs::{self, File};

    /// How many bytes this thread had the device read.
    fn read_bytes() -> Option<u64> {
        let io = fs::read_to_string("/proc/thread-self/io").ok()?;
        io.lines().find_map(|line| line.strip_prefix("read_bytes: "))?.parse().ok()
    }

    const TEST: &str = "advice::all_of_a_range_is_fetched";
    const BYTES: u64 = 48 << 20;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("numbers");
    let mut vector = MmapVec::create(&path).unwrap();
    vector.extend_from_slice(&vec![7_u64; BYTES as usize / 8]).unwrap();
    vector.close().unwrap();
    rustix::fs::fadvise(File::open(&path).unwrap(), 0, None, rustix::fs::Advice::DontNeed).unwrap();

    let slice = MmapSlice::<u64>::open(&path).unwrap();
    let Some(before) = read_bytes() else {
        return support::skip(TEST, "this kernel doesn't count what is read");
    };
    slice.prefetch(..);
    let fetched = read_bytes().unwrap() - before;
    if fetched == 0 {
        return support::skip(TEST, "this file system keeps all of a file in memory");
    }
    assert!(fetched >= BYTES - (1 << 20), "{fetched} of {BYTES}");
}
