//! The state of a live writer in mode *shared*: how many elements it has, committed or not.

use zerocopy::byteorder::little_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{BLOCK_BYTES, FileFault, LIVE_OFFSET, check_zero};

/// The live state as it stands in a file. It has no checksum: the writer changes `live_len` with each
/// element, and only a kernel that is still the same one vouches for it.
#[derive(Debug, Clone, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Live {
    pub(crate) live_len: U64,
    pub(crate) boot_id: [u8; 16],
    pub(crate) reserved: [u8; 4072],
}

const _: () = assert!(size_of::<Live>() == BLOCK_BYTES);

impl Live {
    pub(crate) fn new(boot_id: [u8; 16], live_len: u64) -> Self {
        Self { live_len: live_len.into(), boot_id, reserved: [0; 4072] }
    }

    /// The state, and whether its reserved bytes are zero.
    pub(super) fn parse(block: &[u8]) -> (Self, Result<(), FileFault>) {
        let live = Self::read_from_bytes(block).expect("a block of the header");
        let offset = LIVE_OFFSET + std::mem::offset_of!(Self, reserved) as u64;
        let is_zero = check_zero(&live.reserved, offset);
        (live, is_zero)
    }
}
