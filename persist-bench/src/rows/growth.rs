//! The slowest push while a file grows: a pause that a user sees.

use std::fs::File;

use anyhow::Result;

use super::{Setup, entry, size};
use crate::column::Work;
use crate::elements::Particle;
use crate::measure::{Times, fresh_rounds};
use crate::peers::{Kind, Library, bare};
use crate::report::{Entry, Report, Unit};

/// Who grows at the pace of the device, but pushes nothing.
const BARE: &str = "bare pwrite of 256 KiB";

/// The order of the turns: the bare calls come next to persist, of which they are the floor.
const CONTESTANTS: [Contestant; 12] = [
    Contestant::Library(Library::Persist),
    Contestant::Bare,
    Contestant::Library(Library::Vec),
    Contestant::Library(Library::Memmap2),
    Contestant::Library(Library::Memvec),
    Contestant::Library(Library::MmapVec),
    Contestant::Library(Library::FileVec),
    Contestant::Library(Library::Vecdb),
    Contestant::Library(Library::Epserde),
    Contestant::Library(Library::Lmdb),
    Contestant::Library(Library::Redb),
    Contestant::Library(Library::Sqlite),
];

/// How many times as large as the other files persist's gets, and its floor.
const TIMES: u64 = 4;

/// The slowest push that is allowed.
const GOAL_NANOSECONDS: f64 = 5e6;

#[derive(Clone, Copy)]
enum Contestant {
    Library(Library),
    Bare,
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let mut contestants = CONTESTANTS.to_vec();
    contestants.retain(|contestant| contestant.can_grow(setup));
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
    let libraries = contestants.iter().filter_map(|contestant| contestant.library());
    for library in libraries.filter(|&library| !goes_on(library)) {
        report.lacks(library, "stopped before: see the row above");
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
    fn library(self) -> Option<Library> {
        match self {
            Self::Library(library) => Some(library),
            Self::Bare => None,
        }
    }

    fn can_grow(self, setup: &Setup) -> bool {
        self.library().is_none_or(|library| {
            let fits = setup.fits(setup.file_bytes) || !library.needs_memory();
            fits && library.lacks(Work::Grow).is_none()
        })
    }

    fn entry(self, times: Vec<f64>) -> Entry {
        match self {
            Self::Library(library) => entry(library, times),
            Self::Bare => Entry { name: BARE.into(), kind: Kind::Floor, times: Times::new(times) },
        }
    }

    fn grow(self, setup: &Setup) -> Result<Slowest> {
        let directory = setup.scratch()?;
        match self {
            Self::Library(library) => {
                let mut column = library.create::<Particle>(directory.path())?;
                Slowest::of(setup, goes_on(library), |start, end| {
                    column.slowest_push((end - start) / size_of::<Particle>() as u64)
                })
            }
            Self::Bare => {
                let file = File::create_new(directory.path().join("bare"))?;
                Slowest::of(setup, true, |start, end| bare::slowest_part(&file, start, end))
            }
        }
    }
}

impl Slowest {
    /// Of a file that is made longer by `grow`, from the first of so many bytes to the second.
    fn of(
        setup: &Setup,
        goes_on: bool,
        mut grow: impl FnMut(u64, u64) -> Result<f64>,
    ) -> Result<Self> {
        let at_first = grow(0, setup.file_bytes)?;
        let mut in_all = None;
        if goes_on {
            in_all = Some(grow(setup.file_bytes, TIMES * setup.file_bytes)?.max(at_first));
        }
        Ok(Self { at_first, in_all })
    }
}

/// Whether the file of a library gets [`TIMES`] as large.
fn goes_on(library: Library) -> bool {
    library == Library::Persist
}

fn lacks(report: &mut Report) {
    for library in CONTESTANTS.iter().filter_map(|contestant| contestant.library()) {
        if let Some(reason) = library.lacks(Work::Grow) {
            report.lacks(library, reason);
        }
    }
}
