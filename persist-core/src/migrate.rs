//! [`Migration`]: a file gets the type that a program has now.

#![forbid(unsafe_code)]

mod route;

use std::fmt;
use std::path::Path;

use crate::any::AnySlice;
use crate::byte_order::ByteOrder;
use crate::descriptor::Descriptor;
use crate::error::Error;
use crate::evolve::Relation;
use crate::persist::{Persist, bytes_of, element_of};
use crate::transfer::Progress;
use crate::typed;
use crate::vec::MmapVec;
use crate::writer::{AnyFile, Replacement};
use route::{Route, Target};

/// Says that a migration may lose something: fields that are removed, values that are rounded, what a version meant.
///
/// A value that doesn't fit stops a migration all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lossy;

/// What a migration did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// How far the file was from the type that it was read as: its new one, or where functions of the program were
    /// called, the one that the first of them takes.
    pub relation: Relation,
    /// How many functions of the program each element went through: a `From` for each version, and that of
    /// [`MmapVec::migrate_from`].
    pub functions: usize,
    /// How many elements the file has.
    pub elements: u64,
    /// Whether a new file took the place of the old one: not where nothing was to be done.
    pub replaced: bool,
}

/// Gives a file the type that the program has now, with options. [`MmapVec::migrate`] does without.
///
/// ```
/// use persist_core::{Lossy, Migration, MmapSlice, MmapVec, Persist, Relation};
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("ticks.pv");
///
/// mod v1 {
///     # use persist_core::Persist;
///     #[derive(Clone, Copy, Persist)]
///     #[repr(C)]
///     pub struct Tick { pub time: u64, pub price: f64, pub volume: u64 }
/// }
///
/// /// Has no `Default`, and fewer bits for the volume.
/// #[derive(Clone, Copy, Persist)]
/// #[repr(C)]
/// struct Tick { time: u64, price: f64, volume: u32, venue: u32 }
///
/// let mut ticks = MmapVec::<v1::Tick>::create(&path)?;
/// ticks.push(v1::Tick { time: 1, price: 0.5, volume: 3 })?;
/// ticks.close()?;
///
/// let migrated = Migration::new()
///     .defaults(Tick { time: 0, price: 0.0, volume: 0, venue: 7 })
///     .allow(Lossy)
///     .progress(|progress| println!("{} of {}", progress.done, progress.total))
///     .run(&path)?;
/// assert_eq!((migrated.relation, migrated.elements), (Relation::Lossy, 1));
/// let ticks = MmapSlice::<Tick>::open(&path)?;
/// assert_eq!((ticks[0].volume, ticks[0].venue), (3, 7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Migration<'a, T: Persist> {
    defaults: Option<T>,
    is_loss_allowed: bool,
    app_magic: Option<[u8; 8]>,
    app_version: Option<[u8; 3]>,
    progress: Box<dyn FnMut(Progress) + 'a>,
}

impl<'a, T: Persist> Migration<'a, T> {
    /// A migration without loss, without defaults for fields that the file lacks, and that keeps the application of
    /// the file.
    pub fn new() -> Self {
        // Refuses a chain of versions that is a cycle, as the derive does for a type without parameters.
        const { _ = T::OLDER };
        Self {
            defaults: None,
            is_loss_allowed: false,
            app_magic: None,
            app_version: None,
            progress: Box::new(|_| ()),
        }
    }

    /// Takes fields that the file lacks from this element.
    pub fn defaults(self, element: T) -> Self {
        Self { defaults: Some(element), ..self }
    }

    /// Allows what would else be refused with [`Error::Loss`].
    pub fn allow(self, _: Lossy) -> Self {
        Self { is_loss_allowed: true, ..self }
    }

    /// Gives the file another application's eight bytes.
    pub fn app_magic(self, magic: [u8; 8]) -> Self {
        Self { app_magic: Some(magic), ..self }
    }

    /// Gives the file another version of the application: major, minor, patch.
    pub fn app_version(self, version: [u8; 3]) -> Self {
        Self { app_version: Some(version), ..self }
    }

    /// Has this told how far the migration is, each 50 ms at most, and at the end of a file of any elements.
    pub fn progress(self, progress: impl FnMut(Progress) + 'a) -> Self {
        Self { progress: Box::new(progress), ..self }
    }

    /// Migrates the file at `path`: see [`MmapVec::migrate`].
    ///
    /// # Errors
    ///
    /// Those of [`MmapVec::migrate`].
    pub fn run(mut self, path: impl AsRef<Path>) -> Result<Migrated, Error> {
        let original = match self.open(path.as_ref(), |_| true)? {
            Opened::ToReplace(original) => original,
            Opened::Done(done) => return Ok(done),
        };
        let defaults = self.defaults.map(|element| [element]);
        let target = Target::of::<T>(defaults.as_ref().map(|defaults| bytes_of(defaults)));
        let route = Route::find(&original, &target, self.is_loss_allowed)?;
        let mut replacement = self.replacement(original)?;
        let (original, writer) = replacement.parts();
        let migrated = route.migrated(original);
        route.transfer(original).run(|_, elements| writer.append(elements), &mut self.progress)?;
        replacement.finish()?;
        Ok(migrated)
    }

    /// Migrates the file at `path`, element by element: see [`MmapVec::migrate_from`].
    ///
    /// # Errors
    ///
    /// Those of [`MmapVec::migrate_from`].
    pub fn run_from<Old: Persist>(
        mut self,
        path: impl AsRef<Path>,
        mut convert: impl FnMut(&Old, usize) -> T,
    ) -> Result<Migrated, Error> {
        let old = Descriptor::of::<Old>();
        let original = match self.open(path.as_ref(), |file| *file != old)? {
            Opened::ToReplace(original) => original,
            Opened::Done(done) => return Ok(done),
        };
        let route = Route::find(&original, &Target::of::<Old>(None), self.is_loss_allowed)?;
        let mut replacement = self.replacement(original)?;
        let (original, writer) = replacement.parts();
        let mut migrated = route.migrated(original);
        migrated.functions += 1;
        let mut elements = Vec::new();
        let each = |first: u64, bytes: &[u8]| {
            elements.clear();
            for (index, bytes) in (first as usize..).zip(bytes.chunks_exact(size_of::<Old>())) {
                let not_a_value = || typed::corrupt_element(original.path(), &old, index, bytes);
                let element = element_of(bytes).ok_or_else(not_a_value)?;
                elements.push(convert(&element, index));
            }
            writer.append(bytes_of(&elements))
        };
        route.transfer(original).run(each, &mut self.progress)?;
        replacement.finish()?;
        Ok(migrated)
    }

    /// Opens the file to replace it, unless it is as wanted already, and `may_be_done` with this type: that is seen
    /// without disturbing anybody who reads it.
    fn open(
        &self,
        path: &Path,
        may_be_done: impl Fn(&Descriptor) -> bool,
    ) -> Result<Opened, Error> {
        let wanted = Descriptor::of::<T>();
        let is_done = |file: &AnySlice| {
            *file.descriptor() == wanted
                && may_be_done(&wanted)
                && self.is_native(file)
                && self.has_application(file)
        };
        let done = |file: &AnySlice| Opened::Done(Migrated::nothing(file));
        let file = AnySlice::open(path)?;
        if is_done(&file) {
            return Ok(done(&file));
        }
        drop(file);
        // Somebody may have been faster.
        let file = AnySlice::open_exclusive(path)?;
        Ok(if is_done(&file) { done(&file) } else { Opened::ToReplace(file) })
    }

    fn is_native(&self, file: &AnySlice) -> bool {
        file.info().byte_order == ByteOrder::NATIVE || !file.descriptor().depends_on_byte_order()
    }

    fn has_application(&self, file: &AnySlice) -> bool {
        let info = file.info();
        self.app_magic.unwrap_or(info.app_magic) == info.app_magic
            && self.app_version.unwrap_or(info.app_version) == info.app_version
    }

    /// A file of `T` that is else like the original.
    fn replacement(&self, original: AnySlice) -> Result<Replacement, Error> {
        let info = original.info();
        let file = AnyFile::like(&original)
            .type_of::<T>()
            .byte_order(ByteOrder::NATIVE)
            .app_magic(self.app_magic.unwrap_or(info.app_magic))
            .app_version(self.app_version.unwrap_or(info.app_version));
        Replacement::new(original, &file)
    }
}

/// What a migration finds.
enum Opened {
    /// Nothing to be done.
    Done(Migrated),
    /// A file of another type, which nobody else has open.
    ToReplace(AnySlice),
}

impl Migrated {
    /// Nothing was to be done.
    fn nothing(file: &AnySlice) -> Self {
        let elements = file.len() as u64;
        Self { relation: Relation::Identical, functions: 0, elements, replaced: false }
    }
}

/// What was done, such as `100 elements: convert, then 2 functions`.
impl fmt::Display for Migrated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { relation, functions, elements, replaced } = *self;
        let many = |count: u64| if count == 1 { "" } else { "s" };
        write!(f, "{elements} element{}: ", many(elements))?;
        if !replaced {
            return f.write_str("nothing to be done");
        }
        let calls = format!("{functions} function{}", many(functions as u64));
        match (relation, functions) {
            (_, 0) => write!(f, "{relation}"),
            (Relation::Identical, _) => write!(f, "{calls}"),
            _ => write!(f, "{relation}, then {calls}"),
        }
    }
}

impl<T: Persist> Default for Migration<'_, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Persist> fmt::Debug for Migration<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migration")
            .field("has_defaults", &self.defaults.is_some())
            .field("is_loss_allowed", &self.is_loss_allowed)
            .field("app_magic", &self.app_magic)
            .field("app_version", &self.app_version)
            .finish_non_exhaustive()
    }
}

impl<T: Persist> MmapVec<T> {
    /// Gives the file at `path` the type `T`, if that can be done without loss.
    ///
    /// ```
    /// use persist_core::{MmapSlice, MmapVec, Persist, Relation};
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("ticks.pv");
    ///
    /// mod v1 {
    ///     # use persist_core::Persist;
    ///     #[derive(Clone, Copy, Persist)]
    ///     #[repr(C)]
    ///     pub struct Tick { pub time: u64, pub price: f32, pub qty: u32 }
    /// }
    ///
    /// #[derive(Clone, Copy, Default, Persist)]
    /// #[repr(C)]
    /// struct Tick {
    ///     time: u64,
    ///     price: f64, // wider
    ///     #[persist(alias = "qty")]
    ///     volume: u32, // renamed
    ///     venue: u32, // new: from `Default`
    /// }
    ///
    /// let mut ticks = MmapVec::<v1::Tick>::create(&path)?;
    /// ticks.push(v1::Tick { time: 1, price: 0.5, qty: 3 })?;
    /// ticks.close()?;
    ///
    /// let migrated = MmapVec::<Tick>::migrate(&path)?;
    /// assert_eq!((migrated.relation, migrated.elements), (Relation::Convert, 1));
    /// let ticks = MmapSlice::<Tick>::open(&path)?;
    /// assert_eq!((ticks[0].time, ticks[0].price, ticks[0].volume), (1, 0.5, 3));
    /// # drop(ticks);
    ///
    /// // A file that is as wanted already is left alone.
    /// assert!(!MmapVec::<Tick>::migrate(&path)?.replaced);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Fields are known by their names, and by the earlier ones of `#[persist(alias = "…")]`. They may be moved, widened,
    /// added (with what [`Default`] gives them), and be in either byte order; enums may have more variants. A type that
    /// has no `Default` is migrated by a [`Migration`], with an element of it that has the new fields, or none.
    ///
    /// Where `T` says from which earlier version it is made, `#[persist(from = v1::Tick)]`, a file of exactly that version
    /// goes through its [`From`], and so on along the versions before it. A file that is of none of them is
    /// converted to the oldest of them that it can become without loss, and goes on from there. (Where there is none, and
    /// loss is allowed, it is converted to the newest that it can become at all, most often `T` itself.)
    ///
    /// # On disk
    ///
    /// The file is locked as by a writer, read as of its last commit, and converted into a new one beside it, on all
    /// cores where it is large; that takes as much free space as the new file needs. When the new file is durable it takes the
    /// place of the old one by an atomic rename, with its permissions: see [`Replacement`](crate::Replacement). Whatever happens
    /// before, a full disk and a kill included, **the original is as it was**. (A kill leaves the new file, called
    /// `.persist-….tmp`; the next migration of a file in that directory removes it.) It is also where the migration
    /// panics, as in a `From` of the program. The magic and the version of the application stay.
    ///
    /// # Errors
    ///
    /// The original is as it was after each.
    ///
    /// - [`Error::Loss`] where something would be lost: see [`migrate_with`](Self::migrate_with).
    /// - [`Error::Incompatible`] where no rule makes one type of the other: see [`migrate_from`](Self::migrate_from).
    /// - [`Error::Misfit`] names the first value that doesn't fit, such as one that is no variant of its enum.
    /// - [`Error::DiskFull`], [`Error::HardLinks`], [`Error::Locked`], and all other reasons for which a file can't be
    ///   opened or created.
    pub fn migrate(path: impl AsRef<Path>) -> Result<Migrated, Error>
    where
        T: Default,
    {
        Migration::new().defaults(T::default()).run(path)
    }

    /// As [`migrate`](Self::migrate), also where something may be lost: fields that were removed, numbers that became
    /// narrower or are rounded, what another version meant.
    ///
    /// A value that doesn't fit, such as 300 into a `u8`, stops the migration all the same.
    ///
    /// # Errors
    ///
    /// Those of [`migrate`](Self::migrate), but for [`Error::Loss`].
    pub fn migrate_with(path: impl AsRef<Path>, allowed: Lossy) -> Result<Migrated, Error>
    where
        T: Default,
    {
        Migration::new().defaults(T::default()).allow(allowed).run(path)
    }

    /// Gives the file at `path` the type `T`, by a function of each element and its index.
    ///
    /// ```
    /// use persist_core::{MmapSlice, MmapVec};
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("prices.pv");
    ///
    /// let mut cents = MmapVec::<i64>::create(&path)?;
    /// cents.extend_from_slice(&[1999, 250])?;
    /// cents.close()?;
    ///
    /// MmapVec::<f64>::migrate_from::<i64>(&path, |cents, _| *cents as f64 / 100.0)?;
    /// assert_eq!(MmapSlice::<f64>::open(&path)?, [19.99, 2.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The file may also be one that [`migrate`](Self::migrate) makes one of `Old` without defaults. A file that is one of `T` already
    /// is left alone, unless `Old` has the same layout.
    ///
    /// # Errors
    ///
    /// Those of [`migrate`](Self::migrate), on the way to `Old`.
    pub fn migrate_from<Old: Persist>(
        path: impl AsRef<Path>,
        convert: impl FnMut(&Old, usize) -> T,
    ) -> Result<Migrated, Error> {
        Migration::new().run_from(path, convert)
    }
}
