//! A second reader of `.pv` files, made from `FORMAT.md` alone.
//!
//! Places of fields and the list of primitives come from the tables of the document itself (through
//! [`support`](crate::support)); rules are written down here again, in the order and the words of
//! the document.

mod element;
mod journal;

use std::ops::Range;

use persist_core::{Error, Shutdown};
use xxhash_rust::xxh3::xxh3_64;

use crate::support::{Block, DESCRIPTOR_OFFSET, Image, Live, Preamble, Slot, checksum, fnv1a_128};

/// Why a file was refused, in the words of `FORMAT.md`, and at which step of "Reading a file".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) step: u32,
    pub(crate) word: Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    NotPersist,
    Truncated,
    Corrupt,
    Unsupported,
    Mismatched,
}

impl Word {
    /// The word for what the library says.
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::NotPersist { .. } => Self::NotPersist,
            Error::Truncated { .. } => Self::Truncated,
            Error::Corrupt { .. } | Error::CorruptElement { .. } => Self::Corrupt,
            Error::Unsupported { .. } => Self::Unsupported,
            Error::ByteOrder { .. } | Error::Layout { .. } => Self::Mismatched,
            other => panic!("no word of the format: {other}"),
        }
    }
}

/// A file as the document describes it.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) shutdown: Shutdown,
    /// Each element as Rust's `Debug` shows it.
    pub(crate) elements: Vec<String>,
}

/// Reads the bytes of a whole file, as a program that expects this descriptor on this machine, maybe in
/// order to write.
pub(crate) fn read(bytes: &[u8], program: &[u8], writes: bool) -> Result<Contents, Refused> {
    let refuse = |step, word| Err(Refused { step, word });
    let corrupt_unless = |step, holds: bool| match holds {
        true => Ok(()),
        false => Err(Refused { step, word: Word::Corrupt }),
    };
    let file = Image(bytes.to_vec());
    let file_bytes = bytes.len() as u128;

    // 1.
    let magic = [0x89, 0x50, 0x56, 0x46, 0x0D, 0x0A, 0x1A, 0x0A];
    let beginning = &bytes[..bytes.len().min(8)];
    if beginning.is_empty() || !magic.starts_with(beginning) {
        return refuse(1, Word::NotPersist);
    }
    // 2.
    if file_bytes < 16384 {
        return refuse(2, Word::Truncated);
    }
    // 3.
    corrupt_unless(3, checksum_holds(&file, Preamble))?;
    // 4.
    if file.get(Preamble, "format_version") != 1 || file.get(Preamble, "incompat") != 0 {
        return refuse(4, Word::Unsupported);
    }
    // 5.
    let is_little = match bytes[Preamble.field("byte_order")] {
        [4, 3, 2, 1] => true,
        [1, 2, 3, 4] => false,
        _ => return refuse(5, Word::Corrupt),
    };
    let align = file.get(Preamble, "element_align_bytes");
    let element_bytes = file.get(Preamble, "element_bytes");
    let descriptor_bytes = file.get(Preamble, "descriptor_bytes");
    let journal_offset = file.get(Preamble, "journal_offset");
    let journal_bytes = file.get(Preamble, "journal_bytes");
    let data_offset = file.get(Preamble, "data_offset");
    corrupt_unless(5, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096].contains(&align))?;
    corrupt_unless(5, element_bytes >= 1 && element_bytes % align == 0)?;
    corrupt_unless(5, descriptor_bytes <= 1_048_576)?;
    corrupt_unless(5, journal_offset == (16384 + descriptor_bytes).div_ceil(65536) * 65536)?;
    corrupt_unless(5, journal_bytes % 65536 == 0 && journal_bytes <= 1_073_741_824)?;
    let end_of_journal = u128::from(journal_offset) + u128::from(journal_bytes);
    corrupt_unless(5, u128::from(data_offset) == end_of_journal && data_offset < 1 << 63)?;
    corrupt_unless(5, is_zero(&bytes[Preamble.field("reserved_1")]))?;
    corrupt_unless(5, is_zero(&bytes[Preamble.field("reserved_2")]))?;
    // 6.
    if file_bytes < u128::from(data_offset) {
        return refuse(6, Word::Truncated);
    }
    // 7.
    let descriptor = file.descriptor();
    corrupt_unless(7, xxh3_64(descriptor) == file.get(Preamble, "descriptor_checksum"))?;
    let fingerprint = fnv1a_128(descriptor).to_le_bytes();
    corrupt_unless(7, fingerprint == bytes[Preamble.field("fingerprint")])?;
    corrupt_unless(7, is_zero(&bytes[Live.field("reserved")]))?;
    let descriptor_end = DESCRIPTOR_OFFSET + descriptor.len();
    corrupt_unless(7, is_zero(&bytes[descriptor_end..journal_offset as usize]))?;
    // 8.
    let state = state(&file)?;
    // 9.
    let size_of = |len| u128::from(data_offset) + journal::bytes_of(&file, len);
    if size_of(state.least_len) > file_bytes
        || size_of(state.len) > file_bytes + state.brought_bytes
    {
        return refuse(9, Word::Truncated);
    }
    let data_bytes = journal::bytes_of(&file, state.len);
    // 10.
    let element = element::decode(descriptor).ok_or(Refused { step: 10, word: Word::Corrupt })?;
    corrupt_unless(10, element.size() == element_bytes)?;
    // 11.
    if is_little != cfg!(target_endian = "little") && element.depends_on_byte_order() {
        return refuse(11, Word::Mismatched);
    }
    // 12.
    if descriptor != program {
        return refuse(12, Word::Mismatched);
    }
    if writes && file.get(Preamble, "ro_compat") != 0 {
        return refuse(12, Word::Unsupported);
    }
    // 13.
    let elements = data(&file, data_bytes as usize, &state.extents)
        .chunks_exact(element_bytes as usize)
        .map(|bytes| element.show(bytes))
        .collect::<Option<Vec<_>>>()
        .ok_or(Refused { step: 13, word: Word::Corrupt })?;
    Ok(Contents { shutdown: state.shutdown, elements })
}

/// The first bytes of the data, with what the journal brings over them.
fn data(file: &Image, data_bytes: usize, extents: &[Extent]) -> Vec<u8> {
    let there = &file.0[file.get(Preamble, "data_offset") as usize..];
    let mut data = there[..there.len().min(data_bytes)].to_vec();
    data.resize(data_bytes, 0);
    for (offset, bytes) in extents {
        // What a later record removed is not there any more.
        let start = data_bytes.min(usize::try_from(*offset).unwrap_or(usize::MAX));
        let kept = bytes.len().min(data_bytes - start);
        data[start..start + kept].copy_from_slice(&file.0[bytes.clone()][..kept]);
    }
    data
}

fn checksum_holds(file: &Image, block: Block) -> bool {
    checksum(file, block) == file.get(block, "checksum")
}

fn is_zero(bytes: &[u8]) -> bool {
    // As wholes, at the speed of memory.
    bytes.chunks(4096).all(|bytes| *bytes == [0; 4096][..bytes.len()])
}

/// Where bytes of the journal belong, counted from the beginning of the data, and where they are in the file.
type Extent = (u64, Range<usize>);

struct State {
    /// Of the vector.
    len: u64,
    /// How many elements the file must have.
    least_len: u64,
    /// How many bytes of the others it may lack.
    brought_bytes: u128,
    extents: Vec<Extent>,
    shutdown: Shutdown,
}

fn state(file: &Image) -> Result<State, Refused> {
    let corrupt = Refused { step: 8, word: Word::Corrupt };
    let newest = newest_slot(file).ok_or(corrupt)?;
    if file.get(newest, "mode") > 1 {
        return Err(Refused { step: 8, word: Word::Unsupported });
    }
    let is_atomic = file.get(newest, "mode") == 1;
    if file.get(newest, "flags") > 1
        || file.get(newest, "epoch") >= 1 << 63
        || is_atomic && file.get(Preamble, "journal_bytes") == 0
    {
        return Err(corrupt);
    }
    let is_clean = file.get(newest, "flags") == 1;
    let is_torn = [Slot(0), Slot(1)].into_iter().any(|slot| !is_whole(file, slot));
    let shutdown = match (is_torn, is_clean) {
        (true, _) => Shutdown::Torn,
        (false, true) => Shutdown::Clean,
        (false, false) => Shutdown::Unclean,
    };
    let len = file.get(newest, "committed_len");
    let state = State { len, least_len: len, brought_bytes: 0, extents: Vec::new(), shutdown };
    if !is_atomic {
        let is_this_boot = || boot_id().is_some_and(|id| file.0[Live.field("boot_id")] == id);
        let live_len = file.get(Live, "live_len");
        let reaches = || {
            let bytes = live_len.checked_mul(file.get(Preamble, "element_bytes"))?;
            let end = bytes.checked_add(file.get(Preamble, "data_offset"))?;
            (end <= file.0.len() as u64).then_some(live_len)
        };
        let live_len = if !is_clean && is_this_boot() { reaches() } else { None };
        return Ok(State { len: live_len.unwrap_or(len), ..state });
    }
    if is_clean && !is_torn || !journal::can_have(file, len) {
        return Ok(state);
    }
    let replay = journal::replay(file, newest).ok_or(corrupt)?;
    let least_len = if replay.records > 0 { len.min(replay.len) } else { len };
    Ok(State {
        len: replay.len,
        least_len,
        brought_bytes: replay.payload_bytes,
        extents: replay.extents,
        ..state
    })
}

/// The slot that tells the state of the file, unless the file is corrupt.
fn newest_slot(file: &Image) -> Option<Block> {
    let whole = [Slot(0), Slot(1)].into_iter().filter(|&slot| is_whole(file, slot));
    let whole: Vec<Block> = whole.collect();
    let newest = *whole.iter().max_by_key(|&&slot| file.get(slot, "epoch"))?;
    let distance = |slot| file.get(newest, "epoch") - file.get(slot, "epoch");
    whole.iter().all(|&slot| distance(slot) <= 1).then_some(newest)
}

fn is_whole(file: &Image, slot: Block) -> bool {
    let parity = u64::from(slot == Slot(1));
    checksum_holds(file, slot)
        && is_zero(&file.0[slot.field("reserved")])
        && file.get(slot, "epoch") % 2 == parity
}

/// The boot of this machine, from the first of its digits on. What only emulates another system may show Linux's.
pub(crate) fn boot_id() -> Option<[u8; 16]> {
    if cfg!(not(target_os = "linux")) {
        return None;
    }
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let digits: Vec<_> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let bytes: Vec<_> = digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect();
    bytes.try_into().ok()
}

/// The size of the elements that a descriptor describes, if it keeps to the grammar.
#[allow(dead_code, reason = "for the fuzz targets, which have this file, too")]
pub(crate) fn size_of_descriptor(descriptor: &[u8]) -> Option<u64> {
    element::decode(descriptor).map(|element| element.size())
}
