//! What the journal of a file brings: the section "Journal".

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use super::Extent;
use crate::support::{Block, Image, Preamble, Record, checksum};

/// What the records that count make of the file.
pub(super) struct Replay {
    /// How many there are.
    pub(super) records: u64,
    /// How many elements the vector has.
    pub(super) len: u64,
    /// The sizes of the payloads, together.
    pub(super) payload_bytes: u128,
    /// Where bytes belong, counted from the beginning of the data, and where in the file they are, in order.
    pub(super) extents: Vec<Extent>,
}

/// Reads the journal of a file whose newest slot this is. Returns `None` where it is corrupt.
pub(super) fn replay(file: &Image, newest: Block) -> Option<Replay> {
    let epoch = file.get(newest, "epoch");
    let len = file.get(newest, "committed_len");
    let end = file.get(Preamble, "data_offset") as usize;
    let mut replay = Replay { records: 0, len, payload_bytes: 0, extents: Vec::new() };
    let (mut at, mut most_len) = (file.get(Preamble, "journal_offset") as usize, len);
    // In a clean file no record counts.
    let mut is_over = file.get(newest, "flags") == 1;
    while at < end && !is_over && is_record(file, at, epoch, replay.records + 1) {
        let lens = [file.get(Record(at), "old_len"), file.get(Record(at), "new_len")];
        most_len = most_len.max(lens[1]);
        let payload = payload(file, at, replay.len, most_len)?;
        let is_elsewhere = file.get(Record(at), "payload_offset") != 0;
        if xxh3_64(&file.0[payload.clone()]) != file.get(Record(at), "payload_checksum") {
            match is_elsewhere {
                true => return None,
                false => break,
            }
        }
        let most_bytes = bytes_of(file, lens[0].max(lens[1]));
        replay.extents.extend(extents(file, payload.clone(), most_bytes)?);
        replay.payload_bytes += payload.len() as u128;
        replay.records += 1;
        replay.len = lens[1];
        let record_end = if is_elsewhere { at + HEADER_BYTES } else { payload.end };
        at = record_end.next_multiple_of(4096);
        is_over = is_elsewhere;
    }
    let next = replay.records + 1;
    let is_lost = (at..end).step_by(4096).any(|at| {
        let [its_epoch, sequence] = ["epoch", "sequence"].map(|of| file.get(Record(at), of));
        let is_later = sequence > next || is_over && sequence == next;
        (its_epoch > epoch || its_epoch == epoch && is_later)
            && is_record(file, at, its_epoch, sequence)
    });
    (!is_lost).then_some(replay)
}

/// Of a record.
const HEADER_BYTES: usize = 64;

/// Whether a header stands here that has its checksum, this epoch and this number.
fn is_record(file: &Image, at: usize, epoch: u64, sequence: u64) -> bool {
    file.get(Record(at), "epoch") == epoch
        && file.get(Record(at), "sequence") == sequence
        && file.get(Record(at), "checksum") == checksum(file, Record(at))
}

/// Where the payload of a record lies, if the record makes sense after one that left `len` elements. The file
/// had `most_len` in this epoch.
fn payload(file: &Image, at: usize, len: u64, most_len: u64) -> Option<Range<usize>> {
    if file.get(Record(at), "old_len") != len || !can_have(file, file.get(Record(at), "new_len")) {
        return None;
    }
    let data_offset = u128::from(file.get(Preamble, "data_offset"));
    let header_end = (at + HEADER_BYTES) as u128;
    let (start, least, most) = match file.get(Record(at), "payload_offset") {
        0 => (header_end, header_end, data_offset),
        offset => {
            (u128::from(offset), data_offset + bytes_of(file, most_len), file.0.len() as u128)
        }
    };
    let end = start + u128::from(file.get(Record(at), "payload_bytes"));
    (start >= least && end <= most).then_some(start as usize..end as usize)
}

/// Whether a file can have so many elements: its size is below 2^63.
pub(super) fn can_have(file: &Image, len: u64) -> bool {
    u128::from(file.get(Preamble, "data_offset")) + bytes_of(file, len) < 1 << 63
}

/// The extents of a payload, where it is nothing but extents that end at most at `most_bytes` of the data.
fn extents(file: &Image, payload: Range<usize>, most_bytes: u128) -> Option<Vec<Extent>> {
    let mut extents = Vec::new();
    let mut at = payload.start;
    while at < payload.end {
        let header = file.0[at..payload.end].get(..16)?;
        let [offset, bytes] =
            [0, 8].map(|i| u64::from_le_bytes(header[i..i + 8].try_into().unwrap()));
        if bytes > 1_048_576 || u128::from(offset) + u128::from(bytes) > most_bytes {
            return None;
        }
        let start = at + 16;
        at = start + bytes as usize;
        if at > payload.end {
            return None;
        }
        extents.push((offset, start..at));
    }
    Some(extents)
}

/// The size of so many elements.
pub(super) fn bytes_of(file: &Image, len: u64) -> u128 {
    u128::from(len) * u128::from(file.get(Preamble, "element_bytes"))
}
