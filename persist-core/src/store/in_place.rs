//! Bytes on their way to their place in the file, gathered by blocks.
//!
//! Where one field of many elements changed, a record has an extent for each. One write for each would take longer
//! than all the rest of a commit.

use std::io;
use std::ops::Range;

use crate::header::BLOCK_BYTES;
use crate::storage::Storage;

/// Writes extents, in the order in which they come. What is in the block of the last one is not written before
/// [`finish`](Self::finish), or one elsewhere.
pub(super) struct InPlace<'a> {
    storage: &'a dyn Storage,
    /// Where offset 0 is in the file.
    data_offset: u64,
    /// The file has bytes up to this offset.
    end: u64,
    /// What the file is to have from offset `start` on.
    block: Vec<u8>,
    start: u64,
    /// The bytes of the block that came from extents, and those between them.
    changed: Range<usize>,
}

impl<'a> InPlace<'a> {
    pub(super) fn new(storage: &'a dyn Storage, data_offset: u64, end: u64) -> Self {
        Self { storage, data_offset, end, block: Vec::new(), start: 0, changed: 0..0 }
    }

    /// Writes bytes, which end at `end` at most.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() >= BLOCK_BYTES {
            self.flush()?;
            // It may show what is written now.
            self.block.clear();
            return self.storage.write_all_at(self.data_offset + offset, bytes);
        }
        let in_block = (offset % BLOCK_BYTES as u64) as usize;
        let (here, next) = bytes.split_at(bytes.len().min(BLOCK_BYTES - in_block));
        self.change(offset - in_block as u64, in_block, here)?;
        match next.is_empty() {
            true => Ok(()),
            false => self.change(offset + here.len() as u64, 0, next),
        }
    }

    /// Changes bytes of the block at `start`.
    fn change(&mut self, start: u64, in_block: usize, bytes: &[u8]) -> io::Result<()> {
        if self.start != start || self.block.is_empty() {
            self.flush()?;
            self.load(start)?;
        }
        let place = in_block..in_block + bytes.len();
        self.block[place.clone()].copy_from_slice(bytes);
        self.changed = match self.changed.is_empty() {
            true => place,
            false => self.changed.start.min(place.start)..self.changed.end.max(place.end),
        };
        Ok(())
    }

    fn load(&mut self, start: u64) -> io::Result<()> {
        self.start = start;
        self.block.resize((self.end - start).min(BLOCK_BYTES as u64) as usize, 0);
        self.storage.read_exact_at(self.data_offset + start, &mut self.block)
    }

    fn flush(&mut self) -> io::Result<()> {
        let changed = std::mem::take(&mut self.changed);
        if changed.is_empty() {
            return Ok(());
        }
        let place = self.data_offset + self.start + changed.start as u64;
        self.storage.write_all_at(place, &self.block[changed])
    }

    /// Writes what is left.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::faulty::{Call, FaultyStorage};
    use crate::storage::heap::HeapStorage;

    const DATA_OFFSET: u64 = 512;

    /// Writes extents to bytes of 1, beside a model, and returns how many writes that took.
    fn written(bytes: usize, extents: &[(usize, usize)]) -> usize {
        let storage = FaultyStorage::new(HeapStorage::new(1 << 20));
        let mut model = vec![1; bytes];
        storage.allocate(0, DATA_OFFSET + bytes as u64).unwrap();
        storage.write_all_at(DATA_OFFSET, &model).unwrap();
        storage.take_calls();
        let mut place = InPlace::new(&storage, DATA_OFFSET, bytes as u64);
        for (number, &(offset, len)) in extents.iter().enumerate() {
            let extent = vec![number as u8 + 2; len];
            place.write(offset as u64, &extent).unwrap();
            model[offset..offset + len].copy_from_slice(&extent);
        }
        place.finish().unwrap();
        let writes = storage.take_calls().into_iter().filter(|&call| call == Call::Write).count();
        let mut found = vec![0; bytes];
        storage.read_exact_at(DATA_OFFSET, &mut found).unwrap();
        assert!(found == model, "{extents:?}");
        writes
    }

    #[test]
    fn small_extents_are_written_by_blocks() {
        let every_second: Vec<_> = (0..200).map(|i| (i * 32, 16)).collect();
        assert_eq!(written(2 * BLOCK_BYTES, &every_second), 2);
        assert_eq!(written(BLOCK_BYTES + 10, &[(BLOCK_BYTES - 3, 13)]), 2);
        assert_eq!(written(BLOCK_BYTES, &[]), 0);
    }

    #[test]
    fn later_extents_win() {
        let block = BLOCK_BYTES;
        let large =
            [(5, 20), (0, 2 * block), (7, 1), (15, 1), (block, 16), (3, 9), (8, block), (9, 3)];
        assert_eq!(written(3 * block, &large), 7);
        assert_eq!(written(3 * block, &[(0, 16), (4, 4), (2, 4), (0, 1)]), 1);
    }
}
