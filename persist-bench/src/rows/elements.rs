//! The life of a file of elements: filled one by one and by blocks, opened anew, scanned, read and written
//! at random, sorted.

use anyhow::{Context, Result, ensure};

use super::{Setup, entry};
use crate::column::{Column, Edits, Work};
use crate::elements::Element;
use crate::measure::{rounds, timed};
use crate::peers::Library;
use crate::report::{Report, Unit};

/// The order of the turns.
const LIBRARIES: [Library; 14] = [
    Library::Persist,
    Library::PersistSlice,
    Library::Vec,
    Library::VecAndFile,
    Library::Memmap2,
    Library::Memvec,
    Library::MmapVec,
    Library::FileVec,
    Library::Vecdb,
    Library::Epserde,
    Library::Rkyv,
    Library::Lmdb,
    Library::Redb,
    Library::Sqlite,
];

/// How many times fewer elements a database has: it takes so much longer, and less for each where they are
/// fewer.
const DATABASE_SHARE: u64 = 20;

/// How many elements a database has at most.
const DATABASE_LEN: u64 = 5_000_000;

/// How many times a round has what takes little, one after the other.
const TIMES: u64 = 3;

/// How many elements are read and written at random.
pub(super) const AT_RANDOM: u64 = 1_000_000;

/// How many elements a block has at most.
const BLOCK_LEN: u64 = 1 << 16;

/// What is measured, and how the report calls it.
const WORKS: [(Work, &str); 10] = [
    (Work::PushFirst, "push one by one, new file"),
    (Work::PushAgain, "push one by one, warm"),
    (Work::Extend, "extend by blocks, new file"),
    (Work::FirstScan, "first scan after opening"),
    (Work::Scan, "warm scan"),
    (Work::Read, "random read"),
    (Work::WriteFirst, "random write, first after opening"),
    (Work::WriteByIndex, "random write by index, warm"),
    (Work::WriteBySlice, "random write to a slice, warm"),
    (Work::Sort, "sort"),
];

/// The time of a work, in nanoseconds an element.
type Timed = (Work, f64);

pub(super) fn run<T: Element>(setup: &Setup, report: &mut Report, len: u64) -> Result<()> {
    let mut libraries = LIBRARIES.to_vec();
    // Writing and sorting copies what is written.
    let fits = setup.fits(len * size_of::<T>() as u64);
    libraries.retain(|&library| fits || !library.needs_memory());

    let measured = rounds(setup.rounds, &mut libraries, |&mut library, round| {
        let mut life = Life::<T>::new(setup, library, len, round)?;
        life.run(fits).with_context(|| library.name())?;
        Ok(life.times)
    })?;
    for (work, name) in WORKS {
        let heading = format!("{name}, {}", T::NAME);
        let times = |of: &Vec<Timed>| -> Vec<f64> {
            of.iter().filter_map(|&(done, time)| (done == work).then_some(time)).collect()
        };
        let entries = libraries.iter().zip(&measured).map(|(&library, of)| (library, times(of)));
        let entries = entries.filter(|(_, times)| !times.is_empty());
        let entries: Vec<_> = entries.map(|(library, times)| entry(library, times)).collect();
        if entries.is_empty() {
            continue;
        }
        report.row(&heading, Unit::NanosecondsEach, entries);
        for library in LIBRARIES {
            let too_large = (!libraries.contains(&library)).then_some("needs memory for all of it");
            if let Some(reason) = library.lacks(work).or(too_large) {
                report.lacks(library, reason);
            }
        }
    }
    Ok(())
}

/// A block, and how many of them there are in a vector of about so many elements.
pub(super) fn blocks<T: Element>(len: u64) -> (Vec<T>, u64) {
    let blocks = len.div_ceil(BLOCK_LEN);
    ((0..len / blocks).map(T::nth).collect(), blocks)
}

struct Life<T: Element> {
    library: Library,
    directory: tempfile::TempDir,
    block: Vec<T>,
    blocks: u64,
    indices: Vec<u64>,
    stamp: u64,
    times: Vec<Timed>,
}

impl<T: Element> Life<T> {
    fn new(setup: &Setup, library: Library, len: u64, round: u32) -> Result<Self> {
        let (len, at_random) = match library.is_database() {
            true => ((len / DATABASE_SHARE).clamp(1, DATABASE_LEN), AT_RANDOM / DATABASE_SHARE),
            false => (len, AT_RANDOM),
        };
        let (block, blocks) = blocks::<T>(len);
        let len = block.len() as u64 * blocks;
        let mut random = fastrand::Rng::with_seed(round.into());
        let indices = (0..at_random).map(|_| random.u64(..len)).collect();
        let directory = setup.scratch()?;
        Ok(Self {
            library,
            directory,
            block,
            blocks,
            indices,
            stamp: round.into(),
            times: Vec::new(),
        })
    }

    fn len(&self) -> u64 {
        self.block.len() as u64 * self.blocks
    }

    /// Times a work of so many elements, where the library can do it.
    fn time<R>(
        &mut self,
        work: Work,
        count: u64,
        run: impl FnOnce() -> Result<R>,
    ) -> Result<Option<R>> {
        if self.library.lacks(work).is_some() {
            return Ok(None);
        }
        let (result, time) = timed(run);
        let result = result?;
        self.times.push((work, time / count as f64));
        Ok(Some(result))
    }

    fn run(&mut self, fits: bool) -> Result<()> {
        self.push()?;
        let mut column = self.fill()?;
        self.read(&mut column)?;
        if fits {
            self.change(&mut column)?;
        }
        Ok(())
    }

    /// Fills a file one by one, and again.
    fn push(&mut self) -> Result<()> {
        if self.library.lacks(Work::PushFirst).is_some() {
            return Ok(());
        }
        let (library, len) = (self.library, self.len());
        let directory = tempfile::tempdir_in(self.directory.path())?;
        let mut column = library.create::<T>(directory.path())?;
        self.time(Work::PushFirst, len, || column.push_all(len))?;
        if library.lacks(Work::PushAgain).is_none() {
            for _ in 0..TIMES {
                column.clear()?;
                self.time(Work::PushAgain, len, || column.push_all(len))?;
            }
        }
        Ok(())
    }

    /// Fills a file by blocks where that can be done, and opens it anew where that can.
    fn fill(&mut self) -> Result<Box<dyn Column<T>>> {
        let (library, len) = (self.library, self.len());
        let path = self.directory.path().to_owned();
        let mut column = library.create::<T>(&path)?;
        let (block, blocks) = (std::mem::take(&mut self.block), self.blocks);
        let writer_is_other = library == Library::PersistSlice;
        let extend = |column: &mut Box<dyn Column<T>>| column.extend(&block, blocks);
        if library.is_database() {
            column.push_all(len)?;
        } else if writer_is_other || self.time(Work::Extend, len, || extend(&mut column))?.is_none()
        {
            extend(&mut column)?;
        }
        self.block = block;
        if library.lacks(Work::Open).is_none() {
            column.close()?;
            column = library.open::<T>(&path)?;
        }
        Ok(column)
    }

    fn read(&mut self, column: &mut Box<dyn Column<T>>) -> Result<()> {
        let (len, indices) = (self.len(), std::mem::take(&mut self.indices));
        let first = self.time(Work::FirstScan, len, || column.sum())?;
        if first.is_none() && self.library.lacks(Work::Scan).is_none() {
            column.sum()?;
        }
        for _ in 0..TIMES {
            let again = self.time(Work::Scan, len, || column.sum())?;
            ensure!(first.is_none() || again.is_none() || first == again, "the sum changed");
        }
        for _ in 0..TIMES {
            self.time(Work::Read, indices.len() as u64, || column.sum_at(&indices))?;
        }
        self.indices = indices;
        Ok(())
    }

    fn change(&mut self, column: &mut Box<dyn Column<T>>) -> Result<()> {
        let (indices, stamp) = (std::mem::take(&mut self.indices), self.stamp);
        let count = indices.len() as u64;
        let mut write = |edits, stamp| column.write_at(&indices, stamp, edits);
        self.time(Work::WriteFirst, count, || write(Edits::ByIndex, stamp))?;
        for time in 1..=TIMES {
            self.time(Work::WriteByIndex, count, || write(Edits::ByIndex, stamp + time))?;
        }
        for time in 1..=TIMES {
            self.time(Work::WriteBySlice, count, || write(Edits::BySlice, stamp + TIMES + time))?;
        }
        if self.library.lacks(Work::Sort).is_none() {
            column.shuffle(stamp)?;
        }
        self.time(Work::Sort, self.len(), || column.sort())?;
        self.indices = indices;
        Ok(())
    }
}
