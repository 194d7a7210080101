//! The first scan of a file that isn't in memory, and a few elements of it: opened and read from the device. Who
//! has a way to tell the system what will be read does so in a turn of its own.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};
use rustix::fs::Advice;
use rustix::io::ReadWriteFlags;
use tempfile::TempDir;

use super::{Setup, entry, size};
use crate::column::{Access, Column, Work};
use crate::measure::{fresh_rounds, timed};
use crate::peers::Library;
use crate::report::{Entry, Report, Unit};

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
const SHARE: u64 = 8;

const BLOCK_BYTES: u64 = 1 << 20;

/// Whose files are also read after the system was told how.
const TELLING: [Library; 3] = [Library::Persist, Library::PersistSlice, Library::Memmap2];

/// Where not all elements are read, it is one of so many bytes.
const BYTES_FOR_EACH_READ: u64 = 128 << 10;

struct Contestant {
    library: Library,
    /// Whether the system is told what will be read.
    tells: bool,
    directory: Rc<TempDir>,
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let bytes = setup.file_bytes / SHARE;
    let mut contestants = contestants(setup, bytes)?;
    setup.settle()?;
    let scan = format!("open and scan {}, not in memory", size(bytes));
    let few = bytes / BYTES_FOR_EACH_READ;
    let random = format!("open {} and read {few} elements, not in memory", size(bytes));
    if !drop_from_memory(setup.directory.as_path())? {
        for heading in [&scan, &random] {
            report.row(heading, Unit::NanosecondsEach, Vec::new());
            for library in LIBRARIES {
                report.lacks(library, "the file system keeps its files in memory");
            }
        }
        return Ok(());
    }
    run_row(setup, report, &scan, Access::All, &mut contestants, |column, _| column.sum())?;
    run_row(setup, report, &random, Access::Random, &mut contestants, |column, round| {
        let mut random = fastrand::Rng::with_seed(round.into());
        let len = bytes / size_of::<u64>() as u64;
        let indices: Vec<_> = (0..few).map(|_| random.u64(..len)).collect();
        column.sum_at(&indices)
    })
}

/// Each with a file of so many bytes, of those for whom it fits.
fn contestants(setup: &Setup, bytes: u64) -> Result<Vec<Contestant>> {
    let mut contestants = Vec::new();
    for library in LIBRARIES {
        if library.needs_memory() && !setup.fits(bytes) {
            continue;
        }
        let directory = Rc::new(setup.scratch()?);
        create(library, directory.path(), bytes)?;
        let again = TELLING.contains(&library).then(|| directory.clone());
        contestants.push(Contestant { library, tells: false, directory });
        contestants.extend(again.map(|directory| Contestant { library, tells: true, directory }));
    }
    Ok(contestants)
}

/// Times the opening of each file, and what is read of it.
fn run_row(
    setup: &Setup,
    report: &mut Report,
    heading: &str,
    access: Access,
    contestants: &mut [Contestant],
    read: impl Fn(&dyn Column<u64>, u32) -> Result<u64>,
) -> Result<()> {
    let times = fresh_rounds(setup.rounds, contestants, |contestant, round| {
        let path = contestant.directory.path();
        ensure!(drop_from_memory(path)?, "`{}` stays in memory", path.display());
        let (sum, time) = timed(|| {
            let mut column = contestant.library.open::<u64>(path)?;
            if contestant.tells {
                column.expect(access)?;
            }
            read(&*column, round)
        });
        sum?;
        Ok(vec![time])
    })?;
    let entries = contestants.iter().zip(times).map(|(contestant, times)| {
        let entry = entry(contestant.library, times);
        Entry { name: contestant.name(access), ..entry }
    });
    report.row(heading, Unit::NanosecondsEach, entries.collect());
    for library in OTHERS {
        if let Some(reason) = library.lacks(Work::Cold) {
            report.lacks(library, reason);
        }
    }
    for library in [Library::Lmdb, Library::Redb, Library::Sqlite] {
        report.lacks(library, "takes minutes to load with as many small values");
    }
    report.ratio(heading, "persist, to read", "memmap2", None);
    Ok(())
}

impl Contestant {
    fn name(&self, access: Access) -> String {
        let name = self.library.name();
        match (self.tells, self.library, access) {
            (false, ..) => name.into(),
            (true, Library::Memmap2, _) => format!("{name} + madvise"),
            (true, _, Access::All) => format!("{name} + prefetch"),
            (true, _, Access::Random) => format!("{name} + advise"),
        }
    }
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
