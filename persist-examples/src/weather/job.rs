//! The job of the `weather` program: import, open, look, correct, and be refused.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use persist_core::{Error, MmapSlice, MmapVec};

use super::summary::Contents;
use super::{CsvError, Observation, Reading, read_csv, v2};

/// How often a file is opened to find the median time that it takes.
const OPENS: usize = 51;

/// The strongest wind that an instrument on the ground measured: Barrow Island, 1996. More is a fault.
pub(super) const STRONGEST_WIND_MPH: f64 = 253.0;

/// What the job did and found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// Where the observations came from.
    pub csv: PathBuf,
    /// The persist file.
    pub file: PathBuf,
    /// How they came into the file.
    pub import: Import,
    /// How long opening it takes.
    pub opening: Opening,
    /// What is in it.
    pub contents: Contents,
    /// What was corrected.
    pub corrections: Vec<Correction>,
    /// The wind at each airport, after the corrections.
    pub corrected: Contents,
    /// Why a second handle can't open the file while there is one. `None` would be a bug.
    pub second_handle: Option<Error>,
    /// Why a struct with other fields can't. `None` would be a bug.
    pub changed_struct: Option<Error>,
}

/// How the observations came into the file.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Import {
    /// How many observations of an earlier run gave way to them, if there was a file.
    pub replaced: usize,
    /// How long it took to read and parse the CSV.
    pub reading: Duration,
    /// How long it took to write the elements, make them durable, and close the file.
    pub writing: Duration,
    /// The size of the file.
    pub file_bytes: u64,
}

/// The median time that it takes to open the file, with its pages in memory.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Opening {
    /// Over how many tries.
    pub opens: usize,
    /// As a [`MmapSlice`].
    pub slice: Duration,
    /// As a [`MmapVec`].
    pub vec: Duration,
}

/// An observation that was changed in place.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Correction {
    /// Which element it is.
    pub index: usize,
    /// What it was.
    pub before: Observation,
    /// What the file, opened anew, says it is.
    pub after: Observation,
}

/// Why the job can't be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The CSV file can't be read.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// The persist file can't be written or opened.
    #[error(transparent)]
    Persist(#[from] Error),
    /// The size of the persist file can't be told.
    #[error("can't get the size of `{}`", path.display())]
    #[non_exhaustive]
    Size {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Does the job. May be run again and again: a file of an earlier run is filled anew, and one of
/// anything else is left alone.
///
/// # Errors
///
/// Where one of the files can't be read or written. If it is the CSV file, the other is unchanged.
pub fn run(csv: &Path, file: &Path) -> Result<Report, JobError> {
    let import = import(csv, file)?;
    let opening = time_opening(file)?;
    let contents = Contents::of(&MmapSlice::open(file)?);
    let (corrections, second_handle) = correct(file)?;
    Ok(Report {
        csv: csv.into(),
        file: file.into(),
        import,
        opening,
        contents,
        corrections,
        corrected: Contents::of(&MmapSlice::open(file)?),
        second_handle,
        changed_struct: MmapSlice::<v2::Observation>::open(file).err(),
    })
}

fn import(csv: &Path, file: &Path) -> Result<Import, JobError> {
    let start = Instant::now();
    // All of it before the file is touched: what is wrong in line 20,000 should change nothing.
    let observations = read_csv(csv)?;
    let reading = start.elapsed();

    let start = Instant::now();
    let replaced = write(file, &observations)?;
    let writing = start.elapsed();

    let size = |source| JobError::Size { path: file.into(), source };
    let file_bytes = fs::metadata(file).map_err(size)?.len();
    Ok(Import { replaced, reading, writing, file_bytes })
}

/// Fills the file with these observations. Returns how many others it had.
fn write(file: &Path, observations: &[Observation]) -> Result<usize, Error> {
    let mut vec = MmapVec::open_or_create(file)?;
    let replaced = vec.len();
    if replaced > 0 {
        // Committed while it is empty: a crash in the middle then leaves no rows, and never some old
        // ones among the new.
        vec.clear();
        vec.commit()?;
    }
    vec.extend_from_slice(observations)?;
    vec.commit()?;
    // A vector grows by more than it needs. This file is complete.
    vec.shrink_to_fit()?;
    vec.close()?;
    Ok(replaced)
}

fn time_opening(file: &Path) -> Result<Opening, Error> {
    Ok(Opening {
        opens: OPENS,
        slice: median_time(|| MmapSlice::<Observation>::open(file))?,
        vec: median_time(|| MmapVec::<Observation>::open(file))?,
    })
}

/// The median time of [`OPENS`] calls. Closing what they opened doesn't count.
fn median_time<T>(open: impl Fn() -> Result<T, Error>) -> Result<Duration, Error> {
    let mut times = Vec::with_capacity(OPENS);
    for _ in 0..OPENS {
        let start = Instant::now();
        let opened = open()?;
        times.push(start.elapsed());
        drop(opened);
    }
    times.sort_unstable();
    Ok(times[OPENS / 2])
}

/// Marks winds that can't have blown as missing. Also returns what a second handle was told meanwhile.
fn correct(file: &Path) -> Result<(Vec<Correction>, Option<Error>), Error> {
    let mut vec = MmapVec::<Observation>::open(file)?;
    let second_handle = MmapSlice::<Observation>::open(file).err();

    let mut corrected = Vec::new();
    for (index, observation) in vec.iter_mut().enumerate() {
        if observation.get(Reading::WindSpeed) > Some(STRONGEST_WIND_MPH) {
            corrected.push((index, *observation));
            observation.set(Reading::WindSpeed, None);
        }
    }
    vec.commit()?;
    vec.close()?;

    let reopened = MmapSlice::<Observation>::open(file)?;
    let corrections = corrected.iter().map(|&(index, before)| Correction {
        index,
        before,
        after: reopened[index],
    });
    Ok((corrections.collect(), second_handle))
}
