//! What is measured.

mod append;
mod cold;
mod elements;
mod first_edit;
mod floors;
pub(crate) mod footprint;
mod growth;
mod open;
mod pages;
mod push;
mod rollback;
mod validated;

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::ValueEnum;
use persist_core::{MmapVec, OpenOptions};
use tempfile::TempDir;

use crate::args::Args;
use crate::column::Edits;
use crate::elements::Particle;
use crate::machine;
use crate::measure::Times;
use crate::peers::persist::{PAGE_BYTES, Vector, name};
use crate::peers::{Kind, Library};
use crate::report::{Entry, Report};

/// Files of less would have fewer pages than are changed at once.
const MIN_FILE_BYTES: u64 = 64 << 20;

/// A group of measurements that share their files, and a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Row {
    /// Vectors of `u64`: filled, scanned, read and written at random, sorted. For each number; databases have a
    /// twentieth of them
    Numbers,
    /// Vectors of 32-byte structs: the same, for each struct
    Structs,
    /// persist and the floor of a goal that leaves it a few percent, turn by turn: for each element
    Floors,
    /// Opening a file, by its size
    Open,
    /// Opening a file whose elements must be looked at
    Validated,
    /// The first scan of a file that isn't in memory, and a few elements of it; also by who tells the system before: that all will be
    /// needed (`prefetch`, `MADV_WILLNEED`), or that reads come in no order (`advise`, `MADV_RANDOM`)
    Cold,
    /// The slowest push while a file grows
    Growth,
    /// One push and a commit, beside one page written through
    Push,
    /// Appended elements and a commit, from 64 bytes to a whole file
    Append,
    /// Changed pages and a commit, beside databases
    Pages,
    /// The first change after opening, and its commit, by the size of the file
    FirstEdit,
    /// Giving changes up, beside committing them
    Rollback,
    /// Memory at its peak, and bytes sent to the device: by a process that fills a file of an eighth of the size, or changes
    /// one page of such a file for each commit
    Footprint,
}

impl Row {
    pub(crate) fn run(self, setup: &Setup, report: &mut Report) -> Result<()> {
        let value = self.to_possible_value().expect("no row is skipped");
        let about = value.get_help().map(ToString::to_string).unwrap_or_default();
        report.begin(value.get_name(), &about);
        match self {
            Self::Numbers => elements::run::<u64>(setup, report, setup.len),
            Self::Structs => elements::run::<Particle>(setup, report, setup.len / 4),
            Self::Floors => floors::run(setup, report),
            Self::Open => open::run(setup, report),
            Self::Validated => validated::run(setup, report),
            Self::Cold => cold::run(setup, report),
            Self::Growth => growth::run(setup, report),
            Self::Push => push::run(setup, report),
            Self::Append => append::run(setup, report),
            Self::Pages => pages::run(setup, report),
            Self::FirstEdit => first_edit::run(setup, report),
            Self::Rollback => rollback::run(setup, report),
            Self::Footprint => footprint::run(setup, report),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no row is skipped");
        f.write_str(value.get_name())
    }
}

/// What all rows have in common.
pub(crate) struct Setup {
    directory: PathBuf,
    /// How many elements a vector has.
    len: u64,
    file_bytes: u64,
    memory_bytes: u64,
    rounds: u32,
    /// Whether the sizes are those that nobody asked for.
    is_default: bool,
    journal_bytes: Option<u64>,
}

impl Setup {
    pub(crate) fn new(args: &Args) -> Self {
        let share = if args.quick { 16 } else { 1 };
        Self {
            directory: args.directory.clone(),
            len: args.len.unwrap_or(10_000_000 / share),
            file_bytes: args.size.unwrap_or((1 << 30) / share).max(MIN_FILE_BYTES),
            memory_bytes: machine::memory_bytes(),
            rounds: args.rounds,
            is_default: !args.quick && args.len.is_none() && args.size.is_none(),
            journal_bytes: args.journal_bytes,
        }
    }

    /// A directory for the files of a row, which is removed with what is in it when the row is done.
    fn scratch(&self) -> Result<TempDir> {
        Ok(tempfile::Builder::new().prefix("persist-bench-").tempdir_in(&self.directory)?)
    }

    /// How persist's files are created and opened.
    fn options(&self) -> OpenOptions<u64> {
        let options = MmapVec::<u64>::options();
        match self.journal_bytes {
            Some(bytes) => options.journal_bytes(bytes),
            None => options,
        }
    }

    /// A vector of so many elements in a new file of a directory.
    fn vector(&self, directory: &TempDir, len: u64, edits: Edits) -> Result<Vector> {
        self.vector_in(directory.path(), len, edits)
    }

    fn vector_in(&self, directory: &Path, len: u64, edits: Edits) -> Result<Vector> {
        Vector::create(&directory.join(name(edits)), &self.options(), len, edits)
    }

    /// Waits until all that was loaded is on the disk: it is no one's to pay for.
    fn settle(&self) -> Result<()> {
        Ok(rustix::fs::syncfs(File::open(&self.directory)?)?)
    }

    /// Whether a few times so many bytes fit into memory.
    fn fits(&self, bytes: u64) -> bool {
        bytes <= self.memory_bytes / 4
    }

    /// How many pages a file has.
    fn pages(&self) -> u64 {
        self.file_bytes / PAGE_BYTES as u64
    }

    /// How many numbers a file has.
    fn file_len(&self) -> u64 {
        self.file_bytes / size_of::<u64>() as u64
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Vectors of {} elements, files of {}, journal: {}, {} rounds after one to warm up",
            self.len,
            size(self.file_bytes),
            self.journal_bytes.map_or("the default".into(), size),
            self.rounds,
        )?;
        if self.is_default {
            return Ok(());
        }
        f.write_str("; not the default sizes, which the goals are for")
    }
}

/// What a library took.
fn entry(library: Library, times: Vec<f64>) -> Entry {
    Entry { name: library.name().into(), kind: library.kind(), times: Times::new(times) }
}

/// Puts times in nanoseconds under the names of those who took them.
fn entries(
    names: impl IntoIterator<Item = (impl Into<String>, Kind)>,
    nanoseconds: Vec<Vec<f64>>,
) -> Vec<Entry> {
    let entry = |((name, kind), times): ((_, _), _)| Entry {
        name: Into::into(name),
        kind,
        times: Times::new(times),
    };
    names.into_iter().zip(nanoseconds).map(entry).collect()
}

/// A number of bytes in the unit that suits it.
fn size(bytes: u64) -> String {
    match bytes {
        0x4000_0000.. => format!("{} GiB", bytes >> 30),
        0x10_0000.. => format!("{} MiB", bytes >> 20),
        0x400.. => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} B"),
    }
}

/// Distinct pages at random, the same for everybody who asks with the same seed.
fn random_pages(seed: u64, count: usize, pages: u64) -> Vec<u64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut seen = std::collections::HashSet::with_capacity(count);
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count {
        let page = random.u64(..pages);
        if seen.insert(page) {
            chosen.push(page);
        }
    }
    chosen
}
