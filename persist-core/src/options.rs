//! How a file is opened or created.

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use crate::error::{ByteOrder, Error};
use crate::header::NewFile;
use crate::layout::{MAX_ALIGN_BYTES, check_type};
use crate::lock::Access;
use crate::mode::Mode;
use crate::open::{self, Locking};
use crate::persist::Persist;
use crate::raw::RawVec;
use crate::slice::{MmapSlice, check_pending};
use crate::store::Store;
use crate::typed;
use crate::vec::MmapVec;

/// Address space that a vector reserves where nothing else is said: 1 TiB, or what fits.
const DEFAULT_RESERVE_BYTES: usize = if usize::BITS >= 64 { 1 << 40 } else { 1 << 30 };

/// Options to open or create the file of a vector.
///
/// ```
/// use persist_core::MmapVec;
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("ticks.pv");
///
/// let mut ticks = MmapVec::<u64>::options()
///     .app_magic(*b"TICKDATA")
///     .app_version([1, 0, 0])
///     .create(&path)?;
/// ticks.push(1)?;
/// ticks.commit()?;
/// drop(ticks);
///
/// let other = MmapVec::<u64>::options().app_magic(*b"CATALOG\0").open(&path);
/// assert!(other.unwrap_err().to_string().contains("TICKDATA"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OpenOptions<T: Persist> {
    app_magic: Option<[u8; 8]>,
    app_version: Option<[u8; 3]>,
    mode: Option<Mode>,
    journal_bytes: Option<u64>,
    reserve_bytes: usize,
    element: PhantomData<fn() -> T>,
}

impl<T: Persist> OpenOptions<T> {
    /// The defaults: any application, [`Mode::Atomic`], 1 TiB of address space.
    #[must_use]
    pub const fn new() -> Self {
        // The default of `FINGERPRINT` checks the type, too, but an implementation may have its own.
        const {
            check_type(T::LAYOUT);
            _ = T::FINGERPRINT;
            // A layout may say less than the compiler knows: that of a foreign type says nothing.
            assert!(
                align_of::<T>() <= MAX_ALIGN_BYTES,
                "persist: an element may be aligned to 4096 at most"
            );
        };
        Self {
            app_magic: None,
            app_version: None,
            mode: None,
            journal_bytes: None,
            reserve_bytes: DEFAULT_RESERVE_BYTES,
            element: PhantomData,
        }
    }

    /// The application's own eight bytes. A new file gets them (zeros by default); a file that has
    /// others is refused.
    #[must_use]
    pub const fn app_magic(mut self, magic: [u8; 8]) -> Self {
        self.app_magic = Some(magic);
        self
    }

    /// The application's own version: major, minor, patch. A new file gets it (zeros by default);
    /// a file that has another is refused.
    ///
    /// A program that reads several versions leaves this out, and looks at
    /// [`FileInfo::app_version`](crate::FileInfo::app_version).
    #[must_use]
    pub const fn app_version(mut self, version: [u8; 3]) -> Self {
        self.app_version = Some(version);
        self
    }

    /// How the vector is committed. A new file gets this mode ([`Mode::Atomic`] by default); a file that has another is
    /// refused for writing.
    ///
    /// Where this isn't called, a file that exists is opened whatever its mode, which it keeps;
    /// [`FileInfo::mode`](crate::FileInfo::mode) tells it.
    #[must_use]
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// At least how many bytes a new file has for a journal: by default so many that elements begin at
    /// 2 MiB, which is what a file takes on the disk beside its elements.
    ///
    /// A commit of any size is atomic whatever the size of the journal; but the journal is emptied each time it is
    /// full, and a commit that is larger than all of it takes more flushes, and as much free space as changed until it is done. So a large
    /// journal is for large changes in place. A commit takes 4 KiB of it, and more where it changes more than that. Nothing uses the
    /// journal in [`Mode::Shared`].
    ///
    /// Below 2 MiB the size is rounded up to a multiple of 64 KiB, so that 0 makes the smallest files (one such multiple, in
    /// mode *shared* none); above it so that the data lies on huge pages; above 1 GiB it is cut to that.
    #[must_use]
    pub const fn journal_bytes(mut self, bytes: u64) -> Self {
        self.journal_bytes = Some(bytes);
        self
    }

    /// How much address space to reserve for the vector: 1 TiB by default, 1 GiB on 32-bit machines.
    ///
    /// As long as the elements fit into it, growth doesn't move them, and costs no copying of page
    /// tables. Reserved space takes neither memory nor disk, but a process has only so much of it: 128 TiB
    /// on most 64-bit machines. Where the system refuses it (too many vectors, a limit as by `ulimit -v`, or a
    /// platform where a file can't be mapped past its end), a part of what is left is reserved, and
    /// growth past that maps the file anew at another address.
    #[must_use]
    pub const fn reserve_bytes(mut self, bytes: usize) -> Self {
        self.reserve_bytes = bytes;
        self
    }

    /// Opens an existing file to read and write.
    ///
    /// A file of [`Mode::Atomic`] that was not closed is recovered first, which takes three flushes and as much
    /// writing as its journal has, and needs no new room. Otherwise costs the same for a file of any size if every bit pattern is a value of `T`
    /// ([`Persist::ANY_BITS`]), and a pass over the elements otherwise. Doesn't wait for a lock.
    ///
    /// # Errors
    ///
    /// Where the file isn't one of `T`, is locked, damaged or can't be opened: see [`Error`]. The
    /// file is not changed, or where a recovery failed half-way, has the same last commit.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<MmapVec<T>, Error> {
        self.vec(open::open(path.as_ref(), Access::Exclusive, Locking::Locked)?)
    }

    /// Creates a file of no elements. Takes two flushes, of the file and of its directory.
    ///
    /// The file appears under its name when it is whole and durable, or not at all. A kill while it is made leaves
    /// one called `.persist-….tmp` beside it, which can be removed.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] where there is such a file, which is left alone; [`Error::DiskFull`] and
    /// [`Error::Io`] where it can't be made. There is no new file then, unless it could be made and not be
    /// mapped into memory.
    pub fn create(&self, path: impl AsRef<Path>) -> Result<MmapVec<T>, Error> {
        let new_file = NewFile {
            descriptor: &T::LAYOUT.encode(),
            byte_order: ByteOrder::NATIVE,
            element_bytes: size_of::<T>() as u64,
            element_align_bytes: T::LAYOUT.natural_align(),
            app_magic: self.app_magic.unwrap_or_default(),
            app_version: self.app_version.unwrap_or_default(),
            mode: self.mode.unwrap_or_default(),
            journal_bytes: self.journal_bytes,
            created_unix_ms: open::now_unix_ms(),
            journal_salt: open::random(),
        };
        self.vec(open::create(path.as_ref(), &new_file)?)
    }

    /// Opens the file, or creates it where there is none.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open) and [`create`](Self::create), but for their complaints that the
    /// file is missing or exists. A file that can't be opened is never replaced, nor an empty one.
    pub fn open_or_create(&self, path: impl AsRef<Path>) -> Result<MmapVec<T>, Error> {
        let path = path.as_ref();
        match self.open(path) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
            result => return result,
        }
        match self.create(path) {
            // Somebody else created it since.
            Err(Error::AlreadyExists { .. }) => self.open(path),
            result => result,
        }
    }

    /// Opens an existing file to read. See [`MmapSlice`].
    ///
    /// Writes nothing. Where a file of [`Mode::Atomic`] was not closed, the last commit is put together in memory.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open). Needs no permission to write.
    pub fn open_read_only(&self, path: impl AsRef<Path>) -> Result<MmapSlice<T>, Error> {
        self.slice(open::open(path.as_ref(), Access::Shared, Locking::Locked)?)
    }

    /// Opens an existing file to read and write without a lock, on a file system that has none.
    ///
    /// # Safety
    ///
    /// As long as the vector lives, nobody else may open the file to write, or read it while this
    /// handle writes, in this process or another.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), but for the lock's.
    pub unsafe fn open_unlocked(&self, path: impl AsRef<Path>) -> Result<MmapVec<T>, Error> {
        self.vec(open::open(path.as_ref(), Access::Exclusive, Locking::Unlocked)?)
    }

    /// Opens an existing file to read without a lock, on a file system that has none.
    ///
    /// # Safety
    ///
    /// As long as the slice lives, nobody may write or cut the file, in this process or another.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), but for the lock's.
    pub unsafe fn open_read_only_unlocked(
        &self,
        path: impl AsRef<Path>,
    ) -> Result<MmapSlice<T>, Error> {
        self.slice(open::open(path.as_ref(), Access::Shared, Locking::Unlocked)?)
    }

    /// A vector over a store that nobody else uses.
    pub(crate) fn vec(&self, store: Store) -> Result<MmapVec<T>, Error> {
        self.check(&store)?;
        typed::check_writable(&store)?;
        typed::check_mode(&store, self.mode)?;
        check_pending::<T>(&store)?;
        MmapVec::from_raw(RawVec::new(Box::new(store), self.reserve_bytes)?)
    }

    /// A slice over a store that nobody writes.
    pub(crate) fn slice(&self, store: Store) -> Result<MmapSlice<T>, Error> {
        self.check(&store)?;
        MmapSlice::from_store(store)
    }

    fn check(&self, store: &Store) -> Result<(), Error> {
        typed::check_layout(store, T::LAYOUT, T::OLDER.as_ref())?;
        typed::check_application(store, self.app_magic, self.app_version)
    }
}

impl<T: Persist> Default for OpenOptions<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Persist> Clone for OpenOptions<T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<T: Persist> fmt::Debug for OpenOptions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenOptions")
            .field("app_magic", &self.app_magic)
            .field("app_version", &self.app_version)
            .field("mode", &self.mode)
            .field("journal_bytes", &self.journal_bytes)
            .field("reserve_bytes", &self.reserve_bytes)
            .finish_non_exhaustive()
    }
}
