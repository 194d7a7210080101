//! What is measured.

mod first_edit;
mod hot_loop;
mod pages;
mod push;
mod rollback;

use std::fmt;
use std::fs::File;
use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use persist_core::{MmapVec, OpenOptions};
use tempfile::TempDir;

use crate::args::Args;
use crate::measure::Times;
use crate::peers::persist::{Edits, PAGE_BYTES, Vector};
use crate::report::{Entry, Report};

/// A group of measurements that share their files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Row {
    /// One push and a commit, beside one page written through
    Push,
    /// Changed pages and a commit, beside databases
    Pages,
    /// The first change after opening, and its commit, by the size of the file
    FirstEdit,
    /// Writes in a loop, beside those to a slice in memory
    HotLoop,
    /// Giving changes up, beside committing them
    Rollback,
}

impl Row {
    pub(crate) const ALL: [Self; 5] =
        [Self::Push, Self::Pages, Self::FirstEdit, Self::HotLoop, Self::Rollback];

    pub(crate) fn run(self, setup: &Setup, report: &mut Report) -> Result<()> {
        match self {
            Self::Push => push::run(setup, report),
            Self::Pages => pages::run(setup, report),
            Self::FirstEdit => first_edit::run(setup, report),
            Self::HotLoop => hot_loop::run(setup, report),
            Self::Rollback => rollback::run(setup, report),
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
    file_bytes: u64,
    quick: bool,
    large: bool,
    rounds: u32,
    journal_bytes: Option<u64>,
}

impl Setup {
    pub(crate) fn new(args: &Args) -> Self {
        Self {
            directory: args.directory.clone(),
            file_bytes: if args.quick { 64 << 20 } else { 1 << 30 },
            quick: args.quick,
            large: args.large,
            rounds: args.rounds,
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
        Vector::create(&directory.path().join(edits.name()), &self.options(), len, edits)
    }

    /// Waits until all that was loaded is on the disk: it is no one's to pay for.
    fn settle(&self) -> Result<()> {
        Ok(rustix::fs::syncfs(File::open(&self.directory)?)?)
    }

    /// How many pages a file has.
    fn pages(&self) -> u64 {
        self.file_bytes / PAGE_BYTES as u64
    }

    /// How many elements a file has.
    fn len(&self) -> u64 {
        self.file_bytes / size_of::<u64>() as u64
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "- Files of {}, journal: {}, {} rounds after one to warm up",
            size(self.file_bytes),
            self.journal_bytes.map_or("the default".into(), size),
            self.rounds,
        )
    }
}

/// Puts times in nanoseconds under the names of those who took them.
fn entries(
    names: impl IntoIterator<Item = impl Into<String>>,
    nanoseconds: Vec<Vec<f64>>,
) -> Vec<Entry> {
    let entry = |(name, times): (_, _)| Entry { name: Into::into(name), times: Times::new(times) };
    names.into_iter().zip(nanoseconds).map(entry).collect()
}

/// A number of bytes in the unit that suits it.
fn size(bytes: u64) -> String {
    match bytes {
        0x4000_0000.. => format!("{} GiB", bytes >> 30),
        0x10_0000.. => format!("{} MiB", bytes >> 20),
        _ => format!("{} KiB", bytes >> 10),
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
