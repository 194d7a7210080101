//! The slowest push while a file grows: a pause that a user sees.

use anyhow::Result;

use super::{Setup, entry, size};
use crate::column::Work;
use crate::elements::Particle;
use crate::measure::fresh_rounds;
use crate::peers::Library;
use crate::report::{Report, Unit};

const LIBRARIES: [Library; 11] = [
    Library::Persist,
    Library::Vec,
    Library::Memmap2,
    Library::Memvec,
    Library::MmapVec,
    Library::FileVec,
    Library::Vecdb,
    Library::Epserde,
    Library::Lmdb,
    Library::Redb,
    Library::Sqlite,
];

/// How many times as large as the other files the file gets.
const TIMES: u64 = 4;

/// The slowest push that is allowed.
const GOAL_NANOSECONDS: f64 = 5e6;

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let bytes = TIMES * setup.file_bytes;
    let fits = setup.fits(bytes);
    let can = |library: &Library| library.lacks(Work::Grow).is_none();
    let mut contestants: Vec<_> = LIBRARIES.into_iter().filter(can).collect();
    contestants.retain(|&library| fits || library != Library::Vec);
    let times = fresh_rounds(setup.rounds, &mut contestants, |&mut library, _| {
        let directory = setup.scratch()?;
        let mut column = library.create::<Particle>(directory.path())?;
        let slowest = column.slowest_push(bytes / size_of::<Particle>() as u64)?;
        drop(column);
        // What is left of it is not the next one's to wait for.
        drop(directory);
        setup.settle()?;
        Ok(vec![slowest])
    })?;
    let heading = format!("slowest of 64 pushes, growing to {}", size(bytes));
    let entries = contestants.iter().zip(times).map(|(&library, times)| entry(library, times));
    report.row(&heading, Unit::NanosecondsEach, entries.collect());
    for library in LIBRARIES {
        if let Some(reason) = library.lacks(Work::Grow) {
            report.lacks(library, reason);
        }
    }
    report.figure(&heading, "persist", "5 ms", GOAL_NANOSECONDS);
    Ok(())
}
