//! Which pages of committed elements were written one element at a time.
//!
//! One bit for each page, so that a page that was written before costs a load and a test; and a list of
//! them, so that a commit of few pages doesn't look at all the bits. Knows nothing of memory.
//!
//! # Invariants
//!
//! 1. `bits` has one bit for each tracked page, in whole words, or none where every page may be written.
//! 2. A bit is 1 where the page is in `marked`, and past the last tracked page; else 0.

#![forbid(unsafe_code)]

use std::ops::RangeInclusive;

#[derive(Debug)]
pub(crate) struct DirtyPages {
    page_shift: u32,
    /// How many pages hold committed elements. Later ones may be written without a mark.
    tracked: usize,
    bits: Vec<u64>,
    /// The marked pages, in the order in which they were.
    marked: Vec<usize>,
    /// Whether every page may be written, and nobody marks them.
    is_free: bool,
}

impl DirtyPages {
    /// No page is tracked.
    pub(crate) fn new(page_bytes: usize) -> Self {
        assert!(page_bytes.is_power_of_two());
        Self {
            page_shift: page_bytes.trailing_zeros(),
            tracked: 0,
            bits: Vec::new(),
            marked: Vec::new(),
            is_free: false,
        }
    }

    pub(crate) fn page_bytes(&self) -> usize {
        1 << self.page_shift
    }

    /// The bytes of all tracked pages.
    pub(crate) fn tracked_bytes(&self) -> usize {
        self.tracked << self.page_shift
    }

    /// Whether every page may be written without a mark.
    #[inline]
    pub(crate) fn is_free(&self) -> bool {
        self.is_free
    }

    /// Lets every page be written without a mark.
    pub(crate) fn set_free(&mut self) {
        self.is_free = true;
        self.bits = Vec::new();
    }

    /// The first and the last page of `bytes` bytes, of which there is at least one, from offset `start` on.
    #[inline]
    pub(crate) fn first_and_last(&self, start: usize, bytes: usize) -> (usize, usize) {
        (start >> self.page_shift, (start + bytes - 1) >> self.page_shift)
    }

    /// Whether a page may be written without a mark, or was marked.
    #[inline]
    pub(crate) fn has(&self, page: usize) -> bool {
        self.bits.get(page / 64).is_none_or(|bits| bits >> (page % 64) & 1 == 1)
    }

    pub(crate) fn mark(&mut self, pages: RangeInclusive<usize>) {
        for page in pages {
            if !self.has(page) {
                self.bits[page / 64] |= 1 << (page % 64);
                self.marked.push(page);
            }
        }
    }

    /// Whether some page is marked.
    pub(crate) fn is_marked(&self) -> bool {
        !self.marked.is_empty()
    }

    /// The marked pages, in order.
    pub(crate) fn marked(&self) -> Vec<usize> {
        let mut marked = self.marked.clone();
        marked.sort_unstable();
        marked
    }

    /// Forgets the marks, and tracks the pages of the first `bytes` bytes.
    pub(crate) fn reset(&mut self, bytes: usize) {
        let marked = std::mem::take(&mut self.marked);
        if !self.is_free {
            for page in marked {
                self.bits[page / 64] &= !(1 << (page % 64));
            }
            self.clear_last_word();
        }
        self.is_free = false;
        self.tracked = bytes.div_ceil(self.page_bytes());
        let words = self.tracked.div_ceil(64);
        match self.bits.is_empty() {
            // Zeroed memory is not touched until it is needed.
            true => self.bits = vec![0; words],
            false => self.bits.resize(words, 0),
        }
        if self.tracked % 64 != 0 {
            *self.bits.last_mut().expect("a page is tracked") |= u64::MAX << (self.tracked % 64);
        }
    }

    /// Clears the bits past the last tracked page, which may be tracked from now on.
    fn clear_last_word(&mut self) {
        if self.tracked % 64 != 0 {
            let last = self.bits.last_mut().expect("a page is tracked");
            *last &= !(u64::MAX << (self.tracked % 64));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_marked_once_and_listed_in_order() {
        let mut dirty = DirtyPages::new(4096);
        assert!(dirty.has(0) && dirty.has(1000), "nothing is tracked");
        dirty.reset(130 * 4096 + 1);
        assert_eq!(dirty.tracked_bytes(), 131 * 4096);
        assert!((0..131).all(|page| !dirty.has(page)));
        assert!((131..300).all(|page| dirty.has(page)), "past what is tracked");
        for (start, bytes, pages) in
            [(129 * 4096 + 4095, 2, (129, 130)), (3, 1, (0, 0)), (0, 4096, (0, 0))]
        {
            assert_eq!(dirty.first_and_last(start, bytes), pages);
            dirty.mark(pages.0..=pages.1);
        }
        assert_eq!(dirty.marked(), [0, 129, 130]);
        assert!(dirty.has(129) && dirty.has(130) && !dirty.has(128) && !dirty.has(1));
    }

    #[test]
    fn a_reset_forgets_and_follows_what_is_tracked() {
        let mut dirty = DirtyPages::new(512);
        for pages in [1, 64, 65, 1000, 3, 0, 70, 70, 71] {
            for free in [false, true] {
                dirty.reset(pages * 512);
                assert!(!dirty.is_marked() && !dirty.is_free());
                assert!((0..pages).all(|page| !dirty.has(page)), "{pages}");
                assert!((pages..pages + 200).all(|page| dirty.has(page)));
                if free {
                    dirty.set_free();
                    assert!((0..=pages).all(|page| dirty.has(page)) && dirty.is_free());
                } else {
                    dirty.mark(0..=pages + 5);
                    assert_eq!(dirty.marked().len(), pages, "others need no mark");
                }
            }
        }
    }
}
