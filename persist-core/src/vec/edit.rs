//! The methods that change or remove elements, and so can't fail.
//!
//! Elements are `Copy`: nothing has to be dropped, and a hole is only a place to copy over.

#![forbid(unsafe_code)]

use std::fmt;
use std::ops::{Range, RangeBounds};
use std::slice::SliceIndex;

use super::{Drain, MmapVec};
use crate::persist::Persist;
use crate::slice::range_of;

impl<T: Persist> MmapVec<T> {
    /// The element at an index, or those in a range, to be changed; `None` where they are not all there.
    ///
    /// As `vector[index]`, and unlike a `&mut [T]` of all elements, this tells the next commit which pages to
    /// look at.
    #[inline]
    pub fn get_mut<I: SliceIndex<[T]> + Clone>(&mut self, index: I) -> Option<&mut I::Output> {
        self.get(index.clone())?;
        Some(&mut self[index])
    }

    /// The first element, to be changed.
    pub fn first_mut(&mut self) -> Option<&mut T> {
        self.get_mut(0)
    }

    /// The last element, to be changed.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.get_mut(self.len().checked_sub(1)?)
    }

    /// Swaps two elements.
    ///
    /// # Panics
    ///
    /// Where one of them is not there.
    #[track_caller]
    pub fn swap(&mut self, a: usize, b: usize) {
        let old = self[b];
        self[b] = self[a];
        self[a] = old;
    }

    /// Removes the last element. O(1).
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        let last = *self.as_slice().last()?;
        self.truncate(self.len() - 1);
        Some(last)
    }

    /// Removes the last element if `predicate` says so. O(1).
    pub fn pop_if(&mut self, predicate: impl FnOnce(&mut T) -> bool) -> Option<T> {
        let last = self.last_mut()?;
        if predicate(last) { self.pop() } else { None }
    }

    /// Removes the element at `index` and moves those after it one place down. O(n).
    ///
    /// # Panics
    ///
    /// Where there is no such element.
    #[track_caller]
    pub fn remove(&mut self, index: usize) -> T {
        let len = self.len();
        assert!(index < len, "removal index (is {index}) should be < len (is {len})");
        let removed = self.as_slice()[index];
        self[index..].copy_within(1.., 0);
        self.truncate(len - 1);
        removed
    }

    /// Removes the element at `index` and puts the last one in its place. O(1).
    ///
    /// # Panics
    ///
    /// Where there is no such element.
    #[track_caller]
    pub fn swap_remove(&mut self, index: usize) -> T {
        let len = self.len();
        assert!(index < len, "swap_remove index (is {index}) should be < len (is {len})");
        let last = self[len - 1];
        let removed = std::mem::replace(&mut self[index], last);
        self.truncate(len - 1);
        removed
    }

    /// Removes all elements. O(1).
    #[inline]
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Removes the elements from `at` on and returns them, in memory. O(n).
    ///
    /// # Panics
    ///
    /// Where `at > len`.
    #[must_use = "use `truncate` to drop the elements"]
    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Vec<T> {
        let len = self.len();
        assert!(at <= len, "`at` split index (is {at}) should be <= len (is {len})");
        let split = self.as_slice()[at..].to_vec();
        self.truncate(at);
        split
    }

    /// Keeps the elements for which `keep` returns true, in their order. O(n).
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.retain_mut(|element| keep(element));
    }

    /// Keeps the elements for which `keep`, which may change them, returns true, in their order. O(n).
    pub fn retain_mut(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        let mut sieve = Sieve::new(self, 0);
        while let Some(element) = sieve.candidate() {
            let kept = keep(element);
            sieve.decide(kept);
        }
    }

    /// Removes all but the first of equal elements that follow each other. O(n).
    pub fn dedup(&mut self)
    where
        T: PartialEq,
    {
        self.dedup_by(|a, b| a == b);
    }

    /// Removes all but the first of elements with equal keys that follow each other. O(n).
    pub fn dedup_by_key<K: PartialEq>(&mut self, mut key: impl FnMut(&mut T) -> K) {
        self.dedup_by(|a, b| key(a) == key(b));
    }

    /// Removes elements for which `same(element, last kept one)` returns true. O(n).
    pub fn dedup_by(&mut self, mut same: impl FnMut(&mut T, &mut T) -> bool) {
        let mut sieve = Sieve::new(self, 0);
        while sieve.candidate().is_some() {
            let kept = match sieve.last_kept_and_candidate() {
                Some((last, candidate)) => !same(candidate, last),
                None => true,
            };
            sieve.decide(kept);
        }
    }

    /// Removes the elements in `range`, and returns an iterator over them. The rest closes up when the
    /// iterator is dropped, whether it was used or not; if it is leaked, nothing is removed. O(n).
    ///
    /// # Panics
    ///
    /// Where the range is not one of the vector's.
    #[track_caller]
    pub fn drain<R: RangeBounds<usize>>(&mut self, range: R) -> Drain<'_, T> {
        let range = range_of(range, self.len());
        Drain::new(self, range)
    }

    /// Removes the elements in `range` for which `remove` returns true, one at a time, as the returned
    /// iterator is used. Those that it didn't come to stay. O(n).
    ///
    /// # Panics
    ///
    /// Where the range is not one of the vector's.
    #[track_caller]
    pub fn extract_if<F, R>(&mut self, range: R, remove: F) -> ExtractIf<'_, T, F>
    where
        F: FnMut(&mut T) -> bool,
        R: RangeBounds<usize>,
    {
        let Range { start, end } = range_of(range, self.len());
        ExtractIf { sieve: Sieve::new(self, start), end, remove }
    }
}

/// A pass over a vector that decides element by element which to keep.
///
/// Elements in `..kept` stay, those in `kept..next` are decided and gone, those in `next..` are yet to
/// be decided. When dropped, also by a panic, what is undecided closes up behind what is kept.
struct Sieve<'a, T: Persist> {
    vector: &'a mut MmapVec<T>,
    kept: usize,
    next: usize,
}

impl<'a, T: Persist> Sieve<'a, T> {
    fn new(vector: &'a mut MmapVec<T>, start: usize) -> Self {
        Self { vector, kept: start, next: start }
    }

    /// The element to decide on.
    fn candidate(&mut self) -> Option<&mut T> {
        self.vector.as_mut_slice().get_mut(self.next)
    }

    /// The element that was kept last, and the one to decide on, where there are both.
    fn last_kept_and_candidate(&mut self) -> Option<(&mut T, &mut T)> {
        let (before, after) = self.vector.as_mut_slice().split_at_mut(self.next);
        Some((before.get_mut(self.kept.checked_sub(1)?)?, after.first_mut()?))
    }

    fn decide(&mut self, keep: bool) {
        let next = self.next;
        self.next += 1;
        if keep {
            if self.kept != next {
                let kept = self.kept;
                let elements = self.vector.as_mut_slice();
                elements[kept] = elements[next];
            }
            self.kept += 1;
        }
    }
}

impl<T: Persist> Drop for Sieve<'_, T> {
    fn drop(&mut self) {
        if self.kept != self.next {
            let len = self.vector.len();
            let moved = self.next - self.kept;
            self.vector[self.kept..].copy_within(moved.., 0);
            self.vector.truncate(len - (self.next - self.kept));
        }
    }
}

/// The iterator of [`MmapVec::extract_if`].
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct ExtractIf<'a, T: Persist, F> {
    sieve: Sieve<'a, T>,
    end: usize,
    remove: F,
}

impl<T: Persist, F: FnMut(&mut T) -> bool> Iterator for ExtractIf<'_, T, F> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        while self.sieve.next < self.end {
            let element = self.sieve.candidate()?;
            let removed = (self.remove)(element);
            let element = *element;
            self.sieve.decide(!removed);
            if removed {
                return Some(element);
            }
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.end - self.sieve.next))
    }
}

impl<T: Persist, F> fmt::Debug for ExtractIf<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtractIf").field("end", &self.end).finish_non_exhaustive()
    }
}
