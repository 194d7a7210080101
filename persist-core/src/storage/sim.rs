//! A disk that forgets: what was written and not synced survives a loss of power as an adversary likes.
//!
//! There are two copies of the file. The *cache* is what processes see, as the kernel's page cache; the
//! *platter* is what survives. A sector is *dirty* where the cache has something that the platter may not
//! have. Dirty sectors reach the platter by a sync, or at any time, in any order, or never. The size of
//! the file is durable by itself, as on a file system that journals it.
//!
//! One call can be made to fail, with part of its effect: as the end of everything until
//! [`SimDisk::reboot`], or with an error after which life goes on. All that is left to chance comes from one
//! seed.
//!
//! Clones are handles of one disk, as two handles of one file are.

mod bits;
mod view;

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use bits::{Bits, MAX_BITS};
use fastrand::Rng;
use view::{Access, View};

use super::Storage;
use crate::mapping::{Detection, Mapping};

/// What a disk writes whole or not at all.
pub(crate) const SECTOR_BYTES: usize = 512;
/// The disk is full then.
pub(crate) const DISK_BYTES: usize = SECTOR_BYTES * MAX_BITS;

#[derive(Debug, Clone)]
pub(crate) struct SimDisk(Arc<Mutex<Disk>>);

/// A call of [`Storage`] that changes the file, and so can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Write,
    WriteDurable,
    Allocate,
    Truncate,
    Sync,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The machine stops, or the process, with part of the call done.
    Crash,
    /// The device reports an error, with part of the call done.
    Broken,
    /// There is no space left, for so many calls that need some.
    Full { calls: u32 },
}

/// What a crash spares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reboot {
    /// What is durable.
    Power,
    /// What the kernel knows: only the process was killed.
    Kill,
}

/// A call that was made, and how it went.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) call: Call,
    pub(crate) bytes: Range<u64>,
    pub(crate) fault: Option<Fault>,
}

#[derive(Debug)]
struct Disk {
    rng: Rng,
    maps_past_end: bool,
    page_bytes: usize,
    block_bytes: usize,
    /// Of so many calls, about one is followed by sectors reaching the platter by themselves.
    write_back_every: u32,

    /// Whole sectors; what is past the end of the file is zero.
    cache: Vec<u8>,
    platter: Vec<u8>,
    /// The size of the file.
    len: usize,
    /// The sizes that a loss of power may leave, in the order in which the file had them.
    lens: Vec<usize>,
    dirty: Bits,
    /// Sectors that a failed sync didn't write and that the kernel takes to be written all the same.
    lost: Bits,
    /// The sectors of the last write.
    latest: Bits,

    views: Vec<View>,
    /// More memory can't be made private at once.
    most_private_bytes: usize,
    /// The fault to come, and after how many more calls.
    plan: Option<(usize, Fault)>,
    crashed: bool,
    events: Vec<Event>,
}

impl SimDisk {
    /// An empty disk. Where it `maps_past_end` mappings can have private pages and stay in their place.
    pub(crate) fn new(seed: u64, maps_past_end: bool, page_bytes: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        Self(Arc::new(Mutex::new(Disk {
            write_back_every: [u32::MAX, 10, 2][rng.usize(..3)],
            block_bytes: SECTOR_BYTES << rng.usize(..5),
            rng,
            maps_past_end,
            page_bytes,
            cache: Vec::new(),
            platter: Vec::new(),
            len: 0,
            lens: vec![0],
            dirty: Bits::default(),
            lost: Bits::default(),
            latest: Bits::default(),
            views: Vec::new(),
            most_private_bytes: usize::MAX,
            plan: None,
            crashed: false,
            events: Vec::new(),
        })))
    }

    /// Refuses to make more memory private at once, as where there is little.
    pub(crate) fn limit_private(&self, most_bytes: usize) {
        self.disk().most_private_bytes = most_bytes;
    }

    /// Lets a call fail, after so many others that change the file.
    pub(crate) fn fail_after(&self, calls: usize, fault: Fault) {
        self.disk().plan = Some((calls, fault));
    }

    pub(crate) fn fail_no_more(&self) {
        self.disk().plan = None;
    }

    pub(crate) fn has_crashed(&self) -> bool {
        self.disk().crashed
    }

    /// How large the file is, also after a crash.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.disk().len as u64
    }

    /// The calls since this was last asked.
    pub(crate) fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut self.disk().events)
    }

    /// Time passes, in which the kernel may write something back.
    pub(crate) fn idle(&self) {
        let mut disk = self.disk();
        if !disk.crashed {
            disk.absorb();
            disk.write_back();
        }
    }

    /// Flips a bit that is durable, or flips it back.
    pub(crate) fn flip_bit(&self, offset: u64, bit: u32) {
        let mut disk = self.disk();
        disk.absorb();
        assert!(!sectors_of(offset as usize..offset as usize + 1).intersects(&disk.dirty));
        disk.cache[offset as usize] ^= 1 << bit;
        disk.platter[offset as usize] ^= 1 << bit;
    }

    /// Starts the machine anew, or only the process. The vectors must have been dropped.
    pub(crate) fn reboot(&self, reboot: Reboot) {
        let mut disk = self.disk();
        disk.absorb();
        assert!(disk.views.is_empty(), "a mapping outlives its process");
        disk.crashed = false;
        disk.plan = None;
        if reboot == Reboot::Power {
            disk.lose_power();
        }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Disk {
    /// What happens before each call: the cache has what was written to memory.
    fn absorb(&mut self) {
        for view in &mut self.views {
            if self.crashed {
                break;
            }
            let changed = view.take_changes(&mut self.cache, self.len);
            if !changed.is_empty() {
                self.dirty.insert_all(&changed);
                self.lost.remove_all(&changed);
                self.latest = changed;
            }
            if !view.is_mapped() {
                view.check(&self.cache, self.len);
            }
        }
        self.views.retain(View::is_mapped);
    }

    /// Some sectors reach the platter, as they please.
    fn write_back(&mut self) {
        if self.rng.u32(..self.write_back_every) != 0 {
            return;
        }
        let some = self.some_of(self.dirty);
        self.make_durable(some);
        if self.rng.bool() {
            self.lens.drain(..self.lens.len() - 1);
        }
    }

    fn make_durable(&mut self, sectors: Bits) {
        for run in sectors.runs() {
            let bytes = run.start * SECTOR_BYTES..run.end * SECTOR_BYTES;
            self.platter[bytes.clone()].copy_from_slice(&self.cache[bytes]);
        }
        self.dirty.remove_all(&sectors);
    }

    /// A part of `sectors`, in one of the ways in which disks and kernels choose.
    fn some_of(&mut self, sectors: Bits) -> Bits {
        let mut some = sectors;
        let rng = &mut self.rng;
        match rng.u32(..10) {
            0 => some = Bits::default(),
            1 => {}
            2 => some.retain_all(&self.latest),
            3 => some.remove_all(&self.latest),
            4 => some.retain_by(|| rng.u64(..) & rng.u64(..) & rng.u64(..)),
            5 => some.retain_by(|| rng.u64(..) | rng.u64(..) | rng.u64(..)),
            6 => {
                let (a, b) = (rng.usize(..MAX_BITS), rng.usize(..MAX_BITS));
                some.retain_all(&Bits::range(a.min(b)..a.max(b)));
            }
            _ => some.retain_by(|| rng.u64(..)),
        }
        some
    }

    /// What was not durable is or isn't.
    fn lose_power(&mut self) {
        let some = self.some_of(self.dirty);
        self.make_durable(some);
        let mut undone = self.dirty;
        undone.insert_all(&self.lost);
        self.forget(undone);
        let step = self.rng.usize(..self.lens.len());
        self.len = self.lens[step];
        if let Some(&next) = self.lens.get(step + 1).filter(|&&next| next > self.len) {
            self.len = self.rng.usize(self.len..next);
        }
        self.cache[self.len..].fill(0);
        self.platter[self.len..].fill(0);
        self.lens = vec![self.len];
        self.dirty = Bits::default();
    }

    /// The cache has of these sectors what the platter has.
    fn forget(&mut self, sectors: Bits) {
        for run in sectors.runs() {
            let bytes = run.start * SECTOR_BYTES..run.end * SECTOR_BYTES;
            self.cache[bytes.clone()].copy_from_slice(&self.platter[bytes]);
        }
        self.lost.remove_all(&sectors);
    }

    /// Begins a call that changes the file, and says how it is to fail.
    fn begin(&mut self, call: Call, bytes: Range<u64>) -> io::Result<Option<Fault>> {
        self.check_alive()?;
        self.absorb();
        self.write_back();
        let fault = self.next_fault(call);
        self.crashed = fault == Some(Fault::Crash);
        self.events.push(Event { call, bytes, fault });
        Ok(fault)
    }

    fn next_fault(&mut self, call: Call) -> Option<Fault> {
        let (calls, fault) = self.plan.take()?;
        if calls > 0 {
            self.plan = Some((calls - 1, fault));
            return None;
        }
        if let Fault::Full { calls } = fault {
            if !matches!(call, Call::Allocate | Call::Write) {
                self.plan = Some((0, fault));
                return None;
            }
            self.plan = calls.checked_sub(1).map(|calls| (0, Fault::Full { calls }));
        }
        Some(fault)
    }

    fn check_alive(&self) -> io::Result<()> {
        if self.crashed { Err(io::Error::other("the machine has stopped")) } else { Ok(()) }
    }

    fn write(&mut self, offset: usize, bytes: &[u8], sectors: Bits) {
        let end = offset + bytes.len();
        if end > self.len {
            self.set_len(end);
        }
        for run in sectors.runs() {
            let part = (run.start * SECTOR_BYTES).max(offset)..(run.end * SECTOR_BYTES).min(end);
            let bytes = &bytes[part.start - offset..part.end - offset];
            for view in &self.views {
                view.show_write(part.start, bytes);
            }
            self.cache[part].copy_from_slice(bytes);
        }
        self.dirty.insert_all(&sectors);
        self.lost.remove_all(&sectors);
        self.latest = sectors;
    }

    fn set_len(&mut self, len: usize) {
        if len < self.len {
            for view in &mut self.views {
                view.show_cut(len, self.len);
            }
            self.cache[len..self.len].fill(0);
            let cut = sectors_of(len..self.len);
            self.dirty.insert_all(&cut);
            self.lost.remove_all(&cut);
        } else if len > self.cache.len() {
            self.cache.resize(len.next_multiple_of(SECTOR_BYTES), 0);
            self.platter.resize(self.cache.len(), 0);
        }
        self.len = len;
        self.lens.push(len);
    }

    /// Makes sectors durable, or some of them where that is to fail. Of those that a device could not write,
    /// the kernel takes some to be written; a crash of the process alone leaves them as they are.
    fn flush(&mut self, sectors: Bits, fault: Option<Fault>) {
        let written = self.part_of(sectors, fault);
        self.make_durable(written);
        if matches!(fault, None | Some(Fault::Crash)) {
            return;
        }
        let mut lost = sectors;
        lost.remove_all(&written);
        lost = self.some_of(lost);
        self.dirty.remove_all(&lost);
        self.lost.insert_all(&lost);
    }

    /// What of a call is done that fails.
    fn part_of(&mut self, sectors: Bits, fault: Option<Fault>) -> Bits {
        if fault.is_some() { self.some_of(sectors) } else { sectors }
    }

    fn view(&mut self, offset: u64, bytes: usize, access: Access) -> io::Result<Mapping> {
        self.check_alive()?;
        self.absorb();
        let file = offset as usize..offset as usize + bytes;
        let may_end_at = match access {
            Access::Shared if self.maps_past_end => DISK_BYTES,
            _ => self.len,
        };
        if file.end > DISK_BYTES {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        assert!(file.end <= may_end_at, "what is mapped must be inside the file");
        let view = View::new(file.clone(), access, self.page_bytes);
        view.show(file.start..file.end.min(self.len), &self.cache, self.len);
        let mapping = view.mapping();
        self.views.push(view);
        Ok(mapping)
    }
}

/// The sectors that a range of bytes touches.
fn sectors_of(bytes: Range<usize>) -> Bits {
    Bits::range(bytes.start / SECTOR_BYTES..bytes.end.div_ceil(SECTOR_BYTES))
}

/// The result of a call that was to fail or not.
fn outcome(fault: Option<Fault>) -> io::Result<()> {
    match fault {
        None => Ok(()),
        Some(Fault::Crash) => Err(io::Error::other("the machine stopped")),
        Some(Fault::Broken) => Err(io::Error::other("the device is broken")),
        Some(Fault::Full { .. }) => Err(io::ErrorKind::StorageFull.into()),
    }
}

impl Storage for SimDisk {
    fn len_bytes(&self) -> io::Result<u64> {
        let disk = self.disk();
        disk.check_alive()?;
        Ok(disk.len as u64)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut disk = self.disk();
        disk.check_alive()?;
        disk.absorb();
        let bytes = offset as usize..offset as usize + buffer.len();
        if bytes.end > disk.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.copy_from_slice(&disk.cache[bytes]);
        Ok(())
    }

    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let (start, end) = (offset as usize, offset as usize + bytes.len());
        let mut disk = self.disk();
        let mut fault = disk.begin(Call::Write, start as u64..end as u64)?;
        if end > DISK_BYTES {
            fault = fault.or(Some(Fault::Full { calls: 0 }));
        }
        if end <= DISK_BYTES {
            let sectors = disk.part_of(sectors_of(start..end), fault);
            disk.write(start, bytes, sectors);
        }
        outcome(fault)
    }

    fn write_durable_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let (start, end) = (offset as usize, offset as usize + bytes.len());
        let mut disk = self.disk();
        assert!(end <= disk.len, "a durable write must have its place");
        let fault = disk.begin(Call::WriteDurable, start as u64..end as u64)?;
        // Who is killed here was most likely waiting for the device: the kernel has all of it.
        let is_known = fault.is_none() || disk.rng.bool();
        let sectors = sectors_of(start..end);
        let sectors = if is_known { sectors } else { disk.some_of(sectors) };
        disk.write(start, bytes, sectors);
        disk.flush(sectors, fault);
        outcome(fault)
    }

    fn allocate(&self, start: u64, end: u64) -> io::Result<()> {
        let mut disk = self.disk();
        let mut fault = disk.begin(Call::Allocate, start..end)?;
        if end > DISK_BYTES as u64 {
            fault = fault.or(Some(Fault::Full { calls: 0 }));
        }
        let mut end = (end as usize).min(DISK_BYTES);
        if fault.is_some() && disk.len < end {
            let len = disk.len;
            end = [len, disk.rng.usize(len..end), end][disk.rng.usize(..3)];
        }
        if end > disk.len {
            disk.set_len(end);
        }
        outcome(fault)
    }

    fn is_sparse(&self, _: u64, _: u64) -> io::Result<bool> {
        Ok(false)
    }

    fn allocates_to_read(&self) -> bool {
        false
    }

    fn start_write_back(&self, start: u64, end: u64) {
        let mut disk = self.disk();
        if !disk.crashed {
            disk.absorb();
            let mut sectors = sectors_of(start as usize..end as usize);
            sectors.retain_all(&disk.dirty);
            let some = disk.some_of(sectors);
            disk.make_durable(some);
        }
    }

    /// What the device began with was written at once.
    fn finish_write_back(&self, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn block_bytes(&self) -> usize {
        self.disk().block_bytes
    }

    fn truncate(&self, end: u64) -> io::Result<()> {
        let mut disk = self.disk();
        let fault = disk.begin(Call::Truncate, end..end)?;
        let end = end as usize;
        if !disk.maps_past_end && disk.views.iter().any(|view| view.file.end > end) {
            return Err(io::Error::other("the file can't be cut while it is mapped"));
        }
        // The file must not become shorter where the vector is told that it didn't.
        let is_done = match fault {
            None => true,
            Some(Fault::Crash) => disk.rng.bool(),
            Some(_) => false,
        };
        if is_done {
            disk.set_len(end);
        }
        outcome(fault)
    }

    fn sync(&self, _: &Mapping) -> io::Result<()> {
        let mut disk = self.disk();
        let fault = disk.begin(Call::Sync, 0..0)?;
        let dirty = disk.dirty;
        disk.flush(dirty, fault);
        if fault.is_none() || disk.rng.bool() {
            disk.lens = vec![disk.len];
        }
        outcome(fault)
    }

    fn forget_cache(&self) {
        let mut disk = self.disk();
        if disk.crashed {
            return;
        }
        disk.absorb();
        let mut unmapped = disk.lost;
        for view in &disk.views {
            unmapped.remove_all(&sectors_of(view.file.clone()));
        }
        disk.forget(unmapped);
    }

    fn map(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        self.disk().view(offset, bytes, Access::Shared)
    }

    fn map_read_only(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        self.disk().view(offset, bytes, Access::ReadOnly)
    }

    fn map_private(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        let mut disk = self.disk();
        let frozen = !disk.maps_past_end && disk.rng.bool();
        disk.view(offset, bytes, Access::Private { frozen })
    }

    fn maps_past_end(&self) -> bool {
        self.disk().maps_past_end
    }

    fn set_private(
        &self,
        mapping: &mut Mapping,
        offset: u64,
        pages: Range<usize>,
        private: bool,
    ) -> io::Result<()> {
        let mut disk = self.disk();
        disk.absorb();
        let Disk { views, cache, len, most_private_bytes, .. } = &mut *disk;
        let view =
            views.iter_mut().find(|view| view.is_of(mapping)).expect("a mapping of this disk");
        assert_eq!(view.file.start, offset as usize);
        if private && pages.len() > *most_private_bytes {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        view.set_private(pages, private, cache, *len);
        Ok(())
    }

    fn boot_id(&self) -> Option<[u8; 16]> {
        None
    }

    fn detection(&self) -> Detection {
        Detection::Compare
    }

    fn page_bytes(&self) -> usize {
        self.disk().page_bytes
    }
}
