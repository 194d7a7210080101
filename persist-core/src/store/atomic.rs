//! Mode *atomic*: commits that happen as a whole or not at all.
//!
//! A commit is durable when its record in the journal is; only after that do its pages go to their
//! place, at leisure. A slot that is written empties the journal, for records name the epoch of the
//! slot that they build on.
//!
//! # Invariants
//!
//! 1. What the file holds, overlaid with the waiting pages, is the last commit.
//! 2. No committed byte is written in place before a durable record can bring it back.
//! 3. The journal is written only when the newest slot is durable, so that no older one comes back
//!    and misses its records.
//! 4. A slot is written only when everything that the journal holds is durable in its place.
//! 5. An append that isn't in the journal moves on to another epoch: older records would undo it.
//!
//! Proved by experiment in [`vec::tests::crash`](crate::vec), where breaking any of them is noticed.

use super::in_place::InPlace;
use super::*;
use crate::checksum::{Checksum, checksum};
use crate::header::BLOCK_BYTES;
use crate::journal::{
    MAX_EXTENT_BYTES, RECORD_HEADER_BYTES, RecordHeader, Redo, put_extent, record_bytes,
};

/// What is appended goes to the journal up to this size, and so is durable after one flush. More than that
/// is made durable where it is: writing it twice would cost more than a flush.
const MAX_LOGGED_APPEND_BYTES: usize = 256 << 10;

/// A payload that outgrew the journal is written in pieces of so many bytes.
const SPILL_PIECE_BYTES: usize = 4 << 20;

/// What changed since the last commit, on its way to the journal.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    /// Extents: all of them, or those after the ones that were spilled.
    extents: Vec<u8>,
    spill: Option<Spill>,
}

/// The part of a large payload that was written past the end of the data.
#[derive(Debug)]
struct Spill {
    offset: u64,
    bytes: u64,
    checksum: Checksum,
}

/// What was appended since the last commit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Append<'a> {
    pub(crate) bytes: &'a [u8],
    /// How many of these bytes, from the first on, the file may not have: memory is private there.
    pub(crate) private_bytes: usize,
}

/// How a commit was made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    /// By a record in the journal. The pages that changed are to [wait](Store::keep_page), and so are those that
    /// were appended to, where the record has that, too.
    Logged { with_append: bool },
    /// The file has everything in its place, or there was nothing to commit.
    InPlace,
}

impl Store {
    /// Brings a file that was not closed to its last commit.
    ///
    /// What was found may be known to the kernel only, where a kill cut a commit short: the newest slot, or a record.
    /// It is made durable before anything builds on it, and before anything is overwritten that the one before
    /// it may need. The rest may be repeated if it is cut short: it changes nothing that its records don't say again.
    pub(crate) fn recover(&mut self) -> Result<(), Error> {
        let replay = std::mem::replace(&mut self.replay, Replay::nothing(&self.header));
        let was_closed = self.state.clean && self.header.slots.agree;
        if self.mode() == Mode::Shared || was_closed {
            return Ok(());
        }
        match mutant::is(Mutant::SkipFlushAfterOpen) {
            false => self.sync(&Mapping::none())?,
            true => self.durable = true,
        }
        if replay.records == 0 {
            return Ok(());
        }
        self.restore_len(replay.len)?;
        for redo in &replay.redo {
            self.redo(*redo, replay.len)?;
        }
        if mutant::is(Mutant::RecoverWithoutSlot) {
            return self.sync(&Mapping::none());
        }
        self.checkpoint_to(replay.len)
    }

    /// Whether a crash left something past the elements, after the file was [recovered](Self::recover): room for more
    /// of them, and maybe as much as the last commit changed, on its way to its place.
    pub(crate) fn has_spare_bytes(&self) -> bool {
        let newest = &self.header.slots.newest;
        let end = self.data_offset() + self.committed_bytes();
        let is_longer = || self.storage.len_bytes().is_ok_and(|found| found > end);
        newest.mode == Mode::Atomic && !newest.clean && is_longer()
    }

    /// Cuts off what is past the elements.
    pub(crate) fn give_back_spare_bytes(&self) {
        // Where it can't be cut it is only longer than need be.
        let _ = self.storage.truncate(self.data_offset() + self.committed_bytes());
    }

    /// Makes the file as long as its last commit needs. A crash may have lost its length, and not the
    /// record of what was appended.
    fn restore_len(&mut self, len: u64) -> Result<(), Error> {
        let needed = self.header.file_bytes(len).expect("the journal was checked");
        let found = self.storage.len_bytes().map_err(|source| self.io(Action::Read, source))?;
        if found < needed {
            self.storage
                .allocate(found, needed)
                .map_err(|source| self.growth_error(needed - found, source))?;
        }
        Ok(())
    }

    /// Writes what a record brings to its place, for a file of `len` elements.
    fn redo(&mut self, redo: Redo, len: u64) -> Result<(), Error> {
        let (storage, data_offset) = (&*self.storage, self.data_offset());
        let end = len * self.header.preamble.element_bytes.get();
        let mut place = InPlace::new(storage, data_offset, end);
        let redone = redo
            .for_each_extent(&mut reader(storage), end, |offset, bytes| place.write(offset, bytes))
            .and_then(|()| place.finish());
        redone.map_err(|error| self.poisoned(Action::Write, error))
    }

    /// What the journal had when the file was opened, as long as it waits to be applied.
    pub(crate) fn replay(&self) -> &Replay {
        &self.replay
    }

    /// Whether the journal has something that the file hasn't.
    pub(crate) fn is_pending(&self) -> bool {
        self.replay.records > 0
    }

    /// The end of the first of the pieces in which committed bytes are [read](Self::committed).
    pub(crate) fn committed_piece(&self, start: usize, end: usize) -> usize {
        let page_bytes = self.storage.page_bytes();
        let page = start / page_bytes;
        match self.overlay.next_from(page) {
            Some(waiting) if waiting == page => end.min((page + 1) * page_bytes),
            Some(waiting) => end.min(waiting * page_bytes),
            None => end,
        }
    }

    /// Bytes of the data as they were committed, of one [piece](Self::committed_piece). `buffer` is for those that nobody has in
    /// memory.
    pub(crate) fn committed<'a>(
        &'a self,
        range: Range<usize>,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Error> {
        let page_bytes = self.storage.page_bytes();
        let (page, start) = (range.start / page_bytes, range.start % page_bytes);
        let waiting =
            if mutant::is(Mutant::ForgetPagesInMemory) { None } else { self.overlay.get(page) };
        if let Some(waiting) = waiting {
            return Ok(&waiting[start..start + range.len()]);
        }
        buffer.resize(range.len(), 0);
        self.storage
            .read_exact_at(self.data_offset() + range.start as u64, buffer)
            .map_err(|source| self.io(Action::Read, source))?;
        Ok(buffer)
    }

    /// Adds bytes that changed, at `offset` of the data, to a payload.
    ///
    /// # Errors
    ///
    /// Where the payload outgrows the journal, and there is no room for it on the disk. Nothing is lost.
    pub(crate) fn log(
        &mut self,
        payload: &mut Payload,
        mut offset: usize,
        bytes: &[u8],
    ) -> Result<(), Error> {
        for extent in bytes.chunks(MAX_EXTENT_BYTES) {
            put_extent(&mut payload.extents, offset as u64, extent);
            offset += extent.len();
            let most_bytes = match payload.spill {
                None => self.journal_capacity_bytes(),
                Some(_) => SPILL_PIECE_BYTES,
            };
            if payload.extents.len() > most_bytes {
                self.spill(payload)?;
            }
        }
        Ok(())
    }

    /// The most payload that a record in the journal can have.
    fn journal_capacity_bytes(&self) -> usize {
        self.header.preamble.journal_bytes.get() as usize - RECORD_HEADER_BYTES
    }

    /// Writes the extents of a payload past the end of the data, where no element will be before the
    /// commit is done.
    fn spill(&mut self, payload: &mut Payload) -> Result<(), Error> {
        self.fill_holes()?;
        let spill = payload.spill.get_or_insert_with(|| Spill {
            offset: self.allocated_bytes,
            bytes: 0,
            checksum: Checksum::new(),
        });
        let (start, bytes) = (spill.offset + spill.bytes, payload.extents.len() as u64);
        if let Err(source) = self.storage.allocate(start, start + bytes) {
            self.give_back();
            return Err(self.growth_error(bytes, source));
        }
        self.write(start, &payload.extents)?;
        spill.checksum.update(&payload.extents);
        spill.bytes += bytes;
        payload.extents.clear();
        Ok(())
    }

    /// Commits a vector of `len` elements.
    pub(crate) fn commit_atomic(
        &mut self,
        len: u64,
        mut payload: Payload,
        append: Append<'_>,
    ) -> Result<Published, Error> {
        self.check_poison()?;
        let old_bytes = self.committed_bytes() as usize;
        let most_logged = MAX_LOGGED_APPEND_BYTES.min(self.journal_capacity_bytes() / 2);
        let is_logged = append.bytes.len() <= most_logged;
        if is_logged && !mutant::is(Mutant::ForgetAppendedRange) {
            self.log(&mut payload, old_bytes, append.bytes)?;
        }
        if len == self.committed_len && payload.is_empty() {
            return Ok(Published::InPlace);
        }
        // Before anything is written that can't be taken back.
        self.fill_holes()?;
        if !is_logged {
            self.write_private(old_bytes, append)?;
            if payload.is_empty() {
                self.checkpoint_to(len)?;
                return Ok(Published::InPlace);
            }
        }
        self.prepare_journal(payload.bytes_in_journal(), !is_logged)?;
        match payload.spill {
            None => {
                self.write_record(len, &payload)?;
                Ok(Published::Logged { with_append: is_logged })
            }
            Some(_) => self.commit_spilled(len, payload),
        }
    }

    /// Writes what was appended to private memory to the file, where it is past all that counts.
    fn write_private(&mut self, old_bytes: usize, append: Append<'_>) -> Result<(), Error> {
        if mutant::is(Mutant::ForgetPrivateAppend) {
            return Ok(());
        }
        self.write_data(old_bytes, &append.bytes[..append.private_bytes])
    }

    /// Refuses a file that was closed and has records in its journal for later epochs, which would count when
    /// those come. No writer leaves them; a file that was copied while it was written may have them.
    fn check_unused(&self) -> Result<(), Error> {
        let file_bytes =
            self.storage.len_bytes().map_err(|source| self.io(Action::Read, source))?;
        match Replay::read(&self.header, file_bytes, &mut reader(&*self.storage)) {
            Ok(_) => Ok(()),
            Err(fault) => Err(fault.into_error(&self.path, file_bytes)),
        }
    }

    /// Writes bytes that count for nothing before the next commit.
    pub(crate) fn write_data(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.write(self.data_offset() + offset as u64, bytes)
    }

    /// Makes sure that a record of so much payload can be written. Where the file says *clean*, it must not
    /// any more: nobody looks into the journal of a file that was closed.
    fn prepare_journal(&mut self, payload_bytes: u64, needs_epoch: bool) -> Result<(), Error> {
        let used = self.journal.used_bytes + record_bytes(payload_bytes);
        let is_full = used > self.header.preamble.journal_bytes.get();
        if needs_epoch && mutant::is(Mutant::KeepEpochOnUnloggedAppend) && !is_full {
            return self.sync(&Mapping::none());
        }
        if self.state.clean {
            self.check_unused()?;
        }
        if is_full || needs_epoch || self.state.clean {
            return self.checkpoint_to(self.committed_len);
        }
        Ok(())
    }

    /// The commit point.
    fn write_record(&mut self, len: u64, payload: &Payload) -> Result<(), Error> {
        assert!(
            self.durable,
            "a record was to be written before the slot it builds on was durable"
        );
        let header = RecordHeader {
            epoch: self.state.epoch.into(),
            sequence: (self.journal.records + 1).into(),
            old_len: self.committed_len.into(),
            new_len: len.into(),
            payload_offset: payload.spill.as_ref().map_or(0, |spill| spill.offset).into(),
            payload_bytes: payload.bytes().into(),
            payload_checksum: payload.checksum().into(),
            checksum: 0.into(),
        };
        let bytes = payload.to_record(header.sealed(&self.header.preamble));
        let offset = self.header.preamble.journal_offset.get() + self.journal.used_bytes;
        if mutant::is(Mutant::ApplyBeforeRecord) {
            self.redo_in_memory(payload)?;
        }
        match mutant::is(Mutant::SkipRecordFlush) {
            false => self
                .storage
                .write_durable_at(offset, &bytes)
                .map_err(|error| self.poisoned(Action::Write, error))?,
            true => self.write(offset, &bytes)?,
        }
        self.journal.records += 1;
        self.journal.used_bytes += bytes.len() as u64;
        self.committed_len = len;
        if !mutant::is(Mutant::KeepPagesPastTheEnd) {
            self.overlay.truncate(self.committed_bytes() as usize, self.storage.page_bytes());
        }
        Ok(())
    }

    /// Only mutants write in place what no record has yet.
    fn redo_in_memory(&mut self, payload: &Payload) -> Result<(), Error> {
        let data_offset = self.data_offset();
        let redo = Redo::new(0, payload.extents.len() as u64);
        let mut read = |offset: u64, bytes: &mut [u8]| {
            bytes.copy_from_slice(&payload.extents[offset as usize..][..bytes.len()]);
            Ok(())
        };
        let storage = &*self.storage;
        redo.for_each_extent(&mut read, u64::MAX, |offset, bytes| {
            storage.write_all_at(data_offset + offset, bytes)
        })
        .map_err(|error| self.poisoned(Action::Write, error))
    }

    /// Commits a payload that is too large for the journal: a record points at it.
    fn commit_spilled(&mut self, len: u64, mut payload: Payload) -> Result<Published, Error> {
        if !payload.extents.is_empty() {
            self.spill(&mut payload)?;
        }
        if !mutant::is(Mutant::SkipSpillFlush) {
            self.sync(&Mapping::none())?;
        }
        self.write_record(len, &payload)?;
        let spill = payload.spill.expect("this is a payload that was spilled");
        self.apply()?;
        self.redo(Redo::new(spill.offset, spill.bytes), len)?;
        if mutant::is(Mutant::CutSpillTooEarly) {
            self.give_back();
        }
        self.checkpoint_to(len)?;
        self.give_back();
        Ok(Published::InPlace)
    }

    /// Lets a page that was just committed wait to be written to its place: `bytes`, up to the last that is
    /// committed.
    pub(crate) fn keep_page(&mut self, page: usize, bytes: &[u8]) {
        self.overlay.insert(page, bytes);
    }

    /// Whether a page waits to be written to its place, and has these contents.
    pub(crate) fn waiting_page(&self, page: usize) -> Option<&[u8]> {
        self.overlay.get(page)
    }

    /// Whether a page from `start` on and before `end` waits to be written to its place.
    pub(crate) fn waits_between(&self, start: usize, end: usize) -> bool {
        self.overlay.next_from(start).is_some_and(|page| page < end)
    }

    /// Writes the waiting pages to their place, where that costs less than to let them wait. Where the commit had to compare all
    /// of them, `changed_pages` says how many it found.
    pub(crate) fn apply_if_many(&mut self, changed_pages: Option<usize>) -> Result<(), Error> {
        if let Some(changed_pages) = changed_pages {
            self.overlay.count_compared(changed_pages);
        }
        if self.overlay.is_full() { self.apply() } else { Ok(()) }
    }

    /// Writes the waiting pages to their place. Not durably: the journal has them.
    pub(crate) fn apply(&mut self) -> Result<(), Error> {
        let (storage, data_offset) = (&*self.storage, self.data_offset());
        self.overlay
            .for_each_run(storage.page_bytes(), |offset, bytes| {
                storage.write_all_at(data_offset + offset, bytes)
            })
            .map_err(|error| self.poisoned(Action::Write, error))?;
        self.applied.extend(self.overlay.take());
        Ok(())
    }

    /// The pages that went to their place since this was last asked. Some may wait again.
    pub(crate) fn take_applied(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.applied)
    }

    /// Puts some of them back.
    pub(crate) fn put_applied(&mut self, pages: Vec<usize>) {
        self.applied.extend(pages);
    }

    /// Moves everything that was committed out of the journal.
    pub(crate) fn checkpoint(&mut self) -> Result<(), Error> {
        self.check_poison()?;
        if self.journal.records == 0 {
            return Ok(());
        }
        self.checkpoint_to(self.committed_len)
    }

    /// Makes durable in its place all that was committed, and then says in a slot that the file has `len`
    /// elements and nothing in its journal.
    fn checkpoint_to(&mut self, len: u64) -> Result<(), Error> {
        self.apply()?;
        let skip = mutant::is(Mutant::EmptyJournalBeforeDataIsDurable)
            || mutant::is(Mutant::RecoverWithoutFlush);
        if !(skip && self.durable) {
            self.sync(&Mapping::none())?;
        }
        self.write_state(State { committed_len: len, clean: false, ..self.state })?;
        if mutant::is(Mutant::ReuseJournalBeforeSlotIsDurable) {
            self.durable = true;
            return Ok(());
        }
        self.sync(&Mapping::none())
    }
}

impl Payload {
    fn is_empty(&self) -> bool {
        self.extents.is_empty() && self.spill.is_none()
    }

    fn bytes(&self) -> u64 {
        self.spill.as_ref().map_or(self.extents.len() as u64, |spill| spill.bytes)
    }

    fn bytes_in_journal(&self) -> u64 {
        if self.spill.is_some() { 0 } else { self.bytes() }
    }

    fn checksum(&self) -> u64 {
        self.spill.as_ref().map_or_else(|| checksum(&self.extents), |spill| spill.checksum.finish())
    }

    /// The record as it stands in the journal.
    fn to_record(&self, header: RecordHeader) -> Vec<u8> {
        let mut record = Vec::with_capacity(record_bytes(self.bytes_in_journal()) as usize);
        record.extend_from_slice(header.as_bytes());
        record.extend_from_slice(&self.extents);
        record.resize(record.len().next_multiple_of(BLOCK_BYTES), 0);
        record
    }
}
