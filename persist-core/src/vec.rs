//! [`MmapVec`]: elements of one type over a [`RawVec`].
//!
//! All that is unsafe about elements stands in this file: they become a slice, are written past the
//! end, and are counted. The rest of `Vec`'s surface is safe code on top, in the modules below.

mod drain;
mod edit;
mod grow;
#[cfg(test)]
mod tests;
mod traits;

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::{Range, RangeBounds};
use std::path::Path;

pub use drain::Drain;
pub use edit::ExtractIf;

use crate::advice::Advice;
use crate::error::Error;
use crate::info::FileInfo;
use crate::options::OpenOptions;
use crate::persist::Persist;
use crate::raw::{Growth, RawVec};
use crate::slice::range_of;
use crate::validate;

/// A `Vec<T>` that lives in a memory-mapped file.
///
/// It derefs to `[T]`, has the methods of [`Vec`] under their names, and costs what a `Vec` costs: the
/// elements are the file's pages themselves. Methods that may have to grow the file return a
/// [`Result`], because a disk can be full.
///
/// ```
/// use persist_core::MmapVec;
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("primes.pv");
///
/// let mut primes = MmapVec::<u64>::create(&path)?;
/// primes.extend_from_slice(&[2, 3, 5, 9])?;
/// primes[3] = 7;
/// primes.commit()?;
/// primes.push(11)?;
/// drop(primes); // without a commit: 11 was never there
///
/// let primes = MmapVec::<u64>::open(&path)?;
/// assert_eq!(primes, [2, 3, 5, 7]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Durability
///
/// In [`Mode::Atomic`](crate::Mode::Atomic), the default, for changes of every kind: elements appended, removed,
/// moved, or written through a `&mut [T]`:
///
/// - After a crash of the process or the machine, at any moment, `open` finds exactly the elements of the last
///   [`commit`](Self::commit) or [`close`](Self::close) that returned `Ok`, or of the one in flight. Never
///   a mix.
/// - Nothing else commits: not a drop, nor a panic or an early `?` that drops. What wasn't committed is gone
///   then.
/// - [`rollback`](Self::rollback) goes back to the last commit without closing the file.
///
/// To that end the pages that are changed between two commits are copied in memory, and the file is left alone until
/// the commit. What is appended is not: it lies in the file from the start, and nobody counts it.
///
/// [`Mode::Shared`](crate::Mode::Shared) promises less, and needs no such memory: see there.
///
/// # Guarantees
///
/// - A file of another type, byte order or application is never opened; nothing is converted.
/// - One `MmapVec` of a file at a time, in this process and others, and no [`MmapSlice`] beside it, as
///   long as everybody uses this library: the lock is advisory. A program that ignores it can change
///   elements under a `&[T]`, and one that cuts the file off makes the next access a `SIGBUS`.
/// - A full disk is an error of the call that grows the file: the place for every element is allocated
///   before it can be written. Where a file system copies on write (btrfs, ZFS, XFS after a
///   reflink), rewriting an element may need a new place, and `SIGBUS` is the kernel's only way to say
///   that there is none.
/// - Elements don't move while the vector grows, within [`OpenOptions::reserve_bytes`].
///
/// # Not guaranteed
///
/// The capacity a file grows to, and what stands in it after the last element. The bytes of a
/// [`Pad`](crate::Pad) that a program wrote through its own means.
///
/// # What `Vec` has and this hasn't
///
/// `new`, `with_capacity`, `Default`, `From` and `Clone`, for a vector is always in a file; `Extend` and
/// `FromIterator`, which can't fail ([`try_extend`](Self::try_extend) can); `IntoIterator` by value;
/// `leak`, `into_boxed_slice` and the raw parts, whose memory is not the allocator's; `splice`, which
/// would grow when it is dropped. [`split_off`](Self::split_off) returns a `Vec`.
///
/// [`MmapSlice`]: crate::MmapSlice
pub struct MmapVec<T: Persist> {
    raw: RawVec,
    element: PhantomData<T>,
}

impl<T: Persist> MmapVec<T> {
    /// Options to open or create a file.
    #[must_use]
    pub const fn options() -> OpenOptions<T> {
        OpenOptions::new()
    }

    /// Creates a file of no elements: [`OpenOptions::create`] with the defaults.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] where there is such a file, which is left alone.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::options().create(path)
    }

    /// Opens an existing file: [`OpenOptions::open`] with the defaults.
    ///
    /// O(1) where every bit pattern is a value of `T` ([`Persist::ANY_BITS`]); otherwise each element is
    /// checked, O(n).
    ///
    /// # Errors
    ///
    /// Where the file isn't one of `T`, is locked, damaged or can't be opened: see [`Error`]. The
    /// file is not changed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::options().open(path)
    }

    /// Opens the file, or creates it where there is none: [`OpenOptions::open_or_create`] with the
    /// defaults.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open). A file that can't be opened is never replaced.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::options().open_or_create(path)
    }

    /// A vector over a raw one whose file was found to be one of `T`.
    pub(crate) fn from_raw(mut raw: RawVec) -> Result<Self, Error> {
        assert_eq!(raw.element_bytes(), size_of::<T>());
        // SAFETY: `RawVec` keeps `len` elements mapped and initialised, as all bytes of a file are, at an
        // address aligned to 4096, which `OpenOptions::new` made sure is enough for `T`. The lock, or the
        // promise made to `open_unlocked`, keeps others from writing.
        unsafe { validate::check::<T>(raw.store(), raw.base(), raw.len())? };
        // Not before: a file that is refused isn't changed.
        raw.give_back_leftovers()?;
        Ok(Self { raw, element: PhantomData })
    }

    /// How many elements the vector has.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Whether the vector has no elements.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many elements the file has room for before it has to grow.
    ///
    /// Just after opening this is the length: room that an earlier process left behind is taken
    /// again, and checked, by the first growth.
    #[inline]
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.raw.capacity()
    }

    /// How many elements the last commit counted, which is what an `open` after a crash would find.
    #[must_use]
    pub fn committed_len(&self) -> usize {
        // It was a length of this vector, or was checked to be one by `RawVec::new`.
        self.raw.store().committed_len() as usize
    }

    /// Tells the system in which order the elements will be used, until it is told otherwise.
    ///
    /// ```
    /// use persist_core::{Advice, MmapVec};
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("samples.pv");
    ///
    /// let mut samples = MmapVec::<u64>::create(&path)?;
    /// samples.try_extend(0..1000)?;
    /// samples.advise(Advice::Random);
    /// let picked: u64 = [7, 512, 30].iter().map(|&index| samples[index]).sum();
    /// assert_eq!(picked, 549);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A hint: it changes how much is read from the device around an element that isn't in memory, and never what is
    /// read. Nothing happens where the whole file is in memory, nor on systems without `madvise`, as Windows.
    /// One system call, O(1).
    pub fn advise(&mut self, advice: Advice) {
        self.raw.advise(advice);
    }

    /// Has the system begin to read elements that will soon be used, and returns without waiting for them.
    ///
    /// ```
    /// use persist_core::MmapVec;
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("samples.pv");
    ///
    /// let mut samples = MmapVec::<u64>::create(&path)?;
    /// samples.try_extend(0..1000)?;
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
    /// Where the range is not one of the vector's.
    #[track_caller]
    pub fn prefetch<R: RangeBounds<usize>>(&self, range: R) {
        self.raw.prefetch(range_of(range, self.len()));
    }

    /// The path by which the file was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.raw.store().path()
    }

    /// What the header of the file said when it was opened.
    #[must_use]
    pub fn info(&self) -> FileInfo {
        FileInfo::new(self.raw.store())
    }

    /// The elements.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: the elements below `len` are mapped, aligned and values of `T` (checked by `from_raw`, or
        // written since as such), together at most `isize::MAX` bytes, by the invariants of `RawVec`.
        // Nothing writes them while `self` is borrowed: this handle needs `&mut self` for it, and others
        // are kept out by the lock. The mapping is replaced under `&mut self` only.
        unsafe { std::slice::from_raw_parts(self.as_ptr(), self.len()) }
    }

    /// The elements, to be changed in place.
    ///
    /// Through the slice a write costs what it costs in memory; the next [`commit`](Self::commit) has to look for what
    /// was changed. Where few elements change, `vector[i]` and [`get_mut`](Self::get_mut) tell it, at about half a nanosecond for each
    /// access; a loop over all of them is quicker through the slice.
    ///
    /// # Panics
    ///
    /// In mode *atomic*, where the system has no memory for copies of all committed elements, as where
    /// `vm.overcommit_memory` is 2: like a `Vec` that can't be allocated. Changes by index need
    /// less.
    #[inline]
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.raw.touch();
        self.touched_mut()
    }

    /// The elements, of which the caller writes only those that it touched before.
    #[inline]
    fn touched_mut(&mut self) -> &mut [T] {
        let (base, len) = (self.raw.base().cast::<T>(), self.len());
        // SAFETY: as in `as_slice`; `&mut self` makes this the only reference into the mapping, and a
        // `&mut T` can only be given values of `T`, which have no uninitialised bytes.
        unsafe { std::slice::from_raw_parts_mut(base.as_ptr(), len) }
    }

    /// Makes some elements writable without a mark on the others.
    #[inline]
    fn touch_elements<R: ?Sized>(&mut self, elements: *const R, bytes: usize) {
        let start = elements.cast::<u8>().addr() - self.raw.base().addr().get();
        self.raw.touch_bytes(start, bytes);
    }

    /// The address of the first element, aligned and not null also where there is none.
    #[inline]
    #[must_use]
    pub fn as_ptr(&self) -> *const T {
        self.raw.base().as_ptr().cast::<T>()
    }

    /// The address of the first element, to write through until the next call that changes, commits or rolls back the
    /// vector. The elements stay there until it is dropped, shrunk, or grown past its
    /// [reserved](OpenOptions::reserve_bytes) address space, but must not be written through an older address.
    ///
    /// # Panics
    ///
    /// As [`as_mut_slice`](Self::as_mut_slice).
    #[inline]
    #[must_use]
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.raw.touch();
        self.raw.base().as_ptr().cast::<T>()
    }

    /// The room after the last element, to be written before [`set_len`](Self::set_len) counts it.
    ///
    /// A commit, a rollback, and growing or shrinking void what was written here and isn't counted yet. In
    /// [`Mode::Shared`](crate::Mode::Shared), where the last commit counted more elements, these bytes are still theirs: what a crash or a drop
    /// leaves there must be values of `T`, or the file won't open.
    #[must_use]
    pub fn spare_capacity_mut(&mut self) -> &mut [MaybeUninit<T>] {
        self.raw.touch_spare();
        let (len, spare) = (self.len(), self.capacity() - self.len());
        // SAFETY: `len <= capacity`, and both are inside the mapping.
        let end = unsafe { self.raw.base().cast::<MaybeUninit<T>>().add(len) };
        // SAFETY: the bytes between `len` and `capacity` are mapped, aligned and have their place on the
        // device; as `MaybeUninit` they may be anything. `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(end.as_ptr(), spare) }
    }

    /// Sets the number of elements.
    ///
    /// # Safety
    ///
    /// `len` must be at most the [`capacity`](Self::capacity), and the elements below `len` must be
    /// values of `T`: those past the old length through
    /// [`spare_capacity_mut`](Self::spare_capacity_mut), with no call to another method since.
    #[inline]
    pub unsafe fn set_len(&mut self, len: usize) {
        if len < self.len() {
            self.raw.shorten(len);
        } else {
            // SAFETY: the caller's promise is the one asked for.
            unsafe { self.raw.set_len(len) }
        }
    }

    /// Appends an element. Amortised O(1).
    ///
    /// # Errors
    ///
    /// [`Error::DiskFull`] where there is no space for the file to grow, or for the next part of it where the file system copies
    /// on write; [`Error::TooLarge`] where no machine could address it, [`Error::Io`] where the system refuses it for another
    /// reason (the longest file it has, memory, the address space), and [`Error::Poisoned`] where a write fails, or an
    /// earlier one failed and the file would have to grow. The vector is as before.
    #[inline]
    pub fn push(&mut self, value: T) -> Result<(), Error> {
        if !self.raw.may_push() {
            return self.push_and_tell(value);
        }
        // Read once: the compiler can't see that the element is no part of `self`, and would read it again to count.
        let len = self.len();
        // SAFETY: there is room for an element after the last, which nobody need be asked for.
        unsafe { self.write_last(len, value) };
        // SAFETY: the push was allowed, and the element was just written.
        unsafe { self.raw.set_len_pushed(len + 1) };
        Ok(())
    }

    /// A push that must ask or tell somebody.
    #[inline]
    fn push_and_tell(&mut self, value: T) -> Result<(), Error> {
        self.raw.prepare(1)?;
        let len = self.len();
        // SAFETY: `prepare` made room for an element after the last.
        unsafe { self.write_last(len, value) };
        // SAFETY: there is room for `len + 1` elements, and the last was just written.
        unsafe { self.raw.set_len(len + 1) };
        Ok(())
    }

    /// Writes an element after the last, and doesn't count it.
    ///
    /// # Safety
    ///
    /// `len` must be the length, and there be room that may be written.
    #[inline]
    unsafe fn write_last(&mut self, len: usize, value: T) {
        // SAFETY: room is inside the mapping.
        let end = unsafe { self.raw.base().cast::<T>().add(len) };
        // SAFETY: the place is aligned, writable, and nothing refers to it.
        unsafe { end.write(value) };
    }

    /// Appends a copy of each element. O(n).
    ///
    /// On Linux a piece of 512 KiB or more is written to the file directly, and the device begins at once, so
    /// that little is left for the commit to wait for: much quicker than as many pushes.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push): all elements were appended, or none.
    pub fn extend_from_slice(&mut self, other: &[T]) -> Result<(), Error> {
        // SAFETY: the elements are readable, have no uninitialised bytes, and bytes need no alignment.
        let bytes =
            unsafe { std::slice::from_raw_parts(other.as_ptr().cast::<u8>(), size_of_val(other)) };
        let in_memory = self.raw.prepare_bytes(bytes)?.div_ceil(size_of::<T>());
        let len = self.len();
        // SAFETY: there is room, by the call above. `other` can't overlap memory past our length, to
        // which nobody has a reference while `self` is borrowed mutably.
        unsafe { self.append_from(other.as_ptr(), in_memory) }
        // SAFETY: the elements after those are in the file, and memory past our length shows it; there is room for all.
        unsafe { self.raw.set_len(len + other.len()) }
        Ok(())
    }

    /// Appends copies of the elements in `range`. O(n).
    ///
    /// # Panics
    ///
    /// Where the range is not one of the vector's.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push): all elements were appended, or none.
    #[track_caller]
    pub fn extend_from_within<R: RangeBounds<usize>>(&mut self, range: R) -> Result<(), Error> {
        let Range { start, end } = range_of(range, self.len());
        self.raw.prepare(end - start)?;
        // SAFETY: `start <= len`, by `range`; the address is taken after growth may have moved it.
        let source = unsafe { self.as_ptr().add(start) };
        // SAFETY: there is room, and elements below the length don't overlap those past it.
        unsafe { self.append_from(source, end - start) }
        Ok(())
    }

    /// Appends copies of one element. O(n).
    pub(crate) fn append_copies(&mut self, count: usize, value: T) -> Result<(), Error> {
        self.raw.prepare(count)?;
        for place in &mut self.spare_capacity_mut()[..count] {
            place.write(value);
        }
        // SAFETY: there is room for them, and they were just written.
        unsafe { self.raw.set_len(self.len() + count) };
        Ok(())
    }

    /// Appends `count` elements that are copied from `source`.
    ///
    /// # Safety
    ///
    /// There must be room for them, `source` must be valid for reads of them, and they must not overlap
    /// the room.
    unsafe fn append_from(&mut self, source: *const T, count: usize) {
        let len = self.len();
        // SAFETY: there is room after the length, so the address is inside the mapping.
        let end = unsafe { self.raw.base().cast::<T>().add(len) };
        // SAFETY: both sides are aligned, long enough and apart, by the caller's promise.
        unsafe { end.as_ptr().copy_from_nonoverlapping(source, count) };
        // SAFETY: there is room for them, and they were just written.
        unsafe { self.raw.set_len(len + count) };
    }

    /// Keeps the first `len` elements; does nothing where there are fewer. O(1).
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.raw.shorten(len);
        }
    }

    /// Makes the vector as it is now the one that `open` finds after a crash: all of it or, if the crash comes
    /// before the end, nothing.
    ///
    /// Does nothing, and takes no time, where nothing changed.
    ///
    /// ```
    /// # use persist_core::MmapVec;
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("accounts.pv");
    /// let mut accounts = MmapVec::<i64>::create(&path)?;
    /// accounts.extend_from_slice(&[100, 0])?;
    /// accounts.commit()?;
    ///
    /// accounts[0] -= 30;
    /// accounts[1] += 30;
    /// accounts.commit()?; // both, or none
    ///
    /// accounts[0] -= 30;
    /// drop(accounts); // as a crash here
    /// assert_eq!(MmapVec::<i64>::open(&path)?, [70, 30]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Durability
    ///
    /// When this returns `Ok` the changes are on the device, as far as it tells the truth about flushes. In
    /// [`Mode::Shared`](crate::Mode::Shared) the same holds, but for the "or nothing".
    ///
    /// # Costs
    ///
    /// In mode *atomic*, a flush of as many bytes as changed (in units of 16, and 16 more for each run of them), and of
    /// at most 256 KiB that were appended: they go to the journal with one write. Two flushes where more was
    /// appended, which is flushed where it lies; three or more where both are the case, where the journal is full, or too
    /// small for the changes, and for the first commit after a file that was closed is opened, which also looks for holes: in time
    /// proportional to the extents of the file.
    ///
    /// To find the changes it looks at the pages that were changed through an index (`vector[i]`, [`get_mut`](Self::get_mut));
    /// where a `&mut [T]` was lent, it asks the kernel which pages were written, in time
    /// proportional to the pages that were read or written since the first `&mut [T]`: up to a quarter of what reading them takes (some 10 ms for 1
    /// GiB that was scanned, hardly anything where little was touched); elsewhere than on Linux it compares all of them with the file.
    ///
    /// In mode *shared*, a flush of the pages that were changed, and a second one where the number of elements was.
    ///
    /// # Errors
    ///
    /// [`Error::DiskFull`] where changes in place that are too large for the journal find no room: they need as much free
    /// space as changed, until the commit is done; and where the file is a sparse copy whose holes the first commit finds no space
    /// for. [`Error::Io`] where the file can't be read. Nothing was committed and nothing lost
    /// then, and it can be tried again.
    ///
    /// [`Error::Poisoned`] where a write or a flush failed, now or
    /// earlier: this commit or the one before is in the file. It is not tried again: the kernel drops what it
    /// could not write, so a second flush would succeed and mean nothing. Reading goes on, and what is changed from now on stays in
    /// memory; opening the file anew recovers it.
    pub fn commit(&mut self) -> Result<(), Error> {
        self.raw.commit()
    }

    /// Makes the vector what it was at the last commit: elements and length. It is as if nothing had
    /// happened since.
    ///
    /// ```
    /// # use persist_core::MmapVec;
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("numbers.pv");
    /// let mut numbers = MmapVec::<u32>::create(&path)?;
    /// numbers.extend_from_slice(&[3, 1, 2])?;
    /// numbers.commit()?;
    /// numbers.sort();
    /// numbers.push(9)?;
    /// numbers.rollback()?;
    /// assert_eq!(numbers, [3, 1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Costs dropping the copies of the pages that were changed: no write, and no flush. The room that the file has grown
    /// stays.
    ///
    /// # Errors
    ///
    /// [`Error::NoRollback`] in [`Mode::Shared`](crate::Mode::Shared), where changes are in the file at once.
    /// [`Error::Poisoned`] where a write failed earlier: open the file anew. [`Error::Io`] where it can't be read.
    pub fn rollback(&mut self) -> Result<(), Error> {
        self.raw.rollback()
    }

    /// Moves what was committed from the journal to its place, which the next one to open the file would have to do
    /// otherwise. Commits nothing, and loses nothing.
    ///
    /// There is no need to call this: a commit does it when the journal is full, and [`close`](Self::close) does it. It
    /// is for choosing the moment. Two flushes; none where the journal is empty, and in
    /// [`Mode::Shared`](crate::Mode::Shared). Gives back the memory that copies of changed pages took; where a `&mut [T]` was lent since the
    /// last commit, the next one does.
    ///
    /// # Errors
    ///
    /// [`Error::Poisoned`] where a write or a flush failed, now or earlier.
    pub fn checkpoint(&mut self) -> Result<(), Error> {
        self.raw.checkpoint()
    }

    /// Whether a [`commit`](Self::commit) would change what is found after a crash.
    ///
    /// Costs what finding the changes costs a commit; O(1) where the length changed, or nothing was touched. In
    /// [`Mode::Shared`](crate::Mode::Shared), and where the file can't be read, it may be true without need.
    #[must_use]
    pub fn has_uncommitted_changes(&self) -> bool {
        self.raw.has_uncommitted_changes()
    }

    /// Commits, and marks the file as one that was closed.
    ///
    /// Unlike a drop, which commits nothing and is silent. Everything is in its place afterwards, the journal
    /// is empty, and the last commit stands in both copies in the header, so that damage to one loses nothing. Three
    /// flushes beside those of the commit; none where the file was closed before and nothing changed since. The room that
    /// the file has grown for later elements stays, unless [`shrink_to_fit`](Self::shrink_to_fit) gave it back before.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit). The file is closed and unlocked all the same, so what wasn't committed is gone then: where
    /// something can be done about a full disk, commit first.
    pub fn close(self) -> Result<(), Error> {
        self.raw.close()
    }

    /// Makes room for at least `additional` more elements, usually for more, so that repeated calls don't
    /// grow the file each time.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn reserve(&mut self, additional: usize) -> Result<(), Error> {
        self.reserve_as(additional, Growth::Amortized)
    }

    /// Makes room for `additional` more elements and no others.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn reserve_exact(&mut self, additional: usize) -> Result<(), Error> {
        self.reserve_as(additional, Growth::Exact)
    }

    fn reserve_as(&mut self, additional: usize, growth: Growth) -> Result<(), Error> {
        if additional > self.capacity() - self.len() {
            self.raw.make_room(additional, growth)?;
        }
        Ok(())
    }

    /// Gives the room after the last element back to the file system. Room that the last commit
    /// counted stays: commit first to give back that of removed elements, too.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file can't be cut, and [`Error::Poisoned`] where an earlier write failed.
    pub fn shrink_to_fit(&mut self) -> Result<(), Error> {
        self.shrink_to(0)
    }

    /// Like [`shrink_to_fit`](Self::shrink_to_fit), but keeps room for `min_capacity` elements.
    ///
    /// # Errors
    ///
    /// As [`shrink_to_fit`](Self::shrink_to_fit).
    pub fn shrink_to(&mut self, min_capacity: usize) -> Result<(), Error> {
        self.raw.shrink(min_capacity)
    }
}
