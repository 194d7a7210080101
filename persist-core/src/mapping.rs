//! A range of memory that shows a range of storage.
//!
//! A mapping keeps its memory at one address as long as it lives, and frees it when it is dropped. It
//! doesn't know how many of its bytes the storage has: touching others is the death of the process,
//! and avoiding it is up to [`raw`](crate::raw).

mod detect;

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::ptr::NonNull;

use memmap2::{MmapOptions, MmapRaw};

pub(crate) use detect::Detection;

use crate::advice::Advice;
use crate::storage::Storage;

/// What Linux reads ahead of a device where nobody set more: so much of a hint is heard anywhere.
#[cfg(unix)]
const PREFETCH_BYTES: usize = 128 << 10;

/// Where a mapping can't have all it wants, it takes at most so much beyond what it needs, or as much
/// again as it needs where that is more.
const SCARCE_BYTES: usize = 64 << 20;
/// And at most this part of the address space that is left.
const PART_OF_SCARCE_SPACE: usize = 8;

#[cfg(any(target_os = "linux", target_os = "android"))]
const EFAULT: i32 = rustix::io::Errno::FAULT.raw_os_error();

pub(crate) struct Mapping(Memory);

enum Memory {
    /// No bytes: nothing to map.
    None,
    File(MmapRaw),
    #[cfg(test)]
    Heap {
        base: *mut u8,
        bytes: usize,
        _region: std::sync::Arc<dyn std::any::Any + Send + Sync>,
    },
}

#[cfg(test)]
// SAFETY: the region that `base` points into may be sent and shared, and lives as long as this.
unsafe impl Send for Mapping {}
#[cfg(test)]
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    pub(crate) fn none() -> Self {
        Self(Memory::None)
    }

    pub(crate) fn file(map: MmapRaw) -> Self {
        Self(Memory::File(map))
    }

    /// Maps a file so that what is written stays in memory.
    pub(crate) fn private(file: &File, offset: u64, bytes: usize) -> io::Result<Self> {
        let mut options = MmapOptions::new();
        options.offset(offset).len(bytes).no_reserve_swap();
        // SAFETY: as for any mapping, others who change the file change the memory: the lock keeps them
        // away, or the promise made to `open_unlocked`. References into it are made by those who know that.
        let map = unsafe { options.map_copy(file)? };
        Ok(Self(Memory::File(map.into())))
    }

    /// Memory of no file, filled with zeros.
    pub(crate) fn anonymous(bytes: usize) -> io::Result<Self> {
        Ok(Self(Memory::File(MmapOptions::new().len(bytes).map_anon()?.into())))
    }

    #[cfg(test)]
    pub(crate) fn heap(
        base: *mut u8,
        bytes: usize,
        region: std::sync::Arc<dyn std::any::Any + Send + Sync>,
    ) -> Self {
        Self(Memory::Heap { base, bytes, _region: region })
    }

    /// Maps storage from `offset` on: the `wanted` bytes, or where the system refuses so many, at least the
    /// `needed` ones. Address space may be scarce (`ulimit -v`, 32 bits, many vectors), and a file system
    /// may know no file that long.
    pub(crate) fn reserve(
        storage: &dyn Storage,
        offset: u64,
        needed: usize,
        wanted: usize,
    ) -> io::Result<Self> {
        if wanted == 0 {
            return Ok(Self::none());
        }
        scarce(needed, wanted, |bytes| storage.map(offset, bytes))
    }

    /// Maps more of the same storage, maybe elsewhere: every address in the mapping is void, also where
    /// this fails. The mapping doesn't become smaller.
    pub(crate) fn enlarge(
        &mut self,
        storage: &dyn Storage,
        offset: u64,
        needed: usize,
        wanted: usize,
    ) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if matches!(self.0, Memory::File(_)) {
            match scarce(needed, wanted, |bytes| self.move_to(bytes)) {
                // A mapping in several parts can't be moved as one: the program may have divided it, as
                // by `mlock` on some elements.
                Err(error) if error.raw_os_error() == Some(EFAULT) => {}
                moved => return moved,
            }
        }
        *self = Self::reserve(storage, offset, needed, wanted)?;
        Ok(())
    }

    /// Makes the mapping one of so many bytes, maybe elsewhere. Moves page tables, and needs no room for the old
    /// mapping beside the new one. Every address in the mapping is void, also where this fails.
    ///
    /// As everywhere, who uses the mapping keeps below [`Self::len_bytes`].
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn move_to(&mut self, bytes: usize) -> io::Result<()> {
        match &mut self.0 {
            Memory::File(map) => {
                let options = memmap2::RemapOptions::new().may_move(true);
                // SAFETY: the mapping may move, and become smaller, because the caller holds it exclusively and
                // treats every address in it as void: no reference into it lives.
                unsafe { map.remap(bytes, options) }
            }
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// The address of the first byte, aligned to at least [`MAX_ALIGN_BYTES`]; dangling where there
    /// are no bytes.
    ///
    /// [`MAX_ALIGN_BYTES`]: crate::layout::MAX_ALIGN_BYTES
    pub(crate) fn base(&self) -> NonNull<u8> {
        const DANGLING: *mut u8 = std::ptr::without_provenance_mut(crate::layout::MAX_ALIGN_BYTES);
        let base = match &self.0 {
            Memory::None => DANGLING,
            Memory::File(map) => map.as_mut_ptr(),
            #[cfg(test)]
            Memory::Heap { base, .. } => *base,
        };
        NonNull::new(base).expect("no mapping is at address 0")
    }

    pub(crate) fn len_bytes(&self) -> usize {
        match &self.0 {
            Memory::None => 0,
            Memory::File(map) => map.len(),
            #[cfg(test)]
            Memory::Heap { bytes, .. } => *bytes,
        }
    }

    /// Some bytes of the memory.
    ///
    /// # Safety
    ///
    /// They must be inside the part that the storage has and be initialised, and nobody may write them as
    /// long as the slice lives.
    ///
    /// # Panics
    ///
    /// Where they are not inside the mapping.
    pub(crate) unsafe fn bytes(&self, range: Range<usize>) -> &[u8] {
        assert!(range.start <= range.end && range.end <= self.len_bytes());
        // SAFETY: `start` is inside the mapping, by the assertion.
        let start = unsafe { self.base().add(range.start) };
        // SAFETY: so is the end; the rest is the caller's promise. Bytes need no alignment.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), range.end - range.start) }
    }

    /// Some bytes of the memory, to be written.
    ///
    /// # Safety
    ///
    /// They must be inside the part that the storage has, be initialised and writable, and nobody else may
    /// use them as long as the slice lives.
    ///
    /// # Panics
    ///
    /// Where they are not inside the mapping.
    pub(crate) unsafe fn bytes_mut(&mut self, range: Range<usize>) -> &mut [u8] {
        assert!(range.start <= range.end && range.end <= self.len_bytes());
        // SAFETY: `start` is inside the mapping, by the assertion.
        let start = unsafe { self.base().add(range.start) };
        // SAFETY: so is the end; the rest is the caller's promise. Bytes need no alignment.
        unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), range.end - range.start) }
    }

    /// Maps pages anew, as pages of `file` from `offset` on: private ones or shared ones. Where the system
    /// refuses it nothing changed.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn map_again(
        &mut self,
        file: &File,
        offset: u64,
        pages: Range<usize>,
        private: bool,
    ) -> io::Result<()> {
        use rustix::mm::{MapFlags, ProtFlags, mmap};
        use rustix::process::{Resource, getrlimit};

        assert!(pages.start <= pages.end && pages.end <= self.len_bytes());
        if pages.is_empty() {
            return Ok(());
        }
        let (offset, bytes) = (offset + pages.start as u64, pages.end - pages.start);
        let flags = match private {
            true => {
                // Kernels before 6.12 unmap what was there before they look whether there is memory for private
                // pages. So this looks first, unless that would need address space which may not be there.
                if getrlimit(Resource::As).current.is_none() {
                    drop(Self::private(file, offset, bytes)?);
                }
                MapFlags::PRIVATE | MapFlags::NORESERVE
            }
            false => MapFlags::SHARED,
        };
        // SAFETY: the start is inside the mapping, by the assertion.
        let start = unsafe { self.base().add(pages.start) };
        // SAFETY: the range is inside the mapping, which this owns, so nothing else is replaced. No reference
        // into it lives, for this is called with the vector borrowed mutably and no element.
        unsafe {
            mmap(
                start.as_ptr().cast(),
                bytes,
                ProtFlags::READ | ProtFlags::WRITE,
                flags | MapFlags::FIXED,
                file,
                offset,
            )?;
        }
        Ok(())
    }

    /// Drops what was written to private pages: they show the file again. `Ok(false)` where the system has no
    /// call for it that works.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn discard(&mut self, pages: Range<usize>) -> io::Result<bool> {
        if !matches!(self.0, Memory::File(_)) || !detect::discards() {
            return Ok(false);
        }
        self.advise_unneeded(pages)?;
        Ok(true)
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn advise_unneeded(&mut self, pages: Range<usize>) -> io::Result<()> {
        use rustix::mm::{Advice, madvise};

        assert!(pages.start <= pages.end && pages.end <= self.len_bytes());
        // SAFETY: the start is inside the mapping, by the assertion.
        let start = unsafe { self.base().add(pages.start) };
        // SAFETY: the range is inside the mapping, which this owns. The bytes change, and no reference to
        // them lives, for this is called with the vector borrowed mutably and no element.
        unsafe {
            madvise(start.as_ptr().cast(), pages.end - pages.start, Advice::LinuxDontNeed)?;
        }
        Ok(())
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) fn discard(&mut self, _: Range<usize>) -> io::Result<bool> {
        Ok(false)
    }

    /// Tells the system in which order the memory will be used. A hint: there is nobody to tell if it is refused.
    #[cfg(unix)]
    pub(crate) fn advise(&self, advice: Advice) {
        let advice = match advice {
            Advice::Normal => memmap2::Advice::Normal,
            Advice::Sequential => memmap2::Advice::Sequential,
            Advice::Random => memmap2::Advice::Random,
        };
        if let Memory::File(map) = &self.0 {
            let _ = map.advise(advice);
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn advise(&self, _: Advice) {}

    /// Has the system begin to read the storage of some bytes that are there, without waiting. A hint, as above.
    ///
    /// Linux reads no more for one call than its read-ahead of the device, and says nothing of the rest.
    ///
    /// # Panics
    ///
    /// Where they are not inside the mapping.
    pub(crate) fn prefetch(&self, bytes: Range<usize>) {
        assert!(bytes.start <= bytes.end && bytes.end <= self.len_bytes());
        #[cfg(unix)]
        if let Memory::File(map) = &self.0 {
            for start in bytes.clone().step_by(PREFETCH_BYTES) {
                let len = PREFETCH_BYTES.min(bytes.end - start);
                let _ = map.advise_range(memmap2::Advice::WillNeed, start, len);
            }
        }
    }

    /// Hands what was written to the file system, up to `most_bytes` from the first on.
    pub(crate) fn flush(&self, most_bytes: u64) -> io::Result<()> {
        match &self.0 {
            Memory::File(map) => {
                let most_bytes = usize::try_from(most_bytes).unwrap_or(usize::MAX);
                map.flush_range(0, map.len().min(most_bytes))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mapping({:p}, {} bytes)", self.base(), self.len_bytes())
    }
}

/// Tries the `wanted` size. Where that is refused, finds what is left by halving what exceeds the
/// `needed` size, and takes a small part of it: the rest of the process needs address space, too, for its
/// next allocation.
fn scarce<R>(
    needed: usize,
    wanted: usize,
    mut attempt: impl FnMut(usize) -> io::Result<R>,
) -> io::Result<R> {
    let mut excess = wanted.saturating_sub(needed);
    match attempt(needed + excess) {
        Err(_) if excess > 0 => {}
        result => return result,
    }
    while excess > 0 {
        excess /= 2;
        if attempt(needed + excess).is_ok() {
            break;
        }
    }
    attempt(needed + (excess / PART_OF_SCARCE_SPACE).min(needed.max(SCARCE_BYTES)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More than any test says is possible: 1 TiB, or what an address can say.
    const WANTED: usize = 1 << if usize::BITS >= 64 { 40 } else { 30 };

    /// What is mapped where so many bytes can be, and all that was tried.
    fn mapped(needed: usize, wanted: usize, possible: usize) -> (io::Result<usize>, Vec<usize>) {
        let mut tried = Vec::new();
        let mapped = scarce(needed, wanted, |bytes| {
            tried.push(bytes);
            if bytes <= possible { Ok(bytes) } else { Err(io::ErrorKind::OutOfMemory.into()) }
        });
        (mapped, tried)
    }

    #[test]
    fn plenty_of_space_gives_all_that_is_wanted() {
        assert_eq!(mapped(5, 100, 100).0.unwrap(), 100);
        assert_eq!(mapped(5, 5, 5).0.unwrap(), 5);
        assert_eq!(mapped(7, 5, 100).0.unwrap(), 7, "what is needed, if that is more");
    }

    #[test]
    fn scarce_space_gives_a_little_more_than_is_needed() {
        let (needed, wanted) = (1 << 20, WANTED);
        for possible in [needed, needed + 1, needed << 1, 300 << 20, WANTED >> 2] {
            let (mapped, tried) = mapped(needed, wanted, possible);
            let excess = mapped.unwrap() - needed;
            assert!(excess <= (possible - needed) / 8 && excess <= 64 << 20, "{excess}");
            assert!(tried.iter().all(|&bytes| bytes >= needed), "{tried:?}");
        }
        #[cfg(target_pointer_width = "64")]
        assert_eq!(mapped(1 << 30, WANTED, 1 << 38).0.unwrap(), 2 << 30, "as much again");
    }

    #[test]
    fn too_little_space_is_an_error() {
        let (mapped, tried) = mapped(1 << 20, WANTED, (1 << 20) - 1);
        assert_eq!(mapped.unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        assert!(tried.len() < 64, "{tried:?}");
    }
}
