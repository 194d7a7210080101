//! Where the bytes of a vector live: a [`Storage`] can be read, written, grown, cut, synced and
//! mapped.
//!
//! There is a real one, a [file](file), and for tests a [heap](heap) that Miri can run. Storage never
//! sees an element type, a header or a lock, and it never interprets what it holds.

#[cfg(test)]
pub(crate) mod faulty;
mod file;
#[cfg(test)]
pub(crate) mod heap;
#[cfg(target_vendor = "apple")]
mod preallocate;
#[cfg(test)]
pub(crate) mod sim;
#[cfg(target_os = "linux")]
mod write_back;

use std::fmt::Debug;
use std::io;
use std::ops::Range;

pub(crate) use file::FileStorage;

use crate::mapping::{Detection, Mapping};

/// The device is told of so many blocks at once. More of them fill its queue sooner, and who tells it waits.
const WRITE_BACK_BLOCKS: u64 = 8;

/// Bytes that outlive the process, or pretend to.
///
/// Offsets and sizes are in bytes from the beginning of the file. Every call may be repeated after
/// it failed, but for [`sync`](Self::sync) and [`finish_write_back`](Self::finish_write_back): after a failed one nobody
/// knows what is durable.
pub(crate) trait Storage: Debug + Send + Sync {
    fn len_bytes(&self) -> io::Result<u64>;

    /// Reads exactly `buffer.len()` bytes.
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// The bytes may lie in a mapping of this storage, even of the place that is written.
    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Writes bytes that the storage has a place for, and makes them durable: these, and no others.
    fn write_durable_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes sure that every byte of `start..end` has its place on the device, and that the storage
    /// reaches to `end`. Bytes that were there stay; new ones read as zeros.
    fn allocate(&self, start: u64, end: u64) -> io::Result<()>;

    /// Whether some byte of `start..end`, which isn't empty, may have no place on the device yet, so that a write to it can
    /// fail.
    fn is_sparse(&self, start: u64, end: u64) -> io::Result<bool>;

    /// Whether even a look at a hole through a mapping takes space, which may not be there.
    fn allocates_to_read(&self) -> bool;

    /// Has the device begin to write `start..end`, without waiting for it. A hint, which promises nothing.
    fn start_write_back(&self, start: u64, end: u64);

    /// Waits until the device has written what of `start..end` it began with. Nothing is durable by it. But who ignores that it
    /// failed loses data: the kernel tells of that once, and not to the [`sync`](Self::sync) that follows.
    fn finish_write_back(&self, start: u64, end: u64) -> io::Result<()>;

    /// Blocks of so many bytes, a power of two, are the quickest to write: at places that are multiples of it.
    fn block_bytes(&self) -> usize;

    /// Cuts the storage off at `end`.
    fn truncate(&self, end: u64) -> io::Result<()>;

    /// Makes everything durable that was written here or through `mapping`.
    fn sync(&self, mapping: &Mapping) -> io::Result<()>;

    /// Drops what the kernel has cached of pages that it takes to be written and that nobody maps. After a
    /// failed sync it takes pages to be written that are not.
    fn forget_cache(&self);

    /// Maps `bytes` bytes from `offset` on, to read and write. They may reach past the end of the
    /// storage where [`Self::maps_past_end`] says so; bytes past the end must not be touched.
    fn map(&self, offset: u64, bytes: usize) -> io::Result<Mapping>;

    /// Maps `bytes` bytes from `offset` on, to read.
    fn map_read_only(&self, offset: u64, bytes: usize) -> io::Result<Mapping>;

    /// Maps `bytes` bytes from `offset` on, to read and to write in memory only. A storage that can't be
    /// written can be mapped like this, too.
    fn map_private(&self, offset: u64, bytes: usize) -> io::Result<Mapping>;

    /// Whether a mapping may be larger than the storage, and so stay where it is while that grows, and
    /// whether [`set_private`](Self::set_private) works.
    fn maps_past_end(&self) -> bool;

    /// Makes pages of a mapping that [`map`](Self::map) made of `offset` on private, so that what is written
    /// there stays in memory, or shared again. They show the storage then: what was written to them
    /// while they were private is lost. Where this fails nothing changed. The range is one of whole pages.
    fn set_private(
        &self,
        mapping: &mut Mapping,
        offset: u64,
        pages: Range<usize>,
        private: bool,
    ) -> io::Result<()>;

    /// What the running kernel is known by, if it can be told from others.
    fn boot_id(&self) -> Option<[u8; 16]>;

    /// How the private pages of a mapping that were written are found.
    fn detection(&self) -> Detection;

    /// The unit in which memory can be private, a power of two.
    fn page_bytes(&self) -> usize;
}

/// Writes many bytes as is quickest: block by block, and the device begins at once.
pub(crate) fn write_blocks(
    storage: &dyn Storage,
    mut offset: u64,
    mut bytes: &[u8],
) -> io::Result<()> {
    let block_bytes = storage.block_bytes() as u64;
    let write_back_bytes = WRITE_BACK_BLOCKS * block_bytes;
    while !bytes.is_empty() {
        let to_end = (block_bytes - offset % block_bytes) as usize;
        let (block, rest) = bytes.split_at(bytes.len().min(to_end));
        storage.write_all_at(offset, block)?;
        offset += block.len() as u64;
        if offset % write_back_bytes == 0 {
            storage.start_write_back(offset.saturating_sub(write_back_bytes), offset);
        }
        bytes = rest;
    }
    Ok(())
}
