//! The job of the `weather` program: import, open, look, correct, roll back, crash, be refused, and migrate.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use persist_core::{Error, Migrated, Migration, MmapSlice, MmapVec};

use super::summary::Contents;
use super::{CsvError, Observation, Reading, read_csv, v2};
use crate::crash::CrashError;
use crate::program::{OtherMode, check_mode};

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
    /// The winds that were corrected.
    pub corrections: Vec<Correction>,
    /// The file after the corrections, before they are committed.
    pub corrected: State,
    /// After they were rolled back.
    pub rolled_back: State,
    /// After they were made again and committed, and a crash in the middle of other changes.
    pub recovered: Recovered,
    /// Why a second handle can't open the file while there is one. `None` would be a bug.
    pub second_handle: Option<Error>,
    /// Why a struct with other fields can't. `None` would be a bug.
    pub changed_struct: Option<Error>,
    /// What became of a copy of the file, when it was given those fields.
    pub upgraded: Upgraded,
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

/// A wind that was corrected in place.
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

/// What a file has at some time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct State {
    /// How many observations are not as they were imported.
    pub changed: usize,
    /// What the observations say.
    pub contents: Contents,
}

/// What a crash left.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Recovered {
    /// How many observations were changed, and not committed, when it came.
    pub lost: usize,
    /// How many observations are not as they were committed. More than 0 would be a bug.
    pub wrong: usize,
    /// How long it took to open the file, which makes it whole.
    pub opening: Duration,
    /// What is in the file.
    pub state: State,
}

/// A copy of the file that got the next version of its struct.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Upgraded {
    /// What the migration says.
    pub migrated: Migrated,
    /// How many elements are not what they should have become. More than 0 would be a bug.
    pub wrong: usize,
    /// How long it took.
    pub took: Duration,
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
    /// The persist file has another mode.
    #[error(transparent)]
    Mode(#[from] OtherMode),
    /// There was no crash.
    #[error(transparent)]
    Crash(#[from] CrashError),
    /// The persist file can't be copied.
    #[error("can't copy `{}`", path.display())]
    #[non_exhaustive]
    Copy {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
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
/// `crash` has somebody do [`correct_and_half_convert`] and come to an end; it returns what that returned.
///
/// # Errors
///
/// Where one of the files can't be read or written. If it is the CSV file, the other is unchanged.
pub fn run(
    csv: &Path,
    file: &Path,
    crash: impl FnOnce(&Path) -> Result<usize, CrashError>,
) -> Result<Report, JobError> {
    let import = import(csv, file)?;
    let opening = time_opening(file)?;
    let imported = MmapSlice::<Observation>::open(file)?.to_vec();
    let (corrected, rolled_back, second_handle) = correct_and_roll_back(file, &imported)?;
    let lost = crash(file)?;
    let (recovered, corrections) = recover(file, &imported, lost)?;
    Ok(Report {
        csv: csv.into(),
        file: file.into(),
        import,
        opening,
        contents: Contents::of(&imported),
        corrections,
        corrected,
        rolled_back,
        recovered,
        second_handle,
        changed_struct: MmapSlice::<v2::Observation>::open(file).err(),
        upgraded: upgrade_copy(file)?,
    })
}

/// Gives a copy of the file the next version of its struct, and removes it.
fn upgrade_copy(file: &Path) -> Result<Upgraded, JobError> {
    let copy = file.with_extension(format!("{}.v2.pv", std::process::id()));
    let io = |source| JobError::Copy { path: file.into(), source };
    fs::copy(file, &copy).map_err(io)?;
    let upgraded = upgrade(file, &copy);
    fs::remove_file(&copy).map_err(io)?;
    upgraded
}

fn upgrade(file: &Path, copy: &Path) -> Result<Upgraded, JobError> {
    let start = Instant::now();
    let migrated = Migration::<v2::Observation>::new().run(copy)?;
    let took = start.elapsed();
    let (old, new) = (MmapSlice::<Observation>::open(file)?, MmapSlice::open(copy)?);
    let wrong =
        old.iter().zip(&new).filter(|(old, new)| v2::Observation::from(**old) != **new).count()
            + old.len().abs_diff(new.len());
    Ok(Upgraded { migrated, wrong, took })
}

/// The first part of the job: fills the file with the observations of the CSV file.
///
/// # Errors
///
/// As [`run`].
pub fn import(csv: &Path, file: &Path) -> Result<Import, JobError> {
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

/// Fills the file with these observations, all of them or, where it fails or crashes, none. Returns how many
/// others gave way to them.
fn write(file: &Path, observations: &[Observation]) -> Result<usize, JobError> {
    let mut vec = MmapVec::open_or_create(file)?;
    check_mode(file, &vec.info())?;
    let replaced = vec.len();
    vec.clear();
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

impl State {
    fn of(observations: &[Observation], imported: &[Observation]) -> Self {
        Self { changed: differing(observations, imported), contents: Contents::of(observations) }
    }
}

fn differing(these: &[Observation], those: &[Observation]) -> usize {
    assert_eq!(these.len(), those.len());
    these.iter().zip(those).filter(|(this, that)| this != that).count()
}

/// Marks what can't have been measured as missing: winds that can't have blown, and where from it blew
/// when it didn't.
fn correct(observations: &mut [Observation]) {
    for observation in observations {
        let wind = observation.get(Reading::WindSpeed);
        if wind > Some(STRONGEST_WIND_MPH) {
            observation.set(Reading::WindSpeed, None);
        }
        if wind == Some(0.0) {
            observation.set(Reading::WindDirection, None);
        }
    }
}

/// From °F to °C. Nothing in an observation tells which of them it is in: a file with some of each would
/// be lost.
fn convert(observations: &mut [Observation]) {
    for observation in observations {
        for reading in [Reading::Temperature, Reading::DewPoint] {
            let celsius = observation.get(reading).map(|fahrenheit| (fahrenheit - 32.0) / 1.8);
            observation.set(reading, celsius);
        }
    }
}

/// Returns what the file had after the corrections, and after they were rolled back; and what a second
/// handle was told meanwhile.
fn correct_and_roll_back(
    file: &Path,
    imported: &[Observation],
) -> Result<(State, State, Option<Error>), Error> {
    let mut vec = MmapVec::<Observation>::open(file)?;
    let second_handle = MmapSlice::<Observation>::open(file).err();
    correct(&mut vec);
    let corrected = State::of(&vec, imported);
    vec.rollback()?;
    let rolled_back = State::of(&vec, imported);
    vec.close()?;
    Ok((corrected, rolled_back, second_handle))
}

/// Corrects and commits, goes on to convert, and stops half-way. Returns the vector with what it didn't
/// commit, and how many observations it converted.
///
/// # Errors
///
/// Where the file can't be opened, or committed.
pub fn correct_and_half_convert(file: &Path) -> Result<(MmapVec<Observation>, usize), Error> {
    let mut vec = MmapVec::<Observation>::open(file)?;
    correct(&mut vec);
    vec.commit()?;
    let half = vec.len() / 2;
    convert(&mut vec[..half]);
    Ok((vec, half))
}

/// Opens the file after the crash, and compares it with what was committed.
fn recover(
    file: &Path,
    imported: &[Observation],
    lost: usize,
) -> Result<(Recovered, Vec<Correction>), Error> {
    let start = Instant::now();
    let vec = MmapVec::<Observation>::open(file)?;
    let opening = start.elapsed();

    let mut committed = imported.to_vec();
    correct(&mut committed);
    let wrong = differing(&vec, &committed);
    let recovered = Recovered { lost, wrong, opening, state: State::of(&vec, imported) };
    vec.close()?;

    let reopened = MmapSlice::<Observation>::open(file)?;
    let corrections = imported.iter().zip(&reopened).enumerate();
    let corrections = corrections.filter_map(|(index, (&before, &after))| {
        let is_other = before.get(Reading::WindSpeed) != after.get(Reading::WindSpeed);
        is_other.then_some(Correction { index, before, after })
    });
    Ok((recovered, corrections.collect()))
}
