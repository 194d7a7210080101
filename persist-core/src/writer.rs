//! [`AnyWriter`]: a new file of elements of any type and either byte order. [`Replacement`]: one that takes the
//! place of another.

#![forbid(unsafe_code)]

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::any::AnySlice;
use crate::descriptor::Descriptor;
use crate::error::{Action, ByteOrder, Error};
use crate::header::{Header, NewFile, Preamble};
use crate::lock::{Access, Lock};
use crate::mode::Mode;
use crate::open;
use crate::persist::Persist;
use crate::storage::{FileStorage, Storage, write_blocks};
use crate::temporary::{self, Temporary};

/// So many bytes of elements are gathered before they are written.
const BUFFER_BYTES: usize = 1 << 19;

/// What a new file says of itself: everything but its elements.
///
/// ```
/// use persist_core::{AnyFile, ByteOrder, Mode};
///
/// let file = AnyFile::of::<u32>().byte_order(ByteOrder::Big).app_magic(*b"SAMPLES\0").mode(Mode::Atomic);
/// # let _ = file;
/// ```
#[derive(Debug, Clone)]
pub struct AnyFile {
    descriptor: Descriptor,
    align_bytes: usize,
    byte_order: ByteOrder,
    app_magic: [u8; 8],
    app_version: [u8; 3],
    mode: Mode,
    journal_bytes: Option<u64>,
    /// The most rights that a new file gets.
    rights: u32,
}

impl AnyFile {
    /// A file of elements of this type, in the byte order of this machine, of no application, in
    /// [`Mode::Atomic`].
    #[must_use]
    pub fn new(descriptor: Descriptor) -> Self {
        Self {
            align_bytes: descriptor.align_bytes() as usize,
            descriptor,
            byte_order: ByteOrder::NATIVE,
            app_magic: [0; 8],
            app_version: [0; 3],
            mode: Mode::default(),
            journal_bytes: None,
            rights: temporary::ORDINARY,
        }
    }

    /// A file of `T`.
    #[must_use]
    pub fn of<T: Persist>() -> Self {
        Self::new(Descriptor::of::<T>()).type_of::<T>()
    }

    /// A file like another: of the same type, byte order, application, mode and size of journal. A new one may be read by
    /// nobody who may not read that.
    #[must_use]
    pub fn like(other: &AnySlice) -> Self {
        let (preamble, mode) = (&other.store().header().preamble, other.store().mode());
        Self {
            descriptor: other.descriptor().clone(),
            align_bytes: preamble.element_align_bytes.get() as usize,
            byte_order: preamble.byte_order(),
            app_magic: preamble.app_magic,
            app_version: preamble.app_version,
            mode,
            journal_bytes: preamble.journal_to_ask_for(),
            rights: File::open(other.path())
                .and_then(|file| temporary::rights_of(&file))
                .unwrap_or(temporary::PRIVATE),
        }
    }

    /// With elements of another type.
    #[must_use]
    pub fn descriptor(self, descriptor: Descriptor) -> Self {
        Self { align_bytes: descriptor.align_bytes() as usize, descriptor, ..self }
    }

    /// With elements of this type, of which the program knows the alignment, too.
    pub(crate) fn type_of<T: Persist>(self) -> Self {
        let align_bytes = T::LAYOUT.natural_align();
        Self { align_bytes, ..self.descriptor(Descriptor::of::<T>()) }
    }

    /// With elements in another byte order.
    #[must_use]
    pub fn byte_order(self, byte_order: ByteOrder) -> Self {
        Self { byte_order, ..self }
    }

    /// With the application's own eight bytes.
    #[must_use]
    pub fn app_magic(self, app_magic: [u8; 8]) -> Self {
        Self { app_magic, ..self }
    }

    /// With the application's own version: major, minor, patch.
    #[must_use]
    pub fn app_version(self, app_version: [u8; 3]) -> Self {
        Self { app_version, ..self }
    }

    /// With another way to be committed.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// With at least so many bytes of journal: see [`OpenOptions::journal_bytes`](crate::OpenOptions::journal_bytes).
    #[must_use]
    pub fn journal_bytes(self, bytes: u64) -> Self {
        Self { journal_bytes: Some(bytes), ..self }
    }

    /// The first block of such a file; `None` where there can be none.
    fn preamble(&self) -> Option<Preamble> {
        Preamble::new(&NewFile {
            descriptor: self.descriptor.as_bytes(),
            byte_order: self.byte_order,
            element_bytes: self.descriptor.size_bytes(),
            element_align_bytes: self.align_bytes,
            app_magic: self.app_magic,
            app_version: self.app_version,
            mode: self.mode,
            journal_bytes: self.journal_bytes,
            created_unix_ms: open::now_unix_ms(),
            journal_salt: open::random(),
        })
    }
}

/// A new persist file of elements of any type and either byte order, written from its first element to its last.
///
/// For programs that work on files without knowing their types, and for bulk loading. The file appears under its
/// name in [`finish`](Self::finish), whole and durable, or not at all: it is made beside that place as
/// `.persist-….tmp`, and removed where the writer is dropped before. (A kill leaves it there, and it can be removed.)
///
/// ```
/// use persist_core::{AnyFile, AnyWriter, ByteOrder, MmapSlice};
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("samples.pv");
///
/// let mut samples = AnyWriter::create(&path, &AnyFile::of::<u16>())?;
/// samples.append(&7_u16.to_ne_bytes())?;
/// assert!(!path.exists());
/// samples.finish()?;
/// assert_eq!(MmapSlice::<u16>::open(&path)?, [7]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The writer doesn't look at the elements: [`MmapSlice`](crate::MmapSlice) and [`MmapVec`](crate::MmapVec) do when
/// they open the file.
pub struct AnyWriter {
    /// Where the file will be.
    path: PathBuf,
    descriptor: Descriptor,
    mode: Mode,
    preamble: Preamble,
    storage: FileStorage,
    /// The last elements, less than a block of them unless a single one is larger.
    buffer: Vec<u8>,
    /// The bytes of the elements before those.
    written_bytes: u64,
    temporary: Temporary,
    // Kept until the file has its name, so that nobody opens it before its writer is done.
    _lock: Lock,
}

impl AnyWriter {
    /// Begins a file that will be at `path`, where nothing may be.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] where there is something, [`Error::DiskFull`] and [`Error::Io`].
    pub fn create(path: impl AsRef<Path>, file: &AnyFile) -> Result<Self, Error> {
        let path = path.as_ref();
        Self::new(path, file, Temporary::for_new(path, file.rights)?)
    }

    fn new(path: &Path, file: &AnyFile, temporary: Temporary) -> Result<Self, Error> {
        let io = |source| Error::io(Action::Create, path, source);
        let unfit = || io(io::Error::other("no file can have elements of this type"));
        let preamble = file.preamble().ok_or_else(unfit)?;
        let lock = Lock::acquire(temporary.file(), path, Access::Exclusive)?;
        let storage = FileStorage::new(temporary.file().try_clone().map_err(io)?);
        let data_offset = preamble.data_offset.get();
        open::make_room(&storage, &preamble, file.mode)
            .map_err(|source| Error::no_room(Action::Create, path, data_offset, source))?;
        Ok(Self {
            path: path.into(),
            descriptor: file.descriptor.clone(),
            mode: file.mode,
            preamble,
            storage,
            buffer: Vec::new(),
            written_bytes: 0,
            temporary,
            _lock: lock,
        })
    }

    /// How many elements were appended.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.bytes() / self.element_bytes()
    }

    /// Whether none were.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the elements are.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Appends elements, as they stand in memory on a machine of the file's byte order.
    ///
    /// They go to the file in large blocks, and to the disk soon after, so that [`finish`](Self::finish) has little
    /// left to wait for.
    ///
    /// # Errors
    ///
    /// [`Error::DiskFull`], [`Error::TooLarge`] and [`Error::Io`]. None of these elements are appended then; those
    /// before are, and appending can go on once there is space.
    ///
    /// # Panics
    ///
    /// Panics if the bytes are not those of whole elements.
    pub fn append(&mut self, elements: &[u8]) -> Result<(), Error> {
        let element_bytes = self.element_bytes();
        assert!(
            elements.len() as u64 % element_bytes == 0,
            "{} bytes are no whole elements of {element_bytes} bytes",
            elements.len()
        );
        self.check_size(elements.len() as u64)?;
        if self.buffer.len() + elements.len() > BUFFER_BYTES {
            self.flush()?;
        }
        if elements.len() < BUFFER_BYTES {
            self.buffer.extend_from_slice(elements);
            return Ok(());
        }
        self.written_bytes = self.write(elements)?;
        Ok(())
    }

    /// Makes the file durable, and gives it its name, which replaces nothing.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] where something has that name by now, [`Error::DiskFull`] and [`Error::Io`]. There is
    /// no new file then.
    pub fn finish(mut self) -> Result<(), Error> {
        self.complete()?;
        self.temporary.name(&self.path)
    }

    /// Writes all that is missing, and makes the file durable.
    fn complete(&mut self) -> Result<(), Error> {
        self.flush()?;
        let header =
            Header::create(&self.preamble, self.descriptor.as_bytes(), self.mode, self.len());
        self.storage
            .write_all_at(0, &header)
            .and_then(|()| self.temporary.file().sync_all())
            .map_err(|source| Error::no_room(Action::Write, &self.path, self.bytes(), source))
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.written_bytes = self.write(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes elements after those that were written, and returns where they end.
    fn write(&self, elements: &[u8]) -> Result<u64, Error> {
        let (bytes, offset) = (elements.len() as u64, self.preamble.data_offset.get());
        write_blocks(&self.storage, offset + self.written_bytes, elements)
            .map_err(|source| Error::no_room(Action::Write, &self.path, bytes, source))?;
        Ok(self.written_bytes + bytes)
    }

    fn check_size(&self, more_bytes: u64) -> Result<(), Error> {
        let most_bytes = i64::MAX as u64 - self.preamble.data_offset.get();
        match self.bytes().checked_add(more_bytes) {
            Some(bytes) if bytes <= most_bytes => Ok(()),
            bytes => Err(Error::TooLarge {
                path: self.path.as_path().into(),
                elements: bytes.map_or(u64::MAX, |bytes| bytes / self.element_bytes()),
                element_bytes: self.element_bytes(),
            }),
        }
    }

    fn element_bytes(&self) -> u64 {
        self.preamble.element_bytes.get()
    }

    fn bytes(&self) -> u64 {
        self.written_bytes + self.buffer.len() as u64
    }
}

impl fmt::Debug for AnyWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyWriter")
            .field("path", &self.path)
            .field("len", &self.len())
            .field("descriptor", &self.descriptor)
            .finish_non_exhaustive()
    }
}

/// A new file that takes the place of another: made from it, while nobody can change it, and put there at once.
///
/// Whatever happens before [`finish`](Self::finish) renames the new file, a full disk and a kill included, the
/// original is as it was. The new file has the mode, the group and the owner of the original, the latter two where the process may
/// give them; not its extended attributes or access control lists. Where the path is a symbolic link, the file it
/// leads to is replaced. A file with other names (hard links) is refused.
///
/// ```
/// use persist_core::{AnyFile, AnySlice, MmapSlice, MmapVec, Replacement};
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("samples.pv");
///
/// let mut samples = MmapVec::<u16>::create(&path)?;
/// samples.extend_from_slice(&[1, 2, 3])?;
/// samples.close()?;
///
/// // Keep every second element.
/// let original = AnySlice::open_exclusive(&path)?;
/// let file = AnyFile::like(&original);
/// let mut replacement = Replacement::new(original, &file)?;
/// let (original, writer) = replacement.parts();
/// for index in (0..original.len()).step_by(2) {
///     writer.append(original.element(index))?;
/// }
/// replacement.finish()?;
/// assert_eq!(MmapSlice::<u16>::open(&path)?, [1, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Replacement {
    writer: AnyWriter,
    original: AnySlice,
}

impl Replacement {
    /// Begins a file beside the original.
    ///
    /// # Errors
    ///
    /// [`Error::HardLinks`] where the original has other names, [`Error::DiskFull`] and [`Error::Io`].
    ///
    /// # Panics
    ///
    /// Panics if the original wasn't opened by [`AnySlice::open_exclusive`]: others could read it.
    pub fn new(original: AnySlice, file: &AnyFile) -> Result<Self, Error> {
        let io = |source| Error::io(Action::Replace, original.path(), source);
        let lock = original.exclusive_lock().expect("a file to replace is opened exclusively");
        let metadata = lock.file().metadata().map_err(io)?;
        // What a symbolic link leads to is replaced, not the link.
        let path = fs::canonicalize(original.path()).map_err(io)?;
        let writer = AnyWriter::new(&path, file, Temporary::for_replacing(&path, &metadata)?)?;
        Ok(Self { writer, original })
    }

    /// The original, to read, and the writer of the new file.
    pub fn parts(&mut self) -> (&AnySlice, &mut AnyWriter) {
        (&self.original, &mut self.writer)
    }

    /// Makes the new file durable, and puts it in the place of the original by an atomic rename.
    ///
    /// # Errors
    ///
    /// [`Error::DiskFull`] and [`Error::Io`]. The original is there then as it was, unless the action that failed is
    /// [`Action::Sync`]: then the new file is there, and a crash may bring the original back.
    pub fn finish(self) -> Result<(), Error> {
        let Self { mut writer, original } = self;
        writer.complete()?;
        let lock = original.exclusive_lock().expect("`new` saw that it is");
        lock.check_place(&writer.path)
            .map_err(|source| Error::io(Action::Replace, &writer.path, source))?;
        writer.temporary.follow(&writer.path, lock.file())?;
        // Windows replaces no file that is mapped; elsewhere nobody gets at the original before it is replaced.
        let _original = (!cfg!(windows)).then_some(original);
        writer.temporary.take_place(&writer.path)
    }
}
