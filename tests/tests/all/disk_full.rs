//! A full disk is an error of the call that needs space, and nothing else; and a disk that fails to write
//! is one of the commit. On real file systems, small ones, each mounted in a process of its own. If such a
//! process died, by `SIGBUS` say, its test would see it.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use persist_core::{Error, MmapSlice, MmapVec, Mode, OpenOptions, Shutdown};

use crate::disks::{DISK_BYTES, Disk, backing};
use crate::support;

/// Each scenario on one disk, a test each, for each mode that it is about.
macro_rules! scenarios {
    ($name:ident, $disk:expr) => {
        mod $name {
            mod shared {
                scenarios! {
                    $disk, persist_core::Mode::Shared;
                    pushing_fails_and_goes_on,
                    what_was_pushed_survives_a_drop,
                    all_elements_are_appended_or_none,
                    a_file_is_created_whole_or_not_at_all,
                    holes_are_found,
                    holes_are_found_when_growing_again,
                    a_push_beside_holes
                }
            }

            mod atomic {
                scenarios! {
                    $disk, persist_core::Mode::Atomic;
                    pushing_fails_and_goes_on,
                    what_was_pushed_survives_a_drop,
                    all_elements_are_appended_or_none,
                    a_file_is_created_whole_or_not_at_all,
                    holes_are_found,
                    holes_are_found_when_growing_again,
                    a_push_beside_holes,
                    what_the_journal_holds_needs_no_space,
                    what_the_journal_cannot_hold_needs_space,
                    a_large_append_has_its_place,
                    recovery_needs_no_space
                }
            }
        }
    };
    ($disk:expr, $mode:expr; $($scenario:ident),*) => { $(
        #[test]
        fn $scenario() {
            let path = module_path!().split_once("::").unwrap().1;
            let test = format!("{path}::{}", stringify!($scenario));
            $disk.run(&test, |disk| crate::disk_full::$scenario(disk, $mode));
        }
    )* };
}

scenarios!(tmpfs, crate::disks::Disk::Tmpfs);
scenarios!(ext4, crate::disks::Disk::Image("ext4"));
// Knows no `fallocate`.
scenarios!(ext2, crate::disks::Disk::Image("ext2"));

/// With a journal for all changes to 2 MiB of elements.
fn options(mode: Mode) -> OpenOptions<[u64; 3]> {
    MmapVec::options().mode(mode).journal_bytes(if mode == Mode::Atomic { 3 << 20 } else { 0 })
}

fn element(index: usize) -> [u64; 3] {
    [index as u64, !0, index as u64 ^ 0xff]
}

#[track_caller]
fn assert_full<T>(result: Result<T, Error>) {
    let error = result.err().expect("the disk is full");
    let text = error.to_string();
    match error {
        Error::DiskFull { needed_bytes, source, .. } => {
            assert!(text.contains("no space left"), "{text}");
            assert!(text.contains(&needed_bytes.to_string()) && needed_bytes > 0, "{text}");
            assert_eq!(source.kind(), ErrorKind::StorageFull);
        }
        other => panic!("expected a full disk, found {other:?}"),
    }
}

/// Takes all space that is left, to the last block.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("filler");
    let mut file = File::options().create(true).append(true).open(&path).unwrap();
    for bytes in [1 << 20, 1 << 16, 4096, 1024, 1] {
        while file.write_all(&vec![1; bytes]).is_ok() {}
        // A file system that allocates late may find room, or its lack, only now.
        let _ = file.sync_all();
    }
    path
}

/// Pushes until the disk is full.
fn push_until_full(vector: &mut MmapVec<[u64; 3]>) -> Error {
    loop {
        if let Err(error) = vector.push(element(vector.len())) {
            return error;
        }
    }
}

#[track_caller]
fn assert_whole(vector: &[[u64; 3]]) {
    assert!(vector.iter().enumerate().all(|(index, &found)| found == element(index)));
}

fn listing(disk: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(disk).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "lost+found").collect()
}

fn pushing_fails_and_goes_on(disk: &Path, mode: Mode) {
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![1; 2 << 20]).unwrap();
    let path = disk.join("vec.pv");
    let mut vector = options(mode).create(&path).unwrap();
    vector.extend_from_slice(&[element(0), element(1)]).unwrap();
    vector.commit().unwrap();
    assert_full(Err::<(), _>(push_until_full(&mut vector)));

    // Twice: the failure changed nothing that a second attempt would see.
    let len = vector.len();
    assert!(len * 24 > 4 << 20, "most of the disk was used: {len}");
    assert_full(vector.push(element(len)));
    assert_full(vector.insert(0, element(len)));
    assert_eq!(vector.len(), len);
    assert_whole(&vector);

    vector.commit().unwrap();
    assert_eq!(vector.committed_len(), len);
    vector.pop();
    vector.push(element(len - 1)).unwrap();
    vector[1][0] = 7;
    vector.commit().unwrap();
    vector[1] = element(1);
    assert_full(vector.push(element(len)));

    fs::remove_file(&ballast).unwrap();
    for _ in 0..40_000 {
        vector.push(element(vector.len())).unwrap();
    }
    vector.commit().unwrap();
    assert_whole(&vector);
    vector.close().unwrap();
    let slice = MmapSlice::<[u64; 3]>::open(&path).unwrap();
    assert_eq!((slice.len(), slice.info().shutdown), (len + 40_000, Shutdown::Clean));
    assert_whole(&slice);
}

fn what_was_pushed_survives_a_drop(disk: &Path, mode: Mode) {
    let path = disk.join("vec.pv");
    let mut vector = options(mode).create(&path).unwrap();
    push_until_full(&mut vector);
    let len = vector.len();
    vector.commit().unwrap();
    drop(vector);
    fill(disk);
    let mut vector = options(mode).open(&path).unwrap();
    assert_eq!(vector.len(), len);
    assert_whole(&vector);
    // Every page of it can be written, though there is no space for another.
    let some = if mode == Mode::Atomic { 1 << 16 } else { len };
    vector.iter_mut().take(some).for_each(|element| element[1] = 0);
    vector.commit().unwrap();
    assert_full(vector.reserve(1 << 20));
    vector.close().unwrap();
    let vector = options(mode).open(&path).unwrap();
    assert!(vector[..some].iter().all(|element| element[1] == 0));
    assert!(vector[some..].iter().all(|element| element[1] == !0));
}

fn all_elements_are_appended_or_none(disk: &Path, mode: Mode) {
    let mut vector = options(mode).create(disk.join("vec.pv")).unwrap();
    vector.extend_from_slice(&[element(0), element(1), element(2)]).unwrap();
    vector.commit().unwrap();
    let many = vec![[7; 3]; DISK_BYTES as usize / 24];
    let capacity = vector.capacity();
    assert_full(vector.extend_from_slice(&many));
    assert_full(vector.resize(many.len(), [7; 3]));
    assert_full(vector.resize_with(many.len(), || unreachable!("nothing is made in vain")));
    assert_full(vector.reserve(many.len()));
    assert_full(vector.reserve_exact(many.len()));
    assert_eq!((vector.len(), vector.capacity()), (3, capacity));
    assert_whole(&vector);

    // What was got half-way was given back: there is space for others.
    fs::write(disk.join("other"), vec![1; 3 << 20]).unwrap();

    // Of an iterator, what fits is appended, though its guess did not.
    let count = std::cell::Cell::new(3);
    let items = (3..many.len()).map(element).inspect(|_| count.set(count.get() + 1));
    assert_full(vector.try_extend(items));
    assert!(vector.len() * 24 > 2 << 20, "{}", vector.len());
    assert_eq!(count.get(), vector.len() + 1, "all but the one that failed");
    assert_whole(&vector);

    let half = vector.len() / 2;
    assert_full(vector.extend_from_within(half..));
    vector.truncate(half);
    vector.extend_from_slice(&[element(half)]).unwrap();
    vector.commit().unwrap();
    assert_whole(&vector);
}

fn a_file_is_created_whole_or_not_at_all(disk: &Path, mode: Mode) {
    let filler = fill(disk);
    let path = disk.join("new.pv");
    for _ in 0..2 {
        assert_full(options(mode).create(&path));
        assert_full(MmapVec::<u64>::create(&path));
        assert_full(MmapVec::<u64>::open_or_create(&path));
        assert_eq!(listing(disk), BTreeSet::from(["filler".into()]));
    }
    fs::remove_file(&filler).unwrap();
    let mut vector = options(mode).create(&path).unwrap();
    fill(disk);
    // There is a file, and no space for its first element.
    assert_full(vector.push(element(0)));
    vector.commit().unwrap();
    vector.close().unwrap();
    fs::remove_file(&filler).unwrap();
    options(mode).open(&path).unwrap().push(element(0)).unwrap();
}

/// A copy of a file with holes for zeros.
fn copy_sparsely(from: &Path, to: &Path) {
    let bytes = fs::read(from).unwrap();
    let file = File::create(to).unwrap();
    file.set_len(bytes.len() as u64).unwrap();
    for (i, block) in bytes.chunks(4096).enumerate().filter(|(_, b)| b.iter().any(|&b| b != 0)) {
        file.write_all_at(block, i as u64 * 4096).unwrap();
    }
    file.sync_all().unwrap();
}

/// Whether a hole can end a process that uses memory: where that is the file, or even to read takes space.
fn needs_holes_filled(disk: &Path, mode: Mode) -> bool {
    /// From `linux/magic.h`.
    const TMPFS: i128 = 0x0102_1994;

    mode == Mode::Shared || i128::from(rustix::fs::statfs(disk).unwrap().f_type) == TMPFS
}

/// What stands in holes has no space, so a full disk is found when the file is opened to write, or by the first commit.
fn holes_are_found(disk: &Path, mode: Mode) {
    let (path, copy) = (disk.join("vec.pv"), disk.join("copy.pv"));
    let mut vector = options(mode).create(&path).unwrap();
    vector.resize((2 << 20) / 24, [0; 3]).unwrap();
    vector[1] = element(1);
    vector.commit().unwrap();
    vector.shrink_to_fit().unwrap();
    let len = vector.len();
    vector.close().unwrap();
    copy_sparsely(&path, &copy);
    fs::remove_file(&path).unwrap();
    assert!(fs::metadata(&copy).unwrap().blocks() * 512 < 1 << 20, "no holes on this disk");
    let filler = fill(disk);

    let filled_when_opened = needs_holes_filled(disk, mode);
    for _ in 0..2 {
        if filled_when_opened {
            assert_full(options(mode).open(&copy));
        } else {
            let mut vector = options(mode).open(&copy).unwrap();
            assert_eq!((vector[0], vector[1], vector[len - 1]), ([0; 3], element(1), [0; 3]));
            vector.commit().unwrap();
            vector.fill([6; 3]);
            assert_full(vector.push([6; 3]));
            for _ in 0..2 {
                assert_full(vector.commit());
                assert!(vector.iter().all(|element| *element == [6; 3]), "a change was lost");
            }
            vector.rollback().unwrap();
            assert_eq!((vector[0], vector[1]), ([0; 3], element(1)));
            vector.pop();
            assert_full(vector.commit());
        }
        let slice = MmapSlice::<[u64; 3]>::open(&copy).unwrap();
        assert_eq!((slice.len(), slice[1]), (len, element(1)));
    }
    fs::remove_file(&filler).unwrap();
    let mut vector = options(mode).open(&copy).unwrap();
    if !filled_when_opened {
        vector[0] = element(0);
        vector.commit().unwrap();
        vector[0] = [0; 3];
        vector.commit().unwrap();
    }
    fill(disk);
    assert_eq!((vector[0], vector[1], vector[len - 1]), ([0; 3], element(1), [0; 3]));
    // Each page has its place now.
    vector.fill([7; 3]);
    vector.commit().unwrap();
    vector.close().unwrap();
    assert!(MmapSlice::<[u64; 3]>::open(&copy).unwrap().iter().all(|element| *element == [7; 3]));
}

/// The kernel finds a place for all of a page, or of some that it has as one, where one byte of it is written: holes beside what is
/// appended, before it and after.
fn a_push_beside_holes(disk: &Path, mode: Mode) {
    for has_room in [false, true] {
        let (path, copy) = (disk.join("vec.pv"), disk.join("copy.pv"));
        let mut vector = options(mode).create(&path).unwrap();
        vector.resize(100_100, [0; 3]).unwrap();
        vector[1] = element(1);
        vector.commit().unwrap();
        vector.shrink_to_fit().unwrap();
        if has_room {
            vector.reserve_exact(50_000).unwrap();
        }
        vector.close().unwrap();
        copy_sparsely(&path, &copy);
        fs::remove_file(&path).unwrap();
        let filler = fill(disk);
        // Reading it makes pages that the kernel has as one.
        assert!(fs::read(&copy).unwrap().len() > 100_100 * 24);
        assert_full(options(mode).open(&copy).and_then(|mut vector| vector.reserve_exact(1000)));

        fs::remove_file(&filler).unwrap();
        let mut vector = options(mode).open(&copy).unwrap();
        vector.reserve_exact(1000).unwrap();
        let filler = fill(disk);
        for i in 0..1000 {
            vector.push(element(100_100 + i)).unwrap();
        }
        vector.commit().unwrap();
        assert_eq!((vector[0], vector[1], vector[100_200]), ([0; 3], element(1), element(100_200)));
        vector.close().unwrap();
        for path in [&filler, &copy] {
            fs::remove_file(path).unwrap();
        }
    }
}

/// Room that an earlier process left behind may have holes as well.
fn holes_are_found_when_growing_again(disk: &Path, mode: Mode) {
    let (path, copy) = (disk.join("vec.pv"), disk.join("copy.pv"));
    let mut vector = options(mode).create(&path).unwrap();
    vector.push(element(0)).unwrap();
    vector.commit().unwrap();
    vector.reserve_exact((2 << 20) / 24).unwrap();
    drop(vector);
    copy_sparsely(&path, &copy);
    fs::remove_file(&path).unwrap();
    let filler = fill(disk);

    if mode == Mode::Atomic {
        // The journal is a hole, too.
        if needs_holes_filled(disk, mode) {
            assert_full(options(mode).open(&copy));
        } else {
            let mut vector = options(mode).open(&copy).unwrap();
            vector[0] = element(1);
            assert_full(vector.commit());
        }
        fs::remove_file(filler).unwrap();
        let mut vector = options(mode).open(&copy).unwrap();
        vector[0] = element(1);
        vector.commit().unwrap();
        vector[0] = element(0);
        vector.close().unwrap();
        fill(disk);
    }
    let mut vector = options(mode).open(&copy).unwrap();
    assert_eq!(vector, [element(0)]);
    assert_full(Err::<(), _>(push_until_full(&mut vector)));
    assert_whole(&vector);
    vector.commit().unwrap();
}

/// A vector of 1 MiB of elements that were committed, on a disk that is full then.
fn committed_on_a_full_disk(disk: &Path, journal_bytes: u64) -> (MmapVec<[u64; 3]>, PathBuf) {
    let options = MmapVec::options().mode(Mode::Atomic).journal_bytes(journal_bytes);
    let mut vector = options.create(disk.join("vec.pv")).unwrap();
    vector.reserve_exact((1 << 20) / 24).unwrap();
    vector.try_extend((0..(1 << 20) / 24).map(element)).unwrap();
    vector.commit().unwrap();
    (vector, fill(disk))
}

/// What a process would see that opened the file now.
#[track_caller]
fn assert_in_the_file(vector: &MmapVec<[u64; 3]>, expected: &[[u64; 3]]) {
    // SAFETY: nobody writes while this slice lives.
    let slice = unsafe { MmapSlice::options().open_read_only_unlocked(vector.path()) }.unwrap();
    assert!(slice == expected);
}

fn what_the_journal_holds_needs_no_space(disk: &Path, _: Mode) {
    let (mut vector, _) = committed_on_a_full_disk(disk, 1 << 20);
    let (mut expected, path) = (vector.to_vec(), vector.path().to_path_buf());
    for number in 0..300_u64 {
        // The journal is full, and emptied, now and then.
        let (one, some) = (number as usize * 143 % expected.len(), number as usize * 20);
        vector[one] = [number; 3];
        expected[one] = [number; 3];
        vector[some..some + 800].fill([!number; 3]);
        expected[some..some + 800].fill([!number; 3]);
        vector.commit().unwrap();
        match number % 40 {
            10 => vector.checkpoint().unwrap(),
            20 => {
                vector.sort();
                vector.rollback().unwrap();
            }
            30 => assert_in_the_file(&vector, &expected),
            35 => {
                drop(vector);
                vector = MmapVec::open(&path).unwrap();
            }
            _ => {}
        }
        assert!(vector == expected);
    }
    vector.truncate(1000);
    vector.commit().unwrap();
    vector.close().unwrap();
    assert_eq!(MmapVec::open(&path).unwrap(), expected[..1000]);
}

fn what_the_journal_cannot_hold_needs_space(disk: &Path, _: Mode) {
    let (mut vector, filler) = committed_on_a_full_disk(disk, 0);
    let (mut expected, path) = (vector.to_vec(), vector.path().to_path_buf());
    for _ in 0..2 {
        vector.fill([7; 3]);
        for _ in 0..2 {
            assert_full(vector.commit());
            assert!(vector.has_uncommitted_changes());
            assert!(vector.iter().all(|element| *element == [7; 3]), "nothing was lost");
            assert_in_the_file(&vector, &expected);
        }
        vector.rollback().unwrap();
        assert!(vector == expected && !vector.has_uncommitted_changes());

        // The handle is as good as before.
        vector[5][0] += 1;
        expected[5][0] += 1;
        vector.commit().unwrap();
        assert_in_the_file(&vector, &expected);
    }
    vector.fill([7; 3]);
    assert_full(vector.commit());
    drop(vector);
    vector = MmapVec::open(&path).unwrap();
    assert!(vector == expected);

    vector.fill([8; 3]);
    vector.pop();
    assert_full(vector.commit());
    fs::remove_file(&filler).unwrap();
    vector.commit().unwrap();
    fill(disk);
    expected.fill([8; 3]);
    expected.pop();
    assert_in_the_file(&vector, &expected);
    vector[0] = [1; 3];
    vector.fill([9; 3]);
    assert_full(vector.close());
    assert!(MmapVec::open(&path).unwrap() == expected);
}

fn a_large_append_has_its_place(disk: &Path, _: Mode) {
    let options = MmapVec::<[u64; 3]>::options().journal_bytes(0);
    let path = disk.join("vec.pv");
    let mut vector = options.create(&path).unwrap();
    vector.push(element(0)).unwrap();
    vector.commit().unwrap();
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![1; 3 << 20]).unwrap();
    // The first append is all that changes; beside the second one there are edits.
    for round in 0..2 {
        push_until_full(&mut vector);
        assert_full(vector.reserve(1 << 20));
        if round == 1 {
            vector[0][1] = 7;
            let last = vector.len() / 2;
            vector[last][1] = 8;
        }
        let expected = vector.to_vec();
        assert!((expected.len() - vector.committed_len()) * 24 > 1 << 20, "a large one");
        vector.commit().unwrap();
        assert_in_the_file(&vector, &expected);
        drop(vector);
        vector = options.open(&path).unwrap();
        assert!(vector == expected);
        if round == 0 {
            fs::remove_file(&ballast).unwrap();
        }
    }
    vector.close().unwrap();
}

/// What a record brings has its place already.
fn recovery_needs_no_space(disk: &Path, _: Mode) {
    let path = disk.join("vec.pv");
    let options = MmapVec::options().journal_bytes(1 << 20);
    let mut vector = options.create(&path).unwrap();
    vector.try_extend((0..20_000).map(element)).unwrap();
    vector.commit().unwrap();
    vector.checkpoint().unwrap();
    for number in 0..8 {
        vector.try_extend((0..1000).map(element)).unwrap();
        vector[number * 100..][..500].fill([7; 3]);
        vector.commit().unwrap();
    }
    let expected = vector.to_vec();
    vector.fill([8; 3]);
    drop(vector);
    let filler = fill(disk);
    let before = fs::read(&path).unwrap();
    assert!(MmapSlice::open(&path).unwrap() == expected);
    assert!(fs::read(&path).unwrap() == before);

    let mut vector = options.open(&path).unwrap();
    assert!(vector == expected);
    vector[3] = [1; 3];
    vector.commit().unwrap();
    drop(vector);
    fs::remove_file(filler).unwrap();
    let vector = options.open(&path).unwrap();
    assert!(vector[3] == [1; 3] && vector[4..] == expected[4..]);
}

/// Blocks past the end of a file make it look as if it had no holes.
#[test]
fn holes_are_found_behind_blocks_past_the_end() {
    const TEST: &str = "disk_full::holes_are_found_behind_blocks_past_the_end";
    Disk::Image("ext4").run(TEST, |disk| {
        let mode = Mode::Shared;
        let path = disk.join("vec.pv");
        let mut vector = options(mode).create(&path).unwrap();
        vector.resize((2 << 20) / 24, [7; 3]).unwrap();
        vector.commit().unwrap();
        vector.close().unwrap();
        support::hide_hole(&path, 1 << 20..3 << 19).unwrap();
        let filler = fill(disk);
        assert_full(options(mode).open(&path));

        fs::remove_file(&filler).unwrap();
        let mut vector = options(mode).open(&path).unwrap();
        fill(disk);
        // A page without its place would end this process.
        vector.fill([8; 3]);
        vector.commit().unwrap();
        vector.close().unwrap();
    });
}

/// A disk that fails to write is known to the commit, and what it lost is not shown as if it were there:
/// neither by the next handle nor, after its commit, by the one after the next mount.
fn a_failure_to_write(disk: &Path, mode: Mode) {
    let path = disk.join("vec.pv");
    // In mode *atomic* the commit takes space beside the elements, which was never written either.
    let options = MmapVec::options().mode(mode).journal_bytes(0);
    make_unwritten(&path, &options);
    let mut vector = options.open(&path).unwrap();
    vector.push(element(vector.len())).unwrap();
    vector.commit().unwrap();
    let len = vector.len();
    let committed = vector.to_vec();
    let filler = fill(&backing(disk));

    vector.fill([7; 3]);
    for _ in 0..2 {
        let error = vector.commit().unwrap_err();
        assert!(matches!(error, Error::Poisoned { .. }), "{error}");
    }
    assert!(matches!(vector.rollback(), Err(Error::Poisoned { .. } | Error::NoRollback { .. })));
    assert!(matches!(vector.reserve(vector.capacity()), Err(Error::Poisoned { .. })));
    assert_eq!(vector[len - 1], [7; 3], "reading goes on");
    drop(vector);
    fs::remove_file(&filler).unwrap();

    let vector = options.open(&path).unwrap();
    let seen = vector.to_vec();
    vector.close().unwrap();
    Disk::Thin.mount_again(disk).unwrap();
    let slice = MmapSlice::<[u64; 3]>::open(&path).unwrap();
    assert_eq!(slice.len(), len);
    assert!(slice.contains(&[0; 3]), "nothing was lost, so nothing was tested");
    assert!(slice == seen, "the handle after the failure has read what is not on the disk");
    assert!(mode == Mode::Shared || seen == committed, "expected the last commit");
}

#[test]
fn what_failed_to_be_written_is_not_read_again() {
    const TEST: &str = "disk_full::what_failed_to_be_written_is_not_read_again";
    Disk::Thin.run(TEST, |disk| a_failure_to_write(disk, Mode::Shared));
}

#[test]
fn what_failed_to_be_written_is_not_committed() {
    const TEST: &str = "disk_full::what_failed_to_be_written_is_not_committed";
    Disk::Thin.run(TEST, |disk| a_failure_to_write(disk, Mode::Atomic));
}

/// What was appended in large pieces is in no memory but the kernel's, which it may drop after it failed to write it.
#[test]
fn what_failed_to_be_written_can_be_read() {
    const TEST: &str = "disk_full::what_failed_to_be_written_can_be_read";
    Disk::Thin.run(TEST, |disk| {
        // Three pages of the disk: what is appended begins with another.
        const COMMITTED: usize = 512;

        let mut vector = options(Mode::Atomic).create(disk.join("vec.pv")).unwrap();
        vector.resize(COMMITTED, [1; 3]).unwrap();
        vector.commit().unwrap();
        vector.reserve_exact(50_000).unwrap();
        fill(&backing(disk));
        vector.extend_from_slice(&[[7; 3]; 40_000]).unwrap();
        let error = vector.commit().unwrap_err();
        assert!(matches!(error, Error::Poisoned { .. }), "{error}");
        let (committed, appended) = vector.split_at(COMMITTED);
        assert!(
            committed == [[1; 3]; COMMITTED] && appended == [[7; 3]; 40_000],
            "an element was lost"
        );
    });
}

/// A vector of zeros whose blocks have their place on the disk and were never written there.
fn make_unwritten(path: &Path, options: &OpenOptions<[u64; 3]>) {
    let whole = path.with_extension("whole");
    let mut vector = options.create(&whole).unwrap();
    vector.resize((2 << 20) / 24, [0; 3]).unwrap();
    vector.commit().unwrap();
    vector.close().unwrap();
    copy_sparsely(&whole, path);
    let file = File::options().write(true).open(path).unwrap();
    let bytes = file.metadata().unwrap().len();
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes).unwrap();
    file.sync_all().unwrap();
}
