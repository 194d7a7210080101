//! [`Repair`]: what can be done about a damaged file, what is lost by it, and doing it.
//!
//! A plan is made of steps, each of which makes one fault go away. It is proved before anything is written: the file is
//! read through its patches, by the rules by which files are opened, until nothing is wrong with it. What needs no more
//! than the protocol of a writer (recovering, closing, cutting) is done in place, and is as safe as that is. Everything
//! else is done to a copy, which takes the place of the original by an atomic rename when it is whole and durable.
//!
//! # Invariants
//!
//! 1. Nothing is guessed. Bytes are restored where a checksum proves what they were; everything else that can't be told
//!    is given up, and the step says so.
//! 2. A file that can't be helped is never written.

#![forbid(unsafe_code)]

mod in_place;
mod mend;
mod patch;
mod proof;
mod run;
mod step;

use std::path::{Path, PathBuf};

pub use step::{RepairKind, RepairLoss, RepairObstacle, RepairStep};

use crate::error::{Action, Error};
use crate::lock::Access;
use crate::snapshot::LockedFile;
use crate::verify::{self, Report};
use mend::Mending;

/// A plan to repair a file, which is locked as long as there is one.
///
/// ```
/// use persist_core::{MmapSlice, MmapVec, Repair, verify};
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("samples.pv");
///
/// let mut samples = MmapVec::<u16>::create(&path)?;
/// samples.extend_from_slice(&[1, 2, 3])?;
/// samples.close()?;
/// let bytes = std::fs::read(&path)?;
/// let data_offset = MmapSlice::<u16>::open(&path)?.info().data_offset_bytes as usize;
/// std::fs::write(&path, &bytes[..data_offset + 5])?; // two elements and a half
///
/// let repair = Repair::plan(&path)?;
/// assert!(repair.is_possible());
/// assert_eq!(repair.steps()[0].to_string(), "cut the vector to the 2 elements that are there, which loses 1 element");
/// repair.back_up(path.with_extension("pv.bak"))?;
/// repair.run()?;
/// assert!(verify(&path)?.is_fine());
/// assert_eq!(MmapSlice::<u16>::open(&path)?, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Repair {
    path: PathBuf,
    file: LockedFile,
    report: Report,
    steps: Vec<RepairStep>,
    obstacles: Vec<RepairObstacle>,
    len_after: Option<u64>,
    /// What is to be written to a copy, if anything.
    patches: Option<patch::Patches>,
}

impl Repair {
    /// Looks through a file as [`verify`](crate::verify()) does, and plans what can be done. Writes nothing. O(n).
    ///
    /// # Errors
    ///
    /// Those of [`verify`](crate::verify()), and where the file can't be opened for writing.
    pub fn plan(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::plan_with_progress(path, |_, _| ())
    }

    /// The same, and calls `progress` as [`verify_with_progress`](crate::verify_with_progress) does.
    ///
    /// # Errors
    ///
    /// Those of [`plan`](Self::plan).
    pub fn plan_with_progress(
        path: impl AsRef<Path>,
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Self, Error> {
        let path = path.as_ref();
        let file = verify::lock(path, Access::Exclusive)?;
        let report = verify::report(path, &file, progress)?;
        let mut mending = Mending::new(&file.storage);
        mending.mend().map_err(|source| Error::io(Action::Read, path, source))?;
        mending.tell_of_elements(&report);
        let Mending { steps, obstacles, patches, len_after, .. } = mending;
        let patches = Some(patches).filter(|patches| !patches.is_empty());
        Ok(Self { path: path.into(), file, report, steps, obstacles, len_after, patches })
    }

    /// What is wrong with the file.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What is to be done, in this order; empty where nothing needs to be done, or can be.
    #[must_use]
    pub fn steps(&self) -> &[RepairStep] {
        &self.steps
    }

    /// What can't be repaired, and why. Where one of these is [final](RepairObstacle::is_final) nothing is done.
    #[must_use]
    pub fn obstacles(&self) -> &[RepairObstacle] {
        &self.obstacles
    }

    /// How many elements there will be after all of this; `None` where nothing can be done.
    #[must_use]
    pub fn len_after(&self) -> Option<u64> {
        self.len_after.filter(|_| !self.obstacles.iter().any(RepairObstacle::is_final))
    }

    /// Whether what is done loses something and leaves no element.
    #[must_use]
    pub fn loses_all(&self) -> bool {
        self.len_after() == Some(0) && self.steps.iter().any(|it| it.loss != RepairLoss::Nothing)
    }

    /// Whether there is something to do, and it can be done.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Copies the file as it is now to a new file, and makes that durable. Replaces nothing.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`], [`Error::DiskFull`] and [`Error::Io`]. There is no new file then.
    pub fn back_up(&self, to: impl AsRef<Path>) -> Result<(), Error> {
        run::back_up(&self.file, to.as_ref())
    }

    /// Does what was planned, and looks through what came of it.
    ///
    /// Crash-safe: whenever this is cut short, the file is as it was, or repaired, or has fewer
    /// of its steps to go. Needs as much free space as the file has, where more is to be done than to
    /// [recover, close](RepairKind::Close) or [cut](RepairKind::CutSpare) it.
    ///
    /// # Errors
    ///
    /// [`Error::DiskFull`], [`Error::HardLinks`] where a copy would take the place of a file with other names, and
    /// [`Error::Io`].
    ///
    /// # Panics
    ///
    /// Panics if it isn't [possible](Self::is_possible).
    pub fn run(self) -> Result<Report, Error> {
        assert!(self.is_possible(), "a repair is to be run that has nothing to do");
        match &self.patches {
            None => run::in_place(&self.path, &self.file),
            Some(patches) => run::in_a_copy(&self.path, self.file, patches),
        }
    }
}
