//! The payload of a record: extents, each an offset, a number of bytes, and the bytes.

use std::io;

use zerocopy::byteorder::little_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{READ_BYTES, ReadAt};
use crate::checksum::Checksum;

/// What an extent begins with.
#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct ExtentHeader {
    pub(crate) offset: U64,
    pub(crate) bytes: U64,
}

/// The most bytes of one extent, so that a reader knows how much memory it needs.
pub(crate) const MAX_EXTENT_BYTES: usize = 1 << 20;

/// Appends an extent: `bytes`, at most [`MAX_EXTENT_BYTES`], belong at `offset` of the data.
pub(crate) fn put_extent(payload: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    assert!(bytes.len() <= MAX_EXTENT_BYTES);
    let extent = ExtentHeader { offset: offset.into(), bytes: (bytes.len() as u64).into() };
    payload.extend_from_slice(extent.as_bytes());
    payload.extend_from_slice(bytes);
}

/// Reads a payload from front to end, in large pieces.
pub(super) struct PayloadReader<'a, 'b> {
    read: &'a mut ReadAt<'b>,
    /// Where the next piece lies in the file.
    offset: u64,
    /// The bytes of the payload from there on.
    rest: u64,
    buffer: Vec<u8>,
    /// The bytes of the buffer that were taken.
    taken: usize,
    /// What should be an extent goes on after the end, or is too long.
    malformed: bool,
    checksum: Checksum,
}

impl<'a, 'b> PayloadReader<'a, 'b> {
    pub(super) fn new(read: &'a mut ReadAt<'b>, offset: u64, bytes: u64) -> Self {
        Self {
            read,
            offset,
            rest: bytes,
            buffer: Vec::new(),
            taken: 0,
            malformed: false,
            checksum: Checksum::new(),
        }
    }

    /// The next extent; `None` at the end, or where what follows is none.
    pub(super) fn next_extent(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        let Some(extent) = self.take(size_of::<ExtentHeader>())? else { return Ok(None) };
        let extent = ExtentHeader::read_from_bytes(extent).expect("as many bytes as it has");
        self.malformed = extent.bytes.get() > MAX_EXTENT_BYTES as u64;
        if self.malformed || !self.has(extent.bytes.get() as usize)? {
            self.malformed = true;
            return Ok(None);
        }
        let bytes = self.take(extent.bytes.get() as usize)?;
        Ok(bytes.map(|bytes| (extent.offset.get(), bytes)))
    }

    /// Whether the payload is extents and nothing else, all of them inside `data_bytes`.
    pub(super) fn check_extents(&mut self, data_bytes: u64) -> io::Result<bool> {
        while let Some((offset, bytes)) = self.next_extent()? {
            let end = offset.checked_add(bytes.len() as u64);
            if end.is_none_or(|end| end > data_bytes) {
                return Ok(false);
            }
        }
        Ok(!self.malformed && self.rest == 0 && self.taken == self.buffer.len())
    }

    /// The checksum of the whole payload.
    pub(super) fn checksum(mut self) -> io::Result<u64> {
        while self.rest > 0 {
            self.taken = self.buffer.len();
            self.load(1)?;
        }
        Ok(self.checksum.finish())
    }

    /// The next `bytes` bytes, if there are so many.
    fn take(&mut self, bytes: usize) -> io::Result<Option<&[u8]>> {
        if !self.has(bytes)? {
            return Ok(None);
        }
        self.taken += bytes;
        Ok(Some(&self.buffer[self.taken - bytes..self.taken]))
    }

    /// Whether `bytes` bytes are left. If so, the buffer has them.
    fn has(&mut self, bytes: usize) -> io::Result<bool> {
        if bytes > self.buffer.len() - self.taken {
            self.load(bytes)?;
        }
        Ok(bytes <= self.buffer.len() - self.taken)
    }

    /// Reads on until the buffer has `bytes` bytes that weren't taken, or the payload ends.
    fn load(&mut self, bytes: usize) -> io::Result<()> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let start = self.buffer.len();
        let more = bytes.max(READ_BYTES).saturating_sub(start) as u64;
        let more = more.min(self.rest);
        self.buffer.resize(start + more as usize, 0);
        (self.read)(self.offset, &mut self.buffer[start..])?;
        self.checksum.update(&self.buffer[start..]);
        self.offset += more;
        self.rest -= more;
        Ok(())
    }
}
