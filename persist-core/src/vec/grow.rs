//! The methods that add elements, and so may fail.

#![forbid(unsafe_code)]

use super::MmapVec;
use crate::error::Error;
use crate::persist::Persist;

impl<T: Persist> MmapVec<T> {
    /// Appends the items of an iterator.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push). The items that were appended before stay.
    pub fn try_extend<I: IntoIterator<Item = T>>(&mut self, items: I) -> Result<(), Error> {
        let mut items = items.into_iter();
        while let Some(item) = items.next() {
            if self.len() == self.capacity() {
                // No more than a guess, and only asked for when it matters. A failure here is left to the
                // push, which needs less.
                let _ = self.reserve(items.size_hint().0.saturating_add(1));
            }
            self.push(item)?;
        }
        Ok(())
    }

    /// Makes the vector `new_len` elements long: cuts it, or appends copies of `value`. O(n).
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push): the vector has the new length, or the old one.
    pub fn resize(&mut self, new_len: usize, value: T) -> Result<(), Error> {
        self.truncate(new_len);
        self.append_copies(new_len - self.len(), value)
    }

    /// Makes the vector `new_len` elements long: cuts it, or appends what `make` returns.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push): the vector has the new length, or the old one.
    pub fn resize_with<F: FnMut() -> T>(
        &mut self,
        new_len: usize,
        mut make: F,
    ) -> Result<(), Error> {
        self.truncate(new_len);
        self.reserve(new_len - self.len())?;
        while self.len() < new_len {
            self.push(make())?;
        }
        Ok(())
    }

    /// Moves the elements of another vector to the end of this one. O(n).
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push): all elements were moved, or none.
    pub fn append(&mut self, other: &mut Self) -> Result<(), Error> {
        self.extend_from_slice(other)?;
        other.clear();
        Ok(())
    }

    /// Inserts an element before the one at `index`, or at the end. O(n).
    ///
    /// # Panics
    ///
    /// Where `index > len`.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    #[track_caller]
    pub fn insert(&mut self, index: usize, value: T) -> Result<(), Error> {
        let len = self.len();
        assert!(index <= len, "insertion index (is {index}) should be <= len (is {len})");
        self.push(value)?;
        self[index..].rotate_right(1);
        Ok(())
    }
}
