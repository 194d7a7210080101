//! Looks through elements for bit patterns that are not values of their type.

use std::num::NonZero;
use std::ops::Range;
use std::ptr::NonNull;
use std::thread;

use crate::error::Error;
use crate::persist::Persist;
use crate::store::Store;
use crate::typed;

/// Elements that are checked without a branch between them, so that the compiler may vectorise.
const BLOCK_LEN: usize = 256;

/// The least bytes for which one more thread pays.
const BYTES_PER_THREAD: usize = 2 << 20;

/// Step 13 of `FORMAT.md`: refuses elements that are not values of `T`, naming the first.
///
/// # Safety
///
/// `base` must be aligned for `T` and valid for reads of `len` elements of initialised bytes, which
/// nobody may write meanwhile.
///
/// # Errors
///
/// [`Error::CorruptElement`].
pub(crate) unsafe fn check<T: Persist>(
    store: &Store,
    base: NonNull<u8>,
    len: usize,
) -> Result<(), Error> {
    // SAFETY: the caller's promise is the one asked for.
    let Some(index) = (unsafe { first_fault::<T>(base, len) }) else { return Ok(()) };
    // SAFETY: `index < len`, so the element is among those the caller vouches for.
    let element = unsafe { bytes_of(base.cast::<T>().as_ptr(), index) };
    Err(typed::element_error(store, index, element))
}

/// The index of the first of `len` elements that is not a value of `T`.
///
/// O(1) where every bit pattern is one, else O(n), on as many threads as the machine has where there
/// is much to look through.
///
/// # Safety
///
/// As for [`check`].
unsafe fn first_fault<T: Persist>(base: NonNull<u8>, len: usize) -> Option<usize> {
    if T::ANY_BITS {
        return None;
    }
    let elements = Elements { base: base.cast::<T>(), len };
    let parallelism = thread::available_parallelism().map_or(1, NonZero::get);
    let parts = (len * size_of::<T>() / BYTES_PER_THREAD).clamp(1, parallelism);
    if parts == 1 {
        return elements.first_fault(0..len);
    }
    elements.first_fault_of_parts(len.div_ceil(parts))
}

/// The bytes of element `index`.
///
/// # Safety
///
/// Element `index` of those at `base` must be readable and initialised, and not written during `'a`.
unsafe fn bytes_of<'a, T>(base: *const T, index: usize) -> &'a [u8] {
    // SAFETY: the caller says that the element is there.
    let element = unsafe { base.add(index) };
    // SAFETY: its bytes are readable and initialised, by the caller's promise, and bytes need no
    // alignment.
    unsafe { std::slice::from_raw_parts(element.cast(), size_of::<T>()) }
}

/// Bytes that may or may not be values of `T`, under the promises of [`check`]'s caller.
#[derive(Clone, Copy)]
struct Elements<T> {
    base: NonNull<T>,
    len: usize,
}

// SAFETY: the memory may be read from any thread, and by the caller's promise nobody writes it.
unsafe impl<T> Send for Elements<T> {}

impl<T: Persist> Elements<T> {
    fn first_fault_of_parts(self, part_len: usize) -> Option<usize> {
        thread::scope(|scope| {
            let parts: Vec<_> = (0..self.len)
                .step_by(part_len)
                .map(|start| start..self.len.min(start + part_len))
                .map(|part| {
                    let spawned = thread::Builder::new().spawn_scoped(scope, {
                        let part = part.clone();
                        move || self.first_fault(part)
                    });
                    (spawned, part)
                })
                .collect();
            parts.into_iter().find_map(|(spawned, part)| match spawned {
                Ok(thread) => thread.join().expect("a validity check doesn't panic"),
                // The system has no thread to spare.
                Err(_) => self.first_fault(part),
            })
        })
    }

    fn first_fault(self, range: Range<usize>) -> Option<usize> {
        range
            .clone()
            .step_by(BLOCK_LEN)
            .map(|start| start..range.end.min(start + BLOCK_LEN))
            .find(|block| !self.are_valid(block.clone()))
            .and_then(|mut block| block.find(|&i| !self.are_valid(i..i + 1)))
    }

    #[inline]
    fn are_valid(self, range: Range<usize>) -> bool {
        let mut valid = true;
        for i in range {
            debug_assert!(i < self.len);
            // SAFETY: `i < len`, so the element is inside the memory that the caller vouched for.
            let element = unsafe { self.base.add(i) };
            // SAFETY: its bytes are readable and initialised.
            valid &= unsafe { T::is_valid(element.as_ptr()) };
        }
        valid
    }
}

#[cfg(test)]
mod tests;
