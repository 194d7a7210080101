//! The two slots that hold the state which a commit changes.

use zerocopy::byteorder::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{BLOCK_BYTES, Faults, FileFault, SLOT_OFFSETS, Stop, check_checksum, first_nonzero};
use crate::checksum::checksum;
use crate::error::{Feature, Region};
use crate::mode::Mode;

/// A slot as it stands in a file.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Slot {
    pub(crate) epoch: U64,
    pub(crate) committed_len: U64,
    pub(crate) mode: U32,
    pub(crate) flags: U32,
    pub(crate) checksum: U64,
    pub(crate) reserved: [u8; 4064],
}

const _: () = assert!(size_of::<Slot>() == BLOCK_BYTES);

/// The bytes of a slot that its checksum covers.
pub(crate) const CHECKED_BYTES: usize = std::mem::offset_of!(Slot, checksum);

const FLAG_CLEAN: u32 = 1;

/// The largest epoch. No number of commits gets near it.
pub(crate) const MAX_EPOCH: u64 = u64::MAX / 2;

/// What a commit writes: the state of a file at an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) epoch: u64,
    pub(crate) committed_len: u64,
    pub(crate) mode: Mode,
    pub(crate) clean: bool,
}

/// The state of a file as its two slots tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slots {
    pub(crate) newest: State,
    /// One of the two slots was not whole.
    pub(crate) torn: bool,
    /// Both slots are whole and say the same, so that losing either loses nothing.
    pub(crate) agree: bool,
}

impl State {
    /// The state of a new file in the slot of `epoch`.
    pub(crate) fn new_file(epoch: u64, mode: Mode, committed_len: u64) -> Self {
        Self { epoch, committed_len, mode, clean: true }
    }

    /// Where this state is written.
    pub(crate) fn slot_offset(&self) -> u64 {
        SLOT_OFFSETS[(self.epoch % 2) as usize]
    }

    pub(crate) fn to_block(self) -> [u8; BLOCK_BYTES] {
        let mut slot = Slot {
            epoch: self.epoch.into(),
            committed_len: self.committed_len.into(),
            mode: (self.mode as u32).into(),
            flags: if self.clean { FLAG_CLEAN } else { 0 }.into(),
            checksum: U64::ZERO,
            reserved: [0; 4064],
        };
        slot.checksum = checksum(&slot.as_bytes()[..CHECKED_BYTES]).into();
        zerocopy::transmute!(slot)
    }
}

impl Slots {
    /// Finds the state by the rules of `FORMAT.md`, "Slots". Who goes on in spite of epochs that don't follow each
    /// other sees the larger one.
    pub(super) fn examine(blocks: [&[u8]; 2], faults: &mut Faults) -> Result<Self, Stop> {
        let slots = [whole(blocks[0], 0), whole(blocks[1], 1)].map(Result::ok);
        let (newest, torn) = match slots {
            [Some(even), Some(odd)] => {
                let (even_epoch, odd_epoch) = (even.epoch.get(), odd.epoch.get());
                if even_epoch.abs_diff(odd_epoch) != 1 {
                    let found = format!("{even_epoch} and {odd_epoch}");
                    faults.add(corrupt("epochs that differ by 1", found))?;
                }
                (if even_epoch > odd_epoch { even } else { odd }, false)
            }
            [Some(one), None] | [None, Some(one)] => (one, true),
            [None, None] => {
                return Err(faults.stop(corrupt("a slot with its checksum", "none")));
            }
        };
        let agree =
            slots.into_iter().all(|slot| slot.is_some_and(|slot| slot.says_the_same(newest)));
        Ok(Self { newest: newest.state().map_err(|fault| faults.stop(fault))?, torn, agree })
    }
}

impl Slot {
    /// Whether both say the same of the file, whatever their epochs.
    fn says_the_same(&self, other: &Self) -> bool {
        let said = |slot: &Self| (slot.committed_len, slot.mode, slot.flags);
        said(self) == said(other)
    }

    pub(crate) fn state(&self) -> Result<State, FileFault> {
        let mode = match self.mode.get() {
            0 => Mode::Shared,
            1 => Mode::Atomic,
            unknown => return Err(FileFault::Unsupported(Feature::Mode(unknown))),
        };
        if self.flags.get() & !FLAG_CLEAN != 0 {
            return Err(corrupt("no reserved flags", format!("{:#x}", self.flags)));
        }
        if self.epoch.get() > MAX_EPOCH {
            return Err(corrupt("an epoch that commits can reach", self.epoch));
        }
        Ok(State {
            epoch: self.epoch.get(),
            committed_len: self.committed_len.get(),
            mode,
            clean: self.flags.get() & FLAG_CLEAN != 0,
        })
    }
}

/// The slot in a block, if it is whole; else what that one would have, and this one has.
pub(crate) fn whole(block: &[u8], parity: u64) -> Result<&Slot, FileFault> {
    let slot = Slot::ref_from_bytes(block).expect("a block of the header");
    let offset = SLOT_OFFSETS[parity as usize];
    let (expected, found) = (checksum(&block[..CHECKED_BYTES]), slot.checksum.get());
    check_checksum(Region::Slots, offset, expected, found)?;
    let torn = |at: usize, expected: &str, found: u64| {
        Err(FileFault::corrupt(Region::Slots, offset + at as u64, expected, found))
    };
    if let Some(i) = first_nonzero(&slot.reserved) {
        let at = std::mem::offset_of!(Slot, reserved) + i;
        return torn(at, "0", slot.reserved[i].into());
    }
    match slot.epoch.get() % 2 == parity {
        true => Ok(slot),
        false => torn(0, ["an even epoch", "an odd epoch"][parity as usize], slot.epoch.get()),
    }
}

fn corrupt(expected: &str, found: impl ToString) -> FileFault {
    FileFault::corrupt(Region::Slots, SLOT_OFFSETS[0], expected, found)
}
