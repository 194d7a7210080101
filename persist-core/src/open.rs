//! Finding, locking and creating files.
//!
//! Opening never guesses, never deletes and never changes a file. Creating never replaces one: the
//! file is made under another name, made durable, and then renamed.

#![forbid(unsafe_code)]

use std::fs::{self, File, FileType};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Action, Error};
use crate::header::{Header, NewFile, Preamble};
use crate::lock::{Access, Lock, is_still_at};
use crate::mode::Mode;
use crate::storage::{FileStorage, Storage};
use crate::store::Store;

/// Whether a handle takes a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locking {
    Locked,
    /// The caller of an `unsafe fn` keeps everybody else out.
    Unlocked,
}

/// Opens the file at `path`, following symbolic links, and checks its header.
pub(crate) fn open(path: &Path, access: Access, locking: Locking) -> Result<Store, Error> {
    let action = match access {
        Access::Shared => Action::OpenForReading,
        Access::Exclusive => Action::OpenForWriting,
    };
    let io = |source| Error::io(action, path, source);
    // Asked before opening, which would have effects on a device.
    check_is_file(path, file_type(path).map_err(io)?)?;
    for _ in 0..MAX_ATTEMPTS {
        let file = open_file(path, access).map_err(io)?;
        check_is_file(path, file.metadata().map_err(io)?.file_type())?;
        let lock = match locking {
            Locking::Locked => Some(Lock::acquire(&file, path, access)?),
            Locking::Unlocked => None,
        };
        if is_still_at(&file, path).map_err(io)? {
            return Store::open(path, Box::new(FileStorage::new(file)), lock);
        }
    }
    Err(io(io::Error::other("each time it was looked up, the path named another file")))
}

/// How often a file may be replaced by another between opening and locking it.
const MAX_ATTEMPTS: usize = 100;

/// Opens the file without waiting, as for the other end of a pipe that took its place.
fn open_file(path: &Path, access: Access) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(access == Access::Exclusive);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    }
    options.open(path)
}

/// What the path names, or the link itself where it leads nowhere.
fn file_type(path: &Path) -> io::Result<FileType> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(path.symlink_metadata()?.file_type())
        }
        metadata => Ok(metadata?.file_type()),
    }
}

fn check_is_file(path: &Path, found: FileType) -> Result<(), Error> {
    let found = match found {
        found if found.is_file() => return Ok(()),
        found if found.is_dir() => "a directory",
        found if found.is_symlink() => "a symbolic link to nothing",
        _ => "a device, a pipe or a socket",
    };
    Err(Error::NotAFile { path: path.into(), found })
}

/// Creates a file of no elements at `path`, with its directory entry durable, and locks it.
pub(crate) fn create(path: &Path, new_file: &NewFile<'_>) -> Result<Store, Error> {
    let io = |source| Error::io(Action::Create, path, source);
    // Asked first to spare the work; the rename below decides.
    if path.symlink_metadata().is_ok() {
        return Err(Error::AlreadyExists { path: path.into() });
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let directory_file = open_directory(directory).map_err(io)?;
    let (file, temporary) = create_temporary(directory).map_err(io)?;
    let lock = fill_and_rename(path, &file, &temporary, new_file).inspect_err(|_| {
        // A file that can't be removed is only litter, and the first error says more.
        let _ = fs::remove_file(&temporary);
    })?;
    sync_directory(directory_file).map_err(io).inspect_err(|_| {
        // Nobody has it open: it is locked.
        let _ = fs::remove_file(path);
    })?;
    Store::open(path, Box::new(FileStorage::new(file)), Some(lock))
}

/// Creates an empty file of a name that no other file has.
fn create_temporary(directory: &Path) -> io::Result<(File, PathBuf)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!(".persist-{}-{count}.tmp", std::process::id()));
        match File::options().read(true).write(true).create_new(true).open(&path) {
            // Left behind by a process of the same number that was killed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return Ok((result?, path)),
        }
    }
}

/// Makes an empty file one of no elements, locks it, makes it durable and gives it its name.
fn fill_and_rename(
    path: &Path,
    file: &File,
    temporary: &Path,
    new_file: &NewFile<'_>,
) -> Result<Lock, Error> {
    let io = |source| Error::io(Action::Create, path, source);
    let preamble = Preamble::new(new_file).ok_or_else(|| io(io::ErrorKind::FileTooLarge.into()))?;
    // Before the file has its name, so that nobody can be faster.
    let lock = Lock::acquire(file, path, Access::Exclusive)?;
    let header = Header::create(&preamble, new_file.descriptor, new_file.mode);
    let data_offset = preamble.data_offset.get();
    write_header(file, &header, new_file.mode, data_offset)
        .map_err(|source| Error::no_room(Action::Create, path, data_offset, source))?;
    rename_without_replacing(temporary, path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Error::AlreadyExists { path: path.into() },
        _ => io(error),
    })?;
    Ok(lock)
}

/// Writes what stands before the journal, gives everything before the data its place on the device, and
/// makes both durable. A journal that will be used is written, too: the first write to a place that was
/// only allocated takes a second flush, of the file system's own journal.
fn write_header(file: &File, header: &[u8], mode: Mode, data_offset: u64) -> io::Result<()> {
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

    let storage = FileStorage::new(file.try_clone()?);
    storage.allocate(0, data_offset)?;
    storage.write_all_at(0, header)?;
    if mode == Mode::Atomic {
        for offset in (header.len() as u64..data_offset).step_by(ZEROS.len()) {
            // Both ends of the journal are multiples of so many bytes.
            storage.write_all_at(offset, &ZEROS)?;
        }
    }
    file.sync_all()
}

fn rename_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;

        const UNKNOWN: [Errno; 4] = [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP, Errno::NOTSUP];
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // Not every file system knows the flag; a hard link doesn't replace either.
            Err(errno) if UNKNOWN.contains(&errno) => {}
            result => return Ok(result?),
        }
    }
    fs::hard_link(from, to)?;
    // The file has its name; the other one is only litter now.
    let _ = fs::remove_file(from);
    Ok(())
}

/// Opens a directory to sync it later: before there is something to sync, in case it can't be opened.
/// Windows has no call to sync one: NTFS journals them.
fn open_directory(directory: &Path) -> io::Result<Option<File>> {
    if cfg!(unix) { File::open(directory).map(Some) } else { Ok(None) }
}

fn sync_directory(directory: Option<File>) -> io::Result<()> {
    directory.map_or(Ok(()), |directory| directory.sync_all())
}
