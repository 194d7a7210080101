//! A full disk is an error of the call that needs space, and nothing else; and a disk that fails to write
//! is one of the commit. On real file systems, small ones, each mounted in a process of its own. If such a
//! process died, by `SIGBUS` say, its test would see it; and what it mounted goes with it, however it ends.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use persist_core::{Error, MmapSlice, MmapVec, OpenOptions, Shutdown};

use crate::{child, support};

/// How a small disk is made at a mount point.
#[derive(Debug, Clone, Copy)]
enum Disk {
    Tmpfs,
    /// An image in a file, made by the program of this name.
    Image(&'static str),
    /// An ext4 image in a sparse file on a tmpfs of the same size, beside the mount point. Where that is
    /// full ([`backing`]), blocks of the disk that were never written can't be.
    Thin,
}

const DISK_BYTES: u64 = 12 << 20;

impl Disk {
    /// Mounts the disk at `directory`, which has another beside it for an image.
    fn mount(self, directory: &Path) -> Result<(), String> {
        match self {
            Self::Tmpfs => {
                let options = format!("size={DISK_BYTES},mode=0700");
                run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"], directory)
            }
            Self::Image(mkfs) => {
                let image = directory.with_extension("image");
                // Small blocks need less space for themselves; nothing is kept for root.
                make_image(&image, mkfs, &["-m", "0", "-b", "4096"])?;
                mount_image(&image, directory)
            }
            Self::Thin => {
                let backing = backing(directory);
                fs::create_dir(&backing).map_err(|error| error.to_string())?;
                Self::Tmpfs.mount(&backing)?;
                // Without a journal, and with all that it needs for itself written at once, only what the
                // test writes can fail.
                let options = ["-m", "0", "-b", "4096", "-O", "^has_journal"];
                let at_once = ["-E", "lazy_itable_init=0,nodiscard"];
                let image = backing.join("image");
                make_image(&image, "mkfs.ext4", &[&options[..], &at_once].concat())?;
                mount_image(&image, directory)
            }
        }
    }
}

fn make_image(image: &Path, mkfs: &str, options: &[&str]) -> Result<(), String> {
    let file = File::create(image).map_err(|error| error.to_string())?;
    file.set_len(DISK_BYTES).map_err(|error| error.to_string())?;
    run(mkfs, &[&["-q", "-F"], options].concat(), image)
}

fn mount_image(image: &Path, directory: &Path) -> Result<(), String> {
    run("mount", &["-o", "loop,errors=continue", image.to_str().unwrap()], directory)
}

/// The file system that a thin disk lies on.
fn backing(disk: &Path) -> PathBuf {
    disk.with_extension("backing")
}

/// Runs a program of the system, with a path as its last argument.
fn run(program: &str, arguments: &[&str], path: &Path) -> Result<(), String> {
    let search = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let output = Command::new(program)
        .args(arguments)
        .arg(path)
        .env("PATH", search)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// How a process gets mounts of its own: as root, or as one who is root only there.
fn unshare() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] =
        [&["unshare", "--mount"], &["unshare", "--user", "--map-root-user", "--mount"]];
    WAYS.into_iter().find(|way| run(way[0], &way[1..], Path::new("true")).is_ok())
}

/// Runs a scenario on a small disk, in another process.
fn on(disk: Disk, test: &str, scenario: fn(&Path)) {
    if let Some((_, directory)) = child::task() {
        match disk.mount(&directory) {
            Ok(()) => {
                child::say("mounted");
                scenario(&directory);
                child::say("done");
            }
            Err(reason) => child::say(format!("can't mount: {reason}")),
        }
        return;
    }
    let Some(unshare) = unshare() else {
        return support::skip(test, "no right to mount anything");
    };
    let directory = tempfile::tempdir().unwrap();
    let mount_point = directory.path().join("disk");
    fs::create_dir(&mount_point).unwrap();
    let mut child = child::start_under(unshare, test, "", &mount_point);
    match child.hear() {
        Some(line) if line == "mounted" => {}
        Some(line) => return support::skip(test, line),
        None => panic!("the process died: {}", child.wait()),
    }
    let last = child.hear();
    let status = child.wait();
    assert_eq!((last.as_deref(), status.success()), (Some("done"), true), "{status}");
}

/// Each scenario on one disk, a test each.
macro_rules! scenarios {
    ($name:ident, $disk:expr) => {
        mod $name {
            scenarios! {
                $disk,
                pushing_fails_and_goes_on,
                what_was_pushed_survives_a_drop,
                all_elements_are_appended_or_none,
                a_file_is_created_whole_or_not_at_all,
                holes_are_found_when_opening,
                holes_are_found_when_growing_again
            }
        }
    };
    ($disk:expr, $($scenario:ident),*) => { $(
        #[test]
        fn $scenario() {
            let path = module_path!().split_once("::").unwrap().1;
            super::on($disk, &format!("{path}::{}", stringify!($scenario)), super::$scenario);
        }
    )* };
}

scenarios!(tmpfs, crate::disk_full::Disk::Tmpfs);
scenarios!(ext4, crate::disk_full::Disk::Image("mkfs.ext4"));
// Knows no `fallocate`.
scenarios!(ext2, crate::disk_full::Disk::Image("mkfs.ext2"));

fn options() -> OpenOptions<[u64; 3]> {
    MmapVec::options().journal_bytes(0)
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

fn pushing_fails_and_goes_on(disk: &Path) {
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![1; 2 << 20]).unwrap();
    let path = disk.join("vec.pv");
    let mut vector = options().create(&path).unwrap();
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

fn what_was_pushed_survives_a_drop(disk: &Path) {
    let path = disk.join("vec.pv");
    let mut vector = options().create(&path).unwrap();
    push_until_full(&mut vector);
    let len = vector.len();
    vector.commit().unwrap();
    drop(vector);
    fill(disk);
    let mut vector = options().open(&path).unwrap();
    assert_eq!(vector.len(), len);
    assert_whole(&vector);
    // Every page of it can be written, though there is no space for another.
    vector.iter_mut().for_each(|element| element[1] = 0);
    vector.commit().unwrap();
    assert_full(vector.reserve(1 << 20));
    vector.close().unwrap();
}

fn all_elements_are_appended_or_none(disk: &Path) {
    let mut vector = options().create(disk.join("vec.pv")).unwrap();
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

fn a_file_is_created_whole_or_not_at_all(disk: &Path) {
    let filler = fill(disk);
    let path = disk.join("new.pv");
    for _ in 0..2 {
        assert_full(options().create(&path));
        assert_full(MmapVec::<u64>::create(&path));
        assert_full(MmapVec::<u64>::open_or_create(&path));
        assert_eq!(listing(disk), BTreeSet::from(["filler".into()]));
    }
    fs::remove_file(&filler).unwrap();
    let mut vector = options().create(&path).unwrap();
    fill(disk);
    // There is a file, and no space for its first element.
    assert_full(vector.push(element(0)));
    vector.commit().unwrap();
    vector.close().unwrap();
    fs::remove_file(&filler).unwrap();
    options().open(&path).unwrap().push(element(0)).unwrap();
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

/// What stands in holes has no space, so a full disk is found when the file is opened to write.
fn holes_are_found_when_opening(disk: &Path) {
    let (path, copy) = (disk.join("vec.pv"), disk.join("copy.pv"));
    let mut vector = options().create(&path).unwrap();
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

    for _ in 0..2 {
        assert_full(options().open(&copy));
        let slice = MmapSlice::<[u64; 3]>::open(&copy).unwrap();
        assert_eq!((slice.len(), slice[1]), (len, element(1)));
    }
    fs::remove_file(&filler).unwrap();
    let mut vector = options().open(&copy).unwrap();
    fill(disk);
    assert_eq!((vector[0], vector[1], vector[len - 1]), ([0; 3], element(1), [0; 3]));
    // Each page has its place now.
    vector.fill([7; 3]);
    vector.commit().unwrap();
    vector.close().unwrap();
    assert!(MmapSlice::<[u64; 3]>::open(&copy).unwrap().iter().all(|element| *element == [7; 3]));
}

/// Room that an earlier process left behind may have holes as well.
fn holes_are_found_when_growing_again(disk: &Path) {
    let (path, copy) = (disk.join("vec.pv"), disk.join("copy.pv"));
    let mut vector = options().create(&path).unwrap();
    vector.push(element(0)).unwrap();
    vector.commit().unwrap();
    vector.reserve_exact((2 << 20) / 24).unwrap();
    drop(vector);
    copy_sparsely(&path, &copy);
    fs::remove_file(&path).unwrap();
    fill(disk);

    let mut vector = options().open(&copy).unwrap();
    assert_eq!(vector, [element(0)]);
    assert_full(Err::<(), _>(push_until_full(&mut vector)));
    assert_whole(&vector);
    vector.commit().unwrap();
}

/// Blocks past the end of a file make it look as if it had no holes.
#[test]
fn holes_are_found_behind_blocks_past_the_end() {
    const TEST: &str = "disk_full::holes_are_found_behind_blocks_past_the_end";
    on(Disk::Image("mkfs.ext4"), TEST, |disk| {
        let path = disk.join("vec.pv");
        let mut vector = options().create(&path).unwrap();
        vector.resize((2 << 20) / 24, [7; 3]).unwrap();
        vector.commit().unwrap();
        vector.close().unwrap();
        support::hide_hole(&path, 1 << 20..3 << 19).unwrap();
        let filler = fill(disk);
        assert_full(options().open(&path));

        fs::remove_file(&filler).unwrap();
        let mut vector = options().open(&path).unwrap();
        fill(disk);
        // A page without its place would end this process.
        vector.fill([8; 3]);
        vector.commit().unwrap();
        vector.close().unwrap();
    });
}

/// A disk that fails to write is known to the commit, and what it lost is not shown as if it were there:
/// neither by the next handle nor, after its commit, by the one after the next mount.
#[test]
fn what_failed_to_be_written_is_not_read_again() {
    const TEST: &str = "disk_full::what_failed_to_be_written_is_not_read_again";
    on(Disk::Thin, TEST, |disk| {
        let path = disk.join("vec.pv");
        make_unwritten(&path);
        let mut vector = options().open(&path).unwrap();
        let len = vector.len();
        vector[0] = element(0);
        vector.commit().unwrap();
        let filler = fill(&backing(disk));

        vector.fill([7; 3]);
        let error = vector.commit().unwrap_err();
        assert!(matches!(error, Error::Poisoned { .. }), "{error}");
        drop(vector);
        fs::remove_file(&filler).unwrap();

        let vector = options().open(&path).unwrap();
        let seen = vector.to_vec();
        vector.close().unwrap();
        run("umount", &[], disk).unwrap();
        mount_image(&backing(disk).join("image"), disk).unwrap();
        let slice = MmapSlice::<[u64; 3]>::open(&path).unwrap();
        assert_eq!(slice.len(), len);
        assert!(slice.contains(&[0; 3]), "nothing was lost, so nothing was tested");
        assert!(slice == seen, "the handle after the failure has read what is not on the disk");
    });
}

/// A vector of zeros whose blocks have their place on the disk and were never written there.
fn make_unwritten(path: &Path) {
    let whole = path.with_extension("whole");
    let mut vector = options().create(&whole).unwrap();
    vector.resize((2 << 20) / 24, [0; 3]).unwrap();
    vector.commit().unwrap();
    vector.close().unwrap();
    copy_sparsely(&whole, path);
    // Opening fills the holes.
    options().open(path).unwrap().close().unwrap();
    File::open(path).unwrap().sync_all().unwrap();
}
