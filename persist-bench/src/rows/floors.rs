//! persist beside what memory and the system alone can do, where a goal leaves it a few percent: less than a machine that others
//! use, too, changes by from one second to the next. So both are there at once, and take turns with each loop.

use anyhow::Result;
use tempfile::TempDir;

use super::elements::{AT_RANDOM, blocks};
use super::{Setup, entry};
use crate::column::Column;
use crate::elements::{Element, Particle};
use crate::measure::{pairs, time};
use crate::peers::Library;
use crate::report::{Report, Unit};

/// What is measured, how the report calls it, the floor, and how many times its time persist may take.
const WORKS: [(Work, &str, Library, f64); 5] = [
    (Work::Push, "push one by one, warm, beside a Vec", Library::Vec, 1.15),
    (Work::FirstScan, "first scan after opening, beside a written file", Library::Memmap2, 1.1),
    (Work::Scan, "warm scan, beside a Vec", Library::Vec, 1.03),
    (Work::Read, "random read, beside a Vec", Library::Vec, 1.03),
    (Work::Sort, "sort, beside a Vec", Library::Vec, 1.03),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Push,
    FirstScan,
    Scan,
    Read,
    Sort,
}

impl Work {
    /// How many turns a round has, with the same memory: where that lies changes the times, too.
    fn turns(self) -> u32 {
        match self {
            Self::Sort => 4,
            _ => 5,
        }
    }

    /// How many elements a turn is about.
    fn count(self, len: u64) -> u64 {
        match self {
            Self::Read => AT_RANDOM,
            _ => len,
        }
    }
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    run_of::<u64>(setup, report, setup.len)?;
    run_of::<Particle>(setup, report, setup.len / 4)
}

fn run_of<T: Element>(setup: &Setup, report: &mut Report, len: u64) -> Result<()> {
    if !setup.fits(len * size_of::<T>() as u64) {
        // There is no such `Vec`, and a first scan is the device's.
        return Ok(());
    }
    for (work, name, floor, at_most) in WORKS {
        let mut measured = Vec::new();
        // The first round warms up.
        for round in 0..=setup.rounds {
            let seed = u64::from(round * work.turns());
            let mut persist = Contestant::<T>::new(setup, Library::Persist, work, len)?;
            let mut other = Contestant::<T>::new(setup, floor, work, len)?;
            let turns = pairs(
                work.turns(),
                |turn| persist.turn(seed + u64::from(turn)),
                |turn| other.turn(seed + u64::from(turn)),
            )?;
            measured.extend(if round == 0 { vec![] } else { turns });
        }
        let heading = format!("{name}, {}", T::NAME);
        let (persist, other) = measured.iter().copied().unzip();
        let entries = vec![entry(Library::Persist, persist), entry(floor, other)];
        report.row(&heading, Unit::NanosecondsEach, entries);
        report.ratio_of_pairs(&heading, Library::Persist.name(), floor.name(), &measured, at_most);
    }
    Ok(())
}

struct Contestant<T> {
    library: Library,
    work: Work,
    directory: TempDir,
    column: Option<Box<dyn Column<T>>>,
    len: u64,
}

impl<T: Element> Contestant<T> {
    /// Elements of which no turn is the first to touch the memory.
    fn new(setup: &Setup, library: Library, work: Work, len: u64) -> Result<Self> {
        let directory = setup.scratch()?;
        let (block, blocks) = blocks::<T>(len);
        let len = block.len() as u64 * blocks;
        let mut column = library.create::<T>(directory.path())?;
        match work {
            Work::Push => column.push_all(len)?,
            _ => column.extend(&block, blocks)?,
        }
        if work != Work::Push && library != Library::Vec {
            column.close()?;
            column = library.open(directory.path())?;
        }
        if work != Work::Push {
            column.sum()?;
        }
        Ok(Self { library, work, directory, column: Some(column), len })
    }

    /// What each element took, in nanoseconds.
    fn turn(&mut self, seed: u64) -> Result<f64> {
        let len = self.len;
        if self.work == Work::FirstScan {
            drop(self.column.take());
            self.column = Some(self.library.open(self.directory.path())?);
        }
        let column = self.column.as_mut().expect("it is only gone while a file is opened anew");
        let nanoseconds = match self.work {
            Work::Push => {
                column.clear()?;
                time(|| column.push_all(len))
            }
            Work::FirstScan | Work::Scan => time(|| column.sum().map(drop)),
            Work::Read => {
                let mut random = fastrand::Rng::with_seed(seed);
                let indices: Vec<_> = (0..AT_RANDOM).map(|_| random.u64(..len)).collect();
                time(|| column.sum_at(&indices).map(drop))
            }
            Work::Sort => {
                column.shuffle(seed)?;
                time(|| column.sort())
            }
        };
        Ok(nanoseconds? / self.work.count(len) as f64)
    }
}
