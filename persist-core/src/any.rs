//! [`AnySlice`]: the elements of a file whatever their type, as bytes.

#![forbid(unsafe_code)]

use std::fmt;
use std::path::Path;

use crate::descriptor::Descriptor;
use crate::error::Error;
use crate::info::FileInfo;
use crate::lock::{Access, Lock};
use crate::open::{self, Locking};
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::typed;

/// The elements of a persist file of any type and byte order, to read: the last commit, as bytes.
///
/// For programs that work on files without knowing their types. The [`Descriptor`] says what the bytes are. Needs no
/// permission to write, writes nothing, and is locked like [`MmapSlice`](crate::MmapSlice).
///
/// ```
/// use persist_core::{AnySlice, MmapVec};
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("samples.pv");
///
/// let mut samples = MmapVec::<u16>::create(&path)?;
/// samples.extend_from_slice(&[1, 2])?;
/// samples.close()?;
///
/// let samples = AnySlice::open(&path)?;
/// assert_eq!((samples.len(), samples.descriptor().to_string()), (2, "u16".into()));
/// assert_eq!(samples.element(1), &2_u16.to_ne_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AnySlice {
    snapshot: Snapshot,
    descriptor: Descriptor,
    access: Access,
}

impl AnySlice {
    /// Opens a file to read. Costs the same for a file of any size: no element is looked at.
    ///
    /// # Errors
    ///
    /// Where it isn't a persist file, is locked by a writer, damaged or can't be opened: see [`Error`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let store = open::open(path.as_ref(), Access::Shared, Locking::Locked)?;
        Self::new(store, Access::Shared)
    }

    /// As [`open`](Self::open), with everybody else kept out as a writer would, so that a [`Replacement`] can take
    /// the place of the file. Needs permission to write, and writes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open); [`Error::Locked`] also where somebody reads the file.
    ///
    /// [`Replacement`]: crate::Replacement
    pub fn open_exclusive(path: impl AsRef<Path>) -> Result<Self, Error> {
        let store = open::open(path.as_ref(), Access::Exclusive, Locking::Locked)?;
        typed::check_writable(&store)?;
        Self::new(store, Access::Exclusive)
    }

    fn new(store: Store, access: Access) -> Result<Self, Error> {
        let descriptor = typed::descriptor(&store)?;
        if usize::try_from(descriptor.size_bytes()).is_err() {
            return Err(store.too_large(Some(store.committed_len())));
        }
        Ok(Self { snapshot: Snapshot::new(store)?, descriptor, access })
    }

    /// How many elements the last commit had.
    #[must_use]
    pub fn len(&self) -> usize {
        self.snapshot.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the elements are.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The bytes of all elements, one after the other, nothing between them. They may not be values of their type.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.snapshot.bytes()
    }

    /// The bytes of one element.
    ///
    /// # Panics
    ///
    /// Panics if `index` is out of bounds.
    #[must_use]
    pub fn element(&self, index: usize) -> &[u8] {
        assert!(index < self.len(), "element {index} of {} was asked for", self.len());
        let bytes = self.descriptor.size_bytes() as usize;
        &self.as_bytes()[index * bytes..][..bytes]
    }

    /// The path by which the file was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.snapshot.store().path()
    }

    pub(crate) fn store(&self) -> &Store {
        self.snapshot.store()
    }

    /// The lock that keeps everybody else out, if it is such a one.
    pub(crate) fn exclusive_lock(&self) -> Option<&Lock> {
        self.store().lock().filter(|_| self.access == Access::Exclusive)
    }

    /// What the header of the file says.
    #[must_use]
    pub fn info(&self) -> FileInfo {
        FileInfo::new(self.snapshot.store())
    }
}

impl fmt::Debug for AnySlice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnySlice")
            .field("path", &self.path())
            .field("len", &self.len())
            .field("descriptor", &self.descriptor)
            .finish()
    }
}
