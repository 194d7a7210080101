//! Makes one fault after the other go away, in what will be the file.

use std::io;

use super::in_place::is_in_place;
use super::patch::Patches;
use super::proof::{Restored, restore_byte};
use super::step::{RepairKind, RepairLoss, RepairObstacle, RepairStep};
use crate::error::{Damage, Feature, Region};
use crate::header::{
    BLOCK_BYTES, DESCRIPTOR_OFFSET, FileFault, LIVE_OFFSET, Live, MAX_EPOCH, Preamble,
    SLOT_CHECKED_BYTES, SLOT_OFFSETS, State, slot_blocks, whole_slot,
};
use crate::journal::Lost;
use crate::mode::Mode;
use crate::storage::{FileStorage, Storage};
use crate::verify::{Examination, Report};

/// More steps than damage takes: each makes a kind of fault go away, and hardly one brings another to light.
const MOST_STEPS: usize = 32;

/// A file that is being mended, in memory.
pub(super) struct Mending<'a> {
    storage: &'a FileStorage,
    pub(super) patches: Patches,
    pub(super) steps: Vec<RepairStep>,
    pub(super) obstacles: Vec<RepairObstacle>,
    /// How many elements there will be, once that is known.
    pub(super) len_after: Option<u64>,
}

/// What became of the attempt to mend a fault.
type Mended = Result<(), RepairObstacle>;

impl<'a> Mending<'a> {
    pub(super) fn new(storage: &'a FileStorage) -> Self {
        let (patches, steps, obstacles) = (Patches::default(), Vec::new(), Vec::new());
        Self { storage, patches, steps, obstacles, len_after: None }
    }

    /// Plans until nothing is wrong, or something can't be mended.
    pub(super) fn mend(&mut self) -> io::Result<()> {
        for _ in 0..MOST_STEPS {
            let file = self.examine()?;
            if self.restore_torn_slot(&file)? {
                continue;
            }
            let mended = match file.faults.first() {
                Some(fault) => self.mend_fault(fault, &file),
                None => {
                    let finished = self.finish(&file);
                    self.give_up_unless(finished);
                    return Ok(());
                }
            };
            if mended.is_err() {
                self.give_up_unless(mended);
                return Ok(());
            }
        }
        self.give_up_unless(Err(RepairObstacle::Tangled));
        Ok(())
    }

    /// Nothing is done where something can't be mended.
    fn give_up_unless(&mut self, mended: Mended) {
        if let Err(obstacle) = mended {
            self.obstacles.push(obstacle);
            self.steps.clear();
            self.patches = Patches::default();
        }
    }

    /// The file as it will be.
    fn examine(&self) -> io::Result<Examination> {
        let file_bytes = self.patches.file_bytes(self.storage)?;
        Examination::of(file_bytes, self.storage.boot_id(), &mut |offset, buffer| {
            self.patches.read(self.storage, offset, buffer)
        })
    }

    fn step(&mut self, kind: RepairKind, loss: RepairLoss) {
        self.steps.push(RepairStep { kind, loss });
    }

    fn mend_fault(&mut self, fault: &FileFault, file: &Examination) -> Mended {
        match fault {
            FileFault::NotPersist { .. } if file.file_bytes < DESCRIPTOR_OFFSET => {
                Err(RepairObstacle::NotPersist)
            }
            FileFault::NotPersist { .. } => {
                self.mend_preamble(file).map_err(|_| RepairObstacle::NotPersist)
            }
            FileFault::Truncated { .. } => self.mend_length(file),
            FileFault::Corrupt(damage) => self.mend_damage(damage, file),
            FileFault::Unsupported(feature) => Err(RepairObstacle::Unsupported(*feature)),
            FileFault::Unreadable(_) => unreachable!("a file that can't be read is not examined"),
        }
    }

    fn mend_damage(&mut self, damage: &Damage, file: &Examination) -> Mended {
        match damage.region {
            Region::Preamble if damage.offset_bytes == 0 => self.mend_preamble(file),
            Region::Descriptor => self.mend_descriptor(damage, file),
            Region::Reserved if damage.offset_bytes >= LIVE_OFFSET => {
                self.zero_reserved(file);
                Ok(())
            }
            Region::Slots => self.mend_slots(damage, file),
            Region::Journal => self.give_up_journal(damage, file),
            // A preamble that has its checksum.
            _ => Err(RepairObstacle::Nonsense(damage.clone())),
        }
    }
}

/// The preamble, the descriptor, and what is reserved.
impl Mending<'_> {
    /// The checksum doesn't hold. What is reserved was zero, and of the rest a byte can be told.
    fn mend_preamble(&mut self, file: &Examination) -> Mended {
        use std::mem::offset_of;
        let mut bytes = file.bytes[..BLOCK_BYTES].to_vec();
        let reserved = [
            offset_of!(Preamble, reserved_1)..offset_of!(Preamble, journal_offset),
            offset_of!(Preamble, reserved_2)..offset_of!(Preamble, checksum),
        ];
        let mut zeroed = Vec::new();
        for range in &reserved {
            zeroed.extend(step_of_zeros(&bytes[range.clone()], range.start as u64));
            bytes[range.clone()].fill(0);
        }
        let holds = |bytes: &[u8]| Preamble::has_checksum(bytes);
        let mut restored = None;
        if !holds(&bytes) {
            let meaning = (0..BLOCK_BYTES).filter(|i| !reserved.iter().any(|it| it.contains(i)));
            restored = restore_byte(&mut bytes, meaning, holds);
            restored.ok_or(RepairObstacle::Description { region: Region::Preamble })?;
        }
        for kind in zeroed {
            self.step(kind, RepairLoss::Nothing);
        }
        if let Some(restored) = restored {
            self.restored(Region::Preamble, 0, restored);
        }
        self.patches.write(0, bytes);
        Ok(())
    }

    /// The preamble vouches for the descriptor, with a checksum and a hash.
    fn mend_descriptor(&mut self, damage: &Damage, file: &Examination) -> Mended {
        let lost = RepairObstacle::Description { region: Region::Descriptor };
        let preamble = file.preamble.as_ref().ok_or(lost.clone())?;
        let start = DESCRIPTOR_OFFSET as usize;
        let mut bytes = file.bytes[start..][..preamble.descriptor_bytes.get() as usize].to_vec();
        if preamble.vouches_for(&bytes) {
            return Err(RepairObstacle::Nonsense(damage.clone()));
        }
        let indices = 0..bytes.len();
        let restored = restore_byte(&mut bytes, indices, |bytes| preamble.vouches_for(bytes));
        self.restored(Region::Descriptor, DESCRIPTOR_OFFSET, restored.ok_or(lost)?);
        self.patches.write(DESCRIPTOR_OFFSET, bytes);
        Ok(())
    }

    fn restored(&mut self, region: Region, start: u64, restored: Restored) {
        let Restored { index, found, expected } = restored;
        let offset_bytes = start + index as u64;
        let kind = RepairKind::RestoreByte { region, offset_bytes, found, expected };
        self.step(kind, RepairLoss::Nothing);
    }

    /// What is reserved in the live state, and after the descriptor.
    fn zero_reserved(&mut self, file: &Examination) {
        let live = LIVE_OFFSET + std::mem::offset_of!(Live, reserved) as u64;
        let preamble = file.preamble.as_ref().expect("the faults of a preamble come first");
        let descriptor_end = DESCRIPTOR_OFFSET + preamble.descriptor_bytes.get();
        for range in [live..DESCRIPTOR_OFFSET, descriptor_end..preamble.header_bytes()] {
            let bytes = &file.bytes[range.start as usize..range.end as usize];
            if let Some(kind) = step_of_zeros(bytes, range.start) {
                self.step(kind, RepairLoss::Nothing);
                self.patches.zero(range.start, range.end);
            }
        }
    }
}

/// The step that writes zeros over bytes at `offset` of the file, where they are not.
fn step_of_zeros(bytes: &[u8], offset: u64) -> Option<RepairKind> {
    let first = bytes.iter().position(|&byte| byte != 0)?;
    let count = bytes.iter().filter(|&&byte| byte != 0).count();
    Some(RepairKind::ZeroReserved { offset_bytes: offset + first as u64, bytes: count as u64 })
}

/// The slots, the journal, and how many elements there are.
impl Mending<'_> {
    fn mend_slots(&mut self, damage: &Damage, file: &Examination) -> Mended {
        let Some(header) = &file.header else { return self.mend_both_slots(damage, file) };
        let slots = header.slots;
        let lost = file.replay.as_ref().map_or(Lost::default(), |replay| replay.lost);
        let newest = slots.newest;
        if slots.torn && lost.newest.is_some_and(|lost| lost.epoch > newest.epoch) {
            return self.mend_slot_before_records(damage, file, newest, lost);
        }
        if !slots.torn && lost.records == 0 {
            return self.follow_larger_epoch(damage, file, newest);
        }
        self.give_up_journal(damage, file)
    }

    /// A record builds on a slot that isn't whole.
    fn mend_slot_before_records(
        &mut self,
        damage: &Damage,
        file: &Examination,
        newest: State,
        lost: Lost,
    ) -> Mended {
        let Some(epoch) = lost.newest.map(|newest| newest.epoch) else {
            return Err(RepairObstacle::Nonsense(damage.clone()));
        };
        // Only the next epoch goes to the slot that isn't whole.
        if newest.epoch.checked_add(1) != Some(epoch) {
            return self.give_up_journal(damage, file);
        }
        match lost.slot_len {
            Some(len) if epoch <= MAX_EPOCH => {
                // A file of which a record counts was not closed.
                self.write_slot(State {
                    epoch,
                    committed_len: len,
                    mode: Mode::Atomic,
                    clean: false,
                });
                self.step(RepairKind::RestoreSlot { epoch, len }, RepairLoss::Nothing);
                Ok(())
            }
            _ => self.give_up_journal(damage, file),
        }
    }

    /// No slot is whole: then nothing says how many elements there are, but a byte that can be restored. (Records in the
    /// journal may be of an epoch that is long over.)
    fn mend_both_slots(&mut self, damage: &Damage, file: &Examination) -> Mended {
        let blocks = slot_blocks(&file.bytes).into_iter().zip(0..);
        let mut are_whole = blocks.map(|(block, parity)| whole_slot(block, parity).is_ok());
        if are_whole.any(|is_whole| is_whole) {
            return Err(RepairObstacle::Nonsense(damage.clone()));
        }
        // Both, so that the newer one counts.
        match [0, 1].map(|parity| self.restore_slot(file, parity, |_| true)) {
            [false, false] => Err(RepairObstacle::Slots),
            // Whatever the other one held is told when that is written anew.
            _ => Ok(()),
        }
    }

    fn write_slot(&mut self, state: State) {
        self.patches.write(state.slot_offset(), state.to_block().to_vec());
    }

    /// Restores a byte of a slot that isn't whole, if that makes it one that fits.
    fn restore_slot(
        &mut self,
        file: &Examination,
        parity: u64,
        fits: impl Fn(State) -> bool,
    ) -> bool {
        let mut block = slot_blocks(&file.bytes)[parity as usize].to_vec();
        let start = SLOT_OFFSETS[parity as usize];
        let meaning = SLOT_CHECKED_BYTES + size_of::<u64>();
        let zeroed = step_of_zeros(&block[meaning..], start + meaning as u64);
        block[meaning..].fill(0);
        let state = |block: &[u8]| whole_slot(block, parity).ok()?.state().ok();
        let mut restored = None;
        if state(&block).is_none() {
            restored = restore_byte(&mut block, 0..meaning, |block| state(block).is_some());
        }
        if !state(&block).is_some_and(fits) {
            return false;
        }
        if let Some(kind) = zeroed {
            self.step(kind, RepairLoss::Nothing);
        }
        if let Some(restored) = restored {
            self.restored(Region::Slots, start, restored);
        }
        self.patches.write(start, block);
        true
    }

    /// Restores the slot that isn't whole. Before anything else: where it is the newer one, the file seen through the
    /// older one may lack records and bytes that it doesn't need any more, and have elements that it had given up.
    fn restore_torn_slot(&mut self, file: &Examination) -> io::Result<bool> {
        let slots = file.header.as_ref().map(|header| header.slots);
        let Some(slots) = slots.filter(|slots| slots.torn) else { return Ok(false) };
        let whole = slots.newest.epoch;
        let may_be_newer = self.is_replayed(file)?;
        let fits = |state: State| match state.epoch > whole {
            true => state.epoch == whole + 1 && may_be_newer,
            false => state.epoch + 1 == whole,
        };
        Ok(self.restore_slot(file, (whole + 1) % 2, fits))
    }

    /// Whether the records that count are in their place. They are where the next slot was written. Else they were
    /// written later than that was damaged, by somebody who went on from the slot before it.
    fn is_replayed(&self, file: &Examination) -> io::Result<bool> {
        let (Some(preamble), Some(replay)) = (&file.preamble, &file.replay) else {
            return Ok(true);
        };
        let read = |offset: u64, buffer: &mut [u8]| self.patches.read(self.storage, offset, buffer);
        let read_data =
            |offset: u64, buffer: &mut [u8]| read(preamble.data_offset.get() + offset, buffer);
        let end = replay.len.saturating_mul(preamble.element_bytes.get());
        is_in_place(replay, end, &mut { read }, &mut { read_data })
    }

    /// Both slots are whole, and don't follow each other.
    fn follow_larger_epoch(
        &mut self,
        damage: &Damage,
        file: &Examination,
        newest: State,
    ) -> Mended {
        let older = slot_blocks(&file.bytes)[usize::from(newest.epoch % 2 == 0)];
        let dropped = whole_slot(older, 1 - newest.epoch % 2).ok().map(|slot| slot.epoch.get());
        let (Some(dropped), Some(before)) = (dropped, newest.epoch.checked_sub(1)) else {
            return Err(RepairObstacle::Nonsense(damage.clone()));
        };
        self.write_slot(State { epoch: before, ..newest });
        let kind = RepairKind::FollowLargerEpoch { kept: newest.epoch, dropped };
        self.step(kind, RepairLoss::MaybeCommits);
        Ok(())
    }

    /// Keeps the records that count, and nothing after them.
    fn give_up_journal(&mut self, damage: &Damage, file: &Examination) -> Mended {
        let parts = (&file.preamble, &file.replay);
        let (Some(preamble), Some(replay)) = parts else {
            return Err(RepairObstacle::Nonsense(damage.clone()));
        };
        let lost = replay.lost;
        // The damaged record is one more, unless the records that tell of it are of another epoch.
        let is_one_more = damage.region == Region::Journal
            && file.header.as_ref().is_some_and(|header| !header.slots.newest.clean);
        self.patches.zero(replay.end, preamble.data_offset.get());
        let loss = RepairLoss::Commits {
            count: lost.records + u64::from(is_one_more),
            len: lost.newest.map(|newest| newest.len),
        };
        self.step(RepairKind::GiveUpJournal { kept: replay.records, len: replay.len }, loss);
        Ok(())
    }

    /// The file is shorter than it says.
    fn mend_length(&mut self, file: &Examination) -> Mended {
        let preamble = file.preamble.as_ref().ok_or(RepairObstacle::NoHeader)?;
        let data_offset = preamble.data_offset.get();
        if file.file_bytes < data_offset {
            let kind = RepairKind::Extend { bytes: data_offset - file.file_bytes };
            self.patches.extend(data_offset);
            // The journal of a file that was closed is empty, and so is that of mode shared.
            let may_have_records = file.header.as_ref().is_none_or(|header| {
                let slots = &header.slots;
                slots.newest.mode == Mode::Atomic && (slots.torn || !slots.newest.clean)
            });
            let loss =
                if may_have_records { RepairLoss::MaybeCommits } else { RepairLoss::Nothing };
            self.step(kind, loss);
            return Ok(());
        }
        self.cut(file)
    }

    /// Cuts the vector to the elements that are there.
    fn cut(&mut self, file: &Examination) -> Mended {
        let parts = (&file.preamble, &file.header, &file.replay);
        let (Some(preamble), Some(header), Some(replay)) = parts else {
            return Err(RepairObstacle::Slots);
        };
        let len = file.len().unwrap_or_default();
        // A live state may count fewer elements than a slot that counts too many.
        let there = file.room().unwrap_or_default().min(len);
        let newest = header.slots.newest;
        check_epochs(newest, 2)?;
        if replay.records > 0 {
            let end = there * preamble.element_bytes.get();
            self.patches.redo = Some((replay.clone(), end));
        }
        self.patches.zero(preamble.journal_offset.get(), preamble.data_offset.get());
        for epoch in [newest.epoch + 1, newest.epoch + 2] {
            self.write_slot(State { epoch, committed_len: there, clean: true, ..newest });
        }
        let loss = match len - there {
            0 => RepairLoss::Nothing,
            count => RepairLoss::Elements { count },
        };
        self.step(RepairKind::Cut { len: there }, loss);
        Ok(())
    }
}

/// Whether so many states can follow this one: each takes an epoch, and there are as many as the format says.
fn check_epochs(newest: State, states: u64) -> Mended {
    match newest.epoch <= MAX_EPOCH - states {
        true => Ok(()),
        false => Err(RepairObstacle::Epochs { newest: newest.epoch }),
    }
}

/// What is left to do with a file that is whole.
impl Mending<'_> {
    fn finish(&mut self, file: &Examination) -> Mended {
        let parts = (&file.preamble, &file.header, &file.replay);
        let (Some(preamble), Some(header), Some(replay)) = parts else {
            return Err(RepairObstacle::Slots);
        };
        let (torn, clean) = (header.slots.torn, header.slots.newest.clean);
        let len = file.len().unwrap_or_default();
        self.len_after = Some(len);
        let end = header.file_bytes(len).unwrap_or(u64::MAX);
        let (is_closed, spare_bytes) = (clean && !torn, file.file_bytes.saturating_sub(end));
        let nothing_to_do = is_closed && spare_bytes == 0 && self.patches.is_empty();
        if preamble.ro_compat != 0 && !nothing_to_do {
            let feature = Feature::ReadOnlyCompat(preamble.ro_compat.get());
            return Err(RepairObstacle::Unsupported(feature));
        }
        if !is_closed {
            // What waits in the journal takes one more, as it empties that.
            check_epochs(header.slots.newest, 2 + u64::from(replay.records > 0))?;
            // A slot that was damaged after it had been written looks like one that was being written.
            let loss = if torn { RepairLoss::MaybeCommits } else { RepairLoss::Nothing };
            self.step(RepairKind::Close { records: replay.records, torn }, loss);
        }
        if spare_bytes > 0 {
            self.step(RepairKind::CutSpare { bytes: spare_bytes }, RepairLoss::Nothing);
        }
        Ok(())
    }

    /// Nothing can be done about elements.
    pub(super) fn tell_of_elements(&mut self, report: &Report) {
        if report.invalid_elements > 0 {
            self.obstacles.push(RepairObstacle::Elements { count: report.invalid_elements });
        }
        if report.unreadable_bytes > 0 {
            self.obstacles.push(RepairObstacle::Unreadable { bytes: report.unreadable_bytes });
        }
    }
}
