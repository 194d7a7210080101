//! A set of small numbers: sectors of a disk, pages of a mapping.

#![forbid(unsafe_code)]

use std::ops::Range;

/// Numbers below this can be in a set.
pub(crate) const MAX_BITS: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Bits([u64; MAX_BITS / 64]);

impl Bits {
    pub(crate) fn range(range: Range<usize>) -> Self {
        let mut bits = Self::default();
        bits.set(range, true);
        bits
    }

    pub(crate) fn contains(&self, bit: usize) -> bool {
        self.0[bit / 64] >> (bit % 64) & 1 == 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0 == [0; MAX_BITS / 64]
    }

    pub(crate) fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).any(|(mine, others)| mine & others != 0)
    }

    pub(crate) fn set(&mut self, range: Range<usize>, value: bool) {
        for bit in range {
            match value {
                true => self.0[bit / 64] |= 1 << (bit % 64),
                false => self.0[bit / 64] &= !(1 << (bit % 64)),
            }
        }
    }

    pub(crate) fn insert_all(&mut self, other: &Self) {
        self.zip(other, |mine, others| mine | others);
    }

    pub(crate) fn remove_all(&mut self, other: &Self) {
        self.zip(other, |mine, others| mine & !others);
    }

    pub(crate) fn retain_all(&mut self, other: &Self) {
        self.zip(other, |mine, others| mine & others);
    }

    fn zip(&mut self, other: &Self, join: impl Fn(u64, u64) -> u64) {
        for (mine, others) in self.0.iter_mut().zip(other.0) {
            *mine = join(*mine, others);
        }
    }

    /// Keeps of each 64 numbers those that a mask has.
    pub(crate) fn retain_by(&mut self, mut mask: impl FnMut() -> u64) {
        for word in self.0.iter_mut().filter(|word| **word != 0) {
            *word &= mask();
        }
    }

    /// The numbers in order, neighbours together.
    pub(crate) fn runs(self) -> impl Iterator<Item = Range<usize>> {
        let mut end = 0;
        std::iter::from_fn(move || {
            let start = self.next(end, false)?;
            end = self.next(start, true).unwrap_or(MAX_BITS);
            Some(start..end)
        })
    }

    /// The first number from `start` on that is in the set, or with `absent` isn't.
    fn next(&self, start: usize, absent: bool) -> Option<usize> {
        let mut bit = start;
        while bit < MAX_BITS {
            let word = if absent { !self.0[bit / 64] } else { self.0[bit / 64] } >> (bit % 64);
            if word != 0 {
                return Some(bit + word.trailing_zeros() as usize);
            }
            bit = (bit / 64 + 1) * 64;
        }
        None
    }
}
