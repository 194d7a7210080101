//! Room: how it is reserved, taken and given back, and what never happens to elements meanwhile.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use persist_core::{Error, MmapSlice, MmapVec, Persist};
use tempfile::TempDir;

use crate::{child, support};

const MIB: usize = 1 << 20;

fn create<T: Persist>() -> (TempDir, MmapVec<T>) {
    let directory = tempfile::tempdir().unwrap();
    let options = MmapVec::<T>::options().journal_bytes(0);
    let vector = options.create(directory.path().join("vec.pv")).unwrap();
    (directory, vector)
}

fn file_bytes<T: Persist>(vector: &MmapVec<T>) -> u64 {
    fs::metadata(vector.path()).unwrap().len()
}

/// The bytes that a file really takes.
fn device_bytes(path: &Path) -> u64 {
    fs::metadata(path).unwrap().blocks() * 512
}

/// How much address space this process has mapped of a file.
fn mapped_bytes(path: &Path) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let number = |text| usize::from_str_radix(text, 16).unwrap();
    maps.lines()
        .filter(|line| line.ends_with(path.to_str().unwrap()))
        .map(|line| line.split_once(' ').unwrap().0.split_once('-').unwrap())
        .map(|(start, end)| number(end) - number(start))
        .sum()
}

#[test]
fn the_address_never_changes() {
    const TEST: &str = "growth::the_address_never_changes";
    if child::skips_in_emulator(TEST, "it reserves less than a system does") {
        return;
    }
    let (_directory, mut vector) = create::<u64>();
    let address = vector.as_ptr();
    let mut number = 0;
    while vector.len() < 64 * MIB / 8 {
        let batch: Vec<u64> = (number..number + 50_000).collect();
        vector.extend_from_slice(&batch).unwrap();
        number += 50_000;
        for _ in 0..100 {
            vector.push(number).unwrap();
            number += 1;
        }
        assert_eq!(vector.as_ptr(), address);
        assert_eq!(
            vector.capacity() as u64 * 8 + vector.info().data_offset_bytes,
            file_bytes(&vector)
        );
    }
    vector.commit().unwrap();
    vector.reverse();
    vector[0] = 7;
    vector.push(number).unwrap();
    assert_eq!(vector.as_ptr(), address);
    vector.rollback().unwrap();
    assert_eq!(vector.as_ptr(), address);
    vector.truncate(1000);
    vector.commit().unwrap();
    vector.shrink_to_fit().unwrap();
    vector.reserve(32 * MIB / 8).unwrap();
    assert_eq!(vector.as_ptr(), address);
    assert!(vector.iter().copied().eq(0..1000));
}

#[test]
fn few_growths_serve_many_pushes() {
    let (_directory, mut vector) = create::<[u64; 16]>();
    let mut capacities = BTreeSet::new();
    for i in 0..16 * MIB as u64 / 128 {
        vector.push([i; 16]).unwrap();
        capacities.insert(vector.capacity());
    }
    let bytes: Vec<usize> = capacities.into_iter().map(|elements| elements * 128).collect();
    assert_eq!(bytes, [MIB, 2 * MIB, 4 * MIB, 8 * MIB, 16 * MIB]);
    assert!(vector.iter().zip(0..).all(|(element, i)| *element == [i; 16]));
}

#[test]
fn address_space_is_reserved_as_far_as_it_goes() {
    const TEST: &str = "growth::address_space_is_reserved_as_far_as_it_goes";
    if child::skips_in_emulator(TEST, "its mappings are not those of the system") {
        return;
    }
    let (_directory, vector) = create::<u64>();
    // Of a system without such limits; another test is about those.
    assert!(mapped_bytes(vector.path()).is_power_of_two());
    let path = vector.path().to_path_buf();
    drop(vector);
    assert_eq!(mapped_bytes(&path), 0);
    for (wanted, least, most) in [
        (0, 1, MIB),
        (1, 1, MIB),
        (10 * MIB, 10 * MIB, 10 * MIB),
        (usize::MAX, MIB, usize::MAX),
        (isize::MAX as usize, MIB, usize::MAX),
    ] {
        let mut vector = MmapVec::<u64>::options().reserve_bytes(wanted).open(&path).unwrap();
        let mapped = mapped_bytes(&path);
        assert!((least..=most).contains(&mapped), "{wanted}: {mapped}");
        vector.push(7).unwrap();
        assert_eq!(vector, [7]);
    }
}

/// Where there is no address space to reserve, growth maps the file anew.
#[test]
fn little_address_space_is_enough() {
    const TEST: &str = "growth::little_address_space_is_enough";
    if let Some((_, path)) = child::task() {
        // What others hold is gone when this one opens, and free when it grows.
        let mut others = Vec::new();
        let options = MmapVec::<u64>::options().journal_bytes(0);
        let mut vector = loop {
            let number = others.len();
            let path = path.join(format!("{number}.pv"));
            let vector = options.create(&path).unwrap();
            if number >= 3 && mapped_bytes(&path) <= 4 * MIB {
                break vector;
            }
            others.push(vector);
        };
        let before = mapped_bytes(vector.path());
        assert!(others.len() < 30, "{}", others.len());
        vector.extend_from_slice(&[1, 2, 3]).unwrap();
        vector.commit().unwrap();
        drop(others);

        let numbers: Vec<u64> = (0..MIB as u64 / 4).collect();
        while vector.len() * 8 < 5 * before + MIB {
            vector.extend_from_slice(&numbers).unwrap();
        }
        assert!(mapped_bytes(vector.path()) > before);
        vector.commit().unwrap();
        let (first, rest) = vector.split_at(3);
        assert_eq!(first, [1, 2, 3]);
        assert!(rest.chunks(numbers.len()).all(|chunk| chunk == numbers));

        // More than there is altogether is an error, and changes nothing.
        let len = vector.len();
        let error = vector.reserve_exact(1 << 27).unwrap_err();
        assert!(matches!(error, Error::Io { .. } | Error::DiskFull { .. }), "{error}");
        assert_eq!((vector.len(), vector[2]), (len, 3));
        vector.push(4).unwrap();
        vector.close().unwrap();
        child::say("done");
        return;
    }
    if child::skips_in_emulator(TEST, "it takes address space for itself") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let limited = ["sh", "-c", "ulimit -v 400000 && exec \"$0\" \"$@\""];
    let mut child = child::start_under(&limited, TEST, "", directory.path());
    child.expect("done");
    assert!(child.wait().success());
}

#[test]
fn no_elements_and_one() {
    fn check<T: Persist + PartialEq + std::fmt::Debug>(value: T) {
        let (_directory, mut vector) = create::<T>();
        let path = vector.path().to_path_buf();
        let reopen = || MmapVec::<T>::open(&path).unwrap();
        assert!(vector.is_empty() && vector.pop().is_none());
        assert!(vector.as_ptr().is_aligned() && !vector.as_ptr().is_null());
        vector.commit().unwrap();
        vector.close().unwrap();
        assert_eq!(MmapSlice::<T>::open(&path).unwrap(), []);

        vector = reopen();
        assert_eq!((vector.len(), vector.capacity(), vector.committed_len()), (0, 0, 0));
        vector.push(value).unwrap();
        assert_eq!(vector, [value]);
        vector.commit().unwrap();
        drop(vector);
        assert_eq!(MmapSlice::<T>::open(&path).unwrap(), [value]);

        vector = reopen();
        assert_eq!((vector.len(), vector.capacity(), vector.committed_len()), (1, 1, 1));
        assert_eq!(vector.pop(), Some(value));
        vector.commit().unwrap();
        vector.shrink_to_fit().unwrap();
        assert_eq!(vector.capacity(), 0);
        vector.close().unwrap();
        assert!(reopen().is_empty());
    }
    check(0xff_u8);
    check('z');
    check(u128::MAX);
    check([1.5_f64; 1000]);
    check([7_u8; 65_537]);
}

#[test]
fn room_is_as_asked_for() {
    let (_directory, mut vector) = create::<[u8; 3]>();
    assert_eq!(vector.capacity(), 0);
    vector.reserve_exact(10).unwrap();
    assert_eq!(vector.capacity(), 10);
    vector.reserve_exact(5).unwrap();
    vector.reserve(10).unwrap();
    vector.reserve(0).unwrap();
    assert_eq!(vector.capacity(), 10);
    vector.resize(10, [1; 3]).unwrap();
    assert_eq!(vector.capacity(), 10);
    vector.push([2; 3]).unwrap();
    let capacity = vector.capacity();
    assert!(capacity * 3 > MIB - 3, "room for more than one: {capacity}");

    vector.shrink_to(100).unwrap();
    assert_eq!(vector.capacity(), 100);
    vector.shrink_to(100_000).unwrap();
    assert_eq!(vector.capacity(), 100, "to shrink is not to grow");
    vector.shrink_to_fit().unwrap();
    assert_eq!(vector.capacity(), 11);
    vector.extend_from_within(..).unwrap();
    assert_eq!(vector.len(), 22);
    assert_eq!(vector[9..12], [[1; 3], [2; 3], [1; 3]]);
}

#[test]
fn what_is_shrunk_is_given_back() {
    let (_directory, mut vector) = create::<u64>();
    let header_bytes = file_bytes(&vector);
    vector.resize(4 * MIB / 8, 1).unwrap();
    vector.commit().unwrap();
    assert!(file_bytes(&vector) >= 4 * MIB as u64 + header_bytes);
    assert!(device_bytes(vector.path()) >= 4 * MIB as u64);

    vector.truncate(100);
    vector.shrink_to_fit().unwrap();
    let committed_bytes = 4 * MIB as u64 + header_bytes;
    assert_eq!(file_bytes(&vector), committed_bytes, "the last commit may be needed");
    vector.commit().unwrap();
    vector.shrink_to_fit().unwrap();
    assert_eq!(file_bytes(&vector), header_bytes + 800);
    assert!(device_bytes(vector.path()) < MIB as u64);
    assert_eq!(vector, [1; 100]);

    // What is grown again reads as it was written, not as what stood there before.
    vector.resize(1000, 2).unwrap();
    assert!(vector[100..].iter().all(|&element| element == 2));
}

#[test]
fn room_left_by_an_earlier_process_is_used() {
    let (_directory, mut vector) = create::<u64>();
    vector.push(1).unwrap();
    vector.commit().unwrap();
    vector.push(2).unwrap();
    let (path, bytes) = (vector.path().to_path_buf(), file_bytes(&vector));
    drop(vector);
    let mut vector = MmapVec::<u64>::open(&path).unwrap();
    assert_eq!((vector.as_slice(), vector.capacity()), (&[1][..], 1));
    for i in 2..1000 {
        vector.push(i).unwrap();
    }
    assert!(file_bytes(&vector) < bytes + bytes / 8, "{} of {bytes}", file_bytes(&vector));
    vector.shrink_to_fit().unwrap();
    assert!(vector.iter().copied().eq(1..1000));
}

/// A vector with elements in its first and last pages and zeros between, and a sparse copy of its file.
fn sparse_copy() -> Option<(TempDir, PathBuf, Vec<u64>)> {
    let (directory, mut vector) = create::<u64>();
    let mut elements = vec![0; 4 * MIB / 8];
    *elements.first_mut().unwrap() = 1;
    *elements.last_mut().unwrap() = 2;
    vector.extend_from_slice(&elements).unwrap();
    vector.commit().unwrap();
    vector.shrink_to_fit().unwrap();
    let path = vector.path().to_path_buf();
    vector.close().unwrap();

    let copy = directory.path().join("copy.pv");
    let (from, to) = (fs::read(&path).unwrap(), File::create(&copy).unwrap());
    to.set_len(from.len() as u64).unwrap();
    for (i, block) in
        from.chunks(4096).enumerate().filter(|(_, block)| block.iter().any(|&b| b != 0))
    {
        to.write_all_at(block, i as u64 * 4096).unwrap();
    }
    to.sync_all().unwrap();
    let is_sparse = device_bytes(&copy) < from.len() as u64 / 2;
    is_sparse.then_some((directory, copy, elements))
}

#[test]
fn holes_are_filled_before_they_are_written() {
    let Some((_directory, path, elements)) = sparse_copy() else {
        return support::skip(
            "growth::holes_are_filled_before_they_are_written",
            "this file system makes no holes",
        );
    };
    let modified = || fs::metadata(&path).unwrap().modified().unwrap();
    let before = modified();
    assert_eq!(MmapSlice::<u64>::open(&path).unwrap(), elements);
    assert_eq!(modified(), before, "reading changes nothing");

    let mut vector = MmapVec::<u64>::open(&path).unwrap();
    assert_eq!(vector, elements);
    vector[1000] = 3;
    vector.commit().unwrap();
    assert!(device_bytes(&path) >= 4 * MIB as u64, "{}", device_bytes(&path));
    vector.close().unwrap();
    assert_eq!(MmapSlice::<u64>::open(&path).unwrap()[1000], 3);
}

#[test]
fn what_no_machine_can_address_is_an_error() {
    fn check<T: Persist + PartialEq + std::fmt::Debug>(value: T) {
        let (_directory, mut vector) = create::<T>();
        vector.extend_from_slice(&[value; 3]).unwrap();
        let (bytes, capacity) = (file_bytes(&vector), vector.capacity());
        let most = isize::MAX as usize / size_of::<T>();
        for additional in [usize::MAX, usize::MAX - 2, usize::MAX / 2 + 1, most, most - 2] {
            for error in [
                vector.reserve(additional).unwrap_err(),
                vector.reserve_exact(additional).unwrap_err(),
            ] {
                assert!(matches!(error, Error::TooLarge { .. }), "{additional}: {error}");
            }
        }
        for error in
            [vector.resize(usize::MAX, value), vector.resize_with(usize::MAX, || unreachable!())]
        {
            assert!(matches!(error, Err(Error::TooLarge { .. })), "{error:?}");
        }
        assert_eq!((vector.as_slice(), vector.capacity()), (&[value; 3][..], capacity));
        assert_eq!(file_bytes(&vector), bytes);
        vector.push(value).unwrap();

        // A guess that can't be right does no harm.
        struct Liar<T>(Option<T>);
        impl<T> Iterator for Liar<T> {
            type Item = T;
            fn next(&mut self) -> Option<T> {
                self.0.take()
            }
            fn size_hint(&self) -> (usize, Option<usize>) {
                (usize::MAX, None)
            }
        }
        vector.shrink_to_fit().unwrap();
        vector.try_extend(Liar(Some(value))).unwrap();
        assert_eq!(vector, [value; 5]);
    }
    check(7_u8);
    check(7_u64);
    check([7_u8; 65_537]);
}

/// Below what a machine can address, a file system has limits of its own.
#[test]
#[cfg(target_pointer_width = "64")]
fn what_no_file_system_can_hold_is_an_error() {
    let (_directory, mut vector) = create::<u8>();
    vector.push(1).unwrap();
    let bytes = file_bytes(&vector);
    // 4 EiB.
    for error in [vector.reserve(1 << 62).unwrap_err(), vector.reserve_exact(1 << 62).unwrap_err()]
    {
        assert!(matches!(error, Error::Io { .. } | Error::DiskFull { .. }), "{error}");
    }
    assert_eq!((vector.as_slice(), file_bytes(&vector)), (&[1][..], bytes));
    vector.resize(2 * MIB, 3).unwrap();
    vector.commit().unwrap();
    assert_eq!((vector[0], vector[2 * MIB - 1]), (1, 3));
}

/// The limit of `ulimit -f`, in units of 512 or 1024 bytes: 5 MB or 10 MB. The kernel also sends a signal
/// to who would go past it, which ends a process that hasn't asked for anything else.
const FILE_LIMITS: [&str; 2] = [
    "ulimit -f 10000 && exec \"$0\" \"$@\"",
    "trap '' XFSZ; ulimit -f 10000 && exec \"$0\" \"$@\"",
];

#[test]
fn a_limit_on_the_size_of_files_is_an_error() {
    const TEST: &str = "growth::a_limit_on_the_size_of_files_is_an_error";
    if let Some((_, path)) = child::task() {
        let mut vector = MmapVec::<u64>::options().journal_bytes(0).create(path).unwrap();
        let error = loop {
            if let Err(error) = vector.push(vector.len() as u64) {
                break error;
            }
        };
        assert_too_large_a_file(&error);
        // Not far from the limit, though a doubling would have gone past it.
        assert!(file_bytes(&vector) > 4_900_000, "{}", file_bytes(&vector));
        assert_too_large_a_file(&vector.push(0).unwrap_err());
        vector.commit().unwrap();
        assert!(vector.iter().copied().eq(0..vector.len() as u64));
        child::say(vector.len());
        return;
    }
    for limit in FILE_LIMITS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vec.pv");
        let mut child = child::start_under(&["sh", "-c", limit], TEST, "", &path);
        let said = child.hear();
        let status = child.wait();
        assert!(status.success(), "{limit}: {status}");
        let len: u64 = said.unwrap().parse().unwrap();
        assert!(MmapVec::<u64>::open(&path).unwrap().iter().copied().eq(0..len));
    }
}

#[track_caller]
fn assert_too_large_a_file(error: &Error) {
    match error {
        Error::Io { source, .. } => assert_eq!(source.kind(), ErrorKind::FileTooLarge, "{error}"),
        other => panic!("expected a file that is too large, found {other:?}"),
    }
}

/// Where not even the header may be written there is no file, whole or in part.
#[test]
fn a_limit_below_the_header_leaves_no_file() {
    const TEST: &str = "growth::a_limit_below_the_header_leaves_no_file";
    if let Some((_, path)) = child::task() {
        assert_too_large_a_file(&MmapVec::<u64>::create(&path).unwrap_err());
        assert_too_large_a_file(&MmapVec::<u64>::open_or_create(&path).unwrap_err());
        child::say("done");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let limited = ["sh", "-c", "ulimit -f 10 && exec \"$0\" \"$@\""];
    let mut child = child::start_under(&limited, TEST, "", &directory.path().join("vec.pv"));
    let said = child.hear();
    let status = child.wait();
    assert_eq!((said.as_deref(), status.success()), (Some("done"), true), "{status}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// What vectors reserve they leave to others: to the rest of their process, and to each other.
#[test]
fn many_vectors_leave_address_space_to_others() {
    const TEST: &str = "growth::many_vectors_leave_address_space_to_others";
    if let Some((role, directory)) = child::task() {
        let (count, others_bytes) = role.split_once(' ').unwrap();
        let mut vectors: Vec<_> = (0..count.parse().unwrap())
            .map(|number: u32| directory.join(format!("{number}.pv")))
            .map(|path| MmapVec::<u64>::options().journal_bytes(0).create(path).unwrap())
            .collect();
        // Written, so that no optimisation makes nothing of it.
        let others = vec![1_u8; others_bytes.parse().unwrap()];
        // Of 300 there may be no room for a first element each on a small disk.
        for vector in &mut vectors[..20] {
            vector.push(7).unwrap();
        }
        assert!(vectors[..20].iter().all(|vector| vector == &[7]));
        assert!(others.iter().all(|&byte| byte == 1));
        child::say("done");
        return;
    }
    if child::skips_in_emulator(TEST, "it takes address space for itself") {
        return;
    }
    let two_gib = "ulimit -v 2097152 && exec \"$0\" \"$@\"";
    // A vector takes two descriptors. 300 want more than the 128 TiB of most machines.
    let no_limit = "ulimit -n 700 || exit 77; exec \"$0\" \"$@\"";
    let cases = [(two_gib, "20 67108864"), (no_limit, "300 104857600")];
    // Nor is there room for so many in 32 bits.
    for (script, role) in &cases[..if usize::BITS >= 64 { 2 } else { 1 }] {
        let directory = tempfile::tempdir().unwrap();
        let mut child = child::start_under(&["sh", "-c", script], TEST, role, directory.path());
        let said = child.hear();
        let status = child.wait();
        if status.code() == Some(77) {
            support::skip(TEST, "too few open files for 300 vectors");
            continue;
        }
        assert_eq!((said.as_deref(), status.success()), (Some("done"), true), "{script}: {status}");
    }
}

/// Growth stays amortised where every mapping has to be fought for.
#[test]
fn few_growths_serve_many_pushes_in_little_address_space() {
    const TEST: &str = "growth::few_growths_serve_many_pushes_in_little_address_space";
    /// In units of 1024 bytes.
    const LIMIT: usize = 200_000;
    if let Some((_, path)) = child::task() {
        let most_bytes = (LIMIT * 1024 - address_space_bytes()) / 8 * 7;
        let mut vector = MmapVec::<[u64; 128]>::options().journal_bytes(0).create(path).unwrap();
        let mut capacities = BTreeSet::new();
        for number in 0..most_bytes as u64 / 1024 {
            vector.push([number; 128]).unwrap();
            capacities.insert(vector.capacity());
        }
        assert!(vector.iter().zip(0..).all(|(element, number)| *element == [number; 128]));
        child::say(capacities.len());
        return;
    }
    if child::skips_in_emulator(TEST, "it takes address space for itself") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let script = format!("ulimit -v {LIMIT} && exec \"$0\" \"$@\"");
    let path = directory.path().join("vec.pv");
    let mut child = child::start_under(&["sh", "-c", &script], TEST, "", &path);
    let said = child.hear();
    let status = child.wait();
    assert!(status.success(), "{status}");
    let growths: usize = said.unwrap().parse().unwrap();
    assert!(growths < 200, "{growths}");
}

/// How much address space this process has mapped altogether.
fn address_space_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

/// Blocks past the end of a file make it look as if it had no holes.
#[test]
fn holes_behind_blocks_past_the_end_are_filled() {
    use rustix::fs::{SeekFrom, seek};

    let (_directory, mut vector) = create::<u64>();
    let path = vector.path().to_path_buf();
    vector.resize(4 * MIB / 8, 1).unwrap();
    vector.commit().unwrap();
    vector.close().unwrap();
    let hole = MIB as u64..2 * MIB as u64;
    let hidden = support::hide_hole(&path, hole.clone()).is_ok_and(|()| {
        let found = seek(File::open(&path).unwrap(), SeekFrom::Hole(0));
        found == Ok(hole.start) && device_bytes(&path) >= fs::metadata(&path).unwrap().len()
    });
    if !hidden {
        return support::skip(
            "growth::holes_behind_blocks_past_the_end_are_filled",
            "this file system can't hide a hole",
        );
    }
    let before = device_bytes(&path);
    drop(MmapSlice::<u64>::open(&path).unwrap());
    assert_eq!(device_bytes(&path), before, "reading changes nothing");

    let mut vector = MmapVec::<u64>::open(&path).unwrap();
    let middle = 3 * MIB / 2 / 8;
    assert_eq!((vector[0], vector[middle]), (1, 0));
    vector[middle] = 2;
    vector.commit().unwrap();
    // What was allocated and never written is still called a hole, so it is counted.
    assert!(device_bytes(&path) >= before + MIB as u64, "{} of {before}", device_bytes(&path));
    vector.close().unwrap();
    assert_eq!(MmapSlice::<u64>::open(&path).unwrap()[middle], 2);
}
