//! The least that a durable change can cost: one page written through to the disk by one system call.

use std::fs::{self, File};
use std::io::{self, IoSlice};
use std::path::Path;

use anyhow::Result;
use rustix::fs::FallocateFlags;
use rustix::io::ReadWriteFlags;

use super::persist::PAGE_BYTES;

/// How many pages the file has, which are written in turn, as those of a journal are.
const PAGES: u64 = 2048;

/// A file whose pages have their place on the disk, and were all written before, so that the file system
/// has nothing to note when one is written again.
pub(crate) struct Bare {
    file: File,
    page: [u8; PAGE_BYTES],
    next: u64,
}

impl Bare {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let file = File::create_new(path)?;
        let bytes = PAGES * PAGE_BYTES as u64;
        rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, bytes)?;
        fs::write(path, vec![1; bytes as usize])?;
        file.sync_all()?;
        Ok(Self { file, page: [1; PAGE_BYTES], next: 0 })
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
