//! The core of a vector: memory, a length and a capacity, for elements of any type.
//!
//! Nothing here is generic, so it is compiled once. It never reads or writes an element: it says where
//! elements may be, and [`vec`](crate::vec) puts them there. Which memory is private, and what a commit takes
//! from it, stands in [`atomic`].
//!
//! # Invariants
//!
//! 1. `base` is the address of the mapping, aligned to at least 4096.
//! 2. `len <= capacity`, and `push_limit <= writable <= capacity`.
//! 3. The bytes of elements below `capacity` are inside the mapping and have their place on the
//!    device, and together are at most `isize::MAX`.
//! 4. The mapping is only replaced under `&mut self`, so no reference into it lives then.
//! 5. In mode *atomic*, a page that holds a committed element is private before it may be written.

mod ahead;
mod atomic;
mod changes;
mod live;

use std::io;
use std::ops::{Range, RangeInclusive};
use std::ptr::NonNull;

use crate::advice::Advice;
use crate::dirty::DirtyPages;
use crate::error::{Action, Error};
use crate::mapping::Mapping;
use crate::mode::Mode;
use crate::store::Store;

use ahead::Ahead;
use atomic::Private;
use live::LiveLen;

/// The least address space to reserve: a mapping can't be empty, nor smaller than a page.
const MIN_RESERVE_BYTES: usize = 1 << 16;

#[derive(Debug)]
pub(crate) struct RawVec {
    base: NonNull<u8>,
    len: usize,
    capacity: usize,
    /// How many elements there may be without asking: as many as there is room ready for, or 0 where who adds one must ask
    /// first.
    writable: usize,
    /// How many a push may make without asking or telling anybody: as many, but 0 where the file counts elements. So
    /// one comparison on a push covers all, and it is the same loop as a `Vec`'s.
    push_limit: usize,
    /// Which committed elements may be written without asking.
    dirty: DirtyPages,
    private: Private,
    /// What the whole mapping was advised, also where it is mapped anew.
    advice: Advice,
    ahead: Ahead,
    element_bytes: usize,
    reserve_bytes: usize,
    /// Where the file says how many elements there are, in mode *shared*. Most vectors have none, and stay small.
    live: Option<Box<LiveLen>>,
    // Unmapped before the file is closed and unlocked.
    mapping: Mapping,
    store: Box<Store>,
}

// SAFETY: `base` points into `mapping`, which this owns alone and which may be used and unmapped
// from any thread.
unsafe impl Send for RawVec {}
// SAFETY: through `&self` nothing is written, and nothing is mapped or unmapped.
unsafe impl Sync for RawVec {}

impl RawVec {
    /// Maps the elements of a file, and reserves address space for `reserve_bytes` of them.
    ///
    /// The caller has checked that the elements are of the type it will use them as.
    pub(crate) fn new(mut store: Box<Store>, reserve_bytes: usize) -> Result<Self, Error> {
        let len = store.check_addressable()?;
        store.recover().map_err(|error| store.recovery_failed(error))?;
        store.before_use()?;
        let needed = len * store.header().preamble.element_bytes.get() as usize;
        let mapping =
            map(&store, needed, reserve_bytes).map_err(|source| store.io(Action::Map, source))?;
        let private = match is_private(&store) {
            false => Private::NOTHING,
            true => Private::EVERYTHING,
        };
        let mut raw = Self {
            base: NonNull::dangling(),
            len: 0,
            capacity: 0,
            writable: 0,
            push_limit: 0,
            dirty: DirtyPages::new(store.storage().page_bytes()),
            private,
            advice: Advice::Normal,
            ahead: Ahead::new(store.storage().block_bytes()),
            element_bytes: store.header().preamble.element_bytes.get() as usize,
            reserve_bytes,
            live: None,
            mapping,
            store,
        };
        raw.mapping_changed();
        raw.len = len;
        raw.untouch();
        if raw.store.mode() == Mode::Shared {
            // The file is to say first that it has a writer.
            raw.set_writable(0);
        }
        Ok(raw)
    }

    #[inline]
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn element_bytes(&self) -> usize {
        self.element_bytes
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Sets the length after elements were written past the old one, at places that
    /// [`prepare`](Self::prepare) gave.
    ///
    /// # Safety
    ///
    /// `len` must be at most the capacity, and the elements below `len` must be values of the type
    /// that the vector has them as.
    #[inline]
    pub(crate) unsafe fn set_len(&mut self, len: usize) {
        debug_assert!(len <= self.capacity);
        self.len = len;
        if let Some(live) = &self.live {
            live.set(len);
        }
    }

    /// Whether there may be one more element without asking or telling anybody.
    #[inline]
    pub(crate) fn may_push(&self) -> bool {
        self.len < self.push_limit
    }

    /// Sets the length after an element was pushed, as [`may_push`](Self::may_push) allowed. Nobody is told.
    ///
    /// # Safety
    ///
    /// `len` must be one more than it was, and the last element be a value of the type that the vector has.
    #[inline]
    pub(crate) unsafe fn set_len_pushed(&mut self, len: usize) {
        debug_assert!(self.may_push() && len == self.len + 1 && self.live.is_none());
        self.len = len;
    }

    fn set_writable(&mut self, len: usize) {
        self.writable = len;
        self.push_limit = if self.live.is_none() { len } else { 0 };
    }

    /// Forgets the elements from `len` on, of which there are more.
    #[inline]
    pub(crate) fn shorten(&mut self, len: usize) {
        debug_assert!(len <= self.len);
        match self.store.mode() {
            Mode::Shared => self.touch(),
            // What is pushed now is in the place of committed elements.
            Mode::Atomic if (len as u64) < self.store.committed_len() && !self.dirty.is_free() => {
                self.set_writable(0);
            }
            Mode::Atomic => {}
        }
        // SAFETY: fewer elements than there are, all of them values.
        unsafe { self.set_len(len) }
    }

    /// Makes all elements writable.
    ///
    /// In mode *shared*, where the file can't be marked as one that has a writer it is poisoned, so the
    /// next commit says so; memory can be written all the same.
    ///
    /// # Panics
    ///
    /// In mode *atomic*, where the system refuses the memory.
    #[inline]
    pub(crate) fn touch(&mut self) {
        if !self.dirty.is_free() {
            self.touch_all();
        }
    }

    #[cold]
    fn touch_all(&mut self) {
        match self.store.mode() {
            Mode::Shared => {
                if let Err(Error::Io { action, source, .. }) = self.start_writing() {
                    self.store.poisoned(action, source);
                }
            }
            Mode::Atomic => {
                self.make_private().unwrap_or_else(|error| self.no_private_memory(&error))
            }
        }
        self.dirty.set_free();
        self.set_writable(self.ready_len());
    }

    /// Makes the room after the last element writable.
    #[inline]
    pub(crate) fn touch_spare(&mut self) {
        if self.writable == 0 && self.capacity != 0 {
            self.touch();
        }
    }

    /// Makes the elements in `bytes` bytes from offset `start` on writable, and so that a commit needn't look
    /// for them. As [`touch`](Self::touch) in everything else.
    #[inline]
    pub(crate) fn touch_bytes(&mut self, start: usize, bytes: usize) {
        if bytes == 0 {
            return;
        }
        if !self.dirty.may_write(start, bytes) {
            self.touch_pages(start, bytes);
        }
    }

    #[cold]
    fn touch_pages(&mut self, start: usize, bytes: usize) {
        let pages = self.dirty.pages(start, bytes);
        if pages.clone().all(|page| self.dirty.has(page)) {
            return;
        }
        match self.store.mode() {
            Mode::Shared => self.touch_all(),
            Mode::Atomic => self.mark(pages),
        }
    }

    /// Says in a file of mode *shared* that it has a writer, and how many elements.
    fn start_writing(&mut self) -> Result<(), Error> {
        if self.live.is_none() {
            if let Some(boot_id) = self.store.storage().boot_id() {
                let live = LiveLen::map(self.store.storage())
                    .map_err(|source| self.store.io(Action::Map, source))?;
                self.store.write_live(boot_id, self.len as u64)?;
                self.live = Some(Box::new(live));
            }
        }
        self.store.mark_unclean()
    }

    /// Makes `additional` elements after the last one writable.
    #[inline]
    pub(crate) fn prepare(&mut self, additional: usize) -> Result<(), Error> {
        if additional > self.writable.saturating_sub(self.len) {
            self.prepare_slowly(additional)?;
        }
        Ok(())
    }

    /// The slow path of every call that adds elements.
    #[cold]
    fn prepare_slowly(&mut self, additional: usize) -> Result<(), Error> {
        let prepared =
            self.ensure_room(additional).and_then(|()| self.make_ready(self.len + additional));
        self.sealing_atomic(prepared)
    }

    /// Makes room for elements, and writes as many of them to the file as is quicker than to put them in memory.
    /// Returns how many bytes, from the first on, are left to be put there: room is ready for the elements that these
    /// begin.
    pub(crate) fn prepare_bytes(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let additional = bytes.len() / self.element_bytes;
        if bytes.len() < self.ahead.block_bytes() {
            self.prepare(additional)?;
            return Ok(bytes.len());
        }
        let prepared = self.write_or_make_ready(bytes, additional);
        self.sealing_atomic(prepared)
    }

    fn write_or_make_ready(&mut self, bytes: &[u8], additional: usize) -> Result<usize, Error> {
        self.ensure_room(additional)?;
        let in_memory = self.write_through(bytes)?;
        self.make_ready(self.len + in_memory.div_ceil(self.element_bytes))?;
        Ok(in_memory)
    }

    /// Passes on the result of an append, which may have found that the device failed.
    fn sealing_atomic<R>(&mut self, result: Result<R, Error>) -> Result<R, Error> {
        match self.store.mode() {
            Mode::Shared => result,
            Mode::Atomic => self.sealing(result),
        }
    }

    /// Makes room where there isn't, or where a push must ask.
    fn ensure_room(&mut self, additional: usize) -> Result<(), Error> {
        match self.writable == 0 || additional > self.capacity - self.len {
            true => self.make_room(additional, Growth::Amortized),
            false => Ok(()),
        }
    }

    /// Makes sure that there is room for `additional` elements after the last one, by moving to a larger capacity if it
    /// must, and that a push may use what of it is ready.
    pub(crate) fn make_room(&mut self, additional: usize, growth: Growth) -> Result<(), Error> {
        self.store.check_poison()?;
        if self.store.mode() == Mode::Shared {
            self.start_writing()?;
        }
        if (self.len as u64) < self.store.committed_len() {
            if self.store.mode() == Mode::Atomic {
                self.make_private()?;
            }
            self.touch();
        }
        let needed = self.len.checked_add(additional).ok_or_else(|| self.store.too_large(None))?;
        if needed > self.capacity {
            let needed_bytes = self.size_of(needed)?;
            if needed_bytes as u64 > self.store.data_capacity_bytes() {
                self.store.grow(needed_bytes as u64, growth == Growth::Amortized)?;
            }
            let enlarged = self.enlarge_mapping(needed_bytes);
            // Also where it failed: the mapping may have moved all the same.
            self.mapping_changed();
            enlarged?;
        }
        self.set_writable(self.ready_len());
        Ok(())
    }

    fn enlarge_mapping(&mut self, needed_bytes: usize) -> Result<(), Error> {
        if needed_bytes <= self.mapping.len_bytes() {
            return Ok(());
        }
        let wanted = self.reserve_bytes.max(self.mapping.len_bytes().saturating_mul(2));
        if self.private.is_in_parts() {
            // Such a mapping can't be moved as one.
            return self.move_to_larger(|raw| {
                map(&raw.store, needed_bytes, wanted)
                    .map_err(|source| raw.store.io(Action::Map, source))
            });
        }
        let (needed, wanted) = mapping_bytes(&self.store, needed_bytes, wanted);
        self.mapping
            .enlarge(self.store.storage(), self.store.data_offset(), needed, wanted)
            .map_err(|source| self.store.io(Action::Map, source))
    }

    /// Restores the first three invariants after the mapping or the file changed.
    fn mapping_changed(&mut self) {
        self.base = self.mapping.base();
        self.capacity = self.room_bytes() / self.element_bytes;
        self.set_writable(self.writable.min(self.capacity));
        self.ahead.cut(self.room_bytes());
        self.advise_again();
    }

    /// Tells the system in which order the elements will be used.
    pub(crate) fn advise(&mut self, advice: Advice) {
        self.advice = advice;
        self.mapping.advise(advice);
    }

    /// What is mapped anew was advised nothing.
    fn advise_again(&self) {
        if self.advice != Advice::Normal {
            self.mapping.advise(self.advice);
        }
    }

    /// Has the system begin to read some elements.
    pub(crate) fn prefetch(&self, elements: Range<usize>) {
        assert!(elements.end <= self.len);
        let Range { start, end } = elements;
        self.mapping.prefetch(start * self.element_bytes..end * self.element_bytes);
    }

    /// The bytes that are mapped and have their place on the device.
    fn room_bytes(&self) -> usize {
        let allocated = usize::try_from(self.store.data_capacity_bytes()).unwrap_or(usize::MAX);
        allocated.min(self.mapping.len_bytes()).min(isize::MAX as usize)
    }

    /// The bytes of `elements` elements, if a machine can address them.
    fn size_of(&self, elements: usize) -> Result<usize, Error> {
        let most_bytes = (i64::MAX as u64 - self.store.data_offset()).min(isize::MAX as u64);
        elements
            .checked_mul(self.element_bytes)
            .filter(|&bytes| bytes as u64 <= most_bytes)
            .ok_or_else(|| self.store.too_large(Some(elements as u64)))
    }

    /// Gives back the room after `capacity` elements, but for what the last commit needs.
    pub(crate) fn shrink(&mut self, capacity: usize) -> Result<(), Error> {
        self.store.check_poison()?;
        let bytes = self.size_of(capacity.max(self.len).min(self.capacity))? as u64;
        if self.store.storage().maps_past_end() {
            let shrunk = self.store.shrink(bytes);
            self.mapping_changed();
            return self.sealing(shrunk);
        }
        self.shrink_unmapped(bytes)
    }

    /// Where a file can't be cut while it is mapped. If it can't be mapped again there are no elements
    /// to see, and no commit may count them.
    fn shrink_unmapped(&mut self, bytes: u64) -> Result<(), Error> {
        // Before the mapping is gone: where a flush fails, what the file shows then isn't what it showed before.
        self.store.checkpoint()?;
        let saved = self.save()?;
        let shrunk = self.unmapped(|store| store.shrink(bytes))?;
        self.restore(saved);
        shrunk
    }

    /// Calls `f` while nothing is mapped. What stood in memory only is lost.
    fn unmapped<R>(&mut self, f: impl FnOnce(&mut Store) -> R) -> Result<R, Error> {
        let len = std::mem::take(&mut self.len);
        self.mapping = Mapping::none();
        self.mapping_changed();
        let result = f(&mut self.store);
        self.mapping = map(&self.store, len * self.element_bytes, self.reserve_bytes)
            .map_err(|error| self.store.poisoned(Action::Map, error))?;
        self.mapping_changed();
        self.len = len;
        Ok(result)
    }

    /// Cuts off what a crash left past the elements of a file that was just opened.
    pub(crate) fn give_back_leftovers(&mut self) -> Result<(), Error> {
        match self.store.has_spare_bytes() {
            false => Ok(()),
            true if self.store.storage().maps_past_end() => {
                self.store.give_back_spare_bytes();
                Ok(())
            }
            true => self.unmapped(|store| store.give_back_spare_bytes()),
        }
    }

    /// Makes the elements, and then their number, durable.
    pub(crate) fn commit(&mut self) -> Result<(), Error> {
        match self.store.mode() {
            Mode::Shared => {
                self.store.commit(self.len as u64, &self.mapping)?;
                self.dirty.reset(self.len * self.element_bytes);
                Ok(())
            }
            Mode::Atomic => {
                let committed = self.commit_atomic();
                self.sealing(committed)
            }
        }
    }

    /// Goes back to the last commit.
    pub(crate) fn rollback(&mut self) -> Result<(), Error> {
        match self.store.mode() {
            Mode::Shared => Err(self.store.no_rollback()),
            Mode::Atomic => {
                self.store.check_poison()?;
                // Half a rollback must not be committed.
                self.rollback_atomic().map_err(|error| match error {
                    Error::Io { action, source, .. } => self.store.poisoned(action, source),
                    error => error,
                })
            }
        }
    }

    /// Moves what was committed out of the journal.
    pub(crate) fn checkpoint(&mut self) -> Result<(), Error> {
        let checked = self.store.checkpoint();
        self.sealing(checked)?;
        self.drop_applied();
        Ok(())
    }

    /// Whether a commit would have something to do; in mode *shared*, and where the file can't be read, maybe
    /// also where it wouldn't.
    pub(crate) fn has_uncommitted_changes(&self) -> bool {
        if self.len as u64 != self.store.committed_len() {
            return true;
        }
        match self.store.mode() {
            Mode::Shared => self.dirty.is_free() || self.store.has_leftovers(),
            Mode::Atomic => self.has_changes().unwrap_or(true),
        }
    }

    /// Commits, and marks that as the end of the file's story.
    pub(crate) fn close(mut self) -> Result<(), Error> {
        if self.store.mode() == Mode::Atomic {
            self.commit_atomic()?;
        }
        self.store.close(self.len as u64, &self.mapping)
    }
}

/// How much room to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    /// More than asked for, so that the cost of many pushes is that of few growths.
    Amortized,
    /// What is asked for.
    Exact,
}

/// Whether all memory is private: where a committed element must be, and no part of a mapping can be.
fn is_private(store: &Store) -> bool {
    store.mode() == Mode::Atomic && !store.storage().maps_past_end()
}

/// Maps at least `needed_bytes` of elements, for which the store has room, and reserves `reserve_bytes` of address space where
/// it can.
fn map(store: &Store, needed_bytes: usize, reserve_bytes: usize) -> io::Result<Mapping> {
    let (needed, wanted) = mapping_bytes(store, needed_bytes, reserve_bytes);
    if wanted == 0 {
        return Ok(Mapping::none());
    }
    match is_private(store) {
        true => store.storage().map_private(store.data_offset(), wanted),
        false => Mapping::reserve(store.storage(), store.data_offset(), needed, wanted),
    }
}

/// How large a mapping must be, and how large it should be: as large as the room for elements, or where
/// storage can grow under a mapping, `reserve_bytes`. In whole pages there, which can be private.
fn mapping_bytes(store: &Store, needed_bytes: usize, reserve_bytes: usize) -> (usize, usize) {
    let available = usize::try_from(store.data_capacity_bytes()).unwrap_or(usize::MAX);
    if !store.storage().maps_past_end() {
        return (needed_bytes, available);
    }
    let in_units =
        |bytes: usize| bytes.div_ceil(MIN_RESERVE_BYTES).saturating_mul(MIN_RESERVE_BYTES);
    let needed = in_units(needed_bytes.max(1));
    let reserved = reserve_bytes - reserve_bytes % MIN_RESERVE_BYTES;
    (needed, needed.max(in_units(available)).max(reserved))
}
