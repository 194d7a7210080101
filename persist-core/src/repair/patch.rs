//! What is to be written to a file, and the file as it will be then.

use std::io;

use crate::journal::Replay;
use crate::storage::Storage;

/// Changes to a file, in the order in which they are made.
#[derive(Debug, Default)]
pub(super) struct Patches {
    /// Put to its place before anything else, as far as `.1` bytes of elements go.
    pub(super) redo: Option<(Replay, u64)>,
    patches: Vec<Patch>,
}

#[derive(Debug)]
enum Patch {
    Bytes {
        offset: u64,
        bytes: Vec<u8>,
    },
    Zeros {
        offset: u64,
        end: u64,
    },
    /// The file becomes so long.
    Extend {
        end: u64,
    },
}

impl Patches {
    pub(super) fn is_empty(&self) -> bool {
        self.patches.is_empty()
    }

    pub(super) fn write(&mut self, offset: u64, bytes: Vec<u8>) {
        self.patches.push(Patch::Bytes { offset, bytes });
    }

    pub(super) fn zero(&mut self, offset: u64, end: u64) {
        if offset < end {
            self.patches.push(Patch::Zeros { offset, end });
        }
    }

    pub(super) fn extend(&mut self, end: u64) {
        self.patches.push(Patch::Extend { end });
    }

    /// How long the file will be.
    pub(super) fn file_bytes(&self, storage: &dyn Storage) -> io::Result<u64> {
        let ends = self.patches.iter().map(|patch| match patch {
            Patch::Extend { end } => *end,
            _ => 0,
        });
        Ok(ends.fold(storage.len_bytes()?, u64::max))
    }

    /// Reads the file as it will be, but for its elements.
    pub(super) fn read(
        &self,
        storage: &dyn Storage,
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        read_with_zeros(storage, offset, buffer)?;
        for patch in &self.patches {
            match patch {
                Patch::Bytes { offset: start, bytes } => {
                    let end = start + bytes.len() as u64;
                    overlay(buffer, offset, *start, end, |place, at| {
                        place.copy_from_slice(&bytes[at..at + place.len()]);
                    });
                }
                Patch::Zeros { offset: start, end } => {
                    overlay(buffer, offset, *start, *end, |place, _| place.fill(0));
                }
                Patch::Extend { .. } => {}
            }
        }
        Ok(())
    }

    /// Makes the changes to a copy of the file.
    pub(super) fn apply(
        &self,
        original: &dyn Storage,
        copy: &dyn Storage,
        data_offset: u64,
    ) -> io::Result<()> {
        if let Some((replay, end)) = &self.redo {
            // The payload of a record that counts is never patched, but the file may end in it.
            let mut read = |offset: u64, bytes: &mut [u8]| read_with_zeros(original, offset, bytes);
            replay.for_each_extent(&mut read, *end, |offset, bytes| {
                copy.write_all_at(data_offset + offset, bytes)
            })?;
        }
        self.patches.iter().try_for_each(|patch| match patch {
            Patch::Bytes { offset, bytes } => copy.write_all_at(*offset, bytes),
            Patch::Zeros { offset, end } => zero(copy, *offset, *end),
            Patch::Extend { end } => copy.allocate(copy.len_bytes()?, *end),
        })
    }
}

/// Reads a file as if zeros followed its end.
fn read_with_zeros(storage: &dyn Storage, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let there = storage.len_bytes()?.saturating_sub(offset).min(buffer.len() as u64);
    let (there, past_end) = buffer.split_at_mut(there as usize);
    storage.read_exact_at(offset, there)?;
    past_end.fill(0);
    Ok(())
}

/// Calls `put` with the part of a buffer from `offset` of the file on that lies in `start..end`, and where that part
/// begins within `start..end`.
fn overlay(
    buffer: &mut [u8],
    offset: u64,
    start: u64,
    end: u64,
    put: impl FnOnce(&mut [u8], usize),
) {
    let (from, to) = (start.max(offset), end.min(offset + buffer.len() as u64));
    if from < to {
        put(&mut buffer[(from - offset) as usize..(to - offset) as usize], (from - start) as usize);
    }
}

fn zero(copy: &dyn Storage, mut offset: u64, end: u64) -> io::Result<()> {
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

    while offset < end {
        let part = &ZEROS[..(end - offset).min(ZEROS.len() as u64) as usize];
        copy.write_all_at(offset, part)?;
        offset += part.len() as u64;
    }
    Ok(())
}
