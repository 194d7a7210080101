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
use crate::error::{Damage, Region};
use crate::header::{BLOCK_BYTES, FileFault, Header, Preamble, SLOT_OFFSETS};
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
        Self { records: 0, redo: Vec::new(), len: header.slots.newest.committed_len }
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
        let mut journal = Journal::new(header, file_bytes, read);
        let mut replay = Self::nothing(header);
        if header.file_bytes(replay.len).is_none() {
            return Ok(replay);
        }
        while let Some((record, redo)) = journal.next(replay.len)? {
            replay.records += 1;
            replay.len = record.new_len.get();
            if redo.bytes > 0 {
                replay.redo.push(redo);
            }
        }
        journal.check_rest()?;
        Ok(replay)
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
}

impl<'a, 'b> Journal<'a, 'b> {
    fn new(header: &'a Header, file_bytes: u64, read: &'a mut ReadAt<'b>) -> Self {
        let position = header.preamble.journal_offset.get();
        let is_over = header.slots.newest.clean;
        Self { header, file_bytes, read, position, sequence: 1, most_len: 0, is_over }
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
            let problem = format!(
                "expected a record that builds on {len} elements, found {}",
                record.old_len
            );
            return Err(self.corrupt(problem));
        }
        if self.header.file_bytes(record.new_len.get()).is_none() {
            return Err(self.corrupt("expected a number of elements that a file can have"));
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
            return Err(self.corrupt("expected a payload inside the file, and outside its data"));
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
            (true, false) => Err(self.corrupt("expected extents inside the data")),
            (false, _) if record.payload_offset == 0 => Ok(false),
            (false, _) => Err(self.corrupt("expected a payload with its checksum")),
        }
    }

    /// Looks for records after the last that counts. Each was written when all before it, and the slot of its
    /// epoch, were durable, so one of those was damaged since.
    fn check_rest(self) -> Result<(), FileFault> {
        let epoch = self.header.slots.newest.epoch;
        let least = if self.is_over { self.sequence } else { self.sequence + 1 };
        let mut bytes = vec![0; READ_BYTES];
        let mut offset = self.position;
        while offset < self.end() {
            let part = &mut bytes[..READ_BYTES.min((self.end() - offset) as usize)];
            (self.read)(offset, part)?;
            for block in part.chunks(BLOCK_BYTES) {
                let (record, _) = RecordHeader::read_from_prefix(block).expect("a whole block");
                let is_later = record.epoch.get() > epoch
                    || record.epoch.get() == epoch && record.sequence.get() >= least;
                if is_later && self.is_whole(&record) {
                    return Err(self.lost(&record));
                }
            }
            offset += part.len() as u64;
        }
        Ok(())
    }

    /// The error for a record that proves that something before it was damaged.
    fn lost(&self, found: &RecordHeader) -> FileFault {
        let (epoch, sequence) = (self.header.slots.newest.epoch, self.sequence);
        if found.epoch.get() == epoch {
            let found = found.sequence;
            return self.corrupt(format!(
                "expected record {sequence} to be whole, found record {found} after it"
            ));
        }
        let found = found.epoch;
        FileFault::Corrupt(Damage {
            region: Region::Slots,
            offset_bytes: SLOT_OFFSETS[(found.get() % 2) as usize],
            problem: format!(
                "expected the slot of epoch {found} to be whole, for a record in the journal builds on it"
            )
            .into(),
        })
    }

    fn corrupt(&self, problem: impl Into<Box<str>>) -> FileFault {
        FileFault::Corrupt(Damage {
            region: Region::Journal,
            offset_bytes: self.position,
            problem: problem.into(),
        })
    }
}
