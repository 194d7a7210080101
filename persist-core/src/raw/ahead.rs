//! Room for what is appended, made ready before it is needed.
//!
//! The kernel makes a page when it is touched first, and how many beside it follows from the read-ahead of the device:
//! few, and a scan is slow for as long as they are cached; or many MiB, and one push waits for all of them. So
//! once a vector is large its room is filled with zeros, a part of a block at a time, just ahead of the pushes. What
//! comes in large pieces is written to the file instead of memory, which makes the pages, too. Both are bytes that nobody
//! counts before a commit does.
//!
//! The device is told to begin early, so that neither a commit has to wait for all of it, nor a push because the
//! system has too many pages that wait to be written.
//!
//! All this is for where a mapping may reach past the end of its file (Linux): there it shows at once what is written to
//! the file. Elsewhere, and where memory is private, the room is ready as it is.

#![forbid(unsafe_code)]

use super::*;
use crate::mutant::{self, Mutant};

/// So many blocks of elements are left to the kernel: a small file needn't be written for what it may never have.
const FIRST_BLOCKS: usize = 16;
/// So many parts of a block are made ready one by one, for each of which a push waits. Whole blocks were seen to halve the speed
/// of pushes where memory is in pieces, and a scan is only some percent quicker over them.
const PARTS: usize = 2;
/// Where the program pushes, the device begins after so many blocks that weren't committed.
const PATIENT_BLOCKS: usize = 512;
/// It is told of so many blocks at once,
const WRITE_BACK_BLOCKS: u64 = 4;
/// and has so many times as many at most: whoever asks it for something else, as growing does for what the file system knows of
/// free space, waits until it is done with all of them. With all that its queue holds the slowest push was seen to take three
/// times as long, and all of them together a seventh less.
const WRITE_BACKS: u64 = 2;

/// How far room is ready.
#[derive(Debug)]
pub(super) struct Ahead {
    /// What the storage is quickest to write.
    block_bytes: usize,
    /// Up to this byte of the data, pages were made.
    end: usize,
    /// Zeros for a part of a block, once they were needed.
    zeros: Vec<u8>,
}

impl Ahead {
    pub(super) fn new(block_bytes: usize) -> Self {
        Self { block_bytes, end: 0, zeros: Vec::new() }
    }

    #[inline]
    pub(super) fn block_bytes(&self) -> usize {
        self.block_bytes
    }

    fn part_bytes(&self) -> usize {
        self.block_bytes / PARTS
    }

    /// There is no more room than `bytes`.
    pub(super) fn cut(&mut self, bytes: usize) {
        self.end = self.end.min(bytes);
    }
}

impl RawVec {
    /// How many elements there can be before more room must be made ready.
    pub(super) fn ready_len(&self) -> usize {
        match self.writes_ahead() {
            true => (self.ready_bytes() / self.element_bytes).clamp(self.len, self.capacity),
            false => self.capacity,
        }
    }

    /// Where pages are yet to be made: after all elements, those of the last commit included.
    fn ready_bytes(&self) -> usize {
        let committed = match mutant::is(Mutant::MakeCommittedReady) {
            false => self.store.committed_bytes() as usize,
            true => 0,
        };
        let elements = (self.len * self.element_bytes).max(committed);
        elements.max(self.ahead.end).max(FIRST_BLOCKS * self.ahead.block_bytes)
    }

    /// Whether the file may be written where nobody counts it, and memory shows that.
    fn writes_ahead(&self) -> bool {
        let storage = self.store.storage();
        storage.maps_past_end()
            && self.private.end != usize::MAX
            && self.store.check_poison().is_ok()
    }

    /// Makes room ready for `needed` elements, of which there is capacity for all.
    pub(super) fn make_ready(&mut self, needed: usize) -> Result<(), Error> {
        debug_assert!(needed <= self.capacity);
        while self.ready_len() < needed {
            self.make_part_ready()?;
        }
        self.set_writable(self.ready_len());
        Ok(())
    }

    fn make_part_ready(&mut self) -> Result<(), Error> {
        let (start, part_bytes) = (self.ready_bytes(), self.ahead.part_bytes());
        let in_part = (self.store.data_offset() + start as u64) % part_bytes as u64;
        let end = (start + part_bytes - in_part as usize).min(self.room_bytes());
        self.ahead.zeros.resize(part_bytes, 0);
        self.store.write_ahead(start, &self.ahead.zeros[..end - start])?;
        self.ahead.end = end;
        self.start_write_back(start)
    }

    /// Has the device begin with what was pushed, where pushes came to byte `ready` of the data and it is time to tell it of
    /// some. Not with the last part: an element at its end may yet be written.
    fn start_write_back(&mut self, ready: usize) -> Result<(), Error> {
        let pushed = self.len * self.element_bytes;
        let uncommitted = pushed.saturating_sub(self.store.committed_bytes() as usize);
        let end = ready.saturating_sub(self.ahead.part_bytes());
        if uncommitted < PATIENT_BLOCKS * self.ahead.block_bytes || end > pushed {
            return Ok(());
        }
        let end = self.store.data_offset() + end as u64;
        let bytes = WRITE_BACK_BLOCKS * self.ahead.block_bytes as u64;
        if end % bytes != 0 {
            return Ok(());
        }
        let before = |count| end.saturating_sub(count * bytes);
        self.store.write_back_after(before(WRITE_BACKS + 1)..before(WRITE_BACKS), before(1)..end)
    }

    /// Writes elements to the file that are to be appended and that there is capacity for, as far as that is quicker
    /// than to put them in memory. Returns how many bytes, from the first on, are left to be put there.
    pub(super) fn write_through(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let old_end = self.len * self.element_bytes;
        // In place of committed elements, and in private pages, the file must not be written or isn't seen.
        let first = match mutant::is(Mutant::WriteThroughPrivatePages) {
            false => self.private.reach.max(self.store.committed_bytes() as usize),
            true => 0,
        };
        let in_memory = first.saturating_sub(old_end).min(bytes.len());
        if bytes.len() - in_memory < self.ahead.block_bytes || !self.writes_ahead() {
            return Ok(bytes.len());
        }
        let start = old_end + in_memory;
        self.store.write_through(start, &bytes[in_memory..])?;
        self.ahead.end = self.ahead.end.max(old_end + bytes.len());
        Ok(in_memory)
    }
}
