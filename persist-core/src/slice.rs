//! [`MmapSlice`]: the elements of a file, to read.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::path::Path;
use std::slice;

use crate::error::{Action, Error};
use crate::info::FileInfo;
use crate::mapping::Mapping;
use crate::options::OpenOptions;
use crate::persist::Persist;
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
    len: usize,
    // Unmapped before the file is closed and unlocked.
    mapping: Mapping,
    store: Box<Store>,
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
        let (len, mapping) = map_checked::<T>(&store)?;
        Ok(Self { len, mapping, store: Box::new(store), element: PhantomData })
    }

    /// The elements.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        let base = self.mapping.base().as_ptr().cast::<T>();
        // SAFETY: `from_store` mapped `len` elements, found each to be a value, and nobody writes them as long
        // as `self` holds the lock. They are aligned, and at most `isize::MAX` bytes.
        unsafe { slice::from_raw_parts(base, self.len) }
    }

    /// The path by which the file was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.store.path()
    }

    /// What the header of the file says.
    #[must_use]
    pub fn info(&self) -> FileInfo {
        FileInfo::new(&self.store)
    }
}

/// Maps the elements of a file of `T`, to read, after looking at each of them.
fn map_checked<T: Persist>(store: &Store) -> Result<(usize, Mapping), Error> {
    let len = store.check_addressable()?;
    let mapping =
        map(store, len * size_of::<T>()).map_err(|source| store.io(Action::Map, source))?;
    // SAFETY: the mapping shows exactly the `len` elements, whose bytes the file or its journal has (checked
    // by `Store::open`), at an address aligned to a page, which `OpenOptions::new` made sure is enough
    // for `T`. The lock, or the promise made to `open_unlocked`, keeps writers out.
    unsafe { validate::check::<T>(store, mapping.base(), len)? };
    Ok((len, mapping))
}

/// Refuses a file that is to be recovered where elements that its journal brings are not values of `T`: a file
/// that is refused isn't changed.
pub(crate) fn check_pending<T: Persist>(store: &Store) -> Result<(), Error> {
    match store.is_pending() && !T::ANY_BITS {
        true => map_checked::<T>(store).map(|_| ()),
        false => store.check_addressable().map(|_| ()),
    }
}

/// Maps the first `bytes` bytes of the elements of a file. What waits in its journal is put into memory, and the
/// file is left as it is.
fn map(store: &Store, bytes: usize) -> io::Result<Mapping> {
    let (storage, data_offset) = (store.storage(), store.data_offset());
    if bytes == 0 {
        return Ok(Mapping::none());
    }
    if !store.is_pending() {
        return storage.map_read_only(data_offset, bytes);
    }
    let file_bytes = storage.len_bytes()?.saturating_sub(data_offset);
    let mut mapping = match usize::try_from(file_bytes) {
        Ok(there) if there < bytes => {
            // A crash lost the length of the file, which the journal outlived.
            let mut mapping = Mapping::anonymous(bytes)?;
            // SAFETY: the memory is new, so all of it is there, is zero, and nobody else's.
            storage.read_exact_at(data_offset, unsafe { mapping.bytes_mut(0..there) })?;
            mapping
        }
        _ => storage.map_private(data_offset, bytes)?,
    };
    store.for_each_pending(|offset, extent| {
        let start = offset as usize;
        // SAFETY: the extent ends below the committed length. The file has these elements or the mapping is
        // anonymous, so the bytes are there, and nobody else uses this mapping yet.
        let place = unsafe { mapping.bytes_mut(start..start + extent.len()) };
        place.copy_from_slice(extent);
        Ok(())
    })?;
    Ok(mapping)
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
