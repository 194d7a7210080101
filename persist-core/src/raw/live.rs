//! The number of elements in the file itself, for mode *shared*: there it survives the process.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::header::{DESCRIPTOR_OFFSET, LIVE_OFFSET};
use crate::mapping::Mapping;
use crate::storage::Storage;

/// A mapping of the header, of which one number is used.
#[derive(Debug)]
pub(super) struct LiveLen {
    /// In the mapping, which stays where it is.
    number: NonNull<AtomicU64>,
    _mapping: Mapping,
}

impl LiveLen {
    pub(super) fn map(storage: &dyn Storage) -> io::Result<Self> {
        let mapping = storage.map(0, DESCRIPTOR_OFFSET as usize)?;
        // SAFETY: the mapping is one of the header, in which the live state lies.
        let number = unsafe { mapping.base().add(LIVE_OFFSET as usize) };
        Ok(Self { number: number.cast(), _mapping: mapping })
    }

    #[inline]
    pub(super) fn set(&self, len: usize) {
        // SAFETY: the place is mapped, writable and aligned, and used as an atomic by this alone; the
        // file is locked for it.
        let number = unsafe { self.number.as_ref() };
        // After the elements that it counts.
        number.store((len as u64).to_le(), Ordering::Release);
    }
}
