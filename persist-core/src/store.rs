//! A file with its header: created, opened, committed, grown, cut and closed.
//!
//! A [`Store`] counts elements and bytes, and knows which of them are durable. It never touches an
//! element or the memory it maps ([`raw`](crate::raw) does), and it doesn't know how files are
//! found and locked ([`open`](crate::open) does). What mode *atomic* adds to it stands in
//! [`atomic`].

#![forbid(unsafe_code)]

mod atomic;
mod in_place;

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Action, Error, is_full};
use zerocopy::IntoBytes;

use crate::header::{
    DESCRIPTOR_OFFSET, FileFault, Header, LIVE_OFFSET, Live, MAX_EPOCH, Preamble, Slots, State,
};
use crate::journal::Replay;
use crate::lock::Lock;
use crate::mapping::Mapping;
use crate::mode::Mode;
use crate::mutant::{self, Mutant};
use crate::overlay::Overlay;
use crate::storage::{Storage, write_blocks};

pub(crate) use atomic::{Append, Payload, Published};

/// The smallest step by which a file grows. Folios that the kernel allocates in large steps are large
/// themselves; steps below the read-ahead window make them 4 KiB each, and scans four times slower.
const MIN_GROWTH_BYTES: u64 = 1 << 20;
/// The largest step by which a file grows unasked, in its place: one push waits for it.
const MAX_GROWTH_BYTES: u64 = 1 << 26;
/// The same where the file must be mapped anew, and what wasn't committed copied.
const MAX_REMAPPED_GROWTH_BYTES: u64 = 1 << 30;
/// Files grow to a multiple of this.
const GROWTH_UNIT_BYTES: u64 = 1 << 16;

#[derive(Debug)]
pub(crate) struct Store {
    path: Box<Path>,
    storage: Box<dyn Storage>,
    header: Header,
    /// The state in the newest slot.
    state: State,
    /// How many elements the last commit counted: those of the slot, or of the last record.
    committed_len: u64,
    /// What the journal had for this file when it was opened, as long as it waits to be applied.
    replay: Replay,
    journal: Journal,
    overlay: Overlay,
    /// Pages that went from the overlay to their place, and are the same in memory.
    applied: Vec<usize>,
    /// Whether that slot, and everything else that was written, is known to be on the device.
    durable: bool,
    has_leftovers: bool,
    /// How many elements a writer of mode *shared* left behind.
    live_len: Option<u64>,
    /// Up to here every byte has its place on the device, but for [holes](Self::fill_holes).
    allocated_bytes: u64,
    /// Whether there were no holes, or they were filled.
    has_no_holes: bool,
    poison: Option<(Action, Arc<io::Error>)>,
    // Dropped after all that uses the file.
    lock: Option<Lock>,
}

/// What this writer has put into the journal since the newest slot was written.
#[derive(Debug, Default)]
struct Journal {
    records: u64,
    used_bytes: u64,
}

impl Store {
    /// Reads and checks the header and the journal of a file: steps 1 to 9 of `FORMAT.md`.
    pub(crate) fn open(
        path: &Path,
        storage: Box<dyn Storage>,
        lock: Option<Lock>,
    ) -> Result<Self, Error> {
        let file_bytes =
            storage.len_bytes().map_err(|source| Error::io(Action::Read, path, source))?;
        let fault = |fault: FileFault| fault.into_error(path, file_bytes);
        let header = read_header(&*storage, file_bytes).map_err(fault)?;
        let replay = read_journal(&*storage, &header, file_bytes).map_err(fault)?;
        let store = Self {
            path: path.into(),
            allocated_bytes: header.preamble.data_offset.get(),
            has_no_holes: false,
            state: header.slots.newest,
            has_leftovers: !header.slots.newest.clean,
            live_len: header.live_len(storage.boot_id(), file_bytes),
            committed_len: replay.len,
            replay,
            journal: Journal::default(),
            overlay: Overlay::default(),
            applied: Vec::new(),
            // A writer that was killed may have left it to the kernel.
            durable: false,
            storage,
            header,
            poison: None,
            lock,
        };
        store.replay.check_len(&store.header, store.live_len, file_bytes).map_err(fault)?;
        Ok(store)
    }

    /// Refuses a file with more elements than this machine can address.
    pub(crate) fn check_addressable(&self) -> Result<usize, Error> {
        let bytes = self.len().checked_mul(self.header.preamble.element_bytes.get());
        match bytes {
            Some(bytes) if bytes <= isize::MAX as u64 => Ok(self.len() as usize),
            _ => Err(self.too_large(Some(self.len()))),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// The lock on the file, unless somebody promised to keep others away.
    pub(crate) fn lock(&self) -> Option<&Lock> {
        self.lock.as_ref()
    }

    /// How many elements the last commit counted.
    pub(crate) fn committed_len(&self) -> u64 {
        self.committed_len
    }

    /// How many elements the file had when it was opened: those that were committed, or in mode *shared* those
    /// that a writer left behind which the same kernel saw.
    pub(crate) fn len(&self) -> u64 {
        self.live_len.unwrap_or(self.committed_len)
    }

    /// Whether an earlier writer of mode *shared* may have left changes that nobody committed.
    pub(crate) fn has_leftovers(&self) -> bool {
        self.has_leftovers
    }

    pub(crate) fn mode(&self) -> Mode {
        self.state.mode
    }

    /// How many commits the journal had when the file was opened, and still has.
    pub(crate) fn waiting_commits(&self) -> u64 {
        self.replay.records
    }

    /// Where element 0 lies in the file.
    pub(crate) fn data_offset(&self) -> u64 {
        self.header.preamble.data_offset.get()
    }

    /// How many bytes of elements have their place on the device.
    pub(crate) fn data_capacity_bytes(&self) -> u64 {
        self.allocated_bytes - self.data_offset()
    }

    /// How many bytes the committed elements take. [`Replay::check_len`] saw that this is a file's size.
    pub(crate) fn committed_bytes(&self) -> u64 {
        self.committed_len * self.header.preamble.element_bytes.get()
    }

    pub(crate) fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    /// Before the elements that there are when the file was opened may be used. Where a use of memory could meet a hole, and
    /// there is nobody to tell that the disk is full, holes are filled now. In mode *atomic* a hole is read as zeros, and
    /// written by the first growth or commit at the earliest, which fill them: so this is O(1) there.
    pub(crate) fn before_use(&mut self) -> Result<(), Error> {
        let len = self.len().max(self.committed_len);
        let end = self.header.file_bytes(len).ok_or_else(|| self.too_large(Some(len)))?;
        self.allocated_bytes = end;
        match self.mode() == Mode::Shared || self.storage.allocates_to_read() {
            true => self.fill_holes(),
            false => Ok(()),
        }
    }

    /// Makes sure that a write to the journal or any committed element finds its place on the device, also where
    /// somebody copied the file as a sparse one. O(extents of the file), once.
    ///
    /// And that nothing after them is a hole: the kernel finds a place for all of a page of memory, which may be a large one,
    /// where one byte of it is written. What an earlier process had reserved there is given up where there is no space.
    fn fill_holes(&mut self) -> Result<(), Error> {
        if self.has_no_holes {
            return Ok(());
        }
        let start = match self.mode() {
            Mode::Shared => self.data_offset(),
            Mode::Atomic => self.header.preamble.journal_offset.get(),
        };
        // Nothing was allocated since the file was opened: whoever does that comes here first.
        let end = self.allocated_bytes;
        if self.is_sparse(start, end)? {
            self.storage
                .allocate(start, end)
                .map_err(|source| self.growth_error(end - start, source))?;
        }
        let file_end = self.storage.len_bytes().map_err(|source| self.io(Action::Read, source))?;
        if self.is_sparse(end, file_end)? && self.storage.allocate(end, file_end).is_err() {
            self.storage.truncate(end).map_err(|source| self.io(Action::Shrink, source))?;
        }
        self.has_no_holes = true;
        Ok(())
    }

    fn is_sparse(&self, start: u64, end: u64) -> Result<bool, Error> {
        let is_sparse = || self.storage.is_sparse(start, end);
        Ok(start < end && is_sparse().map_err(|source| self.io(Action::Read, source))?)
    }

    /// Writes how many elements there are, for a process that opens the file while this kernel runs.
    pub(crate) fn write_live(&mut self, boot_id: [u8; 16], len: u64) -> Result<(), Error> {
        self.check_poison()?;
        self.write(LIVE_OFFSET, Live::new(boot_id, len).as_bytes())
    }

    /// Says in the file that it has a writer, so that a crash will be known. Two flushes, once for each
    /// time that the file is opened and changed.
    pub(crate) fn mark_unclean(&mut self) -> Result<(), Error> {
        self.check_poison()?;
        if self.state.clean {
            self.sync(&Mapping::none())?;
            self.write_state(State { clean: false, ..self.state })?;
            self.sync(&Mapping::none())?;
        }
        Ok(())
    }

    /// Makes all elements durable, and then their number. One flush where the number is unchanged,
    /// two otherwise.
    pub(crate) fn commit(&mut self, len: u64, mapping: &Mapping) -> Result<(), Error> {
        self.check_poison()?;
        self.sync(mapping)?;
        self.has_leftovers = false;
        if len != self.committed_len {
            self.write_state(State { committed_len: len, clean: false, ..self.state })?;
            self.sync(mapping)?;
        }
        Ok(())
    }

    /// Commits, and writes that to both slots as a state which nothing follows. Three flushes; none where
    /// both slots say it already: the older one was durable before the newer one was written.
    pub(crate) fn close(&mut self, len: u64, mapping: &Mapping) -> Result<(), Error> {
        self.check_poison()?;
        let unchanged = len == self.committed_len && self.journal.records == 0;
        if unchanged && self.state.clean && self.header.slots.agree {
            return Ok(());
        }
        self.apply()?;
        self.sync(mapping)?;
        for _ in 0..2 {
            self.write_state(State { committed_len: len, clean: true, ..self.state })?;
            self.sync(mapping)?;
        }
        Ok(())
    }

    /// Makes room for `needed_bytes` of elements, and for more where `amortized`, so that the cost of
    /// many small steps stays small. Says by how many bytes a full disk fell short.
    pub(crate) fn grow(&mut self, needed_bytes: u64, amortized: bool) -> Result<(), Error> {
        self.check_poison()?;
        self.fill_holes()?;
        let (start, data_offset) = (self.allocated_bytes, self.data_offset());
        let needed = data_offset + needed_bytes;
        let mut end = match amortized {
            true => data_offset + self.growth_target(needed_bytes),
            false => needed,
        };
        loop {
            match self.storage.allocate(start, end) {
                Ok(()) => break self.allocated_bytes = end,
                // A smaller step may still find room, down to the one that is needed.
                Err(error) if is_too_much(&error) && end > needed => {
                    end = needed + (end - needed) / 2
                }
                Err(error) => {
                    self.give_back();
                    return Err(self.growth_error(needed - start, error));
                }
            }
        }
        Ok(())
    }

    fn growth_target(&self, needed_bytes: u64) -> u64 {
        let most_step = match self.storage.maps_past_end() {
            true => MAX_GROWTH_BYTES,
            false => MAX_REMAPPED_GROWTH_BYTES,
        };
        growth_target(self.data_capacity_bytes(), needed_bytes, most_step)
    }

    /// Writes bytes that count for nothing before the next commit, where there is room for them. A file system that
    /// copies on write may lack the space all the same.
    pub(crate) fn write_ahead(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Error> {
        self.write_uncounted(offset, bytes, |storage, place| storage.write_all_at(place, bytes))
    }

    /// The same for many bytes, which the device begins to write at once.
    pub(crate) fn write_through(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Error> {
        self.write_uncounted(offset, bytes, |storage, place| write_blocks(storage, place, bytes))
    }

    fn write_uncounted(
        &mut self,
        offset: usize,
        bytes: &[u8],
        write: impl FnOnce(&dyn Storage, u64) -> io::Result<()>,
    ) -> Result<(), Error> {
        self.check_poison()?;
        let place = self.data_offset() + offset as u64;
        debug_assert!(place + bytes.len() as u64 <= self.allocated_bytes);
        write(&*self.storage, place).map_err(|source| match is_too_much(&source) {
            true => self.growth_error(bytes.len() as u64, source),
            false => self.poisoned(Action::Write, source),
        })
    }

    /// Returns the bytes that a failed growth may have got half-way: others need them.
    fn give_back(&self) {
        // The growth has failed already, and its error says more than this one would.
        let _ = self.storage.truncate(self.allocated_bytes);
    }

    /// Cuts the file after `data_bytes` of elements, but never below the last commit.
    pub(crate) fn shrink(&mut self, data_bytes: u64) -> Result<(), Error> {
        // What is cut off must not be needed by a recovery: there may be no room for it then.
        self.checkpoint()?;
        if !self.durable {
            // The slot before this one may count more elements.
            self.sync(&Mapping::none())?;
        }
        let end = self.data_offset() + data_bytes.max(self.committed_bytes());
        self.storage.truncate(end).map_err(|source| self.io(Action::Shrink, source))?;
        self.allocated_bytes = end.min(self.allocated_bytes);
        Ok(())
    }

    /// Writes a state to the slot that doesn't hold the newest one, which must be durable: a crash may
    /// spoil the slot that is written.
    fn write_state(&mut self, state: State) -> Result<(), Error> {
        assert!(self.durable, "a slot was to be written before the other was durable");
        self.journal = Journal::default();
        if self.state.epoch == MAX_EPOCH {
            let error = io::Error::other("the epochs of the file are used up");
            return Err(self.poisoned(Action::Write, error));
        }
        self.durable = false;
        let state = State { epoch: self.state.epoch + 1, ..state };
        let offset = match mutant::is(Mutant::WrongSlot) {
            false => state.slot_offset(),
            true => self.state.slot_offset(),
        };
        self.write(offset, &state.to_block())?;
        self.state = state;
        self.committed_len = state.committed_len;
        Ok(())
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        self.storage
            .write_all_at(offset, bytes)
            .map_err(|error| self.poisoned(Action::Write, error))
    }

    fn sync(&mut self, mapping: &Mapping) -> Result<(), Error> {
        self.storage.sync(mapping).map_err(|error| self.poisoned(Action::Sync, error))?;
        self.durable = true;
        Ok(())
    }

    /// Has the device begin to write the bytes `next` of the file, when it is done with what of `before` it began with. The
    /// device may have failed, which the next sync is not told.
    pub(crate) fn write_back_after(
        &mut self,
        before: Range<u64>,
        next: Range<u64>,
    ) -> Result<(), Error> {
        self.storage
            .finish_write_back(before.start, before.end)
            .map_err(|error| self.poisoned(Action::Sync, error))?;
        self.storage.start_write_back(next.start, next.end);
        Ok(())
    }

    pub(crate) fn check_poison(&self) -> Result<(), Error> {
        match &self.poison {
            None => Ok(()),
            Some((action, source)) => Err(Error::Poisoned {
                path: self.path.clone(),
                action: *action,
                source: Arc::clone(source),
            }),
        }
    }

    /// Remembers a failure after which nobody knows what reached the disk. It is never tried again: the
    /// kernel forgets pages that it could not write, so a second sync would lie.
    pub(crate) fn poisoned(&mut self, action: Action, error: io::Error) -> Error {
        self.poison = Some((action, Arc::new(error)));
        if self.mode() == Mode::Shared {
            if self.storage.boot_id().is_some() {
                // Elements may be lost that the live state counts. Where this fails, too, nobody can help.
                let nobody = Live::new([0; 16], 0);
                let _ = self.storage.write_all_at(LIVE_OFFSET, nobody.as_bytes());
            }
            self.forget_cache();
        }
        self.check_poison().expect_err("the store was poisoned just now")
    }

    /// Has the kernel forget what it holds of the file and takes to be written, but for what is mapped: it may be neither
    /// on the device, nor what the next handle is to see. In mode *atomic*, when memory has copies of it.
    pub(crate) fn forget_cache(&self) {
        self.storage.forget_cache();
    }

    /// The error for a recovery that failed: nobody has a handle yet that could be poisoned.
    pub(crate) fn recovery_failed(&self, error: Error) -> Error {
        match error {
            Error::Poisoned { source, .. } => {
                self.io(Action::Recover, io::Error::new(source.kind(), source))
            }
            error => error,
        }
    }

    pub(crate) fn io(&self, action: Action, source: io::Error) -> Error {
        Error::io(action, &self.path, source)
    }

    fn growth_error(&self, needed_bytes: u64, source: io::Error) -> Error {
        Error::no_room(Action::Grow, &self.path, needed_bytes, source)
    }

    pub(crate) fn no_rollback(&self) -> Error {
        Error::NoRollback { path: self.path.clone() }
    }

    pub(crate) fn too_large(&self, elements: Option<u64>) -> Error {
        Error::TooLarge {
            path: self.path.clone(),
            elements: elements.unwrap_or(u64::MAX),
            element_bytes: self.header.preamble.element_bytes.get(),
        }
    }
}

impl Drop for Store {
    /// After a failed sync the kernel keeps pages that it could not write, and calls them written: the next
    /// handle would read them, and commit them without a byte reaching the disk. So they are dropped, here
    /// those that were mapped until now.
    fn drop(&mut self) {
        if self.poison.is_some() {
            self.forget_cache();
        }
    }
}

/// The room for elements that a vector asks for when it needs `needed` bytes and has `capacity`.
fn growth_target(capacity: u64, needed: u64, most_step: u64) -> u64 {
    let step = capacity.clamp(MIN_GROWTH_BYTES, most_step);
    needed.max(capacity + step).next_multiple_of(GROWTH_UNIT_BYTES)
}

/// Whether less might have been possible: the device is full, or the file may not be that long.
fn is_too_much(error: &io::Error) -> bool {
    is_full(error) || error.kind() == io::ErrorKind::FileTooLarge
}

/// Reads what [`Header::parse`] needs, which the preamble says.
fn read_header(storage: &dyn Storage, file_bytes: u64) -> Result<Header, FileFault> {
    let mut bytes = vec![0; file_bytes.min(DESCRIPTOR_OFFSET) as usize];
    storage.read_exact_at(0, &mut bytes)?;
    let preamble = Preamble::parse(&bytes, file_bytes)?;
    let mut bytes = vec![0; preamble.header_bytes() as usize];
    storage.read_exact_at(0, &mut bytes)?;
    Header::parse(preamble, &bytes)
}

/// Reads what mode *atomic* left in the journal. A file that was closed has nothing there that counts; but where
/// one of its slots is lost it may have been written since.
fn read_journal(
    storage: &dyn Storage,
    header: &Header,
    file_bytes: u64,
) -> Result<Replay, FileFault> {
    let Slots { newest, torn, .. } = header.slots;
    if newest.mode == Mode::Shared || newest.clean && !torn {
        return Ok(Replay::nothing(header));
    }
    Replay::read(header, file_bytes, &mut reader(storage))
}

/// How the journal's code reads a storage that it doesn't know.
pub(crate) fn reader(storage: &dyn Storage) -> impl FnMut(u64, &mut [u8]) -> io::Result<()> {
    |offset, bytes| storage.read_exact_at(offset, bytes)
}

impl FileFault {
    pub(crate) fn into_error(self, path: &Path, file_bytes: u64) -> Error {
        let path = path.into();
        match self {
            Self::NotPersist { found } => Error::NotPersist { path, found },
            Self::Truncated { expected_bytes } => {
                Error::Truncated { path, expected_bytes, found_bytes: file_bytes }
            }
            Self::Corrupt(damage) => Error::Corrupt { path, damage: Box::new(damage) },
            Self::Unsupported(feature) => Error::Unsupported { path, feature },
            Self::Unreadable(source) => Error::Io { action: Action::Read, path, source },
        }
    }
}

#[cfg(test)]
mod tests;
