//! The mappings of the simulated disk: memory, and which part of the file it shows how.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ops::Range;
use std::sync::Arc;

use super::SECTOR_BYTES;
use super::bits::Bits;
use crate::mapping::Mapping;

/// What happens to bytes that are written to a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// They are in the cache at once, but for those in private pages.
    Shared,
    /// They stay in memory. Pages that were not written show what is written to the file, or where `frozen`
    /// they don't: POSIX leaves it open.
    Private { frozen: bool },
    /// Nobody writes any.
    ReadOnly,
}

/// A mapping, which the vector may have dropped meanwhile.
#[derive(Debug)]
pub(super) struct View {
    memory: Arc<Memory>,
    /// Which part of the file it shows.
    pub(super) file: Range<usize>,
    pub(super) access: Access,
    page_bytes: usize,
    private: Bits,
    /// Private pages that were written, and so are copies. Noticed where they differ from the file when that
    /// is used: a page is written to the file only when it was.
    copied: Bits,
}

impl View {
    pub(super) fn new(file: Range<usize>, access: Access, page_bytes: usize) -> Self {
        let bytes = file.len();
        let private = match access {
            Access::Private { .. } => Bits::range(0..bytes.div_ceil(page_bytes)),
            Access::Shared | Access::ReadOnly => Bits::default(),
        };
        let memory = Arc::new(Memory::new(bytes));
        Self { memory, file, access, page_bytes, private, copied: Bits::default() }
    }

    pub(super) fn mapping(&self) -> Mapping {
        Mapping::heap(self.memory.base, self.file.len(), Arc::clone(&self.memory) as _)
    }

    pub(super) fn is_of(&self, mapping: &Mapping) -> bool {
        self.memory.base == mapping.base().as_ptr()
    }

    /// Whether the vector still has the mapping.
    pub(super) fn is_mapped(&self) -> bool {
        Arc::strong_count(&self.memory) > 1
    }

    /// The pages that show some of a part of the file, each with what it shows of it.
    fn pages(&self, part: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let (base, page_bytes) = (self.file.start, self.page_bytes);
        let clamp = |offset: usize| offset.clamp(self.file.start, self.file.end);
        let (start, end) = (clamp(part.start), clamp(part.end));
        let pages = match start < end {
            true => (start - base) / page_bytes..(end - base).div_ceil(page_bytes),
            false => 0..0,
        };
        pages.map(move |page| {
            let offset = base + page * page_bytes;
            (page, offset.max(start)..(offset + page_bytes).min(end))
        })
    }

    /// Makes the memory of pages what the file is.
    pub(super) fn show(&self, part: Range<usize>, cache: &[u8], len: usize) {
        for (_, part) in self.pages(part) {
            let there = part.start..part.end.min(len).max(part.start);
            self.put(there.start, &cache[there.clone()]);
            self.put_zeros(there.end..part.end);
        }
    }

    /// `pages` is a range of bytes of the mapping.
    pub(super) fn set_private(
        &mut self,
        pages: Range<usize>,
        private: bool,
        cache: &[u8],
        len: usize,
    ) {
        assert!(pages.start % self.page_bytes == 0 && pages.end % self.page_bytes == 0);
        assert!(pages.end <= self.file.len() && self.access == Access::Shared);
        let numbers = pages.start / self.page_bytes..pages.end / self.page_bytes;
        self.private.set(numbers.clone(), private);
        self.copied.set(numbers, false);
        self.show(self.file.start + pages.start..self.file.start + pages.end, cache, len);
    }

    /// Takes over what was written to shared pages, and returns the sectors that this changed.
    pub(super) fn take_changes(&mut self, cache: &mut [u8], len: usize) -> Bits {
        let mut changed = Bits::default();
        if self.access == Access::ReadOnly {
            return changed;
        }
        for (page, part) in self.pages(0..len) {
            if self.copied.contains(page) || self.is_equal(part.start, &cache[part.clone()]) {
                continue;
            }
            if self.private.contains(page) {
                self.copied.set(page..page + 1, true);
                continue;
            }
            for start in part.clone().step_by(SECTOR_BYTES) {
                let sector = &mut cache[start..part.end.min(start + SECTOR_BYTES)];
                if !self.is_equal(start, sector) {
                    self.memory.read(start - self.file.start, sector);
                    changed.set(start / SECTOR_BYTES..start / SECTOR_BYTES + 1, true);
                }
            }
        }
        changed
    }

    /// Shows bytes that are written to the file. They may be this memory itself, and then are there already.
    pub(super) fn show_write(&self, offset: usize, bytes: &[u8]) {
        for (page, part) in self.pages(offset..offset + bytes.len()) {
            let bytes = &bytes[part.start - offset..part.end - offset];
            if self.follows(page) && !self.is_equal(part.start, bytes) {
                self.put(part.start, bytes);
            }
        }
    }

    /// Shows that the file, which was of `len` bytes, is cut at `end`. Pages past the end are gone; of the last
    /// one a copy stays as it is.
    pub(super) fn show_cut(&mut self, end: usize, len: usize) {
        for (page, part) in self.pages(end..len) {
            let is_gone = self.file.start + page * self.page_bytes >= end;
            if is_gone {
                self.copied.set(page..page + 1, false);
            }
            if is_gone || self.follows(page) {
                self.put_zeros(part);
            }
        }
    }

    /// Whether a page shows what is written to the file.
    fn follows(&self, page: usize) -> bool {
        !self.copied.contains(page) && self.access != Access::Private { frozen: true }
    }

    /// Panics where memory was written that would have been the death of a process.
    pub(super) fn check(&self, cache: &[u8], len: usize) {
        if self.access == Access::ReadOnly {
            let part = self.file.start..self.file.end.min(len);
            assert!(
                self.is_equal(part.start, &cache[part.clone()]),
                "read-only memory was written"
            );
        }
        let first_missing = len.next_multiple_of(self.page_bytes);
        let missing = first_missing.clamp(self.file.start, self.file.end) - self.file.start;
        assert!(self.memory.is_zero_from(missing), "memory past the end of the file was written");
    }

    fn put(&self, offset: usize, bytes: &[u8]) {
        self.memory.write(offset - self.file.start, bytes);
    }

    fn put_zeros(&self, part: Range<usize>) {
        self.memory.write_zeros(part.start - self.file.start..part.end - self.file.start);
    }

    fn is_equal(&self, offset: usize, bytes: &[u8]) -> bool {
        self.memory.is_equal(offset - self.file.start, bytes)
    }
}

/// Memory that a vector uses without asking. The disk looks at it and changes it only while the vector calls the
/// storage, or when it has dropped the mapping; no reference into it lives then.
#[derive(Debug)]
struct Memory {
    base: *mut u8,
    layout: Layout,
}

// SAFETY: it is plain memory, and who may use it when is said above.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    fn new(bytes: usize) -> Self {
        assert_ne!(bytes, 0, "nobody maps nothing");
        let layout = Layout::from_size_align(bytes, 65536).expect("a layout of tests");
        // SAFETY: the size is not zero, by the assertion.
        let base = unsafe { alloc_zeroed(layout) };
        assert!(!base.is_null());
        Self { base, layout }
    }

    fn at(&self, start: usize, bytes: usize) -> *mut u8 {
        assert!(start + bytes <= self.layout.size());
        // SAFETY: the sum is inside the allocation, by the assertion.
        unsafe { self.base.add(start) }
    }

    fn read(&self, start: usize, buffer: &mut [u8]) {
        let from = self.at(start, buffer.len());
        // SAFETY: there are that many bytes from there on, by `at`, all initialised by `alloc_zeroed` and
        // written as values without padding since; the buffer is the caller's own and can't overlap.
        unsafe { from.copy_to_nonoverlapping(buffer.as_mut_ptr(), buffer.len()) }
    }

    fn write(&self, start: usize, bytes: &[u8]) {
        let to = self.at(start, bytes.len());
        // SAFETY: there are that many bytes from there on, by `at`, and no reference to them lives.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) }
    }

    fn write_zeros(&self, range: Range<usize>) {
        let to = self.at(range.start, range.len());
        // SAFETY: there are that many bytes from there on, by `at`, and no reference to them lives.
        unsafe { to.write_bytes(0, range.len()) }
    }

    fn is_equal(&self, start: usize, bytes: &[u8]) -> bool {
        let from = self.at(start, bytes.len());
        // SAFETY: there are that many bytes from there on, by `at`, initialised as in `read`; nobody writes
        // them before this returns.
        let memory = unsafe { std::slice::from_raw_parts(from, bytes.len()) };
        memory == bytes
    }

    fn is_zero_from(&self, start: usize) -> bool {
        static ZEROS: [u8; 4096] = [0; 4096];
        let end = self.layout.size();
        (start..end)
            .step_by(ZEROS.len())
            .all(|start| self.is_equal(start, &ZEROS[..(end - start).min(ZEROS.len())]))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout in `new`, and freed only here.
        unsafe { dealloc(self.base, self.layout) }
    }
}
