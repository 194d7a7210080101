//! [`Drain`], the iterator that removes a range.

#![forbid(unsafe_code)]

use std::fmt;
use std::iter::FusedIterator;
use std::ops::Range;

use super::MmapVec;
use crate::persist::Persist;

/// The iterator of [`MmapVec::drain`].
///
/// The elements stay in their place until it is dropped: they are `Copy`, so what it yields are copies.
pub struct Drain<'a, T: Persist> {
    vector: &'a mut MmapVec<T>,
    removed: Range<usize>,
    /// What of `removed` is yet to be yielded.
    rest: Range<usize>,
}

impl<'a, T: Persist> Drain<'a, T> {
    pub(super) fn new(vector: &'a mut MmapVec<T>, removed: Range<usize>) -> Self {
        Self { vector, rest: removed.clone(), removed }
    }

    /// The elements that are yet to be yielded.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.vector[self.rest.clone()]
    }
}

impl<T: Persist> Iterator for Drain<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.rest.next().map(|i| self.vector[i])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.size_hint()
    }

    fn nth(&mut self, n: usize) -> Option<T> {
        self.rest.nth(n).map(|i| self.vector[i])
    }
}

impl<T: Persist> DoubleEndedIterator for Drain<'_, T> {
    fn next_back(&mut self) -> Option<T> {
        self.rest.next_back().map(|i| self.vector[i])
    }
}

impl<T: Persist> ExactSizeIterator for Drain<'_, T> {}

impl<T: Persist> FusedIterator for Drain<'_, T> {}

impl<T: Persist> Drop for Drain<'_, T> {
    fn drop(&mut self) {
        let Range { start, end } = self.removed;
        if start != end {
            let len = self.vector.len();
            self.vector[start..].copy_within(end - start.., 0);
            self.vector.truncate(len - (end - start));
        }
    }
}

impl<T: Persist + fmt::Debug> fmt::Debug for Drain<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Drain").field(&self.as_slice()).finish()
    }
}
