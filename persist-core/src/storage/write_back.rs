//! Telling the device to begin, and waiting for it, for which no library at hand has a safe call.

use std::fs::File;
use std::os::fd::AsRawFd;

/// Has the kernel hand `start..end` of a file to the device, and doesn't wait for it. A hint: what fails is told by
/// the sync that comes later.
///
/// Not by `fadvise`, which does that before it gives up pages: it then waits for every other core.
pub(super) fn start(file: &File, start: u64, end: u64) {
    sync_file_range(file, start, end, libc::SYNC_FILE_RANGE_WRITE);
}

/// Waits until the device has written what of `start..end` it was handed.
pub(super) fn finish(file: &File, start: u64, end: u64) {
    sync_file_range(file, start, end, libc::SYNC_FILE_RANGE_WAIT_BEFORE);
}

fn sync_file_range(file: &File, start: u64, end: u64, flags: libc::c_uint) {
    let (start, bytes) = (start as libc::off64_t, (end - start) as libc::off64_t);
    // SAFETY: no memory is involved, and the descriptor is open as long as the file is borrowed.
    unsafe { libc::sync_file_range(file.as_raw_fd(), start, bytes, flags) };
}
