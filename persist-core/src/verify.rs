//! [`verify`]: everything that is wrong with a file, not only the first thing.
//!
//! The rules are those by which files are opened: the same code reads them, and goes on where opening stops. Nothing
//! is written. This module finds; [`repair`](crate::repair()) mends.

#![forbid(unsafe_code)]

mod elements;
mod examine;
mod finding;

use std::path::Path;

pub(crate) use examine::Examination;
pub use finding::{Finding, FindingKind, Severity};

use crate::descriptor::Descriptor;
use crate::error::{Action, Error};
use crate::lock::Access;
use crate::open::{self, Locking};
use crate::snapshot::LockedFile;
use elements::Scan;

/// What [`verify`] found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The size of the file in bytes.
    pub file_bytes: u64,
    /// How many elements it should have, where that can be told.
    pub len: Option<u64>,
    /// What the elements are, where that can be told.
    pub descriptor: Option<Descriptor>,
    /// How many elements were looked at.
    pub checked_elements: u64,
    /// How many of those are not values of their type. Of these, the first [`MAX_LISTED`](Self::MAX_LISTED) are
    /// among the findings.
    pub invalid_elements: u64,
    /// How many bytes of elements the system could not read. Of these places, too, the first are among the findings.
    pub unreadable_bytes: u64,
    /// All that was found, in the order of the file.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The most elements, and the most places that can't be read, that are listed.
    pub const MAX_LISTED: usize = 1000;

    /// The worst that was found.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(Finding::severity).max()
    }

    /// Whether there is nothing to complain about: no finding but notes.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.worst() <= Some(Severity::Note)
    }
}

/// Looks through a whole file, of any type and byte order, for everything that is wrong with it.
///
/// Checks each checksum, reserved byte, slot, length, the descriptor, the records of the journal, and whether every element is
/// a value of its type. Works on files that can't be opened, and goes on as far as what follows can still be made
/// sense of. Needs no permission to write, writes nothing, and is locked like [`MmapSlice`](crate::MmapSlice).
///
/// O(n): reads all of the file once, whatever its size, in parallel where it is large; needs as little memory as a file that is
/// only read. A file of many gigabytes takes seconds: [`verify_with_progress`] tells how far it is.
///
/// ```
/// use persist_core::{MmapVec, Severity, verify};
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("flags.pv");
///
/// let mut flags = MmapVec::<bool>::create(&path)?;
/// flags.extend_from_slice(&[true; 8])?;
/// flags.close()?;
/// assert!(verify(&path)?.is_fine());
///
/// let mut bytes = std::fs::read(&path)?;
/// let element_3 = MmapVec::<bool>::open(&path)?.info().data_offset_bytes as usize + 3;
/// bytes[element_3] = 7;
/// std::fs::write(&path, bytes)?;
///
/// let report = verify(&path)?;
/// assert_eq!((report.worst(), report.invalid_elements), (Some(Severity::Error), 1));
/// assert!(report.findings[0].to_string().contains("element 3: expected 0 or 1, found 7"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Only where the file can't be looked at: [`Error::Io`], [`Error::NotAFile`], [`Error::Locked`], and [`Error::TooLarge`] on machines
/// that can't address it. Whatever is in the file is a finding.
pub fn verify(path: impl AsRef<Path>) -> Result<Report, Error> {
    verify_with_progress(path, |_, _| ())
}

/// The same, and calls `progress` now and then with how many bytes of elements were looked at, and how many there are.
///
/// # Errors
///
/// Those of [`verify`].
pub fn verify_with_progress(
    path: impl AsRef<Path>,
    progress: impl FnMut(u64, u64) + Send,
) -> Result<Report, Error> {
    let path = path.as_ref();
    report(path, &lock(path, Access::Shared)?, progress)
}

/// Opens and locks a file, whatever is in it.
pub(crate) fn lock(path: &Path, access: Access) -> Result<LockedFile, Error> {
    let (file, lock) = open::open_locked(path, access, Locking::Locked)?;
    let lock = lock.expect("a lock was asked for");
    LockedFile::new(file, lock).map_err(|source| Error::io(Action::Read, path, source))
}

/// Looks through a file that nobody writes.
pub(crate) fn report(
    path: &Path,
    file: &LockedFile,
    progress: impl FnMut(u64, u64) + Send,
) -> Result<Report, Error> {
    let examination =
        Examination::new(&file.storage).map_err(|source| Error::io(Action::Read, path, source))?;
    let mut findings = finding::of_header(&examination);
    let mut report = Report {
        file_bytes: examination.file_bytes,
        len: examination.len(),
        descriptor: examination.descriptor.clone(),
        checked_elements: 0,
        invalid_elements: 0,
        unreadable_bytes: 0,
        findings: Vec::new(),
    };
    match Scan::new(path, file, &examination)? {
        Some(scan) => scan.run(&mut report, &mut findings, progress),
        None => findings.extend(finding::not_looked_at(&examination)),
    }
    findings.sort_by_key(|finding| finding.offset_bytes);
    report.findings = findings;
    Ok(report)
}
