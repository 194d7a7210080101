//! The first scan of a file that isn't in memory: opened and read from the device.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use rustix::fs::Advice;
use rustix::io::ReadWriteFlags;
use tempfile::TempDir;

use super::{Setup, entry, size};
use crate::column::Work;
use crate::measure::{fresh_rounds, timed};
use crate::peers::Library;
use crate::report::{Report, Unit};

const LIBRARIES: [Library; 9] = [
    Library::Persist,
    Library::PersistSlice,
    Library::VecAndFile,
    Library::Memmap2,
    Library::Memvec,
    Library::FileVec,
    Library::Vecdb,
    Library::Epserde,
    Library::Rkyv,
];

/// Which of the others can't.
const OTHERS: [Library; 2] = [Library::Vec, Library::MmapVec];

/// How many times as small as the other files these are.
const SHARE: u64 = 4;

const BLOCK_BYTES: u64 = 1 << 20;

struct Contestant {
    library: Library,
    directory: TempDir,
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let bytes = setup.file_bytes / SHARE;
    let new = |library| {
        let directory = setup.scratch()?;
        create(library, directory.path(), bytes)?;
        Ok(Contestant { library, directory })
    };
    let fits = |library: &Library| setup.fits(bytes) || !library.needs_memory();
    let contestants = LIBRARIES.into_iter().filter(fits).map(new);
    let mut contestants = contestants.collect::<Result<Vec<_>>>()?;
    setup.settle()?;
    let heading = format!("open and scan {}, not in memory", size(bytes));
    if !drop_from_memory(setup.directory.as_path())? {
        report.row(&heading, Unit::NanosecondsEach, Vec::new());
        for library in LIBRARIES {
            report.lacks(library, "the file system keeps its files in memory");
        }
        return Ok(());
    }
    let times = fresh_rounds(setup.rounds, &mut contestants, |contestant, _| {
        let path = contestant.directory.path();
        ensure!(drop_from_memory(path)?, "`{}` stays in memory", path.display());
        let (sum, time) = timed(|| contestant.library.open::<u64>(path)?.sum());
        sum?;
        Ok(vec![time])
    })?;
    let entries = contestants.iter().zip(times);
    let entries = entries.map(|(contestant, times)| entry(contestant.library, times));
    report.row(&heading, Unit::NanosecondsEach, entries.collect());
    for library in OTHERS {
        if let Some(reason) = library.lacks(Work::Cold) {
            report.lacks(library, reason);
        }
    }
    for library in [Library::Lmdb, Library::Redb, Library::Sqlite] {
        report.lacks(library, "so much slower when in memory that the device hardly matters");
    }
    report.ratio(&heading, "persist, to read", "memmap2", None);
    Ok(())
}

fn create(library: Library, directory: &Path, bytes: u64) -> Result<()> {
    let mut column = library.create::<u64>(directory)?;
    let block: Vec<u64> = (0..BLOCK_BYTES / size_of::<u64>() as u64).collect();
    column.extend(&block, bytes / BLOCK_BYTES)?;
    column.close()
}

/// Drops what is in memory of all files below a directory. Whether that is gone indeed.
fn drop_from_memory(directory: &Path) -> Result<bool> {
    let mut gone = true;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            gone &= drop_from_memory(&path)?;
        } else {
            gone &= drop_file_from_memory(&File::open(path)?)?;
        }
    }
    Ok(gone)
}

/// The same of one file. What is just on its way to the device, or from it, is tried again.
fn drop_file_from_memory(file: &File) -> Result<bool> {
    for _ in 0..10 {
        file.sync_all()?;
        rustix::fs::fadvise(file, 0, None, Advice::DontNeed)?;
        if is_gone(file)? {
            return Ok(true);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(false)
}

/// Whether the middle of a file would have to be read from the device.
fn is_gone(file: &File) -> Result<bool> {
    let mut byte = [0];
    let middle = file.metadata()?.len() / 2;
    let buffers = &mut [io::IoSliceMut::new(&mut byte)];
    match rustix::io::preadv2(file, buffers, middle, ReadWriteFlags::NOWAIT) {
        // Nothing is in an empty file.
        Ok(read) => Ok(read == 0),
        Err(rustix::io::Errno::AGAIN) => Ok(true),
        // Such a file system, as tmpfs, has nothing to wait for.
        Err(rustix::io::Errno::OPNOTSUPP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
