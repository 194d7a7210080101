//! What a peer can do with elements, and the one loop for all that lend a slice of them.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::elements::Element;
use crate::measure::nanoseconds;

/// What is measured of a peer, or can't be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    PushFirst,
    PushAgain,
    Extend,
    FirstScan,
    Scan,
    Read,
    WriteFirst,
    WriteByIndex,
    WriteBySlice,
    Sort,
    Open,
    OpenSparse,
    Grow,
    Append,
    Cold,
    Fill,
}

/// What a program knows of the elements that it will use, and can tell the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// All of them, soon.
    All,
    /// A few here and there.
    Random,
}

/// How elements are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edits {
    /// `vector[i] = x`
    ByIndex,
    /// `let slice = vector.as_mut_slice(); slice[i] = x`
    BySlice,
}

impl Edits {
    pub(crate) const BOTH: [Self; 2] = [Self::ByIndex, Self::BySlice];
}

/// Elements in a file. Each method is a loop over many, in the peer's own best code.
///
/// A peer that lacks a work says so before; to ask it all the same is an error.
pub(crate) trait Column<T: Element> {
    /// Appends so many elements one by one. They are in the file, as far as others see it.
    fn push_all(&mut self, _len: u64) -> Result<()> {
        bail!("can't push")
    }

    /// Appends so many elements one by one. The time of the slowest few of them, in nanoseconds.
    fn slowest_push(&mut self, _len: u64) -> Result<f64> {
        bail!("can't time a push")
    }

    /// Removes all elements, and keeps the room for them.
    fn clear(&mut self) -> Result<()> {
        bail!("can't be cleared")
    }

    /// Appends a block so many times. It is in the file, as far as others see it.
    fn extend(&mut self, _block: &[T], _times: u64) -> Result<()> {
        bail!("can't append a block")
    }

    /// The sum of all keys.
    fn sum(&self) -> Result<u64> {
        bail!("can't be read")
    }

    /// The sum of the keys at the indices.
    fn sum_at(&self, _indices: &[u64]) -> Result<u64> {
        bail!("can't be read at random")
    }

    /// Replaces the elements at the indices, by others than with another stamp.
    fn write_at(&mut self, _indices: &[u64], _stamp: u64, _edits: Edits) -> Result<()> {
        bail!("can't be written at random")
    }

    /// Replaces all elements by others at random.
    fn shuffle(&mut self, _seed: u64) -> Result<()> {
        bail!("can't be filled anew")
    }

    /// Sorts the elements by their keys.
    fn sort(&mut self) -> Result<()> {
        bail!("can't be sorted")
    }

    /// Tells the system which elements will be used.
    fn expect(&mut self, _access: Access) -> Result<()> {
        bail!("can't be told what will be used")
    }

    /// Makes everything durable.
    fn sync(&mut self) -> Result<()> {
        bail!("can't be made durable")
    }

    /// Moves what [`sync`](Self::sync) left in a log to its place, where there is a log.
    fn checkpoint(&mut self) -> Result<()> {
        Ok(())
    }

    /// Leaves a file that can be opened.
    fn close(self: Box<Self>) -> Result<()>;
}

/// A vector that lends its elements as a slice.
pub(crate) trait Lends<T: Element> {
    fn push(&mut self, element: T) -> Result<()>;
    fn clear(&mut self);
    fn append(&mut self, block: &[T]) -> Result<()>;
    fn slice(&self) -> &[T];
    fn slice_mut(&mut self) -> &mut [T];

    #[inline]
    fn set(&mut self, index: usize, element: T) {
        self.slice_mut()[index] = element;
    }

    /// Puts what was appended where others see it.
    fn publish(&mut self) -> Result<()> {
        Ok(())
    }

    fn expect(&mut self, _access: Access) -> Result<()> {
        bail!("can't be told what will be used")
    }

    fn sync(&mut self) -> Result<()>;

    fn checkpoint(&mut self) -> Result<()> {
        Ok(())
    }

    fn close(self) -> Result<()>;
}

/// A vector that [lends](Lends) a slice, as a column.
pub(crate) struct Slices<V>(pub(crate) V);

/// How many pushes are timed together: few enough that the slowest decides, and so many that asking the
/// clock costs nothing.
const TIMED: u64 = 64;

impl<T: Element, V: Lends<T>> Column<T> for Slices<V> {
    fn push_all(&mut self, len: u64) -> Result<()> {
        let vector = black_box(&mut self.0);
        for number in 0..len {
            vector.push(T::nth(number))?;
        }
        vector.publish()
    }

    fn slowest_push(&mut self, len: u64) -> Result<f64> {
        let vector = black_box(&mut self.0);
        let mut slowest = 0.0;
        for start in (0..len).step_by(TIMED as usize) {
            let begin = Instant::now();
            for number in start..start + TIMED {
                vector.push(T::nth(number))?;
            }
            slowest = f64::max(slowest, nanoseconds(begin.elapsed()));
        }
        Ok(slowest)
    }

    fn clear(&mut self) -> Result<()> {
        self.0.clear();
        Ok(())
    }

    fn extend(&mut self, block: &[T], times: u64) -> Result<()> {
        for _ in 0..times {
            self.0.append(block)?;
        }
        self.0.publish()
    }

    fn sum(&self) -> Result<u64> {
        Ok(sum(self.0.slice()))
    }

    fn sum_at(&self, indices: &[u64]) -> Result<u64> {
        Ok(sum_at(self.0.slice(), indices))
    }

    fn write_at(&mut self, indices: &[u64], stamp: u64, edits: Edits) -> Result<()> {
        match edits {
            Edits::ByIndex => {
                let vector = black_box(&mut self.0);
                for &index in indices {
                    vector.set(index as usize, T::nth(index + stamp));
                }
            }
            Edits::BySlice => write_at(self.0.slice_mut(), indices, stamp),
        }
        Ok(())
    }

    fn shuffle(&mut self, seed: u64) -> Result<()> {
        let mut random = fastrand::Rng::with_seed(seed);
        self.0.slice_mut().fill_with(|| T::nth(random.u64(..)));
        Ok(())
    }

    fn sort(&mut self) -> Result<()> {
        sort(self.0.slice_mut());
        Ok(())
    }

    fn expect(&mut self, access: Access) -> Result<()> {
        self.0.expect(access)
    }

    fn sync(&mut self) -> Result<()> {
        self.0.sync()
    }

    fn checkpoint(&mut self) -> Result<()> {
        self.0.checkpoint()
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.0.close()
    }
}

// The same code for every slice, so that only the memory differs.

#[inline(never)]
pub(crate) fn sum<T: Element>(slice: &[T]) -> u64 {
    slice.iter().fold(0, |sum, element| sum.wrapping_add(element.key()))
}

#[inline(never)]
pub(crate) fn sum_at<T: Element>(slice: &[T], indices: &[u64]) -> u64 {
    indices.iter().fold(0, |sum, &index| sum.wrapping_add(slice[index as usize].key()))
}

#[inline(never)]
fn write_at<T: Element>(slice: &mut [T], indices: &[u64], stamp: u64) {
    for &index in indices {
        slice[index as usize] = T::nth(index + stamp);
    }
}

#[inline(never)]
fn sort<T: Element>(slice: &mut [T]) {
    slice.sort_unstable_by_key(T::key);
}
