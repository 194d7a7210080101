//! The slowest push while a file grows: a pause that a user sees.

use std::fs::File;

use anyhow::Result;

use super::{Setup, size};
use crate::column::Work;
use crate::elements::Particle;
use crate::measure::{Times, fresh_rounds};
use crate::peers::{Kind, Library, bare};
use crate::report::{Entry, Report, Unit};

/// Who grows at the pace of the device, but pushes nothing.
const BARE: &str = "bare pwrite of 256 KiB";

/// Who has a vector, or a database. The bare calls come next to persist, of which they are the floor.
const LIBRARIES: [Library; 10] = [
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

/// How many times as large as the other files persist's gets, and its floor.
const TIMES: u64 = 4;

/// The slowest push that is allowed.
const GOAL_NANOSECONDS: f64 = 5e6;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Contestant {
    Persist,
    Bare,
    Other(Library),
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut contestants = vec![Contestant::Persist, Contestant::Bare];
    let others = LIBRARIES.iter().filter(|&&library| can_grow(setup, library));
    contestants.extend(others.map(|&library| Contestant::Other(library)));
    let slowest = fresh_rounds(setup.rounds, &mut contestants, |contestant, _| {
        let slowest = contestant.grow(setup)?;
        // What is left of it is not the next one's to wait for.
        setup.settle()?;
        Ok(vec![slowest])
    })?;
    let entries = |of: fn(&Slowest) -> Option<f64>| {
        let times =
            slowest.iter().map(move |turns| turns.iter().filter_map(of).collect::<Vec<_>>());
        let measured = contestants.iter().zip(times).filter(|(_, times)| !times.is_empty());
        measured.map(|(contestant, times)| contestant.entry(times)).collect::<Vec<_>>()
    };
    let heading = |bytes| format!("slowest of 64 pushes, growing to {}", size(bytes));

    report.row(
        &heading(setup.file_bytes),
        Unit::NanosecondsEach,
        entries(|slowest| Some(slowest.at_first)),
    );
    lacks(report);
    let heading = heading(TIMES * setup.file_bytes);
    report.row(&heading, Unit::NanosecondsEach, entries(|slowest| slowest.in_all));
    lacks(report);
    for contestant in &contestants {
        if let &Contestant::Other(library) = contestant {
            report.lacks(library, "stopped before: see the row above");
        }
    }
    report.figure(&heading, "persist", "5 ms", GOAL_NANOSECONDS);
    report.ratio(&heading, "persist", BARE, None);
    Ok(())
}

/// The slowest pushes of a turn.
#[derive(Clone, Copy)]
struct Slowest {
    /// Until the file is as large as the other files.
    at_first: f64,
    /// Until it is [`TIMES`] as large, of those whose file gets there.
    in_all: Option<f64>,
}

impl Contestant {
    fn entry(self, times: Vec<f64>) -> Entry {
        let (name, kind) = match self {
            Self::Persist => (Library::Persist.name(), Library::Persist.kind()),
            Self::Bare => (BARE, Kind::Floor),
            Self::Other(library) => (library.name(), library.kind()),
        };
        Entry { name: name.into(), kind, times: Times::new(times) }
    }

    fn grow(self, setup: &Setup) -> Result<Slowest> {
        let directory = setup.scratch()?;
        let library = match self {
            Self::Persist => Library::Persist,
            Self::Other(library) => library,
            Self::Bare => {
                let file = File::create_new(directory.path().join("bare"))?;
                let at_first = bare::slowest_part(&file, 0, setup.file_bytes)?;
                let end = TIMES * setup.file_bytes;
                let then = bare::slowest_part(&file, setup.file_bytes, end)?;
                return Ok(Slowest { at_first, in_all: Some(then.max(at_first)) });
            }
        };
        let len = setup.file_bytes / size_of::<Particle>() as u64;
        let mut column = library.create::<Particle>(directory.path())?;
        let at_first = column.slowest_push(len)?;
        let mut in_all = None;
        if self == Self::Persist {
            in_all = Some(column.slowest_push((TIMES - 1) * len)?.max(at_first));
        }
        Ok(Slowest { at_first, in_all })
    }
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
