//! Appended, and durable: from a few elements to a whole file. Whoever has no commit of his own has the
//! file flushed, which is durable but not atomic.

use std::fs::File;

use anyhow::Result;
use tempfile::TempDir;

use super::{Setup, size};
use crate::column::{Column, Work};
use crate::measure::{Times, fresh_rounds, rounds, timed};
use crate::peers::bare::Append;
use crate::peers::{Kind, Library, Peer};
use crate::report::{Entry, Report, Unit};

const VECTORS: [Library; 5] =
    [Library::Persist, Library::VecAndFile, Library::Memmap2, Library::Memvec, Library::FileVec];

const DATABASES: [Library; 3] = [Library::Lmdb, Library::Redb, Library::Sqlite];

const OTHERS: [Library; 4] = [Library::MmapVec, Library::Vecdb, Library::Epserde, Library::Rkyv];

/// How many bytes a commit appends, and how many commits a turn is.
const COMMITS: [(u64, u32); 3] = [(64, 100), (64 << 10, 20), (64 << 20, 1)];

/// How many bytes are handed over by one call.
const BLOCK_BYTES: u64 = 1 << 20;

enum Contestant {
    Bare(Append, File, u64),
    Vector(Library, Box<dyn Column<u64>>),
    Database(Box<dyn Peer>),
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let directory = setup.scratch()?;
    let mut contestants = (0..COUNT)
        .map(|index| Ok((Contestant::new(setup, &directory, index)?, Vec::new())))
        .collect::<Result<Vec<_>>>()?;
    for (bytes, turn) in COMMITS {
        let heading = format!("append {} and commit", size(bytes));
        setup.settle()?;
        let times = rounds(setup.rounds, &mut contestants, |(contestant, block), _| {
            fill(block, bytes);
            (0..turn).map(|_| contestant.append(block, bytes)).collect()
        })?;
        let entries =
            contestants.iter().zip(times).map(|((contestant, _), times)| contestant.entry(times));
        enter(report, &heading, entries.collect());
    }
    drop(contestants);
    drop(directory);
    whole_file(setup, report)
}

/// A file of its own for each time.
fn whole_file(setup: &Setup, report: &mut Report) -> Result<()> {
    let bytes = setup.file_bytes;
    let heading = format!("append {} to a new file and commit", size(bytes));
    let needs_memory =
        |index: usize| VECTORS.get(index).is_some_and(|library| library.needs_memory());
    let fits = |&index: &usize| setup.fits(bytes) || !needs_memory(index);
    let mut indices: Vec<_> = (0..COUNT).filter(fits).collect();
    let mut block = Vec::new();
    fill(&mut block, bytes);
    let mut entries: Vec<Option<Entry>> = indices.iter().map(|_| None).collect();
    let times = fresh_rounds(setup.rounds, &mut indices, |&mut index, round| {
        let directory = setup.scratch()?;
        let mut contestant = Contestant::new(setup, &directory, index)?;
        setup.settle()?;
        let time = contestant.append(&block, bytes)?;
        if round == 0 {
            let place = entries.iter_mut().find(|entry| entry.is_none());
            *place.expect("a place for each") = Some(contestant.entry(vec![time]));
        }
        Ok(vec![time])
    })?;
    let entries = entries.into_iter().flatten().zip(times);
    let entries = entries.map(|(entry, times)| Entry { times: Times::new(times), ..entry });
    enter(report, &heading, entries.collect());
    // The goal is nine tenths of the best bare speed.
    let bare = Append::ALL.iter().filter_map(|how| report.median(&heading, how.name()));
    report.figure(&heading, "persist", "best bare ÷ 0.9", bare.fold(f64::MAX, f64::min) / 0.9);
    Ok(())
}

fn enter(report: &mut Report, heading: &str, entries: Vec<Entry>) {
    report.row(heading, Unit::Nanoseconds, entries);
    for library in OTHERS {
        if let Some(reason) = library.lacks(Work::Append) {
            report.lacks(library, reason);
        }
    }
    for database in DATABASES {
        report.ratio(heading, "persist", database.name(), Some(1.0));
    }
}

/// The first block of what is appended.
fn fill(block: &mut Vec<u64>, bytes: u64) {
    *block = (0..bytes.min(BLOCK_BYTES) / size_of::<u64>() as u64).collect();
}

/// The order of the turns: vectors, bare writes, databases.
const COUNT: usize = VECTORS.len() + DATABASES.len() + Append::ALL.len();

impl Contestant {
    fn new(setup: &Setup, directory: &TempDir, index: usize) -> Result<Self> {
        let directory = directory.path().join(index.to_string());
        std::fs::create_dir(&directory)?;
        if let Some(&library) = VECTORS.get(index) {
            return Ok(Self::Vector(library, library.create(&directory)?));
        }
        let index = index - VECTORS.len();
        if let Some(&how) = Append::ALL.get(index) {
            return Ok(Self::Bare(how, File::create_new(directory.join("bare"))?, 0));
        }
        let room = (4 * setup.file_bytes + (8 << 30)) as usize;
        let library = DATABASES[index - Append::ALL.len()];
        Ok(Self::Database(library.database(&directory, room, setup.journal_bytes)?))
    }

    /// The time that it takes to append so many bytes, in nanoseconds.
    fn append(&mut self, block: &[u64], bytes: u64) -> Result<f64> {
        let (result, time) = timed(|| match self {
            Self::Bare(how, file, end) => {
                let start = *end;
                *end += bytes;
                how.append(file, start, bytes)
            }
            Self::Vector(_, column) => {
                column.extend(block, bytes / size_of_val(block) as u64)?;
                column.sync()
            }
            Self::Database(peer) => peer.append(bytes),
        });
        result.map(|()| time)
    }

    fn entry(&self, times: Vec<f64>) -> Entry {
        let (name, kind) = match self {
            Self::Bare(how, ..) => (how.name().into(), Kind::Floor),
            Self::Vector(library, _) => (name(*library), library.kind()),
            Self::Database(peer) => (peer.name(), peer.kind()),
        };
        Entry { name, kind, times: Times::new(times) }
    }
}

/// Who has no flush of his own is said to be given one.
fn name(library: Library) -> String {
    match library {
        Library::Memvec | Library::FileVec => format!("{} + fdatasync", library.name()),
        Library::VecAndFile => "Vec + write + fdatasync".into(),
        Library::Memmap2 => "memmap2, write + fdatasync".into(),
        _ => library.name().into(),
    }
}
