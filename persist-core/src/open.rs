//! Finding, locking and creating files.
//!
//! Opening never guesses, never deletes and never changes a file. Creating never replaces one: the
//! file is made under another name, made durable, and then renamed.

#![forbid(unsafe_code)]

use std::fs::{self, File, FileType};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Action, Error};
use crate::header::{Header, NewFile, Preamble};
use crate::lock::{Access, Lock, is_still_at};
use crate::mode::Mode;
use crate::storage::{FileStorage, Storage};
use crate::store::Store;
use crate::temporary::{self, Temporary};

/// Whether a handle takes a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locking {
    Locked,
    /// The caller of an `unsafe fn` keeps everybody else out.
    Unlocked,
}

/// Opens the file at `path`, following symbolic links, and checks its header.
pub(crate) fn open(path: &Path, access: Access, locking: Locking) -> Result<Store, Error> {
    let (file, lock) = open_locked(path, access, locking)?;
    Store::open(path, Box::new(FileStorage::new(file)), lock)
}

/// Opens the file at `path`, following symbolic links, whatever is in it.
pub(crate) fn open_locked(
    path: &Path,
    access: Access,
    locking: Locking,
) -> Result<(File, Option<Lock>), Error> {
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
            return Ok((file, lock));
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
    let preamble = Preamble::new(new_file).ok_or_else(|| io(io::ErrorKind::FileTooLarge.into()))?;
    let temporary = Temporary::for_new(path, temporary::ORDINARY)?;
    // Before the file has its name, so that nobody can be faster.
    let lock = Lock::acquire(temporary.file(), path, Access::Exclusive)?;
    let header = Header::create(&preamble, new_file.descriptor, new_file.mode, 0);
    let file = temporary.file().try_clone().map_err(io)?;
    let storage = FileStorage::new(file);
    make_room(&storage, &preamble, new_file.mode)
        .and_then(|()| storage.write_all_at(0, &header))
        .and_then(|()| temporary.file().sync_all())
        .map_err(|source| {
            Error::no_room(Action::Create, path, preamble.data_offset.get(), source)
        })?;
    temporary.name(path)?;
    Store::open(path, Box::new(storage), Some(lock))
}

/// Gives everything before the data of a new file its place on the device. A journal that will be used is
/// written, too: the first write to a place that was only allocated takes a second flush, of the file system's
/// own journal.
pub(crate) fn make_room(storage: &FileStorage, preamble: &Preamble, mode: Mode) -> io::Result<()> {
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

    let data_offset = preamble.data_offset.get();
    storage.allocate(0, data_offset)?;
    if mode == Mode::Atomic {
        for offset in (preamble.journal_offset.get()..data_offset).step_by(ZEROS.len()) {
            // Both ends of the journal are multiples of so many bytes.
            storage.write_all_at(offset, &ZEROS)?;
        }
    }
    Ok(())
}

/// The time that a new file records as that of its creation.
pub(crate) fn now_unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// A number that nobody can guess: the keys of such a state are all that is random in std.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
