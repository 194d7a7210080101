//! Appended, and durable: from a few elements to a whole file. Whoever has no commit of his own has the
//! file flushed, which is durable but not atomic.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Result;

use super::{Setup, size};
use crate::column::{Column, Work};
use crate::measure::{Times, fresh_rounds, rounds, time, turn};
use crate::peers::bare::Append;
use crate::peers::{Kind, Library, Peer};
use crate::report::{Entry, Report, Unit};

/// The order of the turns: whose goal leaves it a few percent comes next to its floor.
const CONTESTANTS: [Contestant; 11] = [
    Contestant::Library(Library::Persist),
    Contestant::Bare(Append::Plain),
    Contestant::Bare(Append::Early),
    Contestant::Bare(Append::EarlyAllocated),
    Contestant::Library(Library::VecAndFile),
    Contestant::Library(Library::Memmap2),
    Contestant::Library(Library::Memvec),
    Contestant::Library(Library::FileVec),
    Contestant::Library(Library::Lmdb),
    Contestant::Library(Library::Redb),
    Contestant::Library(Library::Sqlite),
];

const OTHERS: [Library; 4] = [Library::MmapVec, Library::Vecdb, Library::Epserde, Library::Rkyv];

/// How many bytes a commit appends, and how many commits a turn is at most.
const COMMITS: [(u64, u64); 3] = [(64, 100), (64 << 10, 20), (64 << 20, 1)];

/// How much of the time of the best bare calls a large append may take: at nine tenths of their speed.
const GOAL_BESIDE_BARE: f64 = 1.11;

/// How many bytes are handed over by one call.
const BLOCK_BYTES: u64 = 1 << 20;

#[derive(Clone, Copy)]
enum Contestant {
    Library(Library),
    Bare(Append),
}

/// A file that grows.
enum Growing {
    /// As long as the number says.
    Bare(Append, File, u64),
    Column(Box<dyn Column<u64>>),
    Database(Box<dyn Peer>),
}

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let directory = setup.scratch()?;
    let mut files = CONTESTANTS
        .iter()
        .map(|contestant| contestant.create(setup, &directory.path().join(contestant.name())))
        .collect::<Result<Vec<_>>>()?;
    for (bytes, commits) in COMMITS {
        let heading = format!("append {} and commit", size(bytes));
        let block = block(bytes);
        setup.settle()?;
        let times = rounds(setup.rounds, &mut files, |file, round| {
            if round == 1 {
                // What was done before is no one's to pay for.
                file.checkpoint()?;
            }
            turn(commits, |_| time(|| file.append(&block, bytes)))
        })?;
        let rests = files.iter_mut().map(|file| time(|| file.checkpoint()));
        let rests = rests.collect::<Result<_>>()?;
        enter(report, &heading, &CONTESTANTS, times, rests);
    }
    drop(files);
    drop(directory);
    whole_file(setup, report)
}

/// A file of its own for each time.
fn whole_file(setup: &Setup, report: &mut Report) -> Result<()> {
    let bytes = setup.file_bytes;
    let heading = format!("append {} to a new file and commit", size(bytes));
    let mut contestants = CONTESTANTS.to_vec();
    contestants.retain(|contestant| setup.fits(bytes) || !contestant.needs_memory());
    let block = block(bytes);
    let times = fresh_rounds(setup.rounds, &mut contestants, |contestant, _| {
        let directory = setup.scratch()?;
        let mut file = contestant.create(setup, &directory.path().join("new"))?;
        setup.settle()?;
        Ok(vec![time(|| file.append(&block, bytes))?])
    })?;
    // A log isn't emptied before the next file takes the place of this one: that flatters who has all of it in one.
    enter(report, &heading, &contestants, times, vec![0.0; contestants.len()]);
    let bare = Append::ALL.map(Append::name).into_iter();
    let medians = bare.filter_map(|name| Some((name, report.median(&heading, name)?)));
    if let Some((best, _)) = medians.min_by(|(_, a), (_, b)| a.total_cmp(b)) {
        report.ratio(&heading, "persist", best, Some(GOAL_BESIDE_BARE));
    }
    Ok(())
}

/// Enters the time of each append, and of what they left in a log.
fn enter(
    report: &mut Report,
    heading: &str,
    contestants: &[Contestant],
    times: Vec<Vec<f64>>,
    rests: Vec<f64>,
) {
    let times = times.into_iter().zip(rests);
    let times = times.map(|(times, rest)| Times::new(times).with_rest(rest));
    let entries = contestants.iter().zip(times).map(|(contestant, times)| Entry {
        name: contestant.name(),
        kind: contestant.kind(),
        times,
    });
    report.row(heading, Unit::Nanoseconds, entries.collect());
    for library in OTHERS {
        if let Some(reason) = library.lacks(Work::Append) {
            report.lacks(library, reason);
        }
    }
    for database in contestants.iter().filter(|contestant| contestant.kind() == Kind::Database) {
        report.ratio(heading, "persist", &database.name(), Some(1.0));
    }
}

/// The first block of so many bytes.
fn block(bytes: u64) -> Vec<u64> {
    (0..bytes.min(BLOCK_BYTES) / size_of::<u64>() as u64).collect()
}

impl Contestant {
    /// Who has no flush of his own is said to be given one.
    fn name(self) -> String {
        match self {
            Self::Library(library @ (Library::Memvec | Library::FileVec)) => {
                format!("{} + fdatasync", library.name())
            }
            Self::Library(Library::VecAndFile) => "Vec + write + fdatasync".into(),
            Self::Library(Library::Memmap2) => "memmap2, write + fdatasync".into(),
            Self::Library(library) => library.name().into(),
            Self::Bare(how) => how.name().into(),
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Library(library) => library.kind(),
            Self::Bare(_) => Kind::Floor,
        }
    }

    fn needs_memory(self) -> bool {
        matches!(self, Self::Library(library) if library.needs_memory())
    }

    /// An empty file in a new directory.
    fn create(self, setup: &Setup, directory: &Path) -> Result<Growing> {
        fs::create_dir(directory)?;
        Ok(match self {
            Self::Bare(how) => Growing::Bare(how, File::create_new(directory.join("bare"))?, 0),
            Self::Library(library) if library.is_database() => {
                let room_bytes = (4 * setup.file_bytes + (8 << 30)) as usize;
                Growing::Database(library.database(directory, room_bytes, setup.journal_bytes)?)
            }
            Self::Library(library) => Growing::Column(library.create(directory)?),
        })
    }
}

impl Growing {
    /// Appends so many bytes durably.
    fn append(&mut self, block: &[u64], bytes: u64) -> Result<()> {
        match self {
            Self::Bare(how, file, end) => {
                how.append(file, *end, bytes)?;
                *end += bytes;
                Ok(())
            }
            Self::Column(column) => {
                column.extend(block, bytes / size_of_val(block) as u64)?;
                column.sync()
            }
            Self::Database(peer) => peer.append(bytes),
        }
    }

    /// Moves what is in a log to its place.
    fn checkpoint(&mut self) -> Result<()> {
        match self {
            Self::Bare(..) => Ok(()),
            Self::Column(column) => column.checkpoint(),
            Self::Database(peer) => peer.checkpoint(),
        }
    }
}
