//! The traits of std that [`MmapVec`] has because its elements are a slice.

#![forbid(unsafe_code)]

use std::borrow::{Borrow, BorrowMut};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::io;
use std::ops::{Deref, DerefMut, Index, IndexMut};
use std::slice::{self, SliceIndex};

use super::MmapVec;
use crate::persist::Persist;
use crate::slice::slice_traits;

slice_traits!(MmapVec);

impl<T: Persist, I: SliceIndex<[T]>> Index<I> for MmapVec<T> {
    type Output = I::Output;

    #[inline]
    #[track_caller]
    fn index(&self, index: I) -> &I::Output {
        &self.as_slice()[index]
    }
}

/// What is changed through an index is known to the next commit, which needn't look for it.
impl<T: Persist, I: SliceIndex<[T]> + Clone> IndexMut<I> for MmapVec<T> {
    #[inline]
    #[track_caller]
    fn index_mut(&mut self, index: I) -> &mut I::Output {
        let elements = &self.as_slice()[index.clone()];
        let (place, bytes) = (std::ptr::from_ref(elements), size_of_val(elements));
        self.touch_elements(place, bytes);
        &mut self.touched_mut()[index]
    }
}

impl<T: Persist> DerefMut for MmapVec<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        self.as_mut_slice()
    }
}

impl<T: Persist> AsMut<[T]> for MmapVec<T> {
    fn as_mut(&mut self) -> &mut [T] {
        self
    }
}

impl<T: Persist> BorrowMut<[T]> for MmapVec<T> {
    fn borrow_mut(&mut self) -> &mut [T] {
        self
    }
}

impl<'a, T: Persist> IntoIterator for &'a mut MmapVec<T> {
    type Item = &'a mut T;
    type IntoIter = slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

/// Appends bytes, as to a `Vec<u8>`. `flush` does nothing: [`commit`](MmapVec::commit) makes durable.
impl io::Write for MmapVec<u8> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        Ok(self.extend_from_slice(bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
