//! Journals made by hand, by the tables of `FORMAT.md`: also such as no writer leaves behind.

use xxhash_rust::xxh3::xxh3_64;

use super::{Block, Image, Preamble, Record, Slot};

/// A record of a journal, but for its checksums.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewRecord {
    pub(crate) epoch: u64,
    pub(crate) sequence: u64,
    pub(crate) old_len: u64,
    pub(crate) new_len: u64,
    /// Where the payload goes, if not after the header.
    pub(crate) payload_offset: u64,
    pub(crate) payload: Vec<u8>,
}

/// A payload of these extents: where bytes belong, and the bytes.
pub(crate) fn extents(extents: &[(u64, &[u8])]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (offset, bytes) in extents {
        payload.extend_from_slice(&offset.to_le_bytes());
        payload.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        payload.extend_from_slice(bytes);
    }
    payload
}

impl Image {
    /// The same file with a record whose header begins at a byte of the file. Becomes longer where the payload needs
    /// it.
    #[must_use]
    pub(crate) fn with_record(self, at: usize, record: &NewRecord) -> Self {
        let place = match record.payload_offset {
            0 => Record(at).field("checksum").end,
            offset => offset as usize,
        };
        let end = place + record.payload.len();
        let bytes = self.0.len().max(end);
        self.resized(bytes)
            .with_bytes(place, &record.payload)
            .with(Record(at), "epoch", record.epoch)
            .with(Record(at), "sequence", record.sequence)
            .with(Record(at), "old_len", record.old_len)
            .with(Record(at), "new_len", record.new_len)
            .with(Record(at), "payload_offset", record.payload_offset)
            .with(Record(at), "payload_bytes", record.payload.len() as u64)
            .with(Record(at), "payload_checksum", xxh3_64(&record.payload))
            .with_checksum(Record(at))
    }

    /// The same file, as its writer left it who didn't close it.
    #[must_use]
    pub(crate) fn unclean(self) -> Self {
        self.with(Slot(0), "flags", 0).with(Slot(1), "flags", 0).sealed()
    }

    /// The slot with the larger epoch.
    pub(crate) fn newest_slot(&self) -> Block {
        let epochs = [Slot(0), Slot(1)].map(|slot| self.get(slot, "epoch"));
        if epochs[0] > epochs[1] { Slot(0) } else { Slot(1) }
    }
}

/// Writes one record after the other into a file that nobody closed.
#[derive(Debug, Clone)]
pub(crate) struct JournalWriter {
    pub(crate) image: Image,
    /// Where the next record goes.
    pub(crate) at: usize,
    /// What the next record says, but for its payload.
    pub(crate) next: NewRecord,
}

impl JournalWriter {
    pub(crate) fn new(image: Image) -> Self {
        let slot = image.newest_slot();
        let len = image.get(slot, "committed_len");
        let next = NewRecord {
            epoch: image.get(slot, "epoch"),
            sequence: 1,
            old_len: len,
            new_len: len,
            ..NewRecord::default()
        };
        Self { at: image.get(Preamble, "journal_offset") as usize, image, next }
    }

    /// A commit of these bytes, after which the vector has `new_len` elements.
    #[must_use]
    pub(crate) fn commit(self, new_len: u64, changes: &[(u64, &[u8])]) -> Self {
        self.commit_payload(new_len, 0, extents(changes))
    }

    /// The same, with the payload at another place of the file, unless that is 0.
    #[must_use]
    pub(crate) fn commit_payload(
        mut self,
        new_len: u64,
        payload_offset: u64,
        payload: Vec<u8>,
    ) -> Self {
        let record = NewRecord { new_len, payload_offset, payload, ..self.next };
        self.image = self.image.with_record(self.at, &record);
        let in_journal = if payload_offset == 0 { record.payload.len() } else { 0 };
        self.at = (Record(self.at).field("checksum").end + in_journal).next_multiple_of(4096);
        let sequence = record.sequence + 1;
        self.next = NewRecord { sequence, old_len: new_len, payload: Vec::new(), ..record };
        self
    }
}
