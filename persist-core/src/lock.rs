//! Who may open a file: one writer, or any number of readers.
//!
//! The lock is on the whole file (`flock`, `LockFileEx`), so it is on the file and
//! not on one of its names, and dies with the process. It is an advisory one, but on Windows, where others can't read what
//! one handle locked to write. Over NFS such locks belong to the process and
//! not to the handle, so a second handle of the same process is refused by a register of our own.
//! This module knows nothing of what is in a file.

#![forbid(unsafe_code)]

use std::fs::File;
#[cfg(not(windows))]
use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::process;

use fs4::{FileExt, TryLockError};

use crate::error::{Action, Error, LockHolder};

/// What the holder of a lock may do, and so whom it keeps out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reads; other readers may, too.
    Shared,
    /// Reads and writes, alone.
    Exclusive,
}

/// A file that is locked until this is dropped, and entered in the register of such files.
///
/// Whoever holds one drops it after the mappings of the file, which nobody else may write before.
#[derive(Debug)]
pub(crate) struct Lock {
    // Dropped after the file was unlocked, so that the register admits nobody too early, and before it
    // is closed: then another file may get its number.
    _entry: register::Entry,
    file: File,
    /// The process that locked the file. One that was forked has a copy of this, and must not unlock.
    process: u32,
}

impl Lock {
    /// Locks a file that was opened by `path`, without waiting.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] where somebody holds a lock that excludes this one; [`Error::Io`] where the
    /// file system can't lock.
    pub(crate) fn acquire(file: &File, path: &Path, access: Access) -> Result<Self, Error> {
        let locked = |holder| Error::Locked { path: path.into(), holder };
        let io = |source| Error::io(Action::Lock, path, source);
        let id = FileId::of(file).map_err(io)?;
        // The lock belongs to the open file, which the clone shares.
        let file = file.try_clone().map_err(io)?;
        let lock = || match access {
            Access::Shared => FileExt::try_lock_shared(&file),
            Access::Exclusive => FileExt::try_lock(&file),
        };
        let result = register::Entry::new(id, access, lock)
            .ok_or_else(|| locked(LockHolder::ThisProcess))?;
        match result {
            Ok(entry) => Ok(Self { _entry: entry, file, process: process::id() }),
            Err(TryLockError::WouldBlock) => Err(locked(LockHolder::AnotherProcess)),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}

impl Lock {
    /// Refuses to do anything to the file at `path` where that isn't the one that is locked any more.
    pub(crate) fn check_place(&self, path: &Path) -> io::Result<()> {
        match is_still_at(&self.file, path)? {
            true => Ok(()),
            false => Err(io::Error::other("the path names another file by now")),
        }
    }

    /// The file that is locked.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for Lock {
    /// Closing the file would unlock it too, but only with its last descriptor, and a process that
    /// another thread has just forked keeps a copy of each until it runs its own program.
    fn drop(&mut self) {
        if self.process == process::id() {
            // Where it fails, closing is still to come.
            let _ = FileExt::unlock(&self.file);
        }
    }
}

/// Whether `path` still names this file. Between opening and locking it, somebody may have renamed
/// another file over it, and a lock on a file without a name protects nobody.
pub(crate) fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    Ok(FileId::of(file)? == FileId::at(path)?)
}

/// What a file is known by while it is open, whatever its names: its volume, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FileId(u64, u64);

#[cfg(unix)]
impl FileId {
    fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|metadata| Self::in_metadata(&metadata))
    }

    fn at(path: &Path) -> io::Result<Self> {
        path.metadata().map(|metadata| Self::in_metadata(&metadata))
    }

    fn in_metadata(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;

        Self(metadata.dev(), metadata.ino())
    }
}

#[cfg(windows)]
impl FileId {
    fn of(file: &File) -> io::Result<Self> {
        let information = winapi_util::file::information(file)?;
        Ok(Self(information.volume_serial_number(), information.file_index()))
    }

    /// Opens the file, without access to what is in it.
    fn at(path: &Path) -> io::Result<Self> {
        use std::os::windows::fs::OpenOptionsExt;

        Self::of(&File::options().access_mode(0).open(path)?)
    }
}

/// The files that this process has locked.
mod register {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

    use super::{Access, FileId};

    /// For each open file how many readers it has, or `None` where it has a writer.
    type Holders = HashMap<FileId, Option<usize>>;

    /// Removes its file from the register, or one reader of it, when dropped.
    #[derive(Debug)]
    pub(super) struct Entry(FileId);

    impl Entry {
        /// Enters a file that `lock` locks, unless it is entered already and one of the two accesses is
        /// exclusive. The register stays closed while the file is being locked, so that nobody sees an
        /// entry which that may undo.
        pub(super) fn new<E>(
            id: FileId,
            access: Access,
            lock: impl FnOnce() -> Result<(), E>,
        ) -> Option<Result<Self, E>> {
            let mut holders = holders();
            let readers = match (holders.get(&id), access) {
                (None, Access::Exclusive) => None,
                (None, Access::Shared) => Some(1),
                (Some(Some(readers)), Access::Shared) => Some(readers + 1),
                (Some(_), _) => return None,
            };
            Some(lock().map(|()| {
                holders.insert(id, readers);
                Self(id)
            }))
        }
    }

    impl Drop for Entry {
        fn drop(&mut self) {
            let mut holders = holders();
            match holders.get_mut(&self.0) {
                Some(Some(readers)) if *readers > 1 => *readers -= 1,
                _ => _ = holders.remove(&self.0),
            }
        }
    }

    /// The register. No code between locking and unlocking it can panic half-way.
    fn holders() -> MutexGuard<'static, Holders> {
        static HOLDERS: LazyLock<Mutex<Holders>> = LazyLock::new(Mutex::default);
        HOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
