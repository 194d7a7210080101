//! The bytes of a file's elements as of the last commit, to read.
//!
//! What waits in the journal of a file that was not closed is put into memory; nothing is written. This module
//! doesn't know what the bytes mean.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::ptr::NonNull;
use std::slice;

use crate::advice::Advice;
use crate::error::{Action, Error};
use crate::journal::Replay;
use crate::lock::Lock;
use crate::mapping::Mapping;
use crate::storage::{FileStorage, Storage};
use crate::store::{Store, reader};

/// The elements of a file that nobody writes: its lock is shared by readers only, or somebody promised it to an
/// `open_unlocked`.
pub(crate) struct Snapshot {
    len: usize,
    // Unmapped before the file is closed and unlocked.
    mapping: Mapping,
    store: Box<Store>,
}

impl Snapshot {
    pub(crate) fn new(store: Store) -> Result<Self, Error> {
        let (len, mapping) = map(&store)?;
        Ok(Self { len, mapping, store: Box::new(store) })
    }

    /// How many elements there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Where the first one is, aligned to a page; for `len` elements in sequence, all their bytes can be read.
    #[inline]
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.mapping.base()
    }

    /// The bytes of all elements.
    pub(crate) fn bytes(&self) -> &[u8] {
        let bytes = self.len * self.store.header().preamble.element_bytes.get() as usize;
        // SAFETY: `map` mapped so many bytes and saw that the file or its journal has them; at most
        // `isize::MAX`. Nobody writes them as long as `self` holds the store with its lock.
        unsafe { slice::from_raw_parts(self.mapping.base().as_ptr(), bytes) }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Tells the system in which order the elements will be used.
    pub(crate) fn advise(&self, advice: Advice) {
        self.mapping.advise(advice);
    }

    /// Has the system begin to read some elements.
    pub(crate) fn prefetch(&self, elements: Range<usize>) {
        let element_bytes = self.store.header().preamble.element_bytes.get() as usize;
        self.mapping.prefetch(elements.start * element_bytes..elements.end * element_bytes);
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("len", &self.len)
            .field("path", &self.store.path())
            .finish_non_exhaustive()
    }
}

/// Maps the elements of a file, to read, and says how many they are. Their bytes are there: the file has them, or its
/// journal.
pub(crate) fn map(store: &Store) -> Result<(usize, Mapping), Error> {
    let len = store.check_addressable()?;
    let element_bytes = store.header().preamble.element_bytes.get() as usize;
    let (storage, data_offset) = (store.storage(), store.data_offset());
    let mapping = map_bytes(storage, data_offset, len * element_bytes, store.replay())
        .map_err(|source| store.io(Action::Map, source))?;
    Ok((len, mapping))
}

/// Maps `bytes` bytes of elements from `data_offset` of a file on, with what a journal has for them put into
/// memory. The file is left as it is.
///
/// The file has these bytes, or its journal brings those that it lacks.
fn map_bytes(
    storage: &dyn Storage,
    data_offset: u64,
    bytes: usize,
    replay: &Replay,
) -> io::Result<Mapping> {
    if bytes == 0 {
        return Ok(Mapping::none());
    }
    if replay.records == 0 {
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
    replay.for_each_extent(&mut reader(storage), bytes as u64, |offset, extent| {
        let start = offset as usize;
        // SAFETY: the extent ends below `bytes`. The file has these bytes or the mapping is
        // anonymous, so they are there, and nobody else uses this mapping yet.
        let place = unsafe { mapping.bytes_mut(start..start + extent.len()) };
        place.copy_from_slice(extent);
        Ok(())
    })?;
    Ok(mapping)
}

/// The bytes of elements of a file that may be damaged, so that there is no [`Store`] of it.
pub(crate) struct Elements<'a> {
    mapping: Mapping,
    bytes: usize,
    // The file stays open, and locked, as long as its elements are looked at.
    _file: &'a LockedFile,
}

impl<'a> Elements<'a> {
    /// Maps the first `bytes` bytes of the elements, as [`map_bytes`] does, where the file or its journal has them.
    pub(crate) fn map(
        file: &'a LockedFile,
        data_offset: u64,
        bytes: u64,
        replay: &Replay,
    ) -> io::Result<Self> {
        let there = file.storage.len_bytes()?.saturating_sub(data_offset);
        if bytes > there.saturating_add(replay.payload_bytes()) || bytes > isize::MAX as u64 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let bytes = bytes as usize;
        let mapping = map_bytes(&file.storage, data_offset, bytes, replay)?;
        Ok(Self { mapping, bytes, _file: file })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `map` mapped so many bytes, at most `isize::MAX`, and saw that the file has them, or that they are
        // in memory. The lock of the file keeps writers away as long as `self` borrows it.
        unsafe { slice::from_raw_parts(self.mapping.base().as_ptr(), self.bytes) }
    }
}

/// A file that is open and locked, whatever is in it.
#[derive(Debug)]
pub(crate) struct LockedFile {
    pub(crate) file: File,
    pub(crate) storage: FileStorage,
    pub(crate) lock: Lock,
}

impl LockedFile {
    pub(crate) fn new(file: File, lock: Lock) -> io::Result<Self> {
        Ok(Self { storage: FileStorage::new(file.try_clone()?), file, lock })
    }
}
