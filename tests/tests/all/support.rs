//! What several of these tests need: surgery on the bytes of a [file](image), and threads with other rights
//! or another directory than the rest of the process.

mod image;
mod journal;

use std::fs;
use std::io::{Seek, SeekFrom, Write};
#[cfg(target_os = "linux")]
use std::ops::Range;
#[cfg(target_os = "linux")]
use std::path::Path;

pub(crate) use image::*;
pub(crate) use journal::*;

/// Says aloud that a test can't run here. Written past the test harness, which would keep it to
/// itself when the test passes.
pub(crate) fn skip(test: &str, reason: impl std::fmt::Display) {
    let line = format!("SKIPPED {test}: {reason}\n");
    // There is nobody else to tell where standard error is closed.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Writes bytes at a place of a file.
pub(crate) fn write_at(mut file: &fs::File, bytes: &[u8], offset: u64) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

/// Punches a hole into a file, and hides it: the file gets as many blocks past its end as it loses, so that
/// the number of its blocks doesn't tell.
///
/// # Errors
///
/// Where the file system can't.
#[cfg(target_os = "linux")]
pub(crate) fn hide_hole(path: &Path, hole: Range<u64>) -> std::io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};

    let file = fs::File::options().write(true).open(path)?;
    let (len, hole_len) = (file.metadata()?.len(), hole.end - hole.start);
    let punch = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    fallocate(&file, punch, hole.start, hole_len)?;
    // The last block may hold the end and more.
    fallocate(&file, FallocateFlags::KEEP_SIZE, len, hole_len + 4096)?;
    file.sync_all()
}

/// Runs `f` in a thread that has no right to ignore permissions, as root has. Returns `None` where
/// permissions don't matter all the same.
#[cfg(target_os = "linux")]
pub(crate) fn without_privileges<R: Send>(f: impl FnOnce() -> R + Send) -> Option<R> {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

    in_thread(|| {
        let mut sets = capabilities(None).ok()?;
        sets.effective -= CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
        set_capabilities(None, sets).ok()?;
        are_permissions_respected().then(f)
    })
}

/// Whether a file without permissions can't be read.
#[cfg(target_os = "linux")]
fn are_permissions_respected() -> bool {
    use std::os::unix::fs::PermissionsExt;

    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_permissions(fs::Permissions::from_mode(0o000)).unwrap();
    fs::File::open(file.path()).is_err()
}

/// Runs `f` in a thread that has this directory as its current one.
#[cfg(target_os = "linux")]
pub(crate) fn in_directory<R: Send>(directory: &Path, f: impl FnOnce() -> R + Send) -> R {
    in_thread(|| {
        unshare(rustix::thread::UnshareFlags::FS).unwrap();
        std::env::set_current_dir(directory).unwrap();
        f()
    })
}

/// Runs `f` in a thread that sees an empty file system of its own at `directory`, of `bytes` bytes.
/// The path of the directory goes to `f`.
///
/// # Errors
///
/// Where the thread may not mount anything: most often, as it isn't root's.
#[cfg(target_os = "linux")]
pub(crate) fn with_tmpfs<R: Send>(
    directory: &Path,
    bytes: u64,
    f: impl FnOnce(&Path) -> R + Send,
) -> std::io::Result<R> {
    use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};

    in_thread(|| {
        unshare(rustix::thread::UnshareFlags::NEWNS)?;
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
        let options = std::ffi::CString::new(format!("size={bytes},mode=0700")).unwrap();
        mount("tmpfs", directory, "tmpfs", MountFlags::empty(), &*options)?;
        // The mount goes with the thread, the last one in its namespace.
        Ok(f(directory))
    })
}

#[cfg(target_os = "linux")]
fn unshare(flags: rustix::thread::UnshareFlags) -> rustix::io::Result<()> {
    assert!(!flags.contains(rustix::thread::UnshareFlags::FILES));
    // SAFETY: what is dangerous is a table of open files that the thread doesn't share with others,
    // and that one stays shared.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

#[cfg(target_os = "linux")]
fn in_thread<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| match scope.spawn(f).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
