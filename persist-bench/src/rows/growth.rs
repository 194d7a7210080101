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

/// How many times as large as the other files persist's gets.
const TIMES: u64 = 4;

/// The slowest push that is allowed.
const GOAL_NANOSECONDS: f64 = 5e6;

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut contestants = LIBRARIES.to_vec();
    contestants.retain(|&library| can_grow(setup, library));
    let slowest = fresh_rounds(setup.rounds, &mut contestants, |&mut library, _| {
        let slowest = grow(setup, library)?;
        // What is left of it is not the next one's to wait for.
        setup.settle()?;
        Ok(vec![slowest])
    })?;
    let times = |of: fn(&Slowest) -> Option<f64>| {
        let times =
            slowest.iter().map(move |turns| turns.iter().filter_map(of).collect::<Vec<_>>());
        let measured = contestants.iter().zip(times).filter(|(_, times)| !times.is_empty());
        measured.map(|(&library, times)| entry(library, times)).collect::<Vec<_>>()
    };
    let heading = |bytes| format!("slowest of 64 pushes, growing to {}", size(bytes));

    report.row(
        &heading(setup.file_bytes),
        Unit::NanosecondsEach,
        times(|slowest| Some(slowest.at_first)),
    );
    lacks(report);
    let heading = heading(TIMES * setup.file_bytes);
    report.row(&heading, Unit::NanosecondsEach, times(|slowest| slowest.in_all));
    lacks(report);
    for &library in contestants.iter().filter(|&&library| library != Library::Persist) {
        report.lacks(library, "stopped before: see the row above");
    }
    report.figure(&heading, "persist", "5 ms", GOAL_NANOSECONDS);
    Ok(())
}

/// The slowest pushes of a turn.
#[derive(Clone, Copy)]
struct Slowest {
    /// Until the file is as large as the other files.
    at_first: f64,
    /// Until it is [`TIMES`] as large, of persist.
    in_all: Option<f64>,
}

fn grow(setup: &Setup, library: Library) -> Result<Slowest> {
    let directory = setup.scratch()?;
    let len = setup.file_bytes / size_of::<Particle>() as u64;
    let mut column = library.create::<Particle>(directory.path())?;
    let at_first = column.slowest_push(len)?;
    let mut in_all = None;
    if library == Library::Persist {
        in_all = Some(column.slowest_push((TIMES - 1) * len)?.max(at_first));
    }
    Ok(Slowest { at_first, in_all })
}

fn can_grow(setup: &Setup, library: Library) -> bool {
    let fits = setup.fits(setup.file_bytes) || !library.needs_memory();
    fits && library.lacks(Work::Grow).is_none()
}

fn lacks(report: &mut Report) {
    for library in LIBRARIES {
        if let Some(reason) = library.lacks(Work::Grow) {
            report.lacks(library, reason);
        }
    }
}
