//! Opening a file, by its size; and a sparse one, of which nothing but the header is there.

use anyhow::Result;
use tempfile::TempDir;

use super::{Setup, entry, size};
use crate::column::{Column, Work};
use crate::measure::{rounds, timed, turn};
use crate::peers::{Kind, Library, persist};
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

/// How many times as large as the others the sparse file is. A writer, which fills holes, has a file of a quarter of it that
/// was written, and one of half of it that has its place on the disk, and was never written.
const SPARSE_TIMES: u64 = 16;

/// How long opening may take, whatever the size.
const GOAL_NANOSECONDS: f64 = 100e3;

/// How many times as long as of the least file the opening of the largest may take: the same, but for noise.
const GOAL_BY_SIZE: f64 = 1.1;

struct Contestant {
    library: Library,
    directory: TempDir,
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut headings = Vec::new();
    for bytes in [SMALL_BYTES, setup.file_bytes] {
        let heading = format!("open, {}", size(bytes));
        let fits = |library: &Library| setup.fits(bytes) || !library.needs_memory();
        let contestants = LIBRARIES.into_iter().filter(fits);
        let filled = |library| filled(setup, library, bytes);
        let contestants = contestants.map(filled).collect::<Result<Vec<_>>>()?;
        run_row(setup, report, &heading, contestants)?;
        headings.push(heading);
    }
    let bytes = SPARSE_TIMES * setup.file_bytes;
    let heading = format!("open, {}, sparse", size(bytes));
    // A writer fills holes first.
    let is_reader = |library: &Library| {
        *library != Library::Persist && library.lacks(Work::OpenSparse).is_none()
    };
    let sparse = |library: Library| {
        let directory = setup.scratch()?;
        library.create_sparse(directory.path(), bytes)?;
        Ok(Contestant { library, directory })
    };
    let contestants = LIBRARIES.into_iter().filter(is_reader).map(sparse).collect::<Result<_>>()?;
    run_row(setup, report, &heading, contestants)?;
    report.lacks(Library::Persist, "a writer gives holes their place first: see the next rows");
    for library in LIBRARIES {
        if let Some(reason) = library.lacks(Work::OpenSparse) {
            report.lacks(library, reason);
        }
    }

    let written = format!("open, {}", size(bytes / 4));
    run_row(setup, report, &written, vec![filled(setup, Library::Persist, bytes / 4)?])?;

    let directory = setup.scratch()?;
    persist::create_allocated(&directory.path().join("elements"), bytes / 2)?;
    let contestants = vec![Contestant { library: Library::Persist, directory }];
    let allocated = format!("open, {}, never written", size(bytes / 2));
    run_row(setup, report, &allocated, contestants)?;

    for (heading, by) in [
        (&headings[0], Library::Persist),
        (&headings[1], Library::Persist),
        (&written, Library::Persist),
        (&allocated, Library::Persist),
        (&headings[0], Library::PersistSlice),
        (&headings[1], Library::PersistSlice),
        (&heading, Library::PersistSlice),
    ] {
        report.figure(heading, by.name(), "100 µs", GOAL_NANOSECONDS);
    }
    let small = &headings[0];
    report.ratio_of_rows(&written, small, Library::Persist.name(), GOAL_BY_SIZE);
    report.ratio_of_rows(&allocated, small, Library::Persist.name(), GOAL_BY_SIZE);
    report.ratio_of_rows(&heading, small, Library::PersistSlice.name(), GOAL_BY_SIZE);
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

/// Only the opening is timed, and not what it takes to close the file.
fn run_row(
    setup: &Setup,
    report: &mut Report,
    heading: &str,
    mut contestants: Vec<Contestant>,
) -> Result<()> {
    setup.settle()?;
    let times = rounds(setup.rounds, &mut contestants, |contestant, _| {
        let open = |_| {
            let path = contestant.directory.path();
            let (column, time) = timed(|| contestant.library.open::<u64>(path));
            drop::<Box<dyn Column<u64>>>(column?);
            Ok(time)
        };
        turn(TURN, open)
    })?;
    let named = |(contestant, times): (&Contestant, Vec<f64>)| {
        let entry = entry(contestant.library, times);
        if contestant.library.kind() == Kind::Database {
            // Not the size that the heading says.
            return Entry { name: format!("{}, 4 MiB at most", entry.name), ..entry };
        }
        entry
    };
    report.row(heading, Unit::NanosecondsEach, contestants.iter().zip(times).map(named).collect());
    Ok(())
}
