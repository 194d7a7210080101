//! A real file.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io;

use memmap2::MmapOptions;

use super::Storage;
use crate::mapping::Mapping;

#[derive(Debug)]
pub(crate) struct FileStorage(File);

impl FileStorage {
    pub(crate) fn new(file: File) -> Self {
        Self(file)
    }
}

impl Storage for FileStorage {
    fn len_bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        sys::read_exact_at(&self.0, offset, buffer)
    }

    fn write_all_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        sys::write_all_at(&self.0, offset, bytes)
    }

    fn allocate(&self, start: u64, end: u64) -> io::Result<()> {
        match sys::fallocate(&self.0, start, end) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                write_zeros(self, start, end)
            }
            result => result,
        }
    }

    fn is_sparse(&self) -> io::Result<bool> {
        sys::is_sparse(&self.0)
    }

    fn truncate(&self, end: u64) -> io::Result<()> {
        self.0.set_len(end)
    }

    fn sync(&self, mapping: &Mapping) -> io::Result<()> {
        // Linux syncs pages dirtied through a mapping with the file; POSIX doesn't promise it.
        if cfg!(not(any(target_os = "linux", target_os = "android"))) {
            mapping.flush(self.len_bytes()?)?;
        }
        self.0.sync_data()
    }

    fn map(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        MmapOptions::new().offset(offset).len(bytes).map_raw(&self.0).map(Mapping::file)
    }

    fn map_read_only(&self, offset: u64, bytes: usize) -> io::Result<Mapping> {
        MmapOptions::new().offset(offset).len(bytes).map_raw_read_only(&self.0).map(Mapping::file)
    }

    fn maps_past_end(&self) -> bool {
        cfg!(any(target_os = "linux", target_os = "android"))
    }
}

/// Gives `start..end` its place on a file system that has no call for it: by writing zeros past
/// the end, and before it wherever zeros are read. Nothing tells a hole from zeros that were written,
/// and to write those again changes nothing.
fn write_zeros(storage: &FileStorage, start: u64, end: u64) -> io::Result<()> {
    /// Half of the smallest block, so that every hole has one in it.
    const SECTOR_BYTES: usize = 512;

    let mut bytes = vec![0; 1 << 16];
    let len_bytes = storage.len_bytes()?;
    let mut offset = start;
    while offset < end {
        let count = (end - offset).min(bytes.len() as u64) as usize;
        let (there, past_end) = bytes[..count]
            .split_at_mut(len_bytes.saturating_sub(offset).min(count as u64) as usize);
        storage.read_exact_at(offset, there)?;
        past_end.fill(0);
        let unit = if is_zero(&bytes[..count]) { count } else { SECTOR_BYTES };
        for part in bytes[..count].chunks(unit) {
            if is_zero(part) {
                storage.write_all_at(offset, part)?;
            }
            offset += part.len() as u64;
        }
    }
    Ok(())
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
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
        file.write_all_at(bytes, offset)
    }

    /// `st_blocks` counts units of 512 bytes whatever the block size of the file system.
    pub(super) fn is_sparse(file: &File) -> io::Result<bool> {
        let metadata = file.metadata()?;
        Ok(metadata.blocks().saturating_mul(512) < metadata.len())
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn fallocate(file: &File, start: u64, end: u64) -> io::Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;

        rustix::io::retry_on_intr(|| fallocate(file, FallocateFlags::empty(), start, end - start))
            .map_err(|errno| match errno {
                Errno::OPNOTSUPP | Errno::NOSYS => io::ErrorKind::Unsupported.into(),
                errno => errno.into(),
            })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
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

    /// A file is sparse on Windows only where a program asked for it, which this one doesn't.
    pub(super) fn is_sparse(_: &File) -> io::Result<bool> {
        Ok(false)
    }

    pub(super) fn fallocate(_: &File, _: u64, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
