//! The header of a file, byte by byte: preamble, slots, and where everything lies.
//!
//! Follows `FORMAT.md` step by step. This module sees bytes and numbers only: no file, no path, no
//! element type. [`Preamble`] is bytes as they stand in a file; a [`Header`] has passed every check.

#![forbid(unsafe_code)]

mod fault;
mod live;
mod slot;
#[cfg(test)]
mod tests;

use zerocopy::byteorder::little_endian::{U32, U64, U128};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

pub(crate) use fault::{Faults, FileFault, Stop};
pub(crate) use live::Live;
pub(crate) use slot::{
    CHECKED_BYTES as SLOT_CHECKED_BYTES, MAX_EPOCH, Slots, State, whole as whole_slot,
};

use crate::checksum::checksum;
use crate::error::{ByteOrder, Feature, Region};
use crate::layout::{Fingerprint, MAX_ALIGN_BYTES, MAX_DESCRIPTOR_BYTES};
use crate::mode::Mode;

/// The unit of the header: preamble and slots take one each.
pub(crate) const BLOCK_BYTES: usize = 4096;
pub(crate) const SLOT_OFFSETS: [u64; 2] = [4096, 8192];
pub(crate) const LIVE_OFFSET: u64 = 12288;
pub(crate) const DESCRIPTOR_OFFSET: u64 = 16384;
/// The largest base page, and Windows' allocation granularity: what may be mapped by itself.
pub(crate) const REGION_ALIGN_BYTES: u64 = 65536;
/// The most a journal may have, so that reading one ends soon. A larger commit needs no larger journal.
pub(crate) const MAX_JOURNAL_BYTES: u64 = 1 << 30;
/// A huge page: data that begins on one can be mapped by them.
const HUGE_PAGE_BYTES: u64 = 2 << 20;

pub(crate) const MAGIC: [u8; 8] = *b"\x89PVF\r\n\x1a\n";
pub(crate) const FORMAT_VERSION: u32 = 1;
const BYTE_ORDER_MARK: u32 = 0x0102_0304;

/// The first block of a file, as it stands there.
#[derive(Debug, Clone, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Preamble {
    pub(crate) magic: [u8; 8],
    pub(crate) format_version: U32,
    pub(crate) byte_order: [u8; 4],
    pub(crate) compat: U64,
    pub(crate) incompat: U64,
    pub(crate) ro_compat: U64,
    pub(crate) architecture: [u8; 16],
    pub(crate) pointer_bytes: U32,
    pub(crate) element_align_bytes: U32,
    pub(crate) element_bytes: U64,
    pub(crate) descriptor_bytes: U64,
    pub(crate) descriptor_checksum: U64,
    pub(crate) fingerprint: U128,
    pub(crate) app_magic: [u8; 8],
    pub(crate) app_version: [u8; 3],
    pub(crate) reserved_1: [u8; 5],
    pub(crate) journal_offset: U64,
    pub(crate) journal_bytes: U64,
    pub(crate) data_offset: U64,
    pub(crate) created_unix_ms: U64,
    pub(crate) writer: [u8; 32],
    pub(crate) journal_salt: U64,
    pub(crate) reserved_2: [u8; 3896],
    pub(crate) checksum: U64,
}

const _: () = assert!(size_of::<Preamble>() == BLOCK_BYTES);

/// What a new file is made of.
pub(crate) struct NewFile<'a> {
    pub(crate) descriptor: &'a [u8],
    pub(crate) byte_order: ByteOrder,
    pub(crate) element_bytes: u64,
    pub(crate) element_align_bytes: usize,
    pub(crate) app_magic: [u8; 8],
    pub(crate) app_version: [u8; 3],
    pub(crate) mode: Mode,
    /// At least so many bytes of journal; the default where `None`.
    pub(crate) journal_bytes: Option<u64>,
    pub(crate) created_unix_ms: u64,
    /// A number that nobody can guess.
    pub(crate) journal_salt: u64,
}

/// A header that passed every check that needs no program: steps 1 to 8 of `FORMAT.md`.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) preamble: Preamble,
    pub(crate) descriptor: Box<[u8]>,
    pub(crate) slots: Slots,
    pub(crate) live: Live,
}

impl Preamble {
    /// The preamble of a new file, and where everything lies in it.
    ///
    /// Returns `None` where the descriptor is longer than a file may have, or says that elements have no bytes.
    pub(crate) fn new(file: &NewFile<'_>) -> Option<Self> {
        if file.descriptor.len() > MAX_DESCRIPTOR_BYTES || file.element_bytes == 0 {
            return None;
        }
        let descriptor_bytes = file.descriptor.len() as u64;
        let journal_offset = journal_offset(descriptor_bytes);
        let data_offset = data_offset(journal_offset, file.mode, file.journal_bytes);
        let mut preamble = Self {
            magic: MAGIC,
            format_version: FORMAT_VERSION.into(),
            byte_order: byte_order_mark(file.byte_order),
            compat: U64::ZERO,
            incompat: U64::ZERO,
            ro_compat: U64::ZERO,
            architecture: text(std::env::consts::ARCH),
            pointer_bytes: (size_of::<usize>() as u32).into(),
            element_align_bytes: (file.element_align_bytes as u32).into(),
            element_bytes: file.element_bytes.into(),
            descriptor_bytes: descriptor_bytes.into(),
            descriptor_checksum: checksum(file.descriptor).into(),
            fingerprint: Fingerprint::of_descriptor(file.descriptor).to_u128().into(),
            app_magic: file.app_magic,
            app_version: file.app_version,
            reserved_1: [0; 5],
            journal_offset: journal_offset.into(),
            journal_bytes: (data_offset - journal_offset).into(),
            data_offset: data_offset.into(),
            created_unix_ms: file.created_unix_ms.into(),
            writer: text(concat!("persist-core ", env!("CARGO_PKG_VERSION"))),
            journal_salt: file.journal_salt.into(),
            reserved_2: [0; 3896],
            checksum: U64::ZERO,
        };
        preamble.checksum = preamble.expected_checksum().into();
        Some(preamble)
    }

    /// The bytes a reader must have to call [`Header::parse`], once the preamble has been seen.
    pub(crate) fn header_bytes(&self) -> u64 {
        self.journal_offset.get()
    }

    pub(crate) fn byte_order(&self) -> ByteOrder {
        match self.byte_order == byte_order_mark(ByteOrder::Little) {
            true => ByteOrder::Little,
            false => ByteOrder::Big,
        }
    }

    /// The journal to ask for in a new file that is to be as large as this one; `None` for the default.
    pub(crate) fn journal_to_ask_for(&self) -> Option<u64> {
        (self.data_offset != HUGE_PAGE_BYTES).then(|| self.journal_bytes.get())
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::from_u128(self.fingerprint.get())
    }

    fn expected_checksum(&self) -> u64 {
        let bytes = self.as_bytes();
        checksum(&bytes[..bytes.len() - size_of::<U64>()])
    }

    /// Steps 1 to 6: takes the first bytes of a file of `file_bytes`.
    pub(crate) fn parse(bytes: &[u8], file_bytes: u64) -> Result<Self, FileFault> {
        Faults::first(|faults| Self::examine(bytes, file_bytes, faults))
    }

    /// The same. Stops at the latest where nobody can tell what lies where: past it `descriptor_bytes` and the offsets
    /// are as the format says, and the other fields may be anything.
    pub(crate) fn examine(
        bytes: &[u8],
        file_bytes: u64,
        faults: &mut Faults,
    ) -> Result<Self, Stop> {
        check_magic(bytes).map_err(|fault| faults.stop(fault))?;
        let truncated = || FileFault::Truncated { expected_bytes: DESCRIPTOR_OFFSET };
        if file_bytes < DESCRIPTOR_OFFSET {
            return Err(faults.stop(truncated()));
        }
        let (preamble, _) = Self::read_from_prefix(bytes).map_err(|_| faults.stop(truncated()))?;
        match preamble.check_checksum() {
            Ok(()) => preamble.check_features().map_err(|fault| faults.stop(fault))?,
            // Who goes on takes the file to be of this version.
            Err(damage) => faults.add(damage)?,
        }
        preamble.check_fields(faults)?;
        preamble.check_reserved(faults)?;
        if file_bytes < preamble.data_offset.get() {
            faults.add(FileFault::Truncated { expected_bytes: preamble.data_offset.get() })?;
        }
        Ok(preamble)
    }

    /// Whether a block has the checksum of a preamble, and begins like one.
    pub(crate) fn has_checksum(block: &[u8]) -> bool {
        Self::ref_from_bytes(block)
            .is_ok_and(|it| it.magic == MAGIC && it.checksum == it.expected_checksum())
    }

    /// Whether a descriptor is the one of which the preamble has the checksum and the fingerprint.
    pub(crate) fn vouches_for(&self, descriptor: &[u8]) -> bool {
        check_descriptor(self, descriptor).is_ok()
    }

    fn check_checksum(&self) -> Result<(), FileFault> {
        check_checksum(Region::Preamble, 0, self.expected_checksum(), self.checksum.get())
    }

    fn check_features(&self) -> Result<(), FileFault> {
        if self.format_version != FORMAT_VERSION {
            return Err(FileFault::Unsupported(Feature::FormatVersion(self.format_version.get())));
        }
        if self.incompat != 0 {
            return Err(FileFault::Unsupported(Feature::Incompat(self.incompat.get())));
        }
        Ok(())
    }

    fn check_fields(&self, faults: &mut Faults) -> Result<(), Stop> {
        use std::mem::offset_of;
        let align = u64::from(self.element_align_bytes.get());
        let element_bytes = self.element_bytes.get();
        let marks = [ByteOrder::Little, ByteOrder::Big].map(byte_order_mark);
        if !marks.contains(&self.byte_order) {
            let found = format!("{:02x?}", self.byte_order);
            faults.add(at(offset_of!(Self, byte_order), "a byte-order mark", found))?;
        }
        if !align.is_power_of_two() || align > MAX_ALIGN_BYTES as u64 {
            let offset = offset_of!(Self, element_align_bytes);
            faults.add(at(offset, "a power of two up to 4096", align))?;
        }
        if element_bytes == 0 || element_bytes.checked_rem(align).is_some_and(|rest| rest != 0) {
            let expected = "a multiple of the alignment above 0";
            faults.add(at(offset_of!(Self, element_bytes), expected, element_bytes))?;
        }
        self.check_offsets(faults)
    }

    /// Checks the fields by which everything else is found.
    fn check_offsets(&self, faults: &mut Faults) -> Result<(), Stop> {
        use std::mem::offset_of;
        let (descriptor_bytes, journal_bytes) =
            (self.descriptor_bytes.get(), self.journal_bytes.get());
        let is_short = descriptor_bytes <= MAX_DESCRIPTOR_BYTES as u64;
        let data_offset = self.journal_offset.get().checked_add(journal_bytes);
        let is_below = data_offset <= Some(i64::MAX as u64);
        let rules = [
            (
                offset_of!(Self, descriptor_bytes),
                is_short,
                "at most 1048576 bytes",
                descriptor_bytes,
            ),
            (
                offset_of!(Self, journal_offset),
                is_short && self.journal_offset == journal_offset(descriptor_bytes),
                "the first multiple of 65536 after the descriptor",
                self.journal_offset.get(),
            ),
            (
                offset_of!(Self, journal_bytes),
                journal_bytes % REGION_ALIGN_BYTES == 0 && journal_bytes <= MAX_JOURNAL_BYTES,
                "a multiple of 65536, at most 1073741824",
                journal_bytes,
            ),
            (
                offset_of!(Self, data_offset),
                is_below && data_offset == Some(self.data_offset.get()),
                "the end of the journal",
                self.data_offset.get(),
            ),
        ];
        let mut holds = Ok(());
        for (offset, _, expected, found) in rules.into_iter().filter(|(_, holds, ..)| !holds) {
            faults.add(at(offset, expected, found))?;
            holds = Err(Stop);
        }
        holds
    }

    fn check_reserved(&self, faults: &mut Faults) -> Result<(), Stop> {
        use std::mem::offset_of;
        faults.note(check_zero(&self.reserved_1, offset_of!(Self, reserved_1) as u64))?;
        faults.note(check_zero(&self.reserved_2, offset_of!(Self, reserved_2) as u64))
    }
}

impl Header {
    /// Steps 7 and 8: takes the first `preamble.header_bytes()` bytes of a file.
    pub(crate) fn parse(preamble: Preamble, bytes: &[u8]) -> Result<Self, FileFault> {
        Faults::first(|faults| Self::examine(preamble, bytes, faults))
    }

    /// The same. Stops at the latest where nobody can tell how many elements there are.
    pub(crate) fn examine(
        preamble: Preamble,
        bytes: &[u8],
        faults: &mut Faults,
    ) -> Result<Self, Stop> {
        let descriptor_end = DESCRIPTOR_OFFSET + preamble.descriptor_bytes.get();
        let descriptor = range(bytes, DESCRIPTOR_OFFSET, descriptor_end);
        faults.note(check_descriptor(&preamble, descriptor))?;
        let (live, is_zero) = Live::parse(range(bytes, LIVE_OFFSET, DESCRIPTOR_OFFSET));
        faults.note(is_zero)?;
        let rest = range(bytes, descriptor_end, preamble.header_bytes());
        faults.note(check_zero(rest, descriptor_end))?;
        let slots = Slots::examine(slot_blocks(bytes), faults)?;
        if slots.newest.mode == Mode::Atomic && preamble.journal_bytes == 0 {
            let offset = std::mem::offset_of!(Preamble, journal_bytes);
            faults.add(at(offset, "mode atomic to have a journal", 0))?;
        }
        Ok(Self { descriptor: descriptor.into(), preamble, slots, live })
    }

    /// The bytes of a new file of `len` elements, up to its journal.
    pub(crate) fn create(preamble: &Preamble, descriptor: &[u8], mode: Mode, len: u64) -> Vec<u8> {
        let mut bytes = vec![0; preamble.header_bytes() as usize];
        let mut put = |offset: u64, part: &[u8]| {
            bytes[offset as usize..][..part.len()].copy_from_slice(part);
        };
        put(0, preamble.as_bytes());
        for (epoch, offset) in SLOT_OFFSETS.into_iter().enumerate() {
            put(offset, &State::new_file(epoch as u64, mode, len).to_block());
        }
        put(DESCRIPTOR_OFFSET, descriptor);
        bytes
    }

    /// How many elements the live state says there are, where it means something: the kernel that vouches for it is running,
    /// and the file has that many. It may not have, where its device was gone for a while.
    pub(crate) fn live_len(&self, boot_id: Option<[u8; 16]>, file_bytes: u64) -> Option<u64> {
        let Slots { newest, .. } = self.slots;
        let is_left = newest.mode == Mode::Shared && !newest.clean;
        let is_known = is_left && boot_id == Some(self.live.boot_id);
        let live_len = self.live.live_len.get();
        let fits = || self.file_bytes(live_len).is_some_and(|bytes| bytes <= file_bytes);
        (is_known && fits()).then_some(live_len)
    }

    /// How many bytes a file of `len` elements needs, if that can be a file at all.
    pub(crate) fn file_bytes(&self, len: u64) -> Option<u64> {
        let data_bytes = len.checked_mul(self.preamble.element_bytes.get())?;
        data_bytes
            .checked_add(self.preamble.data_offset.get())
            .filter(|&end| end <= i64::MAX as u64)
    }
}

fn check_magic(bytes: &[u8]) -> Result<(), FileFault> {
    let found = &bytes[..bytes.len().min(MAGIC.len())];
    if found == MAGIC {
        return Ok(());
    }
    if !found.is_empty() && MAGIC.starts_with(found) {
        return Err(FileFault::Truncated { expected_bytes: DESCRIPTOR_OFFSET });
    }
    Err(FileFault::NotPersist { found: found.into() })
}

fn check_descriptor(preamble: &Preamble, descriptor: &[u8]) -> Result<(), FileFault> {
    let (expected, found) = (preamble.descriptor_checksum.get(), checksum(descriptor));
    check_checksum(Region::Descriptor, DESCRIPTOR_OFFSET, expected, found)?;
    let (expected, found) = (preamble.fingerprint(), Fingerprint::of_descriptor(descriptor));
    if expected != found {
        let expected = format!("fingerprint {expected}");
        return Err(FileFault::corrupt(Region::Descriptor, DESCRIPTOR_OFFSET, expected, found));
    }
    Ok(())
}

fn check_checksum(
    region: Region,
    offset_bytes: u64,
    expected: u64,
    found: u64,
) -> Result<(), FileFault> {
    if expected == found {
        return Ok(());
    }
    let expected = format!("checksum {expected:#018x}");
    Err(FileFault::corrupt(region, offset_bytes, expected, format!("{found:#018x}")))
}

/// The fault of a field of the preamble.
fn at(offset: usize, expected: &str, found: impl ToString) -> FileFault {
    FileFault::corrupt(Region::Preamble, offset as u64, expected, found)
}

/// Checks reserved bytes that begin at `offset_bytes` of the file.
fn check_zero(bytes: &[u8], offset_bytes: u64) -> Result<(), FileFault> {
    match first_nonzero(bytes) {
        None => Ok(()),
        Some(i) => {
            Err(FileFault::corrupt(Region::Reserved, offset_bytes + i as u64, "0", bytes[i]))
        }
    }
}

/// Where the first byte stands that isn't zero. Blocks are compared as wholes, at the speed of memory: the
/// reserved bytes are most of a header, and a loop that may end at each byte isn't vectorised.
fn first_nonzero(bytes: &[u8]) -> Option<usize> {
    static ZEROS: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];
    let is_zero = |block: &[u8]| *block == ZEROS[..block.len()];
    let block = bytes.chunks(BLOCK_BYTES).position(|block| !is_zero(block))? * BLOCK_BYTES;
    let byte = bytes[block..].iter().position(|&byte| byte != 0)?;
    Some(block + byte)
}

/// The blocks of the two slots, in the first bytes of a file.
pub(crate) fn slot_blocks(bytes: &[u8]) -> [&[u8]; 2] {
    SLOT_OFFSETS.map(|offset| range(bytes, offset, offset + BLOCK_BYTES as u64))
}

/// The bytes of the file from `start` to `end`, both of which the caller has checked.
fn range(bytes: &[u8], start: u64, end: u64) -> &[u8] {
    &bytes[start as usize..end as usize]
}

/// Text filled up with zeros, cut where it is too long.
fn text<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let len = text.len().min(N);
    bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
    bytes
}

/// The number that stands for a byte order, as a machine of that order stores it.
fn byte_order_mark(order: ByteOrder) -> [u8; 4] {
    match order {
        ByteOrder::Little => BYTE_ORDER_MARK.to_le_bytes(),
        ByteOrder::Big => BYTE_ORDER_MARK.to_be_bytes(),
    }
}

fn journal_offset(descriptor_bytes: u64) -> u64 {
    (DESCRIPTOR_OFFSET + descriptor_bytes).next_multiple_of(REGION_ALIGN_BYTES)
}

/// Where data begins, after a journal of at least `journal_bytes`, as far as there may be so much. Data is
/// aligned to huge pages unless the caller asks for a journal smaller than one, and so for a small file.
fn data_offset(journal_offset: u64, mode: Mode, journal_bytes: Option<u64>) -> u64 {
    let align = match journal_bytes {
        Some(bytes) if bytes < HUGE_PAGE_BYTES => REGION_ALIGN_BYTES,
        _ => HUGE_PAGE_BYTES,
    };
    let least_bytes = match mode {
        Mode::Shared => 0,
        Mode::Atomic => REGION_ALIGN_BYTES,
    };
    let bytes = journal_bytes.unwrap_or(HUGE_PAGE_BYTES / 2).max(least_bytes);
    let end = journal_offset + bytes.min(MAX_JOURNAL_BYTES - HUGE_PAGE_BYTES);
    end.next_multiple_of(align)
}
