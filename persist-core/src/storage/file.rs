//! A real file.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;

use memmap2::MmapOptions;

use super::Storage;
use crate::mapping::{Detection, Mapping};

/// Linux caches what one call writes in folios as large as that. Larger ones are read a little faster, but memory for them is
/// scarce: once it is in pieces, twice as much takes up to twice as long to write, and four times as much five times.
const BLOCK_BYTES: usize = 1 << 19;

#[derive(Debug)]
pub(crate) struct FileStorage {
    file: File,
    /// Whether to use what only Linux can.
    maps_past_end: bool,
    detection: Option<Detection>,
}

impl FileStorage {
    pub(crate) fn new(file: File) -> Self {
        Self {
            file,
            maps_past_end: cfg!(any(target_os = "linux", target_os = "android")),
            detection: None,
        }
    }

    /// Uses the file as on systems that can't map past its end.
    #[cfg(test)]
    pub(crate) fn portable(self) -> Self {
        Self { maps_past_end: false, ..self }
    }

    /// A file whose private pages are found in this way.
    #[cfg(test)]
    pub(crate) fn with_detection(file: File, detection: Detection) -> Self {
        Self { detection: Some(detection), ..Self::new(file) }
    }
}

impl Storage for FileStorage {
    fn len_bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        sys::read_exact_at(&self.file, offset, buffer)
    }

    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        sys::write_all_at(&self.file, offset, bytes)
    }

    fn write_durable_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        sys::write_durable_at(&self.file, offset, bytes)
    }

    fn allocate(&self, start: u64, end: u64) -> io::Result<()> {
        match sys::fallocate(&self.file, start, end) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                write_back(self, start, end)
            }
            result => result,
        }
    }

    fn is_sparse(&self, start: u64, end: u64) -> io::Result<bool> {
        sys::is_sparse(&self.file, start, end)
    }

    fn allocates_to_read(&self) -> bool {
        sys::allocates_to_read(&self.file)
    }

    fn start_write_back(&self, start: u64, end: u64) {
        sys::start_write_back(&self.file, start, end);
    }

    fn finish_write_back(&self, start: u64, end: u64) -> io::Result<()> {
        sys::finish_write_back(&self.file, start, end)
    }

    fn block_bytes(&self) -> usize {
        BLOCK_BYTES
    }

    fn truncate(&self, end: u64) -> io::Result<()> {
        self.file.set_len(end)
    }

    fn sync(&self, mapping: &Mapping) -> io::Result<()> {
        // Linux syncs pages dirtied through a mapping with the file; POSIX doesn't promise it, and Windows needs both.
        if cfg!(not(any(target_os = "linux", target_os = "android"))) {
            mapping.flush(self.len_bytes()?)?;
        }
        // `fdatasync`; `F_FULLFSYNC` on Apple's systems, whose `fsync` leaves the device its cache; `FlushFileBuffers`.
        self.file.sync_data()
    }

    fn forget_cache(&self) {
        sys::forget_cache(&self.file);
    }

    fn map(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        MmapOptions::new().offset(offset).len(bytes).map_raw(&self.file).map(Mapping::file)
    }

    fn map_read_only(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        MmapOptions::new()
            .offset(offset)
            .len(bytes)
            .map_raw_read_only(&self.file)
            .map(Mapping::file)
    }

    fn map_private(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        Mapping::private(&self.file, offset, bytes)
    }

    fn maps_past_end(&self) -> bool {
        self.maps_past_end
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn set_private(
        &self,
        mapping: &mut Mapping,
        offset: u64,
        pages: Range<usize>,
        private: bool,
    ) -> io::Result<()> {
        mapping.map_again(&self.file, offset, pages, private)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn set_private(&self, _: &mut Mapping, _: u64, _: Range<usize>, _: bool) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn boot_id(&self) -> Option<[u8; 16]> {
        sys::boot_id()
    }

    fn detection(&self) -> Detection {
        self.detection.unwrap_or_else(|| Detection::best(&self.file))
    }

    fn page_bytes(&self) -> usize {
        sys::page_bytes()
    }
}

/// Gives `start..end` its place on a file system that has no call for it: by writing what is there, which
/// is zeros in a hole and past the end.
fn write_back(storage: &FileStorage, start: u64, end: u64) -> io::Result<()> {
    const STEP_BYTES: u64 = 1 << 16;

    let len_bytes = storage.len_bytes()?;
    let mut bytes = vec![0; STEP_BYTES as usize];
    let mut offset = start;
    while offset < end {
        let part = &mut bytes[..(end - offset).min(STEP_BYTES) as usize];
        let there = (part.len() as u64).min(len_bytes.saturating_sub(offset));
        let (there, past_end) = part.split_at_mut(there as usize);
        storage.read_exact_at(offset, there)?;
        past_end.fill(0);
        storage.write_all_at(offset, part)?;
        offset += part.len() as u64;
    }
    Ok(())
}

#[cfg(unix)]
mod sys {
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::{FileExt, MetadataExt};

    pub(super) fn read_exact_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        file.read_exact_at(buffer, offset)
    }

    pub(super) fn write_all_at(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
        check_limit(offset + bytes.len() as u64)?;
        file.write_all_at(bytes, offset)
    }

    /// Whether the process may write up to `end`. Past its limit the kernel doesn't return an error, also for bytes that
    /// the file has: it kills the process.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn check_limit(end: u64) -> io::Result<()> {
        use rustix::process::{Resource, getrlimit};

        match getrlimit(Resource::Fsize).current {
            Some(limit) if end > limit => Err(io::ErrorKind::FileTooLarge.into()),
            _ => Ok(()),
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn check_limit(_: u64) -> io::Result<()> {
        Ok(())
    }

    /// One call, which flushes this range and nothing else.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn write_durable_at(
        file: &File,
        mut offset: u64,
        mut bytes: &[u8],
    ) -> io::Result<()> {
        use rustix::io::{Errno, ReadWriteFlags, pwritev2};

        check_limit(offset + bytes.len() as u64)?;
        while !bytes.is_empty() {
            match pwritev2(file, &[io::IoSlice::new(bytes)], offset, ReadWriteFlags::DSYNC) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    bytes = &bytes[count..];
                    offset += count as u64;
                }
                Err(Errno::INTR) => {}
                // An older kernel, or a file system without the flag.
                Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                    file.write_all_at(bytes, offset)?;
                    return file.sync_data();
                }
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    /// No call flushes a range: on Apple's systems this is `F_FULLFSYNC`.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn write_durable_at(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
        file.write_all_at(bytes, offset)?;
        file.sync_data()
    }

    /// The random UUID of this boot, without its hyphens.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn boot_id() -> Option<[u8; 16]> {
        use std::sync::OnceLock;

        static BOOT_ID: OnceLock<Option<[u8; 16]>> = OnceLock::new();
        *BOOT_ID.get_or_init(|| {
            let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
            let digits = text.trim().replace('-', "");
            u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
        })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn boot_id() -> Option<[u8; 16]> {
        None
    }

    pub(super) fn page_bytes() -> usize {
        rustix::param::page_size()
    }

    /// `st_blocks` counts units of 512 bytes whatever the block size of the file system, but also what the
    /// file system keeps for itself or past the end of the file, which may hide a hole.
    pub(super) fn is_sparse(file: &File, start: u64, end: u64) -> io::Result<bool> {
        let metadata = file.metadata()?;
        match metadata.blocks().saturating_mul(512).checked_sub(metadata.len()) {
            None => Ok(true),
            Some(surplus_bytes) => Ok(has_hole(file, start, end, surplus_bytes)),
        }
    }

    /// Asks the file system, which takes time in proportion to the extents of the file; on tmpfs to its
    /// pages, so there only where more than the last page has blocks past the end.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn has_hole(file: &File, start: u64, end: u64, surplus_bytes: u64) -> bool {
        use rustix::fs::{SeekFrom, seek};

        const PAGE_BYTES: u64 = 4096;

        if surplus_bytes < PAGE_BYTES && is_tmpfs(file) {
            return false;
        }
        seek(file, SeekFrom::Hole(start)).map_or(true, |hole| hole < end)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn has_hole(_: &File, _: u64, _: u64, _: u64) -> bool {
        false
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn is_tmpfs(file: &File) -> bool {
        file_system(file) == Some(TMPFS)
    }

    /// Whether it is a tmpfs, or an overlay, which may lie on one.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn allocates_to_read(file: &File) -> bool {
        matches!(file_system(file), Some(TMPFS | OVERLAYFS))
    }

    /// From `linux/magic.h`.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const TMPFS: i128 = 0x0102_1994;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const OVERLAYFS: i128 = 0x794c_7630;

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn file_system(file: &File) -> Option<i128> {
        rustix::fs::fstatfs(file).ok().map(|found| i128::from(found.f_type))
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn allocates_to_read(_: &File) -> bool {
        false
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn fallocate(file: &File, start: u64, end: u64) -> io::Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        if end > file.metadata()?.len() {
            check_limit(end)?;
        }

        rustix::io::retry_on_intr(|| fallocate(file, FallocateFlags::empty(), start, end - start))
            .map_err(|errno| match errno {
                Errno::OPNOTSUPP | Errno::NOSYS => io::ErrorKind::Unsupported.into(),
                errno => errno.into(),
            })
    }

    #[cfg(target_os = "linux")]
    pub(super) fn start_write_back(file: &File, start: u64, end: u64) {
        super::super::write_back::start(file, start, end);
    }

    #[cfg(target_os = "linux")]
    pub(super) fn finish_write_back(file: &File, start: u64, end: u64) -> io::Result<()> {
        super::super::write_back::finish(file, start, end)
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn start_write_back(_: &File, _: u64, _: u64) {}

    #[cfg(not(target_os = "linux"))]
    pub(super) fn finish_write_back(_: &File, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }

    /// A hint, and the last thing that can be tried: there is nobody to tell if it fails.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn forget_cache(file: &File) {
        let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn forget_cache(_: &File) {}

    #[cfg(target_vendor = "apple")]
    pub(super) use super::super::preallocate::fallocate;

    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    pub(super) fn fallocate(_: &File, _: u64, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(windows)]
mod sys {
    use std::fs::File;
    use std::io;
    use std::os::windows::fs::FileExt;

    pub(super) fn read_exact_at(
        file: &File,
        mut offset: u64,
        mut buffer: &mut [u8],
    ) -> io::Result<()> {
        while !buffer.is_empty() {
            match file.seek_read(buffer, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    buffer = &mut buffer[count..];
                    offset += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub(super) fn write_all_at(file: &File, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match file.seek_write(bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    bytes = &bytes[count..];
                    offset += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub(super) fn write_durable_at(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
        write_all_at(file, offset, bytes)?;
        file.sync_data()
    }

    pub(super) fn boot_id() -> Option<[u8; 16]> {
        None
    }

    /// The page of every machine that Windows runs on.
    pub(super) fn page_bytes() -> usize {
        4096
    }

    /// A file is sparse on Windows only where a program asked for it, which this one doesn't.
    pub(super) fn is_sparse(_: &File, _: u64, _: u64) -> io::Result<bool> {
        Ok(false)
    }

    pub(super) fn allocates_to_read(_: &File) -> bool {
        false
    }

    pub(super) fn start_write_back(_: &File, _: u64, _: u64) {}

    pub(super) fn finish_write_back(_: &File, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn forget_cache(_: &File) {}

    /// Reserves clusters for the file, and moves its end there. Windows fills them with zeros when they are read, or
    /// written beyond.
    pub(super) fn fallocate(file: &File, _: u64, end: u64) -> io::Result<()> {
        fs4::FileExt::allocate(file, end)?;
        // Not where the file had the clusters, but not the length.
        if file.metadata()?.len() < end { file.set_len(end) } else { Ok(()) }
    }
}
