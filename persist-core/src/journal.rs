//! The redo journal of mode *atomic*, byte by byte: records, what they hold, and which of them count.
//!
//! Follows `FORMAT.md`, "Journal". This module sees bytes and numbers only: it reads through a function
//! that it is given, never writes, and knows neither memory nor pages nor elements.

#![forbid(unsafe_code)]

mod delta;
mod payload;
#[cfg(test)]
mod tests;

use std::io;

use zerocopy::byteorder::little_endian::U64;
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

pub(crate) use delta::for_each_change;
#[cfg(test)]
pub(crate) use payload::ExtentHeader;
use payload::PayloadReader;
pub(crate) use payload::{MAX_EXTENT_BYTES, put_extent};

use crate::checksum::checksum_with_seed;
use crate::error::Region;
use crate::header::{BLOCK_BYTES, Faults, FileFault, Header, Preamble, SLOT_OFFSETS, Stop};
use crate::mutant::{self, Mutant};

/// What a record begins with.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub(crate) struct RecordHeader {
    pub(crate) epoch: U64,
    pub(crate) sequence: U64,
    pub(crate) old_len: U64,
    pub(crate) new_len: U64,
    pub(crate) payload_offset: U64,
    pub(crate) payload_bytes: U64,
    pub(crate) payload_checksum: U64,
    pub(crate) checksum: U64,
}

pub(crate) const RECORD_HEADER_BYTES: usize = size_of::<RecordHeader>();
/// The bytes of a record's header that its checksum covers.
const CHECKED_BYTES: usize = std::mem::offset_of!(RecordHeader, checksum);

/// How much is read at a time.
const READ_BYTES: usize = 256 << 10;

/// Reads exactly so many bytes at an offset of the file.
pub(crate) type ReadAt<'a> = dyn FnMut(u64, &mut [u8]) -> io::Result<()> + 'a;

/// The payload of a record that counts: changed bytes of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Redo {
    offset: u64,
    bytes: u64,
}

/// The records of a journal that count, and what they make of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replay {
    /// How many records count.
    pub(crate) records: u64,
    /// Their payloads, in the order in which they are to be applied.
    pub(crate) redo: Vec<Redo>,
    /// How many elements the last of them counts; those of the slot where there are none.
    pub(crate) len: u64,
    /// Where the next record would begin, in the file.
    pub(crate) end: u64,
    /// Where a record begins that doesn't count, and has all but a whole payload: a commit that was cut short.
    pub(crate) cut_short: Option<u64>,
    /// Records that don't count, and tell that something was damaged. Only who goes on after a fault sees any.
    pub(crate) lost: Lost,
}

impl RecordHeader {
    /// This header with its checksum.
    pub(crate) fn sealed(mut self, preamble: &Preamble) -> Self {
        self.checksum = self.expected_checksum(preamble).into();
        self
    }

    /// Like no record of another file, nor one that somebody else could make: elements that look like a record
    /// stand in the journal when they are committed.
    fn expected_checksum(&self, preamble: &Preamble) -> u64 {
        checksum_with_seed(&self.as_bytes()[..CHECKED_BYTES], preamble.journal_salt.get())
    }
}

/// The bytes that a record of so much payload takes in the journal.
pub(crate) fn record_bytes(payload_bytes: u64) -> u64 {
    (RECORD_HEADER_BYTES as u64 + payload_bytes).next_multiple_of(BLOCK_BYTES as u64)
}

impl Replay {
    /// What a file has that nothing was committed to since its newest slot was written.
    pub(crate) fn nothing(header: &Header) -> Self {
        let len = header.slots.newest.committed_len;
        let end = header.preamble.journal_offset.get();
        Self { records: 0, redo: Vec::new(), len, end, cut_short: None, lost: Lost::default() }
    }

    /// Calls `apply` with the offset from the beginning of the data, and the bytes that belong there, of all records that
    /// count, in order: of those before `end`.
    pub(crate) fn for_each_extent(
        &self,
        read: &mut ReadAt<'_>,
        end: u64,
        mut apply: impl FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.redo.iter().try_for_each(|redo| redo.for_each_extent(read, end, &mut apply))
    }

    /// How many bytes the records bring, at most.
    pub(crate) fn payload_bytes(&self) -> u64 {
        self.redo.iter().fold(0, |sum, redo| sum.saturating_add(redo.bytes))
    }

    /// Finds the records that count, in a file of `file_bytes`. Changes nothing.
    ///
    /// # Errors
    ///
    /// Where the file can't be read; where a record that counts makes no sense; and where one that
    /// doesn't is followed by one that does, so that something was lost.
    pub(crate) fn read(
        header: &Header,
        file_bytes: u64,
        read: &mut ReadAt<'_>,
    ) -> Result<Self, FileFault> {
        Faults::first(|faults| Self::examine(header, file_bytes, read, faults))
    }

    /// The same. Where a record makes no sense, those before it are what there is.
    pub(crate) fn examine(
        header: &Header,
        file_bytes: u64,
        read: &mut ReadAt<'_>,
        faults: &mut Faults,
    ) -> Result<Self, Stop> {
        let mut journal = Journal::new(header, file_bytes, read);
        let mut replay = Self::nothing(header);
        if header.file_bytes(replay.len).is_none() {
            return Ok(replay);
        }
        loop {
            match journal.next(replay.len) {
                Ok(Some((record, redo))) => replay.push(&record, redo),
                Ok(None) => break,
                Err(FileFault::Unreadable(error)) => return Err(faults.stop(error)),
                Err(fault) => break faults.add(fault)?,
            }
        }
        (replay.end, replay.cut_short) = (journal.position, journal.cut_short);
        replay.lost = journal.check_rest(faults)?;
        Ok(replay)
    }

    fn push(&mut self, record: &RecordHeader, redo: Redo) {
        self.records += 1;
        self.len = record.new_len.get();
        if redo.bytes > 0 {
            self.redo.push(redo);
        }
    }

    /// Step 9: the file is as long as its slots say, but for what records bring; and as the live state says, where that
    /// counts.
    pub(crate) fn check_len(
        &self,
        header: &Header,
        live_len: Option<u64>,
        file_bytes: u64,
    ) -> Result<(), FileFault> {
        let slot_len = header.slots.newest.committed_len;
        let least_len = if self.records > 0 { slot_len.min(self.len) } else { slot_len };
        let len = live_len.unwrap_or(self.len);
        let brought = self.payload_bytes();
        for (len, found_bytes) in
            [(least_len, file_bytes), (len, file_bytes.saturating_add(brought))]
        {
            let expected_bytes = header.file_bytes(len).unwrap_or(u64::MAX);
            if expected_bytes > found_bytes {
                return Err(FileFault::Truncated { expected_bytes });
            }
        }
        Ok(())
    }
}

/// Records that were found past one that doesn't count, so that something before them was damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Lost {
    /// How many there are.
    pub(crate) records: u64,
    /// The newest of them.
    pub(crate) newest: Option<Newest>,
    /// How many elements there were when the first record of the largest epoch was written, where that record is
    /// among these: so many as its slot said.
    pub(crate) slot_len: Option<u64>,
}

/// The newest of some records: the one of the largest epoch, and in that of the largest sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Newest {
    pub(crate) epoch: u64,
    pub(crate) sequence: u64,
    /// How many elements it counts.
    pub(crate) len: u64,
}

impl Lost {
    fn count(&mut self, record: &RecordHeader) {
        let (epoch, sequence) = (record.epoch.get(), record.sequence.get());
        self.records += 1;
        if self.newest.is_none_or(|newest| newest.epoch < epoch) {
            self.slot_len = None;
        }
        self.newest = self.newest.max(Some(Newest { epoch, sequence, len: record.new_len.get() }));
        if sequence == 1 && self.newest.is_some_and(|newest| newest.epoch == epoch) {
            self.slot_len = Some(record.old_len.get());
        }
    }
}

impl Redo {
    pub(crate) fn new(offset: u64, bytes: u64) -> Self {
        Self { offset, bytes }
    }

    /// Calls `apply` with the offset from the beginning of the data, and the bytes that belong there, in
    /// order: of those before `end`, for a later record may have removed what this one brings. The payload was
    /// found to be whole before.
    pub(crate) fn for_each_extent(
        &self,
        read: &mut ReadAt<'_>,
        end: u64,
        mut apply: impl FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut payload = PayloadReader::new(read, self.offset, self.bytes);
        while let Some((offset, bytes)) = payload.next_extent()? {
            let kept = end.saturating_sub(offset).min(bytes.len() as u64);
            if kept > 0 {
                apply(offset, &bytes[..kept as usize])?;
            }
        }
        Ok(())
    }
}

/// A journal that is being read.
struct Journal<'a, 'b> {
    header: &'a Header,
    file_bytes: u64,
    read: &'a mut ReadAt<'b>,
    /// Where the next record begins, in the file.
    position: u64,
    /// Its number.
    sequence: u64,
    /// The most elements that the file had in this epoch.
    most_len: u64,
    /// No record of this epoch can follow: the file was closed, or its writer went on to the next epoch.
    is_over: bool,
    /// Where the record begins whose payload isn't whole.
    cut_short: Option<u64>,
}

impl<'a, 'b> Journal<'a, 'b> {
    fn new(header: &'a Header, file_bytes: u64, read: &'a mut ReadAt<'b>) -> Self {
        let position = header.preamble.journal_offset.get();
        let is_over = header.slots.newest.clean;
        Self {
            header,
            file_bytes,
            read,
            position,
            sequence: 1,
            most_len: 0,
            is_over,
            cut_short: None,
        }
    }

    fn end(&self) -> u64 {
        self.header.preamble.data_offset.get()
    }

    /// The next record, if it counts. `len` is what the one before it left.
    fn next(&mut self, len: u64) -> Result<Option<(RecordHeader, Redo)>, FileFault> {
        if self.position >= self.end() || self.is_over {
            return Ok(None);
        }
        let mut record = RecordHeader::new_zeroed();
        (self.read)(self.position, record.as_mut_bytes())?;
        if !self.is_whole(&record)
            || !self.is_of_this_epoch(&record)
            || record.sequence.get() != self.sequence
        {
            return Ok(None);
        }
        self.most_len = self.most_len.max(len).max(record.new_len.get());
        let redo = self.check_record(&record, len)?;
        if !self.check_payload(&record, redo)? {
            self.cut_short = Some(self.position);
            return Ok(None);
        }
        self.is_over = record.payload_offset != 0 || mutant::is(Mutant::ReplayOneRecord);
        self.position += record_bytes(if self.is_over { 0 } else { redo.bytes });
        self.sequence += 1;
        Ok(Some((record, redo)))
    }

    /// Whether this is the header of a record of this file.
    fn is_whole(&self, record: &RecordHeader) -> bool {
        record.checksum.get() == record.expected_checksum(&self.header.preamble)
    }

    fn is_of_this_epoch(&self, record: &RecordHeader) -> bool {
        let epoch = self.header.slots.newest.epoch;
        let is_older = mutant::is(Mutant::TrustOldEpoch) && record.epoch.get() + 1 == epoch;
        record.epoch.get() == epoch || is_older
    }

    /// Where the payload of a record lies. The record has its checksum, so it says what a writer wrote.
    fn check_record(&self, record: &RecordHeader, len: u64) -> Result<Redo, FileFault> {
        if record.old_len != len {
            let expected = format!("a record that builds on {len} elements");
            return Err(self.corrupt(expected, record.old_len));
        }
        if self.header.file_bytes(record.new_len.get()).is_none() {
            return Err(self.corrupt("a number of elements that a file can have", record.new_len));
        }
        let bytes = record.payload_bytes.get();
        let (offset, start, end) = match record.payload_offset.get() {
            0 => {
                let offset = self.position + RECORD_HEADER_BYTES as u64;
                (offset, offset, self.end())
            }
            // Past all that a recovery writes.
            offset => (offset, self.end() + self.data_bytes(self.most_len), self.file_bytes),
        };
        if offset < start || offset.checked_add(bytes).is_none_or(|payload_end| payload_end > end) {
            let found = format!("one of {bytes} bytes at byte {offset}");
            return Err(self.corrupt("a payload inside the file, and outside its data", found));
        }
        Ok(Redo { offset, bytes })
    }

    /// The bytes of so many elements, which a file can have.
    fn data_bytes(&self, len: u64) -> u64 {
        len * self.header.preamble.element_bytes.get()
    }

    /// Whether the payload of a record is whole. It isn't where a crash cut the commit short; but one that
    /// lies elsewhere was durable before the record was written.
    fn check_payload(&mut self, record: &RecordHeader, redo: Redo) -> Result<bool, FileFault> {
        let most_len = record.old_len.get().max(record.new_len.get());
        let data_bytes = self.data_bytes(most_len);
        let mut payload = PayloadReader::new(self.read, redo.offset, redo.bytes);
        let makes_sense = payload.check_extents(data_bytes)?;
        let is_whole = payload.checksum()? == record.payload_checksum.get()
            || mutant::is(Mutant::TrustBadChecksum);
        match (is_whole, makes_sense) {
            (true, true) => Ok(true),
            (true, false) => Err(self.corrupt("extents inside the data", "other bytes")),
            (false, _) if record.payload_offset == 0 => Ok(false),
            (false, _) => Err(self.corrupt("a payload with its checksum", "other bytes")),
        }
    }

    /// Looks for records after the last that counts. Each was written when all before it, and the slot of its
    /// epoch, were durable, so one of those was damaged since.
    fn check_rest(self, faults: &mut Faults) -> Result<Lost, Stop> {
        let epoch = self.header.slots.newest.epoch;
        let mut lost = Lost::default();
        let mut is_told = [false; 2];
        let mut bytes = vec![0; READ_BYTES];
        let mut offset = self.position;
        while offset < self.end() {
            let part = &mut bytes[..READ_BYTES.min((self.end() - offset) as usize)];
            (self.read)(offset, part).map_err(|error| faults.stop(error))?;
            for block in part.chunks(BLOCK_BYTES) {
                let (record, _) = RecordHeader::read_from_prefix(block).expect("a whole block");
                if !self.is_later(&record) || !self.is_whole(&record) {
                    continue;
                }
                // All of this epoch have the same to tell, and so have those of larger ones.
                if !std::mem::replace(&mut is_told[usize::from(record.epoch.get() > epoch)], true) {
                    faults.add(self.lost(&record))?;
                }
                lost.count(&record);
            }
            offset += part.len() as u64;
        }
        Ok(lost)
    }

    /// Whether this would be a later record than the one after the last that counts; or that one, where none follows.
    fn is_later(&self, record: &RecordHeader) -> bool {
        let epoch = self.header.slots.newest.epoch;
        let least = if self.is_over { self.sequence } else { self.sequence + 1 };
        record.epoch.get() > epoch || record.epoch.get() == epoch && record.sequence.get() >= least
    }

    /// The error for a record that proves that something before it was damaged.
    fn lost(&self, found: &RecordHeader) -> FileFault {
        let (epoch, sequence) = (self.header.slots.newest.epoch, self.sequence);
        if found.epoch.get() == epoch {
            let expected = format!("record {sequence} to be whole");
            return self.corrupt(expected, format!("record {} after it", found.sequence));
        }
        let epoch = found.epoch;
        FileFault::corrupt(
            Region::Slots,
            SLOT_OFFSETS[(epoch.get() % 2) as usize],
            format!("the slot of epoch {epoch} to be whole"),
            "a record in the journal that builds on it",
        )
    }

    fn corrupt(&self, expected: impl Into<Box<str>>, found: impl ToString) -> FileFault {
        FileFault::corrupt(Region::Journal, self.position, expected, found)
    }
}
