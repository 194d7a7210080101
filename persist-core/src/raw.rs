//! The core of a vector: memory, a length and a capacity, for elements of any type.
//!
//! Nothing here is generic, so it is compiled once. It never reads or writes an element: it says where
//! elements may be, and [`vec`](crate::vec) puts them there.
//!
//! # Invariants
//!
//! 1. `base` is the address of the mapping, aligned to at least 4096.
//! 2. `len <= capacity`, and `writable` is 0 or `capacity`.
//! 3. The bytes of elements below `capacity` are inside the mapping and have their place on the
//!    device, and together are at most `isize::MAX`.
//! 4. The mapping is only replaced under `&mut self`, so no reference into it lives then.

use std::io;
use std::ptr::NonNull;

use crate::error::{Action, Error};
use crate::mapping::Mapping;
use crate::store::Store;

/// The least address space to reserve: a mapping can't be empty, nor smaller than a page.
const MIN_RESERVE_BYTES: usize = 1 << 16;

#[derive(Debug)]
pub(crate) struct RawVec {
    base: NonNull<u8>,
    len: usize,
    capacity: usize,
    /// How many elements may be written without asking: 0 until the file says that it has a writer,
    /// and the capacity from then on. So one comparison on a push covers both.
    writable: usize,
    element_bytes: usize,
    reserve_bytes: usize,
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
        store.fill_holes()?;
        let len = usize::try_from(store.committed_len());
        let len = len.map_err(|_| store.too_large(Some(store.committed_len())))?;
        let mapping = map(&store, reserve_bytes).map_err(|source| store.io(Action::Map, source))?;
        let mut raw = Self {
            base: NonNull::dangling(),
            len: 0,
            capacity: 0,
            writable: 0,
            element_bytes: store.header().preamble.element_bytes.get() as usize,
            reserve_bytes,
            mapping,
            store,
        };
        raw.mapping_changed();
        raw.size_of(len)?;
        raw.len = len;
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

    /// Sets the length.
    ///
    /// # Safety
    ///
    /// `len` must be at most the capacity, and the elements below `len` must be values of the type
    /// that the vector has them as.
    #[inline]
    pub(crate) unsafe fn set_len(&mut self, len: usize) {
        debug_assert!(len <= self.capacity);
        self.len = len;
    }

    /// Makes the elements below `len` writable. Where the file can't be marked as one that has a
    /// writer it is poisoned, so the next commit says so; memory can be written all the same.
    #[inline]
    pub(crate) fn touch(&mut self) {
        if self.writable == 0 {
            self.touch_cold();
        }
    }

    #[cold]
    fn touch_cold(&mut self) {
        let _ = self.store.mark_unclean();
        self.writable = self.capacity;
    }

    /// Makes `additional` elements after the last one writable.
    #[inline]
    pub(crate) fn prepare(&mut self, additional: usize) -> Result<(), Error> {
        if additional > self.writable.saturating_sub(self.len) {
            self.grow(additional, Growth::Amortized)?;
        }
        Ok(())
    }

    /// Makes `additional` elements after the last one writable, by moving to a larger capacity if it
    /// must. The slow path of every call that adds elements.
    #[cold]
    pub(crate) fn grow(&mut self, additional: usize, growth: Growth) -> Result<(), Error> {
        self.store.mark_unclean()?;
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
        self.writable = self.capacity;
        Ok(())
    }

    fn enlarge_mapping(&mut self, needed_bytes: usize) -> Result<(), Error> {
        if needed_bytes <= self.mapping.len_bytes() {
            return Ok(());
        }
        let wanted = self.reserve_bytes.max(self.mapping.len_bytes().saturating_mul(2));
        let wanted = mapping_bytes(&self.store, wanted);
        self.mapping
            .enlarge(self.store.storage(), self.store.data_offset(), needed_bytes, wanted)
            .map_err(|source| self.store.io(Action::Map, source))
    }

    /// Restores the first three invariants after the mapping or the file changed.
    fn mapping_changed(&mut self) {
        self.base = self.mapping.base();
        let allocated = usize::try_from(self.store.data_capacity_bytes()).unwrap_or(usize::MAX);
        let bytes = allocated.min(self.mapping.len_bytes()).min(isize::MAX as usize);
        self.capacity = bytes / self.element_bytes;
        self.writable = self.writable.min(self.capacity);
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
            self.store.shrink(bytes)?;
            self.mapping_changed();
            return Ok(());
        }
        self.shrink_unmapped(bytes)
    }

    /// Where a file can't be cut while it is mapped. If it can't be mapped again there are no elements
    /// to see, and no commit may count them.
    fn shrink_unmapped(&mut self, bytes: u64) -> Result<(), Error> {
        let len = std::mem::take(&mut self.len);
        self.mapping = Mapping::none();
        self.mapping_changed();
        let shrunk = self.store.shrink(bytes);
        self.mapping = map(&self.store, self.reserve_bytes)
            .map_err(|error| self.store.poisoned(Action::Map, error))?;
        self.mapping_changed();
        self.len = len;
        shrunk
    }

    /// Makes the elements, and then their number, durable.
    pub(crate) fn commit(&mut self) -> Result<(), Error> {
        self.store.commit(self.len as u64, &self.mapping)
    }

    /// Commits, and marks that as the end of the file's story.
    pub(crate) fn close(mut self) -> Result<(), Error> {
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

/// Maps what a store has room for, and reserves `reserve_bytes` of address space where it can.
fn map(store: &Store, reserve_bytes: usize) -> io::Result<Mapping> {
    let needed = usize::try_from(store.data_capacity_bytes());
    let needed = needed.map_err(|_| io::ErrorKind::OutOfMemory)?;
    let wanted = mapping_bytes(store, reserve_bytes);
    Mapping::reserve(
        store.storage(),
        store.data_offset(),
        needed.max(wanted.min(MIN_RESERVE_BYTES)),
        wanted,
    )
}

/// How large a mapping should be: as large as the room for elements, or where storage can grow under
/// a mapping, `reserve_bytes`.
fn mapping_bytes(store: &Store, reserve_bytes: usize) -> usize {
    let available = usize::try_from(store.data_capacity_bytes()).unwrap_or(usize::MAX);
    let reserved = match store.storage().maps_past_end() {
        true => reserve_bytes.max(MIN_RESERVE_BYTES),
        false => 0,
    };
    available.max(reserved)
}
