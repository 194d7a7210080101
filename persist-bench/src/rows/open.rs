//! Opening a file, by its size; and a sparse one, of which nothing but the header is there.

use anyhow::Result;
use tempfile::TempDir;

use super::{Setup, entry, size};
use crate::column::{Column, Work};
use crate::measure::{pairs, rounds, timed, turn};
use crate::peers::{Kind, Library};
use crate::report::{Entry, Report, Unit};

const LIBRARIES: [Library; 11] = [
    Library::Persist,
    Library::PersistSlice,
    Library::VecAndFile,
    Library::Memmap2,
    Library::Memvec,
    Library::FileVec,
    Library::Vecdb,
    Library::Epserde,
    Library::Lmdb,
    Library::Redb,
    Library::Sqlite,
];

/// How many times a file is opened in a turn at most.
const TURN: u64 = 5;

/// How many bytes of numbers a database has at most: opening it takes the same for more of them, and loading
/// them for ever.
const DATABASE_BYTES: u64 = 4 << 20;

/// The least file.
const SMALL_BYTES: u64 = 1 << 20;

/// How many times as large as the others the sparse file is, and one of persist's that was written.
const SPARSE_TIMES: u64 = 16;
const WRITTEN_TIMES: u64 = 4;

/// How long opening may take, whatever the size.
const GOAL_NANOSECONDS: f64 = 100e3;

/// How many times as long as of the least file the opening of the largest may take: the same, but for noise.
const GOAL_BY_SIZE: f64 = 1.1;

struct Contestant {
    library: Library,
    directory: TempDir,
}

impl Contestant {
    /// How many nanoseconds it takes to open the file, without those to close it.
    fn open(&self) -> Result<f64> {
        let (column, time) = timed(|| self.library.open::<u64>(self.directory.path()));
        drop::<Box<dyn Column<u64>>>(column?);
        Ok(time)
    }
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    for bytes in [SMALL_BYTES, setup.file_bytes] {
        let fits = |library: &Library| setup.fits(bytes) || !library.needs_memory();
        let contestants = LIBRARIES.into_iter().filter(fits);
        let filled = |library| filled(setup, library, bytes);
        let mut contestants = contestants.map(filled).collect::<Result<Vec<_>>>()?;
        run_row(setup, report, &format!("open, {}", size(bytes)), &mut contestants)?;
    }

    let bytes = WRITTEN_TIMES * setup.file_bytes;
    let heading = format!("open, {}", size(bytes));
    let mut written = [filled(setup, Library::Persist, bytes)?];
    run_row(setup, report, &heading, &mut written)?;
    by_size(setup, report, &heading, &written)?;
    drop(written);

    let bytes = SPARSE_TIMES * setup.file_bytes;
    let heading = format!("open, {}, sparse", size(bytes));
    let sparse = |library: Library| {
        let directory = setup.scratch()?;
        library.create_sparse(directory.path(), bytes)?;
        Ok(Contestant { library, directory })
    };
    let can = |library: &Library| library.lacks(Work::OpenSparse).is_none();
    let mut contestants =
        LIBRARIES.into_iter().filter(can).map(sparse).collect::<Result<Vec<_>>>()?;
    run_row(setup, report, &heading, &mut contestants)?;
    for library in LIBRARIES {
        if let Some(reason) = library.lacks(Work::OpenSparse) {
            report.lacks(library, reason);
        }
    }
    by_size(setup, report, &heading, &contestants)
}

/// Opens persist's large files and small ones in turns: it is to take the same.
fn by_size(setup: &Setup, report: &mut Report, heading: &str, large: &[Contestant]) -> Result<()> {
    for large in large.iter().filter(|large| large.library.kind() == Kind::Persist) {
        let small = filled(setup, large.library, SMALL_BYTES)?;
        let count = setup.rounds * TURN as u32;
        let measured = pairs(count, |_| large.open(), |_| small.open())?;
        let other = format!("open, {}", size(SMALL_BYTES));
        report.ratio_of_pairs(heading, large.library.name(), &other, &measured, GOAL_BY_SIZE);
    }
    Ok(())
}

/// A file of so many bytes of numbers that was closed.
fn filled(setup: &Setup, library: Library, bytes: u64) -> Result<Contestant> {
    let directory = setup.scratch()?;
    let mut column = library.create::<u64>(directory.path())?;
    if library.is_database() {
        column.push_all(bytes.min(DATABASE_BYTES) / size_of::<u64>() as u64)?;
    } else {
        let block: Vec<u64> = (0..SMALL_BYTES / size_of::<u64>() as u64).collect();
        column.extend(&block, bytes / SMALL_BYTES)?;
    }
    column.close()?;
    Ok(Contestant { library, directory })
}

fn run_row(
    setup: &Setup,
    report: &mut Report,
    heading: &str,
    contestants: &mut [Contestant],
) -> Result<()> {
    setup.settle()?;
    let times =
        rounds(setup.rounds, contestants, |contestant, _| turn(TURN, |_| contestant.open()))?;
    let named = |(contestant, times): (&Contestant, Vec<f64>)| {
        let entry = entry(contestant.library, times);
        if contestant.library.kind() == Kind::Database {
            // Not the size that the heading says.
            return Entry { name: format!("{}, 4 MiB at most", entry.name), ..entry };
        }
        entry
    };
    report.row(heading, Unit::NanosecondsEach, contestants.iter().zip(times).map(named).collect());
    for persist in contestants.iter().filter(|one| one.library.kind() == Kind::Persist) {
        report.figure(heading, persist.library.name(), "100 µs", GOAL_NANOSECONDS);
    }
    Ok(())
}
