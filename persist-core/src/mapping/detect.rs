//! Which private pages of a mapping were written: the kernel knows.
//!
//! A private page that was written is a copy of the file's page, and no longer one of the file. Linux 6.7
//! lists those of a range (`PAGEMAP_SCAN`); older ones tell it page by page (`/proc/self/pagemap`). Neither is
//! believed before it has told the truth about a mapping whose pages are known. Elsewhere memory is
//! compared with the file.
//!
//! Sources: `Documentation/admin-guide/mm/pagemap.rst` and `include/uapi/linux/fs.h` of Linux.

use std::fs::File;
use std::io;
use std::ops::Range;

use super::Mapping;

/// How to find pages that were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    allow(dead_code, reason = "the kernel's ways are Linux's")
)]
pub(crate) enum Detection {
    /// The `PAGEMAP_SCAN` call. Takes time in proportion to the page tables of the range.
    PagemapScan,
    /// Eight bytes of `/proc/self/pagemap` for each page of the range.
    Pagemap,
    /// Every page may have been written.
    Compare,
}

impl Detection {
    /// The quickest that works here, as found out once for the process with pages of `file`.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn best(file: &File) -> Self {
        use std::sync::OnceLock;

        static BEST: OnceLock<Detection> = OnceLock::new();
        *BEST.get_or_init(|| {
            let works = |detection: &Self| detection.tells_the_truth(file).unwrap_or(false);
            [Self::PagemapScan, Self::Pagemap].into_iter().find(works).unwrap_or(Self::Compare)
        })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) fn best(_: &File) -> Self {
        Self::Compare
    }

    /// Pages of a private mapping, in order, among them all that were written. Where the kernel doesn't say, that
    /// is every one.
    pub(crate) fn written(self, mapping: &Mapping, pages: Range<usize>) -> Vec<Range<usize>> {
        if pages.is_empty() {
            return Vec::new();
        }
        self.ask(mapping, pages.clone()).unwrap_or_else(|_| vec![pages])
    }

    /// Whether fewer than `limit` pages of a private mapping are in memory and not copies, where that can be told for less than
    /// it takes to look at each. Where nobody is asked it makes no difference, but for tests.
    pub(crate) fn has_fewer_originals(
        self,
        mapping: &Mapping,
        pages: Range<usize>,
        limit: usize,
    ) -> bool {
        match self {
            Self::PagemapScan => Self::find_originals(mapping, pages, limit),
            Self::Pagemap => false,
            Self::Compare => cfg!(test),
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn find_originals(mapping: &Mapping, pages: Range<usize>, limit: usize) -> bool {
        let base = mapping.base().addr().get();
        linux::has_fewer_originals(base + pages.start..base + pages.end, limit).unwrap_or(false)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn find_originals(_: &Mapping, _: Range<usize>, _: usize) -> bool {
        false
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn ask(self, mapping: &Mapping, pages: Range<usize>) -> io::Result<Vec<Range<usize>>> {
        let base = mapping.base().addr().get();
        let addresses = base + pages.start..base + pages.end;
        let mut found = match self {
            Self::PagemapScan => linux::scan(addresses)?,
            Self::Pagemap => linux::read_pagemap(addresses)?,
            Self::Compare => vec![addresses],
        };
        for range in &mut found {
            *range = range.start - base..range.end - base;
        }
        Ok(found)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn ask(self, _: &Mapping, pages: Range<usize>) -> io::Result<Vec<Range<usize>>> {
        Ok(vec![pages])
    }

    /// Tries it on some private pages of a file: every other one is written, the others are read but for the last, which is
    /// left alone. An emulator of another byte order may pass on numbers that would be right for one by chance; and only the
    /// first blocks of a file are never holes, for which a full tmpfs would have no memory.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn tells_the_truth(self, file: &File) -> io::Result<bool> {
        const PAGES: usize = 4;
        let page = rustix::param::page_size();
        let mut mapping = Mapping::private(file, 0, PAGES * page)?;
        if file.metadata()?.len() < mapping.len_bytes() as u64 {
            return Ok(false);
        }
        // SAFETY: the file has these bytes, and nobody else knows of this mapping.
        let bytes = unsafe { mapping.bytes_mut(0..(PAGES - 1) * page) };
        for pair in bytes.chunks_mut(2 * page) {
            let byte = std::hint::black_box(&mut pair[0]);
            *byte = std::hint::black_box(!*byte);
            std::hint::black_box(pair.get(page).copied());
        }
        let found = self.ask(&mapping, 0..PAGES * page)?;
        let written = (0..PAGES).step_by(2).map(|i| i * page..(i + 1) * page);
        Ok(found.into_iter().eq(written))
    }
}

/// Whether private pages can really be dropped, as found out once for the process. Emulators of a kernel, as qemu's
/// user mode, say yes and do nothing, most of all after a mapping was moved.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn discards() -> bool {
    use std::sync::OnceLock;

    static DISCARDS: OnceLock<bool> = OnceLock::new();
    *DISCARDS.get_or_init(|| try_to_discard().unwrap_or(false))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn try_to_discard() -> io::Result<bool> {
    let page = rustix::param::page_size();
    let mut mapping = Mapping::anonymous(page)?;
    mapping.move_to(2 * page)?;
    // SAFETY: the mapping has this byte, and nobody else knows of it.
    let byte = unsafe { mapping.bytes_mut(0..1) };
    std::hint::black_box(byte)[0] = 1;
    mapping.advise_unneeded(0..page)?;
    // SAFETY: as above.
    let byte = unsafe { mapping.bytes(0..1) };
    Ok(std::hint::black_box(byte)[0] == 0)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::ffi::c_void;
    use std::fs::File;
    use std::io;
    use std::ops::Range;
    use std::os::unix::fs::FileExt;

    use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl, opcode};

    /// `struct page_region`.
    #[derive(Debug, Clone, Copy, Default)]
    #[repr(C)]
    struct PageRegion {
        start: u64,
        end: u64,
        categories: u64,
    }

    /// `struct pm_scan_arg`.
    #[derive(Debug, Default)]
    #[repr(C)]
    struct ScanArg {
        size: u64,
        flags: u64,
        start: u64,
        end: u64,
        walk_end: u64,
        vec: u64,
        vec_len: u64,
        max_pages: u64,
        category_inverted: u64,
        category_mask: u64,
        category_anyof_mask: u64,
        return_mask: u64,
    }

    const IS_FILE: u64 = 1 << 2;
    const IS_PRESENT: u64 = 1 << 3;
    const IS_SWAPPED: u64 = 1 << 4;

    /// One call, with the regions that it fills.
    struct PagemapScan<'a> {
        arg: ScanArg,
        regions: &'a mut [PageRegion],
    }

    // SAFETY: the opcode is that of `PAGEMAP_SCAN`, whose argument is a `struct pm_scan_arg`, which the
    // kernel reads and whose `walk_end` it writes. It writes at most `vec_len` regions at `vec`, which are
    // `regions`, borrowed mutably.
    unsafe impl Ioctl for PagemapScan<'_> {
        /// How many regions were written, and how far the walk came.
        type Output = (usize, u64);

        const IS_MUTATING: bool = true;

        fn opcode(&self) -> Opcode {
            opcode::read_write::<ScanArg>(b'f', 16)
        }

        fn as_ptr(&mut self) -> *mut c_void {
            self.arg.vec = self.regions.as_mut_ptr().expose_provenance() as u64;
            self.arg.vec_len = self.regions.len() as u64;
            (&raw mut self.arg).cast()
        }

        unsafe fn output_from_ptr(
            out: IoctlOutput,
            arg: *mut c_void,
        ) -> rustix::io::Result<Self::Output> {
            // SAFETY: this is the pointer of `as_ptr`, and the argument is still there.
            let arg = unsafe { &*arg.cast::<ScanArg>() };
            Ok((out as usize, arg.walk_end))
        }
    }

    /// Pages in memory or swapped out that are not pages of the file.
    pub(super) fn scan(addresses: Range<usize>) -> io::Result<Vec<Range<usize>>> {
        let pagemap = File::open("/proc/self/pagemap")?;
        let mut regions = [PageRegion::default(); 512];
        let mut found = Found::default();
        let (mut start, end) = (addresses.start as u64, addresses.end as u64);
        while start < end {
            let copies = ScanArg {
                start,
                end,
                category_inverted: IS_FILE,
                category_mask: IS_FILE,
                category_anyof_mask: IS_PRESENT | IS_SWAPPED,
                ..ScanArg::default()
            };
            let (count, walk_end) = call(&pagemap, copies, &mut regions)?;
            for region in &regions[..count] {
                found.push(region.start as usize..region.end as usize);
            }
            // Where the vector was full, the walk may be said to end before the last region does.
            let next = regions[..count].last().map_or(walk_end, |last| last.end.max(walk_end));
            if next <= start {
                return Err(io::Error::other("PAGEMAP_SCAN makes no progress"));
            }
            start = next;
        }
        Ok(found.0)
    }

    /// Whether fewer than `limit` pages are in memory and the file's. May say no where they lie in very many places.
    pub(super) fn has_fewer_originals(addresses: Range<usize>, limit: usize) -> io::Result<bool> {
        let pagemap = File::open("/proc/self/pagemap")?;
        let mut regions = [PageRegion::default(); 512];
        let (start, end) = (addresses.start as u64, addresses.end as u64);
        let originals = ScanArg {
            start,
            end,
            max_pages: limit as u64,
            category_mask: IS_FILE | IS_PRESENT,
            ..ScanArg::default()
        };
        let (_, walk_end) = call(&pagemap, originals, &mut regions)?;
        Ok(walk_end >= end)
    }

    /// How many regions were written, and how far the walk came.
    fn call(
        pagemap: &File,
        arg: ScanArg,
        regions: &mut [PageRegion],
    ) -> rustix::io::Result<(usize, u64)> {
        let arg = ScanArg { size: size_of::<ScanArg>() as u64, ..arg };
        // SAFETY: the call is as the kernel expects it, by the `unsafe impl` above.
        unsafe { ioctl(pagemap, PagemapScan { arg, regions }) }
    }

    pub(super) fn read_pagemap(addresses: Range<usize>) -> io::Result<Vec<Range<usize>>> {
        const PRESENT: u64 = 1 << 63;
        const SWAPPED: u64 = 1 << 62;
        const FILE: u64 = 1 << 61;
        /// Bits that no page of such a mapping has: some are reserved. An emulator of another byte order passes entries
        /// on as they are, and those would have them.
        const NEVER: u64 = 0xf << 57;
        const ENTRY_BYTES: usize = size_of::<u64>();

        let page = rustix::param::page_size();
        let pagemap = File::open("/proc/self/pagemap")?;
        let mut entries = vec![0; ENTRY_BYTES * 8192];
        let mut found = Found::default();
        let mut address = addresses.start;
        while address < addresses.end {
            // A mapping may end within its last page.
            let pages = (addresses.end - address).div_ceil(page);
            let count = pages.min(entries.len() / ENTRY_BYTES);
            let entries = &mut entries[..count * ENTRY_BYTES];
            pagemap.read_exact_at(entries, (address / page * ENTRY_BYTES) as u64)?;
            for entry in entries.chunks_exact(ENTRY_BYTES) {
                let entry = u64::from_ne_bytes(entry.try_into().expect("eight bytes"));
                if entry & NEVER != 0 {
                    return Err(io::Error::other("an entry of /proc/self/pagemap makes no sense"));
                }
                if entry & (PRESENT | SWAPPED) != 0 && entry & FILE == 0 {
                    found.push(address..address + page);
                }
                address += page;
            }
        }
        Ok(found.0)
    }

    /// Ranges that come in order; neighbours are joined.
    #[derive(Default)]
    struct Found(Vec<Range<usize>>);

    impl Found {
        fn push(&mut self, range: Range<usize>) {
            match self.0.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => self.0.push(range),
            }
        }
    }
}
