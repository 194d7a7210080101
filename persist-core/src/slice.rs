//! [`MmapSlice`]: the elements of a file, to read.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::{Bound, Deref, Range, RangeBounds};
use std::path::Path;
use std::slice;

use crate::advice::Advice;
use crate::error::Error;
use crate::info::FileInfo;
use crate::options::OpenOptions;
use crate::persist::Persist;
use crate::snapshot::{self, Snapshot};
use crate::store::Store;
use crate::validate;

/// The elements of a persist file, to read: the last commit, as a `[T]`.
///
/// Needs no permission to write, and writes nothing. Any number of these may be open at a time, in
/// this process and others, but none beside an [`MmapVec`](crate::MmapVec) of the same file.
///
/// ```
/// use persist_core::{MmapSlice, MmapVec};
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("samples.pv");
///
/// let mut samples = MmapVec::<f32>::create(&path)?;
/// samples.extend_from_slice(&[0.5, 1.5])?;
/// samples.commit()?;
/// samples.close()?;
///
/// let samples = MmapSlice::<f32>::open(&path)?;
/// let again = MmapSlice::<f32>::open(&path)?;
/// assert_eq!(samples.iter().sum::<f32>(), 2.0);
/// assert_eq!(samples, again);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Guarantees
///
/// Those of [`MmapVec`](crate::MmapVec#guarantees): nobody who uses this library changes the
/// elements under the slice, for the lock is shared by readers only.
pub struct MmapSlice<T: Persist> {
    snapshot: Snapshot,
    element: PhantomData<T>,
}

impl<T: Persist> MmapSlice<T> {
    /// Options to open a file.
    #[must_use]
    pub const fn options() -> OpenOptions<T> {
        OpenOptions::new()
    }

    /// Opens a file to read: [`OpenOptions::open_read_only`] with the defaults.
    ///
    /// O(1) where every bit pattern is a value of `T` ([`Persist::ANY_BITS`]); otherwise each element is
    /// checked, O(n).
    ///
    /// # Errors
    ///
    /// Where the file isn't one of `T`, is locked by a writer, damaged or can't be opened: see
    /// [`Error`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::options().open_read_only(path)
    }

    /// The elements of a store that was found to be one of `T`.
    pub(crate) fn from_store(store: Store) -> Result<Self, Error> {
        assert_eq!(store.header().preamble.element_bytes.get(), size_of::<T>() as u64);
        let snapshot = Snapshot::new(store)?;
        // SAFETY: the snapshot shows `len` elements, whose bytes are there, at an address aligned to a page,
        // which `OpenOptions::new` made sure is enough for `T`. Nobody writes them while it lives.
        unsafe { validate::check::<T>(snapshot.store(), snapshot.base(), snapshot.len())? };
        Ok(Self { snapshot, element: PhantomData })
    }

    /// The elements.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        let base = self.snapshot.base().as_ptr().cast::<T>();
        // SAFETY: the snapshot shows `len` elements of the size of `T`, aligned and at most `isize::MAX` bytes.
        // `from_store` found each to be a value, and nobody writes them while the snapshot lives.
        unsafe { slice::from_raw_parts(base, self.snapshot.len()) }
    }

    /// Tells the system in which order the elements will be used, until it is told otherwise.
    ///
    /// ```
    /// use persist_core::{Advice, MmapSlice};
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("samples.pv");
    /// # let mut samples = persist_core::MmapVec::<u64>::create(&path)?;
    /// # samples.try_extend(0..1000)?;
    /// # samples.close()?;
    ///
    /// let samples = MmapSlice::<u64>::open(&path)?;
    /// samples.advise(Advice::Random);
    /// let picked: u64 = [7, 512, 30].iter().map(|&index| samples[index]).sum();
    /// assert_eq!(picked, 549);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A hint: it changes how much is read from the device around an element that isn't in memory, and never what is
    /// read. Nothing happens where the whole file is in memory, nor on systems without `madvise`, as Windows.
    /// One system call, O(1).
    pub fn advise(&self, advice: Advice) {
        self.snapshot.advise(advice);
    }

    /// Has the system begin to read elements that will soon be used, and returns without waiting for them.
    ///
    /// ```
    /// use persist_core::MmapSlice;
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("samples.pv");
    /// # let mut samples = persist_core::MmapVec::<u64>::create(&path)?;
    /// # samples.try_extend(0..1000)?;
    /// # samples.close()?;
    ///
    /// let samples = MmapSlice::<u64>::open(&path)?;
    /// samples.prefetch(500..); // read while this thread does something else
    /// assert_eq!(samples[500..].len(), 500);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A hint, for the pages in which the elements lie: those that are in memory stay as they are, changed ones
    /// included. Of what isn't, all reads are handed to the device: some tenths of a millisecond of work for each MiB, for
    /// the system makes a page of memory for each. So it pays where most of the elements will be read in no order,
    /// which would wait for one read after the other, or where there is something else to do meanwhile. A scan alone needs it
    /// only where the device reads little ahead; elsewhere it was seen to take twice as long with it. Elements that don't all fit in memory are better
    /// asked for piece by piece. Nothing happens on systems without `madvise`, as Windows.
    ///
    /// # Panics
    ///
    /// Where the range is not one of the slice's.
    #[track_caller]
    pub fn prefetch<R: RangeBounds<usize>>(&self, range: R) {
        self.snapshot.prefetch(range_of(range, self.len()));
    }

    /// The path by which the file was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.snapshot.store().path()
    }

    /// What the header of the file says.
    #[must_use]
    pub fn info(&self) -> FileInfo {
        FileInfo::new(self.snapshot.store())
    }
}

/// The range of `len` elements with its ends written out.
///
/// # Panics
///
/// Where it is not one of theirs.
#[track_caller]
pub(crate) fn range_of<R: RangeBounds<usize>>(range: R, len: usize) -> Range<usize> {
    let after = |index: usize| index.checked_add(1).expect("a range must end below usize::MAX");
    let start = match range.start_bound() {
        Bound::Included(&start) => start,
        Bound::Excluded(&start) => after(start),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&end) => after(end),
        Bound::Excluded(&end) => end,
        Bound::Unbounded => len,
    };
    assert!(start <= end, "range start (is {start}) should be <= end (is {end})");
    assert!(end <= len, "range end (is {end}) should be <= len (is {len})");
    start..end
}

/// Refuses a file that is to be recovered where elements that its journal brings are not values of `T`: a file
/// that is refused isn't changed.
pub(crate) fn check_pending<T: Persist>(store: &Store) -> Result<(), Error> {
    if !store.is_pending() || T::ANY_BITS {
        return store.check_addressable().map(|_| ());
    }
    let (len, mapping) = snapshot::map(store)?;
    // SAFETY: as `snapshot::map` says, the mapping shows `len` elements, which are aligned as in
    // `MmapSlice::from_store`. The exclusive lock, or the promise made to `open_unlocked`, keeps writers out.
    unsafe { validate::check::<T>(store, mapping.base(), len) }
}

/// The traits of std that a type has because it is a slice.
macro_rules! slice_traits {
    ($type:ident) => {
        impl<T: Persist> Deref for $type<T> {
            type Target = [T];

            #[inline]
            fn deref(&self) -> &[T] {
                self.as_slice()
            }
        }

        impl<T: Persist> AsRef<[T]> for $type<T> {
            fn as_ref(&self) -> &[T] {
                self
            }
        }

        impl<T: Persist> Borrow<[T]> for $type<T> {
            fn borrow(&self) -> &[T] {
                self
            }
        }

        impl<'a, T: Persist> IntoIterator for &'a $type<T> {
            type Item = &'a T;
            type IntoIter = slice::Iter<'a, T>;

            fn into_iter(self) -> Self::IntoIter {
                self.iter()
            }
        }

        impl<T: Persist + fmt::Debug> fmt::Debug for $type<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_slice(), f)
            }
        }

        impl<T: Persist + PartialEq> PartialEq for $type<T> {
            fn eq(&self, other: &Self) -> bool {
                self.as_slice() == other.as_slice()
            }
        }

        impl<T: Persist + Eq> Eq for $type<T> {}

        impl<T: Persist + PartialOrd> PartialOrd for $type<T> {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                self.as_slice().partial_cmp(other.as_slice())
            }
        }

        impl<T: Persist + Ord> Ord for $type<T> {
            fn cmp(&self, other: &Self) -> Ordering {
                self.as_slice().cmp(other.as_slice())
            }
        }

        impl<T: Persist + Hash> Hash for $type<T> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.as_slice().hash(state);
            }
        }

        impl<T: Persist + PartialEq> PartialEq<[T]> for $type<T> {
            fn eq(&self, other: &[T]) -> bool {
                self.as_slice() == other
            }
        }

        impl<T: Persist + PartialEq> PartialEq<&[T]> for $type<T> {
            fn eq(&self, other: &&[T]) -> bool {
                self.as_slice() == *other
            }
        }

        impl<T: Persist + PartialEq> PartialEq<Vec<T>> for $type<T> {
            fn eq(&self, other: &Vec<T>) -> bool {
                self.as_slice() == other.as_slice()
            }
        }

        impl<T: Persist + PartialEq> PartialEq<$type<T>> for Vec<T> {
            fn eq(&self, other: &$type<T>) -> bool {
                self.as_slice() == other.as_slice()
            }
        }

        impl<T: Persist + PartialEq, const N: usize> PartialEq<[T; N]> for $type<T> {
            fn eq(&self, other: &[T; N]) -> bool {
                self.as_slice() == other
            }
        }
    };
}

pub(crate) use slice_traits;

slice_traits!(MmapSlice);
