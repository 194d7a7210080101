//! Committed pages that wait in memory to be written to their place.
//!
//! Their contents are durable in the journal. Writing them late costs less: a page that is committed a
//! hundred times is written once, and many pages together in the order of the file.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

/// So many bytes may wait; fewer in tests, whose files are small. The more they are the denser they lie in the file,
/// and the less each costs to write.
const MAX_BYTES: usize = if cfg!(test) { 16 << 10 } else { 128 << 20 };
/// And a page, on the average, until it was compared with memory so often for nothing. Where a commit doesn't know what was
/// changed it compares all that wait, and as often as that costs less than writing them.
const MAX_COMPARED_IN_VAIN: usize = 4;
/// Neighbours are written together, up to so many bytes.
const MAX_WRITE_BYTES: usize = 256 << 10;

/// The contents of pages, by the number of the page. What the file holds, with these pages in the place of
/// its own, is the last commit.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    pages: BTreeMap<usize, Box<[u8]>>,
    bytes: usize,
    /// How many pages were compared with memory since it was empty, and were the same.
    compared_in_vain: usize,
}

impl Overlay {
    /// Whether it is time to write the pages to their place.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes > MAX_BYTES || self.compared_in_vain > MAX_COMPARED_IN_VAIN * self.pages.len()
    }

    /// Counts that every page was compared with memory, of which so many had changed.
    pub(crate) fn count_compared(&mut self, changed_pages: usize) {
        self.compared_in_vain += self.pages.len().saturating_sub(changed_pages);
    }

    pub(crate) fn get(&self, page: usize) -> Option<&[u8]> {
        self.pages.get(&page).map(|bytes| &**bytes)
    }

    /// The first waiting page from `page` on.
    pub(crate) fn next_from(&self, page: usize) -> Option<usize> {
        self.pages.range(page..).next().map(|(&page, _)| page)
    }

    pub(crate) fn insert(&mut self, page: usize, bytes: &[u8]) {
        self.bytes += bytes.len();
        if let Some(old) = self.pages.insert(page, bytes.into()) {
            self.bytes -= old.len();
        }
    }

    /// Forgets what lies past `bytes` bytes, in pages of `page_bytes`.
    pub(crate) fn truncate(&mut self, bytes: usize, page_bytes: usize) {
        let last = bytes / page_bytes;
        for removed in self.pages.split_off(&(last + 1)).into_values() {
            self.bytes -= removed.len();
        }
        let kept_bytes = bytes % page_bytes;
        if let Some(page) = self.pages.remove(&last) {
            self.bytes -= page.len();
            if kept_bytes > 0 {
                self.insert(last, &page[..page.len().min(kept_bytes)]);
            }
        }
    }

    /// Calls `write` with the offset and the contents of runs of pages of `page_bytes`, in order.
    pub(crate) fn for_each_run<E>(
        &self,
        page_bytes: usize,
        mut write: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut run = Vec::new();
        let mut start = 0;
        for (&page, bytes) in &self.pages {
            let offset = (page * page_bytes) as u64;
            let follows = offset == start + run.len() as u64;
            if !run.is_empty() && (!follows || run.len() + bytes.len() > MAX_WRITE_BYTES) {
                write(start, &run)?;
                run.clear();
            }
            if run.is_empty() {
                start = offset;
            }
            run.extend_from_slice(bytes);
        }
        if run.is_empty() { Ok(()) } else { write(start, &run) }
    }

    /// Empties it, and returns the numbers of its pages.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = usize> + use<> {
        self.bytes = 0;
        self.compared_in_vain = 0;
        std::mem::take(&mut self.pages).into_keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many commits that each change `changed` pages, other ones than before or the same, it is time to write;
    /// `None` where it never is.
    fn full_after(changed: usize, others: bool) -> Option<usize> {
        let mut overlay = Overlay::default();
        (1..=100).find(|commit| {
            let first = if others { commit * changed } else { 0 };
            (first..first + changed).for_each(|page| overlay.insert(page, &[1]));
            overlay.count_compared(changed);
            overlay.is_full()
        })
    }

    #[test]
    fn pages_that_change_again_and_again_wait() {
        assert_eq!(full_after(1, false), None);
        assert_eq!(full_after(50, false), None);
    }

    #[test]
    fn pages_that_stay_the_same_are_not_compared_for_long() {
        // Each was compared as often as commits came after its own: half as often as there were commits, on the average.
        let commits = 2 * MAX_COMPARED_IN_VAIN + 2;
        assert_eq!(full_after(1, true), Some(commits));
        assert_eq!(full_after(50, true), Some(commits));
    }

    #[test]
    fn what_was_taken_is_not_counted_any_more() {
        let mut overlay = Overlay::default();
        overlay.insert(7, &[1]);
        while !overlay.is_full() {
            overlay.count_compared(0);
        }
        assert_eq!(overlay.take().collect::<Vec<_>>(), [7]);
        overlay.insert(7, &[1]);
        assert!(!overlay.is_full());
    }
}
