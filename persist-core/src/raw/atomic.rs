//! Mode *atomic* in memory: committed elements are private before they are written, so that nothing
//! reaches the file but by a commit.
//!
//! Where a mapping may reach past the end of its file (Linux), the pages of committed elements become private
//! at the first write, and the others stay shared: what is appended is the file's at once, and nobody counts
//! it. Elsewhere the whole mapping is private, and what is appended is written by the commit.

use super::changes::Changes;
use super::*;
use crate::error::Shown;
use crate::mutant::{self, Mutant};
use crate::store::{Append, Payload, Published};

/// After so many calls that made a few more pages private, one call does it for all of them. Not every file
/// system lets the kernel join neighbouring mappings, of which a process may have 65,530.
const MAX_PRIVATE_PARTS: u32 = 1024;

/// What one page table maps on most machines, with pages of 4 KiB; less in tests, whose files are small.
const PAGE_TABLE_BYTES: usize = if cfg!(test) { 512 << 10 } else { 2 << 20 };
/// Linux maps so many pages where one is read, as far as they are cached.
const READ_AROUND_PAGES: usize = 16;

/// Which part of a mapping is private, in bytes and at the borders of pages.
#[derive(Debug)]
pub(super) struct Private {
    /// Everything below is.
    pub(super) end: usize,
    /// Nothing from here on is.
    pub(super) reach: usize,
    /// How many calls made it so.
    parts: u32,
    /// The system hasn't the memory for all committed elements, so only marked pages are made private.
    is_scarce: bool,
}

impl Private {
    pub(super) const NOTHING: Self = Self { end: 0, reach: 0, parts: 0, is_scarce: false };
    pub(super) const EVERYTHING: Self =
        Self { end: usize::MAX, reach: usize::MAX, parts: 0, is_scarce: false };

    /// Whether some part of the mapping is, or was, private and another isn't.
    pub(super) fn is_in_parts(&self) -> bool {
        self.reach > 0 || self.parts > 0
    }
}

impl RawVec {
    /// Makes the pages of all committed elements private.
    pub(super) fn make_private(&mut self) -> Result<(), Error> {
        let end = self.dirty.tracked_bytes();
        if self.private.end >= end {
            return Ok(());
        }
        let is_anew = self.private.parts >= MAX_PRIVATE_PARTS;
        let has_parts = self.private.reach > self.private.end;
        let saved = if is_anew || has_parts { self.save()? } else { Vec::new() };
        let start = if is_anew { 0 } else { self.private.end };
        if !mutant::is(Mutant::SharedPages) {
            self.set_private(start..end, true)
                .map_err(|source| self.store.io(Action::Map, source))?;
        }
        self.private.end = end;
        self.private.reach = self.private.reach.max(end);
        self.private.parts = if is_anew { 1 } else { self.private.parts + 1 };
        self.private.is_scarce = false;
        self.restore(saved);
        Ok(())
    }

    /// Passes a result on. Where it comes with a poisoned file, what was appended may be counted by the commit that
    /// failed, and must not be written in the file any more: all memory becomes private.
    pub(super) fn sealing<R>(&mut self, result: Result<R, Error>) -> Result<R, Error> {
        let Private { end, reach, .. } = self.private;
        if result.is_ok() || end == usize::MAX || self.store.check_poison().is_ok() {
            return result;
        }
        let room = (self.capacity * self.element_bytes).next_multiple_of(self.dirty.page_bytes());
        if reach > end || end < room && self.set_private(end..room, true).is_err() {
            self.lose_memory();
            return result;
        }
        self.private = Private::EVERYTHING;
        // The kernel may drop pages that it couldn't write, and show older ones. Copies stay. Only then may it drop them.
        let appended = self.committed_bytes().min(end)..self.len * self.element_bytes;
        for start in appended.step_by(self.dirty.page_bytes()) {
            // SAFETY: this is a byte of an element, and nobody else uses it while `self` is borrowed mutably.
            let byte: *mut u8 = unsafe { self.mapping.bytes_mut(start..start + 1) }.as_mut_ptr();
            // A write that changes nothing is one that the compiler leaves out, where it isn't volatile.
            // SAFETY: this is that byte, which may be read.
            let value = unsafe { byte.read_volatile() };
            // SAFETY: and written, by what it is already.
            unsafe { byte.write_volatile(value) };
        }
        self.store.forget_cache();
        result
    }

    /// What to do where uncommitted changes are gone, or pages that may be written are the file's: nothing
    /// must be written any more. There are no elements to see.
    fn lose_memory(&mut self) {
        self.len = 0;
        self.mapping = Mapping::none();
        self.mapping_changed();
    }

    /// Lets committed elements in some pages be written, and remembers which.
    pub(super) fn mark(&mut self, pages: RangeInclusive<usize>) {
        if !self.private.is_scarce {
            if let Err(error) = self.make_private() {
                self.private.is_scarce = true;
                self.make_pages_private(&pages).unwrap_or_else(|_| self.no_private_memory(&error));
            }
        } else if let Err(error) = self.make_pages_private(&pages) {
            self.no_private_memory(&error);
        }
        self.dirty.mark(pages);
    }

    /// Makes a few pages private, where the system hasn't the memory to let all be.
    fn make_pages_private(&mut self, pages: &RangeInclusive<usize>) -> Result<(), Error> {
        // A page may be private since an earlier commit. It becomes what the file has.
        self.write_private()?;
        for page in pages.clone() {
            if !self.dirty.has(page) {
                self.make_page_private(page)?;
            }
        }
        Ok(())
    }

    fn make_page_private(&mut self, page: usize) -> Result<(), Error> {
        let page_bytes = self.dirty.page_bytes();
        let range = page * page_bytes..(page + 1) * page_bytes;
        if range.start >= self.private.end {
            self.set_private(range.clone(), true)
                .map_err(|source| self.store.io(Action::Map, source))?;
            self.private.reach = self.private.reach.max(range.end);
        }
        Ok(())
    }

    /// Brings what stands in private memory to the file, where it does no harm: committed pages to their place, and
    /// what was appended.
    fn write_private(&mut self) -> Result<(), Error> {
        let committed = self.committed_bytes();
        let appended = committed..self.private.reach.min(self.len * self.element_bytes);
        self.store.apply()?;
        if appended.is_empty() {
            return Ok(());
        }
        // SAFETY: these are bytes of elements, so they are mapped and initialised, and nobody writes them while
        // `self` is borrowed mutably.
        let bytes = unsafe { self.mapping.bytes(appended) };
        self.store.write_data(committed, bytes)
    }

    fn set_private(&mut self, pages: Range<usize>, private: bool) -> io::Result<()> {
        let offset = self.store.data_offset();
        self.store.storage().set_private(&mut self.mapping, offset, pages, private)?;
        self.advise_again();
        Ok(())
    }

    /// The death of a program without memory, as when a `Vec` can't be allocated.
    #[cold]
    pub(super) fn no_private_memory(&self, error: &Error) -> ! {
        panic!(
            "persist: the system refuses the memory to change elements of `{}`, {} bytes of which none are used \
             before they are written: change fewer of them between commits, one by one (`vector[i] = …`), or use \
             `Mode::Shared`: {error:?}",
            Shown(self.store.path()),
            self.dirty.tracked_bytes(),
        )
    }

    fn committed_bytes(&self) -> usize {
        self.store.committed_bytes() as usize
    }

    /// The pages of committed elements that may have been written since the last commit, in order, as bytes.
    fn written(&self) -> Vec<Range<usize>> {
        let page_bytes = self.dirty.page_bytes();
        if !self.dirty.is_free() {
            return runs(self.dirty.marked(), page_bytes);
        }
        let all = 0..self.dirty.tracked_bytes().min(self.mapping.len_bytes());
        self.store.storage().detection().written(&self.mapping, all)
    }

    pub(super) fn has_changes(&self) -> Result<bool, Error> {
        let mut changes = Changes::new(self.written(), self.committed_bytes());
        // SAFETY: committed elements are elements, for there are as many as were committed; nobody
        // writes them while `self` is borrowed.
        while let Some(changed) = unsafe { changes.next(&self.store, &self.mapping)? } {
            if !changed.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Commits, and lets memory show the file again where that has everything in its place.
    pub(super) fn commit_atomic(&mut self) -> Result<(), Error> {
        self.store.check_poison()?;
        let (old_bytes, new_bytes) = (self.committed_bytes(), self.len * self.element_bytes);
        let written = self.written();
        let mut payload = Payload::default();
        let mut pages = Vec::new();
        let mut changes = Changes::new(written.clone(), old_bytes.min(new_bytes));
        // SAFETY: the ranges are below both lengths, so they are elements; nobody writes them while
        // `self` is borrowed mutably.
        while let Some(changed) = unsafe { changes.next(&self.store, &self.mapping)? } {
            for range in changed {
                // SAFETY: as above.
                let bytes = unsafe { self.mapping.bytes(range.clone()) };
                self.store.log(&mut payload, range.start, bytes)?;
                add_pages(&mut pages, range, self.dirty.page_bytes());
            }
        }
        let appended = old_bytes..new_bytes.max(old_bytes);
        let private = old_bytes..self.private.reach.clamp(old_bytes, appended.end);
        // SAFETY: what was appended is elements; nobody writes them while `self` is borrowed mutably.
        let bytes = unsafe { self.mapping.bytes(appended) };
        let append = Append { bytes, private_bytes: private.len() };
        let published = self.store.commit_atomic(self.len as u64, payload, append)?;
        if let Published::Logged { with_append } = published {
            if with_append {
                add_pages(&mut pages, &private, self.dirty.page_bytes());
            }
            self.keep(&pages, new_bytes);
        }
        self.store.apply_if_many(self.dirty.is_free().then_some(pages.len()))?;
        self.settle(written, private);
        Ok(())
    }

    /// Lets pages that were just committed wait in memory, up to byte `end`.
    fn keep(&mut self, pages: &[usize], end: usize) {
        let page_bytes = self.dirty.page_bytes();
        for &page in pages {
            let range = page * page_bytes..end.min((page + 1) * page_bytes);
            // SAFETY: `end` is that of the elements; nobody writes them while `self` is borrowed
            // mutably.
            self.store.keep_page(page, unsafe { self.mapping.bytes(range) });
        }
    }

    /// Starts anew after a commit: memory is the last commit. Gives back what copies of pages are not needed
    /// any more: of those that were written, appended to, or came to their place.
    fn settle(&mut self, written: Vec<Range<usize>>, appended: Range<usize>) {
        let asked = self.dirty.is_free();
        self.untouch();
        let applied = self.store.take_applied();
        if self.private.end == usize::MAX {
            return;
        }
        if applied.is_empty() || !asked || !self.drop_page_tables() {
            self.drop_copies(applied, written.iter().chain([&appended]));
        }
        let tracked = self.dirty.tracked_bytes();
        // What is appended from now on is the file's again; where that fails, the commit will write it.
        if self.private.reach > tracked
            && self.set_private(tracked..self.private.reach, false).is_ok()
        {
            self.private.reach = tracked;
            self.private.end = self.private.end.min(tracked);
        }
    }

    /// Gives back the copies of pages that came to their place, but for what may have changed since they were committed.
    pub(super) fn drop_applied(&mut self) {
        if self.private.end == usize::MAX {
            return;
        }
        // In the page after the last whole one there may be elements that weren't committed. And where a `&mut [T]` was lent
        // every page may have changed.
        let whole_pages = self.committed_bytes() / self.dirty.page_bytes();
        let applied = self.store.take_applied().into_iter();
        let (kept, unchanged) =
            applied.partition(|&page| page >= whole_pages || self.dirty.has(page));
        self.store.put_applied(kept);
        self.drop_copies(unchanged, std::iter::empty());
    }

    /// Gives back all private pages at once where all of them are the same as the file's, and few are used that aren't copies to be
    /// given back. To ask for copies takes as long as there are page tables, and Linux from 6.14 on frees those that this leaves empty.
    /// Returns whether it did.
    fn drop_page_tables(&mut self) -> bool {
        let pages = 0..self.private.end;
        let is_one_part = self.private.reach == self.private.end;
        let few = pages.end.div_ceil(PAGE_TABLE_BYTES) * READ_AROUND_PAGES;
        let detection = self.store.storage().detection();
        is_one_part
            && !self.store.waits_between(0, usize::MAX)
            && detection.has_fewer_originals(&self.mapping, pages.clone(), few)
            && matches!(self.mapping.discard(pages), Ok(true))
    }

    /// Gives back the copies of pages, and of those in ranges of bytes, but for what waits.
    fn drop_copies<'a>(
        &mut self,
        mut pages: Vec<usize>,
        ranges: impl Iterator<Item = &'a Range<usize>>,
    ) {
        let page_bytes = self.dirty.page_bytes();
        for range in ranges {
            add_pages(&mut pages, range, page_bytes);
        }
        pages.sort_unstable();
        pages.dedup();
        pages.retain(|&page| self.store.waiting_page(page).is_none());
        for range in self.joined(runs(pages, page_bytes)) {
            // Where it fails the copy stays, which is the same as the file.
            let _ = self.mapping.discard(range);
        }
    }

    /// The same ranges with short gaps between them closed, where no page waits and none may have changed: one call for two costs
    /// less than to see a few clean pages of the file anew.
    fn joined(&self, ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
        const MAX_GAP_PAGES: usize = 32;

        let page_bytes = self.dirty.page_bytes();
        let is_clean = |gap: Range<usize>| {
            gap.len() <= MAX_GAP_PAGES
                && !self.store.waits_between(gap.start, gap.end)
                && !gap.into_iter().any(|page| self.dirty.has(page))
        };
        let mut joined: Vec<Range<usize>> = Vec::new();
        for range in ranges {
            match joined.last_mut() {
                Some(last) if is_clean(last.end / page_bytes..range.start / page_bytes) => {
                    last.end = range.end;
                }
                _ => joined.push(range),
            }
        }
        joined
    }

    /// What may be written without asking is what isn't committed.
    pub(super) fn untouch(&mut self) {
        self.set_writable(self.ready_len());
        self.private.is_scarce = false;
        self.dirty.reset(self.committed_bytes());
    }

    /// Makes memory the last commit again.
    pub(super) fn rollback_atomic(&mut self) -> Result<(), Error> {
        let written = match mutant::is(Mutant::RollbackLengthOnly) {
            false => self.written(),
            true => Vec::new(),
        };
        let changed = match self.private.end == usize::MAX {
            true => written,
            false => self.discard(written),
        };
        self.copy_back(changed)?;
        // The elements below are those of the last commit, all of them values.
        self.len = self.store.committed_len() as usize;
        self.untouch();
        Ok(())
    }

    /// Takes back what changed, and leaves pages alone that didn't.
    fn copy_back(&mut self, written: Vec<Range<usize>>) -> Result<(), Error> {
        let mut buffer = Vec::new();
        let mut changes = Changes::new(written, self.committed_bytes());
        // SAFETY: committed bytes are mapped and initialised, and nobody writes them while `self` is borrowed
        // mutably.
        while let Some(changed) = unsafe { changes.next(&self.store, &self.mapping)? } {
            for range in changed {
                let committed = self.store.committed(range.clone(), &mut buffer)?;
                // SAFETY: as above, and the mapping is writable.
                unsafe { self.mapping.bytes_mut(range.clone()) }.copy_from_slice(committed);
            }
        }
        Ok(())
    }

    /// Drops the private copies of pages, but for those that wait to be written. Returns the ranges that may still
    /// be other than what was committed.
    fn discard(&mut self, written: Vec<Range<usize>>) -> Vec<Range<usize>> {
        let page_bytes = self.dirty.page_bytes();
        let committed_bytes = self.committed_bytes();
        let mut left = Vec::new();
        for range in written {
            let (mut start, range_end) = (range.start, range.end.min(committed_bytes));
            while start < range_end {
                let end = self.store.committed_piece(start, range_end);
                let is_waiting = self.store.waiting_page(start / page_bytes).is_some();
                let pages = start..end.next_multiple_of(page_bytes);
                if is_waiting || !matches!(self.mapping.discard(pages), Ok(true)) {
                    left.push(start..end);
                }
                start = end;
            }
        }
        left
    }

    /// Maps the file anew by `map`, and takes along what isn't in the file. Where that fails nothing changed.
    pub(super) fn move_to_larger(
        &mut self,
        map: impl FnOnce(&Self) -> Result<Mapping, Error>,
    ) -> Result<(), Error> {
        let saved = self.save()?;
        let mapping = map(self)?;
        let old_mapping = std::mem::replace(&mut self.mapping, mapping);
        let nothing =
            if self.private.end == usize::MAX { Private::EVERYTHING } else { Private::NOTHING };
        let old_private = std::mem::replace(&mut self.private, nothing);
        if let Err(error) = self.make_writable_private() {
            self.mapping = old_mapping;
            self.private = old_private;
            return Err(error);
        }
        self.restore(saved);
        Ok(())
    }

    /// Makes committed elements private that may be written without asking.
    fn make_writable_private(&mut self) -> Result<(), Error> {
        if !self.dirty.is_marked() && !self.dirty.is_free() {
            return Ok(());
        }
        match self.make_private() {
            Err(_) if !self.dirty.is_free() => {
                self.private.is_scarce = true;
                self.dirty.marked().into_iter().try_for_each(|page| self.make_page_private(page))
            }
            result => result,
        }
    }

    /// Puts back what [`Self::save`] took.
    pub(super) fn restore(&mut self, saved: Vec<(usize, Vec<u8>)>) {
        for (start, bytes) in saved {
            // SAFETY: the bytes are elements, for which the mapping has room, and nobody else uses them
            // while `self` is borrowed mutably.
            let place = unsafe { self.mapping.bytes_mut(start..start + bytes.len()) };
            place.copy_from_slice(&bytes);
        }
    }

    /// Copies of what stands in private memory and nowhere else, after committed pages came to their place.
    pub(super) fn save(&mut self) -> Result<Vec<(usize, Vec<u8>)>, Error> {
        if self.private.reach == 0 {
            return Ok(Vec::new());
        }
        self.store.apply()?;
        let (committed, end) = (self.committed_bytes(), self.len * self.element_bytes);
        let mut saved = Vec::new();
        let mut changes = Changes::new(self.written(), committed.min(end));
        // SAFETY: the ranges are elements, and nobody writes them while `self` is borrowed mutably.
        while let Some(changed) = unsafe { changes.next(&self.store, &self.mapping)? } {
            for range in changed {
                // SAFETY: as above.
                saved.push((range.start, unsafe { self.mapping.bytes(range.clone()) }.to_vec()));
            }
        }
        let appended = committed..end.min(self.private.reach);
        if !appended.is_empty() {
            // SAFETY: as above.
            saved.push((committed, unsafe { self.mapping.bytes(appended) }.to_vec()));
        }
        Ok(saved)
    }
}

/// Runs of pages, in order, as bytes.
fn runs(pages: Vec<usize>, page_bytes: usize) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for page in pages {
        let (start, end) = (page * page_bytes, (page + 1) * page_bytes);
        match runs.last_mut() {
            Some(run) if run.end == start => run.end = end,
            _ => runs.push(start..end),
        }
    }
    runs
}

/// Appends the pages of a range of bytes, but for the last of the list.
fn add_pages(pages: &mut Vec<usize>, range: &Range<usize>, page_bytes: usize) {
    if !range.is_empty() {
        let first = range.start / page_bytes;
        let first = if pages.last() == Some(&first) { first + 1 } else { first };
        pages.extend(first..range.end.div_ceil(page_bytes));
    }
}
