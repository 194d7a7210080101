//! Telling the device to begin, and waiting for it, for which no library at hand has a safe call.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// Has the kernel hand `start..end` of a file to the device, and doesn't wait for it. A hint: what fails is told by
/// the sync that comes later.
///
/// Not by `fadvise`, which does that before it gives up pages: it then waits for every other core.
pub(super) fn start(file: &File, start: u64, end: u64) {
    let _ = sync_file_range(file, start, end, libc::SYNC_FILE_RANGE_WRITE);
}

/// Waits until the device has written what of `start..end` it was handed. That any page of the file could not be written is told
/// by this or by the next sync, and never by both: with whatever error the file system had, so any is a failure.
pub(super) fn finish(file: &File, start: u64, end: u64) -> io::Result<()> {
    const NOTHING: libc::c_uint = 0;

    if sync_file_range(file, start, end, NOTHING).is_err() {
        // There is no such call here, or nobody may use it. To do nothing has no other way to fail.
        return Ok(());
    }
    sync_file_range(file, start, end, libc::SYNC_FILE_RANGE_WAIT_BEFORE)
}

fn sync_file_range(file: &File, start: u64, end: u64, flags: libc::c_uint) -> io::Result<()> {
    let (start, bytes) = (start as libc::off64_t, (end - start) as libc::off64_t);
    // SAFETY: no memory is involved, and the descriptor is open as long as the file is borrowed.
    match unsafe { libc::sync_file_range(file.as_raw_fd(), start, bytes, flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no such call, either, and ends there")]
    fn where_there_is_no_such_call_nothing_is_waited_for() {
        let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let socket = File::from(std::os::fd::OwnedFd::from(socket));
        assert!(sync_file_range(&socket, 0, 4096, libc::SYNC_FILE_RANGE_WAIT_BEFORE).is_err());
        finish(&socket, 0, 4096).unwrap();
    }
}
