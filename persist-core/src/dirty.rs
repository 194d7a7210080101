//! Which pages of committed elements were written one element at a time.
//!
//! One bit for each page, so that a page that was written before costs a load and a test; and a list of
//! them, so that a commit of few pages doesn't look at all the bits. Knows nothing of memory.
//!
//! # Invariants
//!
//! 1. `bits` has one bit for each unit that holds tracked pages, in whole words, or none where every page may be written.
//! 2. A unit is a page where one is marked. Else it is a page, or [many](COARSE_SHIFT).
//! 3. A bit is 1 where its page is in `marked`, and past the last unit; else 0.

#![forbid(unsafe_code)]

use std::ops::RangeInclusive;

/// Before the first page is marked one bit stands for two to the power of so many: a file can be opened without clearing a bit
/// for each of its pages.
const COARSE_SHIFT: u32 = 9;

/// No system has smaller pages.
const MIN_PAGE_BYTES: usize = 512;

#[derive(Debug)]
pub(crate) struct DirtyPages {
    page_shift: u32,
    /// A bit stands for so many bytes, as a power of two.
    unit_shift: u32,
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
        assert!(page_bytes.is_power_of_two() && page_bytes >= MIN_PAGE_BYTES);
        let page_shift = page_bytes.trailing_zeros();
        Self {
            page_shift,
            unit_shift: page_shift + COARSE_SHIFT,
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
        self.unit_shift = self.page_shift + COARSE_SHIFT;
    }

    /// Whether `bytes` bytes, of which there is at least one, from offset `start` on are known to need no mark: they are in
    /// one page that was marked, or that may be written without.
    #[inline]
    pub(crate) fn may_write(&self, start: usize, bytes: usize) -> bool {
        // The compiler knows this of most types of elements, and leaves the other question out.
        let is_aligned = bytes.is_power_of_two() && bytes <= MIN_PAGE_BYTES && start % bytes == 0;
        let unit = start >> self.unit_shift;
        (is_aligned || (start + bytes - 1) >> self.unit_shift == unit) && self.has_unit(unit)
    }

    #[inline]
    fn has_unit(&self, unit: usize) -> bool {
        self.bits.get(unit / 64).is_none_or(|bits| bits >> (unit % 64) & 1 == 1)
    }

    /// The pages of `bytes` bytes, of which there is at least one, from offset `start` on.
    pub(crate) fn pages(&self, start: usize, bytes: usize) -> RangeInclusive<usize> {
        start >> self.page_shift..=(start + bytes - 1) >> self.page_shift
    }

    /// Whether a page may be written without a mark, or was marked.
    pub(crate) fn has(&self, page: usize) -> bool {
        match self.unit_shift == self.page_shift {
            true => self.has_unit(page),
            false => self.is_free || page >= self.tracked,
        }
    }

    pub(crate) fn mark(&mut self, pages: RangeInclusive<usize>) {
        for page in pages {
            if !self.has(page) {
                self.refine();
                self.bits[page / 64] |= 1 << (page % 64);
                self.marked.push(page);
            }
        }
    }

    /// Makes a unit a page.
    fn refine(&mut self) {
        if self.unit_shift != self.page_shift {
            self.unit_shift = self.page_shift;
            self.bits = Vec::new();
            self.track();
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
        self.track();
    }

    /// How many units hold tracked pages.
    fn units(&self) -> usize {
        self.tracked.div_ceil(1 << (self.unit_shift - self.page_shift))
    }

    /// Gives each unit its bit. Those that there are must be 0.
    fn track(&mut self) {
        let units = self.units();
        let words = units.div_ceil(64);
        match self.bits.is_empty() {
            // Zeroed memory is not touched until it is needed.
            true => self.bits = vec![0; words],
            false => self.bits.resize(words, 0),
        }
        if units % 64 != 0 {
            *self.bits.last_mut().expect("a page is tracked") |= u64::MAX << (units % 64);
        }
    }

    /// Clears the bits past the last unit, which may hold tracked pages from now on.
    fn clear_last_word(&mut self) {
        let units = self.units();
        if units % 64 != 0 {
            let last = self.bits.last_mut().expect("a page is tracked");
            *last &= !(u64::MAX << (units % 64));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each byte of a page may be written; those of one page are all alike.
    fn may_write(dirty: &DirtyPages, page: usize) -> bool {
        let bytes = dirty.page_bytes();
        let may = [0, bytes / 2, bytes - 1].map(|offset| dirty.may_write(page * bytes + offset, 1));
        assert!(may == [may[0]; 3], "{page}");
        may[0]
    }

    #[test]
    fn pages_are_marked_once_and_listed_in_order() {
        let mut dirty = DirtyPages::new(4096);
        assert!(dirty.has(0) && dirty.has(1000) && may_write(&dirty, 0), "nothing is tracked");
        dirty.reset(130 * 4096 + 1);
        assert_eq!(dirty.tracked_bytes(), 131 * 4096);
        assert!((0..131).all(|page| !dirty.has(page) && !may_write(&dirty, page)));
        assert!((131..2000).all(|page| dirty.has(page)), "past what is tracked");
        for (start, bytes, pages, is_marked) in
            [(129 * 4096 + 4095, 2, 129..=130, false), (3, 1, 0..=0, false), (0, 4096, 0..=0, true)]
        {
            assert_eq!(dirty.pages(start, bytes), pages);
            assert_eq!(dirty.may_write(start, bytes), is_marked);
            dirty.mark(pages);
        }
        assert_eq!(dirty.marked(), [0, 129, 130]);
        for page in 0..300 {
            let has = [0, 129, 130].contains(&page) || page >= 131;
            assert_eq!((dirty.has(page), may_write(&dirty, page)), (has, has), "{page}");
        }
        assert!(dirty.may_write(0, 4096) && !dirty.may_write(4095, 2));
    }

    #[test]
    fn a_reset_forgets_and_follows_what_is_tracked() {
        let mut dirty = DirtyPages::new(512);
        let many = if cfg!(miri) { [66, 513] } else { [40_000, 32_768] };
        for pages in [1, 64, 65, many[0], 1000, 3, 0, 70, many[1], 70, 71] {
            for then in ["free", "marked", "untouched"] {
                dirty.reset(pages * 512);
                assert!(!dirty.is_marked() && !dirty.is_free());
                assert!(
                    (0..pages).all(|page| !dirty.has(page) && !may_write(&dirty, page)),
                    "{pages}"
                );
                assert!((pages..pages + 200).all(|page| dirty.has(page)));
                match then {
                    "free" => {
                        dirty.set_free();
                        assert!((0..=pages).all(|page| dirty.has(page) && may_write(&dirty, page)));
                        assert!(dirty.is_free());
                    }
                    "marked" => {
                        dirty.mark(0..=pages + 5);
                        assert_eq!(dirty.marked().len(), pages, "others need no mark");
                        assert!((0..pages + 5).all(|page| dirty.has(page)));
                        assert!((0..pages).all(|page| may_write(&dirty, page)));
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "large")]
    fn what_reaches_into_a_page_without_a_mark_needs_one() {
        let mut dirty = DirtyPages::new(512);
        dirty.reset(20 * 512);
        for page in [0, 1, 3, 7, 8] {
            dirty.mark(page..=page);
        }
        for bytes in [1, 2, 3, 8, 24, 32, 256, 512, 513, 1024] {
            for start in 0..22 * 512 {
                let is_one = dirty.pages(start, bytes).count() == 1;
                let has_all = dirty.pages(start, bytes).all(|page| dirty.has(page));
                assert_eq!(dirty.may_write(start, bytes), is_one && has_all, "{start}, {bytes}");
            }
        }
    }

    #[test]
    fn one_bit_stands_for_many_pages_until_one_is_marked() {
        let mut dirty = DirtyPages::new(4096);
        dirty.reset(1 << 30);
        let coarse_bytes = size_of_val(&*dirty.bits);
        assert!(coarse_bytes <= 64, "{coarse_bytes}");
        let page = 1 << 17;
        dirty.mark(page..=page);
        assert!(may_write(&dirty, page) && !may_write(&dirty, page + 1));
        assert_eq!(size_of_val(&*dirty.bits), 512 * coarse_bytes);
    }
}
