//! A file without its name: made beside the place where it will be, and given its name when it is whole.
//!
//! A kill leaves at most such a file, called `.persist-….tmp`, and the next one that replaces a file of that directory
//! removes it; nothing else that exists is touched before the file gets its name, which is one atomic call. This module
//! doesn't know what is in the file.

#![forbid(unsafe_code)]

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Action, Error};

/// A new file, removed when this is dropped before the file has its name.
#[derive(Debug)]
pub(crate) struct Temporary {
    file: File,
    path: PathBuf,
    /// Opened early, in case it can't be.
    directory: Option<File>,
}

impl Temporary {
    /// An empty file that can be [named](Self::name) `path`, which nothing may be yet. It has at most these rights, as far
    /// as systems have such.
    pub(crate) fn for_new(path: &Path, mode: u32) -> Result<Self, Error> {
        // Asked first to spare the work; the renaming decides.
        if path.symlink_metadata().is_ok() {
            return Err(Error::AlreadyExists { path: path.into() });
        }
        Self::beside(path, mode).map_err(|source| Error::io(Action::Create, path, source))
    }

    /// An empty file that can [take the place](Self::take_place) of the one at `path`.
    pub(crate) fn for_replacing(path: &Path, original: &Metadata) -> Result<Self, Error> {
        check_links(path, original)?;
        #[cfg(unix)]
        litter::remove(parent(path));
        Self::beside(path, PRIVATE).map_err(|source| Error::io(Action::Replace, path, source))
    }

    /// Gets ready to take the place of the original at `path`: with its permissions as they are now.
    pub(crate) fn follow(&self, path: &Path, original: &File) -> Result<(), Error> {
        let io = |source| Error::io(Action::Replace, path, source);
        check_links(path, &original.metadata().map_err(io)?)?;
        self.keep_permissions(original).map_err(io)
    }

    /// Gives the file the permissions of another.
    pub(crate) fn keep_permissions(&self, original: &File) -> io::Result<()> {
        keep_permissions(&self.file, original)
    }

    fn beside(path: &Path, mode: u32) -> io::Result<Self> {
        let mut options = with_mode(mode);
        let directory = parent(path);
        options.read(true).write(true).create_new(true);
        let directory_file = open_directory(directory)?;
        let (file, path) = create_in(directory, &options)?;
        Ok(Self { file, path, directory: directory_file })
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Gives the file its name, which replaces nothing, and makes that durable. Where that fails, there is no file.
    pub(crate) fn name(mut self, path: &Path) -> Result<(), Error> {
        rename_without_replacing(&self.path, path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::AlreadyExists { path: path.into() },
            _ => Error::io(Action::Create, path, error),
        })?;
        // Nobody has it open, for whoever makes it has locked it: it can still be removed.
        path.clone_into(&mut self.path);
        self.sync_directory().map_err(|source| Error::io(Action::Create, path, source))?;
        self.keep();
        Ok(())
    }

    /// Puts the file in the place of the one at `path`, and makes that durable. Where only the latter fails, the
    /// file is there, and a crash may bring the old one back.
    pub(crate) fn take_place(self, path: &Path) -> Result<(), Error> {
        fs::rename(&self.path, path).map_err(|source| Error::io(Action::Replace, path, source))?;
        let synced = self.sync_directory();
        self.keep();
        synced.map_err(|source| Error::io(Action::Sync, path, source))
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.directory.as_ref().map_or(Ok(()), File::sync_all)
    }

    /// Ends this without removing the file.
    fn keep(mut self) {
        self.path = PathBuf::new();
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // A file that can't be removed is only litter.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The directory of a file.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// What processes left that were killed while they made a file.
#[cfg(unix)]
mod litter {
    use std::fs::{self, File};
    use std::path::Path;

    use rustix::io::Errno;
    use rustix::process::{Pid, test_kill_process};

    use crate::lock::{Access, Lock};

    /// Removes what is left in a directory, as far as that can be seen and done.
    pub(super) fn remove(directory: &Path) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|it| it.is_file()) && is_litter(&entry.path()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Whether the process that a file is named after is gone, and no other has the file locked: processes of other
    /// machines or containers have numbers of their own.
    fn is_litter(path: &Path) -> bool {
        let is_locked = || {
            let lock = |file| Lock::acquire(&file, path, Access::Exclusive);
            File::open(path).map_or(true, |file| lock(file).is_err())
        };
        process(path).is_some_and(|process| test_kill_process(process) == Err(Errno::SRCH))
            && !is_locked()
    }

    fn process(path: &Path) -> Option<Pid> {
        let name = path.file_name()?.to_str()?.strip_prefix(".persist-")?.strip_suffix(".tmp")?;
        let (process, count) = name.split_once('-')?;
        count.parse::<u64>().ok()?;
        Pid::from_raw(process.parse().ok().filter(|process| *process > 0)?)
    }
}

/// Creates an empty file of a name that no other file has.
fn create_in(directory: &Path, options: &OpenOptions) -> io::Result<(File, PathBuf)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!(".persist-{}-{count}.tmp", std::process::id()));
        match options.open(&path) {
            // Left behind by a process of the same number that was killed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return Ok((result?, path)),
        }
    }
}

#[cfg(unix)]
fn check_links(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    match std::os::unix::fs::MetadataExt::nlink(metadata) {
        0 | 1 => Ok(()),
        links => Err(Error::HardLinks { path: path.into(), links }),
    }
}

/// std can't count them on Windows.
#[cfg(not(unix))]
fn check_links(_: &Path, _: &Metadata) -> Result<(), Error> {
    Ok(())
}

/// Rights as those of any new file, before the process takes off what it does from all of them.
pub(crate) const ORDINARY: u32 = 0o666;
/// Nobody else may open a file before it has the permissions of another.
pub(crate) const PRIVATE: u32 = 0o600;

#[cfg(unix)]
fn with_mode(mode: u32) -> OpenOptions {
    let mut options = File::options();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    options
}

#[cfg(not(unix))]
fn with_mode(_: u32) -> OpenOptions {
    File::options()
}

/// What the owner of a file, its group and everybody may do with it. Where a longer list says what the group may, and
/// the mode doesn't, that is no more than everybody: the list is not kept.
#[cfg(unix)]
pub(crate) fn rights_of(file: &File) -> io::Result<u32> {
    let mode = std::os::unix::fs::MetadataExt::mode(&file.metadata()?) & 0o777;
    Ok(if has_acl(file) { mode & 0o707 | (mode & 0o007) << 3 } else { mode })
}

/// Rights come from the directory.
#[cfg(not(unix))]
pub(crate) fn rights_of(_: &File) -> io::Result<u32> {
    Ok(ORDINARY)
}

/// Gives the file the rights of another, and its owner and group where this process may. Where it may not give it
/// the group, the group it has gets no more than everybody.
#[cfg(unix)]
fn keep_permissions(file: &File, original: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let metadata = original.metadata()?;
    let is_kept = fchown(file, Some(metadata.uid()), Some(metadata.gid())).is_ok()
        || fchown(file, None, Some(metadata.gid())).is_ok();
    let rights = rights_of(original)?;
    let group = if is_kept { 0o070 } else { (rights & 0o007) << 3 };
    file.set_permissions(fs::Permissions::from_mode(rights & (0o707 | group)))
}

/// Whether the file has an access control list. Its group bits are the most that anybody has on that.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn has_acl(file: &File) -> bool {
    use rustix::io::Errno;

    let found = rustix::fs::fgetxattr(file, c"system.posix_acl_access", &mut [0_u8; 0]);
    !matches!(found, Err(Errno::NODATA | Errno::NOTSUP))
}

/// Elsewhere such a list doesn't change what the mode says.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn has_acl(_: &File) -> bool {
    false
}

/// A file that was opened for writing isn't read-only, and the rest comes from its directory.
#[cfg(not(unix))]
fn keep_permissions(_: &File, _: &File) -> io::Result<()> {
    Ok(())
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

/// Opens a directory to sync it later. Windows has no call to sync one: NTFS journals them.
fn open_directory(directory: &Path) -> io::Result<Option<File>> {
    if cfg!(unix) { File::open(directory).map(Some) } else { Ok(None) }
}
