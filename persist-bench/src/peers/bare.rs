//! The least that a durable change can cost: one page written through to the disk by one system call; or a
//! large block, by calls that have the device begin with it early. And the least that one waits for where a file grows for long.

use std::fs::{self, File};
use std::io::{self, IoSlice};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::Result;
use rustix::fs::FallocateFlags;
use rustix::io::ReadWriteFlags;

use super::persist::PAGE_BYTES;
use crate::measure::time;

/// How many pages the file has, which are written in turn, as those of a journal are.
const PAGES: u64 = 2048;

/// A file whose pages have their place on the disk, and were all written before, so that the file system
/// has nothing to note when one is written again.
pub(crate) struct Bare {
    file: File,
    page: Vec<u8>,
    next: u64,
}

impl Bare {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let file = File::create_new(path)?;
        let bytes = PAGES * PAGE_BYTES as u64;
        rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, bytes)?;
        fs::write(path, vec![1; bytes as usize])?;
        file.sync_all()?;
        Ok(Self { file, page: vec![1; PAGE_BYTES], next: 0 })
    }

    /// Writes the next page. It is on the disk when this returns.
    pub(crate) fn write(&mut self, stamp: u64) -> Result<()> {
        self.page[..size_of::<u64>()].copy_from_slice(&stamp.to_ne_bytes());
        let offset = self.next * PAGE_BYTES as u64;
        let buffers = [IoSlice::new(&self.page)];
        let written = rustix::io::pwritev2(&self.file, &buffers, offset, ReadWriteFlags::DSYNC)?;
        if written != PAGE_BYTES {
            return Err(io::Error::from(io::ErrorKind::WriteZero).into());
        }
        self.next = (self.next + 1) % PAGES;
        Ok(())
    }
}

/// How many bytes are written by one call, and after how many the device is told to begin.
const BLOCK_BYTES: usize = 1 << 20;
const EARLY_BYTES: u64 = 8 << 20;

/// How a block is appended to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Append {
    /// Blocks of a MiB.
    Plain,
    /// The same, and the device begins with each 8 MiB at once.
    Early,
    /// The same, in a file that has a place for all of it.
    EarlyAllocated,
}

impl Append {
    pub(crate) const ALL: [Self; 3] = [Self::Plain, Self::Early, Self::EarlyAllocated];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "bare pwrite",
            Self::Early => "bare pwrite + early write-back",
            Self::EarlyAllocated => "bare fallocate + pwrite + early write-back",
        }
    }

    /// Appends so many bytes durably. The file may be longer than `end`, which is where they begin.
    pub(crate) fn append(self, file: &File, end: u64, bytes: u64) -> Result<()> {
        let block = vec![0x5a; BLOCK_BYTES.min(bytes as usize)];
        if self == Self::EarlyAllocated {
            rustix::fs::fallocate(file, FallocateFlags::empty(), end, bytes)?;
        }
        for start in (end..end + bytes).step_by(block.len()) {
            file.write_all_at(&block, start)?;
            let written = start + block.len() as u64 - end;
            if self != Self::Plain && written.is_multiple_of(EARLY_BYTES) {
                begin(file, end + written - EARLY_BYTES, EARLY_BYTES)?;
            }
        }
        Ok(file.sync_data()?)
    }
}

/// How a file grows that must never have much to write, as [`slowest_part`] has it: by so many bytes at once, which have their
/// place on the device before,
const STEP_BYTES: u64 = 64 << 20;
/// in parts of so many bytes;
const PART_BYTES: u64 = 256 << 10;
/// and the device gets so many at once, and has twice as many at most.
const PIECE_BYTES: u64 = 2 << 20;

/// Writes a file from `start` to `end`, which are multiples of [`PART_BYTES`], at the pace of the device and with no more in its
/// queue than keeps it busy. How long the slowest part took, in nanoseconds: what the device and the system make one wait
/// for.
pub(crate) fn slowest_part(file: &File, start: u64, end: u64) -> Result<f64> {
    let part = vec![0x5a; PART_BYTES as usize];
    let mut slowest = 0.0;
    for offset in (start..end).step_by(PART_BYTES as usize) {
        let time = time(|| {
            if offset.is_multiple_of(STEP_BYTES) {
                rustix::fs::fallocate(file, FallocateFlags::empty(), offset, STEP_BYTES)?;
            }
            file.write_all_at(&part, offset)?;
            let written = offset + PART_BYTES;
            if written.is_multiple_of(PIECE_BYTES) && written >= 3 * PIECE_BYTES {
                let before = written - 3 * PIECE_BYTES;
                sync_range(file, before, PIECE_BYTES, libc::SYNC_FILE_RANGE_WAIT_BEFORE)?;
                begin(file, written - PIECE_BYTES, PIECE_BYTES)?;
            }
            Ok(())
        })?;
        slowest = f64::max(slowest, time);
    }
    Ok(slowest)
}

/// Has the device begin to write a range of a file, and doesn't wait for it.
fn begin(file: &File, start: u64, bytes: u64) -> Result<()> {
    sync_range(file, start, bytes, libc::SYNC_FILE_RANGE_WRITE)
}

fn sync_range(file: &File, start: u64, bytes: u64, flags: libc::c_uint) -> Result<()> {
    let (start, bytes) = (start as i64, bytes as i64);
    // SAFETY: the descriptor is an open file's, and the call touches no memory.
    let result = unsafe { libc::sync_file_range(file.as_raw_fd(), start, bytes, flags) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error().into()) }
}
