//! Files that were not closed, to those who only read: the last commit, and not a byte is written. And who
//! opens such a file first.

#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use persist_core::{Error, LockHolder, MmapSlice, MmapVec, OpenOptions, Shutdown};
use tempfile::TempDir;

use crate::support::{self, Image, Preamble, Slot};
use crate::{child, disks};

fn options() -> OpenOptions<u64> {
    MmapVec::options().journal_bytes(1 << 20)
}

/// A file in whose journal records wait: edits, appended elements, a removal, elements appended again. With what
/// the last of them committed.
fn pending(path: &Path) -> Vec<u64> {
    let mut vector = options().create(path).unwrap();
    vector.try_extend(0..50_000).unwrap();
    vector.commit().unwrap();
    vector.checkpoint().unwrap();
    vector.reserve_exact(20_000).unwrap();
    for number in 0..5 {
        vector[number * 7000] = 1;
        vector.as_mut_slice()[number * 100..][..3000].fill(number as u64);
        vector.try_extend(0..5000).unwrap();
        vector.commit().unwrap();
        vector.truncate(vector.len() - 3000);
        vector.commit().unwrap();
        vector.extend_from_slice(&[7; 3010]).unwrap();
        vector.commit().unwrap();
    }
    let committed = vector.to_vec();
    // What was not committed is nobody's.
    vector.reverse();
    vector.push(3).unwrap();
    drop(vector);
    let image = Image::read(path);
    let newest = (0..2).max_by_key(|&slot| image.get(Slot(slot), "epoch")).unwrap();
    assert_eq!(image.get(Slot(newest), "committed_len"), 50_000, "the rest waits in the journal");
    assert!(committed.len() > 60_000);
    committed
}

fn pending_file() -> (TempDir, PathBuf, Vec<u64>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pending.pv");
    let committed = pending(&path);
    (directory, path, committed)
}

/// What a file is, besides what it was last read.
fn state(path: &Path) -> (Vec<u8>, std::time::SystemTime, u32) {
    let metadata = fs::metadata(path).unwrap();
    let mode = metadata.permissions().mode();
    (fs::read(path).unwrap(), metadata.modified().unwrap(), mode)
}

#[track_caller]
fn assert_reads(path: &Path, committed: &[u64]) {
    let before = state(path);
    let slices = [(); 3].map(|()| MmapSlice::<u64>::open(path).unwrap());
    assert!(slices.iter().all(|slice| slice == committed));
    assert_eq!(slices[0].info().shutdown, Shutdown::Unclean);
    drop(slices);
    assert!(state(path) == before, "reading has changed the file");
}

#[test]
fn readers_see_the_last_commit_and_write_nothing() {
    let (_directory, path, committed) = pending_file();
    assert_reads(&path, &committed);
    let slice = MmapSlice::<u64>::open(&path).unwrap();
    assert!(matches!(MmapVec::<u64>::open(&path), Err(Error::Locked { .. })));
    assert!(slice == committed);
    drop(slice);
    // Whoever may write finds the same, and puts it in its place.
    drop(options().open(&path).unwrap());
    assert_reads(&path, &committed);
    let mut vector = options().open(&path).unwrap();
    assert!(vector == committed);
    vector[3] += 1;
    vector.close().unwrap();
    assert_eq!(MmapSlice::<u64>::open(&path).unwrap()[3], committed[3] + 1);
}

/// A commit that was too large for the journal, and one whose appended elements went to their place.
#[test]
fn readers_see_large_commits() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("large.pv");
    let mut vector = MmapVec::<u64>::options().journal_bytes(0).create(&path).unwrap();
    vector.try_extend(0..300_000).unwrap();
    vector.commit().unwrap();
    for number in 0..6 {
        match number % 3 {
            0 => vector.reverse(),
            1 => vector.try_extend(0..70_000).unwrap(),
            _ => {
                vector[5] = 5;
                vector.try_extend(0..70_000).unwrap();
            }
        }
        vector.commit().unwrap();
        let committed = vector.to_vec();
        vector.as_mut_slice().fill(1);
        vector.push(4).unwrap();
        drop(vector);
        assert_reads(&path, &committed);
        vector = MmapVec::open(&path).unwrap();
        assert!(vector == committed);
    }
}

#[test]
fn a_file_that_may_not_be_written_is_read() {
    let (_directory, path, committed) = pending_file();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let read = support::without_privileges(|| {
        assert!(File::options().write(true).open(&path).is_err());
        assert!(MmapVec::<u64>::open(&path).is_err());
        assert_reads(&path, &committed);
    });
    if read.is_none() {
        support::skip(
            "read_only::a_file_that_may_not_be_written_is_read",
            "permissions don't matter",
        );
    }
    assert_reads(&path, &committed);
}

/// Whether this process is in a namespace of its own, whose root has few rights outside.
fn is_in_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap();
    map.split_whitespace().collect::<Vec<_>>() != ["0", "0", "4294967295"]
}

fn remount_read_only(directory: &Path) -> Result<(), String> {
    disks::run("mount", &["-o", "remount,ro"], directory)
}

/// On a file system where nobody can write: the whole of it, or the way to it.
fn on_a_read_only_file_system(directory: &Path) {
    let path = directory.join("pending.pv");
    let committed = pending(&path);
    let bound = directory.with_extension("bound");
    fs::create_dir(&bound).unwrap();
    disks::run("mount", &["--bind", directory.to_str().unwrap()], &bound).unwrap();
    disks::run("mount", &["-o", "remount,bind,ro"], &bound).unwrap();
    assert_reads(&bound.join("pending.pv"), &committed);
    assert!(MmapVec::<u64>::open(bound.join("pending.pv")).is_err());
    disks::run("umount", &[], &bound).unwrap();

    match remount_read_only(directory) {
        Err(_) if is_in_namespace() => return,
        result => result.unwrap(),
    }
    assert!(File::options().write(true).open(&path).is_err());
    assert_reads(&path, &committed);
    assert!(MmapVec::<u64>::open(&path).is_err());
    disks::run("mount", &["-o", "remount,rw"], directory).unwrap();
    assert!(MmapVec::open(&path).unwrap() == committed);
}

macro_rules! on_disks {
    ($($name:ident: $disk:expr;)*) => { $(
        #[test]
        fn $name() {
            const TEST: &str = concat!("read_only::", stringify!($name));
            $disk.run(TEST, on_a_read_only_file_system);
        }
    )* };
}

on_disks! {
    on_a_read_only_tmpfs: disks::Disk::Tmpfs;
    on_a_read_only_ext4: disks::Disk::Image("ext4");
    on_a_read_only_xfs: disks::Disk::Image("xfs");
    on_a_read_only_btrfs: disks::Disk::Image("btrfs");
}

/// A crash may lose the new end of a file, and not the record of the elements that were appended.
#[test]
fn a_file_that_lost_its_end_is_read() {
    let (_directory, path, committed) = pending_file();
    let whole = fs::read(&path).unwrap();
    let data_offset = Image(whole.clone()).get(Preamble, "data_offset");
    let slot_end = data_offset + 50_000 * 8;
    let end = data_offset + committed.len() as u64 * 8;
    for len in [slot_end, slot_end + 1, slot_end + 4096, end - 8, end - 1, end] {
        fs::write(&path, &whole).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(len).unwrap();
        assert_reads(&path, &committed);
        let vector = MmapVec::<u64>::open(&path).unwrap();
        assert!(vector == committed, "cut to {len}");
        drop(vector);
        assert_reads(&path, &committed);
        MmapVec::<u64>::open(&path).unwrap().close().unwrap();
        assert!(MmapSlice::open(&path).unwrap() == committed);
    }
    // What the slot counts is in no record.
    fs::write(&path, &whole[..slot_end as usize - 1]).unwrap();
    assert!(matches!(MmapSlice::<u64>::open(&path), Err(Error::Truncated { .. })));
    assert!(matches!(MmapVec::<u64>::open(&path), Err(Error::Truncated { .. })));
}

fn hash(elements: &[u64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    elements.hash(&mut hasher);
    hasher.finish()
}

/// In another process, at a time that the others start, too.
fn open_at_once_if_child() -> bool {
    let Some((role, path)) = child::task() else { return false };
    child::say("ready");
    child::wait_for_release();
    match &*role {
        "read" => {
            let slice = MmapSlice::<u64>::open(&path).unwrap();
            child::say(hash(&slice));
        }
        _ => match MmapVec::<u64>::open(&path) {
            Ok(vector) => {
                child::say(hash(&vector));
                // Until it is killed.
                loop {
                    std::thread::park();
                }
            }
            Err(Error::Locked { holder: LockHolder::AnotherProcess, .. }) => child::say("locked"),
            Err(error) => panic!("{error:?}"),
        },
    }
    true
}

/// What each of several processes says that open the file at once.
fn race(test: &str, role: &str, path: &Path) -> Vec<String> {
    let mut children: Vec<_> = (0..4).map(|_| child::start(test, role, path)).collect();
    children.iter_mut().for_each(|child| child.expect("ready"));
    children.iter_mut().for_each(child::Child::release);
    children.iter_mut().map(|child| child.hear().expect("each says something")).collect()
}

#[test]
fn of_many_who_recover_a_file_one_does() {
    const TEST: &str = "read_only::of_many_who_recover_a_file_one_does";
    if open_at_once_if_child() {
        return;
    }
    let (_directory, path, committed) = pending_file();
    let whole = fs::read(&path).unwrap();
    for _ in 0..15 {
        let said = race(TEST, "write", &path);
        let (locked, found): (Vec<_>, Vec<_>) = said.into_iter().partition(|said| said == "locked");
        assert_eq!((locked.len(), &*found), (3, &[hash(&committed).to_string()][..]));
        // All of them are dead.
        assert_reads(&path, &committed);
        fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn many_read_what_waits_in_the_journal() {
    const TEST: &str = "read_only::many_read_what_waits_in_the_journal";
    if open_at_once_if_child() {
        return;
    }
    let (_directory, path, committed) = pending_file();
    let before = state(&path);
    for _ in 0..5 {
        let said = race(TEST, "read", &path);
        assert!(said.iter().all(|said| *said == hash(&committed).to_string()), "{said:?}");
        assert!(state(&path) == before, "reading has changed the file");
    }
}

/// The user who may do least: not the owner, no group, no rights.
#[test]
fn a_user_who_owns_nothing_reads_it() {
    const TEST: &str = "read_only::a_user_who_owns_nothing_reads_it";
    if open_at_once_if_child() {
        return;
    }
    let (directory, path, committed) = pending_file();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let exe = std::env::current_exe().unwrap();
    let can = |arguments: &[&std::ffi::OsStr]| {
        let output = Command::new(nobody[0]).args(&nobody[1..]).args(arguments).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !can(&[exe.as_os_str(), "--list".as_ref()]) {
        return support::skip(TEST, "no way to become another user who may run this program");
    }
    if !can(&["test".as_ref(), "-r".as_ref(), path.as_os_str()]) {
        return support::skip(
            TEST,
            "another user may not come to the directory of temporary files",
        );
    }
    let before = state(&path);
    let mut child = child::start_under(&nobody, TEST, "read", &path);
    child.expect("ready");
    child.release();
    child.expect(&hash(&committed).to_string());
    assert!(child.wait().success());
    assert!(state(&path) == before, "reading has changed the file");
}
