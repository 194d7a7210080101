//! Which pages of committed elements were written one element at a time.
//!
//! One bit for each page, so that a page that was written before costs a load and a test; and a list of
//! them, so that a commit of few pages doesn't look at all the bits. Knows nothing of memory.

#![forbid(unsafe_code)]

use std::ops::RangeInclusive;

#[derive(Debug)]
pub(crate) struct DirtyPages {
    page_shift: u32,
    /// How many pages hold committed elements. Later ones may be written without a mark.
    tracked: usize,
    /// One bit for each tracked page; empty as long as none is marked.
    bits: Vec<u64>,
    /// The marked pages, in the order in which they were.
    marked: Vec<usize>,
}

impl DirtyPages {
    /// Nothing is written yet, and nothing needs to be marked.
    pub(crate) fn new(page_bytes: usize) -> Self {
        assert!(page_bytes.is_power_of_two());
        Self {
            page_shift: page_bytes.trailing_zeros(),
            tracked: 0,
            bits: Vec::new(),
            marked: Vec::new(),
        }
    }

    pub(crate) fn page_bytes(&self) -> usize {
        1 << self.page_shift
    }

    /// The bytes of all tracked pages.
    pub(crate) fn tracked_bytes(&self) -> usize {
        self.tracked << self.page_shift
    }

    /// The pages of `bytes` bytes, of which there is at least one, from offset `start` on.
    #[inline]
    pub(crate) fn pages_of(&self, start: usize, bytes: usize) -> RangeInclusive<usize> {
        start >> self.page_shift..=(start + bytes - 1) >> self.page_shift
    }

    /// Whether both ends of a run of pages may be written without a mark. For a run of one or two pages
    /// that is all of it.
    #[inline]
    pub(crate) fn has_ends(&self, pages: &RangeInclusive<usize>) -> bool {
        self.has(*pages.start()) && self.has(*pages.end())
    }

    #[inline]
    fn has(&self, page: usize) -> bool {
        page >= self.tracked
            || self.bits.get(page / 64).is_some_and(|bits| bits >> (page % 64) & 1 == 1)
    }

    pub(crate) fn mark(&mut self, pages: RangeInclusive<usize>) {
        if self.bits.is_empty() {
            // Zeroed memory is not touched until it is needed.
            self.bits = vec![0; self.tracked.div_ceil(64)];
        }
        for page in pages {
            if !self.has(page) {
                self.bits[page / 64] |= 1 << (page % 64);
                self.marked.push(page);
            }
        }
    }

    /// The marked pages, in order.
    pub(crate) fn marked(&self) -> Vec<usize> {
        let mut marked = self.marked.clone();
        marked.sort_unstable();
        marked
    }

    /// Forgets the marks, and tracks the pages of the first `bytes` bytes.
    pub(crate) fn reset(&mut self, bytes: usize) {
        let tracked = bytes.div_ceil(self.page_bytes());
        for page in self.marked.drain(..) {
            self.bits[page / 64] = 0;
        }
        if tracked != self.tracked && !self.bits.is_empty() {
            self.bits.resize(tracked.div_ceil(64), 0);
        }
        self.tracked = tracked;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_marked_once_and_listed_in_order() {
        let mut dirty = DirtyPages::new(4096);
        assert!(dirty.has_ends(&(0..=1000)), "nothing is committed");
        dirty.reset(130 * 4096 + 1);
        assert_eq!(dirty.tracked_bytes(), 131 * 4096);
        assert!(!dirty.has_ends(&(0..=0)) && !dirty.has_ends(&(130..=130)));
        assert!(dirty.has_ends(&(131..=200)), "past what is committed");
        dirty.mark(dirty.pages_of(129 * 4096 + 4095, 2));
        dirty.mark(dirty.pages_of(3, 1));
        dirty.mark(dirty.pages_of(0, 4096));
        assert_eq!(dirty.marked(), [0, 129, 130]);
        assert!(dirty.has_ends(&(129..=130)) && !dirty.has_ends(&(128..=129)));
        assert!(!dirty.has_ends(&(0..=1)) && !dirty.has_ends(&(128..=131)));
    }

    #[test]
    fn a_reset_forgets_and_follows_the_committed_bytes() {
        let mut dirty = DirtyPages::new(512);
        for pages in [1, 64, 65, 1000, 3, 0, 70] {
            dirty.reset(pages * 512);
            assert!(dirty.marked().is_empty());
            assert!((0..pages).all(|page| !dirty.has_ends(&(page..=page))), "{pages}");
            assert!(dirty.has_ends(&(pages..=pages)));
            dirty.mark(0..=pages + 5);
            assert_eq!(dirty.marked().len(), pages, "others need no mark");
        }
    }
}
