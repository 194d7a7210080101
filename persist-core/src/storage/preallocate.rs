//! `F_PREALLOCATE`, by which Apple's systems give a file its place on the device.
//!
//! rustix has it, but asks for as much again as the whole file has.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// Gives the bytes from the end of the file to `end` their place, and moves the end there.
///
/// # Errors
///
/// [`io::ErrorKind::Unsupported`] where the file system can't, or the file has these bytes already: they may be
/// holes, for which there is no call.
pub(super) fn fallocate(file: &File, _: u64, end: u64) -> io::Result<()> {
    let len = file.metadata()?.len();
    if end <= len {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
    let mut wanted = libc::fstore_t {
        fst_flags: libc::F_ALLOCATEALL,
        fst_posmode: libc::F_PEOFPOSMODE,
        fst_offset: 0,
        fst_length: (end - len).try_into().map_err(too_large)?,
        fst_bytesalloc: 0,
    };
    // SAFETY: the descriptor is open as long as `file` is borrowed. The command takes a `struct fstore`, which the
    // kernel reads and whose `fst_bytesalloc` it writes; nothing else uses it meanwhile.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_PREALLOCATE, &raw mut wanted) };
    if result == -1 {
        let error = io::Error::last_os_error();
        return Err(match error.raw_os_error() {
            Some(libc::ENOTSUP | libc::EOPNOTSUPP) => io::ErrorKind::Unsupported.into(),
            _ => error,
        });
    }
    file.set_len(end)
}
