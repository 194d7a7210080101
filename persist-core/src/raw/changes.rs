//! What differs between memory and the last commit.

use std::ops::Range;

use crate::error::Error;
use crate::journal::for_each_change;
use crate::mapping::Mapping;
use crate::store::Store;

/// So many bytes are read and compared at a time.
const PIECE_BYTES: usize = 256 << 10;

/// A pass over bytes of memory that may have been written, which finds those that differ from what was
/// committed.
pub(super) struct Changes {
    /// What is yet to be compared, in order.
    ranges: std::vec::IntoIter<Range<usize>>,
    current: Range<usize>,
    /// For what was committed, of one piece.
    buffer: Vec<u8>,
    changed: Vec<Range<usize>>,
}

impl Changes {
    /// A pass over the parts of `ranges` that lie below `end`.
    pub(super) fn new(mut ranges: Vec<Range<usize>>, end: usize) -> Self {
        ranges.retain(|range| range.start < end);
        if let Some(last) = ranges.last_mut() {
            last.end = last.end.min(end);
        }
        Self { ranges: ranges.into_iter(), current: 0..0, buffer: Vec::new(), changed: Vec::new() }
    }

    /// The ranges that changed in the next piece, in order; maybe none. `None` at the end.
    ///
    /// # Safety
    ///
    /// The ranges of [`Self::new`] must be elements of the mapping, and nobody may write them meanwhile.
    pub(super) unsafe fn next(
        &mut self,
        store: &Store,
        mapping: &Mapping,
    ) -> Result<Option<&[Range<usize>]>, Error> {
        if self.current.is_empty() {
            let Some(range) = self.ranges.next() else { return Ok(None) };
            self.current = range;
        }
        let start = self.current.start;
        let end = store.committed_piece(start, self.current.end.min(start + PIECE_BYTES));
        self.current.start = end;
        let committed = store.committed(start..end, &mut self.buffer)?;
        // SAFETY: elements are mapped and initialised; the rest is the caller's promise.
        let bytes = unsafe { mapping.bytes(start..end) };
        self.changed.clear();
        for_each_change(committed, bytes, |changed| {
            self.changed.push(start + changed.start..start + changed.end);
        });
        Ok(Some(&self.changed))
    }
}
