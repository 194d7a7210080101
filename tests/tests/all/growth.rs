//! Room: how it is reserved, taken and given back, and what never happens to elements meanwhile.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs::{self, File};
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
        assert_eq!(vector.capacity() * 8 + 65536, file_bytes(&vector) as usize);
    }
    vector.commit().unwrap();
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
            if mapped_bytes(&path) <= 4 * MIB {
                break vector;
            }
            others.push(vector);
        };
        let before = mapped_bytes(vector.path());
        assert!(!others.is_empty() && others.len() < 30, "{}", others.len());
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
    assert!(device_bytes(&path) >= 4 * MIB as u64, "{}", device_bytes(&path));
    assert_eq!(vector, elements);
    vector[1000] = 3;
    vector.commit().unwrap();
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

/// Under `ulimit -f` a file that becomes too long is an error, for a process that ignores the signal
/// which comes with it. (The kernel kills a process that doesn't, as it would for a `write`.)
#[test]
fn a_limit_on_the_size_of_files_is_an_error() {
    const TEST: &str = "growth::a_limit_on_the_size_of_files_is_an_error";
    if let Some((_, path)) = child::task() {
        let options = MmapVec::<u64>::options().journal_bytes(0);
        let mut vector = options.create(path.join("vec.pv")).unwrap();
        let error = loop {
            if let Err(error) = vector.push(vector.len() as u64) {
                break error;
            }
        };
        assert!(matches!(error, Error::Io { .. }), "{error}");
        // Not far from the limit, though a doubling would have gone past it.
        assert!(file_bytes(&vector) > 4_900_000, "{}", file_bytes(&vector));
        vector.commit().unwrap();
        assert!(vector.iter().copied().eq(0..vector.len() as u64));
        child::say("done");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    // In units of 512 or 1024 bytes: 5 MB or 10 MB.
    let limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 10000 && exec \"$0\" \"$@\""];
    let mut child = child::start_under(&limited, TEST, "", directory.path());
    child.expect("done");
    assert!(child.wait().success());
}
